"""A page as a value: its path below the output directory, and its bytes. Kinds of pages are in `kinds.py`."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from dumb_pypi.package_list.values import is_absolute
from dumb_pypi.pages.kinds import SIMPLE_HTML, top_of


class Page(NamedTuple):
    path: str  # /-separated
    content: bytes


def digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def relocated(url: str, project: str, kind: str) -> str:
    """Return `--packages-url`, which may be relative to `simple/<project>/`, as pages of this kind write it."""
    if is_absolute(url):
        return url
    parts = SIMPLE_HTML.format(project=project).split('/')[:-1]
    rest = url.removeprefix('./')
    while parts and rest.startswith('../'):
        parts.pop()
        rest = rest[len('../') :]
    return top_of(kind) + ''.join(f'{part}/' for part in parts) + rest
