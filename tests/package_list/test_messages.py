"""The messages and the exit status for each list. After an error, the site is unchanged."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NamedTuple

import pytest

from testing.bad_input import A_URL, GOOD, foo, line, run
from testing.sites import mtimes, paths, tree

SHA256 = '0' * 64
LONG = 'a' * 10_000
ZERO = '\u0660'  # a digit, but not a hexadecimal digit
A_TIME = 'seconds since 1970, or ISO 8601 with a zone'
NO_PACKAGE = 'list.json: the list has no packages; use --allow-empty if that is intended\n'

OVERRIDES = '\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069'  # changes the direction of text


class Case(NamedTuple):
    """A list, its messages, and the files of its site if it is accepted."""

    content: bytes
    messages: str
    files: tuple[str, ...] | None = None


def error(content: bytes, *problems: str) -> Case:
    """Return the case of a list with these problems in its first line."""
    return Case(content, ''.join(f'list.json:1: {problem}\n' for problem in problems))


def fine(content: bytes, *files: str) -> Case:
    return Case(content, '', files)


def skipped(filename: str, reason: str) -> Case:
    """Return the case of a list with one file that does not belong in an index, and one that does."""
    messages = f'list.json:1: skipped: {reason}\nskipped 1 of the listed files\n'
    return Case(line(filename=filename) + GOOD, messages, ('good-1.0.tar.gz',))


def warning(content: bytes, *messages: str) -> Case:
    """Return the case of a list that contains `foo-1.0.tar.gz` and gets warnings."""
    return Case(content, ''.join(f'list.json:{message}\n' for message in messages), ('foo-1.0.tar.gz',))


CASES = {
    # a line that is not a JSON object
    'broken JSON': error(b'{"filename": "foo.zip",}', 'expected a JSON object, got \'{"filename": "foo.zip",}\''),
    'a list that was cut off': Case(
        GOOD + b'{"filename": "foo-2.0.t', 'list.json:2: expected a JSON object, got \'{"filename": "foo-2.0.t\'\n'
    ),
    'two objects': error(
        b'{"filename": "foo-1.0.zip"}{}', 'expected a JSON object, got \'{"filename": "foo-1.0.zip"}{}\''
    ),
    'an array': error(b'["foo-1.0.tar.gz"]', "expected a JSON object, got ['foo-1.0.tar.gz']"),
    'a string': error(b'"foo-1.0.tar.gz"', "expected a JSON object, got 'foo-1.0.tar.gz'"),
    'a number': error(b'17', 'expected a JSON object, got 17'),
    'a boolean': error(b'true', 'expected a JSON object, got true'),
    'nothing at all': error(b'null', 'expected a JSON object, got null'),
    "JSON's own words in an array": error(
        b'[null, true, [false, {"a": null}]]', "expected a JSON object, got [null, true, [false, {'a': null}]]"
    ),
    "JSON's own words in a value": error(
        foo(size={'bytes': [None, True, False]}), "size: expected a number of bytes, got {'bytes': [null, true, false]}"
    ),
    "JSON's own words in texts": error(foo(size='None, True'), "size: expected a number of bytes, got 'None, True'"),
    'a requirement that is null': error(foo(requires_dist=['bar', None]), 'requires_dist: expected text, got null'),
    'a hash that is true': error(foo(hashes={'md5': True}), 'hashes: expected <algorithm>=<hex>, got true'),
    'arrays nested 100,000 deep': error(b'[' * 100_000, f"expected a JSON object, got '{'[' * 37}...{'[' * 38}'"),
    'a value nested 100,000 deep': error(
        b'{"filename": "foo-1.0.tar.gz", "size": ' + b'[' * 100_000 + b']' * 100_000 + b'}',
        f'expected a JSON object, got \'{{"filename": "foo-1.0.tar.gz", "size"...{"]" * 37}}}\'',
    ),
    'a number of 5,000 digits': error(
        b'{"filename": "foo-1.0.tar.gz", "size": ' + b'9' * 5_000 + b'}',
        f'expected a JSON object, got \'{{"filename": "foo-1.0.tar.gz", "size"...{"9" * 37}}}\'',
    ),
    'invalid UTF-8': error(
        b'{"filename": "foo-1.0\xff.tar.gz"}', 'expected UTF-8, got b\'{"filename": "foo-1.0\\xff.tar.gz"}\''
    ),
    # an empty line
    'neither a file name nor a project': error(b'{}', 'filename: expected a file name, got null'),
    'a file name that is null': error(line(filename=None), 'filename: expected a file name, got null'),
    'a file name that is empty': error(line(filename=''), "filename: expected a file name, got ''"),
    'a file name that is a number': error(line(filename=0), 'filename: expected a file name, got 0'),
    'a file name that is a list': error(line(filename=['a']), "filename: expected a file name, got ['a']"),
    # wrong types
    'a wrong type for every key of a file': error(
        foo(
            hash=5,
            hashes=[],
            size='1',
            url=7,
            requires_python=3,
            requires_dist='x',
            core_metadata=1,
            provenance=True,
            upload_timestamp=[],
            uploaded_by={},
            yanked='yes',
            yanked_reason=1,
            name=9,
            version=1.0,
        ),
        'hash: expected <algorithm>=<hex>, got 5',
        'hashes: expected an object {algorithm: hex}, got []',
        "size: expected a number of bytes, got '1'",
        f'url: expected {A_URL}, got 7',
        'requires_python: expected text, got 3',
        "requires_dist: expected a list of texts, got 'x'",
        'core_metadata: expected true or sha256=<hex>, got 1',
        'provenance: expected an absolute https URL, got true',
        f'upload_timestamp: expected {A_TIME}, got []',
        'uploaded_by: expected text, got {}',
        "yanked: expected true or false, got 'yes'",
        'yanked_reason: expected text, got 1',
        'name: expected a project name, got 9',
        'version: expected text, got 1.0',
    ),
    'a wrong type for every key of a project': error(
        line(project=5, summary=5, status=['active'], status_reason=[]),
        'project: expected a project name, got 5',
        'summary: expected text, got 5',
        "status: expected one of active, archived, deprecated, quarantined, got ['active']",
        'status_reason: expected text, got []',
    ),
    'a wrong type for every fact of a project': error(
        line(
            project='foo',
            description=1,
            description_content_type=[],
            project_urls=['https://example.com/'],
            license_expression=True,
            license={},
            author=2,
            author_email=3,
            maintainer=4,
            maintainer_email=5,
            keywords=['a'],
            classifiers='Topic :: x',
        ),
        'description: expected text, got 1',
        'description_content_type: expected text, got []',
        "project_urls: expected an object {label: URL}, got ['https://example.com/']",
        'license_expression: expected text, got true',
        'license: expected text, got {}',
        'author: expected text, got 2',
        'author_email: expected text, got 3',
        'maintainer: expected text, got 4',
        'maintainer_email: expected text, got 5',
        "keywords: expected text, got ['a']",
        "classifiers: expected a list of texts, got 'Topic :: x'",
    ),
    'a project URL that is none': error(
        line(project='foo', project_urls={'Code': 'git@host:x'}),
        "project_urls: expected an absolute http or https URL, got 'git@host:x'",
    ),
    'a project URL that is a number': error(
        line(project='foo', project_urls={'Code': 7}),
        'project_urls: expected an absolute http or https URL, got 7',
    ),
    'a classifier that is a number': error(
        line(project='foo', classifiers=['Topic :: x', 7]), 'classifiers: expected text, got 7'
    ),
    'a project URL with half of an IPv6 address': error(
        line(project='foo', project_urls={'Code': 'https://[::1/'}),
        "project_urls: expected an absolute http or https URL, got 'https://[::1/'",
    ),
    'a requirement that is a number': error(foo(requires_dist=['bar', 1]), 'requires_dist: expected text, got 1'),
    'a project that is a path': error(line(project='../x'), "project: expected a project name, got '../x'"),
    'an unknown status': error(
        line(project='foo', status='gone'),
        "status: expected one of active, archived, deprecated, quarantined, got 'gone'",
    ),
    'a size below zero': error(foo(size=-1), 'size: expected a number of bytes, got -1'),
    'a size that is a fraction': error(foo(size=1.5), 'size: expected a number of bytes, got 1.5'),
    'a size that is true': error(foo(size=True), 'size: expected a number of bytes, got true'),
    'a size of 2**63': error(foo(size=2**63), 'size: expected a number of bytes, got 9223372036854775808'),
    'a name that is a path': error(foo(name='../x'), "name: expected a project name, got '../x'"),
    'an empty version': error(foo(version=''), "version: expected a version, got ''"),
    # hashes
    'a hash of an unknown algorithm': error(
        foo(hash='crc32=00000000'), "hash: expected <algorithm>=<hex>, got 'crc32=00000000'"
    ),
    'a hash that is too short': error(foo(hash='sha256=abc'), "hash: expected <algorithm>=<hex>, got 'sha256=abc'"),
    'a hash of nothing': error(foo(hash='sha256='), "hash: expected <algorithm>=<hex>, got 'sha256='"),
    'a hash that is not hexadecimal': error(
        foo(hash=f'md5={"g" * 32}'), f"hash: expected <algorithm>=<hex>, got 'md5={'g' * 32}'"
    ),
    'a hash with digits that are not ASCII': error(
        foo(hash=f'md5={ZERO * 32}'), f"hash: expected <algorithm>=<hex>, got 'md5={ZERO * 32}'"
    ),
    'one bad hash of several': error(
        foo(hashes={'sha256': SHA256, 'md5': 'x'}), "hashes: expected <algorithm>=<hex>, got 'md5=x'"
    ),
    'a hash that is a number of as many digits': error(
        foo(hashes={'md5': int('1' * 32)}), f'hashes: expected <algorithm>=<hex>, got {"1" * 32}'
    ),
    'a hash that contradicts the hashes': error(
        foo(hash=f'sha256={"1" * 64}', hashes={'sha256': SHA256}),
        f"hash: expected the same sha256 as in `hashes`, got '{'1' * 64}'",
    ),
    'core metadata with a bad hash': error(
        foo(core_metadata='sha256=00'), "core_metadata: expected <algorithm>=<hex>, got 'sha256=00'"
    ),
    'core metadata with another algorithm': error(
        foo(core_metadata='md5=00'), "core_metadata: expected true or sha256=<hex>, got 'md5=00'"
    ),
    # times
    'a time that is not a number': error(
        b'{"filename": "foo-1.0.tar.gz", "upload_timestamp": NaN}', f'upload_timestamp: expected {A_TIME}, got nan'
    ),
    'a time that is infinite': error(
        b'{"filename": "foo-1.0.tar.gz", "upload_timestamp": 1e999}', f'upload_timestamp: expected {A_TIME}, got inf'
    ),
    'a time in milliseconds': error(
        foo(upload_timestamp=1767225600000),
        f'upload_timestamp: expected {A_TIME}, between 1970 and 2242, got 1767225600000',
    ),
    'a time that is nearly infinite': error(
        b'{"filename": "foo-1.0.tar.gz", "upload_timestamp": 1e308}',
        f'upload_timestamp: expected {A_TIME}, between 1970 and 2242, got 1e+308',
    ),
    'a time below zero': error(
        foo(upload_timestamp=-1), f'upload_timestamp: expected {A_TIME}, between 1970 and 2242, got -1'
    ),
    'a time that is a boolean': error(foo(upload_timestamp=True), f'upload_timestamp: expected {A_TIME}, got true'),
    'a time without a zone': error(
        foo(upload_timestamp='2026-01-02T03:04:05'),
        f"upload_timestamp: expected {A_TIME}, got '2026-01-02T03:04:05'",
    ),
    'a time in month 13': error(
        foo(upload_timestamp='2026-13-02T03:04:05Z'),
        f"upload_timestamp: expected {A_TIME}, got '2026-13-02T03:04:05Z'",
    ),
    'a time in a zone of 99 hours': error(
        foo(upload_timestamp='2026-01-02T03:04:05+99:00'),
        f"upload_timestamp: expected {A_TIME}, got '2026-01-02T03:04:05+99:00'",
    ),
    'a time that is seconds as text': error(
        foo(upload_timestamp='1767225600'), f"upload_timestamp: expected {A_TIME}, got '1767225600'"
    ),
    # URLs
    'a URL that is a script': error(
        foo(url='javascript:alert(1)'), f"url: expected {A_URL}, got 'javascript:alert(1)'"
    ),
    'a URL that is a document': error(foo(url='data:text/html,x'), f"url: expected {A_URL}, got 'data:text/html,x'"),
    'a URL with a fragment': error(
        foo(url='https://pypi.example.com/a.zip#x'), f"url: expected {A_URL}, got 'https://pypi.example.com/a.zip#x'"
    ),
    'a URL with a percent sign that escapes nothing': error(
        foo(url='https://pypi.example.com/%zz/foo-1.0.tar.gz'),
        f"url: expected {A_URL}, got 'https://pypi.example.com/%zz/foo-1.0.tar.gz'",
    ),
    'a URL that ends in half an escape': error(
        foo(url='foo-1.0.tar.gz%2'), f"url: expected {A_URL}, got 'foo-1.0.tar.gz%2'"
    ),
    'a URL with a space': error(foo(url='a b.zip'), f"url: expected {A_URL}, got 'a b.zip'"),
    'a URL with a backslash': error(foo(url='..\\a.zip'), f"url: expected {A_URL}, got '..\\\\a.zip'"),
    'a URL with a line break': error(foo(url='a.zip\n'), f"url: expected {A_URL}, got 'a.zip\\n'"),
    'a URL with port 99999': error(
        foo(url='https://pypi.example.com:99999/'), f"url: expected {A_URL}, got 'https://pypi.example.com:99999/'"
    ),
    'a URL without a host': error(foo(url='https:///a.zip'), f"url: expected {A_URL}, got 'https:///a.zip'"),
    'a URL with half an address': error(foo(url='http://[::1/a'), f"url: expected {A_URL}, got 'http://[::1/a'"),
    'an empty URL': error(foo(url=''), f"url: expected {A_URL}, got ''"),
    'provenance over http': error(
        foo(provenance='http://pypi.example.com/p'),
        "provenance: expected an absolute https URL, got 'http://pypi.example.com/p'",
    ),
    'provenance that is relative': error(
        foo(provenance='foo.provenance'), "provenance: expected an absolute https URL, got 'foo.provenance'"
    ),
    # lone surrogates and very long values
    'a hash with a lone surrogate': error(foo(hash='\ud800'), r"hash: expected <algorithm>=<hex>, got '\ud800'"),
    'a version with a lone surrogate': error(foo(version='\ud800'), r"version: expected a version, got '\ud800'"),
    'a version that runs backwards': error(foo(version='1\u202e0'), r"version: expected a version, got '1\u202e0'"),
    'a version with a line break': error(foo(version='1\n'), r"version: expected a version, got '1\n'"),
    'a name of 10,000 characters': error(
        foo(name=LONG), f"name: expected a project name, got '{'a' * 37}...{'a' * 38}'"
    ),
    'a project of 10,000 characters': error(
        line(project=LONG), f"project: expected a project name, got '{'a' * 37}...{'a' * 38}'"
    ),
    'a version of 10,000 characters': error(
        foo(version='1' * 10_000), f"version: expected a version, got '{'1' * 37}...{'1' * 38}'"
    ),
    # lines that contradict each other
    'a file twice, in two sizes and by two people': Case(
        foo(size=1, uploaded_by='Ann') + GOOD + foo(size=2, uploaded_by='Bob'),
        "list.json:3: filename: expected 'foo-1.0.tar.gz' to be as in line 1, got another size, uploaded_by\n",
    ),
    'a file twice, in two places': Case(
        line(filename='a/foo-1.0.tar.gz') + line(filename='b/foo-1.0.tar.gz'),
        "list.json:2: filename: expected 'foo-1.0.tar.gz' to be as in line 1, got another filename; "
        "the paths are 'a/foo-1.0.tar.gz' and 'b/foo-1.0.tar.gz'\n",
    ),
    'a file twice, in two places of which one looks like a placeholder': Case(
        line(filename='{first}/foo-1.0.tar.gz') + line(filename='{}/foo-1.0.tar.gz', size=1),
        "list.json:2: filename: expected 'foo-1.0.tar.gz' to be as in line 1, got another filename, size; "
        "the paths are '{first}/foo-1.0.tar.gz' and '{}/foo-1.0.tar.gz'\n",
    ),
    'a project twice, with two summaries': Case(
        foo() + line(project='Foo', summary='One') + line(project='foo', summary='Two'),
        "list.json:3: project: expected 'foo' to be as in line 2, got another summary\n",
    ),
    'problems in several lines': Case(
        foo(size=-1) + GOOD + b'[]\n' + foo(hash='x', url=''),
        'list.json:1: size: expected a number of bytes, got -1\n'
        'list.json:3: expected a JSON object, got []\n'
        "list.json:4: hash: expected <algorithm>=<hex>, got 'x'\n"
        f"list.json:4: url: expected {A_URL}, got ''\n",
    ),
    '20 errors': Case(
        b'{\n' * 20, ''.join(f"list.json:{number}: expected a JSON object, got '{{'\n" for number in range(1, 21))
    ),
    'more than 20 errors': Case(
        b'{\n' * 25,
        ''.join(f"list.json:{number}: expected a JSON object, got '{{'\n" for number in range(1, 21))
        + '… and 5 more\n',
    ),
    # an empty list
    'an empty list': Case(b'', NO_PACKAGE),
    'blank lines only': Case(b'\n\r\n  \n', NO_PACKAGE),
    'skipped files only': Case(
        line(filename='README.md') + line(filename='index.html'),
        "list.json:1: skipped: 'README.md' is not a distribution file\n"
        "list.json:2: skipped: 'index.html' is not a distribution file\n"
        'skipped 2 of the listed files\n' + NO_PACKAGE,
    ),
    'a project without files only': Case(
        line(project='foo'), "list.json:1: ignored: there is no file of project 'foo'\n" + NO_PACKAGE
    ),
    'sidecars only': Case(line(filename='foo-1.0-py3-none-any.whl.metadata'), NO_PACKAGE),
    # files that do not belong in an index
    'a file that is no distribution': skipped('README.md', "'README.md' is not a distribution file"),
    'a directory of a listing': skipped('team/', "'team/' is not a distribution file"),
    'a wheel with too few parts': skipped('foo-1.0-any.whl', "'foo-1.0-any.whl' is not a distribution file"),
    'a file without a version': skipped('foo.tar.gz', "'foo.tar.gz' has no project name and version"),
    'a file without a name': skipped('-1.0.tar.gz', "'-1.0.tar.gz' has no project name and version"),
    'a wheel with no project name': skipped(
        '_-1.0-py3-none-any.whl', "'_-1.0-py3-none-any.whl' has no valid project name: '_'"
    ),
    'a project name with a quote': skipped(
        'a"b-1.0-py3-none-any.whl', "'a\"b-1.0-py3-none-any.whl' has no valid project name: 'a\"b'"
    ),
    'the directory above': skipped('..', "'..' is not a path below the packages URL"),
    'a path that begins above': skipped('../foo-1.0.zip', "'../foo-1.0.zip' is not a path below the packages URL"),
    'a path that leads above': skipped('a/../foo-1.0.zip', "'a/../foo-1.0.zip' is not a path below the packages URL"),
    'an absolute path': skipped('/etc/foo-1.0.zip', "'/etc/foo-1.0.zip' is not a path below the packages URL"),
    'a path with a backslash': skipped('a\\foo-1.0.zip', "'a\\\\foo-1.0.zip' is not a path below the packages URL"),
    'a file name that colours a terminal': skipped(
        'foo\x1b[31m-1.0.zip', r"'foo\x1b[31m-1.0.zip' has control characters in its name"
    ),
    'a file name with a null byte': skipped('foo-1.0\0.zip', r"'foo-1.0\x00.zip' has control characters in its name"),
    'a file name with a line break': skipped('foo-1\n.zip', r"'foo-1\n.zip' has control characters in its name"),
    **{
        f'a file name with U+{ord(override):X}': skipped(
            f'foo-1.0{override}.zip', rf"'foo-1.0\u{ord(override):x}.zip' has control characters in its name"
        )
        for override in OVERRIDES
    },
    'a file name with a lone surrogate': skipped(
        'foo-1.0\ud800.zip', r"'foo-1.0\ud800.zip' has control characters in its name"
    ),
    'a file name of 10,000 characters': skipped(
        f'{LONG}-1.0.tar.gz', f"'{'a' * 37}...{'a' * 27}-1.0.tar.gz' has a name of more than 255 bytes"
    ),
    'a file name of 300 bytes in 150 characters': skipped(
        f'foo-1.0-{"é" * 138}.zip', f"'foo-1.0-{'é' * 29}...{'é' * 34}.zip' has a name of more than 255 bytes"
    ),
    # ignored values
    'unknown keys': warning(
        foo(colour='red', licence='MIT') + foo(colour='red', licence='MIT') + line(project='foo', size=3, licence=''),
        "1: ignored: unknown key 'colour'",
        "1: ignored: unknown key 'licence'",
        "3: ignored: unknown key 'size'",
    ),
    'an unknown key that is a lone surrogate': warning(foo(**{'\ud800': 1}), r"1: ignored: unknown key '\ud800'"),
    'a project without files': warning(foo() + line(project='Bar'), "2: ignored: there is no file of project 'bar'"),
    'requires_python that is no specifier': warning(
        foo(requires_python='>=three'),
        "1: ignored: requires_python: expected a version specifier, got '>=three'",
    ),
    'a URL that does not end in the file name': warning(
        foo(url='https://pypi.example.com/download?id=5'),
        "1: url: expected 'foo-1.0.tar.gz' at its end, got 'https://pypi.example.com/download?id=5'; "
        'pip finds no such file, and uv only over JSON',
    ),
    'a URL with the file name in its query': warning(
        foo(url='get?file=/foo-1.0.tar.gz'),
        "1: url: expected 'foo-1.0.tar.gz' at its end, got 'get?file=/foo-1.0.tar.gz'; "
        'pip finds no such file, and uv only over JSON',
    ),
    # lists without messages
    'a URL that ends in the file name, escaped, and has a query': fine(
        line(filename='foo-1.0+local.zip', url='https://pypi.example.com/a/foo-1%2E0%2Blocal.zip?id=5'),
        'foo-1.0+local.zip',
    ),
    'a byte-order mark, CRLF and blank lines': fine(
        b'\xef\xbb\xbf{"filename": "foo-1.0.tar.gz"}\r\n\r\n  \r\n{"filename": "foo-2.0.tar.gz"}\r\n',
        'foo-1.0.tar.gz',
        'foo-2.0.tar.gz',
    ),
    'a last line without its end': fine(b'{"filename": "foo-1.0.tar.gz"}', 'foo-1.0.tar.gz'),
    'a file twice, with the same said of it': fine(
        foo(size=1, hash=f'md5={"A" * 32}') + foo(hashes={'md5': 'a' * 32}, size=1), 'foo-1.0.tar.gz'
    ),
    'a project twice, with the same said of it': fine(
        foo() + line(project='foo', summary='One') + line(project='Foo', summary=' One '), 'foo-1.0.tar.gz'
    ),
    'null for every key': fine(
        foo(
            hash=None,
            hashes=None,
            size=None,
            url=None,
            requires_python=None,
            requires_dist=None,
            core_metadata=None,
            provenance=None,
            upload_timestamp=None,
            uploaded_by=None,
            yanked=None,
            yanked_reason=None,
            name=None,
            version=None,
        ),
        'foo-1.0.tar.gz',
    ),
    'lone surrogates in texts': fine(
        foo(uploaded_by='a\ud800', yanked_reason='\udfff') + line(project='foo', summary='\ud800'), 'foo-1.0.tar.gz'
    ),
    'a directory of 10,000 characters': fine(line(filename=f'{LONG}/foo-1.0.tar.gz'), f'{LONG}/foo-1.0.tar.gz'),
    'texts of 10,000 characters': warning(
        foo(uploaded_by=LONG, yanked_reason=LONG, requires_dist=[LONG]) + line(project='foo', summary=LONG),
        '2: shortened: summary: expected at most 2,000 characters',
    ),
}
ERRORS = {name: case for name, case in CASES.items() if case.files is None}
# Warnings that an uploader can cause do not fail a strict run.
MILD = ('texts of 10,000 characters',)
WARNINGS = {name: case for name, case in CASES.items() if case.files is not None and case.messages and name not in MILD}


def published(site: Path) -> tuple[str, ...]:
    """Return the paths in `packages.json` of a site."""
    lines = [json.loads(line) for line in (site / 'packages.json').read_text().splitlines()]
    return tuple(line['filename'] for line in lines if 'filename' in line)


@pytest.mark.parametrize(('content', 'messages', 'files'), CASES.values(), ids=CASES.keys())
def test_every_list_gets_its_message_and_its_exit_status(
    content: bytes, messages: str, files: tuple[str, ...] | None, site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (site.parent / 'list.json').write_bytes(content)
    status = run()
    assert (status, *capsys.readouterr()) == (1 if files is None else 0, '', messages)
    assert published(site) == (('before-1.0.tar.gz',) if files is None else files)


@pytest.mark.parametrize('content', [case.content for case in ERRORS.values()], ids=ERRORS.keys())
def test_an_error_leaves_the_site_unchanged(content: bytes, site: Path) -> None:
    before = tree(site), mtimes(site)
    (site.parent / 'list.json').write_bytes(content)
    assert run() == 1
    assert (tree(site), mtimes(site)) == before
    assert sorted(os.listdir()) == ['list.json', 'site', 'site.jsonl']


@pytest.mark.parametrize(('content', 'messages', 'files'), WARNINGS.values(), ids=WARNINGS.keys())
def test_strict_makes_every_warning_an_error(
    content: bytes, messages: str, files: tuple[str, ...], site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(site), mtimes(site)
    (site.parent / 'list.json').write_bytes(content)
    status = run('--strict')
    said = messages.replace('skipped 1 of the listed files\n', '')
    assert (status, *capsys.readouterr()) == (1, '', said)
    assert (tree(site), mtimes(site)) == before


def test_strict_counts_warnings_among_the_20_errors(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (site.parent / 'list.json').write_bytes(b'{"filename": "README.md"}\n' * 19 + b'{\n' * 3)
    assert run('--strict') == 1
    assert capsys.readouterr().err.splitlines()[18:] == [
        "list.json:19: skipped: 'README.md' is not a distribution file",
        "list.json:20: expected a JSON object, got '{'",
        '… and 2 more',
    ]


@pytest.mark.parametrize('directory', ['site', 'a/b/site/', './a/site'])
def test_a_bad_list_makes_no_directory(directory: str, here: Path) -> None:
    (here / 'list.json').write_bytes(b'{')
    assert run('--output-dir', directory) == 1
    assert os.listdir() == ['list.json']


def test_a_bad_list_removes_no_directory(here: Path) -> None:
    (here / 'list.json').write_bytes(b'{')
    (here / 'a/site').mkdir(parents=True)
    assert run('--output-dir', 'a/site') == 1
    assert run('--output-dir', 'a/b/site') == 1
    assert sorted(path.name for path in here.rglob('*')) == ['a', 'list.json', 'site']


@pytest.mark.parametrize('content', [b'', line(filename='README.md')], ids=['no line', 'no distribution'])
def test_an_empty_list_with_allow_empty_empties_the_site(content: bytes, site: Path) -> None:
    (site.parent / 'list.json').write_bytes(content)
    assert run('--allow-empty') == 0
    assert paths(site) == [
        '.dumb-pypi.audits',
        '.dumb-pypi.json',
        '404.html',
        'changelog/index.html',
        'changelog/page1.html',
        'index.html',
        'packages.json',
        'projects/index.html',
        'simple/index.html',
        'simple/index.v1_json',
        'static/details.js',
        'static/icon.svg',
        'static/names.js',
        'static/requires.js',
        'static/script.js',
        'static/style.css',
        'status/index.html',
    ]
    assert (site / 'packages.json').read_bytes() == b''
    assert json.loads((site / 'simple/index.v1_json').read_bytes())['projects'] == []


@pytest.mark.parametrize('version', ['json', 'JSON', '.', '..', '../../x', 'a/b', '-', '~'])
def test_a_version_that_cannot_be_a_directory_has_no_release_page(version: str, site: Path) -> None:
    (site.parent / 'list.json').write_bytes(foo() + line(filename='foo-odd.zip', version=version))
    assert run() == 0
    assert [path for path in paths(site) if path.startswith('pypi/')] == ['pypi/foo/1.0/json', 'pypi/foo/json']
    releases = json.loads((site / 'pypi/foo/json').read_bytes())['releases']
    assert {name: [file['filename'] for file in files] for name, files in releases.items()} == {
        version: ['foo-odd.zip'],
        '1.0': ['foo-1.0.tar.gz'],
    }
    assert json.loads((site / 'simple/foo/index.v1_json').read_bytes())['versions'] == [version, '1.0']


@pytest.mark.parametrize(
    ('told', 'published'),
    [
        (',>=3.6', '>=3.6'),
        ('>=3.6,,<4', '>=3.6,<4'),
        ('>=3.6,', '>=3.6'),
        (' >= 3.6 , , <4 ,', '>= 3.6 , <4'),
        ('>=3.6 , <4', '>=3.6 , <4'),
        (',', None),
    ],
)
def test_empty_parts_of_requires_python_are_dropped_and_nothing_else_changes(
    told: str, published: str | None, site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """pip accepts them, but uv does not."""
    (site.parent / 'list.json').write_bytes(foo(requires_python=told))
    assert (run(), *capsys.readouterr()) == (0, '', '')
    [packages] = (site / 'packages.json').read_text().splitlines()
    assert json.loads(packages).get('requires_python') == published
    [page] = json.loads((site / 'simple/foo/index.v1_json').read_text())['files']
    assert page.get('requires-python') == published


def test_empty_facts_are_treated_as_missing(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blank = {'summary': ' ', 'description': ' \n', 'author': '', 'project_urls': {'': 'https://example.com/'}}
    (site.parent / 'list.json').write_bytes(foo() + line(project='foo', license='MIT', classifiers=['', ' '], **blank))
    assert (run(), *capsys.readouterr()) == (0, '', '')
    facts, _ = map(json.loads, (site / 'packages.json').read_text().splitlines())
    assert facts == {'project': 'foo', 'license': 'MIT'}


def test_texts_with_direction_marks_do_not_run_backwards(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = f'a{OVERRIDES}b'
    (site.parent / 'list.json').write_bytes(
        foo(uploaded_by=text, yanked_reason=text, requires_dist=[text]) + line(project='foo', summary=text)
    )
    assert (run('--title', f'{text} c'), *capsys.readouterr()) == (0, '', '')
    facts, package = map(json.loads, (site / 'packages.json').read_text().splitlines())
    assert facts['summary'] == 'a b'
    assert (package['uploaded_by'], package['yanked_reason'], package['requires_dist']) == ('a b', 'a b', ['a b'])
    assert [path for path, content in tree(site).items() if any(each.encode() in content for each in OVERRIDES)] == []


@pytest.mark.parametrize('option', ['--site-url', '--packages-url'])
def test_a_url_scheme_in_capitals_is_accepted(option: str, site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (site.parent / 'list.json').write_bytes(GOOD)
    assert (run(option, 'HTTPS://pypi.example.com/'), *capsys.readouterr()) == (0, '', '')


def test_an_invalid_requires_python_of_a_list_is_left_out(site: Path) -> None:
    (site.parent / 'list.json').write_bytes(foo(requires_python='>=three', size=1))
    assert run() == 0
    assert (site / 'packages.json').read_bytes() == b'{"filename":"foo-1.0.tar.gz","size":1}\n'
