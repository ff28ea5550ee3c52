"""What docs/lists.md says of `dumb-pypi-list` is what it does."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from dumb_pypi.pool.main import main
from testing.documents import block, blocks
from testing.pools import make_pool
from testing.tools import ROOT


def test_the_help_text_is_the_one_that_the_command_prints(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('COLUMNS', '80')
    monkeypatch.setenv('NO_COLOR', '1')  # Python 3.14 colours help
    with pytest.raises(SystemExit) as exit_status:
        main(['--help'])
    assert exit_status.value.code == 0
    shown = block('docs/lists.md', 'usage: dumb-pypi-list')
    printed = capsys.readouterr().out
    # Where the lines of the usage break depends on the version of Python.
    assert ' '.join(printed.split()) == ' '.join(shown.split())


def test_each_recipe_makes_the_site(tmp_path: Path) -> None:
    """That of a bucket with the pool beside it: only the address is another one."""
    recipes = [each.text for each in blocks('docs/lists.md', 'Making the list') if each.language == 'bash']
    assert len(recipes) == 3
    programs = tmp_path / 'bin'
    programs.mkdir()
    for name, module in (('dumb-pypi-list', 'dumb_pypi.pool'), ('dumb-pypi', 'dumb_pypi')):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m {module} "$@"\n', encoding='utf-8')
        program.chmod(0o755)
    env = {**os.environ, 'PATH': f'{programs}{os.pathsep}{os.environ["PATH"]}', 'PYTHONPATH': str(ROOT)}
    for number, recipe in enumerate(recipes):
        directory = tmp_path / str(number)
        make_pool(directory / 'site' / 'pool')
        command = recipe.replace('s3://my-bucket/pool', f'file://{directory}/site/pool')
        done = subprocess.run(
            ['bash', '-c', command], cwd=directory, env=env, check=False, capture_output=True, encoding='utf-8'
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
        page = (directory / 'site' / 'simple' / 'foo' / 'index.html').read_text(encoding='utf-8')
        assert page.count('#sha256=') == 4
        assert page.count('data-core-metadata="sha256=') == (2 if '--write-metadata' in recipe else 0)
