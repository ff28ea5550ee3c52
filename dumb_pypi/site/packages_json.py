"""`packages.json`: the list, sorted and normalized. The next run reads single projects from it."""

from __future__ import annotations

import contextlib
import filecmp
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from dumb_pypi.errors import attempt
from dumb_pypi.package_list.lines import Facts, encode
from dumb_pypi.package_list.projects import Project
from dumb_pypi.pages.kinds import PACKAGES
from dumb_pypi.site.published import Published
from dumb_pypi.site.record import Entry
from dumb_pypi.site.staging import Staging

_BLOCK = 2**20  # bytes that are copied at once


# The projects parsed in this run, by process, in the order of the lines that it wrote.
Parts = Mapping[int, Sequence[tuple[str, Entry]]]


class _Run(NamedTuple):
    """Consecutive lines of a file, as a range of bytes."""

    path: str
    start: int
    end: int


def lines_path(staging: Staging, job: int) -> str:
    """Return the path where a process writes the lines of the projects that it parsed."""
    return os.path.join(staging.workspace, f'lines-{job}')


def write_lines(staging: Staging, job: int, lines: Iterable[bytes]) -> None:
    """Append lines to the file of this process."""
    with attempt('write', staging.site.full(PACKAGES)), open(lines_path(staging, job), 'ab') as file:
        file.writelines(lines)


def list_lines(project: Project) -> bytes:
    """Return the lines of a project in `packages.json`."""
    lines = [encode(file.package) for file in project.files]
    if project.facts != Facts(project.name):
        lines.insert(0, encode(project.facts))
    lines.append(b'')
    return b'\n'.join(lines)


def write_packages(
    staging: Staging,
    projects: Mapping[str, Entry],
    published: Published,
    parts: Parts,
    earlier: str | None,
) -> None:
    """Stage `packages.json` from the lines parsed in this run and the published ones.

    If the result equals the file at `earlier`, nothing is staged.
    """
    places: dict[str, tuple[str, int]] = {}
    for job, entries in parts.items():
        start = 0
        for name, entry in entries:
            places[name] = (lines_path(staging, job), start)
            start += entry.length
    old = os.path.join(published.directory, PACKAGES)
    runs: list[_Run] = []
    for name, entry in projects.items():
        path, start = places.get(name) or (old, published.starts[name])
        if runs and (runs[-1].path, runs[-1].end) == (path, start):
            runs[-1] = runs[-1]._replace(end=start + entry.length)
        else:
            runs.append(_Run(path, start, start + entry.length))
    target = staging.full(PACKAGES)
    with attempt('write', staging.site.full(PACKAGES)):
        os.makedirs(staging.directory, exist_ok=True)
        _copy(runs, target)
    if earlier is not None:
        with attempt('read', earlier):
            is_same = filecmp.cmp(target, earlier, shallow=False)
        if is_same:
            os.unlink(target)


def _copy(runs: Iterable[_Run], target: str) -> None:
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(open(target, 'wb'))
        inputs = {path: stack.enter_context(open(path, 'rb')) for path in {run.path for run in runs}}
        for path, start, end in runs:
            inputs[path].seek(start)
            for place in range(start, end, _BLOCK):
                output.write(inputs[path].read(min(_BLOCK, end - place)))
