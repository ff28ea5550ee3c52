"""Project pages per second from nginx and the site, compared with servers that generate pages; only ratios count."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from testing.clients import isolated_env
from testing.distributions import list_line, make_wheel
from testing.servers import Server, nginx, running
from testing.sites import build
from testing.tools import make_tool, missing
from testing.waiting import wait_for

pytestmark = pytest.mark.clients

FILES = 50
SECONDS = 4


@pytest.fixture(scope='module')
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site of one project with fifty wheels, beside the wheels."""
    directory = tmp_path_factory.mktemp('load') / 'site'
    (directory / 'pool').mkdir(parents=True)
    wheels = [make_wheel(directory / 'pool', 'loaded', f'1.{number}') for number in range(FILES)]
    assert build(directory, map(list_line, wheels)) == 0
    return directory


@pytest.fixture(scope='module')
def rates(with_lua: None, site: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, float]:
    """Measure pages per second for each server, one after the other."""
    if shutil.which('wrk') is None:
        missing('wrk', 'apt-get install wrk')
    scratch = tmp_path_factory.mktemp('servers')
    found = {}
    with nginx(site, scratch, 'pypi.conf') as server:
        found['nginx'] = rate(server, '/simple/loaded/')
    program = make_tool('pypiserver', 'pypiserver') / 'pypi-server'
    command = [str(program), 'run', '--interface', '127.0.0.1', '--port', '0', str(site / 'pool')]
    log = scratch / 'pypiserver.log'
    with log.open('wb') as output, running(command, output.fileno()) as process:
        server = Server(wait_for(lambda: port_of(process), process, log), log)
        wait_for(lambda: answers(server, '/simple/loaded/'), process, log)
        found['pypiserver'] = rate(server, '/simple/loaded/')
    with devpi(site / 'pool', scratch) as server:
        found['devpi-server'] = rate(server, '/root/ours/+simple/loaded/')
    print({name: f'{each:.0f}/s, nginx: {found["nginx"] / each:.0f} times' for name, each in found.items()})
    return found


@pytest.mark.parametrize('other', ['pypiserver', 'devpi-server'])
def test_nginx_serves_the_site_faster_than_a_server_that_makes_its_pages(
    rates: Mapping[str, float], other: str
) -> None:
    assert rates['nginx'] > 5 * rates[other], rates


def rate(server: Server, path: str) -> float:
    """Return the pages per second over eight connections; every response must be the page."""
    page = server.get(path, 'text/html')
    assert page.status == 200
    assert page.body.count(b'<a ') >= FILES
    command = [
        'wrk',
        '--threads',
        '1',
        '--connections',
        '8',
        '--duration',
        f'{SECONDS}s',
        '--header',
        'Accept: text/html',
    ]
    done = subprocess.run([*command, f'{server.url}{path}'], check=True, capture_output=True, text=True, timeout=60)
    assert 'Non-2xx' not in done.stdout, done.stdout
    assert 'Socket errors' not in done.stdout, done.stdout
    found = re.search(r'^Requests/sec: +([\d.]+)$', done.stdout, re.MULTILINE)
    assert found is not None, done.stdout
    return float(found[1])


@contextmanager
def devpi(pool: Path, scratch: Path) -> Iterator[Server]:
    """Start devpi with an index that mirrors nothing and has the files uploaded."""
    programs = make_tool('devpi', 'devpi-server', 'devpi-client')
    env = isolated_env(scratch)
    directory, log = scratch / 'devpi', scratch / 'devpi.log'

    def run(program: str, *arguments: str) -> None:
        command = [str(programs / program), *arguments]
        done = subprocess.run(command, env=env, cwd=scratch, check=False, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f'{command}: {done.stdout}{done.stderr}'

    run('devpi-init', '--serverdir', str(directory), '--no-root-pypi')
    command = [str(programs / 'devpi-server'), '--serverdir', str(directory), '--host', '127.0.0.1', '--port', '0']
    with log.open('wb') as output, running(command, output.fileno()) as process:
        server = Server(wait_for(lambda: port_of(process), process, log), log)
        wait_for(lambda: answers(server, '/+api'), process, log)
        run('devpi', 'use', f'{server.url}')
        run('devpi', 'login', 'root', '--password=')
        run('devpi', 'index', '--create', 'root/ours', 'bases=')
        run('devpi', 'use', 'root/ours')
        run('devpi', 'upload', '--from-dir', str(pool))
        yield server


def answers(server: Server, path: str) -> bool | None:
    try:
        return server.get(path).status == 200 or None
    except OSError:
        return None


def port_of(process: subprocess.Popen[bytes]) -> int | None:
    """Return the port on which a process listens, because not every server prints it."""
    sockets = set()
    for file in Path(f'/proc/{process.pid}/fd').iterdir():
        with suppress(FileNotFoundError):  # closed by now
            sockets.add(os.readlink(file))
    for line in Path(f'/proc/{process.pid}/net/tcp').read_text(encoding='utf-8').splitlines()[1:]:
        _, address, _, state, *_, inode = line.split()[:10]
        if state == '0A' and f'socket:[{inode}]' in sockets:
            return int(address.rpartition(':')[2], 16)
    return None
