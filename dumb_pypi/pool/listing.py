"""Makes the list: finds the files, reads those that are not known yet, and returns the lines."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeGuard

from dumb_pypi.errors import counted, is_terminal, tell
from dumb_pypi.package_list.lines import Facts, Package, encode
from dumb_pypi.package_list.projects import SIDECARS
from dumb_pypi.package_list.values import normal_path
from dumb_pypi.pool.files import File, Listed, Pool, Sidecars, note_rivals, note_variants, read_pool, url_below
from dumb_pypi.pool.known import Knowledge, note_strangers, read_from_people, read_known
from dumb_pypi.pool.notes import Notes
from dumb_pypi.pool.places import Place
from dumb_pypi.pool.published import check_dropped, check_hash, check_paths
from dumb_pypi.pool.reading import Reader
from dumb_pypi.pool.speaking import Projects


class ListOptions(NamedTuple):
    """The options of a run."""

    known: str | None
    add: bool
    facts: str | None
    base_url: str | None
    newest: int | None
    write_metadata: bool
    strict: bool
    jobs: int | None


def prepared(places: Iterable[Place], options: ListOptions, notes: Notes) -> tuple[Pool, Knowledge, Projects]:
    """Read the known list and `--facts`, and find the files of the pools. Opens no distribution file."""
    gc.disable()  # nothing is freed before the end: collecting garbage takes 1/8 of a run that opens no file
    try:
        known = read_known(options.known, must_exist=options.add)
        people = None if options.facts is None else read_from_people(options.facts, notes)
        knowledge = Knowledge(known, people, options.add)
        pool = read_pool(places, knowledge, options.base_url, options.newest, notes)
        if people is not None and options.facts is not None:
            paths = {file.package.path for file in pool.files()}
            note_strangers(people, options.facts, paths, pool.found, notes)
        return pool, knowledge, Projects(pool, knowledge)
    finally:
        gc.enable()


def make_list(places: Collection[Place], options: ListOptions) -> bytes:
    """Return the list of all pools, in the format of `packages.json`. Raises `Failure`."""
    notes = Notes(options.strict)
    pool, knowledge, projects = prepared(places, options, notes)
    reader = Reader(places, pool.sidecars, options.write_metadata, notes, options.jobs)
    with reader.progress:
        read = read_what_is_new(pool, knowledge, projects, reader)
    for name, listed in pool.listed.items():
        if len(pool.found[name]) > len(listed):
            note_rivals(pool.found[name], listed, notes)
        note_variants(listed, notes)
    notes.finish()
    if is_terminal():
        paths = {file.package.path for listed in pool.listed.values() for file in listed}
        tell(f'{counted(len(paths), "file")}, {len(paths & read):,} of them read')
    beside = lines_beside(pool.sidecars, knowledge, options.base_url)
    lines = (line for name in sorted(pool.listed) for line in project_lines(name, pool, knowledge, projects, beside))
    return b''.join(encode(line) + b'\n' for line in lines)


def read_what_is_new(pool: Pool, knowledge: Knowledge, projects: Projects, reader: Reader) -> set[str]:
    """Read the files that are not known, and those with the metadata of their projects. Return their paths."""
    read: set[str] = set()
    files = [file for listed in pool.listed.values() for file in listed]
    while True:
        tasks = {file.package.path: file for file in files if must_be_read(file, pool.sidecars, reader.writes)}
        sources = {file.package.path: file for file in projects.settle()}
        tasks |= sources
        if not tasks:
            return read
        read |= tasks.keys()
        check_paths(tasks.values(), knowledge, reader.notes)
        dropped, said = reader.read_all(tasks.values(), sources)
        projects.said |= {path: said.get(path) for path in sources}
        files = []
        for path, file in tasks.items():
            if path in dropped:
                check_dropped(file, knowledge, reader.notes)
                projects.forget(file)
                files += pool.drop(file)
            else:
                check_hash(file, knowledge, reader.notes)
                knowledge.remember(file.package)
                knowledge.say(file.package)


def must_be_read(file: File, sidecars: Sidecars, writes: bool) -> TypeGuard[Listed]:
    """Return whether a file must be read: an unknown file, or a wheel whose sidecar is to be checked or written."""
    if not isinstance(file, Listed):
        return False
    if not file.is_known or not file.is_wheel or file.package.exceeds_limits:
        return not file.is_known
    has_sidecar = (file.entry.place, f'{file.entry.path}.metadata') in sidecars
    return file.package.core_metadata is None and (writes or has_sidecar)


def lines_beside(sidecars: Sidecars, knowledge: Knowledge, base_url: str | None) -> dict[str, Package]:
    """Return the lines of sidecars by location: the `.provenance` files; with `--add`, also the known sidecars."""
    known = knowledge.known.packages if knowledge.adds else {}
    lines = {line.location: line for path, line in known.items() if path.endswith(SIDECARS)}
    for _, path in sidecars:
        if path.endswith('.provenance'):
            line = Package(normal_path(path), url=url_below(base_url, path))
            lines[line.location] = line
    return lines


def project_lines(
    name: str, pool: Pool, knowledge: Knowledge, projects: Projects, beside: Mapping[str, Package]
) -> Iterator[Package | Facts]:
    """Yield the lines of a project in the order of `packages.json`: its facts, then each file and its sidecars."""
    facts = knowledge.status(name)
    for key, value in projects.settled[name].items():
        setattr(facts, key, value)
    if facts != Facts(name):
        yield facts
    for file in sorted(pool.listed[name], key=lambda file: file.package.filename):
        yield file.package
        if beside:
            lines = (beside.get(f'{file.package.location}{extension}') for extension in SIDECARS)
            yield from (line for line in lines if line is not None)
