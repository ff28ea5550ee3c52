"""`dumb-pypi-list`: the facts of files and projects, which files are read again, and which are ignored."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from dumb_pypi import __version__
from dumb_pypi.main import main as generate
from dumb_pypi.pool import files, listing
from dumb_pypi.pool.directory import Directory
from dumb_pypi.pool.places import PoolFile
from testing.distributions import UPLOADED, read_metadata
from testing.long import LONG
from testing.pools import (
    Outcome,
    described_sdist,
    described_wheel,
    headers,
    make_pool,
    make_tar,
    make_zip,
    run_list,
    settled,
)
from testing.sites import PACKAGES_URL, write_list
from testing.tools import ROOT


def sha256(content: bytes) -> str:
    return f'sha256={hashlib.sha256(content).hexdigest()}'


def listed(*arguments: str | Path) -> Outcome:
    """Run the list maker. There must be no messages."""
    outcome = run_list(*arguments)
    assert (outcome.status, outcome.messages) == (0, '')
    return outcome


def generated(outcome: Outcome, directory: Path) -> bytes:
    """Build the site of the list with `--strict` and without messages, and return its `packages.json`."""
    directory.mkdir()
    (directory / 'list').write_bytes(outcome.output)
    arguments = ['--strict', '--allow-empty', '--package-list-json', str(directory / 'list')]
    assert generate([*arguments, '--packages-url', PACKAGES_URL, '--output-dir', str(directory / 'site')]) == 0
    return (directory / 'site' / 'packages.json').read_bytes()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that records the names of files as the program opens them."""
    names: list[str] = []
    really = Directory.opened

    def open_and_note(self: Directory, entry: PoolFile) -> Any:
        names.append(entry.path)
        return really(self, entry)

    monkeypatch.setattr(Directory, 'opened', open_and_note)
    return names


def test_the_generator_never_loads_what_opens_files() -> None:
    code = 'import sys, dumb_pypi.main; print([name for name in sys.modules if "pool" in name or name == "tarfile"])'
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT, check=True, capture_output=True, encoding='utf-8')
    assert done.stdout == '[]\n'


@pytest.mark.parametrize('command', [['-m', 'dumb_pypi.pool'], ['-c', 'from dumb_pypi.pool.main import main; main()']])
def test_the_command_says_its_version(command: list[str]) -> None:
    command = [sys.executable, *command, '--version']
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, encoding='utf-8')
    assert done.stdout == f'dumb-pypi-list {__version__}\n'


# ------------------------------------------------------------------------------------------------- lines


def test_a_list_has_all_facts_of_the_files(tmp_path: Path) -> None:
    wheel = described_wheel(
        tmp_path / 'team', 'foo', '1.0', 'Summary: Does foo', 'Requires-Python: >=3.8', 'Requires-Dist: bar (>=1)'
    )
    sdist = described_sdist(tmp_path, 'foo', '1.0', 'Summary: Not this', 'Requires-Dist: baz')
    assert listed(tmp_path).lines == [
        {'project': 'foo', 'summary': 'Does foo'},
        {
            'filename': 'team/foo-1.0-py3-none-any.whl',
            'hash': sha256(wheel.read_bytes()),
            'size': wheel.stat().st_size,
            'requires_python': '>=3.8',
            'requires_dist': ['bar (>=1)'],
            'upload_timestamp': UPLOADED,
        },
        {
            'filename': 'foo-1.0.tar.gz',
            'hash': sha256(sdist.read_bytes()),
            'size': sdist.stat().st_size,
            'requires_dist': ['baz'],
            'upload_timestamp': UPLOADED,
        },
    ]


def test_the_list_equals_packages_json_of_its_site(tmp_path: Path) -> None:
    outcome = listed('--write-metadata', make_pool(tmp_path / 'pool'))
    assert generated(outcome, tmp_path / 'made') == outcome.output


