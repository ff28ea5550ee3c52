"""Lines of a list: values survive any spelling of JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumb_pypi.package_list.lines import (
    FACTS_KEYS,
    PACKAGE_KEYS,
    Facts,
    Package,
    Parsed,
    encode,
    parse_any_line,
    parse_line,
)
from testing.hostile import file_lines, json_values, project_lines
from testing.long import examples
from testing.rich import MD5, SHA256

KEYS = sorted({*PACKAGE_KEYS, *FACTS_KEYS, 'other', 'another'})


def parsed(line: bytes, parse: Callable[[bytes], Parsed]) -> object:
    """Return the content of a line, its unknown keys and its warnings; or its problem."""
    try:
        value, unknown, beyond = parse(line)
    except ValueError as error:
        return type(error), str(error)
    return value, list(unknown), list(beyond)


def parsed_as_usual(line: bytes) -> object:
    return parsed(line, lambda each: parse_line(each, True))


@pytest.mark.long
@examples(500)
@given(line=file_lines | project_lines)
def test_a_line_survives_its_json(line: dict[str, Any]) -> None:
    try:
        value, _, _ = parse_line(json.dumps(line).encode(), True)
    except ValueError:  # rejected
        return
    assert parse_line(encode(value), True) == (value, (), ())


@pytest.mark.long
@examples(1000)
@given(line=file_lines | project_lines, more=st.dictionaries(st.sampled_from(KEYS), json_values, max_size=3))
def test_a_line_means_the_same_when_it_is_read_one_value_at_a_time(line: dict[str, Any], more: dict[str, Any]) -> None:
    for ensure_ascii in (True, False):
        text = json.dumps({**line, **more}, ensure_ascii=ensure_ascii).encode(errors='surrogatepass')
        assert parsed_as_usual(text) == parsed(text, parse_any_line)


@pytest.mark.parametrize(
    ('line', 'expected'),
    [
        ('{"filename":"a-1.zip","filename":"b-1.zip"}', Package('b-1.zip')),
        ('{"filename":"a-1.zip","size":"?","size":1}', Package('a-1.zip', size=1)),
        ('{"filename":"a-1.zip","size":1,"size":null}', Package('a-1.zip')),
        ('{"project":"a","project":"b","extra":1,"extra":2}', Facts('b')),
    ],
)
def test_the_last_value_of_a_repeated_key_counts(line: str, expected: Package | Facts) -> None:
    assert parse_line(line.encode(), True)[0] == parse_any_line(line.encode())[0] == expected


@pytest.mark.parametrize(
    ('line', 'expected'),
    [
        (f'"hash":"sha256={SHA256}","hashes":{{"md5":"{MD5}"}}', {'hashes': {'md5': MD5, 'sha256': SHA256}}),
        (f'"hash":"md5={MD5}","hashes":{{"sha256":"{SHA256}"}}', {'hashes': {'md5': MD5, 'sha256': SHA256}}),
        (f'"hash":"md5={MD5}","hashes":{{"md5":"{MD5.upper()}"}}', {'hash': f'md5={MD5}'}),
        (f'"hashes":{{"md5":"{MD5}"}}', {'hash': f'md5={MD5}'}),
        ('"hashes":{}', {}),
    ],
)
def test_the_hash_is_one_of_the_hashes(line: str, expected: dict[str, Any]) -> None:
    assert parse_line(f'{{"filename":"a-1.zip",{line}}}'.encode(), True)[0] == Package('a-1.zip', **expected)
