"""With `--previous-package-list` the site is elsewhere: it is made once more from that list, to be compared with.

RATIONALE.md says what holds after a copy, and under which conditions.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from dumb_pypi.changes import Work, stage_changes, write_shared
from dumb_pypi.errors import refusal
from dumb_pypi.package_list.families import first_word, read_families
from dumb_pypi.package_list.list_file import ListFile
from dumb_pypi.package_list.problems import Report
from dumb_pypi.pages.page import Page
from dumb_pypi.pages.paths import kind_of, project_of
from dumb_pypi.settings import Settings
from dumb_pypi.site.directory import Elsewhere, Site
from dumb_pypi.site.path_lists import PathList
from dumb_pypi.site.published import Published
from dumb_pypi.site.record import Note, Record


def with_all_paths(settings: Settings) -> Settings:
    """Settings of which a site has every path that it has under any."""
    return settings._replace(per_release_json=True, site_url=settings.site_url or 'https://pypi.example.com/')


def make_elsewhere(
    work: Work,
    listed: ListFile,
    note: Note | None,
    is_known: bool,
    static: Sequence[Page],
    report: Report,
    built: int | None,
    jobs: int,
) -> tuple[Work, list[str]]:
    """Makes the site of the previous list once more, but for the projects of which both lists say the same.

    Where its settings are not known to be these, only its paths count. Returns the work that is left, and the paths
    that the site elsewhere may have of pages that tell of more than one project, or that wait to be copied.
    """
    site = work.site
    waiting = {path for path in (*site.changed.waiting, *site.removed.waiting) if kind_of(path) is not None}
    named = {name for name in map(project_of, waiting) if name is not None}
    families, looked_at = read_families(listed, jobs), set(map(first_word, named))
    same = {
        name
        for name, family in families.items()
        if is_known
        and name in work.families
        and work.families[name].digest() == family.digest()
        and looked_at.isdisjoint(name.split('+'))
    }
    there = Site(os.path.join(site.temporary, 'elsewhere'), PathList(None), PathList(None))
    with refusal('write', there.temporary):
        os.makedirs(there.temporary)
    settings = work.settings if is_known else with_all_paths(work.settings)
    nothing = Published.of(Record.of_nothing(), there.staged)
    made = Work(there, listed, families, nothing, settings, work.descriptions, unpaged=same)
    changes = stage_changes(made, '', report, jobs)
    shared = write_shared(made, changes, changes.months, static, built, jobs)
    changes.record.months = shared.months
    is_known = is_known and bool(changes.record.projects)  # a list without packages is that of no site
    site.elsewhere = Elsewhere(there.staged, is_known, waiting)
    published = Published.of(changes.record, there.staged, named | outdated(note, changes.record, is_known))
    return work._replace(published=published), [*shared.paths, *waiting]


def outdated(note: Note | None, record: Record, is_known: bool) -> set[str]:
    """The projects whose pages here, or there, may not be those of the record."""
    here = note.projects if note is not None else {}
    if not is_known:
        return {*here, *record.projects}
    known = record.projects
    return {name for name, digest in here.items() if name not in known or known[name].digest != digest}
