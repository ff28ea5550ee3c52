"""Runs docs/operating.md: each command unchanged, except that its directories are those of a test."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from testing.clients import Client
from testing.distributions import list_line, make_sdist, make_wheel, write_metadata
from testing.documents import block, read, section
from testing.servers import http_server, nginx_with
from testing.sites import build
from testing.strangers import ADDRESS, git_env, run_shell, write_commands
from testing.tools import ROOT, missing


class Machine(NamedTuple):
    """A machine as in the document. Its directories are below a directory of the test."""

    top: Path

    @property
    def home(self) -> Path:
        return self.top / 'var/lib/dumb-pypi'

    @property
    def pool(self) -> Path:
        return self.top / 'srv/pypi/pool'

    @property
    def script(self) -> Path:
        return self.top / 'usr/local/bin/build-index'

    def moved(self, text: str) -> str:
        return re.sub(r'/(srv|usr/local/bin|var/lib|var/log)/', rf'{self.top}/\1/', text)

    def run(self, commands: str) -> str:
        return run_shell(self.moved(commands), self.home, {**os.environ, 'HOME': str(self.top)})

    def cron(self) -> str:
        """Run the line of the crontab like cron. Return what it writes to the log of the system."""
        line = block('docs/operating.md', '* * * * * ').removeprefix('* * * * * ')
        log = self.top / 'journal'
        log.write_bytes(b'')
        programs = self.top / 'bin'
        programs.mkdir(exist_ok=True)
        (programs / 'logger').write_text(f'#!/bin/sh\n[ "$*" = "-t dumb-pypi" ] && cat >> {log}\n', encoding='utf-8')
        (programs / 'logger').chmod(0o755)
        subprocess.run(
            ['/bin/sh', '-c', self.moved(line)],
            cwd=Path.home(),
            env={
                'SHELL': '/bin/sh',
                'HOME': str(Path.home()),
                'LOGNAME': 'somebody',
                'PATH': f'{programs}:/usr/bin:/bin',
            },
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=120,
        )
        return log.read_text(encoding='utf-8')

    def page(self, path: str) -> str:
        return (self.top / 'srv/pypi' / path).read_text(encoding='utf-8')


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine with the script of the document, which is executable, and a few files in `~/wheels`."""
    machine = Machine(tmp_path / 'machine')
    for directory in (machine.pool, machine.script.parent, machine.home, machine.top / 'wheels'):
        directory.mkdir(parents=True)
    write_commands(machine.home / 'env' / 'bin')
    machine.script.write_text(machine.moved(block('docs/operating.md', 'cd /var/lib/dumb-pypi')), encoding='utf-8')
    machine.run(block('docs/operating.md', 'chmod +x /usr/local/bin/build-index'))
    (machine.home / 'facts').touch()
    for name, version in (('foo', '1.0'), ('foo', '1.1'), ('bar', '1.0'), ('baz', '1.0')):
        make_wheel(machine.top / 'wheels', name, version)
    make_sdist(machine.top / 'wheels', 'foo', '1.1')
    return machine


def test_the_line_of_the_crontab_builds_the_site_and_says_nothing(machine: Machine) -> None:
    machine.run(block('docs/operating.md', 'cp ~/wheels/* /srv/pypi/pool/'))
    assert machine.cron() == ''
    assert re.findall(r'>(foo.+)</a>', machine.page('simple/foo/index.html')) == [
        'foo-1.0-py3-none-any.whl',
        'foo-1.1-py3-none-any.whl',
        'foo-1.1.tar.gz',
    ]
    assert (machine.pool / 'foo-1.0-py3-none-any.whl.metadata').exists()
    machine.run(block('docs/operating.md', 'rm /srv/pypi/pool/'))
    assert machine.cron() == ''
    assert 'foo-1.0' not in machine.page('simple/foo/index.html')


def test_the_line_of_the_crontab_is_the_same_for_a_bucket() -> None:
    ours = block('docs/operating.md', '* * * * * ')
    assert block('docs/publishing.md', '* * * * * ') == ours.replace('build-index', 'publish-index') != ours


def test_a_failed_run_is_in_the_log_and_the_check_finds_it(machine: Machine) -> None:
    check = block('docs/operating.md', 'finished -mmin -10')
    machine.run(block('docs/operating.md', 'cp ~/wheels/* /srv/pypi/pool/'))
    assert machine.cron() == ''
    machine.run(check)
    hour_ago = time.time() - 3600
    os.utime(machine.home / 'finished', (hour_ago, hour_ago))
    for path in machine.pool.iterdir():
        path.unlink()
    assert '--allow-empty' in machine.cron()
    with pytest.raises(AssertionError):
        machine.run(check)
    assert 'foo-1.0' in machine.page('simple/foo/index.html')


