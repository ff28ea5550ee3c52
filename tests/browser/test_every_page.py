"""Every human page in a browser."""

from __future__ import annotations

import urllib.parse
from pathlib import Path
from typing import Literal

import axe_playwright_python  # type: ignore[import-untyped]
import pytest
from playwright.sync_api import Browser, expect

from testing.browser import Served, Tab, open_tab, search_for
from testing.demo import MARKUP, page_links
from testing.sites import build, paths

AXE = (Path(axe_playwright_python.__file__).parent / 'axe.min.js').read_text(encoding='utf-8')
PAGES = (
    'index.html',
    'index.html?q=py',
    'index.html?q=no-such-name',
    'project/packaging/index.html',
    'project/packaging/index.html?q=py',
    'project/pywin32/index.html',
    'project/hostile/index.html',
    'project/told/index.html',
    'project/pytest/index.html',
    'project/click/index.html',
    'project/lxml/index.html',
    'project/described/index.html',
    'project/allyanked/index.html',
    'project/odd/index.html',
    'project/told/1.0%2Ba.1/index.html',
    'project/told/r7/index.html',
    'project/lxml/6.0.0/index.html',
    'project/hostile/1.0/index.html',
    'projects/index.html',
    'changelog/index.html',
    'changelog/2026-06.html',
    'status/index.html',
    '404.html',
)
SCHEMES: tuple[tuple[Literal['light', 'dark'], str, str], ...] = (
    ('light', 'rgb(255, 255, 255)', ''),
    ('dark', 'rgb(20, 24, 30)', "runOnly: ['color-contrast']"),  # only contrast depends on colours
)


# --------------------------------------------------------------------------------------------- foreign texts


PILED = {  # a text with many combining marks on its letters, and the text without them
    'marks above': ('Za' + '\u0301' * 1900, 'Zá'),
    'marks below': ('Za' + '\u0323' * 1900, 'Zạ'),
    'marks above and below': ('Z' + '\u0489\u030d\u0329' * 600, 'Z\u0489\u030d\u0329'),
}


def site_with(text: str, directory: Path) -> Path:
    lines: list[dict[str, object]] = [
        {'filename': f'{name}-1.0.tar.gz', 'upload_timestamp': 1767323045, 'yanked_reason': reason}
        for name, reason in (('aaa', None), ('mmm', text), ('zzz', None))
    ]
    lines += [{'project': name, 'summary': f'What {name} does'} for name in ('aaa', 'zzz')]
    lines.append({'project': 'mmm', 'summary': text, 'author': text, 'status': 'archived', 'status_reason': text})
    assert build(directory, lines) == 0
    return directory


@pytest.mark.parametrize(('text', 'plain'), PILED.values(), ids=PILED)
def test_combining_marks_stay_in_their_row(text: str, plain: str, browser: Browser, tmp_path: Path) -> None:
    """The pixels above and below are the same as with an ordinary text."""
    seen = []
    for name, written in (('piled', text), ('plain', plain)):
        site = site_with(written, tmp_path / name)
        with open_tab(browser, viewport={'width': 1000, 'height': 900}) as tab:
            for path, rows in (
                ('index.html', '.releases li:not(:has([href*="/mmm/"]))'),
                ('projects/index.html', '.projects li:not(:has([href*="/mmm/"]))'),
                (
                    'project/mmm/index.html',
                    # Only part of the header: the round corners of the field vary from run to run.
                    '.brand, header nav, h1, h2, .when, .about > div:not(:has(:text("Author")))',
                ),
            ):
                tab.page.goto((site / path).as_uri())
                shown = tab.page.locator(rows)
                assert shown.count() > 1
                seen.append([each.screenshot() for each in shown.all()])
    half = len(seen) // 2
    assert seen[:half] == seen[half:]


@pytest.mark.parametrize(
    'text', ['w' * 2000, 'a b ' * 500, '\u3042' * 2000], ids=['a long word', 'words', 'wide letters']
)
@pytest.mark.parametrize('width', [320, 1000])
def test_a_long_summary_makes_no_long_row_in_a_list(text: str, width: int, browser: Browser, tmp_path: Path) -> None:
    site = site_with(text, tmp_path / 'site')
    with open_tab(browser, viewport={'width': width, 'height': 900}) as tab:
        for path, rows in (('index.html', '.releases li'), ('projects/index.html', '.projects li')):
            tab.page.goto((site / path).as_uri())
            heights = tab.page.locator(rows).evaluate_all('rows => rows.map(row => row.getBoundingClientRect().height)')
            assert len(heights) == 3
            assert max(heights) < 160
            assert tab.page.evaluate('document.documentElement.scrollWidth') <= width
        assert tab.problems == []


# --------------------------------------------------------------------------------------------------- every kind of page


