"""The lock of an output directory: one run at a time."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from testing.edits import BASE, with_lists
from testing.sites import PACKAGES_URL, build, write_list
from testing.states import Entries, State, backdate, entries, touched
from testing.waiting import wait_for


@contextlib.contextmanager
def reading(site: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start a run that keeps the lock, because its standard input does not end."""
    command = [sys.executable, '-m', 'dumb_pypi', '--package-list-json', '-', '--output-dir', str(site)]
    run = subprocess.Popen([*command, '--packages-url', PACKAGES_URL], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        lock, copy = site / '.dumb-pypi.lock', site / '.dumb-pypi.tmp' / 'list'
        # Now it holds the lock, and has begun to copy its input.
        wait_for(lambda: (lock.exists() and lock.read_text() == str(run.pid) and copy.exists()) or None, run)
        yield run
    finally:
        run.kill()
        run.communicate()


@pytest.mark.parametrize('exists', [False, True], ids=['a site to be', 'a site'])
def test_a_second_run_names_the_first_one_and_writes_nothing(
    exists: bool, tmp_path: Path, capfd: pytest.CaptureFixture[str], fresh: Callable[[State], Entries]
) -> None:
    site = tmp_path / 'site'
    if exists:
        assert build(site, BASE) == 0
    with reading(site) as run:
        backdate(tmp_path)
        assert build(site, BASE[-1:], *with_lists(tmp_path)) == 1
        assert capfd.readouterr() == ('', f'{site}: in use by another run (pid {run.pid})\n')
        assert touched(tmp_path) == {'site.jsonl'}
        _, said = run.communicate(b''.join(json.dumps(line).encode() + b'\n' for line in BASE))
        assert said == b''
        assert run.returncode == 0
    assert entries(site) == fresh(State(BASE))


def test_the_lock_of_a_dead_process_does_not_block(tmp_path: Path, fresh: Callable[[State], Entries]) -> None:
    site = tmp_path / 'site'
    with reading(site) as run:
        run.send_signal(signal.SIGKILL)
        assert run.wait() == -signal.SIGKILL
    assert entries(site).pop('.dumb-pypi.lock') == str(run.pid).encode()
    assert build(site, BASE) == 0
    assert entries(site) == fresh(State(BASE))


OVERTAKEN = """
import os, sys

def overtake(event, args):
    # The run before this one ends after our look at its lock, and before we take it.
    if event == 'fcntl.flock' and not taken:
        taken.append(True)
        os.unlink(sys.argv[1])

taken = []
sys.addaudithook(overtake)
from dumb_pypi.main import main
raise SystemExit(main(sys.argv[2:]) or (0 if taken else 3))
"""


def test_a_lock_that_vanishes_while_it_is_taken_is_taken_again(
    tmp_path: Path, fresh: Callable[[State], Entries]
) -> None:
    site = tmp_path / 'site'
    names = write_list(tmp_path / 'list.jsonl', BASE)
    command = ['--package-list-json', names, '--output-dir', site, '--packages-url', PACKAGES_URL]
    script = [sys.executable, '-c', OVERTAKEN, site / '.dumb-pypi.lock', *command]
    subprocess.run(list(map(str, script)), check=True)
    assert entries(site) == fresh(State(BASE))
