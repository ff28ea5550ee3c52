"""Several files with the same name in a pool: the index has one of them, and a new upload does not replace it."""

from __future__ import annotations

from pathlib import Path

import pytest

from testing.pools import described_sdist, described_wheel, run_list, settled
from testing.sites import write_list

POOL = Path('pool')
WHEEL = 'Foo-1.0-py3-none-any.whl'
BROKEN = f'pool/a/{WHEEL}: left out: it is not a complete zip archive\n'


@pytest.fixture(autouse=True)
def in_a_new_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def broken(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / WHEEL).write_bytes(b'garbage')
    settled(directory / WHEEL)


def test_garbage_in_a_folder_that_sorts_first_does_not_hide_the_good_file() -> None:
    broken(POOL / 'a')
    described_wheel(POOL / 'b', 'Foo', '1.0', 'Summary: fine', 'Requires-Python: >=3.9')
    described_wheel(POOL / 'c', 'Foo', '1.0', 'Summary: not this')
    described_sdist(POOL, 'Foo', '0.9', 'Summary: old')
    outcome = run_list('pool')
    assert outcome.messages == f'{BROKEN}pool/c/{WHEEL}: left out: pool/b/{WHEEL} has the same name\n'
    assert outcome.projects() == {'foo': {'project': 'foo', 'summary': 'fine'}}
    assert outcome.files().keys() == {f'b/{WHEEL}', 'Foo-0.9.tar.gz'}
    assert outcome.files()[f'b/{WHEEL}']['requires_python'] == '>=3.9'
    Path('list').write_bytes(outcome.output)
    known = run_list('--known', 'list', 'pool')
    assert (known.output, known.messages) == (
        outcome.output,
        f'pool/a/{WHEEL}: left out: pool/b/{WHEEL} has the same name\n'
        f'pool/c/{WHEEL}: left out: pool/b/{WHEEL} has the same name\n',
    )


def test_all_broken_files_of_one_name_are_left_out() -> None:
    broken(POOL / 'a')
    broken(POOL / 'b')
    described_sdist(POOL, 'Foo', '0.9')
    outcome = run_list('pool')
    assert outcome.messages == BROKEN + BROKEN.replace('/a/', '/b/')
    assert outcome.files().keys() == {'Foo-0.9.tar.gz'}


def test_a_known_file_stays_when_another_with_its_name_appears() -> None:
    described_wheel(POOL / 'b', 'Foo', '1.0', 'Summary: known')
    before = run_list('pool')
    Path('list').write_bytes(before.output)
    described_wheel(POOL / 'a', 'Foo', '1.0', 'Summary: another')
    outcome = run_list('--known', 'list', 'pool')
    assert (outcome.output, outcome.messages) == (
        before.output,
        f'pool/a/{WHEEL}: left out: pool/b/{WHEEL} has the same name\n',
    )


def test_a_known_path_stays_when_its_file_changes_and_another_with_its_name_appears() -> None:
    described_wheel(POOL / 'b', 'Foo', '1.0', 'Summary: known')
    Path('list').write_bytes(run_list('pool').output)
    described_wheel(POOL / 'b', 'Foo', '1.0', 'Summary: made again, and larger')
    described_wheel(POOL / 'a', 'Foo', '1.0', 'Summary: another')
    outcome = run_list('--known', 'list', 'pool')
    assert outcome.projects()['foo']['summary'] == 'made again, and larger'
    assert outcome.files().keys() == {f'b/{WHEEL}'}


def test_facts_apply_to_a_file_that_is_listed_in_place_of_another() -> None:
    broken(POOL / 'a')
    described_wheel(POOL / 'b', 'Foo', '1.0')
    write_list(Path('facts'), [{'filename': f'b/{WHEEL}', 'yanked': True}])
    outcome = run_list('--facts', 'facts', 'pool')
    assert outcome.messages == BROKEN
    assert outcome.files()[f'b/{WHEEL}']['yanked_reason'] == ''
