"""The newest pip and uv, each in a virtual environment of its own, deaf to this machine's configuration."""

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from testing.servers import Server
from testing.tools import make_tool

JSON_TYPE = 'application/vnd.pypi.simple.v1+json'
HTML_TYPE = 'text/html'

_SECONDS_TO_WAIT = 120
_PYTHON = 'python.exe' if sys.platform == 'win32' else 'python'
# What could lead a client to another index, through a proxy, or to packages of another environment; and colors.
_SCRUBBED_PREFIXES = ('PIP_', 'UV_', 'PYTHON', 'XDG_')
_SCRUBBED_NAMES = {
    'ALL_PROXY',
    'CLICOLOR_FORCE',
    'CONDA_PREFIX',
    'FORCE_COLOR',
    'FTP_PROXY',
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'NETRC',
    'VIRTUAL_ENV',
}


class Client(NamedTuple):
    """`command` ends where the options of "install" begin, which pip and uv spell alike; `home` is theirs alone."""

    name: str
    command: tuple[str, ...]
    home: Path

    def install(self, index_url: str, target: Path, *arguments: str) -> 'Outcome':
        """Install `arguments` (requirements, options) into the directory `target`, from this index alone."""
        return self.run(*self.command, '--index-url', index_url, '--target', str(target), *arguments)

    def run(self, *command: str) -> 'Outcome':
        process = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=isolated_env(self.home),
            timeout=_SECONDS_TO_WAIT,
            encoding='utf-8',
        )
        return Outcome(process.returncode, process.stdout)


class Outcome(NamedTuple):
    """`output` is standard output and standard error, as somebody at a terminal sees them."""

    status: int
    output: str


def make_pip(home: Path) -> Client:
    """The newest pip, whose home is an empty directory."""
    python = make_tool('pip', 'pip') / _PYTHON
    options = ('--no-input', '--disable-pip-version-check', '--no-cache-dir')
    return Client('pip', (str(python), '-m', 'pip', 'install', *options), home)


def make_uv(home: Path) -> Client:
    """The newest uv, whose home is an empty directory."""
    python = make_tool('uv', 'uv') / _PYTHON
    program = python.with_name(f'uv{python.suffix}')
    return Client('uv', (str(program), 'pip', 'install', '--python', str(python)), home)


def isolated_env(home: Path) -> dict[str, str]:
    """This process's environment, without what steers installers."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(_SCRUBBED_PREFIXES) and name.upper() not in _SCRUBBED_NAMES
    }
    return {
        **kept,
        'HOME': str(home),
        'USERPROFILE': str(home),
        # The oldest pips build in a directory of one name for all, and some clients leave things behind.
        'TMPDIR': str(home),
        'NO_COLOR': '1',
        'NO_PROXY': '127.0.0.1',
        'no_proxy': '127.0.0.1',
        # pip reads no configuration file at all, not even the machine's, when it is told this one.
        'PIP_CONFIG_FILE': os.devnull,
        'UV_NO_CONFIG': '1',
        # An answer from an earlier test would not be in the access log of this one.
        'UV_NO_CACHE': '1',
        'UV_CACHE_DIR': str(home / 'uv-cache'),
        'UV_PYTHON_DOWNLOADS': 'never',
        # The cache and the target may be on two file systems, which uv otherwise warns about.
        'UV_LINK_MODE': 'copy',
    }


def installed(target: Path) -> dict[str, str]:
    """Name and version of everything installed into this directory, which need not exist."""
    found = importlib.metadata.distributions(path=[str(target)])
    return {distribution.metadata['Name']: distribution.version for distribution in found}


def fetched(server: Server, below: str) -> set[str]:
    """What was asked for below this path, as it was spelled."""
    paths = [request.path for request in server.requests()]
    return {path.removeprefix(below) for path in paths if path.startswith(below)}
