"""Where a pool is: a directory, or a bucket that `fsspec` has a driver for. Only these two touch what is in it."""

from __future__ import annotations

import contextlib
import datetime
import errno
import itertools
import os
import re
import tempfile
import time
from collections.abc import Iterator
from typing import IO, Any, NamedTuple, Protocol

from dumb_pypi.command_line import read_cores
from dumb_pypi.errors import BadValue, Failure, refusal, refused, shown
from dumb_pypi.package_list.projects import SIDECARS
from dumb_pypi.package_list.values import normal_time
from dumb_pypi.pool.notes import Gone, Notes, Unreadable

_TEMPORARY = '.dumb-pypi-list.'  # what a name begins with until the file is whole
_LEFT_OVER = 3600  # seconds: by then nobody is writing it
_SMALL = 2**20  # there threads wait for each other more than they hash: two take half as long again as one
_BUCKET_JOBS = 16  # a request waits most of its time
_TIMES = ('LastModified', 'last_modified', 'mtime', 'updated', 'created')  # what drivers call the same thing
_NOWHERE = (
    errno.ENOENT,
    errno.ELOOP,
    errno.ENOTDIR,
)  # where a link leads that is broken, or what was removed meanwhile
_numbers = itertools.count()


class Entry(NamedTuple):
    """A file of a pool; its path is relative to the pool, with slashes."""

    path: str
    size: int
    time: float | None  # seconds since 1970, in the normal form of a list; `None` when that has none for it


class Place(Protocol):
    label: str  # what messages call it
    jobs: int  # how many files are read at once, unless somebody says
    small: int  # bytes: smaller files are read one after the other, unless somebody says

    def shown(self, path: str) -> str:
        """What messages call a file."""

    def read_entries(self, notes: Notes) -> Iterator[Entry]:
        """All files but hidden ones, in no order."""

    def opened(self, entry: Entry) -> contextlib.AbstractContextManager[IO[bytes]]:
        """The file, with a descriptor. Raises `Gone`, `Unreadable`, and `Failure` for whatever may be over soon."""

    def read_unchanged(self, entry: Entry, file: IO[bytes]) -> bool:
        """Whether an open file is still what is listed."""

    def read_sidecar(self, sidecar: Entry, most: int) -> bytes:
        """Its bytes, of which there are no more than `most` if they are of use; none when it cannot be read."""

    def write_sidecar(self, path: str, data: bytes) -> None:
        """All of it or nothing, whatever happens meanwhile."""


def open_place(address: str, writes: bool) -> Place:
    if '://' not in address:
        return Directory(address, writes)
    label = re.sub('//[^/]*@', '//', address)  # without a password
    try:
        from fsspec.core import url_to_fs  # type: ignore[import-untyped]  # the extra `remote`
        from fsspec.registry import get_filesystem_class  # type: ignore[import-untyped]
    except ImportError:
        raise Failure(f"{label}: needs fsspec: pip install '.[remote]'") from None
    with store_refusal('open', label):
        system, root = url_to_fs(address)
    return Directory(root, writes) if isinstance(system, get_filesystem_class('file')) else Bucket(label, system, root)


@contextlib.contextmanager
def store_refusal(action: str, label: str) -> Iterator[None]:
    """Each driver has exceptions of its own, which have no class in common but this one; the lack of one is one."""
    try:
        yield
    except (Gone, Unreadable):
        raise
    except Exception as error:
        lines = str(error).splitlines() or [type(error).__name__]
        raise Failure(f'cannot {action} {label}: {lines[0]}') from None


def usual_time(value: object) -> float | None:
    """As a list has it."""
    if isinstance(value, datetime.datetime):
        value = (value if value.tzinfo else value.replace(tzinfo=datetime.timezone.utc)).timestamp()
    if not isinstance(value, (float, int, str)):  # half the time of a union, for each file
        return None
    try:
        return normal_time(value)
    except BadValue:
        return None


