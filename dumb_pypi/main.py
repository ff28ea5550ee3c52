"""Builds a static package index from a list of distribution files. Read it from top to bottom:

    lines -> families -> Package -> Project -> Changes -> Page -> file
     read     compare     parse      group      diff      render  write

A family is all lines whose file names begin with the same word. A list is compared with the one before it family by
family, in one pass over its bytes; only what differs is parsed, and it can be parsed in several processes.

Only functions named `read_*`, `write_*` and `remove_*`, and `locked`, touch the disk, standard input or the clock.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import datetime
import filecmp
import functools
import gc
import hashlib
import heapq
import itertools
import json
import math
import os
import posixpath
import re
import reprlib
import shutil
import stat
import sys
import time
import urllib.parse
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import IO, Any, NamedTuple, TypeVar

import jinja2
import markupsafe
import packaging
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from dumb_pypi import __version__, processes
from dumb_pypi.processes import ProcessDied, Progress, in_processes
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


def refused(action: str, path: str, error: OSError) -> Failure:
    """What a file system refuses, in one line for the user."""
    return Failure(f'cannot {action} {path}: {error.strerror}')


@contextlib.contextmanager
def refusal(action: str, path: str) -> Iterator[None]:
    """Where a file system may refuse something."""
    try:
        yield
    except OSError as error:
        raise refused(action, path, error) from None


# ------------------------------------------------------------------------------------------------- parse: one value
# Each function takes one JSON value and returns it in its one canonical form, or raises `BadValue`. Most values are
# plain, or were seen before: what tells that quickly comes first, and makes a line three times as fast to parse.


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
_PLAIN = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]{0,254}')  # a name that is spelled alike in JSON, in HTML and in a URL
_NAME = re.compile(r'[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?')  # PEP 508
_HASH = re.compile(r'([a-z0-9_]+)=([0-9A-Fa-f]+)')
_URL = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+")  # RFC 3986, without the fragment
_TIME = re.compile(
    r'(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])([01]\d|2[0-3]):?([0-5]\d))', re.ASCII
)
_EPOCH = datetime.datetime(1970, 1, 1)
_LAST_SECOND = 2**33  # the year 2242: until then a float holds a time to the microsecond


def quoted(value: object) -> str:
    """A value as a message shows it: short, on one line, and without control characters."""
    return _REPR.repr(value)


@functools.lru_cache(maxsize=2**14)
def cleaned(text: str) -> str:
    return ' '.join(_UNPRINTABLE.sub(' ', text).split())


def parse_text(value: object) -> str:
    if not isinstance(value, str):
        raise unexpected('text', value)
    return cleaned(value)


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
    if _PLAIN.fullmatch(value):
        return value
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
    match = _HASH.fullmatch(value) if isinstance(value, str) else None
    if match is None or len(match[2]) != HASH_DIGITS.get(match[1]):
        raise unexpected('<algorithm>=<hex>', value)
    return match[1], match[2].lower()  # pip before 24.1 compares the text, and its own digests are lower case


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
    if type(value) is int and 0 <= value < _LAST_SECOND:
        return value * 1_000_000
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


def is_absolute(url: str) -> bool:
    return url.startswith('/') or bool(urllib.parse.urlsplit(url).scheme)


@functools.lru_cache(maxsize=2**10)
def iso_day(day: int) -> str:
    return (_EPOCH + datetime.timedelta(day)).date().isoformat()


_MINUTES = [f'T{minute // 60:02}:{minute % 60:02}:' for minute in range(24 * 60)]
_SECONDS = [f'{second:02}' for second in range(60)]


def iso_time(microseconds: int) -> str:
    """`2026-01-02T03:04:05Z`; six digits follow the seconds, or none (what every client accepts)."""
    seconds, fraction = divmod(microseconds, 1_000_000)
    day, second = divmod(seconds, 24 * 60 * 60)
    minute, second = divmod(second, 60)
    end = f'.{fraction:06}Z' if fraction else 'Z'
    return f'{iso_day(day)}{_MINUTES[minute]}{_SECONDS[second]}{end}'


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(',', ':'))  # kept: making one takes as long as a line


def to_bytes(value: object) -> bytes:
    return _ENCODER.encode(value).encode()


@functools.lru_cache(maxsize=2**14)  # specifiers, people, reasons: few texts, said of many files
def to_json_text(text: str | None) -> str:
    """A text as JSON spells it."""
    return _ENCODER.encode(text)


@functools.lru_cache(maxsize=2**14)
def to_html(text: str) -> str:
    """A text as HTML and XML spell it, in attributes too."""
    return str(markupsafe.escape(text))


# ------------------------------------------------------------------------------------------------- parse: one line
# A line speaks of one file (`Package`) or of a whole project (`Facts`). `from_json` and `to_json` are each other's
# inverse, and `to_line` is the line of `packages.json`.


def parse_values(line: Mapping[str, Any], parsers: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """The values of the known keys; `null` says as little as no key at all. Raises `BadValue`."""
    values, problems = {}, []
    for key, value in line.items():
        parse = parsers.get(key)
        if parse is not None and value is not None:
            try:
                values[key] = parse(value)
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
        get = values.get
        one = get('hash')
        hashes = () if one is None else (one,)
        if 'hashes' in values:
            several = values['hashes']
            if one is not None and dict(several).get(one[0], one[1]) != one[1]:
                raise BadValue(f'hash: {unexpected(f"the {one[0]} that `hashes` gives", one[1])}')
            hashes = tuple(sorted({*several, *hashes}))
        reason = get('yanked_reason')
        return cls(
            values['filename'],
            get('name'),
            get('version'),
            hashes,
            get('size'),
            get('url'),
            get('requires_python') or None,
            get('requires_dist'),
            get('core_metadata'),
            get('provenance'),
            get('upload_timestamp'),
            get('uploaded_by') or None,
            '' if reason is None and get('yanked') else reason,
        )

    def to_line(self) -> str:
        """Written out, because a dictionary and the encoder of the standard library cost five times as much."""
        path, name, version, hashes, size, url, requires_python = self[:7]
        requires_dist, metadata, provenance, uploaded, uploaded_by, yanked_reason = self[7:]
        parts = [f'{{"filename":{_ENCODER.encode(path)}']
        if name is not None:
            parts.append(f'"name":"{name}"')
        if version is not None:
            parts.append(f'"version":{to_json_text(version)}')
        if len(hashes) == 1:
            parts.append('"hash":"{}={}"'.format(*hashes[0]))
        elif hashes:
            parts.append(f'"hashes":{json_hashes(hashes)}')
        if size is not None:
            parts.append(f'"size":{size}')
        if url is not None:
            parts.append(f'"url":"{url}"')
        if requires_python is not None:
            parts.append(f'"requires_python":{to_json_text(requires_python)}')
        if requires_dist is not None:
            parts.append(f'"requires_dist":{_ENCODER.encode(requires_dist)}')
        if metadata is not None:
            parts.append(f'"core_metadata":{"true" if metadata == "true" else to_json_text(metadata)}')
        if provenance is not None:
            parts.append(f'"provenance":"{provenance}"')
        if uploaded is not None:
            seconds, fraction = divmod(uploaded, 1_000_000)
            parts.append(f'"upload_timestamp":{uploaded / 1_000_000 if fraction else seconds}')
        if uploaded_by is not None:
            parts.append(f'"uploaded_by":{to_json_text(uploaded_by)}')
        if yanked_reason is not None:
            parts.append(f'"yanked_reason":{to_json_text(yanked_reason)}')
        return ','.join(parts) + '}'

    def to_json(self) -> dict[str, Any]:
        line: dict[str, Any] = json.loads(self.to_line())
        return line


def json_hashes(hashes: tuple[tuple[str, str], ...]) -> str:
    if len(hashes) == 1:  # as nearly always
        return '{{"{}":"{}"}}'.format(*hashes[0])
    return '{' + ','.join([f'"{algorithm}":"{value}"' for algorithm, value in hashes]) + '}'


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
    'version': checked(
        'a version', lambda value: 0 < len(parse_text(value)) <= MAX_NAME and parse_text(value) == value
    ),
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
_FILE_TYPES = (  # compiled when they are asked for: many a list needs none of them
    ('bdist_wheel', r'(?ai)(?P<stem>[^-]+-[^-]+-[^-]+-[^-]+-.+)\.whl'),
    ('bdist_dumb', rf'(?ai)(?P<stem>.+?-\d.*?){_PLATFORM}{_ARCHIVE}'),
    ('sdist', rf'(?ai)(?P<stem>.+){_ARCHIVE}'),
    ('bdist_egg', rf'(?ai)(?P<stem>.+?)(?:-py(?P<python>\d(?:\.\d+)?)(?:{_PLATFORM})?)?\.egg'),
    ('bdist_wininst', rf'(?ai)(?P<stem>.+?)(?:{_PLATFORM})?{_PYTHON}\.exe'),
    ('bdist_msi', rf'(?ai)(?P<stem>.+?)(?:{_PLATFORM})?{_PYTHON}\.msi'),
    ('bdist_dmg', rf'(?ai)(?P<stem>.+?){_PYTHON}(?:{_PLATFORM})?\.dmg'),
    ('bdist_rpm', r'(?ai)(?P<stem>.+)-[^-]+\.[^-.]+\.rpm'),
    ('bdist_dumb', r'(?ai)(?P<stem>[^_]+_[^_-]+)(?:-[^_]+)?_[^_]+\.deb'),
)
# Nearly all files of today. What these two match, the types above and `split_name` say too, at a fifth of the speed.
_USUAL_WHEEL = re.compile(r'([\w.]+)-(\d[\w.+!]*)-([A-Za-z][\w.]*)-[^-]+-[^-]+\.whl', re.ASCII)
_USUAL_SDIST = re.compile(
    r'([A-Za-z0-9](?:[\w.]*[A-Za-z0-9])?(?:-(?![vV]?\d)[A-Za-z](?:[\w.]*[A-Za-z0-9])?)*)'
    r'-(\d+(?:\.\d+)*(?:(?:a|b|rc|\.post|\.dev)\d+)?)\.(?:tar\.gz|zip)',
    re.ASCII,
)


@functools.lru_cache(maxsize=2**16)
def parse_version(text: str) -> Version | None:
    """A version of PEP 440, or `None`: old files of the public index have many another."""
    try:
        return Version(text)
    except InvalidVersion:
        return None


@functools.lru_cache(maxsize=2**12)
def normalized(name: str) -> str:
    """The normalized name of a project. Raises `NotADistribution`."""
    if not _NAME.fullmatch(name):
        raise NotADistribution(f'has no valid project name: {quoted(name)}')
    return canonicalize_name(name)


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
    filename = package.filename
    if package.name is None and package.version is None:
        if filename.endswith('.whl'):
            if match := _USUAL_WHEEL.fullmatch(filename):
                name, version, python = match.groups()
                if parse_version(version):
                    return Distribution(normalized(name), version, 'bdist_wheel', python)
        elif match := _USUAL_SDIST.fullmatch(filename):
            name, version = match.groups()
            return Distribution(normalized(name), version, 'sdist', 'source')
    matches = ((packagetype, re.fullmatch(pattern, filename)) for packagetype, pattern in _FILE_TYPES)
    packagetype, match = next(((packagetype, match) for packagetype, match in matches if match), ('', None))
    if match is None:
        raise NotADistribution('is not a distribution file')
    python = match.groupdict().get('python') or ('source' if packagetype == 'sdist' else 'any')
    name, version = package.name, package.version
    if packagetype == 'bdist_wheel':
        named, versioned, python = split_wheel_name(match['stem'])
    elif name is None or version is None:
        named, versioned = split_name(match['stem'].replace('_', '-') if filename.endswith('.deb') else match['stem'])
    return Distribution(
        normalized(named) if name is None else name, versioned if version is None else version, packagetype, python
    )


# ------------------------------------------------------------------------------------------------- read: families
# A family is all lines whose file names begin with the same word, so it holds whole projects. One pass over the list
# tells where the lines of each family are, and whether they are those of the run before: a digest that is a sum does
# not depend on their order. What is the same in both need not be parsed: it costs 2 microseconds a line.


class Source(NamedTuple):
    """A list, as a regular file."""

    path: str
    label: str  # what messages call it
    is_json: bool
    packages_url: str
    size: int  # bytes
    changed: int  # nanoseconds since 1970


class Family:
    """The lines of a family: the sum of their digests, and where they are: start and end, start and end, …"""

    __slots__ = ('spans', 'total')

    def __init__(self, total: int, spans: array[int]) -> None:
        self.total = total
        self.spans = spans

    def add(self, other: Family) -> None:
        self.total += other.total
        self.spans.extend(other.spans)

    def digest(self) -> str:
        return f'{self.total % 2**128:032x}'

    def __len__(self) -> int:
        """Bytes."""
        return sum(self.spans[1::2]) - sum(self.spans[::2])


Families = dict[str, Family]

_BYTE_ORDER_MARK = b'\xef\xbb\xbf'
_WORD = re.compile('[A-Za-z0-9]*')
# A file name in plain sight: no value with braces comes before it, and if nothing else in the line ends in `name"`, and
# nothing is escaped, it is the only one, and there is no `name` beside it.
_FILENAME_KEY = re.compile(rb'\{[^{}]*?"filename":\s*"(?:[^"]*/)?([A-Za-z0-9]*)')
BATCH = 2**20  # bytes of a list that a process works at in one go; less is not worth a process of its own
LEAST_BATCH = 2**16  # bytes: the last ones are short, so that no process ends late
MOST_BATCHES = 2**12


def first_word(name: str) -> str:
    """The family of a file name, or of a normalized project name; '' when it cannot be one."""
    return _WORD.match(name)[0].lower()  # type: ignore[index]  # it matches everything


def line_words(line: bytes, is_json: bool) -> Sequence[str]:
    """The family of a line; and a second one when the list gives the file to another project than its name does."""
    if not is_json:
        return (first_word(line[line.rfind(b'/') + 1 :].decode('ascii', 'replace')),)
    match = _FILENAME_KEY.match(line)
    if match and b'\\' not in line and line.count(b'name"') == 1:
        return (match[1].decode().lower(),)
    try:
        values = parse_line(line.decode(), is_json)
    except ValueError:
        return ('',)
    filename, name = values.get('filename'), values.get('name')
    words = [values.get('project')] if filename is None else [str(filename).rpartition('/')[2], name]
    return [first_word(word) for word in words if isinstance(word, str)] or ('',)


def read_list_file(source: str, is_json: bool, packages_url: str, temporary: str) -> Source:
    """The list, copied to `temporary` if it comes through a pipe."""
    label = '<stdin>' if source == '-' else source
    with refusal('read', label), contextlib.ExitStack() as stack:
        file = sys.stdin.buffer if source == '-' else stack.enter_context(open(source, 'rb'))
        if source == '-' or not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            source = temporary
            with refusal('write', temporary), open(temporary, 'wb') as copy:
                shutil.copyfileobj(file, copy, BATCH)
        found = os.stat(source)
    return Source(source, label, is_json, packages_url, found.st_size, found.st_mtime_ns)


def check_source(source: Source) -> None:
    """Raises `Failure` when the list is no longer the one that `read_list_file` found."""
    with refusal('read', source.label):
        found = os.stat(source.path)
    if (found.st_size, found.st_mtime_ns) != (source.size, source.changed):
        raise Failure(f'{source.label}: has changed while it was read')


def read_ranges(
    source: Source, ranges: Iterable[tuple[int, int]], progress: Progress
) -> tuple[Families, set[tuple[str, str]]]:
    """The families of the lines that begin within these ranges of bytes, and pairs of them that belong together."""
    families: Families = {}
    pairs: set[tuple[str, str]] = set()
    sha256, to_int, is_json = hashlib.sha256, int.from_bytes, source.is_json
    with open(source.path, 'rb') as file:
        for start, end in ranges:
            file.seek(max(start - 1, 0))
            position = start - 1 + len(file.readline()) if start else 0  # the line before this one reaches into it
            count = 0
            while position < end and (raw := file.readline()):
                line = raw.strip()
                if position == 0:
                    line = line.removeprefix(_BYTE_ORDER_MARK).strip()
                stop = position + len(raw)
                if line:
                    count += 1
                    words = line_words(line, is_json)
                    word = words[0]
                    if words[-1] != word:
                        pairs.add((word, words[-1]))
                    value = to_int(sha256(line).digest(), 'little')
                    family = families.get(word)
                    if family is None:
                        families[word] = Family(value, array('Q', (position, stop)))
                    else:
                        family.total += value
                        if family.spans[-1] == position:
                            family.spans[-1] = stop
                        else:
                            family.spans.extend((position, stop))
                position = stop
            progress.add(count)
    return families, pairs


def read_families(source: Source, jobs: int) -> Families:
    """Where the lines of each family are. Raises `Failure` when the list cannot be read."""
    step = max(BATCH, source.size // MOST_BATCHES)
    ranges = [(start, start + step) for start in range(0, source.size, step)]
    with Progress('files read') as progress, refusal('read', source.label):
        parts = in_processes(functools.partial(read_ranges, source, progress=progress), ranges, jobs)
    families: Families = {}
    for part, _ in parts:
        for word, family in part.items():
            known = families.setdefault(word, family)
            if known is not family:
                known.add(family)
    return joined(families, set().union(*(pairs for _, pairs in parts)))


def joined(families: Families, pairs: Iterable[tuple[str, str]]) -> Families:
    """Families that a line ties together are one; its name has all their words, as in `bar+foo`."""
    words: dict[str, set[str]] = {}
    for pair in pairs:
        together = set().union(*(words.get(word, {word}) for word in pair))
        words.update(dict.fromkeys(together, together))
    for together in {'+'.join(sorted(each)): each for each in words.values()}.values():
        family = Family(0, array('Q'))
        for word in sorted(together):
            family.add(families.pop(word, Family(0, array('Q'))))
        families['+'.join(sorted(together))] = family
    return families


def read_family_lines(file: IO[bytes], family: Family) -> Iterator[tuple[int, bytes]]:
    """The lines of a family, as they stand in the list, with the places where they begin."""
    for start, end in sorted(zip(family.spans[::2], family.spans[1::2], strict=True)):
        file.seek(start)
        for raw in file.read(end - start).split(b'\n'):
            line = raw.strip()
            if start == 0:
                line = line.removeprefix(_BYTE_ORDER_MARK).strip()
            if line:
                yield start, line
            start += len(raw) + 1


def read_line_numbers(source: Source, places: Iterable[int]) -> dict[int, int]:
    """The numbers, from 1 on, of the lines that begin at these places."""
    numbers, number, position = {}, 1, 0
    with open(source.path, 'rb') as file:
        for place in sorted(set(places)):
            while position < place:
                block = file.read(min(BATCH, place - position))
                number += block.count(b'\n')
                position += len(block)
            numbers[place] = number
    return numbers


# ------------------------------------------------------------------------------------------------- parse: families
# Lines in, projects out: every package in its project, duplicates and sidecars resolved.


class Problem(NamedTuple):
    """What there is to say about a line. `key` is set for an unknown key, of which only the first line is told."""

    place: int  # where the line begins, in bytes
    text: str  # may have {first}: the number of the line at `first`
    is_error: bool = False
    is_skipped: bool = False
    key: str | None = None
    first: int | None = None


class File(NamedTuple):
    """A package, with all that its line and its name say of it."""

    package: Package
    distribution: Distribution
    filename: str
    is_plain: bool  # whether name and URL are the same text, and need to be escaped nowhere
    is_relative: bool  # to `--packages-url`
    url: str
    time: str | None  # of the upload: ISO 8601

    @classmethod
    def from_package(cls, package: Package, distribution: Distribution, packages_url: str) -> File:
        path, is_relative = package.path, True
        time = None if package.uploaded is None else iso_time(package.uploaded)
        if package.url is not None:
            is_relative = not is_absolute(package.url)
            url = package.url if is_relative else urllib.parse.urljoin(packages_url, package.url)
        elif _PLAIN.fullmatch(path):
            return cls(package, distribution, path, True, True, path, time)
        else:
            url = urllib.parse.quote(path)  # a raw + means a space to object stores
        return cls(package, distribution, package.filename, False, is_relative, url, time)


class Project(NamedTuple):
    """All packages that share one normalized name, sorted by file name."""

    name: str
    facts: Facts
    files: Sequence[File]


_DECODER = json.JSONDecoder()


def parse_line(text: str, is_json: bool) -> dict[str, Any]:
    """A line of either list format as a JSON object. Raises `BadValue`."""
    if not is_json:
        return {'filename': text}
    try:
        line, end = _DECODER.raw_decode(text)  # `json.loads` looks for white space around it: as long again
    except (ValueError, RecursionError):  # ValueError also for a number of more than 4,300 digits
        raise unexpected('a JSON object', text) from None
    if end != len(text):
        raise unexpected('a JSON object', text)
    if not isinstance(line, dict):
        raise unexpected('a JSON object', line)
    if line.get('filename') is None and line.get('project') is None:
        raise BadValue(f'filename: {unexpected("a file name", line.get("filename"))}')
    return line


@functools.lru_cache(maxsize=2**12)
def unknown_keys(is_file: bool, keys: tuple[str, ...]) -> list[str]:
    return sorted(set(keys) - (PACKAGE_KEYS if is_file else FACTS_KEYS).keys())


@functools.lru_cache(maxsize=2**16)
def is_specifier(text: str) -> bool:
    try:
        return SpecifierSet(text) is not None
    except InvalidSpecifier:
        return False


Record = TypeVar('Record', Package, Facts)


class Repeated(BadValue):
    """A line that says something else of a file, or of a project, than an earlier one; its place is `first`."""

    def __init__(self, text: str, first: int) -> None:
        super().__init__(text)
        self.first = first


def add_record(records: dict[str, tuple[int, Record]], key: str, place: int, record: Record) -> None:
    """Adds what the line at `place` says of `key`. Raises `Repeated` when an earlier line says something else of it."""
    first, earlier = records.setdefault(key, (place, record))
    if earlier is not record and earlier != record:
        one, other = earlier.to_json(), record.to_json()
        differing = [name for name in {**one, **other} if one.get(name) != other.get(name)]
        subject = 'filename' if isinstance(record, Package) else 'project'
        name = quoted(key).replace('{', '{{').replace('}', '}}')
        text = f'{subject}: expected {name} to be as in line {{first}}, got another {", ".join(differing)}'
        raise Repeated(text, first)


def with_sidecars(package: Package, sidecars: Collection[str], packages_url: str) -> Package:
    """The package with what the files that lie beside it in the listing say of it."""
    if package.core_metadata is None and package.url is None and f'{package.path}.metadata' in sidecars:
        package = package._replace(core_metadata='true')
    if package.provenance is None and f'{package.path}.provenance' in sidecars and packages_url.startswith('https://'):
        package = package._replace(provenance=f'{packages_url}{urllib.parse.quote(package.path)}.provenance')
    return package


def parse_family(lines: Iterable[tuple[int, bytes]], source: Source) -> tuple[dict[str, Project], list[Problem]]:
    """The projects of a family, by name, sorted; and whatever is wrong with its lines."""
    files: dict[str, tuple[int, Package]] = {}
    distributions: dict[str, Distribution] = {}
    facts: dict[str, tuple[int, Facts]] = {}
    sidecars: set[str] = set()
    unknown: set[str] = set()
    problems: list[Problem] = []

    for place, raw in lines:
        try:
            line = parse_line(raw.decode(), source.is_json)
            is_file = line.get('filename') is not None
            if not is_file:
                fact = Facts.from_json(line)
                add_record(facts, fact.project, place, fact)
            else:
                package = Package.from_json(line)
                if package.path.endswith(SIDECARS):
                    sidecars.add(package.path)
                else:
                    distribution = identify(package)
                    if package.requires_python is not None and not is_specifier(package.requires_python):
                        text = quoted(package.requires_python)
                        problems.append(
                            Problem(place, f'ignored: requires_python: expected a version specifier, got {text}')
                        )
                        package = package._replace(requires_python=None)
                    filename = package.filename
                    add_record(files, filename, place, package)
                    distributions[filename] = distribution
        except UnicodeDecodeError:
            problems.append(Problem(place, f'expected UTF-8, got {quoted(raw)}', is_error=True))
        except Repeated as error:
            problems.append(Problem(place, str(error), is_error=True, first=error.first))
        except BadValue as error:
            problems += [Problem(place, text, is_error=True) for text in str(error).splitlines()]
        except NotADistribution as reason:
            problems.append(Problem(place, f'skipped: {quoted(line["filename"])} {reason}', is_skipped=True))
        else:
            for key in unknown_keys(is_file, tuple(line)):
                if key not in unknown:
                    unknown.add(key)
                    problems.append(Problem(place, f'ignored: unknown key {quoted(key)}', key=key))

    projects = group(
        [
            File.from_package(
                with_sidecars(package, sidecars, source.packages_url) if sidecars else package,
                distributions[name],
                source.packages_url,
            )
            for name, (_, package) in sorted(files.items())
        ],
        {name: fact for name, (_, fact) in facts.items()},
    )
    for name, (place, _) in facts.items():
        if name not in projects:
            problems.append(Problem(place, f'ignored: there is no file of project {quoted(name)}'))
    return projects, problems


def group(files: Iterable[File], facts: Mapping[str, Facts]) -> dict[str, Project]:
    """Files, sorted by name, in their projects."""
    projects: dict[str, list[File]] = {}
    for file in files:
        projects.setdefault(file.distribution.project, []).append(file)
    return {name: Project(name, facts.get(name, Facts(name)), projects[name]) for name in sorted(projects)}


# ------------------------------------------------------------------------------------------------- group: releases
# What the pages need to know of a project, computed from its packages.


class Release(NamedTuple):
    """All files of one version: `1.0` and `1.0.0` are the same version (PEP 440)."""

    version: str
    parsed: Version | None
    is_prerelease: bool
    is_yanked: bool
    files: Sequence[File]  # by file name


def natural_order(text: str) -> list[tuple[int, str]]:
    """Sorts `r9` before `r10`."""
    return [(int(part), '') if part.isdecimal() else (-1, part) for part in re.split(r'(\d+)', text)]


def spelling_order(version: str) -> tuple[bool, int, str]:
    """The last in this order names the release: normalized spellings before others, then the more explicit one."""
    return (str(parse_version(version)) == version, len(version), version)


def project_releases(project: Project) -> list[Release]:
    """The releases that a project offers, oldest first; versions that are not PEP 440 come before all others."""
    if project.facts.status == 'quarantined':
        return []
    spellings: dict[str, list[File]] = {}
    for file in project.files:
        spellings.setdefault(file.distribution.version, []).append(file)
    versions: dict[Version | str, list[str]] = {}
    for spelling in spellings:
        versions.setdefault(parse_version(spelling) or spelling, []).append(spelling)
    releases = []
    for version, same in versions.items():
        files, name = spellings[same[0]], same[0]
        if len(same) > 1:
            files = sorted(itertools.chain(*(spellings[each] for each in same)), key=lambda file: file.filename)
            name = max(same, key=spelling_order)
        parsed = version if isinstance(version, Version) else None
        is_yanked = all(file.package.yanked_reason is not None for file in files)
        releases.append(Release(name, parsed, parsed is not None and parsed.is_prerelease, is_yanked, files))
    if len(releases) == 1:
        return releases
    return sorted(releases, key=lambda each: (each.parsed is not None, each.parsed or natural_order(each.version)))


def latest_release(releases: Sequence[Release]) -> Release | None:
    """The newest final release that is not yanked, else the newest pre-release, else the newest that is yanked."""

    def rank(release: Release) -> tuple[bool, bool]:
        final = release.parsed is not None and not release.is_prerelease
        return (not release.is_yanked, final and not release.is_yanked)

    for release in reversed(releases):
        if rank(release) == (True, True):
            return release
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


class Entry(NamedTuple):
    """What the pages that tell of many projects need to know of one, and what tells whether its own pages differ."""

    digest: str  # of its lines in `packages.json`
    length: int  # of those lines, in bytes
    files: int
    uploaded: int | None  # its first upload: microseconds since 1970
    summary: str | None


class Upload(NamedTuple):
    """A row of the changelog; its order is that of the changelog."""

    uploaded: int  # microseconds since 1970
    filename: str
    project: str
    version: str

    @classmethod
    def from_line(cls, line: str) -> Upload:
        time, *rest = line.rstrip('\n').split('\t')
        return cls(parse_time(time), *rest)


class Month(NamedTuple):
    """The uploads of a month, which are the lines of `UPLOADS/<month>`."""

    uploads: int
    size: int  # bytes


class Published(NamedTuple):
    """The record of what is published: all that a run has to know of the one before."""

    fingerprint: str
    families: Mapping[str, str]  # digests by name, of those whose lines need not be parsed to be known as sound
    projects: Mapping[str, Entry]  # by name, sorted
    months: Mapping[str, Month]  # by name, sorted


def digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def list_lines(project: Project) -> bytes:
    """The lines of `packages.json` that speak of a project."""
    lines = [file.package.to_line() for file in project.files]
    if project.facts != Facts(project.name):
        lines.insert(0, _ENCODER.encode(project.facts.to_json()))
    lines.append('')
    return '\n'.join(lines).encode()


def project_entry(project: Project, lines: bytes) -> Entry:
    times = [file.package.uploaded for file in project.files if file.package.uploaded is not None]
    return Entry(
        digest=digest(lines),
        length=len(lines),
        files=len(project.files),
        uploaded=min(times, default=None),
        summary=project.facts.summary,
    )


def month_lines(project: Project) -> Iterator[tuple[str, str]]:
    """The uploads of a project: a month, and a line that sorts as the uploads do."""
    for file in project.files:
        if file.time is not None:
            time = file.time if '.' in file.time else f'{file.time[:-1]}.000000Z'
            yield time[: len('YYYY-MM')], f'{time}\t{file.filename}\t{project.name}\t{file.distribution.version}\n'


Neighbours = tuple[str | None, str | None]  # the page before, and the page after


def changelog_pages(months: Mapping[str, Month]) -> dict[str, Neighbours]:
    """The pages of the changelog, oldest first, with the pages before and after each, to which it links.

    A page holds a month, or a part of one. So an upload, a removal or a late entry stays within its month.
    """
    pages = [
        f'changelog/{month}.html' if part == 1 else f'changelog/{month}-{part}.html'
        for month, (uploads, _) in months.items()
        for part in range(1, math.ceil(uploads / UPLOADS_A_PAGE) + 1)
    ]
    return dict(zip(pages, zip([None, *pages], [*pages[1:], None], strict=False), strict=False))


# ------------------------------------------------------------------------------------------------- render: shared
# Pages are values: a path below the output directory, and its bytes.


MARK = '\0'  # in no text of a page


class Page(NamedTuple):
    path: str  # /-separated
    content: bytes


def readable_time(microseconds: int) -> str:
    """`2026-01-02 03:04`, in UTC."""
    return iso_time(microseconds)[: len('YYYY-MM-DDTHH:MM')].replace('T', ' ')


def feed_time(microseconds: int) -> str:
    """`Fri, 02 Jan 2026 03:04:05 GMT`: what RSS wants, in whatever language this runs."""
    import email.utils  # here, because it takes 8 ms, and most sites have no feeds

    return email.utils.formatdate(microseconds // 1_000_000, usegmt=True)


@functools.lru_cache(maxsize=2)
def read_templates(autoescape: bool = True) -> jinja2.Environment:
    """The templates. Without escaping they take texts that are escaped: rows cost a seventh then, 0.6 microseconds."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader('dumb_pypi'),
        autoescape=autoescape,
        undefined=jinja2.StrictUndefined,
        optimized=False,  # there is nothing to work out in advance, and to look for it takes as long as 100 files
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(iso_time=iso_time, readable_time=readable_time, feed_time=feed_time)
    return environment


