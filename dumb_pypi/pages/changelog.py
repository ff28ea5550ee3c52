"""The changelog: all uploads by month. A page holds a month, or a part of one, and depends on nothing else.

So an upload, a removal or a late entry stays within its month.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from dumb_pypi.package_list.projects import Project
from dumb_pypi.package_list.values import normal_time
from dumb_pypi.pages.page import Page
from dumb_pypi.pages.rendering import human_page, layout, render_macro
from dumb_pypi.settings import Settings

UPLOADS_A_PAGE = 500  # keeps a changelog page below 2 MB even when every name is as long as names get


class Upload(NamedTuple):
    """A row of the changelog; its order is that of the changelog."""

    uploaded: float  # seconds since 1970
    filename: str
    project: str
    version: str

    @classmethod
    def from_line(cls, line: str) -> Upload:
        time, *rest = line.rstrip('\n').split('\t')
        return cls(normal_time(time), *rest)


def upload_lines(project: Project) -> Iterator[tuple[str, str]]:
    """The uploads of a project: a month, and a line that sorts as the uploads do."""
    for file in project.files:
        if file.time is not None:
            time = file.time if '.' in file.time else f'{file.time[:-1]}.000000Z'
            yield time[: len('YYYY-MM')], f'{time}\t{file.filename}\t{project.name}\t{file.distribution.version}\n'


def _page_name(month: str, start: int) -> str:
    """`2026-11`, or `2026-11-2` for the second page of that month."""
    return month if start == 0 else f'{month}-{start // UPLOADS_A_PAGE + 1}'


def changelog_parts(uploads: Mapping[str, int]) -> list[tuple[str, int]]:
    """The names of the pages, oldest first, with the number of uploads on each; from the numbers for each month."""
    return [
        (_page_name(month, start), min(UPLOADS_A_PAGE, count - start))
        for month, count in uploads.items()
        for start in range(0, count, UPLOADS_A_PAGE)
    ]


def changelog_paths(uploads: Mapping[str, int]) -> list[str]:
    return ['changelog/index.html', 'changelog/page1.html'] + [
        f'changelog/{name}.html' for name, _ in changelog_parts(uploads)
    ]


def month_pages(month: str, lines: Sequence[str], settings: Settings) -> Iterator[Page]:
    """The pages of a month; `lines` as `upload_lines` makes them, oldest first."""
    for start in range(0, len(lines), UPLOADS_A_PAGE):
        name, part = _page_name(month, start), lines[start : start + UPLOADS_A_PAGE]
        uploads = [line[:-1].split('\t') for line in reversed(part)]
        content = render_macro(
            'changelog_month.html',
            layout=layout('../', settings, True),
            name=name,
            uploads=[(time.replace('.000000', ''), *rest) for time, *rest in uploads],
        )
        yield Page(f'changelog/{name}.html', content)


def changelog_index_pages(parts: Sequence[tuple[str, int]], settings: Settings) -> Iterator[Page]:
    """What leads to the pages of the months."""
    path = 'changelog/index.html'
    yield Page(path, human_page(path, 'changelog_index.html', settings, months=parts[::-1], has_changelog=True))
    path = 'changelog/page1.html'  # where release 1.15.0 had the changelog
    yield Page(path, human_page(path, 'changelog_moved.html', settings, has_changelog=True))
