"""The README promises nothing that a test has not seen."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from dumb_pypi.main import main
from dumb_pypi.package_list.lines import FACTS_KEYS, PACKAGE_KEYS

ROOT = Path(__file__).parent.parent
README = (ROOT / 'README.md').read_text(encoding='utf-8')


def section(heading: str) -> str:
    """The text below a heading of the second level."""
    found = re.search(rf'^## {re.escape(heading)}\n(.+?)(?=^## |\Z)', README, re.MULTILINE | re.DOTALL)
    assert found is not None, heading
    return found[1]


def block(heading: str, language: str) -> str:
    """The fenced block of a section."""
    found = re.search(rf'^```{language}\n(.+?)^```$', section(heading), re.MULTILINE | re.DOTALL)
    assert found is not None, heading
    return found[1]


def test_the_help_text_is_the_one_that_the_program_prints(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('COLUMNS', '80')
    monkeypatch.setenv('NO_COLOR', '1')  # Python 3.14 colours help
    with pytest.raises(SystemExit) as exit_status:
        main(['--help'])
    assert exit_status.value.code == 0
    printed, shown = capsys.readouterr().out, block('Options', '')
    # Where the lines of the usage break depends on the version of Python.
    assert ' '.join(printed.split()) == ' '.join(shown.split())


def test_the_first_25_lines_show_the_one_command_for_a_fresh_machine() -> None:
    assert '    $ make demo\n' in '\n'.join(README.splitlines()[:25])
    assert re.search(r'^demo:', (ROOT / 'Makefile').read_text(encoding='utf-8'), re.MULTILINE)


def test_the_first_own_list_is_built_by_the_command_shown(tmp_path: Path) -> None:
    command = next(line for line in README.splitlines() if line.startswith('    $ ls pool |')).removeprefix('    $ ')
    (tmp_path / 'pool').mkdir()
    (tmp_path / 'pool' / 'foo-1.0.tar.gz').touch()
    program = f'{shlex.quote(sys.executable)} -m dumb_pypi'
    result = subprocess.run(
        ['sh', '-c', command.replace('dumb-pypi', program)],
        cwd=tmp_path,
        env={'PYTHONPATH': str(ROOT), 'PATH': '/usr/bin:/bin'},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (result.stdout, result.stderr) == ('', '')
    page = (tmp_path / 'site' / 'simple' / 'foo' / 'index.html').read_text(encoding='utf-8')
    assert 'href="../../pool/foo-1.0.tar.gz"' in page


def test_every_key_of_a_line_is_in_the_table() -> None:
    rows = [line.split('|')[1] for line in section('The list').splitlines() if line.startswith('| `')]
    assert {key for row in rows for key in re.findall(r'`(\w+)`', row)} == set(PACKAGE_KEYS)
    assert all(f'"{key}": "' in section('The list') or f'`{key}`' in section('The pages') for key in FACTS_KEYS)


def test_the_nginx_configuration_is_the_one_that_the_tests_serve_with() -> None:
    assert block('Serving it', 'nginx') == (ROOT / 'testing' / 'nginx' / 'short.conf').read_text(encoding='utf-8')


def test_the_changelog_begins_with_the_version_of_the_program() -> None:
    from dumb_pypi import __version__

    headings = re.findall(r'^## (.+)$', (ROOT / 'CHANGELOG.md').read_text(encoding='utf-8'), re.MULTILINE)
    assert headings[0] == __version__
