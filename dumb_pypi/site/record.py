"""The documents that a run leaves for the next one: the record, the pending note, the note for another place.

The record says what is published, so that the next run reads no page. It starts with a digest of itself, and the files
that it names must have the sizes that it says.
"""

from __future__ import annotations

import itertools
import os
from typing import Annotated, TypeVar

import msgspec

from dumb_pypi.errors import attempt
from dumb_pypi.package_list.lines import encode
from dumb_pypi.package_list.values import NORMALIZED
from dumb_pypi.pages.audit import Brief
from dumb_pypi.pages.kinds import COUNTED_DIRECTORIES, PACKAGES, ROOT_HTML, ROOT_JSON, is_of_site, project_of
from dumb_pypi.pages.page import digest
from dumb_pypi.site.directory import Site, read_file, read_names
from dumb_pypi.site.ownership import NOTHING, Owned, owned_by_list
from dumb_pypi.site.syncing import sync_directory, sync_file

RECORD = '.dumb-pypi.json'
PENDING = '.dumb-pypi.pending'
NOTE = '.dumb-pypi.elsewhere'
UPLOADS = '.dumb-pypi.uploads'  # the changelog as data: a file per month
AUDITS = '.dumb-pypi.audits'  # what pages of the whole site say of each project; read only when something changed
FORMAT = 5


_SEGMENT = '[A-Za-z0-9][A-Za-z0-9._+!~-]*'  # part of a path, never `..`
_Name = Annotated[str, msgspec.Meta(pattern=rf'\A{NORMALIZED}\Z')]
_Path = Annotated[str, msgspec.Meta(pattern=r'\A(?:[a-z]+/)?[A-Za-z0-9][A-Za-z0-9._-]*\Z')]  # a page of the whole site
_AnyPath = Annotated[str, msgspec.Meta(pattern=rf'\A(?:{_SEGMENT}/)*{_SEGMENT}\Z')]
_Month = Annotated[str, msgspec.Meta(pattern=r'\A[0-9]{4}-[0-9]{2}\Z')]
_Size = Annotated[int, msgspec.Meta(ge=0)]


class Entry(Brief, array_like=True, frozen=True, gc=False):
    """What the next run needs of a project: what other pages say of it, and a digest of its lines."""

    digest: str  # of its lines in `packages.json`
    length: _Size  # of those lines, in bytes
    is_described: bool  # its page depends on what renders descriptions


class Month(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The uploads of a month: the lines of `UPLOADS/<month>`."""

    uploads: _Size
    size: _Size  # bytes
    digest: str


class Audits(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The file `AUDITS`."""

    size: _Size  # bytes
    digest: str


class Record(msgspec.Struct):
    """What is published."""

    fingerprint: str
    families: dict[str, str]  # digests by name, of families without a problem
    projects: dict[_Name, Entry]  # by name, sorted
    months: dict[_Month, Month]  # by name, sorted
    pages: list[_Path]  # paths of the pages of the whole site
    audits: Audits

    @classmethod
    def of_nothing(cls) -> Record:
        return cls('', {}, {}, {}, [], Audits(0, ''))


class Pending(msgspec.Struct):
    """What a run is about to own. While this file exists, the record does not describe the site."""

    projects: list[_Name]
    pages: list[_Path]


class Note(msgspec.Struct):
    """What the program owns in a directory for another place: the pages of the last run."""

    fingerprint: str  # '' if these may be pages of several runs
    paths: list[_AnyPath]


class _Header(msgspec.Struct):
    """The first line of a document."""

    format: int
    digest: str


Document = TypeVar('Document', Record, Pending, Note)


def to_document(value: Record | Pending | Note) -> bytes:
    body = encode(value)
    return encode(_Header(FORMAT, digest(body))) + b'\n' + body + b'\n'


def read_document(site: Site, name: str, kind: type[Document]) -> Document | None:
    """Return a document; `None` if missing, damaged, edited or in another format."""
    head, _, body = (read_file(site.full(name)) or b'').partition(b'\n')
    body = body.removesuffix(b'\n')
    try:
        header = msgspec.json.decode(head, type=_Header)
        if (header.format, header.digest) == (FORMAT, digest(body)):
            return msgspec.json.decode(body, type=kind)
    except (ValueError, RecursionError):
        pass
    return None


def write_document(site: Site, name: str, value: Record | Pending | Note) -> None:
    """Write a document atomically: after a power cut, the new or the old one is there."""
    path, temporary = site.full(name), os.path.join(site.temporary, name)
    with attempt('write', path):
        with open(temporary, 'wb') as file:
            file.write(to_document(value))
            sync_file(file)
        os.replace(temporary, path)
        sync_directory(site.directory)


def is_sound(site: Site, record: Record) -> bool:
    """Return whether the files that a record names have the right sizes."""
    try:
        sizes = {f'{UPLOADS}/{name}': month.size for name, month in record.months.items()}
        sizes[PACKAGES] = sum(entry.length for entry in record.projects.values())
        sizes[AUDITS] = record.audits.size
        return all(os.path.getsize(site.full(path)) == size for path, size in sizes.items())
    except OSError:
        return False


def read_owned(site: Site, record: Record | None, note: Note | None) -> Owned:
    """Return what the program owns in the output directory, from its documents, or else from `packages.json`.

    Only paths of pages count, whoever edited these documents: their format allows more, for later releases.
    """
    known = [each for each in (record, read_document(site, PENDING, Pending)) if each is not None]
    if not known and note is None:
        return read_owned_by_list(site)
    paths = note.paths if note is not None else []
    projects = {name for path in paths if (name := project_of(path)) is not None}
    pages = filter(is_of_site, itertools.chain(paths, *(each.pages for each in known)))
    return Owned(projects.union(*(each.projects for each in known)), set(pages))


def read_owned_by_list(site: Site) -> Owned:
    """Return what `packages.json` says that the program owns.

    A list alone does not make a directory a site: it may be a foreign list with this name.
    """
    path = site.full(PACKAGES)
    if not site.is_file(PACKAGES) or not site.is_file(ROOT_HTML):
        return NOTHING
    is_old = not site.is_file(ROOT_JSON)
    names = [f'{top}/{name}' for top in COUNTED_DIRECTORIES for name in read_names(site.full(top))]
    with attempt('read', path), open(path, 'rb') as lines:
        return owned_by_list(lines, names, is_old)
