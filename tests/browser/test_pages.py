"""The pages for people, as a browser shows them."""

from __future__ import annotations

import html
import json
import random
import re
import shlex
import shutil
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import axe_playwright_python  # type: ignore[import-untyped]
import feedparser  # type: ignore[import-untyped]
import html5lib
import pytest
from playwright.sync_api import Browser, expect

import dumb_pypi
from dumb_pypi.main import main
from testing.browser import SETTLED, Served, Tab, copied, open_tab, results, search_for, serve
from testing.clients import Client
from testing.servers import Server, http_server
from testing.sites import build, paths, tree, write_list
from testing.tools import ROOT

SAMPLE = (ROOT / 'testing' / 'sample-packages.jsonl').read_text(encoding='utf-8').splitlines()
STATIC = Path(dumb_pypi.__file__).parent / 'static'
AXE = (Path(axe_playwright_python.__file__).parent / 'axe.min.js').read_text(encoding='utf-8')
SITE_URL = 'https://pypi.example.com/team/'
MARKUP = '<img src=x onerror="document.title=\'broken into\'"> & "more"'

# Tries to be taken for a part of our page, and to run, and to fetch.
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

# What the sample does not have: text that is markup, no facts at all, all facts, a status, hundreds of releases.
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
PAGES = (
    'index.html',
    'index.html?q=py',
    'index.html?q=no-such-name',
    'project/packaging/index.html',
    'project/packaging/index.html?q=py',
    'project/pywin32/index.html',
    'project/hostile/index.html',
    'project/told/index.html',
    'project/pytest/index.html',
    'project/click/index.html',
    'project/lxml/index.html',
    'project/described/index.html',
    'project/allyanked/index.html',
    'project/odd/index.html',
    'projects/index.html',
    'changelog/index.html',
    'changelog/2026-06.html',
    '404.html',
)
OUTSIDE = re.compile('https:|pool/')
Scheme = Literal['light', 'dark']