def render(template: str, **values: object) -> bytes:
    return read_templates().get_template(template).render(values).encode()


@functools.cache
def read_macro(template: str, name: str) -> Callable[..., str]:
    """A macro that takes escaped texts. To call one takes a quarter of the time that rendering a template takes."""
    macro: Callable[..., str] = getattr(read_templates(autoescape=False).get_template(template).module, name)
    return macro


@functools.lru_cache(maxsize=2**4)
def relocated(url: str, depth: int) -> str:
    """A URL relative to `simple/<MARK>/`, as a page `depth` directories below the site writes it."""
    if is_absolute(url):
        return url
    parts = ['simple', MARK]
    rest = url.removeprefix('./')
    while parts and rest.startswith('../'):
        parts.pop()
        rest = rest[len('../') :]
    return '../' * depth + ''.join(f'{part}/' for part in parts) + rest


def relocate(url: str, project: str, depth: int) -> str:
    """`--packages-url`, which may be relative to `simple/<project>/`, as pages at another depth write it."""
    return relocated(url, depth).replace(MARK, project)


# ------------------------------------------------------------------------------------------------- render: files
# What pages say of a file, worked out once for all of them: in texts for HTML, which are escaped, and for JSON.


class HtmlFile(NamedTuple):
    """In the order in which templates unpack it. What is unknown is `None`."""

    filename: str
    is_relative: bool  # to `--packages-url`
    url: str
    hash: str | None  # one, `sha256=…`
    fragment: str  # with #, of a hash that installers know, or empty
    requires_python: str | None
    metadata: str | None  # `true` or `sha256=…`
    yanked: str | None  # the reason, perhaps empty
    provenance: str | None
    size: int | None
    time: str | None
    uploaded_by: str | None
    kind: str
    readable_size: str | None
    readable_time: str | None


