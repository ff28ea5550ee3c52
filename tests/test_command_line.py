"""Wrong usage gives one line that says what was expected, and exit status 2."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dumb_pypi.main import main
from testing.bad_input import A_URL


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        pytest.param(
            ['--package-list', '-', '--previous-package-list', '-'],
            'standard input can hold one list only',
            id='both lists on standard input',
        ),
        pytest.param(
            ['--package-list-json', '-', '--previous-package-list-json', '-'],
            'standard input can hold one list only',
            id='both lists of objects on standard input',
        ),
        pytest.param([], 'one of the arguments --package-list --package-list-json is required', id='no list'),
        pytest.param(
            ['--package-list', 'a', '--package-list-json', 'b'],
            'argument --package-list-json: not allowed with argument --package-list',
            id='two lists',
        ),
        *(
            pytest.param(
                ['--package-list', '-', f'--packages-url={url}'],
                f'argument --packages-url: expected {A_URL}, got {url!r}',
                id=f'--packages-url {name}',
            )
            for name, url in (
                ('that is empty', ''),
                ('that is a script', 'javascript:alert(1)'),
                ('with a fragment', 'https://pypi.example.com/#x'),
                ('with a space', '../../my pool/'),
                ('with markup', '"><script>'),
                ('with port 99999', 'https://pypi.example.com:99999/'),
                ('without a host', 'https://'),
            )
        ),
        pytest.param(
            ['--package-list', '-', '--packages-url', 'https://pypi.example.com/?key=1'],
            "argument --packages-url: expected a URL without a query, got 'https://pypi.example.com/?key=1'",
            id='--packages-url with a query',
        ),
        pytest.param(
            ['--package-list', '-', '--logo', 'https://[pypi.example.com/logo.png'],
            "argument --logo: expected the URL of an image, got 'https://[pypi.example.com/logo.png'",
            id='--logo with half of an IPv6 address',
        ),
        pytest.param(
            ['--package-list', '-', '--logo-width', 'wide'],
            "argument --logo-width: expected a whole number, 1 or more, got 'wide'",
            id='--logo-width that is no number',
        ),
        *(
            pytest.param(
                ['--package-list', '-', option, value],
                f'argument {option}: expected {expected}, got {value!r}',
                id=f'{option} {value!r}',
            )
            for option, value, expected in (
                ('--logo', '', 'a text'),
                ('--title', '', 'a text'),
                ('--title', ' \u202e', 'a text'),
                ('--logo-width', '0', 'a whole number, 1 or more'),
                ('--logo-width', '', 'a whole number, 1 or more'),
                ('--output-dir', '', 'the name of a file'),
                ('--changed-paths', '', 'the name of a file'),
                ('--removed-paths', '', 'the name of a file'),
                ('--package-list', '', 'the name of a file'),
                ('--previous-package-list', '', 'the name of a file'),
                ('--previous-package-list-json', '', 'the name of a file'),
                ('--jobs', '0', 'a whole number, 1 or more'),
                ('--jobs', '-1', 'a whole number, 1 or more'),
                ('--jobs', '1.5', 'a whole number, 1 or more'),
                ('--jobs', '', 'a whole number, 1 or more'),
                ('--jobs', '\u0661', 'a whole number, 1 or more'),
                ('--max-delete', '', 'a whole number'),
                ('--packages-url', '../../%zz/', A_URL),
                ('--site-url', '', A_URL),
                ('--site-url', 'ftp://pypi.example.com/', A_URL),
                ('--site-url', '//pypi.example.com/', 'an absolute http or https URL'),
            )
        ),
        pytest.param(
            ['--package-list', '-', '--max-delete=-1'],
            "argument --max-delete: expected a whole number, got '-1'",
            id='--max-delete below zero',
        ),
    ],
)
def test_wrong_usage_is_exit_status_2(
    arguments: list[str], message: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(['--output-dir', 'site', '--packages-url', '../../pool/', *arguments])
    assert stopped.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1] == f'dumb-pypi: error: {message}'
    assert os.listdir() == []
