"""Runs the program on lists that may be bad, in the directory of the list."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from dumb_pypi.main import main
from testing.sites import tree
from testing.tools import ROOT

IN_THE_WAY = (
    'in the way of a page, but not written by this program; move it away, or build in an empty directory and swap'
)
A_URL = 'a percent-encoded http, https or file URL without a fragment'
GOOD = b'{"filename": "good-1.0.tar.gz"}\n'
BEFORE: list[dict[str, Any]] = [
    {'filename': 'before-1.0.tar.gz', 'size': 17},
    {'project': 'before', 'summary': 'Was here'},
]
AFTER: list[dict[str, Any]] = [*BEFORE, {'filename': 'good-1.0.tar.gz'}]


def line(**values: Any) -> bytes:
    return json.dumps(values).encode() + b'\n'


def foo(**values: Any) -> bytes:
    """Return a valid line with the given values in it."""
    return line(filename='foo-1.0.tar.gz', **values)


def run(*options: str) -> int:
    """Build `list.json` into `site`."""
    return main(['--package-list-json', 'list.json', '--output-dir', 'site', '--packages-url', '../../pool/', *options])


def run_program(*arguments: str, content: bytes = b'') -> tuple[int, str, str]:
    """Run the real program without root privileges. Return exit status, standard output, standard error."""
    unprivileged = [
        'setpriv',
        '--bounding-set=-dac_override,-dac_read_search',
        '--inh-caps=-dac_override,-dac_read_search',
    ]
    done = subprocess.run(
        [*(unprivileged if os.geteuid() == 0 else []), sys.executable, '-m', 'dumb_pypi', *arguments],
        input=content,
        capture_output=True,
        env={**os.environ, 'PYTHONPATH': str(ROOT), 'PYTHONIOENCODING': 'utf-8'},
        check=False,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def pages(site: Path) -> dict[str, bytes]:
    """Return all of a site except what the program says about itself."""
    return {path: content for path, content in tree(site).items() if not path.startswith('.dumb-pypi')}
