"""What core metadata says, once `archives.py` has found it: values that the generator takes without a word."""

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
_MOST_VERSION = 20  # characters of the version of the metadata
_TEXTS = [key for key in keys_of(FACTS_KEYS, METADATA) if FACTS_KEYS[key].kind is str]
_PEP_643 = Version('2.2')  # from then on an sdist says which of its fields a build may change
_NOTHING = 'UNKNOWN'  # what distutils wrote for a value that it was not told
_INDENT = re.compile(r'^(?: {8}| {7}\|)', re.MULTILINE)
# With `\n` for the beginning of a line: `^` takes 15 times as long, 20 ms each for 4 MiB.
_LABEL = re.compile(rb'\n([!-9;-~]*):[ \t]*')  # of a field, at the beginning of its first line
_AFTER_FIELDS = re.compile(rb'\n(?![!-9;-~]*:|[ \t])')  # before a line of no field

Fields = dict[str, list[str]]  # values, by the name of the field in lower case


class Said(NamedTuple):
    requires_python: str | None
    requires_dist: list[str] | None
    facts: dict[str, Any] | None  # for people: by the keys of a line that speaks of a project


def read_fields(data: bytes) -> Fields:
    """Return the fields, the body as one more `description`; of a name with bytes that are no UTF-8, none.

    As `packaging.metadata.parse_email`, but in one pass: the mail parser takes time with the square of the number of
    names, and looks for messages inside of messages. Raises `BeyondLimits`.
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
    """Return the value of a field; '' if there is none, or more than one."""
    values = fields.get(name, [])
    return values[0] if len(values) == 1 else ''


def parse_metadata(data: bytes, distribution: Distribution, for_people: bool) -> Said:
    """Return what metadata says. Raises `NoMetadata`, `BeyondLimits`, and what `check_identity` raises."""
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
    """Raise `Unreadable` for a wheel of another project or version, which installers refuse, and `NoMetadata` for an
    sdist of another project. Versions of sdists are not compared: installers take them from what they build."""
    name, version = _only(fields, 'name').strip(), _only(fields, 'version').strip()
    is_wheel = distribution.packagetype == 'bdist_wheel'
    if not name or (name == _NOTHING and not is_wheel):
        raise NoMetadata('its metadata is of no project')
    if canonicalize_name(name) != distribution.project:
        raise (Unreadable if is_wheel else Misnamed)(f'its metadata is of project {quoted(name)}')
    if is_wheel and version and not is_same_version(version, distribution.version):
        raise Unreadable(f'its metadata is of version {quoted(version)}')


def is_same_version(one: str, other: str) -> bool:
    """Compare versions under PEP 440; others without case and without the characters that are `_` in a wheel's name."""
    if len(one) > MAX_NAME:  # as that of no file name; and Python reads no number of more than 4,300 digits
        return False
    parsed = [parse_version(one), parse_version(other)]
    if None not in parsed:
        return parsed[0] == parsed[1]
    return re.sub('[-_.+!]', '-', one.lower()) == re.sub('[-_.+!]', '-', other.lower())


def _is_static(fields: Fields, field: str) -> bool:
    """Return whether a build of this sdist cannot change the field."""
    text = _only(fields, 'metadata-version').strip()
    version = parse_version(text) if len(text) <= _MOST_VERSION else None
    dynamic = {each.strip().lower() for each in fields.get('dynamic', [])}
    return version is not None and version >= _PEP_643 and field not in dynamic


def facts_for_people(fields: Fields) -> dict[str, Any]:
    """Return what the metadata says for people, by key, unchanged."""
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
    urls: dict[str, str] = {}  # of the same label twice, the first counts
    for label, _, url in (each.partition(',') for each in fields.get('project-url', [])):
        if (label := normal_text(label)) and is_web_address(url := url.strip()):
            urls.setdefault(label, url)
    labels = {re.sub('[^a-z0-9]', '', label.lower()) for label in urls}  # PEP 753
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
    """Return facts in the normal form of a list, without those that the generator rejects."""
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
