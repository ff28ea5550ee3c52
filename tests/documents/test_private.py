"""Indexes with users and passwords, side by side under one nginx, and all ways to give clients the password."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from testing.clients import Client, Outcome, installed, isolated_env
from testing.distributions import list_line, make_wheel
from testing.documents import block, section
from testing.servers import Server, nginx, nginx_with
from testing.sites import build
from testing.tools import missing

# A password with every character that is special in a URL.
PASSWORDS = {'red': ('alice', 'a:b@c/d%e'), 'blue': ('bob', 'secret')}
QUOTED = {'red': 'alice:a%3Ab%40c%2Fd%25e', 'blue': 'bob:secret'}


@pytest.fixture(scope='module')
def indexes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build two indexes with the same project, each with another version."""
    directory = tmp_path_factory.mktemp('indexes')
    htpasswd = shutil.which('htpasswd')
    if htpasswd is None:
        missing('htpasswd', 'apt-get install apache2-utils')
    for name, version in {'red': '1.0', 'blue': '2.0'}.items():
        user, password = PASSWORDS[name]
        command = [htpasswd, '-i', '-c', '-B', str(directory / f'{name}.users'), user]
        subprocess.run(command, input=password.encode(), check=True, capture_output=True)
        pool = directory / name / 'pool'
        pool.mkdir(parents=True)
        (pool / 'shared-1.0-variants.json').write_bytes(b'{}')
        assert build(directory / name, [list_line(make_wheel(pool, 'shared', version))]) == 0
    (directory / 'closed').mkdir()
    return directory


@pytest.fixture
def server(with_nginx: None, indexes: Path, tmp_path: Path) -> Iterator[Server]:
    with nginx(indexes, tmp_path, 'private.conf', {'/srv/indexes': str(indexes)}) as started:
        yield started


class Way(NamedTuple):
    """A way to give a client the password; {login} and {port} are filled in."""

    url: str = 'http://127.0.0.1:{port}/red/simple/'
    env: Mapping[str, str] = {}
    netrc: str = ''
    options: tuple[str, ...] = ()


# Like the command of keyring: "keyring get <service> <user>" prints the password; pip requests JSON.
KEYRING = """\
#!/bin/sh
case "$*" in
    "--mode=creds --output=json get "*" alice") echo '{"username": "alice", "password": "a:b@c/d%e"}' ;;
    "get "*" alice") echo 'a:b@c/d%e' ;;
    *) exit 1 ;;
esac
"""
NETRC = 'machine 127.0.0.1 login alice password a:b@c/d%e\n'
WAYS = {
    'in the address': Way(url='http://{login}@127.0.0.1:{port}/red/simple/'),
    'netrc': Way(netrc=NETRC),
}
PIP_WAYS = WAYS | {
    'keyring command': Way(
        url='http://alice@127.0.0.1:{port}/red/simple/',
        options=('--keyring-provider', 'subprocess'),
    ),
    'environment': Way(env={'PIP_INDEX_URL': 'http://{login}@127.0.0.1:{port}/red/simple/'}, url=''),
}
UV_WAYS = WAYS | {
    'keyring command': Way(
        url='http://alice@127.0.0.1:{port}/red/simple/',
        options=('--keyring-provider', 'subprocess'),
    ),
    'environment': Way(
        env={
            'UV_INDEX': 'red=http://127.0.0.1:{port}/red/simple/',
            'UV_INDEX_RED_USERNAME': 'alice',
            'UV_INDEX_RED_PASSWORD': 'a:b@c/d%e',
        },
        url='',
    ),
}


