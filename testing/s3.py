"""An S3 server on loopback (moto), and the clients that people use for S3."""

from __future__ import annotations

import http.server
import json
import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote_plus

from testing.clients import isolated_env
from testing.servers import Server, running
from testing.tools import ROOT, make_tool
from testing.waiting import wait_for


@contextmanager
def s3(scratch: Path) -> Iterator[Server]:
    """Start an empty S3 server. Its access log has nearly the format of Python's http.server."""
    log = scratch / 's3.log'
    command = [sys.executable, '-m', 'moto.server', '-H', '127.0.0.1', '-p', '0']
    with log.open('wb') as output, running(command, output.fileno()) as process:
        port = wait_for(lambda: re.search(r'Running on http://127\.0\.0\.1:(\d+)', log.read_text()), process, log)
        yield Server(int(port[1]), log)


def s3_env(server: Server, home: Path) -> dict[str, str]:
    """Return an environment in which `aws` and `rclone remote:` use only this server. Creates `home`."""
    home.mkdir(parents=True, exist_ok=True)
    # awscli has its own environment, because it requires an old docutils.
    programs = make_tool('awscli', 'awscli')
    strange = ('AWS_', 'RCLONE_', 'COV')
    env = {name: value for name, value in isolated_env(home).items() if not name.upper().startswith(strange)}
    return {
        **env,
        'PATH': os.pathsep.join([str(programs), env['PATH']]),
        'AWS_ACCESS_KEY_ID': 'nobody',
        'AWS_SECRET_ACCESS_KEY': 'nothing',
        'AWS_DEFAULT_REGION': 'us-east-1',
        'AWS_ENDPOINT_URL': server.url,
        'AWS_EC2_METADATA_DISABLED': 'true',
        'RCLONE_CONFIG': os.devnull,
        'RCLONE_CONFIG_REMOTE_TYPE': 's3',
        'RCLONE_CONFIG_REMOTE_PROVIDER': 'Other',
        'RCLONE_CONFIG_REMOTE_ENV_AUTH': 'true',
        'RCLONE_CONFIG_REMOTE_ENDPOINT': server.url,
        'RCLONE_CONFIG_REMOTE_FORCE_PATH_STYLE': 'true',
    }


def make_programs(directory: Path, driver: str = 's3fs') -> None:
    """Install both commands from this checkout where the scripts expect them; `dumb-pypi-list` with the driver."""
    directory.mkdir(parents=True)
    with_driver = make_tool(driver, driver, 'msgspec', 'packaging') / 'python'
    for name, python, module in (
        ('dumb-pypi-list', str(with_driver), 'dumb_pypi.pool'),
        ('dumb-pypi', sys.executable, 'dumb_pypi'),
    ):
        command = f'PYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(python)} -m {module} "$@"'
        (directory / name).write_text(f'#!/bin/sh\n{command}\n', encoding='utf-8')
        (directory / name).chmod(0o755)


def aws(env: Mapping[str, str], *arguments: str) -> str:
    """Run `aws` and return its output. Raises an error if it fails."""
    done = subprocess.run(['aws', *arguments], env=env, check=False, capture_output=True, encoding='utf-8', timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Hosting(NamedTuple):
    """The hosting of a bucket: the name of index documents, and the actions that are allowed to everybody."""

    suffix: str
    allowed: set[str]


def read_hosting(env: Mapping[str, str], bucket: str) -> Hosting:
    """Return the website configuration of a bucket."""
    website = json.loads(aws(env, 's3api', 'get-bucket-website', '--bucket', bucket))
    policy = json.loads(json.loads(aws(env, 's3api', 'get-bucket-policy', '--bucket', bucket))['Policy'])
    allowed = {statement['Action'] for statement in policy['Statement'] if statement['Principal'] == '*'}
    return Hosting(website['IndexDocument']['Suffix'], allowed)


@contextmanager
def s3_website(store: Server, bucket: str, hosting: Hosting, scratch: Path) -> Iterator[Server]:
    """Serve the website of a bucket, which moto lacks, as documented by S3: index documents, 404 or 403, plus signs."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition('?')[0]
            # A plus sign means a space; %2B means a plus sign.
            key = quote(unquote_plus(path))
            response = store.get(f'/{bucket}{key}{hosting.suffix if key.endswith("/") else ""}')
            if response.status == 404 and store.get(f'/{bucket}{key}/{hosting.suffix}').status == 200:
                self.send_response(302)
                self.send_header('Location', f'{path}/')
                self.send_header('Content-Length', '0')
                self.end_headers()
                return
            status = 403 if response.status == 404 and 's3:ListBucket' not in hosting.allowed else response.status
            self.send_response(status if 's3:GetObject' in hosting.allowed else 403)
            for name in ('content-type', 'cache-control', 'etag'):
                if name in response.headers:
                    self.send_header(name, response.headers[name])
            self.send_header('Content-Length', str(len(response.body)))
            self.end_headers()
            if self.command == 'GET':
                self.wfile.write(response.body)

        do_HEAD = do_GET

        def log_message(self, format: str, *arguments: object) -> None:
            with log.open('a', encoding='utf-8') as file:
                file.write(f'127.0.0.1 - - [] {format % arguments}\n')

    log = scratch / 'website.log'
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Server(server.server_port, log)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
