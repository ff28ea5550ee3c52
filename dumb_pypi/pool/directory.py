"""The files in a directory: finds, reads and writes them."""

from __future__ import annotations

import contextlib
import itertools
import os
import stat
import time
from collections.abc import Iterator
from typing import IO

from dumb_pypi.command_line import read_cores
from dumb_pypi.errors import cannot, shortage, shown
from dumb_pypi.package_list.projects import SIDECARS
from dumb_pypi.pool.notes import Gone, Notes, Refused, Unreadable
from dumb_pypi.pool.places import NOWHERE, OF_ONE_PATH, TEMPORARY, PoolFile, usual_time

_LEFT_OVER = 3600  # seconds: nobody writes to an older temporary file
_SMALL = 2**20  # bytes: with smaller files, threads mostly wait for each other; two take 1.5 times as long as one
_numbers = itertools.count()


class Directory:
    def __init__(self, path: str, writes: bool) -> None:
        self.path = path
        self.where = os.path.realpath(path)
        self.below: list[str] = []
        self.writes = writes
        self.jobs = read_cores()
        self.small = _SMALL

    def full(self, path: str) -> str:
        return os.path.join(self.path, path)

    def shown(self, path: str) -> str:
        return shown(self.full(path))

    def read_entries(self, notes: Notes) -> Iterator[PoolFile]:
        """Yield files and links to files. Does not follow links to directories."""
        pending = [*self.below]
        while pending:
            below = pending.pop()
            try:
                if below and not below.endswith('/'):
                    yield self._stated(below, os.stat(self.full(below)))
                    continue
                with os.scandir(self.full(below)) as found:
                    for entry in found:
                        path = f'{below}{entry.name}'
                        if entry.name.startswith('.'):
                            self._remove_left_over(entry)
                        elif entry.is_dir(follow_symlinks=False):
                            pending.append(f'{path}/')
                        elif path.endswith(SIDECARS):
                            yield PoolFile(self, path, 0, None)
                        else:
                            yield from self._read_entry(path, entry, notes)
            except OSError as error:
                if below in self.below or error.errno not in OF_ONE_PATH:
                    raise cannot('read', self.full(below).rstrip('/'), error) from None
                self._note(below, error, notes)

    def _stated(self, path: str, found: os.stat_result) -> PoolFile:
        if stat.S_ISREG(found.st_mode):
            return PoolFile(self, path, found.st_size, usual_time(found.st_mtime_ns / 1e9))
        return PoolFile(self, path, 0, None)

    def _read_entry(self, path: str, entry: os.DirEntry[str], notes: Notes) -> Iterator[PoolFile]:
        try:
            found = entry.stat()
        except OSError as error:
            if not self._is_of_one_path(path, error):
                raise
            self._note(path, error, notes)
        else:
            if not stat.S_ISDIR(found.st_mode):
                yield self._stated(path, found)

    def _note(self, path: str, error: OSError, notes: Notes) -> None:
        if error.errno not in NOWHERE:
            notes.add(self.shown(path), f'left out: {error.strerror}')

    def _is_of_one_path(self, path: str, error: OSError) -> bool:
        """Return whether an error is about this path only, as nearly every error of a link, which may lead anywhere."""
        return shortage(error) is None and (error.errno in OF_ONE_PATH or os.path.islink(self.full(path)))

    def _remove_left_over(self, entry: os.DirEntry[str]) -> None:
        """Remove a temporary file that a killed run left behind."""
        if self.writes and entry.name.startswith(TEMPORARY):
            with contextlib.suppress(OSError):
                if entry.stat().st_mtime < time.time() - _LEFT_OVER:
                    os.remove(entry.path)

    @contextlib.contextmanager
    def opened(self, entry: PoolFile) -> Iterator[IO[bytes]]:
        try:
            with open_regular(self.full(entry.path)) as file:
                yield file
        except OSError as error:
            if error.errno in NOWHERE:
                raise Gone from None
            if self._is_of_one_path(entry.path, error):
                raise Unreadable(str(error.strerror)) from None
            raise cannot('read', self.full(entry.path), error) from None

    def read_unchanged(self, entry: PoolFile, file: IO[bytes]) -> bool:
        found = [os.fstat(file.fileno()), os.stat(self.full(entry.path))]
        return all((each.st_size, usual_time(each.st_mtime_ns / 1e9)) == (entry.size, entry.time) for each in found)

    def read_sidecar(self, sidecar: PoolFile, most: int) -> bytes:
        try:
            with open_regular(self.full(sidecar.path)) as file:
                return file.read(most + 1)
        except Unreadable:
            return b''
        except OSError as error:
            if self._is_of_one_path(sidecar.path, error):
                return b''
            raise cannot('read', self.full(sidecar.path), error) from None

    def write_sidecar(self, path: str, data: bytes) -> None:
        try:
            write_whole(self.full(path), data)
        except OSError as error:
            if error.errno in OF_ONE_PATH:
                raise Refused(str(error.strerror)) from None
            raise cannot('write', self.full(path), error) from None


def open_regular(path: str) -> IO[bytes]:
    """Open a file to read it. Raises `Unreadable` for anything but a regular file: some devices act when opened."""
    flags = os.O_RDONLY | getattr(os, 'O_NONBLOCK', 0) | getattr(os, 'O_NOCTTY', 0) | getattr(os, 'O_BINARY', 0)
    if stat.S_ISREG(os.stat(path).st_mode):
        file = open(path, 'rb', opener=lambda name, _: os.open(name, flags))
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):  # checked again, because it may have been replaced by a FIFO
            return file
        file.close()
    raise Unreadable('it is not a regular file')


def write_whole(path: str, data: bytes) -> None:
    temporary = os.path.join(os.path.dirname(path), f'{TEMPORARY}{os.getpid()}.{next(_numbers)}')
    try:
        # Without `mkstemp`, because only the owner could read its files.
        file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, 'O_BINARY', 0), 0o666)
        with open(file, 'wb') as output:
            output.write(data)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.remove(temporary)
        raise
