"""Reads what is published: the record, the lines of projects and the uploads of months."""

from __future__ import annotations

import itertools
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from dumb_pypi.errors import attempt
from dumb_pypi.package_list.projects import Project, parse_family
from dumb_pypi.pages.audit import Audit
from dumb_pypi.pages.changelog import Upload
from dumb_pypi.pages.kinds import PACKAGES
from dumb_pypi.pages.page import digest
from dumb_pypi.site.directory import read_file
from dumb_pypi.site.record import AUDITS, UPLOADS, Month, Record

_decode_audits = msgspec.json.Decoder(dict[str, Audit]).decode


class Damaged(Exception):
    """A record that does not match the files that it names. Everything must be checked."""


class Published(NamedTuple):
    """A record and the files that it names."""

    record: Record
    directory: str  # contains its `PACKAGES`, `UPLOADS` and `AUDITS`
    starts: Mapping[str, int]  # offset of each project in `PACKAGES`
    unknown: Collection[str]  # projects whose pages must be checked, whatever the record says
    is_known: bool  # whether the record is complete; else any owned page may exist

    @classmethod
    def of(cls, record: Record, directory: str, unknown: Collection[str] = ()) -> Published:
        lengths = itertools.accumulate((entry.length for entry in record.projects.values()), initial=0)
        return cls(record, directory, dict(zip(record.projects, lengths, strict=False)), unknown, True)

    @classmethod
    def unknown_but(cls, owned: Collection[str], directory: str) -> Published:
        """Return the state of a site of which only the owned projects are known."""
        return cls(Record.of_nothing(), directory, {}, owned, False)

    def read_project(self, name: str, packages_url: str) -> Project | None:
        """Return a project as it was published; `None` if unknown. Raises `Damaged`."""
        if name not in self.starts:
            return None
        path, entry = os.path.join(self.directory, PACKAGES), self.record.projects[name]
        with attempt('read', path), open(path, 'rb') as file:
            file.seek(self.starts[name])
            lines = file.read(entry.length)
        if digest(lines) != entry.digest:
            raise Damaged
        projects, _ = parse_family(enumerate(lines.splitlines()), packages_url)
        return projects[name]

    def read_month(self, name: str) -> list[str]:
        """Return the published uploads of a month, oldest first. Raises `Damaged`."""
        month = self.record.months.get(name)
        return [] if month is None else read_uploads(self.directory, name, month)

    def read_audits(self) -> dict[str, Audit]:
        """Return the published audits by name of the project. Raises `Damaged`."""
        if not self.record.projects:
            return {}
        content = read_file(os.path.join(self.directory, AUDITS))
        is_whole = content is not None and digest(content) == self.record.audits.digest
        audits = _decode_audits(content) if content is not None and is_whole else {}
        if audits.keys() != self.record.projects.keys():  # damaged, or the record was edited
            raise Damaged
        return audits


def read_published_files(directory: str) -> set[str]:
    """Return the names of all published files, from `packages.json` only."""
    path = os.path.join(directory, PACKAGES)
    lines = enumerate((read_file(path) or b'').splitlines())
    projects, _ = parse_family(lines, packages_url='')
    return {file.filename for project in projects.values() for file in project.files}


def read_uploads(directory: str, name: str, month: Month) -> list[str]:
    """Return the uploads of a month, oldest first. Raises `Damaged`."""
    content = read_file(os.path.join(directory, UPLOADS, name))
    if content is None or digest(content) != month.digest:
        raise Damaged
    return content.decode().splitlines(keepends=True)


def newest_uploads(staged: str, published: Published, months: Mapping[str, Month]) -> Iterator[Upload]:
    """Yield the uploads of all months, staged or unchanged, newest first. Raises `Damaged`."""
    for name, month in reversed(list(months.items())):
        is_staged = os.path.exists(os.path.join(staged, UPLOADS, name))
        lines = read_uploads(staged if is_staged else published.directory, name, month)
        yield from map(Upload.from_line, reversed(lines))


def dropped(lines: Iterable[str], projects: Collection[str]) -> list[str]:
    """Return the uploads without those of these projects."""
    return [line for line in lines if line.split('\t', 2)[1] not in projects]
