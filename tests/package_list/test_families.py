"""Lines of families that a name ties together meet in their projects."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from testing.sites import build
from testing.states import RECORD, Entries, State, entries, files

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
