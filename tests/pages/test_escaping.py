"""Escaping uses private names of Jinja and MarkupSafe; these tests fail as soon as one of them changes."""

from __future__ import annotations

import html
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
from testing.reading import read_anchors, read_json
from testing.sites import PACKAGES_URL, build, write_list
from testing.states import entries
from testing.tools import ROOT

SAMPLE = ROOT / 'testing' / 'sample-packages.jsonl'
VALUES = ['', 'plain', '<b>', '&amp;', '"', "'", '>', '&<>"\'', 'é\U0001f40d', '\0', '{{', ' ' * 1000 + '<']


def test_texts_are_escaped_by_the_function_in_c() -> None:
    from markupsafe._speedups import _escape_inner

    assert escape_text is _escape_inner


def test_jinja_still_has_the_methods_that_the_compiler_replaces() -> None:
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
def test_the_function_in_c_and_its_replacement_agree(value: str) -> None:
    assert escape_text(value) == escape_slowly(value) == str(markupsafe.escape(value))
    assert type(escape_slowly(value)) is str


def test_a_text_that_claims_to_be_markup_is_escaped() -> None:
    class Text(str):
        """A text that is neither `Markup` nor a plain `str`."""

    assert escape_other(Text('<b>')) == '&lt;b&gt;'
    assert escape_other(Markup('<b>')) == '<b>'


# MarkupSafe without its compiled part, and with an unknown one, as in a future release.
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


@pytest.mark.parametrize('filename', ["foo-1.0+a&b'c.zip", 'foo-1.0+&lt.zip', 'foo-1.0+c.zip'])
def test_a_name_that_is_its_own_url_is_escaped_too(filename: str, tmp_path: Path) -> None:
    site = tmp_path / 'site'
    assert build(site, [{'filename': filename, 'url': filename, 'upload_timestamp': 1}]) == 0
    for path in ('simple/foo/index.html', 'project/foo/index.html'):
        page = (site / path).read_text(encoding='utf-8')
        # There are two escapes for an apostrophe.
        assert html.escape(filename) in page.replace('&#39;', '&#x27;')
        assert filename == html.escape(filename) or filename not in page
    assert read_anchors(site, 'foo').keys() == {filename}
    assert read_anchors(site, 'foo')[filename]['href'] == f'../../pool/{filename}'
    for path, key in (('simple/foo/index.v1_json', 'files'), ('pypi/foo/json', 'urls')):
        (found,) = read_json(site / path)[key]
        assert (found['filename'], found['url'].rpartition('pool/')[2]) == (filename, filename)


def test_a_name_with_markup_is_escaped_whatever_its_url(tmp_path: Path) -> None:
    filename, site = 'foo-1.0+<b>&\'"é.zip', tmp_path / 'site'
    assert build(site, [{'filename': filename, 'url': 'foo.zip', 'upload_timestamp': 1}]) == 0
    for path in ('simple/foo/index.html', 'project/foo/index.html'):
        page = (site / path).read_text(encoding='utf-8')
        assert '+<b>' not in page
        assert '+&lt;b&gt;&amp;' in page
    assert read_anchors(site, 'foo')[filename]['href'] == '../../pool/foo.zip'
    for path, key in (('simple/foo/index.v1_json', 'files'), ('pypi/foo/json', 'urls')):
        assert [each['filename'] for each in read_json(site / path)[key]] == [filename]