class Directory:
    def __init__(self, path: str, writes: bool) -> None:
        self.path = path
        self.writes = writes
        self.label = path.rstrip('/') or path
        self.jobs = read_cores()
        self.small = _SMALL

    def full(self, path: str) -> str:
        return os.path.join(self.path, path)

    def shown(self, path: str) -> str:
        return shown(f'{self.label}/{path}')

    def read_entries(self, notes: Notes) -> Iterator[Entry]:
        """Links to files are followed, links to directories are not."""
        pending = ['']
        while pending:
            below = pending.pop()
            try:
                with os.scandir(self.full(below)) as found:
                    for entry in found:
                        path = f'{below}{entry.name}'
                        if entry.name.startswith('.'):
                            self._remove_left_over(entry)
                        elif entry.is_dir(follow_symlinks=False):
                            pending.append(f'{path}/')
                        elif path.endswith(SIDECARS):
                            yield Entry(path, 0, None)
                        else:
                            yield from self._read_entry(path, entry, notes)
            except OSError as error:
                if not below or not isinstance(error, FileNotFoundError | PermissionError):
                    raise refused('read', self.shown(below).rstrip('/'), error) from None
                if isinstance(error, PermissionError):
                    notes.add(self.shown(below), f'left out: {error.strerror}')

    def _read_entry(self, path: str, entry: os.DirEntry[str], notes: Notes) -> Iterator[Entry]:
        try:
            if entry.is_file():
                found = entry.stat()
                yield Entry(path, found.st_size, usual_time(found.st_mtime_ns / 1e9))
        except OSError as error:
            if error.errno not in _NOWHERE:
                if not isinstance(error, PermissionError):
                    raise
                notes.add(self.shown(path), f'left out: {error.strerror}')

    def _remove_left_over(self, entry: os.DirEntry[str]) -> None:
        """What a run that was killed had begun to write."""
        if self.writes and entry.name.startswith(_TEMPORARY):
            with contextlib.suppress(OSError):
                if entry.stat().st_mtime < time.time() - _LEFT_OVER:
                    os.remove(entry.path)

    @contextlib.contextmanager
    def opened(self, entry: Entry) -> Iterator[IO[bytes]]:
        try:
            file = open(self.full(entry.path), 'rb')
        except FileNotFoundError:
            raise Gone from None
        except PermissionError as error:
            raise Unreadable(str(error.strerror)) from None
        except OSError as error:
            raise refused('read', self.shown(entry.path), error) from None
        with file:
            yield file

    def read_unchanged(self, entry: Entry, file: IO[bytes]) -> bool:
        try:
            found = [os.fstat(file.fileno()), os.stat(self.full(entry.path))]
        except FileNotFoundError:
            return False
        return all((each.st_size, usual_time(each.st_mtime_ns / 1e9)) == entry[1:] for each in found)

    def read_sidecar(self, sidecar: Entry, most: int) -> bytes:
        with refusal('read', self.shown(sidecar.path)):
            try:
                with open(self.full(sidecar.path), 'rb') as file:
                    return file.read(most + 1)
            except (FileNotFoundError, PermissionError):
                return b''

    def write_sidecar(self, path: str, data: bytes) -> None:
        directory = os.path.dirname(self.full(path))
        temporary = os.path.join(directory, f'{_TEMPORARY}{os.getpid()}.{next(_numbers)}')
        with refusal('write', self.shown(path)):
            try:
                # Not `mkstemp`, whose files only their owner can read.
                file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, 'O_BINARY', 0), 0o666)
                with open(file, 'wb') as output:
                    output.write(data)
                os.replace(temporary, self.full(path))
            except BaseException:
                with contextlib.suppress(OSError):
                    os.remove(temporary)
                raise


class Bucket:
    """Objects, of which each is fetched once, to a file of its own: what follows is the same as in a directory."""

    def __init__(self, label: str, system: Any, root: str) -> None:
        self.system = system
        self.root = root
        self.label = label.rstrip('/')
        self.jobs = _BUCKET_JOBS
        self.small = 0

    def key(self, path: str) -> str:
        return f'{self.root.rstrip("/")}/{path}'

    def shown(self, path: str) -> str:
        return shown(f'{self.label}/{path}')

    def read_entries(self, notes: Notes) -> Iterator[Entry]:
        with store_refusal('read', self.label):
            self.system.invalidate_cache()
            found = self.system.find(self.root, detail=True)
        for key, info in found.items():
            path = key.removeprefix(self.root).lstrip('/')
            if not any(part.startswith('.') for part in path.split('/')):
                time = next((info[name] for name in _TIMES if info.get(name) is not None), None)
                yield Entry(path, info.get('size') or 0, usual_time(time))

    @contextlib.contextmanager
    def opened(self, entry: Entry) -> Iterator[IO[bytes]]:
        with tempfile.TemporaryDirectory(prefix=_TEMPORARY[1:]) as scratch:
            local = os.path.join(scratch, 'object')
            with store_refusal('read', self.shown(entry.path)):
                try:
                    self.system.get_file(self.key(entry.path), local)
                except FileNotFoundError:
                    raise Gone from None
                except PermissionError:
                    raise Unreadable('the store does not let it be read') from None
            with open(local, 'rb') as file:
                yield file

    def read_unchanged(self, entry: Entry, file: IO[bytes]) -> bool:
        """A store shows an object when it is whole; so it is another one if its size is not as listed."""
        return os.fstat(file.fileno()).st_size == entry.size

    def read_sidecar(self, sidecar: Entry, most: int) -> bytes:
        if sidecar.size > most:
            return b''
        with store_refusal('read', self.shown(sidecar.path)):
            try:
                return bytes(self.system.cat_file(self.key(sidecar.path)))
            except (FileNotFoundError, PermissionError):
                return b''

    def write_sidecar(self, path: str, data: bytes) -> None:
        with store_refusal('write', self.shown(path)):
            self.system.pipe_file(self.key(path), data)
