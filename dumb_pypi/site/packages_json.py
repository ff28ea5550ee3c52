"""`packages.json`: the list, sorted and in its normal form. The next run reads single projects from it."""

from __future__ import annotations

import contextlib
import filecmp
import itertools
import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from dumb_pypi.errors import refusal
from dumb_pypi.package_list.lines import Facts, encode
from dumb_pypi.package_list.projects import Project
from dumb_pypi.pages.paths import PACKAGES
from dumb_pypi.site.directory import Site
from dumb_pypi.site.published import Published
from dumb_pypi.site.record import Entry

_BLOCK = 2**20  # bytes that are copied at once


class _Run(NamedTuple):
    """What stands together in one file."""

    path: str
    start: int
    end: int


def lines_path(site: Site, job: int) -> str:
    """Where a process leaves the lines of the projects that it parsed."""
    return os.path.join(site.temporary, f'lines-{job}')


def write_lines(site: Site, job: int, lines: Iterable[bytes]) -> None:
    """Adds lines to those that this process leaves."""
    with refusal('write', site.full(PACKAGES)), open(lines_path(site, job), 'ab') as file:
        file.writelines(lines)


def list_lines(project: Project) -> bytes:
    """The lines of `packages.json` that speak of a project."""
    lines = [encode(file.package) for file in project.files]
    if project.facts != Facts(project.name):
        lines.insert(0, encode(project.facts))
    lines.append(b'')
    return b'\n'.join(lines)


def write_packages(
    site: Site,
    projects: Mapping[str, Entry],
    published: Published,
    parsed: Iterable[tuple[int, list[tuple[str, Entry]]]],
) -> None:
    """Stages the lines of all projects: those that were parsed now, by process, and those that are published."""
    places: dict[str, tuple[str, int]] = {}
    for job, parts in parsed:
        lengths = itertools.accumulate((entry.length for _, entry in parts), initial=0)
        for (name, _), start in zip(parts, lengths, strict=False):
            places[name] = (lines_path(site, job), start)
    old = os.path.join(published.directory, PACKAGES)
    runs: list[_Run] = []
    for name, entry in projects.items():
        path, start = places.get(name) or (old, published.starts[name])
        if runs and (runs[-1].path, runs[-1].end) == (path, start):
            runs[-1] = runs[-1]._replace(end=start + entry.length)
        else:
            runs.append(_Run(path, start, start + entry.length))
    target = os.path.join(site.staged, PACKAGES)
    with refusal('write', site.full(PACKAGES)):
        os.makedirs(site.staged, exist_ok=True)
        _copy(runs, target)

    def is_same_as(path: str) -> bool:
        with refusal('read', path):
            return os.path.isfile(path) and filecmp.cmp(target, path, shallow=False)

    page = site.full(PACKAGES)
    is_here = site.owned.has(PACKAGES) and os.path.isfile(page) and not os.path.islink(page)
    if not site.is_needed(PACKAGES, is_here, is_here and is_same_as(page), is_same_as):
        os.unlink(target)


def _copy(runs: Iterable[_Run], target: str) -> None:
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(open(target, 'wb'))
        inputs = {path: stack.enter_context(open(path, 'rb')) for path in {run.path for run in runs}}
        for path, start, end in runs:
            inputs[path].seek(start)
            for place in range(start, end, _BLOCK):
                output.write(inputs[path].read(min(_BLOCK, end - place)))
