"""Publishes what is staged: pages first, then pages that link to them, then removals, and the record last."""

from __future__ import annotations

import filecmp
import itertools
import os
import stat
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from dumb_pypi.errors import Failure, attempt, cannot, shown
from dumb_pypi.pages.kinds import DIRECTORIES
from dumb_pypi.site.directory import Site, read_names, remove_file
from dumb_pypi.site.path_lists import PathLists
from dumb_pypi.site.record import AUDITS, NOTE, PENDING, RECORD, UPLOADS, Note, Pending, Record, write_document
from dumb_pypi.site.staging import Staging
from dumb_pypi.site.syncing import FEW, sync_site


class Publication(NamedTuple):
    """The changes that a run publishes."""

    staging: Staging
    paths: Sequence[str]  # pages may be staged at or below these, in the order in which they are moved
    stale: Sequence[str]  # where stale pages may be, in the order in which they are removed
    in_place: bool  # whether the output directory is the site

    def read_written(self) -> Iterator[str]:
        """Yield the paths of the pages to write, in the order in which they are moved."""
        return self.staging.read_paths(self.paths)

    def read_removed(self) -> list[str]:
        """Return the paths of the pages to remove, in order. In another place, any of them may exist."""
        return [path for path in self.stale if not self.in_place or self.staging.site.has_page(path)]


def publish(publication: Publication, lists: PathLists, record: Record, found: Record | None) -> None:
    """Publish in the output directory, which is the site. `found` is its record before this run.

    Raises `Failure` before anything changes if a foreign file is in the way of a page.
    """
    staging, site = publication.staging, publication.staging.site
    removed = publication.read_removed()
    if removed or read_names(staging.directory):
        known = found or Record.of_nothing()
        projects = {*site.owned.projects, *record.projects} - known.projects.keys()
        pages = {*site.owned.pages, *record.pages} - set(known.pages)
        check_obstacles(staging)
        lists.changed.write_paths(publication.read_written())
        # If this run is killed, the next one knows from this document what it owns.
        write_document(site, PENDING, Pending(sorted(projects), sorted(pages)))
        moved = list(itertools.islice(staging.read_paths([*publication.paths, UPLOADS, AUDITS]), FEW + 1))
        move_all(publication)
        lists.removed.write_paths(removed)
        remove_pages(site, publication.stale)
        write_uploads_into_place(staging, record.months.keys())
        move(staging, AUDITS)
        # Otherwise, after a power cut, the record could name pages that are lost.
        sync_site(site.directory, [*moved, *removed])
    if record != found:
        write_document(site, RECORD, record)
    for name in (PENDING, NOTE):
        remove_file(site.full(name), site.directory)


def publish_for_another_place(
    publication: Publication, lists: PathLists, fingerprint: str, is_known: bool, found: Note | None
) -> None:
    """Fill the output directory with exactly the pages that another place lacks. `found` is the note in the directory.

    `is_known` says whether the pages in the other place have this fingerprint. Raises `Failure` like `publish`.
    """
    staging, site = publication.staging, publication.staging.site
    found = found or Note(fingerprint, [])  # an empty note is not written
    note = Note(fingerprint, sorted(publication.read_written()))
    if note.paths or publication.stale or found.paths:
        old = sorted(site.owned.pages - set(note.paths))
        before = Note(fingerprint if is_known else '', sorted({*note.paths, *site.owned.pages}))
        check_obstacles(staging)
        lists.changed.write_paths(publication.read_written())
        if before != found:
            write_document(site, NOTE, before)
        remove_equal(staging, note.paths)
        moved = list(itertools.islice(publication.read_written(), FEW + 1))
        move_all(publication)
        lists.removed.write_paths(publication.stale)
        remove_pages(site, old)
        sync_site(site.directory, [*moved, *old])
        found = before
    if note != found:
        write_document(site, NOTE, note)


def obstacles(staging: Staging, path: str) -> Iterator[str]:
    """Yield the paths, at or below this one, where a page is staged and a foreign file exists."""
    site = staging.site
    with attempt('read', site.full(path)):
        try:
            mode = os.lstat(site.full(path)).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return
    if not os.path.isdir(staging.full(path)):
        if not stat.S_ISREG(mode) or not site.owned.has(path):
            yield path
    elif stat.S_ISDIR(mode):
        for name in read_names(staging.full(path)):
            yield from obstacles(staging, f'{path}/{name}')
    else:
        yield path


def check_obstacles(staging: Staging) -> None:
    """Raise `Failure` if a foreign file is in the way of a page."""
    found = [path for name in read_names(staging.directory) for path in obstacles(staging, name)]
    if found:
        more = f' (and {len(found) - 1} more)' if len(found) > 1 else ''
        raise Failure(
            f'{shown(staging.site.full(found[0]))}: in the way of a page, but not written by this program{more}; '
            'move it away, or build in an empty directory and swap'
        )


def move_all(publication: Publication) -> None:
    """Move all staged pages into the site. A new top directory is moved as a whole."""
    staging, site = publication.staging, publication.staging.site
    new = [directory for directory in DIRECTORIES if directory not in site.top]
    for path in [*new, *(path for path in publication.paths if path.partition('/')[0] not in new)]:
        move(staging, path)
    site.forget_directories()


def move(staging: Staging, path: str) -> None:
    """Move what is staged at this path into the site. A new directory is moved as a whole."""
    staged, target = staging.full(path), staging.site.full(path)
    if not os.path.exists(staged):
        return
    if os.path.isdir(target) and os.path.isdir(staged):
        for name in staging.read_names(path):
            move(staging, f'{path}/{name}')
        return
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.replace(staged, target)
    except OSError as error:
        raise cannot('write', staging.site.full(next(staging.read_paths([path]))), error) from None


def remove_equal(staging: Staging, paths: Sequence[str]) -> None:
    """Remove staged files that equal those in the output directory, so that unchanged files are not touched."""
    for path in paths:
        target = staging.site.full(path)
        if staging.site.has_page(path):
            with attempt('read', target):
                is_equal = filecmp.cmp(staging.full(path), target, shallow=False)
            if is_equal:
                os.unlink(staging.full(path))


def remove_pages(site: Site, paths: Sequence[str]) -> None:
    for path in paths:
        site.remove_page(path)


def write_uploads_into_place(staging: Staging, months: AbstractSet[str]) -> None:
    """Move the changelog data into the site, and remove the data of months without uploads."""
    site = staging.site
    move(staging, UPLOADS)
    for month in set(read_names(site.full(UPLOADS))) - months:
        remove_file(site.full(f'{UPLOADS}/{month}'), site.directory)


def write_path_lists(site: Site, lists: PathLists) -> None:
    """Clean up the path lists: each path once, written paths that exist, and removed paths that do not."""
    lists.changed.write_settled(lambda path: os.path.exists(site.full(path)))
    lists.removed.write_settled(lambda path: not os.path.exists(site.full(path)))
