"""The search in a browser."""

from __future__ import annotations

import json
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from testing.browser import MANY_PROJECTS, SETTLED, Served, Tab, open_tab, results, search_for, serve
from testing.sites import build

RANKED = [  # each by its rank for "http client"
    'http-client',
    'http-client-tools',
    'my-client-http',
    'httpx-clients',
    'pyhttpclient',
]


@pytest.fixture(scope='module')
def ranked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    scratch = tmp_path_factory.mktemp('ranked')
    directory = scratch / 'public' / 'site'
    names = [*RANKED, 'http', 'client', 'zope-interface', 'Flask_SQLAlchemy', 'a', *(f'many-{n:03}' for n in range(99))]
    assert build(directory, [{'filename': f'{name.replace("-", "_")}-1.0.tar.gz'} for name in names]) == 0
    with serve(directory, scratch) as served:
        yield served


@pytest.mark.parametrize(
    ('query', 'expected'),
    [
        pytest.param('http client', RANKED, id='exact, beginning, whole words, beginnings of words, anywhere'),
        pytest.param(
            'client http', ['http-client', 'my-client-http', 'http-client-tools', *RANKED[3:]], id='words in any order'
        ),
        pytest.param('HTTP_Client', [*RANKED[:2], RANKED[4]], id='case and underscores alike'),
        pytest.param('zope.interface', ['zope-interface'], id='dots alike'),
        pytest.param('flask--sqlalchemy', ['flask-sqlalchemy'], id='runs of dashes alike'),
        pytest.param(
            ' http- ', ['http', RANKED[0], RANKED[3], RANKED[1], RANKED[2], RANKED[4]], id='a word half typed'
        ),
        pytest.param('clinet', ['client', RANKED[0], RANKED[2], RANKED[1], RANKED[3]], id='letters swapped'),
        pytest.param('htp', ['http', RANKED[0], RANKED[2], RANKED[1]], id='a letter left out'),
        pytest.param('htttp', ['http', RANKED[0], RANKED[2], RANKED[1], RANKED[3]], id='a letter too many'),
        pytest.param('httpclient', [RANKED[0], RANKED[1], RANKED[4]], id='without separators'),
        pytest.param('zope.interface[test]==306 ; x', ['zope-interface'], id='a requirement'),
        pytest.param('interfase', ['zope-interface'], id='a mistake in one word'),
        pytest.param('Zope.Interface 306', ['zope-interface'], id='a version as a word'),
        pytest.param('flask-sqlalchemy v3.1.1', ['flask-sqlalchemy'], id='a version with a letter'),
        pytest.param('many 042', ['many-042'], id='a number of a name'),
        pytest.param('zope.interfase 5.0', ['zope-interface'], id='a mistake before a version'),
        pytest.param('pip install zope.interface', ['zope-interface'], id='a command of pip'),
        pytest.param('uv pip install "Flask_SQLAlchemy[x]>=3"', ['flask-sqlalchemy'], id='a command in quotes'),
        pytest.param('uv add zope.interface', ['zope-interface'], id='a command of uv'),
        pytest.param('zzzz', [], id='nothing'),
        pytest.param('<b>"\'', [], id='markup'),
    ],
)
def test_the_best_match_comes_first(tab: Tab, ranked: Served, query: str, expected: list[str]) -> None:
    tab.page.goto(f'{ranked.url}?{urllib.parse.urlencode({"q": query})}')
    tab.page.wait_for_function(SETTLED, arg=query)
    assert results(tab.page) == expected


def test_search_works_by_keyboard_alone(tab: Tab, ranked: Served) -> None:
    page = tab.page
    page.goto(f'{ranked.url}project/a/index.html')
    page.keyboard.press('/')
    box = page.get_by_role('searchbox', name='Search projects')
    expect(box).to_be_focused()
    page.keyboard.type('http')
    expect(page.get_by_role('search').get_by_role('status')).to_have_text('6 projects')
    page.keyboard.press('ArrowDown')
    expect(page.get_by_role('link', name='http', exact=True)).to_be_focused()
    page.keyboard.press('ArrowDown')
    expect(page.get_by_role('link', name='http-client', exact=True)).to_be_focused()
    page.keyboard.press('Tab')
    expect(page.get_by_role('link', name='http-client 1.0', exact=True)).to_be_focused()
    page.keyboard.press('ArrowUp')
    page.keyboard.press('ArrowUp')
    expect(box).to_be_focused()
    page.keyboard.press('ArrowDown')
    page.keyboard.press('Escape')
    expect(box).to_be_focused()
    page.keyboard.press('Escape')
    expect(box).to_have_value('')
    expect(page.locator('.found')).to_be_hidden()
    page.keyboard.type('http cl/')
    expect(box).to_have_value('http cl/')
    page.keyboard.press('Backspace')
    page.keyboard.press('Enter')
    page.wait_for_url('**/project/http-client/index.html')


