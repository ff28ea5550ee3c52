"""Pools in buckets: what is read there, and which requests an S3 server gets."""

from __future__ import annotations

import contextlib
import datetime
import errno
import json
import random
import re
import subprocess
import urllib.parse
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec  # type: ignore[import-untyped]  # it has no types
import pytest

from dumb_pypi.pool.places import usual_time
from testing.pools import described_sdist, described_wheel, headers, make_pool, run_list
from testing.s3 import s3, s3_env
from testing.servers import Server
from testing.tools import ROOT, make_tool
from testing.waiting import wait_for

WHEEL = 'foo-1.0-py3-none-any.whl'


class Bucket:
    """A bucket in memory, with a unique name."""

    def __init__(self) -> None:
        self.system = fsspec.filesystem('memory')
        self.address = f'memory://{uuid.uuid4()}/pool'

    def put(self, path: str, content: bytes) -> None:
        self.system.pipe_file(f'{self.address}/{path}', content)

    def upload(self, directory: Path) -> None:
        for path in directory.rglob('*.*'):
            self.put(path.relative_to(directory).as_posix(), path.read_bytes())

    def get(self, path: str) -> bytes:
        return bytes(self.system.cat_file(f'{self.address}/{path}'))


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    made = Bucket()
    yield made
    with contextlib.suppress(FileNotFoundError):
        made.system.rm(made.address, recursive=True)


def test_the_list_of_a_bucket_equals_that_of_a_directory(bucket: Bucket, tmp_path: Path) -> None:
    make_pool(tmp_path / 'pool')
    described_wheel(tmp_path / 'pool' / 'team', 'baz', '1.0', 'Summary: Does baz')
    bucket.upload(tmp_path / 'pool')
    bucket.put('.hidden/foo-3.0.tar.gz', b'')
    bucket.put('README.md', b'')
    there, here = (run_list('--write-metadata', address) for address in (bucket.address, tmp_path / 'pool'))
    assert (there.status, there.messages) == (0, '')
    strip = [
        [{key: value for key, value in line.items() if key != 'upload_timestamp'} for line in each.lines]
        for each in (there, here)
    ]
    assert strip[0] == strip[1]
    assert all(isinstance(line['upload_timestamp'], float) for line in there.files().values())
    assert bucket.get(f'{WHEEL}.metadata') == (tmp_path / 'pool' / f'{WHEEL}.metadata').read_bytes()
    (tmp_path / 'list').write_bytes(there.output)
    assert run_list('--known', tmp_path / 'list', '--write-metadata', bucket.address) == there


def test_a_sidecar_whose_name_is_too_long_for_the_generator_is_ignored(bucket: Bucket) -> None:
    """Stores accept longer names than file systems."""
    name = f'foo-{"1" * 240}-py2.7.egg'
    bucket.put(name, b'egg')
    bucket.put(f'{name}.provenance', b'{}')
    assert run_list(bucket.address).files().keys() == {name}


def test_several_objects_and_parts_of_a_bucket_are_listed_by_their_names_or_below_a_root(
    bucket: Bucket, tmp_path: Path
) -> None:
    described_wheel(tmp_path / 'cu121', 'foo', '1.0', 'Summary: foo')
    described_sdist(tmp_path / 'common', 'bar', '1.0')
    described_sdist(tmp_path / 'common' / 'old', 'bar', '0.9')
    described_sdist(tmp_path / 'cpu', 'baz', '1.0')
    bucket.upload(tmp_path)
    wheel, common = f'{bucket.address}/cu121/{WHEEL}', f'{bucket.address}/common'
    cases: list[tuple[list[str], list[str]]] = [
        ([wheel], [WHEEL]),
        ([wheel, common], ['bar-1.0.tar.gz', WHEEL, 'old/bar-0.9.tar.gz']),
        ([f'{common}/', f'{common}/bar-1.0.tar.gz', common], ['bar-1.0.tar.gz', 'old/bar-0.9.tar.gz']),
        (
            ['--root', bucket.address, wheel, common],
            ['common/bar-1.0.tar.gz', 'common/old/bar-0.9.tar.gz', f'cu121/{WHEEL}'],
        ),
        (['--root', f'{bucket.address}/', f'{bucket.address}/gone', wheel], [f'cu121/{WHEEL}']),
        ([str(tmp_path / 'cpu'), wheel], ['baz-1.0.tar.gz', WHEEL]),
    ]
    for arguments, expected in cases:
        outcome = run_list('--write-metadata', *arguments)
        assert (outcome.status, outcome.messages) == (0, '')
        assert sorted(outcome.files()) == expected
    assert bucket.get(f'cu121/{WHEEL}.metadata') == headers('foo', '1.0', 'Summary: foo')
    bucket.put(f'common/{WHEEL}', b'garbage')
    assert run_list(wheel, common).messages == f'{common}/{WHEEL}: left out: {wheel} has the same name\n'


