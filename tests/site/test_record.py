"""The record of a site. If it is damaged or missing, or does not match the data, a full build repairs the site."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dumb_pypi.site.record import AUDITS, Entry
from testing.edits import BASE, Line, file, without
from testing.records import edited
from testing.sites import build
from testing.states import RECORD, Entries, State, entries
from testing.unlucky import BAR, BAZ, FOO, WARNED, WARNINGS


def with_another_head(**values: object) -> Callable[[bytes], bytes]:
    def edit(content: bytes) -> bytes:
        head, body = content.splitlines()
        return json.dumps(json.loads(head) | values).encode() + b'\n' + body + b'\n'

    return edit


def drop_a_project(record: Line) -> None:
    """Drop a project from the record. The sum of the lengths still matches."""
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
    # Even if the file outside looks like a page of this program.
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


@pytest.mark.parametrize('path', ['packages.json', '.dumb-pypi.uploads/2026-01', '.dumb-pypi.uploads/2026-03', AUDITS])
@pytest.mark.parametrize('damage', [shortened, lengthened, os.remove])
@pytest.mark.parametrize('edit', [False, True], ids=['the same list', 'another list'])
def test_data_that_does_not_match_the_record_means_a_full_build(
    edit: bool, damage: Callable[[Path], None], path: str, tmp_path: Path, fresh: Callable[[State], Entries]
) -> None:
    """The full build repairs other damage too."""
    site = tmp_path / 'site'
    assert build(site, BASE) == 0
    damage(site / path)
    (site / 'simple/foo/index.html').write_bytes(b'edited')
    after = State([*without(BASE, 'bar-2.0.tar.gz'), file('qux-1.0.tar.gz')] if edit else BASE)
    assert after.build(site) == 0
    assert entries(site) == fresh(after)


FEEDS = ('--site-url', 'https://pypi.example.com/')


def turned(path: Path) -> None:
    """Change all bytes of a file, but not its size."""
    path.write_bytes(bytes(byte ^ 1 for byte in path.read_bytes()))


def full_of_zeros(path: Path) -> None:
    """Fill the file with zeros, like a power cut."""
    path.write_bytes(bytes(path.stat().st_size))


def not_utf8(path: Path) -> None:
    path.write_bytes(b'\xff' + path.read_bytes()[1:])


def test_a_page_that_cannot_be_read_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The test simulates the missing permission, because root may read everything."""
    site = tmp_path / 'site'
    assert build(site, [FOO]) == 0
    path = f'{site}/simple/foo/index.html'
    before, really_open = entries(site), os.open

    def denied(name: Any, *arguments: Any, **options: Any) -> int:
        if name == path:
            raise PermissionError(13, 'Permission denied', name)
        return really_open(name, *arguments, **options)

    monkeypatch.setattr(os, 'open', denied)
    assert build(site, [FOO, FOO | {'filename': 'foo-2.0.tar.gz'}]) == 1
    assert capfd.readouterr() == ('', f'cannot read {path}: Permission denied\n')
    assert entries(site) == before


CHANGED = [{**FOO, 'size': 1}, *WARNED[1:]]
LESS = WARNED[1:]
OLDER = [*WARNED, {'filename': 'new-1.0.zip', 'upload_timestamp': 1700000001}]
NEWER = [*WARNED, {'filename': 'new-1.0.zip', 'upload_timestamp': 1705000001}]


@pytest.mark.parametrize('damage', [turned, full_of_zeros, not_utf8])
@pytest.mark.parametrize(
    ('path', 'lines'),
    [
        pytest.param('packages.json', [FOO, {**BAR, 'size': 1}, *WARNED[2:]], id='the list, a file changed'),
        pytest.param('packages.json', [FOO, *WARNED[2:]], id='the list without a project'),
        pytest.param(AUDITS, CHANGED, id='the audits, a file changed'),
        pytest.param(AUDITS, LESS, id='the audits without a project'),
        pytest.param('.dumb-pypi.uploads/2023-11', CHANGED, id='the older month, a file changed'),
        pytest.param('.dumb-pypi.uploads/2023-11', LESS, id='the older month without a project'),
        pytest.param('.dumb-pypi.uploads/2023-11', OLDER, id='the older month, a project in it'),
        pytest.param('.dumb-pypi.uploads/2023-11', NEWER, id='the older month, a project in the newer one'),
        pytest.param('.dumb-pypi.uploads/2024-01', LESS, id='the newer month without a project'),
        pytest.param('.dumb-pypi.uploads/2024-01', NEWER, id='the newer month, a project in it'),
    ],
)
def test_damage_of_the_same_size_means_a_full_build_that_warns_once(
    path: str,
    lines: list[Line | str],
    damage: Callable[[Path], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    site = Path('site')
    assert build(site, WARNED, *FEEDS) == 0
    capfd.readouterr()
    damage(site / path)
    assert build(site, lines, *FEEDS) == 0
    place = lines.index(WARNED[3]) + 1
    assert capfd.readouterr() == ('', WARNINGS.format(place, place + 1))
    assert build(Path('fresh'), lines, *FEEDS) == 0
    assert entries(site) == entries(Path('fresh'))


def with_a_time(record: Line) -> None:
    record['projects']['foo'][1] = 10**26


def with_a_project_less(record: Line) -> None:
    dropped = record['projects'].pop('bar')
    record['projects']['foo'][-1] += dropped[-1]


def with_a_negative_length(record: Line) -> None:
    lengths = record['projects']
    lengths['bar'][-1], lengths['foo'][-1] = -1, lengths['foo'][-1] + lengths['bar'][-1] + 1


@pytest.mark.parametrize('is_consistent', [False, True], ids=['by hand', 'with its digest'])
@pytest.mark.parametrize('edit', [with_a_time, with_a_project_less, with_a_negative_length])
@pytest.mark.parametrize('lines', [[FOO, BAR, BAZ], [FOO, BAZ], [{**FOO, 'size': 1}, BAR]])
def test_a_manually_edited_record_means_a_full_build(
    lines: list[Line], edit: Callable[[Line], None], is_consistent: bool, tmp_path: Path
) -> None:
    """The program trusts an edited record if its digest is correct, but never fails with a traceback."""
    site = tmp_path / 'site'
    assert build(site, [FOO, BAR, BAZ], *FEEDS) == 0
    (site / RECORD).write_bytes(edited(edit, is_consistent)((site / RECORD).read_bytes()))
    assert build(site, lines, *FEEDS) == 0
    if not is_consistent:
        assert entries(site) == State(lines, FEEDS).build_anew(tmp_path / 'fresh')
    assert build(site, lines, *FEEDS, '--rebuild') == 0
