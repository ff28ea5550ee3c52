"""The POOL arguments: the place that contains each of them, and which part of that place it is."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from dumb_pypi.errors import Failure, NotADistribution, shown
from dumb_pypi.package_list.file_names import identify
from dumb_pypi.pool.bucket import Bucket, store_attempt
from dumb_pypi.pool.directory import Directory
from dumb_pypi.pool.places import Place


def is_url(address: str) -> bool:
    return '://' in address


def label_of(address: str) -> str:
    """Return a directory or a bucket as messages show it, without the password."""
    return shown(re.sub('//[^/]*@', '//', address))


def path_below(root: str, address: str) -> str | None:
    """Return the path of a POOL below `--root`; '' if both are the same, `None` if the POOL is not below it."""
    if not is_url(root) and not is_url(address):
        root, address = (os.path.abspath(path).replace(os.sep, '/') for path in (root, address))
    root, address = f'{root.rstrip("/")}/', f'{address.rstrip("/")}/'
    return address.removeprefix(root)[:-1] if address.startswith(root) else None


def open_places(addresses: Iterable[str], root: str | None, writes: bool) -> list[Place]:
    """Open each directory and each bucket once, however many arguments are in it. Raises `Failure`."""
    opened: dict[str, Place] = {}  # as typed
    places: dict[str, Place] = {}  # by their real path
    for address in addresses:
        top, below = split(address) if root is None else (root, path_below(root, address) or '')
        if top not in opened:
            place = open_place(top, writes)
            opened[top] = places.setdefault(place.where, place)
        opened[top].below.append(f'{below}/' if below and is_directory(address) else below)
    return [*places.values()]


def split(address: str) -> tuple[str, str]:
    """Return the directory or bucket of a POOL, and the name of the file if the POOL is a single file, else ''."""
    if is_directory(address):
        return address, ''
    top, _, name = (
        address.rpartition('/') if is_url(address) else (os.path.dirname(address), '', os.path.basename(address))
    )
    return top, name


def is_directory(address: str) -> bool:
    """Return whether a POOL is not a single file. In a bucket, which has no directories, the name decides."""
    return not is_distribution(address.rpartition('/')[2]) if is_url(address) else os.path.isdir(address)


def is_distribution(name: str) -> bool:
    try:
        return bool(identify(name))
    except NotADistribution:
        return False


def open_place(address: str, writes: bool) -> Place:
    if not is_url(address):
        return Directory(address, writes)
    label = label_of(address)
    try:
        from fsspec.core import url_to_fs  # type: ignore[import-untyped]  # the extra `remote`
        from fsspec.registry import get_filesystem_class  # type: ignore[import-untyped]
    except ImportError:
        raise Failure(f"{label}: needs fsspec: pip install './dumb-pypi[remote]'") from None
    with store_attempt('open', label):
        system, root = url_to_fs(address)
    return Directory(root, writes) if isinstance(system, get_filesystem_class('file')) else Bucket(label, system, root)
