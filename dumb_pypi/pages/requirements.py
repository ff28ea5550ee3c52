"""The requirements of a release, by extra, for the pages and for the legacy JSON API.

We do not use `packaging.requirements`: it changes the spelling of specifiers and markers, and rejects `foo (>=1.0.*)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dumb_pypi.package_list.values import NAME, canonical_name

_REQUIREMENT = re.compile(r'([A-Za-z0-9][A-Za-z0-9._-]*)\s*([^;]*?)\s*(?:;\s*(.*))?')
_EXTRA = re.compile(
    rf"""extra\s*={{2,3}}\s*(["'])({NAME.pattern})\1|(["'])({NAME.pattern})\3\s*={{2,3}}\s*extra""", re.ASCII
)
_TOKEN = re.compile(r"""'[^']*'|"[^"]*"|[()]|\b(?:and|or)\b""")
_MOST_READ = 1_000  # characters: each extra repeats the rest of its requirement, so one of 400 kB could fill gigabytes
_DEPTH = {'(': 1, ')': -1}


class Requirement(NamedTuple):
    """A requirement of a release. An invalid one has no name."""

    name: str
    rest: str  # of extras, versions, URL
    marker: str

    @property
    def project(self) -> str:
        """Return the normalized name, '' for what is no requirement."""
        return canonical_name(self.name)


def _parts(text: str, word: str) -> list[str]:
    """Return the parts of a marker between `and` or `or`, outside of brackets and quotes."""
    parts, start, depth = [], 0, 0
    for token in _TOKEN.finditer(text):
        depth += _DEPTH.get(token[0], 0)
        if depth == 0 and token[0] == word:
            parts.append(text[start : token.start()].strip())
            start = token.end()
    return [*parts, text[start:].strip()]


def _unbracketed(text: str) -> str:
    """Return `a` for `(a)`, but `(a) and (b)` unchanged."""
    depth = 0
    for token in _TOKEN.finditer(text) if text.startswith('(') else ():
        depth += _DEPTH.get(token[0], 0)
        if depth == 0:
            return text[1:-1].strip() if token.end() == len(text) else text
    return text


def _named_extras(text: str) -> list[str]:
    """Return the normalized extras (PEP 685) of `extra == "a" or "b" == extra`; nothing for any other marker."""
    matches = [_EXTRA.fullmatch(_unbracketed(part)) for part in _parts(_unbracketed(text), 'or')]
    return [] if None in matches else [canonical_name(match[2] or match[4]) for match in matches if match]


def _read_alternative(text: str) -> tuple[list[str], str]:
    """Return the extras that part of a marker needs, and its other conditions."""
    inner = _unbracketed(text)
    parts = [text] if len(_parts(inner, 'or')) > 1 else _parts(inner, 'and')
    named = [_named_extras(part) for part in parts]
    if sum(map(bool, named)) != 1:
        return [], text
    rest = ' and '.join(part for part, names in zip(parts, named, strict=True) if not names)
    return max(named), _unbracketed(rest)


def read_marker(marker: str) -> dict[str | None, str]:
    """Return the conditions of a marker by extra; under `None` those without an extra."""
    if 'extra' not in marker:  # like most
        return {None: _unbracketed(marker)}
    found: dict[str | None, list[str]] = {}
    for alternative in _parts(_unbracketed(marker), 'or'):
        extras, rest = _read_alternative(alternative)
        keys: Sequence[str | None] = extras or [None]
        for extra in keys:
            found.setdefault(extra, []).append(rest)
    if found.keys() == {None}:
        return {None: _unbracketed(marker)}
    return {extra: '' if '' in rests else ' or '.join(rests) for extra, rests in found.items()}


def read_requirement(text: str) -> dict[str | None, Requirement]:
    """Return a requirement for each extra that needs it; under `None` without an extra."""
    match = _REQUIREMENT.fullmatch(text)
    if match is None:
        return {None: Requirement('', text, '')}
    name, rest, marker = match.group(1, 2, 3)
    rest = _unbracketed(rest)  # old metadata: `foo (>=1.0)`
    if not marker or len(text) > _MOST_READ:
        return {None: Requirement(name, rest, marker or '')}
    return {extra: Requirement(name, rest, asked) for extra, asked in read_marker(marker).items()}


def group_requirements(texts: Iterable[str]) -> tuple[list[Requirement], list[tuple[str, list[Requirement]]]]:
    """Return the requirements of the release, and the additional ones of each extra, sorted by extra."""
    always: list[Requirement] = []
    extras: dict[str, list[Requirement]] = {}
    for text in texts:
        for extra, requirement in read_requirement(text).items():
            (always if extra is None else extras.setdefault(extra, [])).append(requirement)
    return always, sorted(extras.items())