def test_facts_yank_and_deprecate_and_an_empty_file_undoes_it(machine: Machine) -> None:
    machine.run(block('docs/operating.md', 'cp ~/wheels/* /srv/pypi/pool/'))
    assert machine.cron() == ''
    before = {path: machine.page(path) for path in ('simple/foo/index.html', 'simple/bar/index.html')}
    facts = block('docs/operating.md', '"status": "deprecated"')
    (machine.home / 'facts').write_text(facts, encoding='utf-8')
    assert machine.cron() == ''
    assert machine.page('simple/foo/index.html').count('data-yanked="does not start on Windows"') == 2
    assert '"status":"deprecated"' in machine.page('simple/bar/index.v1_json').replace(' ', '')
    assert '"status":"archived"' in machine.page('simple/baz/index.v1_json').replace(' ', '')
    (machine.home / 'facts').write_bytes(b'')
    assert machine.cron() == ''
    assert {path: machine.page(path) for path in before} == before


def test_a_project_moves_with_its_times_and_pools_merge(machine: Machine) -> None:
    red, blue, other = (machine.top / 'srv' / name for name in ('indexes/red/pool', 'indexes/blue/pool', 'other/pool'))
    for directory in (red, blue, other / 'team'):
        directory.mkdir(parents=True)
    for name in ('foo', 'foo_bar', 'foobar'):
        wheel = make_wheel(red, name, '1.0')
        os.utime(wheel, (1_600_000_000, 1_600_000_000))
        wheel.with_name(f'{wheel.name}.metadata').touch()
    machine.run(block('docs/operating.md', 'mv /srv/indexes/red/pool/'))
    moved = [path.name for path in sorted(blue.iterdir())]
    assert moved == ['foo-1.0-py3-none-any.whl', 'foo-1.0-py3-none-any.whl.metadata']
    assert (blue / moved[0]).stat().st_mtime == 1_600_000_000
    make_wheel(machine.pool, 'mine', '1.0')
    (other / 'mine-1.0-py3-none-any.whl').write_bytes(b'theirs')
    os.utime(make_wheel(other / 'team', 'theirs', '1.0'), (1_600_000_000, 1_600_000_000))
    (other.parent / 'facts').write_text('{"project": "theirs", "status": "archived"}\n', encoding='utf-8')
    machine.run(block('docs/operating.md', 'cp --recursive --preserve=timestamps'))
    assert machine.cron() == ''
    assert (machine.pool / 'mine-1.0-py3-none-any.whl').read_bytes() != b'theirs'
    page = machine.page('simple/theirs/index.v1_json')
    assert '2020-09-13T12:26:40' in page
    assert 'archived' in page


def test_after_the_chmod_of_the_document_the_web_server_can_read_the_pool(machine: Machine) -> None:
    machine.run(block('docs/operating.md', 'cp ~/wheels/* /srv/pypi/pool/'))
    closed = machine.pool / 'foo-1.0-py3-none-any.whl'
    closed.chmod(0o600)
    machine.pool.chmod(0o700)
    machine.run(block('docs/operating.md', 'chmod -R a+rX /srv/pypi'))
    assert closed.stat().st_mode & 0o777 == 0o644
    assert machine.pool.stat().st_mode & 0o777 == 0o755


def test_nginx_serves_a_pool_in_another_place(with_nginx: None, machine: Machine, tmp_path: Path) -> None:
    [line] = re.findall(r'`(alias [^`]+;)`', section('docs/operating.md', 'Permissions'))
    wheels = tmp_path / 'wheels'
    shutil.copytree(machine.top / 'wheels', wheels)
    plain = block('docs/serving.md', 'root /srv/pypi;')
    text = plain.replace('location /pool/ {', f'location /pool/ {{ {line}').replace('/data/wheels', str(wheels))
    with nginx_with(text, machine.top / 'srv/pypi', tmp_path) as [server]:
        found = server.get('/pool/foo-1.0-py3-none-any.whl')
        assert (found.status, found.headers['cache-control']) == (200, 'max-age=31536000, immutable')
        assert found.body == (wheels / 'foo-1.0-py3-none-any.whl').read_bytes()


class Asked(NamedTuple):
    """A command that fails, and the words of the table that the client prints."""

    client: str
    options: tuple[str, ...]
    words: str


ASKED = [
    Asked('pip', ('nowhere',), 'No matching distribution found'),
    Asked('pip', ('picky==2.0',), 'No matching distribution found'),
    Asked('uv', ('nowhere',), 'was not found in the package registry'),
    Asked('pip', ('tampered',), 'DO NOT MATCH THE HASHES'),
    Asked('uv', ('tampered',), 'Hash mismatch'),
    Asked('pip', ('renamed',), 'inconsistent Name'),
    Asked('pip', ('dated', '--uploaded-prior-to', '2099-01-01'), 'does not provide upload-time metadata'),
]


def reasons() -> list[str]:
    """Return the words in the first column of the table, without those that another test checks."""
    rows = re.findall(r'^\| (`.+?) \|', section('docs/operating.md', 'Nothing installs: why?'), re.MULTILINE)
    elsewhere = {'403', '404', 'is not a trusted or secure host', 'CERTIFICATE_VERIFY_FAILED', 'UnknownIssuer'}
    return [words for row in rows for words in re.findall('`([^`]+)`', row) if words not in elsewhere]


