"""Azure Blob Storage on loopback: Azurite, fetched once from npm, with one account."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from testing.servers import Server, running
from testing.tools import CACHE, missing
from testing.waiting import wait_for

ACCOUNT, KEY = 'mine', base64.b64encode(b'of this account').decode()


@contextmanager
def azurite(scratch: Path) -> Iterator[Server]:
    """Start an empty store, which has the account `ACCOUNT`."""
    log = scratch / 'azurite.log'
    options = ['--silent', '--skipApiVersionCheck', '--disableTelemetry', '--location', str(scratch)]
    options += ['--blobHost', '127.0.0.1', '--blobPort', '0']
    command = ['env', f'AZURITE_ACCOUNTS={ACCOUNT}:{KEY}', str(_make_azurite()), *options]
    with log.open('wb') as output, running(command, output.fileno()) as process:
        port = wait_for(lambda: re.search(r'listens on http://127\.0\.0\.1:(\d+)', log.read_text()), process, log)
        yield Server(int(port[1]), log)


def connection_string(store: Server) -> str:
    return f'DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={store.url}/{ACCOUNT};'


def _make_azurite() -> Path:
    """Return the program; `make clean` removes it."""
    if shutil.which('npm') is None:
        missing('npm', 'apt-get install npm')
    directory = CACHE / 'tools' / 'azurite'
    directory.mkdir(parents=True, exist_ok=True)
    with FileLock(directory / 'lock'):
        # Last, so that an interrupted installation starts again.
        if not (directory / 'made').exists():
            options = ['--no-audit', '--no-fund', '--silent', '--prefix', str(directory)]
            subprocess.run(['npm', 'install', *options, 'azurite'], check=True, timeout=600)
            (directory / 'made').touch()
    return directory / 'node_modules' / '.bin' / 'azurite-blob'
