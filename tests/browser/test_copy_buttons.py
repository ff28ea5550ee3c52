"""Installers accept what the copy buttons copy."""

from __future__ import annotations

import shlex
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from testing.browser import Served, Tab, copied, open_tab
from testing.clients import Client
from testing.servers import Server, http_server


@pytest.fixture(scope='module')
def installable(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with http_server(site, tmp_path_factory.mktemp('installable')) as server:
        yield server


def test_installers_accept_the_copied_lines_unchanged(
    tab: Tab, installable: Server, pip: Client, uv: Client, tmp_path: Path
) -> None:
    page = tab.page
    page.goto(f'{installable.url}/project/only-wheel/index.html')
    for name, client, own in (('Copy pip', pip, ['pip', 'install']), ('Copy uv', uv, ['uv', 'pip', 'install'])):
        page.get_by_role('radio', name=own[0], exact=True).check()
        words = shlex.split(copied(page, name))
        assert words[: len(own)] == own
        target = tmp_path / client.name
        outcome = client.run(*client.command, *words[len(own) :], '--target', str(target))
        assert (outcome.status, (target / 'only_wheel.py').exists()) == (0, True), outcome.output


def test_pip_accepts_the_copied_requirements_with_hashes(
    tab: Tab, installable: Server, pip: Client, tmp_path: Path
) -> None:
    page = tab.page
    page.goto(f'{installable.url}/project/only-wheel/index.html')
    page.locator('.versions a').first.click()
    page.get_by_role('radio', name='requirements.txt with hashes').check()
    text = copied(page, 'Copy requirements.txt with hashes')
    requirements = tmp_path / 'requirements.txt'
    requirements.write_text(text, encoding='utf-8')
    install = (*pip.command, '--require-hashes', '--target', str(tmp_path / 'target'), '-r', str(requirements))
    outcome = pip.run(*install)
    assert (outcome.status, (tmp_path / 'target' / 'only_wheel.py').exists()) == (0, True), outcome.output
    head, _, digest = text.rpartition(':')
    requirements.write_text(f'{head}:{digest.translate(str.maketrans("0123456789abcdef", "123456789abcdef0"))}')
    assert 'DO NOT MATCH THE HASHES' in pip.run(*install).output


def test_pip_accepts_the_copied_configuration(tab: Tab, installable: Server, pip: Client, tmp_path: Path) -> None:
    tab.page.goto(installable.url)
    config = tmp_path / 'pip.conf'
    tab.page.get_by_role('radio', name='pip.conf').check()
    config.write_text(copied(tab.page, 'Copy pip.conf'), encoding='utf-8')
    target = tmp_path / 'target'
    command = ('env', f'PIP_CONFIG_FILE={config}', *pip.command, '--target', str(target), 'only-wheel')
    outcome = pip.run(*command)
    assert (outcome.status, (target / 'only_wheel.py').exists()) == (0, True), outcome.output


def test_uv_accepts_the_copied_configuration(tab: Tab, installable: Server, uv: Client, tmp_path: Path) -> None:
    tab.page.goto(installable.url)
    config = tmp_path / 'uv.toml'
    tab.page.get_by_role('radio', name='pyproject.toml (uv)').check()
    _, _, settings = copied(tab.page, 'Copy pyproject.toml (uv)').partition('[[tool.uv.')
    config.write_text(f'[[{settings}', encoding='utf-8')
    target = tmp_path / 'target'
    outcome = uv.run(*uv.command, '--config-file', str(config), '--target', str(target), 'only-wheel')
    assert (outcome.status, (target / 'only_wheel.py').exists()) == (0, True), outcome.output


def test_a_shortened_hash_is_copied_in_full(tab: Tab, demo: Served) -> None:
    page = tab.page
    page.goto(f'{demo.url}project/told/index.html')
    name = 'told-1.0+a.1-cp312-cp312-linux_x86_64.whl'
    assert copied(page, f'Copy the hash of {name}') == f'sha256:{"2" * 64}'
    expect(page.get_by_role('main').get_by_role('status')).to_have_text(f'Copied: the hash of {name}')


@pytest.mark.parametrize(
    ('page', 'expected'),
    [
        pytest.param('told', ['told', '["told"]', '[global]'], id='a final release'),
        pytest.param('onlypre', ['onlypre==1.0b1', '["onlypre==1.0b1"]', '[global]'], id='a pre-release alone'),
        pytest.param('allyanked', ['allyanked==1.0', '["allyanked==1.0"]', '[global]'], id='a yanked release alone'),
        pytest.param(
            'told/1.0%2Ba.1', ['told==1.0+a.1', '["told==1.0+a.1"]', 'told==1.0+a.1\n'], id='a file without a hash'
        ),
        pytest.param(
            'onlypre/1.0b1',
            ['onlypre==1.0b1', '["onlypre==1.0b1"]', f'onlypre==1.0b1 \\\n    --hash=sha256:{"4" * 64}\n'],
            id='hashes',
        ),
    ],
)
def test_the_requirement_is_one_that_installers_find(tab: Tab, demo: Served, page: str, expected: list[str]) -> None:
    tab.page.goto(f'{demo.url}project/{page}/index.html')
    pip, uv, settings, last = (code.text_content() or '' for code in tab.page.locator('.tabs code').all())
    address = f'{demo.url}simple/'
    is_file = expected[2] == '[global]'
    assert [pip, uv, settings, last] == [
        f'pip install --index-url {address} {expected[0]}',
        f'uv pip install --default-index {address} {expected[0]}',
        f'[project]\ndependencies = {expected[1]}\n\n'
        f'[[tool.uv.index]]\nname = "private"\nurl = "{address}"\ndefault = true\n',
        f'[global]\nindex-url = {address}\n' if is_file else f'--index-url {address}\n{expected[2]}',
    ]


def test_one_of_four_ways_to_install_is_shown_by_keyboard_too(browser: Browser, demo: Served) -> None:
    for has_script in (True, False):
        with open_tab(browser, java_script_enabled=has_script) as tab:
            for path in ('project/told/index.html', 'index.html'):
                tab.page.goto(demo.url + path)
                tab.page.get_by_label('pip', exact=True).focus()
                seen = []
                for _ in range(4):
                    seen.append([text.split()[0] for text in tab.page.locator('.tabs pre:visible').all_inner_texts()])
                    tab.page.keyboard.press('ArrowRight')
                assert (path, seen) == (path, [['pip'], ['uv'], ['[project]'], ['[global]']])
            assert tab.problems == []


def test_over_plain_http_the_lines_trust_the_host_and_copying_still_works(browser: Browser, demo: Served) -> None:
    """A plain HTTP page from another host is no secure context, so `navigator.clipboard` is missing."""
    port = urllib.parse.urlsplit(demo.url).port
    with open_tab(browser, permissions=['clipboard-read', 'clipboard-write']) as tab, open_tab(browser) as _:
        tab.page.goto(demo.url.replace('127.0.0.1', 'pypi.example.com'))
        address = f'http://pypi.example.com:{port}/some%20where/it%27s/simple/'
        trusted = f'pypi.example.com:{port}'
        button = tab.page.get_by_role('button', name='Copy pip', exact=True)
        button.click()
        expect(button).to_have_text('Copied')
        config = tab.page.locator('.tabs code').nth(3)
        expect(config).to_have_text(f'[global]\nindex-url = {address}\ntrusted-host = {trusted}\n')
        tab.page.goto(demo.url)
        text = tab.page.evaluate('() => navigator.clipboard.readText()')
        assert text == f'pip install --index-url {address} --trusted-host {trusted} told'