class JsonFile(NamedTuple):
    """A JSON object in pieces: which `--packages-url` stands in it depends on the page."""

    before: str  # that
    is_relative: bool  # whether it stands there at all
    simple: str  # what follows in the simple API
    legacy: str  # what follows in the legacy API


def html_file(file: File) -> HtmlFile:
    package, distribution, filename, is_plain, is_relative, url, time = file
    _, _, _, hashes, size, _, requires_python, _, metadata, provenance, _, uploaded_by, yanked_reason = package
    hash, fragment = None, ''
    if hashes:
        algorithm, value = hashes[0]
        if len(hashes) > 1:
            known = dict(hashes)
            algorithm, value = next(((name, known[name]) for name in HTML_HASHES if name in known), hashes[0])
        hash = f'{algorithm}={value}'
        fragment = f'#{hash}' if algorithm in HTML_HASHES else ''
    return HtmlFile(
        filename if is_plain else to_html(filename),
        is_relative,
        url if is_plain else to_html(url),
        hash,
        fragment,
        requires_python and to_html(requires_python),
        metadata,
        yanked_reason and to_html(yanked_reason),
        provenance and to_html(provenance),
        size,
        time,
        uploaded_by and to_html(uploaded_by),
        to_html(file_kind(filename, distribution.packagetype, distribution.python_version)),
        None if size is None else readable_size(size),
        time and f'{time[:10]} {time[11:16]}',
    )


