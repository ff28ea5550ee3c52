"""Runs the commands of the documents in the environment of a reader who has done only what the documents say."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from testing.tools import ROOT, missing

# The documents use this address for this repository.
ADDRESS = 'https://git.example.com/dumb-pypi.git'

_SECONDS_TO_WAIT = 600


def git_env(home: Path) -> dict[str, str]:
    """Return an environment in which git fetches `ADDRESS` from this repository, at its last commit."""
    if not (ROOT / '.git').exists():
        missing('the repository of these files', 'git clone')
    config = home / 'gitconfig'
    # Another user may own the checkout, as in a container.
    config.write_text(f'[url "{ROOT.as_uri()}"]\n\tinsteadOf = {ADDRESS}\n[safe]\n\tdirectory = *\n', encoding='utf-8')
    # The commands must not see the make, git hook or environment that the tests run in.
    ours = ('GIT_', 'MAKE', 'MFLAGS', 'COV', 'VIRTUAL_ENV', 'PYTHON')
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    kept = {name: os.environ[name] for name in ('GIT_SSL_CAINFO',) if name in os.environ}
    return {
        **env,
        **kept,
        'HOME': str(home),
        'GIT_CONFIG_GLOBAL': str(config),
        'GIT_CONFIG_NOSYSTEM': '1',
        'GIT_TERMINAL_PROMPT': '0',
        'PIP_DISABLE_PIP_VERSION_CHECK': '1',
    }


def write_commands(directory: Path) -> None:
    """Write both commands of this checkout into a directory, where pip would install them."""
    directory.mkdir(parents=True)
    for name, module in (('dumb-pypi-list', 'dumb_pypi.pool'), ('dumb-pypi', 'dumb_pypi')):
        command = f'PYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(sys.executable)} -m {module} "$@"'
        (directory / name).write_text(f'#!/bin/sh\n{command}\n', encoding='utf-8')
        (directory / name).chmod(0o755)


def run_shell(commands: str, directory: Path, env: Mapping[str, str]) -> str:
    """Run commands, which must all succeed, and return their output."""
    done = subprocess.run(
        ['bash', '-euo', 'pipefail', '-c', commands],
        cwd=directory,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        encoding='utf-8',
        timeout=_SECONDS_TO_WAIT,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