def test_the_query_is_in_the_address_and_can_be_linked(tab: Tab, ranked: Served) -> None:
    page = tab.page
    page.goto(ranked.url)
    search_for(page, 'zope inter')
    assert page.url == f'{ranked.url}?q=zope+inter'
    page.locator('.results').get_by_role('link', name='zope-interface', exact=True).click()
    page.wait_for_url('**/project/zope-interface/index.html')
    page.go_back()
    page.wait_for_function(SETTLED, arg='zope inter')
    assert (page.get_by_role('searchbox').input_value(), results(page)) == ('zope inter', ['zope-interface'])
    page.get_by_role('searchbox').fill('')
    page.wait_for_function('() => !location.search')
    expect(page.locator('.found')).to_be_hidden()


RELEASES = [
    {'filename': 'Acme.Billing-1.0.tar.gz'},
    {'filename': 'Acme.Billing-2.0+local.1.tar.gz'},
    {'filename': 'acme-billing-extra-3.0.tar.gz'},
    {'filename': 'odd-1.tar.gz', 'version': 'INDEX.html'},
    {'filename': 'strange-1.tar.gz', 'version': "o'clock!(*)"},
]


@pytest.mark.parametrize(
    ('options', 'expected'),
    [
        pytest.param((), '/2.0%2Blocal.1/index.html', id='its page'),
        pytest.param(('--no-per-release-json',), '/index.html#v2.0%2Blocal.1', id='where it is in the list'),
    ],
)
def test_a_search_leads_to_releases(options: tuple[str, ...], expected: str, tab: Tab, tmp_path: Path) -> None:
    page, site = tab.page, tmp_path / 'public' / 'site'
    assert build(site, RELEASES, *options) == 0
    with serve(site, tmp_path) as served:

        def links(query: str) -> list[str]:
            page.goto(f'{served.url}?{urllib.parse.urlencode({"q": query})}')
            expect(page.locator('.results .version').first).to_be_visible()
            found: list[str] = page.locator('.results a').evaluate_all('(links) => links.map((each) => each.href)')
            return [each.removeprefix(f'{served.url}project/') for each in found]

        extra = ['acme-billing-extra/index.html', f'acme-billing-extra{expected.replace("2.0%2Blocal.1", "3.0")}']
        newest = f'acme-billing{expected}'
        assert links('acme.billing') == ['acme-billing/index.html', newest, *extra]
        assert links('Acme_Billing[a] == 2.0+local.1; b') == [newest, newest, *extra]
        assert links('acme-billing>=1.0')[0] == 'acme-billing/index.html'
        assert links('acme-bill==1.0')[0] == 'acme-billing/index.html'
        first = page.locator('.results a').first
        for query, text, path in (
            ('acme-billing==1.0', 'acme-billing ==1.0', expected.replace('2.0%2Blocal.1', '1.0')),
            ('acme-billing==9.9', 'acme-billing', '/index.html'),
        ):
            links(query)
            expect(first).to_have_attribute('href', f'{served.url}project/acme-billing{path}')
            expect(first).to_have_text(text)
        for name, anchor in (('odd', 'vINDEX.html'), ('strange', 'vo%27clock%21%28%2A%29')):
            assert links(name) == [f'{name}/index.html', f'{name}/index.html#{anchor}']
            assert f'id="{anchor}"' in (site / 'project' / name / 'index.html').read_text(encoding='utf-8')


@pytest.mark.parametrize('query', ['packaging==14.0', 'Packaging 14.0', 'pip install "packaging==14.0"'])
def test_enter_opens_the_version_that_a_query_names(query: str, tab: Tab, demo: Served) -> None:
    page = tab.page
    page.goto(f'{demo.url}project/packaging/index.html')
    assert search_for(page, query) == ['packaging']
    page.keyboard.press('Enter')
    page.wait_for_url('**/project/packaging/14.0/index.html')


def test_where_nobody_can_say_whether_a_version_is_here_enter_leads_to_the_list(browser: Browser, demo: Served) -> None:
    with open_tab(browser) as tab:
        page = tab.page
        page.goto(f'{demo.url}project/packaging/index.html')
        expect(page.locator('#v14\\.0')).to_be_hidden()
        page.route('**/project/packaging/index.html', lambda route: route.abort())
        assert search_for(page, 'packaging==14.0') == ['packaging']
        page.keyboard.press('Enter')
        expect(page.locator('#v14\\.0')).to_be_in_viewport()
        expect(page.locator('.found')).to_be_hidden()
        page.goto((demo.directory / 'index.html').as_uri())
        assert search_for(page, 'packaging==14.0') == ['packaging']
        link = page.locator('.results a').first
        assert (link.get_attribute('href') or '').endswith('/project/packaging/index.html#v14.0')
        assert '==' not in link.inner_text()


