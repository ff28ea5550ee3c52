"""What differs between a list and what is published: projects are parsed, rendered and staged, then shared pages."""

from __future__ import annotations

import collections
import functools
import itertools
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from dumb_pypi import processes
from dumb_pypi.package_list.families import Families, first_word, make_batches, read_family_lines
from dumb_pypi.package_list.list_file import ListFile, check_list_file, open_list
from dumb_pypi.package_list.problems import Problem, Report
from dumb_pypi.package_list.projects import Project, parse_family
from dumb_pypi.package_list.releases import Release, latest_release, offered_releases, project_releases
from dumb_pypi.pages.changelog import changelog_parts, upload_lines
from dumb_pypi.pages.description import Descriptions, Outcome
from dumb_pypi.pages.page import Page, digest
from dumb_pypi.pages.paths import MONTH, PACKAGES, in_order
from dumb_pypi.pages.project import listed_status, project_pages
from dumb_pypi.pages.shared import shared_pages
from dumb_pypi.processes import Progress, in_processes
from dumb_pypi.settings import Settings
from dumb_pypi.site.directory import Site
from dumb_pypi.site.packages_json import list_lines, write_lines, write_packages
from dumb_pypi.site.published import Published, newest_uploads
from dumb_pypi.site.record import Entry, Month, Record
from dumb_pypi.site.uploads import write_months, write_uploads


class Work(NamedTuple):
    """What each process must know to parse families."""

    site: Site
    listed: ListFile
    families: Families
    published: Published
    settings: Settings
    descriptions: Descriptions
    names_files: bool = False  # whether anybody will ask for the file names
    unpaged: Collection[str] = ()  # families whose pages nobody will look at


class Parsed(NamedTuple):
    """What a process made of the families that it took. Their pages are staged, if they differ."""

    job: int
    projects: list[tuple[str, Entry]]  # in the order of the file at `lines_path`, where their lines are
    families: dict[str, str]
    updated: list[str]
    months: set[str]  # in which the changelog may differ
    stale: list[str]
    lacking: list[str]
    files: set[str]
    published_files: set[str]
    problems: list[Problem]
    described: Outcome


class Changes(NamedTuple):
    """What a list changes in what is published."""

    record: Record  # has no months and no pages yet
    parsed: list[Parsed]
    updated: list[str]  # names of projects that are new, or whose lines differ
    removed: list[str]
    months: set[str]
    stale: list[str]  # paths, also elsewhere
    lacking: list[str]  # paths of pages that are right here, and not elsewhere
    files: set[str]  # names, of the updated projects
    published_files: set[str]  # of the updated and of the removed ones


def project_entry(project: Project, releases: list[Release], lines: bytes) -> Entry:
    latest = latest_release(offered_releases(project, releases))
    times = [time for file in project.files if (time := file.package.uploaded) is not None]
    return Entry(
        files=len(project.files),
        uploaded=min(times, default=None),
        summary=project.facts.summary,
        version=latest.version if latest is not None else None,
        status=listed_status(project, latest),
        is_described=project.facts.description is not None,
        digest=digest(lines),
        length=len(lines),
    )


def stage_changes(work: Work, fingerprint: str, report: Report, jobs: int) -> Changes:
    """Parses what differs from what is published, and stages its pages."""
    listed, families, published = work.listed, work.families, work.published
    known = published.record.families
    looked_at = {first_word(name) for name in published.unknown}
    same = {
        name
        for name, family in families.items()
        if name in known and known[name] == family.digest() and looked_at.isdisjoint(name.split('+'))
    }
    with Progress('projects written') as progress:
        batches = make_batches(families, families.keys() - same)
        parsed = in_processes(functools.partial(write_families, work, progress=progress), batches, jobs)
    check_list_file(listed)
    report.write_warnings(work.descriptions.gather(each.described for each in parsed))
    report.write_problems(listed, itertools.chain(*(each.problems for each in parsed)))
    words = {word for name in same for word in name.split('+')}
    projects = {name: entry for name, entry in published.record.projects.items() if first_word(name) in words}
    sound = {name: known[name] for name in same}
    for each in parsed:
        projects.update(each.projects)
        sound.update(each.families)
    record = Record(fingerprint, dict(sorted(sound.items())), dict(sorted(projects.items())), {}, [])
    return add_removed(work, record, parsed)


