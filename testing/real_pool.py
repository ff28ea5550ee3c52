"""Real files of the public index, fetched once: 60 wheels of 15 projects, sdists of 5, Flask and its dependencies."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from filelock import FileLock

from testing.tools import CACHE, ordinary_pip

_RELEASES = (
    'attrs==23.1.0 certifi==2023.11.17 click==8.1.7 colorama==0.4.6 idna==3.6 iniconfig==2.0.0 Jinja2==3.1.2 '
    'MarkupSafe==2.1.3 packaging==23.2 pluggy==1.3.0 six==1.16.0 tomli==2.0.1 typing-extensions==4.9.0 '
    'wheel==0.42.0 zipp==3.17.0',
    'attrs==22.2.0 certifi==2022.12.7 click==8.1.3 colorama==0.4.5 idna==3.4 iniconfig==1.1.1 Jinja2==3.0.3 '
    'MarkupSafe==2.1.1 packaging==23.0 pluggy==1.0.0 six==1.15.0 tomli==2.0.0 typing-extensions==4.4.0 '
    'wheel==0.38.4 zipp==3.11.0',
    'attrs==21.4.0 certifi==2021.10.8 click==8.0.4 colorama==0.4.4 idna==3.3 iniconfig==2.1.0 Jinja2==3.0.1 '
    'MarkupSafe==2.0.1 packaging==21.3 pluggy==0.13.1 six==1.14.0 tomli==1.2.3 typing-extensions==4.1.1 '
    'wheel==0.37.1 zipp==3.6.0',
    'attrs==20.3.0 certifi==2020.12.5 click==7.1.2 colorama==0.4.3 idna==2.10 iniconfig==1.0.1 Jinja2==2.11.3 '
    'MarkupSafe==2.1.2 packaging==20.9 pluggy==0.12.0 six==1.13.0 tomli==1.2.0 typing-extensions==4.0.1 '
    'wheel==0.36.2 zipp==3.4.0',
)
_SDISTS = 'Jinja2==3.1.2 MarkupSafe==2.1.3 certifi==2022.12.7 click==8.1.3 six==1.15.0'


def fetch_real_pool() -> Path:
    """Return the directory of the files. Tests must not change it."""
    directory = CACHE / 'real-pool'
    if not directory.exists():
        CACHE.mkdir(exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=CACHE))
        try:
            for releases in _RELEASES:
                options = ['--only-binary', ':all:', '--python-version', '3.8', '--platform', 'manylinux2014_x86_64']
                _download(scratch, *options, *releases.split())
            # pip prepares the metadata of sdists, with the build tools of this environment.
            _download(scratch, '--no-binary', ':all:', '--no-build-isolation', '--use-pep517', *_SDISTS.split())
            scratch.chmod(0o755)
            os.rename(scratch, directory)
        except OSError:  # another process was faster
            if not directory.exists():
                raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return directory


def fetch_flask(python: str) -> Path:
    """Return the wheels of Flask and its dependencies, for this machine and this version of Python ("3.11").

    Their metadata says `Flask`, `Jinja2`, `MarkupSafe`, `Werkzeug`. File names and requirements say `flask`.
    """
    directory = CACHE / f'flask-{python}'
    CACHE.mkdir(exist_ok=True)
    with FileLock(CACHE / f'{directory.name}.lock'):
        if not directory.exists():
            with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
                options = ['--only-binary', ':all:', '--python-version', python, '--dest', f'{scratch}/wheels']
                ordinary_pip(Path(sys.executable), 'download', *options, 'flask')
                os.rename(f'{scratch}/wheels', directory)
    return directory


def _download(target: Path, *arguments: str) -> None:
    ordinary_pip(Path(sys.executable), 'download', '--no-deps', '--dest', str(target), *arguments)
