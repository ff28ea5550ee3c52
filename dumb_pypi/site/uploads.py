"""The uploads of each month: as data for the next run, and as the pages of the changelog."""

from __future__ import annotations

import functools
import os
from collections.abc import Collection, Iterable, Mapping, Sequence

from dumb_pypi.errors import refusal
from dumb_pypi.pages.changelog import month_pages
from dumb_pypi.pages.page import digest
from dumb_pypi.processes import in_processes
from dumb_pypi.settings import Settings
from dumb_pypi.site.directory import Site, read_file
from dumb_pypi.site.published import Published, dropped
from dumb_pypi.site.record import UPLOADS, Month


def _part_path(site: Site, month: str, job: int) -> str:
    return os.path.join(site.temporary, f'uploads-{month}-{job}')


def write_uploads(site: Site, job: int, uploads: Mapping[str, Sequence[str]]) -> None:
    """Adds lines to the part of each month that this process has."""
    for month, lines in uploads.items():
        path = _part_path(site, month, job)
        with refusal('write', path), open(path, 'a', encoding='utf-8', newline='\n') as file:
            file.writelines(lines)


def _write_months(
    site: Site, published: Published, changed: Collection[str], settings: Settings, jobs: int, months: Iterable[str]
) -> tuple[dict[str, Month], list[str]]:
    done = {}
    for month in months:
        lines = dropped(published.read_month(month), changed)
        for job in range(jobs):
            lines += (read_file(_part_path(site, month, job)) or b'').decode().splitlines(keepends=True)
        lines.sort()
        content = ''.join(lines).encode()
        if lines and site.read_page(f'{UPLOADS}/{month}') != content:
            site.write_staged(f'{UPLOADS}/{month}', content)
        for page in month_pages(month, lines, settings):
            site.write_page(page)
        done[month] = Month(len(lines), len(content), digest(content))
    return done, site.take_lacking()


def write_months(
    site: Site,
    published: Published,
    touched: Collection[str],
    changed: Collection[str],
    settings: Settings,
    jobs: int,
) -> tuple[dict[str, Month], list[str]]:
    """Stages the touched months: what is published but for the changed projects, and what was parsed.

    Returns all months by name, sorted, and the paths of pages elsewhere that are not here.
    """
    work = functools.partial(_write_months, site, published, changed, settings, jobs)
    months, lacking = dict(published.record.months), []
    for part, paths in in_processes(work, sorted(touched), jobs):
        months.update(part)
        lacking += paths
    return {month: months[month] for month in sorted(months) if months[month].uploads}, lacking
