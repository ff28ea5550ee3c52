"""No value of core metadata causes a message of the generator."""

from __future__ import annotations

import contextlib
import io
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dumb_pypi.main import main as generate
from dumb_pypi.package_list.lines import FACTS_KEYS
from dumb_pypi.pool import metadata
from testing.long import examples
from testing.pools import headers, make_tar, make_zip, run_list
from testing.sites import PACKAGES_URL

FACTS: dict[str, tuple[str, dict[str, Any]]] = {
    'all': (
        'Summary: Does foo\nDescription-Content-Type: text/markdown\nLicense-Expression: MIT\nLicense: MIT License\n'
        'Author: Jane\nAuthor-Email: Jane <jane@example.com>\nMaintainer: Joe\nMaintainer-Email: joe@example.com\n'
        'Keywords: a,b, c\nClassifier: One :: 1\nClassifier: Two :: 2\n'
        'Project-URL: Source, https://example.com/source\nProject-URL: Docs, https://example.com/docs\n'
        '\n# Foo\n\nIt is.\n',
        {
            'summary': 'Does foo',
            'description': '# Foo\n\nIt is.',
            'description_content_type': 'text/markdown',
            'license_expression': 'MIT',
            'license': 'MIT License',
            'author': 'Jane',
            'author_email': 'Jane <jane@example.com>',
            'maintainer': 'Joe',
            'maintainer_email': 'joe@example.com',
            'keywords': 'a, b, c',
            'classifiers': ['One :: 1', 'Two :: 2'],
            'project_urls': {'Docs': 'https://example.com/docs', 'Source': 'https://example.com/source'},
        },
    ),
    'nothing': ('', {}),
    'what distutils wrote for nothing': (
        'Summary: UNKNOWN\nHome-page: UNKNOWN\nAuthor: UNKNOWN\nLicense: UNKNOWN\nKeywords: UNKNOWN\n'
        'Classifier: UNKNOWN\nDescription: UNKNOWN\n',
        {},
    ),
    'empty values': ('Summary:\nKeywords: ,\nClassifier:\nHome-page:\n\n\n', {}),
    'a description in the head, indented': (
        'Description: Foo\n        ===\n        \n          bar\n       |baz\n',
        {'description': 'Foo\n===\n\n  bar\nbaz'},
    ),
    'tabs and ends of lines of other systems': ('\r\n\r\na\tb\r\nc\rd\r\n', {'description': 'a\tb\nc\nd'}),
    'two descriptions': ('Description: a\n\nb\n', {}),
    'two summaries': ('Summary: a\nSummary: b\n', {}),
    'bytes that are no UTF-8': (b'Summary: \xff\nAuthor: J\xc3\xbcrgen\n'.decode('latin-1'), {'author': 'Jürgen'}),
    'pages as they were called once': (
        'Home-page: https://example.com/\nDownload-URL: https://example.com/get\n',
        {'project_urls': {'Download': 'https://example.com/get', 'Homepage': 'https://example.com/'}},
    ),
    'pages in both ways': (
        'Home-page: https://example.com/old\nDownload-URL: https://example.com/old\n'
        'Project-URL: home page, https://example.com/\nProject-URL: download, https://example.com/get\n',
        {'project_urls': {'download': 'https://example.com/get', 'home page': 'https://example.com/'}},
    ),
    'a label twice': (
        'Project-URL: a, https://example.com/1\nProject-URL: a, https://example.com/2\n',
        {'project_urls': {'a': 'https://example.com/1'}},
    ),
    'addresses that are none of pages': (
        'Home-page: git@example.com:foo\nDownload-URL: javascript:alert(1)\nProject-URL: a, ftp://example.com/\n'
        'Project-URL: b, https://\nProject-URL: c\nProject-URL: https://example.com/\nProject-URL: , https://example.com/\n'
        'Project-URL: d, https://example.com/a b\nProject-URL: e, https://example.com/#readme\n',
        {'project_urls': {'e': 'https://example.com/#readme'}},
    ),
}


@pytest.mark.parametrize(('text', 'expected'), [pytest.param(*case, id=name) for name, case in FACTS.items()])
def test_facts_for_people_come_from_metadata(text: str, expected: dict[str, Any]) -> None:
    encoding = 'latin-1' if 'Ã' in text else 'utf-8'
    assert metadata.facts_for_people(metadata.read_fields(text.encode(encoding))) == expected


