"""What is staged becomes the site: pages first, then what links to them, then removals, and the record last."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from dumb_pypi.pages.paths import DIRECTORIES, PROJECT_DIRECTORIES
from dumb_pypi.site.directory import Site, read_names, remove_file
from dumb_pypi.site.ownership import OWN
from dumb_pypi.site.record import NOTE, PENDING, RECORD, UPLOADS, Note, Pending, Record, write_document
from dumb_pypi.site.syncing import FEW, sync_site


class Documents(NamedTuple):
    """What the program says of itself in the output directory, before anything changes and when all has."""

    before_path: str
    before: Pending | Note  # names what is about to be owned, so that none is in doubt when the run is killed
    after_path: str
    after: Record | Note
    found: Record | Note | None  # at `after_path`


def documents_in_place(site: Site, found: Record | None, record: Record) -> Documents:
    """The output directory is the site."""
    known = found or Record.of_nothing()
    projects = {*site.owned.projects, *record.projects} - known.projects.keys()
    pages = {*site.owned.pages, *record.pages} - set(known.pages)
    return Documents(PENDING, Pending(sorted(projects), sorted(pages)), RECORD, record, found)


def documents_elsewhere(
    site: Site, found: Note | None, record: Record, updated: Sequence[str], shared: Sequence[str], is_known: bool
) -> Documents:
    """The output directory has what the site elsewhere lacks; `is_known` says that the note is of this fingerprint."""
    known = found.projects if found is not None else {}
    pages = sorted(path for path in shared if site.owned.has(path) or os.path.exists(f'{site.staged}/{path}'))
    before = Note(
        record.fingerprint if is_known else '',
        {**known, **dict.fromkeys(updated, '')},
        sorted({*site.owned.pages, *pages}),
    )
    digests = {name: entry.digest for name, entry in record.projects.items() if name in before.projects}
    nothing = Note(record.fingerprint, {}, [])  # needs no note
    return Documents(NOTE, before, NOTE, Note(record.fingerprint, digests, pages), found or nothing)


def read_staged(site: Site, paths: Iterable[str]) -> Iterator[str]:
    """The staged files at or below these paths, in the order in which they are moved."""
    return (found for path in paths for found in site.read_staged_paths(path))


def publish(
    site: Site, updated: Sequence[str], shared: Sequence[str], stale: Sequence[str], documents: Documents
) -> None:
    """Raises `Failure` before anything changes where a page would take the place of what others have there."""
    paths = [*(f'{directory}/{name}' for name in updated for directory in PROJECT_DIRECTORIES), *shared]
    removed = [path for path in stale if site.has_page(path)]
    record = documents.after if isinstance(documents.after, Record) else None
    if removed or any(record is not None or not name.startswith(OWN) for name in read_names(site.staged)):
        site.check_obstacles()
        site.changed.write_paths(read_staged(site, paths))
        write_document(site, documents.before_path, documents.before)
        moved = list(itertools.islice(read_staged(site, [*paths, UPLOADS]), FEW + 1))
        new = [directory for directory in DIRECTORIES if directory not in site.top]  # moved as a whole
        for path in [*new, *(path for path in paths if path.partition('/')[0] not in new)]:
            site.write_into_place(path)
        site.forget_directories()
        site.removed.write_paths(removed)
        for path in stale:
            site.remove_page(path)
        if record is not None:
            write_uploads_into_place(site, record.months)
        # A record that survives a power cut must not tell of pages that did not.
        sync_site(site.directory, [*moved, *removed])
    if documents.after != documents.found:
        write_document(site, documents.after_path, documents.after)
    for name in {PENDING, NOTE} - {documents.after_path}:
        remove_file(site.full(name), site.directory)


def write_uploads_into_place(site: Site, months: Mapping[str, object]) -> None:
    """Moves the data of the changelog, and removes that of months without uploads."""
    site.write_into_place(UPLOADS)
    for month in set(read_names(site.full(UPLOADS))) - months.keys():
        remove_file(site.full(f'{UPLOADS}/{month}'), site.directory)
