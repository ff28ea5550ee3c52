"""Whose a path is: what the program has published in the output directory, by name. Contents do not decide."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from dumb_pypi.errors import NotADistribution
from dumb_pypi.package_list.file_names import identify
from dumb_pypi.package_list.lines import Facts, parse_line
from dumb_pypi.package_list.projects import SIDECARS
from dumb_pypi.package_list.values import is_normalized, iso_time

OWN = '.dumb-pypi'  # how the names of the program's own files begin: what it keeps for its next run
PACKAGES = 'packages.json'
PROJECT_DIRECTORIES = ('simple', 'pypi', 'project')  # with a directory for each project
OLD_DIRECTORIES = ('simple', 'pypi')  # those of release 1.15.0
_FIXED_PAGES = (
    'index.html',
    '404.html',
    PACKAGES,
    'simple/index.html',
    'simple/index.v1_json',
    'rss/updates.xml',
    'rss/packages.xml',
    'static/details.js',
    'static/icon.svg',
    'static/names.js',
    'static/script.js',
    'static/style.css',
)
# In whatever way earlier releases divided the months and the letters.
_PAGE = re.compile(
    r'changelog/(?:index|page1|(\d{4}-\d\d)(?:-[1-9]\d*)?)\.html|projects/(?:index|from-[a-z0-9-]+)\.html', re.ASCII
)
_OLD_PAGE = re.compile(r'changelog/page\d+\.html', re.ASCII)


class Owned(NamedTuple):
    """What the program owns in a directory."""

    projects: AbstractSet[str]  # by name: whatever lies where a page of theirs would
    pages: AbstractSet[str]  # those that tell of more than one project, by path
    directories: tuple[str, ...] = PROJECT_DIRECTORIES  # that have pages of these projects

    def has(self, path: str) -> bool:
        top, _, rest = path.partition('/')
        if top in PROJECT_DIRECTORIES and '/' in rest:
            return top in self.directories and rest.partition('/')[0] in self.projects
        return path in self.pages or top.startswith(OWN)


NOTHING = Owned(frozenset(), frozenset())


def project_of(path: str) -> str | None:
    """The name of the project whose page this path may be."""
    top, _, rest = path.partition('/')
    name, slash, _ = rest.partition('/')
    return name if top in PROJECT_DIRECTORIES and slash and is_normalized(name) else None


def could_be_page(path: str) -> bool:
    """Whether this program makes pages at such paths."""
    top = path.partition('/')[0]
    return project_of(path) is not None or path in _FIXED_PAGES or top in ('changelog', 'projects')


def owned_by_list(lines: Iterable[bytes], names: Iterable[str], is_old: bool) -> Owned:
    """What the program owns where there is `packages.json` and no record: a site that was copied, or of release 1.15.0.

    `names` are the paths of what lies in `changelog/` and `projects/`. A list that has an invalid line, or none that is
    valid, is no list of ours: then it is nothing.
    """
    projects: set[str] = set()
    months: set[str] = (
        set()
    )  # that have an upload: in all releases so far each page of the changelog is of one of these
    for raw in lines:
        try:
            line, _ = parse_line(raw.strip(), True)
            if isinstance(line, Facts) or line.path.endswith(SIDECARS):
                continue
            projects.add(identify(line.filename, line.name, line.version).project)
        except NotADistribution:
            continue
        except ValueError:
            return NOTHING
        if line.uploaded is not None:
            months.add(iso_time(line.uploaded)[: len('YYYY-MM')])
    if not projects:
        return NOTHING
    if is_old:
        pages = {'index.html', PACKAGES, 'simple/index.html', *filter(_OLD_PAGE.fullmatch, names)}
        return Owned(projects, pages, OLD_DIRECTORIES)
    pages = {name for name in names if (match := _PAGE.fullmatch(name)) and (match[1] is None or match[1] in months)}
    return Owned(projects, {*_FIXED_PAGES, *pages})