@pytest.fixture(scope='module')
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The sample list and the lines above."""
    scratch = tmp_path_factory.mktemp('demo')
    directory = scratch / 'some where' / "it's"
    assert build(directory, [*SAMPLE, *MORE], '--title', f'Demo {MARKUP}', '--packages-url', '../../pool/') == 0
    with http_server(scratch, scratch) as server:
        yield Served(directory, f'{server.url}/some%20where/it%27s/')


def many_names() -> list[str]:
    """100,000 names of one to three words, the same ones every time."""
    dice = random.Random(5)
    words = [''.join(dice.choices('abcdefghilmnoprstuvy', k=dice.randint(3, 9))) for _ in range(4_000)]
    words += ['django', 'flask', 'http', 'requests', 'pytest', 'aws', 'client']
    names: set[str] = {'requests', 'requests-http', 'http-requests', 'my-aws-client', 'flask-for-django'}
    while len(names) < 100_000:
        names.add('-'.join(dice.choices(words, k=dice.choice((1, 2, 2, 3)))))
    return sorted(names)


@pytest.fixture(scope='module')
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """100,000 projects. Against a list of all but one of them, one project page is written and what they share."""
    scratch = tmp_path_factory.mktemp('large')
    lines = [f'{{"filename":"{name}-1.0.tar.gz"}}' for name in many_names()]
    lines += [f'{{"filename":"{name}-2.0.tar.gz","upload_timestamp":1767323045}}' for name in many_names()[500::1000]]
    previous = write_list(scratch / 'previous.jsonl', lines[1:])
    directory = scratch / 'public' / 'site'
    assert build(directory, lines, '--previous-package-list-json', str(previous)) == 0
    shutil.copytree(STATIC, directory / 'static', dirs_exist_ok=True)  # the same for both lists
    with serve(directory, scratch) as served:
        yield served


# ------------------------------------------------------------------------------------------ what somebody else wrote

PILED = {  # a text, and what it is without what is piled up on its letters
    'marks above': ('Za' + '\u0301' * 1900, 'Zá'),
    'marks below': ('Za' + '\u0323' * 1900, 'Zạ'),
    'marks above and below': ('Z' + '\u0489\u030d\u0329' * 600, 'Z\u0489\u030d\u0329'),
}


def site_with(text: str, directory: Path) -> Path:
    lines: list[dict[str, object]] = [
        {'filename': f'{name}-1.0.tar.gz', 'upload_timestamp': 1767323045, 'yanked_reason': reason}
        for name, reason in (('aaa', None), ('mmm', text), ('zzz', None))
    ]
    lines += [{'project': name, 'summary': f'What {name} does'} for name in ('aaa', 'zzz')]
    lines.append({'project': 'mmm', 'summary': text, 'author': text, 'status': 'archived', 'status_reason': text})
    assert build(directory, lines) == 0
    return directory


@pytest.mark.parametrize(('text', 'plain'), PILED.values(), ids=PILED)
def test_marks_that_pile_up_on_a_letter_stay_in_their_row(
    text: str, plain: str, browser: Browser, tmp_path: Path
) -> None:
    """What is painted above and below is to the pixel what it is beside an ordinary text."""
    seen = []
    for name, written in (('piled', text), ('plain', plain)):
        site = site_with(written, tmp_path / name)
        with open_tab(browser, viewport={'width': 1000, 'height': 900}) as tab:
            for path, rows in (
                ('index.html', '.releases li:not(:has([href*="/mmm/"]))'),
                ('projects/index.html', '.projects li:not(:has([href*="/mmm/"]))'),
                (
                    'project/mmm/index.html',
                    'header, h1, h2, .when, .about > div:not(:has(:text("Author")))',
                ),
            ):
                tab.page.goto((site / path).as_uri())
                shown = tab.page.locator(rows)
                assert shown.count() > 1
                seen.append([each.screenshot() for each in shown.all()])
    half = len(seen) // 2
    assert seen[:half] == seen[half:]


@pytest.mark.parametrize(
    'text', ['w' * 2000, 'a b ' * 500, '\u3042' * 2000], ids=['a long word', 'words', 'wide letters']
)
@pytest.mark.parametrize('width', [320, 1000])
def test_a_long_summary_makes_no_long_row_in_a_list(text: str, width: int, browser: Browser, tmp_path: Path) -> None:
    site = site_with(text, tmp_path / 'site')
    with open_tab(browser, viewport={'width': width, 'height': 900}) as tab:
        for path, rows in (('index.html', '.releases li'), ('projects/index.html', '.projects li')):
            tab.page.goto((site / path).as_uri())
            heights = tab.page.locator(rows).evaluate_all('rows => rows.map(row => row.getBoundingClientRect().height)')
            assert len(heights) == 3
            assert max(heights) < 160
            assert tab.page.evaluate('document.documentElement.scrollWidth') <= width
        assert tab.problems == []


# ------------------------------------------------------------------------------------------------- every kind of page


@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_no_page_breaks_a_rule_of_accessibility_or_its_own_policy(
    browser: Browser, demo: Served, scheme: Scheme
) -> None:
    with open_tab(browser, color_scheme=scheme) as tab:
        found = {}
        for path in PAGES:
            tab.page.goto(demo.url + path)
            if '?q=' in path:
                expect(tab.page.locator('.count')).to_have_text(
                    '4 projects' if path.endswith('py') else 'No results for “no-such-name”. Try a shorter word.'
                )
            # By way of the debugger: the page's own policy would not let a script of ours in.
            tab.page.evaluate(f'() => {{ {AXE} }}')
            report = tab.page.evaluate('() => axe.run()')
            found[path] = [(each['id'], [node['html'] for node in each['nodes']]) for each in report['violations']]
            assert 'color-contrast' in {each['id'] for each in report['passes']}
            background = tab.page.evaluate('() => getComputedStyle(document.body).backgroundColor')
            assert background == {'light': 'rgb(255, 255, 255)', 'dark': 'rgb(20, 24, 30)'}[scheme]
        assert {path: violations for path, violations in found.items() if violations} == {}
        assert tab.problems == []


def test_no_page_scrolls_sideways_on_the_narrowest_screen(browser: Browser, demo: Served) -> None:
    with open_tab(browser, viewport={'width': 320, 'height': 640}) as tab:
        for path in PAGES:
            tab.page.goto(demo.url + path)
            tab.page.evaluate('() => document.querySelectorAll("details").forEach(each => { each.open = true })')
            widths = tab.page.evaluate('() => [document.documentElement.scrollWidth, innerWidth]')
            assert (path, widths) == (path, [320, 320])
        assert tab.problems == []


def test_markup_in_the_list_is_shown_as_text(tab: Tab, demo: Served) -> None:
    for name in ('hostile', 'told'):
        tab.page.goto(f'{demo.url}project/{name}/index.html')
        expect(tab.page.locator('.lead')).to_have_text(MARKUP)
        assert tab.page.title() == f'{name} - Demo {MARKUP}'


def test_the_site_works_from_a_disk(tab: Tab, demo: Served) -> None:
    tab.page.goto((demo.directory / 'index.html').as_uri())
    assert search_for(tab.page, 'packagin') == ['packaging']
    tab.page.get_by_role('searchbox').press('Enter')
    tab.page.wait_for_url('**/project/packaging/index.html')
    expect(tab.page.locator('.snippet code').first).to_contain_text(escaped((demo.directory / 'simple').as_uri()) + '/')
    tab.page.get_by_role('link', name='Recent uploads').click()
    expect(tab.page.get_by_role('heading', level=1)).to_have_text('Recent uploads')
    for path in PAGES:
        tab.page.goto((demo.directory / path.partition('?')[0]).as_uri())


def escaped(url: str) -> str:
    """The spelling that no shell changes."""
    return url.replace("'", '%27')


def test_everything_is_reached_by_links_without_script(demo: Served) -> None:
    todo, seen = ['index.html'], set()
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        assert (demo.directory / path).is_file(), path
        if path.endswith('.html'):
            todo += page_links(demo.directory, path)
    for_people = {path for path in paths(demo.directory) if path.endswith('.html') and not path.startswith('simple/')}
    # The first stands where an old release had the changelog; servers show the second on their own.
    assert for_people - seen == {'changelog/page1.html', '404.html'}


def page_links(directory: Path, path: str) -> list[str]:
    """The paths of the site that a page links to; files of packages and other places are none."""
    text = (directory / path).read_text(encoding='utf-8')
    hrefs = (re.split('[?#]', html.unescape(href))[0] for href in re.findall('<a [^>]*?href="([^"]*)"', text))
    inside = [url for url in (urllib.parse.urljoin(path, href) for href in hrefs) if not OUTSIDE.match(url)]
    return [f'{url}index.html' if url.endswith('/') else url for url in map(urllib.parse.unquote, inside)]


def test_without_script_the_search_is_not_shown_and_the_listing_is(browser: Browser, demo: Served) -> None:
    with open_tab(browser, java_script_enabled=False) as tab:
        tab.page.goto(demo.url)
        expect(tab.page.locator('.search')).to_be_hidden()
        tab.page.get_by_role('link', name='Projects', exact=True).click()
        tab.page.get_by_role('link', name='packaging').click()
        expect(tab.page.get_by_role('heading', level=1)).to_contain_text('packaging')
        tab.page.get_by_role('heading', name='26.2', exact=True).click()
        expect(tab.page.get_by_role('link', name='packaging-26.2.tar.gz')).to_be_visible()
        assert tab.problems == []


def test_what_is_folded_is_printed(tab: Tab, demo: Served) -> None:
    tab.page.goto(f'{demo.url}project/packaging/index.html')
    link = tab.page.get_by_role('link', name='packaging-26.2.tar.gz', include_hidden=True)
    expect(link).to_be_hidden()
    tab.page.emulate_media(media='print')
    expect(link).to_be_visible()
    expect(tab.page.locator('.search')).to_be_hidden()


# ------------------------------------------------------------------------------------------------- search


RANKED = [  # by the rank of each for "http client"
    'http-client',
    'http-client-tools',
    'my-client-http',
    'httpx-clients',
    'pyhttpclient',
]


@pytest.fixture(scope='module')
def ranked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    scratch = tmp_path_factory.mktemp('ranked')
    directory = scratch / 'public' / 'site'
    names = [*RANKED, 'http', 'client', 'zope-interface', 'Flask_SQLAlchemy', 'a', *(f'many-{n:03}' for n in range(99))]
    assert build(directory, [{'filename': f'{name.replace("-", "_")}-1.0.tar.gz'} for name in names]) == 0
    with serve(directory, scratch) as served:
        yield served


@pytest.mark.parametrize(
    ('query', 'expected'),
    [
        pytest.param('http client', RANKED, id='exact, beginning, whole words, beginnings of words, anywhere'),
        pytest.param(
            'client http', ['http-client', 'my-client-http', 'http-client-tools', *RANKED[3:]], id='words in any order'
        ),
        pytest.param('HTTP_Client', [*RANKED[:2], RANKED[4]], id='case and underscores alike'),
        pytest.param('zope.interface', ['zope-interface'], id='dots alike'),
        pytest.param('flask--sqlalchemy', ['flask-sqlalchemy'], id='runs of dashes alike'),
        pytest.param(
            ' http- ', ['http', RANKED[0], RANKED[3], RANKED[1], RANKED[2], RANKED[4]], id='a word half typed'
        ),
        pytest.param('clinet', ['client', RANKED[0], RANKED[2], RANKED[1], RANKED[3]], id='letters swapped'),
        pytest.param('htp', ['http', RANKED[0], RANKED[2], RANKED[1]], id='a letter left out'),
        pytest.param('htttp', ['http', RANKED[0], RANKED[2], RANKED[1], RANKED[3]], id='a letter too many'),
        pytest.param('httpclient', [RANKED[0], RANKED[1], RANKED[4]], id='without what divides words'),
        pytest.param('zope.interface[test]==306 ; x', ['zope-interface'], id='a requirement'),
        pytest.param('interfase', ['zope-interface'], id='a mistake in one word'),
        pytest.param('zzzz', [], id='nothing'),
        pytest.param('<b>"\'', [], id='markup'),
    ],
)
def test_the_best_match_comes_first(tab: Tab, ranked: Served, query: str, expected: list[str]) -> None:
    tab.page.goto(f'{ranked.url}?{urllib.parse.urlencode({"q": query})}')
    tab.page.wait_for_function(SETTLED, arg=query.strip())
    assert results(tab.page) == expected


def test_search_works_by_keyboard_alone(tab: Tab, ranked: Served) -> None:
    page = tab.page
    page.goto(f'{ranked.url}project/a/index.html')
    page.keyboard.press('/')
    box = page.get_by_role('searchbox', name='Search projects')
    expect(box).to_be_focused()
    page.keyboard.type('http')
    expect(page.get_by_role('search').get_by_role('status')).to_have_text('6 projects')
    page.keyboard.press('ArrowDown')
    expect(page.get_by_role('link', name='http 1.0', exact=True)).to_be_focused()
    page.keyboard.press('ArrowDown')
    expect(page.get_by_role('link', name='http-client 1.0', exact=True)).to_be_focused()
    page.keyboard.press('ArrowUp')
    page.keyboard.press('ArrowUp')
    expect(box).to_be_focused()
    page.keyboard.press('ArrowDown')
    page.keyboard.press('Escape')
    expect(box).to_be_focused()
    page.keyboard.press('Escape')
    expect(box).to_have_value('')
    expect(page.locator('.found')).to_be_hidden()
    page.keyboard.type('http cl/')
    expect(box).to_have_value('http cl/')
    page.keyboard.press('Backspace')
    page.keyboard.press('Enter')
    page.wait_for_url('**/project/http-client/index.html')


def test_the_query_is_in_the_address_and_can_be_linked(tab: Tab, ranked: Served) -> None:
    page = tab.page
    page.goto(ranked.url)
    search_for(page, 'zope inter')
    assert page.url == f'{ranked.url}?q=zope+inter'
    page.locator('.results').get_by_role('link', name='zope-interface').click()
    page.wait_for_url('**/project/zope-interface/index.html')
    page.go_back()
    page.wait_for_function(SETTLED, arg='zope inter')
    assert (page.get_by_role('searchbox').input_value(), results(page)) == ('zope inter', ['zope-interface'])
    page.get_by_role('searchbox').fill('')
    page.wait_for_function('() => !location.search')
    expect(page.locator('.found')).to_be_hidden()


def test_many_matches_are_shown_in_parts(tab: Tab, ranked: Served) -> None:
    page = tab.page
    page.goto(ranked.url)
    assert len(search_for(page, 'many')) == 40
    expect(page.locator('.count')).to_have_text('99 projects')
    page.get_by_role('button', name='Show more').click()
    expect(page.get_by_role('link', name='many-040')).to_be_focused()
    assert len(results(page)) == 99
    expect(page.get_by_role('button', name='Show more')).to_be_hidden()


def test_results_in_the_header_go_away_with_a_click_beside_them(tab: Tab, ranked: Served) -> None:
    page = tab.page
    page.goto(f'{ranked.url}project/a/index.html?q=zope')
    expect(page.get_by_role('link', name='zope-interface')).to_be_visible()
    page.get_by_role('heading', level=1).click()
    expect(page.get_by_role('link', name='zope-interface')).to_be_hidden()
    page.get_by_role('searchbox').focus()
    expect(page.get_by_role('link', name='zope-interface')).to_be_visible()


def test_the_search_says_when_it_has_no_names(browser: Browser, ranked: Served) -> None:
    with open_tab(browser) as tab:
        tab.page.route('**/names.js', lambda route: route.abort())
        tab.page.goto(f'{ranked.url}?q=http')
        expect(tab.page.locator('.count')).to_have_text('Could not load the project list.')
        expect(tab.page.locator('.found').get_by_role('link')).to_have_text('All projects from A to Z')
        tab.page.unroute('**/names.js')
        assert search_for(tab.page, 'zope') == ['zope-interface']


# Times a key press until the page has changed because of it, as the page itself sees it.
STOPWATCH = """() => {
    window.times = [];
    let pressed = 0;
    document.querySelector('.search input').addEventListener('input', (event) => { pressed = event.timeStamp; }, true);
    new MutationObserver(() => { if (pressed) { times.push(performance.now() - pressed); pressed = 0; } })
        .observe(document.querySelector('.results'), { childList: true });
}"""


def test_search_among_100_000_projects_keeps_up_with_typing(
    tab: Tab, large: Served, record_property: Callable[[str, object], None], capsys: pytest.CaptureFixture[str]
) -> None:
    page = tab.page
    begun = time.perf_counter()
    page.goto(large.url)
    home = (time.perf_counter() - begun) * 1000
    expect(page.locator('.hero .lead').first).to_have_text('100,000 projects, 100,100 files')
    page.evaluate(STOPWATCH)
    begun = time.perf_counter()
    assert search_for(page, 'requests')[0] == 'requests'
    loading = (time.perf_counter() - begun) * 1000
    page.evaluate('() => { times.length = 0 }')
    for query in ('r', 're', 'req', 'e', 'http', 'http requests', 'aws client', 'django flask', 'requests-http'):
        assert search_for(page, query)
    times: list[float] = page.evaluate('() => times')
    search_for(page, 'reqeusts-htp')
    assert results(page)[0] == 'requests-http'
    [suggestion] = page.evaluate('() => times')[len(times) :]
    figures = {
        'home_ms': home,
        'first_search_ms': loading,
        'median_ms': sorted(times)[len(times) // 2],
        'slowest_ms': max(times),
        'suggestion_ms': suggestion,
    }
    for name, value in figures.items():
        record_property(name, round(value, 1))
    with capsys.disabled():
        print(f'\n100,000 projects: { {name: round(value, 1) for name, value in figures.items()} }')


# ------------------------------------------------------------------------------------------------- project pages


def test_a_project_page_tells_all_that_the_list_tells(tab: Tab, demo: Served) -> None:
    page = tab.page
    page.goto(f'{demo.url}project/told/index.html')
    assert [each.split('\n')[0] for each in page.locator('.release summary').all_inner_texts()] == [
        '2.0rc1 pre-release 1 file',
        '1.0+a.1 latest 2026-11-20 03:04 · 2 files',
        '0.9 yanked 1 file',
        'r7 non-standard version (pip cannot install it) 1 file',
    ]
    expect(page.locator('.release').nth(2).locator('.reason')).to_have_text('Yanked: broke everything')
    sdist, wheel = page.locator('#v1\\.0\\%2Ba\\.1 tbody tr').all()
    assert wheel.locator('td').all_inner_texts() == [
        'told-1.0+a.1-cp312-cp312-linux_x86_64.whl\n\nWheel for CPython 3.12, Linux x86_64 · metadata · provenance',
        '1.6 MB',
        f'2026-11-20 03:04 by {MARKUP}',
        '>=3.8,<4',
        f'sha256={"2" * 64}Copy',
    ]
    url = '../../pool/told-1.0%2Ba.1-cp312-cp312-linux_x86_64.whl'
    assert [link.get_attribute('href') for link in wheel.get_by_role('link').all()] == [
        url,
        f'{url}.metadata',
        'https://pypi.example.com/told.provenance',
    ]
    assert sdist.locator('td').all_inner_texts() == [
        f'told-1.0+a.1.tar.gz\n\nSource distribution · yanked · {MARKUP}',
        '',
        '',
        '',
        '',
    ]
    shown = wheel.locator('code').bounding_box()
    assert shown is not None
    assert shown['width'] < 150


@pytest.mark.parametrize(
    ('project', 'expected'),
    [
        pytest.param(
            'pywin32',
            'This project is archived. No new releases are expected.\n'
            'The last Windows build machine has been retired, so there will be no new releases.',
            id='archived',
        ),
        pytest.param(
            'greenlet',
            'This project is deprecated. Consider using an alternative.\n'
            'New services use asyncio; greenlet stays for those that already depend on it. '
            'See https://wiki.example.com/asyncio for the way out.',
            id='deprecated',
        ),
        pytest.param(
            'hostile',
            'This project is quarantined. It may be harmful; its files are unavailable while it is under review.\n'
            f'{MARKUP}',
            id='quarantined',
        ),
    ],
)
def test_the_status_of_a_project_stands_above_everything(tab: Tab, demo: Served, project: str, expected: str) -> None:
    tab.page.goto(f'{demo.url}project/{project}/index.html')
    lines = tab.page.locator('.banner').inner_text().split('\n')
    assert '\n'.join(line for line in lines if line) == expected


def test_a_link_to_a_folded_release_unfolds_it(tab: Tab, demo: Served) -> None:
    page = tab.page
    page.goto(f'{demo.url}project/packaging/index.html')
    expect(page.get_by_role('link', name='packaging-20.6.tar.gz')).to_be_hidden()
    page.goto(f'{demo.url}project/packaging/index.html#v20.6')
    expect(page.get_by_role('link', name='packaging-20.6.tar.gz')).to_be_in_viewport()


def test_a_project_with_5_000_files_stays_usable(
    tab: Tab, demo: Served, record_property: Callable[[str, object], None]
) -> None:
    page = tab.page
    begun = time.perf_counter()
    page.goto(f'{demo.url}project/tall/index.html')
    expect(page.get_by_role('link', name='tall-49.99.tar.gz')).to_be_visible()
    record_property('5000_files_ms', round((time.perf_counter() - begun) * 1000))
    assert page.locator('.release').count() == 1
    page.get_by_role('link', name='49.98', exact=True).click()
    # By selectors: to find roles among 5,000 releases takes seconds, in which the page itself comes to nothing.
    page.wait_for_function('() => document.querySelectorAll(".release[open]").length === 2')
    expect(page.locator('a', has_text='tall-49.98.tar.gz').first).to_be_visible()
    assert page.locator('.release').count() == 5_000
    page.locator('h3', has_text='49.97').first.click()
    expect(page.locator('a', has_text='tall-49.97.tar.gz').first).to_be_visible()


# ------------------------------------------------------------------------------------------------- copy buttons


@pytest.fixture(scope='module')
def installable(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with http_server(site, tmp_path_factory.mktemp('installable')) as server:
        yield server


def test_installers_take_the_copied_lines_as_they_are(
    tab: Tab, installable: Server, pip: Client, uv: Client, tmp_path: Path
) -> None:
    page = tab.page
    page.goto(f'{installable.url}/project/only-wheel/index.html')
    for name, client, own in (('Copy pip', pip, ['pip', 'install']), ('Copy uv', uv, ['uv', 'pip', 'install'])):
        words = shlex.split(copied(page, name))
        assert words[: len(own)] == own
        target = tmp_path / client.name
        outcome = client.run(*client.command, *words[len(own) :], '--target', str(target))
        assert (outcome.status, (target / 'only_wheel.py').exists()) == (0, True), outcome.output


def test_pip_takes_the_copied_requirements_with_their_hashes(
    tab: Tab, installable: Server, pip: Client, tmp_path: Path
) -> None:
    page = tab.page
    page.goto(f'{installable.url}/project/only-wheel/index.html')
    page.get_by_role('heading', name='requirements.txt with hashes').click()
    text = copied(page, 'Copy requirements.txt with hashes')
    requirements = tmp_path / 'requirements.txt'
    requirements.write_text(text, encoding='utf-8')
    install = (*pip.command, '--require-hashes', '--target', str(tmp_path / 'target'), '-r', str(requirements))
    outcome = pip.run(*install)
    assert (outcome.status, (tmp_path / 'target' / 'only_wheel.py').exists()) == (0, True), outcome.output
    head, _, digest = text.rpartition(':')
    requirements.write_text(f'{head}:{digest.translate(str.maketrans("0123456789abcdef", "123456789abcdef0"))}')
    assert 'DO NOT MATCH THE HASHES' in pip.run(*install).output


def test_pip_takes_the_copied_configuration(tab: Tab, installable: Server, pip: Client, tmp_path: Path) -> None:
    tab.page.goto(installable.url)
    config = tmp_path / 'pip.conf'
    tab.page.get_by_role('heading', name='pip.conf').click()
    config.write_text(copied(tab.page, 'Copy pip.conf'), encoding='utf-8')
    target = tmp_path / 'target'
    command = ('env', f'PIP_CONFIG_FILE={config}', *pip.command, '--target', str(target), 'only-wheel')
    outcome = pip.run(*command)
    assert (outcome.status, (target / 'only_wheel.py').exists()) == (0, True), outcome.output


def test_uv_takes_the_copied_configuration(tab: Tab, installable: Server, uv: Client, tmp_path: Path) -> None:
    tab.page.goto(installable.url)
    config = tmp_path / 'uv.toml'
    tab.page.get_by_role('heading', name='pyproject.toml for uv').click()
    config.write_text(copied(tab.page, 'Copy pyproject.toml for uv').replace('[tool.uv.', '['), encoding='utf-8')
    target = tmp_path / 'target'
    outcome = uv.run(*uv.command, '--config-file', str(config), '--target', str(target), 'only-wheel')
    assert (outcome.status, (target / 'only_wheel.py').exists()) == (0, True), outcome.output


def test_a_shortened_hash_is_copied_whole(tab: Tab, demo: Served) -> None:
    page = tab.page
    page.goto(f'{demo.url}project/told/index.html')
    name = 'told-1.0+a.1-cp312-cp312-linux_x86_64.whl'
    assert copied(page, f'Copy the hash of {name}') == f'sha256:{"2" * 64}'
    expect(page.get_by_role('main').get_by_role('status')).to_have_text(f'Copied: the hash of {name}')


@pytest.mark.parametrize(
    ('project', 'expected'),
    [
        pytest.param('told', ['told', 'told==1.0+a.1'], id='a file has no hash that pip takes'),
        pytest.param(
            'onlypre', ['onlypre==1.0b1', f'onlypre==1.0b1 \\\n    --hash=sha256:{"4" * 64}'], id='a pre-release alone'
        ),
    ],
)
def test_the_requirement_is_one_that_installers_find(tab: Tab, demo: Served, project: str, expected: list[str]) -> None:
    tab.page.goto(f'{demo.url}project/{project}/index.html')
    shell, _, requirements = (code.text_content() or '' for code in tab.page.locator('.snippet code').all())
    address = f'{demo.url}simple/'
    assert [shell, requirements] == [
        f'pip install --index-url {address} {expected[0]}',
        f'--index-url {address}\n{expected[1]}\n',
    ]


def test_over_plain_http_pip_is_told_to_trust_the_host_and_copying_still_works(browser: Browser, demo: Served) -> None:
    """A name that is not this machine's own is no secure context: `navigator.clipboard` is missing there."""
    port = urllib.parse.urlsplit(demo.url).port
    with open_tab(browser, permissions=['clipboard-read', 'clipboard-write']) as tab, open_tab(browser) as _:
        tab.page.goto(demo.url.replace('127.0.0.1', 'pypi.example.com'))
        address = f'http://pypi.example.com:{port}/some%20where/it%27s/simple/'
        trusted = f'pypi.example.com:{port}'
        button = tab.page.get_by_role('button', name='Copy pip', exact=True)
        button.click()
        expect(button).to_have_text('Copied')
        config = tab.page.locator('.snippet code').nth(2)
        expect(config).to_have_text(f'[global]\nindex-url = {address}\ntrusted-host = {trusted}\n')
        tab.page.goto(demo.url)
        text = tab.page.evaluate('() => navigator.clipboard.readText()')
        assert text == f'pip install --index-url {address} --trusted-host {trusted} told'


