"""`Site`, the output directory: what is in it, and who owns it.

A run writes changes beside the site (`staging.py`) and moves them at the end (`publish.py`), so a full disk or an error
in the last line of a list changes nothing. A run may be killed anywhere. No function follows a symbolic link below the
output directory.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Collection

from dumb_pypi.errors import Failure, attempt, cannot, shown
from dumb_pypi.pages.kinds import project_paths
from dumb_pypi.site.ownership import NOTHING, OWN

TEMPORARY = '.dumb-pypi.tmp'  # a fixed name, so that the next run can remove it after a kill
_READ = os.O_RDONLY | getattr(os, 'O_NOFOLLOW', 0) | getattr(os, 'O_NONBLOCK', 0) | getattr(os, 'O_BINARY', 0)


def read_file(path: str) -> bytes | None:
    """Return the content of a file; `None` if missing or not a regular file."""
    try:
        descriptor = os.open(path, _READ)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode):
            return None  # for example a link, or a device that does not exist
        raise cannot('read', path, error) from None
    with attempt('read', path), open(descriptor, 'rb') as file:
        return file.read() if stat.S_ISREG(os.fstat(descriptor).st_mode) else None


def read_names(path: str) -> list[str]:
    """Return the sorted names in a directory; an empty list if it is missing."""
    with attempt('read', path), contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return sorted(os.listdir(path))
    return []


def make_directory(path: str) -> None:
    """Make a directory and its parents, quickly if only the last one is missing."""
    try:
        os.mkdir(path)
    except FileExistsError:
        pass
    except FileNotFoundError:
        os.makedirs(path, exist_ok=True)


class Site:
    """The output directory. Paths are those of pages: relative and /-separated."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.temporary = os.path.join(directory, TEMPORARY)
        self.owned = NOTHING
        self.top = set(read_names(directory))
        self.known_directories: dict[str, bool] = {}  # whether a path is a directory that no link leads through

    def full(self, path: str) -> str:
        return os.path.join(self.directory, *path.split('/'))

    def is_directory(self, path: str) -> bool:
        """Return whether this is a directory, and neither it nor its parents are links."""
        if not path:
            return True
        known = self.known_directories.get(path)
        if known is None:
            known = path.partition('/')[0] in self.top and self.is_directory(path.rpartition('/')[0])
            with attempt('read', self.full(path)), contextlib.suppress(FileNotFoundError, NotADirectoryError):
                known = known and stat.S_ISDIR(os.lstat(self.full(path)).st_mode)
            self.known_directories[path] = known
        return known

    def is_file(self, path: str) -> bool:
        """Return whether this is a regular file, without a link on the way."""
        if not self.is_directory(path.rpartition('/')[0]):
            return False
        return os.path.isfile(self.full(path)) and not os.path.islink(self.full(path))

    def read_page(self, path: str) -> bytes | None:
        """Return the content of a page of this program; `None` if there is none."""
        if not self.owned.has(path) or not self.is_directory(path.rpartition('/')[0]):
            return None
        return read_file(self.full(path)) if path.partition('/')[0] in self.top else None

    def check_own(self) -> None:
        """Raise `Failure` if a link, a pipe or a device has a name that is reserved for the files of the program."""
        for name in sorted(self.top):
            if name.startswith(OWN):
                with attempt('read', self.full(name)):
                    mode = os.lstat(self.full(name)).st_mode
                if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                    raise Failure(f'{shown(self.full(name))}: not a regular file; move it away')

    def forget_directories(self) -> None:
        """Clear the cache of directories, which would grow with each project."""
        self.known_directories.clear()

    def has_page(self, path: str) -> bool:
        """Return whether a page of this program is at this path."""
        return self.owned.has(path) and self.is_file(path)

    def remove_page(self, path: str) -> None:
        """Remove a page of this program, if it exists, and its directories if they are empty afterwards."""
        if self.owned.has(path) and self.is_directory(path.rpartition('/')[0]):
            remove_file(self.full(path), self.directory)

    def read_names(self, path: str) -> list[str]:
        """Return the sorted names in a directory of the site."""
        return read_names(self.full(path)) if self.is_directory(path) else []

    def read_project_paths(self, name: str) -> list[str]:
        """Return the paths where pages of a project may be, in the order of removal."""
        return list(project_paths(name, self.read_names)) if name in self.owned.projects else []

    def read_owned_pages(self) -> list[str]:
        """Return the paths of all existing pages of this program."""
        paths = [*self.owned.pages, *(path for name in self.owned.projects for path in self.read_project_paths(name))]
        return [path for path in paths if self.has_page(path)]


def remove_file(path: str, top: str) -> None:
    """Remove a regular file, if it exists, and its directories below `top` if they are empty afterwards."""
    with attempt('remove', path), contextlib.suppress(FileNotFoundError, NotADirectoryError):
        if stat.S_ISREG(os.lstat(path).st_mode):
            os.unlink(path)
    with contextlib.suppress(OSError):  # not empty, or removed already
        while (path := os.path.dirname(path)) != top:
            os.rmdir(path)


def make_temporary(path: str) -> None:
    with attempt('write', path):
        os.mkdir(path)


def remove_temporary(directory: str) -> None:
    """Remove the temporary directory of this run or of a killed one."""
    path = os.path.join(directory, TEMPORARY)
    with attempt('remove', path), contextlib.suppress(FileNotFoundError):
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)


def remove_work(directory: str, but: Collection[str]) -> None:
    """Remove everything in the temporary directory, except these names."""
    path = os.path.join(directory, TEMPORARY)
    with attempt('remove', path):
        for name in set(read_names(path)).difference(but):
            each = os.path.join(path, name)
            shutil.rmtree(each) if os.path.isdir(each) else os.unlink(each)
