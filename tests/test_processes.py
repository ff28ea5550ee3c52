"""Several processes make the same site as one process. If they or their parent die, the site stays whole."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import jinja2
import pytest

from dumb_pypi.errors import Failure
from dumb_pypi.main import main
from dumb_pypi.package_list.list_file import ListOption, check_list_file, read_list_file
from dumb_pypi.processes import Unsendable, in_processes
from testing.long import unmeasured_env
from testing.sites import PACKAGES_URL, write_list
from testing.states import LOCK, TEMPORARY, Entries, backdate, entries, touched, without_own
from testing.terminal import said_at_terminal
from testing.tools import ROOT
from testing.waiting import DEADLINE, children, is_running, wait_for

Line = dict[str, Any]

TWO_PROCESSES = ('--no-per-release-json', '--jobs', '2')
REAL = ROOT / 'testing' / 'real-packages.jsonl'


def arguments(packages: Path | str, site: Path, *options: str) -> list[str]:
    command = ['--package-list-json', packages, '--output-dir', site, '--packages-url', PACKAGES_URL, *options]
    return [*map(str, command)]


def program(*command: str) -> list[str]:
    return [sys.executable, '-m', 'dumb_pypi', *command]


def build(packages: Path, site: Path, *options: str) -> None:
    subprocess.run(program(*arguments(packages, site, *options)), env=unmeasured_env(), check=True)


def real_lines() -> list[str]:
    return REAL.read_text(encoding='utf-8').splitlines()


def edited(lines: list[str]) -> list[str]:
    """Remove, yank and add files in the parts of all processes. Remove a project and add another one."""
    kept = [line for number, line in enumerate(lines) if number % 1000 and '"docutils-' not in line]
    for number in range(1, len(kept), 777):
        kept[number] = json.dumps(json.loads(kept[number]) | {'yanked_reason': 'broken'})
    new = [json.dumps({'filename': f'newcomer-{number}.0.tar.gz', 'size': 1}) for number in range(20)]
    new.append('{"project": "newcomer", "summary": "Came last"}')
    return [*kept[: len(kept) // 2], *new, *kept[len(kept) // 2 :]]


@pytest.fixture(scope='module')
def lists(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return lists that are all large enough for several processes."""
    directory = tmp_path_factory.mktemp('lists')
    lines = edited(real_lines())
    shuffled = random.Random(1).sample(lines, len(lines))
    return {
        'real': REAL,
        'edited': write_list(directory / 'edited.jsonl', lines),
        'shuffled': write_list(directory / 'shuffled.jsonl', shuffled),
    }


@pytest.fixture(scope='module')
def by_one(lists: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Entries]:
    """Return the sites that a single process builds in new directories."""
    found = {}
    for name in ('real', 'edited'):
        site = tmp_path_factory.mktemp('one') / 'site'
        build(lists[name], site, '--jobs', '1')
        found[name] = entries(site)
    return found


# ------------------------------------------------------------------------------------------------ same as one process


@pytest.mark.parametrize('jobs', ['2', '5'])
def test_any_number_of_processes_makes_the_same_bytes_as_one(
    jobs: str, lists: dict[str, Path], by_one: dict[str, Entries], tmp_path: Path
) -> None:
    """The record is the same, too. Builds: a new directory, no changes, edits, shuffled lines, and reverted edits."""
    site = tmp_path / 'site'
    for name in ('real', 'real', 'edited', 'shuffled', 'real'):
        build(lists[name], site, '--jobs', jobs)
        assert entries(site) == by_one['edited' if name == 'shuffled' else name]
    backdate(site)
    build(lists['real'], site, '--jobs', jobs)
    assert touched(site) == set()
    build(lists['shuffled'], tmp_path / 'fresh', '--jobs', jobs)
    assert entries(tmp_path / 'fresh') == by_one['edited']