# ------------------------------------------------------------------------------------------------- shared pages


def test_pages_stay_light(demo: Served, large: Served) -> None:
    assert (large.directory / 'index.html').stat().st_size < 20_000
    assert (demo.directory / 'project' / 'packaging' / 'index.html').stat().st_size < 40_000
    static = demo.directory / 'static'
    assert (static / 'style.css').stat().st_size + (static / 'script.js').stat().st_size < 40_000
    assert (large.directory / 'projects' / 'index.html').stat().st_size < 200_000


def test_a_project_page_of_20_files_is_lighter_than_40_kb(tmp_path: Path) -> None:
    lines = [
        {
            'filename': f'some_quite_long_name-1.{release}-cp3{python}-cp3{python}-manylinux_2_17_x86_64.whl',
            'hash': f'sha256={release}{python}{"a" * 62}',
            'size': 123_456_789,
            'upload_timestamp': 1767323045 + release,
            'uploaded_by': 'somebody@example.com',
            'requires_python': '>=3.9',
            'core_metadata': f'sha256={"b" * 64}',
            'provenance': f'https://pypi.example.com/integrity/some-quite-long-name/1.{release}/provenance',
        }
        for release in range(2)
        for python in range(10)
    ]
    assert build(tmp_path / 'site', lines, '--packages-url', 'https://files.example.com/packages/') == 0
    assert (tmp_path / 'site' / 'project' / 'some-quite-long-name' / 'index.html').stat().st_size < 40_000


