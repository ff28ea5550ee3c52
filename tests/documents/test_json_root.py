"""Installers read JSON straight from a bucket: the index URL that ends with `/json/`, see docs/publishing.md."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from testing import matrix
from testing.clients import JSON_TYPE, Client, Outcome, installed
from testing.matrix import Run
from testing.publishing import BUCKET, S3, Round, Script, upload_and_delete
from testing.servers import Server
from testing.tools import find_python, missing

PAST, FUTURE = '2020-01-01', '2099-01-01'
OLD_PIPS = ('22.2', '23.0.1')
FOO, NEWER = 'foo-1.0-py3-none-any.whl', 'foo-2.0-py3-none-any.whl'

only_rclone = pytest.mark.parametrize('script', ['rclone'], indirect=True)


def publish(script: Script, *arguments: str) -> None:
    done = script.run(*arguments)
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')


def old_pip(version: str, run: Run) -> tuple[Outcome, dict[str, str]]:
    python = find_python('3.11')
    if python is None:
        missing('Python 3.11', 'pyenv install 3.11')
    return matrix.pip(version, '3.11').run(python, run)


def check_installs(website: Server, pip: Client, uv: Client, directory: Path, version: str) -> None:
    """Each of them gets this version of foo, and what it requires."""
    directory.mkdir()
    url = f'{website.url}/json/'
    assert website.get('/json/foo/').headers['content-type'] == JSON_TYPE
    for each in OLD_PIPS:
        (directory / each).mkdir()
        outcome, found = old_pip(each, Run(url, directory / each, ['foo']))
        assert found == {'foo': version, 'bar': '1.0'}, outcome.output
    for client, option in ((pip, '--uploaded-prior-to'), (uv, '--exclude-newer')):
        outcome = client.install(url, directory / client.name, 'foo', option, FUTURE)
        assert outcome.status == 0, outcome.output
        assert installed(directory / client.name) == {'foo': version, 'bar': '1.0'}


@only_rclone
def test_after_adding_removing_and_mending_installers_get_what_the_list_says(
    script: Script, s3: S3, website: Server, pip: Client, uv: Client, tmp_path: Path
) -> None:
    upload_and_delete(s3, Round(uploads=('bar-1.0.tar.gz',)))
    upload_and_delete(s3, Round(uploads=(FOO,), requires_dist=('bar',)))
    publish(script)
    check_installs(website, pip, uv, tmp_path / 'first', '1.0')
    upload_and_delete(s3, Round(uploads=(NEWER,), requires_dist=('bar',)))
    publish(script)
    check_installs(website, pip, uv, tmp_path / 'added', '2.0')
    upload_and_delete(s3, Round(deletions=(NEWER,)))
    publish(script)
    check_installs(website, pip, uv, tmp_path / 'removed', '1.0')
    s3.client.delete_object(Bucket=BUCKET, Key='json/foo/index.html')
    assert website.get('/json/foo/').status == 404
    publish(script, '--mend')
    check_installs(website, pip, uv, tmp_path / 'mended', '1.0')


@only_rclone
def test_a_date_leaves_out_what_was_uploaded_later(
    script: Script, s3: S3, website: Server, pip: Client, uv: Client, tmp_path: Path
) -> None:
    """For pip with JSON alone: HTML tells it no times."""
    upload_and_delete(s3, Round(uploads=(FOO,)))
    publish(script)
    asked = [(pip, 'json', '--uploaded-prior-to'), (uv, 'json', '--exclude-newer'), (uv, 'simple', '--exclude-newer')]
    for client, root, option in asked:
        target = tmp_path / f'{client.name} {root}'
        outcome = client.install(f'{website.url}/{root}/', target, 'foo', option, PAST)
        assert outcome.status == 1, outcome.output
        assert 'upload-time' not in outcome.output, outcome.output
        outcome = client.install(f'{website.url}/{root}/', target, 'foo', option, FUTURE)
        assert outcome.status == 0, outcome.output
    outcome = pip.install(f'{website.url}/simple/', tmp_path / 'pip simple', 'foo', '--uploaded-prior-to', FUTURE)
    assert outcome.status != 0
    assert 'does not provide upload-time metadata' in outcome.output, outcome.output


@pytest.mark.clients
@only_rclone
@pytest.mark.parametrize('run', [matrix.run_poetry, matrix.run_pdm], ids=['poetry', 'pdm'])
def test_other_installers_read_json_from_the_bucket(
    run: matrix.Runner, script: Script, s3: S3, website: Server, tmp_path: Path
) -> None:
    upload_and_delete(s3, Round(uploads=('bar-1.0-py3-none-any.whl',)))
    upload_and_delete(s3, Round(uploads=(FOO, NEWER), requires_dist=('bar',)))
    publish(script)
    upload_and_delete(s3, Round(deletions=(NEWER,)))
    publish(script)
    directory = tmp_path / 'project'
    directory.mkdir()
    outcome, found = run(sys.executable, Run(f'{website.url}/json/', directory, ['foo']))
    assert outcome.status == 0, outcome.output
    assert {name: found.get(name) for name in ('foo', 'bar')} == {'foo': '1.0', 'bar': '1.0'}
    assert {request.path for request in website.requests() if request.path.startswith('/simple/')} == set()
