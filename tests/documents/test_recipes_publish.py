"""The recipes of docs/recipes.md for jobs that publish to a bucket: from a build job, nightlies, two jobs at once."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from testing.clients import Client, installed
from testing.distributions import make_sdist, make_wheel
from testing.documents import block, section
from testing.publishing import (
    BUCKET,
    LISTING,
    S3,
    Script,
    below_json,
    check_headers_of_a_job,
    job,
    json_root,
    run_job,
)
from testing.servers import Server
from testing.sites import build, tree
from testing.tools import make_tool

# The jobs use only the programs of the script, and its credentials.
any_script = pytest.mark.parametrize('script', ['rclone'], indirect=True)

FOO, NEWER, BAR = 'foo-1.0-py3-none-any.whl', 'foo-1.1-py3-none-any.whl', 'bar-1.0.tar.gz'


def dist(directory: Path, name: str, version: str, **metadata: Any) -> Path:
    """Make the directory of a job, with one wheel that is new. Return the directory."""
    (directory / 'dist').mkdir(parents=True)
    make_wheel(directory / 'dist', name, version, **metadata)
    return directory


def listed(s3: S3) -> list[str]:
    """Return the files of the list in the bucket."""
    lines = map(json.loads, s3.site()['packages.json'].decode().splitlines())
    return sorted(line['filename'] for line in lines if 'filename' in line)


def pool(s3: S3) -> list[str]:
    found = s3.client.get_paginator('list_objects_v2').paginate(Bucket=BUCKET, Prefix='pool/')
    return [each['Key'].removeprefix('pool/') for page in found for each in page.get('Contents', ())]


def check_site(s3: S3, directory: Path) -> None:
    """The bucket has what a fresh build of its list makes."""
    lines = s3.site()['packages.json'].decode().splitlines()
    assert build(directory / 'fresh', lines, '--site-url', 'https://pypi.example.com/') == 0
    fresh = {path: content for path, content in tree(directory / 'fresh').items() if not path.startswith('.')}
    site = s3.site()
    assert {path: site[path] for path in site.keys() - below_json(site).keys()} == fresh
    assert below_json(site) == json_root(site)


def with_caches(client: Client, home: Path) -> Client:
    """A client that keeps pages, as clients do. pip keeps none of a server that it does not trust."""
    if client.name == 'uv':
        return client._replace(command=('env', '-u', 'UV_NO_CACHE', *client.command), home=home)
    command = tuple(option for option in client.command if option != '--no-cache-dir')
    return client._replace(command=(*command, '--trusted-host', '127.0.0.1'), home=home)


@any_script
def test_a_build_job_adds_its_files_and_installers_get_them(
    script: Script, s3: S3, website: Server, pip: Client, uv: Client, tmp_path: Path
) -> None:
    first = dist(tmp_path / 'first', 'foo', '1.0', requires_dist=['bar'])
    make_sdist(first / 'dist', 'bar', '1.0')
    (first / 'dist' / '.gitignore').write_text('*\n', encoding='utf-8')
    assert run_job(script, first, job()) == ''
    check_site(s3, first)
    check_headers_of_a_job(s3)
    assert pool(s3) == [BAR, FOO, f'{FOO}.metadata']
    clients = [with_caches(client, tmp_path / f'home of {client.name}') for client in (pip, uv)]
    for client in clients:
        client.home.mkdir()
        outcome = client.install(f'{website.url}/simple/', tmp_path / client.name / '1', 'foo')
        assert installed(tmp_path / client.name / '1') == {'foo': '1.0', 'bar': '1.0'}, outcome.output

    second, asked = dist(tmp_path / 'second', 'foo', '1.1', requires_dist=['bar']), len(s3.requests())
    assert run_job(script, second, job()) == ''
    check_site(s3, second)
    written = {key for method, key in s3.requests()[asked:] if method == 'PUT'}
    assert not written & {'simple/bar/index.html', 'json/bar/index.html', 'pypi/bar/json'}
    assert pool(s3) == [BAR, FOO, f'{FOO}.metadata', NEWER, f'{NEWER}.metadata']
    # The pages of a minute ago, unless somebody asks for new ones.
    options = re.findall('--refresh-package foo', block('docs/recipes.md', '--refresh-package foo'))
    assert len(options) == len(clients)
    for client, option in zip(clients, options, strict=True):
        client.install(f'{website.url}/simple/', tmp_path / client.name / '2', 'foo')
        assert installed(tmp_path / client.name / '2') == {'foo': '1.0', 'bar': '1.0'}
        outcome = client.install(f'{website.url}/simple/', tmp_path / client.name / '3', *option.split(), 'foo')
        assert installed(tmp_path / client.name / '3') == {'foo': '1.1', 'bar': '1.0'}, outcome.output

    # The same job again, which has built its wheel anew.
    published, files = s3.site(), pool(s3)
    third = dist(tmp_path / 'third', 'foo', '1.1', requires_dist=['baz'])
    with pytest.raises(AssertionError, match='make a new version of it'):
        run_job(script, third, job())
    assert (s3.site(), pool(s3)) == (published, files)
    body = s3.client.get_object(Bucket=BUCKET, Key=f'pool/{NEWER}')['Body'].read()
    assert body == (second / 'dist' / NEWER).read_bytes()


NEWEST = block('docs/recipes.md', '--newest 60')
REMOVAL = block('docs/recipes.md', 'comm -23 before after')
NIGHTS = [f'nightly-1.0.dev{20260101 + number}-py3-none-any.whl' for number in range(62)]


def nightly_job() -> str:
    commands = job().replace(LISTING, NEWEST).replace('    # Last:', f'{REMOVAL}    # Last:')
    assert commands.count('--newest 60') == commands.count('comm -23') == 1
    return commands


def put_nights(script: Script, s3: S3, directory: Path, nights: Sequence[str]) -> None:
    """Upload a wheel of each night, and their list, as the jobs before have done."""
    directory.mkdir()
    for name in nights:
        make_wheel(directory, 'nightly', name.split('-')[1])
    (directory.parent / 'dist').mkdir(exist_ok=True)
    run_job(script, directory.parent, f'dumb-pypi-list --write-metadata {directory.name} > packages.json')
    for path in directory.iterdir():
        s3.client.put_object(Bucket=BUCKET, Key=f'pool/{path.name}', Body=path.read_bytes())
    content = (directory.parent / 'packages.json').read_bytes()
    s3.client.put_object(Bucket=BUCKET, Key='packages.json', Body=content)


def check_nights(s3: S3, website: Server, pip: Client, uv: Client, directory: Path) -> None:
    """The newest 60 are there, with their metadata, and can be installed; nothing else is."""
    assert pool(s3) == sorted([*NIGHTS[2:], *(f'{name}.metadata' for name in NIGHTS[2:])])
    assert listed(s3) == NIGHTS[2:]
    for client, requirement in ((pip, 'nightly'), (uv, 'nightly==1.0.dev20260103')):
        outcome = client.install(f'{website.url}/simple/', directory / client.name, requirement, '--pre')
        assert outcome.status == 0, outcome.output
    assert installed(directory / 'pip') == {'nightly': '1.0.dev20260162'}
    assert installed(directory / 'uv') == {'nightly': '1.0.dev20260103'}
    assert uv.install(f'{website.url}/simple/', directory / 'none', 'nightly==1.0.dev20260102').status == 1


@any_script
def test_nightlies_that_leave_the_list_are_deleted_from_the_bucket(
    script: Script, s3: S3, website: Server, pip: Client, uv: Client, tmp_path: Path
) -> None:
    put_nights(script, s3, tmp_path / 'nights', NIGHTS[:61])
    commands = nightly_job()
    published = s3.site()
    directory = dist(tmp_path / 'job', 'nightly', '1.0.dev20260162')
    with pytest.raises(AssertionError, match='2 files are missing from the list, --max-delete allows 1'):
        run_job(script, directory, f'export MAX_DELETE=1\n{commands}')
    assert s3.site() == published
    assert NIGHTS[0] in pool(s3)
    assert run_job(script, directory, commands) == ''
    check_nights(s3, website, pip, uv, tmp_path)


@pytest.mark.clients
@any_script
def test_nightlies_that_a_killed_job_has_left_are_deleted_by_the_next_one(
    script: Script, s3: S3, website: Server, pip: Client, uv: Client, tmp_path: Path
) -> None:
    put_nights(script, s3, tmp_path / 'nights', NIGHTS[:61])
    killed = nightly_job().replace(REMOVAL, 'echo pages are copied\nkill -9 $$\n')
    with pytest.raises(AssertionError, match='pages are copied'):
        run_job(script, dist(tmp_path / 'killed', 'nightly', '1.0.dev20260162'), killed)
    assert NIGHTS[0] in pool(s3)
    assert listed(s3) == NIGHTS[:61]
    assert run_job(script, dist(tmp_path / 'next', 'nightly', '1.0.dev20260162'), nightly_job()) == ''
    check_nights(s3, website, pip, uv, tmp_path)


@pytest.mark.clients
def test_publish_index_deletes_nightlies_too(
    script: Script, s3: S3, website: Server, pip: Client, uv: Client, tmp_path: Path
) -> None:
    [option] = re.findall(' --newest 60', NEWEST)
    [last] = re.findall('`(cp list previous)`', section('docs/recipes.md', 'Nightlies'))
    text = script.path.read_text(encoding='utf-8')
    text = text.replace(' --known list', f' --known list{option}')
    text = text.replace("upload '/^packages", f"{REMOVAL}upload '/^packages") + f'{last}\n'
    aws = os.pathsep.join([str(make_tool('awscli', 'awscli')), script.environment['PATH']])
    script = script._replace(environment=script.environment | {'PATH': aws})
    put_nights(script, s3, tmp_path / 'nights', NIGHTS[:60])
    for nights in ([], NIGHTS[60:]):
        for name in nights:
            s3.put(name)
        script.path.write_text(text, encoding='utf-8')
        done = script.run()
        assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
    check_nights(s3, website, pip, uv, tmp_path)


@pytest.mark.clients
@any_script
def test_of_two_jobs_at_once_one_is_lost_until_it_runs_again(
    script: Script, s3: S3, website: Server, pip: Client, uv: Client, tmp_path: Path
) -> None:
    run_job(script, dist(tmp_path / 'before', 'bar', '1.0'), job())
    slow, quick = dist(tmp_path / 'slow', 'slow', '1.0'), dist(tmp_path / 'quick', 'quick', '1.0')
    fetching, rest = job().split('\n\n', 2)[1:]
    run_job(script, slow, fetching)
    run_job(script, quick, job())
    run_job(script, slow, rest)
    assert listed(s3) == ['bar-1.0-py3-none-any.whl', 'slow-1.0-py3-none-any.whl']
    assert 'quick-1.0-py3-none-any.whl' in pool(s3)
    run_job(script, quick, job())
    check_site(s3, tmp_path)
    # After an upgrade, all pages are made again.
    asked = len(s3.requests())
    run_job(script, quick, f'export REBUILD=1\n{job()}')
    assert {key for method, key in s3.requests()[asked:] if method == 'PUT'} == s3.site().keys()
    check_site(s3, tmp_path / 'again')
    for client in (pip, uv):
        outcome = client.install(f'{website.url}/simple/', tmp_path / client.name, 'bar', 'quick', 'slow')
        assert installed(tmp_path / client.name) == {'bar': '1.0', 'quick': '1.0', 'slow': '1.0'}, outcome.output


def test_flock_makes_the_second_job_wait(tmp_path: Path) -> None:
    [command] = re.findall('`(flock [^`]+)`', section('docs/recipes.md', 'Two jobs at once'))
    (tmp_path / 'add-to-index').write_text('echo begin; read -r line; echo end\n', encoding='utf-8')
    first = subprocess.Popen(
        ['bash', '-c', command], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding='utf-8'
    )
    assert first.stdout is not None
    assert first.stdout.readline() == 'begin\n'
    with (tmp_path / 'log').open('w+', encoding='utf-8') as log:
        second = subprocess.Popen(['bash', '-c', command], cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=log)
        assert second.poll() is None
        assert first.communicate('go on\n')[0] == 'end\n'
        assert second.wait(60) == 0
        assert (tmp_path / 'log').read_text(encoding='utf-8') == 'begin\nend\n'
