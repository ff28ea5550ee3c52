"""Reads the core metadata of a distribution file: METADATA of a wheel, PKG-INFO of an sdist.

An uploaded file can contain anything, so archives are read within limits. Three exceptions say what is wrong:
`BeyondLimits` (the file exceeds a limit), `Unreadable` (it is broken) and `NoMetadata` (it has no usable metadata).
"""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from typing import IO, Any

from dumb_pypi.pool.notes import BeyondLimits, NoMetadata, Unreadable
from dumb_pypi.pool.tar_archives import MOST_MEMBERS, Clock, Stream, read_members, too_many

MOST_METADATA = 4 * 2**20  # bytes
MOST_PACKED = 2**63  # bytes: no limit, because only the unpacked bytes are limited
MOST_UNPACKED = 2**30  # bytes that may be unpacked before PKG-INFO is found
MOST_UNPACKED_SLOWLY = 2**28  # the same for bzip2 and xz
MOST_RATIO = 100  # unpacked bytes per packed byte: no real distribution has as many
MOST_DIRECTORY = 2**25  # bytes of the directory of a zip file: enough for 100,000 members with long names
_TOO_LONG = '{} is larger than 4 MiB'
# The exceptions of `zipfile` and `tarfile` for broken and for hostile files.
_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    ArithmeticError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,  # also NotImplementedError and RecursionError
    ValueError,
)
# `tarfile` does not decompress here: it would unpack 10 kB of bzip2 at once, which can be gigabytes.
_OPENERS: tuple[tuple[bytes, Callable[[Any], Any], int], ...] = (
    (b'\x1f\x8b', lambda file: gzip.GzipFile(fileobj=file), MOST_UNPACKED),
    (b'BZh', bz2.BZ2File, MOST_UNPACKED_SLOWLY),
    (b'\xfd7zXZ\0', lzma.LZMAFile, MOST_UNPACKED_SLOWLY),
    (b'', lambda file: file, MOST_UNPACKED),
)


def is_broken(error: BaseException) -> bool:
    """Return whether an error comes from the content of a file, not from the disk that it is on."""
    return not isinstance(error, OSError) or error.errno in (None, errno.EINVAL)


def has_metadata(filename: str, packagetype: str) -> bool:
    """Return whether this kind of file has metadata, and its archive can be opened here (`.tar.Z` cannot)."""
    return packagetype == 'bdist_wheel' or (packagetype == 'sdist' and not filename.lower().endswith('.z'))


def read_metadata(file: IO[bytes], filename: str, packagetype: str, check: Callable[[], None]) -> bytes:
    """Return METADATA or PKG-INFO of `file`, which must have a descriptor.

    Calls `check` often; it raises an exception to stop the reading. Raises `Unreadable` if the file is not an archive,
    `NoMetadata`, and `BeyondLimits`.
    """
    file.seek(0)
    if packagetype == 'bdist_wheel':
        return _read_zip(file, _find_in_wheel)
    if filename.lower().endswith('.zip'):
        return _read_zip(file, _find_in_sdist)
    return _read_tar(file, Clock(check))


class _Bounded(io.BufferedReader):
    """A zip file whose directory must not be too long, because `zipfile` reads all of it at once."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MOST_DIRECTORY:
            raise too_many()
        data = super().read(size)
        if data.count(b'PK\1\2') > MOST_MEMBERS:  # each entry of the directory begins with these bytes
            raise too_many()
        return data


def _read_zip(file: IO[bytes], find: Callable[[zipfile.ZipFile], zipfile.ZipInfo]) -> bytes:
    bounded = _Bounded(io.FileIO(file.fileno(), closefd=False))
    try:
        archive = zipfile.ZipFile(bounded)
    except _BROKEN as error:
        if is_broken(error):
            raise Unreadable('it is not a complete zip archive') from None
        raise
    info = find(archive)
    name = info.filename.rpartition('/')[2]
    # A few kilobytes can unpack to gigabytes if the compressed size has no limit, or with other compression methods.
    if max(info.file_size, info.compress_size) > MOST_METADATA:
        raise BeyondLimits(_TOO_LONG.format(f'its {name}'))
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise NoMetadata(f'its {name} is not compressed as installers expect it')
    try:
        with archive.open(info) as member:
            return member.read(MOST_METADATA)
    except _BROKEN as error:
        if is_broken(error):
            raise NoMetadata(f'its {name} cannot be unpacked') from None
        raise


def _find_in_wheel(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """Return the METADATA at the top. A wheel may contain others deeper down, for example that of setuptools."""
    paths = [info.filename.split('/', 2) for info in archive.infolist()]
    tops = {path[0] for path in paths if len(path) > 1 and path[0].endswith('.dist-info')}
    if len(tops) != 1:
        raise NoMetadata(f'it has {len(tops) or "no"} .dist-info directories at the top')
    [top] = tops
    return _only([info for info in archive.infolist() if info.filename == f'{top}/METADATA'], 'METADATA')


def _find_in_sdist(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    return _only([info for info in archive.infolist() if _is_pkg_info(info.filename)], 'PKG-INFO')


def _only(infos: list[zipfile.ZipInfo], name: str) -> zipfile.ZipInfo:
    if len(infos) != 1:  # installers disagree on which of two files they read
        raise NoMetadata(f'it has {len(infos) or "no"} {name}')
    return infos[0]


def _is_pkg_info(path: str) -> bool:
    parts = path.removeprefix('./').split('/')
    return len(parts) == 2 and parts[1] == 'PKG-INFO'


def _read_tar(file: IO[bytes], clock: Clock) -> bytes:
    """Return PKG-INFO, found by reading the archive as a stream. It is often the first or the last member."""
    start = file.read(6)
    file.seek(0)
    opener, most = next((opener, most) for magic, opener, most in _OPENERS if start.startswith(magic))
    try:
        stream = Stream(opener(Stream(file, MOST_PACKED, clock)), most, clock)
        for member in read_members(stream):
            if member.is_plain and _is_pkg_info(member.name):
                if member.size > MOST_METADATA:
                    raise BeyondLimits(_TOO_LONG.format('its PKG-INFO'))
                return stream.read_all(member.size)
    except _BROKEN as error:
        if not is_broken(error):
            raise
        if stream.most - stream.left > MOST_METADATA + MOST_RATIO * os.fstat(file.fileno()).st_size:
            # An unreadable file is opened again in each run. This one costs time, so list and remember it instead.
            raise BeyondLimits(f'it is broken after unpacking to more than {MOST_RATIO} times its size') from None
        raise Unreadable('it is not a complete tar archive') from None
    raise NoMetadata('it has no PKG-INFO')
