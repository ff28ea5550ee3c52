"""The legacy JSON API: `pypi/<name>/json` and `pypi/<name>/<version>/json`. Its clients expect every key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from dumb_pypi.package_list.lines import FACTS_KEYS, encode
from dumb_pypi.package_list.projects import File, Project
from dumb_pypi.package_list.releases import Release
from dumb_pypi.pages.kinds import LEGACY, LEGACY_RELEASE, PROJECT, release_anchor, release_path
from dumb_pypi.pages.page import Page, relocated
from dumb_pypi.pages.requirements import group_requirements
from dumb_pypi.settings import Settings

_NO_LETTER = re.compile(r'[^a-z]')


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
    requires_dist: list[str] | None
    requires_python: str | None
    provides_extra: list[str] | None
    yanked: bool
    yanked_reason: str | None
    # Only for the latest release, so that a new release does not change the pages of old ones:
    summary: str | None = None
    home_page: str | None = None
    project_urls: dict[str, str] | None = None
    license_expression: str | None = None
    license: str | None = None
    author: str | None = None
    author_email: str | None = None
    maintainer: str | None = None
    maintainer_email: str | None = None
    keywords: str | None = None
    classifiers: list[str] | None = None
    description_content_type: str | None = None
    # Only if the URL of the site is known:
    package_url: str | None = None
    project_url: str | None = None
    release_url: str | None = None


_OF_PROJECTS = [key for key in Info.__struct_fields__ if key in FACTS_KEYS]


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


def home_page(urls: Mapping[str, str]) -> str | None:
    """Return the home page: the URL with that label, compared as the core metadata standard does."""
    return next((url for label, url in urls.items() if _NO_LETTER.sub('', label.lower()) == 'homepage'), None)


def release_info(project: Project, release: Release | None, settings: Settings) -> Info:
    """Return `info` with what the files of a release say."""
    packages = [file.package for file in release.files] if release else []
    is_yanked = release is not None and release.is_yanked
    requires_dist = next((each.requires_dist for each in packages if each.requires_dist is not None), None)
    info = Info(
        project.name,
        release.version if release else None,
        requires_dist,
        next((each.requires_python for each in packages if each.requires_python), None),
        None if requires_dist is None else [extra for extra, _ in group_requirements(requires_dist)[1]],
        is_yanked,
        next((each.yanked_reason for each in packages if each.yanked_reason), None) if is_yanked else None,
    )
    if settings.site_url is not None:
        info.package_url = info.project_url = settings.site_url + PROJECT.format(project=project.name)
        info.release_url = info.project_url + (f'#{release_anchor(release.version)}' if release else '')
    return info


def latest_info(project: Project, latest: Release | None, settings: Settings) -> Info:
    """Return `info` of the latest release, with what the list says of the project."""
    info, facts = release_info(project, latest, settings), project.facts
    for key in _OF_PROJECTS:
        setattr(info, key, getattr(facts, key))
    info.home_page = home_page(facts.project_urls or {})
    return info


def legacy_pages(
    project: Project, releases: Sequence[Release], latest: Release | None, settings: Settings
) -> Iterator[Page]:
    name = project.name
    prefix = relocated(settings.packages_url, name, LEGACY)
    urls = {each.version: [legacy_file(file, prefix) for file in each.distributions] for each in releases}
    newest = latest_info(project, latest, settings)
    page = LegacyPage(newest, urls, urls[latest.version] if latest else [])
    yield Page(LEGACY.format(project=name), encode(page) + b'\n')
    if settings.per_release_json:
        prefix = relocated(settings.packages_url, name, LEGACY_RELEASE)
        for release in releases:
            path = release_path(LEGACY_RELEASE, name, release.version)
            if path is not None:
                files = urls[release.version]
                for file, of in zip(files, release.distributions, strict=True):
                    file.url = prefix + of.url if of.is_relative else of.url
                info = newest if release is latest else release_info(project, release, settings)
                page = LegacyPage(info, {release.version: files}, files)
                yield Page(path, encode(page) + b'\n')