@pytest.mark.parametrize('jobs', ['1', '7'])
def test_the_same_folder_gives_the_same_bytes(jobs: str, tmp_path: Path) -> None:
    pool = make_pool(tmp_path / 'pool')
    once = listed('--write-metadata', pool)
    assert len(once.lines) == 8
    assert listed(pool, '--jobs', jobs).output == once.output


@pytest.mark.parametrize(
    ('more', 'expected'),
    [
        pytest.param((), [], id='none'),
        pytest.param(('Requires-Dist: a', 'Requires-Dist: b'), ['a', 'b'], id='static'),
        pytest.param(('Requires-Dist: a', 'Dynamic: Requires-Dist'), None, id='dynamic'),
        pytest.param(('Requires-Dist: a', 'Dynamic: Version'), ['a'], id='another field is dynamic'),
    ],
)
def test_an_sdist_has_dependencies_if_a_build_cannot_change_them(
    more: tuple[str, ...], expected: list[str] | None, tmp_path: Path
) -> None:
    described_sdist(tmp_path, 'foo', '1.0', *more)
    assert listed(tmp_path).lines[-1].get('requires_dist') == expected


@pytest.mark.parametrize('version', ['1.0', '1.2', '2.1', 'new', ''])
def test_an_sdist_with_old_metadata_has_no_dependencies(version: str, tmp_path: Path) -> None:
    metadata = headers('foo', '1.0', 'Requires-Dist: a').replace(b'Version: 2.2', f'Version: {version}'.encode())
    make_tar(tmp_path / 'foo-1.0.tar.gz', {'foo-1.0/PKG-INFO': metadata})
    assert 'requires_dist' not in listed(tmp_path).lines[0]


def test_metadata_of_version_10_is_newer_than_that_of_version_2(tmp_path: Path) -> None:
    metadata = headers('foo', '1.0', 'Requires-Dist: a').replace(b'Version: 2.2', b'Version: 10.0')
    make_tar(tmp_path / 'foo-1.0.tar.gz', {'foo-1.0/PKG-INFO': metadata})
    assert listed(tmp_path).lines[0]['requires_dist'] == ['a']


@pytest.mark.parametrize(
    ('filename', 'mode'),
    [
        ('foo-1.0.tar', 'w'),
        ('foo-1.0.tar.gz', 'w:gz'),
        ('foo-1.0.tgz', 'w:gz'),
        ('foo-1.0.tar.bz2', 'w:bz2'),
        ('foo-1.0.tar.xz', 'w:xz'),
        ('foo-1.0.tar.gz', 'w:bz2'),
    ],
)
def test_sdists_are_read_however_they_are_compressed(filename: str, mode: str, tmp_path: Path) -> None:
    members = {'foo-1.0': b'', './foo-1.0/PKG-INFO': headers('foo', '1.0', 'Requires-Python: >=3.9')}
    make_tar(tmp_path / filename, members, mode)
    assert listed(tmp_path).lines[0]['requires_python'] == '>=3.9'


def test_a_zip_file_can_be_an_sdist(tmp_path: Path) -> None:
    inner = {'foo-1.0/foo.egg-info/PKG-INFO': b'', 'foo-1.0/PKG-INFO': headers('foo', '1.0', 'Requires-Python: >=3.9')}
    make_zip(tmp_path / 'foo-1.0.zip', inner)
    assert listed(tmp_path).lines[0]['requires_python'] == '>=3.9'


@pytest.mark.parametrize(
    'filename',
    [
        'foo-1.0.tar.Z',
        'foo-1.0-py2.7.egg',
        'foo-1.0.win32-py2.7.exe',
        'foo-1.0.win-amd64-py2.7.msi',
        'foo-1.0-1.noarch.rpm',
        'foo-1.0.linux-x86_64.tar.gz',
    ],
)
def test_a_file_without_readable_metadata_is_listed_with_its_visible_facts(filename: str, tmp_path: Path) -> None:
    settled(write(tmp_path / filename, b'1'))
    line = {'filename': filename, 'hash': sha256(b'1'), 'size': 1, 'upload_timestamp': UPLOADED}
    assert listed(tmp_path).lines == [line]


