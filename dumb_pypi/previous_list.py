"""`--previous-package-list`: the site is published in another place, and its pages are those of this list.

RATIONALE.md says what holds after a copy, and under which conditions.
"""

from __future__ import annotations

import collections
import os
from collections.abc import Iterable

from dumb_pypi.changes import Work, stage_changes
from dumb_pypi.earlier import AnotherPlace
from dumb_pypi.errors import attempt
from dumb_pypi.fingerprint import read_is_same
from dumb_pypi.package_list.families import read_families
from dumb_pypi.package_list.list_file import ListFile
from dumb_pypi.package_list.problems import Report
from dumb_pypi.pages.kinds import kind_of, project_of
from dumb_pypi.settings import Settings
from dumb_pypi.site.audits import write_audits
from dumb_pypi.site.directory import Site
from dumb_pypi.site.ownership import Owned
from dumb_pypi.site.packages_json import write_packages
from dumb_pypi.site.path_lists import PathLists
from dumb_pypi.site.published import Published
from dumb_pypi.site.record import NOTE, Note, Record
from dumb_pypi.site.staging import Staging
from dumb_pypi.site.uploads import write_months


def with_all_paths(settings: Settings) -> Settings:
    """Return settings with which a site has all the pages that it can have."""
    return settings._replace(per_release_json=True, site_url=settings.site_url or 'https://pypi.example.com/')


def read_is_known(site: Site, note: Note | None, fingerprint: str) -> bool:
    """Return whether the last run for another place had this fingerprint, or there was none.

    A damaged note counts as another fingerprint.
    """
    return not os.path.lexists(site.full(NOTE)) if note is None else read_is_same(note.fingerprint, fingerprint)


def own_noted_pages(site: Site, note: Note | None) -> None:
    """Own only the pages that the note of the last run names, not all pages of their projects."""
    site.owned = Owned(frozenset(), set(site.read_owned_pages() if note is None else filter(kind_of, note.paths)))


def waiting_paths(site: Site, path_lists: PathLists) -> list[str]:
    """Return the paths that are not yet copied or removed. Without path lists, these are all pages here."""
    changed = site.owned.pages if path_lists.changed.path is None else path_lists.changed.waiting
    return [*changed, *path_lists.removed.waiting]


def in_another_place(
    work: Work, listed: ListFile, is_known: bool, waiting: Iterable[str], report: Report, jobs: int
) -> Work:
    """Return the work for a site in another place, where the pages of the previous list are published.

    `is_known` says whether the pages there, except those at `waiting`, are the ones that this program makes now.
    """
    site, settings = work.staging.site, work.settings
    staging = Staging(site, os.path.join(site.temporary, 'previous'))
    record = read_record(work._replace(staging=staging, listed=listed), report, jobs)
    is_known = is_known and bool(record.projects)  # with an empty list, there is no site yet
    paths: dict[str | None, set[str]] = collections.defaultdict(set)
    for path in waiting:
        if kind_of(path) is not None:
            paths[project_of(path)].add(path)
    unknown = {name for name in paths if name is not None}.union(() if is_known else record.projects)
    place = AnotherPlace(settings if is_known else with_all_paths(settings), is_known, dict(paths), work.descriptions)
    return work._replace(published=Published.of(record, staging.directory, unknown), place=place)


def read_record(work: Work, report: Report, jobs: int) -> Record:
    """Return the record that the site of a list would have. Stages the files that the record names."""
    staging = work.staging
    nothing = Published.of(Record.of_nothing(), staging.directory)
    with attempt('write', staging.workspace):
        os.makedirs(staging.workspace)
    families = read_families(work.listed, jobs)
    changes = stage_changes(work._replace(families=families, published=nothing, has_pages=False), report, jobs)
    write_packages(staging, changes.projects, nothing, changes.parts, None)
    months = write_months(staging, nothing, changes.differences.months, (), jobs, lambda *_: None)
    _, audits = write_audits(staging, changes.projects, nothing, changes.audits)
    return Record('', changes.families, changes.projects, months, [], audits)
