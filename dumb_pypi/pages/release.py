"""The page of a release, and what the page of its project says of its latest release.

The page of a release depends on the files of that release, the status of the project and the settings: an upload does
not rewrite the pages of older releases.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from dumb_pypi.package_list.projects import File, Project
from dumb_pypi.package_list.releases import Release, first_upload
from dumb_pypi.pages.install import release_box
from dumb_pypi.pages.kinds import LEGACY_RELEASE, RELEASE, release_path, top_of
from dumb_pypi.pages.page import Page, relocated
from dumb_pypi.pages.rendering import layout, page_hash, render_macro, rendered
from dumb_pypi.pages.requirements import Requirement, group_requirements
from dumb_pypi.pages.wheels import COLUMNS, MACHINES, SYSTEMS, Tags, in_order, make_matrix, sentence, wheel_tags
from dumb_pypi.pages.words import file_kind
from dumb_pypi.settings import Settings

if TYPE_CHECKING:
    from markupsafe import Markup


class Row(NamedTuple):
    """What a page says of a file."""

    anchor: str  # '' if it is not a wheel
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


class Columns(NamedTuple):
    """Which columns of the table of files have a value at all."""

    size: bool
    uploaded: bool
    python: bool
    hash: bool


class Wheels(NamedTuple):
    """Whether there is a wheel for somebody: a sentence, or the table."""

    sentence: str | None
    table: Markup | None = None
    others: str = ''  # the platforms that are not in the table
    has_source: bool = False


class Details(NamedTuple):
    """A release with its files, as pages for people show it."""

    release: Release
    pin: str  # what follows the name in a requirement of this very version; '' if installers cannot install it
    yanked_reason: str | None  # if it is the same for all files
    uploaded: str | None
    last_uploaded: str | None  # if that is on another day
    requires_python: str | None
    wheels: Wheels
    requirements: list[Requirement] | None  # if that is known
    extras: list[tuple[str, list[Requirement]]]
    rows: list[Row]
    columns: Columns


def make_row(file: File, anchor: str, prefix: str) -> Row:
    package = file.package
    return Row(
        anchor,
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


def file_columns(files: Sequence[File]) -> Columns:
    return Columns(
        any(file.package.size is not None for file in files),
        any(file.time is not None or file.package.uploaded_by is not None for file in files),
        any(file.package.requires_python is not None for file in files),
        any(file.hashes for file in files),
    )


def yanked_reason(release: Release) -> str | None:
    reasons = {file.package.yanked_reason for file in release.distributions} - {''} if release.is_yanked else ()
    return next(iter(reasons)) if len(reasons) == 1 else None


def last_upload(release: Release, first: str | None) -> str | None:
    """Return the time of the last file if it is of another day than the first."""
    last = max(filter(None, (file.time for file in release.files)), default='')
    return last if first is not None and last[:10] > first[:10] else None


@functools.lru_cache(maxsize=2**7)  # the releases of a project have wheels for the same
def wheel_table(wheels: tuple[Tags, ...], has_source: bool) -> Wheels:
    rows, others = make_matrix(wheels)
    table = None
    if rows:
        page = render_macro('matrix.html', systems=SYSTEMS, machines=MACHINES, columns=COLUMNS, rows=rows)
        table = rendered(page)
    return Wheels(None, table, others, has_source)


def release_wheels(files: Sequence[File], requires_python: str | None) -> Wheels:
    tags = tuple(tag for tag in map(wheel_tags, files) if tag is not None)
    has_source = any(file.distribution.packagetype == 'sdist' for file in files)
    short = sentence(tags, has_source, requires_python)
    return wheel_table(tags, has_source) if short is None else Wheels(short)


def make_rows(files: Sequence[File], prefix: str) -> list[Row]:
    places = itertools.count()
    return [make_row(file, '' if wheel_tags(file) is None else f'w{next(places)}', prefix) for file in files]


def release_details(release: Release, prefix: str) -> Details:
    files = in_order(release.distributions)
    packages = [file.package for file in files]
    requires_python = next((each.requires_python for each in packages if each.requires_python), None)
    known = [each.requires_dist for each in packages if each.requires_dist is not None]
    always, extras = group_requirements(next(filter(None, known), []))
    uploaded = first_upload(release)
    return Details(
        release,
        f'=={release.version}' if release.parsed else '',
        yanked_reason(release),
        uploaded,
        last_upload(release, uploaded),
        requires_python,
        release_wheels(files, requires_python),
        always if known else None,
        extras,
        make_rows(files, prefix),
        file_columns(files),
    )


def release_pages(
    project: Project, releases: Sequence[Release], is_offered: bool, settings: Settings
) -> Iterator[Page]:
    """Yield the page of each release that can have one. The files of a project in quarantine are not offered."""
    if not settings.per_release_json:
        return
    name = project.name
    prefix = relocated(settings.packages_url, name, RELEASE)
    common = layout(top_of(RELEASE), settings)
    for release in releases:
        path = release_path(RELEASE, name, release.version)
        if path is not None:
            details = release_details(release, prefix)
            page = render_macro(
                'release.html',
                layout=common,
                name=name,
                facts=project.facts,
                details=details,
                install=release_box(name, release, details.pin, settings),
                is_offered=is_offered,
                has_json=is_offered and release_path(LEGACY_RELEASE, name, release.version) is not None,
                beside=settings.with_public_index,
            )
            yield Page(path, page)
