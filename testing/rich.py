"""A list with every key, and the URL of its site."""

from __future__ import annotations

from typing import Any

HERE = 'https://pypi.example.com/team/'  # the tests pretend to publish sites here

MD5, SHA1, SHA256, SHA384, SHA512 = 'a' * 32, 'b' * 40, 'c' * 64, 'd' * 96, 'e' * 128

RICH_URLS = {
    'Change Log': 'https://rich.example.com/changes',
    'Home-page': 'https://rich.example.com/#top',
    'Source': 'https://rich.example.com/source?a=b',
}
RICH: list[dict[str, Any]] = [
    {
        'project': 'Rich.Project',
        'summary': 'Says <everything> & "more"',
        'status': 'deprecated',
        'status_reason': 'use <plain> & "simple"',
        'description': '# All',
        'description_content_type': 'text/markdown',
        'project_urls': {label: RICH_URLS[label] for label in reversed(RICH_URLS)},
        'license_expression': 'MIT',
        'license': 'The whole\r\nof it\n',
        'author': 'Ann',
        'author_email': 'ann@example.com',
        'maintainer': 'Bob',
        'maintainer_email': 'bob@example.com',
        'keywords': 'a, b',
        'classifiers': ['Framework :: Pytest', ''],
    },
    {
        'filename': 'team/a b/rich_project-1.0+local.1-py3-none-any.whl',
        'hash': f'sha256={SHA256.upper()}',
        'size': 1600000,
        'requires_python': '>=3.8,<4',
        'requires_dist': ['plain>=1; python_version<"3.9"', 'other'],
        'core_metadata': f'sha256={SHA256}',
        'provenance': 'https://pypi.example.com/provenance/rich?a=1&b=2',
        'upload_timestamp': 1767323045.5,
        'uploaded_by': 'Ann <ann@example.com>',
    },
    {
        'filename': 'Rich.Project-0.9.tar.gz',
        'hashes': {'md5': MD5, 'sha1': SHA1, 'sha256': SHA256},
        'size': 999,
        'url': 'https://files.example.com/a?b=1&c=2',
        'upload_timestamp': '2024-02-29T23:59:59+01:00',
        'yanked_reason': 'breaks <all> & "more"',
    },
    {'filename': 'rich-project-0.8.zip', 'hash': f'sha1={SHA1}', 'size': 0, 'yanked': True, 'core_metadata': 'true'},
    {'filename': 'rich-project-0.7.zip', 'hashes': {'sha384': SHA384, 'sha512': SHA512}, 'size': 1, 'yanked': False},
    {'filename': 'rich-project-0.6.zip', 'hash': f'md5={MD5}', 'size': 1, 'yanked_reason': ''},
    {
        'filename': 'nameless.zip',
        'name': 'Rich_Project',
        'version': '0.5',
        'size': 1,
        'url': '../elsewhere/nameless.zip',
    },
    {'filename': 'rich-project-2004d_2.zip', 'size': 1, 'url': '/rooted/rich-project-2004d_2.zip'},
    {'filename': 'unsized-1.0.tar.gz', 'core_metadata': True, 'upload_timestamp': 0},
    {'filename': 'unsized-2.0.tar.gz', 'size': 17, 'core_metadata': False},
    {'project': 'archived', 'status': 'archived'},
    {'filename': 'archived-1.0.tar.gz', 'size': 17},
    {'project': 'active', 'status': 'active', 'status_reason': 'well kept'},
    {'filename': 'active-1.0.tar.gz', 'size': 17},
    {'project': 'quarantined', 'summary': 'Was bad', 'status': 'quarantined', 'status_reason': 'malware'},
    {'filename': 'quarantined-1.0.tar.gz', 'size': 17, 'upload_timestamp': 1767323045},
]
TEXT_KEYS = [
    'license_expression',
    'license',
    'author',
    'author_email',
    'maintainer',
    'maintainer_email',
    'keywords',
    'description_content_type',
]
