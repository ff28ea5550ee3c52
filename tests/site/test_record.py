"""The record of a site: damaged, missing, or of other data, it means a full build and no harm."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dumb_pypi.site.record import Entry
from testing.edits import BASE, Line, file, without
from testing.records import edited
from testing.sites import build
from testing.states import RECORD, Entries, State, entries


def with_another_head(**values: object) -> Callable[[bytes], bytes]:
    def edit(content: bytes) -> bytes:
        head, body = content.splitlines()
        return json.dumps(json.loads(head) | values).encode() + b'\n' + body + b'\n'

    return edit


def drop_a_project(record: Line) -> None:
    """The lengths still add up."""
    length = Entry.__struct_fields__.index('length')
    dropped = record['projects'].pop('bar')
    record['projects']['foo'][length] += dropped[length]


def put(record: Line, field: str, value: object) -> None:
    record['projects']['foo'][Entry.__struct_fields__.index(field)] = value


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    'empty': lambda content: b'',
    'truncated': lambda content: content[: len(content) // 2],
    'without its last byte': lambda content: content.rstrip()[:-1],
    'not UTF-8': lambda content: b'\xff' + content,
    'full of zeros': lambda content: bytes(len(content)),
    'a list': lambda content: b'[]',
    'a number': lambda content: b'1',
    'nested deeply': lambda content: b'[' * 100_000,
    'of a newer format': with_another_head(format=99),
    'with text for a format': with_another_head(format='3'),
    'with another digest': with_another_head(digest='0' * 32),
    'of the release before': lambda content: b'{"format":2,"fingerprint":"","families":{},"projects":{},"months":{}}\n',
    'without projects': edited(lambda record: record.pop('projects')),
    'without a project': edited(drop_a_project, is_consistent=False),
    'with a time that never comes': edited(lambda record: put(record, 'uploaded', 10**26), is_consistent=False),
    'with a negative length': edited(lambda record: put(record, 'length', -1)),
    'with another fingerprint': edited(lambda record: record.update(fingerprint='0' * 32)),
    'with a number for a fingerprint': edited(lambda record: record.update(fingerprint=1)),
    'with a number for the projects': edited(lambda record: record.update(projects=1)),
    'with pairs for the projects': edited(lambda record: record.update(projects=[[1, 2], ['foo', 3]])),
    'with numbers for projects': edited(lambda record: record.update(projects={'foo': 1, 'gone': 2})),
    'with too little of a project': edited(lambda record: record['projects']['foo'].pop()),
    'with a number for a digest': edited(lambda record: put(record, 'digest', 1)),
    'with text for a length': edited(lambda record: put(record, 'length', '100')),
    'with a number for a summary': edited(lambda record: put(record, 'summary', 1)),
    'with another length': edited(lambda record: put(record, 'length', 100)),
    'with a number for the families': edited(lambda record: record.update(families=1)),
    'with numbers for families': edited(lambda record: record.update(families={'foo': 1})),
    'with text for the months': edited(lambda record: record.update(months='months')),
    'with pairs for the months': edited(lambda record: record.update(months=[[1, 2], [3, 4]])),
    'with a month that has no file': edited(lambda record: record['months'].update({'2025-01': [1, 1, '0']})),
}


@pytest.mark.parametrize('damage', DAMAGES.values(), ids=DAMAGES)
def test_a_record_that_is_damaged_or_newer_means_a_full_build(
    damage: Callable[[bytes], bytes], tmp_path: Path, fresh: Callable[[State], Entries]
) -> None:
    site = tmp_path / 'site'
    assert build(site, BASE) == 0
    (site / RECORD).write_bytes(damage((site / RECORD).read_bytes()))
    after = State([*without(BASE, 'bar-2.0.tar.gz'), file('qux-1.0.tar.gz')])
    assert after.build(site) == 0
    assert entries(site) == fresh(after)


@pytest.mark.parametrize('emptied', [False, True], ids=['another list', 'no project left'])
def test_a_record_that_is_missing_means_a_full_build(
    emptied: bool, tmp_path: Path, fresh: Callable[[State], Entries]
) -> None:
    site = tmp_path / 'site'
    assert build(site, BASE) == 0
    (site / RECORD).unlink()
    after = State([] if emptied else [file('qux-1.0.tar.gz', None)], ('--allow-empty',))
    assert after.build(site) == 0
    assert entries(site) == fresh(after)


@pytest.mark.parametrize(
    'record',
    [
        {'projects': {'../../outside': [1, None, None, None, None, '0', 0, False]}},
        {'projects': {'..': [1, None, None, None, None, '0', 0, False]}},
        {'months': {'../outside/index.html': [1, 1, '0']}},
        {'months': {'2026-01/../../../outside/index.html': [1, 1, '0']}},
        {'pages': ['../outside/index.html']},
        {'pages': ['static/../../outside/index.html']},
    ],
    ids=json.dumps,
)
def test_a_record_that_points_outside_removes_nothing_there(record: dict[str, Line], tmp_path: Path) -> None:
    site, outside = tmp_path / 'site', tmp_path / 'outside' / 'index.html'
    assert build(site, BASE) == 0
    # Even if it looks like a page of this program.
    outside.parent.mkdir()
    outside.write_bytes((site / 'index.html').read_bytes())

    def point_outside(written: Line) -> None:
        for key, value in record.items():
            written[key] = {**written[key], **value} if isinstance(value, dict) else [*written[key], *value]

    (site / RECORD).write_bytes(edited(point_outside)((site / RECORD).read_bytes()))
    build(site, BASE[:-1])
    assert outside.exists()


def shortened(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def lengthened(path: Path) -> None:
    with path.open('a', encoding='utf-8') as stream:
        stream.write('\n')


@pytest.mark.parametrize('path', ['packages.json', '.dumb-pypi.uploads/2026-01', '.dumb-pypi.uploads/2026-03'])
@pytest.mark.parametrize('damage', [shortened, lengthened, os.remove])
@pytest.mark.parametrize('edit', [False, True], ids=['the same list', 'another list'])
def test_data_that_is_not_that_of_the_record_means_a_full_build(
    edit: bool, damage: Callable[[Path], None], path: str, tmp_path: Path, fresh: Callable[[State], Entries]
) -> None:
    """Whatever else is wrong is put right as well."""
    site = tmp_path / 'site'
    assert build(site, BASE) == 0
    damage(site / path)
    (site / 'simple/foo/index.html').write_bytes(b'edited')
    after = State([*without(BASE, 'bar-2.0.tar.gz'), file('qux-1.0.tar.gz')] if edit else BASE)
    assert after.build(site) == 0
    assert entries(site) == fresh(after)
