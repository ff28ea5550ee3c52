"""Checks that published files stay the same: with `--add`, known files must have the known path and hash."""

from __future__ import annotations

from collections.abc import Iterable

from dumb_pypi.errors import shown
from dumb_pypi.package_list.file_names import VARIANTS
from dumb_pypi.package_list.lines import Package
from dumb_pypi.pool.files import Listed
from dumb_pypi.pool.known import Knowledge, sha256_of
from dumb_pypi.pool.notes import Notes


def _before(file: Listed, knowledge: Knowledge) -> Package | None:
    """Return the known line of a file; `None` for `-variants.json`, which changes with each wheel (PEP 825)."""
    if file.distribution.packagetype == VARIANTS:
        return None
    return knowledge.by_name.get(file.package.filename)


def check_paths(files: Iterable[Listed], knowledge: Knowledge, notes: Notes) -> None:
    """Raise `Failure` for files that have another path in the known list."""
    for file in files if knowledge.adds else ():
        before = _before(file, knowledge)
        if before is not None and before.path != file.package.path:
            notes.refuse(file.entry.shown, f'it is known as {shown(before.path)}, not as {shown(file.package.path)}')
    notes.fail()


def check_hash(file: Listed, knowledge: Knowledge, notes: Notes) -> None:
    """Warn if a file was overwritten; with `--add`, refuse it. Installers that have locked its hash would fail."""
    before = _before(file, knowledge)
    was, now = before and sha256_of(before), sha256_of(file.package)
    if was is None or was == now:
        return
    if knowledge.adds:
        notes.refuse(file.entry.shown, f'it is known with {was}, not with {now}; make a new version of it')
    else:
        notes.add(file.entry.shown, f'overwritten: it is no longer the file with {was}')


def check_dropped(file: Listed, knowledge: Knowledge, notes: Notes) -> None:
    """With `--add`, refuse an unreadable file whose size differs from that of the known file with this name."""
    before = _before(file, knowledge)
    if knowledge.adds and before is not None and before.size not in (None, file.entry.size):
        notes.refuse(file.entry.shown, f'it is known with {before.size:,} bytes, not with {file.entry.size:,}')
