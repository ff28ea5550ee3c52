"""Reads pages of a site with parsers that are not ours."""

from __future__ import annotations

import functools
import json
import pickle
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import html5lib
from filelock import FileLock
from packaging.version import InvalidVersion, Version

from testing.long import unmeasured
from testing.rich import HERE
from testing.sites import paths


def read_json(path: Path) -> Any:
    return json.loads(path.read_bytes())


def read_html(path: Path) -> Any:
    """Return the root element. Raises an exception for every parse error of HTML5."""
    builder = html5lib.getTreeBuilder('etree')
    return html5lib.HTMLParser(tree=builder, strict=True, namespaceHTMLElements=False).parse(path.read_bytes())


class Seen(NamedTuple):
    """The content of a parsed page that several tests use, because parsing takes long."""

    language: str
    title: str
    tags: set[str]
    links: list[str]
    rows: list[list[str]]  # texts of the cells of tables


@functools.cache
def read_pages(site: Path) -> dict[str, Seen]:
    """Return every HTML page by path. Raises an exception for every parse error of HTML5.

    The first process stores the result beside the site, for the other processes.
    """
    kept = site.with_name(f'{site.name}.pages')
    with unmeasured(), FileLock(f'{kept}.lock'):
        if not kept.exists():
            seen = {path: look(read_html(site / path)) for path in paths(site) if path.endswith('.html')}
            kept.write_bytes(pickle.dumps(seen))
    found: dict[str, Seen] = pickle.loads(kept.read_bytes())
    return found


def look(root: Any) -> Seen:
    elements = list(root.iter())
    links = [element.get('href') or element.get('src') for element in elements]
    rows = [[text_of(cell) for cell in row.findall('td')] for row in root.iter('tr')]
    return Seen(
        language=root.get('lang'),
        title=text_of(root.find('.//title')),
        tags={element.tag for element in elements},
        links=[link for link in links if link],
        rows=[row for row in rows if row],
    )


def read_anchors(site: Path, project: str) -> dict[str, dict[str, str]]:
    """Return the attributes of the anchors of an index page, by their text."""
    return {anchor.text: dict(anchor.attrib) for anchor in read_html(site / f'simple/{project}/index.html').iter('a')}


def read_metas(site: Path, project: str) -> dict[str, str]:
    metas = read_html(site / f'simple/{project}/index.html').iter('meta')
    return {meta.get('name'): meta.get('content') for meta in metas if meta.get('name', '').startswith('pypi:')}


def text_of(element: Any) -> str:
    return ' '.join(''.join(element.itertext()).split())


def projects(site: Path) -> list[str]:
    return [project['name'] for project in read_json(site / 'simple/index.v1_json')['projects']]


def page_url(path: str) -> str:
    """Return the URL where a page of a site is published."""
    for index in ('index.html', 'index.v1_json'):
        path = path.removesuffix(index)
    return urllib.parse.urljoin(HERE, path)


def read_releases(site: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Return every file with its project and version, from the legacy JSON pages."""
    for project in projects(site):
        for version, files in read_json(site / f'pypi/{project}/json')['releases'].items():
            for file in files:
                yield project, version, file


def parsed(version: str) -> Version | str:
    try:
        return Version(version)
    except InvalidVersion:
        return version