@pytest.mark.parametrize('jobs', ['1', '2', '5'])
def test_a_list_through_a_pipe_makes_the_same_site(
    jobs: str, lists: dict[str, Path], by_one: dict[str, Entries], tmp_path: Path
) -> None:
    command = program(*arguments('-', tmp_path / 'site', '--jobs', jobs))
    with subprocess.Popen(['cat', lists['edited']], stdout=subprocess.PIPE) as cat:
        done = subprocess.run(
            command, stdin=cat.stdout, env=unmeasured_env(), capture_output=True, text=True, check=False
        )
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
    assert entries(tmp_path / 'site') == by_one['edited']


def test_any_number_of_processes_makes_the_same_difference(
    lists: dict[str, Path], by_one: dict[str, Entries], tmp_path: Path
) -> None:
    found = []
    for jobs in ('1', '2', '5'):
        here = tmp_path / jobs
        here.mkdir()
        options = ['--changed-paths', str(here / 'changed'), '--removed-paths', str(here / 'removed'), '--jobs', jobs]
        options += ['--previous-package-list-json', str(lists['real'])]
        build(lists['shuffled'], here / 'site', *options)
        found.append((entries(here / 'site'), (here / 'changed').read_text(), (here / 'removed').read_text()))
    assert found[1] == found[0]
    assert found[2] == found[0]
    old, new = by_one['real'], by_one['edited']
    old, new = without_own(old), without_own(new)
    assert {path for path, content in without_own(found[0][0]).items() if content is not None} == {
        path for path, content in new.items() if content is not None and content != old.get(path)
    }


def with_lines(places: dict[int, str]) -> list[str]:
    """Return the real list with these lines inserted, by line number."""
    lines = real_lines()
    for number, line in places.items():
        lines.insert(number - 1, line)
    return lines


WARNED = {
    1: '{"filename": "README.md"}',
    3001: '{"filename": "zzz-1.0.tar.gz", "colour": "red"}',
    6001: '{"filename": "aaa-1.0.tar.gz", "colour": "green", "taste": "sweet"}',
    9001: '{"filename": "mmm-1.0.tar.gz", "requires_python": "new"}',
    12001: '{"filename": "index.html"}',
    12300: '{"project": "nobody", "summary": "Has no file"}',
}
WARNINGS = """\
{}:1: skipped: 'README.md' is not a distribution file
{}:3001: ignored: unknown key 'colour'
{}:6001: ignored: unknown key 'taste'
{}:9001: ignored: requires_python: expected a version specifier, got 'new'
{}:12001: skipped: 'index.html' is not a distribution file
{}:12300: ignored: there is no file of project 'nobody'
skipped 2 of the listed files
"""
REFUSED = {
    2: '{"filename": "zzz-1.0.tar.gz", "size": 1}',
    3001: '[]',
    6001: '{"filename": "zzz-1.0.tar.gz", "size": 2}',
    9001: '{"filename": "mmm-1.0.tar.gz", "size": "large", "hash": "none"}',
    12001: '{"filename": "aaa-1.0.tar.gz", "yanked": 1}',
}
ERRORS = """\
{}:3001: expected a JSON object, got []
{}:6001: filename: expected 'zzz-1.0.tar.gz' to be as in line 2, got another size
{}:9001: size: expected a number of bytes, got 'large'
{}:9001: hash: expected <algorithm>=<hex>, got 'none'
{}:12001: yanked: expected true or false, got 1
"""


