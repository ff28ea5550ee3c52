"""Law 4: a run that is killed, or that the file system refuses, leaves a whole site, and the next run finishes it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from dumb_pypi.main import main
from testing.sites import PACKAGES_URL, write_list
from testing.states import Entries, State, copy, dead_links, entries, files, read_paths
from tests.conftest import missing

Line = dict[str, Any]

ROOT = Path(__file__).parent.parent
JANUARY, FEBRUARY, MARCH, APRIL = 1767323045, 1770001445, 1772420645, 1775099045  # of 2026, on the second day
POINTS = 50


def file(filename: str, uploaded: float, **more: object) -> Line:
    return {'filename': filename, 'hash': f'sha256={"a" * 64}', 'size': 1000, 'upload_timestamp': uploaded, **more}


KEPT = [
    {'project': 'foo', 'summary': 'Does what foo does'},
    file('foo-1.0.tar.gz', JANUARY),
    file('foo-1.0-py3-none-any.whl', JANUARY),
    file('kept-1.0.tar.gz', FEBRUARY),
]
# From the one to the other pages of every kind are added, changed and removed.
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
LISTS = {'the same list': NEW, 'the list before': OLD, 'another list': OTHER}


@pytest.fixture(scope='module')
def fresh(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Entries]:
    """What each list looks like where nothing was before."""
    directory = tmp_path_factory.mktemp('fresh')
    return {name: state.build_anew(directory / name) for name, state in LISTS.items()}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The site of the old list, with a directory of its own around it."""
    site = tmp_path / 'here' / 'site'
    site.parent.mkdir()
    assert OLD.build(site) == 0
    return site