def test_no_page_breaks_a_rule_of_accessibility_or_its_own_policy(browser: Browser, demo: Served) -> None:
    with open_tab(browser) as tab:
        found = {}
        for path in PAGES:
            tab.page.goto(demo.url + path)
            if path.startswith('project/') and '?q=' in path:
                search_for(tab.page, 'py')
            if '?q=' in path:
                expect(tab.page.locator('.count')).to_have_text(
                    '4 projects' if path.endswith('py') else 'No results for “no-such-name”. Try a shorter word.'
                )
            # Through the debugger, because the policy of the page would reject our script.
            tab.page.evaluate(f'() => {{ {AXE} }}')
            for scheme, background, rules in SCHEMES:
                tab.page.emulate_media(color_scheme=scheme)
                report = tab.page.evaluate(f"() => axe.run({{ resultTypes: ['violations'], {rules} }})")
                violations = [(each['id'], [node['html'] for node in each['nodes']]) for each in report['violations']]
                found[path, scheme] = violations
                assert 'color-contrast' in {each['id'] for each in report['passes']}
                assert tab.page.evaluate('() => getComputedStyle(document.body).backgroundColor') == background
        assert {page: violations for page, violations in found.items() if violations} == {}
        assert tab.problems == []


def test_no_page_scrolls_sideways_on_the_narrowest_screen(browser: Browser, demo: Served) -> None:
    with open_tab(browser, viewport={'width': 320, 'height': 640}) as tab:
        for path in PAGES:
            tab.page.goto(demo.url + path)
            tab.page.evaluate('() => document.querySelectorAll("details").forEach(each => { each.open = true })')
            widths = tab.page.evaluate('() => [document.documentElement.scrollWidth, innerWidth]')
            assert (path, widths) == (path, [320, 320])
        assert tab.problems == []


def test_markup_in_the_list_is_shown_as_text(tab: Tab, demo: Served) -> None:
    for name in ('hostile', 'told'):
        tab.page.goto(f'{demo.url}project/{name}/index.html')
        expect(tab.page.locator('.lead')).to_have_text(MARKUP)
        version = '' if name == 'hostile' else ' 1.0+a.1'
        assert tab.page.title() == f'{name}{version} - Demo {MARKUP}'


def test_the_site_works_from_file_urls(tab: Tab, demo: Served) -> None:
    tab.page.goto((demo.directory / 'index.html').as_uri())
    assert search_for(tab.page, 'packagin') == ['packaging']
    tab.page.get_by_role('searchbox').press('Enter')
    tab.page.wait_for_url('**/project/packaging/index.html')
    expect(tab.page.locator('.tabs code').first).to_contain_text(escaped((demo.directory / 'simple').as_uri()) + '/')
    tab.page.get_by_role('link', name='Recent uploads').click()
    expect(tab.page.get_by_role('heading', level=1)).to_have_text('Recent uploads')
    for path in PAGES:
        tab.page.goto((demo.directory / urllib.parse.unquote(path.partition('?')[0])).as_uri())


def escaped(url: str) -> str:
    """Return the spelling that no shell changes."""
    return url.replace("'", '%27')


def test_links_reach_everything_without_script(demo: Served) -> None:
    todo, seen = ['index.html'], set()
    while todo:
        path = todo.pop()
        project = path.split('/')[1] if path.startswith('project/') else ''
        if path in seen or (project and not (demo.directory / 'simple' / project).is_dir()):
            continue  # what a project requires may not be here
        seen.add(path)
        assert (demo.directory / path).is_file(), path
        if path.endswith('.html'):
            todo += page_links(demo.directory, path)
    for_people = {path for path in paths(demo.directory) if path.endswith('.html') and not path.startswith('simple/')}
    # An old release had the changelog at the first; servers show the second for missing pages.
    assert for_people - seen == {'changelog/page1.html', '404.html'}


def test_without_script_the_search_is_not_shown_and_the_listing_is(browser: Browser, demo: Served) -> None:
    with open_tab(browser, java_script_enabled=False) as tab:
        tab.page.goto(demo.url)
        expect(tab.page.locator('.search')).to_be_hidden()
        tab.page.get_by_role('link', name='Projects', exact=True).click()
        tab.page.get_by_role('link', name='packaging').click()
        expect(tab.page.get_by_role('heading', level=1)).to_contain_text('packaging')
        tab.page.get_by_role('link', name='26.2', exact=True).click()
        expect(tab.page.get_by_role('link', name='packaging-26.2.tar.gz')).to_be_visible()
        assert tab.problems == []


def test_folded_parts_are_printed(tab: Tab, demo: Served) -> None:
    tab.page.goto(f'{demo.url}project/packaging/index.html')
    folded = [tab.page.locator('#v14\\.0'), tab.page.get_by_text('[global]')]
    for each in folded:
        expect(each).to_be_hidden()
    tab.page.emulate_media(media='print')
    for each in folded:
        expect(each).to_be_visible()
    expect(tab.page.locator('.search')).to_be_hidden()
    tab.page.goto(f'{demo.url}project/packaging/26.2/index.html')
    expect(tab.page.get_by_text('--hash=sha256:').first).to_be_visible()


# --------------------------------------------------------------------------------------------------------- shared pages


@pytest.mark.long
def test_pages_stay_light(demo: Served, large: Served) -> None:
    assert (large.directory / 'index.html').stat().st_size < 20_000
    assert (demo.directory / 'project' / 'packaging' / 'index.html').stat().st_size < 50_000
    static = demo.directory / 'static'
    assert (static / 'style.css').stat().st_size + (static / 'script.js').stat().st_size < 50_000
    assert (large.directory / 'projects' / 'index.html').stat().st_size < 200_000
