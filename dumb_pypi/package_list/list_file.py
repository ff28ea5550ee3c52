"""The list as a file: opens it, checks that it has not changed, and counts its lines."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator
from typing import IO, NamedTuple

from dumb_pypi.errors import Failure, attempt, shown
from dumb_pypi.package_list.file_names import identify

BLOCK = 2**20  # bytes that are read at once
_BYTE_ORDER_MARK = b'\xef\xbb\xbf'
_FIRST = 20  # lines that are looked at to tell the kind of the list


class ListOption(NamedTuple):
    """A list on the command line."""

    path: str  # or `-` for standard input
    is_json: bool


class ListFile(NamedTuple):
    """A list in a regular file."""

    path: str
    label: str  # its name in messages
    is_json: bool
    size: int  # bytes
    changed: int  # nanoseconds since 1970


def without_mark(line: bytes) -> bytes:
    """Return the first line of a list, stripped, without the byte-order mark of UTF-8."""
    return line.removeprefix(_BYTE_ORDER_MARK).strip()


def numbered_lines(file: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank, stripped, with their numbers, which begin at 1."""
    for number, raw in enumerate(file, 1):
        if line := without_mark(raw) if number == 1 else raw.strip():
            yield number, line


def read_list_file(option: ListOption, temporary: str) -> ListFile:
    """Return the list. A list from a pipe is copied to `temporary`. Raises `Failure`."""
    source, is_json = option
    label = '<stdin>' if source == '-' else shown(source)
    if source == '-' and sys.stdin is None:
        raise Failure(f'cannot read {label}: it is closed')
    with attempt('read', label), contextlib.ExitStack() as stack:
        file = sys.stdin.buffer if source == '-' else stack.enter_context(open(source, 'rb'))
        if source == '-' or not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            source = temporary
            with attempt('write', temporary), open(temporary, 'wb') as copy:
                shutil.copyfileobj(file, copy, BLOCK)
        found = os.stat(source)
    return ListFile(source, label, is_json, found.st_size, found.st_mtime_ns)


def check_kind(listed: ListFile, option: str) -> None:
    """Raise `Failure` if the first lines look like the other kind of list. `option` is the option for plain names."""
    with attempt('read', listed.label), open(listed.path, 'rb') as file:
        first = [without_mark(file.readline(BLOCK)) for _ in range(_FIRST)]
    lines = [line for line in first if line]
    if not listed.is_json and lines and all(map(_is_object, lines)):
        raise Failure(f'{listed.label}: these are JSON objects; use {option}-json')
    if listed.is_json and not any(line.startswith(b'{') for line in lines) and any(map(_is_distribution, lines)):
        raise Failure(f'{listed.label}: these are file names; use {option}')


def _is_object(line: bytes) -> bool:
    try:
        return line.startswith(b'{') and isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _is_distribution(line: bytes) -> bool:
    try:
        return bool(identify(line.decode().rpartition('/')[2], None, None))
    except ValueError:
        return False


def open_list(listed: ListFile) -> IO[bytes]:
    """Open the list. Raises `Failure`."""
    with attempt('read', listed.label):
        return open(listed.path, 'rb', buffering=0)  # unbuffered, because families are read in any order


def check_list_file(listed: ListFile) -> None:
    """Raise `Failure` if the list has changed since `read_list_file`."""
    with attempt('read', listed.label):
        found = os.stat(listed.path)
    if (found.st_size, found.st_mtime_ns) != (listed.size, listed.changed):
        raise Failure(f'{listed.label}: has changed while it was read')


def read_line_numbers(listed: ListFile, places: Iterable[int]) -> dict[int, int]:
    """Return the numbers of the lines that begin at these offsets. The first line has the number 1."""
    numbers, number, position = {}, 1, 0
    with attempt('read', listed.label), open(listed.path, 'rb') as file:
        for place in sorted(set(places)):
            while position < place:
                block = file.read(min(BLOCK, place - position))
                number += block.count(b'\n')
                position += len(block)
            numbers[place] = number
    return numbers
