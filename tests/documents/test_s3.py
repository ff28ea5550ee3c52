"""The scripts of docs/publishing.md, unchanged, publish exactly the difference to an S3 server."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from testing.clients import JSON_TYPE
from testing.distributions import make_sdist, make_wheel
from testing.documents import block
from testing.long import LONG
from testing.s3 import make_programs
from testing.sites import tree
from testing.states import read_paths
from testing.strangers import git_env, run_shell
from testing.tools import make_tool, missing
from testing.waiting import wait_for

BUCKET = 'pypi.example.com'


class S3(NamedTuple):
    """A server with one bucket."""

    url: str
    log: Path
    client: Any  # boto3 has no type annotations

    def put(self, filename: str, requires_dist: Sequence[str] = ()) -> None:
        """Upload a distribution with this name and its metadata."""
        base = filename.rpartition('/')[2]
        with tempfile.TemporaryDirectory() as scratch:
            make = make_wheel if base.endswith('.whl') else make_sdist
            name, version = base.removesuffix('.tar.gz').split('-')[:2]
            path = make(Path(scratch), name, version, requires_dist=requires_dist)
            assert path.name == base
            self.client.put_object(Bucket=BUCKET, Key=f'pool/{filename}', Body=path.read_bytes())

    def delete(self, filename: str) -> None:
        self.client.delete_object(Bucket=BUCKET, Key=f'pool/{filename}')

    def site(self) -> dict[str, bytes]:
        """Return the content of the bucket, except package files."""
        pages = self.client.get_paginator('list_objects_v2').paginate(Bucket=BUCKET)
        keys = [each['Key'] for page in pages for each in page.get('Contents', ())]
        return {
            key: self.client.get_object(Bucket=BUCKET, Key=key)['Body'].read()
            for key in keys
            if not key.startswith('pool/')
        }

    def requests(self) -> list[tuple[str, str]]:
        """Return the method and the key of every request for a page up to now."""
        lines = re.findall(rf'"([A-Z]+) /{BUCKET}/(\S+) HTTP/1.1"', self.log.read_text(encoding='utf-8'))
        return [(method, urllib.parse.unquote(key)) for method, key in lines if not key.startswith('pool/')]

    def headers(self) -> dict[str, tuple[str, str]]:
        """Return the content type and the time to live of each page."""
        answers = {key: self.client.head_object(Bucket=BUCKET, Key=key) for key in self.site()}
        return {key: (each['ContentType'], each.get('CacheControl', '')) for key, each in answers.items()}


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[S3]:
    if importlib.util.find_spec('moto') is None:
        missing('moto', "pip install 'moto[server]'")
    import boto3  # type: ignore[import-untyped]  # comes with moto

    log = tmp_path / 'moto.log'
    command = [sys.executable, '-u', '-m', 'moto.server', '-H', '127.0.0.1', '-p', '0']
    with log.open('wb') as output, subprocess.Popen(command, env=quiet(), stdout=output, stderr=output) as server:
        try:
            found = wait_for(lambda: re.search(r'Running on (http://127\.0\.0\.1:\d+)', log.read_text()), server, log)
            client = boto3.client(
                's3',
                endpoint_url=found[1],
                region_name='us-east-1',
                aws_access_key_id='testing',
                aws_secret_access_key='testing',
            )
            client.create_bucket(Bucket=BUCKET)
            yield S3(found[1], log, client)
            client.close()
        finally:
            server.terminate()


def quiet() -> dict[str, str]:
    """Return the environment without coverage and without variables that point clients to another server."""
    return {name: value for name, value in os.environ.items() if not name.startswith(('AWS_', 'RCLONE_', 'COV'))}


class Script(NamedTuple):
    """A script of docs/publishing.md in a separate directory, and its target."""

    path: Path
    environment: dict[str, str]
    remote: str  # the prefix of the bucket name

    def site(self) -> dict[str, bytes]:
        """Return the expected content of the bucket: everything except the notes of the program."""
        found = tree(self.path.parent / 'site')
        return {path: content for path, content in found.items() if not path.startswith('.')}

    def run(self, *arguments: str, bucket: str = BUCKET) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ['bash', str(self.path), *arguments],
            env=self.environment | {'TARGET': f'{self.remote}{bucket}'},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def listed(self) -> list[str]:
        return [*read_paths(self.path.with_name('changed')), *read_paths(self.path.with_name('removed'))]


def script_of(tool: str) -> str:
    if tool == 'rclone':
        return block('docs/publishing.md', 'rclone copy')
    return block('docs/publishing.md', 'aws s3 cp --recursive some')


@pytest.fixture(params=['rclone', 'aws'])
def script(request: pytest.FixtureRequest, s3: S3, tmp_path: Path) -> Script:
    # Programs installed by pip are beside Python, even if nobody has activated the environment.
    programs = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get('PATH', os.defpath)])
    tool: str = request.param
    if tool == 'aws':  # in its own environment, because it requires an old docutils
        programs = os.pathsep.join([str(make_tool('awscli', 'awscli')), programs])
    elif shutil.which(tool, path=programs) is None:
        missing(tool, 'apt-get install rclone')
    path = tmp_path / 'index' / 'publish-index'
    path.parent.mkdir()
    path.write_text(script_of(tool), encoding='utf-8')
    make_programs(path.parent / 'env' / 'bin')
    config = tmp_path / 'config'
    config.touch()
    environment = {
        'PATH': programs,
        'HOME': str(tmp_path),
        'INDEX': str(path.parent),
        'AWS_ACCESS_KEY_ID': 'testing',
        'AWS_SECRET_ACCESS_KEY': 'testing',
        'AWS_DEFAULT_REGION': 'us-east-1',
        'AWS_ENDPOINT_URL': s3.url,
        'RCLONE_CONFIG': str(config),
        'RCLONE_RETRIES': '1',
        'RCLONE_CONFIG_S3_TYPE': 's3',
        'RCLONE_CONFIG_S3_PROVIDER': 'Other',
        'RCLONE_CONFIG_S3_ENV_AUTH': 'true',
        'RCLONE_CONFIG_S3_ENDPOINT': s3.url,
        'RCLONE_CONFIG_S3_REGION': 'us-east-1',
        # It must not create the bucket that one round misspells.
        'RCLONE_CONFIG_S3_NO_CHECK_BUCKET': 'true',
    }
    return Script(path, quiet() | environment, {'rclone': 's3:', 'aws': 's3://'}[tool])


class Round(NamedTuple):
    """What happens to the files in the bucket before a run."""

    uploads: tuple[str, ...] = ()
    deletions: tuple[str, ...] = ()
    requires_dist: tuple[str, ...] = ()
    fails: bool = False


FIRST = Round(
    uploads=(
        'foo-1.0.tar.gz',
        'foo-1.0-py3-none-any.whl',
        'bar-1.0.tar.gz',
        'baz-1.0.tar.gz',
        'baz-1.0+local.1.tar.gz',
        'team/deep/down-2.0.tar.gz',
    )
)
ROUNDS = {
    'a release': Round(uploads=('foo-1.1.tar.gz',)),
    'a project, and another gone': Round(uploads=('qux-1.0.tar.gz',), deletions=('bar-1.0.tar.gz',)),
    'nothing': Round(),
    'changes that are not copied': Round(
        uploads=('bar-1.0.tar.gz', 'quux-1.0.tar.gz', 'foo-1.2.tar.gz'),
        deletions=('baz-1.0+local.1.tar.gz', 'qux-1.0.tar.gz'),
        fails=True,
    ),
    'some of them taken back': Round(uploads=('qux-1.0.tar.gz',), deletions=('quux-1.0.tar.gz',)),
    'the same file, otherwise': Round(uploads=('foo-1.1.tar.gz',), requires_dist=('bar',)),
    'two projects gone': Round(deletions=('bar-1.0.tar.gz', 'team/deep/down-2.0.tar.gz')),
}
SELDOM_WITH_AWS = ('a release', 'nothing', 'the same file, otherwise')


def upload_and_delete(s3: S3, each: Round) -> None:
    for filename in each.uploads:
        s3.put(filename, each.requires_dist)
    for filename in each.deletions:
        s3.delete(filename)


@pytest.mark.long
def test_after_each_round_the_bucket_is_the_site_and_only_what_differs_was_copied(script: Script, s3: S3) -> None:
    """With the AWS command line, which takes a second for each of its many calls, a push leaves three of them out."""
    makes_up = False
    left_out = () if LONG or script.remote == 's3:' else SELDOM_WITH_AWS
    rounds = {name: each for name, each in {'the first': FIRST, **ROUNDS}.items() if name not in left_out}
    for name, each in rounds.items():
        upload_and_delete(s3, each)
        old, asked = s3.site(), len(s3.requests())
        if each.fails:
            done = script.run(bucket='missing.example.com')
            assert done.returncode != 0, name
            assert 'NoSuchBucket' in done.stderr, name
            assert s3.site() == old, name
            assert {'simple/bar/index.html', 'pypi/foo/1.2/json', 'pypi/qux/json'} <= set(script.listed()), name
        else:
            done = script.run()
            requests = s3.requests()[asked:]
            written = {key for method, key in requests if method == 'PUT'}
            deleted = {key for method, key in requests if method == 'DELETE'}
            new = s3.site()
            assert (done.returncode, done.stdout, done.stderr) == (0, '', ''), name
            assert new == script.site(), name
            assert script.listed() == [], name
            differing = {path for path in new if new[path] != old.get(path)}
            # Pages that changed and changed back may be copied in vain, but no others.
            assert differing <= written <= (new.keys() if makes_up else differing), name
            assert old.keys() - new.keys() <= deleted, name
            assert makes_up or deleted == old.keys() - new.keys(), name
        makes_up = each.fails
    assert [path for path in s3.site() if path.startswith('simple/')] == [
        'simple/baz/index.html',
        'simple/baz/index.v1_json',
        'simple/foo/index.html',
        'simple/foo/index.v1_json',
        'simple/index.html',
        'simple/index.v1_json',
        'simple/qux/index.html',
        'simple/qux/index.v1_json',
    ]


@pytest.mark.parametrize('script', ['rclone'], indirect=True)
def test_a_listing_that_lacks_more_than_100_files_publishes_nothing(script: Script, s3: S3) -> None:
    releases = [f'foo-{number}.0.tar.gz' for number in range(101)]
    upload_and_delete(s3, Round(uploads=('bar-1.0.tar.gz', *releases)))
    assert script.run().returncode == 0
    published = s3.site()
    assert len(published) > 101
    upload_and_delete(s3, Round(uploads=('bar-2.0.tar.gz',), deletions=tuple(releases)))
    done = script.run()
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr.startswith('101 files are missing from the list, --max-delete allows 100: foo-0.0.tar.gz, ')
    assert s3.site() == published == script.site()
    # The deletion was intended.
    done = script._replace(environment=script.environment | {'MAX_DELETE': '1000'}).run()
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
    assert s3.site() == script.site() != published


@pytest.mark.parametrize('script', ['rclone'], indirect=True)
def test_a_listing_that_fails_publishes_nothing(script: Script, s3: S3) -> None:
    upload_and_delete(s3, FIRST)
    assert script.run().returncode == 0
    published = s3.site()
    elsewhere = {'POOL': 's3://missing.example.com/pool'}
    done = script._replace(environment=script.environment | elsewhere).run()
    assert done.returncode != 0
    assert 'missing.example.com/pool' in done.stderr
    assert s3.site() == published == script.site()


def test_each_page_has_its_type_and_its_time_to_live(script: Script, s3: S3) -> None:
    upload_and_delete(s3, FIRST)
    assert script.run().returncode == 0
    headers = s3.headers()
    assert {cache for _, cache in headers.values()} == {'max-age=60'}
    types = {key: content_type.partition(';')[0] for key, (content_type, _) in headers.items()}
    assert types['index.html'] == types['404.html'] == types['simple/foo/index.html'] == 'text/html'
    assert types['simple/index.v1_json'] == types['simple/foo/index.v1_json'] == JSON_TYPE
    assert types['pypi/foo/json'] == types['pypi/foo/1.0/json'] == types['packages.json'] == 'application/json'
    assert types['static/style.css'] == 'text/css'
    assert types['static/script.js'] == 'text/javascript'
    # It lists the content of the bucket: nothing in it may be missing.
    written = [key for method, key in s3.requests() if method == 'PUT']
    assert written[-1] == 'packages.json'
    assert sorted(written) == sorted(headers)


def test_a_manually_changed_bucket_is_repaired(script: Script, s3: S3) -> None:
    upload_and_delete(s3, FIRST)
    (script.path.parent / 'site').mkdir()
    (script.path.parent / 'site' / 'robots.txt').write_text('User-agent: *\n', encoding='utf-8')
    assert script.run('--mend').returncode == 0
    published, headers = s3.site(), s3.headers()
    assert published == script.site()
    assert 'robots.txt' in published
    s3.client.delete_object(Bucket=BUCKET, Key='simple/foo/index.html')
    changed = bytes(len(published['pypi/foo/json']))
    s3.client.put_object(Bucket=BUCKET, Key='pypi/foo/json', Body=changed)
    s3.client.put_object(Bucket=BUCKET, Key='simple/gone/index.html', Body=b'stale')
    s3.client.put_object(Bucket=BUCKET, Key='index.html', Body=published['index.html'], ContentType='text/plain')
    assert script.run().returncode == 0  # this run has nothing to do and checks nothing
    assert s3.site() != published
    done = script.run('--mend')
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
    assert s3.site() == published == script.site()
    assert s3.headers() == headers
    assert script.listed() == []
    files = s3.client.list_objects_v2(Bucket=BUCKET, Prefix='pool/')['KeyCount']
    assert files == len(FIRST.uploads) + 1  # the metadata of the wheel


def test_a_failed_repair_does_not_stop_later_runs(script: Script, s3: S3) -> None:
    """A repair copies and deletes more than pages; path lists contain only pages."""
    upload_and_delete(s3, FIRST)
    (script.path.parent / 'site').mkdir()
    (script.path.parent / 'site' / '000.txt').write_text('mine', encoding='utf-8')
    assert script.run('--mend', bucket='missing').returncode != 0
    done = script.run()
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
    assert {**s3.site(), '000.txt': b'mine'} == script.site()
    assert script.run('--mend').returncode == 0
    assert s3.site() == script.site()


@pytest.mark.parametrize('script', ['rclone'], indirect=True)
def test_a_run_ends_at_once_while_another_one_is_at_work(script: Script, s3: S3) -> None:
    upload_and_delete(s3, FIRST)
    with (script.path.parent / 'lock').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = script.run()
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
    assert s3.site() == {}


@pytest.mark.parametrize('script', ['rclone'], indirect=True)
def test_a_script_needs_only_the_programs_that_the_document_installs(script: Script, s3: S3, tmp_path: Path) -> None:
    shutil.rmtree(script.path.parent / 'env')
    run_shell(block('docs/publishing.md', "'./dumb-pypi[remote]'"), script.path.parent, git_env(tmp_path))
    upload_and_delete(s3, FIRST)
    done = script.run()
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
    assert s3.site() == script.site() != {}


@pytest.mark.parametrize('script', ['aws'], indirect=True)
def test_a_job_that_keeps_nothing_publishes_only_the_difference(script: Script, s3: S3, tmp_path: Path) -> None:
    upload_and_delete(s3, FIRST)
    assert script.run().returncode == 0
    published = s3.site()
    upload_and_delete(s3, Round(uploads=('foo-2.0.tar.gz', 'new-1.0.tar.gz'), deletions=('bar-1.0.tar.gz',)))
    # The site of the new list, only for comparison.
    assert script.run(bucket='missing.example.com').returncode != 0
    expected = script.site()
    assert s3.site() == published
    for number in range(2):  # the second one has nothing to do
        job = tmp_path / f'job {number}'
        job.mkdir()
        shutil.copy(script.path.with_name('list'), job)
        shutil.copytree(script.path.parent / 'env', job / 'env')
        programs = f'{job / "env" / "bin"}{os.pathsep}{script.environment["PATH"]}'
        asked = len(s3.requests())
        run_shell(block('docs/publishing.md', 'output-dir difference'), job, script.environment | {'PATH': programs})
        assert s3.site() == expected
        written = {key for method, key in s3.requests()[asked:] if method == 'PUT'}
        assert not written & {'simple/baz/index.html', 'pypi/baz/json'}
    assert {cache for _, cache in s3.headers().values()} == {'max-age=60'}
    types = {path: content_type for path, (content_type, _) in s3.headers().items()}
    assert {types[path] for path in expected if path.endswith('.v1_json')} == {JSON_TYPE}
    assert {types[path] for path in expected if path.endswith('json') and not path.endswith('.v1_json')} == {
        'application/json'
    }
    assert {types[path] for path in expected if path.endswith('.html')} == {'text/html'}


def test_both_scripts_are_the_same_up_to_the_copy() -> None:
    """So one of them is enough to test the steps before the copy."""
    parts = [script_of(tool).partition('\nif [ "${1-}"')[0].splitlines() for tool in ('rclone', 'aws')]
    different = [lines for lines in zip(*parts, strict=True) if lines[0] != lines[1]]
    assert different == [('target=${TARGET:-s3:pypi.example.com}', 'target=${TARGET:-s3://pypi.example.com}')]
