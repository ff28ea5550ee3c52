"""The paths that the program owns in the output directory: those that it has published, whatever their content."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from dumb_pypi.errors import NotADistribution
from dumb_pypi.package_list.file_names import identify
from dumb_pypi.package_list.lines import Facts, parse_line
from dumb_pypi.package_list.projects import SIDECARS
from dumb_pypi.package_list.values import iso_time
from dumb_pypi.pages.kinds import OLD_PROJECT_DIRECTORIES, PROJECT_DIRECTORIES, site_paths

OWN = '.dumb-pypi'  # prefix of the program's own files, which the next run reads


class Owned(NamedTuple):
    """The paths that the program owns in a directory."""

    projects: AbstractSet[str]  # names of projects: all paths of their pages are owned
    pages: AbstractSet[str]  # paths of single pages
    directories: tuple[str, ...] = PROJECT_DIRECTORIES  # top directories with pages of these projects

    def has(self, path: str) -> bool:
        top, _, rest = path.partition('/')
        if '/' in rest and top in self.directories and rest.partition('/')[0] in self.projects:
            return True
        return path in self.pages or top.startswith(OWN)


NOTHING = Owned(frozenset(), frozenset())


def owned_by_list(lines: Iterable[bytes], paths: Iterable[str], is_old: bool) -> Owned:
    """Return what the program owns in a site without a record: a copy, or a site of release 1.15.0.

    `paths` are those of all files in `COUNTED_DIRECTORIES`. If a line is invalid, or none is valid, the list is
    foreign, and the program owns nothing.
    """
    projects: set[str] = set()
    # Months with an upload: in all releases of this program so far, each of them has a page of the changelog.
    months: set[str] = set()
    for raw in lines:
        try:
            line, _, _ = parse_line(raw.strip(), True)
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
    directories = OLD_PROJECT_DIRECTORIES if is_old else PROJECT_DIRECTORIES
    return Owned(projects, site_paths(paths, months, is_old), directories)
