"""devpi on a free port: a server of the field that keeps files and makes its pages."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from testing.clients import isolated_env
from testing.servers import Server, running
from testing.tools import make_tool
from testing.waiting import wait_for


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