def test_a_long_listing_has_pages_by_prefix_until_it_is_short_again(tmp_path: Path) -> None:
    site = tmp_path / 'site'
    names = sorted([*(f'a{number}' for number in range(1_001)), '0x', 'b'])
    lines = [{'filename': f'{name}-1.tar.gz'} for name in names]
    assert build(site, lines) == 0
    listed = {}
    for path in paths(site / 'projects'):
        links = page_links(site, f'projects/{path}')
        listed[path] = [link.split('/')[1] for link in links if link.startswith('project/')]
    pages = ['from-0.html', 'from-a0.html', 'from-a9.html', 'from-b.html']
    assert list(listed) == [*pages, 'index.html']
    assert [name for page in pages for name in listed[page]] == names
    assert (listed['from-a0.html'][0], listed['from-a9.html'][0], listed['index.html']) == ('a0', 'a9', [])
    assert build(site, lines[3:]) == 0
    assert paths(site / 'projects') == ['index.html']
    assert page_links(site, 'projects/index.html').count('project/b/index.html') == 1


def test_pages_of_a_long_listing_have_names_that_file_systems_take(tmp_path: Path) -> None:
    """A name of 249 characters is as long as that of an sdist can be; these begin alike in all but the last of them."""
    site = tmp_path / 'site'
    alike = [f'{"a" * 243}{number:04}{end}' for number in range(1_001) for end in ('bb', 'cc')]
    lines = [{'filename': f'{name}-1.zip'} for name in alike]
    assert build(site, lines, '--jobs', '1', '--no-per-release-json') == 0
    names = [path for path in paths(site / 'projects') if path != 'index.html']
    assert max(map(len, names)) <= 255
    listed = [link for path in names for link in page_links(site, f'projects/{path}') if link.startswith('project/')]
    assert sorted(link.split('/')[1] for link in listed) == alike
    links = page_links(site, 'projects/index.html')
    assert {link.removeprefix('projects/') for link in links if link.startswith('projects/from-')} == {*names}
    # The next run owns them.
    assert build(site, lines[:2]) == 0
    assert paths(site / 'projects') == ['index.html']