def json_file(file: File) -> JsonFile:
    """In the simple API, what is unknown is left out: uv refuses a page with `null`. The legacy API has every key."""
    package, distribution, filename, is_plain, is_relative, url, time = file
    _, _, _, hashes, size, _, requires_python, _, metadata, provenance, _, _, reason = package
    hashes_text, python_text = json_hashes(hashes), to_json_text(requires_python)
    md5 = 'null'
    for algorithm, value in hashes:
        if algorithm == 'md5':
            md5 = f'"{value}"'
    simple = f'{url}","hashes":{hashes_text}'
    if requires_python is not None:
        simple += f',"requires-python":{python_text}'
    if metadata is not None:
        algorithm, _, value = metadata.partition('=')
        simple += f',"core-metadata":{{"{algorithm}":"{value}"}}' if value else ',"core-metadata":true'
    if reason is not None:
        simple += f',"yanked":{to_json_text(reason) if reason else "true"}'  # pip takes '' for not yanked
    if provenance is not None:
        simple += f',"provenance":{to_json_text(provenance)}'
    if size is not None:
        simple += f',"size":{size}'
    clock = 'null'
    if time is None:
        time = 'null'
    else:
        time, clock = f'"{time}"', f'"{time[: len("YYYY-MM-DDTHH:MM:SS")]}"'
        simple += f',"upload-time":{time}'
    legacy = (
        f'{url}","digests":{hashes_text},"md5_digest":{md5},"size":{"null" if size is None else size},'
        f'"packagetype":"{distribution.packagetype}","python_version":{to_json_text(distribution.python_version)},'
        f'"requires_python":{python_text},'
        f'"upload_time":{clock},"upload_time_iso_8601":{time},'
        f'"yanked":{"false" if reason is None else "true"},"yanked_reason":{to_json_text(reason or None)}}}'
    )
    name = f'"{filename}"' if is_plain else _ENCODER.encode(filename)
    return JsonFile(f'{{"filename":{name},"url":"', is_relative, simple + '}', legacy)


# ------------------------------------------------------------------------------------------------- render: simple API
# https://packaging.python.org/en/latest/specifications/simple-repository-api/ in its two spellings. JSON is put
# together by hand here: `json.dumps` takes five times as long for the same text.


def simple_json_page(project: Project, releases: Sequence[Release], files: Sequence[JsonFile], prefix: str) -> str:
    """The project page in the form of PEP 691, 700, 714, 740 and 792; the HTML page says the same."""
    is_sized = all(file.package.size is not None for release in releases for file in release.files)
    versions = ','.join([to_json_text(release.version) for release in releases])
    rows = ','.join([f'{before}{prefix if is_relative else ""}{after}' for before, is_relative, after, _ in files])
    status = ''
    if project.facts.status is not None:
        reason = project.facts.status_reason
        status = f',"project-status":{{"status":"{project.facts.status}"'
        status += '}' if reason is None else f',"reason":{to_json_text(reason)}}}'
    return (
        f'{{"meta":{{"api-version":"{API_VERSION if is_sized else NO_SIZE_API_VERSION}"}},"name":"{project.name}",'
        f'"versions":[{versions}],"files":[{rows}]{status}}}\n'
    )


def simple_html_page(project: Project, files: Sequence[HtmlFile], prefix: str) -> str:
    reason = project.facts.status_reason
    page = read_macro('simple_project.html', 'page')
    return page(API_VERSION, project.name, project.facts.status, reason and to_html(reason), to_html(prefix), files)


def simple_root_html(names: Collection[str]) -> bytes:
    return read_macro('simple_index.html', 'page')(API_VERSION, names).encode()


def simple_root_json(names: Collection[str]) -> bytes:
    document = {'meta': {'api-version': API_VERSION}, 'projects': [{'name': name} for name in names]}
    return to_bytes(document) + b'\n'


# ------------------------------------------------------------------------------------------------- render: legacy JSON
# `pypi/<name>/json` and `pypi/<name>/<version>/json`: unlike the simple API, its readers expect every key.

_SEGMENT = re.compile(r'[A-Za-z0-9][A-Za-z0-9._+!~-]*')


def legacy_urls(files: Iterable[JsonFile], prefix: str) -> str:
    return ','.join([f'{before}{prefix if is_relative else ""}{after}' for before, is_relative, _, after in files])


def legacy_info(project: Project, release: Release | None) -> str:
    packages = [file.package for file in release.files] if release else []
    requires_dist = next((each.requires_dist for each in packages if each.requires_dist is not None), None)
    requires_python = next((each.requires_python for each in packages if each.requires_python), None)
    is_yanked = release is not None and release.is_yanked
    reason = next((each.yanked_reason for each in packages if each.yanked_reason), None) if is_yanked else None
    return (
        f'{{"name":"{project.name}","version":{to_json_text(release.version if release else None)},'
        f'"summary":{to_json_text(project.facts.summary)},"requires_dist":{_ENCODER.encode(requires_dist)},'
        f'"requires_python":{to_json_text(requires_python)},"yanked":{"true" if is_yanked else "false"},'
        f'"yanked_reason":{to_json_text(reason)},"home_page":null,"project_urls":null}}'
    )


def legacy_pages(
    project: Project,
    releases: Sequence[Release],
    latest: Release | None,
    files: Sequence[Sequence[JsonFile]],
    settings: Settings,
) -> Iterator[Page]:
    prefix = relocate(settings.packages_url, project.name, depth=2)
    urls = [legacy_urls(each, prefix) for each in files]
    all_urls = ','.join([f'{to_json_text(each.version)}:[{text}]' for each, text in zip(releases, urls, strict=True)])
    newest = urls[releases.index(latest)] if latest else ''
    document = f'{{"info":{legacy_info(project, latest)},"releases":{{{all_urls}}},"urls":[{newest}]}}\n'
    yield Page(f'pypi/{project.name}/json', document.encode())
    prefix = relocate(settings.packages_url, project.name, depth=3)
    for release, each in zip(releases, files, strict=True) if settings.per_release_json else ():
        if has_release_page(release.version):
            text = legacy_urls(each, prefix)
            info, version = legacy_info(project, release), to_json_text(release.version)
            document = f'{{"info":{info},"releases":{{{version}:[{text}]}},"urls":[{text}]}}\n'
            yield Page(f'pypi/{project.name}/{release.version}/json', document.encode())


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


def human_page(path: str, template: str, settings: Settings, root: str | None = None, **values: object) -> bytes:
    root = '../' * path.count('/') if root is None else root
    logo = settings.logo
    if logo is not None and not is_absolute(logo):
        logo = root + logo
    return render(template, settings=settings, logo=logo, root=root, **values)


def release_anchor(version: str) -> str:
    return f'v{version if _PLAIN.fullmatch(version) else urllib.parse.quote(version, safe="")}'


class Section(NamedTuple):
    """A release on a project page, in the order in which the template unpacks it. Escaped, like the files."""

    version: str
    anchor: str
    is_legacy: bool
    is_prerelease: bool
    is_yanked: bool
    yanked_reason: str | None  # when it is the same for all files
    uploaded: str | None
    files: Sequence[HtmlFile]


def release_section(release: Release, files: Sequence[HtmlFile]) -> Section:
    is_yanked = release.is_yanked
    reasons = {file.yanked for file in files if file.yanked} if is_yanked else set()
    times = [file.time for file in files if file.time]
    newest = max(times, default=None)
    return Section(
        to_html(release.version),
        to_html(release_anchor(release.version)),
        release.parsed is None,
        release.is_prerelease,
        is_yanked,
        reasons.pop() if len(reasons) == 1 else None,
        newest and f'{newest[:10]} {newest[11:16]}',
        files,
    )


def pip_hashes(release: Release) -> list[str]:
    """What `--require-hashes` wants: a hash for each file of the release, or none at all."""
    hashes = [next((each for each in file.package.hashes if each[0] in PIP_HASHES), None) for file in release.files]
    return [] if None in hashes else sorted({'{}:{}'.format(*each) for each in hashes if each})


