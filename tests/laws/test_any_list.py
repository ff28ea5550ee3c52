"""With any list, however hostile, nothing is written outside the site, and no text becomes markup."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import html5lib
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dumb_pypi.main import main
from dumb_pypi.package_list.values import PLAIN
from testing.hostile import EVERY_TEXT, good_lines, hostile, raw_lists, scratch
from testing.long import examples
from testing.sites import build, mtimes, tree, write_list

# Every element and attribute that our templates write. Any other one would come from the list.
ALLOWED: dict[str, set[str]] = {
    'html': {'lang'},
    'head': set(),
    'meta': {'charset', 'content', 'http-equiv', 'name'},
    'title': set(),
    'link': {'href', 'rel', 'type'},
    'script': {'defer', 'src'},
    'body': set(),
    'header': set(),
    'div': {'class', 'data-copy', 'data-releases', 'dir', 'hidden', 'role', 'tabindex'},
    'img': {'alt', 'height', 'src', 'width'},
    'span': {'class', 'data-form', 'dir', 'id'},
    'nav': {'aria-label', 'class'},
    'form': set(),
    'label': {'class', 'for'},
    'input': {
        'aria-describedby',
        'autocapitalize',
        'autocomplete',
        'checked',
        'enterkeyhint',
        'id',
        'name',
        'placeholder',
        'spellcheck',
        'type',
    },
    'kbd': {'aria-hidden'},
    'p': {'class', 'dir', 'hidden', 'role'},
    'ol': {'aria-label', 'class'},
    'button': {'type'},
    'main': {'id', 'tabindex'},
    'h1': set(),
    'footer': set(),
    'section': {'aria-labelledby', 'class'},
    'b': set(),
    'br': set(),
    'h2': {'class', 'id'},
    'h3': set(),
    'pre': set(),
    'code': set(),
    'li': {'dir', 'id'},
    'time': {'datetime'},
    'ul': {'class', 'data-missing'},
    'small': set(),
    'details': {'class', 'data-project', 'hidden', 'id', 'open'},
    'summary': set(),
    'table': {'class', 'id'},
    'caption': {'class'},
    'wbr': set(),
    'legend': {'class'},
    'fieldset': {'class'},
    'thead': set(),
    'tr': {'id'},
    'th': {'colspan', 'scope'},
    'tbody': set(),
    'td': set(),
    'strong': set(),
    'a': {
        'aria-label',
        'class',
        'data-core-metadata',
        'data-provenance',
        'data-requires-python',
        'data-size',
        'data-upload-time',
        'data-yanked',
        'href',
        'rel',
    },
}


# More of them, in the column of facts, the table of files, and the description.
for _tag, _attributes in {
    'link': {'title'},
    'a': {'aria-current', 'hidden'},
    'dl': {'class'},
    'dt': {'dir'},
    'dd': {'dir'},
    'span': {'role'},
    'td': {'class'},
    'h3': {'class', 'id'},
    'h4': {'id'},
    'div': {'id'},
    'blockquote': set(),
    'pre': set(),
    'br': set(),
}.items():
    ALLOWED[_tag] = ALLOWED.get(_tag, set()) | set(_attributes)


# ------------------------------------------------------------------------------------------------------ nothing outside


_watched: list[str] | None = None


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Record every path that is written, made, renamed or removed. An audit hook sees every such call."""
    if _watched is None:
        return
    if event == 'open':
        path, mode, flags = arguments
        if isinstance(path, str) and (flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) or set(mode or '') & set('wax+')):
            _watched.append(path)
    elif event in ('os.rename', 'os.link', 'os.symlink'):
        _watched.extend(str(path) for path in arguments[:2])
    elif event in ('os.rmdir', 'os.remove') and arguments[1] >= 0:  # relative to an open directory
        _watched.append(os.path.join(os.readlink(f'/proc/self/fd/{arguments[1]}'), arguments[0]))
    elif event in ('os.mkdir', 'os.rmdir', 'os.remove', 'os.truncate', 'os.chmod', 'os.chown', 'os.utime'):
        _watched.append(str(arguments[0]))


