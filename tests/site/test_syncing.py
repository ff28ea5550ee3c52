"""Everything in a record survives a power cut, because of what is synced and when."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from testing.sites import build, mtimes
from testing.states import RECORD, State, entries

FOO = {'filename': 'Foo_Bar-1.0.tar.gz', 'upload_timestamp': 1700000000}
BAZ = {'filename': 'baz-1.0.tar.gz', 'upload_timestamp': 1700000060}

# Prints, in order, the targets of renames and the functions that are looked up in the C library.
TOLD = """
import json, os, sys
from dumb_pypi.main import main

def hook(event, args):
    if event == 'os.rename':
        told.append(os.path.relpath(args[1], sys.argv[-1]))
    elif event == 'ctypes.dlsym':
        told.append(args[1])

def sync():
    raise AssertionError('every file system is synced')

told, os.sync = [], sync
sys.addaudithook(hook)
status = main(sys.argv[1:])
print(json.dumps(told))
raise SystemExit(status)
"""


def moves(site: Path) -> list[str]:
    arguments = ['--package-list-json', str(site.with_name('site.jsonl')), '--packages-url', '../../pool/']
    command = [sys.executable, '-c', TOLD, *arguments, '--output-dir', str(site)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told: list[str] = json.loads(done.stdout)
    return told


def test_the_file_system_of_the_site_is_synced_between_its_pages_and_its_record(tmp_path: Path) -> None:
    """No other file system is synced; a run without changes syncs nothing."""
    site = tmp_path / 'site'
    assert build(site, [FOO]) == 0
    assert build(tmp_path / 'fresh' / 'site', [FOO, BAZ]) == 0
    (tmp_path / 'fresh' / 'site.jsonl').replace(tmp_path / 'site.jsonl')
    told = moves(site)
    assert told[0] == '.dumb-pypi.pending'
    assert {'simple/baz', 'packages.json', '.dumb-pypi.uploads/2023-11'} <= set(told[1:-2])
    assert told[-2:] == ['syncfs', RECORD]
    assert moves(site) == []


class Library:
    """The C library of a system with a failing disk, or of an old system."""

    def __init__(self, number: int) -> None:
        self.number = number

    def syncfs(self, descriptor: int) -> int:
        ctypes.set_errno(self.number)
        return -1


def test_no_record_is_written_if_syncing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / 'site'
    assert build(site, [FOO]) == 0
    record = (site / RECORD).read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(ctypes, 'CDLL', lambda *_, **__: Library(errno.EIO))
        assert build(site, [FOO, BAZ]) == 1
    assert capfd.readouterr() == ('', f'cannot write {site}: Input/output error\n')
    assert (site / RECORD).read_bytes() == record
    assert build(site, [FOO, BAZ]) == 0
    assert entries(site) == State([FOO, BAZ]).build_anew(tmp_path / 'fresh')


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that records the synced paths. '*' means everything."""
    found: list[str] = []
    fsync, sync = os.fsync, os.sync

    def noted_fsync(descriptor: int) -> None:
        fsync(descriptor)
        found.append(os.readlink(f'/proc/self/fd/{descriptor}'))

    def noted_sync() -> None:
        sync()
        found.append('*')

    monkeypatch.setattr(os, 'fsync', noted_fsync)
    monkeypatch.setattr(os, 'sync', noted_sync)
    return found


def no_library(*_: Any, **__: Any) -> None:
    raise OSError('no such library')


def old_library(*_: Any, **__: Any) -> Library:
    return Library(errno.ENOSYS)


@pytest.mark.parametrize('library', [no_library, old_library])
def test_without_syncfs_the_few_files_and_directories_that_changed_are_synced(
    library: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synced: list[str]
) -> None:
    """For a removed file, its directory is synced."""
    site = tmp_path / 'site'
    assert build(site, [FOO, BAZ]) == 0
    synced.clear()
    before = mtimes(site)
    monkeypatch.setattr(ctypes, 'CDLL', library)
    assert build(site, [FOO]) == 0
    changed = {path for path, when in mtimes(site).items() if before.get(path) != when} - {RECORD}
    assert {'simple/index.html', 'packages.json', '.dumb-pypi.uploads/2023-11'} <= changed
    directories = {path.rpartition('/')[0] for path in changed} | {'', 'simple', 'pypi', 'project'}  # the paths of baz
    record = synced.index(str(site / '.dumb-pypi.tmp' / RECORD))
    assert synced[2:record] == [str(site / path) for path in sorted(changed | directories)]


def test_without_syncfs_many_files_are_synced_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synced: list[str]
) -> None:
    site = tmp_path / 'site'
    monkeypatch.setattr(ctypes, 'CDLL', no_library)
    assert build(site, [{'filename': f'Foo_{number}-1.0.tar.gz'} for number in range(20)]) == 0
    directory = str(site)
    pending, record = (str(site / '.dumb-pypi.tmp' / name) for name in ('.dumb-pypi.pending', RECORD))
    assert synced == [pending, directory, '*', record, directory]


def test_a_path_list_is_synced_before_the_site_changes(tmp_path: Path, synced: list[str]) -> None:
    """Otherwise a page could be published without ever reaching a copying step."""
    site, changed = tmp_path / 'site', tmp_path / 'changed'
    assert build(site, [FOO], '--changed-paths', str(changed)) == 0
    assert synced.index(str(changed)) < synced.index(str(site / '.dumb-pypi.tmp/.dumb-pypi.pending'))
