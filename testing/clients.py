"""The newest pip and uv, each in its own virtual environment, which ignore the configuration of this machine."""

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
# Variables that point a client to another index, a proxy or another environment, or that set colors.
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
    """An installer. `command` ends before the options of "install", which pip and uv spell alike."""

    name: str
    command: tuple[str, ...]
    home: Path  # not used by anything else

    def install(self, index_url: str, target: Path, *arguments: str) -> 'Outcome':
        """Install `arguments` (requirements, options) into the directory `target`, from this index only."""
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
    """The result of a client. `output` is standard output and standard error together, as in a terminal."""

    status: int
    output: str


def make_pip(home: Path) -> Client:
    """Return the newest pip with an empty home directory."""
    python = make_tool('pip', 'pip') / _PYTHON
    options = ('--no-input', '--disable-pip-version-check', '--no-cache-dir')
    return Client('pip', (str(python), '-m', 'pip', 'install', *options), home)


def make_uv(home: Path) -> Client:
    """Return the newest uv with an empty home directory."""
    python = make_tool('uv', 'uv') / _PYTHON
    program = python.with_name(f'uv{python.suffix}')
    return Client('uv', (str(program), 'pip', 'install', '--python', str(python)), home)


def isolated_env(home: Path) -> dict[str, str]:
    """Return the environment of this process, without variables that configure installers."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(_SCRUBBED_PREFIXES) and name.upper() not in _SCRUBBED_NAMES
    }
    return {
        **kept,
        'HOME': str(home),
        'USERPROFILE': str(home),
        # The oldest pips build in a directory with a fixed name, and some clients leave files behind.
        'TMPDIR': str(home),
        'NO_COLOR': '1',
        'NO_PROXY': '127.0.0.1',
        'no_proxy': '127.0.0.1',
        # With this value, pip reads no configuration file at all, not even that of the machine.
        'PIP_CONFIG_FILE': os.devnull,
        'UV_NO_CONFIG': '1',
        # A cached response would be missing from the access log of this test.
        'UV_NO_CACHE': '1',
        'UV_CACHE_DIR': str(home / 'uv-cache'),
        'UV_PYTHON_DOWNLOADS': 'never',
        # uv would warn if the cache and the target are on different file systems.
        'UV_LINK_MODE': 'copy',
    }


def installed(target: Path) -> dict[str, str]:
    """Return the names and versions of everything installed into this directory, which need not exist."""
    found = importlib.metadata.distributions(path=[str(target)])
    return {distribution.metadata['Name']: distribution.version for distribution in found}


def fetched(server: Server, below: str) -> set[str]:
    """Return the requested paths below this path, as the client spelled them."""
    paths = [request.path for request in server.requests()]
    return {path.removeprefix(below) for path in paths if path.startswith(below)}
