"""What is known of files without opening them: from the list of an earlier run (`--known`) and from `--facts`."""

from __future__ import annotations

import copy
import os
from collections.abc import Collection, Iterator
from typing import NamedTuple

import msgspec

from dumb_pypi.errors import BadValue, Failure, NotADistribution, attempt, quoted, shown, unexpected
from dumb_pypi.package_list.lines import FACTS_KEYS, PACKAGE_KEYS, PEOPLE, Facts, Package, keys_of, parse_line
from dumb_pypi.package_list.list_file import numbered_lines
from dumb_pypi.package_list.projects import SIDECARS, add_line, is_specifier
from dumb_pypi.pool.notes import Notes


class Lines(NamedTuple):
    packages: dict[str, Package]  # by path
    facts: dict[str, Facts]  # by project


class People(NamedTuple):
    """The lines of `--facts`, with their line numbers."""

    packages: dict[str, tuple[int, Package]]  # by path
    facts: dict[str, tuple[int, Facts]]  # by project


class _Numbered(NamedTuple):
    number: int
    line: Package | Facts | None  # `None` for a path that an index must not link to
    unknown: Collection[str]  # keys


def _read_lines(path: str) -> Iterator[_Numbered]:
    """Yield the lines of a list. Raises `Failure` for the first invalid line."""
    with attempt('read', path), open(path, 'rb') as file:
        for number, raw in numbered_lines(file):
            try:
                line, unknown, _ = parse_line(raw, is_json=True)
                yield _Numbered(number, line, unknown)
            except NotADistribution:
                yield _Numbered(number, None, ())
            except BadValue as error:
                raise _invalid(path, number, error) from None


def _invalid(path: str, number: int, error: BadValue) -> Failure:
    return Failure('\n'.join(f'{shown(path)}:{number}: {each}' for each in str(error).splitlines()))


def read_known(path: str | None, must_exist: bool) -> Lines:
    """Return the list of an earlier run. A missing file counts as an empty list, unless `must_exist`."""
    known = Lines({}, {})
    if path is None:
        return known
    with attempt('read', path):
        try:
            os.stat(path)
        except FileNotFoundError:
            if must_exist:
                raise
            return known
    for _, line, _ in _read_lines(path):
        if isinstance(line, Package):
            if line.requires_python is not None and not is_specifier(line.requires_python):
                line.requires_python = None
            known.packages[line.path] = line
        elif line is not None:
            known.facts[line.project] = line
    return known


def read_from_people(path: str, notes: Notes) -> People:
    """Return the lines of `--facts`. Raises `Failure` for keys that only files can have."""
    said = People({}, {})
    for number, line, unknown in _read_lines(path):
        try:
            if line is None:
                notes.add(f'{shown(path)}:{number}', 'ignored: there is no such file')
            elif isinstance(line, Package):
                check_keys(line, unknown)
                add_line(said.packages, line.path, number, line)
            else:
                check_keys(line, unknown)
                add_line(said.facts, line.project, number, line)
        except BadValue as error:
            raise _invalid(path, number, error) from None
    return said


def note_strangers(people: People, path: str, paths: Collection[str], projects: Collection[str], notes: Notes) -> None:
    """Warn of lines of `--facts` about files and projects that do not exist."""
    for kind, lines, known in (('file', people.packages, paths), ('project', people.facts, projects)):
        for subject, (number, _) in lines.items():
            if subject not in known:
                notes.add(f'{shown(path)}:{number}', f'ignored: there is no {kind} {quoted(subject)}')


def check_keys(line: Package | Facts, unknown: Collection[str]) -> None:
    """Raise `BadValue` for a key that `--facts` must not have."""
    allowed = [*keys_of(FACTS_KEYS, PEOPLE)]
    if isinstance(line, Package):
        allowed = [*keys_of(PACKAGE_KEYS, PEOPLE), 'upload_timestamp']
    if others := sorted({*unknown, *msgspec.to_builtins(line)} - {*allowed, 'filename', 'project'}):
        raise unexpected(f'{", ".join(allowed[:-1])} or {allowed[-1]}', others[0])


def sha256_of(package: Package) -> str | None:
    """Return `sha256=<hex>` of a line; `None` if the line has no SHA-256."""
    if package.hashes is not None and 'sha256' in package.hashes:
        return f'sha256={package.hashes["sha256"]}'
    return package.hash if package.hash is not None and package.hash.startswith('sha256=') else None


def set_upload_time(package: Package, time: float | str | None) -> None:
    """Set the time of the upload, unless it is `None`. The time of the last modification stays."""
    if time is not None:
        modified = package.last_modified
        package.upload_timestamp = time
        package.modified = None if modified == time else modified


class Knowledge:
    """What the known list and `--facts` say of files."""

    def __init__(self, known: Lines, people: People | None, adds: bool) -> None:
        self.known = known
        self.people = people
        self.adds = adds  # `--add`: keep the known files that are in no pool, and everything that known lines say
        self.by_name = {line.filename: line for line in known.packages.values() if not line.path.endswith(SIDECARS)}

    def take_over(self, package: Package, has_sidecar: bool) -> bool:
        """Copy what is known of a file with the same path, size and time. Return whether there is such a file."""
        before = self.known.packages.get(package.path)
        if (
            before is None
            or before.last_modified is None
            or (before.size, before.last_modified) != (package.size, package.upload_timestamp)
        ):
            return False
        package.hash = sha256_of(before)
        if package.hash is None:
            return False
        package.requires_python, package.requires_dist = before.requires_python, before.requires_dist
        package.exceeds_limits = before.exceeds_limits
        if has_sidecar and isinstance(before.core_metadata, str):
            package.core_metadata = before.core_metadata
        self._copy_known(package, before)
        return True

    def remember(self, package: Package) -> None:
        """Copy what is known of a file that has been read, if it has the known hash."""
        before = self.by_name.get(package.filename)
        if before is not None and sha256_of(before) == sha256_of(package):
            self._copy_known(package, before)

    def _copy_known(self, package: Package, before: Package) -> None:
        """Copy from the line of a file with the same bytes: its upload time; with `--add`, everything."""
        if self.adds and before.path == package.path:
            modified, sidecar = package.last_modified, package.core_metadata
            for attribute in Package.__struct_fields__:
                setattr(package, attribute, getattr(before, attribute))
            package.upload_timestamp, package.modified = modified, None
            package.core_metadata = before.core_metadata or sidecar
        set_upload_time(package, before.upload_timestamp)

    def say(self, package: Package) -> None:
        """Set what people say of a file: from `--facts` if given; else, with `--add`, from the known list."""
        if self.people is not None:
            _, said = self.people.packages.get(package.path, (0, None))
        else:
            said = self.by_name.get(package.filename) if self.adds else None
        package.yanked_reason = None if said is None else said.yanked_reason
        package.uploaded_by = None if said is None else said.uploaded_by
        if said is not None and self.people is not None:
            set_upload_time(package, said.upload_timestamp)

    def kept_line(self, package: Package) -> Package:
        """Return the line for a known file that is in no pool."""
        if self.people is None:
            return package
        line = copy.copy(package)
        self.say(line)
        return line

    def status(self, project: str) -> Facts:
        """Return a new line of a project, with the status that people gave it."""
        if self.people is not None:
            _, said = self.people.facts.get(project, (0, None))
        else:
            said = self.known.facts.get(project) if self.adds else None
        return Facts(project) if said is None else Facts(project, status=said.status, status_reason=said.status_reason)
