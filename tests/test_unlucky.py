"""The unlucky: damaged data, streams that are closed, signals, and a system that has too little of something."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from dumb_pypi.main import main
from testing.records import edited
from testing.sites import PACKAGES_URL, build, write_list
from testing.states import LOCK, RECORD, TEMPORARY, State, entries
from testing.tools import ROOT
from testing.waiting import children, is_running, wait_for

Line = dict[str, Any]

REAL = ROOT / 'testing' / 'real-packages.jsonl'
FOO: Line = {'filename': 'foo-1.0.tar.gz', 'upload_timestamp': 1700000000}
BAR: Line = {'filename': 'bar-1.0.tar.gz', 'upload_timestamp': 1700000060}
BAZ: Line = {'filename': 'baz-1.0.tar.gz', 'upload_timestamp': 1705000000}
FEEDS = ('--site-url', 'https://pypi.example.com/')
WARNED: list[Line | str] = [FOO, BAR, BAZ, {'filename': 'README.md'}, {'filename': 'qux-1.0.zip', 'colour': 'red'}]
WARNINGS = """\
site.jsonl:{}: skipped: 'README.md' is not a distribution file
site.jsonl:{}: ignored: unknown key 'colour'
skipped 1 of the listed files
"""

# ----------------------------------------------------------------------------------------------------------- damaged


def turned(path: Path) -> None:
    """Of the same size, and another."""
    path.write_bytes(bytes(byte ^ 1 for byte in path.read_bytes()))


def full_of_zeros(path: Path) -> None:
    """As a power cut leaves a file."""
    path.write_bytes(bytes(path.stat().st_size))


def not_utf8(path: Path) -> None:
    path.write_bytes(b'\xff' + path.read_bytes()[1:])


def test_a_page_that_cannot_be_read_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Root may read everything, so that the permission is denied here."""
    site = tmp_path / 'site'
    assert build(site, [FOO]) == 0
    path = f'{site}/simple/foo/index.html'
    before, really_open = entries(site), os.open

    def denied(name: Any, *arguments: Any, **options: Any) -> int:
        if name == path:
            raise PermissionError(13, 'Permission denied', name)
        return really_open(name, *arguments, **options)

    monkeypatch.setattr(os, 'open', denied)
    assert build(site, [FOO, FOO | {'filename': 'foo-2.0.tar.gz'}]) == 1
    assert capfd.readouterr() == ('', f'cannot read {path}: Permission denied\n')
    assert entries(site) == before


CHANGED = [{**FOO, 'size': 1}, *WARNED[1:]]
LESS = WARNED[1:]
OLDER = [*WARNED, {'filename': 'new-1.0.zip', 'upload_timestamp': 1700000001}]
NEWER = [*WARNED, {'filename': 'new-1.0.zip', 'upload_timestamp': 1705000001}]


