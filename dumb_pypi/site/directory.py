"""`Site`, the output directory: what lies in it, what is staged to be moved there, and what is removed from it.

A run writes all that differs beside the site, into `TEMPORARY`, and moves it into place when nothing can go wrong any
more but the moving: a list with an error in its last line, or a full disk, changes nothing. One function writes files,
one moves them and one removes them; a run may be killed between any two lines of them. None follows a symbolic link
below the output directory.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from dumb_pypi.errors import Failure, refusal, refused, shown
from dumb_pypi.pages.page import Page
from dumb_pypi.pages.paths import project_paths
from dumb_pypi.site.ownership import NOTHING, OWN
from dumb_pypi.site.path_lists import PathList

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


class Elsewhere(NamedTuple):
    """The site that is elsewhere: its pages, made once more in this directory, as far as they may differ."""

    directory: str
    is_known: bool  # whether the pages there are known to be these; else all are needed
    waiting: Collection[str]  # paths of which that is unknown: a copying step has them before it, or broke off


class Site:
    """What lies in the output directory, and what is about to. Paths are those of pages: relative and /-separated."""

    def __init__(self, directory: str, changed: PathList, removed: PathList) -> None:
        self.directory = directory
        self.temporary = os.path.join(directory, TEMPORARY)
        self.staged = os.path.join(self.temporary, 'site')
        self.changed = changed
        self.removed = removed
        self.owned = NOTHING
        self.top = set(read_names(directory))
        self.elsewhere: Elsewhere | None = None
        self.lacking: list[str] = []
        self.known_directories: dict[str, bool] = {}  # whether these are directories, and no links
        self.made_directories: set[str] = set()  # below `staged`

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
        """A page of this program as it is now, before the staged ones are moved in."""
        if not self.owned.has(path) or not self.is_directory(path.rpartition('/')[0]):
            return None
        return read_file(self.full(path)) if path.partition('/')[0] in self.top else None

    def read_names(self, path: str) -> list[str]:
        """What a directory of the site holds, sorted; elsewhere too."""
        names = set(read_names(self.full(path)) if self.is_directory(path) else ())
        if self.elsewhere is not None:
            names.update(read_names(os.path.join(self.elsewhere.directory, path)))
        return sorted(names)

    def write_staged(self, path: str, content: bytes) -> None:
        """Writes a file that is to be moved to `path`."""
        staged, parent = f'{self.staged}/{path}', path.rpartition('/')[0]
        try:
            if parent not in self.made_directories:
                make_directory(f'{self.staged}/{parent}')
                self.made_directories.add(parent)
            with open(staged, 'wb', buffering=0) as file:
                written = file.write(content)
                while written < len(content):  # a system writes 2 GB at once at the most, and less on a full disk
                    written += file.write(memoryview(content)[written:])
        except OSError as error:
            raise refused('write', self.full(path), error) from None

    def write_page(self, page: Page) -> None:
        """Stages a page, unless it is published with these bytes already."""
        path, content = page
        here = self.read_page(path)
        if self.is_needed(path, here is not None, here == content, lambda there: read_file(there) == content):
            self.write_staged(path, content)

    def is_needed(self, path: str, is_here: bool, is_same: bool, is_same_as: Callable[[str], bool]) -> bool:
        """Whether a page must be written here: not when it is here already, nor when it is elsewhere."""
        there = self.elsewhere
        if there is None:
            return not is_same
        lacks = not there.is_known or path in there.waiting or not is_same_as(os.path.join(there.directory, path))
        if lacks and is_same:
            self.lacking.append(path)
        return not is_same and (is_here or lacks)

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
        self.made_directories.clear()

    def take_lacking(self) -> list[str]:
        """Paths of pages that are right here, and not elsewhere: those that no earlier call has told."""
        lacking, self.lacking = self.lacking, []
        return lacking

    def read_staged_paths(self, path: str) -> list[str]:
        """The staged files below a directory, or the file itself, in the order in which they are moved."""
        top = os.path.join(self.staged, path)
        if not os.path.isdir(top):
            return [path] if os.path.exists(top) else []
        return [found for name in read_names(top) for found in self.read_staged_paths(f'{path}/{name}')]

    def obstacles(self, path: str) -> Iterator[str]:
        """Paths below this one that staged pages need, and at which something lies that is not this program's."""
        with refusal('read', self.full(path)):
            try:
                mode = os.lstat(self.full(path)).st_mode
            except (FileNotFoundError, NotADirectoryError):
                return
        staged = f'{self.staged}/{path}'
        if not os.path.isdir(staged):
            if not stat.S_ISREG(mode) or not self.owned.has(path):
                yield path
        elif stat.S_ISDIR(mode):
            for name in read_names(staged):
                yield from self.obstacles(f'{path}/{name}')
        else:
            yield path

    def check_obstacles(self) -> None:
        """Raises `Failure` when a page would take the place of what this program has not published."""
        found = [path for name in read_names(self.staged) for path in self.obstacles(name)]
        if found:
            more = f' (and {len(found) - 1} more)' if len(found) > 1 else ''
            raise Failure(
                f'{shown(self.full(found[0]))}: not written by this program, and in the way of a page{more}; '
                'move it away, or build in an empty directory and swap'
            )

    def write_into_place(self, path: str) -> None:
        """Moves what is staged at `path`: a directory as a whole where there is none yet."""
        staged, target = f'{self.staged}/{path}', self.full(path)
        if not os.path.exists(staged):
            return
        if os.path.isdir(target) and os.path.isdir(staged):
            for name in read_names(staged):
                self.write_into_place(f'{path}/{name}')
            return
        try:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.replace(staged, target)
        except OSError as error:
            raise refused('write', self.full(self.read_staged_paths(path)[0]), error) from None

    def has_page(self, path: str) -> bool:
        """Whether a page of this program is at this path, here or elsewhere."""
        there = self.elsewhere
        if there is not None and (path in there.waiting or os.path.isfile(os.path.join(there.directory, path))):
            return True
        return self.owned.has(path) and self.is_file(path)

    def remove_page(self, path: str) -> None:
        """Removes a page of this program, if it is here, and the directories that are empty then."""
        if self.owned.has(path) and self.is_directory(path.rpartition('/')[0]):
            remove_file(self.full(path), self.directory)

    def write_path_lists(self) -> None:
        """Settles the lists for the copying step."""
        self.changed.write_settled(lambda path: os.path.exists(self.full(path)))
        self.removed.write_settled(lambda path: not os.path.exists(self.full(path)))

    def is_staged(self, path: str) -> bool:
        return os.path.exists(f'{self.staged}/{path}')

    def may_have(self, project: str) -> bool:
        """Whether there may be pages of a project, here or elsewhere."""
        return project in self.owned.projects or self.elsewhere is not None

    def read_project_paths(self, name: str) -> list[str]:
        """Return where pages of a project may be, here and elsewhere, in the order of removal."""
        return list(project_paths(name, self.read_names))


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
