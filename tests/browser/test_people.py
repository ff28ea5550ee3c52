"""The human pages for somebody who looks for a project and wants to know whether it fits."""

from __future__ import annotations

import gzip
import re
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from testing.browser import SETTLED, Served, Tab, copied, open_tab, results, search_for, serve
from testing.sites import build
from testing.tools import ROOT

REAL = (ROOT / 'testing' / 'real-packages.jsonl').read_text(encoding='utf-8').splitlines()
LINES: list[dict[str, Any]] = [
    {'project': 'acme-billing', 'summary': 'Sends invoices to customers', 'status': 'archived'},
    {'filename': 'acme_billing-1.0.tar.gz', 'upload_timestamp': '2026-11-20T10:00:00Z'},
    {'filename': 'acme_billing-2.0.tar.gz', 'upload_timestamp': '2026-11-20T11:00:00Z'},
    {'project': 'invoice-reader', 'summary': 'Reads what acme has sent'},
    {'filename': 'invoice-reader-0.1.tar.gz', 'yanked_reason': 'see https://wiki.example.com/why.'},
    {'filename': 'pywin32-306.win32.exe', 'upload_timestamp': '2001-02-03T04:05:06Z'},
    {'filename': 'odd-r1.tar.gz'},
]


@pytest.fixture(scope='module')
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    scratch = tmp_path_factory.mktemp('real')
    assert build(scratch / 'public' / 'site', REAL) == 0
    with serve(scratch / 'public' / 'site', scratch) as served:
        yield served


@pytest.fixture(scope='module')
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    scratch = tmp_path_factory.mktemp('small')
    options = ['--title', 'A title of several words', '--logo', 'https://pypi.example.com/logo.svg']
    assert build(scratch / 'public' / 'site', LINES, '--logo-width', '200', *options) == 0
    with serve(scratch / 'public' / 'site', scratch) as served:
        yield served


@pytest.fixture
def page(browser: Browser, small: Served) -> Iterator[Page]:
    """Open a page with a logo from another host; nothing else comes from other hosts."""
    with open_tab(browser, permissions=['clipboard-read', 'clipboard-write']) as opened:
        svg = '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="40"/>'
        opened.page.route(
            'https://pypi.example.com/logo.svg', lambda route: route.fulfill(body=svg, content_type='image/svg+xml')
        )
        yield opened.page
        assert {problem for problem in opened.problems if problem != 'https://pypi.example.com/logo.svg'} == set()


# ------------------------------------------------------------------------------------------------- wheels that fit


def test_a_dot_leads_to_the_wheel_for_somebody(tab: Tab, real: Served) -> None:
    page = tab.page
    page.goto(f'{real.url}project/lxml/index.html')
    page.get_by_role('link', name='3.13 musl arm64', exact=True).click()
    target = page.locator('tr:target')
    expect(target.get_by_role('link').first).to_have_text('lxml-6.1.3-cp313-cp313-musllinux_1_2_aarch64.whl')
    expect(target).to_be_in_viewport()
    expect(page.locator('.note').first).to_contain_text('Windows x86. Other platforms build from source.')


def test_every_release_is_one_link_away_without_script(browser: Browser, real: Served) -> None:
    with open_tab(browser, java_script_enabled=False) as tab:
        tab.page.goto(f'{real.url}project/lxml/index.html')
        expect(tab.page.get_by_role('link', name='7.0.0b1')).to_be_visible()
        expect(tab.page.get_by_role('link', name='4.9.4', exact=True)).to_be_hidden()
        tab.page.get_by_text('120 older versions').click()
        tab.page.get_by_role('link', name='4.9.4', exact=True).click()
        assert tab.page.url.endswith('/project/lxml/4.9.4/index.html')
        expect(tab.page.locator('.files tbody tr').first).to_contain_text('lxml-4.9.4.tar.gz')
        assert tab.problems == []


def compressed(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 6))


def test_the_weights_of_real_pages(real: Served) -> None:
    project = real.directory / 'project'
    assert (real.directory / 'index.html').stat().st_size < 20_000
    assert compressed(project / 'lxml/index.html') < 30_000
    assert max(map(compressed, (project / 'lxml').glob('*/index.html'))) < 40_000
    page = (project / 'lxml/index.html').read_text(encoding='utf-8')
    start = page.index('<div class="matrix">')
    without = page[:start] + page[page.index('</table>', start) :]
    assert len(gzip.compress(page.encode(), 6)) - len(gzip.compress(without.encode(), 6)) < 1_000


# ------------------------------------------------------------------------------------------------- search


@pytest.mark.parametrize(
    ('query', 'expected'),
    [
        pytest.param('acme', ['acme-billing', 'invoice-reader'], id='names before summaries'),
        pytest.param('biling', ['acme-billing'], id='a mistake in a word'),
        pytest.param('acmebilling', ['acme-billing'], id='without the dash'),
        pytest.param('pywin32==306', ['pywin32'], id='a requirement'),
        pytest.param('invoices customers', ['acme-billing'], id='what it does'),
    ],
)
def test_people_find_projects_by_what_they_know(page: Page, small: Served, query: str, expected: list[str]) -> None:
    page.goto(small.url)
    search_for(page, 'acme')
    expect(page.locator('.results .summary').first).to_have_text('Sends invoices to customers')
    assert search_for(page, query) == expected


