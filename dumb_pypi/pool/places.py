"""The interface of the places where files are: directories and buckets."""

from __future__ import annotations

import contextlib
import datetime
import errno
from collections.abc import Iterator
from typing import IO, NamedTuple, Protocol

from dumb_pypi.errors import BadValue
from dumb_pypi.package_list.values import normal_time
from dumb_pypi.pool.notes import Notes

TEMPORARY = '.dumb-pypi-list.'  # what a name begins with until the file is whole
# A link that is broken, or a file that was removed meanwhile.
NOWHERE = (errno.ENOENT, errno.ELOOP, errno.ENOTDIR)
# What a system says of one path, however well it does: other errors of a file that is no link end the run.
OF_ONE_PATH = (*NOWHERE, errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST)


class Place(Protocol):
    """A directory or a bucket. The arguments of the command say which part of it is the pool."""

    where: str  # the same for the same place, whatever it is called
    below: list[str]  # paths of directories, each with a slash at its end, or '' for all; and of single files
    jobs: int  # how many files are read at once, unless somebody says
    small: int  # bytes: smaller files are read one after the other, unless somebody says

    def shown(self, path: str) -> str:
        """Return what messages call a file."""

    def read_entries(self, notes: Notes) -> Iterator[PoolFile]:
        """Yield all files but hidden ones, in no order."""

    def opened(self, entry: PoolFile) -> contextlib.AbstractContextManager[IO[bytes]]:
        """Open a regular file, with a descriptor. Raises `Gone`, `Unreadable`, and `Failure` for whatever may be over
        soon, also instead of what a system says while the file is read."""

    def read_unchanged(self, entry: PoolFile, file: IO[bytes]) -> bool:
        """Return whether an open file is still what is listed."""

    def read_sidecar(self, sidecar: PoolFile, most: int) -> bytes:
        """Return its bytes, of which there are no more than `most` if they are of use; none if it cannot be read."""

    def write_sidecar(self, path: str, data: bytes) -> None:
        """Write all of it or nothing, whatever happens meanwhile. Raises `Refused`."""


class PoolFile(NamedTuple):
    """A file of a pool; its path is relative to its place, with slashes."""

    place: Place
    path: str
    size: int  # bytes; 0 of what is no regular file
    time: float | None  # seconds since 1970, in the normal form of a list; `None` if that has none for it

    @property
    def shown(self) -> str:
        return self.place.shown(self.path)


def usual_time(value: object) -> float | None:
    """Return a time as a list has it."""
    if isinstance(value, datetime.datetime):
        value = (value if value.tzinfo else value.replace(tzinfo=datetime.timezone.utc)).timestamp()
    if not isinstance(value, (float, int, str)):  # half the time of a union, for each file
        return None
    try:
        return normal_time(value)
    except BadValue:
        return None