def test_the_generator_accepts_every_key_that_comes_from_metadata() -> None:
    facts = FACTS['all'][1]
    assert metadata.normal_facts(facts).keys() == facts.keys()
    assert facts.keys() | {'project', 'status', 'status_reason'} == FACTS_KEYS.keys()


def test_values_that_the_generator_refuses_are_left_out() -> None:
    urls = {'bad': 'git@host:x', 'good': 'https://example.com/'}
    facts = {'summary': 5, 'license': 'MIT', 'project_urls': urls}
    assert metadata.normal_facts(facts) == {'license': 'MIT', 'project_urls': {'good': 'https://example.com/'}}
    assert metadata.normal_facts({'project_urls': {'bad': 'https://[::1'}}) == {}


# ------------------------------------------------------------------------------------------------- any input

HEADERS = (
    'Author',
    'Author-email',
    'Classifier',
    'Content-Transfer-Encoding',
    'Content-Type',
    'Description',
    'Description-Content-Type',
    'Download-URL',
    'Dynamic',
    'Home-page',
    'Keywords',
    'License',
    'License-Expression',
    'License-File',
    'MIME-Version',
    'Maintainer',
    'Maintainer-email',
    'Metadata-Version',
    'Name',
    'Obsoletes-Dist',
    'Project-URL',
    'Provides-Extra',
    'Requires-Dist',
    'Requires-External',
    'Requires-Python',
    'Summary',
    'Version',
    'X-Other',
)
LURES = (
    b'',
    b'UNKNOWN',
    b'>=3.8',
    b'>=3.x',
    b'https://example.com/\xc3\xa9',
    b'a, https://example.com:99999/',
    b'a, https://[',
    b'a, https://example.com/#a b',
    b'multipart/mixed; boundary=x',
    b'message/rfc822',
    b'text/plain; charset=none',
    b'base64',
    b'quoted-printable',
    b'=?utf-8?b?/w==?=',
    b'=?none?q?=ff?=',
    b'\xed\xa0\x80',
    b'\xef\xbf\xbf\xe2\x80\xa8\x85',
    b'a\r\n b\n\tc\n        d',
    b'<script>alert(1)</script>',
    b'{{ title }}',
)
VALUES = st.one_of(st.sampled_from(LURES), st.binary(max_size=30), st.text(max_size=30).map(str.encode))
METADATA = st.builds(
    lambda lines, body: b'\n'.join(b'%s: %s' % (name.encode(), value) for name, value in lines) + b'\n\n' + body,
    st.lists(st.tuples(st.sampled_from(HEADERS), VALUES), max_size=10),
    st.one_of(st.binary(max_size=50), st.sampled_from([b'--x\n\na\n--x--\n', b'\x00\t\x1b[31m'])),
)


@pytest.mark.long
@examples(25)
@given(st.lists(METADATA, min_size=12, max_size=12), st.booleans())
def test_no_metadata_causes_a_message_of_the_generator(contents: list[bytes], are_named: bool) -> None:
    """Each example has twelve projects, because most of the time goes into the two commands."""
    with tempfile.TemporaryDirectory() as directory:
        pool = Path(directory) / 'pool'
        for number, content in enumerate(contents):
            name = f'foo{number}'
            text = headers(name, '1.0').rstrip() + b'\n' + content if are_named else content
            make_zip(pool / f'{name}-1.0-py3-none-any.whl', {f'{name}-1.0.dist-info/METADATA': text})
            make_tar(pool / f'{name}-1.0.tar.gz', {f'{name}-1.0/PKG-INFO': text})
        outcome = run_list('--write-metadata', pool)
        assert outcome.status == 0
        assert len(outcome.files()) + outcome.messages.count(': left out: its metadata is of ') == 24
        (Path(directory) / 'list').write_bytes(outcome.output)
        assert run_list('--known', Path(directory) / 'list', pool).output == outcome.output
        arguments = ['--strict', '--package-list-json', f'{directory}/list', '--packages-url', PACKAGES_URL]
        arguments += ['--output-dir', f'{directory}/site', '--jobs', '1', '--no-per-release-json']
        with contextlib.redirect_stderr(io.StringIO()) as words:
            assert (generate(arguments), words.getvalue()) == (0, '')
        assert (Path(directory) / 'site' / 'packages.json').read_bytes() == outcome.output
