"""Reads the exact state of a site, including its directories, and copies sites by their path lists."""

from __future__ import annotations

import os
import posixpath
import shutil
import stat
import urllib.parse
from collections.abc import Iterable, Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

from testing.sites import build

RECORD = '.dumb-pypi.json'
OWN = '.dumb-pypi'
LOCK = '.dumb-pypi.lock'
PENDING = '.dumb-pypi.pending'
TEMPORARY = '.dumb-pypi.tmp'
LONG_AGO = 1_000_000_000_000_000_000  # nanoseconds since 1970

Entries = dict[str, bytes | None]


class State(NamedTuple):
    """A list and the options to build it with."""

    lines: Sequence[Mapping[str, Any]]
    options: Sequence[str] = ()

    def build(self, site: Path, *options: str) -> int:
        return build(site, self.lines, *self.options, *options)

    def build_anew(self, site: Path) -> Entries:
        """Build the site in a new directory, and return all its entries."""
        assert not site.exists()
        assert self.build(site) == 0
        return entries(site)


def entries(directory: Path) -> Entries:
    """Return the bytes of every file below a directory, and `None` for every directory."""
    found: Entries = {}
    for path, directories, files in os.walk(directory):
        below = Path(path).relative_to(directory)
        found |= {(below / name).as_posix(): None for name in directories}
        found |= {(below / name).as_posix(): (Path(path) / name).read_bytes() for name in files}
    return found


def everything(directory: Path) -> dict[str, bytes | str | None]:
    """Return the entries of a directory, including links with their targets and special files with their kind."""
    found: dict[str, bytes | str | None] = {}
    for path in sorted(directory.rglob('*')):
        mode = path.lstat().st_mode
        below = path.relative_to(directory).as_posix()
        if stat.S_ISLNK(mode):
            found[below] = f'a link to {os.readlink(path)}'
        elif stat.S_ISREG(mode):
            found[below] = path.read_bytes()
        else:
            found[below] = None if stat.S_ISDIR(mode) else 'neither file, directory nor link'
    return found


def without_own(found: Entries) -> Entries:
    """Return the entries without the files that the program keeps for its next run."""
    return {path: content for path, content in found.items() if not path.startswith(OWN)}


def without_leftovers(found: Entries) -> Entries:
    """Return the entries without the leftovers of a killed run: its lock, staged files, and pending note."""
    return {path: content for path, content in found.items() if path.split('/')[0] not in (LOCK, PENDING, TEMPORARY)}


def pages(site: Path) -> dict[str, bytes]:
    """Return the files of the site, sorted by path."""
    return dict(sorted(files(without_own(entries(site))).items()))


def files(found: Entries) -> dict[str, bytes]:
    return {path: content for path, content in found.items() if content is not None}


def backdate(directory: Path) -> None:
    """Make all files and directories old, so that later writes change their times even with a coarse clock."""
    for path in sorted(directory.rglob('*'), reverse=True):
        os.utime(path, ns=(LONG_AGO, LONG_AGO))


def touched(directory: Path) -> set[str]:
    """Return the files and directories that changed after `backdate`."""
    paths = directory.rglob('*')
    return {path.relative_to(directory).as_posix() for path in paths if path.stat().st_mtime_ns != LONG_AGO}


def read_paths(path_list: Path) -> list[str]:
    return path_list.read_text(encoding='utf-8').splitlines()


def copy(source: Path, target: Path, changed: Iterable[str], removed: Iterable[str]) -> None:
    """Copy the files in the path lists. Empty directories vanish, like in a bucket."""
    for path in changed:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / path, target / path)
    for path in removed:
        (target / path).unlink(missing_ok=True)
    for parent, _, _ in sorted(os.walk(target), reverse=True):
        if parent != str(target) and not os.listdir(parent):
            os.rmdir(parent)


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ('href', 'src') and value]


def dead_links(site: Path) -> list[tuple[str, str]]:
    """Return the links from pages of the site to missing pages, except those into `pool/`.

    Ignores the staged pages of a killed run.
    """
    dead = []
    for page in site.rglob('*.html'):
        if page.relative_to(site).parts[0] == TEMPORARY:
            continue
        parser = _Links()
        parser.feed(page.read_text(encoding='utf-8'))
        for link in parser.found:
            parts = urllib.parse.urlsplit(link)
            target = posixpath.normpath(posixpath.join(page.parent.relative_to(site).as_posix(), parts.path))
            if parts.path.endswith('/'):
                target = posixpath.join(target, 'index.html')
            if parts.path and not parts.scheme and not target.startswith('pool/') and not (site / target).is_file():
                dead.append((page.relative_to(site).as_posix(), link))
    return sorted(dead)
