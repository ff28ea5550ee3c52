"""What a file name says: project, version, and kind of distribution.

`packaging` parses versions. This module splits file names, because `packaging` rejects many that an index must list:
old sdists, eggs, installers, legacy versions, wheel variants.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import NamedTuple

from packaging.version import Version

from dumb_pypi.errors import NotADistribution, quoted
from dumb_pypi.package_list.values import NAME, canonical_name

VARIANTS = 'variants'  # describes the wheels of a release for installers (PEP 825); not a distribution


class Distribution(NamedTuple):
    """A file by its name. `packagetype` and `python_version` have the values of the legacy JSON API."""

    project: str  # normalized
    version: str  # as spelled in the file name
    packagetype: str  # or VARIANTS
    python_version: str
    abi: str = ''  # tags of a wheel, separated by dots
    platform: str = ''  # tags as in the name of a wheel, also for other files; separated by dots


_ARCHIVE = r'\.(?:tar\.gz|tgz|zip|tar\.bz2|tbz|tar\.xz|txz|tar\.Z|tar)'
_PYTHON = r'(?:-py(?P<python>\d(?:\.\d+)?))?'
_WINDOWS = r'(?P<windows>win(?:32|64|xp|-?amd64|-arm|-ia64|-x86)\w*)(?:-[\w.-]*?)??'
_OTHERS = r'(?P<platform>(?:linux|macosx|mingw|cygwin|darwin|(?:free|net|open)bsd|solaris|sunos|aix)[\w.-]*?)'
_PLATFORM = rf'[.-](?:{_WINDOWS}|{_OTHERS})'
_VERSIONED = r'.(?:(?!-\d).)*-\d.*?'  # like `.+?-\d.*?`, but in linear time for a name with many dashes
_INSTALLER = (
    rf'(?P<stem>{_VERSIONED}|.+?)'  # the stem of `foo-win32-1.0.exe` is not `foo`
    rf'(?:(?:\.py(?P<major>[23]))?{_PLATFORM})?'  # `ipython-0.13.1.py2-win-amd64.exe`
    r'(?:-py(?P<python>\d(?:\.\d+)?)(?:[.-][\w.-]*?)?)?'  # `mod_python-3.3.1.win32-py2.5-Apache2.2.exe`
)
_FILE_TYPES = (  # compiled on first use, because many lists need none of them
    ('bdist_wheel', r'(?ai)(?P<stem>[^-]+-[^-]+-[^-]+-[^-]+-.+)\.whl'),
    ('bdist_dumb', rf'(?ai)(?P<stem>{_VERSIONED}){_PLATFORM}{_ARCHIVE}'),
    ('sdist', rf'(?ai)(?P<stem>.+){_ARCHIVE}'),
    ('bdist_egg', rf'(?ai)(?P<stem>.+?)(?:-py(?P<python>\d(?:\.\d+)?)(?:{_PLATFORM})?)?\.egg'),
    ('bdist_wininst', rf'(?ai){_INSTALLER}\.exe'),
    ('bdist_msi', rf'(?ai){_INSTALLER}\.msi'),
    ('bdist_dmg', rf'(?ai)(?P<stem>.+?){_PYTHON}(?:{_PLATFORM})?\.dmg'),
    ('bdist_rpm', r'(?ai)(?P<stem>.+)-[^-]+\.[^-.]+\.rpm'),
    (VARIANTS, r'(?a)(?P<stem>[^-]+-[^-]+)-variants\.json'),
    ('bdist_dumb', r'(?ai)(?P<stem>[^_]+_[^_-]+)(?:-[^_]+)?_[^_]+\.deb'),
)
# A fast path for nearly all current files: `_FILE_TYPES` and `split_name` give the same, but take 5 times as long.
_USUAL_WHEEL = re.compile(r'([\w.]+)-(\d[\w.+!]*)-([A-Za-z][\w.]*)-([^-]+)-([^-]+)\.whl', re.ASCII)
_USUAL_SDIST = re.compile(
    r'([A-Za-z0-9](?:[\w.]*[A-Za-z0-9])?(?:-(?![vV]?\d)[A-Za-z](?:[\w.]*[A-Za-z0-9])?)*)'
    r'-(\d+(?:\.\d+)*(?:(?:a|b|rc|\.post|\.dev)\d+)?)\.(?:tar\.gz|zip)',
    re.ASCII,
)


@functools.lru_cache(maxsize=2**16)
def parse_version(text: str) -> Version | None:
    """Return the version, or `None` if it is not PEP 440: old files of the public index often have other versions."""
    try:
        return Version(text)
    except ValueError:  # InvalidVersion, or a number of more than 4,300 digits
        return None


def normalized(name: str) -> str:
    """Return the normalized name of a project. Raises `NotADistribution`."""
    if not NAME.fullmatch(name):
        raise NotADistribution(f'has no valid project name: {quoted(name)}')
    return canonical_name(name)


def split_name(stem: str) -> tuple[str, str]:
    """Split `<name>-<version>` into name and version, both of which may contain dashes.

    The version is the longest part after a dash that PEP 440 accepts, that begins like such a version, or that is a
    date; else the longest that begins with a digit; else what follows the last dash. Raises `NotADistribution`.
    """
    splits = [(stem[: dash.start()], stem[dash.end() :].strip()) for dash in re.finditer('-', stem)]
    splits = [(name, version) for name, version in splits if NAME.fullmatch(name) and version]
    for name, version in splits:
        if parse_version(version) or re.match(r'\d+\.\d|\d{4}-\d\d?-\d\d?$', version):
            return name, version
    for name, version in splits:
        if version[0].isdigit():
            return name, version
    if not splits:
        raise NotADistribution('has no project name and version')
    return splits[-1]


def split_wheel_name(stem: str) -> tuple[str, str, Sequence[str]]:
    """Split `name-version(-build)?-python-abi-platform(-variant)?` (PEP 825).

    Returns the name, the version, and the rest without the build number: three tags, and the variant.
    """
    name, version, *rest = stem.split('-')
    if not parse_version(version) and parse_version(rest[0]) and len(rest) > 3:
        name, version, rest = f'{name}-{version}', rest[0], rest[1:]  # the name has an unescaped dash
    if not parse_version(version) and parse_version(version.replace('_', '-')):
        version = version.replace('_', '-')
    return name, version, rest[1:] if rest[0][:1].isdigit() and len(rest) > 3 else rest


def is_variant(filename: str) -> bool:
    """Return whether a wheel is a variant: one of several with the same tags (PEP 825)."""
    return filename.count('-') > 4 and len(split_wheel_name(filename.rpartition('.')[0])[2]) == 4


def identify(filename: str, name: str | None = None, version: str | None = None) -> Distribution:
    """Parse a file name. `name` and `version` override it. Raises `NotADistribution`."""
    if name is None and version is None:
        if filename.endswith('.whl'):
            if (match := _USUAL_WHEEL.fullmatch(filename)) and parse_version(match[2]):
                return Distribution(normalized(match[1]), match[2], 'bdist_wheel', match[3], match[4], match[5])
        elif match := _USUAL_SDIST.fullmatch(filename):
            return Distribution(normalized(match[1]), match[2], 'sdist', 'source')
    matches = ((packagetype, re.fullmatch(pattern, filename)) for packagetype, pattern in _FILE_TYPES)
    packagetype, match = next(((packagetype, match) for packagetype, match in matches if match), ('', None))
    if match is None:
        raise NotADistribution('is not a distribution file')
    found = match.groupdict()
    python = found.get('python') or found.get('major') or ('source' if packagetype == 'sdist' else 'any')
    platform = found.get('windows') or found.get('platform') or ''
    tags: Sequence[str] = (python, '', re.sub('[-.]', '_', platform.lower()))
    if packagetype == 'bdist_wheel':
        named, versioned, rest = split_wheel_name(match['stem'])
        tags = rest[:3]
    elif name is None or version is None:
        named, versioned = split_name(match['stem'].replace('_', '-') if filename.endswith('.deb') else match['stem'])
    project, version = normalized(named) if name is None else name, versioned if version is None else version
    return Distribution(project, version, packagetype, *tags)
