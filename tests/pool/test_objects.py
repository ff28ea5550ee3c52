"""Special files in a pool: the list maker never waits for them, warns of each, and lists all other files."""

from __future__ import annotations

import builtins
import contextlib
import os
import random
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dumb_pypi.main import main as generate
from dumb_pypi.pool import files, listing
from testing.long import LONG
from testing.pools import Outcome, described_sdist, described_wheel, headers, run_list, unprivileged
from testing.sites import PACKAGES_URL

POOL = Path('pool')
WHEEL = POOL / 'MarkupSafe-3.0.2-py3-none-any.whl'
SIDECAR = Path(f'{WHEEL}.metadata')
EMPTY = 'left out: it is empty, or not a regular file'
TERABYTE = 10**12
LONGEST = 4095  # bytes of a path, on Linux


@pytest.fixture(autouse=True)
def in_a_new_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    described_wheel(POOL, 'MarkupSafe', '3.0.2')


@pytest.fixture(scope='module')
def terminal() -> Iterator[str]:
    """Open a terminal at which nobody types."""
    ends = os.openpty()
    yield os.ttyname(ends[1])
    for end in ends:
        os.close(end)


def listed(*arguments: str) -> Outcome:
    """Check that the one good file of the pool is listed, and return the messages."""
    outcome = run_list(*arguments, 'pool')
    assert (outcome.status, [*outcome.files()]) == (0, [WHEEL.name])
    return outcome


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def make_hole(path: Path, size: int) -> None:
    with path.open('wb') as file:
        file.truncate(size)


def link(target: str) -> Callable[[Path], object]:
    return lambda path: path.symlink_to(target)


OBJECTS: dict[str, Callable[[Path], object]] = {
    'a FIFO': os.mkfifo,
    'a socket': make_socket,
    'a device': link('/dev/zero'),
    'memory': link('/proc/self/mem'),
    'messages of the kernel': link('/proc/kmsg'),
    'nothing': Path.touch,
}


@pytest.mark.parametrize('make', [pytest.param(make, id=name) for name, make in OBJECTS.items()])
@pytest.mark.parametrize('name', ['Flask-3.1.0-py3.13.egg', 'Flask-3.1.0.tar.gz', 'Flask-3.1.0-py3-none-any.whl'])
def test_only_regular_files_are_opened(name: str, make: Callable[[Path], object]) -> None:
    make(POOL / name)
    assert listed().messages == f'pool/{name}: {EMPTY}\n'
    assert run_list('--strict', 'pool') == (1, b'', f'pool/{name}: {EMPTY}\n')


def test_the_run_does_not_wait_for_a_terminal(terminal: str) -> None:
    (POOL / 'Flask-3.1.0.zip').symlink_to(terminal)
    SIDECAR.symlink_to(terminal)
    assert listed().messages.splitlines() == [
        f'pool/Flask-3.1.0.zip: {EMPTY}',
        f'{SIDECAR}: ignored: it is not the METADATA of the wheel',
    ]


@pytest.mark.parametrize('name', ['Flask-3.1.0-py3.13.egg', 'Flask-3.1.0.tar.gz', 'Flask-3.1.0-py3-none-any.whl'])
def test_a_sparse_file_of_15_terabytes_is_not_hashed(name: str) -> None:
    make_hole(POOL / name, 15 * TERABYTE)
    assert listed().messages == f'pool/{name}: left out: it is larger than 10 GiB\n'


SIDECARS: dict[str, Callable[[Path], object]] = {
    'a FIFO': os.mkfifo,
    'a socket': make_socket,
    'a device': link('/dev/zero'),
    'a link to a directory': link('.'),
    'a link to itself': lambda path: path.symlink_to(path.name),
    'a link to nowhere': link('nowhere'),
    'a link that is too long': link('x' * 300),
    'memory': link('/proc/self/mem'),
}


@pytest.mark.parametrize('make', [pytest.param(make, id=name) for name, make in SIDECARS.items()])
def test_a_sidecar_that_is_no_file_is_a_warning_and_is_replaced(make: Callable[[Path], object]) -> None:
    make(SIDECAR)
    outcome = listed()
    assert outcome.messages == f'{SIDECAR}: ignored: it is not the METADATA of the wheel\n'
    Path('known').write_bytes(outcome.output)
    assert listed('--known', 'known') == outcome
    assert listed('--write-metadata').messages == ''
    assert (SIDECAR.is_symlink(), SIDECAR.read_bytes()) == (False, headers('MarkupSafe', '3.0.2'))


def test_a_sidecar_that_is_a_directory_is_a_warning() -> None:
    SIDECAR.mkdir()
    assert listed().messages == ''
    assert listed('--write-metadata').messages == f'{SIDECAR}: not written: Is a directory\n'
    assert sorted(os.listdir(POOL)) == [WHEEL.name, SIDECAR.name]