@pytest.mark.parametrize(
    'members',
    [
        pytest.param({'setup.py': b''}, id='none'),
        pytest.param({'foo-1.0/PKG-INFO': headers('UNKNOWN', '0.0.0')}, id='that of a setup.py without a name'),
        pytest.param({'foo-1.0/PKG-INFO': b''}, id='empty'),
        pytest.param({'foo-1.0/src/PKG-INFO': headers('foo', '1.0')}, id='deep inside'),
    ],
)
def test_an_sdist_without_metadata_is_listed_silently(members: dict[str, bytes], tmp_path: Path) -> None:
    make_tar(tmp_path / 'foo-1.0.tar.gz', members)
    [line] = listed(tmp_path).lines
    assert line.keys() == {'filename', 'hash', 'size', 'upload_timestamp'}


def test_metadata_of_vendored_packages_is_not_that_of_the_wheel(tmp_path: Path) -> None:
    members = {
        'foo/_vendor/bar-2.0.dist-info/METADATA': headers('bar', '2.0', 'Requires-Python: >=2'),
        'foo-1.0.dist-info/METADATA': headers('foo', '1.0', 'Requires-Python: >=3'),
    }
    make_zip(tmp_path / 'foo-1.0-py3-none-any.whl', members)
    assert listed(tmp_path).lines[-1]['requires_python'] == '>=3'


@pytest.mark.parametrize(
    ('seconds', 'expected'),
    [
        pytest.param(-1, None, id='before 1970'),
        pytest.param(0, 0, id='1970'),
        pytest.param(1.5, 1.5, id='a fraction'),
        pytest.param(2**33, None, id='after 2242'),
    ],
)
def test_a_time_outside_the_range_of_a_list_is_left_out(seconds: float, expected: float | None, tmp_path: Path) -> None:
    path = described_wheel(tmp_path / 'pool', 'foo', '1.0')
    os.utime(path, (seconds, seconds))
    outcome = listed(tmp_path / 'pool')
    assert outcome.lines[-1].get('upload_timestamp') == expected
    assert generated(outcome, tmp_path / 'made') == outcome.output
    if seconds == 1.5:
        os.utime(path, ns=(1_500_000_499, 1_500_000_499))
        assert listed(tmp_path / 'pool').output == outcome.output


def test_an_invalid_requires_python_is_left_out(tmp_path: Path) -> None:
    described_wheel(tmp_path / 'pool', 'foo', '1.0', 'Requires-Python: >=3.x')
    described_wheel(tmp_path / 'pool', 'bar', '1.0', 'Requires-Python:  ')
    outcome = listed(tmp_path / 'pool')
    assert not any('requires_python' in line for line in outcome.lines)
    assert generated(outcome, tmp_path / 'made') == outcome.output


def test_a_provenance_file_is_listed_for_the_generator_to_see(tmp_path: Path) -> None:
    pool = make_pool(tmp_path / 'pool')
    for name in ('foo-1.0-py3-none-any.whl.provenance', 'gone-1.0.tar.gz.provenance'):
        write(pool / name, b'{}')
    outcome = listed(pool)
    line = {'filename': 'foo-1.0-py3-none-any.whl.provenance'}
    assert [each for each in outcome.lines if each['filename'].endswith('.provenance')] == [line]
    (tmp_path / 'list').write_bytes(outcome.output)
    arguments = ['--strict', '--package-list-json', str(tmp_path / 'list'), '--output-dir', str(tmp_path / 'site')]
    assert generate([*arguments, '--packages-url', 'https://files.example.com/']) == 0
    page = (tmp_path / 'site' / 'simple' / 'foo' / 'index.html').read_text(encoding='utf-8')
    assert page.count('https://files.example.com/foo-1.0-py3-none-any.whl.provenance') == 1


# ------------------------------------------------------------------------------------------------- projects


