"""Where a pool is: a directory, or a bucket that `fsspec` has a driver for. Only these two touch what is in it."""

from __future__ import annotations

import contextlib
import datetime
import errno
import itertools
import os
import re
import stat
import tempfile
import time
from collections.abc import Iterator
from typing import IO, Any, NamedTuple, Protocol

from dumb_pypi.command_line import read_cores
from dumb_pypi.errors import BadValue, Failure, attempt, cannot, shortage, shown
from dumb_pypi.package_list.projects import SIDECARS
from dumb_pypi.package_list.values import normal_time
from dumb_pypi.pool.notes import Gone, Notes, Refused, Unreadable

_TEMPORARY = '.dumb-pypi-list.'  # what a name begins with until the file is whole
_LEFT_OVER = 3600  # seconds: by then nobody is writing it
_SMALL = 2**20  # there threads wait for each other more than they hash: two take half as long again as one
_BUCKET_JOBS = 16  # a request waits most of its time
_TIMES = ('LastModified', 'last_modified', 'mtime', 'updated', 'created')  # what drivers call the same thing
# A link that is broken, or a file that was removed meanwhile.
_NOWHERE = (errno.ENOENT, errno.ELOOP, errno.ENOTDIR)
# What a system says of one path, however well it does: other errors of a file that is no link end the run.
_OF_ONE_PATH = (*_NOWHERE, errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST)
_OF_ONE_OBJECT = (*_OF_ONE_PATH, errno.EINVAL)  # the last one when somebody has encrypted it with a key of his own
_numbers = itertools.count()


class PoolFile(NamedTuple):
    """A file of a pool; its path is relative to the pool, with slashes."""

    path: str
    size: int  # bytes; 0 of what is no regular file
    time: float | None  # seconds since 1970, in the normal form of a list; `None` when that has none for it


class Place(Protocol):
    label: str  # what messages call it
    jobs: int  # how many files are read at once, unless somebody says
    small: int  # bytes: smaller files are read one after the other, unless somebody says

    def shown(self, path: str) -> str:
        """What messages call a file."""

    def read_entries(self, notes: Notes) -> Iterator[PoolFile]:
        """All files but hidden ones, in no order."""

    def opened(self, entry: PoolFile) -> contextlib.AbstractContextManager[IO[bytes]]:
        """Open a regular file, with a descriptor. Raises `Gone`, `Unreadable`, and `Failure` for whatever may be over
        soon, also instead of what a system says while the file is read."""

    def read_unchanged(self, entry: PoolFile, file: IO[bytes]) -> bool:
        """Whether an open file is still what is listed."""

    def read_sidecar(self, sidecar: PoolFile, most: int) -> bytes:
        """Its bytes, of which there are no more than `most` if they are of use; none when it cannot be read."""

    def write_sidecar(self, path: str, data: bytes) -> None:
        """Write all of it or nothing, whatever happens meanwhile. Raises `Refused`."""


def open_place(address: str, writes: bool) -> Place:
    if '://' not in address:
        return Directory(address, writes)
    label = shown(re.sub('//[^/]*@', '//', address))  # without a password
    try:
        from fsspec.core import url_to_fs  # type: ignore[import-untyped]  # the extra `remote`
        from fsspec.registry import get_filesystem_class  # type: ignore[import-untyped]
    except ImportError:
        raise Failure(f"{label}: needs fsspec: pip install '.[remote]'") from None
    with store_attempt('open', label):
        system, root = url_to_fs(address)
    return Directory(root, writes) if isinstance(system, get_filesystem_class('file')) else Bucket(label, system, root)


