"""Every warning and every error of `dumb-pypi-list`, word for word."""

from __future__ import annotations

import builtins
import bz2
import gzip
import io
import os
import shutil
import struct
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dumb_pypi.pool.directory import Directory
from dumb_pypi.pool.main import main
from dumb_pypi.pool.notes import Notes
from testing.pools import described_sdist, described_wheel, headers, make_tar, make_zip, run_list, unprivileged
from testing.sites import write_list

POOL = Path('pool')
WHEEL = POOL / 'foo-1.0-py3-none-any.whl'
SDIST = POOL / 'foo-1.0.tar.gz'
METADATA = 'foo-1.0.dist-info/METADATA'
LEFT_OUT = 'pool/foo-1.0-py3-none-any.whl: left out: it is not a complete zip archive\n'


@pytest.fixture(autouse=True)
def in_a_new_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    POOL.mkdir()


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def wheel_with_flag(offset: int, value: int) -> None:
    """Make a wheel whose zip directory describes METADATA wrongly."""
    described_wheel(POOL, 'foo', '1.0')
    content = bytearray(WHEEL.read_bytes())
    struct.pack_into('<H', content, content.index(b'PK\1\2') + offset, value)
    WHEEL.write_bytes(content)


def wheel_of_two(name: str) -> None:
    with zipfile.ZipFile(WHEEL, 'w') as archive:
        archive.writestr(name, headers('foo', '1.0'))
        with pytest.warns(UserWarning, match='Duplicate'):
            archive.writestr(name, headers('foo', '1.0'))


def wheel_that_breaks_off_inside() -> None:
    make_zip(WHEEL, {METADATA: headers('foo', '1.0') + os.urandom(1000).hex().encode()})
    content = bytearray(WHEEL.read_bytes())
    content[200:300] = bytes(100)
    WHEEL.write_bytes(content)


NO_METADATA: dict[str, tuple[Callable[[], object], str]] = {
    'no metadata': (lambda: make_zip(WHEEL, {'foo.py': b''}), 'it has no .dist-info directories at the top'),
    'two of them': (
        lambda: make_zip(WHEEL, {METADATA: b'', 'foo-2.0.dist-info/METADATA': b''}),
        'it has 2 .dist-info directories at the top',
    ),
    'no METADATA': (lambda: make_zip(WHEEL, {'foo-1.0.dist-info/WHEEL': b''}), 'it has no METADATA'),
    'METADATA twice': (lambda: wheel_of_two(METADATA), 'it has 2 METADATA'),
    'another compression': (
        lambda: make_zip(WHEEL, {METADATA: headers('foo', '1.0')}, zipfile.ZIP_BZIP2),
        'its METADATA is not compressed as installers expect it',
    ),
    'encrypted': (lambda: wheel_with_flag(8, 1), 'its METADATA cannot be unpacked'),
    'broken': (wheel_that_breaks_off_inside, 'its METADATA cannot be unpacked'),
    'of none': (lambda: make_zip(WHEEL, {METADATA: b'Version: 1.0\n'}), 'its metadata names no project'),
    'of two': (
        lambda: make_zip(WHEEL, {METADATA: headers('foo', '1.0', 'Name: foo')}),
        'its metadata names no project',
    ),
}


@pytest.mark.parametrize(('make', 'reason'), [pytest.param(*case, id=name) for name, case in NO_METADATA.items()])
def test_a_wheel_whose_metadata_cannot_be_used_is_listed_with_a_warning(
    make: Callable[[], object], reason: str
) -> None:
    make()
    expected = f'pool/foo-1.0-py3-none-any.whl: listed without metadata: {reason}\n'
    outcome = run_list('--write-metadata', 'pool')
    assert (outcome.status, outcome.messages) == (0, expected)
    [line] = outcome.lines
    assert line.keys() == {'filename', 'hash', 'size', 'upload_timestamp'}
    assert os.listdir(POOL) == ['foo-1.0-py3-none-any.whl']
    strict = run_list('--strict', 'pool')
    assert (strict.status, strict.output, strict.messages) == (1, b'', expected)


def tar_bytes(*members: tuple[str, int], kind: bytes = tarfile.REGTYPE) -> bytes:
    """Return the headers of a tar archive without the content of the members."""
    blocks = []
    for name, size in members:
        member = tarfile.TarInfo(name)
        member.size, member.type = size, kind
        blocks.append(member.tobuf(tarfile.GNU_FORMAT))
    return b''.join(blocks)


