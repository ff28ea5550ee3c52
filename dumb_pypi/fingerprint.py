"""What tells whether the pages of an earlier run would be the same today: the settings, the program, its libraries."""

from __future__ import annotations

import importlib.machinery
import os
from collections.abc import Iterator

import msgspec
import packaging

from dumb_pypi.package_list.lines import encode
from dumb_pypi.pages.page import Page, digest
from dumb_pypi.pages.wall import is_possible
from dumb_pypi.settings import Settings

# What the generator is made of; what else lies in this package makes no page.
_OWN_DIRECTORIES = ('.', 'package_list', 'pages', 'site', 'templates', 'static')

_RENDERERS = ('readme_renderer', 'comrak', 'docutils', 'nh3', 'pygments')  # what the extra `readme` brings


def read_own_files(directory: str) -> Iterator[Page]:
    """The files in a directory of this package: what it is made of, or style, script and icon of the human pages.

    Not by `importlib.resources`: importing that takes as long as 150 files.
    """
    parent = os.path.join(os.path.dirname(__file__), directory)
    for name in sorted(os.listdir(parent)):
        path = os.path.join(parent, name)
        if os.path.isfile(path):
            with open(path, 'rb') as file:
                yield Page(f'{directory}/{name}', file.read())


def _read_sizes(library: str, endings: tuple[str, ...] = ('.py',)) -> list[tuple[str, int]]:
    """Tells one release of a library from another. To import Jinja takes longer than a run with nothing to do."""
    spec = importlib.machinery.PathFinder.find_spec(library)
    if spec is None or not spec.submodule_search_locations:
        return []
    with os.scandir(spec.submodule_search_locations[0]) as entries:
        return sorted((entry.name, entry.stat().st_size) for entry in entries if entry.name.endswith(endings))


def read_fingerprint(settings: Settings) -> str:
    libraries = [msgspec.__version__, packaging.__version__, _read_sizes('jinja2'), _read_sizes('markupsafe')]
    files = (file.content for directory in _OWN_DIRECTORIES for file in read_own_files(directory))
    return digest(b'\0'.join([encode([settings, libraries]), *files]))


def read_described(fingerprint: str, is_complete: bool = True) -> str:
    """The fingerprint of a site that has descriptions, which depends on what renders them as well.

    A site that is not complete has one that no later run expects.
    """
    sizes = [_read_sizes(library, ('.py', '.so', '.pyd')) for library in _RENDERERS]
    return f'{fingerprint} {digest(encode([sizes, is_possible(), is_complete]))}'


def read_is_same(recorded: str, fingerprint: str) -> bool:
    """Whether a site would be the same today. Who has no descriptions need not know what would render them."""
    return recorded == fingerprint or (
        recorded.startswith(f'{fingerprint} ') and recorded == read_described(fingerprint)
    )
