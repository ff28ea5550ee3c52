"""What moves while a page loads, and rules of accessibility beyond those of the other tests, at two widths."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

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
    {'project': 'bad', 'status': 'quarantined'},
    *({'filename': f'{name}-1.0.zip', 'yanked': True} for name in ('bad', 'withdrawn')),
    {'project': 'described', 'description': TABLE, 'description_content_type': 'text/markdown', 'summary': 'حزمة'},
    {
        'filename': 'described-1.0.tar.gz',
        'requires_dist': ['elsewhere', 'pytest>=1,<2; python_version < "3.10"', 'Dated'],
    },
    {'filename': 'dated-2026.10.19.post202610191234.zip'},
    *(
        {
            'filename': f'described-1.0-{tags}.whl',
            'hash': f'sha256={"a" * 64}',
            'size': 1_600_000,
            'requires_python': '>=3.12',
            'upload_timestamp': 1767323045,
            'uploaded_by': 'w' * 60,
        }
        for tags in ('cp313-cp313t-manylinux_2_28_x86_64', 'cp312-abi3-musllinux_1_2_aarch64', 'cp312-abi3-win32')
    ),
]
PAGES = (
    'index.html',
    'projects/index.html',
    'project/pytest/index.html',
    'project/described/index.html',
    'project/described/1.0/index.html',
    'project/bad/index.html',
    'changelog/index.html',
    'changelog/2026-06.html',
    'status/index.html',
    '404.html',
    '../empty/index.html',
)
SHIFTS = """() => {
    window.shifted = 0;
    new PerformanceObserver((list) => { for (const each of list.getEntries()) window.shifted += each.value; })
        .observe({ type: 'layout-shift', buffered: true });
}"""
BACKGROUNDS = '(all) => all.map((each) => getComputedStyle(each).backgroundColor)'
NAMES = ('quarantined', 'yanked', 'archived')
DRAWN = '() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))'


@pytest.fixture(scope='module')
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    scratch = tmp_path_factory.mktemp('layout')
    assert build(scratch / 'public' / 'site', [*SAMPLE, *MORE]) == 0
    assert build(scratch / 'public' / 'empty', [], '--allow-empty') == 0
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


# Only contrast depends on colours.
RULES = "resultTypes: ['violations'], rules: { 'target-size': { enabled: true } }"
CONTRAST = "resultTypes: ['violations'], runOnly: ['color-contrast']"
LOOKS: tuple[tuple[int, Literal['light', 'dark'], str], ...] = (
    (1280, 'light', RULES),
    (1280, 'dark', CONTRAST),
    (390, 'dark', CONTRAST),
    (390, 'light', RULES),
)


def test_every_kind_of_page_is_accessible_wide_and_narrow_light_and_dark(browser: Browser, index: Served) -> None:
    with open_tab(browser) as tab:
        found = {}
        for path in PAGES:
            tab.page.goto(index.url + path)
            tab.page.evaluate('() => document.querySelectorAll("details").forEach((each) => { each.open = true; })')
            tab.page.evaluate(f'() => {{ {AXE} }}')
            for width, scheme, rules in LOOKS:
                tab.page.set_viewport_size({'width': width, 'height': 900})
                tab.page.emulate_media(color_scheme=scheme)
                report = tab.page.evaluate(f'() => axe.run({{ {rules} }})')
                violations = [(each['id'], [node['html'] for node in each['nodes']]) for each in report['violations']]
                found[path, width, scheme] = violations
        assert {page: violations for page, violations in found.items() if violations} == {}


def test_a_wide_table_scrolls_in_its_own_box_and_words_stay_whole(browser: Browser, index: Served) -> None:
    with open_tab(browser, viewport={'width': 390, 'height': 800}) as tab:
        tab.page.goto(f'{index.url}project/described/index.html')
        assert tab.page.evaluate('() => document.documentElement.scrollWidth') == 390
        box = tab.page.locator('.scroll')
        assert box.evaluate('(each) => each.scrollWidth > each.clientWidth')
        # An empty cell keeps its place, so that values stay below their headings.
        assert box.locator('td').evaluate_all('(cells) => cells.map((each) => each.checkVisibility())') == [True, True]
        assert tab.page.locator('.lead').evaluate('(each) => getComputedStyle(each).direction') == 'rtl'


def test_a_long_name_of_an_uploader_leaves_room_for_the_file(browser: Browser, index: Served) -> None:
    with open_tab(browser, viewport={'width': 1280, 'height': 900}) as tab:
        tab.page.goto(f'{index.url}project/described/1.0/index.html')
        links = tab.page.locator('.files td:first-child > a')
        assert links.evaluate_all('(all) => all.map((each) => each.getClientRects().length)') == [1] * 4  # lines


# Texts that end in an ellipsis, besides those of hashes, which a button copies.
CUT = """() => [...document.querySelectorAll('body :not(.hash code)')].filter((each) =>
    each.scrollWidth > each.clientWidth && getComputedStyle(each).textOverflow === 'ellipsis'
).map((each) => each.innerText)"""


@pytest.mark.parametrize('width', [1280, 390])
def test_no_text_of_ours_is_cut_off(width: int, browser: Browser, index: Served) -> None:
    with open_tab(browser, viewport={'width': width, 'height': 900}) as tab:
        for path in PAGES:
            tab.page.goto(index.url + path)
            if path.endswith('described/index.html'):
                tab.page.locator('.requires').first.scroll_into_view_if_needed()
                expect(tab.page.get_by_text('2026.10.19.post202610191234 here')).to_be_visible()
            assert (path, tab.page.evaluate(CUT)) == (path, [])


def test_on_a_narrow_screen_who_requires_a_missing_project_is_below_its_name(browser: Browser, index: Served) -> None:
    with open_tab(browser, viewport={'width': 390, 'height': 900}) as tab:
        tab.page.goto(f'{index.url}status/index.html')
        tab.page.locator('.missing-names').locator('..').locator('summary').click()
        widths = tab.page.locator('.missing-names li > *').evaluate_all('(all) => all.map((each) => each.clientWidth)')
        assert widths
        assert min(widths) > 300


def test_badges_and_tabs_keep_their_shape_in_forced_colours(browser: Browser, index: Served) -> None:
    with open_tab(browser, forced_colors='active') as tab:
        tab.page.goto(f'{index.url}projects/index.html')
        assert tab.page.locator('.mark').first.evaluate('(each) => getComputedStyle(each).borderTopWidth') == '1px'
        tab.page.goto(f'{index.url}project/pytest/index.html')
        colours = tab.page.locator('.tabs label').evaluate_all(BACKGROUNDS)
        assert [colour == colours[1] for colour in colours] == [False, True, True, True]


def test_a_project_in_quarantine_is_marked_in_red_as_a_yanked_one(browser: Browser, index: Served) -> None:
    with open_tab(browser) as tab:
        tab.page.goto(f'{index.url}projects/index.html')
        marks = {name: tab.page.locator(f'.mark.{name}').evaluate_all(BACKGROUNDS) for name in NAMES}
        tab.page.goto(f'{index.url}project/bad/index.html')
        assert tab.page.locator('.banner').evaluate_all(BACKGROUNDS) == ['rgb(253, 228, 225)']
        assert marks == {
            'quarantined': ['rgb(253, 228, 225)'],
            'yanked': ['rgb(253, 228, 225)'],
            'archived': ['rgb(253, 240, 208)'],
        }