@pytest.mark.parametrize(
    ('names', 'expected'),
    [
        pytest.param(['1.0', '2.0', '3.0a1'], '2.0', id='the latest final one'),
        pytest.param(['1.0a1', '1.0b1'], '1.0b1', id='no final one'),
        pytest.param(['9', '10'], '10', id='by version'),
    ],
)
def test_the_latest_release_decides_the_facts_of_the_project(names: list[str], expected: str, tmp_path: Path) -> None:
    for version in names:
        described_wheel(tmp_path, 'foo', version, f'Summary: As of {version}')
    assert listed(tmp_path).projects()['foo']['summary'] == f'As of {expected}'


def test_the_first_wheel_precedes_other_wheels_and_they_precede_an_sdist(tmp_path: Path) -> None:
    described_sdist(tmp_path, 'foo', '1.0', 'Summary: sdist')
    assert listed(tmp_path).projects() == {'foo': {'project': 'foo', 'summary': 'sdist'}}
    described_wheel(tmp_path, 'foo', '1.0', 'Summary: py3', tag='py3-none-any')
    assert listed(tmp_path).projects() == {'foo': {'project': 'foo', 'summary': 'py3'}}
    described_wheel(tmp_path, 'foo', '1.0', 'Summary: cp39', tag='cp39-none-any')
    assert listed(tmp_path).projects() == {'foo': {'project': 'foo', 'summary': 'cp39'}}
    make_zip(tmp_path / 'foo-1.0-cp38-none-any.whl', {'without': b'metadata'})
    write(tmp_path / 'foo-1.0-cp37-none-any.whl', b'broken')
    assert run_list(tmp_path).projects() == {'foo': {'project': 'foo', 'summary': 'cp39'}}
    described_wheel(tmp_path, 'foo', '1.0', tag='cp36-none-any')
    assert run_list(tmp_path).projects() == {}


def test_if_the_latest_release_is_unreadable_the_one_before_it_decides(tmp_path: Path) -> None:
    described_wheel(tmp_path, 'foo', '1.0', 'Summary: readable')
    write(tmp_path / 'foo-2.0-py3-none-any.whl', b'broken')
    write(tmp_path / 'bar-1.0-py3-none-any.whl', b'broken')
    outcome = run_list(tmp_path)
    assert (outcome.status, outcome.messages.count('\n')) == (0, 2)
    assert outcome.projects() == {'foo': {'project': 'foo', 'summary': 'readable'}}
    (tmp_path / 'list').write_bytes(outcome.output)
    assert run_list('--known', tmp_path / 'list', tmp_path).output == outcome.output


# ------------------------------------------------------------------------------------------------- the walk


def test_files_that_are_no_distributions_are_ignored(tmp_path: Path) -> None:
    pool = make_pool(tmp_path / 'pool')
    expected = listed(pool).output
    for path in (
        'README.md',
        'index.html',
        'foo.tar.xz',
        '.foo-2.0-py3-none-any.whl',
        '.cache/foo-2.0-py3-none-any.whl',
        'foo-2.0-py3-none-any.whl.part',
        'foo-2.0-py3-none-any.whl.tmp',
        'foo-2.0-py3-none-any.whl~',
        'foo-2\n.0.tar.xz',
        'gone-1.0-py3-none-any.whl.metadata',
    ):
        write(pool / path, b'x')
    write(pool / os.fsdecode(b'foo-2.\xff.tar.xz'), b'x')
    os.mkfifo(pool / 'upload-here')
    (pool / 'foo-3.0-py3-none-any.whl').mkdir()
    assert listed(pool).output == expected


def test_links_to_files_are_followed_and_links_to_directories_are_not(tmp_path: Path) -> None:
    described_wheel(tmp_path / 'elsewhere', 'foo', '1.0')
    pool = tmp_path / 'pool'
    pool.mkdir()
    (pool / 'linked').symlink_to(tmp_path / 'elsewhere')
    (pool / 'around').symlink_to(pool)
    (pool / 'bar-1.0.tar.gz').symlink_to('nowhere')
    (pool / 'bar-2.0.tar.gz').symlink_to('bar-2.0.tar.gz')
    (pool / 'bar-3.0.tar.gz').symlink_to(tmp_path / 'elsewhere' / 'foo-1.0-py3-none-any.whl' / 'inside')
    assert listed(pool).lines == []
    (pool / 'foo-1.0-py3-none-any.whl').symlink_to(tmp_path / 'elsewhere' / 'foo-1.0-py3-none-any.whl')
    assert listed('--write-metadata', pool).files().keys() == {'foo-1.0-py3-none-any.whl'}
    assert (pool / 'foo-1.0-py3-none-any.whl.metadata').read_bytes() == headers('foo', '1.0')


