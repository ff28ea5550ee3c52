"""Builds a static package index from a list of distribution files. Read it from top to bottom:

    lines -> Package -> Project -> Changes -> Page -> file
     read     parse      group      diff      render  write

Only functions named `read_*`, `write_*` and `remove_*`, and `locked`, touch the disk, standard input or the clock.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import datetime
import email.utils
import functools
import hashlib
import heapq
import importlib.metadata
import importlib.resources
import itertools
import json
import math
import os
import posixpath
import re
import reprlib
import sys
import time
import urllib.parse
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import IO, Any, NamedTuple, TypeVar

import jinja2
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from dumb_pypi import __version__
from dumb_pypi.words import file_kind, readable_size

API_VERSION = '1.4'
NO_SIZE_API_VERSION = '1.0'  # PEP 700 (1.1) requires the size of every file: without it a page claims less
HASH_DIGITS = {'md5': 32, 'sha1': 40, 'sha224': 56, 'sha256': 64, 'sha384': 96, 'sha512': 128, 'blake2b_256': 64}
HTML_HASHES = ('sha256', 'sha512', 'sha384', 'md5')  # uv refuses a page whose fragment names any other
STATUSES = ('active', 'archived', 'deprecated', 'quarantined')  # PEP 792
UPLOADS_A_PAGE = 500  # keeps a changelog page below 2 MB even when every name is as long as names get
SHOWN_ERRORS = 20
MAX_NAME = 255  # bytes: what the usual file systems allow for one name


class Failure(Exception):
    """Bad input, or a file system that refuses: its text is what the user reads, one problem a line."""


# ------------------------------------------------------------------------------------------------- parse: one value
# Each function takes one JSON value and returns it in its one canonical form, or raises `BadValue`.


class BadValue(ValueError):
    """A value, or a line, that is not what it must be: one problem on each line of the text."""


def unexpected(expected: str, value: object) -> BadValue:
    return BadValue(f'expected {expected}, got {quoted(value)}')


class NotADistribution(ValueError):
    """A file of a list that has no place in an index: the text says why."""


_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = 80

# Control characters, lone surrogates and noncharacters: HTML forbids them, and UTF-8 has no spelling for some.
_UNPRINTABLE = re.compile(
    '[\0-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef'
    + ''.join(chr(plane + 0xFFFE) + chr(plane + 0xFFFF) for plane in range(0, 0x110000, 0x10000))
    + ']'
)
_NAME = re.compile(r'[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?')  # PEP 508
_URL = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+")  # RFC 3986, without the fragment
_TIME = re.compile(
    r'(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])([01]\d|2[0-3]):?([0-5]\d))', re.ASCII
)
_EPOCH = datetime.datetime(1970, 1, 1)
_LAST_SECOND = 2**33  # the year 2242: until then a float holds a time to the microsecond


def quoted(value: object) -> str:
    """A value as a message shows it: short, on one line, and without control characters."""
    return _REPR.repr(value)


def parse_text(value: object) -> str:
    if not isinstance(value, str):
        raise unexpected('text', value)
    return ' '.join(_UNPRINTABLE.sub(' ', value).split())


def is_normalized(name: str) -> bool:
    """Whether a name is that of a project (PEP 503), and so has no part in any other path."""
    return _NAME.fullmatch(name) is not None and name == canonicalize_name(name)


def checked(expected: str, accepts: Callable[[Any], bool]) -> Callable[[Any], Any]:
    """A parser for values that need no other form than the one they come in."""

    def parse(value: object) -> object:
        if not accepts(value):
            raise unexpected(expected, value)
        return value

    return parse


def parse_path(value: object) -> str:
    """A file name, or a path relative to `--packages-url`: /-separated, its last part is the file name.

    Raises `NotADistribution` for a path that an index must not link to.
    """
    if not isinstance(value, str) or not value:
        raise unexpected('a file name', value)
    path = value.removeprefix('./')
    if _UNPRINTABLE.search(path):
        raise NotADistribution('has control characters in its name')
    if path.startswith('/') or '\\' in path or not {'.', '..'}.isdisjoint(path.split('/')):
        raise NotADistribution('is not a path below the packages URL')
    if len(path.rpartition('/')[2].encode()) > MAX_NAME:
        raise NotADistribution(f'has a name of more than {MAX_NAME} bytes')
    return path


def parse_name(value: object) -> str:
    """The normalized name (PEP 503) of a project."""
    if not isinstance(value, str) or not _NAME.fullmatch(value) or len(value) > MAX_NAME:
        raise unexpected('a project name', value)
    return canonicalize_name(value)


def parse_hash(value: object) -> tuple[str, str]:
    algorithm, _, digest = value.partition('=') if isinstance(value, str) else ('', '', '')
    if len(digest) != HASH_DIGITS.get(algorithm) or not re.fullmatch('[0-9A-Fa-f]+', digest):
        raise unexpected('<algorithm>=<hex>', value)
    return algorithm, digest.lower()  # pip before 24.1 compares the text, and its own digests are lower case


def parse_hashes(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        raise unexpected('an object {algorithm: hex}', value)
    items = value.items()
    return tuple(sorted(parse_hash(f'{key}={digest}' if isinstance(digest, str) else digest) for key, digest in items))


def parse_url(value: object) -> str:
    """A URL, absolute or relative, in the characters of RFC 3986; what runs script is none."""
    expected = 'a percent-encoded http, https or file URL without a fragment'
    if not isinstance(value, str) or not _URL.fullmatch(value):
        raise unexpected(expected, value)
    try:
        parts = urllib.parse.urlsplit(value)
        reachable = parts.port != 0 and (bool(parts.hostname) or parts.scheme not in ('http', 'https'))
    except ValueError:  # a port above 65535, half of an IPv6 address
        reachable = False
    if not reachable or parts.scheme not in ('', 'http', 'https', 'file'):
        raise unexpected(expected, value)
    return value


def parse_https_url(value: object) -> str:
    if not isinstance(value, str) or not value.startswith('https://'):
        raise unexpected('an absolute https URL', value)
    return parse_url(value)


def parse_core_metadata(value: object) -> str | None:
    if value is False:
        return None
    if value is True or value == 'true':
        return 'true'
    if not isinstance(value, str) or not value.startswith('sha256='):
        raise unexpected('true or sha256=<hex>', value)
    return '='.join(parse_hash(value))


def parse_texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise unexpected('a list of texts', value)
    return tuple(parse_text(each) for each in value)


def parse_time(value: object) -> int:
    """Microseconds since 1970, from seconds or from ISO 8601 with a zone."""
    expected = 'seconds since 1970, or ISO 8601 with a zone'
    if isinstance(value, str) and (match := _TIME.fullmatch(value)):
        day, clock, fraction, sign, hours, minutes = match.groups()
        try:
            moment = datetime.datetime.fromisoformat(f'{day}T{clock}')
        except ValueError:
            raise unexpected(expected, value) from None
        offset = datetime.timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        seconds = (moment - _EPOCH + (offset if sign == '-' else -offset)) // datetime.timedelta(seconds=1)
        microseconds = seconds * 1_000_000 + int((fraction or '').ljust(6, '0')[:6])
    elif (type(value) is int or isinstance(value, float)) and abs(value) < math.inf:
        microseconds = round(min(max(value, -1), _LAST_SECOND) * 1_000_000)
    else:
        raise unexpected(expected, value)
    if not 0 <= microseconds < _LAST_SECOND * 1_000_000:
        raise unexpected(f'{expected}, between 1970 and 2242', value)
    return microseconds


# ------------------------------------------------------------------------------------------------- parse: one line
# A line speaks of one file (`Package`) or of a whole project (`Facts`). `from_json` and `to_json` are each other's
# inverse, and what `to_json` returns is the object of a line in `packages.json`.


def parse_values(line: Mapping[str, Any], parsers: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """The values of the known keys; `null` says as little as no key at all. Raises `BadValue`."""
    values, problems = {}, []
    for key, value in line.items():
        if value is not None and key in parsers:
            try:
                values[key] = parsers[key](value)
            except BadValue as error:
                problems.append(f'{key}: {error}')
    if problems:
        raise BadValue('\n'.join(problems))
    return values


class Package(NamedTuple):
    """One distribution file, as the list speaks of it; what nobody said is `None`."""

    path: str  # as in the listing: the part after the last slash is the file name
    name: str | None = None  # normalized; overrides what the file name says, as `version` does
    version: str | None = None
    hashes: tuple[tuple[str, str], ...] = ()  # (algorithm, hex), sorted
    size: int | None = None
    url: str | None = None
    requires_python: str | None = None
    requires_dist: tuple[str, ...] | None = None
    core_metadata: str | None = None  # 'true' or 'sha256=<hex>'
    provenance: str | None = None
    uploaded: int | None = None  # microseconds since 1970
    uploaded_by: str | None = None
    yanked_reason: str | None = None  # '' when yanked without a reason

    @property
    def filename(self) -> str:
        return self.path.rpartition('/')[2]

    @classmethod
    def from_json(cls, line: Mapping[str, Any]) -> Package:
        """Raises `BadValue`, and `NotADistribution` for a file name that an index must not show."""
        values = parse_values(line, PACKAGE_KEYS)
        hashes = dict(values.get('hashes', ()))
        algorithm, digest = values.get('hash', (None, None))
        if algorithm and hashes.setdefault(algorithm, digest) != digest:
            raise BadValue(f'hash: {unexpected(f"the {algorithm} that `hashes` gives", digest)}')
        reason = values.get('yanked_reason')
        return cls(
            path=values['filename'],
            name=values.get('name'),
            version=values.get('version'),
            hashes=tuple(sorted(hashes.items())),
            size=values.get('size'),
            url=values.get('url'),
            requires_python=values.get('requires_python') or None,
            requires_dist=values.get('requires_dist'),
            core_metadata=values.get('core_metadata'),
            provenance=values.get('provenance'),
            uploaded=values.get('upload_timestamp'),
            uploaded_by=values.get('uploaded_by') or None,
            yanked_reason='' if reason is None and values.get('yanked') else reason,
        )

    def to_json(self) -> dict[str, Any]:
        seconds, fraction = divmod(self.uploaded or 0, 1_000_000)
        line = {
            'filename': self.path,
            'name': self.name,
            'version': self.version,
            'hash': '='.join(self.hashes[0]) if len(self.hashes) == 1 else None,
            'hashes': dict(self.hashes) if len(self.hashes) > 1 else None,
            'size': self.size,
            'url': self.url,
            'requires_python': self.requires_python,
            'requires_dist': self.requires_dist,
            'core_metadata': True if self.core_metadata == 'true' else self.core_metadata,
            'provenance': self.provenance,
            'upload_timestamp': None if self.uploaded is None else self.uploaded / 1_000_000 if fraction else seconds,
            'uploaded_by': self.uploaded_by,
            'yanked_reason': self.yanked_reason,
        }
        return {key: value for key, value in line.items() if value is not None}


class Facts(NamedTuple):
    """What the list says of a project as a whole (PEP 792 for the status)."""

    project: str
    summary: str | None = None
    status: str | None = None
    status_reason: str | None = None

    @classmethod
    def from_json(cls, line: Mapping[str, Any]) -> Facts:
        """Raises `BadValue`."""
        values = parse_values(line, FACTS_KEYS)
        return cls(
            project=values['project'],
            summary=values.get('summary') or None,
            status=values.get('status'),
            status_reason=values.get('status_reason') or None,
        )

    def to_json(self) -> dict[str, Any]:
        return {key: value for key, value in self._asdict().items() if value is not None}


PACKAGE_KEYS: dict[str, Callable[[Any], Any]] = {
    'filename': parse_path,
    'hash': parse_hash,
    'hashes': parse_hashes,
    'size': checked('a number of bytes', lambda value: type(value) is int and 0 <= value < 2**63),
    'url': parse_url,
    'requires_python': parse_text,
    'requires_dist': parse_texts,
    'core_metadata': parse_core_metadata,
    'provenance': parse_https_url,
    'upload_timestamp': parse_time,
    'uploaded_by': parse_text,
    'yanked': checked('true or false', lambda value: isinstance(value, bool)),
    'yanked_reason': parse_text,
    'name': parse_name,
    'version': checked('a version', lambda value: 0 < len(parse_text(value)) == len(value) <= MAX_NAME),
}
FACTS_KEYS: dict[str, Callable[[Any], Any]] = {
    'project': parse_name,
    'summary': parse_text,
    'status': checked(f'one of {", ".join(STATUSES)}', lambda value: value in STATUSES),
    'status_reason': parse_text,
}
SIDECARS = ('.metadata', '.provenance')  # files that speak of the file they are named after: PEP 658, PEP 740


# ------------------------------------------------------------------------------------------------- parse: file names
# What a file name says. `packaging` decides what a version is; splitting the name off is ours, because `packaging`
# refuses what an index must list all the same (old sdists, eggs, installers, legacy versions, wheel variants).


class Distribution(NamedTuple):
    """What a file is; `packagetype` and `python_version` in the words of the legacy JSON API."""

    project: str  # normalized
    version: str  # as spelled in the file name
    packagetype: str
    python_version: str


_ARCHIVE = r'\.(?:tar\.gz|tgz|zip|tar\.bz2|tbz|tar\.xz|txz|tar\.Z|tar)'
_PYTHON = r'(?:-py(?P<python>\d(?:\.\d+)?))?'
_PLATFORM = r'[.-](?:linux|macosx|win32|win-amd64|win-arm|win-ia64|cygwin|darwin|freebsd|solaris|sunos|aix)[\w.-]*?'
_FILE_TYPES = tuple(
    (packagetype, re.compile(pattern, re.ASCII | re.IGNORECASE))
    for packagetype, pattern in (
        ('bdist_wheel', r'(?P<stem>[^-]+-[^-]+-[^-]+-[^-]+-.+)\.whl'),
        ('bdist_dumb', rf'(?P<stem>.+?-\d.*?){_PLATFORM}{_ARCHIVE}'),
        ('sdist', rf'(?P<stem>.+){_ARCHIVE}'),
        ('bdist_egg', rf'(?P<stem>.+?){_PYTHON}(?:{_PLATFORM})?\.egg'),
        ('bdist_wininst', rf'(?P<stem>.+?)(?:{_PLATFORM})?{_PYTHON}\.exe'),
        ('bdist_msi', rf'(?P<stem>.+?)(?:{_PLATFORM})?{_PYTHON}\.msi'),
        ('bdist_dmg', rf'(?P<stem>.+?){_PYTHON}(?:{_PLATFORM})?\.dmg'),
        ('bdist_rpm', r'(?P<stem>.+)-[^-]+\.[^-.]+\.rpm'),
        ('bdist_dumb', r'(?P<stem>[^_]+_[^_-]+)(?:-[^_]+)?_[^_]+\.deb'),
    )
)


@functools.lru_cache(maxsize=2**16)
def parse_version(text: str) -> Version | None:
    """A version of PEP 440, or `None`: old files of the public index have many another."""
    try:
        return Version(text)
    except InvalidVersion:
        return None


def split_name(stem: str) -> tuple[str, str]:
    """The name and the version of `<name>-<version>`, either of which may have dashes of its own.

    The version is the longest rest that PEP 440 accepts or that begins like one; else what begins with a digit; else
    what follows the last dash.
    """
    splits = [(stem[: dash.start()], stem[dash.end() :].strip()) for dash in re.finditer('-', stem)]
    splits = [(name, version) for name, version in splits if _NAME.fullmatch(name) and version]
    for name, version in splits:
        if parse_version(version) or re.match(r'\d+\.\d', version):
            return name, version
    for name, version in splits:
        if version[0].isdigit():
            return name, version
    if not splits:
        raise NotADistribution('has no project name and version')
    return splits[-1]


def split_wheel_name(stem: str) -> tuple[str, str, str]:
    """Name, version and Python tag of `name-version(-build)?-python-abi-platform`, perhaps with a variant (PEP 825)."""
    name, version, *rest = stem.split('-')
    if not parse_version(version) and parse_version(rest[0]) and len(rest) > 3:
        name, version, rest = f'{name}-{version}', rest[0], rest[1:]  # a name that somebody forgot to escape
    if not parse_version(version) and parse_version(version.replace('_', '-')):
        version = version.replace('_', '-')
    return name, version, rest[1] if rest[0][:1].isdigit() and len(rest) > 3 else rest[0]


def identify(package: Package) -> Distribution:
    """What a file is, by its name and by what the list overrides. Raises `NotADistribution`."""
    matches = ((packagetype, pattern.fullmatch(package.filename)) for packagetype, pattern in _FILE_TYPES)
    packagetype, match = next(((packagetype, match) for packagetype, match in matches if match), ('', None))
    if match is None:
        raise NotADistribution('is not a distribution file')
    python = match.groupdict().get('python') or ('source' if packagetype == 'sdist' else 'any')
    name, version = package.name, package.version
    if packagetype == 'bdist_wheel':
        named, versioned, python = split_wheel_name(match['stem'])
    elif name is None or version is None:
        named, versioned = split_name(
            match['stem'].replace('_', '-') if package.path.endswith('.deb') else match['stem']
        )
    if name is None:
        if not _NAME.fullmatch(named):
            raise NotADistribution(f'has no valid project name: {quoted(named)}')
        name = canonicalize_name(named)
    return Distribution(name, versioned if version is None else version, packagetype, python)


# ------------------------------------------------------------------------------------------------- read: a whole list
# Lines in, an `Index` out: every package in its project, duplicates and sidecars resolved.


class Report:
    """What there is to say about the input: warnings are printed as they come, errors when the list has been read."""

    def __init__(self, strict: bool) -> None:
        self.strict = strict
        self.skipped = 0
        self.errors: list[str] = []

    def error(self, where: str, text: str) -> None:
        self.errors.append(f'{where}: {text}')

    def warning(self, where: str, text: str) -> None:
        if self.strict:
            self.error(where, text)
        else:
            print(f'{where}: {text}', file=sys.stderr)

    def skip(self, where: str, path: object, reason: Exception) -> None:
        self.skipped += 1
        self.warning(where, f'skipped: {quoted(path)} {reason}')

    def finish(self) -> None:
        """Raises `Failure` when there was an error."""
        if self.errors:
            more = [f'… and {len(self.errors) - SHOWN_ERRORS} more'] if len(self.errors) > SHOWN_ERRORS else []
            raise Failure('\n'.join(self.errors[:SHOWN_ERRORS] + more))
        if self.skipped:
            print(f'skipped {self.skipped} of the listed files', file=sys.stderr)


File = tuple[Package, Distribution]


class Project(NamedTuple):
    """All packages that share one normalized name, sorted by file name."""

    name: str
    facts: Facts
    files: tuple[File, ...]


Index = Mapping[str, Project]  # by normalized name, sorted


def parse_line(text: str, is_json: bool) -> dict[str, Any]:
    """A line of either list format as a JSON object. Raises `BadValue`."""
    if not is_json:
        return {'filename': text}
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):  # ValueError also for a number of more than 4,300 digits
        raise unexpected('a JSON object', text) from None
    if not isinstance(line, dict):
        raise unexpected('a JSON object', line)
    if line.get('filename') is None and line.get('project') is None:
        raise BadValue(f'filename: {unexpected("a file name", line.get("filename"))}')
    return line


@functools.lru_cache(maxsize=2**16)
def is_specifier(text: str) -> bool:
    try:
        return SpecifierSet(text) is not None
    except InvalidSpecifier:
        return False


Record = TypeVar('Record', Package, Facts)


def add_record(records: dict[str, tuple[int, Record]], key: str, number: int, record: Record) -> None:
    """Adds what line `number` says of `key`. Raises `BadValue` when an earlier line says something else of it."""
    first, earlier = records.setdefault(key, (number, record))
    if earlier != record:
        one, other = earlier.to_json(), record.to_json()
        differing = [name for name in {**one, **other} if one.get(name) != other.get(name)]
        subject = 'filename' if isinstance(record, Package) else 'project'
        raise BadValue(
            f'{subject}: expected {quoted(key)} to be as in line {first}, got another {", ".join(differing)}'
        )


def with_sidecars(package: Package, sidecars: Collection[str], packages_url: str) -> Package:
    """The package with what the files that lie beside it in the listing say of it."""
    if package.core_metadata is None and package.url is None and f'{package.path}.metadata' in sidecars:
        package = package._replace(core_metadata='true')
    if package.provenance is None and f'{package.path}.provenance' in sidecars and packages_url.startswith('https://'):
        package = package._replace(provenance=f'{packages_url}{urllib.parse.quote(package.path)}.provenance')
    return package


def group(files: Iterable[File], facts: Mapping[str, Facts]) -> Index:
    """Sorts files into projects, so that the order of the list leaves no trace."""
    projects: dict[str, list[File]] = collections.defaultdict(list)
    for file in sorted(files, key=lambda file: file[0].filename):
        projects[file[1].project].append(file)
    return {name: Project(name, facts.get(name, Facts(name)), tuple(projects[name])) for name in sorted(projects)}


def list_label(source: str) -> str:
    return '<stdin>' if source == '-' else source


def read_lines(source: str) -> Iterator[tuple[int, bytes]]:
    """The lines of a file, or of standard input for `-`, with their numbers; blank ones left out."""
    try:
        with contextlib.ExitStack() as stack:
            lines = sys.stdin.buffer if source == '-' else stack.enter_context(open(source, 'rb'))
            for number, line in enumerate(lines, 1):
                line = line.removeprefix(b'\xef\xbb\xbf').strip() if number == 1 else line.strip()
                if line:
                    yield number, line
    except OSError as error:
        raise Failure(f'cannot read {source}: {error.strerror}') from None


def read_index(source: str, is_json: bool, packages_url: str, report: Report) -> Index:
    """Reads a list. Whatever is wrong with it goes to `report`. Raises `Failure` when it cannot be read."""
    label = list_label(source)
    packages: dict[str, tuple[int, Package]] = {}
    distributions: dict[str, Distribution] = {}
    projects: dict[str, tuple[int, Facts]] = {}
    sidecars: set[str] = set()
    unknown: set[str] = set()

    for number, raw in read_lines(source):
        where = f'{label}:{number}'
        try:
            line = parse_line(raw.decode(), is_json)
            package = Package.from_json(line) if line.get('filename') is not None else None
            known = PACKAGE_KEYS if package else FACTS_KEYS
            if package is None:
                facts = Facts.from_json(line)
                add_record(projects, facts.project, number, facts)
            elif package.path.endswith(SIDECARS):
                sidecars.add(package.path)
            else:
                distribution = identify(package)
                if package.requires_python is not None and not is_specifier(package.requires_python):
                    text = quoted(package.requires_python)
                    report.warning(where, f'ignored: requires_python: expected a version specifier, got {text}')
                    package = package._replace(requires_python=None)
                add_record(packages, package.filename, number, package)
                distributions[package.filename] = distribution
        except UnicodeDecodeError:
            report.error(where, f'expected UTF-8, got {quoted(raw)}')
        except BadValue as error:
            for problem in str(error).splitlines():
                report.error(where, problem)
        except NotADistribution as reason:
            report.skip(where, line['filename'], reason)
        else:
            for key in sorted(line.keys() - known.keys() - unknown):
                unknown.add(key)
                report.warning(where, f'ignored: unknown key {quoted(key)}')

    files = [(with_sidecars(each, sidecars, packages_url), distributions[name]) for name, (_, each) in packages.items()]
    index = group(files, {name: facts for name, (_, facts) in projects.items()})
    for name, (number, _) in projects.items():
        if name not in index:
            report.warning(f'{label}:{number}', f'ignored: there is no file of project {quoted(name)}')
    return index


# ------------------------------------------------------------------------------------------------- group: releases
# What the pages need to know of a project, computed from its packages.


class Release(NamedTuple):
    """All files of one version: `1.0` and `1.0.0` are the same version (PEP 440)."""

    version: str
    parsed: Version | None
    files: tuple[File, ...]  # by file name

    @property
    def is_prerelease(self) -> bool:
        return self.parsed is not None and self.parsed.is_prerelease

    @property
    def is_yanked(self) -> bool:
        return all(package.yanked_reason is not None for package, _ in self.files)


def natural_order(text: str) -> list[tuple[int, str]]:
    """Sorts `r9` before `r10`."""
    return [(int(part), '') if part.isdecimal() else (-1, part) for part in re.split(r'(\d+)', text)]


def spelling_order(version: str) -> tuple[bool, int, str]:
    """The last in this order names the release: normalized spellings before others, then the more explicit one."""
    return (str(parse_version(version)) == version, len(version), version)


def project_releases(project: Project) -> list[Release]:
    """The releases that a project offers, oldest first; versions that are not PEP 440 come before all others."""
    files: dict[Version | str, list[File]] = collections.defaultdict(list)
    for file in project.files if project.facts.status != 'quarantined' else ():
        files[parse_version(file[1].version) or file[1].version].append(file)
    releases = [
        Release(
            version=max((distribution.version for _, distribution in members), key=spelling_order),
            parsed=version if isinstance(version, Version) else None,
            files=tuple(members),
        )
        for version, members in files.items()
    ]
    return sorted(releases, key=lambda each: (each.parsed is not None, each.parsed or natural_order(each.version)))


def latest_release(releases: Sequence[Release]) -> Release | None:
    """The newest final release that is not yanked, else the newest pre-release, else the newest that is yanked."""

    def rank(release: Release) -> tuple[bool, bool]:
        final = release.parsed is not None and not release.parsed.is_prerelease
        return (not release.is_yanked, final and not release.is_yanked)

    return max(reversed(releases), key=rank, default=None)


# ------------------------------------------------------------------------------------------------- diff
# What differs between this index and the one published last, without looking at a page of it.


class Settings(NamedTuple):
    """All that shapes the pages besides the list."""

    packages_url: str  # ends in a slash; when relative, then to a page below `simple/`
    title: str
    logo: str | None
    logo_width: int | None  # CSS pixels
    generate_timestamp: bool
    per_release_json: bool
    site_url: str | None  # ends in a slash


class Upload(NamedTuple):
    """A row of the changelog; its order is that of the changelog."""

    uploaded: int  # microseconds since 1970
    filename: str
    project: str
    version: str


Changelog = dict[str, list[Upload]]  # by path of the page, pages and uploads oldest first


class Published(NamedTuple):
    """The record of what is published: digests by project name and by path of changelog page."""

    fingerprint: str
    projects: Mapping[str, str]
    changelog: Mapping[str, str]


class Changes(NamedTuple):
    """Names of projects and paths of changelog pages, in the order in which they are written."""

    updated: Sequence[str]  # new ones too
    removed: Sequence[str]
    changelog: Sequence[str]  # updated, new and removed


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(',', ':'))  # kept: making one takes as long as a line


def to_bytes(value: object) -> bytes:
    return _ENCODER.encode(value).encode()


def digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def list_lines(project: Project) -> bytes:
    """The lines of `packages.json` that speak of a project."""
    packages = [package for package, _ in project.files]
    records: list[Facts | Package] = [
        *([project.facts] if project.facts != Facts(project.name) else []),
        *packages,
    ]
    return b''.join(to_bytes(record.to_json()) + b'\n' for record in records)


def changelog(index: Index) -> Changelog:
    """The uploads of each changelog page, by its path, oldest first.

    A page holds one month, or a part of one. So an upload, a removal or a late entry stays within its month.
    """
    months: dict[str, list[Upload]] = collections.defaultdict(list)
    for project in index.values():
        for package, distribution in project.files:
            if package.uploaded is not None:
                upload = Upload(package.uploaded, package.filename, project.name, distribution.version)
                months[iso_time(package.uploaded)[:7]].append(upload)
    pages: Changelog = {}
    for month in sorted(months):
        uploads = sorted(months[month])
        for part, start in enumerate(range(0, len(uploads), UPLOADS_A_PAGE), 1):
            name = month if part == 1 else f'{month}-{part}'
            pages[f'changelog/{name}.html'] = uploads[start : start + UPLOADS_A_PAGE]
    return pages


@functools.lru_cache(maxsize=2**10)  # a time is written eight times, soon after each other
def iso_time(microseconds: int) -> str:
    """`2026-01-02T03:04:05Z`; six digits follow the seconds, or none (what every client accepts)."""
    seconds, fraction = divmod(microseconds, 1_000_000)
    clock = time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))
    return f'{clock}.{fraction:06}Z' if fraction else f'{clock}Z'


def to_publish(index: Index, uploads: Changelog, fingerprint: str) -> Published:
    pages = list(uploads)
    neighbours = zip(['', *pages], pages, [*pages[1:], ''], strict=False)  # a page links to the one before and after
    return Published(
        fingerprint=fingerprint,
        projects={name: digest(list_lines(project)) for name, project in index.items()},
        changelog={page: digest(to_bytes([older, newer, uploads[page]])) for older, page, newer in neighbours},
    )


def compare(new: Published, old: Published) -> Changes:
    # Pages link to both neighbours: new ones come first, so that the others lead to something.
    pages = sorted({page for page, _ in new.changelog.items() ^ old.changelog.items()}, reverse=True)
    return Changes(
        updated=[name for name, value in new.projects.items() if old.projects.get(name) != value],
        removed=sorted(old.projects.keys() - new.projects.keys()),
        changelog=sorted(pages, key=lambda page: page in old.changelog),
    )


# ------------------------------------------------------------------------------------------------- render: shared
# Pages are values: a path below the output directory, and its bytes.


class Page(NamedTuple):
    path: str  # /-separated
    content: bytes


def readable_time(microseconds: int) -> str:
    """`2026-01-02 03:04`, in UTC."""
    return iso_time(microseconds)[: len('YYYY-MM-DDTHH:MM')].replace('T', ' ')


def feed_time(microseconds: int) -> str:
    """`Fri, 02 Jan 2026 03:04:05 GMT`: what RSS wants, in whatever language this runs."""
    return email.utils.formatdate(microseconds // 1_000_000, usegmt=True)


@functools.lru_cache(maxsize=1)
def read_templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader('dumb_pypi'),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(iso_time=iso_time, readable_time=readable_time, feed_time=feed_time)
    return environment


def render(template: str, **values: object) -> bytes:
    return read_templates().get_template(template).render(values).encode()


def is_absolute(url: str) -> bool:
    return url.startswith('/') or bool(urllib.parse.urlsplit(url).scheme)


def relocate(url: str, project: str, depth: int) -> str:
    """A URL relative to `simple/<project>/`, as a page `depth` directories below the site writes it."""
    if is_absolute(url):
        return url
    parts = ['simple', project]
    rest = url.removeprefix('./')
    while parts and rest.startswith('../'):
        parts.pop()
        rest = rest[len('../') :]
    return '../' * depth + ''.join(f'{part}/' for part in parts) + rest


def file_url(package: Package, packages_url: str) -> str:
    if package.url is None:
        return packages_url + urllib.parse.quote(package.path)  # a raw + means a space to object stores
    if is_absolute(package.url):
        return urllib.parse.urljoin(packages_url, package.url)
    return packages_url + package.url


# ------------------------------------------------------------------------------------------------- render: simple API
# https://packaging.python.org/en/latest/specifications/simple-repository-api/ in its two spellings.


def simple_file(package: Package, packages_url: str) -> dict[str, Any]:
    """A file in the form of PEP 691, 700, 714 and 740. What is unknown is left out: uv refuses a page with `null`."""
    file: dict[str, Any] = {
        'filename': package.filename,
        'url': file_url(package, packages_url),
        'hashes': dict(package.hashes),
    }
    if package.requires_python is not None:
        file['requires-python'] = package.requires_python
    if package.core_metadata is not None:
        algorithm, _, value = package.core_metadata.partition('=')
        file['core-metadata'] = {algorithm: value} if value else True
    if package.yanked_reason is not None:
        file['yanked'] = package.yanked_reason or True  # pip takes '' for not yanked
    if package.provenance is not None:
        file['provenance'] = package.provenance
    if package.size is not None:
        file['size'] = package.size
    if package.uploaded is not None:
        file['upload-time'] = iso_time(package.uploaded)
    return file


def simple_document(project: Project, releases: Sequence[Release], packages_url: str) -> dict[str, Any]:
    """The project page of PEP 691; the HTML page shows the same document."""
    packages = [package for release in releases for package, _ in release.files]
    sized = all(package.size is not None for package in packages)
    document: dict[str, Any] = {
        'meta': {'api-version': API_VERSION if sized else NO_SIZE_API_VERSION},
        'name': project.name,
        'versions': [release.version for release in releases],
        'files': [simple_file(package, packages_url) for package in packages],
    }
    if project.facts.status is not None:
        document['project-status'] = {'status': project.facts.status}
        if project.facts.status_reason is not None:
            document['project-status']['reason'] = project.facts.status_reason
    return document


def html_attributes(file: Mapping[str, Any]) -> dict[str, str | int]:
    """What the anchor of a file says: the same, but for one hash only, and text for every value."""
    fragment = next((f'#{name}={file["hashes"][name]}' for name in HTML_HASHES if name in file['hashes']), '')
    attributes = {'href': file['url'] + fragment}
    attributes |= {
        f'data-{key}': file[key] for key in ('requires-python', 'provenance', 'upload-time', 'size') if key in file
    }
    if 'core-metadata' in file:
        metadata = file['core-metadata']
        text = 'true' if metadata is True else f'sha256={metadata["sha256"]}'
        attributes |= {'data-core-metadata': text, 'data-dist-info-metadata': text}  # the latter for pip before 23.2
    if 'yanked' in file:
        attributes['data-yanked'] = '' if file['yanked'] is True else file['yanked']
    return attributes


def simple_pages(project: Project, releases: Sequence[Release], packages_url: str) -> Iterator[Page]:
    document = simple_document(project, releases, packages_url)
    files = [(file['filename'], html_attributes(file)) for file in document['files']]
    html = render('simple_project.html', api_version=API_VERSION, project=project, files=files)
    yield Page(f'simple/{project.name}/index.html', html)
    yield Page(f'simple/{project.name}/index.v1_json', to_bytes(document) + b'\n')


def simple_root_pages(index: Index) -> Iterator[Page]:
    yield Page('simple/index.html', render('simple_index.html', api_version=API_VERSION, names=list(index)))
    document = {'meta': {'api-version': API_VERSION}, 'projects': [{'name': name} for name in index]}
    yield Page('simple/index.v1_json', to_bytes(document) + b'\n')


# ------------------------------------------------------------------------------------------------- render: legacy JSON
# `pypi/<name>/json` and `pypi/<name>/<version>/json`: unlike the simple API, its readers expect every key.

_SEGMENT = re.compile(r'[A-Za-z0-9][A-Za-z0-9._+!~-]*')


def legacy_file(package: Package, distribution: Distribution, packages_url: str) -> dict[str, Any]:
    hashes = dict(package.hashes)
    uploaded = None if package.uploaded is None else iso_time(package.uploaded)
    return {
        'filename': package.filename,
        'url': file_url(package, packages_url),
        'digests': hashes,
        'md5_digest': hashes.get('md5'),
        'size': package.size,
        'packagetype': distribution.packagetype,
        'python_version': distribution.python_version,
        'requires_python': package.requires_python,
        'upload_time': uploaded and uploaded[: len('YYYY-MM-DDTHH:MM:SS')],
        'upload_time_iso_8601': uploaded,
        'yanked': package.yanked_reason is not None,
        'yanked_reason': package.yanked_reason or None,
    }


def legacy_info(project: Project, release: Release | None) -> dict[str, Any]:
    packages = [package for package, _ in release.files] if release else []
    requires_dist = next((each.requires_dist for each in packages if each.requires_dist is not None), None)
    return {
        'name': project.name,
        'version': release.version if release else None,
        'summary': project.facts.summary,
        'requires_dist': requires_dist,
        'requires_python': next((each.requires_python for each in packages if each.requires_python), None),
        'yanked': release is not None and release.is_yanked,
        'yanked_reason': next((each.yanked_reason for each in packages if each.yanked_reason), None)
        if release and release.is_yanked
        else None,
        'home_page': None,
        'project_urls': None,
    }


def legacy_files(project: Project, release: Release, packages_url: str, depth: int) -> list[dict[str, Any]]:
    url = relocate(packages_url, project.name, depth)
    return [legacy_file(package, distribution, url) for package, distribution in release.files]


def legacy_pages(project: Project, releases: Sequence[Release], settings: Settings) -> Iterator[Page]:
    latest = latest_release(releases)
    files = {each.version: legacy_files(project, each, settings.packages_url, depth=2) for each in releases}
    document = {
        'info': legacy_info(project, latest),
        'releases': files,
        'urls': files[latest.version] if latest else [],
    }
    yield Page(f'pypi/{project.name}/json', to_bytes(document) + b'\n')
    for release in releases if settings.per_release_json else ():
        if has_release_page(release.version):
            urls = legacy_files(project, release, settings.packages_url, depth=3)
            document = {'info': legacy_info(project, release), 'releases': {release.version: urls}, 'urls': urls}
            yield Page(f'pypi/{project.name}/{release.version}/json', to_bytes(document) + b'\n')


def has_release_page(version: str) -> bool:
    """Whether a version can be a directory beside the file `json`: `json`, `.` and whatever has a slash cannot."""
    return _SEGMENT.fullmatch(version) is not None and version.lower() != 'json'


# ------------------------------------------------------------------------------------------------- render: for people
# The pages that a browser shows. Templates hold loops and conditions only, so the rows are made here.

NEWEST_RELEASES = 20  # on the home page
FEED_RELEASES = 100
FEED_PROJECTS = 40
PROJECTS_A_PAGE = 1_000
PIP_HASHES = ('sha256', 'sha384', 'sha512')  # what `--require-hashes` accepts


def human_page(path: str, template: str, settings: Settings, root: str | None = None, **values: object) -> Page:
    root = '../' * path.count('/') if root is None else root
    logo = settings.logo
    if logo is not None and not is_absolute(logo):
        logo = root + logo
    return Page(path, render(template, settings=settings, logo=logo, root=root, **values))


def file_row(package: Package, distribution: Distribution, packages_url: str) -> tuple[str | None, ...]:
    """In the order in which the template of the project page unpacks it: attributes and filters cost more a file."""
    hashes = dict(package.hashes)
    best = next((algorithm for algorithm in (*HTML_HASHES, *hashes) if algorithm in hashes), None)
    return (
        file_url(package, packages_url),
        package.filename,
        file_kind(package.filename, distribution.packagetype, distribution.python_version),
        None if package.size is None else readable_size(package.size),
        None if package.uploaded is None else iso_time(package.uploaded),
        None if package.uploaded is None else readable_time(package.uploaded),
        package.uploaded_by,
        package.requires_python,
        best and f'{best}={hashes[best]}',
        package.core_metadata,
        package.provenance,
        package.yanked_reason,
    )


def release_anchor(version: str) -> str:
    return f'v{urllib.parse.quote(version, safe="")}'


def release_section(release: Release, packages_url: str) -> dict[str, Any]:
    times = [package.uploaded for package, _ in release.files if package.uploaded is not None]
    reasons = {package.yanked_reason for package, _ in release.files if package.yanked_reason}
    return {
        'anchor': release_anchor(release.version),
        'version': release.version,
        'is_legacy': release.parsed is None,
        'is_prerelease': release.is_prerelease,
        'is_yanked': release.is_yanked,
        'yanked_reason': reasons.pop() if release.is_yanked and len(reasons) == 1 else None,
        'uploaded': max(times, default=None),
        'rows': [file_row(package, distribution, packages_url) for package, distribution in release.files],
    }


def pip_hashes(release: Release) -> list[str]:
    """What `--require-hashes` wants: a hash for each file of the release, or none at all."""
    hashes = [next((each for each in package.hashes if each[0] in PIP_HASHES), None) for package, _ in release.files]
    return [] if None in hashes else sorted({'{}:{}'.format(*each) for each in hashes if each})


def project_page(project: Project, releases: Sequence[Release], settings: Settings) -> Page:
    url = relocate(settings.packages_url, project.name, depth=2)
    latest = latest_release(releases)
    exact = latest is not None and latest.parsed is not None
    return human_page(
        f'project/{project.name}/index.html',
        'project.html',
        settings,
        project=project,
        latest=latest,
        # Whether others have uploads does not change this page, but its own are in the changelog.
        has_changelog=any(package.uploaded is not None for package, _ in project.files),
        # Installers choose no pre-release and no yanked release unless it is named.
        requirement=f'{project.name}=={latest.version}' if latest and exact else project.name,
        is_usual=not exact or latest is None or not (latest.is_prerelease or latest.is_yanked),
        hashes=pip_hashes(latest) if latest and exact else [],
        releases=[release_section(release, url) for release in reversed(releases)],
    )


def project_pages(project: Project, settings: Settings) -> Iterator[Page]:
    """Every page that depends on this project and the settings alone."""
    releases = project_releases(project)
    yield from simple_pages(project, releases, settings.packages_url)
    yield from legacy_pages(project, releases, settings)
    yield project_page(project, releases, settings)


def changelog_page(path: str, uploads: Changelog, settings: Settings) -> Page:
    paths = list(uploads)
    place = paths.index(path)
    return human_page(
        path,
        'changelog_page.html',
        settings,
        name=changelog_name(path),
        uploads=uploads[path][::-1],
        has_changelog=True,
        older=posixpath.basename(paths[place - 1]) if place > 0 else None,
        newer=posixpath.basename(paths[place + 1]) if place + 1 < len(paths) else None,
    )


def changelog_name(path: str) -> str:
    """`2026-11`, or `2026-11-2` for the second page of that month."""
    return path.removeprefix('changelog/').removesuffix('.html')


def changelog_index_pages(uploads: Changelog, settings: Settings) -> Iterator[Page]:
    if uploads:
        months = [(changelog_name(path), len(uploads[path])) for path in reversed(uploads)]
        yield human_page('changelog/index.html', 'changelog_index.html', settings, months=months, has_changelog=True)
        # Where release 1.15.0 had it.
        yield human_page('changelog/page1.html', 'changelog_moved.html', settings, has_changelog=True)


def newest_releases(uploads: Changelog) -> Iterator[Upload]:
    """The newest upload of each release, newest first; looks at no more of them than the caller takes."""
    seen = set()
    for upload in itertools.chain.from_iterable(reversed(page) for page in reversed(uploads.values())):
        release = (upload.project, parse_version(upload.version) or upload.version)
        if release not in seen:
            seen.add(release)
            yield upload


def newest_projects(uploads: Changelog) -> list[Upload]:
    """The first upload of the projects that came last, newest first."""
    newest_first = itertools.chain.from_iterable(reversed(page) for page in reversed(uploads.values()))
    first = {upload.project: upload for upload in newest_first}  # the oldest of a project comes last, and stays
    return heapq.nlargest(FEED_PROJECTS, first.values())


def feed_pages(index: Index, uploads: Changelog, settings: Settings) -> Iterator[Page]:
    """RSS 2.0. Readers of feeds need to be told where the site is."""
    if settings.site_url is not None:
        releases = list(itertools.islice(newest_releases(uploads), FEED_RELEASES))
        for name, newest in (('updates', releases), ('packages', newest_projects(uploads))):
            items = [(each, release_anchor(each.version), index[each.project].facts.summary) for each in newest]
            yield Page(f'rss/{name}.xml', render('feed.xml', name=name, settings=settings, items=items))


ListingRows = list[tuple[str, str | None]]  # name and summary


def rows_by_prefix(rows: ListingRows, length: int = 1) -> Iterator[tuple[str, ListingRows]]:
    """The pages of a long listing. Split by what names begin with, a new project changes its own page only."""
    for prefix, group in itertools.groupby(rows, key=lambda row: row[0][:length]):
        members = list(group)
        if len(members) <= PROJECTS_A_PAGE:
            yield prefix, members
        else:
            yield from rows_by_prefix(members, length + 1)


def listing_pages(index: Index, settings: Settings, has_changelog: bool) -> Iterator[Page]:
    """Every project from A to Z, for who has no script: on one page, or on many."""
    rows = [(project.name, project.facts.summary) for project in index.values()]
    pages = {f'from-{prefix}.html': members for prefix, members in rows_by_prefix(rows)}
    if len(rows) <= PROJECTS_A_PAGE:
        pages = {}
    names: list[str | None] = [None, *pages, None]
    for previous, name, following in zip(names, pages, names[2:], strict=False):
        values: dict[str, Any] = {'previous': previous, 'following': following, 'rows': pages[name]}
        yield human_page(f'projects/{name}', 'projects.html', settings, has_changelog=has_changelog, **values)
    ranges = [(name, members[0][0], members[-1][0], len(members)) for name, members in pages.items()]
    values = {'ranges': ranges, 'rows': [] if pages else rows}
    yield human_page('projects/index.html', 'projects_index.html', settings, has_changelog=has_changelog, **values)


def home_page(index: Index, uploads: Changelog, settings: Settings, built: int | None) -> Page:
    newest = list(itertools.islice(newest_releases(uploads), NEWEST_RELEASES))
    return human_page(
        'index.html',
        'home.html',
        settings,
        projects=len(index),
        files=sum(len(project.files) for project in index.values()),
        newest=[(each, release_anchor(each.version), index[each.project].facts.summary) for each in newest],
        example=newest[0].project if newest else next(iter(index), 'NAME'),
        has_changelog=bool(uploads),
        built=built,
    )


def read_static_pages() -> Iterator[Page]:
    """Style, script and icon of the human pages, which lie in the package as they are."""
    for file in sorted((importlib.resources.files('dumb_pypi') / 'static').iterdir(), key=lambda file: file.name):
        yield Page(f'static/{file.name}', file.read_bytes())


def shared_pages(
    index: Index, uploads: Changelog, changes: Changes, settings: Settings, built: int | None
) -> Iterator[Page]:
    """The pages that tell of more than one project, in the order in which they link to each other.

    `packages.json` comes last: whoever finds a list there finds its pages too.
    """
    for path in changes.changelog:
        if path in uploads:
            yield changelog_page(path, uploads, settings)
    yield from simple_root_pages(index)
    yield from changelog_index_pages(uploads, settings)
    yield from feed_pages(index, uploads, settings)
    yield from listing_pages(index, settings, has_changelog=bool(uploads))
    yield Page('static/names.js', render('names.js', names=' '.join(index)))
    yield home_page(index, uploads, settings, built)
    # A web server shows this one at any address, so it cannot say how far up the site begins.
    root = urllib.parse.urlsplit(settings.site_url or '').path
    yield human_page('404.html', '404.html', settings, root=root, has_changelog=bool(uploads))
    yield Page('packages.json', b''.join(list_lines(project) for project in index.values()))


# ------------------------------------------------------------------------------------------------- write
# A site on disk. One function writes files and one removes them; a run may be killed between any two lines of either.

RECORD = '.dumb-pypi.json'
RECORD_FORMAT = 1
LOCK = '.dumb-pypi.lock'
TEMPORARY = '.dumb-pypi.tmp'  # always the same name: what a killed run leaves here, the next run takes away
MARKS = (  # how the pages of this program begin: it removes nothing else
    b'<meta name="generator" content="dumb-pypi">',
    b'{"meta":{"api-version":"1.',
    b'{"info":{"name":"',
    b'/* dumb-pypi',
    b'<!-- dumb-pypi',
    b'<generator>dumb-pypi</generator>',
)
SHARED_DIRECTORIES = ('changelog', 'projects', 'rss', 'static')  # of pages that belong to no project
MARK_WITHIN = 200  # bytes


@contextlib.contextmanager
def refusal(action: str, path: str) -> Iterator[None]:
    """Turns what a file system refuses into one line for the user."""
    try:
        yield
    except OSError as error:
        raise Failure(f'cannot {action} {path}: {error.strerror}') from None


def read_head(path: str, size: int = -1) -> bytes | None:
    """The first bytes of a file, all of them by default; `None` when there is no file."""
    with refusal('read', path):
        try:
            with open(path, 'rb') as file:
                return file.read(size)
        except (FileNotFoundError, NotADirectoryError):
            return None


def write_file(path: str, content: bytes, temporary: str) -> None:
    """Replaces a file as a whole: a reader finds the old bytes or the new ones, never a part."""
    with refusal('write', path):
        try:
            os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
            with open(temporary, 'wb') as file:
                file.write(content)
            os.replace(temporary, path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise


def remove_file(path: str, top: str) -> None:
    """Removes a file that may be gone already, and the directories below `top` that are empty then."""
    with refusal('remove', path), contextlib.suppress(FileNotFoundError, NotADirectoryError):
        os.unlink(path)
    with contextlib.suppress(OSError):  # not empty, or gone
        while (path := os.path.dirname(path)) != top:
            os.rmdir(path)


class PathList:
    """A list for the copying step. A path enters it before the site changes, so a killed run loses none."""

    def __init__(self, path: str | None) -> None:
        self.path = path
        self.write_text('')  # a list that cannot be written is found out before anything has changed

    def write_text(self, text: str) -> None:
        if self.path is not None:
            with refusal('write', self.path), open(self.path, 'a', encoding='utf-8', newline='\n') as file:
                file.write(text)

    def read_paths(self) -> list[str]:
        return [] if self.path is None else (read_head(self.path) or b'').decode().splitlines()

    def write_settled(self, belongs: Callable[[str], bool]) -> None:
        """Leaves each path once, where it was added last, and only those that belong here."""
        if self.path is not None:
            old = self.read_paths()
            new = [path for path in dict.fromkeys(reversed(old)) if path and belongs(path)][::-1]
            if new != old:
                write_file(self.path, ''.join(f'{path}\n' for path in new).encode(), f'{self.path}.tmp')


class Site:
    """What lies in the output directory. Paths are those of pages: relative to it, and /-separated."""

    def __init__(self, directory: str, changed_paths: str | None, removed_paths: str | None) -> None:
        self.directory = directory
        self.changed = PathList(changed_paths)
        self.removed = PathList(removed_paths)

    def remove_record(self) -> None:
        """Comes before any change: until the new record is there, the site is not known to be that of any list."""
        if os.path.exists(self.full(RECORD)):
            self.removed.write_text(f'{RECORD}\n')
            remove_file(self.full(RECORD), self.directory)

    def full(self, path: str) -> str:
        return os.path.join(self.directory, *path.split('/'))

    def read_names(self, path: str) -> list[str]:
        """What a directory holds; nothing when there is none."""
        with refusal('read', self.full(path)), contextlib.suppress(FileNotFoundError, NotADirectoryError):
            return sorted(os.listdir(self.full(path)))
        return []

    def write_page(self, page: Page) -> None:
        """Leaves a file alone that has these bytes already."""
        path = self.full(page.path)
        if read_head(path) != page.content:
            self.remove_record()
            self.changed.write_text(f'{page.path}\n')
            write_file(path, page.content, self.full(TEMPORARY))

    def remove_page(self, path: str) -> None:
        self.remove_record()
        self.removed.write_text(f'{path}\n')
        remove_file(self.full(path), self.directory)

    def remove_stale(self, path: str) -> None:
        """Removes a page unless somebody else wrote it; where there is none, the directories that a kill left empty."""
        if not os.path.lexists(self.full(path)):
            remove_file(self.full(path), self.directory)
        elif os.path.isfile(self.full(path)):
            head = read_head(self.full(path), MARK_WITHIN) or b''
            if any(mark in head for mark in MARKS):
                self.remove_page(path)

    def write_path_lists(self) -> None:
        self.changed.write_settled(lambda path: os.path.exists(self.full(path)))
        self.removed.write_settled(lambda path: not os.path.exists(self.full(path)))


def read_record(site: Site) -> Published | None:
    """`None` when the record is missing, damaged, or of another program's format."""
    try:
        record = json.loads(read_head(site.full(RECORD)) or b'')
        published = Published(record['fingerprint'], record['projects'], record['changelog'])
        texts = [published.fingerprint, *published.projects.values(), *published.changelog.values()]
        sound = record['format'] == RECORD_FORMAT and all(isinstance(text, str) for text in texts)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return published if sound and all(map(is_normalized, published.projects)) else None


