"""`static/requires.js`: which projects here require which, for the script of project pages."""

from __future__ import annotations

import itertools
import operator
import string
from collections.abc import Callable, Iterator, Mapping, Sequence

from dumb_pypi.pages.audit import Audit

MOST_USES = 4_000_000  # bytes: 20 seconds at 1.6 Mbit/s
_BASE = 32
_DIGITS = string.digits + string.ascii_letters + '-_'  # the second half says that more digits follow


def users(audits: Mapping[str, Audit]) -> list[str]:
    """Return a text for each project that others require: its number, and the numbers of those others, sorted.

    A number is the place of a name in `audits`. Each is written as the distance from the one before, so most have one
    or two digits: 1.1 MB for 540,000 requirements of 100,000 projects, and 2.5 MB as lists of decimal numbers.
    """
    found: dict[str, list[int]] = {name: [] for name in audits}
    for number, audit in enumerate(audits.values()):
        for name in itertools.chain((audit.requires or '').split(), audit.optional.split()):
            numbers = found.get(name)
            if numbers is not None:
                numbers.append(number)
    required = [number for number, numbers in enumerate(found.values()) if numbers]
    code = list(map(_code, range(len(audits)))).__getitem__
    lists = (numbers for numbers in found.values() if numbers)
    return [first + _codes(numbers, code) for first, numbers in zip(map(code, _steps(required)), lists, strict=True)]


def _steps(numbers: Sequence[int]) -> Iterator[int]:
    return itertools.chain(numbers[:1], map(operator.sub, numbers[1:], numbers))


def _codes(numbers: Sequence[int], code: Callable[[int], str]) -> str:
    return ''.join(map(code, _steps(numbers)))


def _code(number: int) -> str:
    text = _DIGITS[number % _BASE]
    while number := number // _BASE:
        text = _DIGITS[_BASE + number % _BASE] + text
    return text
