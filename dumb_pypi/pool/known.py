"""What is known without opening a file: from the list of an earlier run, and from people."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

import msgspec

from dumb_pypi.errors import BadValue, Failure, NotADistribution, quoted, refusal, shown, unexpected
from dumb_pypi.package_list.lines import Facts, Package, differing_keys, parse_line
from dumb_pypi.package_list.projects import is_specifier
from dumb_pypi.pool.notes import Notes

_BYTE_ORDER_MARK = b'\xef\xbb\xbf'
# What people know, and no file says: of a file, and of a project.
_OF_FILES = ('yanked_reason', 'uploaded_by')
_OF_PROJECTS = ('status', 'status_reason')


class Lines(NamedTuple):
    packages: dict[str, Package]  # by path
    facts: dict[str, Facts]  # by project


class _Numbered(NamedTuple):
    number: int
    line: Package | Facts | None  # `None` for a path that an index must not link to
    unknown: Collection[str]  # keys


def _read_lines(path: str) -> Iterator[_Numbered]:
    """Raises `Failure` for what is no list."""
    with refusal('read', path), open(path, 'rb') as file:
        for number, raw in enumerate(file, 1):
            text = (raw.removeprefix(_BYTE_ORDER_MARK) if number == 1 else raw).strip()
            try:
                if text:
                    line, unknown, _ = parse_line(text, is_json=True)
                    yield _Numbered(number, line, unknown)
            except NotADistribution:
                yield _Numbered(number, None, ())
            except UnicodeDecodeError:
                raise Failure(f'{shown(path)}:{number}: expected UTF-8, got {quoted(text)}') from None
            except BadValue as error:
                raise Failure(
                    '\n'.join(f'{shown(path)}:{number}: {each}' for each in str(error).splitlines())
                ) from None


def read_known(path: str | None) -> Lines:
    """The list of an earlier run; of the first run, there is none."""
    known = Lines({}, {})
    if path is None:
        return known
    with refusal('read', path):
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
    """What people say of these files and projects. Raises `Failure` for what is not theirs to say."""
    said: dict[tuple[str, str], tuple[int, Package | Facts]] = {}
    for number, line, unknown in _read_lines(path) if path is not None else ():
        place = f'{shown(path or "")}:{number}'
        subject = ('file', line.path) if isinstance(line, Package) else ('project', line.project) if line else None
        if line is None or subject is None:
            notes.add(place, 'ignored: there is no such file')
            continue
        own = (*_OF_FILES, 'filename') if isinstance(line, Package) else (*_OF_PROJECTS, 'project')
        if others := sorted({*unknown, *msgspec.to_builtins(line)} - {*own}):
            allowed = 'yanked, yanked_reason or uploaded_by' if isinstance(line, Package) else 'status or status_reason'
            raise Failure(f'{place}: {unexpected(allowed, others[0])}')
        first, earlier = said.setdefault(subject, (number, line))
        if earlier != line:
            another = ', '.join(differing_keys(earlier, line))  # type: ignore[type-var]
            raise Failure(f'{place}: expected {quoted(subject[1])} to be as in line {first}, got another {another}')
        if subject[1] not in (paths if isinstance(line, Package) else projects):
            notes.add(place, f'ignored: there is no {subject[0]} {quoted(subject[1])}')
    lines = [line for _, line in said.values()]
    return Lines(
        {line.path: line for line in lines if isinstance(line, Package)},
        {line.project: line for line in lines if isinstance(line, Facts)},
    )


def fill_in_known(package: Package, known: Mapping[str, Package], has_sidecar: bool) -> None:
    """What an earlier run said of a file that is as it was then: of this path, this size and this time."""
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