def write_record(site: Site, record: Published) -> None:
    if hasattr(os, 'sync'):  # pragma: no branch (Windows has none)
        os.sync()  # a record that outlives a power cut must not tell of pages that did not
    site.write_page(Page(RECORD, to_bytes({'format': RECORD_FORMAT, **record._asdict()}) + b'\n'))


def read_project_names(site: Site) -> list[str]:
    """The projects that have a directory, whoever made it."""
    return sorted(
        {name for parent in ('simple', 'pypi', 'project') for name in site.read_names(parent) if is_normalized(name)}
    )


def read_project_paths(site: Site, name: str) -> list[str]:
    """Where the pages of a project lie, or lay; first the one that links to the others."""
    releases = [f'pypi/{name}/{version}/json' for version in site.read_names(f'pypi/{name}') if version != 'json']
    paths = [f'project/{name}/index.html', f'simple/{name}/index.html', f'simple/{name}/index.v1_json']
    return [*paths, f'pypi/{name}/json', *releases]


@contextlib.contextmanager
def locked(directory: str) -> Iterator[None]:
    """One run at a time: raises `Failure` when another has the directory. The lock of a dead process does not count."""
    created = not os.path.isdir(directory)
    path = os.path.join(directory, LOCK)
    with refusal('write', path):
        os.makedirs(directory, exist_ok=True)
        while True:
            file = open(path, 'a+b', buffering=0)
            if not lock_file(file):
                file.seek(0)
                holder = file.read().decode('ascii', 'replace')
                file.close()
                raise Failure(f'{directory}: another run has it (pid {holder})')
            if os.path.exists(path) and os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
                break
            file.close()  # the run before this one took its lock away between our open and our lock
    try:
        with refusal('write', path):
            file.truncate(0)
            file.write(b'%d' % os.getpid())
        yield
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)
        file.close()
        if created:
            with contextlib.suppress(OSError):
                os.rmdir(directory)


