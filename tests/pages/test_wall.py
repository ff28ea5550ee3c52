"""Descriptions are rendered behind a wall: none can reach anything, take long, or harm another."""

from __future__ import annotations

import contextlib
import html
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dumb_pypi.pages.description import Descriptions
from dumb_pypi.pages.renderer import BUG, COMMON_MARK, GFM, HTML, LONGEST_RESULT, RST, TEXT, make_answer
from dumb_pypi.pages.wall import Limits
from testing.long import unmeasured_env
from testing.sites import build, tree, write_list
from testing.tools import ROOT
from testing.waiting import wait_for

MARKDOWN = 'text/markdown'
ENDLESS = '.. note::\n\n' + ''.join(f'   .. |a{n}| replace:: |a{n + 1}| |a{n + 1}|\n' for n in range(40))
ENDLESS += '   .. |a40| replace:: b\n\n   |a0|'
TOO_WIDE = '.. csv-table::\n\n   ' + 'a,' * 4_900 + 'a\n' + '   a\n' * 17_000
OVER = 'the description takes too much time or memory to render, and is shown as text\n'


def described(name: str, text: str, content_type: str = 'text/x-rst') -> list[dict[str, str]]:
    """Return the lines of a project with a description."""
    return [
        {'filename': f'{name}-1.0.tar.gz'},
        {'project': name, 'description': text, 'description_content_type': content_type},
    ]


def shown(site: Path, project: str) -> str:
    """Return the description on the project page."""
    page = (site / 'project' / project / 'index.html').read_text(encoding='utf-8')
    found = re.search('<div class="description[ a-z]*" dir="auto">(.*?)</div>\n</section>', page, re.DOTALL)
    assert found is not None
    return html.unescape(found[1]).strip()


def children(process: int) -> list[int]:
    """Return the child processes of a process, and their children."""
    found = []
    with contextlib.suppress(FileNotFoundError):
        for task in Path(f'/proc/{process}/task').iterdir():
            for child in (task / 'children').read_text().split():
                found += [int(child), *children(int(child))]
    return found


@pytest.fixture
def descriptions() -> Iterator[Descriptions]:
    with Descriptions(Limits(cpu=1, used_cpu=0.2)) as descriptions:
        yield descriptions


# ---------------------------------------------------------------------------------------------- one stops no other

BESIDE = [
    *described('Good', '*good* `a <https://a.example.com/>`_'),
    *described('Also.Good', '# good\n\n```python\ndef\n```', MARKDOWN),
]


