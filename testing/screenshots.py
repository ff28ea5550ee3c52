"""Takes a picture of each kind of page of the demo: `python -m testing.screenshots DIRECTORY`."""

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
SAMPLE = Path(__file__).parent / 'sample-packages.jsonl'
PAGES = {
    'home': 'index.html',
    'search': 'index.html?q=p',
    'project': 'project/packaging/index.html',
    'releases': 'project/pytest/index.html#v8.1.0',
    'archived': 'project/pywin32/index.html',
    'projects': 'projects/index.html',
    'changelog': 'changelog/index.html',
    'month': 'changelog/2026-06.html',
    'missing': '404.html',
}
SIZES = {'wide': (1200, 860), 'narrow': (390, 844)}
SCHEMES: tuple[Literal['light'], Literal['dark']] = ('light', 'dark')


def take_screenshots(target: Path, scratch: Path) -> None:
    site = scratch / 'site'
    options = ['--packages-url', '../../pool/', '--title', 'Sample packages', '--site-url', SITE_URL]
    assert main(['--package-list-json', str(SAMPLE), '--output-dir', str(site), *options]) == 0
    target.mkdir(parents=True, exist_ok=True)

    def answer(route: Route) -> None:
        """In place of a server: so the address in the pictures is always the same."""
        route.fulfill(path=site / urllib.parse.urlsplit(route.request.url).path.lstrip('/'))

    with chromium() as browser:
        for size, (width, height) in SIZES.items():
            for scheme in SCHEMES:
                page = browser.new_page(viewport={'width': width, 'height': height}, color_scheme=scheme)
                page.route(f'{SITE_URL}**', answer)
                for name, path in PAGES.items():
                    page.goto(f'{SITE_URL}{path}')
                    if '?' in path:
                        page.locator('.results a').first.wait_for()
                    page.screenshot(path=target / f'{name}-{size}-{scheme}.png')
                page.close()


if __name__ == '__main__':
    with tempfile.TemporaryDirectory() as scratch:
        take_screenshots(Path(sys.argv[1]), Path(scratch))
