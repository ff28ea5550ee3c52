"""Builds sites through the command line, and lists their files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dumb_pypi.main import main

PACKAGES_URL = '../../pool/'


def write_list(path: Path, lines: Iterable[Mapping[str, Any] | str]) -> Path:
    """Write a list. An object becomes one line of JSON; text stays unchanged."""
    texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(''.join(f'{text}\n' for text in texts).encode())
    return path


def build(directory: Path, lines: Iterable[Mapping[str, Any] | str], *options: str) -> int:
    """Build the site of a JSON list in `directory`, and return the exit status.

    Writes the list beside the directory, as `<name>.jsonl`. `options` come last, so they can override `--packages-url`.
    """
    packages = write_list(directory.with_name(f'{directory.name}.jsonl'), lines)
    arguments = ['--package-list-json', packages, '--output-dir', directory, '--packages-url', PACKAGES_URL]
    return main([*map(str, arguments), *options])


def built(directory: Path, lines: Iterable[Mapping[str, Any] | str], *options: str) -> None:
    """Build a site, which must succeed."""
    assert build(directory, lines, *options) == 0


def paths(directory: Path) -> list[str]:
    """Return the paths of all files below a directory, including hidden ones, /-separated and sorted."""
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob('*') if not path.is_dir())


def tree(directory: Path) -> dict[str, bytes]:
    return {path: (directory / path).read_bytes() for path in paths(directory)}


def mtimes(directory: Path) -> dict[str, int]:
    """Return the modification time of each file in nanoseconds, by path."""
    return {path: (directory / path).stat().st_mtime_ns for path in paths(directory)}
