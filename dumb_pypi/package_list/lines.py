"""The format of a list: a line is a `Package` (one distribution file) or the `Facts` of a whole project.

The annotations of the two classes define the keys: their values, what messages call them, the function that returns
the normal form, the limit, and the roles. `packages.json` has the same format: `encode` writes a line of it.
"""

from __future__ import annotations

import enum
import json
import typing
from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from dumb_pypi.errors import BadValue, unexpected
from dumb_pypi.package_list import limits
from dumb_pypi.package_list.limits import Limit
from dumb_pypi.package_list.values import (
    A_HASH,
    A_TIME,
    A_URL,
    A_WEB_URL,
    normal_core_metadata,
    normal_hash,
    normal_hashes,
    normal_https_url,
    normal_lines,
    normal_name,
    normal_path,
    normal_specifier,
    normal_text,
    normal_texts,
    normal_time,
    normal_url,
    normal_version,
    normal_web_urls,
    present_texts,
    stripped_lines,
)


class Role(enum.Enum):
    """How the program uses a key."""

    PEOPLE = 'comes from people only, never from a file'
    METADATA = 'comes from the core metadata, and is shown to people'
    PLACE = 'identifies a file and its location, whatever its content'


PEOPLE, METADATA, PLACE = Role


def _kind(words: str, normal: Callable[..., Any] | None = None, limit: Limit | None = None, each: str = 'text') -> Meta:
    """Return the annotation of a kind of value.

    Messages say that `words` was expected, or `each` in a list or an object. `normal` returns the normal form, or
    raises `BadValue`. `limit` limits the length.
    """
    return Meta(description=words, extra={'normal': normal, 'limit': limit, 'each': each})


_Text = Annotated[str, _kind('text', normal_text, limits.TEXT)]
_Name = Annotated[str, _kind('a project name', normal_name)]
_Hashes = Annotated[dict[str, str], _kind('an object {algorithm: hex}', normal_hashes, each=A_HASH)]
_Urls = Annotated[dict[str, str], _kind('an object {label: URL}', normal_web_urls, limits.URLS, A_WEB_URL)]
_Classifiers = Annotated[list[str], _kind('a list of texts', present_texts, limits.CLASSIFIERS)]
_Status = Annotated[
    Literal['active', 'archived', 'deprecated', 'quarantined'],
    _kind('one of active, archived, deprecated, quarantined'),
]


