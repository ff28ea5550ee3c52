"""`Staging`: the files that a run writes beside the site and moves into it at the end."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from typing import Protocol

from dumb_pypi.errors import attempt, cannot
from dumb_pypi.pages.page import Page
from dumb_pypi.site.directory import Site, make_directory


class Earlier(Protocol):
    """The published pages, with which a run compares its own."""

    def has(self, page: Page) -> bool:
        """Return whether this page is already published with the same bytes."""

    def left(self, paths: Collection[str]) -> list[str]:
        """Return the paths of other pages that may be published, in the order of removal."""


class Staging:
    """A temporary directory. Its files have the paths that they will have in the site."""

    def __init__(self, site: Site, workspace: str) -> None:
        self.site = site
        self.workspace = workspace  # where processes write parts of shared files
        self.directory = os.path.join(workspace, 'site')
        self.made = ''  # the directory of the last file, which needs not be made again

    def full(self, path: str) -> str:
        return f'{self.directory}/{path}'

    def write(self, path: str, content: bytes) -> None:
        parent = path.rpartition('/')[0]
        try:
            if parent != self.made or not parent:
                make_directory(self.full(parent))
                self.made = parent
            with open(self.full(path), 'wb', buffering=0) as file:
                written = file.write(content)
                while written < len(content):  # one call writes at most 2 GB, and less on a nearly full disk
                    written += file.write(memoryview(content)[written:])
        except OSError as error:
            raise cannot('write', self.site.full(path), error) from None

    def write_pages(self, pages: Iterable[Page], earlier: Earlier) -> list[str]:
        """Write the pages that differ from the published ones. Return the paths of all pages."""
        paths = []
        for page in pages:
            paths.append(page.path)
            if not earlier.has(page):
                self.write(*page)
        return paths

    def read_names(self, path: str) -> list[str]:
        """Return the sorted names in a directory. Directories come first, because pages beside them link into them."""
        full = self.full(path)
        with attempt('read', full), os.scandir(full) as entries:
            return [name for _, name in sorted((not entry.is_dir(), entry.name) for entry in entries)]

    def read_paths(self, paths: Iterable[str]) -> Iterator[str]:
        """Yield the files at or below these paths, in the order in which they are moved."""
        for path in paths:
            if os.path.isdir(self.full(path)):
                yield from self.read_paths(f'{path}/{name}' for name in self.read_names(path))
            elif os.path.exists(self.full(path)):
                yield path
