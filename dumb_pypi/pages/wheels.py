"""The Pythons and platforms that a release has files for, in one line and in two lists.

A release names the Pythons that it was built for; a file that runs on several of them (`py3`, `abi3`) counts for each.
Source runs on all.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dumb_pypi.package_list.projects import File
from dumb_pypi.pages.words import (
    IMPLEMENTATIONS,
    PYTHON_TAG,
    STABLE_ABIS,
    join_words,
    platform_parts,
    readable_size,
)

FEW_FILES = 8  # few enough to read through
_ANY = 'any platform'
_MACHINES = {'universal2': ('x86_64', 'arm64'), 'intel': ('x86_64', 'i386'), 'universal': ('i386', 'ppc')}  # of macOS
_SYSTEMS = ('Windows', 'macOS', 'Linux')
_USUAL_MACHINES = ('x86_64', 'arm64', 'ARM64', 'aarch64')
_FREE_THREADED = re.compile(r'cp3\d+t')
_SHOWN_MACHINES = 3
_MOST_CHOICES = 200  # in a menu: wheels that claim more, in their names of 255 characters, say nothing to anybody


class Python(NamedTuple):
    """An interpreter that files are built for. Sorts by version."""

    name: str
    version: tuple[int, ...]
    is_free_threaded: bool = False

    @property
    def words(self) -> str:
        version = '.'.join(map(str, self.version))
        return f'{self.name} {version}'.strip() + (', free-threaded' if self.is_free_threaded else '')


class Claim(NamedTuple):
    """One interpreter that a file supports."""

    python: Python
    is_lowest: bool  # all newer ones are supported too


class Reach(NamedTuple):
    """What a file supports; empty means everything."""

    claims: tuple[Claim, ...] = ()
    platforms: tuple[str, ...] = ()


class Choice(NamedTuple):
    """The files of a release by what they support."""

    line: str
    pythons: list[str]
    platforms: list[str]
    rows: list[tuple[str, str]]  # per file: its positions in both lists, separated by spaces; '' for all


def _covers(claim: Claim, python: Python) -> bool:
    one, other = claim.python, python
    if one.name == 'Python':  # `py3` is any interpreter of Python 3
        return one.version[:1] == other.version[:1] and one.version <= other.version
    if (one.name, one.is_free_threaded) != (other.name, other.is_free_threaded):
        return False
    return one.version == other.version or (claim.is_lowest and one.version[:1] == other.version[:1] and one < other)


@functools.lru_cache(maxsize=2**12)
def _claims(python: str, abi: str) -> tuple[Claim, ...]:
    claims = []
    for tag in python.split('.'):
        match = PYTHON_TAG.fullmatch(tag)
        if match is None:
            continue
        version = tuple(int(part) for part in match.group(2, 3) if part)
        name = IMPLEMENTATIONS.get(match[1], match[1])
        is_stable = abi in STABLE_ABIS and name == 'CPython'
        if not is_stable or abi != 'abi3t':
            claims.append(Claim(Python(name, version, bool(_FREE_THREADED.fullmatch(abi))), is_stable))
        if is_stable and abi != 'abi3':
            claims.append(Claim(Python(name, version, True), True))
    return tuple(claims)


@functools.lru_cache(maxsize=2**12)
def _platforms(tags: str) -> tuple[str, ...]:
    """Return platforms as in `Linux x86_64 (glibc)`, without versions; none for any platform."""
    found = []
    for tag in tags.split('.'):
        words, version, after = platform_parts(tag)
        if words == _ANY:
            return ()
        if version:
            words = words.rstrip().removesuffix(' API') + after.removeprefix('+')
        system, _, machine = words.partition(' ')
        machines = _MACHINES.get(machine, (machine,)) if system == 'macOS' else (machine,)
        found += [f'{system} {each}'.strip() for each in machines]
    return tuple(dict.fromkeys(found))


def reach(file: File) -> Reach:
    _, _, packagetype, python, abi, platform = file.distribution
    if packagetype == 'sdist':
        return Reach()
    if packagetype != 'bdist_wheel':
        python = '' if python == 'any' else f'cp{python.replace(".", "")}'
    return Reach(_claims(python, abi), _platforms(platform) if platform else ())


def _version_words(versions: Sequence[tuple[int, ...]]) -> str:
    """Return `2.7 and 3.9 to 3.15`: three or more consecutive versions are a range."""
    runs: list[list[tuple[int, ...]]] = []
    for version in versions:
        if runs and version[:-1] == runs[-1][-1][:-1] and version[-1] == runs[-1][-1][-1] + 1:
            runs[-1].append(version)
        else:
            runs.append([version])
    words = []
    for run in runs:
        names = ['.'.join(map(str, version)) for version in run]
        words += [f'{names[0]} to {names[-1]}'] if len(names) > 2 else names
    return join_words(words)


def _python_words(claims: Iterable[Claim], pythons: Iterable[Python]) -> list[str]:
    """Return `CPython 3.9 to 3.15` and the like, one text per interpreter."""
    lowest = {claim.python for claim in claims if claim.is_lowest}
    groups: dict[tuple[str, bool], list[Python]] = {}
    for python in pythons:
        groups.setdefault((python.name, python.is_free_threaded), []).append(python)
    words = []
    for (name, is_free_threaded), members in groups.items():
        versions = _version_words([each.version for each in members if each.version])
        onward = ' and newer' if not lowest.isdisjoint(members) else ''
        words.append(f'{name} {versions}'.strip() + onward + (' free-threaded' if is_free_threaded else ''))
    return words


def _platform_words(platforms: Iterable[str]) -> list[str]:
    """Return `Windows x86_64 and ARM64` and the like, one text per system."""
    systems: dict[str, list[str]] = {}
    for platform in platforms:
        system, _, machine = re.sub(r' \(\w+\)$', '', platform).partition(' ')
        if machine not in systems.setdefault(system, []):
            systems[system].append(machine)
    words = []
    for system, machines in systems.items():
        if system == 'macOS' and {'x86_64', 'arm64'} <= set(machines):
            machines = []
        if len(machines) > _SHOWN_MACHINES + 1:
            machines = [*machines[:_SHOWN_MACHINES], f'{len(machines) - _SHOWN_MACHINES} more']
        words.append(f'{system} {join_words(machines)}'.strip())
    return words


def _places(everything: Sequence[object], found: set[int]) -> str:
    return '' if len(found) == len(everything) else ' '.join(map(str, sorted(found)))


def make_choice(files: Sequence[File]) -> Choice:
    reaches = [reach(file) for file in files]
    claims = {claim for each in reaches for claim in each.claims}
    tags = {platform for each in reaches for platform in each.platforms}
    if max(len(claims), len(tags)) > _MOST_CHOICES:
        reaches, claims, tags = [Reach()] * len(files), set(), set()
    # `py3` is offered as a choice only if there is nothing else.
    named = {claim.python for claim in claims if claim.python.name != 'Python'}
    pythons = sorted(named or {claim.python for claim in claims}, key=lambda each: (each.name, each[2], each.version))
    platforms = sorted(tags, key=_platform_order)
    covered = {claim: {i for i, python in enumerate(pythons) if _covers(claim, python)} for claim in claims}
    rows = []
    for each in reaches:
        fitting = set[int]().union(*(covered[claim] for claim in each.claims))
        wanted = {platforms.index(platform) for platform in each.platforms}
        rows.append(
            (_places(pythons, fitting) if each.claims else '', _places(platforms, wanted) if each.platforms else '')
        )
    parts = [', '.join([*_python_words(claims, pythons), *_platform_words(platforms)])]
    if any(each.claims and not each.platforms for each in reaches):
        parts[0] += f', {_ANY}'
    if any(file.distribution.packagetype == 'sdist' for file in files):
        parts.append('source too' if parts[0] else 'source')
    sizes = [file.package.size for file in files]
    if None not in sizes:
        parts.append(f'{readable_size(sum(size or 0 for size in sizes))} in all')
    return Choice('; '.join(part for part in parts if part), [each.words for each in pythons], platforms, rows)


def _platform_order(platform: str) -> tuple[int, int, str]:
    """Return a sort key: the usual platforms first."""
    system, _, machine = platform.partition(' ')
    return (_place(system, _SYSTEMS), _place(machine.partition(' ')[0], _USUAL_MACHINES), platform)


def _place(one: str, usual: Sequence[str]) -> int:
    return usual.index(one) if one in usual else len(usual)


def in_order(files: Sequence[File]) -> Sequence[File]:
    """Return the files with source first, then by version: cp39 before cp310. `files` is sorted by file name."""
    if len(files) <= 2:  # like most releases
        return files[::-1] if len(files) == 2 and files[1].distribution.packagetype == 'sdist' else files
    return sorted(files, key=_file_order)


def _file_order(file: File) -> tuple[bool, str, int]:
    _, _, packagetype, python, *_ = file.distribution
    return (packagetype != 'sdist', python[:2], len(python))
