"""Takes a picture of each kind of page of the demo: `python -m testing.screenshots DIRECTORY`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Literal

from dumb_pypi.main import main
from testing.browser import chromium
from testing.servers import http_server

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
    options = ['--packages-url', '../../pool/', '--title', 'Sample packages', '--site-url', 'https://pypi.example.com/']
    assert main(['--package-list-json', str(SAMPLE), '--output-dir', str(site), *options]) == 0
    target.mkdir(parents=True, exist_ok=True)
    with http_server(site, scratch) as server, chromium() as browser:
        for size, (width, height) in SIZES.items():
            for scheme in SCHEMES:
                page = browser.new_page(viewport={'width': width, 'height': height}, color_scheme=scheme)
                for name, path in PAGES.items():
                    page.goto(f'{server.url}/{path}')
                    if '?' in path:
                        page.locator('.results a').first.wait_for()
                    page.screenshot(path=target / f'{name}-{size}-{scheme}.png')
                page.close()


if __name__ == '__main__':
    with tempfile.TemporaryDirectory() as scratch:
        take_screenshots(Path(sys.argv[1]), Path(scratch))
