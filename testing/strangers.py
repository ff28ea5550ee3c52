"""What the documents tell somebody to run, run where nothing but the documents has been followed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from testing.tools import ROOT, missing

# The address in the documents, which stands for that of this repository.
ADDRESS = 'https://git.example.com/dumb-pypi.git'

_SECONDS_TO_WAIT = 600


def git_env(home: Path) -> dict[str, str]:
    """An environment in which git takes this repository, as it was committed last, for the one at `ADDRESS`."""
    if not (ROOT / '.git').exists():
        missing('the repository of these files', 'git clone')
    config = home / 'gitconfig'
    # Another user may own the checkout, as in a container.
    config.write_text(f'[url "{ROOT.as_uri()}"]\n\tinsteadOf = {ADDRESS}\n[safe]\n\tdirectory = *\n', encoding='utf-8')
    # A make, a git hook or an environment that the tests run in is none of theirs.
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


def run_shell(commands: str, directory: Path, env: Mapping[str, str]) -> str:
    """What the commands print, which all have to succeed."""
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
