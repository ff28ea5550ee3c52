"""The facts on a project page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dumb_pypi.package_list.lines import Facts
from dumb_pypi.pages.facts import license_words, people
from testing.sites import build


@pytest.mark.parametrize(
    ('facts', 'expected'),
    [
        pytest.param({}, '', id='unknown'),
        pytest.param({'license_expression': 'MIT', 'license': 'x'}, 'MIT', id='an expression'),
        pytest.param({'license': 'BSD\nAll rights'}, 'BSD', id='a text'),
        pytest.param({'license': 'a' * 200}, f'{"a" * 100}…', id='a long line'),
        pytest.param(
            {'classifiers': ['License :: OSI Approved :: MIT License', 'License :: Other', 'Topic :: x']},
            'MIT License, Other',
            id='classifiers',
        ),
    ],
)
def test_a_license_is_a_line(facts: dict[str, str], expected: str) -> None:
    assert license_words(Facts('a', **facts)) == expected  # type: ignore[arg-type]


def test_people_have_names_or_addresses() -> None:
    assert people(Facts('a', author='Ann', author_email='a@example.com', maintainer_email='m@example.com')) == [
        ('Author', 'Ann'),
        ('Maintainer', 'm@example.com'),
    ]


@pytest.mark.parametrize(
    ('asked', 'classifiers', 'expected'),
    [
        pytest.param({}, [], [], id='neither'),
        pytest.param({}, ['', ' :: 3', ' :: 3.11', ' :: 3.12'], ['3.11, 3.12'], id='classifiers'),
        pytest.param({'requires_python': '>=3.8'}, [' :: 3.11'], ['&gt;=3.8'], id='both'),
    ],
)
def test_the_pythons_come_from_the_classifiers_if_no_file_requires_one(
    asked: dict[str, str], classifiers: list[str], expected: list[str], tmp_path: Path
) -> None:
    facts = {'project': 'Flask', 'classifiers': [f'Programming Language :: Python{each}' for each in classifiers]}
    assert build(tmp_path / 'site', [{'filename': 'flask-3.0.0.tar.gz', **asked}, facts]) == 0
    page = (tmp_path / 'site/project/flask/index.html').read_text(encoding='utf-8')
    assert re.findall(r'<dt>Python</dt><dd>(.*?)</dd>', page) == expected
