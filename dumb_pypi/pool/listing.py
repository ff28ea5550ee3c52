"""A pool in, its list out: which files are new, what is known of the others, and which of them speak for a project."""

from __future__ import annotations

import contextlib
import gc
import itertools
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from dumb_pypi.errors import NotADistribution
from dumb_pypi.package_list.file_names import Distribution, identify
from dumb_pypi.package_list.lines import FACTS_KEYS, METADATA, Facts, Package, encode, keys_of
from dumb_pypi.package_list.projects import SIDECARS, make_file
from dumb_pypi.package_list.releases import latest_release, project_releases
from dumb_pypi.package_list.values import normal_path
from dumb_pypi.pool.archives import has_metadata
from dumb_pypi.pool.known import Lines, fill_in_from_people, fill_in_known, read_from_people, read_known
from dumb_pypi.pool.notes import Notes
from dumb_pypi.pool.places import Place, PoolFile
from dumb_pypi.pool.reading import Listed, Reader

_DISTRIBUTIONS = ('.whl', '.tar.gz', '.zip', '.egg')  # whatever else a name says, this file is meant for an index
_MOST_SIZE = 10 * 2**30  # bytes: far above any distribution; what is larger is sparse, and would be hashed for hours
_TOO_LARGE = 'larger than 10 GiB'
_EMPTY = 'empty, or not a regular file'
_OF_METADATA = keys_of(FACTS_KEYS, METADATA)


class ListOptions(NamedTuple):
    """What is to be done, besides the pool."""

    known: str | None
    facts: str | None
    write_metadata: bool
    strict: bool
    jobs: int | None


class Pool(NamedTuple):
    listed: dict[str, Listed]  # by path, sorted
    sidecars: dict[str, PoolFile]  # by path
    rivals: dict[str, list[Listed]]  # by file name, where there are several of one: the first of them is listed

    def files(self) -> Iterator[Listed]:
        """Listed or not."""
        spares = (spare for rivals in self.rivals.values() for spare in rivals[1:])
        return itertools.chain(self.listed.values(), spares)

    def prefer_known(self, paths: Container[str]) -> None:
        """Of several files of one name, lists the one that is as the earlier run knew it, else what has its path."""
        for rivals in self.rivals.values():
            del self.listed[rivals[0].entry.path]
            rivals.sort(key=lambda file: (not file.is_known, file.entry.path not in paths))
            self.listed[rivals[0].entry.path] = rivals[0]

    def next_rival(self, filename: str) -> Listed | None:
        """Lists the next file of this name, if there is one; the one before it is left out."""
        rivals = self.rivals.get(filename, [])[1:]
        if not rivals:
            self.rivals.pop(filename, None)
            return None
        self.rivals[filename] = rivals
        self.listed[rivals[0].entry.path] = rivals[0]
        return rivals[0]


def read_pool(place: Place, notes: Notes) -> Pool:
    """The distribution files of a pool, before any of them is opened."""
    listed: dict[str, Listed] = {}
    sidecars: dict[str, PoolFile] = {}
    rivals: dict[str, list[Listed]] = {}
    paths: dict[str, str] = {}  # by file name
    # What has a doubled slash last: of two objects of a bucket that have the same name, the other one was meant.
    for entry in sorted(place.read_entries(notes), key=lambda entry: ('//' in entry.path, entry.path)):
        if entry.path.endswith(SIDECARS):
            with contextlib.suppress(NotADistribution):
                sidecars[normal_path(entry.path)] = entry
        elif file := read_name(place, entry, notes):
            first = listed.get(paths.setdefault(file.package.filename, entry.path))
            if first is None:
                listed[entry.path] = file
            else:  # an index has one file of a name
                rivals.setdefault(file.package.filename, [first]).append(file)
    return Pool(listed, sidecars, rivals)


