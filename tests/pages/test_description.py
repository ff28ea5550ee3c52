"""Descriptions are rendered as on the public index, and are harmless whatever they contain."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments.token import STANDARD_TYPES

from dumb_pypi.fingerprint import read_with_renderers
from dumb_pypi.main import main
from dumb_pypi.pages.description import LONGEST, Descriptions
from dumb_pypi.pages.guest import as_guest
from testing.long import examples
from testing.sites import write_list

MARKDOWN = 'text/markdown; charset=UTF-8'
RST = 'text/x-rst'
DESCRIPTIONS = Descriptions()
PYGMENTS = set(STANDARD_TYPES.values())


@pytest.fixture(scope='module', autouse=True)
def descriptions() -> Iterator[None]:
    """Start the process that renders descriptions; it ends after the last test."""
    with DESCRIPTIONS:
        yield


def render(text: str, content_type: str | None) -> str | None:
    return DESCRIPTIONS.render('foo', text, content_type)


def rendered(text: str, content_type: str | None = MARKDOWN) -> str:
    html = render(text, content_type)
    assert html is not None
    return re.sub(r'\s*\n\s*', '', html)


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        pytest.param(
            '# One\n\n## Two', '<h3 id="user-content-one">One</h3><h4 id="user-content-two">Two</h4>', id='ids'
        ),
        pytest.param(
            '## One\n\n###### Two',
            '<h3 id="user-content-one">One</h3><h4 id="user-content-two">Two</h4>',
            id='no level is left out',
        ),
        pytest.param('#\n\ntext', '<p>text</p>', id='an empty heading'),
        pytest.param(
            '# One\n\n[a](#one) [b](#two)',
            '<h3 id="user-content-one">One</h3><p><a href="#user-content-one">a</a> b</p>',
            id='links within',
        ),
        pytest.param(
            '[a](https://a.example.com/?b=1&c) [b](docs/b.md) [c](//d) [d](mailto:a@example.com)',
            '<p><a href="https://a.example.com/?b=1&amp;c" rel="nofollow">a</a> b c '
            '<a href="mailto:a@example.com" rel="nofollow">d</a></p>',
            id='links to other sites',
        ),
        pytest.param(
            '[a](https://[) [b](http://) [c](javascript:alert) [d](ftp://e)', '<p>a b c d</p>', id='rejected links'
        ),
        pytest.param(
            '![a](https://b.example.com/c.png) ![d](e.png) ![](https://f.example.com/g.png)',
            '<p><a href="https://b.example.com/c.png" rel="nofollow">Picture: a</a> Picture: d </p>',
            id='pictures',
        ),
        pytest.param(
            '[![a](https://b.example.com/c.svg)](https://d.example.com) [![](e.svg)](https://f.example.com)\n\ng',
            '<p>g</p>',
            id='a paragraph of badges',
        ),
        pytest.param(
            '[![a](b)](https://c.example.com)\n[![d](e)](https://f.example.com)', '', id='a row of linked pictures'
        ),
        pytest.param(
            '[![a](b)](https://c.example.com)',
            '<p><a href="https://c.example.com" rel="nofollow">Picture: a</a></p>',
            id='a linked picture alone',
        ),
        pytest.param(
            'Build: [![a](https://b.example.com/c.svg)](https://d.example.com)',
            '<p>Build: <a href="https://d.example.com" rel="nofollow">Picture: a</a></p>',
            id='a badge among words',
        ),
        pytest.param(
            '<p><a href="x"><img alt="a" src="https://img.shields.io/b"></a> <img alt="c" src="d.png"></p>',
            '<p> Picture: c</p>',
            id='a badge beside a picture',
        ),
        pytest.param(
            '# ![a](b.svg)\n\nc', '<h3 id="user-content-a">Picture: a</h3><p>c</p>', id='a picture for a heading'
        ),
        pytest.param('<h1><img src="b.svg"></h1><br>\n<br>\n\nc', '<p>c</p>', id='a logo without words above a gap'),
        pytest.param('- [ ] a\n- [x] b', '<ul><li>☐ a</li><li>☑ b</li></ul>', id='tasks'),
        pytest.param('```python\ndef\n```', '<pre><span class="k">def</span></pre>', id='code'),
        pytest.param('<b class="search k" lang="de" style="x">a</b>', '<p><b>a</b></p>', id='attributes'),
        pytest.param('<span class="search k">a</span>', '<p><span class="k">a</span></p>', id='classes'),
        pytest.param(
            '<span id="main">a</span> <b id="main">b</b> <i id="a b">c</i>',
            '<p><span id="user-content-main">a</span> <b>b</b> <i>c</i></p>',
            id='each id once',
        ),
        pytest.param(
            '<a id="x"></a>[a](#x)',
            '<p><span id="user-content-x"></span><a href="#user-content-x">a</a></p>',
            id='an anchor without text',
        ),
        pytest.param(
            '| | a |\n|-|-:|\n| b | c |',
            '<div class="scroll" tabindex="0"><table><thead><tr><td></td><th align="right">a</th></tr></thead><tbody>'
            '<tr><td>b</td><td align="right">c</td></tr></tbody></table></div>',
            id='a table',
        ),
        pytest.param(
            '<table><tr><td colspan="2" rowspan="0">a</td></tr></table>',
            '<div class="scroll" tabindex="0"><table><tbody><tr><td colspan="2">a</td></tr></tbody></table></div>',
            id='a table in HTML',
        ),
        pytest.param('<ul><p>a</p><li>b</ul>', '<div><p>a</p><div>b</div></div>', id='a list without items'),
        pytest.param(
            '<dl><dd>a</dl><dl><dt>b<dd>c</dl>',
            '<div><div>a</div></div><dl><dt>b</dt><dd>c</dd></dl>',
            id='definitions',
        ),
        pytest.param('3. a', '<ol start="3"><li>a</li></ol>', id='a list that starts at a higher number'),
        pytest.param(
            '<details><summary>a [b](https://c.example.com) <img alt="d" src="https://e.example.com"></summary>f</details>',
            '<details><summary>a [b](https://c.example.com) Picture: d</summary>f</details>',
            id='folded',
        ),
        pytest.param(
            '<nav>a</nav><section>b</section><picture>c</picture><acronym title="e">d</acronym>',
            '<div>a</div><div>b</div><span>c</span><abbr title="e">d</abbr>',
            id='landmarks',
        ),
        pytest.param('a<br>b\n\n---', '<p>a<br>b</p><hr>', id='breaks'),
        pytest.param('> [!NOTE]\n> a', '<blockquote><p>Note</p><p>a</p></blockquote>', id='a note'),
        pytest.param(
            'a[^1]\n\n[^1]: b',
            '<p>a<sup><a id="user-content-fnref-1" href="#user-content-fn-1">1</a></sup></p><div>'
            '<ol><li id="user-content-fn-1"><p>b <a href="#user-content-fnref-1">↩</a></p></li></ol></div>',
            id='footnotes',
        ),
        pytest.param(
            '<script>alert(1)</script><svg onload="x"></svg>\n\n**b**',
            '&lt;script&gt;alert(1)&lt;/script&gt;<p><strong>b</strong></p>',
            id='script',
        ),
    ],
)
def test_a_description_cannot_disturb_the_page(text: str, expected: str) -> None:
    assert rendered(text) == expected


def test_a_description_without_a_type_is_restructured_text() -> None:
    text = 'One\n===\n\n.. note:: a\n\n.. code:: python\n\n   def\n\n:a: b\n\n.. image:: c.png\n   :alt: d\n'
    expected = (
        '<div id="user-content-one"><h3>One</h3><blockquote><p>Note</p><p>a</p></blockquote>'
        '<pre><code><span class="k">def</span></code></pre>'
        '<dl><dt>a<span>:</span></dt><dd><p>b</p></dd></dl>Picture: d</div>'
    )
    assert rendered(text, None) == rendered(text, '') == rendered(text, RST) == expected


def test_common_mark_has_no_tables() -> None:
    assert rendered('|a|\n|-|', 'text/markdown; variant=CommonMark') == '<p>|a||-|</p>'
    assert rendered('|a|\n|-|', 'text/markdown; variant=unknown').startswith('<div class="scroll" tabindex="0"><table>')


PLAIN = [
    pytest.param('# a', 'text/plain', id='plain text'),
    pytest.param('# a', 'text/html', id='an unknown type'),
    pytest.param('a' * (LONGEST + 1), MARKDOWN, id='too long'),
    pytest.param('`', RST, id='a mistake'),
    pytest.param('', MARKDOWN, id='nothing'),
    pytest.param('\n\n'.join(f'{"  " * depth}- a' for depth in range(200)), RST, id='the renderer recurses too deep'),
    pytest.param('\n'.join(f'{"  " * depth}- a' for depth in range(100)), MARKDOWN, id='too deep for a page'),
    pytest.param('[^1]' * 24_000 + '\n\n[^1]: a', MARKDOWN, id='too long as HTML'),
    pytest.param('.. include:: /etc/hostname', RST, id='a file of this machine'),
    pytest.param('.. raw:: html\n\n   <script>alert(1)</script>', RST, id='raw HTML'),
]


@pytest.mark.parametrize(('text', 'content_type'), PLAIN)
def test_what_cannot_be_rendered_stays_plain_text(text: str, content_type: str) -> None:
    assert render(text, content_type) is None


@pytest.mark.parametrize(
    ('module', 'content_type'),
    [('readme_renderer', MARKDOWN), ('comrak', MARKDOWN), ('nh3', MARKDOWN), ('docutils', RST), ('pygments', RST)],
)
def test_without_the_extra_it_is_plain_text(
    module: str, content_type: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f'{module}.py').write_text('raise ImportError\n')
    monkeypatch.syspath_prepend(tmp_path)
    with Descriptions() as descriptions:
        assert descriptions.render('foo', '*a*', content_type) is None
    assert descriptions.outcome.warnings == set()


def test_without_the_extra_no_process_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, 'path', [])
    with Descriptions() as descriptions:
        assert descriptions.render('foo', '*a*', MARKDOWN) is None
        assert descriptions.wall.child is None


def test_a_description_does_not_affect_another() -> None:
    using = ':own:`a`'
    assert render(using, RST) is None
    assert '<code>' in rendered(f'.. role:: own(code)\n\n{using}', RST)
    assert render(using, RST) is None


def test_the_text_is_the_same_tomorrow_and_on_another_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directive of docutils writes the date, and any working directory may contain a docutils.conf."""
    (tmp_path / 'docutils.conf').write_text('[general]\nlanguage_code: de\n')
    monkeypatch.chdir(tmp_path)
    text = '.. |today| date:: %Y\n\n.. note:: on |today|.'
    assert rendered(text, RST) == '<blockquote><p>Note</p><p>on .</p></blockquote>'