@functools.lru_cache(maxsize=2**2)
def page_frame(root: str, settings: Settings, has_changelog: bool) -> list[str]:
    """What is the same on every page of a kind: the four texts around its head, its title and its main part."""
    page = human_page('', 'frame.html', settings, root, mark=MARK, has_changelog=has_changelog)
    return page.decode().split(MARK)


def framed_page(
    root: str, title: str, main: str, settings: Settings, has_changelog: bool = True, head: str = ''
) -> bytes:
    """A page for people, of escaped texts; `root` leads to the top of the site."""
    before_head, before_title, before_main, after_main = page_frame(root, settings, has_changelog)
    return f'{before_head}{head}{before_title}{title}{before_main}{main}{after_main}'.encode()


@functools.lru_cache(maxsize=1)
def index_address(settings: Settings) -> markupsafe.Markup:
    """The address of the index as install lines have it."""
    return markupsafe.Markup(render('address.html', settings=settings).decode())


def project_page(
    project: Project,
    releases: Sequence[Release],
    latest: Release | None,
    files: Sequence[Sequence[HtmlFile]],
    settings: Settings,
) -> bytes:
    exact = latest is not None and latest.parsed is not None
    summary, reason = project.facts.summary, project.facts.status_reason
    # Installers choose no pre-release and no yanked release unless it is named.
    is_usual = not exact or latest is None or not (latest.is_prerelease or latest.is_yanked)
    requirement = to_html(f'{project.name}=={latest.version}') if latest and exact else project.name
    # Whether others have uploads does not change this page, but its own are in the changelog.
    has_changelog = any(file.time is not None for file in project.files)
    head = read_macro('project_main.html', 'head')(to_html(summary)) if summary else ''
    main = read_macro('project_main.html', 'main')(
        name=project.name,
        summary=summary and to_html(summary),
        status=project.facts.status,
        status_reason=reason and to_html(reason),
        latest=latest and to_html(latest.version),
        address=index_address(settings),
        wanted=project.name if is_usual else requirement,
        requirement=requirement,
        hashes=pip_hashes(latest) if latest and exact else [],
        prefix=to_html(relocate(settings.packages_url, project.name, depth=2)),
        releases=[release_section(*each) for each in zip(reversed(releases), reversed(files), strict=True)],
    )
    return framed_page('../../', project.name, main, settings, has_changelog, head)


def project_pages(project: Project, settings: Settings) -> list[Page]:
    """Every page that depends on this project and the settings alone."""
    releases = project_releases(project)
    latest = latest_release(releases)
    html_files = [[html_file(file) for file in release.files] for release in releases]
    json_files = [[json_file(file) for file in release.files] for release in releases]
    name, prefix = project.name, settings.packages_url
    simple_html = simple_html_page(project, list(itertools.chain(*html_files)), prefix)
    simple_json = simple_json_page(project, releases, list(itertools.chain(*json_files)), prefix)
    return [
        Page(f'simple/{name}/index.html', simple_html.encode()),
        Page(f'simple/{name}/index.v1_json', simple_json.encode()),
        *legacy_pages(project, releases, latest, json_files, settings),
        Page(f'project/{name}/index.html', project_page(project, releases, latest, html_files, settings)),
    ]


def changelog_name(path: str) -> str:
    """`2026-11`, or `2026-11-2` for the second page of that month."""
    return path.removeprefix('changelog/').removesuffix('.html')


def changelog_page(path: str, lines: Sequence[str], neighbours: Neighbours, settings: Settings) -> bytes:
    """`lines` as in the file of a month, oldest first."""
    escaped = str(markupsafe.escape(''.join(lines))).split('\n')[-2::-1]  # at once: 0.1 microseconds a text, not 0.5
    uploads = [
        (time.replace('.000000', ''), f'{time[:10]} {time[11:16]}', *rest) for time, *rest in map(_split, escaped)
    ]
    name, (older, newer) = changelog_name(path), neighbours
    main = read_macro('changelog_main.html', 'main')(
        name, uploads, older and posixpath.basename(older), newer and posixpath.basename(newer)
    )
    return framed_page('../', f'Changelog {name}', main, settings)


def _split(line: str) -> list[str]:
    return line.split('\t')


class SharedPage(NamedTuple):
    """A page that tells of more than one project, before it is rendered: the same inputs give the same bytes."""

    render: Callable[..., bytes]
    inputs: tuple[Any, ...]

    def content(self) -> bytes:
        return self.render(*self.inputs)


SharedPages = dict[str, SharedPage]  # by path, in the order in which they link to each other


def newest_releases(uploads: Iterable[Upload]) -> Iterator[Upload]:
    """The newest upload of each release; looks at no more of the uploads, newest first, than the caller takes."""
    seen = set()
    for upload in uploads:
        release = (upload.project, parse_version(upload.version) or upload.version)
        if release not in seen:
            seen.add(release)
            yield upload


def newest_projects(projects: Mapping[str, Entry]) -> list[Upload]:
    """The first upload of the projects that came last, newest first."""
    first = (Upload(entry.uploaded, '', name, '') for name, entry in projects.items() if entry.uploaded is not None)
    return heapq.nlargest(FEED_PROJECTS, first)


Items = list[tuple[Upload, str, str | None]]  # with the anchor of the release and the summary of the project


def with_summaries(uploads: Iterable[Upload], projects: Mapping[str, Entry]) -> Items:
    return [(each, release_anchor(each.version), projects[each.project].summary) for each in uploads]


def feed_page(name: str, items: Items, settings: Settings) -> bytes:
    """RSS 2.0."""
    return render('feed.xml', name=name, settings=settings, items=items)


ListingRows = list[tuple[str, str | None]]  # name and summary


def rows_by_prefix(rows: ListingRows, length: int = 1) -> Iterator[tuple[str, ListingRows]]:
    """The pages of a long listing. Split by what names begin with, a new project changes its own page only."""
    for prefix, group in itertools.groupby(rows, key=lambda row: row[0][:length]):
        members = list(group)
        if len(members) <= PROJECTS_A_PAGE:
            yield prefix, members
        else:
            yield from rows_by_prefix(members, length + 1)


def listing_page(
    path: str, previous: str | None, following: str | None, rows: ListingRows, settings: Settings, has_changelog: bool
) -> bytes:
    values: dict[str, Any] = {'previous': previous, 'following': following, 'rows': rows}
    return human_page(path, 'projects.html', settings, has_changelog=has_changelog, **values)


def listing_index(
    ranges: list[tuple[str, str, str, int]], rows: ListingRows, settings: Settings, has_changelog: bool
) -> bytes:
    values: dict[str, Any] = {'ranges': ranges, 'rows': rows}
    return human_page('projects/index.html', 'projects_index.html', settings, has_changelog=has_changelog, **values)


def listing_pages(projects: Mapping[str, Entry], settings: Settings, has_changelog: bool) -> SharedPages:
    """Every project from A to Z, for who has no script: on one page, or on many."""
    rows = [(name, entry.summary) for name, entry in projects.items()]
    parts = {f'from-{prefix}.html': members for prefix, members in rows_by_prefix(rows)}
    if len(rows) <= PROJECTS_A_PAGE:
        parts = {}
    names: list[str | None] = [None, *parts, None]
    pages = {
        f'projects/{name}': SharedPage(
            listing_page, (f'projects/{name}', previous, following, parts[name], settings, has_changelog)
        )
        for previous, name, following in zip(names, parts, names[2:], strict=False)
    }
    ranges = [(name, members[0][0], members[-1][0], len(members)) for name, members in parts.items()]
    index = SharedPage(listing_index, (ranges, [] if parts else rows, settings, has_changelog))
    return {**pages, 'projects/index.html': index}


def changelog_index(months: list[tuple[str, int]], settings: Settings) -> bytes:
    path = 'changelog/index.html'
    return human_page(path, 'changelog_index.html', settings, months=months, has_changelog=True)


def changelog_moved(settings: Settings) -> bytes:
    """Stands where release 1.15.0 had the changelog."""
    return human_page('changelog/page1.html', 'changelog_moved.html', settings, has_changelog=True)


def names_script(names: Collection[str]) -> bytes:
    return render('names.js', names=' '.join(names))


def home_page(
    projects: int, files: int, newest: Items, example: str, has_changelog: bool, built: int | None, settings: Settings
) -> bytes:
    return human_page(
        'index.html',
        'home.html',
        settings,
        projects=projects,
        files=files,
        newest=newest,
        example=example,
        address=index_address(settings),
        has_changelog=has_changelog,
        built=built,
    )


def missing_page(settings: Settings, has_changelog: bool) -> bytes:
    """A web server shows this one at any address, so it cannot say how far up the site begins."""
    root = urllib.parse.urlsplit(settings.site_url or '').path
    return human_page('404.html', '404.html', settings, root=root, has_changelog=has_changelog)


def shared_pages(
    projects: Mapping[str, Entry],
    months: Mapping[str, Month],
    uploads: Iterable[Upload],
    settings: Settings,
    built: int | None,
) -> SharedPages:
    """All but the pages of the changelog; `uploads` come newest first."""
    names, has_changelog = list(projects), bool(months)
    newest = with_summaries(itertools.islice(newest_releases(uploads), FEED_RELEASES), projects)
    parts = [
        (changelog_name(page), min(UPLOADS_A_PAGE, uploads - start))
        for month, (uploads, _) in months.items()
        for page, start in zip(changelog_pages({month: Month(uploads, 0)}), itertools.count(0, UPLOADS_A_PAGE))
    ]
    pages = {
        'simple/index.html': SharedPage(simple_root_html, (names,)),
        'simple/index.v1_json': SharedPage(simple_root_json, (names,)),
    }
    if has_changelog:
        pages['changelog/index.html'] = SharedPage(changelog_index, (parts[::-1], settings))
        pages['changelog/page1.html'] = SharedPage(changelog_moved, (settings,))
    if settings.site_url is not None:  # readers of feeds need to be told where the site is
        first = with_summaries(newest_projects(projects), projects)
        pages['rss/updates.xml'] = SharedPage(feed_page, ('updates', newest, settings))
        pages['rss/packages.xml'] = SharedPage(feed_page, ('packages', first, settings))
    pages |= listing_pages(projects, settings, has_changelog)
    pages['static/names.js'] = SharedPage(names_script, (names,))
    shown = newest[:NEWEST_RELEASES]
    example = shown[0][0].project if shown else next(iter(names), 'NAME')
    files = sum(entry.files for entry in projects.values())
    pages['index.html'] = SharedPage(home_page, (len(names), files, shown, example, has_changelog, built, settings))
    pages['404.html'] = SharedPage(missing_page, (settings, has_changelog))
    return pages


def read_own_files(directory: str) -> Iterator[Page]:
    """The files in a directory of this package: what it is made of, or style, script and icon of the human pages.

    Not by `importlib.resources`: importing that takes as long as 150 files.
    """
    parent = os.path.join(os.path.dirname(__file__), directory)
    for name in sorted(os.listdir(parent)):
        path = os.path.join(parent, name)
        if os.path.isfile(path):
            with open(path, 'rb') as file:
                yield Page(f'{directory}/{name}', file.read())


