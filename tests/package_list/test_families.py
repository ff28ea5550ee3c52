"""Lines of two families can belong to the same project."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dumb_pypi.package_list.families import line_words
from testing.hostile import json_values
from testing.long import examples
from testing.sites import build
from testing.states import RECORD, Entries, State, entries, files

# Some lines join the families `foo` and `bar`, so that facts, sidecars and duplicates of both meet.
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
def test_facts_from_both_of_two_families_meet(
    seed: int, tmp_path: Path, fresh: Callable[[State], Entries], capfd: pytest.CaptureFixture[str]
) -> None:
    lines = random.Random(seed).sample(TIED, len(TIED))
    # Build on top of a site in which no line joins them, and then go back to its list.
    untied = State([{'filename': 'foo-1.0.tar.gz'}, {'filename': 'bar-1.0-py3-none-any.whl'}])
    assert untied.build(tmp_path / 'site') == 0
    assert build(tmp_path / 'site', lines) == 0
    assert entries(tmp_path / 'site') == fresh(State(TIED))
    assert untied.build(tmp_path / 'site') == 0
    assert entries(tmp_path / 'site') == fresh(untied)
    assert capfd.readouterr() == ('', '')


def test_the_lines_of_joined_families_are_in_their_projects(fresh: Callable[[State], Entries]) -> None:
    found = files(fresh(State(TIED)))
    assert [json.loads(line) for line in found['packages.json'].splitlines()] == TIED_PACKAGES
    assert sorted(json.loads(found[RECORD].splitlines()[1])['families']) == ['bar+foo']
    page = json.loads(found['simple/foo/index.v1_json'])
    assert [(each['filename'], each.get('core-metadata')) for each in page['files']] == [
        ('foo-1.0.tar.gz', None),
        ('bar-2.0-py3-none-any.whl', True),
    ]


def test_a_line_with_a_value_that_only_the_json_module_reads_is_in_its_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert build(Path('site'), ['{"filename": "Foo-1.0.zip"}', '{"filename": "Foo-2.0.zip", "score": NaN}']) == 0
    assert capfd.readouterr() == ('', "site.jsonl:2: ignored: unknown key 'score'\n")
    page = json.loads(files(entries(tmp_path / 'site'))['simple/foo/index.v1_json'])
    assert [each['filename'] for each in page['files']] == ['Foo-1.0.zip', 'Foo-2.0.zip']


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


@st.composite
def json_spellings(draw: st.DrawFn, value: Any = ...) -> str:
    """Return a spelling of a value in JSON: with spaces, escaped letters, and keys in any order or repeated."""
    space = draw(st.sampled_from(['', '', ' ', '\t', '  ']))
    if value is ...:
        keys = st.sampled_from(['filename', 'filename', 'name', 'project', 'x', 'filenames', 'a name', 'xname'])
        pairs = draw(st.lists(st.tuples(keys, json_values), max_size=5))
    elif isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        return f'[{space}{f"{space},".join(draw(json_spellings(each)) for each in value)}]'
    elif isinstance(value, str):
        text: str = json.dumps(value, ensure_ascii=draw(st.booleans()))
        if value.isalnum() and draw(st.integers(0, 4)) == 0:
            text = f'"\\u{ord(value[0]):04x}{value[1:]}"'
        return text
    else:
        return json.dumps(value)
    members = (f'{draw(json_spellings(key))}{space}:{space}{draw(json_spellings(each))}' for key, each in pairs)
    return f'{{{space}{f"{space},{space}".join(members)}{space}}}'


def expected_words(line: dict[str, Any]) -> set[str]:
    def word(text: str) -> str:
        return (re.match('[a-z0-9]*', text, re.IGNORECASE | re.ASCII) or [''])[0].lower()

    filename, name, project = (line.get(key) for key in ('filename', 'name', 'project'))
    if not isinstance(filename, str):  # if the key exists, this is an error, which the parser reports
        return {word(project) if isinstance(project, str) else ''}
    return {word(each) for each in (filename.split('/')[-1], name) if isinstance(each, str)}


@pytest.mark.long
@examples(500)
@given(text=json_spellings())
@example(text='{"x":{"filename":"foo-1.0.zip"},"filename":"bar-1.0.zip"}')
@example(text='{"filename":"bar-1.0.zip","x":{"filename":"foo-1.0.zip"}}')
@example(text='{"\\u0066ilename":"bar-1.0.zip","x":["filename"]}')
@example(text='{"filename":"bar-1.0.zip","\\u006eame":"foo"}')
@example(text='{"filename":"bar-1.0.zip","filename":"foo-1.0.zip"}')
@example(text='{"filename":"bar-1.0.zip","name":null}')
@example(text='{"uploaded_by":"filename","filename":"bar-1.0.zip"}')
@example(text='{"project":"foo","filename":null}')
def test_a_line_belongs_to_the_families_of_its_first_words_however_it_is_spelled(text: str) -> None:
    words = line_words(text.strip().encode(), True)
    assert 1 <= len(words) <= 2
    assert set(words) == expected_words(json.loads(text))


@pytest.mark.long
@examples(400)
@given(text=json_spellings(), end=st.integers(0, 60), more=st.binary(max_size=3))
def test_an_invalid_line_belongs_to_at_most_one_family(text: str, end: int, more: bytes) -> None:
    line = (text.encode()[:end] + more).strip()
    try:
        parsed = json.loads(line)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        (word,) = line_words(line, True)
        # An unescaped file name decides where the error is reported.
        assert word == '' or word in line.decode(errors='replace').lower()
