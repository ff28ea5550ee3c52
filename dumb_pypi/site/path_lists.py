"""The path lists for a copying step: written paths and removed paths."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterable
from typing import NamedTuple

from dumb_pypi.errors import Failure, attempt, quoted, shown
from dumb_pypi.pages.kinds import kind_of
from dumb_pypi.site.syncing import sync_file


def paths_of(content: bytes, label: str) -> list[str]:
    """Return the lines of a path list. Raises `Failure` if the first line is not the path of a page."""
    try:
        lines = content.decode().splitlines()
    except UnicodeDecodeError:
        raise Failure(f'{label}: expected a list of paths in UTF-8') from None
    first = next(filter(None, lines), None)
    if first is not None and kind_of(first) is None:
        raise Failure(f'{label}: expected a list of paths of pages, got {quoted(first)}')
    return lines


class PathList:
    """A path list. Paths are added before the site changes, so a killed run loses none. `path` may be `None`."""

    def __init__(self, path: str | None, is_dry: bool = False) -> None:
        """Check the file. Raises `Failure` if it cannot be written or is not a path list. A dry run only reads it."""
        self.path = path if path is None else os.path.realpath(path)  # so that a link to a list stays a link
        self.waiting: list[str] = []  # from earlier runs, not yet copied
        if self.path is not None:
            label = shown(path or '')  # as typed
            with attempt('read', self.path):
                is_other = os.path.lexists(self.path) and not stat.S_ISREG(os.stat(self.path).st_mode)
            if is_other:
                raise Failure(f'{label}: expected a regular file')
            if not is_dry:
                self.write_paths([])
            elif not os.path.lexists(self.path):
                return
            with attempt('read', self.path), open(self.path, 'rb') as file:
                content = file.read()
            self.waiting = paths_of(content, label)
            if content and not content.endswith(b'\n') and not is_dry:
                self.write_paths([''])  # end a line that a killed run wrote only half of

    def write_paths(self, paths: Iterable[str]) -> None:
        if self.path is not None:
            with attempt('write', self.path), open(self.path, 'a', encoding='utf-8', newline='\n') as file:
                file.writelines(f'{path}\n' for path in paths)
                sync_file(file)

    def write_settled(self, belongs: Callable[[str], bool]) -> None:
        """Rewrite the list: only paths of pages for which `belongs` is true, each once, at its last position."""
        if self.path is None:
            return
        with attempt('read', self.path), open(self.path, encoding='utf-8') as file:
            old = file.read().splitlines()
        new = [path for path in dict.fromkeys(reversed(old)) if kind_of(path) is not None and belongs(path)][::-1]
        if new != old:
            with attempt('write', self.path):
                self._replace(self.path, ''.join(f'{path}\n' for path in new))

    def _replace(self, path: str, content: str) -> None:
        """Replace the list through a temporary file with a fixed name, which the next run reuses after a kill."""
        directory, name = os.path.split(path)
        temporary = os.path.join(directory, f'.dumb-pypi.{name}')
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        with open(temporary, 'x', encoding='utf-8', newline='\n') as file:
            file.write(content)
            sync_file(file)
        os.chmod(temporary, stat.S_IMODE(os.stat(path).st_mode))
        os.replace(temporary, path)


class PathLists(NamedTuple):
    changed: PathList
    removed: PathList