def read_name(place: Place, entry: PoolFile, notes: Notes) -> Listed | None:
    """Return what a file is; `None` for one that cannot be listed, with a word if it was meant for an index."""
    try:
        package = Package(normal_path(entry.path), size=entry.size, upload_timestamp=entry.time)
        file = Listed(entry, identify(package.filename), package)
    except NotADistribution as reason:
        if entry.path.lower().endswith(_DISTRIBUTIONS):
            notes.add(place.shown(entry.path), f'left out for its name: it {reason}')
        return None
    if not 0 < entry.size <= _MOST_SIZE:
        notes.add(place.shown(entry.path), f'left out: it is {_TOO_LARGE if entry.size else _EMPTY}')
        return None
    return file


class Projects:
    """Which file speaks for each project, and what it says."""

    def __init__(self, pool: Pool, known: Lines, matched: set[str]) -> None:
        self.pool = pool
        self.known = known
        self.matched = matched  # paths of the files that are as they were in the earlier run
        self.files: dict[str, list[Listed]] = {}
        self.known_files: dict[str, list[tuple[Package, Distribution]]] = {}
        self.said: dict[str, Mapping[str, Any] | None] = {}  # by path; `None` of a file without metadata
        self.settled: dict[str, Mapping[str, Any]] = {}  # by project
        for file in pool.listed.values():
            self.files.setdefault(file.distribution.project, []).append(file)
        for package, distribution in _known_files(pool, known):
            self.known_files.setdefault(distribution.project, []).append((package, distribution))

    def drop(self, paths: Iterable[str]) -> list[Listed]:
        """These files are left out: the latest release of their projects may be another one.

        Returns the files that are listed in their place.
        """
        instead = []
        for path in paths:
            file = self.pool.listed.pop(path)
            files = self.files[file.distribution.project]
            files.remove(file)
            self.settled.pop(file.distribution.project, None)
            if (rival := self.pool.next_rival(file.package.filename)) is not None:
                files.append(rival)
                instead.append(rival)
            if not files:
                del self.files[file.distribution.project]
        return instead

    def settle(self) -> list[Listed]:
        """Settles what each project says; returns the files that must be read before the others can be settled."""
        sources = (self._settle(project) for project in self.files if project not in self.settled)
        return [source for source in sources if source is not None]

    def _is_as_known(self, project: str, latest: Sequence[Listed]) -> bool:
        """Return whether the latest release and its files are those of the earlier run."""
        known = set(latest_paths(self.known_files.get(project, [])))
        return all(file.entry.path in self.matched for file in latest) and {file.entry.path for file in latest} == known

    def _is_all_as_known(self, project: str) -> bool:
        """Return whether all releases are, as nearly always: a tenth of the time of finding which is the latest."""
        files, known = self.files[project], self.known_files.get(project, [])
        yanked = {file.entry.path: file.package.yanked_reason is not None for file in files}
        return all(path in self.matched for path in yanked) and yanked == {
            package.path: package.yanked_reason is not None for package, _ in known
        }

    def _latest(self, project: str) -> list[Listed]:
        """Return the files of the latest release, by name."""
        files = {file.package.path: file for file in self.files[project]}
        return [files[path] for path in latest_paths((file.package, file.distribution) for file in files.values())]

    def _settle(self, project: str) -> Listed | None:
        latest = [] if self._is_all_as_known(project) else self._latest(project)
        if not latest or self._is_as_known(project, latest):
            facts = self.known.facts.get(project, Facts(project))
            self.settled[project] = {key: getattr(facts, key) for key in _OF_METADATA}
            return None
        speaking = [file for file in latest if may_speak(file)]
        for file in sorted(speaking, key=lambda file: not file.is_wheel):
            if file.entry.path not in self.said:
                return file
            said = self.said[file.entry.path]
            if said is not None:
                self.settled[project] = said
                return None
        self.settled[project] = {}
        return None


def may_speak(file: Listed) -> bool:
    return not file.package.exceeds_limits and has_metadata(file.package.filename, file.distribution.packagetype)


def _known_files(pool: Pool, known: Lines) -> Iterator[tuple[Package, Distribution]]:
    for path, package in known.packages.items():
        file = pool.listed.get(path)
        with contextlib.suppress(NotADistribution):
            yield package, identify(package.filename) if file is None else file.distribution