class Package(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """A line about one distribution file. Unknown values are `None`."""

    path: Annotated[str, _kind('a file name', normal_path), PLACE] = msgspec.field(name='filename')  # or a path to it
    name: Annotated[_Name, PLACE] | None = None  # overrides the file name, like `version`
    version: Annotated[str, _kind('text', normal_version), PLACE] | None = None
    hash: Annotated[str, _kind(A_HASH, normal_hash), PLACE] | None = None  # in normal form: if there is one; else
    hashes: Annotated[_Hashes, PLACE] | None = None  # sorted
    size: Annotated[int, _kind('a number of bytes'), Meta(ge=0, le=2**63 - 1), PLACE] | None = None
    url: Annotated[str, _kind(A_URL, normal_url), PLACE] | None = None
    requires_python: Annotated[str, _kind('text', normal_specifier)] | None = None
    requires_dist: Annotated[list[str], _kind('a list of texts', normal_texts, limits.REQUIREMENTS)] | None = None
    core_metadata: Annotated[bool | str, _kind('true or sha256=<hex>', normal_core_metadata)] | None = None
    provenance: Annotated[str, _kind('an absolute https URL', normal_https_url)] | None = None
    upload_timestamp: Annotated[int | float | str, _kind(A_TIME, normal_time)] | None = None
    modified: Annotated[int | float | str, _kind(A_TIME, normal_time)] | None = None  # if not equal to the upload
    exceeds_limits: Annotated[bool, _kind('true or false')] | None = None  # if so, the metadata was not read
    uploaded_by: Annotated[_Text, PEOPLE] | None = None
    yanked: Annotated[bool, _kind('true or false'), PEOPLE] | None = None  # not in the normal form, which has only:
    yanked_reason: Annotated[_Text, PEOPLE] | None = None  # '' if yanked without a reason

    @property
    def filename(self) -> str:
        return self.path.rpartition('/')[2]

    @property
    def location(self) -> str:
        """Return the location of the file: its URL, else its path."""
        return self.path if self.url is None else self.url

    @property
    def uploaded(self) -> int | float | None:
        """Return the time of the upload of a package in normal form, in seconds since 1970."""
        seconds = self.upload_timestamp
        return None if isinstance(seconds, str) else seconds

    @property
    def last_modified(self) -> int | float | str | None:
        """Return the time of the last modification, which nearly always is that of the upload."""
        return self.upload_timestamp if self.modified is None else self.modified

    def settle(self) -> None:
        """Merge keys with the same meaning. Raises `BadValue` if they contradict each other."""
        if self.hashes is not None:
            if self.hash is not None:
                algorithm, _, value = self.hash.partition('=')
                if self.hashes.setdefault(algorithm, value) != value:
                    raise BadValue(f'hash: {unexpected(f"the same {algorithm} as in `hashes`", value)}')
                self.hashes = dict(sorted(self.hashes.items()))
            self.hash = '='.join(*self.hashes.items()) if len(self.hashes) == 1 else None
            if len(self.hashes) < 2:
                self.hashes = None
        if self.yanked is not None:
            if self.yanked and self.yanked_reason is None:
                self.yanked_reason = ''
            self.yanked = None
        self.requires_python = self.requires_python or None
        self.exceeds_limits = self.exceeds_limits or None
        self.uploaded_by = self.uploaded_by or None


class Facts(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """A line about a whole project. The status is that of PEP 792."""

    project: _Name
    summary: Annotated[str, _kind('text', normal_text, limits.SUMMARY), METADATA] | None = None
    status: Annotated[_Status, PEOPLE] | None = None
    status_reason: Annotated[_Text, PEOPLE] | None = None
    # From the core metadata of the latest release, for people:
    description: Annotated[str, _kind('text', normal_lines, limits.DESCRIPTION), METADATA] | None = None
    description_content_type: Annotated[_Text, METADATA] | None = None
    project_urls: Annotated[_Urls, METADATA] | None = None
    license_expression: Annotated[str, _kind('text', normal_text, limits.EXPRESSION), METADATA] | None = None
    # Often the whole text of a license:
    license: Annotated[str, _kind('text', stripped_lines, limits.LICENSE), METADATA] | None = None
    author: Annotated[_Text, METADATA] | None = None
    author_email: Annotated[_Text, METADATA] | None = None
    maintainer: Annotated[_Text, METADATA] | None = None
    maintainer_email: Annotated[_Text, METADATA] | None = None
    keywords: Annotated[_Text, METADATA] | None = None
    classifiers: Annotated[_Classifiers, METADATA] | None = None

    def settle(self) -> None:
        """Replace empty values by `None`."""
        if self.description is not None and not self.description.strip():
            self.description = None
        for attribute in self.__struct_fields__:
            if not getattr(self, attribute):
                setattr(self, attribute, None)


class _AnyPackage(Package, forbid_unknown_fields=False):
    """A package whose line has unknown keys."""


class _AnyFacts(Facts, forbid_unknown_fields=False):
    """The facts of a project whose line has unknown keys."""


Line = typing.TypeVar('Line', Package, Facts)
encode = msgspec.json.Encoder().encode


class _Field(msgspec.Struct):
    """A key, as the annotation of its field describes it."""

    attribute: str
    type: Any
    words: str
    normal: Callable[[Any], Any] | None
    limit: Limit | None
    each: str
    roles: Collection[Role]

    def parse(self, value: object) -> Any:
        """Return the normal form of a value. Raises `BadValue`."""
        try:
            value = msgspec.convert(value, self.type)
        except ValueError:  # also UnicodeError, for a lone surrogate
            raise self._unexpected(value) from None
        return value if self.normal is None else self.normal(value)

    def _unexpected(self, value: Any) -> BadValue:
        container = typing.get_origin(self.kind)
        if container in (list, dict) and isinstance(value, container):  # an element is not text
            several = value.values() if isinstance(value, dict) else value
            return unexpected(self.each, next(each for each in several if not isinstance(each, str)))
        return unexpected(self.words, value)

    @property
    def kind(self) -> Any:
        """Return the type without the annotation."""
        return typing.get_args(self.type)[0]

    def parse_within_limit(self, value: object) -> Any:
        return self.within_limit(self.parse(value))

    def within_limit(self, value: Any) -> Any:
        """Return the part of a normal value that is within the limit; `None` if nothing is kept."""
        return value if self.limit is None else self.limit.apply(value)


def _fields(kind: type[msgspec.Struct]) -> dict[str, _Field]:
    fields = {}
    for field in msgspec.structs.fields(kind):
        annotated = field.type
        if type(None) in typing.get_args(annotated):
            annotated = next(each for each in typing.get_args(annotated) if each is not type(None))
        meta, *others = annotated.__metadata__
        roles = [each for each in others if isinstance(each, Role)]
        fields[field.encode_name] = _Field(field.name, annotated, meta.description, **meta.extra, roles=roles)
    return fields


def keys_of(keys: Mapping[str, _Field], role: Role) -> list[str]:
    """Return the keys that have this role, in the order of the class."""
    return [key for key, field in keys.items() if role in field.roles]


PACKAGE_KEYS, FACTS_KEYS = _fields(Package), _fields(Facts)
_NORMAL = {
    kind: [(field.attribute, field.normal) for field in keys.values()]
    for kind, keys in ((Package, PACKAGE_KEYS), (Facts, FACTS_KEYS))
}
_LIMITS = {
    kind: [(field.attribute, field.limit) for field in keys.values() if field.limit is not None]
    for kind, keys in ((Package, PACKAGE_KEYS), (Facts, FACTS_KEYS))
}
_decode_package, _decode_any_package = msgspec.json.Decoder(Package).decode, msgspec.json.Decoder(_AnyPackage).decode
_decode_facts, _decode_any_facts = msgspec.json.Decoder(Facts).decode, msgspec.json.Decoder(_AnyFacts).decode
_decode_keys = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


Parsed = tuple[Package | Facts, Collection[str], Collection[str]]


def parse_line(line: bytes, is_json: bool) -> Parsed:
    """Return the line in normal form, its unknown keys, and warnings about values that were cut or left out.

    Raises `BadValue`, and `NotADistribution` for a path that an index must not link to.
    """
    if not is_json:
        return Package(normal_path(_decoded(line))), (), ()
    is_file = b'"filename"' in line  # a guess that is nearly always right; else, `parse_any_line` decides
    size = len(line)
    try:
        return _normal(_decode_package(line), (), size) if is_file else _normal(_decode_facts(line), (), size)
    except (ValueError, RecursionError):
        pass
    try:
        values = msgspec.structs.astuple(_decode_any_package(line) if is_file else _decode_any_facts(line))
        unknown = sorted(_decode_keys(line).keys() - (PACKAGE_KEYS if is_file else FACTS_KEYS).keys())
        return _normal(Package(*values), unknown, size) if is_file else _normal(Facts(*values), unknown, size)
    except (ValueError, RecursionError):
        return parse_any_line(line)


def _normal(line: Line, unknown: Collection[str], size: int) -> Parsed:
    for (attribute, normal), value in zip(_NORMAL[type(line)], msgspec.structs.astuple(line), strict=True):
        if value is not None and normal is not None and (changed := normal(value)) is not value:
            setattr(line, attribute, changed)
    return _settled(line, unknown, size)


def _settled(line: Package | Facts, unknown: Collection[str], size: int) -> Parsed:
    """Apply the limits to a line of `size` bytes whose values are in normal form, and settle it."""
    warnings = _limit(line) if size > limits.SHORTEST else ()
    line.settle()
    return line, unknown, warnings


def _limit(line: Package | Facts) -> list[str]:
    """Cut or drop values beyond their limits. Return a warning for each."""
    warnings = []
    for attribute, limit in _LIMITS[type(line)]:
        value = getattr(line, attribute)
        if value is not None and (kept := limit.apply(value)) is not value:
            setattr(line, attribute, kept)
            warnings.append(limit.words.format(attribute))
    return warnings


def parse_any_line(line: bytes) -> Parsed:
    """Parse a line value by value. Slower, but finds every problem, and accepts everything that `json` accepts."""
    values = _json_object(_decoded(line))
    kind, keys = (Facts, FACTS_KEYS) if values.get('filename') is None else (Package, PACKAGE_KEYS)
    known, problems = {}, []
    for key, value in values.items():
        if key in keys and value is not None:  # `null` means the same as a missing key
            try:
                known[keys[key].attribute] = keys[key].parse(value)
            except BadValue as error:
                problems.append(f'{key}: {error}')
    if problems:
        raise BadValue('\n'.join(problems))
    return _settled(kind(**known), sorted(values.keys() - keys.keys()), len(line))


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise unexpected('UTF-8', line) from None


def _json_object(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):  # also for a number of more than 4,300 digits
        raise unexpected('a JSON object', text) from None
    if not isinstance(values, dict):
        raise unexpected('a JSON object', values)
    if values.get('filename') is None and values.get('project') is None:
        raise BadValue(f'filename: {unexpected("a file name", values.get("filename"))}')
    return values


def listed_name(line: bytes, is_json: bool) -> str:
    """Return the file name as the line has it."""
    name: str = _json_object(line.decode())['filename'] if is_json else line.decode()
    return name


def differing_keys(one: Line, other: Line) -> list[str]:
    first, second = msgspec.to_builtins(one), msgspec.to_builtins(other)
    return [key for key in {**first, **second} if first.get(key) != second.get(key)]