# ------------------------------------------------------------------------------------------------- write
# A site on disk. A run writes all that differs beside the site, into `TEMPORARY`, and moves it into place when nothing
# can go wrong any more but the moving: a list with an error in its last line, or a full disk, changes nothing. One
# function writes files, one moves them and one removes them; a run may be killed between any two lines of them.

RECORD = '.dumb-pypi.json'
RECORD_FORMAT = 2
LOCK = '.dumb-pypi.lock'
TEMPORARY = '.dumb-pypi.tmp'  # always the same name: what a killed run leaves here, the next run takes away
UPLOADS = '.dumb-pypi.uploads'  # the changelog, as the next run reads it: a file for each month
PACKAGES = 'packages.json'
MARKS = (  # how the pages of this program begin: it removes nothing else
    b'<meta name="generator" content="dumb-pypi">',
    b'{"meta":{"api-version":"1.',
    b'{"info":{"name":"',
    b'/* dumb-pypi',
    b'<!-- dumb-pypi',
    b'<generator>dumb-pypi</generator>',
)
PROJECT_DIRECTORIES = ('simple', 'pypi', 'project')  # with a directory for each project
SHARED_DIRECTORIES = ('changelog', 'projects', 'rss', 'static', UPLOADS)  # what a page needs comes after it
MARK_WITHIN = 200  # bytes
_MONTH = re.compile(r'\d{4}-\d\d', re.ASCII)
_ENTRY_TYPES = set(itertools.product((str,), (int,), (int,), (int, type(None)), (str, type(None))))


def read_head(path: str, size: int = -1) -> bytes | None:
    """The first bytes of a file, all of them by default; `None` when there is no file."""
    with refusal('read', path):
        try:
            with open(path, 'rb') as file:
                return file.read(size)
        except (FileNotFoundError, NotADirectoryError):
            return None


def make_directory(path: str) -> None:
    """As `os.makedirs` does, but quick where only the last one is missing."""
    try:
        os.mkdir(path)
    except FileExistsError:
        pass
    except FileNotFoundError:
        os.makedirs(path, exist_ok=True)


def read_names(path: str) -> list[str]:
    """What a directory holds, sorted; nothing when there is none."""
    with refusal('read', path), contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return sorted(os.listdir(path))
    return []


def remove_path(path: str, top: str) -> None:
    """Removes a file that may be gone already, and the directories below `top` that are empty then."""
    with refusal('remove', path), contextlib.suppress(FileNotFoundError, NotADirectoryError):
        os.unlink(path)
    with contextlib.suppress(OSError):  # not empty, or gone
        while (path := os.path.dirname(path)) != top:
            os.rmdir(path)


def remove_temporary(directory: str) -> None:
    """Removes what this run, or one that was killed, has staged in the output directory."""
    path = os.path.join(directory, TEMPORARY)
    if os.path.isdir(path) and not os.path.islink(path):
        with refusal('remove', path):
            shutil.rmtree(path)
    else:
        remove_path(path, directory)


class PathList:
    """A list for the copying step. A path enters it before the site changes, so a killed run loses none."""

    def __init__(self, path: str | None) -> None:
        self.path = path
        self.write_paths([])  # a list that cannot be written is found out before anything has changed

    def write_paths(self, paths: Iterable[str]) -> None:
        if self.path is not None:
            with refusal('write', self.path), open(self.path, 'a', encoding='utf-8', newline='\n') as file:
                file.writelines(f'{path}\n' for path in paths)

    def read_paths(self) -> list[str]:
        return [] if self.path is None else (read_head(self.path) or b'').decode().splitlines()

    def write_settled(self, belongs: Callable[[str], bool]) -> None:
        """Leaves each path once, where it was added last, and only those that belong here."""
        if self.path is not None:
            old = self.read_paths()
            new = [path for path in dict.fromkeys(reversed(old)) if path and belongs(path)][::-1]
            if new != old:
                temporary = f'{self.path}.tmp'
                with refusal('write', self.path):
                    with open(temporary, 'w', encoding='utf-8', newline='\n') as file:
                        file.writelines(f'{path}\n' for path in new)
                    os.replace(temporary, self.path)


class Site:
    """What lies in the output directory, and what is about to. Paths are those of pages: relative and /-separated."""

    def __init__(self, directory: str, changed_paths: str | None, removed_paths: str | None) -> None:
        self.directory = directory
        self.temporary = os.path.join(directory, TEMPORARY)
        self.staged = os.path.join(self.temporary, 'site')
        self.changed = PathList(changed_paths)
        self.removed = PathList(removed_paths)
        self.known_directories: set[str] = set()  # below `staged`
        # With the site elsewhere: the digests of its pages by path, of those that were looked at.
        self.elsewhere: dict[str, str] | None = None
        self.top = set(read_names(directory))

    def full(self, path: str) -> str:
        return os.path.join(self.directory, *path.split('/'))

    def read_page(self, path: str) -> bytes | None:
        """A page as it is now, before the staged ones are moved in."""
        return read_head(self.full(path)) if path.partition('/')[0] in self.top else None

    def write_staged(self, path: str, content: bytes) -> None:
        """Writes a file that is to be moved to `path`."""
        staged, parent = f'{self.staged}/{path}', path.rpartition('/')[0]
        try:
            if parent not in self.known_directories:
                make_directory(f'{self.staged}/{parent}')
                self.known_directories.add(parent)
            # Not `open`, which asks the system twice as often.
            file = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, 'O_BINARY', 0), 0o666)
            try:
                written = os.write(file, content)
                while written < len(content):  # a system writes 2 GB at once at the most, and less on a full disk
                    written += os.write(file, memoryview(content)[written:])
            finally:
                os.close(file)
        except OSError as error:
            raise refused('write', self.full(path), error) from None

    def write_page(self, page: Page) -> bool:
        """Stages a page, unless a file has these bytes already. Tells whether it did.

        With the site elsewhere, what is the same there is left out, but for what an earlier run has left here.
        """
        current = self.read_page(page.path)
        if current == page.content:
            return False
        if self.elsewhere is not None and current is None and self.elsewhere.get(page.path) == digest(page.content):
            return False
        self.write_staged(page.path, page.content)
        return True

    def read_staged_paths(self, path: str) -> list[str]:
        """The staged files below a directory, or the file itself, in the order in which they are moved."""
        top = os.path.join(self.staged, path)
        if not os.path.isdir(top):
            return [path] if os.path.exists(top) else []
        return [found for name in read_names(top) for found in self.read_staged_paths(f'{path}/{name}')]

    def write_into_place(self, path: str) -> None:
        """Moves what is staged at `path`: a directory as a whole where there is none yet."""
        staged, target = f'{self.staged}/{path}', self.full(path)
        if not os.path.exists(staged):
            return
        if os.path.isdir(target) and os.path.isdir(staged):
            for name in read_names(staged):
                self.write_into_place(f'{path}/{name}')
            return
        try:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.replace(staged, target)
        except OSError as error:
            raise refused('write', self.full(self.read_staged_paths(path)[0]), error) from None

    def remove_record(self) -> None:
        """Comes before any change: until the new record is there, the site is not known to be that of any list."""
        if os.path.exists(self.full(RECORD)):
            self.removed.write_paths([RECORD])
            remove_path(self.full(RECORD), self.directory)

    def remove_page(self, path: str) -> None:
        self.removed.write_paths([path])
        remove_path(self.full(path), self.directory)

    def is_stale(self, path: str) -> bool:
        """Whether there is a page at `path` that this program wrote."""
        if not os.path.isfile(self.full(path)):
            return False
        head = read_head(self.full(path), MARK_WITHIN) or b''
        return any(mark in head for mark in MARKS) or _is_month_file(path)

    def write_path_lists(self) -> None:
        self.changed.write_settled(lambda path: os.path.exists(self.full(path)))
        self.removed.write_settled(lambda path: not os.path.exists(self.full(path)))


def _is_month_file(path: str) -> bool:
    directory, _, name = path.rpartition('/')
    return directory == UPLOADS and _MONTH.fullmatch(name) is not None


def read_record(site: Site) -> Published | None:
    """`None` when the record is missing, damaged, of another program's format, or not of the files beside it."""
    try:
        record = json.loads(read_head(site.full(RECORD)) or b'')
        projects = {name: Entry(*entry) for name, entry in record['projects'].items()}
        months = {name: Month(*month) for name, month in record['months'].items()}
        published = Published(record['fingerprint'], record['families'], projects, months)
        sound = (
            record['format'] == RECORD_FORMAT
            and all(type(text) is str for text in (published.fingerprint, *published.families.values()))
            and _ENTRY_TYPES.issuperset(tuple(map(type, entry)) for entry in projects.values())
            and {(int, int)}.issuperset(tuple(map(type, month)) for month in months.values())
            and all(map(is_normalized, projects))
            and all(map(_MONTH.fullmatch, months))
            and os.path.getsize(site.full(PACKAGES)) == sum(entry.length for entry in projects.values())
            and all(os.path.getsize(site.full(f'{UPLOADS}/{name}')) == month.size for name, month in months.items())
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError):
        return None
    return published if sound else None


def write_record(site: Site, published: Published) -> None:
    """Stages the record."""
    record = {'format': RECORD_FORMAT, **published._asdict()}
    site.write_staged(RECORD, to_bytes(record) + b'\n')


def read_project_names(site: Site) -> list[str]:
    """The projects that have a directory, whoever made it."""
    return sorted(
        {name for parent in PROJECT_DIRECTORIES for name in read_names(site.full(parent)) if is_normalized(name)}
    )


def read_project_paths(site: Site, name: str) -> list[str]:
    """Where the pages of a project lie, or lay; first the one that links to the others."""
    releases = [f'pypi/{name}/{version}/json' for version in read_names(site.full(f'pypi/{name}')) if version != 'json']
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
    jobs: int


def read_fingerprint(settings: Settings) -> str:
    """Changes with the settings, the program, its templates and what renders them."""
    files = itertools.chain(*map(read_own_files, ('.', 'templates', 'static')))
    # Not by `importlib.metadata` either: importing that takes as long as 300 files.
    libraries = [jinja2.__version__, packaging.__version__, markupsafe.escape('<>&"\'')]
    return digest(b'\0'.join([to_bytes([settings, libraries]), *(file.content for file in files)]))


class Before(NamedTuple):
    """What there was before this run: a record, and what it speaks of."""

    published: Published
    directory: str  # where `PACKAGES` and `UPLOADS` of it are
    starts: Mapping[str, int]  # of the lines of each project in `PACKAGES`
    unknown: Collection[str]  # names of projects whose pages must be looked at, whatever the record says
    is_known: bool  # whether the record says all: else there may be any page