HOSTILE: dict[str, Callable[[], object]] = {
    'PKG-INFO that is a link': lambda: write(
        SDIST, gzip.compress(tar_bytes(('foo-1.0/PKG-INFO', 0), kind=tarfile.SYMTYPE) + bytes(1024))
    ),
    'PKG-INFO that is sparse': lambda: write(
        SDIST, gzip.compress(tar_bytes(('foo-1.0/PKG-INFO', 0), kind=tarfile.GNUTYPE_SPARSE) + bytes(1024))
    ),
    'a broken header': lambda: write(SDIST, tar_bytes(('a', 0)) + b'x' * 1024),
    'half a header': lambda: write(SDIST, tar_bytes(('a', 0)) + b'x'),
    'nothing in it': lambda: write(SDIST, gzip.compress(bytes(10240))),
    'PKG-INFO twice in a zip': lambda: make_zip(SDIST.with_suffix('.zip'), {'a/PKG-INFO': b'', 'b/PKG-INFO': b''}),
}


@pytest.mark.parametrize('make', [pytest.param(make, id=name) for name, make in HOSTILE.items()])
def test_an_sdist_whose_metadata_cannot_be_used_is_listed_silently(make: Callable[[], object]) -> None:
    make()
    outcome = run_list('pool')
    assert (outcome.status, outcome.messages, len(outcome.lines)) == (0, '', 1)
    assert outcome.lines[0].keys() == {'filename', 'hash', 'size', 'upload_timestamp'}


