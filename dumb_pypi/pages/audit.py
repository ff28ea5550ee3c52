"""What the pages of the whole site know of a project: in lists, and on the status page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from dumb_pypi.package_list.projects import Project
from dumb_pypi.package_list.releases import Release, latest_release, offered_releases
from dumb_pypi.package_list.values import LAST_SECOND, MAX_NAME, canonical_name
from dumb_pypi.pages.requirements import group_requirements

_TIME = msgspec.Meta(ge=0, lt=LAST_SECOND)


class Brief(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What the pages of the whole site say of a project."""

    files: int
    uploaded: Annotated[int, _TIME] | Annotated[float, _TIME] | None  # its first upload: seconds since 1970
    summary: str | None
    version: str | None  # of the latest release
    status: str | None  # if it is not the usual one


class Audit(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What `status/index.html` and `static/requires.js` say of a project."""

    requires: str | None  # names that its latest release requires, normalized, sorted, between spaces; not its own
    optional: str  # the same of its extras alone
    releases: int
    size: int  # bytes of all files whose size is known
    unsized: int  # files
    unhashed: int
    untimed: int
    open_wheels: int  # wheels without `Requires-Python`
    bare_wheels: int  # wheels without a metadata file
    is_yanked: bool  # all releases are
    released: int | float | None  # the time of its newest release: seconds since 1970
    uploaded: int | float | None  # the time of its newest file


def project_audit(project: Project, releases: Sequence[Release]) -> Audit:
    latest = latest_release(offered_releases(project, list(releases)))
    always, optional = required_names(project.name, latest)
    is_known = latest is None or any(file.package.requires_dist is not None for file in latest.files)
    packages = [file.package for file in project.files]
    wheels = [file.package for file in project.files if file.distribution.packagetype == 'bdist_wheel']
    times = {file.filename: time for file in project.files if (time := file.package.uploaded) is not None}
    first = (
        min((times[file.filename] for file in each.files if file.filename in times), default=0) for each in releases
    )
    return Audit(
        ' '.join(sorted(always)) if is_known else None,
        ' '.join(sorted(optional - always)),
        len(releases),
        sum(each.size or 0 for each in packages),
        sum(each.size is None for each in packages),
        sum(not file.hashes for file in project.files),
        len(packages) - len(times),
        sum(each.requires_python is None for each in wheels),
        sum(each.core_metadata is None for each in wheels),
        latest is not None and latest.is_yanked,
        max(first, default=None) if times else None,
        max(times.values(), default=None),
    )


def required_names(project: str, latest: Release | None) -> tuple[set[str], set[str]]:
    """Return the names that a release requires, always and for its extras, whatever the markers say."""
    files = latest.files if latest is not None else ()
    texts = next((file.package.requires_dist for file in files if file.package.requires_dist), ())
    always, extras = group_requirements(texts)
    found = [
        {canonical_name(each.name) for each in group if each.name and len(each.name) <= MAX_NAME} - {project}
        for group in (always, [each for _, requirements in extras for each in requirements])
    ]
    return found[0], found[1]
