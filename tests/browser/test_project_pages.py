"""Project pages in a browser."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from testing.browser import Served, Tab
from testing.demo import MARKUP


def test_a_project_page_shows_all_values_of_the_list(tab: Tab, demo: Served) -> None:
    page = tab.page
    page.goto(f'{demo.url}project/told/index.html')
    assert [each.split('\n')[0] for each in page.locator('.release summary').all_inner_texts()] == [
        '2.0rc1 pre-release 1 file',
        '1.0+a.1 latest 2026-11-20 03:04 · 2 files',
        '0.9 yanked 1 file',
        'r7 non-standard version (pip cannot install it) 1 file',
    ]
    expect(page.locator('.release').nth(2).locator('.reason')).to_have_text('Yanked: broke everything')
    sdist, wheel = page.locator('#v1\\.0\\%2Ba\\.1 tbody tr').all()
    assert wheel.locator('td').all_inner_texts() == [
        'told-1.0+a.1-cp312-cp312-linux_x86_64.whl\n\nWheel for CPython 3.12, Linux x86_64 · metadata · provenance',
        '1.6 MB',
        f'2026-11-20 03:04 by {MARKUP}',
        '>=3.8,<4',
        f'sha256={"2" * 64}Copy',
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
    assert shown['width'] < 150


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


def test_a_link_to_a_folded_release_unfolds_it(tab: Tab, demo: Served) -> None:
    page = tab.page
    page.goto(f'{demo.url}project/packaging/index.html')
    expect(page.get_by_role('link', name='packaging-20.6.tar.gz')).to_be_hidden()
    page.goto(f'{demo.url}project/packaging/index.html#v20.6')
    expect(page.get_by_role('link', name='packaging-20.6.tar.gz')).to_be_in_viewport()


def test_a_project_with_5_000_files_stays_usable(
    tab: Tab, demo: Served, record_property: Callable[[str, object], None]
) -> None:
    page = tab.page
    begun = time.perf_counter()
    page.goto(f'{demo.url}project/tall/index.html')
    expect(page.get_by_role('link', name='tall-49.99.tar.gz')).to_be_visible()
    record_property('5000_files_ms', round((time.perf_counter() - begun) * 1000))
    assert page.locator('.release').count() == 1
    page.get_by_role('link', name='49.98', exact=True).click()
    # By selectors, because finding roles among 5,000 releases takes seconds and blocks the page.
    page.wait_for_function('() => document.querySelectorAll(".release[open]").length === 2')
    expect(page.locator('a', has_text='tall-49.98.tar.gz').first).to_be_visible()
    assert page.locator('.release').count() == 5_000
    page.locator('h3', has_text='49.97').first.click()
    expect(page.locator('a', has_text='tall-49.97.tar.gz').first).to_be_visible()
