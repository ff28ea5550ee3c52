"""Lists of file names, lists from standard input, and lists that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from dumb_pypi.main import main
from testing.bad_input import GOOD, foo, run_program
from testing.sites import mtimes, tree

# -------------------------------------------------------------------------------------------------- lists of file names


@pytest.mark.parametrize(
    ('content', 'status', 'messages'),
    [
        pytest.param(
            b'\xef\xbb\xbfpool/foo-1.0.tar.gz\r\n\r\nfoo-2.0.tar.gz\r\n', 0, '', id='a byte-order mark and blank lines'
        ),
        pytest.param(b'foo-1.0.tar.gz\nfoo-1.0.tar.gz\n', 0, '', id='a line twice'),
        pytest.param(
            b'foo-1.0.tar.gz\nREADME.md\n../foo-2.0.tar.gz\nfoo-\x1b.zip\n',
            0,
            "list.txt:2: skipped: 'README.md' is not a distribution file\n"
            "list.txt:3: skipped: '../foo-2.0.tar.gz' is not a path below the packages URL\n"
            "list.txt:4: skipped: 'foo-\\x1b.zip' has control characters in its name\n"
            'skipped 3 of the listed files\n',
            id='files that do not belong in an index',
        ),
        pytest.param(
            b'a/foo-1.0.tar.gz\nb/foo-1.0.tar.gz\n',
            1,
            "list.txt:2: filename: expected 'foo-1.0.tar.gz' to be as in line 1, got another filename; "
            "the paths are 'a/foo-1.0.tar.gz' and 'b/foo-1.0.tar.gz'\n",
            id='a file in two places',
        ),
        pytest.param(
            b'foo-1.0.tar.gz\nfoo-\xff.zip\n',
            1,
            "list.txt:2: expected UTF-8, got b'foo-\\xff.zip'\n",
            id='invalid UTF-8',
        ),
        pytest.param(
            b'', 1, 'list.txt: the list has no packages; use --allow-empty if that is intended\n', id='an empty list'
        ),
    ],
)
def test_every_list_of_names_gets_its_message(
    content: bytes, status: int, messages: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / 'list.txt').write_bytes(content)
    arguments = ['--package-list', 'list.txt', '--output-dir', 'site', '--packages-url', '../../pool/']
    assert (main(arguments), *capsys.readouterr()) == (status, '', messages)
    assert (here / 'site').exists() == (status == 0)


@pytest.mark.parametrize(
    ('option', 'content', 'status', 'messages'),
    [
        pytest.param('--package-list', b'foo-1.0.tar.gz\n', 0, '', id='names'),
        pytest.param('--package-list-json', foo(size=1), 0, '', id='objects'),
        pytest.param(
            '--package-list',
            b'foo-1.0.tar.gz\nREADME.md\n',
            0,
            "<stdin>:2: skipped: 'README.md' is not a distribution file\nskipped 1 of the listed files\n",
            id='a name to skip',
        ),
        pytest.param(
            '--package-list-json', b'\n{', 1, "<stdin>:2: expected a JSON object, got '{'\n", id='a broken object'
        ),
        pytest.param(
            '--package-list',
            b'',
            1,
            '<stdin>: the list has no packages; use --allow-empty if that is intended\n',
            id='nothing',
        ),
    ],
)
def test_a_list_comes_from_standard_input(option: str, content: bytes, status: int, messages: str, here: Path) -> None:
    arguments = [option, '-', '--output-dir', 'site', '--packages-url', '../../pool/']
    assert run_program(*arguments, content=content) == (status, '', messages)
    assert (here / 'site/simple/foo/index.html').exists() == (status == 0)


# --------------------------------------------------------------------------------------------------------- file systems


@pytest.mark.parametrize(
    ('option', 'path', 'message'),
    [
        ('--package-list', 'gone.txt', 'cannot read gone.txt: No such file or directory\n'),
        ('--package-list-json', 'gone.json', 'cannot read gone.json: No such file or directory\n'),
        ('--package-list', 'site', 'cannot read site: Is a directory\n'),
        ('--package-list-json', 'site/index.html/x', 'cannot read site/index.html/x: Not a directory\n'),
    ],
    ids=['a missing list of names', 'a missing list', 'a list that is a directory', 'a list below a file'],
)
def test_a_list_that_cannot_be_read_is_an_error(
    option: str, path: str, message: str, site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(site), mtimes(site)
    status = main([option, path, '--output-dir', 'site', '--packages-url', '../../pool/'])
    assert (status, *capsys.readouterr()) == (1, '', message)
    assert (tree(site), mtimes(site)) == before


def test_a_list_that_nobody_may_read_is_an_error(site: Path) -> None:
    (site.parent / 'list.json').write_bytes(GOOD)
    (site.parent / 'list.json').chmod(0)
    arguments = ['--package-list-json', 'list.json', '--output-dir', 'site', '--packages-url', '../../pool/']
    assert run_program(*arguments) == (1, '', 'cannot read list.json: Permission denied\n')