def arguments(state: State, site: Path) -> list[str]:
    """What the program is told; the path lists lie beside the site."""
    packages = write_list(site.with_name('site.jsonl'), state.lines)
    return [
        *('--package-list-json', str(packages), '--output-dir', str(site), '--packages-url', PACKAGES_URL),
        *('--changed-paths', str(site.with_name('changed')), '--removed-paths', str(site.with_name('removed'))),
    ]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """In a session and process group of its own; unmeasured, for a killed process measures nothing."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith('COV')}
    return subprocess.run(
        [*command],
        cwd=ROOT,
        env=environment | {'PYTHONDONTWRITEBYTECODE': '1'},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )


def run_killed(number: int, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, '-m', 'testing.killed', str(number), *arguments)


def check_whole(site: Path, *states: Entries) -> None:
    """Every page is that of one of the states, to the byte, and leads to pages that are there."""
    for path, content in files(entries(site)).items():
        if path not in ('.dumb-pypi.tmp', '.dumb-pypi.lock'):
            assert content in [state.get(path) for state in states], path
    assert dead_links(site) == []


def check_finished(site: Path, published: Path, state: State, expected: Entries) -> None:
    """The next run ends well, leaves nothing else, and knows all that differs from what was published."""
    assert main(arguments(state, site)) == 0
    assert entries(site) == expected
    assert {path.name for path in site.parent.iterdir()} == {'site', 'site.jsonl', 'changed', 'removed'}
    changed, removed = site.with_name('changed'), site.with_name('removed')
    assert len(read_paths(changed)) == len(set(read_paths(changed)))
    assert len(read_paths(removed)) == len(set(read_paths(removed)))
    copy(site, published, read_paths(changed), read_paths(removed))
    assert entries(published) == expected


# ------------------------------------------------------------------------------------------------------------ killed


@pytest.fixture(scope='module')
def changes(tmp_path_factory: pytest.TempPathFactory) -> int:
    """How often a whole run changes the file system: each time is a moment to be killed at."""
    site = tmp_path_factory.mktemp('whole') / 'site'
    assert OLD.build(site) == 0
    done = run_killed(0, arguments(NEW, site))
    assert (done.returncode, done.stderr) == (0, '')
    assert int(done.stdout) > 2 * POINTS
    return int(done.stdout)


@pytest.mark.parametrize('point', range(POINTS))
def test_a_run_killed_anywhere_leaves_a_whole_site_and_the_next_one_finishes(
    point: int, changes: int, site: Path, tmp_path: Path, fresh: dict[str, Entries]
) -> None:
    killed = run_killed(1 + point * (changes - 1) // (POINTS - 1), arguments(NEW, site))
    assert (killed.returncode, killed.stdout, killed.stderr) == (-signal.SIGKILL, '', '')
    check_whole(site, fresh['the same list'], fresh['the list before'])
    for name, state in LISTS.items():
        again, published = tmp_path / name / 'site', tmp_path / f'published before {name}'
        shutil.copytree(site.parent, again.parent)
        assert OLD.build(published) == 0
        check_finished(again, published, state, fresh[name])


@pytest.mark.parametrize('point', range(10))
def test_a_run_killed_after_a_run_killed_changes_nothing_about_that(
    point: int, changes: int, site: Path, tmp_path: Path, fresh: dict[str, Entries]
) -> None:
    published = tmp_path / 'published'
    assert OLD.build(published) == 0
    number = 1 + point * (changes - 1) // 9
    assert run_killed(number, arguments(NEW, site)).returncode == -signal.SIGKILL
    # Less is left to do, or more if the list is another.
    run_killed(1 + changes - number, arguments(OTHER, site))
    check_whole(site, *fresh.values())
    check_finished(site, published, NEW, fresh['the same list'])


@pytest.mark.parametrize('point', range(10))
def test_a_first_run_killed_anywhere_leaves_whole_pages_and_the_next_one_finishes(
    point: int, changes: int, tmp_path: Path, fresh: dict[str, Entries]
) -> None:
    """Its pages lead to others that are still to come: nobody has been told of the site yet."""
    site = tmp_path / 'here' / 'site'
    killed = run_killed(1 + point * changes // 12, arguments(NEW, site))
    assert killed.returncode == -signal.SIGKILL
    left = files(entries(site)).items()
    assert {path: content for path, content in left if not path.startswith('.dumb-pypi.')}.items() <= (
        files(fresh['the same list']).items()
    )
    (tmp_path / 'published').mkdir()
    check_finished(site, tmp_path / 'published', NEW, fresh['the same list'])


# ----------------------------------------------------------------------------------------------------------- refused


def check_refused(done: subprocess.CompletedProcess[str], reason: str) -> None:
    assert (done.returncode, done.stdout) == (1, '')
    assert re.fullmatch(rf'cannot (write|read|remove) /\S+: {reason}\n', done.stderr), done.stderr


@pytest.mark.parametrize('percent', [0, 0.1, 1, 3, 10, 20, 40, 60, 80, 99])
def test_a_file_system_that_takes_no_large_files_is_one_clear_line(
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


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of one megabyte."""
    disk = tmp_path / 'disk'
    disk.mkdir()
    done = run('mount', '-t', 'tmpfs', '-o', 'size=1m', 'dumb-pypi-test', str(disk))
    if done.returncode != 0:
        missing('a file system of one megabyte', 'run the tests as root, who may mount one')
    yield disk
    assert run('umount', str(disk)).returncode == 0


def fill(filler: Path, spare: int) -> None:
    """Leaves room for `spare` blocks on the disk."""
    room = os.statvfs(filler.parent)
    filler.write_bytes(bytes((room.f_bavail - spare) * room.f_frsize))
    assert os.statvfs(filler.parent).f_bavail == spare


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
        pytest.param('site/changelog', READ_ONLY, 'write {}/site/changelog/2026-04.html', id='the changelog'),
        pytest.param('site/static', NO_LISTING, 'read {}/site/static', id='a directory nobody may list'),
        pytest.param('site/pypi/foo', NO_LISTING, 'read {}/site/pypi/foo', id='a project nobody may list'),
    ],
)
def test_a_directory_that_lost_a_permission_is_one_clear_line(
    directory: str, mode: int, refused: str, site: Path, tmp_path: Path, fresh: dict[str, Entries]
) -> None:
    assert OLD.build(tmp_path / 'published') == 0
    command = [sys.executable, '-m', 'dumb_pypi', *arguments(NEW, site)]
    # The path lists are there already, as they are on every day but the first.
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
    """Root may do what permissions forbid, unless it gives that up."""
    if os.geteuid() != 0:
        return []
    if shutil.which('setpriv') is None:
        missing('setpriv', 'apt-get install util-linux')
    capabilities = '-dac_override,-dac_read_search'
    return ['setpriv', f'--bounding-set={capabilities}', f'--inh-caps={capabilities}']
