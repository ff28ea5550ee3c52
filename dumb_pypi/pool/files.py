"""Chooses the files of a list: one of several with the same name, and the newest releases of each project."""

from __future__ import annotations

import contextlib
import urllib.parse
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from packaging.version import Version

from dumb_pypi.errors import NotADistribution
from dumb_pypi.package_list.file_names import VARIANTS, Distribution, identify, is_variant, parse_version
from dumb_pypi.package_list.lines import Package
from dumb_pypi.package_list.projects import SIDECARS
from dumb_pypi.package_list.releases import natural_order
from dumb_pypi.package_list.values import normal_path
from dumb_pypi.pool.known import Knowledge, sha256_of
from dumb_pypi.pool.notes import Notes
from dumb_pypi.pool.places import Place, PoolFile

# A file with such a name is meant for an index, so there is a warning if its name is invalid.
_DISTRIBUTIONS = ('.whl', '.tar.gz', '.zip', '.egg')
_MOST_SIZE = 10 * 2**30  # bytes: larger than any distribution; a sparse file could take hours to hash
_TOO_LARGE = 'larger than 10 GiB'
_EMPTY = 'empty, or not a regular file'


class Kept(NamedTuple):
    """A file of the known list that is not in a pool, and its line."""

    distribution: Distribution
    package: Package

    @property
    def is_as_known(self) -> bool:
        return True

    @property
    def is_wheel(self) -> bool:
        return self.distribution.packagetype == 'bdist_wheel'


class Listed(NamedTuple):
    """A distribution file of a pool, and its line. Reading the file completes the line."""

    distribution: Distribution
    package: Package
    entry: PoolFile
    is_as_known: bool  # unchanged since the earlier run

    @property
    def is_wheel(self) -> bool:
        return self.distribution.packagetype == 'bdist_wheel'

    @property
    def is_known(self) -> bool:
        return sha256_of(self.package) is not None


File = Listed | Kept
Sidecars = dict[tuple[Place, str], PoolFile]  # by place and path


class Pool:
    """The files that are found, and those of them that are listed."""

    def __init__(self, sidecars: Sidecars, newest: int | None) -> None:
        self.sidecars = sidecars
        self.newest = newest
        self.found: dict[str, list[File]] = {}  # by project; of files with the same name, the preferred one comes first
        self.listed: dict[str, list[File]] = {}  # by project

    def files(self) -> Iterator[File]:
        return (file for files in self.found.values() for file in files)

    def choose(self, known: Collection[str]) -> None:
        """Choose the files to list. Of several with the same name, prefer an unchanged one, then a known path."""
        for project, files in self.found.items():
            chosen = self._chosen(files)
            if len(chosen) < len(files):
                files.sort(
                    key=lambda file: (isinstance(file, Kept), not file.is_as_known, file.package.path not in known)
                )
                chosen = self._chosen(files)
            if chosen:
                self.listed[project] = chosen

    def drop(self, file: Listed) -> list[File]:
        """Remove a file from the list. Return the files that take its place."""
        project = file.distribution.project
        before = self.listed[project]
        self.found[project].remove(file)
        self.listed[project] = self._chosen(self.found[project])
        if not self.listed[project]:
            del self.listed[project]
            return []
        return [each for each in self.listed[project] if not any(each is other for other in before)]

    def _chosen(self, files: Iterable[File]) -> list[File]:
        chosen: dict[str, File] = {}
        for file in files:
            chosen.setdefault(file.package.filename, file)
        files = without_orphans([*chosen.values()])
        return files if self.newest is None else newest_files(files, self.newest)


def without_orphans(files: list[File]) -> list[File]:
    """Return the files without the known `-variants.json` of releases that have no other files."""
    if not any(isinstance(file, Kept) and file.distribution.packagetype == VARIANTS for file in files):
        return files
    versions = {version_of(file) for file in files if file.distribution.packagetype != VARIANTS}
    return [file for file in files if isinstance(file, Listed) or version_of(file) in versions]


def newest_files(files: Sequence[File], count: int) -> list[File]:
    """Return the files of the `count` newest releases. All local versions of a public version are one release."""
    versions = {release_order(file) for file in files if file.distribution.packagetype != VARIANTS}
    kept = set(sorted(versions)[-count:])
    return [file for file in files if release_order(file) in kept]


