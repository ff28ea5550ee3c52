"""The pages that tell of more than one project, put together: home, feeds and search are made here."""

from __future__ import annotations

import heapq
import itertools
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, NamedTuple

import msgspec

from dumb_pypi.package_list.lines import encode
from dumb_pypi.package_list.values import LAST_SECOND
from dumb_pypi.pages import paths
from dumb_pypi.pages.changelog import Upload, changelog_index_pages, changelog_parts
from dumb_pypi.pages.listing import Row, listing_pages
from dumb_pypi.pages.page import Page
from dumb_pypi.pages.rendering import human_page, index_address, release_anchor, render
from dumb_pypi.pages.simple_api import simple_root_pages
from dumb_pypi.settings import Settings

NEWEST_RELEASES = 20  # on the home page
FEW_RELEASES = 8  # where all projects are listed there
LISTED_AT_HOME = 100  # projects
MOST_DETAILS = 4_000_000  # bytes: 20 seconds at 1.6 Mbit/s
FEED_RELEASES = 100
LOOKED_THROUGH = 2_000  # releases, for those on the home page
FEED_PROJECTS = 40


_TIME = msgspec.Meta(ge=0, lt=LAST_SECOND)


class Brief(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What these pages say of a project."""

    files: int
    uploaded: Annotated[int, _TIME] | Annotated[float, _TIME] | None  # its first upload: seconds since 1970
    summary: str | None
    version: str | None  # of the latest release
    status: str | None  # when there is something to know


class Item(NamedTuple):
    """A release in a list, or a project."""

    upload: Upload
    anchor: str
    summary: str | None


def newest_of_projects(uploads: Iterable[Upload], count: int) -> list[Upload]:
    """The newest release of each project, of those that came last; a project of nightly builds hides no other."""
    newest: dict[str, Upload] = {}
    for upload in itertools.islice(uploads, LOOKED_THROUGH):
        newest.setdefault(upload.project, upload)
        if len(newest) == count:
            break
    return list(newest.values())


def newest_projects(projects: Mapping[str, Brief]) -> list[Upload]:
    """The first upload of the projects that came last, newest first."""
    first = (
        Upload(brief.uploaded, name, '', brief.files) for name, brief in projects.items() if brief.uploaded is not None
    )
    return heapq.nlargest(FEED_PROJECTS, first)


def items(uploads: Iterable[Upload], projects: Mapping[str, Brief]) -> list[Item]:
    return [Item(each, release_anchor(each.version), projects[each.project].summary) for each in uploads]


def feed_pages(releases: list[Item], projects: Mapping[str, Brief], settings: Settings) -> Iterator[Page]:
    """RSS 2.0."""
    newest = items(newest_projects(projects), projects)
    feeds = ((paths.NEWEST_RELEASES, 'updates', releases), (paths.NEWEST_PROJECTS, 'packages', newest))
    for path, name, shown in feeds:
        yield Page(path, render('feed.xml', path=path, name=name, settings=settings, items=shown))


def home_page(
    projects: Mapping[str, Brief], rows: list[Row], uploads: Iterable[Upload], built: int | None, settings: Settings
) -> Page:
    is_short = len(rows) <= LISTED_AT_HOME
    newest = items(newest_of_projects(uploads, FEW_RELEASES if is_short else NEWEST_RELEASES), projects)
    content = human_page(
        paths.HOME,
        'home.html',
        settings,
        projects=len(projects),
        files=sum(brief.files for brief in projects.values()),
        rows=rows if is_short else [],
        newest=newest,
        example=newest[0].upload.project if newest else next(iter(projects), 'NAME'),
        address=index_address(settings),
        built=built,
        current='home',
    )
    return Page(paths.HOME, content)


def search_pages(rows: list[Row]) -> Iterator[Page]:
    """Names alone, which change when projects come or go, and all that the search shows, which changes more often.

    Each is right on its own, since they may be of different runs when they arrive.
    """
    yield Page(paths.NAMES, _script('projectNames', ' '.join(row.name for row in rows)))
    details = _script('projectDetails', rows)
    yield Page(paths.DETAILS, details if len(details) <= MOST_DETAILS else _script('projectDetails', None))


def _script(name: str, value: object) -> bytes:
    """A variable that is written as JSON."""
    return f'/* dumb-pypi: for the search. */\nvar {name} = '.encode() + encode(value) + b';\n'


def missing_page(settings: Settings) -> Page:
    """A web server shows this one at any address, so it cannot say how far up the site begins."""
    root = urllib.parse.urlsplit(settings.site_url or '').path
    return Page(paths.MISSING, human_page(paths.MISSING, '404.html', settings, root=root))


def shared_pages(
    projects: Mapping[str, Brief],
    months: Mapping[str, int],
    uploads: Iterator[Upload],
    settings: Settings,
    built: int | None,
) -> Iterator[Page]:
    """All but the pages of the months, in the order in which they link to each other.

    `projects` by name, sorted; `months` with their numbers of uploads, sorted; `uploads` newest first; `built` in
    seconds since 1970.
    """
    first = list(itertools.islice(uploads, FEED_RELEASES))
    rows = [Row(name, brief.version, brief.status, brief.summary) for name, brief in projects.items()]
    yield from simple_root_pages(projects.keys())
    yield from changelog_index_pages(changelog_parts(months), settings)
    if settings.site_url is not None:  # readers of feeds need to be told where the site is
        yield from feed_pages(items(first, projects), projects, settings)
    yield from listing_pages(rows, settings)
    yield from search_pages(rows)
    yield home_page(projects, rows, itertools.chain(first, uploads), built, settings)
    yield missing_page(settings)
