"""Rewrites rendered HTML so that a page of ours can include it.

The input has been cleaned by `nh3`, which closes every element. The output is written again from the names below and
escaped text, so it is harmless whatever the input was.
"""

from __future__ import annotations

import functools
import re
import urllib.parse
from collections.abc import Collection, Iterator, Mapping
from html import escape
from html.parser import HTMLParser
from typing import NamedTuple

from dumb_pypi.package_list.values import is_web_url, normal_lines

ID_PREFIX = 'user-content-'
MAX_DEPTH = 100  # nested elements; browsers flatten what is deeper
_OWN_HEADING = 2  # the level of the heading above the description on our page
_LAST_HEADING = 6

# What each element becomes. A landmark would compete with those of the page, so it becomes a plain block.
_LISTS = {'ul': '(<li>)+', 'ol': '(<li>)+', 'dl': '((<dt>)+(<dd>)+)+'}  # and what they contain
_ITEMS = ('li', 'dt', 'dd')
_BLOCKS = {*_LISTS, *_ITEMS, 'blockquote', 'details', 'div', 'hr', 'p', 'pre', 'summary', 'table'}
_INLINE = {'a', 'abbr', 'b', 'br', 'cite', 'code', 'del', 'em', 'i', 'kbd', 'span', 'strong', 'sub', 'sup', 'var'}
_BECOMES = {
    **{tag: tag for tag in (*_BLOCKS, *_INLINE)},
    **dict.fromkeys(('section', 'nav', 'aside', 'figure', 'figcaption'), 'div'),
    **{'acronym': 'abbr', 'picture': 'span', 'tt': 'code'},
}
_HOLDERS = {  # elements that are valid only inside these
    'caption': ('table',),
    'thead': ('table',),
    'tbody': ('table',),
    'tr': ('table', 'thead', 'tbody'),
    'td': ('tr',),
    'th': ('tr',),
}
_ONLY_CELLS = ('table', 'thead', 'tbody', 'tr')  # elements that contain nothing but these
_NO_BLOCKS = {'p', 'pre', 'summary', 'heading'}  # elements that contain no blocks
_MAY_BE_EMPTY = {*_INLINE, *_HOLDERS, 'pre'} - {'a', 'caption'}  # in highlighted code a space is an element
_CHECKED, _UNCHECKED = '\N{BALLOT BOX WITH CHECK}', '\N{BALLOT BOX}'
_IN_BLOCKS = {*_INLINE, 'img', 'input', 'picture', 'tt', 'acronym', 'ins'}
_SCROLLED = ('<div class="scroll" tabindex="0">', '</div>')  # around a table, because it may be wide
_VOID = ('br', 'hr', 'img', 'input', 'col')
_HEADING = re.compile('h([1-6])')
_NUMBERS = {'ol': ('start',), 'td': ('colspan', 'rowspan')}
_ALIGNS = ('left', 'center', 'right')
_NUMBER = re.compile('[1-9][0-9]{0,2}')
_ID = re.compile(r'[\w.:-]{1,200}')
# URLs of badges. A paragraph that contains only badges is dropped.
_BADGE = re.compile(r'badge|shields?\.|\.svg(?:[?#]|$)', re.IGNORECASE)
_PARAGRAPHS = ('', 'p', 'div', 'section')
_MAIL = re.compile(r'mailto:[^\s<>"\\^`{|}]+', re.IGNORECASE)
_LEADING_BREAKS = re.compile(r'\A(?:\s*<br>)+')  # they often follow a logo, which is dropped


class TooDeep(ValueError):
    """The elements are nested too deeply."""


class Node:
    """An element of the input."""

    def __init__(self, tag: str, attributes: Mapping[str, str], parent: Node | None = None) -> None:
        self.tag = tag
        self.attributes = attributes
        self.parent = parent
        self.children: list[Node | str] = []
        self.shows = False  # whether it contains something visible
        self.has_words = False  # whether it contains text outside of other blocks
        self.pictures: list[Node] = []  # those outside of other blocks

    def show(self) -> None:
        """Mark this element and all elements around it as visible."""
        node: Node | None = self
        while node is not None and not node.shows:
            node.shows = True
            node = node.parent

    def block(self) -> Node:
        """Return the nearest block around this element."""
        node = self
        while node.parent is not None and node.tag in _IN_BLOCKS:
            node = node.parent
        return node

    def is_linked(self) -> bool:
        return self.parent is not None and self.parent.tag == 'a'