@pytest.mark.parametrize('is_described', [True, False])
def test_another_renderer_changes_the_fingerprint_of_a_site_with_descriptions(
    is_described: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = {'project': 'foo', 'summary': 'A foo'} | ({'description': '*foo*'} if is_described else {})
    package_list = write_list(tmp_path / 'list', [{'filename': 'foo-1.0.tar.gz'}, project])
    directory = tmp_path / 'site'
    arguments = ['--package-list-json', str(package_list), '--packages-url', '../../pool/']

    def build() -> int:
        assert main([*arguments, '--output-dir', str(directory)]) == 0
        return (directory / '.dumb-pypi.json').stat().st_mtime_ns

    first = build()
    assert build() == first
    newer = tmp_path / 'newer' / 'readme_renderer'
    newer.mkdir(parents=True)
    (newer / '__init__.py').touch()
    monkeypatch.syspath_prepend(newer.parent)  # its modules are already loaded, so only their files differ
    assert (build() != first) == is_described


def test_the_fingerprint_depends_on_whether_there_is_a_renderer(monkeypatch: pytest.MonkeyPatch) -> None:
    with_renderer = read_with_renderers('of the settings')
    monkeypatch.setattr(sys, 'path', [])
    assert read_with_renderers('of the settings') != with_renderer


def test_the_depth_of_the_stack_makes_no_difference() -> None:
    """Deep in the stack, the renderer and the second pass would reach the recursion limit earlier."""
    text = '\n\n'.join(f'{"  " * depth}- a' for depth in range(40))

    def deeper(left: int) -> str | None:
        return deeper(left - 1) if left else render(text, RST)

    html = deeper(0)
    assert html is not None
    DESCRIPTIONS.known.clear()
    assert deeper(sys.getrecursionlimit() - 150) == html


# What remains of misplaced and unknown elements.
GUESTS = [
    pytest.param('<font>a<b>b</b></font>', 'a<b>b</b>', id='an unknown element'),
    pytest.param('<i><font id="a">b</font></i>', '<i><span id="user-content-a"></span>b</i>', id='its place'),
    pytest.param(
        '<a href="https://a.example.com/">b<a href="https://c.example.com/">d</a></a>',
        '<a href="https://a.example.com/" rel="nofollow">bd</a>',
        id='a link in a link',
    ),
    pytest.param('<td>a</td><caption>b</caption>', 'ab', id='cells without a table'),
    pytest.param(
        '<table>a<p>b</p><img alt="c"><i id="d">e</i><tr>f<td>g</td></tr></table>',
        '<div class="scroll" tabindex="0"><table><tr><td>g</td></tr></table></div>',
        id='text between the cells',
    ),
    pytest.param(
        '<table><caption></caption><tr><th></th><td>a</td></tr></table>',
        '<div class="scroll" tabindex="0"><table><tr><td></td><td>a</td></tr></table></div>',
        id='empty cells',
    ),
    pytest.param('<summary>a</summary>', '<div>a</div>', id='a summary of nothing'),
    pytest.param('<ul>&lt;li&gt;</ul>', '<div>&lt;li&gt;</div>', id='a list of text'),
    pytest.param('<ol start="0"><li>a</li></ol>', '<ol><li>a</li></ol>', id='an invalid number'),
    pytest.param('<input checked><input>', '☑☐', id='boxes'),
    pytest.param('<div> </div><p></p><ul></ul><span> </span>', ' <span> </span>', id='invisible elements'),
    pytest.param('<col><hr><br>', '<hr><br>', id='void elements'),
    pytest.param('a&#8;b\x07c', 'ab c', id='a control character'),
    pytest.param('<td align="up">a</td><abbr title="b">c</abbr>', 'a<abbr title="b">c</abbr>', id='attributes'),
]


@pytest.mark.parametrize(('cleaned', 'expected'), GUESTS)
def test_the_second_pass_allows_only_known_markup(cleaned: str, expected: str) -> None:
    assert as_guest(cleaned) == expected


@pytest.mark.parametrize(
    'cleaned',
    [
        pytest.param(''.join(f'<h1 id="{n}"><a href="#{n}">a</a></h1>' for n in range(25_000)), id='headings'),
        pytest.param('<div>' * 98 + '<b>a</b>' * 100_000, id='words, deep in blocks'),
        pytest.param('<div>' * 98 + '<p></p>' * 100_000, id='empty blocks in blocks'),
        pytest.param(
            '<dl>' + '<dt>a</dt><dd>b</dd>' * 50_000 + '<dt>a</dt></dl>', id='a list that turns out to be none'
        ),
        pytest.param('<table>' + '<tr><td>a</td></tr>' * 50_000 + '</table>', id='a table'),
        pytest.param('<p>' + '<a><img alt="a" src="b"></a>' * 50_000, id='a row of pictures'),
        pytest.param('</b>' * 250_000, id='ends'),
        pytest.param('&lt;' * 250_000, id='escaped text'),
    ],
)
def test_the_second_pass_takes_no_longer_than_its_text(cleaned: str) -> None:
    """A million characters take a second; quadratic time would mean minutes."""
    started = time.process_time()
    as_guest(cleaned)
    assert time.process_time() - started < 10


# ------------------------------------------------------------------------------------------------- any input

TAGS = ['a', 'b', 'p', 'div', 'h1', 'h4', 'ul', 'li', 'dl', 'dt', 'dd', 'pre', 'code', 'span', 'br', 'hr', 'picture']
TAGS += ['table', 'tr', 'td', 'th', 'tbody', 'caption', 'img', 'input', 'details', 'summary', 'nav', 'section', 'aside']
TAGS += ['button', 'script', 'style', 'svg', 'form', 'iframe', 'template', 'title', 'base', 'link', 'meta', 'object']
URLS = (
    'javascript:alert(1)',
    'https://elsewhere.example.com/',
    '//elsewhere.example.com',
    '/etc',
    '#a',
    'data:text/html,a',
)
ATTRIBUTES = ('href', 'src', 'id', 'class', 'style', 'onclick', 'onerror', 'lang', 'alt', 'title', 'name', 'srcset')
VALUES = (
    st.sampled_from(URLS)
    | st.sampled_from(('a', 'search', 'k', 'main', '"><script>', "'", '&quot;&lt;'))
    | st.text(max_size=5)
)
STARTS = st.builds(
    lambda tag, values: f'<{tag}' + ''.join(f' {name}="{value}"' for name, value in values.items()) + '>',
    st.sampled_from(TAGS),
    st.dictionaries(st.sampled_from(ATTRIBUTES), VALUES, max_size=4),
)
ENDS = st.sampled_from(TAGS).map(lambda tag: f'</{tag}>')
MARKS = st.sampled_from(
    (
        '\n\n',
        '\n',
        '# ',
        '## ',
        '- ',
        '> ',
        '| a | b |\n|-|-|\n',
        '```python\n',
        '**',
        '[a](',
        ')',
        '![',
        ']',
        '[^1]',
        '<!--',
        '-->',
        '    ',
    )
)
LINES = st.sampled_from(
    (
        '\n\n',
        '\n',
        '===\n',
        '---\n',
        '.. image:: ',
        '.. note:: ',
        '.. |a| replace:: ',
        '|a|',
        '`',
        '``',
        '_',
        '`a <b>`_',
        ':a: ',
        '  ',
        '- ',
    )
)
HOSTILE = st.lists(STARTS | ENDS | MARKS | VALUES, max_size=25).map(''.join)
HOSTILE_RST = st.lists(LINES | VALUES, max_size=25).map(''.join)

ALLOWED = {
    'a': {'href', 'rel', 'id'},
    'abbr': {'title', 'id'},
    'ol': {'start', 'id'},
    'div': {'id', 'class', 'tabindex'},
    'span': {'class', 'id'},
    'td': {'colspan', 'rowspan', 'align', 'id'},
    'th': {'align', 'id'},
}
NO_MORE = {'script', 'style', 'img', 'input', 'svg', 'form', 'iframe', 'base', 'link', 'meta', 'object', 'h1', 'h2'}
NO_MORE |= {'nav', 'section', 'aside'}


def parse(html: str) -> Any:
    """Parse HTML. Raises an exception for everything that HTML5 calls an error."""
    builder = html5lib.getTreeBuilder('etree')
    parser = html5lib.HTMLParser(tree=builder, strict=True, namespaceHTMLElements=False)
    page = f'<!DOCTYPE html><html><head><title>a</title></head><body><main>{html}</main></body></html>'
    return parser.parse(page).find('.//main')


def check_guest(html: str) -> None:
    main = parse(html)
    ids = [element.get('id') for element in main.iter() if element.get('id')]
    assert len(ids) == len(set(ids))
    level = 2
    for element in list(main.iter())[1:]:
        assert element.tag not in NO_MORE
        assert set(element.keys()) <= ALLOWED.get(element.tag, {'id', 'class'}), html
        assert element.get('id', 'user-content-').startswith('user-content-')
        assert set(element.get('class', 'k').split()) <= PYGMENTS or element.attrib == {
            'class': 'scroll',
            'tabindex': '0',
        }
        if element.tag == 'a':
            href = element.get('href')
            assert href.startswith(('https://', 'http://', 'mailto:')) or href[1:] in ids
            assert ''.join(element.itertext()).strip()
            assert element.find('.//a') is None
        if re.fullmatch('h[3-6]', element.tag):
            assert int(element.tag[1]) <= level + 1
            level = int(element.tag[1])


@pytest.mark.long
@examples(150)
@given(HOSTILE)
def test_no_markdown_does_harm(text: str) -> None:
    html = render(text, MARKDOWN)
    if html is not None:
        check_guest(html)


@pytest.mark.long
@examples(100)
@given(HOSTILE_RST)
def test_no_restructured_text_does_harm(text: str) -> None:
    html = render(text, RST)
    if html is not None:
        check_guest(html)


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        pytest.param(
            '<table>a<b>b</b><tr>c<td>d</td><i>e</i></tr></table>',
            '<div class="scroll" tabindex="0"><table><tr><td>d</td></tr></table></div>',
            id='a table holds cells only',
        ),
        pytest.param('<td>a</td>', 'a', id='a cell without a table'),
        pytest.param('<p>a<div>b</div></p>', '<p>ab</p>', id='a block in a paragraph'),
        pytest.param('<h1><p>a</p></h1>', '<h3>a</h3>', id='a block in a heading'),
        pytest.param(
            '<ul><li>a<li>b</ul>c', '<ul><li>a<div>b</div></li></ul>c', id='an end tag that closes several elements'
        ),
        pytest.param('</b>a<b>b</i>c', 'a<b>b</b>c', id='end tags without an element'),
        pytest.param('<script>alert(1)</script>a', 'alert(1)a', id='script'),
    ],
)
def test_uncleaned_html_is_made_valid(text: str, expected: str) -> None:
    assert as_guest(text) == expected


@pytest.mark.long
@examples(150)
@given(HOSTILE)
def test_the_second_pass_needs_no_cleaned_html(text: str) -> None:
    """The second pass is independent: it allows only what it knows."""
    check_guest(as_guest(text))
