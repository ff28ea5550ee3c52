"""The pages of the whole site. Home, feeds and search are rendered here; listing and changelog have their own rooms."""

from __future__ import annotations

import heapq
import itertools
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping

from dumb_pypi.package_list.lines import encode
from dumb_pypi.pages import kinds
from dumb_pypi.pages.audit import Audit, Brief
from dumb_pypi.pages.changelog import Item, Upload, changelog_index_pages, changelog_parts
from dumb_pypi.pages.listing import Row, listing_pages
from dumb_pypi.pages.page import Page, digest
from dumb_pypi.pages.rendering import human_page, index_address, render
from dumb_pypi.pages.simple_api import simple_root_pages
from dumb_pypi.pages.status import status_page
from dumb_pypi.pages.used_by import MOST_USES, users
from dumb_pypi.settings import Settings

NEWEST_RELEASES = 20  # on the home page
FEW_RELEASES = 8  # up to which it lists all projects
LISTED_AT_HOME = 100  # projects
MOST_DETAILS = 4_000_000  # bytes: 20 seconds at 1.6 Mbit/s
FEED_RELEASES = 100
RECENT_UPLOADS = 50  # above the months
LOOKED_THROUGH = 2_000  # releases that are searched for those of the home page
FEED_PROJECTS = 40


def newest_of_projects(uploads: Iterable[Upload], count: int) -> list[Upload]:
    """Return the newest release of each of the last projects, so that nightly builds of one do not hide the others."""
    newest: dict[str, Upload] = {}
    for upload in itertools.islice(uploads, LOOKED_THROUGH):
        newest.setdefault(upload.project, upload)
        if len(newest) == count:
            break
    return list(newest.values())


def newest_projects(projects: Mapping[str, Brief]) -> list[Upload]:
    """Return the newest projects by their first upload, newest first."""
    first = (
        Upload(brief.uploaded, name, '', brief.files) for name, brief in projects.items() if brief.uploaded is not None
    )
    return heapq.nlargest(FEED_PROJECTS, first)


def items(uploads: Iterable[Upload], projects: Mapping[str, Brief], settings: Settings) -> list[Item]:
    found = []
    for upload in uploads:
        name, version, brief = upload.project, upload.version, projects[upload.project]
        url = kinds.release_url(name, version, settings.per_release_json)
        guid = kinds.release_url(name, version, False)
        found.append(Item(upload, url, guid, brief.summary, brief.uploaded == upload.uploaded))
    return found


def feed_pages(releases: list[Item], projects: Mapping[str, Brief], settings: Settings) -> Iterator[Page]:
    """Return the two feeds (RSS 2.0)."""
    pages = {each: kinds.PROJECT.format(project=each.project) for each in newest_projects(projects)}
    newest = [Item(each, page, page, projects[each.project].summary, True) for each, page in pages.items()]
    feeds = ((kinds.NEWEST_RELEASES, 'updates', releases), (kinds.NEWEST_PROJECTS, 'packages', newest))
    for path, name, shown in feeds:
        yield Page(path, render('feed.xml', path=path, name=name, settings=settings, items=shown))


def home_page(
    projects: Mapping[str, Brief], rows: list[Row], uploads: Iterable[Upload], built: int | None, settings: Settings
) -> Page:
    is_short = len(rows) <= LISTED_AT_HOME
    newest = items(newest_of_projects(uploads, FEW_RELEASES if is_short else NEWEST_RELEASES), projects, settings)
    content = human_page(
        kinds.HOME,
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
    return Page(kinds.HOME, content)


def data_pages(rows: list[Row], audits: Mapping[str, Audit]) -> Iterator[Page]:
    """Return what the script loads: the names, the details, and which projects require which.

    Details change more often than names, so they have a file of their own. A browser may get both from different runs;
    each can be used alone. The third file has numbers for names, and begins with the digest of the names it means.
    """
    names = ' '.join(row.name for row in rows)
    names_digest = digest(names.encode())
    yield Page(kinds.NAMES, _script('projectNames', [names_digest, names]))
    details = _script('projectDetails', rows)
    yield Page(kinds.DETAILS, details if len(details) <= MOST_DETAILS else _script('projectDetails', None))
    uses = _script('projectRequires', [names_digest, *users(audits)])
    yield Page(kinds.REQUIRES, uses if len(uses) <= MOST_USES else _script('projectRequires', None))


def _script(name: str, value: object) -> bytes:
    """Return a script that sets one variable to a JSON value."""
    return f'/* dumb-pypi: for static/script.js. */\nvar {name} = '.encode() + encode(value) + b';\n'


def missing_page(settings: Settings) -> Page:
    """Return `404.html`. Servers show it at any address, so it has no links without `--site-url`."""
    root, has_links = urllib.parse.urlsplit(settings.site_url or '').path, settings.site_url is not None
    return Page(kinds.MISSING, human_page(kinds.MISSING, '404.html', settings, root=root, has_links=has_links))


def shared_pages(
    projects: Mapping[str, Brief],
    audits: Mapping[str, Audit],
    months: Mapping[str, int],
    uploads: Iterator[Upload],
    settings: Settings,
    built: int | None,
) -> Iterator[Page]:
    """Yield the pages of the whole site except the months; a page comes after those that it links to.

    `projects` is sorted by name; `months` has the number of uploads per month, sorted; `uploads` is newest first;
    `built` is in seconds since 1970.
    """
    first = list(itertools.islice(uploads, FEED_RELEASES))
    rows = [Row(name, brief.version, brief.status, brief.summary) for name, brief in projects.items()]
    yield from simple_root_pages(projects.keys())
    newest = items(first, projects, settings)
    yield from changelog_index_pages(newest[:RECENT_UPLOADS], changelog_parts(months), settings)
    if settings.site_url is not None:  # feeds need absolute URLs
        yield from feed_pages(newest, projects, settings)
    yield from listing_pages(rows, settings)
    yield from data_pages(rows, audits)
    yield status_page(projects, audits, settings)
    yield home_page(projects, rows, itertools.chain(first, uploads), built, settings)
    yield missing_page(settings)
