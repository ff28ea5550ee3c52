"""Runs real web servers on free ports of 127.0.0.1, and reads the requests that they received."""

import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from testing.long import unmeasured_env
from testing.waiting import wait_for

NGINX = Path(__file__).parent / 'nginx'

_SECONDS_TO_WAIT = 20.0
_LOG_LINE = re.compile(
    r'[^"]* "(?P<method>[A-Z]+) (?P<path>\S+) HTTP/[\d.]+" (?P<status>\d{3}) -'
    r'(?: "(?P<content_type>[^"]*)" "(?P<accept>[^"]*)")?',
)


class Request(NamedTuple):
    """A line of an access log. `http.server` does not log the last two fields."""

    method: str
    path: str
    status: int
    content_type: str | None
    accept: str | None


class Response(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


class Server(NamedTuple):
    """A running server. `url` has no slash at the end."""

    port: int
    log: Path

    @property
    def url(self) -> str:
        return f'http://127.0.0.1:{self.port}'

    def get(self, path: str, accept: str | None = None, headers: Mapping[str, str] | None = None) -> Response:
        """Send a request without redirects, proxies or a default `Accept`. Returned header names are lower case."""
        sent = {**({} if accept is None else {'Accept': accept}), **(headers or {})}
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=_SECONDS_TO_WAIT)
        try:
            connection.request('GET', path, headers=sent)
            response = connection.getresponse()
            received = {name.lower(): value for name, value in response.getheaders()}
            return Response(response.status, received, response.read())
        finally:
            connection.close()

    def requests(self) -> list[Request]:
        """Return all requests up to now, in order."""
        # nginx writes its log after the response. So request one more page, and wait for the line of that request.
        marker = f'/{uuid.uuid4()}'
        self.get(marker)
        return wait_for(lambda: self._requests_before(marker))

    def _requests_before(self, marker: str) -> list[Request] | None:
        lines = self.log.read_text(encoding='utf-8').splitlines()
        matches = [match for match in map(_LOG_LINE.match, lines) if match]
        requests = [
            Request(match['method'], match['path'], int(match['status']), match['content_type'], match['accept'])
            for match in matches
        ]
        paths = [request.path for request in requests]
        return requests[: paths.index(marker)] if marker in paths else None


@contextmanager
def http_server(directory: Path, scratch: Path) -> Iterator[Server]:
    """Run `python -m http.server`, which supports neither JSON pages nor `Accept`, like any object store."""
    log = scratch / 'http.server.log'
    command = [sys.executable, '-u', '-m', 'http.server', '--bind', '127.0.0.1', '--directory', str(directory), '0']
    with log.open('wb') as output, running(command, output.fileno()) as process:
        # It prints the port, which the system chose, when it listens.
        yield Server(wait_for(lambda: _printed_port(log), process, log), log)


@contextmanager
def nginx(
    directory: Path,
    scratch: Path,
    config: str = 'short.conf',
    replacements: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Run a real nginx with a configuration of `testing/nginx/` and all of its files in `scratch`; see `find_nginx`.

    The port, the directory of the site and `replacements` replace the example values of the configuration.
    """
    with nginx_with((NGINX / config).read_text(encoding='utf-8'), directory, scratch, replacements) as [server]:
        yield server


@contextmanager
def nginx_with(
    text: str, directory: Path, scratch: Path, replacements: Mapping[str, str] | None = None
) -> Iterator[list[Server]]:
    """Run a real nginx with this configuration. Yields a server for each line `listen`, in their order."""
    program = find_nginx()
    assert program is not None, 'nginx is not installed'
    prefix = scratch / 'nginx'
    (prefix / 'temp').mkdir(parents=True)
    output = prefix / 'output.log'
    # Bind the ports here, and pass the sockets in the variable NGINX, as nginx does when it upgrades itself. So no
    # other process can take a port before nginx starts.
    with ExitStack() as stack, output.open('wb') as output_file:
        listeners = {}
        with ExitStack() as inherited:
            for line in re.findall(r'listen [^;]+;', text):
                listeners[line] = inherited.enter_context(socket.create_server(('127.0.0.1', 0)))
            ports = {line: listener.getsockname()[1] for line, listener in listeners.items()}
            filled = {
                **{line: re.sub(r'\d+', f'127.0.0.1:{port}', line, count=1) for line, port in ports.items()},
                '/srv/pypi': str(directory),
                '/var/cache/nginx': str(prefix / 'cache'),
                # Redirects to another server of this nginx contain the port of that server.
                'https://$host$': f'https://$host:{ports.get("listen 443 ssl;")}$',
                **(replacements or {}),
            }
            site = prefix / 'site.conf'
            site.write_text(replaced(text, filled), encoding='utf-8')
            frame = prefix / 'nginx.conf'
            frame.write_text(_nginx_frame(site), encoding='utf-8')
            command = [program, '-p', str(prefix), '-c', str(frame)]
            sockets = [listener.fileno() for listener in listeners.values()]
            process = stack.enter_context(running(command, output_file.fileno(), sockets))
            # nginx writes this file when it has read the configuration and inherited the sockets. Then it answers.
            wait_for(lambda: (prefix / 'nginx.pid').exists() or None, process, output)
        yield [Server(port, prefix / 'access.log') for port in ports.values()]


def replaced(text: str, values: Mapping[str, str]) -> str:
    """Return the text with all replacements made in one pass, so that none is replaced again."""
    return re.sub('|'.join(map(re.escape, values)), lambda match: values[match[0]], text)


def find_nginx() -> str | None:
    """Return the path of nginx. Debian installs it in a directory that is only on the PATH of root."""
    return shutil.which('nginx', path=os.pathsep.join([os.environ.get('PATH', ''), '/usr/sbin', '/usr/local/sbin']))


def find_lua() -> list[Path]:
    """Return the modules that `set_by_lua_block` needs, in loading order; an empty list if one is missing."""
    for directory in (Path('/usr/lib/nginx/modules'), Path('/usr/lib64/nginx/modules'), Path('/etc/nginx/modules')):
        modules = [directory / 'ndk_http_module.so', directory / 'ngx_http_lua_module.so']
        if all(module.exists() for module in modules):
            return modules
    return []


def _nginx_frame(site: Path) -> str:
    values = {
        # If root starts nginx, its worker would run as `nobody`, who cannot read the directories of pytest (mode 0700).
        # If anybody else starts it, nginx warns about this line.
        '@user@': 'user root;' if os.geteuid() == 0 else '',
        '@modules@': '\n'.join(f'load_module {module};' for module in find_lua()),
        '@site@': str(site),
    }
    return replaced((NGINX / 'nginx.conf.in').read_text(encoding='utf-8'), values)


@contextmanager
def running(command: list[str], output: int, sockets: Sequence[int] = ()) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process until the end of the block, without coverage, because it is not our program."""
    env = unmeasured_env()
    if sockets:
        env['NGINX'] = ''.join(f'{each};' for each in sockets)
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=env,
        pass_fds=sockets,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=_SECONDS_TO_WAIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _printed_port(log: Path) -> int | None:
    match = re.search(r' port (\d+) ', log.read_text(encoding='utf-8'))
    return None if match is None else int(match[1])