def latest_paths(files: Iterable[tuple[Package, Distribution]]) -> list[str]:
    """Return the paths of the files of the latest release of a project, by file name."""
    made = sorted(
        (make_file(package, distribution, '') for package, distribution in files), key=lambda file: file.filename
    )
    latest = latest_release(project_releases(made))
    return [file.package.path for file in latest.files] if latest else []


def prepared(place: Place, options: ListOptions, notes: Notes) -> tuple[Projects, Lines]:
    """All that there is to know before a file is opened, and what people say."""
    gc.disable()  # all of it stays to the end: to look for what does not is an eighth of a run that opens nothing
    try:
        known = read_known(options.known)
        pool = read_pool(place, notes)
        names = {file.distribution.project for file in pool.listed.values()}
        paths = {file.entry.path for file in pool.files()} if options.facts is not None else ()
        people = read_from_people(options.facts, paths, names, notes)
        for file in pool.files():
            fill_in_known(file.package, known.packages, f'{file.entry.path}.metadata' in pool.sidecars)
            fill_in_from_people(file.package, people.packages)
        pool.prefer_known(known.packages)
        return Projects(pool, known, {file.entry.path for file in pool.files() if file.is_known}), people
    finally:
        gc.enable()


def make_list(place: Place, options: ListOptions) -> bytes:
    """The lines of a pool, as `packages.json` has them. Raises `Failure`."""
    notes = Notes(options.strict)
    projects, people = prepared(place, options, notes)
    pool = projects.pool
    reader = Reader(place, pool.sidecars, options.write_metadata, notes, options.jobs)
    files = list(pool.listed.values())
    with reader.progress:
        while True:
            tasks = {file.entry.path: file for file in files if must_be_read(file, pool, options.write_metadata)}
            sources = {file.entry.path: file for file in projects.settle()}
            tasks |= sources
            if not tasks:
                break
            dropped, said = reader.read_all(tasks.values(), sources)
            note_overwritten(place, tasks.values(), projects.known, notes)
            projects.said |= {path: said.get(path) for path in sources}
            files = projects.drop(dropped)
    note_rivals(place, pool, notes)
    notes.finish()
    return b''.join(line for name in sorted(projects.files) for line in project_lines(projects, name, people))


def note_overwritten(place: Place, read: Iterable[Listed], known: Lines, notes: Notes) -> None:
    """Installers that have locked the hash of a file refuse other bytes of this name."""
    hashes = {package.filename: package.hash for package in known.packages.values()}
    for file in read:
        was, now = hashes.get(file.package.filename), file.package.hash
        if was and now and was.startswith('sha256=') and was != now:
            notes.add(place.shown(file.entry.path), f'overwritten: it is no longer the file with {was}')


def note_rivals(place: Place, pool: Pool, notes: Notes) -> None:
    for first, *others in pool.rivals.values():
        for file in others:
            notes.add(place.shown(file.entry.path), f'left out: {place.shown(first.entry.path)} has the same name')


def must_be_read(file: Listed, pool: Pool, writes: bool) -> bool:
    """A known wheel too, when it is not known whether the sidecar is its own, or when that is to be written."""
    if not file.is_known or not file.is_wheel or file.package.exceeds_limits:
        return not file.is_known
    return file.package.core_metadata is None and (writes or f'{file.entry.path}.metadata' in pool.sidecars)


def project_lines(projects: Projects, name: str, people: Lines) -> Iterator[bytes]:
    """The project, then its files by name, as in `packages.json`; then, after each, the file of its provenance."""
    facts = people.facts.get(name) or Facts(name)
    for key, value in projects.settled[name].items():
        setattr(facts, key, value)
    if facts != Facts(name):
        yield encode(facts) + b'\n'
    for file in sorted(projects.files[name], key=lambda file: file.package.filename):
        yield encode(file.package) + b'\n'
        sidecar = projects.pool.sidecars.get(f'{file.entry.path}.provenance')
        if sidecar is not None:
            yield encode(Package(sidecar.path)) + b'\n'
