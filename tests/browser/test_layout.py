"""What moves while a page loads, and rules of accessibility beyond those of the other tests, at two widths."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python  # type: ignore[import-untyped]
import pytest
from playwright.sync_api import Browser, Route, expect

from testing.browser import Served, open_tab, serve
from testing.sites import build
from testing.tools import ROOT

AXE = (Path(axe_playwright_python.__file__).parent / 'axe.min.js').read_text(encoding='utf-8')
SAMPLE = (ROOT / 'testing' / 'sample-packages.jsonl').read_text(encoding='utf-8').splitlines()
TABLE = '| a | b |\n|-|-|\n| | a_word_that_is_much_wider_than_any_narrow_screen |\n'
MORE: list[dict[str, Any]] = [
    {'project': 'described', 'description': TABLE, 'description_content_type': 'text/markdown', 'summary': 'حزمة'},
    {'filename': 'described-1.0.tar.gz', 'requires_dist': ['elsewhere', 'pytest>=1,<2; python_version < "3.10"']},
]
PAGES = (
    'index.html',
    'projects/index.html',
    'project/pytest/index.html',
    'project/described/index.html',
    'changelog/index.html',
    'changelog/2026-06.html',
    'status/index.html',
    '404.html',
)
SHIFTS = """() => {
    window.shifted = 0;
    new PerformanceObserver((list) => { for (const each of list.getEntries()) window.shifted += each.value; })
        .observe({ type: 'layout-shift', buffered: true });
}"""
DRAWN = '() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))'


@pytest.fixture(scope='module')
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    scratch = tmp_path_factory.mktemp('layout')
    assert build(scratch / 'public' / 'site', [*SAMPLE, *MORE]) == 0
    with serve(scratch / 'public' / 'site', scratch) as served:
        yield served


@pytest.mark.parametrize('width', [1280, 390])
def test_a_page_keeps_room_for_what_the_script_adds(width: int, browser: Browser, index: Served) -> None:
    """The script comes late, as on a slow line: the page is drawn without it first."""
    with open_tab(browser, viewport={'width': width, 'height': 900}) as tab:
        tab.page.add_init_script(f'({SHIFTS})()')
        moved = {}
        waiting: list[Route] = []
        for path in PAGES:
            waiting.clear()
            tab.page.route('**/script.js', lambda route: waiting.append(route))
            tab.page.goto(index.url + path, wait_until='commit')
            expect(tab.page.locator('footer')).to_be_attached()
            tab.page.evaluate(DRAWN)
            waiting[0].continue_()
            tab.page.wait_for_load_state('networkidle')
            tab.page.unroute('**/script.js')
            tab.page.evaluate(DRAWN)
            moved[path] = tab.page.evaluate('() => window.shifted')
        assert {path: shift for path, shift in moved.items() if shift >= 0.02} == {}


@pytest.mark.parametrize('width', [1280, 390])
@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_targets_are_large_enough_and_headings_in_order(
    scheme: str, width: int, browser: Browser, index: Served
) -> None:
    with open_tab(browser, viewport={'width': width, 'height': 900}, color_scheme=scheme) as tab:
        found = {}
        for path in PAGES:
            tab.page.goto(index.url + path)
            tab.page.evaluate('() => document.querySelectorAll("details").forEach((each) => { each.open = true; })')
            tab.page.evaluate(f'() => {{ {AXE} }}')
            report = tab.page.evaluate("() => axe.run({ rules: { 'target-size': { enabled: true } } })")
            found[path] = [(each['id'], [node['html'] for node in each['nodes']]) for each in report['violations']]
        assert {path: violations for path, violations in found.items() if violations} == {}


def test_a_wide_table_scrolls_in_its_own_box_and_words_stay_whole(browser: Browser, index: Served) -> None:
    with open_tab(browser, viewport={'width': 390, 'height': 800}) as tab:
        tab.page.goto(f'{index.url}project/described/index.html')
        assert tab.page.evaluate('() => document.documentElement.scrollWidth') == 390
        box = tab.page.locator('.scroll')
        assert box.evaluate('(each) => each.scrollWidth > each.clientWidth')
        # An empty cell keeps its place, so that values stay below their headings.
        assert box.locator('td').evaluate_all('(cells) => cells.map((each) => each.checkVisibility())') == [True, True]
        assert tab.page.locator('.lead').evaluate('(each) => getComputedStyle(each).direction') == 'rtl'


def test_badges_keep_their_shape_in_forced_colours(browser: Browser, index: Served) -> None:
    with open_tab(browser, forced_colors='active') as tab:
        tab.page.goto(f'{index.url}projects/index.html')
        assert tab.page.locator('.mark').first.evaluate('(each) => getComputedStyle(each).borderTopWidth') == '1px'
