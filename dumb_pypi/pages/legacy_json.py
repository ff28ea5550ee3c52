"""The legacy JSON API: `pypi/<name>/json` and `pypi/<name>/<version>/json`. Its readers expect every key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from dumb_pypi.package_list.lines import encode
from dumb_pypi.package_list.projects import File, Project
from dumb_pypi.package_list.releases import Release
from dumb_pypi.pages.page import Page, relocated
from dumb_pypi.settings import Settings

_SEGMENT = re.compile(r'[A-Za-z0-9][A-Za-z0-9._+!~-]*')


class LegacyFile(msgspec.Struct, gc=False):
    filename: str
    url: str
    digests: dict[str, str]
    md5_digest: str | None
    size: int | None
    packagetype: str
    python_version: str
    requires_python: str | None
    upload_time: str | None
    upload_time_iso_8601: str | None
    yanked: bool
    yanked_reason: str | None


class Info(msgspec.Struct):
    name: str
    version: str | None
    summary: str | None
    requires_dist: list[str] | None
    requires_python: str | None
    yanked: bool
    yanked_reason: str | None
    home_page: None = None
    project_urls: None = None


class LegacyPage(msgspec.Struct):
    info: Info
    releases: dict[str, list[LegacyFile]]
    urls: list[LegacyFile]


def legacy_file(file: File, prefix: str) -> LegacyFile:
    package, distribution, time = file.package, file.distribution, file.time
    reason = package.yanked_reason
    return LegacyFile(
        file.filename,
        prefix + file.url if file.is_relative else file.url,
        file.hashes,
        file.hashes.get('md5'),
        package.size,
        distribution.packagetype,
        distribution.python_version,
        package.requires_python,
        time and time[: len('YYYY-MM-DDTHH:MM:SS')],
        time,
        reason is not None,
        reason or None,
    )


def legacy_info(project: Project, release: Release | None) -> Info:
    packages = [file.package for file in release.files] if release else []
    is_yanked = release is not None and release.is_yanked
    return Info(
        project.name,
        release.version if release else None,
        project.facts.summary,
        next((each.requires_dist for each in packages if each.requires_dist is not None), None),
        next((each.requires_python for each in packages if each.requires_python), None),
        is_yanked,
        next((each.yanked_reason for each in packages if each.yanked_reason), None) if is_yanked else None,
    )


def legacy_pages(
    project: Project, releases: Sequence[Release], latest: Release | None, settings: Settings
) -> Iterator[Page]:
    name = project.name
    prefix = relocated(settings.packages_url, name, depth=2)
    urls = {each.version: [legacy_file(file, prefix) for file in each.files] for each in releases}
    page = LegacyPage(legacy_info(project, latest), urls, urls[latest.version] if latest else [])
    yield Page(f'pypi/{name}/json', encode(page) + b'\n')
    if settings.per_release_json:
        prefix = relocated(settings.packages_url, name, depth=3)
        for release in releases:
            if has_release_page(release.version):
                files = urls[release.version]
                for file, of in zip(files, release.files, strict=True):
                    file.url = prefix + of.url if of.is_relative else of.url
                page = LegacyPage(legacy_info(project, release), {release.version: files}, files)
                yield Page(f'pypi/{name}/{release.version}/json', encode(page) + b'\n')


def has_release_page(version: str) -> bool:
    """Whether a version can be a directory beside the file `json`: `json`, `.` and whatever has a slash cannot."""
    return _SEGMENT.fullmatch(version) is not None and version.lower() != 'json'
