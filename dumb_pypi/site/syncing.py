"""Syncs written files to the disk, so that they survive a power cut."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Sequence
from typing import IO, Any

from dumb_pypi.errors import attempt

FEW = 64  # for more paths, syncing everything is faster
_DIRECTORY = os.O_RDONLY | getattr(os, 'O_DIRECTORY', 0)


def sync_file(file: IO[Any]) -> None:
    file.flush()
    os.fsync(file.fileno())


def sync_path(path: str, flags: int = os.O_RDONLY | getattr(os, 'O_NOFOLLOW', 0)) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_directory(path: str) -> None:
    if hasattr(os, 'O_DIRECTORY'):  # pragma: no branch (what is tested here is Linux)
        sync_path(path, _DIRECTORY)


def sync_site(directory: str, paths: Sequence[str]) -> None:
    """Sync the file system after pages at these paths below `directory` were moved or removed. Raises `Failure`.

    Uses `syncfs` if the C library has it. Otherwise, syncs a few paths one by one, or everything.
    """
    with attempt('write', directory):
        if not _sync_file_system(directory) and hasattr(os, 'sync'):  # pragma: no branch (as above)
            if len(paths) > FEW:
                os.sync()
                return
            for path in sorted(set().union(*map(_path_and_directories, paths))):
                with contextlib.suppress(FileNotFoundError, NotADirectoryError):  # the path was removed
                    sync_path(os.path.join(directory, path))


def _sync_file_system(directory: str) -> bool:
    """Sync the file system of a directory. Return whether the system can do that. Raises `OSError`."""
    try:
        import ctypes  # imported here, because only runs with changes need it

        library = ctypes.CDLL(None, use_errno=True)
        syncfs = library.syncfs
    except (ImportError, OSError, TypeError, AttributeError):  # no ctypes; no such library (Windows); no such function
        return False
    descriptor = os.open(directory, _DIRECTORY)
    try:
        if syncfs(descriptor) == 0:
            return True
    finally:
        os.close(descriptor)
    number = ctypes.get_errno()
    if number == errno.ENOSYS:
        return False
    raise OSError(number, os.strerror(number))


def _path_and_directories(path: str) -> list[str]:
    """Return a path and the directories above it, up to the top, which is ''."""
    parts = path.split('/')
    return ['/'.join(parts[:length]) for length in range(len(parts) + 1)]
