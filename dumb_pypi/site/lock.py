"""One run at a time: the lock on an output directory."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from typing import IO

from dumb_pypi.errors import Failure, attempt, shown
from dumb_pypi.processes import undisturbed

LOCK = '.dumb-pypi.lock'

if sys.platform == 'win32':  # pragma: no cover (what is tested here is Linux)
    import msvcrt

    def lock_file(file: IO[bytes]) -> bool:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def lock_file(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _write_directory(directory: str) -> list[str]:
    """Make the output directory, if missing. Return the directories that were made, the deepest one first.

    Raises `Failure` if the path exists and is not a directory.
    """
    if os.path.isdir(directory):
        return []
    if os.path.lexists(directory):
        what = 'a broken link' if os.path.islink(directory) else 'a file, not a directory'
        raise Failure(f'--output-dir: {shown(directory)} is {what}')
    made, path = [], os.path.abspath(directory)
    while not os.path.lexists(path):
        made.append(path)
        path = os.path.dirname(path)
    with attempt('write', directory):
        os.makedirs(directory, exist_ok=True)
    return made


def _open_lock(directory: str) -> IO[bytes]:
    """Open and lock the lock file. Raises `Failure` if another run holds the lock."""
    path = os.path.join(directory, LOCK)
    flags = os.O_RDWR | os.O_CREAT | getattr(os, 'O_NOFOLLOW', 0) | getattr(os, 'O_NONBLOCK', 0)
    while True:
        if os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode):
            raise Failure(f'{shown(path)}: not a regular file; move it away')
        with attempt('write', path):
            file = os.fdopen(os.open(path, flags, 0o666), 'r+b', buffering=0)
        if not lock_file(file):
            holder = file.read().decode('ascii', 'replace')
            file.close()
            raise Failure(f'{shown(directory)}: in use by another run (pid {holder})')
        if os.path.exists(path) and os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
            return file
        file.close()  # another run removed the file between our open and our lock


def _release(directory: str, file: IO[bytes]) -> None:
    with undisturbed():
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(directory, LOCK))
        file.close()


def _remove_empty(directories: Iterable[str]) -> None:
    with contextlib.suppress(OSError):
        for directory in directories:
            os.rmdir(directory)


@contextlib.contextmanager
def locked(directory: str) -> Iterator[None]:
    """Hold the lock during the block. Raises `Failure` if another run holds it. A dead process holds no lock."""
    with contextlib.ExitStack() as stack:
        with undisturbed():
            stack.callback(_remove_empty, _write_directory(directory))
            file = _open_lock(directory)
            stack.callback(_release, directory, file)
            with attempt('write', os.path.join(directory, LOCK)):
                file.truncate(0)
                file.write(b'%d' % os.getpid())
        yield