@pytest.mark.parametrize(
    ('name', 'way'),
    [
        *(pytest.param('pip', way, id=f'pip: {name}') for name, way in PIP_WAYS.items()),
        *(pytest.param('uv', way, id=f'uv: {name}') for name, way in UV_WAYS.items()),
    ],
)
def test_client_installs_with_the_password(
    server: Server, name: str, way: Way, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    client = request.getfixturevalue(name)
    outcome = install(client, server, way, tmp_path)
    assert outcome.status == 0, outcome.output
    assert installed(tmp_path / 'target') == {'shared': '1.0'}


def test_client_without_a_password_gets_nothing(server: Server, client: Client, tmp_path: Path) -> None:
    outcome = install(client, server, Way(), tmp_path)
    assert outcome.status != 0
    assert {request.status for request in server.requests() if request.path.startswith('/red/')} == {401}


@pytest.mark.parametrize(
    ('path', 'login', 'status'),
    [
        ('/red/simple/', 'alice:a:b@c/d%e', 200),
        ('/red/pool/shared-1.0-py3-none-any.whl', 'alice:a:b@c/d%e', 200),
        ('/red/pool/shared-1.0-variants.json', 'alice:a:b@c/d%e', 200),
        ('/red/pypi/shared/json', 'alice:a:b@c/d%e', 200),
        ('/red/', 'alice:a:b@c/d%e', 200),
        pytest.param('/red/simple/nowhere/', 'alice:a:b@c/d%e', 404, id='missing project'),
        ('/red/simple/', None, 401),
        ('/red/pool/shared-1.0-py3-none-any.whl', None, 401),
        ('/red/pypi/shared/json', None, 401),
        ('/red/packages.json', None, 401),
        pytest.param('/red/simple/nowhere/', None, 401, id='missing project, no password'),
        pytest.param('/red/simple/', 'bob:secret', 401, id='password of another index'),
        pytest.param('/blue/simple/', 'alice:a:b@c/d%e', 401, id='the other way round'),
        pytest.param('/blue/../red/simple/', 'bob:secret', 401, id='through another index'),
        pytest.param('/blue/%2e%2e/red/simple/', 'bob:secret', 401, id='through another index, encoded'),
        pytest.param('/closed/', 'bob:secret', 404, id='index without users'),
        pytest.param('/red.users', None, 404, id='users'),
        pytest.param('/blue/../red.users', 'bob:secret', 404, id='users, through an index'),
        pytest.param('/', None, 404, id='top'),
        pytest.param('/red/.dumb-pypi.json', 'alice:a:b@c/d%e', 404, id='record'),
    ],
)
def test_an_index_opens_to_its_own_users_only(server: Server, path: str, login: str | None, status: int) -> None:
    headers = {} if login is None else {'Authorization': f'Basic {base64.b64encode(login.encode()).decode()}'}
    response = server.get(path, headers=headers)
    assert response.status == status
    cache = response.headers.get('cache-control', '')
    assert 'public' not in cache
    assert ('immutable' in cache) == (status == 200 and path.endswith('.whl'))


def test_two_lines_protect_a_single_index_and_the_log_says_why_nobody_gets_in(
    with_nginx: None, indexes: Path, tmp_path: Path
) -> None:
    lines = re.findall(r'`(auth_basic\w* [^`]+;)`', section('docs/serving.md', 'Private indexes'))
    assert len(lines) == 2
    plain = block('docs/serving.md', 'root /srv/pypi;')
    text = plain.replace('    root /srv/pypi;\n', '\n'.join(['    root /srv/pypi;', *lines, '']))
    users = tmp_path / 'users'
    alice = {'Authorization': f'Basic {base64.b64encode(b"alice:a:b@c/d%e").decode()}'}
    with nginx_with(text, indexes / 'red', tmp_path, {'/etc/nginx/pypi.users': str(users)}) as [server]:
        shutil.copy(indexes / 'red.users', users)
        assert server.get('/simple/').status == 401
        assert server.get('/simple/', headers=alice).status == 200
        users.unlink()
        assert server.get('/simple/', headers=alice).status == 404
        # Workers of root can read each file, but no link to itself.
        users.symlink_to(users)
        assert server.get('/simple/', headers=alice).status == 500
    log = (tmp_path / 'nginx' / 'output.log').read_text(encoding='utf-8')
    assert log.count(f'open() "{users}" failed') == 2


def test_each_index_gets_its_own_password(server: Server, uv: Client, tmp_path: Path) -> None:
    """uv uses the first index that has the project, whatever the versions."""
    for first, second, version in [('red', 'blue', '1.0'), ('blue', 'red', '2.0')]:
        urls = [f'http://{QUOTED[name]}@127.0.0.1:{server.port}/{name}/simple/' for name in (first, second)]
        target = tmp_path / first
        outcome = uv.install(urls[1], target, '--index', urls[0], 'shared')
        assert outcome.status == 0, outcome.output
        assert installed(target) == {'shared': version}


def test_the_documents_name_every_way() -> None:
    text = section('docs/serving.md', 'Private indexes')
    assert all(word in text for word in ('netrc', 'keyring', 'UV_INDEX_RED_USERNAME', 'UV_INDEX_RED_PASSWORD'))


def install(client: Client, server: Server, way: Way, directory: Path) -> Outcome:
    """Run `client.install`, with the password given in this way."""
    home = directory / 'home'
    home.mkdir()
    netrc = home / '.netrc'
    netrc.write_text(way.netrc, encoding='utf-8')
    netrc.chmod(0o600)
    programs = directory / 'bin'
    programs.mkdir()
    keyring = programs / 'keyring'
    keyring.write_text(KEYRING, encoding='utf-8')
    keyring.chmod(0o755)
    env = isolated_env(home) | {'PATH': os.pathsep.join([str(programs), os.environ['PATH']])}
    env |= {name: filled(value, server) for name, value in way.env.items()}
    url = ('--index-url', filled(way.url, server)) if way.url else ()
    command = [*client.command, *url, *way.options, '--target', str(directory / 'target'), 'shared']
    done = subprocess.run(
        command,
        check=False,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding='utf-8',
        timeout=120,
    )
    return Outcome(done.returncode, done.stdout)


def filled(text: str, server: Server) -> str:
    return text.format(login=QUOTED['red'], port=server.port)
