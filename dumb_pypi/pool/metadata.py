"""What core metadata says, once `archives.py` has found it: values that the generator takes without a word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.utils import canonicalize_name
from packaging.version import Version

from dumb_pypi.errors import BadValue, quoted
from dumb_pypi.package_list.file_names import Distribution, parse_version
from dumb_pypi.package_list.lines import FACTS_KEYS
from dumb_pypi.package_list.projects import is_specifier
from dumb_pypi.package_list.values import normal_specifier, normal_text, normal_texts, normal_url
from dumb_pypi.pool.notes import Misnamed, NoMetadata, Unreadable

if TYPE_CHECKING:
    from packaging.metadata import RawMetadata

_TEXTS = (
    'summary',
    'description_content_type',
    'license_expression',
    'license',
    'author',
    'author_email',
    'maintainer',
    'maintainer_email',
)
_PEP_643 = Version('2.2')  # from then on an sdist says which of its fields a build may change
_NOTHING = 'UNKNOWN'  # what distutils wrote for a value that it was not told
_INDENT = re.compile(r'^(?: {8}| {7}\|)', re.MULTILINE)


class Said(NamedTuple):
    requires_python: str | None
    requires_dist: list[str] | None
    facts: dict[str, Any] | None  # for people: by the keys of a line that speaks of a project


def parse_metadata(data: bytes, distribution: Distribution, for_people: bool) -> Said:
    """Raises `NoMetadata` for what is no metadata, and what `check_identity` raises."""
    from packaging.metadata import parse_email  # which takes a tenth of a run that has nothing to parse to load

    try:
        raw, unparsed = parse_email(data)
    except Exception:  # of hostile bytes, the mail parser of the standard library has raised nearly anything
        raise NoMetadata('its metadata cannot be parsed') from None
    check_identity(raw, distribution)
    requires_python = normal_specifier(raw.get('requires_python', ''))
    is_wheel = distribution.packagetype == 'bdist_wheel'
    requires_dist = raw.get('requires_dist', []) if is_wheel or _is_static(raw, 'requires-dist') else None
    return Said(
        requires_python if requires_python and is_specifier(requires_python) else None,
        None if requires_dist is None else normal_texts(requires_dist),
        normal_facts(project_facts(raw, unparsed)) if for_people else None,
    )


def check_identity(raw: RawMetadata, distribution: Distribution) -> None:
    """Raises `Unreadable` for a wheel of another project or version, which installers refuse, and `NoMetadata` for an
    sdist of another project. Versions of sdists are not compared: installers take them from what they build."""
    name, version = raw.get('name', '').strip(), raw.get('version', '').strip()
    is_wheel = distribution.packagetype == 'bdist_wheel'
    if not name or (name == _NOTHING and not is_wheel):
        raise NoMetadata('its metadata is of no project')
    if canonicalize_name(name) != distribution.project:
        raise (Unreadable if is_wheel else Misnamed)(f'its metadata is of project {quoted(name)}')
    if is_wheel and version and not is_same_version(version, distribution.version):
        raise Unreadable(f'its metadata is of version {quoted(version)}')


def is_same_version(one: str, other: str) -> bool:
    """Under PEP 440; else without case, and without the characters that a wheel's name has `_` for."""
    parsed = [parse_version(one), parse_version(other)]
    if None not in parsed:
        return parsed[0] == parsed[1]
    return re.sub('[-_.+!]', '-', one.lower()) == re.sub('[-_.+!]', '-', other.lower())


def _is_static(raw: RawMetadata, field: str) -> bool:
    """Whether a build of this sdist cannot change the field."""
    version = parse_version(raw.get('metadata_version', '').strip())
    dynamic = {each.strip().lower() for each in raw.get('dynamic', [])}
    return version is not None and version >= _PEP_643 and field not in dynamic


def project_facts(raw: RawMetadata, unparsed: Mapping[str, list[str]]) -> dict[str, Any]:
    """What it says for people, by key, as it says it."""
    facts: dict[str, Any] = {key: raw[key] for key in _TEXTS if key in raw}  # type: ignore[literal-required]
    facts = {key: text for key, text in facts.items() if text.strip() not in ('', _NOTHING)}
    description = _INDENT.sub('', '\n'.join(raw.get('description', '').splitlines())).strip('\n')
    if description.strip() not in ('', _NOTHING):
        facts['description'] = description
    keywords = ', '.join(filter(None, (each.strip() for each in raw.get('keywords', []))))
    if keywords not in ('', _NOTHING):
        facts['keywords'] = keywords
    if classifiers := [each for each in raw.get('classifiers', []) if each.strip() not in ('', _NOTHING)]:
        facts['classifiers'] = classifiers
    if urls := _project_urls(raw, unparsed):
        facts['project_urls'] = urls
    return facts


def _project_urls(raw: RawMetadata, unparsed: Mapping[str, list[str]]) -> dict[str, str]:
    pairs: Iterable[tuple[str, ...]] = raw.get('project_urls', {}).items()
    if not pairs:  # the same label twice: the first of them counts
        pairs = (each.partition(',')[::2] for each in unparsed.get('project-url', []))
    urls: dict[str, str] = {}
    for label, url in pairs:
        if (label := normal_text(label)) and is_web_address(url := url.strip()):
            urls.setdefault(label, url)
    labels = {re.sub('[^a-z0-9]', '', label.lower()) for label in urls}  # PEP 753
    for label, url in (('Homepage', raw.get('home_page', '')), ('Download', raw.get('download_url', ''))):
        if label.lower() not in labels and is_web_address(url := url.strip()):
            urls[label] = url
    return dict(sorted(urls.items()))


def is_web_address(url: str) -> bool:
    try:
        return url.startswith(('http://', 'https://')) and bool(normal_url(url.partition('#')[0]))
    except BadValue:
        return False


def normal_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """In the normal form that the generator gives them, without what it refuses."""
    values: dict[str, Any] = {}
    for key, value in facts.items():
        if isinstance(value, dict):
            one_each = [_normal(key, {label: each}) for label, each in value.items()]
            values[key] = {label: each for one in one_each if one for label, each in one.items()}
        else:
            values[key] = _normal(key, value)
    return {key: value for key, value in values.items() if value and (not isinstance(value, str) or value.strip())}


def _normal(key: str, value: object) -> Any:
    try:
        return FACTS_KEYS[key].parse(value)
    except BadValue:
        return None
