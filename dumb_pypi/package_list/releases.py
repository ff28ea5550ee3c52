"""The releases of a project: groups files by version, sorts the releases, and finds the latest one."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from packaging.version import Version

from dumb_pypi.package_list.file_names import VARIANTS, parse_version
from dumb_pypi.package_list.projects import File, Project


class Release(NamedTuple):
    """A release: all files of one version. `1.0` and `1.0.0` are the same version (PEP 440)."""

    version: str
    parsed: Version | None
    is_prerelease: bool
    is_yanked: bool
    files: Sequence[File]  # by file name
    distributions: Sequence[File]  # without VARIANTS, which only describe the other files


def natural_order(text: str) -> list[tuple[int, str]]:
    """Return a sort key that puts `r9` before `r10`."""
    return [(int(part), '') if part.isdecimal() else (-1, part) for part in re.split(r'(\d+)', text)]


def spelling_order(version: str) -> tuple[bool, int, str]:
    """Return a sort key; the highest spelling names the release. Normalized ones are higher, then longer ones."""
    return (str(parse_version(version)) == version, len(version), version)


def project_releases(files: Iterable[File]) -> list[Release]:
    """Return the releases of a project, oldest first. Versions that are not PEP 440 come first. `files` is sorted."""
    spellings: dict[str, list[File]] = {}
    for file in files:
        spellings.setdefault(file.distribution.version, []).append(file)
    versions: dict[Version | str, list[str]] = {}
    for spelling in spellings:
        versions.setdefault(parse_version(spelling) or spelling, []).append(spelling)
    releases = []
    for version, same in versions.items():
        files, name = spellings[same[0]], same[0]
        if len(same) > 1:
            files = sorted(itertools.chain(*(spellings[each] for each in same)), key=lambda file: file.filename)
            name = max(same, key=spelling_order)
        parsed = version if isinstance(version, Version) else None
        distributions = [file for file in files if file.distribution.packagetype != VARIANTS]
        is_yanked = all(file.package.yanked_reason is not None for file in distributions)
        releases.append(
            Release(name, parsed, parsed is not None and parsed.is_prerelease, is_yanked, files, distributions)
        )
    if len(releases) == 1:
        return releases
    return sorted(releases, key=lambda each: (each.parsed is not None, each.parsed or natural_order(each.version)))


def first_upload(release: Release) -> str | None:
    """Return the time of the first file of a release, in ISO 8601; `None` if no time is known."""
    first = first_file(release)
    return first.time if first is not None else None


def first_file(release: Release) -> File | None:
    """Return the file that was uploaded first; `None` if no time is known.

    Compares numbers, because as a text `…05.5Z` comes before `…05Z`.
    """
    files = [file for file in release.files if file.time is not None]
    return min(files, key=lambda file: file.package.uploaded or 0, default=None)


def offered_releases(project: Project, releases: list[Release]) -> list[Release]:
    """Return the releases that installers may see: none if the project is quarantined (PEP 792)."""
    return [] if project.facts.status == 'quarantined' else releases


def latest_release(releases: Sequence[Release]) -> Release | None:
    """Return the newest final release that is not yanked, else the newest pre-release, else the newest yanked one."""

    def rank(release: Release) -> tuple[bool, bool]:
        final = release.parsed is not None and not release.is_prerelease
        return (not release.is_yanked, final and not release.is_yanked)

    for release in reversed(releases):
        if rank(release) == (True, True):
            return release
    return max(reversed(releases), key=rank, default=None)