def release_order(file: File) -> tuple[bool, Version | None, tuple[tuple[int, str], ...]]:
    """Return a sort key: by version; versions that are not PEP 440 come first, in natural order."""
    version = parse_version(file.distribution.version)
    if version is None:
        return False, None, tuple(natural_order(file.distribution.version))
    return True, parse_version(version.public), ()


def read_pool(
    places: Iterable[Place], knowledge: Knowledge, base_url: str | None, newest: int | None, notes: Notes
) -> Pool:
    """Return the distribution files of all places, and the known files to keep. Opens no files."""
    found = {(place, entry.path): entry for place in places for entry in place.read_entries(notes)}
    # Paths with a doubled slash come last: of two objects with the same name, the other one is the intended one.
    entries = sorted(found.values(), key=lambda entry: ('//' in entry.path, entry.path))
    sidecars = {(entry.place, entry.path): entry for entry in entries if is_sidecar(entry.path)}
    pool = Pool(sidecars, newest)
    for entry in entries:
        if not entry.path.endswith(SIDECARS) and (file := listed(entry, pool, knowledge, base_url, notes)) is not None:
            pool.found.setdefault(file.distribution.project, []).append(file)
    for kept in kept_files(knowledge):
        pool.found.setdefault(kept.distribution.project, []).append(kept)
    pool.choose(knowledge.known.packages)
    return pool


def is_sidecar(path: str) -> bool:
    try:
        return path.endswith(SIDECARS) and bool(normal_path(path))
    except NotADistribution:
        return False


def listed(entry: PoolFile, pool: Pool, knowledge: Knowledge, base_url: str | None, notes: Notes) -> Listed | None:
    """Return a file with what is known of it; `None`, perhaps with a warning, if it does not belong in the list."""
    try:
        package = Package(normal_path(entry.path), size=entry.size, upload_timestamp=entry.time)
        distribution = identify(package.filename)
    except NotADistribution as reason:
        if entry.path.lower().endswith(_DISTRIBUTIONS) or entry.path in entry.place.below:
            notes.add(entry.shown, f'left out for its name: it {reason}')
        return None
    if not 0 < entry.size <= _MOST_SIZE:
        notes.add(entry.shown, f'left out: it is {_TOO_LARGE if entry.size else _EMPTY}')
        return None
    package.url = url_below(base_url, package.path)
    is_as_known = knowledge.take_over(package, (entry.place, f'{entry.path}.metadata') in pool.sidecars)
    knowledge.say(package)
    return Listed(distribution, package, entry, is_as_known)


def url_below(base_url: str | None, path: str) -> str | None:
    return None if base_url is None else f'{base_url}{urllib.parse.quote(path)}'


def kept_files(knowledge: Knowledge) -> Iterator[Kept]:
    for package in knowledge.by_name.values() if knowledge.adds else ():
        with contextlib.suppress(NotADistribution):
            distribution = identify(package.filename, package.name, package.version)
            yield Kept(distribution, knowledge.kept_line(package))


def note_rivals(found: Iterable[File], chosen: Iterable[File], notes: Notes) -> None:
    """Warn of files that are left out because another file has the same name."""
    first = {file.package.filename: file for file in chosen}
    for file in found:
        other = first.get(file.package.filename, file)
        if other is not file and isinstance(file, Listed) and isinstance(other, Listed):
            notes.add(file.entry.shown, f'left out: {other.entry.shown} has the same name')


def note_variants(files: Iterable[File], notes: Notes) -> None:
    """Warn of releases with variants whose `-variants.json` is missing: installers need it to choose (PEP 825)."""
    described = {version_of(file) for file in files if file.distribution.packagetype == VARIANTS}
    for file in files:
        filename = file.package.filename
        if file.is_wheel and is_variant(filename) and version_of(file) not in described:
            described.add(version_of(file))
            name = '-'.join(filename.split('-')[:2])
            shown = file.entry.shown if isinstance(file, Listed) else file.package.path
            notes.add(shown, f'installers cannot choose this variant without {name}-variants.json')


def version_of(file: File) -> Version | str:
    return parse_version(file.distribution.version) or file.distribution.version
