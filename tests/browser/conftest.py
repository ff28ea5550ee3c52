"""Chromium, with a tab in which any error fails the test."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

import dumb_pypi
from testing.browser import INSTALL, MANY_PROJECTS, Served, Tab, chromium, find_chromium, open_tab, serve
from testing.demo import MARKUP, MORE, SAMPLE
from testing.servers import http_server
from testing.shared import shared
from testing.sites import built, write_list
from testing.tools import missing

expect.set_options(timeout=20_000)  # the machine may be busy


@pytest.fixture(scope='package')
def browser() -> Iterator[Browser]:
    if find_chromium() is None:
        missing('Chromium', INSTALL)
    with chromium() as started:
        yield started


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    with open_tab(browser, permissions=['clipboard-read', 'clipboard-write']) as opened:
        opened.page.set_default_timeout(8_000)
        yield opened
        assert opened.problems == []


STATIC = Path(dumb_pypi.__file__).parent / 'static'


@pytest.fixture(scope='package')
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve the site of the sample list and `MORE`."""
    below, options = Path('some where', "it's"), ('--title', f'Demo {MARKUP}', '--packages-url', '../../pool/')
    top = shared(tmp_path_factory, 'demo', lambda directory: built(directory / below, [*SAMPLE, *MORE], *options))
    with http_server(top, tmp_path_factory.mktemp('demo')) as server:
        yield Served(top / below, f'{server.url}/some%20where/it%27s/')


def many_names() -> list[str]:
    """Return names of one to three words, the same ones every time."""
    dice = random.Random(5)
    words = [''.join(dice.choices('abcdefghilmnoprstuvy', k=dice.randint(3, 9))) for _ in range(4_000)]
    words += ['django', 'flask', 'http', 'requests', 'pytest', 'aws', 'client']
    names: set[str] = {'requests', 'requests-http', 'http-requests', 'my-aws-client', 'flask-for-django'}
    while len(names) < MANY_PROJECTS:
        names.add('-'.join(dice.choices(words, k=dice.choice((1, 2, 2, 3)))))
    return sorted(names)


@pytest.fixture(scope='package')
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve many projects. The previous list lacks one: only its page and the shared pages are written."""
    top = shared(tmp_path_factory, 'large', build_large)
    with serve(top / 'public' / 'site', tmp_path_factory.mktemp('large')) as served:
        yield served


def build_large(top: Path) -> None:
    lines = [f'{{"filename":"{name}-1.0.tar.gz"}}' for name in many_names()]
    lines += [f'{{"filename":"{name}-2.0.tar.gz","upload_timestamp":1767323045}}' for name in many_names()[500::1000]]
    previous = write_list(top / 'previous.jsonl', lines[1:])
    directory = top / 'public' / 'site'
    built(directory, lines, '--previous-package-list-json', str(previous))
    shutil.copytree(STATIC, directory / 'static', dirs_exist_ok=True)  # the same for both lists
