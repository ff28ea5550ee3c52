"""Files that are made to waste time and memory: each is listed, opened only once, and stops no run."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import signal
import struct
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dumb_pypi.pool import tar_archives
from testing.pools import described_sdist, headers, make_tar, make_zip, run_list, settled
from testing.tools import ROOT

POOL = Path('pool')
WHEEL = POOL / 'Foo-1.0-py3-none-any.whl'
SDIST = POOL / 'Foo-1.0.tar.gz'
METADATA = 'Foo-1.0.dist-info/METADATA'
PKG_INFO = headers('Foo', '1.0', 'Summary: found')
LONG = 4 * 2**20 + 1
SECONDS = 20  # seconds of processor time: at most 5, more if coverage is measured


@pytest.fixture(autouse=True)
def in_a_new_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    POOL.mkdir()


def write(path: Path, *parts: bytes) -> None:
    path.write_bytes(b''.join(parts))
    settled(path)


def header(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE) -> bytes:
    """Return the header of a member, whose content may be missing."""
    member = tarfile.TarInfo(name)
    member.size, member.type = size, kind
    return member.tobuf(tarfile.GNU_FORMAT)


def extended(kind: bytes, data: bytes) -> bytes:
    return header('extended', len(data), kind) + data + bytes(-len(data) % 512)


def member(name: str, data: bytes) -> bytes:
    return header(name, len(data)) + data + bytes(-len(data) % 512)


def record(key: bytes, value: bytes) -> bytes:
    rest = b' ' + key + b'=' + value + b'\n'
    size = len(rest) + len(str(len(rest) + 1))
    return str(size).encode() + rest


def sparse(blocks: int) -> bytes:
    """Return an old sparse file with this number of map blocks after its header."""
    first = bytearray(header('sparse', 0, tarfile.GNUTYPE_SPARSE))
    first[482] = 1
    first[148:156] = b' ' * 8
    first[148:156] = b'%06o\0 ' % sum(first)
    block = b'7' * 504 + b'\1' + bytes(7)
    return bytes(first) + block * (blocks - 1) + bytes(512)


def wheel_of_members(count: int) -> bytes:
    """Return only the directory of a wheel, whose members have no names."""
    entry = struct.pack('<4s4B4HL2L5H2L', b'PK\1\2', 20, 3, 20, 0, *[0] * 4, *[0] * 3, *[0] * 5, 0, 0)
    return entry * count + struct.pack('<4s4H2LH', b'PK\5\6', 0, 0, 0, 0, len(entry) * count, 0, 0)


def wheel_with_a_long_directory() -> None:
    make_zip(WHEEL, {METADATA: PKG_INFO})
    content = bytearray(WHEEL.read_bytes())
    end, size = content.index(b'PK\5\6'), 2**25 + 1
    struct.pack_into('<L', content, end + 12, size)
    write(WHEEL, bytes(content[:end]), bytes(size), bytes(content[end:]))


TOO_MANY = 'its metadata comes after more than 100,000 members'
EXTENDED = 'it has more than 1 MiB of extended headers'
BEYOND: dict[str, tuple[Callable[[], object], str]] = {
    'METADATA that is too long': (
        lambda: make_zip(WHEEL, {METADATA: bytes(LONG)}),
        'its METADATA is larger than 4 MiB',
    ),
    'a wheel with a long directory': (wheel_with_a_long_directory, TOO_MANY),
    'a wheel of many members': (lambda: write(WHEEL, wheel_of_members(100_001)), TOO_MANY),
    'many fields': (
        lambda: make_zip(WHEEL, {METADATA: PKG_INFO + b''.join(b'X-%d: \n' % n for n in range(40_000))}),
        'its metadata has more than 5,000 fields',
    ),
    'PKG-INFO that is too long': (
        lambda: make_tar(SDIST, {'Foo-1.0/PKG-INFO': bytes(LONG)}),
        'its PKG-INFO is larger than 4 MiB',
    ),
    'a member that is too long': (
        lambda: write(SDIST, gzip.compress(header('a', 2**33) + member('Foo-1.0/PKG-INFO', PKG_INFO))),
        'its metadata comes after more than 1,024 MiB of other data',
    ),
    '4 GB in a bzip2 archive that ends in garbage': (
        lambda: write(SDIST, bz2.compress(member('a', bytes(2**24))) * 250, b'garbage'),
        'its metadata comes after more than 256 MiB of other data',
    ),
    'an sdist of zeros that breaks off': (
        lambda: write(SDIST, gzip.compress(header('a', 2**25) + bytes(2**24), 9)[:-100]),
        'it is broken after unpacking to more than 100 times its size',
    ),
    'a bzip2 archive that breaks off': (
        lambda: write(SDIST, bz2.compress(header('a', 2**25) + b'ab' * 2**23)[:-10]),
        'it is broken after unpacking to more than 100 times its size',
    ),
    '1 GB in an xz archive': (
        lambda: write(SDIST, lzma.compress(member('a', bytes(2**26))) * 16),
        'its metadata comes after more than 256 MiB of other data',
    ),
    'a long name in the header of gzip': (
        lambda: write(SDIST, b'\x1f\x8b\x08\x08\0\0\0\0\0\0', b'a' * 2**21),
        'reading it takes more than 1,048,576 steps',
    ),
    'an sdist of many members': (
        lambda: write(SDIST, gzip.compress(header('a') * 100_001 + member('Foo-1.0/PKG-INFO', PKG_INFO), 1)),
        TOO_MANY,
    ),
    'an sdist of many extended headers': (
        lambda: write(SDIST, gzip.compress(header('a', 0, tarfile.XHDTYPE) * 100_001, 1)),
        TOO_MANY,
    ),
    'a long name': (
        lambda: write(SDIST, gzip.compress(extended(tarfile.GNUTYPE_LONGNAME, b'a' * (2**20 + 1)))),
        EXTENDED,
    ),
    'a hundred global headers': (
        lambda: write(SDIST, gzip.compress(extended(tarfile.XGLTYPE, record(b'a', b'b' * 20_000)) * 100)),
        EXTENDED,
    ),
    'an old sparse map': (lambda: write(SDIST, gzip.compress(sparse(40_000))), EXTENDED),
}


@pytest.mark.parametrize(('make', 'reason'), [pytest.param(*case, id=name) for name, case in BEYOND.items()])
def test_a_file_beyond_a_limit_is_listed_without_metadata_and_not_opened_again(
    make: Callable[[], object], reason: str
) -> None:
    make()
    described_sdist(POOL, 'Foo', '0.9', 'Summary: of the one before')
    [path] = [path for path in (WHEEL, SDIST) if path.exists()]
    started = time.process_time()
    outcome = run_list('--write-metadata', 'pool')
    assert time.process_time() - started < SECONDS
    assert (outcome.status, outcome.messages) == (0, f'{path}: listed without metadata: {reason}\n')
    line = outcome.files()[path.name]
    assert line.keys() == {'filename', 'hash', 'size', 'upload_timestamp', 'exceeds_limits'}
    Path('list').write_bytes(outcome.output)
    # If the file were opened now, it would be left out.
    write(path, b'x' * path.stat().st_size)
    assert run_list('--known', 'list', '--write-metadata', 'pool') == (0, outcome.output, '')
    (POOL / 'Foo-0.9.tar.gz').unlink()  # the latest release has one other file, without facts
    again = run_list('--known', 'list', '--write-metadata', 'pool')
    assert (again.status, again.lines, again.messages) == (0, [line], '')


WITHIN: dict[str, Callable[[], bytes]] = {
    'digits in an extended header': lambda: extended(tarfile.XHDTYPE, b'1' * (2**20 - 1)),
    'digits in a global header': lambda: extended(tarfile.XGLTYPE, b'1' * (2**20 - 1)),
    'records that overlap': lambda: extended(tarfile.XHDTYPE, b'1 1 ' * (2**17) + b'='),
    'a record that says it has no length': lambda: extended(tarfile.XHDTYPE, b'0 path=x\n'),
    'many records': lambda: extended(tarfile.XHDTYPE, b''.join(record(b'a%d' % n, b'') for n in range(50_000))),
    '20,000 records, then 20,000 members': lambda: (
        extended(tarfile.XGLTYPE, b''.join(record(b'a%d' % n, b'') for n in range(20_000))) + header('b') * 20_000
    ),
    'a long link': lambda: extended(tarfile.GNUTYPE_LONGLINK, b'a' * 2**19),
    'a size in an extended header': lambda: extended(tarfile.XHDTYPE, record(b'size', b'3')) + member('a', b'abc'),
    'a size that is no number': lambda: extended(tarfile.XHDTYPE, record(b'size', b'x')) + member('a', b'abc'),
    'a sparse file': lambda: sparse(2000),
    'a newer sparse file': lambda: extended(tarfile.XHDTYPE, record(b'GNU.sparse.major', b'1')) + member('a', b'1\n'),
}


@pytest.mark.parametrize('make', [pytest.param(make, id=name) for name, make in WITHIN.items()])
def test_strange_files_within_the_limits_are_fast_and_keep_their_metadata(make: Callable[[], bytes]) -> None:
    write(SDIST, gzip.compress(make() + member('Foo-1.0/PKG-INFO', PKG_INFO) + bytes(1024), 1))
    started = time.process_time()
    outcome = run_list('pool')
    assert time.process_time() - started < SECONDS
    assert (outcome.status, outcome.messages) == (0, '')
    assert outcome.projects() == {'foo': {'project': 'foo', 'summary': 'found'}}


@pytest.mark.parametrize(
    'name',
    [
        pytest.param(extended(tarfile.GNUTYPE_LONGNAME, b'Foo-1.0/PKG-INFO\0'), id='of GNU tar'),
        pytest.param(extended(tarfile.XHDTYPE, record(b'path', b'Foo-1.0/PKG-INFO')), id='of POSIX'),
        pytest.param(extended(tarfile.SOLARIS_XHDTYPE, record(b'path', b'Foo-1.0/PKG-INFO')), id='of Solaris'),
    ],
)
def test_a_name_in_an_extended_header_applies_only_to_the_next_member(name: bytes) -> None:
    data = member('a', b'') + name + member('b', PKG_INFO)
    write(SDIST, gzip.compress(data))
    assert run_list('pool').projects()['foo']['summary'] == 'found'
    write(SDIST, gzip.compress(name + header('a', 0, tarfile.DIRTYPE) + member('b', PKG_INFO)))
    assert run_list('pool').projects() == {}


BROKEN = 'pool/Foo-1.0.tar.gz: left out: it is not a complete tar archive\n'
BEGINNINGS: dict[str, Callable[[], bytes]] = {
    'garbage': lambda: os.urandom(512),
    'garbage in gzip': lambda: gzip.compress(b'garbage' * 100),
    'gzip, and no more of it': lambda: b'\x1f\x8b\x08\0garbage',
}


@pytest.mark.parametrize('make', [pytest.param(make, id=name) for name, make in BEGINNINGS.items()])
def test_a_file_that_is_broken_at_its_beginning_is_not_read_to_its_end(make: Callable[[], bytes]) -> None:
    """It is not hashed, either: it is a large sparse file, which would take long."""
    write(SDIST, make())
    os.truncate(SDIST, 10 * 2**30)
    started = time.process_time()
    assert run_list('pool') == (0, b'', BROKEN)
    assert time.process_time() - started < 2


def test_a_file_that_takes_too_long_is_listed_and_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    described_sdist(POOL, 'Foo', '1.0')
    monkeypatch.setattr(tar_archives, 'MOST_SECONDS', -1)
    outcome = run_list('pool')
    assert outcome.messages == f'{SDIST}: listed without metadata: reading it takes more than -1 seconds\n'
    [line] = outcome.lines
    assert line.keys() == {'filename', 'hash', 'size', 'upload_timestamp'}


def test_a_run_is_interrupted_while_it_unpacks() -> None:
    """The run ends within a second of its CPU time, which does not depend on the load of the machine."""
    zeros = gzip.compress(header('a', 2**30 - 2**20) + bytes(2**20), 1)
    rest = gzip.compress(bytes(2**24), 1)
    for number in range(20):
        write(POOL / f'foo-{number}.tar.gz', zeros, rest * 62)
    process = subprocess.Popen(
        [sys.executable, '-m', 'dumb_pypi.pool', '--jobs', '1', 'pool'],
        cwd=os.getcwd(),
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
    )
    pid = process.pid
    while computed(pid) < 1:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    before = computed(pid)
    _, status, usage = os.wait4(pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 130
    assert usage.ru_utime + usage.ru_stime - before < 1


def computed(pid: int) -> float:
    """Return the CPU seconds of a process."""
    values = Path(f'/proc/{pid}/stat').read_text(encoding='utf-8').rpartition(')')[2].split()
    return (int(values[11]) + int(values[12])) / os.sysconf('SC_CLK_TCK')