def test_a_file_url_of_a_directory_is_a_directory(tmp_path: Path) -> None:
    pool = make_pool(tmp_path / 'pool')
    assert run_list(f'file://{pool}').output == run_list(pool).output


@pytest.mark.parametrize('wrong', [b'short', bytes(1000)], ids=['short', 'long'])
def test_a_wrong_sidecar_in_a_bucket_is_corrected(wrong: bytes, bucket: Bucket, tmp_path: Path) -> None:
    described_wheel(tmp_path, 'foo', '1.0')
    bucket.upload(tmp_path)
    bucket.put(f'{WHEEL}.metadata', wrong)
    messages = f'{bucket.address}/{WHEEL}.metadata: ignored: it is not the METADATA of the wheel\n'
    assert run_list(bucket.address).messages == messages
    assert run_list('--write-metadata', bucket.address).messages == ''
    assert bucket.get(f'{WHEEL}.metadata') == headers('foo', '1.0')


def broken(bucket: Bucket, method: str, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        raise error

    monkeypatch.setattr(type(bucket.system), method, fail)


class StoreError(Exception):
    """Drivers have their own exceptions."""


def test_a_refusal_of_the_store_is_one_line(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    described_wheel(tmp_path, 'foo', '1.0')
    bucket.upload(tmp_path)
    cases = [
        ('find', StoreError('no such bucket\nrequest 17'), f'cannot read {bucket.address}: no such bucket\n'),
        ('find', StoreError(), f'cannot read {bucket.address}: StoreError\n'),
        ('get_file', StoreError('busy'), f'cannot read {bucket.address}/{WHEEL}: busy\n'),
        ('pipe_file', StoreError('full'), f'cannot write {bucket.address}/{WHEEL}.metadata: full\n'),
        ('get_file', OSError('slow down'), f'cannot read {bucket.address}/{WHEEL}: slow down\n'),
        ('pipe_file', OSError('slow down'), f'cannot write {bucket.address}/{WHEEL}.metadata: slow down\n'),
    ]
    for method, error, expected in cases:
        with monkeypatch.context() as patch:
            broken(bucket, method, error, patch)
            outcome = run_list('--write-metadata', bucket.address)
        assert (outcome.status, outcome.output, outcome.messages) == (1, b'', expected)


def test_unreadable_and_missing_objects(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    described_wheel(tmp_path, 'foo', '1.0')
    bucket.upload(tmp_path)
    refusals = [PermissionError('Access Denied'), OSError(errno.EINVAL, 'The object is encrypted')]
    for refusal in refusals:
        with monkeypatch.context() as patch:
            broken(bucket, 'get_file', refusal, patch)
            outcome = run_list(bucket.address)
        assert outcome.messages == f'{bucket.address}/{WHEEL}: left out: the store does not allow reading it\n'
    for refusal in (*refusals, OSError(errno.ENAMETOOLONG, 'Your key is too long')):
        with monkeypatch.context() as patch:
            broken(bucket, 'pipe_file', refusal, patch)
            outcome = run_list('--write-metadata', bucket.address)
        assert (
            outcome.messages == f'{bucket.address}/{WHEEL}.metadata: not written: the store does not allow writing it\n'
        )
        assert (outcome.status, 'core_metadata' in outcome.files()[WHEEL]) == (0, False)
    with monkeypatch.context() as patch:
        broken(bucket, 'get_file', FileNotFoundError(), patch)
        assert run_list(bucket.address) == (0, b'', '')
    bucket.put(f'{WHEEL}.metadata', b'')
    with monkeypatch.context() as patch:
        broken(bucket, 'cat_file', PermissionError(), patch)
        assert 'ignored' in run_list(bucket.address).messages
    with monkeypatch.context() as patch:
        broken(bucket, 'cat_file', OSError(errno.EBUSY, 'Slow down'), patch)
        messages = f'cannot read {bucket.address}/{WHEEL}.metadata: [Errno 16] Slow down\n'
        assert run_list(bucket.address) == (1, b'', messages)


INFOS: list[tuple[dict[str, Any], Any]] = [
    ({'LastModified': '2026-01-02T03:04:05Z'}, 1767323045),
    ({'last_modified': '2026-01-02T03:04:05.5+00:00'}, 1767323045.5),
    ({'mtime': 1767323045.25}, 1767323045.25),
    ({'mtime': None, 'updated': '2026-01-02T03:04:05Z'}, 1767323045),
    ({'created': 'yesterday'}, None),
    ({'created': b''}, None),
    ({}, None),
]


@pytest.mark.parametrize(('info', 'expected'), [pytest.param(*case, id=str(case[0])) for case in INFOS])
def test_all_time_formats_of_drivers_are_read(
    info: dict[str, Any], expected: Any, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put('foo-1.0-py2.7.egg', b'egg')
    [key] = bucket.system.find(bucket.address)
    monkeypatch.setattr(type(bucket.system), 'find', lambda *_, **__: {key: {'size': 3, **info}})
    assert run_list(bucket.address).lines[0].get('upload_timestamp') == expected


def test_a_time_without_a_zone_is_utc() -> None:
    assert usual_time(datetime.datetime(2026, 1, 2, 3, 4, 5)) == 1767323045


# Objects beside `pool/good-1.0-py3-none-any.whl`, and their messages.
KEYS = {
    'pool/': None,  # made by "Create folder" in the console
    'pool//': None,
    'pool/sub/': None,
    'pool/a-1.0-py3-none-any.whl/': None,
    'pool//good-1.0-py3-none-any.whl': 'left out for its name: it is not a path below the packages URL',
    'pool/sub//good-1.0-py3-none-any.whl': 'left out: {}/good-1.0-py3-none-any.whl has the same name',
    'pool/./b-1.0.tar.gz': None,  # hidden
    'pool/../c-1.0.tar.gz': None,
    'pool/d\\e-1.0.tar.gz': 'left out for its name: it is not a path below the packages URL',
    'pool/good.whl': 'left out for its name: it is not a distribution file',
    'pool/empty-1.0-py3.13.egg': 'left out: it is empty, or not a regular file',
}


def test_keys_that_are_no_file_names_hide_nothing_and_stop_nothing(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    described_wheel(tmp_path, 'good', '1.0')
    bucket.upload(tmp_path)
    expected = run_list(bucket.address)
    root = bucket.system._strip_protocol(bucket.address)
    found = bucket.system.find(root, detail=True)
    keys = {f'{root.removesuffix("pool")}{key}': {'size': 0 if says is None else 100} for key, says in KEYS.items()}
    keys[f'{root}/empty-1.0-py3.13.egg'] = {'size': 0}
    monkeypatch.setattr(type(bucket.system), 'find', lambda *_, **__: {**keys, **found})
    outcome = run_list(bucket.address)
    assert (outcome.status, outcome.output) == (0, expected.output)
    warnings = {key: says.format(bucket.address) for key, says in KEYS.items() if says is not None}
    lines = [f'{bucket.address}{key.removeprefix("pool")}: {says}' for key, says in warnings.items()]
    assert sorted(outcome.messages.splitlines()) == sorted(lines)


# One process for all rounds, because loading the driver takes a second. Each round is a line: the path for the list.
ROUNDS = """
import contextlib, sys
from dumb_pypi.pool.main import main
for line in sys.stdin:
    with open(line.strip(), 'w') as output, contextlib.redirect_stdout(output):
        status = main(sys.argv[1:])
    print(status, flush=True)
"""


def test_ten_rounds_of_change_in_s3_read_only_what_is_new(tmp_path: Path) -> None:
    """Uses the real driver. The log of the server shows what was read."""
    import boto3  # type: ignore[import-untyped]  # comes with moto

    python = make_tool('s3fs', 's3fs', 'msgspec', 'packaging') / 'python'
    pool = tmp_path / 'pool'
    with s3(tmp_path) as server:
        env = {**s3_env(server, tmp_path / 'home'), 'PYTHONPATH': str(ROOT)}
        keys = {'aws_access_key_id': 'nobody', 'aws_secret_access_key': 'nothing', 'region_name': 'us-east-1'}
        client = boto3.client('s3', endpoint_url=server.url, **keys)
        client.create_bucket(Bucket='mine')
        command = [str(python), '-c', ROUNDS, '--known', 'known', '--write-metadata', 's3://mine/pool']
        with subprocess.Popen(
            command, cwd=tmp_path, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding='utf-8'
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            for number in range(10):
                new = [described_wheel(pool, 'foo', f'1.{number}', f'Summary: Round {number}')]
                new += [described_sdist(pool / 'sub', 'bar', f'2.{number}')] if number % 2 else []
                for path in new:
                    client.put_object(Bucket='mine', Key=f'pool/{path.relative_to(pool)}', Body=path.read_bytes())
                if number == 5:
                    client.delete_object(Bucket='mine', Key=f'pool/{WHEEL}')
                before = len(requested(server))
                process.stdin.write(f'{number}\n')
                process.stdin.flush()
                assert process.stdout.readline() == '0\n'
                expected = [f'GET pool/{path.relative_to(pool)}' for path in new]
                expected += [f'PUT pool/{new[0].name}.metadata']
                assert sorted(requested(server)[before:]) == sorted(expected)
                (tmp_path / 'known').write_bytes((tmp_path / f'{number}').read_bytes())
            (tmp_path / 'known').unlink()
            process.stdin.write('anew\n')
            process.stdin.close()
            assert process.wait(60) == 0
        assert (tmp_path / 'anew').read_bytes() == (tmp_path / '9').read_bytes()
        assert (tmp_path / 'anew').read_bytes().count(b'"filename"') == 14
        sidecar = client.get_object(Bucket='mine', Key='pool/foo-1.9-py3-none-any.whl.metadata')['Body'].read()
        assert sidecar == headers('foo', '1.9', 'Summary: Round 9')
        client.close()


def test_copying_an_object_of_s3_onto_itself_does_not_change_its_upload_time(tmp_path: Path) -> None:
    """The copy has another time, so it is fetched once. A new object with its own address is fetched once, too."""
    import boto3

    python = make_tool('s3fs', 's3fs', 'msgspec', 'packaging') / 'python'
    old = described_wheel(tmp_path / 'old', 'Foo', '1.0', 'Summary: old')
    new = described_wheel(tmp_path / 'new', 'Foo', '1.1', 'Summary: new')
    with s3(tmp_path) as server:
        env = {**s3_env(server, tmp_path / 'home'), 'PYTHONPATH': str(ROOT)}
        keys = {'aws_access_key_id': 'nobody', 'aws_secret_access_key': 'nothing', 'region_name': 'us-east-1'}
        client = boto3.client('s3', endpoint_url=server.url, **keys)
        client.create_bucket(Bucket='mine')

        def listed(*arguments: str) -> dict[str, dict[str, Any]]:
            command = [str(python), '-m', 'dumb_pypi.pool', *arguments]
            done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, check=False, timeout=100)
            assert (done.returncode, done.stderr) == (0, b'')
            (tmp_path / 'known').write_bytes(done.stdout)
            lines = [json.loads(line) for line in done.stdout.splitlines()]
            return {line['filename']: line for line in lines if 'filename' in line}

        def modified(key: str) -> float:
            time: datetime.datetime = client.head_object(Bucket='mine', Key=key)['LastModified']
            return time.timestamp()

        key = f'pool/cu121/{old.name}'
        client.put_object(Bucket='mine', Key=key, Body=old.read_bytes())
        first = modified(key)
        before = listed('--root', 's3://mine/pool', 's3://mine/pool/cu121')
        assert before[f'cu121/{old.name}']['upload_timestamp'] == first

        def copied() -> float | None:
            """Copy the object. Return its time, or `None` if it is still that of the first second."""
            source = {'Bucket': 'mine', 'Key': key}
            client.copy_object(Bucket='mine', Key=key, CopySource=source, MetadataDirective='REPLACE')
            return modified(key) if modified(key) != first else None

        later = wait_for(copied)
        asked = len(requested(server))
        expected = {f'cu121/{old.name}': before[f'cu121/{old.name}'] | {'modified': later}}
        for _ in range(2):
            assert listed('--known', 'known', '--root', 's3://mine/pool', 's3://mine/pool/cu121') == expected
        assert requested(server)[asked:] == [f'GET {key}']
        client.put_object(Bucket='mine', Key=f'pool/{new.name}', Body=new.read_bytes())
        asked = len(requested(server))
        added = listed('--known', 'known', '--add', f's3://mine/pool/{new.name}')
        assert [*added] == [f'cu121/{old.name}', new.name]
        assert {**added, **expected} == added
        assert [each for each in requested(server)[asked:] if each.startswith('GET')] == [f'GET pool/{new.name}']
        client.close()


PIECES = (
    '/',
    '//',
    '.',
    '..',
    './',
    '../',
    '\\',
    ' ',
    '+',
    '%2F',
    '?',
    '#',
    '&amp;',
    'é',
    '\u202e',
    'a',
    'b-1.0.tar.gz',
)


def any_key(dice: random.Random) -> str:
    directory = ''.join(dice.choices(PIECES, k=dice.randrange(6)))
    return f'pool/{directory}{dice.choice(["", "bad-1.0-py3.13.egg", "bad.whl", "good0-1.0-py3-none-any.whl"])}'


def test_whatever_keys_are_in_s3_all_good_files_are_listed(tmp_path: Path) -> None:
    import boto3

    python = make_tool('s3fs', 's3fs', 'msgspec', 'packaging') / 'python'
    dice = random.Random(3)  # one of these objects has the name of a good file, and sorts before it
    good = [described_wheel(tmp_path / 'good', f'good{number}', '1.0') for number in range(5)]
    objects = {f'pool/{path.name}': path.read_bytes() for path in good}
    others = {key: b'x' * (not key.endswith('/')) for key in (*KEYS, *(any_key(dice) for _ in range(60)))}
    with s3(tmp_path) as server:
        env = {**s3_env(server, tmp_path / 'home'), 'PYTHONPATH': str(ROOT)}
        keys = {'aws_access_key_id': 'nobody', 'aws_secret_access_key': 'nothing', 'region_name': 'us-east-1'}
        client = boto3.client('s3', endpoint_url=server.url, **keys)
        client.create_bucket(Bucket='mine')
        for key, content in {**others, **objects}.items():
            client.put_object(Bucket='mine', Key=key, Body=content)
        client.close()
        command = [str(python), '-c', ROUNDS, '--known', 'known', '--write-metadata', 's3://mine/pool']
        done = subprocess.run(
            command, cwd=tmp_path, env=env, input='known\nagain\n', capture_output=True, encoding='utf-8', timeout=100
        )
    assert (done.stdout, 'Traceback' in done.stderr) == ('0\n0\n', False), done.stderr
    listed = [json.loads(line)['filename'] for line in (tmp_path / 'known').read_bytes().splitlines()]
    assert {path.name for path in good} <= {*listed}
    assert (tmp_path / 'again').read_bytes() == (tmp_path / 'known').read_bytes()


def requested(server: Server) -> list[str]:
    """Return the method and the key of each request for an object, up to now."""
    found = re.findall(r'"(GET|PUT|HEAD) /mine/([^ ?]+)', server.log.read_text(encoding='utf-8'))
    return [f'{method} {urllib.parse.unquote(key)}' for method, key in found]
