"""The table of pages: every kind of page once, by its path. A new kind is a line here and a function that renders it.

A path with `{version}` belongs to a release, one with `{project}` alone to a project, any other to the whole site.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable, Collection, Iterable, Iterator

from dumb_pypi.package_list.values import NORMALIZED, PLAIN

# In the order in which pages of a project are removed: a page comes before those that it links to.
PROJECT_PAGES = (
    PROJECT := 'project/{project}/index.html',
    ALL_FILES := 'project/{project}/files.html',  # of earlier versions of this program: removed where it is found
    RELEASE := 'project/{project}/{version}/index.html',
    SIMPLE_HTML := 'simple/{project}/index.html',
    SIMPLE_JSON := 'simple/{project}/index.v1_json',
    LEGACY := 'pypi/{project}/json',
    LEGACY_RELEASE := 'pypi/{project}/{version}/json',
)
# In the order in which pages of the whole site are moved: a page comes after those that it links to.
SITE_PAGES = (
    'static/icon.svg',
    'static/script.js',
    'static/style.css',
    MONTH := 'changelog/{month}.html',
    ROOT_HTML := 'simple/index.html',
    ROOT_JSON := 'simple/index.v1_json',
    CHANGELOG := 'changelog/index.html',
    CHANGELOG_MOVED := 'changelog/page1.html',  # where release 1.15.0 had the changelog
    NEWEST_RELEASES := 'rss/updates.xml',
    NEWEST_PROJECTS := 'rss/packages.xml',
    LETTERS := 'projects/from-{letters}.html',
    LISTING := 'projects/index.html',
    NAMES := 'static/names.js',
    DETAILS := 'static/details.js',
    REQUIRES := 'static/requires.js',
    STATUS := 'status/index.html',
    HOME := 'index.html',
    MISSING := '404.html',
    PACKAGES := 'packages.json',
)
PAGES = (*PROJECT_PAGES, *SITE_PAGES)
# Those of release 1.15.0.
OLD_PAGES = (SIMPLE_HTML, LEGACY_RELEASE, LEGACY, 'changelog/page{number}.html', ROOT_HTML, HOME, PACKAGES)

_PARTS = {  # what stands in a path for each of them
    'project': NORMALIZED,
    'version': '[A-Za-z0-9][A-Za-z0-9._+!~-]*',
    'month': '(?P<month>[0-9]{4}-[0-9]{2})(?:-[1-9][0-9]*)?',
    'letters': '[a-z0-9-]+',
    'number': '[0-9]+',
}


def _matcher(kind: str) -> Callable[[str], re.Match[str] | None]:
    return re.compile(''.join(_PARTS.get(part) or re.escape(part) for part in re.split('[{}]', kind))).fullmatch


def _directories(kinds: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(kind.partition('/')[0] for kind in kinds if '/' in kind))


_LINKING, *_LINKED = _directories(PROJECT_PAGES)
PROJECT_DIRECTORIES = (*_LINKED, _LINKING)  # with a directory for each project, in the order in which they are moved
OLD_PROJECT_DIRECTORIES = _directories(kind for kind in OLD_PAGES if '{project}' in kind)
DIRECTORIES = tuple(dict.fromkeys((*PROJECT_DIRECTORIES, *_directories(SITE_PAGES))))
COUNTED_DIRECTORIES = _directories(kind for kind in SITE_PAGES if '{' in kind)
_PLACES = {kind: place for place, kind in enumerate(PAGES)}
_MATCHERS = {kind: _matcher(kind) for kind in (*PAGES, *OLD_PAGES) if '{' in kind}
_is_project, _is_version = _matcher('{project}'), _matcher('{version}')
_PARENTS = {kind: kind.partition('{version}')[0] for kind in PROJECT_PAGES if '{version}' in kind}
_BESIDE = {  # the other pages in the directory that has those of releases
    kind: {each.removeprefix(parent) for each in PROJECT_PAGES if each.startswith(parent) and each not in _PARENTS}
    for kind, parent in _PARENTS.items()
}


def kind_of(path: str) -> str | None:
    """Return the kind of the page that this program, or release 1.15.0, makes at this path."""
    return path if path in _PLACES else next((kind for kind, matches in _MATCHERS.items() if matches(path)), None)


def project_of(path: str) -> str | None:
    """Return the name of the project in whose directories this path is."""
    top, _, rest = path.partition('/')
    name, slash, _ = rest.partition('/')
    return name if slash and top in PROJECT_DIRECTORIES and _is_project(name) else None


def is_of_site(path: str) -> bool:
    """Return whether this program, or release 1.15.0, makes a page of the whole site at this path."""
    return kind_of(path) is not None and project_of(path) is None


def in_order(paths: Iterable[str]) -> list[str]:
    """Return paths of pages of the whole site in the order in which they are moved."""
    return sorted(paths, key=lambda path: _PLACES[kind_of(path) or path])


def in_order_of_removal(paths: Iterable[str]) -> list[str]:
    """Return paths of pages of the whole site sorted, and those of a project in their order."""
    places = {kind: place for place, kind in enumerate(PROJECT_PAGES)}
    return sorted(paths, key=lambda path: (places.get(kind_of(path) or path, 0), path))


def top_of(path: str) -> str:
    """Return the relative URL that leads from a page, or from all of a kind, to the top of the site."""
    return '../' * path.count('/')


def release_path(kind: str, project: str, version: str) -> str | None:
    """Return the path of a page of a release; `None` if its version cannot be a directory beside the other pages."""
    if not _is_version(version) or version.lower() in _BESIDE[kind]:
        return None
    return kind.format(project=project, version=version)


def release_anchor(version: str) -> str:
    return f'v{version if PLAIN.fullmatch(version) else urllib.parse.quote(version, safe="")}'


def release_url(project: str, version: str, has_pages: bool) -> str:
    """Return the URL of a release, relative to the top of the site: its page, or its place in the list of versions.

    `has_pages` says whether releases have pages at all.
    """
    path = release_path(RELEASE, project, version) if has_pages else None
    if path is None:
        return f'{PROJECT.format(project=project)}#{release_anchor(version)}'
    return path if PLAIN.fullmatch(version) else urllib.parse.quote(path)


def project_paths(project: str, read_names: Callable[[str], Iterable[str]]) -> Iterator[str]:
    """Yield where pages of a project may be, in the order of removal; `read_names` lists a directory."""
    for kind in PROJECT_PAGES:
        if kind in _PARENTS:
            names = read_names(_PARENTS[kind].rstrip('/').format(project=project))
            yield from filter(None, (release_path(kind, project, name) for name in names))
        else:
            yield kind.format(project=project)


def site_paths(paths: Iterable[str], months: Collection[str], is_old: bool) -> set[str]:
    """Return the paths of all pages of the whole site: of kinds with one page, and those of other kinds in `paths`.

    A page of a month counts only if it is one of these `months`.
    """
    kinds = [kind for kind in (OLD_PAGES if is_old else PAGES) if '{project}' not in kind]
    found = [match for path in paths for kind in kinds if '{' in kind and (match := _MATCHERS[kind](path))]
    others = [match.string for match in found if match.groupdict().get('month') in {None, *months}]
    return {*(kind for kind in kinds if '{' not in kind), *others}
