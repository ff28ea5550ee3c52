"""The facts of each project: what the metadata of its latest release says."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dumb_pypi.errors import NotADistribution
from dumb_pypi.package_list.file_names import Distribution, identify
from dumb_pypi.package_list.lines import FACTS_KEYS, METADATA, Facts, Package, keys_of
from dumb_pypi.package_list.projects import make_file
from dumb_pypi.package_list.releases import latest_release, project_releases
from dumb_pypi.pool.archives import has_metadata
from dumb_pypi.pool.files import File, Listed, Pool
from dumb_pypi.pool.known import Knowledge

_OF_METADATA = [FACTS_KEYS[key].attribute for key in keys_of(FACTS_KEYS, METADATA)]


class Projects:
    """The facts of projects. A project is settled when its facts are known."""

    def __init__(self, pool: Pool, knowledge: Knowledge) -> None:
        self.files = pool.listed
        self.facts = knowledge.known.facts
        self.known: dict[str, list[tuple[Package, Distribution]]] = {}  # files of the earlier run, by project
        self.said: dict[str, Mapping[str, Any] | None] = {}  # by path; `None` for a file without metadata
        self.settled: dict[str, Mapping[str, Any]] = {}  # by project
        same = {file.package.filename: file.distribution for files in self.files.values() for file in files}
        for filename, package in knowledge.by_name.items():
            with contextlib.suppress(NotADistribution):
                distribution = same.get(filename) or identify(filename, package.name, package.version)
                self.known.setdefault(distribution.project, []).append((package, distribution))

    def forget(self, file: Listed) -> None:
        """Forget what a file said, because it is left out: another release may be the latest now."""
        self.said.pop(file.package.path, None)
        self.settled.pop(file.distribution.project, None)

    def settle(self) -> list[Listed]:
        """Settle projects. Return the files that must be read before the remaining ones can be settled."""
        sources = (self._settle(project) for project in self.files if project not in self.settled)
        return [source for source in sources if source is not None]

    def _is_as_known(self, project: str, latest: Sequence[File]) -> bool:
        """Return whether the files of the latest release are the same as in the earlier run."""
        known = set(latest_paths(self.known.get(project, [])))
        return all(file.is_as_known for file in latest) and {file.package.path for file in latest} == known

    def _is_all_as_known(self, project: str) -> bool:
        """Return whether all files are as in the earlier run: ten times as fast as finding the latest release."""
        files, known = self.files[project], self.known.get(project, [])
        yanked = {file.package.path: file.package.yanked_reason is not None for file in files}
        return all(file.is_as_known for file in files) and yanked == {
            package.path: package.yanked_reason is not None for package, _ in known
        }

    def _latest(self, project: str) -> list[File]:
        """Return the files of the latest release, by name."""
        files = {file.package.path: file for file in self.files[project]}
        return [files[path] for path in latest_paths((file.package, file.distribution) for file in files.values())]

    def _settle(self, project: str) -> Listed | None:
        """Settle a project, or return the file that must be read first."""
        latest = [] if self._is_all_as_known(project) else self._latest(project)
        if not latest or self._is_as_known(project, latest):
            self._keep(project)
            return None
        for file in sorted(filter(may_speak, latest), key=lambda file: not file.is_wheel):
            if not isinstance(file, Listed):  # it cannot be read, because it is in no pool
                self._keep(project)
                return None
            if file.package.path not in self.said:
                return file
            if (said := self.said[file.package.path]) is not None:
                self.settled[project] = said
                return None
        self.settled[project] = {}
        return None

    def _keep(self, project: str) -> None:
        """Settle a project with its facts of the earlier run."""
        facts = self.facts.get(project, Facts(project))
        self.settled[project] = {key: getattr(facts, key) for key in _OF_METADATA}


def may_speak(file: File) -> bool:
    return not file.package.exceeds_limits and has_metadata(file.package.filename, file.distribution.packagetype)


def latest_paths(files: Iterable[tuple[Package, Distribution]]) -> list[str]:
    """Return the paths of the files of the latest release of a project, by file name."""
    made = sorted(
        (make_file(package, distribution, '') for package, distribution in files), key=lambda file: file.filename
    )
    latest = latest_release(project_releases(made))
    return [file.package.path for file in latest.files] if latest else []
