"""The listing of all projects from A to Z, on one page or several."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dumb_pypi.pages.kinds import LETTERS, LISTING
from dumb_pypi.pages.page import Page
from dumb_pypi.pages.rendering import human_page
from dumb_pypi.settings import Settings

PROJECTS_A_PAGE = 1_000
_LONGEST_PREFIX = 100  # characters: up to this length, a page has the prefix as its name


class Row(NamedTuple):
    """A project in a list."""

    name: str
    version: str | None  # of the latest release
    status: str | None  # if it is not the usual one
    summary: str | None


class Range(NamedTuple):
    """A page of a long listing: consecutive projects with the same first letter."""

    path: str
    names: Sequence[str]

    @property
    def page(self) -> str:
        """Return the file name of the page."""
        return self.path.rpartition('/')[2]


def _by_prefix(names: Sequence[str], length: int) -> Iterator[tuple[str, list[str]]]:
    for prefix, group in itertools.groupby(names, key=lambda name: name[:length]):
        members = list(group)
        if len(members) <= PROJECTS_A_PAGE:
            yield prefix, members
        else:
            yield from _by_prefix(members, length + 1)


def listing_ranges(names: Sequence[str]) -> list[Range]:
    """Return the pages of a long listing, none for a short one. `names` is sorted.

    Splits the names by prefix, then joins neighbouring pages with few names. No page has names of two letters, so a
    new project changes only pages of its own letter.
    """
    ranges: list[tuple[str, list[str]]] = []
    for prefix, members in _by_prefix(names, 1) if len(names) > PROJECTS_A_PAGE else ():
        if ranges and ranges[-1][0][0] == prefix[0] and len(ranges[-1][1]) + len(members) <= PROJECTS_A_PAGE:
            ranges[-1][1].extend(members)
        else:
            ranges.append((prefix, members))
    return [Range(LETTERS.format(letters=page_letters(prefix)), members) for prefix, members in ranges]


def page_letters(prefix: str) -> str:
    """Return what a page is named after: the prefix, or its beginning and a digest if it is long.

    No prefix contains two dashes in a row, so the two forms cannot collide.
    """
    if len(prefix) <= _LONGEST_PREFIX:
        return prefix
    return f'{prefix[:_LONGEST_PREFIX]}--{hashlib.sha256(prefix.encode()).hexdigest()[:32]}'


def listing_pages(rows: Sequence[Row], settings: Settings) -> Iterator[Page]:
    """Yield the pages of the listing. `rows` is sorted by name."""
    ranges = listing_ranges([row.name for row in rows])
    letters = [(letter, list(members)) for letter, members in itertools.groupby(ranges, lambda each: each.names[0][0])]
    left = iter(rows)
    for _, members in letters:
        names = [None, *(each.page for each in members), None]
        for previous, each, following in zip(names, members, names[2:], strict=False):
            content = human_page(
                each.path,
                'projects.html',
                settings,
                rows=list(itertools.islice(left, len(each.names))),
                previous=previous,
                following=following,
                current='projects',
            )
            yield Page(each.path, content)
    shown = [] if ranges else rows
    content = human_page(LISTING, 'projects_index.html', settings, letters=letters, rows=shown, current='projects')
    yield Page(LISTING, content)
