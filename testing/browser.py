"""Runs the system's Chromium without a window and without access to the network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

from testing.long import LONG
from testing.servers import http_server

MANY_PROJECTS = 100_000 if LONG else 20_000
INSTALL = 'apt-get install chromium'
_ARGUMENTS = (
    '--no-sandbox',  # root has no sandbox
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--host-resolver-rules=MAP *.example.com 127.0.0.1',  # a name that is not this machine's own
)


def find_chromium() -> str | None:
    """Return the path of Chromium: Debian's package, or the one that is installed on CI machines."""
    found = (shutil.which(name) for name in ('chromium', 'chromium-browser', 'google-chrome'))
    return next((path for path in found if path), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    program = find_chromium()
    assert program is not None, f'Chromium is not installed: {INSTALL}'
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


class Served(NamedTuple):
    """A server of a site below a path prefix; `url` is the URL of the site and ends in a slash."""

    directory: Path
    url: str


@contextmanager
def serve(directory: Path, scratch: Path) -> Iterator[Served]:
    with http_server(directory.parent.parent, scratch) as server:
        yield Served(directory, f'{server.url}/{directory.parent.name}/{directory.name}/')


class Tab(NamedTuple):
    """A page in the browser, and its errors."""

    page: Page
    problems: list[str]


@contextmanager
def open_tab(browser: Browser, **options: Any) -> Iterator[Tab]:
    """Collect what no page may do: errors, violations of its own policy, dialogs, requests to other hosts."""
    context: BrowserContext = browser.new_context(**options)
    try:
        page = context.new_page()
        problems: list[str] = []
        page.on('console', lambda message: problems.append(message.text) if message.type != 'log' else None)
        page.on('pageerror', lambda error: problems.append(str(error)))
        page.on('requestfailed', lambda request: problems.append(request.url) if is_failure(request) else None)
        page.on(
            'response',
            lambda response: problems.append(f'{response.url} {response.status}') if response.status >= 400 else None,
        )
        page.on('request', lambda request: problems.append(request.url) if is_other_host(request.url) else None)
        yield Tab(page, problems)
    finally:
        context.close()


def is_failure(request: Request) -> bool:
    """Return whether a request failed; leaving a page cancels its requests, which is no failure."""
    return request.failure != 'net::ERR_ABORTED'


def is_other_host(url: str) -> bool:
    return not url.startswith(('http://127.0.0.1:', 'file:', 'data:'))


def results(page: Page) -> list[str]:
    return page.locator('.results b').all_inner_texts()


def search_for(page: Page, query: str) -> list[str]:
    """Return what is shown when the search has finished."""
    page.get_by_role('searchbox').fill(query)
    page.wait_for_function(SETTLED, arg=query)
    return results(page)


SETTLED = """query => document.querySelector('.search input').value.trim() === query.trim()
    && document.querySelector('.found').getAttribute('aria-busy') === 'false'"""


def copied(page: Page, name: str) -> str:
    """Return what a copy button puts into the clipboard."""
    button = page.get_by_role('button', name=name, exact=True)
    button.click()
    expect(button).to_have_text('Copied')
    text = page.evaluate('() => navigator.clipboard.readText()')
    assert isinstance(text, str)
    return text
