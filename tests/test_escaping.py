"""Escaping goes by private names of Jinja and MarkupSafe: the day one of them moves, these tests say so."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import jinja2
import jinja2.compiler
import markupsafe
import pytest
from markupsafe import Markup

from dumb_pypi.pages import escaping
from dumb_pypi.pages.escaping import Environment, escape_other, escape_slowly, escape_text
from dumb_pypi.pages.rendering import read_templates
from testing.sites import PACKAGES_URL, write_list
from testing.states import entries

PACKAGE = Path(escaping.__file__).parent.parent
SAMPLE = PACKAGE.parent / 'testing' / 'sample-packages.jsonl'
VALUES = ['', 'plain', '<b>', '&amp;', '"', "'", '>', '&<>"\'', 'é\U0001f40d', '\0', '{{', ' ' * 1000 + '<']


def test_texts_are_escaped_by_the_function_in_c() -> None:
    from markupsafe._speedups import _escape_inner

    assert escape_text is _escape_inner


def test_jinja_still_has_what_the_compiler_takes_the_place_of() -> None:
    assert jinja2.Environment.code_generator_class is jinja2.compiler.CodeGenerator
    for name in ('_output_child_pre', '_output_child_post'):
        assert callable(getattr(jinja2.compiler.CodeGenerator, name))
        assert getattr(escaping._Compiler, name) is not getattr(jinja2.compiler.CodeGenerator, name)
    assert Environment.code_generator_class is escaping._Compiler
    assert callable(jinja2.Environment._generate)


@pytest.mark.parametrize('name', sorted(read_templates().list_templates(['html', 'xml'])))
def test_a_compiled_template_calls_that_function_and_no_other(name: str) -> None:
    environment = read_templates()
    assert environment.loader is not None
    source = environment.loader.get_source(environment, name)[0]
    compiled = environment.compile(source, name, raw=True)
    assert 'escape(' not in compiled.replace('_text(', '').replace('_other(', '')
    if '{{' in source:
        assert '_text(' in compiled


@pytest.mark.parametrize('value', [*VALUES, 0, -17, 10**20, 1.5, None, True, Markup('<b>&</b>'), Path('<a>')])
def test_a_template_escapes_a_value_as_jinja_does(value: object) -> None:
    template = 'a{{ value }}b{% if value %}<{{ value }}>{% endif %}"{{ value }}"'
    ours = Environment(autoescape=True).from_string(template).render(value=value)
    assert ours == jinja2.Environment(autoescape=True).from_string(template).render(value=value)


@pytest.mark.parametrize('value', VALUES)
def test_the_function_in_c_and_the_one_instead_say_the_same(value: str) -> None:
    assert escape_text(value) == escape_slowly(value) == str(markupsafe.escape(value))
    assert type(escape_slowly(value)) is str


def test_a_text_that_claims_to_be_markup_is_not_believed() -> None:
    class Text(str):
        """No `Markup`, and no plain text either."""

    assert escape_other(Text('<b>')) == '&lt;b&gt;'
    assert escape_other(Markup('<b>')) == '<b>'


# MarkupSafe without its compiled half, and as if its next release had another one.
WITHOUT = """
import sys
{missing}
from dumb_pypi.pages import escaping
assert escaping.escape_text is escaping.escape_slowly
from dumb_pypi.main import main
raise SystemExit(main(sys.argv[1:]))
"""
MISSING = {
    'no compiled half': "sys.modules['markupsafe._speedups'] = None",
    'another compiled half': "import types; sys.modules['markupsafe._speedups'] = types.ModuleType('speedups')",
}


@pytest.mark.parametrize('missing', MISSING.values(), ids=MISSING)
def test_without_the_function_in_c_the_site_has_the_same_bytes(missing: str, tmp_path: Path) -> None:
    lines = SAMPLE.read_text(encoding='utf-8').splitlines()
    packages = write_list(tmp_path / 'list.jsonl', [*lines, '{"filename": "foo-1.0.zip", "uploaded_by": "<&\\"\'>"}'])
    command = ['--package-list-json', str(packages), '--packages-url', PACKAGES_URL, '--jobs', '1']
    for name, script in (('usual', ['-m', 'dumb_pypi']), ('slow', ['-c', WITHOUT.format(missing=missing)])):
        site = str(tmp_path / name)
        done = subprocess.run(
            [sys.executable, *script, *command, '--output-dir', site], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, '')
    assert entries(tmp_path / 'slow') == entries(tmp_path / 'usual')


@pytest.mark.parametrize(
    ('template', 'part', 'broken'),
    [
        pytest.param('project.html', '{{ facts.summary }}', '{{ 1 // 0 }}', id='a page that is a macro'),
        pytest.param('release.html', '{{ filename }}', '{{ 1 // 0 }}', id='a loop in a macro that a macro calls'),
        pytest.param('release.html', '{% set version', '{% set broken = 1 // 0 %}{% set version', id='a tag'),
        pytest.param('simple_index.html', '{% for', '{% set broken = 1 // 0 %}{% for', id='a tag before a loop'),
        pytest.param('home.html', '{{ settings.title }}', '{{ 1 // 0 }}', id='a page that is a template'),
    ],
)
def test_a_traceback_out_of_a_template_has_the_line_of_the_template(
    template: str, part: str, broken: str, tmp_path: Path
) -> None:
    shutil.copytree(PACKAGE, tmp_path / 'dumb_pypi', ignore=shutil.ignore_patterns('__pycache__'))
    path = tmp_path / 'dumb_pypi' / 'templates' / template
    before, _, after = path.read_text(encoding='utf-8').partition(part)
    path.write_text(f'{before}{broken}{after}', encoding='utf-8')
    options = [
        '--package-list-json',
        str(SAMPLE),
        '--packages-url',
        PACKAGES_URL,
        '--output-dir',
        str(tmp_path / 'site'),
    ]
    done = subprocess.run(
        [sys.executable, '-m', 'dumb_pypi', *options, '--jobs', '1'],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert re.findall(r'line (\d+)', done.stderr.rpartition(f'templates/{template}"')[2])[0] == str(
        before.count('\n') + 1
    )
    assert done.stderr.endswith('ZeroDivisionError: integer division or modulo by zero\n')


def test_the_line_of_a_tag_is_not_that_of_the_one_after_it() -> None:
    lines = ['{% macro page() %}', '{% set a = 1 // 0 %}', '{% for b in a %}', '{% endfor %}', '{% endmacro %}']
    template = Environment(trim_blocks=True).from_string('\n'.join([*lines, '{{ page() }}']))
    with pytest.raises(ZeroDivisionError) as error:
        template.render()
    assert [each.lineno + 1 for each in error.traceback if str(each.path) == '<template>'] == [6, 2]