def make_before(published: Published, directory: str, unknown: Collection[str], is_known: bool) -> Before:
    lengths = [entry.length for entry in published.projects.values()] if is_known else []
    starts = dict(zip(published.projects, itertools.accumulate(lengths, initial=0), strict=False)) if is_known else {}
    return Before(published, directory, starts, unknown, is_known)


def read_before(site: Site, fingerprint: str, rebuild: bool) -> Before:
    """The record of the site; or, where it tells nothing, all that may be there, so that everything is looked at."""
    published = None if rebuild else read_record(site)
    if published is not None and published.fingerprint == fingerprint:
        return make_before(published, site.directory, (), is_known=True)
    unknown = read_project_names(site)
    return make_before(Published('', {}, {}, {}), site.directory, unknown, is_known=False)


def read_project_before(before: Before, name: str, packages_url: str) -> Project | None:
    """A project as it was published last, if that is known."""
    if name not in before.starts:
        return None
    path = os.path.join(before.directory, PACKAGES)
    with refusal('read', path), open(path, 'rb') as file:
        file.seek(before.starts[name])
        lines = file.read(before.published.projects[name].length).splitlines()
    projects, _ = parse_family(enumerate(lines), Source(path, path, True, packages_url, 0, 0))
    return projects.get(name)


def read_month(directories: Iterable[str], month: str) -> list[str]:
    """The lines of the first file of a month that there is; none when there is no file."""
    for directory in directories:
        content = read_head(os.path.join(directory, UPLOADS, month))
        if content is not None:
            return content.decode().splitlines(keepends=True)
    return []


class Parsed(NamedTuple):
    """What a process made of the families that it took. Their pages are staged, if they differ."""

    job: int
    projects: list[tuple[str, Entry]]  # in the order of `lines-<job>`, where their lines are
    families: dict[str, str]
    updated: list[str]
    months: set[str]  # in which the changelog may differ
    stale: list[str]
    gone: list[str]  # paths of pages that are elsewhere, and should not be
    files: set[str]
    files_before: set[str]
    problems: list[Problem]


class Work(NamedTuple):
    """What each process must know to parse families."""

    site: Site
    source: Source
    before: Before
    settings: Settings | None  # without them no page is staged
    names_files: bool  # whether anybody will ask for the file names


def write_families(work: Work, families: Families, batches: Iterable[Sequence[str]], progress: Progress) -> Parsed:
    """Parses families, stages the pages that differ, and leaves what goes into shared files beside them."""
    site, source, before, settings, _ = work
    parsed = Parsed(processes.job, [], {}, [], set(), [], [], set(), set(), [])
    with open(source.path, 'rb', buffering=0) as lists, open(lines_path(site, parsed.job), 'wb') as lines_file:
        for batch in batches:
            uploads: dict[str, list[str]] = collections.defaultdict(list)
            updated = len(parsed.updated)
            for word in batch:
                projects, problems = parse_family(read_family_lines(lists, families[word]), source)
                parsed.problems.extend(problems)
                if not problems:
                    parsed.families[word] = families[word].digest()
                for project in projects.values():
                    lines = list_lines(project)
                    entry = project_entry(project, lines)
                    with refusal('write', site.full(PACKAGES)):
                        lines_file.write(lines)
                    parsed.projects.append((project.name, entry))
                    known = before.published.projects.get(project.name)
                    if known is None or known.digest != entry.digest or project.name in before.unknown:
                        parsed.updated.append(project.name)
                        for month, line in month_lines(project):
                            uploads[month].append(line)
                        if settings is not None:
                            write_project(work, project, settings, parsed)
            write_uploads(site, parsed.job, uploads)
            parsed.months.update(uploads)
            progress.add(len(parsed.updated) - updated)
    return parsed


def lines_path(site: Site, job: int) -> str:
    return os.path.join(site.temporary, f'lines-{job}')


def uploads_path(site: Site, month: str, job: int) -> str:
    return os.path.join(site.temporary, f'uploads-{month}-{job}')


def write_uploads(site: Site, job: int, uploads: Mapping[str, Sequence[str]]) -> None:
    """Adds lines to the part of each month that this process has."""
    for month, lines in uploads.items():
        path = uploads_path(site, month, job)
        with refusal('write', path), open(path, 'a', encoding='utf-8', newline='\n') as file:
            file.writelines(lines)


def write_project(work: Work, project: Project, settings: Settings, parsed: Parsed) -> None:
    """Stages the pages of a project that differ, and adds to `parsed` what else differs from the project before."""
    site = work.site
    was = read_project_before(work.before, project.name, settings.packages_url)
    if work.names_files:
        parsed.files.update(file.filename for file in project.files)
    if was is not None:
        parsed.files_before.update(file.filename for file in was.files)
        parsed.months.update(month for month, _ in month_lines(was))
        if site.elsewhere is not None:
            site.elsewhere = {page.path: digest(page.content) for page in project_pages(was, settings)}
    pages = project_pages(project, settings)
    for page in pages:
        site.write_page(page)
    site.known_directories.clear()  # the next project has others
    if site.elsewhere:
        parsed.gone.extend(site.elsewhere.keys() - {page.path for page in pages})
        site.elsewhere = {}
    if not site.top.isdisjoint(PROJECT_DIRECTORIES):
        paths = {page.path for page in pages}
        parsed.stale.extend(path for path in read_project_paths(site, project.name) if path not in paths)


class Report:
    """What there is to say about the lists: nothing is said, and nothing has changed, until all of them are read."""

    def __init__(self, strict: bool) -> None:
        self.strict = strict
        self.errors: list[str] = []

    def write_problems(self, source: Source, problems: Iterable[Problem]) -> None:
        """Prints the warnings, in the order of the list."""
        told, skipped = set(), 0
        ordered = sorted(problems, key=lambda problem: problem.place)
        places = [problem.place for problem in ordered]
        places += [problem.first for problem in ordered if problem.first is not None]
        numbers = read_line_numbers(source, places) if places else {}
        for problem in ordered:
            if problem.key is not None and problem.key in told:
                continue
            told.add(problem.key)
            skipped += problem.is_skipped
            text = problem.text if problem.first is None else problem.text.format(first=numbers[problem.first])
            line = f'{source.label}:{numbers[problem.place]}: {text}'
            if problem.is_error or self.strict:
                self.errors.append(line)
            else:
                print(line, file=sys.stderr)
        if skipped and not self.errors:
            print(f'skipped {skipped} of the listed files', file=sys.stderr)

    def finish(self) -> None:
        """Raises `Failure` when there was an error."""
        if self.errors:
            more = [f'… and {len(self.errors) - SHOWN_ERRORS} more'] if len(self.errors) > SHOWN_ERRORS else []
            raise Failure('\n'.join(self.errors[:SHOWN_ERRORS] + more))


