"""`dumb-pypi-list` when it is killed or interrupted, with closed or full streams, and at a terminal."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from testing.distributions import read_metadata
from testing.documents import block
from testing.pools import make_pool, run_list
from testing.sites import tree
from testing.terminal import said_at_terminal
from testing.tools import ROOT
from testing.waiting import wait_for

COMMAND = [sys.executable, '-m', 'dumb_pypi.pool']
KILLED = [sys.executable, '-m', 'testing.pools']
# The recipe renames the list, because a cut pipe would look like a shorter list.
RECIPE = block('docs/lists.md', '--write-metadata site/pool')
# The moments of the kill: before each change, and after these numbers of printed bytes.
MOMENTS = [*range(1, 13), *(-count for count in (1, 2, 100, 300, 500, 700, 900, 1100))]


@pytest.fixture(scope='module')
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the recipe to its end: it makes `list`, and `site` beside the pool."""
    directory = tmp_path_factory.mktemp('whole')
    make_pool(directory / 'site' / 'pool')
    assert run_recipe(directory, COMMAND).returncode == 0
    return directory


def run_recipe(directory: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run the cron line from the documents with these programs."""
    programs = directory / 'bin'
    programs.mkdir(exist_ok=True)
    for name, words in (('dumb-pypi-list', command), ('dumb-pypi', [sys.executable, '-m', 'dumb_pypi'])):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding='utf-8')
        program.chmod(0o755)
    env = {**os.environ, 'PATH': f'{programs}{os.pathsep}{os.environ["PATH"]}', 'PYTHONPATH': str(ROOT)}
    return subprocess.run(
        ['sh', '-c', RECIPE], cwd=directory, env=env, check=False, capture_output=True, encoding='utf-8', timeout=120
    )


def test_the_tests_kill_the_command_at_every_moment(whole: Path, tmp_path: Path) -> None:
    pool = make_pool(tmp_path / 'pool')
    counted = subprocess.run([*KILLED, '0', '--write-metadata', pool], cwd=ROOT, check=True, capture_output=True)
    assert int(counted.stderr) == max(MOMENTS)
    assert len(counted.stdout) > -min(MOMENTS)
    assert len(MOMENTS) == 20


@pytest.mark.parametrize('moment', MOMENTS)
def test_a_kill_at_any_moment_leaves_no_partial_sidecar_and_no_site_of_a_partial_list(
    moment: int, whole: Path, tmp_path: Path
) -> None:
    make_pool(tmp_path / 'site' / 'pool')
    (tmp_path / 'list').touch()  # an empty known list, as for a first run
    killed = run_recipe(tmp_path, [*KILLED, str(moment)])
    assert killed.returncode == 128 + signal.SIGKILL, killed.stderr
    for sidecar in (tmp_path / 'site' / 'pool').glob('[!.]*.metadata'):
        assert sidecar.read_bytes() == read_metadata(sidecar.with_suffix(''))
    assert (tmp_path / 'list').read_bytes() == b''
    assert os.listdir(tmp_path / 'site') == ['pool']
    assert run_recipe(tmp_path, COMMAND).returncode == 0
    assert (tmp_path / 'list').read_bytes() == (whole / 'list').read_bytes()
    assert visible(tmp_path / 'site') == visible(whole / 'site')


def visible(site: Path) -> dict[str, bytes]:
    return {path: content for path, content in tree(site).items() if not Path(path).name.startswith('.')}


@pytest.mark.parametrize(('number', 'status'), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_says_so_and_leaves_nothing_behind(number: int, status: int, tmp_path: Path) -> None:
    pool = make_pool(tmp_path / 'pool')
    # A sparse file takes no room on the disk, but seconds to hash.
    with (pool / 'hole-1.0-py2.7.egg').open('wb') as file:
        file.truncate(10 * 2**30)
    process = subprocess.Popen(
        [*COMMAND, '--write-metadata', '--jobs', '2', pool],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding='utf-8',
    )
    wait_for(lambda: len(list(pool.glob('*.metadata'))) == 4 or None, process)
    process.send_signal(number)
    output, messages = process.communicate(timeout=120)
    assert (process.returncode, output, messages) == (status, '', 'interrupted\n')
    assert not list(pool.glob('.*'))


def run_in_shell(pool: Path, redirection: str) -> subprocess.CompletedProcess[str]:
    command = f'{shlex.join(COMMAND)} {shlex.quote(str(pool))} {redirection}'
    return subprocess.run(
        ['bash', '-c', command], cwd=ROOT, check=False, capture_output=True, encoding='utf-8', timeout=120
    )


@pytest.mark.parametrize(
    ('redirection', 'message'),
    [
        pytest.param('> /dev/full', 'cannot write <stdout>: No space left on device\n', id='full'),
        pytest.param('>&-', 'cannot write <stdout>: it is closed\n', id='closed'),
        pytest.param('> >(true); wait', 'cannot write <stdout>: Broken pipe\n', id='a reader that leaves'),
        pytest.param('>&- 2>&-', '', id='both closed'),
        pytest.param('> /dev/full 2> /dev/full', '', id='both full'),
    ],
)
def test_a_list_that_cannot_be_printed_is_an_error_in_one_line(redirection: str, message: str, tmp_path: Path) -> None:
    pool = make_pool(tmp_path / 'pool')
    for number in range(1000):  # more than the buffer of a pipe holds
        (pool / f'foo-2.{number}-py2.7.egg').write_bytes(b'egg')
    done = run_in_shell(pool, redirection if 'wait' not in redirection else '> >(exec 0<&-); s=$?; wait; exit $s')
    assert (done.returncode, done.stdout, done.stderr) == (1, '', message)


@pytest.mark.parametrize('redirection', ['2>&-', '2> /dev/full'])
def test_a_warning_that_cannot_be_printed_does_not_end_the_run(redirection: str, tmp_path: Path) -> None:
    pool = make_pool(tmp_path / 'pool')
    (pool / 'foo-2.0.tar.gz').touch()
    done = run_in_shell(pool, redirection)
    assert (done.returncode, done.stdout.encode()) == (0, run_list(pool).output)


def test_a_terminal_shows_the_progress(tmp_path: Path) -> None:
    pool = make_pool(tmp_path / 'pool')
    with (pool / 'hole-1.0-py2.7.egg').open('wb') as file:
        file.truncate(2**30)
    shown = said_at_terminal([*COMMAND, pool])
    *looks, last, done, rest = re.split('[\r\n]+', shown)
    assert (done, rest) == ('9 files, 9 of them read', '')
    unit = '(?:bytes|[kMG]B)'
    assert re.fullmatch(rf'9 of 9 files, 1\.1 GB, [\d.]+ {unit} per second', last), last
    assert all(re.fullmatch(rf'\d of 9 files, [\d.]+ {unit}, [\d.]+ {unit} per second', look) for look in looks[1:])