@contextlib.contextmanager
def store_attempt(action: str, label: str) -> Iterator[None]:
    """Each driver has exceptions of its own, which have no class in common but this one; the lack of one is one."""
    try:
        yield
    except (Gone, Refused, Unreadable):
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

    def read_entries(self, notes: Notes) -> Iterator[PoolFile]:
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
                            yield PoolFile(path, 0, None)
                        else:
                            yield from self._read_entry(path, entry, notes)
            except OSError as error:
                if not below or error.errno not in _OF_ONE_PATH:
                    raise cannot('read', self.shown(below).rstrip('/'), error) from None
                self._note(below, error, notes)

    def _read_entry(self, path: str, entry: os.DirEntry[str], notes: Notes) -> Iterator[PoolFile]:
        try:
            found = entry.stat()
        except OSError as error:
            if not self._is_of_one_path(path, error):
                raise
            self._note(path, error, notes)
        else:
            if stat.S_ISREG(found.st_mode):
                yield PoolFile(path, found.st_size, usual_time(found.st_mtime_ns / 1e9))
            elif not stat.S_ISDIR(found.st_mode):
                yield PoolFile(path, 0, None)

    def _note(self, path: str, error: OSError, notes: Notes) -> None:
        if error.errno not in _NOWHERE:
            notes.add(self.shown(path), f'left out: {error.strerror}')

    def _is_of_one_path(self, path: str, error: OSError) -> bool:
        """Whether an error tells of this path alone: of a link nearly every error does, since it leads anywhere."""
        return shortage(error) is None and (error.errno in _OF_ONE_PATH or os.path.islink(self.full(path)))

    def _remove_left_over(self, entry: os.DirEntry[str]) -> None:
        """What a run that was killed had begun to write."""
        if self.writes and entry.name.startswith(_TEMPORARY):
            with contextlib.suppress(OSError):
                if entry.stat().st_mtime < time.time() - _LEFT_OVER:
                    os.remove(entry.path)

    @contextlib.contextmanager
    def opened(self, entry: PoolFile) -> Iterator[IO[bytes]]:
        try:
            with open_regular(self.full(entry.path)) as file:
                yield file
        except OSError as error:
            if error.errno in _NOWHERE:
                raise Gone from None
            if self._is_of_one_path(entry.path, error):
                raise Unreadable(str(error.strerror)) from None
            raise cannot('read', self.shown(entry.path), error) from None

    def read_unchanged(self, entry: PoolFile, file: IO[bytes]) -> bool:
        found = [os.fstat(file.fileno()), os.stat(self.full(entry.path))]
        return all((each.st_size, usual_time(each.st_mtime_ns / 1e9)) == entry[1:] for each in found)

    def read_sidecar(self, sidecar: PoolFile, most: int) -> bytes:
        try:
            with open_regular(self.full(sidecar.path)) as file:
                return file.read(most + 1)
        except Unreadable:
            return b''
        except OSError as error:
            if self._is_of_one_path(sidecar.path, error):
                return b''
            raise cannot('read', self.shown(sidecar.path), error) from None

    def write_sidecar(self, path: str, data: bytes) -> None:
        try:
            write_whole(self.full(path), data)
        except OSError as error:
            if error.errno in _OF_ONE_PATH:
                raise Refused(str(error.strerror)) from None
            raise cannot('write', self.shown(path), error) from None


def open_regular(path: str) -> IO[bytes]:
    """Open a file to read it. Raises `Unreadable` for anything but a regular file: some devices act when opened."""
    flags = os.O_RDONLY | getattr(os, 'O_NONBLOCK', 0) | getattr(os, 'O_NOCTTY', 0) | getattr(os, 'O_BINARY', 0)
    if stat.S_ISREG(os.stat(path).st_mode):
        file = open(path, 'rb', opener=lambda name, _: os.open(name, flags))
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):  # still: otherwise a FIFO would wait for who writes
            return file
        file.close()
    raise Unreadable('it is not a regular file')


def write_whole(path: str, data: bytes) -> None:
    temporary = os.path.join(os.path.dirname(path), f'{_TEMPORARY}{os.getpid()}.{next(_numbers)}')
    try:
        # Not `mkstemp`, whose files only their owner can read.
        file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, 'O_BINARY', 0), 0o666)
        with open(file, 'wb') as output:
            output.write(data)
        os.replace(temporary, path)
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

    def read_entries(self, notes: Notes) -> Iterator[PoolFile]:
        with store_attempt('read', self.label):
            self.system.invalidate_cache()
            found = self.system.find(self.root, detail=True)
        for key, info in found.items():
            path = key.removeprefix(self.key(''))  # `a//b` and `a/b` are two objects
            if path and not any(part.startswith('.') for part in path.split('/')):
                time = next((info[name] for name in _TIMES if info.get(name) is not None), None)
                yield PoolFile(path, info.get('size') or 0, usual_time(time))

    @contextlib.contextmanager
    def opened(self, entry: PoolFile) -> Iterator[IO[bytes]]:
        with tempfile.TemporaryDirectory(prefix=_TEMPORARY[1:]) as scratch:
            local = os.path.join(scratch, 'object')
            with store_attempt('read', self.shown(entry.path)):
                try:
                    self.system.get_file(self.key(entry.path), local)
                except FileNotFoundError:
                    raise Gone from None
                except OSError as error:
                    if is_of_one_object(error):
                        raise Unreadable('the store does not let it be read') from None
                    raise
            with attempt('read', self.shown(entry.path)), open(local, 'rb') as file:
                yield file

    def read_unchanged(self, entry: PoolFile, file: IO[bytes]) -> bool:
        """A store shows an object when it is whole; so it is another one if its size is not as listed."""
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
                    raise Refused('the store does not let it be written') from None
                raise


def is_of_one_object(error: OSError) -> bool:
    """Whether an error tells of this object alone. Not all drivers give the number of an error."""
    return isinstance(error, FileNotFoundError | PermissionError) or error.errno in _OF_ONE_OBJECT
