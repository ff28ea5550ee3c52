"""The upload time of a file stays as long as its bytes do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from testing.distributions import UPLOADED
from testing.pools import described_wheel, run_list
from testing.sites import build, write_list

PATH = 'Foo-1.0-py3-none-any.whl'


@pytest.fixture(autouse=True)
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a known wheel in a pool, in the working directory."""
    monkeypatch.chdir(tmp_path)
    path = described_wheel(Path('pool'), 'Foo', '1.0', 'Requires-Python: >=3.9')
    os.utime(path, ns=(0, UPLOADED * 10**9 + 500_000_000))
    Path('known').write_bytes(run_list('pool').output)
    return path


def listed(*arguments: str) -> dict[str, Any]:
    """Return the line of the wheel. `packages.json` of its site is the known list of the next run."""
    outcome = run_list('--known', 'known', *arguments, 'pool')
    assert (outcome.status, outcome.messages) == (0, '')
    assert build(Path('site'), outcome.lines) == 0
    Path('known').write_bytes(Path('site/packages.json').read_bytes())
    [line] = outcome.lines
    return line


def test_touching_a_file_does_not_change_its_upload_time(wheel: Path) -> None:
    before = listed()
    assert before['upload_timestamp'] == UPLOADED + 0.5
    os.utime(wheel, (UPLOADED + 9, UPLOADED + 9))
    assert listed() == before | {'modified': UPLOADED + 9}
    # The new list is the known one now, so the file is not opened: if opened, it would be left out.
    content = wheel.read_bytes()
    wheel.write_bytes(bytes(len(content)))
    os.utime(wheel, (UPLOADED + 9, UPLOADED + 9))
    assert listed() == before | {'modified': UPLOADED + 9}
    wheel.write_bytes(content)
    os.utime(wheel, ns=(0, UPLOADED * 10**9 + 500_000_000))
    assert listed() == before


def test_a_file_system_with_whole_seconds_does_not_change_the_upload_time(wheel: Path) -> None:
    before = listed()
    os.utime(wheel, (UPLOADED, UPLOADED))
    for _ in range(2):
        assert listed() == before | {'modified': UPLOADED}


def test_moving_a_file_does_not_change_its_upload_time(wheel: Path) -> None:
    before = listed()
    Path('pool', 'team').mkdir()
    os.utime(wheel, (1, 1))
    wheel.rename(Path('pool', 'team', PATH))
    assert listed() == before | {'filename': f'team/{PATH}', 'modified': 1}


def test_an_overwritten_file_has_a_new_upload_time(wheel: Path) -> None:
    was = listed()['hash']
    described_wheel(Path('pool'), 'Foo', '1.0', 'Requires-Python: >=3.10')
    os.utime(wheel, (UPLOADED + 9, UPLOADED + 9))
    outcome = run_list('--known', 'known', 'pool')
    assert outcome.messages == f'pool/{PATH}: overwritten: it is no longer the file with {was}\n'
    [line] = outcome.lines
    assert (line['upload_timestamp'], 'modified' in line) == (UPLOADED + 9, False)


def test_an_upload_time_from_people_stays_when_it_leaves_the_facts(wheel: Path) -> None:
    before = listed()
    write_list(Path('facts'), [{'filename': PATH, 'upload_timestamp': '1970-01-01T00:00:07Z'}])
    said = before | {'upload_timestamp': 7, 'modified': UPLOADED + 0.5}
    assert listed('--facts', 'facts') == said
    Path('facts').write_text('')
    assert listed('--facts', 'facts') == said
    assert listed() == said
    # Facts take precedence over the known list, also for a file that must be read again.
    os.utime(wheel, (9, 9))
    write_list(Path('facts'), [{'filename': PATH, 'upload_timestamp': 8}])
    assert listed('--facts', 'facts') == before | {'upload_timestamp': 8, 'modified': 9}
    write_list(Path('facts'), [{'filename': PATH, 'upload_timestamp': 9}])
    assert listed('--facts', 'facts') == before | {'upload_timestamp': 9}


def test_a_file_without_a_time_keeps_its_known_upload_time(wheel: Path) -> None:
    before = listed()
    os.utime(wheel, (-1, -1))
    for _ in range(2):
        assert listed() == before


def test_a_known_file_without_an_upload_time_gets_its_modification_time(wheel: Path) -> None:
    before = listed()
    write_list(Path('known'), [{key: value for key, value in before.items() if key != 'upload_timestamp'}])
    assert listed() == before