class _Reader(HTMLParser):
    """Builds the tree of the input. Raises `TooDeep`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Node('', {})]
        self.ids: set[str] = set()
        self.illustrated: dict[int, Node] = {}  # blocks that have pictures

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or '' for name, value in attrs}, self.open[-1])
        self.ids.add(own_id(node.attributes.get('id', '')))
        self.open[-1].children.append(node)
        if tag not in _VOID:
            self.open.append(node)
        if len(self.open) > MAX_DEPTH:
            raise TooDeep
        if tag == 'input':
            node.show()
        if tag == 'img':
            block = node.block()
            block.pictures.append(node)
            self.illustrated[id(block)] = block

    def handle_endtag(self, tag: str) -> None:
        while len(self.open) > 1 and self.open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)
        if data.strip():
            self.open[-1].show()
            self.open[-1].block().has_words = True

    def close(self) -> None:
        super().close()
        for block in self.illustrated.values():
            for picture in shown_pictures(block):
                picture.show()


def shown_pictures(block: Node) -> list[Node]:
    """Return the pictures of a block that have words; without the badges of a paragraph that has nothing else."""
    named = [picture for picture in block.pictures if picture.attributes.get('alt', '').strip()]
    if block.has_words or block.tag not in _PARAGRAPHS:
        return named
    if block.tag == 'p' and len(block.pictures) > 1 and all(each.is_linked() for each in block.pictures):
        return []
    return [picture for picture in named if not _BADGE.search(picture.attributes.get('src', ''))]


@functools.cache
def _token_classes() -> frozenset[str]:
    """Return the short class names that Pygments uses for tokens."""
    from pygments.token import STANDARD_TYPES  # here, because it belongs to the extra `readme`

    return frozenset(STANDARD_TYPES.values()) - {''}


def outside_url(url: str) -> str:
    """Return an absolute URL that is safe to link to; else ''. `javascript:` URLs are rejected."""
    return url if is_web_url(url) or _MAIL.fullmatch(url) else ''


def own_id(text: str) -> str:
    """Return the `id` with our prefix; '' if there is none or a link cannot name it."""
    text = text.removeprefix(ID_PREFIX)
    return f'{ID_PREFIX}{text}' if _ID.fullmatch(text) else ''


def _items(node: Node) -> Collection[str]:
    """Return the items of a valid list; an empty list for any other element."""
    if node.tag not in _LISTS:
        return ()
    held = (f'<{child.tag}>' if isinstance(child, Node) else '-' if child.strip() else '' for child in node.children)
    return _ITEMS if re.fullmatch(_LISTS[node.tag], ''.join(held)) else ()


def _usual_tag(node: Node, around: str, items: Collection[str]) -> str:
    """Return the tag that an element becomes, by its name and its parent; '' if only its content is kept."""
    if node.tag in _HOLDERS:
        empty_head = node.tag == 'th' and not node.shows
        return '' if around not in _HOLDERS[node.tag] else 'td' if empty_head else node.tag
    if around in _ONLY_CELLS:
        return ''
    if _HEADING.fullmatch(node.tag):
        return 'heading'
    if (
        (node.tag in _LISTS and not _items(node))
        or (node.tag in _ITEMS and node.tag not in items)
        or (node.tag == 'summary' and around != 'details')
    ):
        return 'div'
    if 'admonition' in node.attributes.get('class', '').split():
        return 'blockquote'
    return _BECOMES.get(node.tag, '')


class _Open(NamedTuple):
    """An element whose start tag is written."""

    children: Iterator[Node | str]  # that are left
    items: Collection[str]
    end: str
    is_element: bool  # '' if only its content is kept


class _Writer:
    """Writes the tree again, in text order, because the level of a heading depends on the one before."""

    def __init__(self, ids: Collection[str]) -> None:
        self.ids = frozenset(ids)
        self.given: set[str] = {''}  # each once
        self.heading = _OWN_HEADING
        self.inside: list[str] = ['']  # the open elements

    def content(self, root: Node) -> str:
        """Return the content of an element. Does not recurse, so depth does not matter."""
        parts: list[str] = []
        pending = [_Open(iter(root.children), (), '', False)]
        while pending:
            children, items, end, is_element = pending[-1]
            child = next(children, None)
            if child is None:
                pending.pop()
                parts.append(end)
                if is_element:
                    self.inside.pop()
            elif isinstance(child, Node):
                self.write_start(child, self.tag(child, items), parts, pending)
            elif self.inside[-1] not in _ONLY_CELLS:
                parts.append(escape(child))
        return ''.join(parts)

    def tag(self, node: Node, items: Collection[str]) -> str:
        tag = _usual_tag(node, self.inside[-1], items)
        is_block = tag == 'heading' or tag in _BLOCKS
        if is_block and not _NO_BLOCKS.isdisjoint(self.inside):
            return ''
        return '' if tag == 'a' and not {'a', 'summary'}.isdisjoint(self.inside) else tag

    def write_start(self, node: Node, tag: str, parts: list[str], pending: list[_Open]) -> None:
        """Write the start tag of an element; its children and its end tag are pending then."""
        leaf = self.leaf(node, tag)
        if leaf is not None:
            parts.append(leaf)
            return
        link = self.link(node) if tag == 'a' else ''
        if not (node.shows or tag in _MAY_BE_EMPTY) or (tag == 'a' and not link):
            tag = ''
        identity = self.identity(node)
        if tag == '':
            if identity and self.inside[-1] not in _ONLY_CELLS:
                parts.append(f'<span{identity}></span>')
            pending.append(_Open(iter(node.children), _items(node), '', False))
            return
        name = self.heading_tag(node) if tag == 'heading' else tag
        before, after = _SCROLLED if tag == 'table' else ('', '')
        parts.append(f'{before}<{name}{identity}{link}{self.attributes(node, tag)}>')
        pending.append(_Open(iter(node.children), _items(node), f'</{name}>{after}', True))
        self.inside.append(tag)

    def leaf(self, node: Node, tag: str) -> str | None:
        """Return an element without children; `None` for any other."""
        if node.tag == 'img':
            return self.picture(node)
        if node.tag == 'input':
            return _CHECKED if 'checked' in node.attributes else _UNCHECKED
        return f'<{tag}>' if tag in _VOID else None

    def heading_tag(self, node: Node) -> str:
        """Return the tag two levels down, at most one level below the heading before."""
        self.heading = min(int(node.tag[1]) + _OWN_HEADING, self.heading + 1, _LAST_HEADING)
        return f'h{self.heading}'

    def identity(self, node: Node) -> str:
        identity = own_id(node.attributes.get('id', ''))
        if identity in self.given:
            return ''
        self.given.add(identity)
        return f' id="{escape(identity)}"'

    def link(self, node: Node) -> str:
        href = node.attributes.get('href', '')
        if href.startswith('#') and (target := own_id(urllib.parse.unquote(href[1:]))) in self.ids:
            return f' href="#{escape(target)}"' if target else ''
        return f' href="{escape(outside_url(href))}" rel="nofollow"' if outside_url(href) else ''

    def picture(self, node: Node) -> str:
        """Return the text of a picture, as a link if it has an absolute URL."""
        words, url = node.attributes.get('alt', '').strip(), outside_url(node.attributes.get('src', ''))
        if self.inside[-1] in _ONLY_CELLS or not node.shows:
            return ''
        is_link = url and {'a', 'summary'}.isdisjoint(self.inside)
        text = f'Picture: {escape(words)}'
        return f'<a href="{escape(url)}" rel="nofollow">{text}</a>' if is_link else text

    def attributes(self, node: Node, tag: str) -> str:
        values = {name: node.attributes.get(name, '') for name in _NUMBERS.get(tag, ())}
        pairs = [(name, value) for name, value in values.items() if _NUMBER.fullmatch(value)]
        if tag in ('td', 'th') and node.attributes.get('align') in _ALIGNS:
            pairs.append(('align', node.attributes['align']))
        if tag == 'abbr' and node.attributes.get('title'):
            pairs.append(('title', node.attributes['title']))
        classes = [name for name in node.attributes.get('class', '').split() if name in _token_classes()]
        if classes:
            pairs.append(('class', ' '.join(classes)))
        return ''.join(f' {name}="{escape(value)}"' for name, value in pairs)


def as_guest(cleaned: str) -> str:
    """Return cleaned HTML in the form that a page of ours can include. Raises `TooDeep`."""
    reader = _Reader()
    reader.feed(cleaned)
    reader.close()
    html = _LEADING_BREAKS.sub('', _Writer(reader.ids).content(reader.open[0]))
    return normal_lines(html)  # `&#8;` is a control character