def cut(path: Path, content: bytes) -> None:
    write(path, content[: len(content) // 2])


UNREADABLE: dict[str, tuple[Callable[[], object], str]] = {
    'no zip archive': (lambda: write(WHEEL, b'x'), LEFT_OUT),
    'an empty file': (
        lambda: write(WHEEL, b''),
        'pool/foo-1.0-py3-none-any.whl: left out: it is empty, or not a regular file\n',
    ),
    'half a wheel': (lambda: cut(described_wheel(POOL, 'foo', '1.0'), WHEEL.read_bytes()), LEFT_OUT),
    'a directory that is none': (
        lambda: write(WHEEL, b'PK\5\6' + struct.pack('<4H2LH', 0, 0, 9, 9, 2**31, 0, 0)),
        LEFT_OUT,
    ),
    'half an sdist': (
        lambda: cut(make_tar(SDIST, {'foo-1.0/a': os.urandom(10**5), 'foo-1.0/PKG-INFO': b''}), SDIST.read_bytes()),
        'pool/foo-1.0.tar.gz: left out: it is not a complete tar archive\n',
    ),
    'half an sdist of bzip2': (
        lambda: write(SDIST, bz2.compress(os.urandom(10**5))[:1000] + b'x'),
        'pool/foo-1.0.tar.gz: left out: it is not a complete tar archive\n',
    ),
    'an sdist that is not compressed, and cut off': (
        lambda: write(SDIST, tar_bytes(('a', 1000)) + b'x' * 500),
        'pool/foo-1.0.tar.gz: left out: it is not a complete tar archive\n',
    ),
    'an sdist with a size below zero': (
        lambda: write(SDIST, tar_bytes(('a', -1), ('foo-1.0/PKG-INFO', 0))),
        'pool/foo-1.0.tar.gz: left out: it is not a complete tar archive\n',
    ),
    'an sdist that ends after an extended header': (
        lambda: write(SDIST, tar_bytes(('a', 0), kind=tarfile.GNUTYPE_LONGNAME)),
        'pool/foo-1.0.tar.gz: left out: it is not a complete tar archive\n',
    ),
    'a zip archive that is called a tar archive': (
        lambda: make_zip(SDIST, {'foo-1.0/PKG-INFO': b''}),
        'pool/foo-1.0.tar.gz: left out: it is not a complete tar archive\n',
    ),
    'the same name twice': (
        lambda: [described_wheel(POOL / each, 'foo', '1.0') for each in ('a', 'b', 'c')],
        'pool/b/foo-1.0-py3-none-any.whl: left out: pool/a/foo-1.0-py3-none-any.whl has the same name\n'
        'pool/c/foo-1.0-py3-none-any.whl: left out: pool/a/foo-1.0-py3-none-any.whl has the same name\n',
    ),
}


@pytest.mark.parametrize(('make', 'expected'), [pytest.param(*case, id=name) for name, case in UNREADABLE.items()])
def test_a_file_that_nobody_could_use_is_left_out_with_a_warning(make: Callable[[], object], expected: str) -> None:
    described_sdist(POOL, 'bar', '1.0')
    make()
    outcome = run_list('pool')
    assert (outcome.status, outcome.messages) == (0, expected)
    names = {name.partition(':')[0].removeprefix('pool/') for name in expected.splitlines()}
    assert 'bar-1.0.tar.gz' in outcome.files()
    assert not names & outcome.files().keys()
    Path('list').write_bytes(outcome.output)
    assert run_list('--known', 'list', 'pool') == outcome  # in every run
    strict = run_list('--strict', 'pool')
    assert (strict.status, strict.output, strict.messages) == (1, b'', expected)


def test_the_first_twenty_of_many_errors_are_shown() -> None:
    for number in range(22):
        write(POOL / f'foo-{number}-py3-none-any.whl', b'x')
    strict = run_list('--strict', 'pool')
    lines = strict.messages.splitlines()
    assert (len(lines), lines[2], lines[-1]) == (21, LEFT_OUT.strip().replace('1.0', '2'), '… and 2 more')


def test_a_file_that_may_not_be_read_is_left_out_with_a_warning() -> None:
    described_wheel(POOL, 'Foo', '1.0').chmod(0)
    described_sdist(POOL / 'sub', 'bar', '1.0')
    described_sdist(POOL / 'closed', 'baz', '1.0')
    (POOL / 'baz-1.0.tar.gz').symlink_to('closed/baz-1.0.tar.gz')
    (POOL / 'closed').chmod(0)
    with unprivileged():
        outcome = run_list('pool')
    assert outcome.messages == (
        'pool/Foo-1.0-py3-none-any.whl: left out: Permission denied\n'
        'pool/baz-1.0.tar.gz: left out: Permission denied\n'
        'pool/closed/: left out: Permission denied\n'
    )
    assert outcome.files().keys() == {'sub/bar-1.0.tar.gz'}
    POOL.chmod(0)
    with unprivileged():
        outcome = run_list('pool')
    POOL.chmod(0o755)
    (POOL / 'closed').chmod(0o755)
    assert (outcome.status, outcome.messages) == (1, 'cannot read pool: Permission denied\n')


def test_a_directory_that_is_removed_meanwhile_is_ignored() -> None:
    described_sdist(POOL, 'foo', '1.0')
    described_sdist(POOL / 'sub', 'bar', '1.0')
    notes = Notes(strict=False)
    place = Directory('pool', writes=False)
    place.below.append('')
    entries = place.read_entries(notes)
    assert next(entries).path == 'foo-1.0.tar.gz'
    shutil.rmtree(POOL / 'sub')
    assert ([*entries], notes.texts) == ([], {})


def test_an_unreadable_sidecar_is_treated_as_missing() -> None:
    described_wheel(POOL, 'foo', '1.0')
    run_list('--write-metadata', 'pool')
    Path(f'{WHEEL}.metadata').chmod(0)
    with unprivileged():
        outcome = run_list('pool')
    assert outcome.messages == (
        'pool/foo-1.0-py3-none-any.whl.metadata: ignored: it is not the METADATA of the wheel\n'
    )


def test_a_name_that_is_too_long_for_a_sidecar() -> None:
    version = '1' * (255 - len('foo--py3-none-any.whl'))
    described_wheel(POOL, 'foo', version)
    expected = f'pool/foo-{version}-py3-none-any.whl.metadata: not written: its name has more than 255 bytes\n'
    outcome = run_list('--write-metadata', 'pool')
    assert (outcome.status, outcome.messages, len(outcome.lines)) == (0, expected, 1)


# ------------------------------------------------------------------------------------------------- errors


def test_a_disk_that_cannot_report_the_kind_of_a_file_fails_the_run() -> None:
    class Failing:
        def stat(self) -> None:
            raise OSError(5, 'Input/output error')

    described_sdist(POOL, 'foo', '1.0')
    place = Directory('pool', writes=False)
    with pytest.raises(OSError, match='Input/output'):
        list(place._read_entry('foo-1.0.tar.gz', Failing(), Notes(strict=False)))  # type: ignore[arg-type]  # no DirEntry


def test_a_disk_that_fails_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the file were left out instead, the next list would have it again."""
    described_wheel(POOL, 'foo', '1.0')
    described_sdist(POOL, 'foo', '1.0')
    error = OSError(5, 'Input/output error')

    def fail(*arguments: Any, **options: Any) -> Any:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(zipfile.ZipFile, 'open', fail)
        assert run_list('pool')[::2] == (1, 'cannot read pool/foo-1.0-py3-none-any.whl: Input/output error\n')
    with monkeypatch.context() as patch:
        patch.setattr(zipfile, 'ZipFile', fail)
        assert run_list('pool')[::2] == (1, 'cannot read pool/foo-1.0-py3-none-any.whl: Input/output error\n')
    with monkeypatch.context() as patch:
        patch.setattr(gzip, 'GzipFile', fail)
        assert run_list('pool')[::2] == (1, 'cannot read pool/foo-1.0.tar.gz: Input/output error\n')
    with monkeypatch.context() as patch:
        patch.setattr(os, 'replace', fail)
        message = 'cannot write pool/foo-1.0-py3-none-any.whl.metadata: Input/output error\n'
        assert run_list('--write-metadata', 'pool')[::2] == (1, message)
    assert sorted(os.listdir(POOL)) == [WHEEL.name, SDIST.name]
    with monkeypatch.context() as patch:
        patch.setattr(builtins, 'open', fail)
        assert run_list('--jobs', '1', 'pool')[::2] == (
            1,
            'cannot read pool/foo-1.0.tar.gz: Input/output error\n'
            if SDIST.stat().st_size > WHEEL.stat().st_size
            else 'cannot read pool/foo-1.0-py3-none-any.whl: Input/output error\n',
        )


NO_LISTS = {
    'no JSON': (b'{"filename": "foo-1.0.tar.gz"}\nx\n', "list:2: expected a JSON object, got 'x'\n"),
    'no UTF-8': (b'{"filename": "\xff"}', 'list:1: expected UTF-8, got b\'{"filename": "\\xff"}\'\n'),
    'wrong values': (
        b'{"filename": "foo-1.0.tar.gz", "size": "1", "hash": 1}',
        "list:1: size: expected a number of bytes, got '1'\nlist:1: hash: expected <algorithm>=<hex>, got 1\n",
    ),
    'nothing named': (b'{}', 'list:1: filename: expected a file name, got null\n'),
}


@pytest.mark.parametrize('option', ['--known', '--facts'])
@pytest.mark.parametrize(('content', 'expected'), [pytest.param(*case, id=name) for name, case in NO_LISTS.items()])
def test_a_file_that_is_no_list_is_an_error(option: str, content: bytes, expected: str) -> None:
    Path('list').write_bytes(content)
    outcome = run_list(option, 'list', 'pool')
    assert (outcome.status, outcome.output, outcome.messages) == (1, b'', expected)


ALLOWED = 'expected uploaded_by, yanked, yanked_reason or upload_timestamp'


def test_a_forbidden_fact_from_people_is_an_error() -> None:
    described_wheel(POOL, 'foo', '1.0')
    cases: list[tuple[dict[str, Any], str]] = [
        ({'filename': WHEEL.name, 'size': 1}, f"facts:2: {ALLOWED}, got 'size'\n"),
        ({'filename': WHEEL.name, 'x': 1}, f"facts:2: {ALLOWED}, got 'x'\n"),
        ({'project': 'foo', 'summary': 'Foo'}, "facts:2: expected status or status_reason, got 'summary'\n"),
        (
            {'project': 'foo', 'status': 'old'},
            "facts:2: status: expected one of active, archived, deprecated, quarantined, got 'old'\n",
        ),
        (
            {'filename': WHEEL.name, 'yanked_reason': 'worse'},
            f"facts:2: filename: expected '{WHEEL.name}' to be as in line 1, got another yanked_reason\n",
        ),
    ]
    for line, expected in cases:
        write_list(Path('facts'), [{'filename': WHEEL.name, 'yanked': True}, line])
        outcome = run_list('--facts', 'facts', 'pool')
        assert (outcome.status, outcome.output, outcome.messages) == (1, b'', expected)


def test_two_contradicting_facts_are_an_error() -> None:
    described_wheel(POOL, 'foo', '1.0')
    write_list(Path('facts'), [{'project': 'Foo', 'status': 'archived'}, {'project': 'foo', 'status': 'deprecated'}])
    expected = "facts:2: project: expected 'foo' to be as in line 1, got another status\n"
    outcome = run_list('--facts', 'facts', 'pool')
    assert (outcome.status, outcome.output, outcome.messages) == (1, b'', expected)


def test_a_fact_about_a_missing_file_is_a_warning() -> None:
    described_wheel(POOL, 'foo', '1.0')
    lines: list[dict[str, Any]] = [
        {'filename': 'bar-1.0.tar.gz', 'yanked': True},
        {'project': 'bar', 'status': 'archived'},
        {'filename': '../foo', 'yanked': True},
    ]
    write_list(Path('facts'), lines)
    expected = (
        "facts:1: ignored: there is no file 'bar-1.0.tar.gz'\n"
        "facts:2: ignored: there is no project 'bar'\n"
        'facts:3: ignored: there is no such file\n'
    )
    outcome = run_list('--facts', 'facts', 'pool')
    assert (outcome.status, outcome.messages, len(outcome.lines)) == (0, expected, 1)
    strict = run_list('--strict', '--facts', 'facts', 'pool')
    assert (strict.status, strict.output, strict.messages) == (1, b'', expected)


CANNOT = {
    'no pool': (['nowhere'], 'cannot read nowhere: No such file or directory\n'),
    'a pattern that matches nothing': (['pool/*.whl'], 'cannot read pool/*.whl: No such file or directory\n'),
    'no object': (['memory://none/foo-1.0.tar.gz'], 'cannot read memory://none/foo-1.0.tar.gz: no such object\n'),
    'no facts': (['--facts', 'nowhere', 'pool'], 'cannot read nowhere: No such file or directory\n'),
    'a directory for facts': (['--facts', 'pool', 'pool'], 'cannot read pool: Is a directory\n'),
    'a directory for a list': (['--known', 'pool', 'pool'], 'cannot read pool: Is a directory\n'),
    'a file on the way to a list': (['--known', 'file/list', 'pool'], 'cannot read file/list: Not a directory\n'),
    'no such driver': (
        ['nothing://user:secret@host/pool'],
        'cannot open nothing://host/pool: Protocol not known: nothing\n',
    ),
}


@pytest.mark.parametrize(('arguments', 'expected'), [pytest.param(*case, id=name) for name, case in CANNOT.items()])
def test_an_unreadable_path_is_one_line(arguments: list[str], expected: str) -> None:
    Path('file').touch()
    outcome = run_list(*arguments)
    assert (outcome.status, outcome.output, outcome.messages) == (1, b'', expected)


def test_a_missing_library_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 's3fs', None)
    outcome = run_list('s3://bucket/pool')
    assert outcome[::2] == (1, 'cannot open s3://bucket/pool: Install s3fs to access S3\n')
    monkeypatch.setitem(sys.modules, 'fsspec.core', None)
    outcome = run_list('s3://bucket/pool')
    assert outcome[::2] == (1, "s3://bucket/pool: needs fsspec: pip install './dumb-pypi[remote]'\n")


USAGE = {
    'no pool': ([], 'the following arguments are required: POOL'),
    'an empty pool': ([''], "argument POOL: expected the name of a file, got ''"),
    'no jobs': (['--jobs', '0', 'pool'], "argument --jobs: expected a whole number, 1 or more, got '0'"),
    'no releases': (['--newest', '0', 'pool'], "argument --newest: expected a whole number, 1 or more, got '0'"),
    'a number that is none': (
        ['--newest', '1.5', 'pool'],
        "argument --newest: expected a whole number, 1 or more, got '1.5'",
    ),
    'nothing to add to': (['--add', 'pool'], 'argument --add: needs --known'),
    'an empty known list': (['--known', '', 'pool'], "argument --known: expected the name of a file, got ''"),
    'no URL': (
        ['--base-url', 'ftp://files.example.com/', 'pool'],
        'argument --base-url: expected a percent-encoded http, https or file URL without a fragment, '
        "got 'ftp://files.example.com/'",
    ),
    'a URL with a query': (
        ['--base-url', 'https://files.example.com/?a', 'pool'],
        "argument --base-url: expected a URL without a query, got 'https://files.example.com/?a'",
    ),
    'a root that does not hold the second pool': (
        ['--root', 'pool', 'pool/a', 'pools/b'],
        'argument --root: expected a parent of pools/b, got pool',
    ),
    'a root in the pool': (['--root', 'pool/a', 'pool'], 'argument --root: expected a parent of pool, got pool/a'),
    'a root of another bucket': (
        ['--root', 's3://me:secret@bucket/a', 's3://me:secret@bucket/ab'],
        'argument --root: expected a parent of s3://bucket/ab, got s3://bucket/a',
    ),
    'a directory for the root of a bucket': (
        ['--root', 'pool', 's3://bucket/pool'],
        'argument --root: expected a parent of s3://bucket/pool, got pool',
    ),
}


@pytest.mark.parametrize(('arguments', 'expected'), [pytest.param(*case, id=name) for name, case in USAGE.items()])
def test_wrong_usage_is_status_2(arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_status:
        main(arguments)
    assert exit_status.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1] == f'dumb-pypi-list: error: {expected}'


def test_closed_standard_output_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, 'stdout', None)
    messages = io.StringIO()
    monkeypatch.setattr(sys, 'stderr', messages)
    assert main(['pool']) == 1
    assert messages.getvalue() == 'cannot write <stdout>: it is closed\n'
