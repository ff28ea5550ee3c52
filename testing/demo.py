"""A demonstration of everything that the human pages show, including hostile texts."""

from __future__ import annotations

import html
import re
import urllib.parse
from pathlib import Path
from typing import Any

from testing.tools import ROOT

SAMPLE = (ROOT / 'testing' / 'sample-packages.jsonl').read_text(encoding='utf-8').splitlines()
SITE_URL = 'https://pypi.example.com/team/'
MARKUP = '<img src=x onerror="document.title=\'broken into\'"> & "more"'

# A description that tries to imitate our page, to run code, and to fetch something.
HOSTILE_DESCRIPTION = f"""
# One

<div class="search" id="main"><form><input name="q"><ol class="results"></ol></form></div>
<details class="release" open><summary class="snippet">a <a href="#one">b</a></summary><code>c</code></details>
<span class="address">d</span> <time datetime="2026-01-01">e</time> <p hidden>f</p>

### Three

{MARKUP} <script>document.title = 'broken into'</script> <style>body {{ display: none }}</style>
![g](https://elsewhere.example.com/g.png) [h](javascript:document.title='broken&#32;into') <a href="//x">i</a>
<iframe src="https://elsewhere.example.com"></iframe><svg onload="document.title='broken into'"></svg>
<meta http-equiv="refresh" content="0; url=https://elsewhere.example.com"><base href="https://elsewhere.example.com">

| | j |
|-|--:|
| k | {'l' * 300} |

- [ ] m
- <li>n</li>
"""

# Cases that the sample list lacks: texts with markup, no facts, all facts, a status, hundreds of releases.
MORE: list[dict[str, Any]] = [
    {'project': 'hostile', 'summary': MARKUP, 'status': 'quarantined', 'status_reason': MARKUP},
    {'filename': 'hostile-1.0.tar.gz', 'yanked_reason': MARKUP, 'uploaded_by': MARKUP, 'upload_timestamp': 1},
    {'project': 'told', 'summary': MARKUP},
    {
        'filename': 'told-1.0+a.1-cp312-cp312-linux_x86_64.whl',
        'hashes': {'md5': '1' * 32, 'sha256': '2' * 64},
        'size': 1_600_000,
        'requires_python': '>=3.8,<4',
        'core_metadata': True,
        'provenance': 'https://pypi.example.com/told.provenance',
        'upload_timestamp': '2026-11-20T03:04:05Z',
        'uploaded_by': MARKUP,
    },
    {'filename': 'told-1.0+a.1.tar.gz', 'yanked_reason': MARKUP},
    {'filename': 'told-2.0rc1.tar.gz', 'hash': f'sha256={"3" * 64}'},
    {'filename': 'told-0.9.tar.gz', 'yanked_reason': 'broke everything'},
    {'filename': 'told-r7.tar.gz'},
    {
        'project': 'described',
        'description': HOSTILE_DESCRIPTION,
        'description_content_type': 'text/markdown',
        'project_urls': {MARKUP: 'https://elsewhere.example.com/?a="b"'.replace('"', '%22')},
        'license': f'{MARKUP}\nmore of it',
        'author': MARKUP,
        'maintainer_email': MARKUP,
        'keywords': MARKUP,
        'classifiers': [MARKUP, f'Programming Language :: Python :: {MARKUP}'],
    },
    {'filename': 'described-1.0.tar.gz', 'requires_dist': [MARKUP, f'told>={MARKUP}', 'told; extra == "a"']},
    {'filename': 'allyanked-1.0.tar.gz', 'yanked_reason': 'see https://wiki.example.com/why.'},
    {'filename': 'odd-r1.tar.gz'},
    {'filename': 'onlypre-1.0b1.tar.gz', 'hash': f'sha256={"4" * 64}'},
    *({'filename': f'tall-{number}.{part}.tar.gz'} for number in range(50) for part in range(100)),
]
OUTSIDE = re.compile('https:|pool/')


def page_links(directory: Path, path: str) -> list[str]:
    """Return the paths of the site that a page links to, without package files and other sites."""
    text = (directory / path).read_text(encoding='utf-8')
    text = re.sub('<ul class="requires".*?</ul>', '', text, flags=re.DOTALL)  # projects that may be in another index
    hrefs = (re.split('[?#]', html.unescape(href))[0] for href in re.findall('<a [^>]*?href="([^"]*)"', text))
    inside = [url for url in (urllib.parse.urljoin(path, href) for href in hrefs) if not OUTSIDE.match(url)]
    return [f'{url}index.html' if url.endswith('/') else url for url in map(urllib.parse.unquote, inside)]