@pytest.fixture(scope='module', autouse=True)
def _audit(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Install the hook after a first build with its late imports. It cannot be removed, but it can ignore events."""
    assert build(tmp_path_factory.mktemp('first') / 'site', [{'filename': 'foo-1.0.zip'}]) == 0
    sys.addaudithook(_watch)


@contextlib.contextmanager
def watched_writes() -> Iterator[list[str]]:
    global _watched
    _watched = []
    try:
        yield _watched
    finally:
        _watched = None


def run(top: Path, option: str, *options: str) -> tuple[int, str]:
    """Build `top/list` into `top/site`, and return exit status and messages. Checks that nothing outside changes."""
    arguments = [option, str(top / 'list'), '--output-dir', str(top / 'site')]
    before = {path: (content, mtimes(top)[path]) for path, content in tree(top).items() if not path.startswith('site/')}
    messages = io.StringIO()
    with watched_writes() as writes, contextlib.redirect_stderr(messages):
        status = main([*arguments, '--packages-url', '../../pool/', *options])
    outside = [path for path in writes if not os.path.realpath(path).startswith(f'{top}/site/')]
    assert [path for path in outside if path != str(top / 'site')] == []
    assert writes != []
    after = {path: (content, mtimes(top)[path]) for path, content in tree(top).items() if not path.startswith('site/')}
    assert after == before
    for mine in ('mine.txt', 'simple/mine.txt'):
        assert (top / 'site' / mine).read_bytes() == b'mine'
    assert not list(top.rglob('*.lock')) + list(top.rglob('*.tmp'))
    return status, messages.getvalue()


@pytest.mark.parametrize('option', ['--package-list-json', '--package-list'])
@pytest.mark.long
@examples(250)
@given(content=raw_lists)
def test_any_bytes_are_a_list_or_an_error(option: str, content: bytes) -> None:
    with scratch() as top:
        (top / 'list').write_bytes(content)
        before = tree(top / 'site')
        status, messages = run(top, option)
        assert status in (0, 1)
        assert 'Traceback' not in messages
        assert messages.isprintable() or set(messages) <= {'\n'} | set(filter(str.isprintable, messages))
        if status == 1:
            assert messages != ''
            assert tree(top / 'site') == before
        check_pages(top / 'site')


# -------------------------------------------------------------------------------------------------- no foreign markup


def check_url(url: str) -> None:
    scheme = url.partition(':')[0] if ':' in url.partition('/')[0] else ''
    assert scheme in ('', 'http', 'https', 'file')


def check_page(content: bytes) -> Counter[str]:
    """Parse a page, check that only the templates wrote markup, and return how often it has each element."""
    root = html5lib.HTMLParser(tree=html5lib.getTreeBuilder('etree'), strict=True, namespaceHTMLElements=False).parse(
        content
    )
    elements: Counter[str] = Counter()
    for element in root.iter():
        assert element.tag in ALLOWED  # also rejects comments, whose tag is a function
        assert set(element.keys()) <= ALLOWED[element.tag]
        check_url(element.get('href', ''))
        if element.tag == 'script':
            assert element.get('src').endswith('static/script.js')
            assert element.text is None
        elements[element.tag] += 1
    return elements


def check_pages(site: Path) -> None:
    for path, content in tree(site).items():
        content.decode()
        if path.endswith('.html'):
            elements = check_page(content)
            machine = path.startswith('simple/')
            once = ('html', 'head', 'title', 'body')
            assert [elements[name] for name in once] == [1] * len(once)
            human = {'link': 2, 'script': 1, 'form': 1, 'img': 1}
            assert elements['input'] in ((0,) if machine else (1, 5))  # the search, and four ways to install
            assert {name: elements[name] for name in human} == (dict.fromkeys(human, 0) if machine else human)
        elif path.endswith('.xml'):
            ET.fromstring(content)


def parse(path: Path) -> Any:
    return html5lib.parse(path.read_bytes(), treebuilder='etree', namespaceHTMLElements=False)


def text_of(root: Any) -> str:
    return ''.join(root.itertext())


def anchors(site: Path, name: str) -> dict[str, Mapping[str, str]]:
    """Return the anchors of the index page of a project: attributes by text."""
    return {anchor.text: anchor.attrib for anchor in parse(site / f'simple/{name}/index.html').iter('a')}


def check_texts(site: Path) -> None:
    """Check that every text of the list is on its pages, as text."""
    lines = [json.loads(line) for line in (site / 'packages.json').read_text(encoding='utf-8').splitlines()]
    facts = {line['project']: line for line in lines if 'project' in line}
    packages = {line['filename'].rpartition('/')[2]: line for line in lines if 'filename' in line}
    offered = set()
    for name in os.listdir(site / 'project'):
        paths = [site / f'project/{name}/index.html', *site.glob(f'project/{name}/*/index.html')]
        page = '\n'.join(text_of(parse(path)) for path in paths)
        fact = facts.get(name, {})
        assert fact.get('summary', '') in page
        assert fact.get('status_reason', '') in page or fact.get('status', 'active') == 'active'
        for filename, attributes in anchors(site, name).items():
            package = packages[filename]
            offered.add(filename)
            assert attributes.get('data-yanked') == package.get('yanked_reason')
            assert attributes.get('data-requires-python') == package.get('requires_python')
            assert attributes.get('data-provenance') == package.get('provenance')
            assert int(attributes.get('data-size', -1)) == package.get('size', -1)
            if filename not in page:  # a version that cannot be a directory has no page
                assert not PLAIN.fullmatch(filename) or 'version' in package
                continue
            assert package.get('requires_python', '') in page
            assert package.get('uploaded_by', '') in page
            assert package.get('yanked_reason', '') in page
    quarantined = {name for name, fact in facts.items() if fact.get('status') == 'quarantined'}
    assert quarantined or offered == packages.keys()


@pytest.mark.long
@examples(100)
@given(lines=good_lines)
@example(lines=EVERY_TEXT)
def test_every_text_of_a_list_stays_text(lines: list[dict[str, Any]]) -> None:
    with scratch() as top:
        write_list(top / 'list', lines)
        status, _ = run(top, '--package-list-json')
        if status == 0:
            check_pages(top / 'site')
            check_texts(top / 'site')


@pytest.mark.long
@examples(50)
@given(title=hostile, logo=st.none() | hostile)
@example(title='\udcff', logo='\udcff')  # Python's form of an argument that is not UTF-8
@example(title='', logo='http://[')
@example(title='\0', logo='\0')
def test_a_title_and_a_logo_stay_text(title: str, logo: str | None) -> None:
    with scratch() as top:
        write_list(top / 'list', [{'filename': 'foo-1.0.zip', 'upload_timestamp': 0}])
        options = [f'--title={title}', *([] if logo is None else [f'--logo={logo}'])]
        try:
            status, _ = run(top, '--package-list-json', *options)
        except SystemExit as refused:
            # An invisible title and an invalid URL of an image are wrong usage.
            may_be = logo is not None or not any(letter.isprintable() and letter != ' ' for letter in title)
            status = 2 if refused.code == 2 and may_be else -1
        assert status in (0, 2)
        for path in (top / 'site').rglob('*.html'):
            content = path.read_bytes()
            human = 'simple' not in path.relative_to(top / 'site').parts
            if human and logo is not None:
                before, _, rest = content.partition(b'<img src="')
                source, _, after = rest.partition(b'" alt="">')
                assert not set(b'"<>') & set(source)
                content = before + after
            check_page(content)
        if status == 0:
            heading = parse(top / 'site/index.html').find('.//h1')
            assert [letter for letter in heading.text or '' if letter.isprintable() and letter != ' '] == [
                letter for letter in title if letter.isprintable() and letter != ' '
            ]
