"""Parses core metadata, which `archives.py` has read, into values that the generator accepts without a warning."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from packaging.utils import canonicalize_name
from packaging.version import Version

from dumb_pypi.errors import BadValue, quoted
from dumb_pypi.package_list.file_names import Distribution, parse_version
from dumb_pypi.package_list.lines import FACTS_KEYS, METADATA, PACKAGE_KEYS, keys_of
from dumb_pypi.package_list.projects import is_specifier
from dumb_pypi.package_list.values import MAX_NAME, normal_specifier, normal_text, normal_url
from dumb_pypi.pool.notes import BeyondLimits, Misnamed, NoMetadata, Unreadable

MOST_FIELDS = 5_000
_MOST_VERSION = 20  # characters of `Metadata-Version`
_TEXTS = [key for key in keys_of(FACTS_KEYS, METADATA) if FACTS_KEYS[key].kind is str]
_PEP_643 = Version('2.2')  # since this version, an sdist declares which fields a build may change
_NOTHING = 'UNKNOWN'  # what distutils wrote for a missing value
_INDENT = re.compile(r'^(?: {8}| {7}\|)', re.MULTILINE)
# These match `\n` instead of `^`, which takes 15 times as long: 20 ms each for 4 MiB.
_LABEL = re.compile(rb'\n([!-9;-~]*):[ \t]*')  # the name of a field, at the beginning of a line
_AFTER_FIELDS = re.compile(rb'\n(?![!-9;-~]*:|[ \t])')  # the end of the last field

Fields = dict[str, list[str]]  # values by the name of the field, in lower case


class Said(NamedTuple):
    requires_python: str | None
    requires_dist: list[str] | None
    facts: dict[str, Any] | None  # values of the project line, by key; `None` if not asked for


def read_fields(data: bytes) -> Fields:
    """Return the fields. The body is one more `description`. A field with bytes that are not UTF-8 is left out.

    Gives what `packaging.metadata.parse_email` gives, but in one pass: the mail parser takes quadratic time for many
    fields, and parses messages inside of messages. Raises `BeyondLimits`.
    """
    data = b'\n' + data.replace(b'\r\n', b'\n').replace(b'\r', b'\n')
    end = match.start() if (match := _AFTER_FIELDS.search(data)) else len(data)
    labels = list(itertools.islice(_LABEL.finditer(data, 0, end), MOST_FIELDS + 1))
    if len(labels) > MOST_FIELDS:
        raise BeyondLimits(f'its metadata has more than {MOST_FIELDS:,} fields')
    fields: dict[bytes, list[bytes]] = {}
    for label, stop in zip(labels, [*(label.start() for label in labels[1:]), end], strict=False):
        fields.setdefault(label[1].lower(), []).append(data[label.end() : stop])
    if body := data[end + 1 :].removeprefix(b'\n'):
        fields.setdefault(b'description', []).append(body)
    texts = {name.decode(): _decoded(values) for name, values in fields.items()}
    return {name: values for name, values in texts.items() if values}


def _decoded(values: list[bytes]) -> list[str]:
    try:
        return [value.rstrip(b'\n').decode() for value in values]
    except UnicodeDecodeError:
        return []


def _only(fields: Fields, name: str) -> str:
    """Return the value of a field; '' if the field is missing or repeated."""
    values = fields.get(name, [])
    return values[0] if len(values) == 1 else ''


def parse_metadata(data: bytes, distribution: Distribution, for_people: bool) -> Said:
    """Return the values of metadata. Raises `NoMetadata`, `BeyondLimits`, and `Unreadable` like `check_identity`."""
    fields = read_fields(data)
    check_identity(fields, distribution)
    requires_python = normal_specifier(_only(fields, 'requires-python'))
    is_static = distribution.packagetype == 'bdist_wheel' or _is_static(fields, 'requires-dist')
    requires_dist = fields.get('requires-dist', []) if is_static else None
    return Said(
        requires_python if requires_python and is_specifier(requires_python) else None,
        None if requires_dist is None else PACKAGE_KEYS['requires_dist'].parse_within_limit(requires_dist),
        normal_facts(facts_for_people(fields)) if for_people else None,
    )


def check_identity(fields: Fields, distribution: Distribution) -> None:
    """Check that metadata has the project, and in a wheel also the version, of the file name.

    Raises `Unreadable` for a wheel that differs, because installers refuse it; `Misnamed` for an sdist of another
    project; `NoMetadata` if the metadata names no project. Installers take the version of an sdist from its build.
    """
    name, version = _only(fields, 'name').strip(), _only(fields, 'version').strip()
    is_wheel = distribution.packagetype == 'bdist_wheel'
    if not name or (name == _NOTHING and not is_wheel):
        raise NoMetadata('its metadata names no project')
    if canonicalize_name(name) != distribution.project:
        raise (Unreadable if is_wheel else Misnamed)(f'its metadata is of project {quoted(name)}')
    if is_wheel and version and not is_same_version(version, distribution.version):
        raise Unreadable(f'its metadata is of version {quoted(version)}')


def is_same_version(one: str, other: str) -> bool:
    """Return whether two versions are equal: under PEP 440, else without case and with all separators equal."""
    if len(one) > MAX_NAME:  # longer than any file name; and Python rejects numbers of more than 4,300 digits
        return False
    parsed = [parse_version(one), parse_version(other)]
    if None not in parsed:
        return parsed[0] == parsed[1]
    return re.sub('[-_.+!]', '-', one.lower()) == re.sub('[-_.+!]', '-', other.lower())


def _is_static(fields: Fields, field: str) -> bool:
    """Return whether the sdist declares that a build cannot change the field (PEP 643)."""
    text = _only(fields, 'metadata-version').strip()
    version = parse_version(text) if len(text) <= _MOST_VERSION else None
    dynamic = {each.strip().lower() for each in fields.get('dynamic', [])}
    return version is not None and version >= _PEP_643 and field not in dynamic


def facts_for_people(fields: Fields) -> dict[str, Any]:
    """Return the values that pages show, by key, not yet in normal form."""
    facts: dict[str, Any] = {key: _only(fields, key.replace('_', '-')) for key in _TEXTS}
    description = _only(fields, 'description')
    facts['description'] = _INDENT.sub('', '\n'.join(description.splitlines())).strip('\n')
    keywords = (each.strip() for each in _only(fields, 'keywords').split(','))
    facts['keywords'] = ', '.join(filter(None, keywords))
    facts = {key: text for key, text in facts.items() if text.strip() not in ('', _NOTHING)}
    if classifiers := [each for each in fields.get('classifier', []) if each.strip() not in ('', _NOTHING)]:
        facts['classifiers'] = classifiers
    if urls := _project_urls(fields):
        facts['project_urls'] = urls
    return facts


def _project_urls(fields: Fields) -> dict[str, str]:
    urls: dict[str, str] = {}  # of a repeated label, the first counts
    for label, _, url in (each.partition(',') for each in fields.get('project-url', [])):
        if (label := normal_text(label)) and is_web_address(url := url.strip()):
            urls.setdefault(label, url)
    labels = {re.sub('[^a-z0-9]', '', label.lower()) for label in urls}  # compared as in PEP 753
    for label, field in (('Homepage', 'home-page'), ('Download', 'download-url')):
        url = _only(fields, field).strip()
        if label.lower() not in labels and is_web_address(url):
            urls[label] = url
    return dict(sorted(urls.items()))


def is_web_address(url: str) -> bool:
    try:
        return url.startswith(('http://', 'https://')) and bool(normal_url(url.partition('#')[0]))
    except BadValue:
        return False


def normal_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts in the normal form of a list, without values that the generator rejects."""
    values: dict[str, Any] = {}
    for key, value in facts.items():
        field = FACTS_KEYS[key]
        if isinstance(value, dict):
            merged: dict[str, str] = {}
            for label, each in value.items():
                with contextlib.suppress(BadValue):
                    merged |= field.parse({label: each})
            values[key] = field.within_limit(merged)
        else:
            with contextlib.suppress(BadValue):
                values[key] = field.parse_within_limit(value)
    return {key: value for key, value in values.items() if value and (not isinstance(value, str) or value.strip())}
