"""Limits of a line of a list: the generator cuts longer values with a warning, the list maker silently."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.metadata import parse_email

from dumb_pypi.main import main
from dumb_pypi.package_list.lines import encode, parse_any_line, parse_line
from dumb_pypi.pool.metadata import read_fields
from testing.long import examples
from testing.pools import described_sdist, described_wheel, headers, make_zip, run_list
from testing.sites import PACKAGES_URL, write_list

FILE = {'filename': 'Foo-1.0.tar.gz'}
URLS = {f'{number:04}': 'https://example.com/' for number in range(1001)}
MIB = 2**20


def text(key: str, most: int) -> Any:
    return pytest.param(
        {'project': 'foo', key: 'x' * (most - 2) + '\u00e9 y'},
        {'project': 'foo', key: 'x' * (most - 2) + '\u00e9'},
        f'shortened: {key}: expected at most {most:,} characters',
        id=key,
    )


BEYOND = [
    text('summary', 2_000),
    *(text(key, 10_000) for key in ('author', 'author_email', 'maintainer', 'maintainer_email', 'keywords')),
    *(text(key, 10_000) for key in ('status_reason', 'description_content_type')),
    text('license', 100_000),
    pytest.param(
        {'project': 'foo', 'license_expression': 'M' * 10_001},
        {'project': 'foo'},
        'ignored: license_expression: expected at most 10,000 characters',
        id='a licence expression is left out',
    ),
    pytest.param(
        {'project': 'foo', 'description': 'x' * (MIB - 3) + '\U0001f40d'},
        {'project': 'foo', 'description': 'x' * (MIB - 3)},
        'shortened: description: expected at most 1 MiB',
        id='a character is never split',
    ),
    pytest.param(
        {'project': 'foo', 'description': '\n  a' + ' \n' * MIB + 'b'},
        {'project': 'foo', 'description': '\n  a'},
        'shortened: description: expected at most 1 MiB',
        id='cut, then stripped',
    ),
    pytest.param(
        {'project': 'foo', 'description': ' ' * MIB + 'x'},
        {'project': 'foo'},
        'shortened: description: expected at most 1 MiB',
        id='only space is left',
    ),
    pytest.param(
        {'project': 'foo', 'classifiers': ['A'] * 1001},
        {'project': 'foo', 'classifiers': ['A'] * 1000},
        'shortened: classifiers: expected at most 1,000 of at most 10,000 characters',
        id='many classifiers',
    ),
    pytest.param(
        {'project': 'foo', 'classifiers': ['A', 'B' * 10_001]},
        {'project': 'foo', 'classifiers': ['A', 'B' * 10_000]},
        'shortened: classifiers: expected at most 1,000 of at most 10,000 characters',
        id='a long classifier',
    ),
    pytest.param(
        {'project': 'foo', 'project_urls': URLS},
        {'project': 'foo', 'project_urls': {label: url for label, url in URLS.items() if label < '1000'}},
        'shortened: project_urls: expected at most 1,000 of at most 10,000 characters',
        id='many links',
    ),
    pytest.param(
        {'project': 'foo', 'project_urls': {'a' * 10_001: 'https://example.com/', 'b': 'https://a/' + 'c' * 9_991}},
        {'project': 'foo', 'project_urls': {'a' * 10_000: 'https://example.com/'}},
        'shortened: project_urls: expected at most 1,000 of at most 10,000 characters',
        id='a long label is cut, and a long link is left out',
    ),
    pytest.param(
        FILE | {'requires_dist': ['a'] * 10_001, 'size': 1},
        FILE | {'size': 1},
        'ignored: requires_dist: expected at most 10,000, or 1 MiB',
        id='many requirements are left out',
    ),
    pytest.param(
        FILE | {'requires_dist': ['a', '\u00e9' * (MIB // 2)]},
        FILE,
        'ignored: requires_dist: expected at most 10,000, or 1 MiB',
        id='long requirements are left out',
    ),
    pytest.param(
        FILE | {'yanked_reason': 'x' * 10_001, 'uploaded_by': 'y' * 10_001},
        FILE | {'uploaded_by': 'y' * 10_000, 'yanked_reason': 'x' * 10_000},
        'shortened: uploaded_by: expected at most 10,000 characters',
        id='facts about a file from people',
    ),
]


@pytest.mark.parametrize(('line', 'expected', 'warning'), BEYOND)
def test_a_value_that_is_too_long_is_cut_with_a_warning_that_is_never_an_error(
    line: dict[str, Any], expected: dict[str, Any], warning: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, site = write_list(tmp_path / 'list', [FILE, line] if 'project' in line else [line]), tmp_path / 'site'
    arguments = ['--strict', '--packages-url', PACKAGES_URL, '--output-dir', str(site), '--package-list-json']
    assert main([*arguments, str(source)]) == 0
    number = 2 if 'project' in line else 1
    assert capsys.readouterr().err.splitlines()[0] == f'{source}:{number}: {warning}'
    lines = [json.loads(each) for each in (site / 'packages.json').read_text(encoding='utf-8').splitlines()]
    assert lines == ([expected] if 'filename' in line else [expected, FILE] if len(expected) > 1 else [FILE])
    written = (site / 'packages.json').read_bytes()
    assert main([*arguments, str(site / 'packages.json'), '--rebuild']) == 0  # as a list again, it does not change
    assert (capsys.readouterr().err, (site / 'packages.json').read_bytes()) == ('', written)


TEXTS = st.tuples(
    st.sampled_from(['x', ' ', '\u00e9', '\U0001f40d', '\n', '\u2028', 'a b\t']),
    st.sampled_from([1, 1_999, 2_000, 9_999, 10_000, 100_001, 2**18, 2**20]),
    st.text(max_size=5),
).map(lambda parts: (parts[0] * parts[1])[: 2**20 + 10] + parts[2])
KEYS = ['summary', 'description', 'license', 'license_expression', 'keywords', 'status_reason', 'author']


@pytest.mark.long
@examples(20)
@given(
    st.fixed_dictionaries(
        {'project': st.just('foo')},
        optional={
            **dict.fromkeys(KEYS, TEXTS),
            'classifiers': st.lists(TEXTS, max_size=2),
            'project_urls': st.dictionaries(TEXTS, st.just('https://example.com/'), max_size=3),
        },
    )
)
def test_a_line_that_was_cut_is_not_cut_again(line: dict[str, Any]) -> None:
    raw = json.dumps(line, ensure_ascii=False).encode()
    once, _, warnings = parse_line(raw, True)
    again, _, no_warnings = parse_line(encode(once), True)
    assert (again, [*no_warnings]) == (once, [])
    assert parse_any_line(raw) == (once, [], warnings)


def test_the_list_maker_cuts_silently(tmp_path: Path) -> None:
    """The wheels have a few kilobytes, which unpack to megabytes in one field."""
    summary, reason = 'x' * (4 * MIB - 200), 'y' * 10_001
    for number in range(3):
        described_wheel(tmp_path / 'pool', f'foo{number}', '1.0', f'Summary: {summary}')
    described_wheel(tmp_path / 'pool', 'urls', '1.0', f'Home-page: https://example.com/{summary[:-99]}')
    described_wheel(tmp_path / 'pool', 'requirements', '1.0', *[f'Requires-Dist: {"a" * 300}'] * 4_000)
    facts = write_list(tmp_path / 'facts', [{'project': 'urls', 'status': 'archived', 'status_reason': reason}])
    outcome = run_list('--strict', '--facts', facts, tmp_path / 'pool')
    assert (outcome.status, outcome.messages) == (0, '')
    assert outcome.projects()['foo2'] == {'project': 'foo2', 'summary': 'x' * 2_000}
    assert outcome.projects()['urls'] == {'project': 'urls', 'status': 'archived', 'status_reason': 'y' * 10_000}
    assert 'requires_dist' not in outcome.files()['requirements-1.0-py3-none-any.whl']
    assert outcome.files()['urls-1.0-py3-none-any.whl']['requires_dist'] == []
    assert len(outcome.output) < 100_000


# ------------------------------------------------------------------------------------------------- versions

SPECIFIERS = [
    pytest.param('>=' + '9' * 20, True, id='20 digits'),
    pytest.param('>=' + '9' * 21, False, id='21 digits'),
    pytest.param('>=' + '9' * 5_000, False, id='more than Python reads'),
    pytest.param('>=1.' + '1.' * 62 + '11', True, id='128 characters'),
    pytest.param('>=1.' + '1.' * 62 + '111', False, id='129 characters'),
    pytest.param('===' + 'a' * 129, False, id='129 characters that are no version'),
    pytest.param('>=3,' * 249 + '>=3', True, id='1,000 characters in all'),
    pytest.param('>=3,' * 250 + '>=3', False, id='more than 1,000 characters in all'),
]


@pytest.mark.parametrize(('specifier', 'is_kept'), SPECIFIERS)
def test_a_python_that_no_installer_can_read_is_left_out_in_both_commands(
    specifier: str, is_kept: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    described_wheel(tmp_path / 'pool', 'Foo', '1.0', f'Requires-Python: {specifier}')
    outcome = run_list(tmp_path / 'pool')
    assert (outcome.status, outcome.messages) == (0, '')
    assert outcome.lines[0].get('requires_python') == (specifier if is_kept else None)
    source = write_list(tmp_path / 'list', [FILE | {'requires_python': specifier}])
    arguments = ['--package-list-json', str(source), '--packages-url', PACKAGES_URL]
    assert main([*arguments, '--output-dir', str(tmp_path / 'site')]) == 0
    assert ('expected a version specifier' in capsys.readouterr().err) is not is_kept
    page = (tmp_path / 'site' / 'simple' / 'foo' / 'index.html').read_text(encoding='utf-8')
    assert ('data-requires-python' in page) is is_kept


def test_a_metadata_version_with_5000_digits_is_no_problem(tmp_path: Path) -> None:
    text = headers('Foo', '1.0', 'Requires-Dist: a').replace(b'Version: 2.2', b'Version: ' + b'9' * 5_000)
    for name in ('Foo', 'bar'):
        make_zip(tmp_path / f'{name}-1.0.zip', {f'{name}-1.0/PKG-INFO': text.replace(b'Foo', name.encode())})
    described_sdist(tmp_path, 'baz', '1.0')
    outcome = run_list(tmp_path)
    assert (outcome.status, outcome.messages) == (0, '')
    assert outcome.files().keys() == {'Foo-1.0.zip', 'bar-1.0.zip', 'baz-1.0.tar.gz'}
    assert 'requires_dist' not in outcome.files()['Foo-1.0.zip']


def test_a_wheel_whose_metadata_version_has_5000_digits_is_no_problem(tmp_path: Path) -> None:
    digits = '9' * 5_000
    metadata = headers('Foo', digits)
    wheel = make_zip(tmp_path / 'Foo-1.0-py3-none-any.whl', {'Foo-1.0.dist-info/METADATA': metadata})
    described_sdist(tmp_path, 'baz', '1.0')
    outcome = run_list(tmp_path)
    assert outcome.status == 0
    assert outcome.messages.startswith(f"{wheel}: left out: its metadata is of version '99999")
    assert outcome.files().keys() == {'baz-1.0.tar.gz'}


# ------------------------------------------------------------------------------------------------- fields

NAMES = ['Name', 'SUMMARY', 'Classifier', 'Requires-Dist', 'X-Other', 'Project-URL', '', 'bad name']
PIECES = [
    b'a',
    b' ',
    b'\t',
    b'\n',
    b'\n ',
    b'\r\n\t',
    b'\r',
    b':',
    b',',
    b'\xc3\xa9',
    b'\xff',
    b'\x0b',
    b'=?utf-8?b?/w==?=',
]
VALUES = st.lists(st.sampled_from(PIECES), max_size=6).map(b''.join)
LINES = st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=6)


def with_line_feeds(text: str) -> str:
    return text.replace('\r\n', '\n').replace('\r', '\n').rstrip('\n')


@given(LINES, VALUES)
def test_fields_agree_with_another_parser(lines: list[tuple[str, bytes]], body: bytes) -> None:
    data = b''.join(b'%s: %s\n' % (name.encode(), value) for name, value in lines) + b'\n' + body
    raw, _ = parse_email(data)
    fields = read_fields(data)
    assert fields.get('requires-dist', []) == [with_line_feeds(each) for each in raw.get('requires_dist', [])]
    assert fields.get('classifier', []) == [with_line_feeds(each) for each in raw.get('classifiers', [])]
    for name in ('name', 'summary', 'description'):
        values = fields.get(name, [])
        assert (values[0] if len(values) == 1 else '') == with_line_feeds(str(raw.get(name, '')))