@pytest.mark.parametrize('damage', [turned, full_of_zeros, not_utf8])
@pytest.mark.parametrize(
    ('path', 'lines'),
    [
        pytest.param('packages.json', [FOO, {**BAR, 'size': 1}, *WARNED[2:]], id='the list, a file changed'),
        pytest.param('packages.json', [FOO, *WARNED[2:]], id='the list, a project less'),
        pytest.param('.dumb-pypi.uploads/2023-11', CHANGED, id='the older month, a file changed'),
        pytest.param('.dumb-pypi.uploads/2023-11', LESS, id='the older month, a project less'),
        pytest.param('.dumb-pypi.uploads/2023-11', OLDER, id='the older month, a project in it'),
        pytest.param('.dumb-pypi.uploads/2023-11', NEWER, id='the older month, a project in the newer one'),
        pytest.param('.dumb-pypi.uploads/2024-01', LESS, id='the newer month, a project less'),
        pytest.param('.dumb-pypi.uploads/2024-01', NEWER, id='the newer month, a project in it'),
    ],
)
def test_damage_of_the_same_size_means_a_full_build_that_warns_once(
    path: str,
    lines: list[Line | str],
    damage: Callable[[Path], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    site = Path('site')
    assert build(site, WARNED, *FEEDS) == 0
    capfd.readouterr()
    damage(site / path)
    assert build(site, lines, *FEEDS) == 0
    place = lines.index(WARNED[3]) + 1
    assert capfd.readouterr() == ('', WARNINGS.format(place, place + 1))
    assert build(Path('fresh'), lines, *FEEDS) == 0
    assert entries(site) == entries(Path('fresh'))


def with_a_time(record: Line) -> None:
    record['projects']['foo'][1] = 10**26


def with_a_project_less(record: Line) -> None:
    dropped = record['projects'].pop('bar')
    record['projects']['foo'][-1] += dropped[-1]


def with_a_negative_length(record: Line) -> None:
    lengths = record['projects']
    lengths['bar'][-1], lengths['foo'][-1] = -1, lengths['foo'][-1] + lengths['bar'][-1] + 1


@pytest.mark.parametrize('is_consistent', [False, True], ids=['by hand', 'with its digest'])
@pytest.mark.parametrize('edit', [with_a_time, with_a_project_less, with_a_negative_length])
@pytest.mark.parametrize('lines', [[FOO, BAR, BAZ], [FOO, BAZ], [{**FOO, 'size': 1}, BAR]])
def test_a_record_that_was_edited_by_hand_means_a_full_build(
    lines: list[Line], edit: Callable[[Line], None], is_consistent: bool, tmp_path: Path
) -> None:
    """Who works out the digest as well gets what he asked for, but no traceback."""
    site = tmp_path / 'site'
    assert build(site, [FOO, BAR, BAZ], *FEEDS) == 0
    (site / RECORD).write_bytes(edited(edit, is_consistent)((site / RECORD).read_bytes()))
    assert build(site, lines, *FEEDS) == 0
    if not is_consistent:
        assert entries(site) == State(lines, FEEDS).build_anew(tmp_path / 'fresh')
    assert build(site, lines, *FEEDS, '--rebuild') == 0


# ----------------------------------------------------------------------------------------------------------- streams


def program(site: Path, *options: str, packages: str | Path = '') -> list[str]:
    command = ['--package-list-json', packages or site.with_name('list.jsonl'), '--output-dir', site]
    return [sys.executable, '-m', 'dumb_pypi', *map(str, command), '--packages-url', PACKAGES_URL, *options]


def in_shell(command: Sequence[str], redirection: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ['sh', '-c', f'"$@" {redirection}', 'sh', *command], capture_output=True, text=True, check=False
    )


STREAMS = {
    'standard input closed': '<&-',
    'standard error closed': '2>&-',
    'standard error full': '2>/dev/full',
    'standard output closed': '>&-',
    'all closed': '<&- >&- 2>&-',
    'standard error full and the others closed': '<&- >&- 2>/dev/full',
}


@pytest.mark.parametrize('redirection', STREAMS.values(), ids=STREAMS)
def test_a_good_list_builds_whatever_became_of_the_streams(redirection: str, tmp_path: Path) -> None:
    """Though there is something to say."""
    site = tmp_path / 'site'
    write_list(tmp_path / 'list.jsonl', WARNED)
    done = in_shell(program(site), redirection)
    said = WARNINGS.format(4, 5).replace('site.jsonl', str(tmp_path / 'list.jsonl')) if '2>' not in redirection else ''
    assert (done.returncode, done.stdout, done.stderr) == (0, '', said)
    assert build(tmp_path / 'fresh', WARNED) == 0
    assert entries(site) == entries(tmp_path / 'fresh')


@pytest.mark.parametrize('redirection', STREAMS.values(), ids=STREAMS)
@pytest.mark.parametrize(
    ('content', 'options', 'status'), [('{', (), 1), ('', ('--jobs', '0'), 2)], ids=['a bad list', 'wrong usage']
)
def test_a_bad_one_has_its_status_whatever_became_of_the_streams(
    content: str, options: Sequence[str], status: int, redirection: str, tmp_path: Path
) -> None:
    write_list(tmp_path / 'list.jsonl', [content])
    assert in_shell(program(tmp_path / 'site', *options), redirection).returncode == status
    assert not (tmp_path / 'site').exists()


def test_a_list_on_a_closed_standard_input_is_an_error(tmp_path: Path) -> None:
    done = in_shell(program(tmp_path / 'site', packages='-'), '<&-')
    assert (done.returncode, done.stdout, done.stderr) == (1, '', 'cannot read <stdin>: it is closed\n')
    assert not (tmp_path / 'site').exists()


def test_a_good_list_builds_when_the_reader_of_its_messages_leaves(tmp_path: Path) -> None:
    """As `2>&1 | head -1` does."""
    site = tmp_path / 'site'
    lines: list[Line] = [FOO, *({'filename': f'{number}{"x" * 200}.md'} for number in range(1000))]
    write_list(tmp_path / 'list.jsonl', lines)
    reading, writing = os.pipe()
    with subprocess.Popen(program(site), stderr=writing) as run:
        os.close(writing)
        assert os.read(reading, 1)
        os.close(reading)
    assert run.returncode == 0
    assert build(tmp_path / 'fresh', lines) == 0
    assert entries(site) == entries(tmp_path / 'fresh')


# ----------------------------------------------------------------------------------------------------------- signals

SIGNALS = {'Ctrl-C': (signal.SIGINT, 130), 'SIGTERM': (signal.SIGTERM, 143)}

# Gets a signal before the Nth time that it opens a file to write, makes, moves or removes something.
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
    """How many there are in a run from the one list to the other."""
    site = tmp_path_factory.mktemp('whole') / 'site'
    assert build(site, [FOO, BAR]) == 0
    write_list(site.with_name('list.jsonl'), [FOO, BAZ])
    return 10**6 - int(signalled(signal.SIGINT, 10**6, program(site)).stdout)


@pytest.mark.parametrize('percent', [0, 3, 10, 50, 90, 98])  # in the middle of staging, moving, clearing up
@pytest.mark.parametrize(('number', 'status'), SIGNALS.values(), ids=SIGNALS)
def test_an_interrupted_run_says_so_and_leaves_nothing_behind(
    number: int, status: int, percent: int, moments: int, tmp_path: Path
) -> None:
    """The site is whole, and the next run ends in the bytes of a fresh build."""
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
def test_processes_at_work_end_with_an_interrupted_run(number: int, status: int, tmp_path: Path) -> None:
    site = tmp_path / 'site'
    command = program(site, '--jobs', '3', packages=REAL)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as run:
        working = wait_for(lambda: children(run.pid) if len(children(run.pid)) > 1 else None, run)
        if number == signal.SIGINT:
            os.killpg(run.pid, number)  # as a terminal does
        else:
            run.send_signal(number)
        assert run.stderr is not None
        assert run.stderr.read() == 'interrupted\n'
    assert run.returncode == status
    assert not any(map(is_running, working))
    assert sorted(os.listdir(tmp_path)) == []


def test_a_run_in_a_thread_of_another_program_is_like_any_other(tmp_path: Path) -> None:
    """Where no signal handler can be set."""
    site = tmp_path / 'site'
    statuses: list[int] = []
    for lines in ([FOO, BAR], [FOO]):
        thread = threading.Thread(target=lambda lines=lines: statuses.append(build(site, lines)))
        thread.start()
        thread.join()
    assert statuses == [0, 0]
    assert entries(site) == State([FOO]).build_anew(tmp_path / 'fresh')


# --------------------------------------------------------------------------------------------------- too little of it

# Processes cannot be started from the Nth on: a limit of the system does not bind root.
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
    """A site, and beside it its list: a short one, but as long as several processes need."""
    site = tmp_path_factory.mktemp('large') / 'site'
    required = [f'{"x" * 1000}>={number}' for number in range(100)]
    lines = [{'filename': f'{name}-1.0.zip', 'requires_dist': required} for name in 'abcdefghijklmnopqrstuvwxyz']
    packages = write_list(site.with_name('list.jsonl'), lines)
    assert packages.stat().st_size > 2 * 2**20
    assert main(program(site, '--jobs', '1')[3:]) == 0
    return site


@pytest.mark.parametrize('started', [0, 1, 2, 4])
def test_where_processes_cannot_be_started_fewer_build_the_site(started: int, large: Path, tmp_path: Path) -> None:
    site = tmp_path / 'site'
    command = program(site, '--jobs', '3', packages=large.with_name('list.jsonl'))
    script = [sys.executable, '-c', NO_FORK, str(started), *command[3:]]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
    assert entries(site) == entries(large)


def with_descriptors(most: int, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Unmeasured, for that takes some of them."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith('COV')}
    limited = ['sh', '-c', f'ulimit -n {most} && exec "$@"', 'sh', *command]
    return subprocess.run(limited, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize('most', [7, 8, 9, 10, 11, 12, 14, 16, 20, 30])
def test_with_too_few_file_descriptors_the_site_is_built_or_the_cause_is_named(most: int, tmp_path: Path) -> None:
    """With 3 for the streams, and as many as Python needs to begin."""
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


# As many more descriptors than are open when the run begins.
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
def test_with_hardly_any_file_descriptor_the_cause_is_named_and_not_the_list(
    jobs: str, more: int, large: Path, tmp_path: Path
) -> None:
    command = program(tmp_path / 'site', '--jobs', jobs, packages=large.with_name('list.jsonl'))
    script = [sys.executable, '-c', LIMITED, str(more), *command[3:]]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr == 'out of file descriptors for this process (Too many open files)\n'
    # To clear up takes some as well.
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
    """What it says when the system has this to say."""
    write_list(directory / 'list.jsonl', [FOO])
    command = [sys.executable, '-c', BROKEN, str(number), *program(directory / 'site')[3:]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, '')
    assert not (directory / 'site').exists()
    return done.stderr


def test_what_nobody_has_foreseen_shows_its_traceback(tmp_path: Path) -> None:
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
def test_a_shortage_is_named_wherever_it_comes(number: int, what: str, tmp_path: Path) -> None:
    assert run_broken(number, tmp_path) == f'{what}\n'
