"""Compares the list with what is published; parses, renders and stages the projects that differ, then shared pages."""

from __future__ import annotations

import collections
import functools
import itertools
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import IO, NamedTuple

from dumb_pypi import processes
from dumb_pypi.earlier import Place, month_paths, upload_counts
from dumb_pypi.package_list.families import Families, family_words, first_word, make_batches, read_family_lines
from dumb_pypi.package_list.list_file import ListFile, check_list_file, open_list
from dumb_pypi.package_list.problems import Problem, Report
from dumb_pypi.package_list.projects import Project, parse_family
from dumb_pypi.package_list.releases import Release, latest_release, offered_releases, project_releases
from dumb_pypi.pages.audit import Audit, project_audit
from dumb_pypi.pages.changelog import month_pages, upload_lines
from dumb_pypi.pages.description import Descriptions, Outcome
from dumb_pypi.pages.kinds import PACKAGES, in_order
from dumb_pypi.pages.page import Page, digest
from dumb_pypi.pages.project import listed_status, project_pages
from dumb_pypi.pages.shared import shared_pages
from dumb_pypi.processes import in_processes
from dumb_pypi.progress import Progress
from dumb_pypi.settings import Settings
from dumb_pypi.site.audits import write_audits
from dumb_pypi.site.packages_json import Parts, list_lines, write_lines, write_packages
from dumb_pypi.site.published import Published, newest_uploads
from dumb_pypi.site.record import Audits, Entry, Month
from dumb_pypi.site.staging import Staging
from dumb_pypi.site.uploads import write_months, write_uploads

_REMOVED_AT_ONCE = 256  # projects per task of a process
_NONE: AbstractSet[str] = frozenset()


class Work(NamedTuple):
    """The input of each worker process."""

    staging: Staging
    listed: ListFile
    families: Families
    published: Published
    settings: Settings
    descriptions: Descriptions
    place: Place  # where the site is published
    names_files: bool  # whether file names are collected
    has_pages: bool = True  # whether the pages of projects are made


class Differences(NamedTuple):
    """What differs between the list and the published site, for all changed projects together."""

    months: AbstractSet[str] = _NONE  # months whose changelog may differ
    stale: Sequence[str] = ()  # paths where stale pages may be
    files: AbstractSet[str] = _NONE  # names of the files of changed projects
    published_files: AbstractSet[str] = _NONE

    @classmethod
    def joined(cls, parts: Sequence[Differences]) -> Differences:
        return cls(
            set().union(*(each.months for each in parts)),
            list(itertools.chain(*(each.stale for each in parts))),
            set().union(*(each.files for each in parts)),
            set().union(*(each.published_files for each in parts)),
        )


class Found(NamedTuple):
    """A project of the list."""

    project: Project
    releases: list[Release]
    lines: bytes
    entry: Entry
    audit: Audit


class Batch(NamedTuple):
    """The result of some families. Their pages are staged if they differ."""

    projects: Sequence[tuple[str, Entry]]  # in the order in which this process writes their lines
    audits: Mapping[str, Audit]  # by project
    families: Mapping[str, str]  # digests of families without a problem, by name
    updated: Sequence[str]  # projects that are new or have other lines
    differences: Differences
    problems: Sequence[Problem]


class Parsed(NamedTuple):
    """The result of all families of one process."""

    job: int
    batches: Sequence[Batch]
    outcome: Outcome  # of rendering their descriptions


class Changes(NamedTuple):
    """The changes that a list makes to what is published."""

    families: dict[str, str]  # as in the record, like `projects`
    projects: dict[str, Entry]
    audits: Mapping[str, Audit]  # of the projects that were parsed
    parts: Parts
    updated: Sequence[str]  # names of projects, sorted
    removed: Sequence[str]
    differences: Differences


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


def stage_changes(work: Work, report: Report, jobs: int) -> Changes:
    """Parse the families that differ from what is published, and stage their pages."""
    listed, families, published = work.listed, work.families, work.published
    known = published.record.families
    looked_at = {first_word(name) for name in published.unknown}
    same = {
        name
        for name, family in families.items()
        if name in known and known[name] == family.digest() and looked_at.isdisjoint(family_words(name))
    }
    with Progress('projects written') as progress:
        batches = make_batches(families, families.keys() - same)
        parsed = in_processes(functools.partial(write_families, work, progress=progress), batches, jobs)
    check_list_file(listed)
    made = [batch for each in parsed for batch in each.batches]
    report.write_warnings(work.descriptions.gather(each.outcome for each in parsed))
    report.write_problems(listed, itertools.chain(*(batch.problems for batch in made)))
    words = {word for name in same for word in family_words(name)}
    projects = {name: entry for name, entry in published.record.projects.items() if first_word(name) in words}
    projects.update(itertools.chain(*(batch.projects for batch in made)))
    sound = {name: known[name] for name in same}
    sound.update(itertools.chain(*(batch.families.items() for batch in made)))
    removed = sorted({*published.record.projects, *published.unknown} - projects.keys())
    return Changes(
        dict(sorted(sound.items())),
        dict(sorted(projects.items())),
        dict(itertools.chain(*(batch.audits.items() for batch in made))),
        {each.job: [part for batch in each.batches for part in batch.projects] for each in parsed},
        sorted(itertools.chain(*(batch.updated for batch in made))),
        removed,
        Differences.joined([*(batch.differences for batch in made), *read_removed(work, removed, jobs)]),
    )