@pytest.mark.parametrize('has_sidecar', [False, True], ids=['a directory', 'a sidecar'])
def test_a_file_of_another_user_is_a_warning(has_sidecar: bool) -> None:
    theirs = described_wheel(POOL / 'theirs', 'Flask', '3.1.0')
    sidecar = Path(f'{theirs}.metadata')
    if has_sidecar:
        sidecar.write_bytes(b'wrong')
    theirs.parent.chmod(0o555)
    POOL.chmod(0o777)
    with unprivileged():
        outcome = run_list('--write-metadata', 'pool')
    theirs.parent.chmod(0o755)
    assert (outcome.status, outcome.messages) == (0, f'{sidecar}: not written: Permission denied\n')
    assert 'core_metadata' not in outcome.files()[f'theirs/{theirs.name}']
    assert SIDECAR.read_bytes() == headers('MarkupSafe', '3.0.2')
    assert sidecar.exists() == has_sidecar


# ------------------------------------------------------------------------------------------------- long paths


@pytest.mark.parametrize('name', ['README.txt', 'Flask-3.1.0.tar.gz'])
def test_a_link_that_is_too_long_is_left_out_with_a_warning(name: str) -> None:
    (POOL / name).symlink_to('x' * 300)
    assert listed().messages == f'pool/{name}: left out: File name too long\n'


