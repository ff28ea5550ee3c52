"""Limits for the length of values. A longer text is cut; a value that must not be cut is left out."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

SHORTEST = 2_000  # characters: a line with no more bytes than this has no value beyond a limit
_MOST_TEXT = 10_000  # characters
_MOST_LICENSE = 100_000  # characters
_MOST_DESCRIPTION = 2**20  # bytes in UTF-8
_MOST_ENTRIES = 1_000
_MOST_REQUIREMENTS = 10_000
_MOST_OF_REQUIREMENTS = 2**20  # bytes in UTF-8, for all requirements together


class Limit(NamedTuple):
    """A limit. `apply` returns the value itself if it is within the limit, else the part that is kept, or `None`."""

    apply: Callable[[Any], Any]
    words: str  # the warning for a value beyond the limit


def cut_text(text: str, most: int = _MOST_TEXT) -> str:
    """Return the beginning of the text, stripped like the normal form, so that cutting it again changes nothing."""
    return text if len(text) <= most else text[:most].strip()


def cut_description(text: str) -> str:
    if len(text) <= _MOST_DESCRIPTION // 4:  # a character has at most four bytes
        return text
    data = text.encode()
    return text if len(data) <= _MOST_DESCRIPTION else data[:_MOST_DESCRIPTION].decode(errors='ignore').rstrip()


def whole_expression(text: str) -> str | None:
    return text if len(text) <= _MOST_TEXT else None


def whole_requirements(texts: list[str]) -> list[str] | None:
    is_within = len(texts) <= _MOST_REQUIREMENTS and len(''.join(texts).encode()) <= _MOST_OF_REQUIREMENTS
    return texts if is_within else None


def cut_classifiers(texts: list[str]) -> list[str]:
    cut = [cut_text(text) for text in texts[:_MOST_ENTRIES]]
    return texts if cut == texts else cut


def cut_urls(urls: dict[str, str]) -> dict[str, str]:
    """Return the URLs without those that are too long. URLs are never cut, because they would lead somewhere else."""
    cut = [(cut_text(label), url) for label, url in urls.items() if len(url) <= _MOST_TEXT][:_MOST_ENTRIES]
    return urls if len(cut) == len(urls) and dict(cut) == urls else dict(cut)


def _text(most: int) -> Limit:
    return Limit(functools.partial(cut_text, most=most), f'shortened: {{}}: expected at most {most:,} characters')


_ENTRIES = f'expected at most {_MOST_ENTRIES:,} of at most {_MOST_TEXT:,} characters'
SUMMARY = _text(SHORTEST)
TEXT = _text(_MOST_TEXT)
LICENSE = _text(_MOST_LICENSE)
DESCRIPTION = Limit(cut_description, 'shortened: {}: expected at most 1 MiB')
CLASSIFIERS = Limit(cut_classifiers, f'shortened: {{}}: {_ENTRIES}')
URLS = Limit(cut_urls, f'shortened: {{}}: {_ENTRIES}')
EXPRESSION = Limit(whole_expression, f'ignored: {{}}: expected at most {_MOST_TEXT:,} characters')
REQUIREMENTS = Limit(whole_requirements, f'ignored: {{}}: expected at most {_MOST_REQUIREMENTS:,}, or 1 MiB')
