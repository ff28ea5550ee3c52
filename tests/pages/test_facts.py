"""The facts on a project page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dumb_pypi.package_list.lines import Facts
from dumb_pypi.pages.facts import license_words
from testing.reading import read_html, text_of
from testing.sites import build


@pytest.mark.parametrize(
    ('facts', 'expected'),
    [
        pytest.param({}, '', id='unknown'),
        pytest.param({'license_expression': 'MIT', 'license': 'x'}, 'MIT', id='an expression'),
        pytest.param({'license': 'BSD 3-Clause'}, 'BSD 3-Clause', id='a text'),
        pytest.param({'license': 'BSD\nAll rights'}, '', id='a text of several lines'),
        pytest.param(
            {
                'license': 'Copyright (c) 2005-2024, NumPy Developers.',
                'classifiers': ['License :: OSI Approved :: BSD License'],
            },
            'BSD License',
            id='numpy',
        ),
        pytest.param({'license': 'a' * 200}, '', id='a long line'),
        pytest.param(
            {'classifiers': ['License :: OSI Approved :: MIT License', 'License :: Other', 'Topic :: x']},
            'MIT License, Other',
            id='classifiers',
        ),
    ],
)
def test_a_license_is_a_line(facts: dict[str, str], expected: str) -> None:
    assert license_words(Facts('a', **facts)) == expected  # type: ignore[arg-type]


def read_facts(site: Path) -> dict[str, list[str]]:
    page = read_html(site / 'project/flask/index.html')
    groups = [group for group in page.iter('div') if group.find('dt') is not None]
    return {text_of(group.find('dt')): [text_of(each) for each in group.iter('dd')] for group in groups}


def test_each_address_keyword_and_classifier_stands_by_itself(tmp_path: Path) -> None:
    facts = {
        'project': 'Flask',
        'author': 'Ann, Bob',
        'author_email': 'ann@example.com',
        'maintainer_email': 'Doe, John <john@example.com>, m@example.com,Eve <eve@example.com>',
        'keywords': 'web framework, wsgi,',
        'classifiers': ['Framework :: Pytest', 'Topic :: A :: B', 'Framework :: Flask', 'Private'],
        'project_urls': {'Chat': 'https://chat.example.com'},
    }
    assert build(tmp_path / 'site', [{'filename': 'Flask-3.0.0.tar.gz'}, facts]) == 0
    assert read_facts(tmp_path / 'site') == {
        'Links': ['Chat'],
        'Author': ['Ann, Bob'],
        'Maintainer': ['Doe, John <john@example.com>', 'm@example.com', 'Eve <eve@example.com>'],
        'Keywords': ['web framework wsgi'],
        'Framework': ['Pytest', 'Flask'],
        'Topic': ['A / B'],
        'Classifier': ['Private'],
    }


def test_keywords_without_commas_are_words(tmp_path: Path) -> None:
    assert build(tmp_path / 'site', [{'filename': 'Flask-3.tar.gz'}, {'project': 'flask', 'keywords': 'a  b'}]) == 0
    page = read_html(tmp_path / 'site/project/flask/index.html')
    assert [text_of(each) for each in page.findall('.//dd/ul/li')] == ['a', 'b']


def test_well_known_links_stand_at_the_top_by_their_meaning(tmp_path: Path) -> None:
    """PEP 753: neither case, spaces nor punctuation of a label matters."""
    labels = ['Bug-Tracker', 'Docs', 'Source Code', "What's New", 'Repository', 'Chat', 'Homepage']
    urls = {label: f'https://{number}.example.com' for number, label in enumerate(labels)}
    assert build(tmp_path / 'site', [{'filename': 'Flask-3.tar.gz'}, {'project': 'flask', 'project_urls': urls}]) == 0
    [line] = [each for each in read_html(tmp_path / 'site/project/flask/index.html').iter('p') if is_head(each)]
    assert [(text_of(link), link.get('href')) for link in line.iter('a')] == [
        ('Source', 'https://4.example.com'),
        ('Changelog', 'https://3.example.com'),
        ('Documentation', 'https://1.example.com'),
        ('Issues', 'https://0.example.com'),
    ]


def is_head(element: Any) -> bool:
    return bool(element.get('class') == 'when')


@pytest.mark.parametrize(
    ('asked', 'classifiers', 'expected'),
    [
        pytest.param({}, [], [], id='neither'),
        pytest.param({}, ['', ' :: 3', ' :: 3.11', ' :: 3.12'], ['3.11, 3.12'], id='classifiers'),
        pytest.param({'requires_python': '>=3.8'}, [' :: 3.11'], ['3.8 and newer'], id='both'),
    ],
)
def test_the_pythons_come_from_the_classifiers_if_no_file_requires_one(
    asked: dict[str, str], classifiers: list[str], expected: list[str], tmp_path: Path
) -> None:
    facts = {'project': 'Flask', 'classifiers': [f'Programming Language :: Python{each}' for each in classifiers]}
    assert build(tmp_path / 'site', [{'filename': 'flask-3.0.0.tar.gz', **asked}, facts]) == 0
    lines = [each for each in read_html(tmp_path / 'site/project/flask/index.html').iter('p') if is_head(each)]
    assert [text_of(each).removeprefix('Python ') for line in lines for each in line.findall('span')] == expected
