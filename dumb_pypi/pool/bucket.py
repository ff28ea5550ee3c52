"""Objects in a bucket, through the driver that `fsspec` has for its store."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from typing import IO, Any

from dumb_pypi.errors import Failure, attempt, shown
from dumb_pypi.pool.notes import Gone, Notes, Refused, Unreadable
from dumb_pypi.pool.places import OF_ONE_PATH, TEMPORARY, PoolFile, usual_time

_JOBS = 16  # because a request spends most of its time waiting
_TIMES = ('LastModified', 'last_modified', 'mtime', 'updated', 'created')  # names of the same time in various drivers
_OF_ONE_OBJECT = (*OF_ONE_PATH, errno.EINVAL)  # EINVAL: the object needs a key of its owner (SSE-C)


@contextlib.contextmanager
def store_attempt(action: str, label: str) -> Iterator[None]:
    """Turn any exception of a driver into a `Failure`: the exceptions of drivers have no common base class."""
    try:
        yield
    except (Gone, Refused, Unreadable):
        raise
    except Exception as error:
        lines = str(error).splitlines() or [type(error).__name__]
        raise Failure(f'cannot {action} {label}: {lines[0]}') from None


class Bucket:
    """The objects of a bucket. Each is fetched once, to a temporary file, and read like a file of a directory."""

    def __init__(self, label: str, system: Any, root: str) -> None:
        self.system = system
        self.root = root
        self.below: list[str] = []
        self.label = self.where = label.rstrip('/')
        self.jobs = _JOBS
        self.small = 0

    def key(self, path: str) -> str:
        return f'{self.root.rstrip("/")}/{path}' if path else self.root

    def shown(self, path: str) -> str:
        return shown(f'{self.label}/{path}'.rstrip('/'))

    def read_entries(self, notes: Notes) -> Iterator[PoolFile]:
        with store_attempt('read', self.label):
            self.system.invalidate_cache()
        for below in self.below:
            with store_attempt('read', self.shown(below)):
                found = self.system.find(self.key(below).rstrip('/'), detail=True)
            if not found and below and not below.endswith('/'):
                raise Failure(f'cannot read {self.shown(below)}: no such object')
            for key, info in found.items():
                path = key.removeprefix(f'{self.root.rstrip("/")}/')  # not normalized: `a//b` and `a/b` are two objects
                if path and not any(part.startswith('.') for part in path.split('/')):
                    time = next((info[name] for name in _TIMES if info.get(name) is not None), None)
                    yield PoolFile(self, path, info.get('size') or 0, usual_time(time))

    @contextlib.contextmanager
    def opened(self, entry: PoolFile) -> Iterator[IO[bytes]]:
        with tempfile.TemporaryDirectory(prefix=TEMPORARY[1:]) as scratch:
            local = os.path.join(scratch, 'object')
            with store_attempt('read', self.shown(entry.path)):
                try:
                    self.system.get_file(self.key(entry.path), local)
                except FileNotFoundError:
                    raise Gone from None
                except OSError as error:
                    if is_of_one_object(error):
                        raise Unreadable('the store does not allow reading it') from None
                    raise
            with attempt('read', self.shown(entry.path)), open(local, 'rb') as file:
                yield file

    def read_unchanged(self, entry: PoolFile, file: IO[bytes]) -> bool:
        """Return whether the size is the listed one. That is enough, because a store shows only complete objects."""
        return os.fstat(file.fileno()).st_size == entry.size

    def read_sidecar(self, sidecar: PoolFile, most: int) -> bytes:
        if sidecar.size > most:
            return b''
        with store_attempt('read', self.shown(sidecar.path)):
            try:
                return bytes(self.system.cat_file(self.key(sidecar.path)))
            except OSError as error:
                if is_of_one_object(error):
                    return b''
                raise

    def write_sidecar(self, path: str, data: bytes) -> None:
        with store_attempt('write', self.shown(path)):
            try:
                self.system.pipe_file(self.key(path), data)
            except OSError as error:
                if is_of_one_object(error):
                    raise Refused('the store does not allow writing it') from None
                raise


def is_of_one_object(error: OSError) -> bool:
    """Return whether an error is about this object only. Some drivers do not set `errno`, so the class counts too."""
    return isinstance(error, FileNotFoundError | PermissionError) or error.errno in _OF_ONE_OBJECT