def test_an_empty_pool_is_an_empty_list(tmp_path: Path) -> None:
    assert listed(tmp_path).output == b''


def test_a_file_that_changes_while_it_is_read_is_in_the_list_of_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = make_pool(tmp_path / 'pool')
    whole = (pool / 'foo-1.0-py3-none-any.whl').read_bytes()
    really = Directory.opened
    change: dict[str, Callable[[Path], object]] = {
        'foo-1.0-py3-none-any.whl': lambda path: write(path, whole + b'more'),  # so the end of the archive has moved
        'foo-1.0.tar.gz': lambda path: os.utime(path, (1, 1)),
        'bar-1.0.tar.gz': lambda path: write(path, b'only the beginning'),
        'bar-1.0-py3-none-any.whl': lambda path: path.unlink(),
        'egg-1.0-py3.13.egg': lambda path: write(path, b'more'),
        'egg-1.1-py3.13.egg': lambda path: write(path, b'm'),
    }
    for name in ('egg-1.0-py3.13.egg', 'egg-1.1-py3.13.egg'):
        write(pool / name, b'egg')

    @contextlib.contextmanager
    def open_and_change(self: Directory, entry: PoolFile) -> Iterator[IO[bytes]]:
        with really(self, entry) as file:
            if entry.path in change:
                change[entry.path](pool / entry.path)
            yield file

    monkeypatch.setattr(Directory, 'opened', open_and_change)
    names = listed(pool).files().keys()
    monkeypatch.undo()
    assert names == {f'{name}-1.1{rest}' for name in ('foo', 'bar') for rest in ('-py3-none-any.whl', '.tar.gz')}
    write(pool / 'bar-1.0.tar.gz', (pool / 'bar-1.1.tar.gz').read_bytes())
    assert len(listed(pool).files()) == 9


def test_a_file_that_vanishes_before_it_is_read_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = make_pool(tmp_path / 'pool')
    really = files.read_pool

    def read_and_remove(*arguments: Any) -> Any:
        found = really(*arguments)
        (pool / 'foo-1.1.tar.gz').unlink()
        return found

    monkeypatch.setattr(listing, 'read_pool', read_and_remove)
    assert len(listed(pool).files()) == 7


# ------------------------------------------------------------------------------------------------- sidecars


def test_metadata_is_written_beside_wheels_byte_for_byte_with_the_mode_of_the_umask(tmp_path: Path) -> None:
    pool = make_pool(tmp_path / 'pool')
    before = os.umask(0o027)
    try:
        outcome = listed('--write-metadata', pool)
    finally:
        os.umask(before)
    sidecars = sorted(pool.glob('*.metadata'))
    assert [path.name for path in sidecars] == sorted(f'{path.name}.metadata' for path in pool.glob('*.whl'))
    for path in sidecars:
        wheel = path.with_suffix('')
        assert path.read_bytes() == read_metadata(wheel)
        assert outcome.files()[wheel.name]['core_metadata'] == sha256(path.read_bytes())
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert not [path for path in pool.iterdir() if path.name.startswith('.')]


def test_a_correct_sidecar_is_not_written_again(tmp_path: Path) -> None:
    pool = make_pool(tmp_path / 'pool')
    listed('--write-metadata', pool)
    before = {path.name: path.stat() for path in pool.iterdir()}
    listed('--write-metadata', pool)
    assert {path.name: path.stat().st_mtime_ns for path in pool.iterdir()} == {
        name: found.st_mtime_ns for name, found in before.items()
    }


