"""The recent uploads: the newest, and all releases by month. The pages of a month depend on it alone.

So an upload, a removal or a late entry changes the pages of its month only.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from dumb_pypi.package_list.releases import Release, first_file
from dumb_pypi.package_list.values import normal_time
from dumb_pypi.pages.kinds import CHANGELOG, CHANGELOG_MOVED, MONTH, top_of
from dumb_pypi.pages.page import Page
from dumb_pypi.pages.rendering import human_page, layout, render_macro
from dumb_pypi.settings import Settings

# `strftime` would use the language of the machine.
_MONTHS = ['January', 'February', 'March', 'April', 'May', 'June']
_MONTHS += ['July', 'August', 'September', 'October', 'November', 'December']
UPLOADS_A_PAGE = 500  # keeps a page below 2 MB even if every name has the greatest length


class Upload(NamedTuple):
    """A row of the changelog: a release at its first upload. Sorts in the order of the changelog."""

    uploaded: float  # seconds since 1970
    project: str
    version: str
    files: int
    is_yanked: bool = False
    by: str = ''  # who uploaded the first file

    @classmethod
    def from_line(cls, line: str) -> Upload:
        time, project, version, files, yanked, by = line.rstrip('\n').split('\t')
        return cls(normal_time(time), project, version, int(files), bool(yanked), by)


class Item(NamedTuple):
    """A release or a project in a list."""

    upload: Upload
    url: str  # of its page, relative to the top of the site
    guid: str  # the same, as it was when releases had no pages
    summary: str | None
    is_first: bool  # whether it is the first release of its project


def upload_lines(name: str, releases: Iterable[Release]) -> Iterator[tuple[str, str]]:
    """Return, for each release of a project, the month of its first upload and a line that sorts by time."""
    for release in releases:
        first = first_file(release)
        if first is not None and first.time is not None:
            time = first.time if '.' in first.time else f'{first.time[:-1]}.000000Z'
            yanked, by = 'yanked' if release.is_yanked else '', first.package.uploaded_by or ''
            values = (time, name, release.version, str(len(release.distributions)), yanked, by)
            yield time[: len('YYYY-MM')], '\t'.join(values) + '\n'


def _page_name(month: str, start: int) -> str:
    """Return `2026-11`, or `2026-11-2` for the second page of that month."""
    return month if start == 0 else f'{month}-{start // UPLOADS_A_PAGE + 1}'


def month_words(name: str) -> str:
    """Return `October 2026, part 3` for the name of a page. Omits the number of parts, because it changes."""
    year, month, *part = name.split('-')
    return f'{_MONTHS[int(month) - 1]} {year}' + (f', part {part[0]}' if part else '')


def changelog_parts(uploads: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return the names of the pages, oldest first, with the number of uploads on each."""
    return [
        (_page_name(month, start), min(UPLOADS_A_PAGE, count - start))
        for month, count in uploads.items()
        for start in range(0, count, UPLOADS_A_PAGE)
    ]


def month_pages(month: str, lines: Sequence[str], settings: Settings) -> Iterator[Page]:
    """Return the pages of a month. `lines` are those of `upload_lines`, oldest first."""
    for start in range(0, len(lines), UPLOADS_A_PAGE):
        name, part = _page_name(month, start), lines[start : start + UPLOADS_A_PAGE]
        uploads = [line[:-1].split('\t') for line in reversed(part)]
        content = render_macro(
            'changelog_month.html',
            layout=layout(top_of(MONTH), settings, 'changelog'),
            heading=month_words(name),
            has_pages=settings.per_release_json,
            uploads=[(time.replace('.000000', ''), *rest) for time, *rest in uploads],
        )
        yield Page(MONTH.format(month=name), content)


def changelog_index_pages(
    newest: Sequence[Item], parts: Sequence[tuple[str, int]], settings: Settings
) -> Iterator[Page]:
    """Return the page of the newest releases and of the months, and the page that leads there from an old address."""
    years = itertools.groupby(
        [(name, month_words(name), count) for name, count in reversed(parts)], key=lambda part: part[0][: len('YYYY')]
    )
    by_year = [(year, list(months)) for year, months in years]
    content = human_page(CHANGELOG, 'changelog_index.html', settings, newest=newest, years=by_year, current='changelog')
    yield Page(CHANGELOG, content)
    yield Page(CHANGELOG_MOVED, human_page(CHANGELOG_MOVED, 'changelog_moved.html', settings))
