"""Whose a path is: what the program has published in the output directory, by name. Contents do not decide."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from dumb_pypi.errors import NotADistribution
from dumb_pypi.package_list.file_names import identify
from dumb_pypi.package_list.lines import Facts, parse_line
from dumb_pypi.package_list.projects import SIDECARS
from dumb_pypi.package_list.values import iso_time
from dumb_pypi.pages.paths import OLD_PROJECT_DIRECTORIES, PROJECT_DIRECTORIES, site_paths

OWN = '.dumb-pypi'  # how the names of the program's own files begin: what it keeps for its next run


class Owned(NamedTuple):
    """What the program owns in a directory."""

    projects: AbstractSet[str]  # by name: whatever lies where a page of theirs would
    pages: AbstractSet[str]  # others, by path
    directories: tuple[str, ...] = PROJECT_DIRECTORIES  # that have pages of these projects

    def has(self, path: str) -> bool:
        top, _, rest = path.partition('/')
        if '/' in rest and top in self.directories and rest.partition('/')[0] in self.projects:
            return True
        return path in self.pages or top.startswith(OWN)


NOTHING = Owned(frozenset(), frozenset())


def owned_by_list(lines: Iterable[bytes], paths: Iterable[str], is_old: bool) -> Owned:
    """What the program owns where there is `packages.json` and no record: a site that was copied, or of release 1.15.0.

    `paths` are those of all files in `COUNTED_DIRECTORIES`. A list that has an invalid line, or none that is
    valid, is no list of ours: then it is nothing.
    """
    projects: set[str] = set()
    months: set[str] = (
        set()
    )  # that have an upload: in all releases so far each page of the changelog is of one of these
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