@pytest.mark.parametrize('jobs', ['1', '2', '5'])
@pytest.mark.parametrize(
    ('places', 'status', 'messages'), [(WARNED, 0, WARNINGS), (REFUSED, 1, ERRORS)], ids=['warnings', 'errors']
)
def test_messages_come_in_the_order_of_the_lines(
    places: dict[int, str], status: int, messages: str, jobs: str, tmp_path: Path
) -> None:
    packages = write_list(tmp_path / 'list.jsonl', with_lines(places))
    command = program(*arguments(packages, tmp_path / 'site', '--no-per-release-json', '--jobs', jobs))
    done = subprocess.run(command, env=unmeasured_env(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (status, '', messages.replace('{}', str(packages)))
    assert (tmp_path / 'site').exists() is (status == 0)


# ------------------------------------------------------------------------------------------------ when a process dies


@pytest.fixture(scope='module')
def large_list(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a list of 20 MB, with every line six times: enough time to see the processes at work, but a small site."""
    packages = write_list(tmp_path_factory.mktemp('large') / 'list.jsonl', real_lines() * 6)
    assert packages.stat().st_size > 15_000_000
    return packages


@pytest.fixture(scope='module')
def large_site(large_list: Path, tmp_path_factory: pytest.TempPathFactory) -> Entries:
    """Return the site of the large list."""
    site = tmp_path_factory.mktemp('large') / 'site'
    build(large_list, site, *TWO_PROCESSES)
    return entries(site)


def is_waiting(pid: int) -> bool:
    """Return whether a process sleeps in a system call. If so, it has started all of its child processes."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] == 'S'
    return False


def is_surveying(site: Path) -> bool:
    return not list(site.glob('.dumb-pypi.tmp/lines-*'))


def is_parsing(site: Path) -> bool:
    return bool(list(site.glob('.dumb-pypi.tmp/lines-1')))


PHASES = pytest.mark.parametrize('phase', [is_surveying, is_parsing], ids=['surveying', 'parsing'])


@contextlib.contextmanager
def at_work(
    packages: Path, site: Path, phase: Callable[[Path], bool]
) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """Start a run with two working processes, on top of a small site."""
    small = write_list(site.with_name('small.jsonl'), ['{"filename": "small-1.0.tar.gz"}'])
    build(small, site, '--no-per-release-json')
    backdate(site)
    command = program(*arguments(packages, site, *TWO_PROCESSES))
    with subprocess.Popen(command, env=unmeasured_env(), stderr=subprocess.PIPE, text=True) as run:

        def workers() -> list[int] | None:
            found = children(run.pid)
            return found if len(found) == 2 and phase(site) and is_waiting(run.pid) else None

        try:
            yield run, wait_for(workers, run)
        finally:
            run.kill()


def check_next_run(site: Path, packages: Path, expected: Entries) -> None:
    build(packages, site, *TWO_PROCESSES)
    found = entries(site)
    assert found.keys() == expected.keys()
    assert [path for path in found if found[path] != expected[path]] == []


@pytest.mark.parametrize(('line', 'status'), [('{"filename": "Foo-1.0.zip"}', 0), ('{"filename": "Foo"', 1)])
def test_a_run_of_two_processes_leaves_no_file_descriptor_open(line: str, status: int, tmp_path: Path) -> None:
    packages = tmp_path / 'list'
    packages.write_text(line + '\n' * 2**20)  # long enough for two processes
    before = os.listdir('/proc/self/fd')
    assert main(arguments(packages, tmp_path / 'site', *TWO_PROCESSES)) == status
    assert os.listdir('/proc/self/fd') == before


@PHASES
@pytest.mark.parametrize('which', [0, 1], ids=['the first', 'the second'])
def test_a_process_that_is_killed_fails_the_run_and_changes_nothing(
    which: int, phase: Callable[[Path], bool], large_list: Path, large_site: Entries, tmp_path: Path
) -> None:
    site = tmp_path / 'site'
    with at_work(large_list, site, phase) as (run, workers):
        os.kill(workers[which], signal.SIGKILL)
        _, said = run.communicate(timeout=DEADLINE)
    assert run.returncode == 1
    assert said == 'a worker process died before it was done; is there too little memory?\n'
    assert not any(map(is_running, workers))
    assert touched(site) == set()
    check_next_run(site, large_list, large_site)


@PHASES
def test_a_run_that_is_killed_alone_takes_its_processes_with_it(
    phase: Callable[[Path], bool], large_list: Path, large_site: Entries, tmp_path: Path
) -> None:
    """The child processes keep the lock until they end."""
    site = tmp_path / 'site'
    with at_work(large_list, site, phase) as (run, workers):
        os.kill(run.pid, signal.SIGKILL)
        assert run.wait() == -signal.SIGKILL
        wait_for(lambda: None if any(map(is_running, workers)) else True)
    assert {path.split('/')[0] for path in touched(site)} <= {LOCK, TEMPORARY}
    check_next_run(site, large_list, large_site)


@PHASES
def test_a_run_that_is_interrupted_ends_its_processes_and_changes_nothing(
    phase: Callable[[Path], bool], large_list: Path, large_site: Entries, tmp_path: Path
) -> None:
    site = tmp_path / 'site'
    with at_work(large_list, site, phase) as (run, workers):
        os.kill(run.pid, signal.SIGINT)
        _, said = run.communicate(timeout=DEADLINE)
    assert (run.returncode, said) == (130, 'interrupted\n')
    assert not any(map(is_running, workers))
    assert touched(site) == set()
    check_next_run(site, large_list, large_site)


def test_a_list_that_grows_while_it_is_read_is_an_error(large_list: Path, large_site: Entries, tmp_path: Path) -> None:
    site, growing = tmp_path / 'site', tmp_path / 'growing.jsonl'
    shutil.copyfile(large_list, growing)
    with at_work(growing, site, is_parsing) as (run, _):
        with growing.open('a', encoding='utf-8') as packages:
            packages.write('{"filename": "late-1.0.tar.gz"}\n')
        _, said = run.communicate(timeout=DEADLINE)
    assert (run.returncode, said) == (1, f'{growing}: has changed while it was read\n')
    assert touched(site) == set()
    check_next_run(site, large_list, large_site)


def test_a_list_that_changed_a_moment_ago_is_an_error(
    tmp_path: Path,
) -> None:
    """The list grows between two checks of its size in the same process."""
    packages = write_list(tmp_path / 'list.jsonl', ['{"filename": "foo-1.0.tar.gz"}'])
    listed = read_list_file(ListOption(str(packages), True), str(tmp_path / 'copy'))
    check_list_file(listed)
    with packages.open('a', encoding='utf-8') as more:
        more.write('{"filename": "late-1.0.tar.gz"}\n')
    with pytest.raises(Failure, match='has changed while it was read'):
        check_list_file(listed)


# ------------------------------------------------------------------------------------------------------ the processes


def who_takes(tasks: Iterable[int]) -> list[tuple[int, int]]:
    """Return the tasks, each with the ID of this process."""
    return [(os.getpid(), task) for task in tasks]


@pytest.mark.parametrize(('jobs', 'tasks'), [(2, 2), (2, 1000), (5, 1000), (5, 3), (100, 2**14)])
def test_every_task_is_done_once(jobs: int, tasks: int) -> None:
    parts = in_processes(who_takes, range(tasks), jobs)
    assert len(parts) == min(jobs, tasks, 64)
    assert sorted(task for part in parts for _, task in part) == list(range(tasks))
    assert os.getpid() not in {process for part in parts for process, _ in part}
    assert children(os.getpid()) == []


@pytest.mark.parametrize(('jobs', 'tasks'), [(1, 10), (0, 10), (5, 1), (5, 0)])
def test_one_job_or_one_task_stays_in_this_process(jobs: int, tasks: int) -> None:
    assert in_processes(who_takes, range(tasks), jobs) == [[(os.getpid(), task) for task in range(tasks)]]


def break_at_three(tasks: Iterable[int]) -> int:
    for task in tasks:
        if task == 3:
            raise LookupError('three is out of order')
    return 0


def test_an_exception_in_a_process_is_raised_here_with_its_traceback() -> None:
    with pytest.raises(LookupError, match='three is out of order') as caught:
        in_processes(break_at_three, range(10), 2)
    assert 'in break_at_three' in str(caught.value.__cause__)
    assert children(os.getpid()) == []


class Numbered(Exception):
    """An exception whose constructor takes more than a text."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__(f'{number}: {text}')
        self.number = number


class Prefixed(Exception):
    """An exception whose constructor changes its text."""

    def __init__(self, text: str) -> None:
        super().__init__(f'trouble: {text}')


@pytest.mark.parametrize('jobs', [1, 2])
@pytest.mark.parametrize(
    'error',
    [
        LookupError('three', 3),
        OSError(2, 'No such file or directory', 'foo.html'),
        UnicodeDecodeError('utf-8', b'\xff', 0, 1, 'invalid start byte'),
        jinja2.TemplateSyntaxError('unexpected tag', 3, 'foo', 'foo.html'),
        Numbered(3, 'is out of order'),
        Prefixed('three'),
        SystemExit(3),
        GeneratorExit(),
        KeyboardInterrupt(),
        StopIteration(3),
        MemoryError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_any_exception_in_a_process_is_raised_here_unchanged(error: BaseException, jobs: int) -> None:
    """Exceptions that cannot be pickled used to become a MemoryError or a TypeError."""

    def fail(tasks: Iterable[int]) -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        in_processes(fail, range(10), jobs)
    assert type(caught.value) is type(error)
    assert (str(caught.value), caught.value.args) == (str(error), error.args)
    assert vars(caught.value) == vars(error)
    assert jobs == 1 or ', in fail\n' in str(caught.value.__cause__)


def test_an_exception_that_cannot_be_sent_is_named_here() -> None:
    class Local(Exception):
        pass

    def fail(tasks: Iterable[int]) -> None:
        raise Local('is out of order')

    with pytest.raises(Unsendable, match=r'Local: is out of order$') as caught:
        in_processes(fail, range(10), 2)
    assert ', in fail\n' in str(caught.value.__cause__)


def die_at_three(tasks: Iterable[int]) -> int:
    for task in tasks:
        if task == 3:
            os.kill(os.getpid(), signal.SIGKILL)
    return 0


def test_a_process_that_dies_is_reported_here() -> None:
    with pytest.raises(Failure, match='died before it was done'):
        in_processes(die_at_three, range(10), 2)
    assert children(os.getpid()) == []


def interrupt_the_parent(tasks: Iterable[int]) -> int:
    """Wait for a signal. The process with the second task interrupts the parent first."""
    for task in tasks:
        if task == 1:
            wait_for(lambda: is_waiting(os.getppid()) or None)
            os.kill(os.getppid(), signal.SIGINT)
        signal.pause()
    return 0


def test_an_interrupt_here_ends_the_processes() -> None:
    with pytest.raises(KeyboardInterrupt):
        in_processes(interrupt_the_parent, range(2), 2)
    assert children(os.getpid()) == []


def test_large_results_come_back_whole() -> None:
    """Each process returns more than the buffer of a pipe holds."""
    size = 3_000_000
    parts = in_processes(lambda tasks: [bytes(size) for _ in tasks], range(8), 3)
    assert [len(content) for part in parts for content in part] == [size] * 8


# ---------------------------------------------------------------------------------------------------------- progress


@pytest.mark.parametrize('jobs', ['1', '2'])
def test_a_terminal_is_shown_the_progress(jobs: str, tmp_path: Path) -> None:
    command = program(*arguments(REAL, tmp_path / 'site', '--jobs', jobs))
    shown = said_at_terminal(command)
    line = r'(\r[\d,]+ {}, [\d,]+ per second\n?)+'
    done = r'[\d,]+ projects, 12,[\d,]+ files: [\d,]+ pages written, 0 removed\n'
    assert re.fullmatch(line.format('lines read') + line.format('projects written') + done, shown)
    assert re.search(r'\r12,383 lines read, [1-9][\d,]* per second\n', shown)
    assert shown.endswith('\n')
    counts = [int(count.replace(',', '')) for count in re.findall(r'\r([\d,]+) projects', shown)]
    assert counts == sorted(counts)
    assert shown.count('\r') > 2  # progress was shown before the end


@pytest.mark.parametrize('jobs', ['1', '2'])
def test_progress_is_shown_only_on_a_terminal(jobs: str, tmp_path: Path) -> None:
    command = program(*arguments(REAL, tmp_path / 'site', '--jobs', jobs))
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b'', b'')
