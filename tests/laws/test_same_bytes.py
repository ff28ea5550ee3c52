"""Builds on top of earlier builds: the bytes of a fresh one, nothing stale, and only the difference written."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from dumb_pypi.main import main
from dumb_pypi.site.record import Entry
from testing.colliding import colliding_names
from testing.records import edited
from testing.sites import PACKAGES_URL, build, write_list
from testing.states import (
    RECORD,
    Entries,
    State,
    backdate,
    copy,
    entries,
    files,
    pages,
    read_paths,
    touched,
    without_own,
)
from testing.waiting import wait_for

Line = dict[str, Any]

JANUARY, FEBRUARY, MARCH = 1767323045, 1770001445, 1772420645  # of 2026, on the second day


def file(filename: str, uploaded: float | None = JANUARY, **more: object) -> Line:
    times = {} if uploaded is None else {'upload_timestamp': uploaded}
    return {'filename': filename, 'hash': f'sha256={"a" * 64}', 'size': 1000, **times, **more}


def without(lines: list[Line], *filenames: str) -> list[Line]:
    return [line for line in lines if line.get('filename') not in filenames]


def saying(lines: list[Line], filename: str, **values: object) -> list[Line]:
    """The list, with more said of one file; `None` says less."""
    return [line | values if line.get('filename') == filename else line for line in lines]


BASE = [
    {'project': 'foo', 'summary': 'Does what foo does'},
    file('foo-1.0.tar.gz'),
    file('foo-1.0-py3-none-any.whl', core_metadata=True),
    file('foo-1.1.tar.gz', FEBRUARY),
    file('bar-2.0.tar.gz', FEBRUARY),
    file('baz-3.0-py3-none-any.whl', MARCH),
]
FACTS = BASE[0]


def with_lists(directory: Path) -> tuple[str, ...]:
    return ('--changed-paths', str(directory / 'changed'), '--removed-paths', str(directory / 'removed'))


def busy_month(uploads: int) -> list[Line]:
    """One release a minute, and the months around it."""
    builds = (file(f'foo-{number}.0-py3-none-any.whl', FEBRUARY + 60 * number) for number in range(uploads))
    return [file('bar-1.0.tar.gz'), *builds, file('baz-1.0.tar.gz', MARCH)]


EDITS = {
    'a file is added': (State(BASE), State([*BASE, file('foo-1.1-py3-none-any.whl')])),
    'a release is added': (State(BASE), State([*BASE, file('foo-2.0.tar.gz', MARCH)])),
    'a project is added': (State(BASE), State([*BASE, file('qux-1.0.tar.gz', MARCH + 60)])),
    'a file is removed': (State(BASE), State(without(BASE, 'foo-1.0.tar.gz'))),
    'the last file of a release is removed': (State(BASE), State(without(BASE, 'foo-1.1.tar.gz'))),
    'a project is removed': (State(BASE), State(without(BASE, 'bar-2.0.tar.gz'))),
    'the last upload of a month is removed': (State(BASE), State(without(BASE, 'baz-3.0-py3-none-any.whl'))),
    'another hash for the same file': (
        State(BASE),
        State(saying(BASE, 'bar-2.0.tar.gz', hash=f'sha256={"b" * 64}')),
    ),
    'yanked': (State(BASE), State(saying(BASE, 'foo-1.1.tar.gz', yanked=True))),
    'un-yanked': (State(saying(BASE, 'foo-1.1.tar.gz', yanked_reason='broken')), State(BASE)),
    'another reason': (
        State(saying(BASE, 'foo-1.1.tar.gz', yanked_reason='broken')),
        State(saying(BASE, 'foo-1.1.tar.gz', yanked_reason='broken on <some> machines')),
    ),
    'a summary': (State(BASE[1:]), State(BASE)),
    'another summary': (State(BASE), State([FACTS | {'summary': 'Does less'}, *BASE[1:]])),
    'archived': (State(BASE), State([FACTS | {'status': 'archived', 'status_reason': 'finished'}, *BASE[1:]])),
    'quarantined': (State(BASE), State([FACTS | {'status': 'quarantined'}, *BASE[1:]])),
    'another title': (State(BASE), State(BASE, ('--title', 'Other packages'))),
    'a logo': (State(BASE), State(BASE, ('--logo', 'static/logo.png', '--logo-width', '80'))),
    'another packages URL': (State(BASE), State(BASE, ('--packages-url', 'https://pypi.example.com/pool/'))),
    'no JSON of releases': (State(BASE), State(BASE, ('--no-per-release-json',))),
    'no JSON of releases, and one release less': (
        State(BASE),
        State(without(BASE, 'foo-1.1.tar.gz'), ('--no-per-release-json',)),
    ),
    'emptied': (State(BASE, ('--allow-empty',)), State([], ('--allow-empty',))),
    'a name in another spelling': (State(BASE), State([*without(BASE, 'bar-2.0.tar.gz'), file('Bar-2.0.tar.gz')])),
    'names that differ only in spelling': (
        State([*BASE, file('some.name-1.0.tar.gz')]),
        State([*BASE, file('Some-Name-1.0.tar.gz'), file('some_name-1.1.tar.gz')]),
    ),
    'a name that overrides': (State(BASE), State(saying(BASE, 'bar-2.0.tar.gz', name='renamed'))),
    'a name that leads to another project': (State(BASE), State(saying(BASE, 'bar-2.0.tar.gz', name='foo'))),
    'a name that ties two families together': (State(BASE), State([*BASE, file('bar-2.1.tar.gz', name='Foo.Bar')])),
    'names that tie three families together': (
        State(BASE),
        State([*BASE, file('bar-2.1.tar.gz', name='foo'), file('foo-9.0.zip', name='baz'), file('qux-1.0.zip')]),
    ),
    'a name that ties families in another way': (
        State(saying(BASE, 'bar-2.0.tar.gz', name='foo')),
        State(saying(BASE, 'bar-2.0.tar.gz', name='baz')),
    ),
    'one half of a tie is removed': (
        State([*saying(BASE, 'bar-2.0.tar.gz', name='foo'), file('bar-3.0.tar.gz')]),
        State(without(saying(BASE, 'bar-2.0.tar.gz', name='foo'), 'foo-1.1.tar.gz', 'foo-1.0.tar.gz')),
    ),
    'a version that overrides': (State(BASE), State(saying(BASE, 'bar-2.0.tar.gz', version='2.0.post1'))),
    '1.0, then 1.0.0': (
        State(BASE),
        State([*without(BASE, 'foo-1.0.tar.gz', 'foo-1.0-py3-none-any.whl'), file('foo-1.0.0.tar.gz')]),
    ),
    '1.0.0 beside 1.0': (State(BASE), State([*BASE, file('foo-1.0.0.zip')])),
    'a version that is none': (State(BASE), State([*BASE, file('foo-r9.tar.gz'), file('foo-json.tar.gz')])),
    'a version that differs only in case': (
        State([*BASE, file('foo-1.2RC1.tar.gz')]),
        State([*BASE, file('foo-1.2rc1.tar.gz')]),
    ),
    'an upload time': (
        State(saying(BASE, 'bar-2.0.tar.gz', upload_timestamp=None)),
        State(saying(BASE, 'bar-2.0.tar.gz', upload_timestamp=MARCH)),
    ),
    'no upload times': (State(BASE), State([line | {'upload_timestamp': None} for line in BASE])),
    'a month in between': (State(without(BASE, 'foo-1.1.tar.gz', 'bar-2.0.tar.gz')), State(BASE)),
    'the upload with which a month needs a second page': (State(busy_month(500)), State(busy_month(501))),
    'a month with several pages shrinks to one': (State(busy_month(2001)), State(busy_month(3))),
}


@pytest.fixture(scope='module')
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Callable[[State], Entries]:
    """What a state looks like where nothing was before; each is built once."""
    built: dict[str, Entries] = {}

    def look(state: State) -> Entries:
        key = repr(state)
        if key not in built:
            built[key] = state.build_anew(tmp_path_factory.mktemp('fresh') / 'site')
        return built[key]

    return look


# ------------------------------------------------------------------------------------------------ law 1: the same bytes


@pytest.mark.parametrize(('before', 'after'), EDITS.values(), ids=EDITS)
def test_an_edit_ends_in_the_bytes_of_a_fresh_build_and_so_does_its_way_back(
    before: State, after: State, tmp_path: Path, fresh: Callable[[State], Entries]
) -> None:
    """And in its directories, its record, and nothing else; a file that has its bytes already is not touched."""
    site = tmp_path / 'site'
    assert before.build(site) == 0
    for state, earlier in ((after, before), (before, after)):
        backdate(site)
        assert state.build(site) == 0
        assert entries(site) == fresh(state)
        new, old = files(fresh(state)), files(fresh(earlier))
        assert {path for path in touched(site) if path in new} == {path for path in new if new[path] != old.get(path)}


def test_the_order_of_the_list_leaves_no_trace(tmp_path: Path, fresh: Callable[[State], Entries]) -> None:
    assert State(BASE[::-1]).build_anew(tmp_path / 'site') == fresh(State(BASE))


class Walk(RuleBasedStateMachine):
    """Random edits of one list, and after each a build on top of all the builds before."""

    steps: list[int]  # of each walk

    names = st.sampled_from(['foo', 'Foo', 'foo.bar', 'foo-bar', 'FOO_Bar', 'qux', 'json'])
    versions = st.sampled_from(['1.0', '1.0.0', '1', '2.0a1', '2.0', '3.0+local.1', '0!1.0', 'r9', 'json'])
    endings = st.sampled_from(['.tar.gz', '.zip', '.linux-x86_64.tar.gz', '-py2.7.egg'])
    # Three months, one of them with two files at the same moment.
    times = st.sampled_from([None, JANUARY, JANUARY + 0.5, FEBRUARY, FEBRUARY, MARCH])
    projects = st.sampled_from(['foo', 'foo-bar', 'qux', 'json', 'renamed'])
    pick = st.integers(min_value=0, max_value=99)
    foreign = ('robots.txt', 'simple/foo/mine.txt', 'pypi/foo/1.0/notes', 'project/handmade/index.html')

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, Line] = {}
        self.facts: dict[str, Line] = {}
        self.options: dict[str, tuple[str, ...]] = {}
        self.foreign_files: dict[str, bytes] = {}
        self.once: tuple[str, ...] = ()
        self.directory = Path(tempfile.mkdtemp())
        self.site = self.directory / 'site'
        self.steps.append(-1)  # the invariant holds before the first step too

    @rule(name=names, version=versions, ending=endings, time=times)
    def upload(self, name: str, version: str, ending: str, time: float | None) -> None:
        self.files[f'{name}-{version}{ending}'] = file(f'{name}-{version}{ending}', time)

    @rule(number=pick)
    def remove_file(self, number: int) -> None:
        if self.files:
            del self.files[sorted(self.files)[number % len(self.files)]]

    @rule(project=projects)
    def remove_project(self, project: str) -> None:
        self.files = {
            name: line for name, line in self.files.items() if not re.match(project.replace('-', '.'), name, re.I)
        }

    @rule(
        number=pick,
        values=st.sampled_from(
            [
                {'hash': f'sha256={"c" * 64}'},
                {'hash': None, 'size': None},
                {'yanked_reason': ''},
                {'yanked_reason': 'broken'},
                {'yanked_reason': None},
                {'upload_timestamp': MARCH + 60},
                {'upload_timestamp': None},
                {'requires_python': '>=3.10'},
                {'core_metadata': True},
                {'name': 'renamed'},
                {'name': None},
                {'version': '1.0.0'},
                {'version': None},
            ]
        ),
    )
    def say_of_a_file(self, number: int, values: Line) -> None:
        if self.files:
            name = sorted(self.files)[number % len(self.files)]
            self.files[name] = self.files[name] | values

    @rule(
        project=projects,
        values=st.sampled_from(
            [
                {},
                {'summary': 'Does little'},
                {'status': 'archived', 'status_reason': 'finished'},
                {'status': 'quarantined'},
                {'status': 'active'},
            ]
        ),
    )
    def say_of_a_project(self, project: str, values: Line) -> None:
        self.facts[project] = {'project': project, **values}

    @rule(
        option=st.sampled_from(
            [
                ('--title', 'Other packages'),
                ('--title', 'Our packages'),
                ('--logo', 'static/logo.png'),
                ('--no-per-release-json',),
                (),
                ('--packages-url', 'https://pypi.example.com/pool/'),
                ('--packages-url', '../../pool/'),
            ]
        )
    )
    def set_option(self, option: tuple[str, ...]) -> None:
        if option:
            self.options[option[0]] = option
        else:
            self.options.clear()

    @rule()
    def start_over(self) -> None:
        self.files = {}

    @rule(path=st.sampled_from(foreign))
    def add_a_foreign_file(self, path: str) -> None:
        self.foreign_files[path] = b'not of this program\n'
        (self.site / path).parent.mkdir(parents=True, exist_ok=True)
        (self.site / path).write_bytes(self.foreign_files[path])

    @rule(number=pick)
    def edit_a_page_by_hand_and_rebuild(self, number: int) -> None:
        paths = sorted(pages(self.site).keys() - self.foreign_files.keys())
        (self.site / paths[number % len(paths)]).write_bytes(b'edited')
        self.once = ('--rebuild',)

    @precondition(lambda self: (self.site / 'packages.json').stat().st_size)  # else nothing tells whose the site is
    @rule(content=st.sampled_from([b'', b'{"format":1', b'{"format":2}', b'[]']))
    def damage_the_record(self, content: bytes) -> None:
        (self.site / RECORD).write_bytes(content)

    @invariant()
    def the_site_has_the_bytes_of_a_fresh_build(self) -> None:
        self.steps[-1] += 1
        state = State(
            [*self.facts.values(), *self.files.values()],
            ('--allow-empty', *(word for option in self.options.values() for word in option)),
        )
        assert state.build(self.site, *self.once) == 0
        self.once = ()
        expected = state.build_anew(self.directory / 'fresh')
        shutil.rmtree(self.directory / 'fresh')
        found = entries(self.site)
        assert files(found) == files(expected) | self.foreign_files
        wanted = [Path(path) for path in files(found)]
        assert {path for path in found if found[path] is None} == {
            parent.as_posix() for path in wanted for parent in path.parents if parent != Path('.')
        }

    def teardown(self) -> None:
        shutil.rmtree(self.directory)


def test_random_walks_stay_on_the_bytes_of_fresh_builds() -> None:
    Walk.steps = []
    walks = settings(
        max_examples=3,
        stateful_step_count=200,
        deadline=None,
        database=None,
        derandomize=os.environ.get('CI') == 'true',
    )
    run_state_machine_as_test(Walk, settings=walks)
    assert max(Walk.steps) >= 200


# ------------------------------------------------------------------------------------------------------ the record


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


WARNED = [
    *BASE,
    {'filename': 'README.md'},
    file('warned-1.0.tar.gz', colour='red'),
    file('warned-2.0.tar.gz', requires_python='new'),
]
WARNINGS = """\
site.jsonl:7: skipped: 'README.md' is not a distribution file
site.jsonl:8: ignored: unknown key 'colour'
site.jsonl:9: ignored: requires_python: expected a version specifier, got 'new'
skipped 1 of the listed files
"""


def test_a_warning_is_repeated_by_each_run_and_strict_fails_with_nothing_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    site = Path('site')
    for _ in range(3):
        assert build(site, WARNED) == 0
        assert capfd.readouterr() == ('', WARNINGS)
        backdate(site)
    assert build(site, WARNED, '--strict') == 1
    assert capfd.readouterr() == ('', ''.join(WARNINGS.splitlines(keepends=True)[:-1]))
    assert touched(site) == set()
    # Once the list is in order nothing is left to warn of.
    assert build(site, BASE) == 0
    assert build(site, BASE, '--strict') == 0
    assert capfd.readouterr() == ('', '')


def respelled(line: Line) -> str:
    return json.dumps(dict(reversed(line.items())), indent=1, separators=(' ,', ' : ')).replace('\n', ' ')


def test_lines_in_another_spelling_change_nothing_but_the_record(tmp_path: Path) -> None:
    site = tmp_path / 'site'
    assert build(site, BASE) == 0
    backdate(site)
    before = entries(site)
    lines = [respelled(line) for line in BASE]
    assert build(site, lines, *with_lists(tmp_path)) == 0
    assert touched(site) == {RECORD}
    assert without_own(entries(site)) == without_own(before)
    assert read_paths(tmp_path / 'changed') == []
    assert read_paths(tmp_path / 'removed') == []
    backdate(site)
    assert build(site, lines[::-1]) == 0
    assert touched(site) == set()


def build_plain(site: Path, names: list[str], *options: str) -> int:
    """Builds the site of a plain list, whose lines have nothing in them but what an uploader chooses."""
    packages = write_list(site.with_name(f'{site.name}.txt'), names)
    return main(['--package-list', str(packages), '--output-dir', str(site), '--packages-url', PACKAGES_URL, *options])


def test_nobody_hides_a_file_by_names_that_make_the_digest_come_out_as_before(tmp_path: Path) -> None:
    """With a sum of hashes for a digest, 1,024 well-chosen names beside `foo-1.1.tar.gz` were no change at all."""
    before, after = ['foo-1.0.tar.gz'], ['foo-1.0.tar.gz', *colliding_names()]
    sums = [
        sum(int.from_bytes(hashlib.sha256(name.encode()).digest(), 'little') for name in names)
        for names in (before, after)
    ]
    assert sums[0] % 2**128 == sums[1] % 2**128
    site, fresh = tmp_path / 'site', tmp_path / 'fresh'
    assert build_plain(site, before) == 0
    assert build_plain(site, after) == 0
    assert build_plain(fresh, after) == 0
    assert b'foo-1.1.tar.gz' in (site / 'simple/foo/index.html').read_bytes()
    assert entries(site) == entries(fresh)
    difference, previous = tmp_path / 'difference', write_list(tmp_path / 'previous.txt', before)
    assert build_plain(difference, after, '--previous-package-list', str(previous)) == 0
    assert b'foo-1.1.tar.gz' in (difference / 'simple/foo/index.html').read_bytes()


# Lines of two families which one line ties together, so that facts, sidecars and duplicates meet across them.
TIED = [
    {'project': 'foo', 'summary': 'Does what foo does'},
    {'project': 'bar', 'status': 'archived'},
    {'filename': 'foo-1.0.tar.gz'},
    {'filename': 'pool/bar-2.0-py3-none-any.whl', 'name': 'foo'},
    {'filename': 'pool/bar-2.0-py3-none-any.whl', 'name': 'Foo'},
    {'filename': 'pool/bar-2.0-py3-none-any.whl.metadata'},
    {'filename': 'bar-1.0-py3-none-any.whl'},
    {'filename': 'bar-1.0-py3-none-any.whl'},
    {'filename': 'bar-1.0-py3-none-any.whl.metadata', 'name': 'foo'},
    {'filename': 'foo-3.0-py3-none-any.whl', 'name': 'bar'},
    {'filename': 'foo-3.0-py3-none-any.whl.metadata'},
]
TIED_PACKAGES = [
    {'project': 'bar', 'status': 'archived'},
    {'filename': 'bar-1.0-py3-none-any.whl', 'core_metadata': True},
    {'filename': 'foo-3.0-py3-none-any.whl', 'name': 'bar', 'core_metadata': True},
    {'project': 'foo', 'summary': 'Does what foo does'},
    {'filename': 'pool/bar-2.0-py3-none-any.whl', 'name': 'foo', 'core_metadata': True},
    {'filename': 'foo-1.0.tar.gz'},
]


@pytest.mark.parametrize('seed', range(5))
def test_what_is_said_in_either_of_two_families_meets(
    seed: int, tmp_path: Path, fresh: Callable[[State], Entries], capfd: pytest.CaptureFixture[str]
) -> None:
    lines = random.Random(seed).sample(TIED, len(TIED))
    # On top of a site where nothing ties them, and back.
    untied = State([{'filename': 'foo-1.0.tar.gz'}, {'filename': 'bar-1.0-py3-none-any.whl'}])
    assert untied.build(tmp_path / 'site') == 0
    assert build(tmp_path / 'site', lines) == 0
    assert entries(tmp_path / 'site') == fresh(State(TIED))
    assert untied.build(tmp_path / 'site') == 0
    assert entries(tmp_path / 'site') == fresh(untied)
    assert capfd.readouterr() == ('', '')


def test_the_lines_of_families_that_are_tied_are_in_their_projects(fresh: Callable[[State], Entries]) -> None:
    found = files(fresh(State(TIED)))
    assert [json.loads(line) for line in found['packages.json'].splitlines()] == TIED_PACKAGES
    assert sorted(json.loads(found[RECORD].splitlines()[1])['families']) == ['bar+foo']
    page = json.loads(found['simple/foo/index.v1_json'])
    assert [(each['filename'], each.get('core-metadata')) for each in page['files']] == [
        ('foo-1.0.tar.gz', None),
        ('bar-2.0-py3-none-any.whl', True),
    ]


def test_a_file_that_two_families_claim_differently_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [{'filename': 'bar-1.0.zip', 'name': 'foo'}, {'filename': 'foo-1.0.zip'}, {'filename': 'a/bar-1.0.zip'}]
    assert build(Path('site'), lines) == 1
    message = (
        "site.jsonl:3: filename: expected 'bar-1.0.zip' to be as in line 1, got another filename, name; "
        "the paths are 'bar-1.0.zip' and 'a/bar-1.0.zip'\n"
    )
    assert capfd.readouterr() == ('', message)


def test_rebuild_heals_what_somebody_edited_by_hand(tmp_path: Path, fresh: Callable[[State], Entries]) -> None:
    site = tmp_path / 'site'
    assert build(site, BASE) == 0
    with (site / 'simple/foo/index.html').open('a') as page:
        page.write('<p>Hello')
    (site / 'pypi/bar/json').unlink()
    (site / 'static/style.css').write_bytes(b'')
    shutil.rmtree(site / 'project/baz')
    # A release that is in no list.
    shutil.copytree(site / 'pypi/foo/1.0', site / 'pypi/foo/0.9')
    assert build(site, BASE, '--rebuild') == 0
    assert entries(site) == fresh(State(BASE))


# ---------------------------------------------------------------------------------- laws 2 and 3: only the difference


@pytest.mark.parametrize('options', [(), ('--no-per-release-json',), ('--generate-timestamp',)], ids=' '.join)
def test_a_run_with_nothing_changed_touches_nothing_and_says_nothing(
    options: tuple[str, ...], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / 'site'
    assert build(site, BASE, *options, *with_lists(tmp_path)) == 0
    backdate(tmp_path)
    assert build(site, BASE[::-1], *options, *with_lists(tmp_path)) == 0
    # The directory itself has changed: the lock came and went in it.
    assert touched(tmp_path) == {'site', 'site.jsonl'}
    assert capfd.readouterr() == ('', '')


FOREIGN = {
    path: f'{path} is not of this program\n'.encode()
    for path in (
        'pool/foo-1.0.tar.gz',
        'robots.txt',
        '.well-known/security.txt',
        'simple/notes.txt',
        'simple/foo/mine.txt',
        'simple/foo/old/index.html',
        'project/handmade/index.html',
        'pypi/foo/1.0/notes',
        'pypi/handmade/json',
        'changelog/notes.txt',
        'changelog/2026-01-01.html',
        'changelog/archive/index.html',
        'static/logo.png',
        'static/fonts/some.woff2',
    )
}


def test_files_of_others_survive_everything(tmp_path: Path, fresh: Callable[[State], Entries]) -> None:
    site = tmp_path / 'site'
    assert build(site, BASE) == 0
    for path, content in FOREIGN.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_bytes(content)
    directories: Entries = {
        parent.as_posix(): None for path in FOREIGN for parent in Path(path).parents if parent != Path('.')
    }
    for state, once in (
        (State(BASE), ('--rebuild',)),
        (State(without(BASE, 'bar-2.0.tar.gz')), ()),
        (State(BASE, ('--title', 'Other packages')), ()),
        (State(BASE, ('--no-per-release-json',)), ()),
        (State([line | {'upload_timestamp': None} for line in BASE]), ()),
        (State(BASE[-1:]), ()),
        (State(BASE), ()),
        (State([], ('--allow-empty',)), ()),
        (State([], ('--allow-empty',)), ('--rebuild',)),
        (State(BASE), ()),
    ):
        assert state.build(site, *once) == 0
        assert entries(site) == fresh(state) | directories | FOREIGN
    (site / RECORD).unlink()
    assert State(BASE[:-1]).build(site) == 0
    assert entries(site) == fresh(State(BASE[:-1])) | directories | FOREIGN


def test_what_a_link_leads_to_survives(tmp_path: Path) -> None:
    """A pool that lies on another disk."""
    (tmp_path / 'pool').mkdir()
    (tmp_path / 'pool' / 'foo-1.0.tar.gz').write_bytes(b'a distribution')
    site = tmp_path / 'site'
    assert build(site, BASE) == 0
    (site / 'pool').symlink_to(tmp_path / 'pool')
    assert build(site, [], '--allow-empty', '--rebuild') == 0
    assert (site / 'pool' / 'foo-1.0.tar.gz').read_bytes() == b'a distribution'


@pytest.mark.parametrize('path', ['.dumb-pypi.tmp', '.dumb-pypi.tmp/site/simple/foo/index.html'])
def test_what_a_killed_run_left_unfinished_is_taken_away(
    path: str, tmp_path: Path, fresh: Callable[[State], Entries]
) -> None:
    site = tmp_path / 'site'
    assert build(site, BASE) == 0
    (site / path).parent.mkdir(parents=True, exist_ok=True)
    (site / path).write_bytes(b'<!doctype')
    (site / RECORD).unlink()
    assert build(site, BASE) == 0
    assert entries(site) == fresh(State(BASE))


# ------------------------------------------------------------------------------------------------------ the changelog


def test_without_any_upload_time_the_changelog_has_no_month(fresh: Callable[[State], Entries]) -> None:
    found = files(fresh(State([line | {'upload_timestamp': None} for line in BASE])))
    assert sorted(path for path in found if path.startswith('changelog')) == [
        'changelog/index.html',
        'changelog/page1.html',
    ]


LONG_NAMES = {
    'names of 255 characters': lambda number: f'{"a" * 120}-1.0.{"1" * 120}{number:04}.zip',
    'names of 255 bytes': lambda number: f'foo-1.0{"é" * 120}{number:04}.zip',
    'names that HTML escapes': lambda number: f'foo-1.0{"&" * 240}{number:04}.zip',
}


@pytest.mark.parametrize('name', LONG_NAMES.values(), ids=LONG_NAMES)
def test_no_page_of_the_changelog_is_larger_than_2_mb(name: Callable[[int], str], tmp_path: Path) -> None:
    names = [name(number) for number in range(1500)]
    assert {len(each.encode()) for each in names} <= {251, 252, 253, 254, 255}
    assert build(tmp_path / 'site', [file(each) for each in names], '--no-per-release-json') == 0
    sizes = {path.name: path.stat().st_size for path in (tmp_path / 'site' / 'changelog').iterdir()}
    assert {'2026-01.html', '2026-01-2.html'} <= sizes.keys()
    assert {page: size for page, size in sizes.items() if size > 2_000_000} == {}


@pytest.mark.parametrize(
    ('lines', 'upload', 'expected'),
    [
        pytest.param(BASE, file('qux-1.0.tar.gz', MARCH + 1), {'2026-03.html'}, id='in the newest month'),
        pytest.param(BASE, file('qux-1.0.tar.gz', JANUARY + 1), {'2026-01.html'}, id='in a month long past'),
        pytest.param(BASE, file('qux-1.0.tar.gz', MARCH + 31 * 86_400), {'2026-04.html'}, id='in a new month'),
        pytest.param(
            busy_month(999)[:-1],
            file('foo-999.0-py3-none-any.whl', FEBRUARY + 60 * 999),
            {'2026-02-2.html'},
            id='the last for which its page has room',
        ),
        pytest.param(
            busy_month(1000)[:-1],
            file('foo-1000.0-py3-none-any.whl', FEBRUARY + 60 * 1000),
            {'2026-02-3.html'},
            id='the first for which its page has no room',
        ),
    ],
)
def test_an_upload_changes_one_page_of_the_changelog(
    lines: list[Line], upload: Line, expected: set[str], tmp_path: Path
) -> None:
    site = tmp_path / 'site'
    assert build(site, lines) == 0
    backdate(site)
    assert build(site, [*lines, upload]) == 0
    assert {path for path in touched(site / 'changelog') if path.startswith('2')} == expected


# ------------------------------------------------------------------------------------------ the site that is elsewhere


SAME_OPTIONS = {name: edit for name, edit in EDITS.items() if edit[0].options == edit[1].options}


@pytest.mark.parametrize(('before', 'after'), SAME_OPTIONS.values(), ids=SAME_OPTIONS)
def test_with_the_packages_json_of_a_site_the_difference_goes_into_an_empty_directory(
    before: State, after: State, tmp_path: Path, fresh: Callable[[State], Entries]
) -> None:
    """Copied over the published site it makes a fresh build of the list."""
    published, difference = tmp_path / 'published', tmp_path / 'difference'
    assert before.build(published) == 0
    downloaded = tmp_path / 'downloaded.json'
    shutil.copy(published / 'packages.json', downloaded)
    changed, removed = tmp_path / 'changed', tmp_path / 'removed'
    options = ('--previous-package-list-json', str(downloaded), *with_lists(tmp_path))
    assert after.build(difference, *options) == 0

    new, old = without_own(fresh(after)), without_own(fresh(before))
    assert pages(difference) == {path: content for path, content in files(new).items() if content != old.get(path)}
    assert sorted(read_paths(changed)) == sorted(pages(difference))
    assert set(read_paths(removed)) == files(old).keys() - files(new).keys()
    copy(difference, published, pages(difference), read_paths(removed))
    assert without_own(entries(published)) == new


def test_a_previous_list_may_be_plain_text(tmp_path: Path) -> None:
    before, after = ['foo-1.0.tar.gz', 'bar-1.0.tar.gz'], ['foo-1.0.tar.gz', 'foo-2.0.zip', 'qux-1.0.tar.gz']
    new, old = write_list(tmp_path / 'new.txt', after), write_list(tmp_path / 'old.txt', before)
    published, difference, removed = tmp_path / 'published', tmp_path / 'difference', tmp_path / 'removed'
    assert build(published, [{'filename': name} for name in before]) == 0
    command = ['--package-list', new, '--previous-package-list', old, '--removed-paths', removed]
    assert main([*map(str, command), '--output-dir', str(difference), '--packages-url', PACKAGES_URL]) == 0
    copy(difference, published, pages(difference), read_paths(removed))
    expected = State([{'filename': name} for name in after]).build_anew(tmp_path / 'fresh')
    assert without_own(entries(published)) == without_own(expected)


def test_two_lists_that_say_the_same_write_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert build(tmp_path / 'published', BASE) == 0
    previous = ('--previous-package-list-json', str(tmp_path / 'published' / 'packages.json'))
    (tmp_path / 'difference').mkdir()
    assert build(tmp_path / 'difference', BASE, *previous) == 0
    assert entries(tmp_path / 'difference') == {}
    assert capfd.readouterr() == ('', '')


def test_a_difference_that_was_not_copied_is_made_up_for_by_the_next_one(
    tmp_path: Path, fresh: Callable[[State], Entries]
) -> None:
    """The directory still holds what the run before wrote, when the next list takes some of it back."""
    published, difference = tmp_path / 'published', tmp_path / 'difference'
    assert build(published, BASE) == 0
    changed, removed = tmp_path / 'changed', tmp_path / 'removed'
    options = ('--previous-package-list-json', str(published / 'packages.json'), *with_lists(tmp_path))
    one = State([*saying(BASE, 'foo-1.0.tar.gz', yanked=True), file('qux-1.0.tar.gz')])
    assert one.build(difference, *options) == 0
    other = State([*without(BASE, 'bar-2.0.tar.gz'), file('quux-1.0.tar.gz')])
    assert other.build(difference, *options) == 0
    copy(difference, published, read_paths(changed), read_paths(removed))
    assert without_own(entries(published)) == without_own(fresh(other))


# ----------------------------------------------------------------------------------------------- law 5: what to copy


def test_the_paths_of_a_first_build_are_all_that_the_site_holds(tmp_path: Path) -> None:
    site = tmp_path / 'site'
    assert build(site, BASE, *with_lists(tmp_path)) == 0
    paths = read_paths(tmp_path / 'changed')
    assert sorted(paths) == sorted(pages(site))
    assert paths[-3:] == ['index.html', '404.html', 'packages.json']
    roots = ('simple/index.html', 'simple/index.v1_json')
    assert all(
        paths.index(path) < min(map(paths.index, roots)) for path in paths if re.match('(simple|pypi)/.+/', path)
    )
    assert all(paths.index(path) < paths.index('index.html') for path in paths if path.startswith('project/'))
    assert read_paths(tmp_path / 'removed') == []


def test_the_paths_stand_in_the_order_in_which_they_may_be_copied(tmp_path: Path) -> None:
    site = tmp_path / 'site'
    assert build(site, BASE) == 0
    after = [*without(BASE, 'bar-2.0.tar.gz', 'baz-3.0-py3-none-any.whl'), file('qux-1.0.tar.gz', FEBRUARY + 1)]
    assert build(site, after, *with_lists(tmp_path)) == 0
    assert read_paths(tmp_path / 'changed') == [
        'simple/qux/index.html',
        'simple/qux/index.v1_json',
        'pypi/qux/1.0/json',
        'pypi/qux/json',
        'project/qux/index.html',
        'changelog/2026-02.html',
        'simple/index.html',
        'simple/index.v1_json',
        'changelog/index.html',
        'projects/index.html',
        'static/names.js',
        'static/details.js',
        'index.html',
        'packages.json',
    ]
    assert read_paths(tmp_path / 'removed') == [
        # It leads to projects that go too.
        'changelog/2026-03.html',
        'project/bar/index.html',
        'simple/bar/index.html',
        'simple/bar/index.v1_json',
        'pypi/bar/json',
        'pypi/bar/2.0/json',
        'project/baz/index.html',
        'simple/baz/index.html',
        'simple/baz/index.v1_json',
        'pypi/baz/json',
        'pypi/baz/3.0/json',
    ]


def test_paths_are_added_to_what_the_lists_hold_and_none_stands_there_twice(tmp_path: Path) -> None:
    """The copy after the first run failed, so that after the second has to copy both."""
    site = tmp_path / 'site'
    assert build(site, BASE, *with_lists(tmp_path)) == 0
    assert build(site, [*BASE, file('qux-1.0.tar.gz', MARCH + 1)], *with_lists(tmp_path)) == 0
    paths = read_paths(tmp_path / 'changed')
    assert sorted(paths) == sorted(pages(site))
    assert paths[-2:] == ['index.html', 'packages.json']
    assert (
        paths.index('simple/foo/index.html') < paths.index('simple/qux/index.html') < paths.index('simple/index.html')
    )


def test_a_path_that_comes_back_leaves_the_other_list(tmp_path: Path) -> None:
    site = tmp_path / 'site'
    assert build(site, BASE) == 0
    for lines, changed, removed in (
        (without(BASE, 'bar-2.0.tar.gz'), False, True),
        (BASE, True, False),
        (without(BASE, 'bar-2.0.tar.gz'), False, True),
        (without(BASE, 'bar-2.0.tar.gz', 'foo-1.1.tar.gz'), False, True),
    ):
        assert build(site, lines, *with_lists(tmp_path)) == 0
        assert ('simple/bar/index.html' in read_paths(tmp_path / 'changed')) is changed
        assert ('simple/bar/index.html' in read_paths(tmp_path / 'removed')) is removed


@pytest.mark.parametrize(('before', 'after'), EDITS.values(), ids=EDITS)
def test_copying_the_changed_and_deleting_the_removed_paths_makes_the_copy_equal(
    before: State, after: State, tmp_path: Path
) -> None:
    site, published = tmp_path / 'site', tmp_path / 'published'
    assert before.build(site) == 0
    shutil.copytree(site, published)
    old = pages(published)
    assert after.build(site, *with_lists(tmp_path)) == 0
    changed, removed = read_paths(tmp_path / 'changed'), read_paths(tmp_path / 'removed')
    copy(site, published, changed, removed)
    assert without_own(entries(published)) == without_own(entries(site))
    assert sorted(changed) == [path for path, content in pages(site).items() if content != old.get(path)]
    assert sorted(removed) == sorted(old.keys() - pages(site).keys())


# ------------------------------------------------------------------------------------------- the guard, and the lock

SEVEN = [file(f'foo-{number}.0.tar.gz') for number in range(7)]


@pytest.mark.parametrize('most', ['0', '1', '5', '100'])
def test_the_guard_lets_a_run_delete_as_many_files_as_it_says(most: str, tmp_path: Path) -> None:
    kept = SEVEN[min(int(most), 6) :]
    assert build(tmp_path / 'site', SEVEN) == 0
    # A file with another hash is not missing, and a new one makes up for none.
    again = [line | {'hash': f'sha256={"b" * 64}'} for line in kept]
    assert build(tmp_path / 'site', [*again, file('foo-8.0.tar.gz')], '--max-delete', most) == 0


@pytest.mark.parametrize(
    ('most', 'kept', 'message'),
    [
        pytest.param(
            '0', SEVEN[1:], '1 files are missing from the list, --max-delete allows 0: foo-0.0.tar.gz\n', id='none'
        ),
        pytest.param(
            '4',
            SEVEN[5:],
            '5 files are missing from the list, --max-delete allows 4: foo-0.0.tar.gz, foo-1.0.tar.gz, '
            'foo-2.0.tar.gz, foo-3.0.tar.gz, foo-4.0.tar.gz\n',
            id='as many as fit in the message',
        ),
        pytest.param(
            '5',
            SEVEN[6:],
            '6 files are missing from the list, --max-delete allows 5: foo-0.0.tar.gz, foo-1.0.tar.gz, '
            'foo-2.0.tar.gz, foo-3.0.tar.gz, foo-4.0.tar.gz, …\n',
            id='more than fit in the message',
        ),
    ],
)
@pytest.mark.parametrize('elsewhere', [False, True], ids=['site at hand', 'site elsewhere'])
def test_the_guard_refuses_to_delete_more_and_says_what_is_missing(
    elsewhere: bool, most: str, kept: list[Line], message: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / 'site'
    assert build(site, SEVEN, *with_lists(tmp_path)) == 0
    previous = ('--previous-package-list-json', str(site / 'packages.json'))
    backdate(tmp_path)
    capfd.readouterr()
    options = ('--max-delete', most, *with_lists(tmp_path))
    target = tmp_path / 'difference' if elsewhere else site
    assert build(target, [*kept, file('qux-1.0.tar.gz')], *options, *(previous if elsewhere else ())) == 1
    assert capfd.readouterr() == ('', message)
    assert touched(tmp_path) - {'site', 'site.jsonl'} == ({'difference.jsonl'} if elsewhere else set())


@pytest.mark.parametrize('once', [(), ('--rebuild',)], ids=['the record is missing', 'the record is ignored'])
def test_without_a_record_the_guard_asks_the_list_that_was_published(
    once: tuple[str, ...], tmp_path: Path, fresh: Callable[[State], Entries], capfd: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / 'site'
    assert build(site, SEVEN) == 0
    if not once:
        (site / RECORD).unlink()
    backdate(site)
    assert build(site, SEVEN[2:], '--max-delete', '1', *once) == 1
    message = '2 files are missing from the list, --max-delete allows 1: foo-0.0.tar.gz, foo-1.0.tar.gz\n'
    assert capfd.readouterr() == ('', message)
    assert touched(site) == set()
    assert build(site, SEVEN[2:], '--max-delete', '2', *once) == 0
    assert entries(site) == fresh(State(SEVEN[2:]))


def test_where_nothing_was_published_the_guard_misses_nothing(tmp_path: Path) -> None:
    assert build(tmp_path / 'site', SEVEN, '--max-delete', '0') == 0


@contextlib.contextmanager
def reading(site: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A run that holds the lock, because its standard input has not ended."""
    command = [sys.executable, '-m', 'dumb_pypi', '--package-list-json', '-', '--output-dir', str(site)]
    run = subprocess.Popen([*command, '--packages-url', PACKAGES_URL], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        lock, copy = site / '.dumb-pypi.lock', site / '.dumb-pypi.tmp' / 'list'
        # It holds the lock, and has begun to copy what it reads.
        wait_for(lambda: (lock.exists() and lock.read_text() == str(run.pid) and copy.exists()) or None, run)
        yield run
    finally:
        run.kill()
        run.communicate()


@pytest.mark.parametrize('exists', [False, True], ids=['a site to be', 'a site'])
def test_a_second_run_says_who_holds_the_directory_and_writes_nothing(
    exists: bool, tmp_path: Path, capfd: pytest.CaptureFixture[str], fresh: Callable[[State], Entries]
) -> None:
    site = tmp_path / 'site'
    if exists:
        assert build(site, BASE) == 0
    with reading(site) as run:
        backdate(tmp_path)
        assert build(site, BASE[-1:], *with_lists(tmp_path)) == 1
        assert capfd.readouterr() == ('', f'{site}: another run has it (pid {run.pid})\n')
        assert touched(tmp_path) == {'site.jsonl'}
        _, said = run.communicate(b''.join(json.dumps(line).encode() + b'\n' for line in BASE))
        assert said == b''
        assert run.returncode == 0
    assert entries(site) == fresh(State(BASE))


def test_the_lock_of_a_dead_process_does_not_block(tmp_path: Path, fresh: Callable[[State], Entries]) -> None:
    site = tmp_path / 'site'
    with reading(site) as run:
        run.send_signal(signal.SIGKILL)
        assert run.wait() == -signal.SIGKILL
    assert entries(site).pop('.dumb-pypi.lock') == str(run.pid).encode()
    assert build(site, BASE) == 0
    assert entries(site) == fresh(State(BASE))


# ------------------------------------------------------------------------------------------------------ a large site


def test_one_upload_into_a_site_of_50000_projects_rewrites_fewer_than_20_files(tmp_path: Path) -> None:
    site = tmp_path / 'site'
    lines = (file(f'project{number}-1.0.tar.gz', JANUARY + 600 * number) for number in range(50_000))
    packages = write_list(tmp_path / 'site.jsonl', lines)
    command = ['--package-list-json', str(packages), '--no-per-release-json']
    command += ['--output-dir', str(site), '--packages-url', PACKAGES_URL]
    # Not measured: what it runs, other tests run, and it takes twice as long.
    environment = {name: value for name, value in os.environ.items() if not name.startswith('COV')}
    subprocess.run([sys.executable, '-m', 'dumb_pypi', *command], env=environment, check=True)
    published = (site / RECORD).stat().st_mtime_ns  # of the file written last
    with packages.open('a', encoding='utf-8') as more:
        more.write(json.dumps(file('newcomer-1.0.tar.gz', JANUARY + 600 * 50_000)))
    assert main(command) == 0
    paths = [os.path.join(parent, name) for parent, _, names in os.walk(site) for name in names]
    assert len(paths) > 200_000
    new = [path for path in paths if os.stat(path).st_mtime_ns > published]
    assert 5 < len(new) < 20


OVERTAKEN = """
import os, sys

def overtake(event, args):
    # The run before this one ends after our look at its lock, and before we take it.
    if event == 'fcntl.flock' and not taken:
        taken.append(True)
        os.unlink(sys.argv[1])

taken = []
sys.addaudithook(overtake)
from dumb_pypi.main import main
raise SystemExit(main(sys.argv[2:]) or (0 if taken else 3))
"""


def test_a_lock_that_vanishes_while_it_is_taken_is_taken_anew(
    tmp_path: Path, fresh: Callable[[State], Entries]
) -> None:
    site = tmp_path / 'site'
    names = write_list(tmp_path / 'list.jsonl', BASE)
    command = ['--package-list-json', names, '--output-dir', site, '--packages-url', PACKAGES_URL]
    script = [sys.executable, '-c', OVERTAKEN, site / '.dumb-pypi.lock', *command]
    subprocess.run(list(map(str, script)), check=True)
    assert entries(site) == fresh(State(BASE))
