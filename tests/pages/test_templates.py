"""The values for the templates, and the template lines in tracebacks, tested with edited copies of the program."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from dumb_pypi.pages.escaping import Environment
from dumb_pypi.pages.rendering import render_macro
from testing.long import unmeasured_env
from testing.sites import PACKAGES_URL, build, write_list
from testing.states import pages
from testing.tools import ROOT

SAMPLE = ROOT / 'testing' / 'sample-packages.jsonl'


def edit(directory: Path, path: str, part: str, instead: str) -> str:
    """Copy the program with an edit in one of its files. Return the text before the edit."""
    shutil.copytree(ROOT / 'dumb_pypi', directory / 'dumb_pypi', ignore=shutil.ignore_patterns('__pycache__'))
    before, found, after = (directory / 'dumb_pypi' / path).read_text(encoding='utf-8').partition(part)
    assert found == part
    (directory / 'dumb_pypi' / path).write_text(f'{before}{instead}{after}', encoding='utf-8')
    return before


def run_edited(directory: Path, packages: Path) -> subprocess.CompletedProcess[str]:
    arguments = ['--package-list-json', str(packages), '--packages-url', PACKAGES_URL, '--output-dir', 'site']
    return subprocess.run(
        [sys.executable, '-m', 'dumb_pypi', *arguments, '--jobs', '1'],
        cwd=directory,
        # Without coverage: its report would look for the copy, which is gone by then.
        env=unmeasured_env(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_new_key_of_a_list_changes_no_page(tmp_path: Path) -> None:
    lines = [json.loads(line) for line in SAMPLE.read_text(encoding='utf-8').splitlines()]
    assert build(tmp_path / 'expected', lines) == 0
    expected = pages(tmp_path / 'expected')
    key = '    requires_python: '
    edit(tmp_path, 'package_list/lines.py', key, f'    colour: _Text | None = None\n{key}')
    packages = write_list(tmp_path / 'list.jsonl', [line | {'colour': 'red'} for line in lines if 'filename' in line])
    facts = [line for line in lines if 'filename' not in line]
    with packages.open('a', encoding='utf-8') as file:
        file.writelines(f'{json.dumps(line)}\n' for line in facts)
    done = run_edited(tmp_path, packages)
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
    found = pages(tmp_path / 'site')
    assert b'"colour":"red"' in found.pop('packages.json')
    del expected['packages.json']
    assert found == expected


@pytest.mark.parametrize(
    ('template', 'part', 'broken'),
    [
        pytest.param('project.html', '{{ facts.summary }}', '{{ 1 // 0 }}', id='a page that is a macro'),
        pytest.param('files.html', '{{ row.filename }}', '{{ 1 // 0 }}', id='a loop in a macro that a macro calls'),
        pytest.param('release.html', '{% set release', '{% set broken = 1 // 0 %}{% set release', id='a tag'),
        pytest.param('simple_index.html', '{% for', '{% set broken = 1 // 0 %}{% for', id='a tag before a loop'),
        pytest.param('home.html', '{{ settings.title }}', '{{ 1 // 0 }}', id='a page that is a template'),
    ],
)
def test_a_traceback_through_a_template_names_its_line(template: str, part: str, broken: str, tmp_path: Path) -> None:
    before = edit(tmp_path, f'templates/{template}', part, broken)
    done = run_edited(tmp_path, SAMPLE)
    assert done.returncode == 1
    assert re.findall(r'line (\d+)', done.stderr.rpartition(f'templates/{template}"')[2])[0] == str(
        before.count('\n') + 1
    )
    assert done.stderr.endswith('ZeroDivisionError: integer division or modulo by zero\n')


def test_an_error_in_a_macro_names_the_line_of_the_macro() -> None:
    with pytest.raises(UndefinedError, match=r"^'None' has no attribute 'status'$") as error:
        render_macro('simple_project.html', api_version='1.4', name='flask', facts=None, files=[], prefix='')
    path = ROOT / 'dumb_pypi/templates/simple_project.html'
    before, _, _ = path.read_text(encoding='utf-8').partition('{{ facts.status }}')
    assert [each.lineno for each in error.traceback if each.path == path] == [before.count('\n')]


def test_the_line_of_a_tag_is_not_that_of_the_one_after_it() -> None:
    lines = ['{% macro page() %}', '{% set a = 1 // 0 %}', '{% for b in a %}', '{% endfor %}', '{% endmacro %}']
    template = Environment(trim_blocks=True).from_string('\n'.join([*lines, '{{ page() }}']))
    with pytest.raises(ZeroDivisionError) as error:
        template.render()
    assert [each.lineno + 1 for each in error.traceback if str(each.path) == '<template>'] == [6, 2]
