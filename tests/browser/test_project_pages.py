"""Project pages in a browser."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, expect

from testing.browser import Served, Tab, open_tab
from testing.demo import MARKUP


def test_a_project_page_shows_all_values_of_the_list(tab: Tab, demo: Served) -> None:
    page = tab.page
    page.goto(f'{demo.url}project/told/index.html')
    assert [' '.join(text.split()) for text in page.locator('.versions li').all_inner_texts()] == [
        '2.0rc1 pre-release',
        '1.0+a.1 latest 2026-11-20',
        '0.9 yanked broke everything',
        'r7 non-standard',
    ]
    sdist, wheel = page.locator('.files tbody tr').all()
    assert [' '.join(text.split()) for text in wheel.locator('td').all_inner_texts()] == [
        'told-1.0+a.1-cp312-cp312-linux_x86_64.whl Wheel for CPython 3.12, Linux x86_64 · metadata · provenance',
        '1.6 MB',
        f'2026-11-20 03:04 by {MARKUP}',
        '>=3.8,<4',
        f'sha256={"2" * 64} Copy',
    ]
    url = '../../pool/told-1.0%2Ba.1-cp312-cp312-linux_x86_64.whl'
    assert [link.get_attribute('href') for link in wheel.get_by_role('link').all()] == [
        url,
        f'{url}.metadata',
        'https://pypi.example.com/told.provenance',
    ]
    assert sdist.locator('td').all_inner_texts() == [
        f'told-1.0+a.1.tar.gz\n\nSource distribution · yanked · {MARKUP}',
        '',
        '',
        '',
        '',
    ]
    shown = wheel.locator('code').bounding_box()
    assert shown is not None
    assert shown['height'] < 25  # one line


def test_a_release_page_says_which_version_is_the_latest(tab: Tab, demo: Served) -> None:
    for version, expected in (
        ('0.9', 'All versions (the latest is 1.0+a.1)'),
        ('1.0%2Ba.1', 'All versions (this is the latest)'),
    ):
        tab.page.goto(f'{demo.url}project/told/{version}/index.html')
        expect(tab.page.locator('.when a')).to_have_text(expected)


@pytest.mark.parametrize('width', [320, 390, 820, 1280])
def test_no_number_breaks_inside_a_specifier(width: int, browser: Browser, demo: Served) -> None:
    with open_tab(browser, viewport={'width': width, 'height': 900}) as tab:
        tab.page.goto(f'{demo.url}project/told/index.html')
        cell = tab.page.locator('.files td.spec', has_text='>=3.8')
        lines = cell.evaluate("""cell => {
            const texts = [...cell.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
            const range = document.createRange();
            return texts.map((text) => { range.selectNode(text); return range.getClientRects().length; });
        }""")
        assert lines == [1, 1]  # `>=3.8,` and `<4`


def test_an_empty_cell_of_a_description_keeps_its_column(browser: Browser, demo: Served) -> None:
    with open_tab(browser, viewport={'width': 390, 'height': 900}) as tab:
        tab.page.goto(f'{demo.url}project/described/index.html')
        assert tab.page.locator('.description td:empty').first.evaluate('cell => getComputedStyle(cell).display') == (
            'table-cell'
        )


@pytest.mark.parametrize(
    ('project', 'expected'),
    [
        pytest.param(
            'pywin32',
            'This project is archived. No new releases are expected.\n'
            'The last Windows build machine has been retired, so there will be no new releases.',
            id='archived',
        ),
        pytest.param(
            'greenlet',
            'This project is deprecated. Consider using an alternative.\n'
            'New services use asyncio; greenlet stays for those that already depend on it. '
            'See https://wiki.example.com/asyncio for the way out.',
            id='deprecated',
        ),
        pytest.param(
            'hostile',
            'This project is quarantined. It may be harmful; its files are unavailable while it is under review.\n'
            f'{MARKUP}',
            id='quarantined',
        ),
    ],
)
def test_the_status_of_a_project_is_above_everything(tab: Tab, demo: Served, project: str, expected: str) -> None:
    tab.page.goto(f'{demo.url}project/{project}/index.html')
    lines = tab.page.locator('.banner').inner_text().split('\n')
    assert '\n'.join(line for line in lines if line) == expected


def test_a_link_to_a_folded_version_unfolds_it(tab: Tab, demo: Served) -> None:
    page = tab.page
    page.goto(f'{demo.url}project/packaging/index.html')
    version = page.get_by_role('link', name='20.6', exact=True)
    expect(version).to_be_hidden()
    page.goto(f'{demo.url}project/packaging/index.html#v20.6')
    expect(version).to_be_in_viewport()
    version.click()
    expect(page.get_by_role('link', name='packaging-20.6.tar.gz')).to_be_visible()


def test_a_project_with_5_000_releases_stays_usable(
    tab: Tab, demo: Served, record_property: Callable[[str, object], None]
) -> None:
    page = tab.page
    begun = time.perf_counter()
    page.goto(f'{demo.url}project/tall/index.html')
    expect(page.get_by_role('link', name='tall-49.99.tar.gz')).to_be_visible()
    record_property('5000_releases_ms', round((time.perf_counter() - begun) * 1000))
    page.get_by_text('4990 older versions').click()
    page.locator('#v49\\.80 a').click()
    expect(page.get_by_role('link', name='tall-49.80.tar.gz')).to_be_visible()
