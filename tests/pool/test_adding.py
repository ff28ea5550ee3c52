"""`--add` adds new files to a known list and opens no other files."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from testing.distributions import UPLOADED
from testing.pools import Outcome, described_sdist, described_wheel, run_list, settled
from testing.sites import write_list
from testing.tools import ROOT

WHEEL = 'Foo_Bar-2.0-py3-none-any.whl'
SHA256 = f'sha256={"a" * 64}'
# A line with every key, for a file that is in another place.
KEPT: dict[str, Any] = {
    'filename': 'team/Foo_Bar-1.0-py3-none-any.whl',
    'hashes': {'md5': 'b' * 32, 'sha256': 'a' * 64},
    'size': 1000,
    'url': 'https://files.example.com/v1/Foo_Bar-1.0-py3-none-any.whl',
    'requires_python': '>=3.9',
    'requires_dist': ['Dep>=1'],
    'core_metadata': SHA256,
    'provenance': 'https://files.example.com/v1/Foo_Bar-1.0-py3-none-any.whl.provenance',
    'upload_timestamp': 1600000000,
    'modified': 1600000001.5,
    'uploaded_by': 'Ann',
    'yanked_reason': 'broken',
}
SUMMARY = {'project': 'foo-bar', 'summary': 'As of 1.0', 'status': 'archived', 'status_reason': 'no time'}


@pytest.fixture(autouse=True)
def in_a_new_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path('dist').mkdir()


def added(*arguments: str) -> Outcome:
    """Run with `--add` and return the output. There must be no messages."""
    outcome = run_list('--known', 'known', '--add', *arguments)
    assert (outcome.status, outcome.messages) == (0, '')
    return outcome


def refused(expected: str, *arguments: str) -> None:
    for more in ((), ('--strict',)):
        outcome = run_list('--known', 'known', '--add', *more, *arguments)
        assert (outcome.status, outcome.output, outcome.messages) == (1, b'', expected)


def test_known_files_stay_with_their_whole_lines_and_new_files_join_them() -> None:
    write_list(Path('known'), [SUMMARY, KEPT])
    wheel = described_wheel(Path('dist'), 'Foo_Bar', '2.0', 'Summary: As of 2.0')
    outcome = added('dist')
    assert outcome.lines[:2] == [SUMMARY | {'summary': 'As of 2.0'}, KEPT]
    assert outcome.lines[2]['filename'] == WHEEL
    assert outcome.lines[2].keys() == {'filename', 'hash', 'size', 'requires_dist', 'upload_timestamp'}
    # The new list can be the known list of the next run.
    Path('known').write_bytes(outcome.output)
    wheel.unlink()
    assert added('dist') == outcome


def test_a_file_that_is_already_known_stays_unchanged() -> None:
    wheel = described_wheel(Path('dist'), 'Foo_Bar', '2.0', 'Requires-Python: >=3.8')
    run = run_list('dist').lines[0]
    line = run | {'requires_python': '>=3.7', 'uploaded_by': 'Ann', 'yanked_reason': '', 'core_metadata': SHA256}
    line |= {'url': f'https://files.example.com/{WHEEL}'}
    write_list(Path('known'), [line])
    assert added('dist').files() == {WHEEL: line}
    os.utime(wheel, (1, 1))
    assert added('dist').files() == {WHEEL: line | {'modified': 1}}
    write_list(Path('known'), [{key: value for key, value in line.items() if key != 'upload_timestamp'}])
    assert added('dist').files() == {WHEEL: line | {'upload_timestamp': 1}}


def test_a_known_file_with_several_hashes_is_known() -> None:
    described_wheel(Path('dist'), 'Foo_Bar', '2.0')
    line = run_list('dist').lines[0]
    sha256 = line.pop('hash').removeprefix('sha256=')
    line |= {'hashes': {'md5': 'b' * 32, 'sha256': sha256}}
    write_list(Path('known'), [line])
    for modified in ({}, {'modified': 1}):
        assert added('dist').files() == {WHEEL: line | modified}
        os.utime(f'dist/{WHEEL}', (1, 1))


def test_a_known_wheel_gets_its_newly_written_metadata() -> None:
    described_wheel(Path('dist'), 'Foo_Bar', '2.0')
    Path('known').write_bytes(run_list('dist').output)
    outcome = added('--write-metadata', 'dist')
    assert Path('dist', f'{WHEEL}.metadata').exists()
    assert 'core_metadata' in outcome.files()[WHEEL]
    Path('known').write_bytes(outcome.output)
    os.remove(f'dist/{WHEEL}.metadata')
    assert added('dist') == outcome


def test_the_file_replaces_a_known_line_without_a_usable_hash_except_facts_from_people() -> None:
    described_wheel(Path('dist'), 'Foo_Bar', '2.0')
    run = run_list('dist').lines[0]
    line = {'filename': WHEEL, 'hash': f'md5={"0" * 32}', 'yanked': True, 'uploaded_by': 'Ann', 'upload_timestamp': 1}
    write_list(Path('known'), [line])
    assert added('dist').files() == {WHEEL: run | {'yanked_reason': '', 'uploaded_by': 'Ann'}}


@pytest.mark.parametrize('known', ['missing', 'missing/list'])
def test_a_known_list_that_is_missing_is_an_error(known: str) -> None:
    described_wheel(Path('dist'), 'Foo_Bar', '2.0')
    expected = f'cannot read {known}: No such file or directory\n'
    assert run_list('--known', known, '--add', 'dist')[::2] == (1, expected)


def test_the_first_run_gives_an_empty_list() -> None:
    described_wheel(Path('dist'), 'Foo_Bar', '2.0')
    Path('known').touch()
    assert added('dist') == run_list('dist')
    shutil.rmtree('dist')
    Path('dist').mkdir()
    assert added('dist').output == b''


def test_a_known_name_with_another_hash_is_an_error_that_names_both() -> None:
    described_wheel(Path('dist'), 'Foo_Bar', '2.0')
    run = run_list('dist').lines[0]
    for change in ({'upload_timestamp': 1}, {'size': 1}):
        write_list(Path('known'), [run | {'hash': SHA256} | change])
        expected = f'dist/{WHEEL}: it is known with {SHA256}, not with {run["hash"]}; make a new version of it\n'
        refused(expected, 'dist')


def test_a_known_name_below_another_path_is_an_error_that_names_both() -> None:
    described_wheel(Path('dist'), 'Foo_Bar', '2.0')
    described_wheel(Path('dist'), 'Foo_Bar', '2.1')
    run = run_list('dist').files()
    lines = [line | {'filename': f'team/{name}'} for name, line in run.items()]
    write_list(Path('known'), lines)
    refused(
        f'dist/{WHEEL}: it is known as team/{WHEEL}, not as {WHEEL}\n'
        + f'dist/{WHEEL}: it is known as team/{WHEEL}, not as {WHEEL}\n'.replace('2.0', '2.1'),
        'dist',
    )
    Path('dist').rename('team')
    assert added('--root', '.', 'team').lines == lines


def test_half_a_wheel_does_not_replace_the_published_one() -> None:
    wheel = described_wheel(Path('dist'), 'Foo_Bar', '2.0')
    size = wheel.stat().st_size
    Path('known').write_bytes(run_list('dist').output)
    wheel.write_bytes(wheel.read_bytes()[:20])
    left_out = f'dist/{WHEEL}: left out: it is not a complete zip archive\n'
    expected = f'dist/{WHEEL}: it is known with {size} bytes, not with 20\n'
    assert run_list('--known', 'known', '--add', 'dist') == (1, b'', expected)
    assert run_list('--known', 'known', '--add', '--strict', 'dist') == (1, b'', expected + left_out)
    # A broken file of the same size is left out, and the known line stays.
    wheel.write_bytes(bytes(size))
    assert run_list('--known', 'known', '--add', 'dist') == (0, Path('known').read_bytes(), left_out)


def test_the_variants_file_changes_when_a_wheel_is_added() -> None:
    name = 'Foo_Bar-2.0-variants.json'
    settled(write(Path('dist', name), b'{"variants": {"cpu": {}}}'))
    Path('known').write_bytes(run_list('dist').output)
    settled(write(Path('dist', name), b'{"variants": {"cpu": {}, "cu128": {}}}'))
    outcome = added('dist')
    assert outcome.files()[name]['size'] == 38
    assert outcome == run_list('dist')
    # The changed file gives no message, even without `--add`.
    assert run_list('--known', 'known', 'dist') == outcome
    write_list(Path('known'), [outcome.lines[0] | {'filename': f'team/{name}'}])
    assert added('dist') == outcome


def test_a_variants_file_leaves_the_list_with_its_release() -> None:
    """The wheels of the release are removed with `jq`. It misses this file, which has no time in `packages.json`."""
    lines = [{'filename': f'Foo_Bar-{version}-variants.json', 'size': 2} for version in ('1.0', '2.0', '3.0')]
    lines.append({'filename': 'Foo_Bar-2.0.0-py3-none-any-cpu.whl', 'size': 2})
    write_list(Path('known'), [{'project': 'foo-bar', 'summary': 'As of 2.0'}, *lines])
    described_wheel(Path('dist'), 'Foo_Bar', '3.0')
    names = ['Foo_Bar-2.0-variants.json', 'Foo_Bar-2.0.0-py3-none-any-cpu.whl', 'Foo_Bar-3.0-py3-none-any.whl']
    assert [*added('dist').files()] == [*names, 'Foo_Bar-3.0-variants.json']
    write_list(Path('known'), [{'project': 'foo-bar', 'summary': 'As of 2.0'}, lines[0]])
    os.remove('dist/Foo_Bar-3.0-py3-none-any.whl')
    assert added('dist').output == b''


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


# ------------------------------------------------------------------------------------------------- sidecars


def test_sidecars_stay_with_their_known_files_and_those_of_new_files_join_them() -> None:
    url = 'https://files.example.com/a/Foo_Bar-1.0.tar.gz'
    lines = [
        {'filename': 'Foo_Bar-0.9.tar.gz'},
        {'filename': 'Foo_Bar-0.9.tar.gz.metadata'},
        {'filename': 'Foo_Bar-0.9.tar.gz.provenance'},
        {'filename': 'Foo_Bar-1.0.tar.gz', 'url': url},
        {'filename': 'Foo_Bar-1.0.tar.gz.provenance', 'url': f'{url}.provenance'},
    ]
    write_list(Path('known'), [*lines, {'filename': 'gone-1.0.tar.gz.metadata'}])
    described_wheel(Path('dist'), 'Foo_Bar', '2.0')
    write(Path('dist', f'{WHEEL}.provenance'), b'{}')
    outcome = added('dist')
    assert outcome.lines[:5] == lines
    assert [line['filename'] for line in outcome.lines[5:]] == [WHEEL, f'{WHEEL}.provenance']
    outcome = added('--base-url', 'https://files.example.com/b', 'dist')
    assert [line['url'] for line in outcome.lines[5:]] == [
        f'https://files.example.com/b/{WHEEL}',
        f'https://files.example.com/b/{WHEEL}.provenance',
    ]


def test_without_add_a_sidecar_that_is_gone_does_not_stay() -> None:
    described_wheel(Path('dist'), 'Foo_Bar', '2.0')
    plain = run_list('dist')
    write(Path('dist', f'{WHEEL}.provenance'), b'{}')
    Path('known').write_bytes(run_list('dist').output)
    os.remove(f'dist/{WHEEL}.provenance')
    assert run_list('--known', 'known', 'dist') == plain
    assert added('dist').output == Path('known').read_bytes()


# ------------------------------------------------------------------------------------------------- projects


def summaries(*arguments: str) -> dict[str, str]:
    return {name: line['summary'] for name, line in added(*arguments).projects().items()}


def test_the_newest_release_decides_the_facts_of_its_project_wherever_it_is() -> None:
    lines: list[dict[str, Any]] = [
        {'project': 'foo', 'summary': 'As of 2.0'},
        {'filename': 'foo-2.0-cp39-none-any.whl', 'size': 1},
    ]
    write_list(Path('known'), lines)
    described_wheel(Path('dist'), 'foo', '1.9', 'Summary: As of 1.9')
    assert summaries('dist') == {'foo': 'As of 2.0'}
    described_wheel(Path('dist'), 'foo', '2.0', 'Summary: As of py3', tag='py3-none-any')  # the first wheel decides
    described_sdist(Path('dist'), 'foo', '2.0', 'Summary: As of the sdist')
    assert summaries('dist') == {'foo': 'As of 2.0'}
    described_wheel(Path('dist'), 'foo', '2.0', 'Summary: As of cp38', tag='cp38-none-any')
    assert summaries('dist') == {'foo': 'As of cp38'}
    described_wheel(Path('dist'), 'foo', '2.1', 'Summary: As of 2.1')
    assert summaries('dist') == {'foo': 'As of 2.1'}


def test_the_known_line_of_a_project_stays_if_the_deciding_release_is_not_available() -> None:
    for version in ('1.0', '2.0'):
        described_wheel(Path('dist'), 'Foo', version, f'Summary: As of {version}')
    Path('known').write_bytes(run_list('dist').output)
    shutil.rmtree('dist')
    Path('dist').mkdir()
    write_list(Path('facts'), [{'filename': 'Foo-2.0-py3-none-any.whl', 'yanked': True}])
    assert summaries('--facts', 'facts', 'dist') == {'foo': 'As of 2.0'}
    described_wheel(Path('dist'), 'Foo', '1.5', 'Summary: As of 1.5')
    assert summaries('--facts', 'facts', 'dist') == {'foo': 'As of 1.5'}


def test_a_release_without_facts_gives_no_project_line() -> None:
    write_list(Path('known'), [{'project': 'foo', 'summary': 'As of 1.0'}, {'filename': 'foo-1.0.tar.gz'}])
    settled(write(Path('dist', 'foo-2.0-py3.13.egg'), b'egg'))
    assert summaries('dist') == {}


# ------------------------------------------------------------------------------------------------- people


def test_given_facts_replace_all_earlier_facts_from_people() -> None:
    other = {'filename': 'foo-1.0.tar.gz', 'yanked_reason': 'old', 'uploaded_by': 'Bob', 'upload_timestamp': 1}
    archived = {'project': 'foo', 'status': 'archived'}
    write_list(Path('known'), [archived, other, SUMMARY, KEPT])
    assert added('dist').lines == [archived, other, SUMMARY, KEPT]
    Path('facts').touch()
    kept = {key: value for key, value in KEPT.items() if key not in ('yanked_reason', 'uploaded_by')}
    plain = {'filename': 'foo-1.0.tar.gz', 'upload_timestamp': 1}
    summary = {'project': 'foo-bar', 'summary': 'As of 1.0'}
    assert added('--facts', 'facts', 'dist').lines == [plain, summary, kept]
    write_list(
        Path('facts'),
        [
            {'filename': 'foo-1.0.tar.gz', 'yanked': True, 'upload_timestamp': '1970-01-01T00:00:05Z'},
            {'filename': KEPT['filename'], 'uploaded_by': 'Eve'},
            {'project': 'Foo.Bar', 'status': 'deprecated'},
        ],
    )
    outcome = added('--facts', 'facts', 'dist')
    assert outcome.lines == [
        {'filename': 'foo-1.0.tar.gz', 'upload_timestamp': 5, 'modified': 1, 'yanked_reason': ''},
        summary | {'status': 'deprecated'},
        kept | {'uploaded_by': 'Eve'},
    ]


# ------------------------------------------------------------------------------------------------- rounds


NAMES = ('Foo_Bar', 'baz', 'Q.u.x')
TIMES = ('upload_timestamp', 'modified')


def new_files(dice: random.Random, taken: set[str]) -> None:
    """Make one to three files of new versions with separate times, in `dist` and in `pool`."""
    shutil.rmtree('dist')
    for _ in range(dice.randrange(1, 4)):
        name, version = dice.choice(NAMES), f'{dice.randrange(5)}.{dice.randrange(10)}{dice.choice(["", "", "+cpu"])}'
        more = [f'Summary: {name} {version} {dice.random()}', f'Requires-Python: >=3.{dice.randrange(20)}']
        team = Path('dist', dice.choice(['', 'team']))
        if dice.random() < 0.5:
            path = described_wheel(team, name, version, *more, tag=dice.choice(['py3-none-any', 'cp39-none-any']))
        else:
            path = described_sdist(team, name, version, *more)
        if path.name in taken:
            path.unlink()
            continue
        taken.add(path.name)
        os.utime(path, ns=(0, dice.randrange(10**18)))
        target = Path('pool', path.relative_to('dist'))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    Path('dist').mkdir(exist_ok=True)


def without_times(outcome: Outcome) -> dict[str, dict[str, Any]]:
    return {
        path: {key: value for key, value in line.items() if key not in TIMES} for path, line in outcome.files().items()
    }


@pytest.mark.parametrize('newest', [(), ('--newest', '3')], ids=['all', 'the newest three'])
@pytest.mark.parametrize('seed', range(2))
def test_thirty_rounds_of_adding_give_the_list_of_the_whole_pool(seed: int, newest: tuple[str, ...]) -> None:
    dice = random.Random(seed)
    Path('pool').mkdir()
    Path('known').touch()
    taken: set[str] = set()
    uploaded: dict[str, float] = {}  # the upload time of each file in its first list
    yanked: set[str] = set()
    facts: list[dict[str, Any]] = []
    stale: set[str] = set()  # projects whose newest release may have been yanked or unyanked
    lines: dict[str, dict[str, Any]] = {}  # lines of projects in the round before
    for _ in range(30):
        new_files(dice, taken)
        at_hand = run_list('dist').files()
        listed = sorted({**run_list('--known', 'known', '--add', *newest, 'dist').files()})
        if dice.random() < 0.5 and listed:
            yanked ^= {dice.choice(listed)}
        yanked &= {*listed}
        facts = [{'filename': path, 'yanked': True} for path in sorted(yanked)]
        facts += [{'project': name, 'status': 'archived'} for name in NAMES if dice.random() < 0.2]
        write_list(Path('facts'), facts)
        outcome = run_list('--known', 'known', '--add', *newest, '--facts', 'facts', 'dist')
        whole = run_list(*newest, '--facts', 'facts', 'pool')
        assert outcome.status == whole.status == 0
        assert without_times(outcome) == without_times(whole)
        for path, line in outcome.files().items():
            modified = at_hand[path]['upload_timestamp'] if path in at_hand else uploaded[path]
            assert line['upload_timestamp'] == uploaded.setdefault(path, modified)
        stale |= {'foo-bar', 'baz', 'q-u-x'} if yanked else set()
        for name in outcome.projects().keys() | whole.projects().keys():
            line, other = outcome.projects().get(name, {}), whole.projects().get(name, {})
            assert line.get('status') == other.get('status')
            if line.get('summary') != other.get('summary'):
                assert name in stale
                assert line.get('summary') == lines[name].get('summary')
        if not yanked:
            stale = {name for name in stale if outcome.projects().get(name) != whole.projects().get(name)}
        lines = outcome.projects()
        Path('known').write_bytes(outcome.output)
        # Touching files of the pool does not change upload times.
        for path_ in dice.sample(sorted(Path('pool').rglob('*.*')), 1):
            os.utime(path_, ns=(0, dice.randrange(10**18)))
    assert len(taken) > 30
    assert max(Version(path.split('-')[1]) for path in listed if path.endswith('.whl')) > Version('1')


# A separate process, because an audit hook cannot be removed.
OPENED = """
import os, sys
from dumb_pypi.pool.main import main
opened = []
sys.addaudithook(lambda event, args: event in ('open', 'os.scandir', 'os.listdir') and opened.append(args[0]))
sys.stdout = open('list', 'w')
status = main(sys.argv[1:])
here = os.getcwd()
names = [os.path.abspath(os.fsdecode(name)) for name in opened if isinstance(name, (str, bytes))]
print(status, *sorted({os.path.relpath(name, here) for name in names if name.startswith(f'{here}/')}), file=sys.stderr)
"""


def test_only_three_new_wheels_are_opened_beside_twelve_thousand_known_ones() -> None:
    lines = [
        {
            'filename': f'team{number % 7}/Foo{number % 300}-1.{number}-py3-none-any.whl',
            'hash': f'sha256={number:064x}',
            'size': 1000,
            'requires_dist': ['Dep>=1'],
            'upload_timestamp': UPLOADED,
        }
        for number in range(12_000)
    ]
    write_list(Path('known'), lines)
    new = [described_wheel(Path('dist'), 'Foo7', f'2.{number}', f'Summary: {number}') for number in range(3)]
    command = [sys.executable, '-c', OPENED, '--known', 'known', '--add', 'dist']
    done = subprocess.run(
        command, check=True, capture_output=True, encoding='utf-8', env={**os.environ, 'PYTHONPATH': str(ROOT)}
    )
    assert done.stderr.split() == ['0', 'dist', *(str(path) for path in new), 'known', 'list']
    listed = [json.loads(line) for line in Path('list').read_text(encoding='utf-8').splitlines()]
    assert len(listed) == 12_004
    assert [line for line in listed if 'project' in line] == [{'project': 'foo7', 'summary': '2'}]
