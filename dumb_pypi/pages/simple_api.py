"""The simple API as HTML and as JSON.

https://packaging.python.org/en/latest/specifications/simple-repository-api/ (PEP 503, 592, 629, 658, 691, 700, 714,
740, 792). Unknown values are left out: uv rejects a page with `null`.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence

import msgspec

from dumb_pypi.package_list.lines import encode
from dumb_pypi.package_list.projects import File, Project
from dumb_pypi.package_list.releases import Release
from dumb_pypi.pages.kinds import ROOT_HTML, ROOT_JSON, SIMPLE_HTML, SIMPLE_JSON
from dumb_pypi.pages.page import Page
from dumb_pypi.pages.rendering import render_macro

API_VERSION = '1.4'
NO_SIZE_API_VERSION = '1.0'  # PEP 700 (1.1) requires the size of every file


class JsonFile(msgspec.Struct, rename='kebab', omit_defaults=True, gc=False):
    filename: str
    url: str
    hashes: dict[str, str]
    requires_python: str | None = None
    core_metadata: bool | dict[str, str] | None = None
    yanked: bool | str | None = None
    provenance: str | None = None
    size: int | None = None
    upload_time: str | None = None


class Meta(msgspec.Struct, rename='kebab'):
    api_version: str


class ProjectStatus(msgspec.Struct, omit_defaults=True):
    status: str
    reason: str | None = None


class SimplePage(msgspec.Struct, rename='kebab', omit_defaults=True):
    meta: Meta
    name: str
    versions: list[str]
    files: list[JsonFile]
    project_status: ProjectStatus | None = None


class ProjectName(msgspec.Struct):
    name: str


class SimpleIndex(msgspec.Struct):
    meta: Meta
    projects: list[ProjectName]


def simple_file(file: File, prefix: str) -> JsonFile:
    package = file.package
    metadata = package.core_metadata
    reason = package.yanked_reason
    return JsonFile(
        file.filename,
        prefix + file.url if file.is_relative else file.url,
        file.hashes,
        package.requires_python,
        dict([metadata.split('=')]) if isinstance(metadata, str) else metadata,
        reason if reason is None else reason or True,  # pip reads '' as not yanked
        package.provenance,
        package.size,
        file.time,
    )


def simple_json_page(project: Project, releases: Sequence[Release], prefix: str) -> bytes:
    files = [simple_file(file, prefix) for release in releases for file in release.files]
    version = API_VERSION if all(file.size is not None for file in files) else NO_SIZE_API_VERSION
    status = project.facts.status
    page = SimplePage(
        Meta(version),
        project.name,
        [release.version for release in releases],
        files,
        None if status is None else ProjectStatus(status, project.facts.status_reason),
    )
    return encode(page) + b'\n'


def simple_pages(project: Project, releases: Sequence[Release], packages_url: str) -> Iterator[Page]:
    html = render_macro(
        'simple_project.html',
        api_version=API_VERSION,
        name=project.name,
        facts=project.facts,
        files=list(itertools.chain(*(release.files for release in releases))),
        prefix=packages_url,
    )
    yield Page(SIMPLE_HTML.format(project=project.name), html)
    yield Page(SIMPLE_JSON.format(project=project.name), simple_json_page(project, releases, packages_url))


def simple_root_pages(names: Collection[str]) -> Iterator[Page]:
    html = render_macro('simple_index.html', api_version=API_VERSION, names=names)
    yield Page(ROOT_HTML, html)
    document = SimpleIndex(Meta(API_VERSION), [ProjectName(name) for name in names])
    yield Page(ROOT_JSON, encode(document) + b'\n')
