"""The wheels of a release by Python and platform, and the order of its files."""

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
    python_words,
    specifier_words,
)

Tags = tuple[str, str, str]  # of a wheel: Pythons, ABIs, platforms

_ANY = 'any platform'
_MACHINES = {'universal2': ('x86_64', 'arm64'), 'intel': ('x86_64', 'i386'), 'universal': ('i386', 'ppc')}  # of macOS
_LIBC = re.compile(r' \((glibc|musl) \0\+\)')
_FREE_THREADED = re.compile(r'cp3\d+t')
SYSTEMS = (('Linux', 'glibc'), ('Linux', 'musl (Alpine)'), ('macOS', ''), ('Windows', ''))  # of the table, with notes
MACHINES = ('x86_64', 'arm64')  # of each of them
COLUMNS = [f'{system} {machine}' for system in ('Linux', 'musl', 'macOS', 'Windows') for machine in MACHINES]
_PLACES = {  # platform -> place of its column
    'Linux x86_64': 0,  # built for one machine, so nobody knows with which libc
    'Linux aarch64': 1,
    'Linux x86_64 (glibc)': 0,
    'Linux aarch64 (glibc)': 1,
    'Linux x86_64 (musl)': 2,
    'Linux aarch64 (musl)': 3,
    'macOS x86_64': 4,
    'macOS arm64': 5,
    'Windows x86_64': 6,
    'Windows ARM64': 7,
}
_MOST_ROWS = 40  # a tag may hold any number
_MOST_TAGS = 200  # names that claim more, within their 255 characters, are nonsense
_WHOLE = 2  # numbers of a version: `(3, 13)`, not `(3,)`


class Python(NamedTuple):
    """An interpreter that wheels are built for."""

    name: str
    version: tuple[int, ...]
    is_free_threaded: bool = False


class Claim(NamedTuple):
    """One interpreter that a wheel supports."""

    python: Python
    is_lowest: bool  # all newer ones of the same major version are supported too


class Row(NamedTuple):
    """An interpreter, and the wheels for it by platform."""

    label: str
    note: str
    cells: list[int | None]  # places in the list of wheels


class Matrix(NamedTuple):
    """The wheels of a release by Python and platform."""

    rows: list[Row]  # newest Python first; none if no wheel is for a platform of the table
    others: str  # the other platforms


def _covers(claim: Claim, python: Python) -> bool:
    one, other = claim.python, python
    if one.name != 'Python' and one[::2] != other[::2]:  # `py3` is any interpreter of Python 3
        return False
    return one.version == other.version or (
        claim.is_lowest and one.version[:1] == other.version[:1] and one.version < other.version
    )


@functools.lru_cache(maxsize=2**10)
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
            is_free_threaded = bool(_FREE_THREADED.fullmatch(abi))
            claims.append(Claim(Python(name, version, is_free_threaded), is_stable or name == 'Python'))
        if is_stable and abi != 'abi3':
            claims.append(Claim(Python(name, version, True), True))
    return tuple(claims)


@functools.lru_cache(maxsize=2**10)
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