def test_a_result_shows_version_state_and_summary(page: Page, small: Served) -> None:
    page.goto(small.url)
    search_for(page, 'acme')
    expect(page.locator('.results li').first).to_have_text('acme-billing archived Sends invoices to customers 2.0')
    search_for(page, 'invoice')
    expect(page.locator('.results li').first).to_have_text('invoice-reader yanked Reads what acme has sent 0.1')


def test_without_details_names_are_still_found(browser: Browser, small: Served) -> None:
    with open_tab(browser) as tab:
        tab.page.route('**/details.js', lambda route: route.fulfill(body='var projectDetails = null;\n'))
        tab.page.route('**/logo.svg', lambda route: route.fulfill(body=''))
        tab.page.goto(small.url)
        assert search_for(tab.page, 'bill') == ['acme-billing']
        tab.page.route('**/details.js', lambda route: route.abort())
        tab.page.goto(small.url)
        assert search_for(tab.page, 'bill') == ['acme-billing']


def test_results_in_the_header_close_with_the_focus_and_stay_closed(page: Page, small: Served) -> None:
    page.goto(f'{small.url}project/odd/index.html')
    assert search_for(page, 'odd') == ['odd']
    field, panel = page.get_by_role('searchbox').bounding_box(), page.locator('.found').bounding_box()
    assert field is not None
    assert panel is not None
    assert (round(field['x']), round(field['width'])) == (round(panel['x']), round(panel['width']))
    for _ in range(2):  # to the project, and to its release
        page.keyboard.press('Tab')
        expect(page.locator('.found')).to_be_visible()
    page.keyboard.press('Tab')
    expect(page.locator('.found')).to_be_hidden()
    page.get_by_role('link', name='Projects', exact=True).click()
    page.wait_for_url('**/projects/index.html')
    page.go_back()
    expect(page.locator('.found')).to_be_hidden()
    assert page.url == f'{small.url}project/odd/index.html'


def test_letters_typed_on_a_result_go_to_the_search_field(page: Page, small: Served) -> None:
    page.goto(small.url)
    search_for(page, 'acme')
    page.keyboard.press('ArrowDown')
    expect(page.locator('.results a').first).to_be_focused()
    page.keyboard.type('-bill')
    expect(page.get_by_role('searchbox')).to_have_value('acme-bill')


def test_details_that_arrive_late_do_not_move_the_focus(page: Page, small: Served) -> None:
    held: list[Route] = []
    page.route('**/static/details.js', lambda route: held.append(route))
    page.goto(small.url)
    search_for(page, 'acme')
    page.keyboard.press('ArrowDown')
    first = page.locator('.results a').first
    expect(first).to_be_focused()
    expect(first.locator('.summary')).to_have_count(0)
    held[0].continue_()
    expect(first.locator('.summary')).to_have_count(1)
    expect(first).to_be_focused()


def test_a_wrong_address_suggests_projects(browser: Browser, small: Served) -> None:
    text = (small.directory / '404.html').read_text(encoding='utf-8')
    with open_tab(browser) as tab:
        tab.page.route('**/logo.svg', lambda route: route.fulfill(body=''))
        text = text.replace('href="', f'href="{small.url}').replace('src="static', f'src="{small.url}static')
        tab.page.route('**/simple/acme_biling/', lambda route: route.fulfill(body=text, content_type='text/html'))
        tab.page.goto(f'{small.url}simple/acme_biling/')
        expect(tab.page.locator('.suggestion')).to_have_text('Did you mean acme-billing?')
        tab.page.locator('.suggestion a').click()
        tab.page.wait_for_url('**/project/acme-billing/index.html')


# ------------------------------------------------------------------------------------------------- what pages say


def test_recent_uploads_show_their_age(page: Page, small: Served) -> None:
    page.clock.install(time='2026-11-20T13:30:00Z')
    page.goto(small.url)
    newest = page.locator('.releases li')
    expect(newest).to_have_count(2)
    expect(newest.first).to_contain_text('acme-billing 2.0')
    expect(newest.first.locator('time')).to_have_text('2 hours ago (2026-11-20)')
    assert newest.first.locator('time').get_attribute('title') == '2026-11-20 11:00 UTC'
    expect(newest.last.locator('time')).to_have_text('25 years ago (2001-02-03)')
    page.clock.set_system_time('2026-11-20T11:00:30Z')
    page.reload()
    expect(newest.first.locator('time')).to_have_text('just now (2026-11-20)')
    page.get_by_role('link', name='Recent uploads').click()
    expect(page.get_by_role('link', name='Recent uploads')).to_have_attribute('aria-current', 'true')
    page.get_by_role('link', name='November 2026').click()
    expect(page.get_by_role('heading', level=1)).to_have_text('November 2026')
    assert page.locator('.uploads tbody a').all_inner_texts() == ['acme-billing 2.0', 'acme-billing 1.0']


