"""Reads the files of a pool in several threads: hashing and unpacking release the interpreter lock."""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import hashlib
import threading
from collections.abc import Callable, Collection, Iterable
from typing import IO, Any, NamedTuple

from dumb_pypi.package_list.values import MAX_NAME
from dumb_pypi.pages.words import readable_size
from dumb_pypi.pool.archives import has_metadata, read_metadata
from dumb_pypi.pool.files import Listed, Sidecars
from dumb_pypi.pool.metadata import Said, parse_metadata
from dumb_pypi.pool.notes import (
    BeyondLimits,
    Gone,
    Misnamed,
    NoMetadata,
    Notes,
    Refused,
    TooSlow,
    Unreadable,
)
from dumb_pypi.pool.places import Place
from dumb_pypi.progress import Progress

_BLOCK = 2**18  # bytes that are hashed at once


class _Content(NamedTuple):
    """What was read of a file."""

    digest: str | None  # `None` if the hash is already known
    metadata: bytes | None
    said: Said
    problem: NoMetadata | None  # why there is no metadata


_NOTHING = Said(None, None, None)
# Reported for sdists, too. Other problems are reported for wheels only: many old sdists have no metadata.
_REPORTED = (BeyondLimits, Misnamed)


class PoolProgress(Progress):
    """The progress of a run in files, bytes, and bytes per second."""

    def __init__(self) -> None:
        super().__init__('files')
        self.wanted = 0

    def words(self, count: int, size: int, seconds: float) -> str:
        speed = readable_size(int(size / seconds))
        return f'{count:,} of {self.wanted:,} {self.what}, {readable_size(size)}, {speed} per second'


class Reader:
    def __init__(
        self, places: Iterable[Place], sidecars: Sidecars, writes: bool, notes: Notes, jobs: int | None
    ) -> None:
        self.sidecars = sidecars
        self.writes = writes
        self.notes = notes
        self.jobs = jobs or max(place.jobs for place in places)
        self.has_jobs = jobs is not None
        self.progress = PoolProgress()
        self.stopped = threading.Event()

    def read_all(self, tasks: Collection[Listed], for_people: Collection[str]) -> tuple[set[str], dict[str, Any]]:
        """Read files, and complete their lines.

        Returns the paths of files that must be left out and, by path, what files in `for_people` say of their projects.
        Raises the exception of the first thread that fails.
        """
        # The largest first, so that no thread is still busy with a large one when the others have finished.
        ordered = sorted(tasks, key=lambda task: -task.entry.size)
        large = collections.deque(task for task in ordered if not self._is_small(task))
        small = collections.deque(task for task in ordered if self._is_small(task))
        alone = threading.Lock()  # held by the only thread that reads small files
        dropped: set[str] = set()
        facts: dict[str, Any] = {}

        def read_in_turn(waiting: collections.deque[Listed]) -> None:
            while not self.stopped.is_set():
                try:
                    task = waiting.popleft()
                except IndexError:
                    return
                said = self.read(task, task.entry.path in for_people)
                if said is None:
                    dropped.add(task.entry.path)
                elif said.facts is not None:
                    facts[task.entry.path] = said.facts
                self.progress.add(1)

        def work() -> None:
            try:
                read_in_turn(large)
                if alone.acquire(blocking=False):
                    read_in_turn(small)
            except BaseException:
                self.stopped.set()
                raise

        self.progress.wanted += len(tasks)
        self._work_in_threads(work, max(1, min(self.jobs, len(tasks))))
        return dropped, facts

    def _work_in_threads(self, work: Callable[[], None], jobs: int) -> None:
        with concurrent.futures.ThreadPoolExecutor(jobs) as executor:
            try:
                threads = []
                with contextlib.suppress(RuntimeError):  # no more threads can be started: the others do all the work
                    for _ in range(jobs):
                        threads.append(executor.submit(work))
                if not threads:
                    work()
                for done in threads:
                    done.result()
            except BaseException:  # also an interrupt: the threads stop soon
                self.stopped.set()
                raise

    def _is_small(self, task: Listed) -> bool:
        return not self.has_jobs and task.entry.size < task.entry.place.small

    def read(self, task: Listed, for_people: bool) -> Said | None:
        """Read a file, and complete its line. Return `None` if the file must be left out."""
        entry, name = task.entry, task.entry.shown
        try:
            with entry.place.opened(entry) as file:
                try:
                    content = self._read_content(task, file, for_people)
                except Unreadable:
                    if entry.place.read_unchanged(entry, file):
                        raise
                    return None  # it is still being written
                if not entry.place.read_unchanged(entry, file):
                    return None
        except Gone:
            return None
        except Unreadable as reason:
            self.notes.add(name, f'left out: {reason}')
            return None
        package, said, problem = task.package, content.said, content.problem
        if problem is not None and (task.is_wheel or isinstance(problem, _REPORTED)):
            self.notes.add(name, f'listed without metadata: {problem}')
        package.exceeds_limits = (isinstance(problem, BeyondLimits) and not isinstance(problem, TooSlow)) or None
        if content.digest is not None:
            package.hash = f'sha256={content.digest}'
            package.requires_python, package.requires_dist = said.requires_python, said.requires_dist
        if task.is_wheel and content.metadata is not None:
            package.core_metadata = self._settle_sidecar(task, content.metadata)
        return said

    def _read_content(self, task: Listed, file: IO[bytes], for_people: bool) -> _Content:
        """Read the metadata, then hash the file: it is not hashed if its metadata is a reason to leave it out."""
        filename, packagetype = task.package.filename, task.distribution.packagetype
        metadata, said, problem = None, _NOTHING, None
        if has_metadata(filename, packagetype):
            try:
                found = read_metadata(file, filename, packagetype, self._check)
                said = parse_metadata(found, task.distribution, for_people)
                metadata = found
            except NoMetadata as error:
                problem = error
        digest = None if task.is_known else self._read_digest(file, task.entry.size)
        return _Content(digest, metadata, said, problem)

    def _check(self) -> None:
        if self.stopped.is_set():
            raise Gone

    def _read_digest(self, file: IO[bytes], size: int) -> str:
        """Return the SHA-256, like `hashlib.file_digest` of Python 3.11. Reports progress, and stops on request."""
        file.seek(0)
        digest, block = hashlib.sha256(), memoryview(bytearray(min(_BLOCK, size + 1)))
        left = size
        while left >= 0 and (count := file.readinto(block)):  # type: ignore[attr-defined]  # buffered files have it
            self._check()
            digest.update(block[:count])
            self.progress.add(0, count)
            left -= count
        if left:  # it has grown or shrunk
            raise Gone
        return digest.hexdigest()

    def _settle_sidecar(self, task: Listed, metadata: bytes) -> str | None:
        """Return `core_metadata` of a wheel: the hash of its `.metadata` file (PEP 658), which may be written now."""
        place, path = task.entry.place, f'{task.entry.path}.metadata'
        sidecar = self.sidecars.get((place, path))
        if sidecar is None or place.read_sidecar(sidecar, len(metadata)) != metadata:
            if not self.writes:
                if sidecar is not None:
                    self.notes.add(place.shown(path), 'ignored: it is not the METADATA of the wheel')
                return None
            if len(path.rpartition('/')[2].encode()) > MAX_NAME:
                self.notes.add(place.shown(path), f'not written: its name has more than {MAX_NAME} bytes')
                return None
            try:
                place.write_sidecar(path, metadata)
            except Refused as reason:
                self.notes.add(place.shown(path), f'not written: {reason}')
                return None
        return f'sha256={hashlib.sha256(metadata).hexdigest()}'
