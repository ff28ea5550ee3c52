"""The pages that depend only on one project and the settings."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dumb_pypi.package_list.projects import File, Project
from dumb_pypi.package_list.releases import Release, first_upload, latest_release
from dumb_pypi.pages.description import Descriptions
from dumb_pypi.pages.facts import project_facts, python_words
from dumb_pypi.pages.kinds import PROJECT, PROJECT_FILES, top_of
from dumb_pypi.pages.legacy_json import legacy_pages
from dumb_pypi.pages.page import Page, relocated
from dumb_pypi.pages.rendering import description_markup, layout, page_hash, render_macro
from dumb_pypi.pages.simple_api import simple_pages
from dumb_pypi.pages.wheels import FEW_FILES, Choice, in_order, make_choice
from dumb_pypi.pages.words import file_kind
from dumb_pypi.settings import Settings

PIP_HASHES = ('sha256', 'sha384', 'sha512')  # what `--require-hashes` accepts
_ANYTHING = ('', '')
FILES_A_PAGE = 100  # of a project; if it has more, older releases have a page of their own


class Row(NamedTuple):
    """A file on a project page."""

    pythons: str  # places in the lists of a `Choice`
    platforms: str
    link: str
    filename: str
    kind: str
    core_metadata: bool | str | None
    provenance: str | None
    yanked_reason: str | None
    size: int | None
    time: str | None
    uploaded_by: str | None
    requires_python: str | None
    hash: str


class Section(NamedTuple):
    """A release on the project page."""

    release: Release
    rows: list[Row]
    yanked_reason: str | None  # when it is the same for all files
    uploaded: str | None
    choice: Choice | None  # for which Pythons and platforms, when that is not seen at once


class Columns(NamedTuple):
    """The columns of the tables that have any value."""

    size: bool
    uploaded: bool
    python: bool
    hash: bool


def make_row(file: File, fitting: tuple[str, str], prefix: str) -> Row:
    package = file.package
    return Row(
        *fitting,
        prefix + file.url if file.is_relative else file.url,
        file.filename,
        file_kind(file.distribution, file.filename),
        package.core_metadata,
        package.provenance,
        package.yanked_reason,
        package.size,
        file.time,
        package.uploaded_by,
        package.requires_python,
        page_hash(file.hashes),
    )


def release_section(release: Release, prefix: str) -> Section:
    files = in_order(release.distributions)
    reasons = {file.package.yanked_reason for file in files} - {''} if release.is_yanked else ()
    choice = make_choice(files) if len(files) > FEW_FILES else None
    fitting = itertools.repeat(_ANYTHING) if choice is None else choice.rows
    return Section(
        release,
        [make_row(file, each, prefix) for file, each in zip(files, fitting, strict=False)],
        next(iter(reasons)) if len(reasons) == 1 else None,
        first_upload(release),
        choice,
    )


def file_columns(files: Sequence[File]) -> Columns:
    return Columns(
        any(file.package.size is not None for file in files),
        any(file.time is not None or file.package.uploaded_by is not None for file in files),
        any(file.package.requires_python is not None for file in files),
        any(file.hashes for file in files),
    )


def pip_hashes(release: Release) -> list[str]:
    """Return the hashes for `--require-hashes`: one for each file of the release, or none."""
    found = [
        next((f'{name}:{file.hashes[name]}' for name in PIP_HASHES if name in file.hashes), None)
        for file in release.distributions
    ]
    return [] if None in found else sorted({each for each in found if each})


def listed_status(project: Project, latest: Release | None) -> str | None:
    """Return the status that is shown wherever the project is named; nothing for the usual one."""
    if project.facts.status not in (None, 'active'):
        return project.facts.status
    return 'yanked' if latest is not None and latest.is_yanked else None


def description(project: Project, descriptions: Descriptions) -> object:
    """Return the description as markup, or the unchanged text."""
    if project.facts.description is None:
        return None
    html = descriptions.render(project.name, project.facts.description, project.facts.description_content_type)
    return project.facts.description if html is None else description_markup(html)


class Shown(NamedTuple):
    """The releases of a project page, newest first."""

    sections: list[Section]  # with their files
    newer: list[Section]  # those of a long project that are on another page
    older: list[Section]

    @property
    def all(self) -> list[Section]:
        return [*self.newer, *self.sections, *self.older]


def shown_releases(project: Project, releases: Sequence[Release], latest: Release | None, prefix: str) -> Shown:
    sections = [release_section(each, prefix) for each in reversed(releases)]
    if latest is None or len(project.files) <= FILES_A_PAGE:
        return Shown(sections, [], [])
    place = next(i for i, section in enumerate(sections) if section.release is latest)
    return Shown(sections[place : place + 1], sections[:place], sections[place + 1 :])


def human_pages(
    project: Project,
    releases: Sequence[Release],
    latest: Release | None,
    settings: Settings,
    descriptions: Descriptions,
) -> Iterator[Page]:
    name = project.name
    exact = latest is not None and latest.parsed is not None
    # Installers choose no pre-release and no yanked release unless it is named.
    is_usual = latest is None or not exact or not (latest.is_prerelease or latest.is_yanked)
    requirement = f'{name}=={latest.version}' if latest and exact else name
    python = python_words(project.facts, latest) if latest else ''
    shown = shown_releases(project, releases, latest, relocated(settings.packages_url, name, PROJECT))
    common = {
        'layout': layout(top_of(PROJECT), settings),
        'name': name,
        'latest': latest,
        'columns': file_columns(project.files),
    }
    page = render_macro(
        'project.html',
        **common,
        facts=project.facts,
        python=python,
        about=project_facts(project.facts, latest, python) if latest else None,
        description=description(project, descriptions),
        uploaded=next((each.uploaded for each in shown.sections if each.release is latest), None),
        wanted=name if is_usual else requirement,
        requirement=requirement,
        hashes=pip_hashes(latest) if latest and exact else [],
        beside=settings.with_public_index,
        count=len(releases),
        shown=shown,
    )
    yield Page(PROJECT.format(project=name), page)
    if shown.newer or shown.older:
        yield Page(PROJECT_FILES.format(project=name), render_macro('files.html', **common, sections=shown.all))


def project_pages(
    project: Project, releases: list[Release], settings: Settings, descriptions: Descriptions
) -> list[Page]:
    """Return all pages of a project. `releases` are those that it offers."""
    latest = latest_release(releases)
    return [
        *simple_pages(project, releases, settings.packages_url),
        *legacy_pages(project, releases, latest, settings),
        *human_pages(project, releases, latest, settings, descriptions),
    ]
