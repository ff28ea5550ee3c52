"""The steps of a run: read the lists, compare, stage the changes, publish them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import NamedTuple

from dumb_pypi.changes import Changes, Shared, Work, stage_changes, stage_shared
from dumb_pypi.command_line import write_output
from dumb_pypi.earlier import AnotherPlace, InPlace
from dumb_pypi.errors import Failure, counted, is_terminal, tell
from dumb_pypi.fingerprint import read_fingerprint, read_is_same, read_own_files, read_with_renderers
from dumb_pypi.package_list.families import BATCH, read_families
from dumb_pypi.package_list.list_file import ListFile, ListOption, check_kind, read_list_file
from dumb_pypi.package_list.problems import Report
from dumb_pypi.pages.description import Descriptions
from dumb_pypi.pages.kinds import PROJECT_DIRECTORIES
from dumb_pypi.previous_list import in_another_place, own_noted_pages, read_is_known, waiting_paths
from dumb_pypi.processes import undisturbed
from dumb_pypi.publish import Publication, check_obstacles, publish, publish_for_another_place, write_path_lists
from dumb_pypi.settings import Settings
from dumb_pypi.site.directory import Site, make_temporary, remove_temporary, remove_work
from dumb_pypi.site.lock import locked
from dumb_pypi.site.ownership import NOTHING
from dumb_pypi.site.path_lists import PathList, PathLists
from dumb_pypi.site.published import Damaged, Published, read_published_files
from dumb_pypi.site.record import NOTE, PENDING, RECORD, Note, Record, is_sound, read_document, read_owned
from dumb_pypi.site.staging import Staging

LISTS = ('list', 'previous-list')  # copies of lists that came through a pipe


class Options(NamedTuple):
    """The options that do not shape the pages."""

    package_list: ListOption
    previous_package_list: ListOption | None
    output_dir: str
    strict: bool
    allow_empty: bool
    rebuild: bool
    max_delete: int | None
    changed_paths: str | None
    removed_paths: str | None
    dry_run: bool
    jobs: int


class Lists(NamedTuple):
    """The lists of a run."""

    current: ListFile
    previous: ListFile | None
    report: Report
    descriptions: Descriptions


def run(options: Options, settings: Settings) -> None:
    """Build and publish the site. Raises `Failure`."""
    with locked(options.output_dir):
        site = Site(options.output_dir)
        listed = (options.changed_paths, options.removed_paths)
        path_lists = PathLists(*(PathList(path, options.dry_run) for path in listed))
        site.check_own()
        remove_temporary(site.directory)
        try:
            make_temporary(site.temporary)
            lists = read_lists(site, options)
            try:
                build(site, options, settings, lists, path_lists, options.rebuild)
            except Damaged:
                remove_work(site.directory, but=LISTS)
                build(site, options, settings, lists, path_lists, rebuild=True)
        finally:
            with undisturbed():
                remove_temporary(site.directory)


def read_lists(site: Site, options: Options) -> Lists:
    previous = None
    path = os.path.join(site.temporary, LISTS[0])
    current = read_list_file(options.package_list, path)
    check_kind(current, '--package-list')
    if options.previous_package_list is not None:
        path = os.path.join(site.temporary, LISTS[1])
        previous = read_list_file(options.previous_package_list, path)
        check_kind(previous, '--previous-package-list')
    return Lists(current, previous, Report(options.strict), Descriptions())


def build(site: Site, options: Options, settings: Settings, lists: Lists, path_lists: PathLists, rebuild: bool) -> None:
    """Make the site match the list. Raises `Failure`, and `Damaged` if the record is wrong."""
    fingerprint, static = read_fingerprint(settings), list(read_own_files('static'))
    built = int(time.time()) if settings.generate_timestamp else None
    jobs = min(options.jobs, 1 + lists.current.size // BATCH)
    record, note = read_document(site, RECORD, Record), read_document(site, NOTE, Note)
    site.owned = read_owned(site, record, note)
    families = read_families(lists.current, jobs)
    published = read_published(site, None if rebuild else record, fingerprint)
    staging, place, names_files = Staging(site, site.temporary), InPlace(site), options.max_delete is not None
    work = Work(staging, lists.current, families, published, settings, lists.descriptions, place, names_files)
    if lists.previous is not None and not is_in_place(site):
        is_known = not rebuild and read_is_known(site, note, fingerprint)
        own_noted_pages(site, note)
        work = in_another_place(work, lists.previous, is_known, waiting_paths(site, path_lists), lists.report, jobs)
    changes = stage_changes(work, lists.report, jobs)
    lists.report.finish()
    check_changes(work, changes, options)
    if changes.updated or changes.removed or not work.published.is_known or isinstance(work.place, AnotherPlace):
        shared = stage_shared(work, changes, static, built, jobs)
    else:
        shared = Shared(published.record.months, published.record.pages, published.record.audits, [])
    if any(entry.is_described for entry in changes.projects.values()):
        fingerprint = read_with_renderers(fingerprint, lists.descriptions.outcome.is_complete)
    paths = [*(f'{top}/{name}' for name in changes.updated for top in PROJECT_DIRECTORIES), *shared.paths]
    stale = [*shared.stale, *changes.differences.stale]
    publication = Publication(staging, paths, stale, in_place=not isinstance(work.place, AnotherPlace))
    if options.dry_run:
        check_obstacles(staging)
        write_output(''.join(planned(publication)).encode())
        return
    said = done_line(changes, publication) if is_terminal() else None
    try:
        if isinstance(work.place, AnotherPlace):
            publish_for_another_place(publication, path_lists, fingerprint, work.place.is_known, note)
        else:
            after = Record(fingerprint, changes.families, changes.projects, shared.months, shared.paths, shared.audits)
            publish(publication, path_lists, after, record)
    finally:
        with undisturbed():
            write_path_lists(site, path_lists)
    if said is not None:
        tell(said)


def is_in_place(site: Site) -> bool:
    """Return whether the output directory is the site. If so, a previous list has no effect."""
    if any(os.path.lexists(site.full(name)) for name in (RECORD, PENDING)):
        return True
    return site.owned is not NOTHING and not os.path.lexists(site.full(NOTE))


def read_published(site: Site, record: Record | None, fingerprint: str) -> Published:
    """Return what the record says is published. Without a usable record, everything owned must be checked."""
    is_settled = not os.path.lexists(site.full(PENDING))
    if record is not None and is_settled and read_is_same(record.fingerprint, fingerprint) and is_sound(site, record):
        return Published.of(record, site.directory)
    return Published.unknown_but(site.owned.projects, site.directory)


def planned(publication: Publication) -> Iterator[str]:
    """Yield a line for each page that a run would write or remove."""
    yield from (f'+ {path}\n' for path in publication.read_written())
    yield from (f'- {path}\n' for path in publication.read_removed())


def done_line(changes: Changes, publication: Publication) -> str:
    """Return the line that a successful run prints at a terminal."""
    files = sum(entry.files for entry in changes.projects.values())
    written, removed = sum(1 for _ in publication.read_written()), len(publication.read_removed())
    done = f'{counted(written, "page")} written, {removed:,} removed' if written or removed else 'nothing to do'
    return f'{counted(len(changes.projects), "project")}, {counted(files, "file")}: {done}'


def check_changes(work: Work, changes: Changes, options: Options) -> None:
    """Raise `Failure` for a list that is probably not the intended one."""
    if not changes.projects and not options.allow_empty:
        raise Failure(f'{work.listed.label}: the list has no packages; use --allow-empty if that is intended')
    if options.max_delete is not None:
        published = (
            changes.differences.published_files
            if work.published.is_known
            else read_published_files(work.staging.site.directory)
        )
        missing = sorted(published - changes.differences.files)
        if len(missing) > options.max_delete:
            first = ', '.join(missing[:5]) + (', …' if len(missing) > 5 else '')
            said = f'{len(missing)} files are missing from the list, --max-delete allows {options.max_delete}: {first}'
            if not options.dry_run:
                raise Failure(said)
            tell(said)
