"""The index served directly from S3, by the commands of docs/publishing.md, without a web server."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from testing.clients import HTML_TYPE, JSON_TYPE, Client, fetched, installed
from testing.distributions import make_sdist
from testing.documents import block
from testing.matrix import Run, run_pipenv
from testing.s3 import Hosting, aws, make_programs, read_hosting, s3, s3_env, s3_website
from testing.servers import Server

PAGE_CACHE = 'max-age=60'


BUCKET = 'pypi.example.com'


@pytest.fixture(scope='module')
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with s3(tmp_path_factory.mktemp('s3')) as server:
        yield server


@pytest.fixture(scope='module')
def env(store: Server, pool: Path, package_list: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return an environment in which `aws` uses the store; the site is uploaded."""
    directory = tmp_path_factory.mktemp('upload')
    env = {**s3_env(store, directory / 'home'), 'INDEX': str(directory)}
    make_programs(directory / 'env' / 'bin')
    # An extra file, in a copy of the pool, because other tests share the pool.
    shutil.copytree(pool, directory / 'pool')
    gone = make_sdist(directory / 'pool', 'gone', '1.0').name
    make_sdist(directory / 'pool', 'ujson', '1.0')
    (directory / 'pool' / 'only_wheel-1.0-variants.json').write_bytes(b'{}')
    run(block('docs/publishing.md', 'aws s3 website'), directory, env, f'make_bucket: {BUCKET}\n')
    run(block('docs/publishing.md', 'aws s3 sync pool'), directory, env)
    script = block('docs/publishing.md', 'aws s3 cp --recursive some')
    run(script, directory, env)
    aws(env, 's3', 'rm', f's3://{BUCKET}/pool/{gone}')
    run(script, directory, env)
    return env


def run(commands: str, directory: Path, env: dict[str, str], printed: str = '') -> None:
    bash = ['bash', '-euo', 'pipefail', '-c', commands]
    done = subprocess.run(bash, cwd=directory, env=env, check=False, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, printed, '')


@pytest.fixture(scope='module')
def hosting(env: dict[str, str]) -> Hosting:
    return read_hosting(env, BUCKET)


@pytest.fixture
def website(store: Server, hosting: Hosting, tmp_path: Path) -> Iterator[Server]:
    with s3_website(store, BUCKET, hosting, tmp_path) as server:
        yield server


@pytest.mark.parametrize(
    ('requirement', 'expected', 'file'),
    [
        pytest.param('only-wheel', {'only-wheel': '1.0'}, 'only_wheel-1.0-py3-none-any.whl', id='wheel'),
        pytest.param('only-sdist', {'only-sdist': '1.0'}, 'only_sdist-1.0.tar.gz', id='sdist'),
        pytest.param('Not.Normalized', {'Not.Normalized': '1.0'}, 'Not.Normalized-1.0-py3-none-any.whl', id='name'),
        pytest.param(
            'with-local==1.0+local.1',
            {'with-local': '1.0+local.1'},
            'with_local-1.0%2Blocal.1-py3-none-any.whl',
            id='plus sign',
        ),
    ],
)
def test_client_installs_from_the_bucket(
    website: Server,
    client: Client,
    requirement: str,
    expected: dict[str, str],
    file: str,
    tmp_path: Path,
) -> None:
    outcome = client.install(f'{website.url}/simple/', tmp_path / 'target', requirement)
    assert outcome.status == 0, outcome.output
    assert installed(tmp_path / 'target') == expected
    # The metadata of wheels is beside them.
    assert {path.removesuffix('.metadata') for path in fetched(website, '/pool/')} == {file}


@pytest.mark.clients
def test_pipenv_finds_hashes_if_two_slashes_are_not_one(website: Server, tmp_path: Path) -> None:
    """It requests "/simple//name/" first, which is another object than "/simple/name/" and does not exist."""
    directory = tmp_path / 'project'
    directory.mkdir()
    run_pipenv(sys.executable, Run(f'{website.url}/simple/', directory, ['only-wheel']))
    lock = json.loads((directory / 'Pipfile.lock').read_text(encoding='utf-8'))
    assert lock['default']['only-wheel']['version'] == '==1.0'
    assert lock['default']['only-wheel']['hashes']
    asked = {request.path: request.status for request in website.requests()}
    assert asked['/simple//only-wheel/'] == 404


