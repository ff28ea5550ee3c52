"""A bucket for an index, and the scripts of docs/publishing.md that publish to it."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import urllib.parse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from testing.clients import JSON_TYPE
from testing.distributions import make_sdist, make_wheel
from testing.documents import block
from testing.sites import tree
from testing.states import read_paths
from testing.strangers import run_shell
from testing.tools import make_tool

BUCKET = 'pypi.example.com'


class S3(NamedTuple):
    """A server with one bucket."""

    url: str
    log: Path
    client: Any  # boto3 has no types

    def put(self, filename: str, requires_dist: Sequence[str] = ()) -> None:
        """Make a distribution with this file name, and upload it into the pool."""
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
        """Return the objects of the bucket outside of the pool, by key."""
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
        """Return the `Content-Type` and the `Cache-Control` of each page, by key."""
        answers = {key: self.client.head_object(Bucket=BUCKET, Key=key) for key in self.site()}
        return {key: (each['ContentType'], each.get('CacheControl', '')) for key, each in answers.items()}


def quiet() -> dict[str, str]:
    """Return the environment without coverage, and without variables that point a client to another store."""
    return {name: value for name, value in os.environ.items() if not name.startswith(('AWS_', 'RCLONE_', 'COV'))}


class Script(NamedTuple):
    """A script of docs/publishing.md, in its own directory. It publishes to a bucket."""

    path: Path
    environment: dict[str, str]
    remote: str  # the prefix of a bucket name, for example `s3://`

    def site(self) -> dict[str, bytes]:
        """Return what the bucket should contain: the site without the hidden files of the program."""
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


LISTING = 'dumb-pypi-list --known previous --add --strict --write-metadata dist > list\n'


def job() -> str:
    """Return the commands of a build job that adds what is in `dist/`."""
    commands = block('docs/recipes.md', '--output-dir difference')
    assert commands.count(LISTING) == 1
    return commands


def run_job(script: Script, directory: Path, commands: str) -> str:
    """Run a job with the programs of a script, in a directory that has `dist/`."""
    programs = [str(script.path.parent / 'env' / 'bin'), str(make_tool('awscli', 'awscli')), script.environment['PATH']]
    return run_shell(commands, directory, script.environment | {'PATH': os.pathsep.join(programs)})


class Round(NamedTuple):
    """A change of the files in the bucket before a run."""

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


def upload_and_delete(s3: S3, each: Round) -> None:
    for filename in each.uploads:
        s3.put(filename, each.requires_dist)
    for filename in each.deletions:
        s3.delete(filename)


def json_root(site: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return what `json/` should contain: copies of the JSON pages, as index documents."""
    pages = {path: content for path, content in site.items() if path.endswith('.v1_json')}
    return {re.sub(r'^simple/(.*)v1_json$', r'json/\1html', path): content for path, content in pages.items()}


def below_json(site: dict[str, bytes]) -> dict[str, bytes]:
    return {path: content for path, content in site.items() if path.startswith('json/')}


def check_headers_of_a_job(s3: S3) -> None:
    site, headers = s3.site(), s3.headers()
    assert below_json(site) == json_root(site) != {}
    assert {cache for _, cache in headers.values()} == {'max-age=60'}
    types = {path: content_type for path, (content_type, _) in headers.items()}
    of_json = {path for path in site if path.endswith('.v1_json') or path in below_json(site)}
    assert {types[path] for path in of_json} == {JSON_TYPE}
    assert {types[path] for path in site if path.endswith('/json') or path == 'packages.json'} == {'application/json'}
    assert {types[path] for path in site.keys() - of_json if path.endswith('.html')} == {'text/html'}
