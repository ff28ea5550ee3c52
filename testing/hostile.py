"""Hypothesis strategies for malicious lists."""

from __future__ import annotations

import contextlib
import datetime
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

HOSTILE = (
    '../',
    '..',
    '/',
    '//',
    '\\',
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<!--',
    '-->',
    ']]>',
    '</a>',
    '</title>',
    '</td></tr></table>',
    '"',
    "'",
    '`',
    '>',
    '&amp;',
    '&lt;b&gt;',
    '&#0;',
    '" onload="alert(1)',
    '{{ 7 * 7 }}',
    '{% raw %}',
    '{#',
    '%2e%2e%2f',
    '%',
    '+',
    '#',
    '?',
    ':',
    'javascript:',
    '\0',
    '\n',
    '\r',
    '\t',
    '\x1b[31m',
    '\x85',
    '\u202e',
    '\u2028',
    '\ufdd0',
    '\ufffe',
    '\ud800',
    '\udfff',
    '\U0001f40d',
    '\U0010ffff',
    ' ',
    'json',
)

hostile = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=3), max_size=4).map(''.join)
markup = st.lists(st.sampled_from([text for text in HOSTILE if text.isprintable() and '/' not in text])).map(''.join)
names = st.sampled_from(['foo', 'Foo_Bar', 'foo.bar', 'json', '7'])
versions = st.sampled_from(['1.0', '1.0.0', '1.0a1', '1.0+local.1', '1!2.0', '2004d_2', 'json', '1.0.dev0', '3'])
endings = st.sampled_from(
    [
        '.tar.gz',
        '.zip',
        '-py3-none-any.whl',
        '-1-cp311-cp311-linux_x86_64.whl',
        '-py2.7.egg',
        '.win32.exe',
        '-1.noarch.rpm',
        '-py3-none-any.whl.metadata',
        '.tar.gz.provenance',
    ]
)
file_names = st.builds('{}-{}{}{}'.format, names, versions, st.just('') | markup, endings)
paths = st.builds('{}{}'.format, st.sampled_from(['', '', 'team/a/']) | markup.map('{}/'.format), file_names)
hostile_paths = st.builds('{}{}-{}{}'.format, hostile, names, versions, hostile) | st.builds(''.join, st.lists(hostile))
hex_digits = st.sampled_from('0123456789abcdefABCDEF')
sha256 = st.text(hex_digits, min_size=64, max_size=64)
md5 = st.text(hex_digits, min_size=32, max_size=32)
urls = st.sampled_from(
    [
        'a/b.zip',
        '../b.zip?x=1&y=2',
        '/b.zip',
        '//pypi.example.com/b.zip',
        'https://pypi.example.com/b%22.zip',
        "https://pypi.example.com/'onload='alert(1)",
        'file:///b.zip',
        './javascript:alert(1)',
    ]
)
times = (
    st.integers(0, 2**33 - 1)
    | st.floats(0, 2**33 - 1)
    | st.datetimes(datetime.datetime(1970, 1, 1), datetime.datetime(2242, 1, 1)).map('{0:%Y-%m-%dT%H:%M:%S.%fZ}'.format)
    | st.just('2026-01-02 03:04:05.123456789+0530')
)

