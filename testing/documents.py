"""The sections and blocks of README.md and of the documents in docs/: fenced ones and indented ones."""

from __future__ import annotations

import re
import textwrap
from typing import NamedTuple

from testing.tools import ROOT

# A reader runs the blocks in these languages.
COMMANDS = ('sh', 'bash')

# The blocks that tests run, by a heading above them or by words in them. Tests cannot get any other block.
RUN = {
    'README.md': (
        '--index-url',
        'The list',
        'git clone',
        'mkdir -p site/pool',
        'site/simple/foo/index.html',
        'usage: dumb-pypi ',
    ),
    'docs/lists.md': (
        '--write-metadata site/pool',
        'From a job that has only the new files',
        'Keeping the newest',
        'Making the list',
        'Several places',
        'The listings of other tools',
        'usage: dumb-pypi-list',
    ),
    'docs/operating.md': (
        '* * * * * ',
        '"status": "deprecated"',
        '/var/log/nginx/access.log',
        'ExecStart=/usr/local/bin/build-index',
        'OnCalendar=minutely',
        'cd /var/lib/dumb-pypi',
        'chmod +x /usr/local/bin/build-index',
        'chmod -R a+rX /srv/pypi',
        'cp --recursive --preserve=timestamps',
        'cp ~/wheels/* /srv/pypi/pool/',
        'finished -mmin -10',
        'git -C dumb-pypi checkout HEAD~1',
        'git -C dumb-pypi pull',
        'mv /srv/indexes/red/pool/',
        'rm /srv/pypi/pool/',
        'touch facts',
    ),
    'docs/publishing.md': (
        '* * * * * ',
        "'./dumb-pypi[readme,remote]'",
        'aws s3 cp --recursive some',
        'aws s3 sync pool',
        'aws s3 website',
        'rclone copy',
    ),
    'docs/recipes.md': (
        '/simple/" {',
        'Access-Control-Allow-Origin',
        'env/bin/dumb-pypi-list --known "$index/list"',
        'endswith("-common")',
        'provider=Minio',
        'NAME=$name publish-indexes',
        'put-bucket-cors',
        'rclone config create azure',
        'server minio.example.com:9000;',
        'sha256sum --check',
        'target=${TARGET:-s3:pypi.example.com}/$NAME',
        'torch-like==',
        'url_effective',
        '--packages-url https://pypi.example.com/pool/',
        'git+https://git.example.com/',
        '--known previous --write-metadata s3://',
        '--newest 60',
        '--output-dir difference',
        '--refresh-package foo',
        'comm -23 before after',
        'gh release create',
        'gh release download',
    ),
    'docs/serving.md': (
        '--output-dir /srv/kept',
        '-atime +180 -delete',
        'listen 443 ssl;',
        'openssl req -x509',
        'return 301 https',
        'root /srv/pypi;',
    ),
}


class Block(NamedTuple):
    """A block: lines between fences, or indented lines without their indentation. `text` ends with a line break."""

    document: str
    heading: str  # the nearest heading above it, of any level
    language: str  # empty if it is indented
    text: str


def documents() -> list[str]:
    """Return the documents by path."""
    return ['README.md', *sorted(f'docs/{path.name}' for path in (ROOT / 'docs').glob('*.md'))]


def read(document: str) -> str:
    return (ROOT / document).read_text(encoding='utf-8')


def section(document: str, heading: str) -> str:
    """Return the text below a heading, down to the next heading of its level or above."""
    found = re.search(rf'^(##+) {re.escape(heading)}\n', read(document), re.MULTILINE)
    assert found is not None, f'{document}: {heading}'
    rest = read(document)[found.end() :]
    end = re.search(rf'^##?#{{0,{len(found[1]) - 2}}} ', _without_blocks(rest), re.MULTILINE)
    return rest if end is None else rest[: end.start()]


def blocks(document: str, heading: str | None = None) -> list[Block]:
    """Return all blocks of a document, or those directly below a heading."""
    assert heading is None or heading in RUN[document], heading
    found, above = [], ''
    kinds = r'^#+ (.+)$|^```(\w*)\n((?:.*\n)*?)```$|(?<=\n\n)((?: {4}.*\n)+)'
    for match in re.finditer(kinds, read(document), re.MULTILINE):
        if match[1] is not None:
            above = match[1]
        else:
            found.append(Block(document, above, match[2] or '', textwrap.dedent(match[3] or match[4])))
    return [each for each in found if heading in (None, each.heading)]


def block(document: str, words: str) -> str:
    """Return the text of the only block that contains these words."""
    assert words in RUN[document], words
    [found] = [each.text for each in blocks(document) if words in each.text]
    return found


def _without_blocks(text: str) -> str:
    """Return the text with its blocks blanked, so that comments in scripts are not headings. The length stays."""
    return re.sub(r'^```.*?^```$', lambda match: '`' * len(match[0]), text, flags=re.MULTILINE | re.DOTALL)