@pytest.fixture(scope='module')
def feeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp('feeds') / 'site'
    day = 24 * 60 * 60
    lines: list[dict[str, Any]] = [{'project': 'foo', 'summary': MARKUP}]
    lines += [{'filename': f'foo-{n}.tar.gz', 'upload_timestamp': 1767323045 + n * day} for n in range(105)]
    lines += [{'filename': f'foo-104-{t}-none-any.whl', 'upload_timestamp': 1767323000} for t in ('py2', 'py3')]
    lines += [{'filename': f'bar{n}-1+x.tar.gz', 'upload_timestamp': 1700000000 + n} for n in range(50)]
    lines += [{'filename': 'unknown-1.tar.gz'}]
    assert build(directory, lines, '--site-url', SITE_URL.rstrip('/'), '--title', f'Ours {MARKUP}') == 0
    return directory


def read_feed(path: Path) -> Any:
    feed = feedparser.parse(path.read_bytes())
    assert not feed.bozo, feed.get('bozo_exception')
    return feed


def test_a_feed_tells_of_the_newest_releases(feeds: Path) -> None:
    feed = read_feed(feeds / 'rss' / 'updates.xml')
    assert (feed.version, feed.feed.title, feed.feed.link) == ('rss20', f'Ours {MARKUP}: newest releases', SITE_URL)
    assert [entry.title for entry in feed.entries] == [f'foo {n}' for n in range(103, 3, -1)]
    newest = feed.entries[0]
    assert newest.link == newest.id == f'{SITE_URL}project/foo/index.html#v103'
    assert (newest.published, newest.published_parsed[:6]) == ('Wed, 15 Apr 2026 03:04:05 GMT', (2026, 4, 15, 3, 4, 5))
    assert feed.feed.updated == newest.published
    assert newest.description == html.escape(MARKUP, quote=False)  # which readers take for HTML