def make_deep(name: str, length: int) -> tuple[str, int]:
    """Make nested directories below the pool until their path with a final slash has this number of bytes.
    Returns that path, and a descriptor of the last directory."""
    path, descriptor = f'{POOL}/', os.open(POOL, os.O_RDONLY)
    while len(path) < length:
        part = name * (min(250, length - len(path) - 1) if length - len(path) != 252 else 249)
        os.mkdir(part, dir_fd=descriptor)
        inner = os.open(part, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        path, descriptor = f'{path}{part}/', inner
    return path, descriptor


@contextlib.contextmanager
def removed_at_the_end() -> Iterator[None]:
    try:
        yield
    finally:
        shutil.rmtree(POOL)


def test_directories_that_are_too_deep_are_left_out_with_a_warning() -> None:
    with removed_at_the_end():
        path, descriptor = make_deep('d', 6000)
        os.close(descriptor)
        too_long = next(path[: n + 1] for n, letter in enumerate(path) if letter == '/' and n + 1 > LONGEST)
        assert listed().messages == f'{too_long}: left out: File name too long\n'


def test_a_file_whose_path_is_too_long_is_left_out_with_a_warning() -> None:
    with removed_at_the_end():
        path, descriptor = make_deep('d', LONGEST - 10)
        os.link(WHEEL, WHEEL.name, dst_dir_fd=descriptor)
        os.close(descriptor)
        assert listed().messages == f'{path}{WHEEL.name}: left out: File name too long\n'


def test_a_sidecar_whose_path_is_too_long_is_not_written_with_a_warning() -> None:
    with removed_at_the_end():
        path, descriptor = make_deep('d', LONGEST - len(WHEEL.name) - 5)
        os.link(WHEEL, WHEEL.name, dst_dir_fd=descriptor)
        os.remove(WHEEL)
        os.close(descriptor)
        outcome = run_list('--write-metadata', 'pool')
        messages = f'{path}{WHEEL.name}.metadata: not written: File name too long\n'
        assert (outcome.status, outcome.messages) == (0, messages)
        assert len(outcome.files()) == 1


# ------------------------------------------------------------------------------------------------- meanwhile


def becomes(path: Path, make: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace a file as soon as its directory has been listed."""
    really = files.read_pool

    def read_and_change(*arguments: Any) -> Any:
        found = really(*arguments)
        path.unlink()
        make(path)
        return found

    monkeypatch.setattr(listing, 'read_pool', read_and_change)


def test_the_run_does_not_wait_for_a_file_that_becomes_a_fifo(monkeypatch: pytest.MonkeyPatch) -> None:
    becomes(described_sdist(POOL, 'Flask', '3.1.0'), os.mkfifo, monkeypatch)
    assert listed().messages == 'pool/Flask-3.1.0.tar.gz: left out: it is not a regular file\n'


def test_the_run_does_not_wait_for_a_file_that_becomes_a_fifo_when_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    path, really = described_sdist(POOL, 'Flask', '3.1.0'), open

    def change_and_open(name: Any, *arguments: Any, **options: Any) -> Any:
        if name == str(path):
            path.unlink()
            os.mkfifo(path)
        return really(name, *arguments, **options)

    monkeypatch.setattr(builtins, 'open', change_and_open)
    assert listed().messages == 'pool/Flask-3.1.0.tar.gz: left out: it is not a regular file\n'


def test_a_link_that_becomes_a_loop_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    becomes(described_sdist(POOL, 'Flask', '3.1.0'), lambda path: path.symlink_to(path.name), monkeypatch)
    assert listed().messages == ''


def test_an_unreadable_target_of_a_link_does_not_fail_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failing disk fails the run. But a link may point to any file of the machine, and some cannot be read."""
    WHEEL.rename('elsewhere.whl')
    (POOL / 'Flask-3.1.0-py3.13.egg').symlink_to(Path('elsewhere.whl').absolute())

    def fail(*arguments: Any, **options: Any) -> Any:
        raise OSError(5, 'Input/output error')

    monkeypatch.setattr(builtins, 'open', fail)
    outcome = run_list('pool')
    messages = 'pool/Flask-3.1.0-py3.13.egg: left out: Input/output error\n'
    assert (outcome.status, outcome.messages, outcome.files()) == (0, messages, {})


def test_a_disk_that_cannot_read_a_sidecar_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    run_list('--write-metadata', 'pool')
    really = open

    def open_or_fail(name: Any, *arguments: Any, **options: Any) -> Any:
        if name == str(SIDECAR):
            raise OSError(5, 'Input/output error')
        return really(name, *arguments, **options)

    monkeypatch.setattr(builtins, 'open', open_or_fail)
    assert run_list('pool') == (1, b'', f'cannot read {SIDECAR}: Input/output error\n')


# ------------------------------------------------------------------------------------------------- any input


GOOD: list[Callable[[Path, str, str], Path]] = [described_wheel, described_sdist]
NAMES = (
    'Flask-{}.tar.gz',
    'Flask-{}-py3-none-any.whl',
    'PyYAML-{}-py3.13.egg',
    'ruamel.yaml-{}.zip',
    'README-{}',
    'my package-{}.tar.gz',
    'x\n{}.whl',
    os.fsdecode(b'\xff{}-1.0.tar.gz'),
    '{}.dumb-pypi-list.1',
    '.hidden-{}.tar.gz',
    'é-{}-1.0.zip',
)
KINDS: list[Callable[[Path], object]] = [
    *OBJECTS.values(),
    *SIDECARS.values(),
    Path.mkdir,
    lambda path: described_wheel(path, 'inside', '1.0').unlink(),
    lambda path: make_hole(path, 15 * TERABYTE),
    lambda path: make_hole(path, 2**20),
    lambda path: path.write_bytes(os.urandom(100)),
    lambda path: path.write_bytes(b'PK\3\4' + bytes(50)),
    lambda path: path.write_bytes(b''),
    link('/etc/passwd'),
    link('/dev/tty'),
    link('/dev/null'),
    link('/proc/self/environ'),
    link('/proc/self/fd/0'),
    link('/proc/kcore'),
    link('/proc/1/root'),
    link('/sys/kernel/notes'),
    link('..'),
    link('/' * 200),
    link('../' * 90),
]


def make_hostile(dice: random.Random) -> set[str]:
    """Make a pool of good and bad files, some in the way of a sidecar. Return the names of the good ones."""
    good = set()
    for number in range(8):
        directory = POOL / dice.choice(['', 'a', 'a/b', 'c d'])
        path = dice.choice(GOOD)(directory, f'good{number}', '1.0')
        good.add(path.relative_to(POOL).as_posix())
        if dice.random() < 0.5:
            make_any(Path(f'{path}{dice.choice([".metadata", ".provenance"])}'), dice)
    for number in range(25):
        make_any(POOL / dice.choice(NAMES).format(f'{number}'), dice)
    return good | {WHEEL.name}


def make_any(path: Path, dice: random.Random) -> None:
    with contextlib.suppress(FileExistsError):
        dice.choice(KINDS)(path)


@pytest.mark.long
@pytest.mark.parametrize('seed', range(48 if LONG else 12))
def test_all_good_files_of_any_pool_are_listed(seed: int) -> None:
    good = make_hostile(random.Random(seed))
    started = time.process_time()
    first = run_list('pool')
    assert first.status == 0
    assert good <= first.files().keys()
    Path('known').write_bytes(first.output)
    again = run_list('--known', 'known', 'pool')
    assert (again.status, again.output) == (0, first.output)
    written = run_list('--write-metadata', '--known', 'known', 'pool')
    assert (written.status, written.files().keys()) == (0, first.files().keys())
    assert time.process_time() < started + 10
    Path('list').write_bytes(written.output)
    arguments = ['--strict', '--package-list-json', 'list', '--packages-url', PACKAGES_URL, '--output-dir', 'site']
    assert generate(arguments) == 0
