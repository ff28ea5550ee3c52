"""On a system that lacks a resource, the site is built, or the message names the resource."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from dumb_pypi.main import main
from testing.long import unmeasured_env
from testing.sites import build, write_list
from testing.states import TEMPORARY, entries
from testing.unlucky import BAR, FOO, program

# Starting the Nth process and all later ones fails. It is simulated, because a system limit does not apply to root.
NO_FORK = """
import errno, os, sys
from dumb_pypi.main import main

def refuse(event, args):
    global left
    if event == 'os.fork':
        left -= 1
        if left < 0:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

left = int(sys.argv[1])
sys.addaudithook(refuse)
status = main(sys.argv[2:])
assert left < 0
raise SystemExit(status)
"""


@pytest.fixture(scope='module')
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a site beside its list, which has few files but enough bytes for several processes."""
    site = tmp_path_factory.mktemp('large') / 'site'
    required = [f'{"x" * 1000}>={number}' for number in range(100)]
    lines = [{'filename': f'{name}-1.0.zip', 'requires_dist': required} for name in 'abcdefghijklmnopqrstuvwxyz']
    packages = write_list(site.with_name('list.jsonl'), lines)
    assert packages.stat().st_size > 2 * 2**20
    assert main(program(site, '--jobs', '1')[3:]) == 0
    return site


@pytest.mark.parametrize('started', [0, 1, 2, 4])
def test_a_site_is_built_with_fewer_processes_if_they_cannot_be_started(
    started: int, large: Path, tmp_path: Path
) -> None:
    site = tmp_path / 'site'
    command = program(site, '--jobs', '3', packages=large.with_name('list.jsonl'))
    script = [sys.executable, '-c', NO_FORK, str(started), *command[3:]]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
    assert entries(site) == entries(large)


def with_descriptors(most: int, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run without coverage, which needs file descriptors, too."""
    environment = unmeasured_env()
    limited = ['sh', '-c', f'ulimit -n {most} && exec "$@"', 'sh', *command]
    return subprocess.run(limited, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize('most', [7, 8, 9, 10, 11, 12, 14, 16, 20, 30])
def test_with_too_few_file_descriptors_the_site_is_built_or_the_cause_is_named(most: int, tmp_path: Path) -> None:
    """The lowest limit is enough for the three streams and the start of Python."""
    site, fresh = tmp_path / 'site', tmp_path / 'fresh'
    write_list(tmp_path / 'list.jsonl', [FOO, BAR])
    command = program(site, '--jobs', '8')
    done = with_descriptors(most, command)
    if done.returncode == 0:
        assert (done.stdout, done.stderr) == ('', '')
        assert build(fresh, [FOO, BAR]) == 0
        assert entries(site) == entries(fresh)
    else:
        assert (done.returncode, done.stdout) == (1, '')
        assert done.stderr == 'out of file descriptors for this process (Too many open files)\n'
        assert not site.exists()


@pytest.mark.parametrize('most', [8, 10, 12, 14, 16, 20, 30])
def test_with_too_few_file_descriptors_for_its_processes_fewer_build_the_site(
    most: int, large: Path, tmp_path: Path
) -> None:
    site = tmp_path / 'site'
    command = program(site, '--jobs', '8', packages=large.with_name('list.jsonl'))
    done = with_descriptors(most, command)
    if done.returncode == 0:
        assert (done.stdout, done.stderr) == ('', '')
        assert entries(site) == entries(large)
    else:
        assert (done.returncode, done.stdout) == (1, '')
        assert done.stderr == 'out of file descriptors for this process (Too many open files)\n'
        assert not site.exists()


# Allows this number of descriptors in addition to those that are open at the start of the run.
LIMITED = """
import os, resource, sys
from dumb_pypi.main import main
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
highest = max(map(int, os.listdir('/proc/self/fd')))
resource.setrlimit(resource.RLIMIT_NOFILE, (highest + int(sys.argv[1]), hard))
status = main(sys.argv[2:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
raise SystemExit(status)
"""


@pytest.mark.parametrize('more', [0, 1, 2])
@pytest.mark.parametrize('jobs', ['1', '8'])
def test_with_hardly_any_file_descriptors_the_message_names_the_cause_and_not_the_list(
    jobs: str, more: int, large: Path, tmp_path: Path
) -> None:
    command = program(tmp_path / 'site', '--jobs', jobs, packages=large.with_name('list.jsonl'))
    script = [sys.executable, '-c', LIMITED, str(more), *command[3:]]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr == 'out of file descriptors for this process (Too many open files)\n'
    # Cleaning up needs descriptors, too.
    assert set(os.listdir(tmp_path / 'site') if (tmp_path / 'site').exists() else ()) <= {TEMPORARY}


# The program's own files cannot be read.
BROKEN = """
import os, sys
from dumb_pypi.main import main

def refuse(event, args):
    if event == 'os.listdir' and str(args[0]).endswith('static'):
        raise OSError(number, os.strerror(number))

number = int(sys.argv[1])
sys.addaudithook(refuse)
raise SystemExit(main(sys.argv[2:]))
"""


def run_broken(number: int, directory: Path) -> str:
    """Run the program on a system that raises this error, and return its messages."""
    write_list(directory / 'list.jsonl', [FOO])
    command = [sys.executable, '-c', BROKEN, str(number), *program(directory / 'site')[3:]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, '')
    assert not (directory / 'site').exists()
    return done.stderr


def test_an_unforeseen_error_shows_a_traceback(tmp_path: Path) -> None:
    said = run_broken(errno.EIO, tmp_path)
    assert said.startswith('Traceback (most recent call last):\n')
    assert said.endswith('OSError: [Errno 5] Input/output error\n')


@pytest.mark.parametrize(
    ('number', 'what'),
    [
        (errno.EMFILE, 'out of file descriptors for this process (Too many open files)'),
        (errno.ENFILE, 'out of file descriptors in this system (Too many open files in system)'),
        (errno.ENOMEM, 'out of memory (Cannot allocate memory)'),
    ],
)
def test_a_shortage_is_named_wherever_it_happens(number: int, what: str, tmp_path: Path) -> None:
    assert run_broken(number, tmp_path) == f'{what}\n'
