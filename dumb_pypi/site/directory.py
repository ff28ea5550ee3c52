"""`Site`, the output directory: what is in it, and whose that is.

A run writes all that differs beside the site (`staging.py`), and moves it into place when nothing but the moving can
fail any more (`publish.py`): a list with an error in its last line, or a full disk, changes nothing. A run may be
killed anywhere. No function follows a symbolic link below the output directory.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Collection

from dumb_pypi.errors import Failure, refusal, refused, shown
from dumb_pypi.pages.paths import project_paths
from dumb_pypi.site.ownership import NOTHING, OWN

TEMPORARY = '.dumb-pypi.tmp'  # always the same name: what a killed run leaves here, the next run takes away
_READ = os.O_RDONLY | getattr(os, 'O_NOFOLLOW', 0) | getattr(os, 'O_NONBLOCK', 0) | getattr(os, 'O_BINARY', 0)


def read_file(path: str) -> bytes | None:
    """A regular file; `None` when there is none, but something else or nothing."""
    try:
        descriptor = os.open(path, _READ)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode):
            return None  # a link, a device that is not there, …
        raise refused('read', path, error) from None
    with refusal('read', path), open(descriptor, 'rb') as file:
        return file.read() if stat.S_ISREG(os.fstat(descriptor).st_mode) else None


def read_names(path: str) -> list[str]:
    """What a directory holds, sorted; nothing when there is none."""
    with refusal('read', path), contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return sorted(os.listdir(path))
    return []


def make_directory(path: str) -> None:
    """As `os.makedirs` does, but quick where only the last one is missing."""
    try:
        os.mkdir(path)
    except FileExistsError:
        pass
    except FileNotFoundError:
        os.makedirs(path, exist_ok=True)


class Site:
    """What is in the output directory. Paths are those of pages: relative and /-separated."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.temporary = os.path.join(directory, TEMPORARY)
        self.owned = NOTHING
        self.top = set(read_names(directory))
        self.known_directories: dict[str, bool] = {}  # whether these are directories, and no links

    def full(self, path: str) -> str:
        return os.path.join(self.directory, *path.split('/'))

    def is_directory(self, path: str) -> bool:
        """Whether this is a directory of the site's own: neither it nor what it lies in is a link."""
        if not path:
            return True
        known = self.known_directories.get(path)
        if known is None:
            known = path.partition('/')[0] in self.top and self.is_directory(path.rpartition('/')[0])
            with refusal('read', self.full(path)), contextlib.suppress(FileNotFoundError, NotADirectoryError):
                known = known and stat.S_ISDIR(os.lstat(self.full(path)).st_mode)
            self.known_directories[path] = known
        return known

    def is_file(self, path: str) -> bool:
        """Return whether a regular file is at this path, reached through no link."""
        if not self.is_directory(path.rpartition('/')[0]):
            return False
        return os.path.isfile(self.full(path)) and not os.path.islink(self.full(path))

    def read_page(self, path: str) -> bytes | None:
        """Return a page of this program."""
        if not self.owned.has(path) or not self.is_directory(path.rpartition('/')[0]):
            return None
        return read_file(self.full(path)) if path.partition('/')[0] in self.top else None

    def check_own(self) -> None:
        """Raises `Failure` where a link, a pipe or a device is in the place of what this program keeps."""
        for name in sorted(self.top):
            if name.startswith(OWN):
                with refusal('read', self.full(name)):
                    mode = os.lstat(self.full(name)).st_mode
                if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                    raise Failure(f'{shown(self.full(name))}: is no regular file; move it away')

    def forget_directories(self) -> None:
        """The next project has others."""
        self.known_directories.clear()

    def has_page(self, path: str) -> bool:
        """Return whether a page of this program is at this path."""
        return self.owned.has(path) and self.is_file(path)

    def remove_page(self, path: str) -> None:
        """Removes a page of this program, if it is here, and the directories that are empty then."""
        if self.owned.has(path) and self.is_directory(path.rpartition('/')[0]):
            remove_file(self.full(path), self.directory)

    def read_names(self, path: str) -> list[str]:
        """Return what a directory of the site holds, sorted."""
        return read_names(self.full(path)) if self.is_directory(path) else []

    def read_project_paths(self, name: str) -> list[str]:
        """Return where pages of a project may be, in the order of removal."""
        return list(project_paths(name, self.read_names)) if name in self.owned.projects else []

    def read_owned_pages(self) -> list[str]:
        """Return the paths of all pages of this program."""
        paths = [*self.owned.pages, *(path for name in self.owned.projects for path in self.read_project_paths(name))]
        return [path for path in paths if self.has_page(path)]


def remove_file(path: str, top: str) -> None:
    """Removes a regular file that may be gone already, and the directories below `top` that are empty then."""
    with refusal('remove', path), contextlib.suppress(FileNotFoundError, NotADirectoryError):
        if stat.S_ISREG(os.lstat(path).st_mode):
            os.unlink(path)
    with contextlib.suppress(OSError):  # not empty, or gone
        while (path := os.path.dirname(path)) != top:
            os.rmdir(path)


def make_temporary(path: str) -> None:
    with refusal('write', path):
        os.mkdir(path)


def remove_temporary(directory: str) -> None:
    """Removes what this run, or one that was killed, has staged in the output directory."""
    path = os.path.join(directory, TEMPORARY)
    with refusal('remove', path), contextlib.suppress(FileNotFoundError):
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)


def remove_work(directory: str, but: Collection[str]) -> None:
    """Removes all that this run has made beside the site, but for these names."""
    path = os.path.join(directory, TEMPORARY)
    with refusal('remove', path):
        for name in set(read_names(path)).difference(but):
            each = os.path.join(path, name)
            shutil.rmtree(each) if os.path.isdir(each) else os.unlink(each)
