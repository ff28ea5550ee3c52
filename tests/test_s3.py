"""The scripts of the README, as they stand there, publish to an S3 server: only the difference, and all of it."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from testing.sites import tree
from testing.states import read_paths
from testing.tools import make_tool
from testing.waiting import wait_for
from tests.conftest import missing

ROOT = Path(__file__).parent.parent
BUCKET = 'pypi.example.com'


class S3(NamedTuple):
    """A server with one bucket."""

    url: str
    log: Path
    client: Any  # boto3 has no types

    def put(self, filename: str, content: bytes) -> None:
        self.client.put_object(Bucket=BUCKET, Key=f'pool/{filename}', Body=content)

    def delete(self, filename: str) -> None:
        self.client.delete_object(Bucket=BUCKET, Key=f'pool/{filename}')

    def site(self) -> dict[str, bytes]:
        """What lies in the bucket beside the files of the index."""
        pages = self.client.get_paginator('list_objects_v2').paginate(Bucket=BUCKET)
        keys = [each['Key'] for page in pages for each in page.get('Contents', ())]
        return {
            key: self.client.get_object(Bucket=BUCKET, Key=key)['Body'].read()
            for key in keys
            if not key.startswith('pool/')
        }

    def requests(self) -> list[tuple[str, str]]:
        """The method and the key of every request up to now."""
        lines = re.findall(rf'"([A-Z]+) /{BUCKET}/(\S+) HTTP/1.1"', self.log.read_text(encoding='utf-8'))
        return [(method, urllib.parse.unquote(key)) for method, key in lines]


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
    """The environment without what would lead a client elsewhere, and unmeasured."""
    return {name: value for name, value in os.environ.items() if not name.startswith(('AWS_', 'RCLONE_', 'COV'))}


class Script(NamedTuple):
    """A script of the README, in a directory of its own, and where it publishes to."""

    path: Path
    environment: dict[str, str]
    remote: str  # what stands before the name of a bucket

    @property
    def site(self) -> Path:
        return self.path.parent / 'site'

    def run(self, bucket: str = BUCKET) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ['bash', str(self.path)],
            env=self.environment | {'TARGET': f'{self.remote}{bucket}'},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def listed(self) -> list[str]:
        return [*read_paths(self.path.with_name('changed')), *read_paths(self.path.with_name('removed'))]


def readme_scripts() -> list[str]:
    readme = (ROOT / 'README.md').read_text(encoding='utf-8')
    section = readme.split('\n## Publishing to a bucket\n')[1].split('\n## ')[0]
    scripts: list[str] = re.findall(r'^```bash\n(.*?)^```$', section, re.DOTALL | re.MULTILINE)
    return scripts


@pytest.fixture(params=['rclone', 'aws'])
def script(request: pytest.FixtureRequest, s3: S3, tmp_path: Path) -> Script:
    # What pip installed stands beside Python, whether or not somebody has activated the environment.
    programs = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get('PATH', os.defpath)])
    tool: str = request.param
    if tool == 'aws':  # in an environment of its own: it wants a docutils of years ago
        programs = os.pathsep.join([str(make_tool('awscli', 'awscli')), programs])
    elif shutil.which(tool, path=programs) is None:
        missing(tool, 'apt-get install rclone')
    path = tmp_path / 'index' / 'publish-index'
    path.parent.mkdir()
    path.write_text(readme_scripts()[['rclone', 'aws'].index(tool)], encoding='utf-8')
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
        # It must not create the bucket that one round gets wrong.
        'RCLONE_CONFIG_S3_NO_CHECK_BUCKET': 'true',
    }
    return Script(path, quiet() | environment, {'rclone': 's3:', 'aws': ''}[tool])


class Round(NamedTuple):
    """What happens to the files in the bucket before a run; `size` in bytes."""

    uploads: tuple[str, ...] = ()
    deletions: tuple[str, ...] = ()
    size: int = 10
    fails: bool = False


FIRST = Round(
    uploads=(
        'foo-1.0.tar.gz',
        'foo-1.0-py3-none-any.whl',
        'bar-1.0.tar.gz',
        'baz-1.0.tar.gz',
        'baz-1.0+local.1.tar.gz',
        'team/deep/down-2.0.zip',
    )
)
ROUNDS = {
    'a release': Round(uploads=('foo-1.1.tar.gz',)),
    'a project, and another gone': Round(uploads=('qux-1.0.tar.gz',), deletions=('bar-1.0.tar.gz',)),
    'nothing': Round(),
    'core metadata': Round(uploads=('foo-1.0-py3-none-any.whl.metadata',)),
    'changes that are not copied': Round(
        uploads=('bar-1.0.tar.gz', 'quux-1.0.tar.gz', 'foo-1.2.tar.gz'),
        deletions=('baz-1.0+local.1.tar.gz', 'qux-1.0.tar.gz'),
        fails=True,
    ),
    'some of them taken back': Round(uploads=('qux-1.0.tar.gz',), deletions=('quux-1.0.tar.gz',)),
    'the same file, larger': Round(uploads=('foo-1.1.tar.gz',), size=20),
    'a release gone': Round(deletions=('foo-1.0.tar.gz', 'foo-1.0-py3-none-any.whl')),
    'it comes back': Round(uploads=('foo-1.0.tar.gz',)),
    'two projects gone': Round(deletions=('bar-1.0.tar.gz', 'team/deep/down-2.0.zip')),
}


def upload_and_delete(s3: S3, each: Round) -> None:
    for filename in each.uploads:
        s3.put(filename, bytes(each.size))
    for filename in each.deletions:
        s3.delete(filename)


def test_after_each_round_the_bucket_is_the_site_and_only_what_differs_was_copied(script: Script, s3: S3) -> None:
    makes_up = False
    for name, each in {'the first': FIRST, **ROUNDS}.items():
        upload_and_delete(s3, each)
        old, asked = s3.site(), len(s3.requests())
        if each.fails:
            done = script.run('missing.example.com')
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
            assert new == tree(script.site), name
            assert script.listed() == [], name
            differing = {path for path in new if new[path] != old.get(path)}
            # What changed twice since the bucket was right may be as it was: copied in vain, but nothing else is.
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
    assert s3.site() == published == tree(script.site)


def test_a_listing_that_fails_publishes_nothing(script: Script, s3: S3) -> None:
    upload_and_delete(s3, FIRST)
    assert script.run().returncode == 0
    published = s3.site()
    elsewhere = {'FILES': 's3:missing.example.com/pool', 'BUCKET': 'missing.example.com'}
    done = script._replace(environment=script.environment | elsewhere).run()
    assert done.returncode != 0
    assert 'no package at all; --allow-empty if this is meant' in done.stderr
    assert s3.site() == published == tree(script.site)
