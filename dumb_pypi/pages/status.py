"""`status/index.html`, for whoever runs the index: how much there is, what is missing, what is old or withdrawn."""

from __future__ import annotations

import collections
import heapq
import operator
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from dumb_pypi.package_list.values import iso_time
from dumb_pypi.pages.audit import Audit, Brief
from dumb_pypi.pages.kinds import STATUS
from dumb_pypi.pages.page import Page
from dumb_pypi.pages.rendering import human_page
from dumb_pypi.settings import Settings

MOST_NAMES = 100  # in a list
_MOST_USERS = 3  # of each missing requirement
_YEAR = 365 * 24 * 60 * 60  # seconds


class Missing(NamedTuple):
    """A name that is required and is not in this index."""

    name: str
    users: list[str]  # the first projects that require it
    more: int


class Names(NamedTuple):
    """Projects with a number each; `rows` has the first of them."""

    total: int  # of the numbers
    projects: int
    rows: list[tuple[str, int]]

    @property
    def more(self) -> int:
        """Return how many projects are not in the list."""
        return self.projects - len(self.rows)


class Old(NamedTuple):
    """Projects without a new release."""

    projects: int
    rows: list[tuple[str, str]]  # with the time of the newest release

    @property
    def more(self) -> int:
        return self.projects - len(self.rows)


def numbered(projects: Iterable[str], numbers: Iterable[int]) -> Names:
    """Return the projects whose number is not 0, the largest number first."""
    found = [(-number, name) for name, number in zip(projects, numbers, strict=True) if number]
    rows = [(name, -number) for number, name in heapq.nsmallest(MOST_NAMES, found)]
    return Names(-sum(number for number, _ in found), len(found), rows)


def missing_requirements(audits: Mapping[str, Audit]) -> tuple[int, list[Missing]]:
    """Return how many names are missing, and those that most projects require. Extras do not count."""
    users: dict[str, list[str]] = collections.defaultdict(list)
    for project, audit in audits.items():
        for name in (audit.requires or '').split():
            if name not in audits:
                users[name].append(project)
    rows = heapq.nsmallest(MOST_NAMES, users, key=lambda name: (-len(users[name]), name))
    return len(users), [Missing(name, users[name][:_MOST_USERS], len(users[name][_MOST_USERS:])) for name in rows]


def without_release(audits: Mapping[str, Audit], before: float) -> Old:
    """Return the projects whose newest release is older than a time, the oldest first."""
    found = [(each.released, name) for name, each in audits.items() if each.released is not None]
    old = [each for each in found if each[0] < before]
    return Old(len(old), [(name, iso_time(time)) for time, name in heapq.nsmallest(MOST_NAMES, old)])


def status_page(projects: Mapping[str, Brief], audits: Mapping[str, Audit], settings: Settings) -> Page:
    def with_state(state: str) -> Names:
        return numbered(projects, (brief.status == state for brief in projects.values()))

    def by(key: str) -> Names:
        return numbered(audits, map(operator.attrgetter(key), audits.values()))

    newest = max((audit.uploaded for audit in audits.values() if audit.uploaded is not None), default=None)
    number, missing = missing_requirements(audits)
    content = human_page(
        STATUS,
        'status.html',
        settings,
        projects=len(projects),
        releases=sum(audit.releases for audit in audits.values()),
        files=sum(brief.files for brief in projects.values()),
        size=sum(audit.size for audit in audits.values()),
        unsized=sum(audit.unsized for audit in audits.values()),
        missing=missing,
        unknown=numbered(audits, (audit.requires is None for audit in audits.values())),
        more_missing=number - len(missing),
        unhashed=by('unhashed'),
        untimed=by('untimed'),
        open_wheels=by('open_wheels'),
        bare_wheels=by('bare_wheels'),
        archived=with_state('archived'),
        deprecated=with_state('deprecated'),
        quarantined=with_state('quarantined'),
        yanked=by('is_yanked'),
        newest=None if newest is None else iso_time(newest),
        one_year=without_release(audits, (newest or 0) - _YEAR),
        two_years=without_release(audits, (newest or 0) - 2 * _YEAR),
        largest=by('size'),
        current='status',
    )
    return Page(STATUS, content)
