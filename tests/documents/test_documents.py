"""In README.md and all pages of docs/, tests run each block, and each link works."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from testing.documents import COMMANDS, RUN, Block, blocks, documents, read
from testing.tools import ROOT

# Blocks that a test cannot run unchanged: what it changes, and why.
EXCEPTIONS = {
    '--refresh-package foo': 'the address; each installer has the options of the tests beside those of the document',
    'cd /var/lib/dumb-pypi': 'directories, which are those of root',
    '* * * * * ': 'the directory of the script; the line for a bucket is compared with that of a disk',
    'chmod +x /usr/local/bin/build-index': 'the directory, which is that of root',
    'ExecStart=/usr/local/bin/build-index': 'the path of the script, which has to be there',
    '/var/lib/dumb-pypi/finished': 'directories, which are those of root',
    'cp ~/wheels/* /srv/pypi/pool/': 'directories, which are those of root',
    'rm /srv/pypi/pool/': 'directories, which are those of root',
    'mv /srv/indexes/red/pool/': 'directories, which are those of root',
    'cp --recursive --preserve=timestamps': 'directories, which are those of root',
    '/var/log/nginx/access.log': 'the log, which is that of root',
    'chmod -R a+rX /srv/pypi': 'directories, which are those of root',
    'env/bin/python -m http.server': 'the port, since another test may have it',
    '--index-url http://127.0.0.1:8000': 'the port',
    's3://my-bucket/pool > list.new': 'the bucket is a directory for fsspec; tests/pool/test_bucket.py has a real S3',
    'gcloud storage': 'what gcloud prints is from its documentation: it cannot be led to loopback',
    'az storage': 'what az prints is from its documentation',
    'gsutil ls': 'what gsutil prints is from its documentation',
    '--output-dir /srv/kept': 'directories, which are those of root',
    '-atime +180 -delete': 'the directory, which is that of root',
    'openssl req -x509': 'the certificate is for 127.0.0.1 as well, where the tests serve',
    'listen 443 ssl': 'ports, and the place of the certificate',
    'return 301 https': 'ports',
    'root /srv/pypi;': 'the port and the directory',
    'env/bin/dumb-pypi-list --known "$index/list"': 'directories, which are those of root',
    'NAME=$name publish-indexes': 'the directory, which is that of root',
    'torch-like==': 'the port, and the directory to install to',
    'url_effective': 'the port of the other index, and its projects',
    '--packages-url https://pypi.example.com/pool/': 'the port',
    'provider=Minio': 'the port of the store',
    'server minio.example.com:9000;': 'ports',
    'rclone config create azure': 'the port of the store, which everybody may read',
}
# Blocks that no test runs, and why.
NOT_RUN = {
    'useradd --system': 'it adds a user to the machine',
    'systemctl enable': 'it starts a service on the machine; systemd-analyze verifies the units',
    'az storage blob service-properties': 'it changes an account of Azure',
    'gcloud storage buckets create': 'it makes a bucket in an account of Google',
}


def all_blocks() -> list[Block]:
    return [each for document in documents() for each in blocks(document)]


@pytest.mark.parametrize('each', [pytest.param(each, id=f'{each.document}: {each.text[:40]}') for each in all_blocks()])
def test_each_block_is_run_by_a_test_or_has_a_reason(each: Block) -> None:
    if not any(words in each.text for words in NOT_RUN):
        assert [words for words in RUN.get(each.document, ()) if words == each.heading or words in each.text] != []


def test_a_test_asks_for_each_block_that_tests_run() -> None:
    here = {Path(__file__), ROOT / 'testing' / 'documents.py'}
    modules = {*(ROOT / 'tests').rglob('*.py'), *(ROOT / 'testing').glob('*.py')} - here
    trees = [ast.parse(path.read_text(encoding='utf-8')) for path in sorted(modules)]
    texts = {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert [words for entries in RUN.values() for words in entries if words not in texts] == []


@pytest.mark.parametrize('words', [*EXCEPTIONS, *NOT_RUN])
def test_each_exception_is_for_an_existing_block(words: str) -> None:
    assert [each for each in all_blocks() if words in each.text] != []


@pytest.mark.parametrize('document', documents())
def test_no_command_is_outside_of_a_fence(document: str) -> None:
    assert re.findall(r'^ {4}\$ .*', read(document), re.MULTILINE) == []
    assert {each.language for each in blocks(document)} <= {*COMMANDS, 'nginx', 'ini', 'json', ''}


def links(document: str) -> list[str]:
    """Return all links except those to other sites."""
    text = re.sub(r'^```.*?^```$|`[^`\n]+`', '', read(document), flags=re.MULTILINE | re.DOTALL)
    found = re.findall(r'\]\(([^)\s]+)\)', text) + re.findall(r'<(?:img|a)\b[^>]*?(?:src|href)="([^"]+)"', text)
    return [link for link in found if not re.match(r'[a-z]+:', link)]


@pytest.mark.parametrize('document', [*documents(), 'RATIONALE.md', 'CHANGELOG.md'])
def test_each_link_and_picture_exists(document: str) -> None:
    for link in links(document):
        path, _, fragment = unquote(link).partition('#')
        target = (ROOT / document).parent / path if path else ROOT / document
        assert target.exists(), link
        if fragment:
            assert fragment in anchors(target), link


def test_every_picture_is_used() -> None:
    shown = {Path(link).name for document in documents() for link in links(document)}
    assert {path.name for path in (ROOT / 'docs').glob('*.png')} - shown == set()


def anchors(path: Path) -> set[str]:
    """Return the fragments of the headings, as GitHub makes them."""
    text = re.sub(r'^```.*?^```$', '', path.read_text(encoding='utf-8'), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r'^#+ (.+)$', text, re.MULTILINE)
    return {re.sub(r'[^\w -]', '', heading.lower()).replace(' ', '-') for heading in headings}
