"""Law 4: a run that is killed, or that fails for the file system, leaves a whole site. The next run finishes it."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from dumb_pypi.main import main
from dumb_pypi.package_list.families import BATCH
from testing.edits import BASE, FEBRUARY, JANUARY, MARCH, file
from testing.long import LONG, unmeasured_env
from testing.sites import PACKAGES_URL, build, write_list
from testing.states import (
    RECORD,
    Entries,
    State,
    backdate,
    copy,
    dead_links,
    entries,
    files,
    read_paths,
    touched,
    without_leftovers,
    without_own,
)
from testing.tools import ROOT, missing
from testing.waiting import wait_for

APRIL = 1775099045  # 2026-04-02
POINTS = 100 if LONG else 25

KEPT = [
    {'project': 'foo', 'summary': 'Does what foo does'},
    file('foo-1.0.tar.gz', JANUARY),
    file('foo-1.0-py3-none-any.whl', JANUARY),
    file('kept-1.0.tar.gz', FEBRUARY),
]
# Between these two lists, pages of every kind are added, changed and removed.
OLD = State(
    [
        *KEPT,
        file('foo-0.9.tar.gz', JANUARY - 60),
        file('yanked-1.0.tar.gz', FEBRUARY),
        *(file(f'leaves{number}-1.0.tar.gz', MARCH) for number in range(4)),
    ]
)
NEW = State(
    [
        *KEPT,
        file('foo-2.0.tar.gz', APRIL),
        file('yanked-1.0.tar.gz', FEBRUARY, yanked_reason='broken'),
        *(file(f'comes{number}-1.0.tar.gz', APRIL + number) for number in range(4)),
    ]
)
OTHER = State([*KEPT, file('leaves1-1.0.tar.gz', MARCH), file('comes1-1.0.tar.gz', APRIL + 1)])
# Every human page differs.
OTHER_TITLE = State(OLD.lines, ('--title', 'Other packages'))
LISTS = {'the same list': NEW, 'the list before': OLD, 'another list': OTHER}
TITLE = ('another title', OTHER_TITLE)


@pytest.fixture(scope='module')
def fresh(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Entries]:
    """Return the fresh build of each list."""
    directory = tmp_path_factory.mktemp('fresh')
    return {name: state.build_anew(directory / name) for name, state in [*LISTS.items(), TITLE]}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Build the site of the old list in a directory of its own."""
    site = tmp_path / 'here' / 'site'
    site.parent.mkdir()
    assert OLD.build(site) == 0
    return site


def arguments(state: State, site: Path) -> list[str]:
    """Return the arguments of the program. The path lists are beside the site."""
    packages = write_list(site.with_name('site.jsonl'), state.lines)
    return [
        *('--package-list-json', str(packages), '--output-dir', str(site), '--packages-url', PACKAGES_URL),
        *('--changed-paths', str(site.with_name('changed')), '--removed-paths', str(site.with_name('removed'))),
    ]


def run(*command: str, text: str = '') -> subprocess.CompletedProcess[str]:
    """Run a command in its own session and process group. Without coverage, which a killed process cannot write."""
    environment = unmeasured_env()
    return subprocess.run(
        [*command],
        cwd=ROOT,
        env=environment | {'PYTHONDONTWRITEBYTECODE': '1'},
        input=text,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )


def run_killed(number: int, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, '-m', 'testing.killed', str(number), *arguments)


def check_whole(site: Path, *states: Entries) -> None:
    """Check that every page is that of one of the states, and links only to existing pages."""
    for path, content in files(without_leftovers(entries(site))).items():
        assert content in [state.get(path) for state in states], path
    assert dead_links(site) == []