def test_a_feed_tells_of_the_newest_projects(feeds: Path) -> None:
    feed = read_feed(feeds / 'rss' / 'packages.xml')
    assert [entry.title for entry in feed.entries] == ['foo added', *(f'bar{n} added' for n in range(49, 10, -1))]
    assert [entry.link for entry in feed.entries[:2]] == [
        f'{SITE_URL}project/{name}/index.html' for name in ('foo', 'bar49')
    ]
    assert feed.entries[0].published == 'Fri, 02 Jan 2026 03:03:20 GMT'


def test_pages_announce_the_feeds(feeds: Path) -> None:
    for path in ('index.html', 'project/foo/index.html', '404.html'):
        document = html5lib.parse((feeds / path).read_text(encoding='utf-8'), namespaceHTMLElements=False)
        links = [link.get('href') for link in document.iter('link') if link.get('rel') == 'alternate']
        assert links == [f'{SITE_URL}rss/updates.xml', f'{SITE_URL}rss/packages.xml']


def test_links_to_a_release_lead_to_its_anchor(feeds: Path) -> None:
    page = (feeds / 'project' / 'bar1' / 'index.html').read_text(encoding='utf-8')
    assert 'id="v1%2Bx"' in page
    entry = next(entry for entry in read_feed(feeds / 'rss' / 'updates.xml').entries if entry.title == 'foo 9')
    assert f'id="{entry.link.partition("#")[2]}"' in (feeds / 'project' / 'foo' / 'index.html').read_text()


