"""From lines to projects: groups packages, resolves duplicates and sidecars, and reports invalid lines."""

from __future__ import annotations

import functools
import re
import urllib.parse
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import msgspec

from dumb_pypi.errors import BadValue, NotADistribution, quoted
from dumb_pypi.package_list.file_names import VARIANTS, Distribution, identify
from dumb_pypi.package_list.lines import (
    PACKAGE_KEYS,
    PLACE,
    Facts,
    Line,
    Package,
    differing_keys,
    keys_of,
    listed_name,
    parse_line,
)
from dumb_pypi.package_list.problems import Problem
from dumb_pypi.package_list.values import PLAIN, is_absolute, iso_time

SIDECARS = ('.metadata', '.provenance')  # files about the file that they are named after: PEP 658, PEP 740

_MOST_SPECIFIER = 1_000  # characters
_MOST_VERSION = 128  # characters of a version in a specifier
_LONG_NUMBER = re.compile('[0-9]{21}')
_OF_VARIANTS = [PACKAGE_KEYS[key].attribute for key in keys_of(PACKAGE_KEYS, PLACE)]


class File(msgspec.Struct, gc=False):
    """A package, with its parsed file name."""

    package: Package
    distribution: Distribution
    filename: str
    url: str
    is_relative: bool  # to `--packages-url`
    hashes: dict[str, str]  # hex by algorithm
    time: str | None  # of the upload: ISO 8601


class Project(NamedTuple):
    """All packages with the same normalized name, sorted by file name."""

    name: str
    facts: Facts
    files: Sequence[File]


class Repeated(BadValue):
    """A line that contradicts an earlier one. `first` is the offset or the number of the earlier line."""

    def __init__(self, before: str, first: int, after: str) -> None:
        super().__init__(f'{before} {first}{after}')
        self.before, self.first, self.after = before, first, after


class _Lines:
    """The lines of a family, as far as they are parsed."""

    def __init__(self, is_json: bool) -> None:
        self.is_json = is_json
        self.packages: dict[str, tuple[int, Package]] = {}  # by file name, with the offset of the first line
        self.distributions: dict[str, Distribution] = {}  # by file name
        self.facts: dict[str, tuple[int, Facts]] = {}  # by project
        self.sidecars: set[str] = set()  # locations
        self.unknown: set[str] = set()  # keys
        self.problems: list[Problem] = []

    def take(self, place: int, raw: bytes) -> None:
        """Add a line. Everything wrong with it is added to the problems."""
        try:
            line, unknown, beyond = parse_line(raw, self.is_json)
            if isinstance(line, Facts):
                add_line(self.facts, line.project, place, line)
            elif line.path.endswith(SIDECARS):
                self.sidecars.add(line.location)
            else:
                self.take_package(place, line)
        except Repeated as error:
            self.problems.append(Problem(place, error.before, is_error=True, first=error.first, after=error.after))
        except BadValue as error:
            self.problems += [Problem(place, text, is_error=True) for text in str(error).splitlines()]
        except NotADistribution as reason:
            name = quoted(listed_name(raw, self.is_json))
            self.problems.append(Problem(place, f'skipped: {name} {reason}', is_skipped=True))
        else:
            self.problems += [Problem(place, text, is_mild=True) for text in beyond]
            for key in unknown:
                if key not in self.unknown:
                    self.unknown.add(key)
                    self.problems.append(Problem(place, f'ignored: unknown key {quoted(key)}', key=key))

    def take_package(self, place: int, package: Package) -> None:
        filename = package.filename
        distribution = identify(filename, package.name, package.version)
        if package.requires_python is not None and not is_specifier(package.requires_python):
            text = quoted(package.requires_python)
            self.problems.append(Problem(place, f'ignored: requires_python: expected a version specifier, got {text}'))
            package.requires_python = None
        if (
            package.url is not None
            and urllib.parse.unquote(package.url.partition('?')[0]).rpartition('/')[2] != filename
        ):
            text = f'url: expected {quoted(filename)} at its end, got {quoted(package.url)}'
            self.problems.append(Problem(place, f'{text}; pip finds no such file, and uv only over JSON'))
        if distribution.packagetype == VARIANTS:  # other keys make no sense for it
            package = Package(**{key: getattr(package, key) for key in _OF_VARIANTS})
        add_line(self.packages, filename, place, package)
        self.distributions[filename] = distribution

    def projects(self, packages_url: str) -> dict[str, Project]:
        """Return the projects by name, sorted."""
        files: dict[str, list[File]] = {}
        for filename, (_, package) in sorted(self.packages.items()):
            if self.sidecars and self.distributions[filename].packagetype != VARIANTS:
                add_sidecars(package, self.sidecars, packages_url)
            file = make_file(package, self.distributions[filename], packages_url)
            files.setdefault(file.distribution.project, []).append(file)
        for name, (place, _) in self.facts.items():
            if name not in files:
                self.problems.append(Problem(place, f'ignored: there is no file of project {quoted(name)}'))
        facts = {name: facts for name, (_, facts) in self.facts.items()}
        return {name: Project(name, facts.get(name) or Facts(name), files[name]) for name in sorted(files)}


