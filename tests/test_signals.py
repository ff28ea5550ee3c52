"""Ctrl-C and SIGTERM: the run says that it was interrupted, and leaves nothing behind. The next run finishes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from dumb_pypi.main import main
from testing.sites import build, write_list
from testing.states import LOCK, TEMPORARY, State, entries
from testing.tools import ROOT
from testing.unlucky import BAR, BAZ, FOO, program
from testing.waiting import children, is_running, wait_for

REAL = ROOT / 'testing' / 'real-packages.jsonl'
SIGNALS = {'Ctrl-C': (signal.SIGINT, 130), 'SIGTERM': (signal.SIGTERM, 143)}

# Gets a signal just before the Nth time that it opens a file for writing, or makes, moves or removes a path.
SIGNALLED = """
import os, sys
from dumb_pypi.main import main
from testing.killed import CHANGES

def hook(event, args):
    global left
    if event in CHANGES or event == 'open' and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), number)

number, left = int(sys.argv[1]), int(sys.argv[2])
sys.addaudithook(hook)
status = main(sys.argv[3:])
print(left)
raise SystemExit(status)
"""


def signalled(number: int, moment: int, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    script = [sys.executable, '-c', SIGNALLED, str(number), str(moment), *command[3:]]
    return subprocess.run(script, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.fixture(scope='module')
def moments(tmp_path_factory: pytest.TempPathFactory) -> int:
    """Return the number of moments in a run from one list to the other."""
    site = tmp_path_factory.mktemp('whole') / 'site'
    assert build(site, [FOO, BAR]) == 0
    write_list(site.with_name('list.jsonl'), [FOO, BAZ])
    return 10**6 - int(signalled(signal.SIGINT, 10**6, program(site)).stdout)


@pytest.mark.parametrize('percent', [0, 3, 10, 50, 90, 98])  # in the middle of staging, moving, cleaning up
@pytest.mark.parametrize(('number', 'status'), SIGNALS.values(), ids=SIGNALS)
def test_an_interrupted_run_says_so_and_leaves_nothing_behind(
    number: int, status: int, percent: int, moments: int, tmp_path: Path
) -> None:
    """The site stays whole, and the next run gives the bytes of a fresh build."""
    site = tmp_path / 'site'
    assert build(site, [FOO, BAR]) == 0
    write_list(tmp_path / 'list.jsonl', [FOO, BAZ])
    done = signalled(number, 2 + (moments - 2) * percent // 100, program(site))
    assert (done.returncode, done.stderr) == (status, 'interrupted\n')
    assert not {LOCK, TEMPORARY} & entries(site).keys()
    assert main(program(site)[3:]) == 0
    assert entries(site) == State([FOO, BAZ]).build_anew(tmp_path / 'fresh')


def test_a_first_run_that_is_interrupted_leaves_no_directory(tmp_path: Path) -> None:
    write_list(tmp_path / 'list.jsonl', [FOO])
    done = signalled(signal.SIGTERM, 5, program(tmp_path / 'site'))
    assert (done.returncode, done.stderr) == (143, 'interrupted\n')
    assert sorted(os.listdir(tmp_path)) == ['list.jsonl']


@pytest.mark.parametrize(('number', 'status'), SIGNALS.values(), ids=SIGNALS)
def test_worker_processes_end_with_an_interrupted_run(number: int, status: int, tmp_path: Path) -> None:
    site = tmp_path / 'site'
    command = program(site, '--jobs', '3', packages=REAL)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as run:
        working = wait_for(lambda: children(run.pid) if len(children(run.pid)) > 1 else None, run)
        if number == signal.SIGINT:
            os.killpg(run.pid, number)  # like a terminal, to all processes
        else:
            run.send_signal(number)
        assert run.stderr is not None
        assert run.stderr.read() == 'interrupted\n'
    assert run.returncode == status
    assert not any(map(is_running, working))
    assert sorted(os.listdir(tmp_path)) == []


def test_a_run_works_in_a_thread_of_another_program(tmp_path: Path) -> None:
    """Outside the main thread, Python allows no signal handler."""
    site = tmp_path / 'site'
    statuses: list[int] = []
    for lines in ([FOO, BAR], [FOO]):
        thread = threading.Thread(target=lambda lines=lines: statuses.append(build(site, lines)))
        thread.start()
        thread.join()
    assert statuses == [0, 0]
    assert entries(site) == State([FOO]).build_anew(tmp_path / 'fresh')
