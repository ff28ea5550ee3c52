"""The system's own Chromium, without a window and without a word to the network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

INSTALL = 'apt-get install chromium'
_ARGUMENTS = (
    '--no-sandbox',  # root has none
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--host-resolver-rules=MAP *.example.com 127.0.0.1',  # a name that is not this machine's own
)


def find_chromium() -> str | None:
    """Its path: of Debian's package, or of what the machines of the CI service come with."""
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
