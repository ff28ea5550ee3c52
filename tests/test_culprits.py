"""Errors name the culprit: what is refused, in one line; and a bug shows where it is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from testing.sites import write_list
from testing.tools import ROOT

REAL = ROOT / 'testing' / 'real-packages.jsonl'

# The system refuses to open, for the Nth time, a file whose path ends like this.
REFUSED = """
import errno, os, sys
from dumb_pypi.main import main

def hook(event, args):
    global left
    if event == 'open' and isinstance(args[0], str) and args[0].endswith(ending):
        left -= 1
        if left == 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

ending, left = sys.argv[1], int(sys.argv[2])
sys.addaudithook(hook)
raise SystemExit(main(sys.argv[3:]))
"""


def refuse(ending: str, time: int, packages: Path, directory: Path, *options: str) -> tuple[int, str]:
    """The status, and what is said."""
    arguments = ['--package-list-json', packages, '--output-dir', directory / 'site', '--packages-url', '../../pool/']
    command = [sys.executable, '-c', REFUSED, ending, str(time), *map(str, arguments), *options]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == ''
    assert not (directory / 'site').exists()
    return done.returncode, done.stderr


@pytest.mark.parametrize('time', [1, 2, 3, 4])  # opened, divided, parsed, its lines counted
def test_a_list_that_cannot_be_read_is_blamed(time: int, tmp_path: Path) -> None:
    packages = write_list(tmp_path / 'list.jsonl', [{'filename': 'Foo-1.0.tar.gz'}, {'filename': 'README.md'}])
    said = refuse('list.jsonl', time, packages, tmp_path)
    assert said == (1, f'cannot read {packages}: Input/output error\n')


def test_what_cannot_be_written_is_blamed(tmp_path: Path) -> None:
    packages = write_list(tmp_path / 'list.jsonl', [{'filename': 'Foo-1.0.tar.gz'}])
    said = refuse('lines-0', 1, packages, tmp_path)
    assert said == (1, f'cannot write {tmp_path}/site/packages.json: Input/output error\n')


@pytest.mark.parametrize('jobs', ['1', '2'])
def test_a_template_that_is_missing_shows_its_traceback(jobs: str, tmp_path: Path) -> None:
    """It was the list that could not be read, for the reason None."""
    shutil.copytree(ROOT / 'dumb_pypi', tmp_path / 'dumb_pypi')
    (tmp_path / 'dumb_pypi' / 'templates' / 'simple_project.html').unlink()
    arguments = ['--package-list-json', REAL, '--output-dir', 'site', '--packages-url', '../../pool/', '--jobs', jobs]
    command = [sys.executable, '-m', 'dumb_pypi', *map(str, arguments)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, '')
    assert ', in project_pages\n' in done.stderr
    assert done.stderr.endswith('jinja2.exceptions.TemplateNotFound: simple_project.html\n')
    assert not (tmp_path / 'site').exists()
