"""The first screen of the README, as a new user follows it: each line, from the clone to the install."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from testing.clients import Client, isolated_env
from testing.distributions import make_sdist, make_wheel
from testing.documents import block, read
from testing.real_pool import fetch_flask
from testing.strangers import git_env, run_shell
from testing.tools import missing
from testing.waiting import wait_for

FLASK = {'blinker', 'click', 'flask', 'itsdangerous', 'jinja2', 'markupsafe', 'werkzeug'}
# What renders descriptions, so that they are seen as they should be.
RENDERER = {'readme-renderer', 'comrak', 'docutils', 'nh3', 'pygments'}


@pytest.fixture(scope='module')
def system_python() -> str:
    """Return the version of the system Python, whose environments have an older pip, on Debian 23.0.1."""
    program = "import sys; import ensurepip; assert sys.version_info >= (3, 10); print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run(['/usr/bin/python3', '-c', program], capture_output=True, check=False, encoding='utf-8')
    if done.returncode != 0:
        missing('a Python of the system, 3.10 or newer', 'apt-get install python3-venv')
    return done.stdout.strip()


@pytest.fixture(scope='module')
def home(system_python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a home with two packages in `wheels/`, one requiring the other, and Flask with its dependencies."""
    home = tmp_path_factory.mktemp('home')
    wheels = home / 'wheels'
    wheels.mkdir()
    make_wheel(wheels, 'foo', '1.0', requires_dist=['bar>=1'])
    make_wheel(wheels, 'bar', '1.2', requires_python='>=3.8')
    make_sdist(wheels, 'bar', '1.1')
    shutil.copytree(fetch_flask(system_python), wheels, dirs_exist_ok=True)
    return home


def test_from_the_clone_to_an_installed_flask(home: Path, uv: Client, tmp_path: Path) -> None:
    env = with_system_python(git_env(home))
    printed = run_shell(block('README.md', 'git clone'), tmp_path, env)
    [promised] = re.findall(r'`(demo: .+)`', read('README.md'))
    assert promised in printed.splitlines()
    demo = packages(tmp_path / 'dumb-pypi' / '.cache' / 'demo')
    with served(block('README.md', 'mkdir -p site/pool'), tmp_path, env) as port:
        install = block('README.md', '--index-url').replace(':8000/', f':{port}/')
        # Without the pip configuration of this machine: packages come only from this index.
        run_shell(
            f'{install}{install.splitlines()[-1].replace(" foo", " flask")}',
            tmp_path,
            with_system_python(isolated_env(home)),
        )
        url = f'http://127.0.0.1:{port}/simple/'
        outcome = uv.run(*uv.command, '--default-index', url, '--target', str(tmp_path / 'by-uv'), 'flask')
        assert outcome.status == 0, outcome.output
    program, installed = packages(tmp_path / 'env'), packages(tmp_path / 'try')
    assert demo == {'dumb-pypi', 'jinja2', 'markupsafe', 'msgspec', 'packaging', *RENDERER}
    assert program == demo
    assert installed == {'foo', 'bar', *FLASK}
    assert {path.name.split('-')[0].lower() for path in (tmp_path / 'by-uv').glob('*.dist-info')} == FLASK
    # The files are where the picture in the README shows them.
    picture = [line.split()[0] for line in block('README.md', 'site/simple/foo/index.html').splitlines()]
    assert len(picture) == 5
    assert [path for path in picture if not (tmp_path / path).exists()] == []
    page = (tmp_path / 'site' / 'simple' / 'foo' / 'index.html').read_text(encoding='utf-8')
    assert 'href="../../pool/foo-1.0-py3-none-any.whl#sha256=' in page


def with_system_python(env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of somebody with only the system Python."""
    return {**env, 'PATH': f'/usr/bin:/bin:{env["PATH"]}'}


@contextmanager
def served(commands: str, directory: Path, env: dict[str, str]) -> Iterator[int]:
    """Run a block that ends with a server, on a free port instead of 8000. Yields that port."""
    assert commands.count(' 8000\n') == 1
    log = directory / 'server.log'
    with (
        log.open('wb') as output,
        subprocess.Popen(
            ['bash', '-euo', 'pipefail', '-c', commands.replace(' 8000\n', ' 0\n')],
            cwd=directory,
            # Python buffers its output to a file.
            env=env | {'PYTHONUNBUFFERED': '1'},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        ) as process,
    ):
        try:
            found = wait_for(lambda: re.search(r' port (\d+) ', log.read_text(encoding='utf-8')), process, log)
            yield int(found[1])
        finally:
            # The shell waits for the server: both have to end.
            os.killpg(process.pid, signal.SIGTERM)


def packages(environment: Path) -> set[str]:
    """Return the installed packages, except those in every environment."""
    found = {path.name.split('-')[0].lower() for path in environment.glob('lib/python*/site-packages/*.dist-info')}
    return {name.replace('_', '-') for name in found} - {'pip', 'setuptools'}
