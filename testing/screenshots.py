"""Takes the pictures of the demo that the README shows: `python -m testing.screenshots DIRECTORY`."""

from __future__ import annotations

import sys
import tempfile
import urllib.parse
from pathlib import Path
from typing import Literal

from playwright.sync_api import Route

from dumb_pypi.main import main
from testing.browser import chromium

SITE_URL = 'https://pypi.example.com/'
NOW = '2026-11-20T12:00:00Z'
SAMPLE = Path(__file__).parent / 'sample-packages.jsonl'
# The pictures in the README: name, page, size, colours.
PICTURES: tuple[tuple[str, str, str, Literal['light', 'dark']], ...] = (
    ('home-wide-light', 'index.html', 'wide', 'light'),
    ('project-wide-dark', 'project/pytest/index.html', 'wide', 'dark'),
    ('archived-narrow-light', 'project/pywin32/index.html', 'narrow', 'light'),
    ('search-narrow-dark', 'index.html?q=p', 'narrow', 'dark'),
)
SIZES = {'wide': (1200, 1000), 'narrow': (390, 844)}


def take_screenshots(target: Path, scratch: Path) -> None:
    site = scratch / 'site'
    options = ['--packages-url', '../../pool/', '--title', 'Sample packages', '--site-url', SITE_URL]
    assert main(['--package-list-json', str(SAMPLE), '--output-dir', str(site), *options]) == 0
    target.mkdir(parents=True, exist_ok=True)

    def answer(route: Route) -> None:
        """Answer in place of a server, so that the address in the pictures is always the same."""
        route.fulfill(path=site / urllib.parse.urlsplit(route.request.url).path.lstrip('/'))

    with chromium() as browser:
        for name, path, size, scheme in PICTURES:
            width, height = SIZES[size]
            page = browser.new_page(viewport={'width': width, 'height': height}, color_scheme=scheme)
            page.route(f'{SITE_URL}**', answer)
            page.clock.install(time=NOW)  # so that "days ago" does not change every day
            page.goto(f'{SITE_URL}{path}')
            if '?' in path:
                page.locator('.results .summary').first.wait_for()
            page.screenshot(path=target / f'{name}.png')
            page.close()


if __name__ == '__main__':
    with tempfile.TemporaryDirectory() as scratch:
        take_screenshots(Path(sys.argv[1]), Path(scratch))