def parse_family(
    lines: Iterable[tuple[int, bytes]], packages_url: str, is_json: bool = True
) -> tuple[dict[str, Project], list[Problem]]:
    """Return the projects of a family by name, sorted, and the problems. `lines` are lines with their offsets."""
    taken = _Lines(is_json)
    for place, raw in lines:
        taken.take(place, raw)
    return taken.projects(packages_url), taken.problems


def is_specifier(text: str) -> bool:
    """Return whether installers accept the specifier. pip crashes on a number of 4,301 digits."""
    return len(text) <= _MOST_SPECIFIER and not _LONG_NUMBER.search(text) and _is_specifier(text)


@functools.lru_cache(maxsize=2**16)
def _is_specifier(text: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # imported here for speed, like in `canonical_name`

    try:
        return all(len(each.version) <= _MOST_VERSION for each in SpecifierSet(text))
    except InvalidSpecifier:
        return False


def add_line(lines: dict[str, tuple[int, Line]], key: str, place: int, line: Line) -> None:
    """Add the line at offset `place`, about `key`. Raises `Repeated` if it contradicts an earlier line."""
    first, earlier = lines.setdefault(key, (place, line))
    if earlier is not line and earlier != line:
        subject = 'filename' if isinstance(line, Package) else 'project'
        another = ', '.join(differing_keys(earlier, line))
        if isinstance(earlier, Package) and isinstance(line, Package) and earlier.path != line.path:
            another += f'; the paths are {quoted(earlier.path)} and {quoted(line.path)}'
        raise Repeated(f'{subject}: expected {quoted(key)} to be as in line', first, f', got another {another}')


def add_sidecars(package: Package, sidecars: Collection[str], packages_url: str) -> None:
    """Add the sidecars of a package: the files beside its URL, or beside its path."""
    if package.core_metadata is None and f'{package.location}.metadata' in sidecars:
        package.core_metadata = True
    places = [(package.path, f'{packages_url}{urllib.parse.quote(package.path)}')]
    if package.url is not None:
        places.insert(0, (package.url, urllib.parse.urljoin(packages_url, package.url)))
    for place, url in places:
        if package.provenance is None and f'{place}.provenance' in sidecars and url.startswith('https://'):
            package.provenance = f'{url}.provenance'


def make_file(package: Package, distribution: Distribution, packages_url: str) -> File:
    path, is_relative = package.path, True
    filename = url = path
    if package.url is not None or not PLAIN.fullmatch(path):
        filename = package.filename
        url = urllib.parse.quote(path)  # object stores take an unescaped + for a space
        if package.url is not None:
            is_relative = not is_absolute(package.url)
            url = package.url if is_relative else urllib.parse.urljoin(packages_url, package.url)
    if package.hash is not None:
        algorithm, _, value = package.hash.partition('=')
        hashes = {algorithm: value}
    else:
        hashes = package.hashes or {}
    uploaded = package.uploaded
    time = None if uploaded is None else iso_time(uploaded)
    return File(package, distribution, filename, url, is_relative, hashes, time)