def test_the_table_of_reasons_has_the_words_of_the_clients(
    pool: Path, package_list: Path, pip: Client, uv: Client, tmp_path: Path
) -> None:
    """The server has only HTML. The wheel `renamed` has the metadata of another project."""
    site = tmp_path / 'site'
    shutil.copytree(pool, site / 'pool')
    other = make_wheel(tmp_path, 'other', '1.0')
    renamed = make_wheel(site / 'pool', 'renamed', '1.0')
    shutil.copy(other, renamed)
    write_metadata(renamed)
    lines = [*package_list.read_text(encoding='utf-8').splitlines(), json.dumps(list_line(renamed))]
    assert build(site, lines) == 0
    said = []
    with http_server(site, tmp_path) as server:
        for number, (name, options, words) in enumerate(ASKED):
            client = {'pip': pip, 'uv': uv}[name]
            outcome = client.install(f'{server.url}/simple/', tmp_path / str(number), *options)
            assert outcome.status != 0
            assert words in ' '.join(outcome.output.split()), outcome.output
            said.append(words)
    assert sorted(set(said)) == sorted(reasons())


def test_downloads_are_counted_from_the_usual_log_of_nginx(machine: Machine) -> None:
    log = machine.top / 'var/log/nginx/access.log'
    log.parent.mkdir(parents=True)
    requests = [
        *[('GET', '/pool/foo-1.0-py3-none-any.whl', 200)] * 3,
        *[('GET', '/pool/bar-1.0.tar.gz', 200)] * 12,
        ('GET', '/pool/foo-1.0-py3-none-any.whl.metadata', 200),
        ('HEAD', '/pool/foo-1.0-py3-none-any.whl', 200),
        ('GET', '/pool/foo-9.0.tar.gz', 404),
        ('GET', '/simple/foo/', 200),
    ]
    line = '192.0.2.1 - alice [28/Nov/2026:10:00:00 +0000] "{} {} HTTP/1.1" {} 1234 "-" "pip/26.0 {{"a b": 1}}"\n'
    log.write_text(''.join(line.format(*request) for request in requests), encoding='utf-8')
    counted = machine.run(block('docs/operating.md', '/var/log/nginx/access.log'))
    assert counted == '12 /pool/bar-1.0.tar.gz\n3 /pool/foo-1.0-py3-none-any.whl\n'


def test_systemd_finds_nothing_wrong_with_the_units(machine: Machine) -> None:
    if shutil.which('systemd-analyze') is None:
        missing('systemd-analyze', 'apt-get install systemd')
    units = {
        'dumb-pypi.service': block('docs/operating.md', 'ExecStart=/usr/local/bin/build-index'),
        'dumb-pypi.timer': block('docs/operating.md', 'OnCalendar=minutely'),
    }
    for name, text in units.items():
        assert f'/etc/systemd/system/{name}`' in read('docs/operating.md')
        (machine.top / name).write_text(machine.moved(text), encoding='utf-8')
    done = subprocess.run(
        ['systemd-analyze', 'verify', '--man=no', *units],
        cwd=machine.top,
        env={**os.environ, 'SYSTEMD_UNIT_PATH': f'{machine.top}:'},
        capture_output=True,
        text=True,
        check=False,
    )
    about_ours = [line for line in f'{done.stdout}{done.stderr}'.splitlines() if 'dumb-pypi' in line]
    assert about_ours == []


def test_an_upgrade_rewrites_pages_and_a_downgrade_restores_them(machine: Machine, tmp_path: Path) -> None:
    """The upgrade comes from a clone of this repository, in which the next commit changes the templates."""
    env = git_env(tmp_path)
    remote = tmp_path / 'remote'
    run_shell(f'git clone --quiet {ADDRESS} {remote}', tmp_path, env)
    config = tmp_path / 'gitconfig'
    config.write_text(config.read_text(encoding='utf-8').replace(ROOT.as_uri(), remote.as_uri()), encoding='utf-8')
    shutil.rmtree(machine.home)
    machine.home.mkdir()
    run_shell(block('docs/operating.md', 'touch facts'), machine.home, env)
    machine.run(block('docs/operating.md', 'cp ~/wheels/* /srv/pypi/pool/'))
    assert machine.cron() == ''
    before = machine.page('index.html')
    changed = r"sed -i 's/<main/<!-- new --><main/' dumb_pypi/templates/*.html"
    git = 'git -c user.name=nobody -c user.email=nobody@example.com'
    run_shell(f'{changed} && {git} commit --quiet --all --message new', remote, env)
    run_shell(block('docs/operating.md', 'git -C dumb-pypi pull'), machine.home, env)
    assert machine.cron() == ''
    assert machine.page('index.html') == before.replace('<main', '<!-- new --><main') != before
    run_shell(block('docs/operating.md', 'git -C dumb-pypi checkout HEAD~1'), machine.home, env)
    assert machine.cron() == ''
    assert machine.page('index.html') == before
