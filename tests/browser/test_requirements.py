"""What this index has of what a release requires, who requires a project, and what a wrong address says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from testing.browser import Served, Tab, open_tab, serve
from testing.sites import build

LINES: list[dict[str, Any]] = [
    {'filename': 'Acme.App-1.0.tar.gz', 'requires_dist': ['Acme_Lib[fast]>=1', 'flask; extra == "web"', 'odd', '???']},
    {'filename': 'acme-lib-1.1.tar.gz'},
    {'filename': 'odd-r1.tar.gz', 'requires_dist': ['acme-lib']},
    {'project': 'odd', 'status': 'quarantined'},
    *({'filename': f'user{number}-1.0.zip', 'requires_dist': ['acme.lib']} for number in range(102)),
]


@pytest.fixture(scope='module')
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    scratch = tmp_path_factory.mktemp('requirements')
    assert build(scratch / 'public' / 'site', LINES) == 0
    with serve(scratch / 'public' / 'site', scratch) as served:
        yield served


def requirements(page: Page) -> list[str]:
    return [' '.join(text.split()) for text in page.locator('.requires li').all_text_contents()]


def open_users(page: Page) -> None:
    page.locator('.users summary').click()


def test_a_requirement_says_which_version_is_here_and_leads_there(tab: Tab, index: Served) -> None:
    page = tab.page
    page.goto(f'{index.url}project/acme-app/index.html')
    expect(page.locator('.here').first).to_have_text('1.1 here')
    assert requirements(page) == ['Acme_Lib [fast]>=1 1.1 here', 'odd', '???', 'flask not in this index']
    assert page.locator('.requires a').all_inner_texts() == ['Acme_Lib', 'odd']  # the others would lead nowhere
    page.get_by_role('link', name='Acme_Lib').click()
    page.wait_for_url('**/project/acme-lib/index.html')


def test_beside_the_public_index_a_requirement_may_come_from_there(tab: Tab, tmp_path: Path) -> None:
    site = tmp_path / 'public' / 'site'
    assert build(site, LINES[:2], '--with-public-index') == 0
    with serve(site, tmp_path) as served:
        tab.page.goto(f'{served.url}project/acme-app/index.html')
        expect(tab.page.locator('.here').first).to_have_text('1.1 here')
        assert requirements(tab.page) == [
            'Acme_Lib [fast]>=1 1.1 here',
            'odd from the public index',
            '???',
            'flask from the public index',
        ]
        assert tab.page.locator('.requires a').all_inner_texts() == ['Acme_Lib']


def test_in_a_large_index_only_what_is_missing_is_marked(tab: Tab, index: Served) -> None:
    """More than 5,000 projects have details too large to load without being asked for."""
    names = ' '.join(['acme-lib', *(f'x{number}' for number in range(5_000))])
    asked: list[str] = []
    tab.page.on('request', lambda request: asked.append(request.url.rpartition('/')[2]))
    tab.page.route('**/names.js', lambda route: route.fulfill(body=f'var projectNames = ["digest", "{names}"];'))
    tab.page.goto(f'{index.url}project/acme-app/index.html')
    expect(tab.page.locator('.here').first).to_have_text('not in this index')
    assert requirements(tab.page) == ['Acme_Lib [fast]>=1', 'odd not in this index', '???', 'flask not in this index']
    assert asked.count('names.js') == 1
    assert 'details.js' not in asked


def test_a_project_says_who_requires_it(tab: Tab, index: Served) -> None:
    page = tab.page
    page.goto(f'{index.url}project/acme-lib/index.html')
    page.get_by_role('link', name='Used by').click()
    expect(
        page.get_by_text('The latest releases of 103 projects here require it, some of them perhaps only for')
    ).to_be_visible()
    assert page.locator('.users li').all_inner_texts()[:3] == ['acme-app', 'user0', 'user1']
    assert page.locator('.users li').count() == 100
    page.get_by_role('button', name='Show all 103').click()
    expect(page.get_by_role('link', name='user99')).to_be_visible()
    assert page.locator('.users li').count() == 103
    page.get_by_role('link', name='acme-app').click()
    page.wait_for_url('**/project/acme-app/index.html')
    open_users(page)
    expect(page.get_by_text('No project here requires it.')).to_be_visible()


def test_a_project_says_who_requires_it_from_a_disk(tab: Tab, index: Served) -> None:
    tab.page.goto((index.directory / 'project/odd/index.html').as_uri())
    open_users(tab.page)
    expect(tab.page.get_by_text('The latest release of 1 project here requires it, perhaps only for')).to_be_visible()


@pytest.mark.parametrize(
    ('answers', 'expected'),
    [
        pytest.param(['var names = ["old", "a"];', None], '1 project here requires it', id='a cache was old'),
        pytest.param(['var names = ["old", "a"];'] * 2, 'Could not load this list.', id='a cache stays old'),
        pytest.param(['no names'] * 2, 'Could not load this list.', id='a server is out of order'),
    ],
)
def test_lists_of_different_runs_are_never_mixed(
    answers: list[str | None], expected: str, browser: Browser, index: Served
) -> None:
    with open_tab(browser) as tab:
        tab.page.goto(f'{index.url}project/odd/index.html')

        def answer(route: Any) -> None:
            text = answers.pop(0) if answers else None
            route.continue_() if text is None else route.fulfill(body=text, content_type='text/javascript')

        tab.page.route('**/names.js', answer)
        open_users(tab.page)
        expect(tab.page.locator('.users p')).to_contain_text(expected)
        if 'Could not' in expected:
            answers.clear()
            open_users(tab.page)
            open_users(tab.page)
            expect(tab.page.locator('.users p')).to_contain_text('1 project here requires it')


def test_without_script_nobody_is_offered_what_script_would_load(browser: Browser, index: Served) -> None:
    with open_tab(browser, java_script_enabled=False) as tab:
        tab.page.goto(f'{index.url}project/acme-app/index.html')
        expect(tab.page.locator('.users')).to_be_hidden()
        expect(tab.page.get_by_role('link', name='Used by')).to_be_hidden()
        expect(tab.page.locator('.requires').get_by_role('link', name='Acme_Lib')).to_have_attribute(
            'href', '../acme-lib/index.html'
        )


@pytest.mark.parametrize(
    ('address', 'heading', 'suggestion'),
    [
        pytest.param('project/Acme_Lab/index.html', 'acme-lab is not in this index', 'acme-lib', id='a wrong name'),
        pytest.param('project/acme-lib/9.0/index.html', 'Not in this index', 'acme-lib', id='a wrong release'),
        pytest.param('project/nothing-like-it/index.html', 'nothing-like-it is not in this index', None, id='no name'),
        pytest.param('elsewhere.html', 'Not in this index', None, id='a wrong page'),
    ],
)
def test_a_wrong_address_names_the_project_that_is_not_here(
    address: str, heading: str, suggestion: str | None, browser: Browser, index: Served
) -> None:
    text = (index.directory / '404.html').read_text(encoding='utf-8')
    text = text.replace('href="', f'href="{index.url}').replace('src="static', f'src="{index.url}static')
    with open_tab(browser) as tab:
        tab.page.route(f'**/{address}', lambda route: route.fulfill(body=text, content_type='text/html'))
        tab.page.goto(index.url + address)
        expect(tab.page.get_by_role('heading', level=1)).to_have_text(heading)
        if suggestion is not None:
            expect(tab.page.locator('.suggestion')).to_have_text(f'Did you mean {suggestion}?')
        else:
            expect(tab.page.locator('.suggestion')).to_be_hidden()
        assert tab.problems == []


def test_without_a_site_url_a_wrong_address_is_readable_without_style(browser: Browser, index: Served) -> None:
    text = (index.directory / '404.html').read_text(encoding='utf-8')
    with open_tab(browser) as tab:
        address = f'{index.url}project/acme-lab/index.html'
        tab.page.route(address, lambda route: route.fulfill(body=text, content_type='text/html'))
        tab.page.goto(address)
        lines = [line.strip() for line in tab.page.locator('body').inner_text().split('\n') if line]
        assert lines == [
            'Skip to the content',
            'My Private PyPI',
            'Not in this index',
            'There is no project, release or page at this address. '
            'It may have been removed, or its name may be spelled differently.',
            'The front page of this site has a search and a list of all projects.',
            'Built by dumb-pypi, a static package index.',
        ]
