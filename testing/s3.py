"""An S3 that listens on loopback (moto), and the programs that people talk to S3 with."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from testing.clients import isolated_env
from testing.servers import Server, running, wait_for
from testing.tools import make_tool


@contextmanager
def s3(scratch: Path) -> Iterator[Server]:
    """An empty one; it logs what it is asked for as Python's http.server does, nearly."""
    log = scratch / 's3.log'
    program = make_tool('moto', 'moto[server]') / 'moto_server'
    with log.open('wb') as output, running([str(program), '-H', '127.0.0.1', '-p', '0'], output.fileno()) as process:
        port = wait_for(lambda: re.search(r'Running on http://127\.0\.0\.1:(\d+)', log.read_text()), process, log)
        yield Server(int(port[1]), log)


def s3_env(server: Server, home: Path) -> dict[str, str]:
    """What leads `aws` and `rclone remote:` to it, and nowhere else; `home` is made for them."""
    home.mkdir(parents=True, exist_ok=True)
    programs = make_tool('awscli', 'awscli')
    env = {
        name: value for name, value in isolated_env(home).items() if not name.upper().startswith(('AWS_', 'RCLONE_'))
    }
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


def aws(env: Mapping[str, str], *arguments: str) -> str:
    """What the command printed; an error when it fails."""
    done = subprocess.run(['aws', *arguments], env=env, check=False, capture_output=True, encoding='utf-8', timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout
