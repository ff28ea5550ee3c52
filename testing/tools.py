"""Fetches programs that are not dependencies of the tests, once, into separate directories below `.cache/`."""

import os
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path
from typing import NoReturn

import pytest
from filelock import FileLock

ROOT = Path(__file__).parent.parent
CACHE = ROOT / '.cache'

_SECONDS_TO_WAIT = 300


def missing(what: str, how: str) -> NoReturn:
    """Skip the test if a program is missing. In CI, fail instead, so that no test is skipped unnoticed."""
    if os.environ.get('CI') == 'true':
        pytest.fail(f'{what} is missing: {how}')
    pytest.skip(f'{what} is missing: {how}')


def find_python(version: str) -> str | None:
    """Return an interpreter of this version ("2.7") from PATH or pyenv, or `None`."""
    root = Path(os.environ.get('PYENV_ROOT') or Path.home() / '.pyenv')
    candidates = [
        *sorted((root / 'versions').glob(f'{version}.*/bin/python{version}')),
        shutil.which(f'python{version}'),
    ]
    # An interpreter on PATH may be a shim of pyenv that only reports a missing version.
    return next((str(each) for each in candidates if each and _starts(str(each))), None)


def make_tool(name: str, *requirements: str) -> Path:
    """Return `bin` of a virtual environment with the newest releases of these projects. `make clean` removes it."""
    directory = tool_directory(name)
    stamp = directory / '.requirements'
    windows = sys.platform == 'win32'
    bin_directory = directory / ('Scripts' if windows else 'bin')
    # If tests run in parallel, the first one that needs a tool makes it for all of them.
    with FileLock(_made(directory.parent) / f'{name}.lock'):
        if not stamp.exists() or stamp.read_text(encoding='utf-8') != '\n'.join(requirements):
            shutil.rmtree(directory, ignore_errors=True)
            # Use links, like `python -m venv`: on some systems, a copied interpreter does not find its libraries.
            venv.create(directory, with_pip=True, symlinks=not windows)
            ordinary_pip(bin_directory / 'python', 'install', '--upgrade', 'pip', *requirements)
            # This comes last, so that an interrupted installation starts again.
            stamp.write_text('\n'.join(requirements), encoding='utf-8')
    return bin_directory


def tool_directory(name: str) -> Path:
    """Return the directory of a tool for this Python, because tox runs the tests with several."""
    return CACHE / 'tools' / f'python{sys.version_info.major}.{sys.version_info.minor}' / name


def fetch_library(name: str, version: str, python: str) -> Path:
    """Return a directory for PYTHONPATH: the unpacked wheel of a release, for this version of Python."""
    directory = CACHE / 'libraries' / f'{name}-{version}'
    with FileLock(_made(directory.parent) / f'{directory.name}.lock'):
        if not directory.exists():
            with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
                options = ['--no-deps', '--no-cache-dir', '--dest', scratch, '--only-binary', ':all:']
                options += ['--python-version', python]
                ordinary_pip(Path(sys.executable), 'download', *options, f'{name}=={version}')
                [wheel] = Path(scratch).glob('*.whl')
                with zipfile.ZipFile(wheel) as archive:
                    archive.extractall(Path(scratch) / 'library')
                (Path(scratch) / 'library').rename(directory)
    return directory


def build_wheel(target: Path) -> Path:
    """Build the wheel of this program from a copy, because setuptools leaves `build/` and `*.egg-info/` behind."""
    with tempfile.TemporaryDirectory(dir=target) as scratch:
        source = Path(scratch) / 'source'
        shutil.copytree(ROOT / 'dumb_pypi', source / 'dumb_pypi', ignore=shutil.ignore_patterns('__pycache__'))
        for name in ('setup.py', 'pyproject.toml', 'README.md', 'LICENSE'):
            shutil.copy(ROOT / name, source)
        command = [sys.executable, '-m', 'pip', 'wheel', '--no-deps', '--no-build-isolation', '--no-index', '--quiet']
        subprocess.run([*command, '--wheel-dir', target, source], check=True)
    [wheel] = target.glob('*.whl')
    return wheel


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def ordinary_pip(python: Path, *arguments: str) -> None:
    """Run pip with the configuration of this machine, which names the index to use."""
    command = [str(python), '-m', 'pip', *arguments, '--quiet', '--no-input', '--disable-pip-version-check']
    process = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=_SECONDS_TO_WAIT,
        encoding='utf-8',
    )
    if process.returncode:
        raise RuntimeError(f'{" ".join(arguments)}: {process.stdout}')


def _starts(python: str) -> bool:
    command = [python, '-c', '']
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0
