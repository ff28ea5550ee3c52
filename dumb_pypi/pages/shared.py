"""The pages that tell of more than one project: home, listing, feeds, search, the roots of the simple API."""

from __future__ import annotations

import heapq
import itertools
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from dumb_pypi.package_list.file_names import parse_version
from dumb_pypi.pages.changelog import Upload, changelog_index_pages, changelog_parts
from dumb_pypi.pages.listing import listing_pages
from dumb_pypi.pages.page import Page
from dumb_pypi.pages.rendering import human_page, index_address, release_anchor, render
from dumb_pypi.pages.simple_api import simple_root_pages
from dumb_pypi.settings import Settings

NEWEST_RELEASES = 20  # on the home page
FEED_RELEASES = 100
FEED_PROJECTS = 40


class Brief(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What these pages say of a project."""

    files: int
    uploaded: int | float | None  # its first upload: seconds since 1970
    summary: str | None


class Item(NamedTuple):
    """A release in a list, or a project."""

    upload: Upload
    anchor: str
    summary: str | None


def newest_releases(uploads: Iterable[Upload]) -> Iterator[Upload]:
    """The newest upload of each release; looks at no more of the uploads, newest first, than the caller takes."""
    seen = set()
    for upload in uploads:
        release = (upload.project, parse_version(upload.version) or upload.version)
        if release not in seen:
            seen.add(release)
            yield upload


def newest_projects(projects: Mapping[str, Brief]) -> list[Upload]:
    """The first upload of the projects that came last, newest first."""
    first = (Upload(brief.uploaded, '', name, '') for name, brief in projects.items() if brief.uploaded is not None)
    return heapq.nlargest(FEED_PROJECTS, first)


def items(uploads: Iterable[Upload], projects: Mapping[str, Brief]) -> list[Item]:
    return [Item(each, release_anchor(each.version), projects[each.project].summary) for each in uploads]


def feed_pages(releases: list[Item], projects: Mapping[str, Brief], settings: Settings) -> Iterator[Page]:
    """RSS 2.0."""
    for name, newest in (('updates', releases), ('packages', items(newest_projects(projects), projects))):
        yield Page(f'rss/{name}.xml', render('feed.xml', name=name, settings=settings, items=newest))


def home_page(
    projects: Mapping[str, Brief], newest: list[Item], has_changelog: bool, built: int | None, settings: Settings
) -> Page:
    content = human_page(
        'index.html',
        'home.html',
        settings,
        projects=len(projects),
        files=sum(brief.files for brief in projects.values()),
        newest=newest,
        example=newest[0].upload.project if newest else next(iter(projects), 'NAME'),
        address=index_address(settings),
        has_changelog=has_changelog,
        built=built,
    )
    return Page('index.html', content)


def missing_page(settings: Settings, has_changelog: bool) -> Page:
    """A web server shows this one at any address, so it cannot say how far up the site begins."""
    root = urllib.parse.urlsplit(settings.site_url or '').path
    return Page('404.html', human_page('404.html', '404.html', settings, root=root, has_changelog=has_changelog))


def shared_pages(
    projects: Mapping[str, Brief],
    months: Mapping[str, int],
    uploads: Iterable[Upload],
    settings: Settings,
    built: int | None,
) -> Iterator[Page]:
    """All but the pages of the months, in the order in which they link to each other.

    `projects` by name, sorted; `months` with their numbers of uploads, sorted; `uploads` newest first; `built` in
    seconds since 1970.
    """
    has_changelog = bool(months)
    newest = items(itertools.islice(newest_releases(uploads), FEED_RELEASES), projects)
    yield from simple_root_pages(projects.keys())
    if has_changelog:
        yield from changelog_index_pages(changelog_parts(months), settings)
    if settings.site_url is not None:  # readers of feeds need to be told where the site is
        yield from feed_pages(newest, projects, settings)
    yield from listing_pages({name: brief.summary for name, brief in projects.items()}, settings, has_changelog)
    yield Page('static/names.js', render('names.js', names=' '.join(projects)))
    yield home_page(projects, newest[:NEWEST_RELEASES], has_changelog, built, settings)
    yield missing_page(settings, has_changelog)
