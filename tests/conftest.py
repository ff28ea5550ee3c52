"""Fixtures: a site of handmade distributions, with real servers and real clients."""

import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from dumb_pypi.main import main
from testing.bad_input import BEFORE
from testing.clients import Client, make_pip, make_uv
from testing.distributions import list_line, make_sdist, make_wheel, write_metadata
from testing.long import LONG, unmeasured
from testing.rich import RICH
from testing.servers import Server, find_lua, find_nginx, http_server, nginx
from testing.shared import shared
from testing.sites import build, built, write_list
from testing.states import Entries, State
from testing.tools import ROOT, missing

# No deadline, because parallel tests slow each other down. Each commit tries the same examples.
settings.register_profile(
    'side by side',
    settings(),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=not LONG,
)
settings.load_profile('side by side')

UNMEASURED = {'browser', 'clients', 'documents'}
MEMORY = Path('/dev/shm')
ROOM = 4_000_000_000  # bytes
JANUARY_2024 = 1704067200
JANUARY_2026 = 1767225600


def pytest_configure() -> None:
    """Put temporary files into memory if there is room, because thousands of builds would wait for the disk.

    TMPDIR takes precedence. The file system must not be mounted `noexec`, because tests start programs from there.
    """
    if 'TMPDIR' in os.environ or not os.access(MEMORY, os.W_OK) or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return
    if shutil.disk_usage(MEMORY).free > ROOM:
        os.environ['TMPDIR'] = tempfile.tempdir = str(MEMORY)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measure no coverage of tests with clients, browsers and random walks: other tests cover the same code."""
    if (
        item.get_closest_marker('clients')
        or item.get_closest_marker('long')
        or UNMEASURED & set(item.nodeid.split('/'))
    ):
        with unmeasured():
            return (yield)
    return (yield)


@pytest.fixture(scope='session')
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of the files, beside `simple/` in the site."""
    directory = tmp_path_factory.mktemp('site') / 'pool'
    directory.mkdir()
    return directory


@pytest.fixture(scope='session')
def package_list(pool: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a `--package-list-json` of all files in the pool: one project for each client feature."""
    # As in practice, metadata, file name and requirement spell the name differently.
    requires = ['Also.Described>=1', "only_wheel; extra == 'more'"]
    described = make_wheel(pool, 'Described', '1.0', requires_dist=requires, extras=['more'], filed_as='described')
    also_described = make_wheel(pool, 'Also-described', '1.0', filed_as='also_described')
    write_metadata(described)
    write_metadata(also_described)
    lines = [
        list_line(make_wheel(pool, 'only-wheel', '1.0')),
        list_line(make_sdist(pool, 'only-sdist', '1.0')),
        list_line(make_wheel(pool, 'with-local', '1.0')),
        list_line(make_wheel(pool, 'with-local', '1.0+local.1')),
        list_line(make_wheel(pool, 'Not.Normalized', '1.0')),
        list_line(described),
        list_line(also_described),
        list_line(make_wheel(pool, 'yanked', '1.0')),
        list_line(make_wheel(pool, 'yanked', '2.0')) | {'yanked_reason': 'breaks <all> & "more"'},
        list_line(make_wheel(pool, 'picky', '1.0', requires_python='>=3.8,<99')),
        list_line(make_wheel(pool, 'picky', '2.0', requires_python='>=99')),
        list_line(make_wheel(pool, 'tampered', '1.0')) | {'hash': f'sha256={"0" * 64}'},
        list_line(make_wheel(pool, 'dated', '1.0'), upload_timestamp=JANUARY_2024),
        list_line(make_wheel(pool, 'dated', '2.0'), upload_timestamp=JANUARY_2026),
    ]
    return write_list(tmp_path_factory.mktemp('list') / 'packages.json', lines)


@pytest.fixture(scope='session')
def site(pool: Path, package_list: Path) -> Path:
    """Build the site in an output directory that also contains the files, so that one directory is served."""
    directory = pool.parent
    arguments = ['--package-list-json', str(package_list), '--packages-url', '../../pool/']
    assert main([*arguments, '--output-dir', str(directory)]) == 0
    return directory


Serve = Callable[[Path], AbstractContextManager[Server]]


@pytest.fixture(scope='session')
def with_nginx() -> None:
    if find_nginx() is None:
        missing('nginx', 'apt-get install nginx')


@pytest.fixture(scope='session')
def with_lua(with_nginx: None) -> None:
    if not find_lua():
        missing("nginx's Lua module", 'apt-get install libnginx-mod-http-lua')


@pytest.fixture(params=['http.server', 'nginx', 'nginx, short'])
def serve(
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> Serve:
    """Return a function that starts this kind of server on a directory."""
    if request.param == 'http.server':
        return lambda directory: http_server(directory, tmp_path)
    request.getfixturevalue('with_lua' if request.param == 'nginx' else 'with_nginx')
    config = {'nginx': 'pypi.conf', 'nginx, short': 'short.conf'}[request.param]
    return lambda directory: nginx(directory, tmp_path, config)


@pytest.fixture
def server(serve: Serve, site: Path) -> Iterator[Server]:
    """Serve the site with a separate access log for each test."""
    with serve(site) as started:
        yield started


@pytest.fixture(scope='session')
def pip(tmp_path_factory: pytest.TempPathFactory) -> Client:
    return make_pip(tmp_path_factory.mktemp('pip-home'))


@pytest.fixture(scope='session')
def uv(tmp_path_factory: pytest.TempPathFactory) -> Client:
    return make_uv(tmp_path_factory.mktemp('uv-home'))


@pytest.fixture(params=['pip', 'uv'])
def client(request: pytest.FixtureRequest) -> Client:
    """Return each of the two clients in turn."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Client)
    return found


@pytest.fixture(scope='session')
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Callable[[State], Entries]:
    """Return a function that builds a state in a new directory, once, and returns its entries."""
    built: dict[str, Entries] = {}

    def look(state: State) -> Entries:
        key = repr(state)
        if key not in built:
            built[key] = state.build_anew(tmp_path_factory.mktemp('fresh') / 'site')
        return built[key]

    return look


@pytest.fixture(scope='session')
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site of 12,383 files that the public index has or had."""
    lines = (ROOT / 'testing' / 'real-packages.jsonl').read_text().splitlines()
    with unmeasured():
        return shared(tmp_path_factory, 'real', lambda directory: built(directory / 'site', lines)) / 'site'


@pytest.fixture(scope='session')
def rich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site of a list with every key."""
    return shared(tmp_path_factory, 'rich', lambda directory: built(directory / 'site', RICH)) / 'site'


@pytest.fixture(params=['real', 'rich'])
def either(request: pytest.FixtureRequest) -> Path:
    """Return each of these two sites in turn."""
    directory = request.getfixturevalue(request.param)
    assert isinstance(directory, Path)
    return directory


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to a new working directory, so that messages contain no paths of this machine."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def earlier(here: Path) -> Path:
    """Build the site of an earlier list."""
    assert build(here / 'site', BEFORE) == 0
    return here / 'site'