def test_the_page_for_what_is_missing_works_at_any_address(feeds: Path) -> None:
    page = (feeds / '404.html').read_text(encoding='utf-8')
    assert 'href="/team/static/style.css"' in page
    assert 'href="/team/projects/index.html"' in page


def test_without_an_address_there_are_no_feeds_and_none_are_left(feeds: Path, tmp_path: Path) -> None:
    """The same bytes as a new site has, and nothing that somebody else put there is gone."""
    shutil.copytree(feeds, tmp_path / 'site')
    (tmp_path / 'site' / 'rss' / 'own.xml').write_text('<?xml version="1.0"?>\n<rss/>\n')
    lines = (feeds / 'packages.json').read_text(encoding='utf-8').splitlines()
    assert build(tmp_path / 'site', lines) == build(tmp_path / 'fresh', lines) == 0
    assert tree(tmp_path / 'site').keys() - tree(tmp_path / 'fresh').keys() == {'rss/own.xml'}
    assert tree(tmp_path / 'site').items() >= tree(tmp_path / 'fresh').items()


@pytest.mark.parametrize('url', ['pypi/', '/pypi/', 'file:///srv/pypi/', 'https://pypi.example.com/?a=b'])
def test_the_address_of_the_site_is_an_absolute_one(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_status:
        main(['--package-list', '-', '--packages-url', '../../pool/', '--output-dir', 'site', '--site-url', url])
    assert exit_status.value.code == 2
    assert '--site-url: expected ' in capsys.readouterr().err


def test_an_index_that_is_empty_or_knows_no_times_has_an_empty_changelog(tmp_path: Path) -> None:
    assert build(tmp_path / 'empty', [], '--allow-empty', '--site-url', SITE_URL) == 0
    assert build(tmp_path / 'timeless', [{'filename': 'foo-1.tar.gz'}], '--site-url', SITE_URL) == 0
    for site in (tmp_path / 'empty', tmp_path / 'timeless'):
        assert read_feed(site / 'rss' / 'updates.xml').entries == read_feed(site / 'rss' / 'packages.xml').entries == []
        assert paths(site / 'changelog') == ['index.html', 'page1.html']
        for path in ('index.html', 'projects/index.html'):
            assert set(page_links(site, path)) <= set(paths(site))


def test_the_names_for_the_search_are_those_of_the_index(demo: Served) -> None:
    text = (demo.directory / 'static' / 'names.js').read_text(encoding='utf-8')
    document = json.loads((demo.directory / 'simple' / 'index.v1_json').read_bytes())
    assert json.loads(text.partition(' = ')[2].removesuffix(';\n')).split(' ') == [
        project['name'] for project in document['projects']
    ]


@pytest.mark.parametrize(
    ('logo', 'at_home', 'below'),
    [
        pytest.param('logo.png', 'logo.png', '../../logo.png', id='relative to the site'),
        pytest.param('https://a.example.com/b.png', *['https://a.example.com/b.png'] * 2, id='absolute'),
    ],
)
def test_the_logo_is_the_same_on_every_page(tmp_path: Path, logo: str, at_home: str, below: str) -> None:
    site = tmp_path / 'site'
    assert build(site, [{'filename': 'foo-1.tar.gz'}], '--logo', logo, '--logo-width', '40') == 0
    for path, expected in (('index.html', at_home), ('project/foo/index.html', below)):
        assert f'<img src="{expected}" alt="" width="40">' in (site / path).read_text(encoding='utf-8')