@pytest.mark.parametrize('wrong', [b'', b'Name: foo\n', b'x' * 1000], ids=['empty', 'short', 'long'])
def test_a_wrong_sidecar_is_not_listed_and_is_corrected(wrong: bytes, tmp_path: Path) -> None:
    pool = tmp_path / 'pool'
    described_wheel(pool, 'foo', '1.0')
    sidecar = write(pool / 'foo-1.0-py3-none-any.whl.metadata', wrong)
    outcome = run_list(pool)
    assert outcome.messages == f'{sidecar}: ignored: it is not the METADATA of the wheel\n'
    assert 'core_metadata' not in outcome.lines[-1]
    (tmp_path / 'list').write_bytes(outcome.output)
    # The warning comes again with a known list.
    assert run_list('--known', tmp_path / 'list', pool) == outcome
    mended = listed('--known', tmp_path / 'list', '--write-metadata', pool)
    assert sidecar.read_bytes() == headers('foo', '1.0')
    assert mended.lines[-1]['core_metadata'] == sha256(headers('foo', '1.0'))


def test_unfinished_files_of_a_killed_run_are_removed_an_hour_later(tmp_path: Path) -> None:
    pool = make_pool(tmp_path / 'pool')
    old, new = write(pool / '.dumb-pypi-list.1.0', b''), write(pool / '.dumb-pypi-list.2.0', b'')
    os.utime(old, (UPLOADED, UPLOADED))
    listed(pool)
    assert old.exists()
    listed('--write-metadata', pool)
    assert (old.exists(), new.exists()) == (False, True)


# ------------------------------------------------------------------------------------------------- known


def test_known_files_are_not_opened(tmp_path: Path, opened: list[str]) -> None:
    pool = make_pool(tmp_path / 'pool')
    outcome = listed('--write-metadata', pool)
    (tmp_path / 'list').write_bytes(outcome.output)
    (tmp_path / 'site.json').write_bytes(generated(outcome, tmp_path / 'made'))
    for known in ('list', 'site.json'):
        opened.clear()
        assert listed('--known', tmp_path / known, '--write-metadata', pool).output == outcome.output
        assert opened == []
    described_wheel(pool, 'foo', '1.2', 'Summary: newer')
    assert listed('--known', tmp_path / 'list', pool).projects()['foo']['summary'] == 'newer'
    assert opened == ['foo-1.2-py3-none-any.whl']


def test_the_first_run_knows_nothing(tmp_path: Path) -> None:
    pool = make_pool(tmp_path / 'pool')
    assert listed('--known', tmp_path / 'none', pool).output == listed(pool).output
    (tmp_path / 'empty').touch()
    assert listed('--known', tmp_path / 'empty', pool).output == listed(pool).output


def test_a_known_wheel_is_opened_to_write_its_sidecar(tmp_path: Path, opened: list[str]) -> None:
    pool = make_pool(tmp_path / 'pool')
    outcome = listed('--write-metadata', pool)
    (tmp_path / 'list').write_bytes(outcome.output)
    sidecar = pool / 'foo-1.0-py3-none-any.whl.metadata'
    sidecar.unlink()
    opened.clear()
    assert 'core_metadata' not in listed('--known', tmp_path / 'list', pool).files()['foo-1.0-py3-none-any.whl']
    assert opened == []
    assert listed('--known', tmp_path / 'list', '--write-metadata', pool).output == outcome.output
    assert (opened, sidecar.exists()) == (['foo-1.0-py3-none-any.whl'], True)


def test_if_the_latest_release_is_gone_the_file_that_decides_now_is_read_again(
    tmp_path: Path, opened: list[str]
) -> None:
    for version in ('1.0', '2.0'):
        described_wheel(tmp_path / 'pool', 'foo', version, f'Summary: As of {version}')
        described_sdist(tmp_path / 'pool', 'foo', version)
    (tmp_path / 'list').write_bytes(listed(tmp_path / 'pool').output)
    (tmp_path / 'pool' / 'foo-2.0-py3-none-any.whl').unlink()
    (tmp_path / 'pool' / 'foo-2.0.tar.gz').unlink()
    opened.clear()
    assert listed('--known', tmp_path / 'list', tmp_path / 'pool').lines[0]['summary'] == 'As of 1.0'
    assert opened == ['foo-1.0-py3-none-any.whl']