def test_many_matches_are_shown_in_parts(tab: Tab, ranked: Served) -> None:
    page = tab.page
    page.goto(ranked.url)
    assert len(search_for(page, 'many')) == 40
    expect(page.locator('.count')).to_have_text('99 projects')
    page.get_by_role('button', name='Show more').click()
    expect(page.get_by_role('link', name='many-040', exact=True)).to_be_focused()
    assert len(results(page)) == 99
    expect(page.get_by_role('button', name='Show more')).to_be_hidden()


def test_a_query_without_a_name_shows_nothing(tab: Tab, ranked: Served) -> None:
    page = tab.page
    page.goto(ranked.url)
    assert len(search_for(page, 'many')) == 40
    page.get_by_role('searchbox').fill('==')
    expect(page.get_by_role('button', name='Show more')).to_be_hidden()
    expect(page.locator('.found')).to_be_hidden()
    assert results(page) == []


def test_results_in_the_header_close_with_a_click_beside_them(tab: Tab, ranked: Served) -> None:
    page = tab.page
    page.goto(f'{ranked.url}project/a/index.html')
    assert search_for(page, 'zope') == ['zope-interface']
    link = page.get_by_role('link', name='zope-interface', exact=True)
    expect(link).to_be_visible()
    page.get_by_role('heading', level=1).click()
    expect(link).to_be_hidden()
    page.get_by_role('searchbox').focus()
    expect(link).to_be_visible()


def test_the_search_reports_missing_names(browser: Browser, ranked: Served) -> None:
    with open_tab(browser) as tab:
        tab.page.route('**/names.js', lambda route: route.abort())
        tab.page.goto(f'{ranked.url}?q=http')
        expect(tab.page.locator('.count')).to_have_text('Could not load the project list.')
        expect(tab.page.locator('.found').get_by_role('link')).to_have_text('All projects from A to Z')
        tab.page.unroute('**/names.js')
        assert search_for(tab.page, 'zope') == ['zope-interface']


# Measures in the page the time from a key press to the resulting change.
STOPWATCH = """() => {
    window.times = [];
    let pressed = 0;
    document.querySelector('.search input').addEventListener('input', (event) => { pressed = event.timeStamp; }, true);
    new MutationObserver(() => { if (pressed) { times.push(performance.now() - pressed); pressed = 0; } })
        .observe(document.querySelector('.results'), { childList: true });
}"""


@pytest.mark.long
def test_search_among_many_projects_keeps_up_with_typing(
    tab: Tab, large: Served, record_property: Callable[[str, object], None], capsys: pytest.CaptureFixture[str]
) -> None:
    page = tab.page
    begun = time.perf_counter()
    page.goto(large.url)
    home = (time.perf_counter() - begun) * 1000
    expect(page.locator('.hero .lead').first).to_have_text(
        f'{MANY_PROJECTS:,} projects, {MANY_PROJECTS + MANY_PROJECTS // 1000:,} files'
    )
    page.evaluate(STOPWATCH)
    begun = time.perf_counter()
    assert search_for(page, 'requests')[0] == 'requests'
    loading = (time.perf_counter() - begun) * 1000
    page.evaluate('() => { times.length = 0 }')
    for query in ('r', 're', 'req', 'e', 'http', 'http requests', 'aws client', 'django flask', 'requests-http'):
        assert search_for(page, query)
    times: list[float] = page.evaluate('() => times')
    search_for(page, 'reqeusts-htp')
    assert results(page)[0] == 'requests-http'
    [suggestion] = page.evaluate('() => times')[len(times) :]
    figures = {
        'home_ms': home,
        'first_search_ms': loading,
        'median_ms': sorted(times)[len(times) // 2],
        'slowest_ms': max(times),
        'suggestion_ms': suggestion,
    }
    for name, value in figures.items():
        record_property(name, round(value, 1))
    with capsys.disabled():
        print(f'\n{MANY_PROJECTS:,} projects: { {name: round(value, 1) for name, value in figures.items()} }')


def test_the_search_has_the_names_of_the_index(demo: Served) -> None:
    text = (demo.directory / 'static' / 'names.js').read_text(encoding='utf-8')
    document = json.loads((demo.directory / 'simple' / 'index.v1_json').read_bytes())
    assert json.loads(text.partition(' = ')[2].removesuffix(';\n'))[1].split(' ') == [
        project['name'] for project in document['projects']
    ]
