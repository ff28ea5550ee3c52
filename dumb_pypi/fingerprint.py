"""What tells whether the pages of an earlier run would be the same today: the settings, the program, its libraries."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator

from dumb_pypi.package_list.lines import encode
from dumb_pypi.pages.page import Page, digest
from dumb_pypi.pages.wall import is_possible
from dumb_pypi.settings import Settings

# What the generator is made of; what else lies in this package makes no page.
_OWN_DIRECTORIES = ('.', 'package_list', 'pages', 'site', 'templates', 'static')

_LIBRARIES = ('jinja2', 'markupsafe', 'msgspec', 'packaging')
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


def _find(library: str) -> str | None:
    """Where a library is, without importing it: to import Jinja takes longer than a run with nothing to do."""
    for finder in sys.meta_path:
        spec = finder.find_spec(library, None)
        if spec is not None:
            return next(iter(spec.submodule_search_locations or ()), spec.origin)
    return None


def _read_contents(path: str) -> list[str]:
    """What is in the files of a library; for one in an archive, what is in the archive."""
    while not os.path.exists(path):
        path = os.path.dirname(path)
    paths = [os.path.join(parent, name) for parent, _, names in os.walk(path) for name in names]
    found = []
    for each in sorted(each for each in paths or [path] if not each.endswith('.pyc')):
        with open(each, 'rb') as file:
            found.append(f'{os.path.relpath(each, path)} {digest(file.read())}')
    return found


def _read_releases(libraries: Iterable[str]) -> dict[str, list[str]]:
    """What tells one release of a library from another: the name of the directory of metadata beside it.

    Where there is none, as in a checkout or an archive, it is what the files contain. No library, no text.
    """
    listed: dict[str, list[str]] = {}
    releases: dict[str, list[str]] = {}
    for library in libraries:
        path = _find(library)
        if path is None:
            releases[library] = []
            continue
        parent = os.path.dirname(path)
        if parent not in listed:
            names = sorted(os.listdir(parent)) if os.path.isdir(parent) else []
            listed[parent] = [name for name in names if name.endswith(('.dist-info', '.egg-info'))]
        found = [name for name in listed[parent] if name.partition('-')[0].lower() == library]
        releases[library] = found or _read_contents(path)
    return releases


def read_fingerprint(settings: Settings) -> str:
    python = [sys.implementation.name, *sys.version_info[:3]]
    files = (file.content for directory in _OWN_DIRECTORIES for file in read_own_files(directory))
    return digest(b'\0'.join([encode([settings, python, _read_releases(_LIBRARIES)]), *files]))


def read_described(fingerprint: str, is_complete: bool = True) -> str:
    """The fingerprint of a site that has descriptions, which depends on what renders them as well.

    A site that is not complete has one that no later run expects.
    """
    return f'{fingerprint} {digest(encode([_read_releases(_RENDERERS), is_possible(), is_complete]))}'


def read_is_same(recorded: str, fingerprint: str) -> bool:
    """Whether a site would be the same today. Who has no descriptions need not know what would render them."""
    return recorded == fingerprint or (
        recorded.startswith(f'{fingerprint} ') and recorded == read_described(fingerprint)
    )