if sys.platform == 'win32':  # pragma: no cover (what is tested here is Linux)
    import msvcrt

    def lock_file(file: IO[bytes]) -> bool:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def lock_file(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


# ------------------------------------------------------------------------------------------------- the whole run


class Args(argparse.Namespace):
    """The command line, as typed."""

    package_list: str | None
    package_list_json: str | None
    previous_package_list: str | None
    previous_package_list_json: str | None
    output_dir: str
    packages_url: str
    title: str
    logo: str | None
    logo_width: int | None
    generate_timestamp: bool
    per_release_json: bool
    site_url: str | None
    strict: bool
    allow_empty: bool
    rebuild: bool
    max_delete: int | None
    changed_paths: str | None
    removed_paths: str | None


def read_fingerprint(settings: Settings) -> str:
    """Changes with the settings, the program, its templates and what renders them."""
    package = importlib.resources.files('dumb_pypi')
    files = [
        package / 'main.py',
        package / 'words.py',
        *(package / 'templates').iterdir(),
        *(package / 'static').iterdir(),
    ]
    parts = [to_bytes(settings), *(file.read_bytes() for file in sorted(files, key=lambda file: file.name))]
    versions = [importlib.metadata.version(name) for name in ('jinja2', 'markupsafe', 'packaging')]
    return digest(b'\0'.join([*parts, to_bytes(versions)]))


def read_indexes(args: Args) -> tuple[Index, Index | None]:
    """The list, and the one before it if that is given. Raises `Failure` when anything is wrong with either."""
    report = Report(args.strict)
    source = args.package_list_json or args.package_list or '-'
    index = read_index(source, args.package_list_json is not None, args.packages_url, report)
    previous = None
    previous_source = args.previous_package_list_json or args.previous_package_list
    if previous_source is not None:
        is_json = args.previous_package_list_json is not None
        previous = read_index(previous_source, is_json, args.packages_url, report)
    report.finish()
    if not index and not args.allow_empty:
        raise Failure(f'{list_label(source)}: no package at all; --allow-empty if this is meant')
    return index, previous


def read_packages_json(site: Site) -> Index:
    """The list that the site was made of."""
    path, report = site.full('packages.json'), Report(strict=False)
    index = read_index(path, True, '', report) if os.path.exists(path) else {}
    report.finish()
    return index


def check_deletions(index: Index, published: Index, most: int) -> None:
    """Raises `Failure` when more than `most` files of the list published last are missing from this one."""
    old, new = (
        {package.filename for each in projects.values() for package, _ in each.files} for projects in (published, index)
    )
    missing = sorted(old - new)
    if len(missing) > most:
        first = ', '.join(missing[:5]) + (', …' if len(missing) > 5 else '')
        raise Failure(f'{len(missing)} files are missing from the list, --max-delete allows {most}: {first}')


def read_published(site: Site, new: Published, rebuild: bool) -> Published:
    """The record of the site; or, where it tells nothing, all that may be there, so that everything is looked at."""
    record = read_record(site)
    if record is not None and record.fingerprint == new.fingerprint and not rebuild:
        return record
    return Published('', dict.fromkeys(read_project_names(site), ''), {})


def read_elsewhere(site: Site, previous: Published) -> Published:
    """What is published elsewhere, but nothing of what still waits to be copied: that may be of a list in between."""
    waiting = dict.fromkeys(site.changed.read_paths(), '')
    names = [match[1] for path in waiting if (match := re.match('(?:simple|pypi|project)/([^/]+)/', path))]
    unknown = dict.fromkeys(filter(is_normalized, names), '')
    return Published(previous.fingerprint, {**previous.projects, **unknown}, {**previous.changelog, **waiting})


def write_pages(site: Site, pages: Iterable[Page], elsewhere: dict[str, str]) -> set[str]:
    """Writes the pages, but for those that are published `elsewhere` (their digests by path) with the same bytes, and
    that no earlier run has left here.

    Takes the paths out of `elsewhere`, and returns them all.
    """
    paths = set()
    for page in pages:
        paths.add(page.path)
        published = elsewhere.pop(page.path, None)
        if published != digest(page.content) or os.path.exists(site.full(page.path)):
            site.write_page(page)
    return paths


def write_site(site: Site, index: Index, previous: Index | None, settings: Settings, rebuild: bool) -> None:
    """Makes the site that of `index`: pages first, then what links to them, then removals, the record last.

    With `previous`, the site is elsewhere: here go only the pages in which the two lists differ, and no record.
    """
    uploads, old_uploads = changelog(index), changelog(previous or {})
    fingerprint = read_fingerprint(settings)
    new = to_publish(index, uploads, fingerprint)
    if previous is None:
        old = read_published(site, new, rebuild)
    else:
        old = read_elsewhere(site, to_publish(previous, old_uploads, fingerprint))
    if old == new:
        return
    changes = compare(new, old)
    built = int(time.time()) * 1_000_000 if settings.generate_timestamp else None
    static = list(read_static_pages())
    elsewhere: dict[str, str] = {}
    if previous is not None:
        there = [static, shared_pages(previous, old_uploads, changes, settings, built)]
        there += [
            project_pages(previous[name], settings) for name in (*changes.updated, *changes.removed) if name in previous
        ]
        elsewhere = {page.path: digest(page.content) for pages in there for page in pages}

    stale: list[str] = []
    wanted = write_pages(site, static, elsewhere) | uploads.keys()
    for name in changes.updated:
        paths = write_pages(site, project_pages(index[name], settings), elsewhere)
        stale += [path for path in read_project_paths(site, name) if path not in paths]
    wanted |= write_pages(site, shared_pages(index, uploads, changes, settings, built), elsewhere)

    for name in changes.removed:
        stale += read_project_paths(site, name)
    shared = [f'{directory}/{name}' for directory in SHARED_DIRECTORIES for name in site.read_names(directory)]
    for path in elsewhere:
        site.remove_page(path)
    for path in shared + stale:  # what links to other pages goes before them
        if path not in wanted:
            site.remove_stale(path)
    if previous is None:
        write_record(site, new)


def run(args: Args, settings: Settings) -> None:
    """The table of contents. Raises `Failure`."""
    with locked(args.output_dir):
        site = Site(args.output_dir, args.changed_paths, args.removed_paths)
        remove_file(site.full(TEMPORARY), site.directory)
        index, previous = read_indexes(args)
        if args.max_delete is not None:
            check_deletions(index, read_packages_json(site) if previous is None else previous, args.max_delete)
        try:
            write_site(site, index, previous, settings, args.rebuild)
        finally:
            site.write_path_lists()


def url_argument(text: str) -> str:
    try:
        url = parse_url(text)
    except BadValue as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if '?' in url:
        raise argparse.ArgumentTypeError(str(unexpected('a URL without a query', text)))
    return url if url.endswith('/') else f'{url}/'


def image_argument(text: str) -> str:
    """A URL of any kind: an `<img>` runs no script."""
    try:
        is_absolute(parse_text(text))
    except ValueError:
        raise argparse.ArgumentTypeError(str(unexpected('the URL of an image', text))) from None
    return parse_text(text)


def site_url_argument(text: str) -> str:
    url = url_argument(text)
    if not url.startswith(('http://', 'https://')):
        raise argparse.ArgumentTypeError(str(unexpected('an absolute http or https URL', text)))
    return url


def number_argument(text: str) -> int:
    if not re.fullmatch('[0-9]{1,9}', text):
        raise argparse.ArgumentTypeError(str(unexpected('a whole number', text)))
    return int(text)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='dumb-pypi',
        description='Writes a static Python package index: plain files, made from a list of distribution files.',
        epilog='Exit status: 0 done, 1 bad input or a file that cannot be written, 2 wrong usage.',
    )
    parser.add_argument('--version', action='version', version=f'%(prog)s {__version__}')

    lists = parser.add_argument_group('the list', '`-` is standard input')
    current = lists.add_mutually_exclusive_group(required=True)
    current.add_argument('--package-list', metavar='FILE', help='one file name on each line')
    current.add_argument('--package-list-json', metavar='FILE', help='one JSON object on each line')
    lists.add_argument('--strict', action='store_true', help='treat warnings (skipped files, unknown keys) as errors')
    lists.add_argument('--allow-empty', action='store_true', help='accept a list without any package')
    lists.add_argument(
        '--max-delete',
        metavar='N',
        type=number_argument,
        help='refuse a list in which more than N files are missing that were published last',
    )

    site = parser.add_argument_group('the site')
    site.add_argument('--output-dir', metavar='DIR', required=True, help='where to write the site')
    site.add_argument(
        '--packages-url',
        metavar='URL',
        type=url_argument,
        required=True,
        help='where the files are: absolute, or relative to a page below simple/, as in ../../pool/',
    )
    site.add_argument('--title', type=parse_text, default='My Private PyPI', help='default: %(default)s')
    site.add_argument(
        '--site-url',
        metavar='URL',
        type=site_url_argument,
        help='where the site will be seen: needed for feeds (rss/) and for 404.html',
    )
    site.add_argument('--logo', metavar='URL', type=image_argument, help='an image: absolute, or relative to the site')
    site.add_argument('--logo-width', metavar='PIXELS', type=number_argument)
    site.add_argument(
        '--generate-timestamp',
        action='store_true',
        help='say on the home page when the site was last changed',
    )
    site.add_argument(
        '--no-generate-timestamp',
        dest='generate_timestamp',
        action='store_false',
        help='the default: the same list gives the same bytes',
    )
    site.add_argument(
        '--no-per-release-json',
        dest='per_release_json',
        action='store_false',
        help='leave out pypi/<name>/<version>/json: many files that few tools read',
    )

    runs = parser.add_argument_group('from one run to the next', 'only what differs from the last run is written')
    base = runs.add_mutually_exclusive_group()
    base.add_argument('--rebuild', action='store_true', help='look at every page, as after an edit by hand')
    base.add_argument(
        '--previous-package-list',
        metavar='FILE',
        help='the site is elsewhere: write only the pages in which the list differs from this one',
    )
    base.add_argument(
        '--previous-package-list-json', metavar='FILE', help='the same; the packages.json of a site will do'
    )
    runs.add_argument('--changed-paths', metavar='FILE', help='add the paths of the written files to this list')
    runs.add_argument('--removed-paths', metavar='FILE', help='add the paths of the removed files to this list')
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    parser = make_parser()
    args = parser.parse_args(argv, Args())
    previous = args.previous_package_list_json or args.previous_package_list
    if previous == '-' == (args.package_list_json or args.package_list):
        parser.error('standard input can hold one list only')
    settings = Settings(
        packages_url=args.packages_url,
        title=args.title,
        logo=args.logo,
        logo_width=args.logo_width,
        generate_timestamp=args.generate_timestamp,
        per_release_json=args.per_release_json,
        site_url=args.site_url,
    )
    try:
        run(args, settings)
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
