"""The uploads of each month, as data for the next run and as pages of the changelog."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from dumb_pypi.errors import attempt
from dumb_pypi.pages.page import digest
from dumb_pypi.processes import in_processes
from dumb_pypi.site.directory import read_file
from dumb_pypi.site.published import Published, dropped
from dumb_pypi.site.record import UPLOADS, Month
from dumb_pypi.site.staging import Staging

# Stages the pages of a month. The arguments: its name, its published uploads, and its new uploads.
WritePages = Callable[[str, list[str], list[str]], None]


def _part_path(staging: Staging, month: str, job: int) -> str:
    return os.path.join(staging.workspace, f'uploads-{month}-{job}')


def write_uploads(staging: Staging, job: int, uploads: Mapping[str, Sequence[str]]) -> None:
    """Append lines to the part of each month that this process writes."""
    for month, lines in uploads.items():
        path = _part_path(staging, month, job)
        with attempt('write', path), open(path, 'a', encoding='utf-8', newline='\n') as file:
            file.writelines(lines)


def _write_months(
    staging: Staging,
    published: Published,
    changed: Collection[str],
    jobs: int,
    write_pages: WritePages,
    months: Iterable[str],
) -> dict[str, Month]:
    done = {}
    for month in months:
        before = published.read_month(month)
        lines = dropped(before, changed)
        for job in range(jobs):
            lines += (read_file(_part_path(staging, month, job)) or b'').decode().splitlines(keepends=True)
        lines.sort()
        content = ''.join(lines).encode()
        if lines and read_file(os.path.join(published.directory, UPLOADS, month)) != content:
            staging.write(f'{UPLOADS}/{month}', content)
        write_pages(month, before, lines)
        done[month] = Month(len(lines), len(content), digest(content))
    return done


def write_months(
    staging: Staging,
    published: Published,
    touched: Collection[str],
    changed: Collection[str],
    jobs: int,
    write_pages: WritePages,
) -> dict[str, Month]:
    """Stage the touched months: new uploads, and the published ones of unchanged projects.

    Returns all months by name, sorted.
    """
    work = functools.partial(_write_months, staging, published, changed, jobs, write_pages)
    months = dict(published.record.months)
    for part in in_processes(work, sorted(touched), jobs):
        months.update(part)
    return {month: months[month] for month in sorted(months) if months[month].uploads}
