"""The documents that a run leaves for the next one: the record, the pending note, the note for another place.

The record says what is published, so the next run need not read pages. It is valid if its digest is right and the
files that it names have the recorded sizes.
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
AUDITS = '.dumb-pypi.audits'  # data of each project for pages of the whole site; read only if something changed
FORMAT = 5


_SEGMENT = '[A-Za-z0-9][A-Za-z0-9._+!~-]*'  # part of a path, never `..`
_Name = Annotated[str, msgspec.Meta(pattern=rf'\A{NORMALIZED}\Z')]
_Path = Annotated[str, msgspec.Meta(pattern=r'\A(?:[a-z]+/)?[A-Za-z0-9][A-Za-z0-9._-]*\Z')]  # a page of the whole site
_AnyPath = Annotated[str, msgspec.Meta(pattern=rf'\A(?:{_SEGMENT}/)*{_SEGMENT}\Z')]
_Month = Annotated[str, msgspec.Meta(pattern=r'\A[0-9]{4}-[0-9]{2}\Z')]
_Size = Annotated[int, msgspec.Meta(ge=0)]


class Entry(Brief, array_like=True, frozen=True, gc=False):
    """A project in the record: its data for pages of the whole site, and a digest of its lines."""

    digest: str  # of the lines of the project in `packages.json`
    length: _Size  # of these lines, in bytes
    is_described: bool  # whether it has a description, so that its page depends on the renderers


class Month(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A month in the record. Its uploads are the lines of `UPLOADS/<month>`."""

    uploads: _Size
    size: _Size  # bytes
    digest: str


class Audits(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The file `AUDITS` in the record."""

    size: _Size  # bytes
    digest: str


class Record(msgspec.Struct):
    """The record: what is published."""

    fingerprint: str
    families: dict[str, str]  # digests of families without a problem, by name
    projects: dict[_Name, Entry]  # by name, sorted
    months: dict[_Month, Month]  # by name, sorted
    pages: list[_Path]  # paths of the pages of the whole site
    audits: Audits

    @classmethod
    def of_nothing(cls) -> Record:
        return cls('', {}, {}, {}, [], Audits(0, ''))


class Pending(msgspec.Struct):
    """The paths that a run is about to own. While this file exists, the record does not describe the site."""

    projects: list[_Name]
    pages: list[_Path]


class Note(msgspec.Struct):
    """The pages for another place that earlier runs left in this directory. The next run owns only these."""

    fingerprint: str  # '' if the pages may come from several runs
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
    """Write a document atomically: after a power cut, either the old or the new one exists."""
    path, temporary = site.full(name), os.path.join(site.temporary, name)
    with attempt('write', path):
        with open(temporary, 'wb') as file:
            file.write(to_document(value))
            sync_file(file)
        os.replace(temporary, path)
        sync_directory(site.directory)


def is_sound(site: Site, record: Record) -> bool:
    """Return whether the files that a record names have the recorded sizes."""
    try:
        sizes = {f'{UPLOADS}/{name}': month.size for name, month in record.months.items()}
        sizes[PACKAGES] = sum(entry.length for entry in record.projects.values())
        sizes[AUDITS] = record.audits.size
        return all(os.path.getsize(site.full(path)) == size for path, size in sizes.items())
    except OSError:
        return False


def read_owned(site: Site, record: Record | None, note: Note | None) -> Owned:
    """Return what the program owns in the output directory: by its documents, else by `packages.json`.

    The format of the documents allows any path, for later releases. Only paths of pages count here, in case somebody
    edited the documents.
    """
    known = [each for each in (record, read_document(site, PENDING, Pending)) if each is not None]
    if not known and note is None:
        return read_owned_by_list(site)
    paths = note.paths if note is not None else []
    projects = {name for path in paths if (name := project_of(path)) is not None}
    pages = filter(is_of_site, itertools.chain(paths, *(each.pages for each in known)))
    return Owned(projects.union(*(each.projects for each in known)), set(pages))


def read_owned_by_list(site: Site) -> Owned:
    """Return what the program owns by `packages.json`.

    Returns `NOTHING` if there is no index beside it, because it may be a foreign list with this name.
    """
    path = site.full(PACKAGES)
    if not site.is_file(PACKAGES) or not site.is_file(ROOT_HTML):
        return NOTHING
    is_old = not site.is_file(ROOT_JSON)
    names = [f'{top}/{name}' for top in COUNTED_DIRECTORIES for name in read_names(site.full(top))]
    with attempt('read', path), open(path, 'rb') as lines:
        return owned_by_list(lines, names, is_old)