def test_a_description_that_never_ends_is_shown_as_text_and_harms_no_other(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert build(tmp_path / 'beside', BESIDE) == 0
    hostile = [*described('Endless', ENDLESS), *described('Its.Twin', ENDLESS), *described('Wide', TOO_WIDE)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert build(tmp_path / 'site', [*BESIDE[:2], *hostile, *BESIDE[2:]], '--strict') == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert capfd.readouterr().err == ''.join(f'{name}: {OVER}' for name in ('endless', 'its-twin', 'wide'))
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2 * 10  # two, each tried twice
    assert after.ru_maxrss < 600 * 2**10
    for name, text in (('endless', ENDLESS), ('its-twin', ENDLESS), ('wide', TOO_WIDE)):
        assert shown(tmp_path / 'site', name) == text.strip()
    pages = {path: content for path, content in tree(tmp_path / 'beside').items() if re.search('/(also-)?good/', path)}
    assert len(pages) > 8
    assert pages.items() <= tree(tmp_path / 'site').items()
    assert children(os.getpid()) == []
    # Without changes, nothing is rendered or reported again.
    assert build(tmp_path / 'site', [*BESIDE, *hostile]) == 0
    assert capfd.readouterr().err == ''
    assert resource.getrusage(resource.RUSAGE_CHILDREN) == after


def doubling(definition: str, indent: str = '') -> str:
    """Return a text that doubles 40 times."""
    texts = [definition.format(name=f'|a{n}|', twice=f'|a{n + 1}| |a{n + 1}|') for n in range(40)]
    lines = '\n'.join([*texts, '.. |a40| replace:: b', '', '|a0|']).splitlines()
    return ''.join(f'{indent}{line}\n' for line in lines)


MANY = '.. contents::\n\n' * 1_500 + ''.join(f'a{n}\n=====\n\n' for n in range(5_000))
OTHER_CASE = '.. |x| replace:: ' + 'b' * 9_000 + '\n\n' + ('|X| ' * 2_000 + '\n') * 10
LETTERS = '.. |u| unicode:: ' + '0x41 ' * 1_900 + '\n\n' + ('|u| ' * 2_000 + '\n') * 10
TWO_LINES = ''.join(f'.. |a\n   {n}| replace:: |a {n + 1}| |a {n + 1}|\n' for n in range(40))
TWO_LINES += '.. |a 40| replace:: b\n\n|a 0|'
OVER_LIMIT = [
    pytest.param('* a\n\n' + doubling('.. {name} replace:: {twice}', '  '), 'text/x-rst', id='in a list'),
    pytest.param(doubling('.. {name} replace::\n   {twice}'), 'text/x-rst', id='its text on the next line'),
    pytest.param(doubling('.. {name}\n   replace:: {twice}'), 'text/x-rst', id='all of it on the next line'),
    pytest.param(TWO_LINES, 'text/x-rst', id='its name on two lines'),
    pytest.param(doubling('.. {name} REPLACE:: {twice}').upper(), 'text/x-rst', id='in capitals'),
    pytest.param(TOO_WIDE, 'text/x-rst', id='a wide row and many short ones'),
    pytest.param(OTHER_CASE, 'text/x-rst', id='a long text by its name in capitals'),
    pytest.param(LETTERS, 'text/x-rst', id='letters by their numbers'),
    pytest.param(MANY, 'text/x-rst', id='many tables of contents'),
    pytest.param('# a\n' * 25_000, MARKDOWN, id='headings that are the same'),
    pytest.param('>' * 90_000, MARKDOWN, id='quotations within quotations'),
    pytest.param('|a' * 1_000 + '\n' + '|-' * 1_000 + '\n' + '|a\n' * 15_000, MARKDOWN, id='millions of cells'),
]


@pytest.mark.parametrize(('text', 'content_type'), OVER_LIMIT)
def test_rendering_that_takes_too_much_time_or_memory_ends(text: str, content_type: str) -> None:
    """The limits are time and memory: limits for constructs always missed a spelling."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with Descriptions(Limits(cpu=0.5)) as descriptions:
        assert descriptions.render('foo', text, content_type) is None
        assert descriptions.outcome.warnings == {f'foo: {OVER.strip()}'}
        assert descriptions.render('bar', '*a*', MARKDOWN) == '<p><em>a</em></p>\n'
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 4
    assert after.ru_maxrss < 600 * 2**10


SLOW_LEXERS = {'mcschema': '{"', 'systemd': 'a=\\\n', 'easytrieve': '%', 'xpp': 'a ', 'autohotkey': 'a '}


def test_descriptions_that_took_hours_are_fast(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Cubic or slower lexers of Pygments, nested lists, and texts that grow."""
    fences = [(f'```{name}\n{part * 20_000}\n```', MARKDOWN) for name, part in SLOW_LEXERS.items()]
    directives = [(f'.. code:: {name}\n\n   {part * 20_000}', 'text/x-rst') for name, part in SLOW_LEXERS.items()]
    lists = [('- ' * 45_000 + 'a', MARKDOWN), ('[^1]' * 24_000 + '\n\n[^1]: a', MARKDOWN)]
    texts = [*fences, *directives, *lists]
    lines = [line for n, (text, kind) in enumerate(texts) for line in described(f'Foo{n}', text, kind)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert build(tmp_path / 'site', lines, '--jobs', '1') == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 10
    assert capfd.readouterr().err == ''


def test_several_processes_render_the_same_as_one(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Each process has its own wall, and earlier descriptions make no difference."""
    texts = [f'*{n}*\n\n.. role:: r{n % 7}(code)\n\n:r{n % 5}:`a`\n\n{"a " * 2_000}' for n in range(300)]
    lines = [line for n, text in enumerate(texts) for line in described(f'Foo{n}', text)]
    lines += [*described('Wide', TOO_WIDE), *described('Wide.Twin', TOO_WIDE)]
    assert build(tmp_path / 'one', lines, '--jobs', '1') == 0
    said = capfd.readouterr().err
    assert said == f'wide-twin: {OVER}wide: {OVER}'
    assert build(tmp_path / 'two', lines[::-1], '--jobs', '2') == 0
    assert capfd.readouterr().err == said
    assert tree(tmp_path / 'one') == tree(tmp_path / 'two')
    assert '<em>280</em>' in shown(tmp_path / 'two', 'foo280')
    assert shown(tmp_path / 'two', 'foo299') == texts[299].strip()  # uses a role that another text defines


@pytest.mark.parametrize('jobs', ['1', '2'])
@pytest.mark.parametrize(('number', 'status'), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=['SIGINT', 'SIGTERM'])
def test_a_signal_ends_rendering_at_once(number: int, status: int, jobs: str, tmp_path: Path) -> None:
    lines = [line for n in range(4) for line in described(f'Foo{n}', f'{n}\n\n{ENDLESS}')]
    lines += [{'filename': f'Filler{n}-1.0.tar.gz', 'uploaded_by': 'a' * 9_000} for n in range(150)]
    packages = write_list(tmp_path / 'list.jsonl', lines)
    command = [sys.executable, '-m', 'dumb_pypi', '--package-list-json', str(packages), '--jobs', jobs]
    environment = unmeasured_env()
    command += ['--output-dir', str(tmp_path / 'site'), '--packages-url', '../../pool/']
    with (tmp_path / 'output').open('wb') as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=output)

    def rendering() -> list[int] | None:
        """Return the processes as soon as one of them can no longer open files and has begun to work."""
        found = children(process.pid)
        return found if any(is_walled(each) and cpu_ticks(each) > 60 for each in found) else None

    started = wait_for(rendering, process, tmp_path / 'output')
    sent = time.monotonic()
    process.send_signal(number)
    assert process.wait(timeout=5) == status
    assert (tmp_path / 'output').read_text() == 'interrupted\n'
    wait_for(lambda: True if not any(map(is_alive, started)) else None)
    assert time.monotonic() - sent < 5
    assert not (tmp_path / 'site').exists() or os.listdir(tmp_path / 'site') == ['.dumb-pypi.lock']


def limits_of(process: int) -> dict[str, str]:
    """Return the soft and hard limits as the system shows them; none for a process that has ended."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        lines = Path(f'/proc/{process}/limits').read_text().splitlines()
        return {line[:25].strip(): ' '.join(line[25:65].split()) for line in lines}
    return {}


def is_walled(process: int) -> bool:
    return limits_of(process).get('Max open files') == '0 0'


def cpu_ticks(process: int) -> int:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return int(Path(f'/proc/{process}/stat').read_text().rpartition(')')[2].split()[11])
    return 0


def is_alive(process: int) -> bool:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f'/proc/{process}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    return False


# ------------------------------------------------------------------------------------------ it reaches nothing


def test_no_data_of_this_machine_gets_into_a_page(tmp_path: Path) -> None:
    """Embedding an image copied any XML file, showed whether any other file exists, and hung on a pipe."""
    secret, pipe = tmp_path / 'settings.xml', tmp_path / 'pipe'
    os.mkfifo(pipe)
    reaching = [
        '.. image:: {path}?.svg\n   :loading: embed\n   :alt: a',
        '.. figure:: {path}?.svg\n   :loading: embed\n   :alt: a\n\n   b',
        '.. |a| image:: {path}\n   :loading: embed\n\n|a|',
        '.. figure:: {path}\n   :figwidth: image\n',
        '.. image:: {path}\n   :scale: 50',
        '.. include:: {path}',
        '.. csv-table::\n   :file: {path}',
        '.. csv-table::\n   :url: file://{path}',
        '.. raw:: html\n   :file: {path}',
        '.. raw:: html\n   :url: file://{path}',
        '.. code:: {path}\n\n   a',
    ]
    paths = [str(secret), str(pipe), '/dev/zero', '/proc/kmsg', '/proc/self/environ']
    texts = [text.format(path=path) for path in paths for text in reaching]
    lines = [line for n, text in enumerate(texts) for line in described(f'Foo{n}', text)]
    assert build(tmp_path / 'without', lines) == 0
    secret.write_text('<svg xmlns="http://www.w3.org/2000/svg"><password>hunter2</password></svg>')
    assert build(tmp_path / 'with', lines) == 0
    assert tree(tmp_path / 'without') == tree(tmp_path / 'with')
    assert shown(tmp_path / 'with', 'foo0') == texts[0]


def test_the_rendering_process_has_strict_limits(descriptions: Descriptions) -> None:
    assert descriptions.render('foo', '*a*', MARKDOWN) == '<p><em>a</em></p>\n'
    assert descriptions.wall.child is not None
    process = descriptions.wall.child.process.pid
    limits = limits_of(process)
    assert {name: limits[name] for name in ('Max open files', 'Max core file size', 'Max address space')} == {
        'Max open files': '0 0',
        'Max core file size': '0 0',
        'Max address space': '536870912 536870912',
    }
    assert os.readlink(f'/proc/{process}/cwd') == '/'
    ignored = re.search(r'SigIgn:\s(\w+)', Path(f'/proc/{process}/status').read_text())
    assert ignored is not None
    assert int(ignored[1], 16) & 1 << signal.SIGINT - 1


CONSTRUCTS = json.loads((ROOT / 'testing' / 'descriptions.json').read_text(encoding='utf-8'))
MARKUPS = {'text/x-rst': RST, 'text/markdown': GFM, 'text/markdown; variant=CommonMark': COMMON_MARK}


def unwalled(asked: list[tuple[int, str]], *path: Path) -> tuple[list[list[object]], list[str]]:
    """Return the answers without the wall, and the files that were opened for them."""
    done = subprocess.run(
        [sys.executable, '-m', 'testing.unwalled'],
        input=json.dumps(asked),
        env=os.environ | {'PYTHONPATH': os.pathsep.join(map(str, path))},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
    )
    answers, opened = json.loads(done.stdout)
    return answers, opened


def test_the_wall_changes_no_output_and_renderers_open_no_files(descriptions: Descriptions) -> None:
    """With each construct of both markups. A late opening of a file would turn the description into plain text."""
    asked = [(MARKUPS[kind], text) for kind, texts in CONSTRUCTS.items() for text in texts]
    answers, opened = unwalled(asked)
    assert opened == []
    found = [descriptions.wall.render(markup, text) for markup, text in asked]
    assert [[HTML, each.html] if each.html else [TEXT, ''] for each in found] == answers
    assert {text for (_, text), (kind, _) in zip(asked, answers, strict=True) if kind != HTML} == {
        text for _, text in asked if 'plain' in text
    }


def test_code_has_colours_if_it_is_short_and_its_language_is_common(descriptions: Descriptions) -> None:
    def colours(language: str, size: int) -> bool:
        lines = ['if a: b\n'] * (size // 8)
        texts = [f'```{language}\n{"".join(lines)}```', f'.. code:: {language}\n\n   {"   ".join(lines)}']
        found, _ = unwalled([(GFM, texts[0]), (RST, texts[1])])
        assert [kind for kind, _ in found] == [HTML, HTML]
        [is_colourful] = {'<span' in str(page) for _, page in found}
        return is_colourful

    assert colours('python', 19_000)
    assert colours('Python', 10)
    assert not colours('python', 21_000)
    assert not colours('autohotkey', 10)
    assert not colours('text', 10)


@pytest.mark.parametrize(
    ('missing', 'expected'),
    [('nh3', [TEXT, TEXT]), ('comrak', [HTML, TEXT]), ('docutils', [TEXT, HTML]), ('pygments', [TEXT, TEXT])],
)
def test_a_missing_renderer_renders_nothing(missing: str, expected: list[int], tmp_path: Path) -> None:
    (tmp_path / f'{missing}.py').write_text('raise ImportError\n')
    answers, _ = unwalled([(RST, '*a*'), (GFM, '*a*')], tmp_path)
    assert [kind for kind, _ in answers] == expected


def test_an_error_in_a_renderer_leaves_the_text_except_for_files_and_memory() -> None:
    def failing(error: BaseException) -> tuple[int, str]:
        def render(text: str) -> str:
            raise error

        return make_answer(render, 'a')

    assert failing(RecursionError()) == (TEXT, '')
    assert failing(BaseException()) == (TEXT, '')  # panics of libraries in Rust are such exceptions
    kind, trace = failing(OSError('no files here'))
    assert (kind, trace.splitlines()[-1]) == (BUG, 'OSError: no files here')
    with pytest.raises(MemoryError):
        failing(MemoryError())
    assert make_answer(lambda text: 'a' * LONGEST_RESULT, 'a') == (HTML, 'a' * LONGEST_RESULT)
    assert make_answer(lambda text: 'a' * (LONGEST_RESULT + 1), 'a') == (TEXT, '')
    assert make_answer(lambda text: '', 'a') == (TEXT, '')
    assert make_answer(None, 'a') == (TEXT, '')


# ----------------------------------------------------------------------------------------- a process that dies

LAZY = '.. csv-table::\n\n' + '   a,b,c,d\n' * 1_000  # a second of CPU


@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGSTOP], ids=['killed', 'stopped'])
def test_a_process_that_dies_or_hangs_is_replaced(number: int) -> None:
    with Descriptions(Limits(clock=5)) as descriptions:
        assert descriptions.render('foo', '*a*', MARKDOWN) == '<p><em>a</em></p>\n'
        assert descriptions.wall.child is not None
        os.kill(descriptions.wall.child.process.pid, number)
        assert descriptions.render('foo', '*b*', MARKDOWN) == '<p><em>b</em></p>\n'
    assert descriptions.outcome.warnings == set()


def test_a_large_text_for_a_process_that_hangs_does_not_hang() -> None:
    with Descriptions(Limits(clock=5)) as descriptions:
        descriptions.render('foo', '*a*', MARKDOWN)
        assert descriptions.wall.child is not None
        os.kill(descriptions.wall.child.process.pid, signal.SIGSTOP)
        # More than the buffer of a socket holds.
        assert descriptions.wall.render(GFM, 'a' * 2_000_000).html is None
        assert descriptions.render('foo', '*b*', MARKDOWN) == '<p><em>b</em></p>\n'


def test_a_description_that_takes_too_long_beside_others_is_tried_alone() -> None:
    with Descriptions(Limits(cpu=60, used_cpu=0.1)) as descriptions:
        descriptions.render('foo', '*a*', MARKDOWN)
        first = descriptions.wall.child
        found = descriptions.render('lazy', LAZY, None)
        assert found is not None
        assert found.startswith('<div class="scroll" tabindex="0"><table>')
        assert descriptions.wall.child is not first
    assert descriptions.outcome.warnings == set()


def test_a_description_is_rendered_only_once(descriptions: Descriptions) -> None:
    found = descriptions.render('foo', '*a*', MARKDOWN)
    assert descriptions.wall.child is not None
    descriptions.wall.child.process.kill()
    assert descriptions.render('bar', '*a*', MARKDOWN) == found
    assert descriptions.wall.child.process.wait() == -signal.SIGKILL
    # Nor is a description rendered that another process of this run found to be over the limit.
    other = Descriptions()
    assert descriptions.render('wide', TOO_WIDE, None) is None
    assert other.gather([descriptions.outcome]) == [f'wide: {OVER.strip()}']
    assert other.render('twin', TOO_WIDE, None) is None
    assert other.wall.child is None
    assert other.outcome.warnings == {f'wide: {OVER.strip()}', f'twin: {OVER.strip()}'}


def test_the_memory_of_rendered_descriptions_is_limited(descriptions: Descriptions) -> None:
    for n in range(32):  # 19 million characters
        assert descriptions.render('foo', '"' * 99_000 + str(n), MARKDOWN) is not None
    assert 10 < len(descriptions.known) < 32


# ------------------------------------------------------------------------------------- without a wall

FOO = described('Foo', '*a*')
NO_WALL = 'descriptions are shown as text: this system has no limits for processes, or sys.executable is not set\n'


@pytest.fixture(params=['embedded', 'no limits', 'another program', 'no such program'])
def without_wall(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[pytest.MonkeyPatch, str]:
    """Break the wall. Return the fixture that restores it, and the message."""
    if request.param == 'embedded':
        monkeypatch.setattr(sys, 'executable', None)
        return monkeypatch, NO_WALL
    if request.param == 'no limits':  # as on Windows
        monkeypatch.setitem(sys.modules, 'resource', None)
        return monkeypatch, NO_WALL
    program = tmp_path / 'program'
    monkeypatch.setattr(sys, 'executable', str(program))
    if request.param == 'no such program':
        said = 'cannot start a process: No such file or directory'
    else:
        program.write_text('#!/bin/sh\necho usage; exit 2\n')
        program.chmod(0o755)
        said = f'{program} does not work as a Python interpreter'
    return monkeypatch, f'descriptions are shown as text: {said}\n'


def test_without_a_wall_descriptions_are_text_and_a_later_run_renders_them(
    without_wall: tuple[pytest.MonkeyPatch, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch, said = without_wall
    lines = [*FOO, *described('Bar', '*b*'), *described('Plain', '*c*', 'text/plain')]
    assert build(tmp_path / 'site', lines, '--strict') == 0
    assert capfd.readouterr().err == said
    assert [shown(tmp_path / 'site', name) for name in ('foo', 'bar', 'plain')] == ['*a*', '*b*', '*c*']
    monkeypatch.undo()
    assert build(tmp_path / 'site', lines) == 0
    assert build(tmp_path / 'fresh', lines) == 0
    assert capfd.readouterr().err == ''
    assert shown(tmp_path / 'site', 'foo') == '<p><em>a</em></p>'
    assert tree(tmp_path / 'site') == tree(tmp_path / 'fresh')


def test_without_descriptions_there_is_no_message_about_the_wall(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, 'executable', None)
    assert build(tmp_path / 'site', described('Plain', '*c*', 'text/plain')) == 0
    assert capfd.readouterr().err == ''


@pytest.mark.parametrize(
    ('source', 'error'),
    [
        pytest.param(
            "def render(text, variant):\n    return text if text != '*a*' else open('a')\n",
            'OSError: [Errno 24]',
            id='opens a file',
        ),
        pytest.param('1 / 0\n', 'ZeroDivisionError', id='does not even start'),
    ],
)
def test_a_bug_behind_the_wall_is_shown(
    source: str, error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a renderer opens a file, it could be a private one of this machine."""
    package = tmp_path / 'readme_renderer'
    package.mkdir()
    (package / '__init__.py').touch()
    (package / 'markdown.py').write_text(f'variants = [1]\n{source}')
    monkeypatch.syspath_prepend(tmp_path)
    lines = described('Foo', '*a*', MARKDOWN)
    with pytest.raises(RuntimeError, match=re.escape(error)):
        build(tmp_path / 'site', lines)
    assert children(os.getpid()) == []


@pytest.mark.parametrize('flags', [['-I'], ['-E', '-s', '-B', '-O'], ['-S'], ['-X', 'utf8=0']])
def test_the_rendering_process_finds_the_libraries_of_this_program(flags: list[str], tmp_path: Path) -> None:
    """It works if libraries come from PYTHONPATH, a user directory, or a changed `sys.path`."""
    packages = write_list(tmp_path / 'list.jsonl', FOO)
    arguments = ['--package-list-json', packages, '--output-dir', tmp_path / 'site', '--packages-url', '../../pool/']
    code = f'import sys; sys.path[:] = {[str(ROOT), *sys.path]!r}; from dumb_pypi.main import main; main()'
    done = subprocess.run(
        [sys.executable, *flags, '-c', code, *map(str, arguments)], check=True, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ('', '')
    assert shown(tmp_path / 'site', 'foo') == '<p><em>a</em></p>'


def test_the_rendering_process_starts_from_a_zip_file(tmp_path: Path) -> None:
    shutil.make_archive(str(tmp_path / 'program'), 'zip', ROOT, 'dumb_pypi')
    code = 'import sys; sys.path.insert(0, "program.zip"); from dumb_pypi.pages.description import Descriptions\n'
    code += 'with Descriptions() as d: print(d.render("foo", "*a*", None), d.wall.__module__, sys.modules["dumb_pypi"])'
    path = os.pathsep.join(each for each in sys.path if each != str(ROOT))
    done = subprocess.run(
        [sys.executable, '-S', '-c', code],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {'PYTHONPATH': path},
    )
    assert done.stderr == ''
    assert done.stdout.startswith('<p><em>a</em></p>')
    assert 'program.zip' in done.stdout
