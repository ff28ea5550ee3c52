"""The members of a tar archive, read one after the other within limits.

Only the parser for a single header block comes from `tarfile`. Its code for extended headers and sparse maps takes
quadratic time and memory, and some of its regular expressions backtrack practically forever.
"""

from __future__ import annotations

import re
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from typing import IO, NamedTuple

from dumb_pypi.pool.notes import BeyondLimits, TooSlow

MOST_MEMBERS = 100_000
MOST_EXTENDED = 2**20  # bytes of extended headers in an archive
MOST_STEPS = 2**20  # reads of a file: limits gzip, which reads names and padding byte by byte
MOST_SECONDS = 30  # of processor time for one file: reached only if the other limits are not enough
_BLOCK = 512  # bytes: an archive consists of such blocks
_END = bytes(_BLOCK)
_PART = 2**16  # bytes that are skipped at once
_PAX = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
_EXTENSIONS = (*_PAX, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
_LINKS = (tarfile.LNKTYPE, tarfile.SYMTYPE)
_WITHOUT_DATA = (*_LINKS, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE)
_RECORD = re.compile(rb'([0-9]{1,7}) ([^=]{1,100})=')  # `<length of the record> <key>=<value>\n`
_HAS_MAP, _GOES_ON = 482, 504  # offsets of the byte that says that a block of the sparse map follows


def too_many() -> BeyondLimits:
    return BeyondLimits(f'its metadata comes after more than {MOST_MEMBERS:,} members')


class Clock:
    """A time limit for reading one file. `check` raises when the run must end."""

    def __init__(self, check: Callable[[], None]) -> None:
        self.check = check
        self.end = time.thread_time() + MOST_SECONDS

    def tick(self) -> None:
        self.check()
        if time.thread_time() > self.end:
            raise TooSlow(f'reading it takes more than {MOST_SECONDS} seconds')


class Stream:
    """A file that is read from beginning to end. Raises `BeyondLimits` after `most` bytes."""

    def __init__(self, file: IO[bytes], most: int, clock: Clock) -> None:
        self.file = file
        self.most = self.left = most
        self.steps = 0
        self.clock = clock

    def read(self, size: int) -> bytes:
        """Return the next bytes: fewer than `size` only at the end."""
        self.clock.tick()
        self.left -= self.allowed(size)
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise BeyondLimits(f'reading it takes more than {MOST_STEPS:,} steps')
        return self.file.read(size)

    def read_all(self, size: int) -> bytes:
        data = self.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def skip(self, size: int) -> None:
        for start in range(0, self.allowed(size), _PART):
            self.read_all(min(_PART, size - start))

    def allowed(self, size: int) -> int:
        if size > self.left:
            raise BeyondLimits(f'its metadata comes after more than {self.most // 2**20:,} MiB of other data')
        return size


class Member(NamedTuple):
    name: str
    size: int  # bytes
    is_plain: bool  # a regular file, not sparse: its bytes are stored unchanged


class _Extended:
    """The extended headers of an archive, with what they say of the next member."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.left = MOST_EXTENDED
        self.headers = 0
        self.said: dict[bytes, bytes] = {}

    def read(self, size: int) -> bytes:
        self.left -= size
        if self.left < 0:
            raise BeyondLimits(f'it has more than {MOST_EXTENDED // 2**20} MiB of extended headers')
        return self.stream.read_all(_padded(size))[:size]

    def add(self, info: tarfile.TarInfo) -> None:
        self.headers += 1
        if self.headers > MOST_MEMBERS:
            raise too_many()
        data = self.read(info.size)
        if info.type in _PAX:
            self.said.update(_records(data))
        elif info.type == tarfile.GNUTYPE_LONGNAME:
            self.said[b'path'] = data.partition(b'\0')[0]

    def skip_map(self, header: bytes) -> None:
        """Skip the rest of the map of an old sparse file, which begins in the header."""
        goes_on = header[_HAS_MAP]
        while goes_on:
            goes_on = self.read(_BLOCK)[_GOES_ON]

    def take(self) -> Mapping[bytes, bytes]:
        said, self.said = self.said, {}
        return said


def read_members(stream: Stream) -> Iterator[Member]:
    """Yield the members. After reading the content of a member from the stream, do not ask for the next one."""
    extended = _Extended(stream)
    count, is_expected = 0, True
    while (info := _parse_header(block := stream.read(_BLOCK), is_expected)) is not None:
        if info.type in _EXTENSIONS:
            extended.add(info)
        else:
            count += 1
            if count > MOST_MEMBERS:
                raise too_many()
            if info.type == tarfile.GNUTYPE_SPARSE:
                extended.skip_map(block)
            member = _member(info, extended.take())
            yield member
            if info.type not in _WITHOUT_DATA:
                stream.skip(_padded(member.size))
        is_expected = bool(extended.said)


def _parse_header(block: bytes, is_expected: bool) -> tarfile.TarInfo | None:
    """Return a header; `None` at the end of the archive. Raises `TarError` if an expected header is missing."""
    if block == _END:
        return None
    try:
        info = tarfile.TarInfo.frombuf(block, 'utf-8', 'surrogateescape')
    except tarfile.HeaderError:
        if is_expected:
            raise
        return None
    if info.size < 0:
        raise tarfile.ReadError
    return info


def _member(info: tarfile.TarInfo, said: Mapping[bytes, bytes]) -> Member:
    name = said[b'path'].decode('utf-8', 'surrogateescape') if b'path' in said else info.name
    size = said.get(b'size', b'')
    is_sparse = info.type == tarfile.GNUTYPE_SPARSE or any(key.startswith(b'GNU.sparse.') for key in said)
    return Member(name, int(size[:20]) if size.isdigit() else info.size, info.isreg() and not is_sparse)


def _records(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of an extended header, up to the first invalid record."""
    start = 0
    while match := _RECORD.match(data, start):
        end = start + int(match[1])
        if end <= match.end():
            return
        yield match[2], data[match.end() : end - 1]
        start = end


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK
