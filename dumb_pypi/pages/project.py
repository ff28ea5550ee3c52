"""Every page that depends on one project and the settings alone."""

from __future__ import annotations

from typing import NamedTuple

from dumb_pypi.package_list.projects import Project
from dumb_pypi.package_list.releases import Release, latest_release, project_releases
from dumb_pypi.pages.legacy_json import legacy_pages
from dumb_pypi.pages.page import Page, relocated
from dumb_pypi.pages.rendering import layout, render_macro
from dumb_pypi.pages.simple_api import simple_pages
from dumb_pypi.settings import Settings

PIP_HASHES = ('sha256', 'sha384', 'sha512')  # what `--require-hashes` accepts


class Section(NamedTuple):
    """A release on the project page."""

    release: Release
    yanked_reason: str | None  # when it is the same for all files
    uploaded: str | None


def release_section(release: Release) -> Section:
    reasons = {file.package.yanked_reason for file in release.files if file.package.yanked_reason}
    return Section(
        release,
        reasons.pop() if release.is_yanked and len(reasons) == 1 else None,
        max((file.time for file in release.files if file.time), default=None),
    )


def pip_hashes(release: Release) -> list[str]:
    """What `--require-hashes` wants: a hash for each file of the release, or none at all."""
    found = [
        next((f'{name}:{file.hashes[name]}' for name in PIP_HASHES if name in file.hashes), None)
        for file in release.files
    ]
    return [] if None in found else sorted({each for each in found if each})


def project_page(project: Project, releases: list[Release], latest: Release | None, settings: Settings) -> bytes:
    exact = latest is not None and latest.parsed is not None
    # Installers choose no pre-release and no yanked release unless it is named.
    is_usual = not exact or latest is None or not (latest.is_prerelease or latest.is_yanked)
    requirement = f'{project.name}=={latest.version}' if latest and exact else project.name
    # Whether others have uploads does not change this page, but its own are in the changelog.
    has_changelog = any(file.time is not None for file in project.files)
    return render_macro(
        'project.html',
        layout=layout('../../', settings, has_changelog),
        name=project.name,
        facts=project.facts,
        latest=latest,
        wanted=project.name if is_usual else requirement,
        requirement=requirement,
        hashes=pip_hashes(latest) if latest and exact else [],
        prefix=relocated(settings.packages_url, project.name, depth=2),
        sections=[release_section(each) for each in reversed(releases)],
    )


def project_pages(project: Project, settings: Settings) -> list[Page]:
    releases = project_releases(project)
    latest = latest_release(releases)
    return [
        *simple_pages(project, releases, settings.packages_url),
        *legacy_pages(project, releases, latest, settings),
        Page(f'project/{project.name}/index.html', project_page(project, releases, latest, settings)),
    ]
