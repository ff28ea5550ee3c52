"""The pages before this run: those in the output directory, or those of the previous list for another place."""

from __future__ import annotations

import itertools
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from dumb_pypi.package_list.projects import Project
from dumb_pypi.package_list.releases import project_releases
from dumb_pypi.pages.changelog import changelog_parts, month_pages
from dumb_pypi.pages.description import Descriptions
from dumb_pypi.pages.kinds import ALL_FILES, MONTH, PACKAGES, in_order_of_removal
from dumb_pypi.pages.page import Page, digest
from dumb_pypi.pages.project import project_pages
from dumb_pypi.pages.shared import shared_pages
from dumb_pypi.settings import Settings
from dumb_pypi.site.directory import Site
from dumb_pypi.site.published import Published, newest_uploads
from dumb_pypi.site.record import Month
from dumb_pypi.site.staging import Earlier

FILES_A_PAGE = 100  # of a project with more, earlier versions of this program had a page of all files


def upload_counts(months: Mapping[str, Month]) -> dict[str, int]:
    return {name: month.uploads for name, month in months.items()}


def month_paths(months: Mapping[str, Month]) -> list[str]:
    return [MONTH.format(month=name) for name, _ in changelog_parts(upload_counts(months))]


class OnDisk(NamedTuple):
    """Pages in the output directory."""

    site: Site
    paths: Sequence[str]  # where pages may be

    def has(self, page: Page) -> bool:
        return self.site.read_page(page.path) == page.content

    def left(self, paths: Collection[str]) -> list[str]:
        needed = set(paths)
        return [path for path in self.paths if path not in needed]


class InMemory(NamedTuple):
    """Digests of the pages in another place, by path; `None` if the bytes there are unknown."""

    digests: Mapping[str, str | None]

    def has(self, page: Page) -> bool:
        return self.digests.get(page.path) == digest(page.content)

    def left(self, paths: Collection[str]) -> list[str]:
        return in_order_of_removal(self.digests.keys() - set(paths))


class InPlace(NamedTuple):
    """The output directory is the site."""

    site: Site

    def of_project(self, name: str, project: Project | None) -> Earlier:
        return OnDisk(self.site, self.site.read_project_paths(name))

    def of_month(self, name: str, uploads: Sequence[str]) -> Earlier:
        return OnDisk(self.site, ())

    def of_site(self, published: Published, static: Iterable[Page], built: int | None) -> Earlier:
        return OnDisk(self.site, in_order_of_removal(self.site.owned.pages))

    def touched(self, published: Published) -> AbstractSet[str]:
        """Return the months whose pages must be checked in any case."""
        return frozenset()

    def packages(self, published: Published) -> str | None:
        """Return the path of the published `packages.json`, if there is one."""
        return self.site.full(PACKAGES) if self.site.has_page(PACKAGES) else None


class AnotherPlace(NamedTuple):
    """The site is published in another place: its pages are those of the previous list, as far as known."""

    settings: Settings  # if not `is_known`, with every page that a site can have
    is_known: bool  # whether the pages there were made by this program with these settings
    waiting: Mapping[str | None, Collection[str]]  # paths that are not yet copied or removed, by project
    descriptions: Descriptions

    def pages(self, owner: str | None, pages: Iterable[Page]) -> InMemory:
        digests = {page.path: digest(page.content) if self.is_known else None for page in pages}
        return InMemory({**digests, **dict.fromkeys(self.waiting.get(owner, ()))})

    def of_project(self, name: str, project: Project | None) -> Earlier:
        if project is None:
            return self.pages(name, ())
        pages = project_pages(project, project_releases(project.files), self.settings, self.descriptions)
        made = self.pages(name, pages)
        if self.is_known or len(project.files) <= FILES_A_PAGE:
            return made
        return InMemory({ALL_FILES.format(project=name): None, **made.digests})

    def of_month(self, name: str, uploads: Sequence[str]) -> Earlier:
        return self.pages(None, month_pages(name, uploads, self.settings) if self.is_known else ())

    def of_site(self, published: Published, static: Iterable[Page], built: int | None) -> Earlier:
        """Return the pages of the whole site. The bytes of the pages of months count as unknown."""
        projects, months = published.record.projects, published.record.months
        newest = newest_uploads(published.directory, published, months)
        audits = published.read_audits()
        pages = shared_pages(projects, audits, upload_counts(months), newest, self.settings, built)
        made = self.pages(None, itertools.chain(static, pages))
        return InMemory({**dict.fromkeys(month_paths(months)), **made.digests})

    def touched(self, published: Published) -> AbstractSet[str]:
        """Return the months whose pages must be checked in any case."""
        return published.record.months.keys() if None in self.waiting else frozenset()

    def packages(self, published: Published) -> str | None:
        """Return the path of a copy of the published `packages.json`, if its content is known."""
        is_known = self.is_known and PACKAGES not in self.waiting.get(None, ())
        return os.path.join(published.directory, PACKAGES) if is_known else None


Place = InPlace | AnotherPlace