def test_files_that_pip_cannot_install_are_marked(page: Page, small: Served) -> None:
    page.goto(f'{small.url}project/odd/index.html')
    expect(page.get_by_text('pip cannot install r1')).to_be_visible()
    page.goto(f'{small.url}project/invoice-reader/index.html')
    expect(page.locator('.banner')).to_contain_text('All releases of this project have been yanked.')
    link = page.get_by_role('link', name='https://wiki.example.com/why').first
    assert (link.get_attribute('href'), page.locator('.mark.yanked').count()) == ('https://wiki.example.com/why', 1)
    assert copied(page, 'Copy pip').endswith(' invoice-reader==0.1')


def test_a_title_is_beside_or_below_a_wide_logo(browser: Browser, small: Served) -> None:
    with open_tab(browser, viewport={'width': 360, 'height': 640}) as tab:
        svg = '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="40"/>'
        tab.page.route('**/logo.svg', lambda route: route.fulfill(body=svg, content_type='image/svg+xml'))
        tab.page.goto(small.url)
        box = tab.page.locator('.brand span').bounding_box()
        assert box is not None
        assert box['height'] < 30
        assert tab.page.evaluate('() => document.documentElement.scrollWidth') == 360


@pytest.mark.parametrize(
    ('logo', 'sources'),
    [
        pytest.param('logo.png', "'self'", id='of the site'),
        pytest.param('https://a.example.com:8443/b.png', "'self' https://a.example.com:8443", id='of another site'),
        pytest.param('//a.example.com/b.png', "'self' a.example.com", id='of another site, by the same scheme'),
        pytest.param('data:image/png;base64,AAAA', "'self' data:", id='in the page'),
    ],
)
def test_images_come_only_from_the_site_and_the_host_of_the_logo(logo: str, sources: str, tmp_path: Path) -> None:
    assert build(tmp_path / 'site', [{'filename': 'foo-1.zip'}], '--logo', logo) == 0
    text = (tmp_path / 'site' / 'index.html').read_text(encoding='utf-8').replace('&#39;', "'")
    assert f'img-src {sources};' in text


def test_a_column_without_values_is_left_out(tmp_path: Path) -> None:
    assert build(tmp_path / 'site', [{'filename': 'foo-1.zip'}, {'filename': 'foo-2.zip', 'size': 1}]) == 0
    text = (tmp_path / 'site' / 'project' / 'foo' / 'index.html').read_text(encoding='utf-8')
    assert re.findall('<th scope="col">(.*?)</th>', text) == ['File', 'Size']
    text = (tmp_path / 'site' / 'project' / 'foo' / '1' / 'index.html').read_text(encoding='utf-8')
    assert re.findall('<th scope="col">(.*?)</th>', text) == ['File']


def test_lines_for_use_with_the_public_index_pin_projects_to_this_one(tab: Tab, tmp_path: Path) -> None:
    site = tmp_path / 'public' / 'site'
    assert build(site, [{'filename': 'foo-1.zip'}], '--with-public-index') == 0
    with serve(site, tmp_path) as served:
        tab.page.goto(served.url)
        address = f'{served.url}simple/'
        assert copied(tab.page, 'Copy pip') == f'pip install --extra-index-url {address} foo'
        tab.page.get_by_role('radio', name='uv', exact=True).check()
        assert copied(tab.page, 'Copy uv') == f'uv pip install --index {address} foo'
        expect(tab.page.locator('.note')).to_contain_text('pip takes the highest version that either index has')
        tab.page.get_by_role('radio', name='pyproject.toml (uv)').check()
        assert 'explicit = true' in copied(tab.page, 'Copy pyproject.toml (uv)')
        tab.page.get_by_role('heading', name='pyproject.toml for Poetry').click()
        assert 'priority = "explicit"' in copied(tab.page, 'Copy pyproject.toml for Poetry')
        tab.page.goto(f'{served.url}project/foo/index.html')
        assert copied(tab.page, 'Copy pip') == f'pip install --extra-index-url {address} foo'


def test_a_new_project_changes_no_listing_of_another_letter(tmp_path: Path) -> None:
    names = [f'{letter}{number:04}' for letter in 'ab' for number in range(1_500)]
    lines = [{'filename': f'{name}-1.zip'} for name in names]
    assert build(tmp_path / 'one', lines, '--no-per-release-json') == 0
    assert build(tmp_path / 'two', [*lines, {'filename': 'a0000b-1.zip'}], '--no-per-release-json') == 0
    one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / each / 'projects').iterdir()} for each in ('one', 'two')
    )
    assert {name for name in one if name.startswith('from-b') and one[name] != two[name]} == set()
    assert len([name for name in one if name.startswith('from-b')]) == 2


def test_a_search_for_a_requirement_can_be_linked(page: Page, small: Served) -> None:
    page.goto(f'{small.url}?{urllib.parse.urlencode({"q": "pywin32==306"})}')
    page.wait_for_function(SETTLED, arg='pywin32==306')
    assert results(page) == ['pywin32']
