"""Reads the core metadata out of a distribution file: METADATA of a wheel, PKG-INFO of an sdist.

Whoever may upload may upload anything, so nothing here takes more memory than `MOST_MEMBERS` members do.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from typing import IO, Any

from dumb_pypi.pool.notes import NoMetadata, Unreadable

MOST_METADATA = 10 * 2**20  # bytes
MOST_MEMBERS = 1_000_000
MOST_UNPACKED = 2**32  # bytes that are unpacked on the way to PKG-INFO
_LEAST_ENTRY = 46  # bytes that a zip file has of a member in its directory
_TOO_MANY = f'its metadata is behind more than {MOST_MEMBERS:,} members'
# What `zipfile` and `tarfile` raise for broken and for hostile files, beside their own exceptions.
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
    RuntimeError,  # NotImplementedError and RecursionError too
    ValueError,
)
_OPENERS: tuple[tuple[bytes, Callable[[Any], Any]], ...] = (
    (b'\x1f\x8b', lambda file: gzip.GzipFile(fileobj=file)),
    (b'BZh', bz2.BZ2File),
    (b'\xfd7zXZ\0', lzma.LZMAFile),
)
# Extensions of number and long name: tarfile reads them whole, before it tells of the member that they belong to.
_EXTENSIONS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


def is_broken(error: BaseException) -> bool:
    """Whether it tells of the bytes, and not of the disk that they are on."""
    return not isinstance(error, OSError) or error.errno in (None, errno.EINVAL)


def has_metadata(filename: str, packagetype: str) -> bool:
    """Whether it is a kind of file that has it, in an archive that can be opened here."""
    return packagetype == 'bdist_wheel' or (packagetype == 'sdist' and not filename.lower().endswith('.z'))


def read_metadata(file: IO[bytes], filename: str, packagetype: str) -> bytes:
    """Raises `NoMetadata`, and `Unreadable` for what is no archive. The file is one with a descriptor."""
    file.seek(0)
    if packagetype == 'bdist_wheel':
        return _read_zip(file, _find_in_wheel)
    if filename.lower().endswith('.zip'):
        return _read_zip(file, _find_in_sdist)
    return _read_tar(file)


class _Bounded(io.BufferedReader):
    """Of a zip file `zipfile` reads the whole directory at once, however long that says it is."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MOST_MEMBERS * _LEAST_ENTRY:
            raise NoMetadata(_TOO_MANY)
        return super().read(size)


def _read_zip(file: IO[bytes], find: Callable[[zipfile.ZipFile], zipfile.ZipInfo]) -> bytes:
    bounded = _Bounded(io.FileIO(file.fileno(), closefd=False))
    try:
        archive = zipfile.ZipFile(bounded)
    except _BROKEN as error:
        if is_broken(error):
            raise Unreadable('it is no zip archive, or not all of one') from None
        raise
    info = find(archive)
    name = info.filename.rpartition('/')[2]
    # Without the limit of the compressed size, and for other ways to compress at all, a few kilobytes take gigabytes.
    if max(info.file_size, info.compress_size) > MOST_METADATA:
        raise NoMetadata(f'its {name} is larger than 10 MiB')
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
    """At the top only: a wheel may carry the metadata of others inside, as that of setuptools does."""
    paths = [info.filename.split('/', 2) for info in archive.infolist()]
    tops = {path[0] for path in paths if len(path) > 1 and path[0].endswith('.dist-info')}
    if len(tops) != 1:
        raise NoMetadata(f'it has {len(tops) or "no"} .dist-info directories at the top')
    [top] = tops
    return _only([info for info in archive.infolist() if info.filename == f'{top}/METADATA'], 'METADATA')


def _find_in_sdist(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    return _only([info for info in archive.infolist() if _is_pkg_info(info.filename)], 'PKG-INFO')


def _only(infos: list[zipfile.ZipInfo], name: str) -> zipfile.ZipInfo:
    if len(infos) != 1:  # of two, installers do not agree which they read
        raise NoMetadata(f'it has {len(infos) or "no"} {name}')
    return infos[0]


def _is_pkg_info(path: str) -> bool:
    parts = path.removeprefix('./').split('/')
    return len(parts) == 2 and parts[1] == 'PKG-INFO'


class _Member(tarfile.TarInfo):
    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Member:
        member = super().frombuf(buf, encoding, errors)
        if member.type in _EXTENSIONS and member.size > MOST_METADATA:
            raise NoMetadata('a name in it is larger than 10 MiB')
        return member


def _read_tar(file: IO[bytes]) -> bytes:
    """Streaming: PKG-INFO is often the first member, or the last."""
    start = file.read(6)
    file.seek(0)
    opener = next((opener for magic, opener in _OPENERS if start.startswith(magic)), None)
    # Not for tarfile to decompress: of bzip2 it would unpack 10 kB at once, which can be gigabytes.
    stream = file if opener is None else opener(file)
    try:
        with tarfile.open(fileobj=stream, mode='r|', tarinfo=_Member) as archive:
            for _ in range(MOST_MEMBERS):
                member = archive.next()
                if member is None:
                    raise NoMetadata('it has no PKG-INFO')
                archive.members.clear()  # type: ignore[attr-defined]  # else it keeps all of them
                if member.isreg() and _is_pkg_info(member.name):
                    if member.size > MOST_METADATA:
                        raise NoMetadata('its PKG-INFO is larger than 10 MiB')
                    found = archive.extractfile(member)
                    assert found is not None  # as for every regular file
                    return found.read()
                if member.offset_data + member.size > MOST_UNPACKED:
                    break
        raise NoMetadata(_TOO_MANY)
    except _BROKEN as error:
        if is_broken(error):
            raise Unreadable('it is no tar archive, or not all of one') from None
        raise
