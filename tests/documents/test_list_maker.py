"""`dumb-pypi-list` does what docs/lists.md says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from dumb_pypi.pool.main import main
from testing.documents import Block, block, blocks
from testing.pools import described_wheel, make_pool
from testing.strangers import write_commands


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


class Shell(NamedTuple):
    """Runs the commands of a document in a directory, with both programs of this checkout."""

    directory: Path
    env: dict[str, str]

    def run(self, commands: str) -> None:
        bash = ['bash', '-c', commands]
        done = subprocess.run(
            bash, cwd=self.directory, env=self.env, check=False, capture_output=True, encoding='utf-8'
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, '', '')

    def listed(self, name: str) -> list[str]:
        lines = [json.loads(line) for line in (self.directory / name).read_text(encoding='utf-8').splitlines()]
        return [line['filename'] for line in lines if 'filename' in line]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    programs = tmp_path / 'bin'
    write_commands(programs)
    env = {**os.environ, 'PATH': f'{programs}{os.pathsep}{os.environ["PATH"]}'}
    (tmp_path / 'here').mkdir()
    return Shell(tmp_path / 'here', env)


def scripts(found: list[Block]) -> list[str]:
    return [each.text for each in found if each.language == 'bash']


def test_each_recipe_makes_the_site(shell: Shell) -> None:
    """The recipe for a bucket runs on the local pool with another URL."""
    recipes = scripts(blocks('docs/lists.md', 'Making the list'))
    assert len(recipes) == 3
    for recipe in recipes:
        shutil.rmtree(shell.directory)
        make_pool(shell.directory / 'site' / 'pool')
        shell.run(recipe.replace('s3://my-bucket/pool', f'file://{shell.directory}/site/pool'))
        page = (shell.directory / 'site' / 'simple' / 'foo' / 'index.html').read_text(encoding='utf-8')
        assert page.count('#sha256=') == 4
        assert page.count('data-core-metadata="sha256=') == (2 if '--write-metadata' in recipe else 0)


def test_a_job_that_has_only_the_new_files_adds_them_to_the_site(shell: Shell) -> None:
    [recipe] = scripts(blocks('docs/lists.md', 'From a job that has only the new files'))
    make_pool(shell.directory / 'dist')
    (shell.directory / 'list').touch()
    (shell.directory / 'site' / 'pool').mkdir(parents=True)
    shell.run(recipe)
    first = (shell.directory / 'list').read_bytes()
    shutil.rmtree(shell.directory / 'dist')
    described_wheel(shell.directory / 'dist' / 'team', 'Foo', '2.0', 'Summary: new')
    shell.run(recipe)
    assert len(shell.listed('list')) == 9
    page = (shell.directory / 'site' / 'simple' / 'foo' / 'index.html').read_text(encoding='utf-8')
    assert page.count('data-core-metadata="sha256=') == 3
    assert (shell.directory / 'site' / 'pool' / 'team' / 'Foo-2.0-py3-none-any.whl.metadata').exists()
    # The known lines are unchanged, and the whole pool gives the same list.
    assert {*first.splitlines()} <= {*(shell.directory / 'list').read_bytes().splitlines()}
    shell.run('dumb-pypi-list site/pool | cmp list')


def test_files_in_several_places_are_listed_below_one_root_or_at_a_url(shell: Shell) -> None:
    [below, elsewhere] = scripts(blocks('docs/lists.md', 'Several places'))
    for name in ('cu121', 'common'):
        described_wheel(shell.directory / 'site' / 'pool' / name, f'{name}_lib', '1.0')
    shell.run(below)
    paths = ['common/common_lib-1.0-py3-none-any.whl', 'cu121/cu121_lib-1.0-py3-none-any.whl']
    assert shell.listed('list') == paths
    described_wheel(shell.directory / 'dist', 'new', '1.2')
    shell.run(elsewhere)
    assert shell.listed('list.new') == [*paths, 'new-1.2-py3-none-any.whl']
    line = json.loads((shell.directory / 'list.new').read_text(encoding='utf-8').splitlines()[-1])
    assert line['url'] == 'https://wheels.example.com/v1.2/new-1.2-py3-none-any.whl'


def test_old_releases_leave_the_list_and_then_the_pool(shell: Shell) -> None:
    [age, removal] = scripts(blocks('docs/lists.md', 'Keeping the newest'))
    pool = shell.directory / 'site' / 'pool'
    described_wheel(pool, 'Foo', '1.0', 'Summary: old')
    described_wheel(pool, 'bar', '1.0', 'Summary: old')
    os.utime(described_wheel(pool, 'Foo', '1.1', 'Summary: new'))
    shell.run('dumb-pypi-list --write-metadata site/pool > list')
    os.utime(described_wheel(shell.directory / 'dist', 'Foo', '1.2', 'Summary: newer'))
    shell.run(age)
    assert shell.listed('list.new') == ['Foo-1.1-py3-none-any.whl', 'Foo-1.2-py3-none-any.whl']
    shell.run(removal)
    assert sorted(path.name for path in pool.iterdir()) == [
        'Foo-1.1-py3-none-any.whl',
        'Foo-1.1-py3-none-any.whl.metadata',
    ]
