"""The fingerprint of everything besides the list that pages depend on: program, libraries, Python and settings."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator

from dumb_pypi.package_list.lines import encode
from dumb_pypi.pages.page import Page, digest
from dumb_pypi.pages.wall import is_possible
from dumb_pypi.settings import Settings

# The directories that pages depend on; nothing else in this package makes pages.
_OWN_DIRECTORIES = ('.', 'package_list', 'pages', 'site', 'templates', 'static')

_LIBRARIES = ('jinja2', 'markupsafe', 'msgspec', 'packaging')
_RENDERERS = ('readme_renderer', 'comrak', 'docutils', 'nh3', 'pygments')  # the libraries of the extra `readme`


def read_own_files(directory: str) -> Iterator[Page]:
    """Yield the files in a directory of this package: code, templates, style, script or icon.

    Does not use `importlib.resources`: importing it takes as long as reading 150 files.
    """
    parent = os.path.join(os.path.dirname(__file__), directory)
    for name in sorted(os.listdir(parent)):
        path = os.path.join(parent, name)
        if os.path.isfile(path):
            with open(path, 'rb') as file:
                yield Page(f'{directory}/{name}', file.read())


def _find(library: str) -> str | None:
    """Return the path of a library without importing it: importing Jinja takes longer than an idle run."""
    for finder in sys.meta_path:
        spec = finder.find_spec(library, None)
        if spec is not None:
            return next(iter(spec.submodule_search_locations or ()), spec.origin)
    return None


def _read_contents(path: str) -> list[str]:
    """Return the digests of the files of a library, or of the archive that contains it."""
    while not os.path.exists(path):
        path = os.path.dirname(path)
    paths = [os.path.join(parent, name) for parent, _, names in os.walk(path) for name in names]
    found = []
    for each in sorted(each for each in paths or [path] if not each.endswith('.pyc')):
        with open(each, 'rb') as file:
            found.append(f'{os.path.relpath(each, path)} {digest(file.read())}')
    return found


def _read_releases(libraries: Iterable[str]) -> dict[str, list[str]]:
    """Return what identifies the release of each library: the name of its metadata directory.

    A library without one (in a checkout, in an archive) is identified by the digests of its files. The list is empty
    for a library that is not installed.
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


def read_with_renderers(fingerprint: str, is_complete: bool = True) -> str:
    """Return the fingerprint of a site with descriptions, which includes the libraries that render them.

    A site in which a description could not be rendered gets a fingerprint that no later run expects.
    """
    return f'{fingerprint} {digest(encode([_read_releases(_RENDERERS), is_possible(), is_complete]))}'


def read_is_same(recorded: str, fingerprint: str) -> bool:
    """Return whether this program would build the same site. Renderers count only in sites with descriptions."""
    return recorded == fingerprint or (
        recorded.startswith(f'{fingerprint} ') and recorded == read_with_renderers(fingerprint)
    )
