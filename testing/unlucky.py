"""Lists and command lines for tests that run the real program under bad conditions."""

from __future__ import annotations

import sys
from pathlib import Path

from testing.edits import Line
from testing.sites import PACKAGES_URL

FOO: Line = {'filename': 'foo-1.0.tar.gz', 'upload_timestamp': 1700000000}
BAR: Line = {'filename': 'bar-1.0.tar.gz', 'upload_timestamp': 1700000060}
BAZ: Line = {'filename': 'baz-1.0.tar.gz', 'upload_timestamp': 1705000000}
WARNED: list[Line | str] = [FOO, BAR, BAZ, {'filename': 'README.md'}, {'filename': 'qux-1.0.zip', 'colour': 'red'}]
WARNINGS = """\
site.jsonl:{}: skipped: 'README.md' is not a distribution file
site.jsonl:{}: ignored: unknown key 'colour'
skipped 1 of the listed files
"""


def program(site: Path, *options: str, packages: str | Path = '') -> list[str]:
    command = ['--package-list-json', packages or site.with_name('list.jsonl'), '--output-dir', site]
    return [sys.executable, '-m', 'dumb_pypi', *map(str, command), '--packages-url', PACKAGES_URL, *options]