def read_removed(work: Work, removed: Sequence[str], jobs: int) -> list[Differences]:
    batches = [removed[start : start + _REMOVED_AT_ONCE] for start in range(0, len(removed), _REMOVED_AT_ONCE)]
    return in_processes(functools.partial(_read_removed, work), batches, jobs)


def _read_removed(work: Work, batches: Iterable[Sequence[str]]) -> Differences:
    with work.descriptions:
        return Differences.joined([project_differences(work, name, None) for batch in batches for name in batch])


def write_families(work: Work, batches: Iterable[Sequence[str]], progress: Progress) -> Parsed:
    """Stage the pages of families that differ, and write the lines that go into shared files."""
    with work.descriptions, open_list(work.listed) as file:
        done = []
        for words in batches:
            batch = write_batch(work, *read_batch(work, file, words))
            progress.add(len(batch.updated))
            done.append(batch)
    return Parsed(processes.job, done, work.descriptions.outcome)


def read_batch(work: Work, file: IO[bytes], words: Iterable[str]) -> tuple[list[Found], dict[str, str], list[Problem]]:
    """Return the projects of families, the digests of families without a problem, and the problems."""
    found: list[Found] = []
    sound: dict[str, str] = {}
    problems: list[Problem] = []
    for word in words:
        family = work.families[word]
        lines = read_family_lines(work.listed, file, family)
        projects, wrong = parse_family(lines, work.settings.packages_url, work.listed.is_json)
        for project in projects.values():
            releases, kept = project_releases(project.files), list_lines(project)
            entry, audit = project_entry(project, releases, kept), project_audit(project, releases)
            found.append(Found(project, releases, kept, entry, audit))
        if not wrong:
            sound[word] = family.digest()
        problems += wrong
    return found, sound, problems


def write_batch(work: Work, found: Sequence[Found], sound: Mapping[str, str], problems: Sequence[Problem]) -> Batch:
    staging, job = work.staging, processes.job
    updated = [each for each in found if is_updated(work.published, each)]
    uploads: dict[str, list[str]] = collections.defaultdict(list)
    for each in updated:
        for month, line in upload_lines(each.project.name, each.releases):
            uploads[month].append(line)
    write_lines(staging, job, (each.lines for each in found))
    write_uploads(staging, job, uploads)
    differences = [project_differences(work, each.project.name, each) for each in updated]
    return Batch(
        [(each.project.name, each.entry) for each in found],
        {each.project.name: each.audit for each in found},
        sound,
        [each.project.name for each in updated],
        Differences.joined([Differences(uploads.keys()), *differences]),
        problems,
    )


def is_updated(published: Published, found: Found) -> bool:
    name = found.project.name
    known = published.record.projects.get(name)
    return known is None or known.digest != found.entry.digest or name in published.unknown


def project_differences(work: Work, name: str, found: Found | None) -> Differences:
    """Stage the pages of a project that differ. `found` is `None` if the list no longer has the project."""
    before = work.published.read_project(name, work.settings.packages_url)
    stale: Sequence[str] = ()
    if work.has_pages:
        earlier = work.place.of_project(name, before)
        stale = earlier.left(work.staging.write_pages(found_pages(work, found), earlier))
        work.staging.site.forget_directories()
    releases = project_releases(before.files) if before is not None else []
    return Differences(
        {month for month, _ in upload_lines(name, releases)},
        stale,
        file_names(work, found.project if found is not None else None),
        file_names(work, before),
    )


def found_pages(work: Work, found: Found | None) -> list[Page]:
    if found is None:
        return []
    return project_pages(found.project, found.releases, work.settings, work.descriptions)


def file_names(work: Work, project: Project | None) -> AbstractSet[str]:
    return {file.filename for file in project.files} if project is not None and work.names_files else _NONE


class Shared(NamedTuple):
    """The pages of the whole site, staged where they differ."""

    months: dict[str, Month]
    paths: list[str]  # all of them, in the order in which they are moved
    audits: Audits
    stale: list[str]


def stage_shared(work: Work, changes: Changes, static: Sequence[Page], built: int | None, jobs: int) -> Shared:
    """Stage the pages of the whole site. `built` is in seconds since 1970."""
    staging, published, place, projects = work.staging, work.published, work.place, changes.projects

    def write_month(name: str, before: list[str], uploads: list[str]) -> None:
        staging.write_pages(month_pages(name, uploads, work.settings), place.of_month(name, before))

    write_packages(staging, projects, published, changes.parts, place.packages(published))
    audits, written = write_audits(staging, projects, published, changes.audits)
    touched = changes.differences.months | place.touched(published)
    months = write_months(staging, published, touched, {*changes.updated, *changes.removed}, jobs, write_month)
    newest = newest_uploads(staging.directory, published, months)
    pages = shared_pages(projects, audits, upload_counts(months), newest, work.settings, built)
    earlier = place.of_site(published, static, built)
    paths = staging.write_pages(itertools.chain(static, pages), earlier)
    paths = in_order([*paths, *month_paths(months), PACKAGES])
    return Shared(months, paths, written, earlier.left(paths))