def make_batches(families: Families, words: Collection[str]) -> list[list[str]]:
    """Families, sorted, in parts that get shorter towards the end."""
    left = sum(len(families[word]) for word in words)
    most = max(BATCH, left // MOST_BATCHES)
    batches: list[list[str]] = []
    room = 0
    for word in sorted(words):
        if room <= 0:
            batches.append([])
            room = min(most, max(LEAST_BATCH, left // 16))
        batches[-1].append(word)
        room -= len(families[word])
        left -= len(families[word])
    return batches


def write_index(work: Work, fingerprint: str, report: Report, jobs: int) -> tuple[Published, list[Parsed]]:
    """Reads a list, and parses what differs from before. The record it returns has no months yet."""
    families = read_families(work.source, jobs)
    known = work.before.published.families
    looked_at = {first_word(name) for name in work.before.unknown}
    same = {
        name
        for name, family in families.items()
        if known.get(name) == family.digest() and looked_at.isdisjoint(name.split('+'))
    }
    with Progress('projects written') as progress:
        batches = make_batches(families, families.keys() - same)
        with refusal('read', work.source.label):
            parsed = in_processes(functools.partial(write_families, work, families, progress=progress), batches, jobs)
    check_source(work.source)
    report.write_problems(work.source, itertools.chain(*(each.problems for each in parsed)))
    words = {word for name in same for word in name.split('+')}
    projects = {name: entry for name, entry in work.before.published.projects.items() if first_word(name) in words}
    sound = {name: known[name] for name in same}
    for each in parsed:
        projects.update(each.projects)
        sound.update(each.families)
    return Published(fingerprint, dict(sorted(sound.items())), dict(sorted(projects.items())), {}), parsed


def write_packages(site: Site, projects: Mapping[str, Entry], before: Before, parsed: Sequence[Parsed]) -> None:
    """Stages the lines of all projects: those that were parsed now, and those of before."""
    places: dict[str, tuple[str, int]] = {}
    for part in parsed:
        lengths = [entry.length for _, entry in part.projects]
        path = lines_path(site, part.job)
        for (name, _), start in zip(part.projects, itertools.accumulate(lengths, initial=0), strict=False):
            places[name] = (path, start)
    old = os.path.join(before.directory, PACKAGES)
    runs: list[list[Any]] = []  # path, start and end of what stands together in one file
    for name, entry in projects.items():
        path, start = places.get(name) or (old, before.starts[name])
        if runs and runs[-1][0] == path and runs[-1][2] == start:
            runs[-1][2] += entry.length
        else:
            runs.append([path, start, start + entry.length])
    target = os.path.join(site.staged, PACKAGES)
    with refusal('write', site.full(PACKAGES)), contextlib.ExitStack() as stack:
        os.makedirs(site.staged, exist_ok=True)
        output = stack.enter_context(open(target, 'wb', buffering=0))
        inputs = {path: stack.enter_context(open(path, 'rb', buffering=0)) for path in {path for path, _, _ in runs}}
        for path, start, end in runs:
            inputs[path].seek(start)
            while start < end:
                block = inputs[path].read(min(BATCH, end - start))
                start += len(block)
                while block:
                    block = block[output.write(block) :]
    published = site.full(PACKAGES)
    if site.elsewhere is not None and not os.path.exists(published):
        published = old
    if os.path.isfile(published) and filecmp.cmp(target, published, shallow=False):
        remove_path(target, site.staged)


def write_months(
    site: Site, before: Before, dropped: Collection[str], jobs: int, months: Iterable[str]
) -> dict[str, Month]:
    """Stages the uploads of these months: those of before but for the dropped projects, and those that were parsed."""
    done = {}
    for month in months:
        was = read_month([before.directory], month) if before.is_known else []
        lines = [line for line in was if line.split('\t', 3)[2] not in dropped]
        for job in range(jobs):
            lines += (read_head(uploads_path(site, month, job)) or b'').decode().splitlines(keepends=True)
        lines.sort()
        content = ''.join(lines).encode()
        if site.elsewhere is not None and was:
            site.elsewhere[f'{UPLOADS}/{month}'] = digest(''.join(was).encode())
        if lines:
            site.write_page(Page(f'{UPLOADS}/{month}', content))
        done[month] = Month(len(lines), len(content))
    return done


def write_changelog_pages(
    site: Site,
    before: Before,
    settings: Settings,
    pages: Mapping[str, Neighbours],
    pages_before: Mapping[str, Neighbours],
    paths: Iterable[tuple[str, Sequence[str]]],
) -> None:
    """Stages pages of the changelog, of a month each time."""
    for month, parts in paths:
        lines = read_month([site.staged, before.directory], month)
        was = [] if site.elsewhere is None else read_month([before.directory], month)
        for path in parts:
            start = UPLOADS_A_PAGE * (int(changelog_name(path)[len('YYYY-MM-') :] or 1) - 1)
            if site.elsewhere is not None and path in pages_before:
                page = changelog_page(path, was[start : start + UPLOADS_A_PAGE], pages_before[path], settings)
                site.elsewhere[path] = digest(page)
            page = changelog_page(path, lines[start : start + UPLOADS_A_PAGE], pages[path], settings)
            site.write_page(Page(path, page))


def write_changelog(
    site: Site,
    before: Before,
    touched: Collection[str],
    dropped: Collection[str],
    settings: Settings,
    jobs: int,
) -> tuple[dict[str, Month], list[str]]:
    """Stages what differs in the changelog. Returns its months, and its paths in the order in which they are moved."""
    work = functools.partial(write_months, site, before, dropped, jobs)
    months = dict(before.published.months)
    for part in in_processes(work, sorted(touched), jobs):
        months.update(part)
    months = {month: months[month] for month in sorted(months) if months[month].uploads}
    pages, pages_before = changelog_pages(months), changelog_pages(before.published.months)
    # Pages link to both neighbours: new ones come first, so that the others lead to something.
    paths = sorted(sorted(pages, reverse=True), key=lambda path: path in pages_before)
    differing: dict[str, list[str]] = {}
    for path in paths:
        month = changelog_name(path)[: len('YYYY-MM')]
        if month in touched or pages[path] != pages_before.get(path):
            differing.setdefault(month, []).append(path)
    in_processes(
        functools.partial(write_changelog_pages, site, before, settings, pages, pages_before),
        list(differing.items()),
        jobs,
    )
    return months, [*paths, *(f'{UPLOADS}/{month}' for month in months)]


def read_newest_uploads(directories: Sequence[str], months: Iterable[str]) -> Iterator[Upload]:
    """Newest first."""
    for month in sorted(months, reverse=True):
        for line in reversed(read_month(directories, month)):
            yield Upload.from_line(line)


def write_shared_pages(site: Site, new: SharedPages, old: SharedPages) -> None:
    """Stages those that differ."""
    for path, page in new.items():
        if page != old.get(path) or (site.elsewhere is not None and os.path.exists(site.full(path))):
            if site.elsewhere is not None and path in old:
                site.elsewhere[path] = digest(old[path].content())
            site.write_page(Page(path, page.content()))


def check_deletions(
    site: Site, before: Before, files: Collection[str], files_before: Collection[str], most: int
) -> None:
    """Raises `Failure` when more than `most` files of the list published last are missing from this one."""
    if not before.is_known:
        lines = (read_head(site.full(PACKAGES)) or b'').splitlines()
        projects, _ = parse_family(enumerate(lines), Source(PACKAGES, PACKAGES, True, '', 0, 0))
        files_before = {file.filename for project in projects.values() for file in project.files}
    missing = sorted(set(files_before) - set(files))
    if len(missing) > most:
        first = ', '.join(missing[:5]) + (', …' if len(missing) > 5 else '')
        raise Failure(f'{len(missing)} files are missing from the list, --max-delete allows {most}: {first}')


def read_elsewhere(site: Site, source: Source, report: Report, jobs: int) -> Before:
    """What the site that is elsewhere was made of, as if it were here, but for what still waits to be copied there."""
    there = Site(os.path.join(site.temporary, 'elsewhere'), None, None)
    nothing = make_before(Published('', {}, {}, {}), there.staged, (), is_known=True)
    with refusal('write', there.temporary):
        os.makedirs(there.temporary)
    published, parsed = write_index(Work(there, source, nothing, None, False), '', report, jobs)
    write_packages(there, published.projects, nothing, parsed)
    touched = sorted(set().union(*(part.months for part in parsed)))
    months: dict[str, Month] = {}
    for part in in_processes(functools.partial(write_months, there, nothing, (), jobs), touched, jobs):
        months.update(part)
    waiting = [re.match('(?:simple|pypi|project)/([^/]+)/', path) for path in site.changed.read_paths()]
    unknown = {match[1] for match in waiting if match and is_normalized(match[1])}
    published = published._replace(months=dict(sorted(months.items())))
    return make_before(published, there.staged, unknown, is_known=True)


def write_into_place(site: Site, updated: Sequence[str], shared: Sequence[str], stale: Sequence[str]) -> None:
    """Makes the site what this run has staged: pages first, then what links to them, then removals, the record last."""
    if stale or os.path.exists(site.staged):
        site.remove_record()
    paths = [*(f'{directory}/{name}' for name in updated for directory in PROJECT_DIRECTORIES), *shared]
    if site.changed.path is not None:
        site.changed.write_paths(found for path in (*paths, RECORD) for found in site.read_staged_paths(path))
    directories = (*PROJECT_DIRECTORIES, *reversed(SHARED_DIRECTORIES))
    new = [directory for directory in directories if directory not in site.top]
    for path in [*new, *(path for path in paths if path.partition('/')[0] not in new)]:
        site.write_into_place(path)
    for path in stale:
        site.remove_page(path)
    if hasattr(os, 'sync') and os.path.exists(os.path.join(site.staged, RECORD)):
        os.sync()  # a record that outlives a power cut must not tell of pages that did not
    site.write_into_place(RECORD)


def stale_paths(site: Site, removed: Sequence[str], parsed: Sequence[Parsed], wanted: set[str]) -> list[str]:
    """The pages that this program wrote and that no list asks for. What links to other pages goes before them."""
    shared = [f'{directory}/{name}' for directory in SHARED_DIRECTORIES for name in read_names(site.full(directory))]
    paths = [path for path in shared if path not in wanted]
    paths += [path for part in parsed for path in part.stale]
    paths += [path for name in removed for path in read_project_paths(site, name)]
    for path in paths:
        if not os.path.lexists(site.full(path)):
            remove_path(site.full(path), site.directory)  # the directories that a kill left empty
    return [path for path in paths if site.is_stale(path)]


def write_site(site: Site, args: Args, settings: Settings) -> None:
    """Makes the site that of the list. With a previous list, the site is elsewhere: here goes only what differs."""
    report, fingerprint = Report(args.strict), read_fingerprint(settings)
    lists = os.path.join(site.temporary, 'list')
    source = read_list_file(
        args.package_list_json or args.package_list or '-', args.package_list_json is not None, args.packages_url, lists
    )
    jobs = min(args.jobs, 1 + source.size // BATCH)
    previous = args.previous_package_list_json or args.previous_package_list
    if previous is None:
        before = read_before(site, fingerprint, args.rebuild)
    else:
        is_json = args.previous_package_list_json is not None
        list_before = read_list_file(previous, is_json, args.packages_url, f'{lists}-before')
        before = read_elsewhere(site, list_before, report, jobs)
        site.elsewhere = {}
    work = Work(site, source, before, settings, args.max_delete is not None)
    new, parsed = write_index(work, fingerprint, report, jobs)
    report.finish()
    if not new.projects and not args.allow_empty:
        raise Failure(f'{source.label}: no package at all; --allow-empty if this is meant')

    updated = sorted(itertools.chain(*(part.updated for part in parsed)))
    removed = sorted({*before.published.projects, *before.unknown} - new.projects.keys())
    touched = set().union(*(part.months for part in parsed))
    files_before = set().union(*(part.files_before for part in parsed))
    gone = [path for part in parsed for path in part.gone]
    for was in filter(None, (read_project_before(before, name, settings.packages_url) for name in removed)):
        touched.update(month for month, _ in month_lines(was))
        files_before.update(file.filename for file in was.files)
        if previous is not None:
            gone += [page.path for page in project_pages(was, settings)]
    if args.max_delete is not None:
        check_deletions(site, before, set().union(*(part.files for part in parsed)), files_before, args.max_delete)

    shared: list[str] = []
    stale: list[str] = []
    months = before.published.months
    if updated or removed or not before.is_known:
        static = list(read_own_files('static'))
        if previous is not None:
            touched |= months.keys()
            site.elsewhere = {page.path: digest(page.content) for page in static}
        for page in static:
            site.write_page(page)
        write_packages(site, new.projects, before, parsed)
        months, changelog = write_changelog(site, before, touched, {*updated, *removed}, settings, jobs)
        built = int(time.time()) * 1_000_000 if settings.generate_timestamp else None
        uploads = read_newest_uploads([site.staged, before.directory], months)
        pages = shared_pages(new.projects, months, uploads, settings, built)
        old: SharedPages = {}
        if before.is_known:
            uploads = read_newest_uploads([before.directory], before.published.months)
            built = None if previous is None else built
            old = shared_pages(before.published.projects, before.published.months, uploads, settings, built)
        write_shared_pages(site, pages, old)
        shared = [*(page.path for page in static), *changelog, *pages, PACKAGES]
        wanted = set(shared)
        stale = stale_paths(site, removed, parsed, wanted)
        if previous is not None:
            before_shared = [*old, *changelog_pages(before.published.months)]
            before_shared += [f'{UPLOADS}/{month}' for month in before.published.months]
            stale = [*dict.fromkeys([*(path for path in before_shared if path not in wanted), *gone, *stale])]
    new = new._replace(months=months)
    if previous is None and new != before.published:
        write_record(site, new)
    try:
        write_into_place(site, updated, shared, stale)
    finally:
        site.write_path_lists()


def run(args: Args, settings: Settings) -> None:
    """The table of contents. Raises `Failure`."""
    with locked(args.output_dir):
        site = Site(args.output_dir, args.changed_paths, args.removed_paths)
        remove_temporary(site.directory)
        try:
            with refusal('write', site.temporary):
                os.mkdir(site.temporary)
            write_site(site, args, settings)
        finally:
            remove_temporary(site.directory)


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


def read_cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1


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
    runs.add_argument(
        '--jobs',
        metavar='N',
        type=number_argument,
        default=read_cores(),
        help='how many processes a large list may take; default: one for each core',
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
    gc.disable()  # nothing here makes cycles worth collecting, and to look for them takes a tenth of the time
    if argv is None:
        gc.freeze()  # what is loaded now stays to the end: to look at it once more there takes as long as 100 files
    try:
        run(args, settings)
    except (Failure, ProcessDied) as failure:
        print(failure, file=sys.stderr)
        return 1
    finally:
        gc.enable()
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
