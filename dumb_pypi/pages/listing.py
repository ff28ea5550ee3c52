"""Every project from A to Z, on one page or on many."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

from dumb_pypi.pages.page import Page
from dumb_pypi.pages.rendering import human_page
from dumb_pypi.settings import Settings

PROJECTS_A_PAGE = 1_000
Rows = list[tuple[str, str | None]]  # name and summary


def rows_by_prefix(rows: Rows, length: int = 1) -> Iterator[tuple[str, Rows]]:
    """The pages of a long listing. Split by what names begin with, a new project changes its own page only."""
    for prefix, group in itertools.groupby(rows, key=lambda row: row[0][:length]):
        members = list(group)
        if len(members) <= PROJECTS_A_PAGE:
            yield prefix, members
        else:
            yield from rows_by_prefix(members, length + 1)


def listing_paths(names: Sequence[str]) -> list[str]:
    prefixes = rows_by_prefix([(name, None) for name in names]) if len(names) > PROJECTS_A_PAGE else ()
    return ['projects/index.html', *(f'projects/from-{prefix}.html' for prefix, _ in prefixes)]


def listing_pages(summaries: Mapping[str, str | None], settings: Settings, has_changelog: bool) -> Iterator[Page]:
    """`summaries` by project, sorted."""
    rows = list(summaries.items())
    parts = {f'from-{prefix}.html': members for prefix, members in rows_by_prefix(rows)}
    if len(rows) <= PROJECTS_A_PAGE:
        parts = {}

    def page(path: str, template: str, **values: object) -> Page:
        return Page(path, human_page(path, template, settings, None, has_changelog=has_changelog, **values))

    names: list[str | None] = [None, *parts, None]
    for previous, name, following in zip(names, parts, names[2:], strict=False):
        yield page(f'projects/{name}', 'projects.html', rows=parts[name], previous=previous, following=following)
    ranges = [(name, members[0][0], members[-1][0], len(members)) for name, members in parts.items()]
    yield page('projects/index.html', 'projects_index.html', ranges=ranges, rows=[] if parts else rows)