def test_facts_from_people_are_not_taken_from_the_known_list(tmp_path: Path) -> None:
    pool = make_pool(tmp_path / 'pool')
    plain = listed(pool)
    wheel = {'filename': 'foo-1.1-py3-none-any.whl', 'yanked_reason': 'broken', 'uploaded_by': 'jane'}
    sdist = {'filename': 'foo-1.1.tar.gz', 'yanked': True}
    facts = write_list(tmp_path / 'facts', [wheel, sdist, {'project': 'Foo', 'status': 'archived'}])
    said = listed('--facts', facts, pool)
    assert said.output != plain.output
    (tmp_path / 'list').write_bytes(said.output)
    assert listed('--known', tmp_path / 'list', pool).output == plain.output
    assert listed('--known', tmp_path / 'list', '--facts', facts, pool).output == said.output


KNOWN_LINES = {
    'without a hash': {'hash': None},
    'with another hash': {'hash': f'md5={"0" * 32}'},
    'of another size': {'size': 1},
    'without a time': {'upload_timestamp': None},
}


@pytest.mark.parametrize('change', [pytest.param(change, id=name) for name, change in KNOWN_LINES.items()])
def test_a_known_line_that_does_not_match_the_file_is_ignored(change: dict[str, Any], tmp_path: Path) -> None:
    described_wheel(tmp_path / 'pool', 'foo', '1.0')
    outcome = listed(tmp_path / 'pool')
    known = write_list(tmp_path / 'known', [outcome.lines[0] | {'requires_python': '>=4'} | change])
    assert listed('--known', known, tmp_path / 'pool').output == outcome.output


def test_only_facts_that_a_run_could_have_written_are_taken_from_a_known_line(tmp_path: Path) -> None:
    described_wheel(tmp_path / 'pool', 'foo', '1.0')
    outcome = listed('--write-metadata', tmp_path / 'pool')
    strange: dict[str, Any] = {'requires_python': 'new', 'core_metadata': True, 'name': 'bar', 'x': 1}
    lines = [
        outcome.lines[0] | strange,
        {'filename': 'README.md'},
        {'filename': '../foo-1.0.tar.gz'},
        {'filename': 'gone-1.0.tar.gz'},
    ]
    known = write_list(tmp_path / 'known', lines)
    known.write_bytes(b'\xef\xbb\xbf' + known.read_bytes().replace(b'\n', b'\r\n\r\n'))
    assert listed('--known', known, tmp_path / 'pool').output == outcome.output


def uploaded(path: Path, dice: random.Random) -> None:
    """Give a file a unique time."""
    os.utime(path, ns=(0, dice.randrange(10**18)))


def any_release(dice: random.Random) -> tuple[str, str, str]:
    return dice.choice('ab'), f'{dice.randrange(4)}.{dice.randrange(3)}', f'Summary: {dice.random()}'


EDITS: list[Callable[[Path, random.Random], object]] = [
    lambda pool, dice: uploaded(described_wheel(pool, *any_release(dice)), dice),
    lambda pool, dice: uploaded(described_sdist(pool, *any_release(dice)), dice),
    lambda pool, dice: uploaded(described_wheel(pool / 'sub', 'c', *any_release(dice)[1:]), dice),
    lambda pool, dice: dice.choice(sorted(pool.rglob('*.*'))).unlink(),
    lambda pool, dice: write(dice.choice(sorted(pool.glob('*.whl'))), b'broken'),
    lambda pool, dice: uploaded(dice.choice(sorted(pool.rglob('*.*'))), dice),
]


def without_times(outcome: Outcome) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in line.items() if key not in ('upload_timestamp', 'modified')}
        for line in outcome.lines
    ]


