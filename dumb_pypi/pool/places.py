"""The interface that directories and buckets have in common."""

from __future__ import annotations

import contextlib
import datetime
import errno
from collections.abc import Iterator
from typing import IO, NamedTuple, Protocol

from dumb_pypi.errors import BadValue
from dumb_pypi.package_list.values import normal_time
from dumb_pypi.pool.notes import Notes

TEMPORARY = '.dumb-pypi-list.'  # prefix of the names of unfinished files
# A broken link, or a file that was removed during the run.
NOWHERE = (errno.ENOENT, errno.ELOOP, errno.ENOTDIR)
# Errors about a single path on a healthy system. Other errors end the run, except those of a link.
OF_ONE_PATH = (*NOWHERE, errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST)


class Place(Protocol):
    """A directory or a bucket. The arguments of the command say which part of it is the pool."""

    where: str  # identifies the place: equal for two spellings of its path
    below: list[str]  # the pools: directories with a slash at the end, '' for everything, and single files
    jobs: int  # how many files are read at once without `--jobs`
    small: int  # bytes: without `--jobs`, smaller files are read one after the other

    def shown(self, path: str) -> str:
        """Return a path as messages show it."""

    def read_entries(self, notes: Notes) -> Iterator[PoolFile]:
        """Yield all files except hidden ones, unordered."""

    def opened(self, entry: PoolFile) -> contextlib.AbstractContextManager[IO[bytes]]:
        """Open a regular file, which has a descriptor.

        Raises `Gone`, `Unreadable`, and `Failure` for errors that may be temporary. Errors of the system while the
        file is read are turned into these, too.
        """

    def read_unchanged(self, entry: PoolFile, file: IO[bytes]) -> bool:
        """Return whether an open file still is the one that was found."""

    def read_sidecar(self, sidecar: PoolFile, most: int) -> bytes:
        """Return the bytes of a sidecar; b'' if it cannot be read. Bytes after the first `most` may be missing."""

    def write_sidecar(self, path: str, data: bytes) -> None:
        """Write a sidecar atomically. Raises `Refused`."""


class PoolFile(NamedTuple):
    """A file of a pool; its path is relative to its place, with slashes."""

    place: Place
    path: str
    size: int  # bytes; 0 if it is not a regular file
    time: float | None  # seconds since 1970, as in a list; `None` if unknown or outside of its range

    @property
    def shown(self) -> str:
        return self.place.shown(self.path)


def usual_time(value: object) -> float | None:
    """Return a time in the normal form of a list; `None` if it has no such form."""
    if isinstance(value, datetime.datetime):
        value = (value if value.tzinfo else value.replace(tzinfo=datetime.timezone.utc)).timestamp()
    if not isinstance(value, (float, int, str)):  # a tuple takes half the time of a union
        return None
    try:
        return normal_time(value)
    except BadValue:
        return None
