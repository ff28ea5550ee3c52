"""Everything that the README promises is tested."""

import re
from pathlib import Path

import pytest

from dumb_pypi.main import main
from dumb_pypi.package_list.lines import FACTS_KEYS, PACKAGE_KEYS
from testing.documents import block, blocks, read, section
from testing.sites import build
from testing.tools import ROOT


def test_the_help_text_is_the_one_that_the_program_prints(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('COLUMNS', '80')
    monkeypatch.setenv('NO_COLOR', '1')  # Python 3.14 colours help
    with pytest.raises(SystemExit) as exit_status:
        main(['--help'])
    assert exit_status.value.code == 0
    printed, shown = capsys.readouterr().out, block('README.md', 'usage: dumb-pypi ')
    # The line breaks of the usage depend on the version of Python.
    assert ' '.join(printed.split()) == ' '.join(shown.split())


def test_the_first_25_lines_show_the_one_command_for_a_fresh_machine() -> None:
    assert '\nmake -C dumb-pypi demo\n' in '\n'.join(read('README.md').splitlines()[:25])


def test_every_key_of_a_line_is_in_the_table() -> None:
    text = section('docs/lists.md', 'The format')
    rows = [line.split('|')[1] for line in text.splitlines() if line.startswith('| `')]
    assert {key for row in rows for key in re.findall(r'`(\w+)`', row)} == set(PACKAGE_KEYS)
    pages = section('README.md', 'The pages')
    assert [key for key in FACTS_KEYS if f'"{key}": "' not in text and f'`{key}`' not in pages] == []


def test_the_example_line_of_a_list_is_accepted_silently(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    [line] = [each.text for each in blocks('README.md', 'The list') if each.language == 'json']
    assert build(tmp_path / 'site', [line.rstrip()], '--strict') == 0
    assert capsys.readouterr() == ('', '')


def test_the_nginx_configuration_is_the_one_that_the_tests_serve_with() -> None:
    shown = block('docs/serving.md', 'root /srv/pypi;')
    assert shown == (ROOT / 'testing' / 'nginx' / 'short.conf').read_text(encoding='utf-8')


def test_the_changelog_begins_with_the_version_of_the_program() -> None:
    from dumb_pypi import __version__

    headings = re.findall(r'^## (.+)$', (ROOT / 'CHANGELOG.md').read_text(encoding='utf-8'), re.MULTILINE)
    assert headings[0] == __version__