def check_finished(site: Path, published: Path, state: State, expected: Entries) -> None:
    """Check that the next run succeeds, leaves nothing behind, and lists every difference from the published site."""
    assert main(arguments(state, site)) == 0
    assert entries(site) == expected
    assert {path.name for path in site.parent.iterdir()} == {'site', 'site.jsonl', 'changed', 'removed'}
    changed, removed = site.with_name('changed'), site.with_name('removed')
    assert len(read_paths(changed)) == len(set(read_paths(changed)))
    assert len(read_paths(removed)) == len(set(read_paths(removed)))
    copy(site, published, read_paths(changed), read_paths(removed))
    assert without_own(entries(published)) == without_own(expected)


# ------------------------------------------------------------------------------------------------------------ killed


class Moments(NamedTuple):
    """The moments when a run can be killed: its changes of the file system, which are numbered from 1 to `last`."""

    last: int
    first_seen: int  # the first change in the site itself, where pages are moved and then removed

    def spread(self, points: int) -> list[int]:
        """Return this number of moments: half of them while pages are staged, half while the site changes."""
        half = points // 2
        staging = [1 + point * (self.first_seen - 1) // half for point in range(half)]
        rest = self.last - self.first_seen
        return staging + [self.first_seen + point * rest // (points - half - 1) for point in range(points - half)]


def read_moments(site: Path) -> Moments:
    done = run_killed(0, arguments(NEW, site))
    assert (done.returncode, done.stderr) == (0, '')
    moments = Moments(*map(int, done.stdout.split()))
    assert moments.spread(POINTS) == sorted(set(moments.spread(POINTS)))
    return moments


@pytest.fixture(scope='module')
def moments(tmp_path_factory: pytest.TempPathFactory) -> Moments:
    site = tmp_path_factory.mktemp('whole') / 'site'
    assert OLD.build(site) == 0
    return read_moments(site)


@pytest.fixture(scope='module')
def first_moments(tmp_path_factory: pytest.TempPathFactory) -> Moments:
    """Return the moments of a first run."""
    return read_moments(tmp_path_factory.mktemp('whole') / 'site')


@pytest.mark.long
@pytest.mark.parametrize('point', range(POINTS))
def test_a_run_killed_anywhere_leaves_a_whole_site_and_the_next_run_finishes_it(
    point: int, moments: Moments, site: Path, tmp_path: Path, fresh: dict[str, Entries]
) -> None:
    """Before the first visible change, the site is the old one."""
    number = moments.spread(POINTS)[point]
    killed = run_killed(number, arguments(NEW, site))
    assert (killed.returncode, killed.stdout, killed.stderr) == (-signal.SIGKILL, '', '')
    check_whole(site, fresh['the same list'], fresh['the list before'])
    if number <= moments.first_seen:
        assert without_leftovers(entries(site)) == fresh['the list before']
    for name, state in LISTS.items():
        again, published = tmp_path / name / 'site', tmp_path / f'published before {name}'
        shutil.copytree(site.parent, again.parent)
        assert OLD.build(published) == 0
        check_finished(again, published, state, fresh[name])


@pytest.mark.parametrize('point', range(10))
def test_two_killed_runs_leave_a_whole_site_and_the_next_run_finishes_it(
    point: int, moments: Moments, site: Path, tmp_path: Path, fresh: dict[str, Entries]
) -> None:
    published = tmp_path / 'published'
    assert OLD.build(published) == 0
    number = moments.spread(10)[point]
    assert run_killed(number, arguments(NEW, site)).returncode == -signal.SIGKILL
    # The second run is killed at another moment, with another list.
    run_killed(1 + moments.last - number, arguments(OTHER, site))
    check_whole(site, *fresh.values())
    check_finished(site, published, NEW, fresh['the same list'])


@pytest.mark.parametrize('point', range(10))
def test_a_first_run_killed_anywhere_leaves_whole_pages_and_the_next_run_finishes_it(
    point: int, first_moments: Moments, tmp_path: Path, fresh: dict[str, Entries]
) -> None:
    """The pages may link to missing pages, because nobody uses the site yet."""
    site = tmp_path / 'here' / 'site'
    killed = run_killed(first_moments.spread(10)[point], arguments(NEW, site))
    assert killed.returncode == -signal.SIGKILL
    assert files(without_leftovers(entries(site))).items() <= files(fresh['the same list']).items()
    (tmp_path / 'published').mkdir()
    check_finished(site, tmp_path / 'published', NEW, fresh['the same list'])


REAL = ROOT / 'testing' / 'real-packages.jsonl'


def large_lines() -> list[str]:
    """Return lines padded with spaces, enough for two processes. With more files instead, each test would be slow."""
    lines = [f'{line[:-1]:1000}}}' for line in REAL.read_text(encoding='utf-8').splitlines()[:2200]]
    assert sum(map(len, lines)) > 2 * BATCH
    return lines


@pytest.fixture(scope='module')
def large(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Build the site of a large list. Return it, the site of a similar list, and that list."""
    directory = tmp_path_factory.mktemp('large')
    before = write_list(directory / 'before.jsonl', large_lines())
    after = write_list(directory / 'after.jsonl', [line for number, line in enumerate(large_lines()) if number % 20])
    assert main(two_processes(before, directory / 'old')) == 0
    assert main(two_processes(after, directory / 'new')) == 0
    return {'list': after, 'old': directory / 'old', 'new': directory / 'new'}


def two_processes(packages: Path, site: Path) -> list[str]:
    options = ['--packages-url', PACKAGES_URL, '--no-per-release-json', '--jobs', '2']
    return ['--package-list-json', str(packages), '--output-dir', str(site), *options]


def group_of(directory: Path) -> list[str]:
    """Return the processes whose command line names this directory."""
    found = []
    for command in Path('/proc').glob('[0-9]*/cmdline'):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if str(directory).encode() in command.read_bytes():
                found.append(command.parent.name)
    return found


@pytest.mark.parametrize('number', [2, 6, 10, 15, 20, 25, 30, 40, 55, 70])
def test_a_run_of_two_processes_killed_anywhere_leaves_a_whole_site_and_no_process(
    number: int, large: dict[str, Path], tmp_path: Path
) -> None:
    """It differs from run to run which process makes this change, and how far the other one is."""
    site = tmp_path / 'site'
    shutil.copytree(large['old'], site)
    killed = run_killed(number, two_processes(large['list'], site))
    assert (killed.returncode, killed.stdout, killed.stderr) == (-signal.SIGKILL, '', '')
    wait_for(lambda: None if group_of(site) else True)
    old, new = entries(large['old']), entries(large['new'])
    check_whole(site, old, new)
    assert run(sys.executable, '-m', 'dumb_pypi', *two_processes(large['list'], site)).returncode == 0
    assert entries(site) == new


# ----------------------------------------------------------------------------------------------------- failing disks


def check_refused(done: subprocess.CompletedProcess[str], reason: str) -> None:
    assert (done.returncode, done.stdout) == (1, '')
    assert re.fullmatch(rf'cannot (write|read|remove) /\S+: {reason}\n', done.stderr), done.stderr


@pytest.mark.parametrize('percent', [0, 0.1, 1, 3, 10, 20, 40, 60, 80, 99])
def test_a_file_system_that_refuses_large_files_is_one_clear_line(
    percent: float, site: Path, tmp_path: Path, fresh: dict[str, Entries]
) -> None:
    assert OLD.build(tmp_path / 'published') == 0
    old, new = files(fresh['the list before']), files(fresh['the same list'])
    limit = int(max(len(new[path]) for path in new if new[path] != old.get(path)) * percent / 100)
    if shutil.which('prlimit') is None:
        missing('prlimit', 'apt-get install util-linux')
    done = run('prlimit', f'--fsize={limit}', sys.executable, '-m', 'dumb_pypi', *arguments(NEW, site))
    check_refused(done, 'File too large')
    assert not {'.dumb-pypi.tmp', '.dumb-pypi.lock'} & entries(site).keys()
    check_whole(site, fresh['the same list'], fresh['the list before'])
    check_finished(site, tmp_path / 'published', NEW, fresh['the same list'])


@pytest.mark.parametrize('percent', [0, 5, 30, 60, 95])
def test_a_page_that_cannot_be_staged_changes_nothing_in_the_site(
    percent: int, site: Path, fresh: dict[str, Entries]
) -> None:
    old, new = files(fresh['the list before']), files(fresh['another title'])
    limit = max(len(content) for path, content in new.items() if content != old[path]) * percent // 100
    if shutil.which('prlimit') is None:
        missing('prlimit', 'apt-get install util-linux')
    backdate(site)
    command = [*arguments(OTHER_TITLE, site), *OTHER_TITLE.options]
    check_refused(run('prlimit', f'--fsize={limit}', sys.executable, '-m', 'dumb_pypi', *command), 'File too large')
    assert entries(site) == fresh['the list before']
    assert touched(site) == set()
    assert main(command) == 0
    assert entries(site) == fresh['another title']


@contextlib.contextmanager
def no_larger_files_than(limit: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_page_that_is_only_partly_written_is_not_published(
    site: Path, fresh: dict[str, Entries], capfd: pytest.CaptureFixture[str]
) -> None:
    """The system writes the part that fits, and refuses the rest."""
    pages = files(fresh['another title'])
    limit = len(pages['project/foo/index.html']) - 10
    assert limit > len(pages['packages.json'])
    backdate(site)
    with no_larger_files_than(limit):
        assert main([*arguments(OTHER_TITLE, site), *OTHER_TITLE.options]) == 1
    assert capfd.readouterr() == ('', f'cannot write {site}/project/foo/index.html: File too large\n')
    assert entries(site) == fresh['the list before']
    assert touched(site) == set()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of one megabyte."""
    disk = tmp_path / 'disk'
    disk.mkdir()
    done = run('mount', '-t', 'tmpfs', '-o', 'size=1m', 'dumb-pypi-test', str(disk))
    if done.returncode != 0:
        missing('a file system of one megabyte', 'run the tests as root, who may mount one')
    yield disk
    assert run('umount', str(disk)).returncode == 0


def fill(filler: Path, spare: int) -> None:
    """Fill the disk up to `spare` free blocks."""
    room = os.statvfs(filler.parent)
    filler.write_bytes(bytes((room.f_bavail - spare) * room.f_frsize))
    assert os.statvfs(filler.parent).f_bavail == spare


@pytest.mark.parametrize('spare', [0, 1, 4, 8, 12])
def test_a_disk_that_fills_up_during_staging_changes_nothing_in_the_site(
    spare: int, small_disk: Path, fresh: dict[str, Entries]
) -> None:
    site, filler = small_disk / 'here' / 'site', small_disk / 'filler'
    site.parent.mkdir()
    assert OLD.build(site) == 0
    backdate(site)
    command = [*arguments(OTHER_TITLE, site), *OTHER_TITLE.options]
    fill(filler, spare)
    check_refused(run(sys.executable, '-m', 'dumb_pypi', *command), 'No space left on device')
    assert entries(site) == fresh['the list before']
    assert touched(site) == set()


@pytest.mark.parametrize('length', [100, 10_000, 200_000])
def test_a_disk_without_room_for_a_list_from_a_pipe_is_one_clear_line(length: int, small_disk: Path) -> None:
    site, filler = small_disk / 'site', small_disk / 'filler'
    assert OLD.build(site) == 0
    backdate(site)
    fill(filler, 1)  # for the lock
    command = [sys.executable, '-m', 'dumb_pypi', '--package-list', '-', '--output-dir', str(site)]
    done = run(*command, '--packages-url', PACKAGES_URL, text=f'{"a" * length}\n')
    check_refused(done, 'No space left on device')
    assert 'cannot write' in done.stderr
    assert touched(site) == set()


@pytest.mark.parametrize('spare', [0, 1, 2, 3, 4, 6, 8, 12, 16])
def test_a_full_disk_is_one_clear_line(spare: int, small_disk: Path, tmp_path: Path, fresh: dict[str, Entries]) -> None:
    assert OLD.build(tmp_path / 'published') == 0
    site, filler = small_disk / 'here' / 'site', small_disk / 'filler'
    site.parent.mkdir()
    assert OLD.build(site) == 0
    command = arguments(NEW, site)
    fill(filler, spare)
    done = run(sys.executable, '-m', 'dumb_pypi', *command)
    check_refused(done, 'No space left on device')
    assert not {'.dumb-pypi.tmp', '.dumb-pypi.lock'} & entries(site).keys()
    check_whole(site, fresh['the same list'], fresh['the list before'])
    filler.unlink()
    check_finished(site, tmp_path / 'published', NEW, fresh['the same list'])


READ_ONLY, NO_LISTING, NO_ENTRY = 0o555, 0o333, 0o000


@pytest.mark.parametrize(
    ('directory', 'mode', 'refused'),
    [
        pytest.param('site', READ_ONLY, 'write {}/site/.dumb-pypi.lock', id='the site'),
        pytest.param('site/simple', READ_ONLY, 'write {}/site/simple/comes0/index.html', id='the new projects'),
        pytest.param('site/simple/foo', READ_ONLY, 'write {}/site/simple/foo/index.html', id='a changed project'),
        pytest.param('site/simple/foo', NO_ENTRY, 'read {}/site/simple/foo/index.html', id='a project without entry'),
        pytest.param('site/pypi/leaves1', READ_ONLY, 'remove {}/site/pypi/leaves1/json', id='a removed project'),
        pytest.param('site/changelog', READ_ONLY, 'write {}/site/changelog/2026-01.html', id='the changelog'),
        pytest.param('site/pypi/foo', NO_LISTING, 'read {}/site/pypi/foo', id='a project nobody may list'),
    ],
)
def test_a_directory_that_lost_a_permission_is_one_clear_line(
    directory: str, mode: int, refused: str, site: Path, tmp_path: Path, fresh: dict[str, Entries]
) -> None:
    assert OLD.build(tmp_path / 'published') == 0
    command = [sys.executable, '-m', 'dumb_pypi', *arguments(NEW, site)]
    # The path lists exist, as in every run except the first one.
    site.with_name('changed').touch()
    site.with_name('removed').touch()
    (site.parent / directory).chmod(mode)
    done = run(*as_anybody(), *command)
    (site.parent / directory).chmod(0o755)
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        '',
        f'cannot {refused.format(site.parent)}: Permission denied\n',
    )
    assert not {'.dumb-pypi.tmp', '.dumb-pypi.lock'} & entries(site).keys()
    check_whole(site, fresh['the same list'], fresh['the list before'])
    check_finished(site, tmp_path / 'published', NEW, fresh['the same list'])


def as_anybody() -> list[str]:
    """Return a command prefix that takes the right to ignore permissions from root."""
    if os.geteuid() != 0:
        return []
    if shutil.which('setpriv') is None:
        missing('setpriv', 'apt-get install util-linux')
    capabilities = '-dac_override,-dac_read_search'
    return ['setpriv', f'--bounding-set={capabilities}', f'--inh-caps={capabilities}']


@pytest.mark.parametrize('path', ['.dumb-pypi.tmp', '.dumb-pypi.tmp/site/simple/foo/index.html'])
def test_unfinished_files_of_a_killed_run_are_removed(path: str, tmp_path: Path) -> None:
    site = tmp_path / 'site'
    assert build(site, BASE) == 0
    (site / path).parent.mkdir(parents=True, exist_ok=True)
    (site / path).write_bytes(b'<!doctype')
    (site / RECORD).unlink()
    assert build(site, BASE) == 0
    assert entries(site) == State(BASE).build_anew(tmp_path / 'fresh')
