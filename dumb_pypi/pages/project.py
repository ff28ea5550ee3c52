"""The pages that depend only on one project and the settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dumb_pypi.package_list.projects import Project
from dumb_pypi.package_list.releases import Release, first_upload, latest_release, offered_releases
from dumb_pypi.pages.description import Descriptions
from dumb_pypi.pages.facts import license_words, project_facts, python_words, well_known_links
from dumb_pypi.pages.install import project_box
from dumb_pypi.pages.kinds import PROJECT, release_anchor, release_url, top_of
from dumb_pypi.pages.legacy_json import legacy_pages
from dumb_pypi.pages.page import Page, relocated
from dumb_pypi.pages.release import release_details, release_pages, yanked_reason
from dumb_pypi.pages.rendering import description_markup, layout, render_macro
from dumb_pypi.pages.simple_api import simple_pages
from dumb_pypi.settings import Settings

NEWEST_VERSIONS = 10  # that are not folded


class Version(NamedTuple):
    """A release in the list of versions."""

    release: Release
    anchor: str
    url: str | None  # of its page, if it has one
    uploaded: str | None
    yanked_reason: str | None


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


def listed_versions(project: Project, releases: Sequence[Release], settings: Settings) -> list[Version]:
    """Return all releases, newest first."""
    top = PROJECT.format(project=project.name).removesuffix('index.html')
    found = []
    for release in reversed(releases):
        url = release_url(project.name, release.version, True) if settings.per_release_json else '#'
        found.append(
            Version(
                release,
                release_anchor(release.version),
                None if '#' in url else url.removeprefix(top),
                first_upload(release),
                yanked_reason(release),
            )
        )
    return found


def project_page(
    project: Project,
    releases: Sequence[Release],
    latest: Release | None,
    settings: Settings,
    descriptions: Descriptions,
) -> Page:
    """Return the page of a project for people; `latest` is none if the project offers no files."""
    name, facts = project.name, project.facts
    versions = listed_versions(project, releases, settings)
    details = release_details(latest, relocated(settings.packages_url, name, PROJECT)) if latest else None
    # Installers choose no pre-release and no yanked release unless it is named.
    is_exact = latest is not None and (latest.is_prerelease or latest.is_yanked)
    pin = details.pin if details and is_exact else ''
    page = render_macro(
        'project.html',
        layout=layout(top_of(PROJECT), settings),
        name=name,
        facts=facts,
        latest=latest,
        details=details,
        install=project_box(name, latest, pin, settings) if latest else '',
        pin=pin,
        python=python_words(facts, latest) if latest else '',
        license=license_words(facts),
        links=well_known_links(facts),
        about=project_facts(facts),
        description=description(project, descriptions),
        newest=versions[:NEWEST_VERSIONS],
        older=versions[NEWEST_VERSIONS:],
        is_paged=all(version.url is not None for version in versions),
        beside=settings.with_public_index,
    )
    return Page(PROJECT.format(project=name), page)


def project_pages(
    project: Project, releases: list[Release], settings: Settings, descriptions: Descriptions
) -> list[Page]:
    """Return the pages of a project, and of each of its releases. `releases` are all that it has, oldest first."""
    offered = offered_releases(project, releases)
    latest = latest_release(offered)
    return [
        *simple_pages(project, offered, settings.packages_url),
        *legacy_pages(project, offered, latest, settings),
        *release_pages(project, releases, bool(offered), settings),
        project_page(project, releases, latest, settings, descriptions),
    ]
