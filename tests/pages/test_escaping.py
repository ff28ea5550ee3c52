"""Escaping goes by private names of Jinja and MarkupSafe: the day one of them moves, these tests say so."""

from __future__ import annotations

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
from testing.tools import ROOT

SAMPLE = ROOT / 'testing' / 'sample-packages.jsonl'
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
from testing.tools import ROOT
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
