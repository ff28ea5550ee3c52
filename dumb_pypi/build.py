"""The run, as a table of contents: read the lists, compare, stage what differs, publish it."""

from __future__ import annotations

import os
import time
from typing import NamedTuple

from dumb_pypi.changes import Changes, Shared, Work, stage_changes, write_shared
from dumb_pypi.elsewhere import make_elsewhere
from dumb_pypi.errors import Failure
from dumb_pypi.fingerprint import read_described, read_fingerprint, read_is_same, read_own_files
from dumb_pypi.package_list.families import BATCH, read_families
from dumb_pypi.package_list.list_file import ListFile, check_kind, read_list_file
from dumb_pypi.package_list.problems import Report
from dumb_pypi.pages.description import Descriptions
from dumb_pypi.pages.paths import project_of
from dumb_pypi.processes import undisturbed
from dumb_pypi.publish import documents_elsewhere, documents_in_place, publish
from dumb_pypi.settings import Settings
from dumb_pypi.site.directory import Site, make_temporary, remove_temporary, remove_work
from dumb_pypi.site.lock import locked
from dumb_pypi.site.ownership import NOTHING
from dumb_pypi.site.path_lists import PathList
from dumb_pypi.site.published import Damaged, Published, read_published_files
from dumb_pypi.site.record import NOTE, PENDING, RECORD, Note, Record, is_sound, read_document, read_owned

LISTS = ('list', 'previous-list')  # what came through a pipe


class Order(NamedTuple):
    """What is asked of a run, besides the settings. `-` is standard input."""

    package_list: str
    is_json: bool
    previous_package_list: str | None
    previous_is_json: bool
    output_dir: str
    strict: bool
    allow_empty: bool
    rebuild: bool
    max_delete: int | None
    changed_paths: str | None
    removed_paths: str | None
    jobs: int


class Lists(NamedTuple):
    """What a run reads."""

    current: ListFile
    previous: ListFile | None
    report: Report
    descriptions: Descriptions


def run(order: Order, settings: Settings) -> None:
    """Raises `Failure`."""
    with locked(order.output_dir):
        site = Site(order.output_dir, PathList(order.changed_paths), PathList(order.removed_paths))
        site.check_own()
        remove_temporary(site.directory)
        try:
            make_temporary(site.temporary)
            lists = read_lists(site, order, settings.packages_url)
            try:
                build(site, order, settings, lists, order.rebuild)
            except Damaged:
                remove_work(site.directory, but=LISTS)
                build(site, order, settings, lists, rebuild=True)
        finally:
            with undisturbed():
                remove_temporary(site.directory)


def read_lists(site: Site, order: Order, packages_url: str) -> Lists:
    previous = None
    path = os.path.join(site.temporary, LISTS[0])
    current = read_list_file(order.package_list, order.is_json, packages_url, path)
    check_kind(current, '--package-list')
    if order.previous_package_list is not None:
        path = os.path.join(site.temporary, LISTS[1])
        previous = read_list_file(order.previous_package_list, order.previous_is_json, packages_url, path)
        check_kind(previous, '--previous-package-list')
    return Lists(current, previous, Report(order.strict), Descriptions())


def build(site: Site, order: Order, settings: Settings, lists: Lists, rebuild: bool) -> None:
    """Makes the site that of the list. Raises `Failure`, and `Damaged` when the record told what is not so."""
    fingerprint, static = read_fingerprint(settings), list(read_own_files('static'))
    built = int(time.time()) if settings.generate_timestamp else None
    jobs = min(order.jobs, 1 + lists.current.size // BATCH)
    record, note = read_document(site, RECORD, Record), read_document(site, NOTE, Note)
    site.owned = read_owned(site, record, note)
    published = read_published(site, None if rebuild else record, fingerprint)
    families = read_families(lists.current, jobs)
    work = Work(site, lists.current, families, published, settings, lists.descriptions, order.max_delete is not None)
    there: list[str] = []
    is_elsewhere = lists.previous is not None and not is_in_place(site)
    if lists.previous is not None and is_elsewhere:
        is_known = not rebuild and (note is None or read_is_same(note.fingerprint, fingerprint))
        work, there = make_elsewhere(work, lists.previous, note, is_known, static, lists.report, built, jobs)
    changes = stage_changes(work, fingerprint, lists.report, jobs)
    lists.report.finish()
    if any(entry.is_described for entry in changes.record.projects.values()):
        changes.record.fingerprint = read_described(fingerprint, lists.descriptions.outcome.is_complete)
    check_changes(work, changes, order)
    paths, stale = work.published.record.pages, list[str]()
    changes.record.months = work.published.record.months
    if changes.updated or changes.removed or not work.published.is_known or is_elsewhere:
        touched = changes.months | work.published.record.months.keys() if is_elsewhere else changes.months
        shared = write_shared(work, changes, touched, static, built, jobs)
        changes.record.months, paths = shared.months, shared.paths
        stale = stale_paths(site, changes, shared, there)
    changes.record.pages = paths
    if is_elsewhere:
        documents = documents_elsewhere(site, note, changes.record, changes.updated, paths, is_known)
    else:
        documents = documents_in_place(site, record, changes.record)
    try:
        publish(site, changes.updated, paths, stale, documents)
    finally:
        with undisturbed():
            site.write_path_lists()


def is_in_place(site: Site) -> bool:
    """Whether the output directory is the site, whatever list came before."""
    if any(os.path.lexists(site.full(name)) for name in (RECORD, PENDING)):
        return True
    return site.owned is not NOTHING and not os.path.lexists(site.full(NOTE))


def read_published(site: Site, record: Record | None, fingerprint: str) -> Published:
    """What the record says; or, where it tells nothing, what is owned, so that all of it is looked at."""
    is_settled = not os.path.lexists(site.full(PENDING))
    if record is not None and is_settled and read_is_same(record.fingerprint, fingerprint) and is_sound(site, record):
        return Published.of(record, site.directory)
    return Published.unknown_but(site.owned.projects, site.directory)


def check_changes(work: Work, changes: Changes, order: Order) -> None:
    """Raises `Failure` for a list that is probably not the one that was meant."""
    if not changes.record.projects and not order.allow_empty:
        raise Failure(f'{work.listed.label}: no package at all; --allow-empty if this is meant')
    if order.max_delete is not None:
        published = changes.published_files if work.published.is_known else read_published_files(work.site.directory)
        missing = sorted(published - changes.files)
        if len(missing) > order.max_delete:
            first = ', '.join(missing[:5]) + (', …' if len(missing) > 5 else '')
            raise Failure(
                f'{len(missing)} files are missing from the list, --max-delete allows {order.max_delete}: {first}'
            )


def stale_paths(site: Site, changes: Changes, shared: Shared, there: list[str]) -> list[str]:
    """Where pages may lie, here or elsewhere, that no list asks for. What links to other pages goes before them."""
    needed = {*shared.paths, *shared.lacking, *changes.lacking}
    candidates = sorted({*site.owned.pages, *there} - needed)
    waiting = [path for path in candidates if project_of(path) is None or not site.is_staged(path)]
    return list(dict.fromkeys([*waiting, *changes.stale]))