@pytest.mark.parametrize(
    ('path', 'content_type', 'cache_control'),
    [
        ('/', HTML_TYPE, PAGE_CACHE),
        ('/simple/', HTML_TYPE, PAGE_CACHE),
        ('/simple/only-wheel/', HTML_TYPE, PAGE_CACHE),
        ('/simple/ujson/', HTML_TYPE, PAGE_CACHE),
        ('/simple/index.v1_json', JSON_TYPE, PAGE_CACHE),
        ('/simple/only-wheel/index.v1_json', JSON_TYPE, PAGE_CACHE),
        ('/packages.json', 'application/json', PAGE_CACHE),
        ('/pypi/only-wheel/json', 'application/json', PAGE_CACHE),
        ('/pypi/only-wheel/1.0/json', 'application/json', PAGE_CACHE),
        ('/pool/only_sdist-1.0.tar.gz', None, 'max-age=31536000, immutable'),
        ('/pool/only_wheel-1.0-variants.json', 'application/json', PAGE_CACHE),
    ],
)
def test_every_object_has_its_type_and_its_time_to_live(
    website: Server,
    path: str,
    content_type: str | None,
    cache_control: str,
) -> None:
    response = website.get(path)
    assert response.status == 200
    assert content_type in (None, response.headers['content-type'])
    assert response.headers['cache-control'] == cache_control


def test_client_reports_a_missing_project(website: Server, client: Client, tmp_path: Path) -> None:
    outcome = client.install(f'{website.url}/simple/', tmp_path / 'target', 'nowhere')
    assert outcome.status == 1, outcome.output
    assert {request.status for request in website.requests()} == {404}


def test_without_permission_to_list_a_missing_project_is_a_403(
    store: Server, env: dict[str, str], tmp_path: Path
) -> None:
    """This is why the policy has its second statement."""
    policy = re.findall(r"--policy '(.+?)'", block('docs/publishing.md', 'aws s3 website'), re.DOTALL)[0]
    narrow = json.loads(policy)
    narrow['Statement'] = narrow['Statement'][:1]
    aws(env, 's3api', 'put-bucket-policy', '--bucket', BUCKET, '--policy', json.dumps(narrow))
    try:
        with s3_website(store, BUCKET, read_hosting(env, BUCKET), tmp_path) as website:
            assert website.get('/simple/nowhere/').status == 403
    finally:
        aws(env, 's3api', 'put-bucket-policy', '--bucket', BUCKET, '--policy', policy)


@pytest.mark.parametrize('path', ['/simple/gone/', '/simple/gone/index.v1_json', '/pypi/gone/json', '/project/gone/'])
def test_files_that_left_the_list_are_removed_from_the_bucket(website: Server, path: str) -> None:
    assert website.get(path).status == 404


def test_the_notes_of_the_program_are_not_uploaded(env: dict[str, str]) -> None:
    keys = [line.split()[-1] for line in aws(env, 's3', 'ls', '--recursive', f's3://{BUCKET}/').splitlines()]
    assert 'simple/only-wheel/index.html' in keys
    assert [key for key in keys if key.startswith('.')] == []


def test_the_rule_for_browsers_allows_every_page_to_read_the_bucket(env: dict[str, str], tmp_path: Path) -> None:
    """The bucket accepts it; what a browser makes of such a header is in tests/browser/test_recipes_other_origin.py."""
    run(block('docs/recipes.md', 'put-bucket-cors'), tmp_path, env)
    rules = json.loads(aws(env, 's3api', 'get-bucket-cors', '--bucket', BUCKET))['CORSRules']
    assert rules == [{'AllowedHeaders': ['*'], 'AllowedMethods': ['GET', 'HEAD'], 'AllowedOrigins': ['*']}]
