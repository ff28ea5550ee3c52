"""Chromium, and a tab of it in which nothing may go wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from testing.browser import INSTALL, Tab, chromium, find_chromium, open_tab
from testing.tools import missing

expect.set_options(timeout=20_000)  # a machine may have other things to do


@pytest.fixture(scope='module')
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