# The program accepts nearly all of these lines, and must keep their texts.
file_lines = st.fixed_dictionaries(
    {'filename': paths},
    optional={
        'hash': st.builds('sha256={}'.format, sha256),
        'hashes': st.fixed_dictionaries({'md5': md5}),
        'size': st.integers(0, 2**63 - 1),
        'url': urls,
        'requires_python': st.sampled_from(['>=3.8', '>=3.8, <4 , !=3.9.*', '~=3.7', '']) | hostile,
        'requires_dist': st.lists(hostile, max_size=3),
        'core_metadata': st.booleans() | st.just('true') | st.builds('sha256={}'.format, sha256),
        'provenance': st.builds('https://pypi.example.com/{}'.format, st.sampled_from(['', 'a?b=c&d', '%3Cscript%3E'])),
        'upload_timestamp': times,
        'uploaded_by': hostile,
        'yanked': st.booleans(),
        'yanked_reason': st.none() | hostile,
        'name': names,
        'version': versions,
    },
)
project_lines = st.fixed_dictionaries(
    {'project': names},
    optional={
        'summary': hostile,
        'status': st.sampled_from(['active', 'archived', 'deprecated', 'quarantined']),
        'status_reason': hostile,
    },
)
good_lines = st.builds(
    lambda files, projects: files + projects,
    st.lists(file_lines, min_size=1, max_size=5, unique_by=lambda line: line['filename'].rpartition('/')[2]),
    st.lists(project_lines, max_size=2, unique_by=lambda line: line['project'].lower()),
)

# Every hostile text in every field for a text.
EVERY_TEXT: list[dict[str, Any]] = [
    {'project': 'foo', 'summary': ''.join(HOSTILE), 'status': 'archived', 'status_reason': ''.join(HOSTILE)},
    *(
        {
            'filename': f'{text}/foo-1.{number}{text}.zip',
            'requires_python': text,
            'requires_dist': [text],
            'uploaded_by': text,
            'yanked_reason': text,
        }
        for number, text in enumerate(HOSTILE)
    ),
    *({'filename': f'foo-2.{number}.zip', 'uploaded_by': text} for number, text in enumerate(HOSTILE)),
]

# Values of any type for any key, and lines that are not objects.
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | hostile | hostile_paths,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(hostile, inner, max_size=3),
    max_leaves=5,
)
keys = st.sampled_from(sorted({'filename', 'project', 'hash', 'hashes', 'size', 'url', 'upload_timestamp', 'version'}))
odd_lines = (
    st.dictionaries(keys | hostile, anything, max_size=4)
    | st.builds(lambda line, key, value: {**line, key: value}, file_lines | project_lines, keys | hostile, anything)
    | anything
)
raw_lines = st.one_of(
    good_lines.map(lambda lines: '\n'.join(map(json.dumps, lines)).encode()),
    odd_lines.map(lambda line: json.dumps(line).encode()),
    file_lines.map(lambda line: json.dumps(line, ensure_ascii=False).encode(errors='surrogatepass')),
    file_lines.flatmap(lambda line: st.integers(0, 99).map(lambda end: json.dumps(line).encode()[:end])),
    st.binary(max_size=20),
    (paths | hostile_paths).map(lambda path: path.encode(errors='surrogatepass')),
)
raw_lists = st.lists(raw_lines, max_size=3).map(b'\n'.join)


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """Yield a directory with a foreign file beside the site and a foreign file in the site."""
    with tempfile.TemporaryDirectory() as directory:
        top = Path(directory).resolve()
        for mine in ('mine.txt', 'mine/foo/index.html', 'site/mine.txt', 'site/simple/mine.txt'):
            (top / mine).parent.mkdir(parents=True, exist_ok=True)
            (top / mine).write_bytes(b'mine')
        yield top


JSON_PARTS = st.sampled_from(
    ['filename', 'name', 'project', 'x', 'filename":', '{', '}', '"', '\\', 'my name', 'é', '/', 'foo']
)
json_texts = st.sampled_from(
    [
        'foo-1.0.zip',
        'a/Bar-1.0.zip',
        'a/',
        '',
        'é-1.0.zip',
        '7z_x-1.0.zip',
        'filename',
        'name',
        'foo',
        'Bar',
        '-x',
        'a"b/c',
    ]
) | st.lists(JSON_PARTS, max_size=3).map(''.join)
json_values = st.recursive(
    st.none() | st.integers(0, 9) | json_texts,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(['filename', 'name', 'project', 'x']), inner, max_size=2)
    ),
    max_leaves=3,
)
