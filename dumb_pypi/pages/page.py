"""A page is a value, a path below the output directory and its bytes; and how it links to files."""

from __future__ import annotations

import functools
import hashlib
from typing import NamedTuple

from dumb_pypi.package_list.values import is_absolute

_PROJECT = '\0'  # stands for the name of a project


class Page(NamedTuple):
    path: str  # /-separated
    content: bytes


def digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


@functools.lru_cache(maxsize=2**4)
def _relocated(url: str, depth: int) -> str:
    if is_absolute(url):
        return url
    parts = ['simple', _PROJECT]
    rest = url.removeprefix('./')
    while parts and rest.startswith('../'):
        parts.pop()
        rest = rest[len('../') :]
    return '../' * depth + ''.join(f'{part}/' for part in parts) + rest


def relocated(url: str, project: str, depth: int) -> str:
    """`--packages-url`, which may be relative to `simple/<project>/`, as pages at another depth write it."""
    return _relocated(url, depth).replace(_PROJECT, project)