def add_removed(work: Work, record: Record, parsed: list[Parsed]) -> Changes:
    """What the processes made, together, and what became of the projects that the list no longer has."""
    site, published = work.site, work.published
    changes = Changes(
        record,
        parsed,
        updated=sorted(itertools.chain(*(each.updated for each in parsed))),
        removed=sorted({*published.record.projects, *published.unknown} - record.projects.keys()),
        months=set().union(*(each.months for each in parsed)),
        stale=list(itertools.chain(*(each.stale for each in parsed))),
        lacking=list(itertools.chain(*(each.lacking for each in parsed))),
        files=set().union(*(each.files for each in parsed)),
        published_files=set().union(*(each.published_files for each in parsed)),
    )
    for name in changes.removed:
        changes.stale.extend(site.read_project_paths(name))
        project = published.read_project(name, work.settings.packages_url)
        if project is not None:
            changes.months.update(month for month, _ in upload_lines(name, project_releases(project)))
            changes.published_files.update(file.filename for file in project.files)
    return changes


def write_families(work: Work, batches: Iterable[Sequence[str]], progress: Progress) -> Parsed:
    """Parses families, stages the pages that differ, and leaves what goes into shared files beside them."""
    site, listed, families, published, *_ = work
    parsed = Parsed(processes.job, [], {}, [], set(), [], [], set(), set(), [], work.descriptions.outcome)
    with work.descriptions, open_list(listed) as file:
        for batch in batches:
            batch_lines: list[bytes] = []
            uploads: dict[str, list[str]] = collections.defaultdict(list)
            updated = len(parsed.updated)
            for word in batch:
                projects, problems = parse_family(read_family_lines(listed, file, families[word]), listed)
                parsed.problems.extend(problems)
                if not problems:
                    parsed.families[word] = families[word].digest()
                for project in projects.values():
                    lines = list_lines(project)
                    releases = project_releases(project)
                    entry = project_entry(project, releases, lines)
                    batch_lines.append(lines)
                    parsed.projects.append((project.name, entry))
                    known = published.record.projects.get(project.name)
                    if known is None or known.digest != entry.digest or project.name in published.unknown:
                        parsed.updated.append(project.name)
                        for month, line in upload_lines(project.name, releases):
                            uploads[month].append(line)
                        if word not in work.unpaged:
                            write_project(work, project, releases, parsed)
            write_lines(site, parsed.job, batch_lines)
            write_uploads(site, parsed.job, uploads)
            parsed.months.update(uploads)
            progress.add(len(parsed.updated) - updated)
    parsed.lacking.extend(site.take_lacking())
    return parsed


def write_project(work: Work, project: Project, releases: list[Release], parsed: Parsed) -> None:
    """Stages the pages of a project that differ, and adds to `parsed` what else differs from what is published."""
    site, name = work.site, project.name
    published = work.published.read_project(name, work.settings.packages_url)
    if work.names_files:
        parsed.files.update(file.filename for file in project.files)
    if published is not None:
        parsed.published_files.update(file.filename for file in published.files)
        parsed.months.update(month for month, _ in upload_lines(name, project_releases(published)))
    pages = project_pages(project, offered_releases(project, releases), work.settings, work.descriptions)
    for page in pages:
        site.write_page(page)
    if site.may_have(name):
        paths = {page.path for page in pages}
        parsed.stale.extend(path for path in site.read_project_paths(name) if path not in paths)
    site.forget_directories()


class Shared(NamedTuple):
    """The pages that tell of more than one project, staged where they differ."""

    months: dict[str, Month]
    paths: list[str]  # all of them, in the order in which they are moved
    lacking: list[str]


def write_shared(
    work: Work, changes: Changes, touched: Collection[str], static: Iterable[Page], built: int | None, jobs: int
) -> Shared:
    """Stages them; `touched` are the months that may differ, `built` is in seconds since 1970."""
    site, published, settings, projects = work.site, work.published, work.settings, changes.record.projects
    static = list(static)
    for page in static:
        site.write_page(page)
    write_packages(site, projects, published, [(each.job, each.projects) for each in changes.parsed])
    changed = {*changes.updated, *changes.removed}
    months, lacking = write_months(site, published, touched, changed, settings, jobs)
    uploads = {name: month.uploads for name, month in months.items()}
    paths = [page.path for page in static] + [MONTH.format(month=name) for name, _ in changelog_parts(uploads)]
    for page in shared_pages(projects, uploads, newest_uploads(site.staged, published, months), settings, built):
        site.write_page(page)
        paths.append(page.path)
    return Shared(months, in_order([*paths, PACKAGES]), [*lacking, *site.take_lacking()])