def _served(exact: set[tuple[int, ...]], lowest: set[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Return the versions that wheels for all newer versions serve. The last of them stands for all that follow."""
    major, first = min(lowest)
    last = max(version for version in exact | lowest if version[0] == major)
    end = last[1] + (last in exact)
    return [(major, minor) for minor in range(first, min(end, first + _MOST_ROWS) + 1)]


def _pythons(claims: Iterable[Claim]) -> dict[Python, str]:
    """Return the interpreters of the rows, newest first, each with a note."""
    groups: dict[tuple[str, bool], tuple[set[tuple[int, ...]], set[tuple[int, ...]]]] = {}
    for (name, version, is_free_threaded), is_lowest in claims:
        is_range = is_lowest and len(version) == _WHOLE
        groups.setdefault((name, is_free_threaded), (set(), set()))[is_range].add(version)
    found: dict[Python, str] = {}
    for (name, is_free_threaded), (exact, lowest) in groups.items():
        note = 'free-threaded' if is_free_threaded else ''
        found |= {Python(name, version, is_free_threaded): note for version in exact}
        if name == 'Python':
            found |= {Python(name, version): 'and newer' for version in lowest}
        elif lowest:
            versions = _served(exact, lowest)
            found |= {Python(name, version, is_free_threaded): note for version in versions}
            found[Python(name, versions[-1], is_free_threaded)] = f'{note} and newer'.strip()
    newest = sorted(sorted(found, key=lambda each: each[::2]), key=lambda each: each.version, reverse=True)
    return {python: found[python] for python in newest[:_MOST_ROWS]}


def _label(python: Python, is_alone: bool) -> str:
    version = '.'.join(map(str, python.version))
    if python.name == 'CPython' and len(python.version) > 1:
        return f'{version}t' if python.is_free_threaded else version
    return f'{"" if is_alone or python.name != "Python" else "other "}{python.name} {version}'.strip()


def _other_words(platforms: Iterable[str]) -> str:
    """Return `Linux i686 and s390x; Linux (musl) armv7l` and the like for platforms that are not in the table."""
    systems: dict[str, list[str]] = {}
    for platform in sorted(set(platforms) - _PLACES.keys()):
        system, _, machine = platform.removesuffix(' (glibc)').partition(' ')
        machine, libc, _ = machine.partition(' (musl)')
        systems.setdefault(system + libc, []).append(machine)
    return '; '.join(f'{system} {join_words(machines)}'.strip() for system, machines in systems.items())


def _rank(tags: Tags) -> tuple[bool, bool]:
    """Return a sort key: installers prefer a wheel that is built for less."""
    python, _, platform = tags
    return (not _platforms(platform), python.startswith(('py2', 'py3')))


def make_matrix(wheels: Sequence[Tags]) -> Matrix:
    claims = [_claims(python, abi) for python, abi, _ in wheels]
    platforms = [_platforms(platform) for *_, platform in wheels]
    if max(len(set().union(*claims)), len(set().union(*platforms))) > _MOST_TAGS:
        return Matrix([], '')
    columns = [
        [_PLACES[platform] for platform in each if platform in _PLACES] if each else range(len(COLUMNS))
        for each in platforms
    ]
    pythons = _pythons(claim for each in claims for claim in each)
    is_alone = all(python.name == 'Python' for python in pythons)
    worst_first = sorted(range(len(wheels)), key=lambda place: (_rank(wheels[place]), place), reverse=True)
    rows = []
    for python, note in pythons.items():
        cells: list[int | None] = [None] * len(COLUMNS)
        for place in worst_first:
            if any(_covers(claim, python) for claim in claims[place]):
                for column in columns[place]:
                    cells[column] = place
        if any(cell is not None for cell in cells):
            rows.append(Row(_label(python, is_alone), note, cells))
    others = _other_words(platform for each in platforms for platform in each)
    return Matrix(rows, others)


def wheel_tags(file: File) -> Tags | None:
    _, _, packagetype, python, abi, platform = file.distribution
    return (python, abi, platform) if packagetype == 'bdist_wheel' else None


def sentence(wheels: Sequence[Tags], has_source: bool, requires_python: str | None) -> str | None:
    """Return a sentence if the answer is that short."""
    if not wheels:
        return f'There is no wheel{": installers build from source" if has_source else " and no source distribution"}'
    if any(platform != 'any' or not python.startswith(('py2', 'py3')) for python, _, platform in wheels):
        return None
    tags = sorted({tag for python, *_ in wheels for tag in python.split('.')})
    pythons = f'Python {specifier_words(requires_python)}' if requires_python else python_words(tags)
    return f'{"One wheel" if len(wheels) == 1 else "Wheels"} for every platform, {pythons}'


def in_order(files: Sequence[File]) -> Sequence[File]:
    """Return the files with source first, then by version: cp39 before cp310. `files` is sorted by file name."""
    if len(files) <= 2:  # like most releases
        return files[::-1] if len(files) == 2 and files[1].distribution.packagetype == 'sdist' else files
    return sorted(files, key=_file_order)


def _file_order(file: File) -> tuple[bool, str, int]:
    _, _, packagetype, python, *_ = file.distribution
    return (packagetype != 'sdist', python[:2], len(python))
