"""What is known without opening a file: from the list of an earlier run, and from people."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

import msgspec

from dumb_pypi.errors import BadValue, Failure, NotADistribution, attempt, quoted, shown, unexpected
from dumb_pypi.package_list.lines import FACTS_KEYS, PACKAGE_KEYS, PEOPLE, Facts, Package, keys_of, parse_line
from dumb_pypi.package_list.list_file import numbered_lines
from dumb_pypi.package_list.projects import add_line, is_specifier
from dumb_pypi.pool.notes import Notes


class Lines(NamedTuple):
    packages: dict[str, Package]  # by path
    facts: dict[str, Facts]  # by project


class _Numbered(NamedTuple):
    number: int
    line: Package | Facts | None  # `None` for a path that an index must not link to
    unknown: Collection[str]  # keys


def _read_lines(path: str) -> Iterator[_Numbered]:
    """Read a list, line by line. Raises `Failure` for the first line that is invalid."""
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


def read_known(path: str | None) -> Lines:
    """Return the list of an earlier run. A file that does not exist is that of the first run: it has no lines."""
    known = Lines({}, {})
    if path is None:
        return known
    with attempt('read', path):
        try:
            os.stat(path)
        except FileNotFoundError:
            return known
    for _, line, _ in _read_lines(path):
        if isinstance(line, Package):
            known.packages[line.path] = line
        elif line is not None:
            known.facts[line.project] = line
    return known


def read_from_people(path: str | None, paths: Collection[str], projects: Collection[str], notes: Notes) -> Lines:
    """Return what people say of these files and projects. Raises `Failure` for keys that only files can have."""
    packages: dict[str, tuple[int, Package]] = {}
    facts: dict[str, tuple[int, Facts]] = {}
    if path is None:
        return Lines({}, {})
    for number, line, unknown in _read_lines(path):
        place = f'{shown(path)}:{number}'
        try:
            if line is None:
                notes.add(place, 'ignored: there is no such file')
            elif isinstance(line, Package):
                check_keys(line, unknown)
                add_line(packages, line.path, number, line)
                if line.path not in paths:
                    notes.add(place, f'ignored: there is no file {quoted(line.path)}')
            else:
                check_keys(line, unknown)
                add_line(facts, line.project, number, line)
                if line.project not in projects:
                    notes.add(place, f'ignored: there is no project {quoted(line.project)}')
        except BadValue as error:
            raise _invalid(path, number, error) from None
    return Lines(
        {path: line for path, (_, line) in packages.items()}, {project: line for project, (_, line) in facts.items()}
    )


def check_keys(line: Package | Facts, unknown: Collection[str]) -> None:
    """Raise `BadValue` for a key that is not for people to say."""
    allowed = keys_of(PACKAGE_KEYS if isinstance(line, Package) else FACTS_KEYS, PEOPLE)
    if others := sorted({*unknown, *msgspec.to_builtins(line)} - {*allowed, 'filename', 'project'}):
        raise unexpected(f'{", ".join(allowed[:-1])} or {allowed[-1]}', others[0])


def fill_in_known(package: Package, known: Mapping[str, Package], has_sidecar: bool) -> None:
    """Take over what an earlier run said of a file that is unchanged: of this path, size and time."""
    before = known.get(package.path)
    if (
        before is not None
        and before.hash is not None
        and before.hash.startswith('sha256=')
        and before.upload_timestamp is not None
        and (before.size, before.upload_timestamp) == (package.size, package.upload_timestamp)
    ):
        package.hash = before.hash
        if before.requires_python is not None and is_specifier(before.requires_python):
            package.requires_python = before.requires_python
        package.requires_dist = before.requires_dist
        package.exceeds_limits = before.exceeds_limits
        if has_sidecar and isinstance(before.core_metadata, str):
            package.core_metadata = before.core_metadata


def fill_in_from_people(package: Package, said: Mapping[str, Package]) -> None:
    line = said.get(package.path)
    if line is not None:
        package.yanked_reason, package.uploaded_by = line.yanked_reason, line.uploaded_by