def first_times(outcome: Outcome, before: dict[str, tuple[str, float]]) -> dict[str, tuple[str, float]]:
    """Check that each upload time is that of the first list with these bytes. Return hashes and times by file name."""
    times = {}
    for path, line in outcome.files().items():
        name, modified = path.rpartition('/')[2], line.get('modified', line['upload_timestamp'])
        same = name in before and before[name][0] == line['hash']
        assert line['upload_timestamp'] == (before[name][1] if same else modified)
        times[name] = (line['hash'], line['upload_timestamp'])
    return times


@pytest.mark.long
@pytest.mark.parametrize('seed', range(16 if LONG else 4))
def test_a_run_with_a_known_list_prints_the_same_as_a_run_without(seed: int, tmp_path: Path) -> None:
    """This is the first law of the generator, for the list maker: random edits, options and facts."""
    dice = random.Random(seed)
    pool, known = make_pool(tmp_path / 'pool'), tmp_path / 'known'
    times: dict[str, tuple[str, float]] = {}
    for round_ in range(15):
        for edit in dice.choices(EDITS, k=3):
            edit(pool, dice)
        files = sorted(path.name for path in pool.glob('*') if path.suffix in ('.whl', '.gz'))
        said = write_list(tmp_path / 'facts', [{'filename': name, 'yanked': True} for name in dice.sample(files, 2)])
        facts = [] if round_ % 3 else ['--facts', str(said)]
        writes: list[str] = dice.choice([[], ['--write-metadata']])
        first = run_list(*writes, '--known', known, *facts, pool)
        anew = run_list(*facts, pool)
        assert first.status == anew.status == 0
        assert without_times(first) == without_times(anew)
        times = first_times(first, times)
        known.write_bytes(first.output)
        assert run_list('--known', known, *facts, pool).output == first.output
    assert generated(anew, tmp_path / 'made') == anew.output


# ------------------------------------------------------------------------------------------------- people


def test_facts_from_people_are_added_to_the_lines(tmp_path: Path) -> None:
    pool = make_pool(tmp_path / 'pool')
    facts = write_list(
        tmp_path / 'facts',
        [
            {'filename': 'foo-1.1-py3-none-any.whl', 'yanked': True, 'uploaded_by': 'jane'},
            {'filename': 'foo-1.1-py3-none-any.whl', 'yanked_reason': '', 'uploaded_by': 'jane'},
            {'filename': 'foo-1.1.tar.gz', 'yanked_reason': 'broken'},
            {'filename': 'foo-1.0.tar.gz', 'yanked': False},
            {'project': 'Bar', 'status': 'archived', 'status_reason': 'no time'},
            '',
        ],
    )
    outcome = listed('--facts', facts, pool)
    plain = listed(pool)
    expected = {path: dict(line) for path, line in plain.files().items()}
    expected['foo-1.1-py3-none-any.whl'] |= {'yanked_reason': '', 'uploaded_by': 'jane'}
    expected['foo-1.1.tar.gz'] |= {'yanked_reason': 'broken'}
    assert outcome.files() == expected
    assert outcome.projects() == {'bar': {'project': 'bar', 'status': 'archived', 'status_reason': 'no time'}}
    assert generated(outcome, tmp_path / 'made') == outcome.output


def test_a_yanked_release_does_not_decide_the_facts_of_its_project(tmp_path: Path) -> None:
    for version in ('1.0', '2.0'):
        described_wheel(tmp_path / 'pool', 'foo', version, f'Summary: As of {version}')
    facts = write_list(tmp_path / 'facts', [{'filename': 'foo-2.0-py3-none-any.whl', 'yanked': True}])
    assert listed('--facts', facts, tmp_path / 'pool').lines[0]['summary'] == 'As of 1.0'
    facts = write_list(tmp_path / 'facts', [{'project': 'foo', 'status': 'quarantined'}])
    line = {'project': 'foo', 'summary': 'As of 2.0', 'status': 'quarantined'}
    assert listed('--facts', facts, tmp_path / 'pool').lines[0] == line


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
