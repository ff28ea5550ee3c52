"""Assets of releases as the pool and GitHub Pages as the site: the workflow and the commands of docs/recipes.md."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import textwrap
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from testing.clients import Client, fetched, installed
from testing.distributions import make_sdist, make_wheel
from testing.documents import block
from testing.long import unmeasured_env
from testing.releases import DOWNLOAD, Releases
from testing.servers import Server, http_server
from testing.strangers import git_env, run_shell, write_commands
from testing.tools import ROOT, missing

WORKFLOW = (ROOT / 'testing' / 'github' / 'index.yml').read_text(encoding='utf-8')
OLD = 1_735_700_000  # 2025-01-01
NEW = 1_767_409_445  # 2026-01-03T03:04:05Z
WHEEL = 'tools-1.0-py3-none-any.whl'
NEWER = 'tools-1.1-py3-none-any.whl'


def commands() -> str:
    """Return the commands of the step that makes the site."""
    [found] = re.findall(r'^ {8}run: \|\n((?: {10}.*\n|\n)+)', WORKFLOW, re.MULTILINE)
    return textwrap.dedent(found)


class Repository(NamedTuple):
    """A repository with its releases, and a machine that has the commands."""

    top: Path
    releases: Releases
    server: Server
    environment: dict[str, str]

    def wheel(self, tag: str, version: str, name: str = 'tools', time: int = NEW, **metadata: Any) -> None:
        directory = self.top / 'made'
        directory.mkdir(exist_ok=True)
        wheel = make_wheel(directory, name, version, **metadata)
        os.utime(wheel, (time, time))
        self.releases.add(tag, wheel)

    def run(self, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the step on an empty disk, as GitHub runs one with "shell: bash"."""
        shutil.rmtree(self.top / 'job', ignore_errors=True)
        (self.top / 'job' / 'repository').mkdir(parents=True)
        if (self.top / 'facts').exists():
            shutil.copy(self.top / 'facts', self.top / 'job' / 'repository')
        return subprocess.run(
            ['bash', '--noprofile', '--norc', '-eo', 'pipefail', '-c', commands()],
            cwd=self.top / 'job',
            env=self.environment | environment,
            check=False,
            capture_output=True,
            encoding='utf-8',
            timeout=120,
        )

    def publish(self) -> list[str]:
        """Run the step, which must say nothing. Return the paths that it has downloaded."""
        before = len(self.server.requests())
        done = self.run()
        assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
        paths = [each.path for each in self.server.requests()[before:]]
        return [path.removeprefix(f'/{DOWNLOAD}/') for path in paths if path.startswith(f'/{DOWNLOAD}/')]

    def refused(self, **environment: str) -> str:
        """Run the step, which must fail and leave the list alone. Return what it says."""
        before = self.releases.packages.read_bytes() if self.releases.packages.exists() else None
        done = self.run(**environment)
        assert done.returncode != 0
        assert (self.releases.packages.read_bytes() if self.releases.packages.exists() else None) == before
        assert not (self.top / 'job' / 'site').exists()
        return done.stdout + done.stderr

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines of files in the list."""
        found = map(json.loads, self.releases.packages.read_text(encoding='utf-8').splitlines())
        return [line for line in found if 'filename' in line]

    def paths(self) -> list[str]:
        return sorted(line['filename'] for line in self.lines())


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    """With one release, which has what many releases have beside wheels."""
    for program in ('jq', 'curl'):
        if shutil.which(program) is None:
            missing(program, f'apt-get install {program}')
    top = tmp_path / 'files'
    (top / DOWNLOAD).mkdir(parents=True)
    programs = tmp_path / 'bin'
    write_commands(programs)
    with http_server(top, tmp_path) as server:
        releases = Releases(top, server.url)
        releases.write_gh(programs)
        environment = {
            **unmeasured_env(),
            'PATH': os.pathsep.join([str(programs), os.environ['PATH']]),
            'GH_TOKEN': 'secret',
            'GITHUB_SERVER_URL': server.url,
            'GITHUB_REF_NAME': 'v1.1',
        }
        repository = Repository(tmp_path, releases, server, environment)
        repository.wheel('v1.0', '1.0', time=OLD)
        (tmp_path / 'tools-linux-x86_64.tar.gz').write_bytes(b'not a distribution')
        (tmp_path / 'checksums.txt').write_bytes(b'checksums')
        releases.add('v1.0', tmp_path / 'tools-linux-x86_64.tar.gz', tmp_path / 'checksums.txt')
        yield repository


def test_each_run_downloads_only_what_the_list_lacks_and_installers_get_all(
    repository: Repository, pip: Client, uv: Client, tmp_path: Path
) -> None:
    assert repository.publish() == [f'v1.0/{WHEEL}']
    dist = tmp_path / 'dist'
    dist.mkdir()
    make_wheel(dist, 'tools', '1.1', requires_dist=['helper'], requires_python='>=3.8')
    make_sdist(dist, 'helper', '1.0')
    run_shell(block('docs/recipes.md', 'gh release create'), tmp_path, repository.environment)
    assert (tmp_path / 'files' / 'started').exists()
    assert sorted(repository.publish()) == [
        'v1.1/helper-1.0.tar.gz',
        f'v1.1/{NEWER}',
        f'v1.1/{NEWER}.metadata',
    ]
    assert repository.publish() == []
    lines = {line['filename']: line for line in repository.lines()}
    assert sorted(lines) == [f'v1.0/{WHEEL}', 'v1.1/helper-1.0.tar.gz', f'v1.1/{NEWER}']
    assert lines[f'v1.1/{NEWER}']['requires_python'] == '>=3.8'
    assert lines[f'v1.1/{NEWER}']['core_metadata'].startswith('sha256=')
    assert lines[f'v1.0/{WHEEL}']['upload_timestamp'] == OLD
    with http_server(tmp_path / 'job' / 'site', tmp_path / 'job') as pages:
        for client in (pip, uv):
            for requirement, expected in (
                ('tools', {'tools': '1.1', 'helper': '1.0'}),
                ('tools==1.0', {'tools': '1.0'}),
            ):
                target = tmp_path / client.name / requirement
                outcome = client.install(f'{pages.url}/simple/', target, requirement)
                assert outcome.status == 0, outcome.output
                assert installed(target) == expected
        assert fetched(pages, '/') == {'simple/tools/', 'simple/helper/'}


def test_the_metadata_of_an_old_release_can_be_added(repository: Repository, tmp_path: Path) -> None:
    repository.publish()
    assert [line.get('core_metadata') for line in repository.lines()] == [None]
    before = (tmp_path / 'job' / 'site' / 'simple' / 'tools' / 'index.html').read_text(encoding='utf-8')
    run_shell(block('docs/recipes.md', 'gh release download'), tmp_path, repository.environment)
    assert repository.publish() == [f'v1.0/{WHEEL}', f'v1.0/{WHEEL}.metadata']
    after = (tmp_path / 'job' / 'site' / 'simple' / 'tools' / 'index.html').read_text(encoding='utf-8')
    assert re.sub(' data-core-metadata="sha256=[0-9a-f]{64}"', '', after, count=1) == before != after
    # Without it, the wheel is installed as before.
    repository.releases.asset(f'v1.0/{WHEEL}.metadata').unlink()
    assert repository.publish() == [f'v1.0/{WHEEL}']
    assert [line.get('core_metadata') for line in repository.lines()] == [None]
    assert repository.publish() == []


def test_assets_that_are_gone_or_in_a_draft_leave_the_list(repository: Repository) -> None:
    repository.wheel('v1.1', '1.1')
    repository.wheel('v1.2', '1.2')
    repository.publish()
    assert repository.paths() == [f'v1.0/{WHEEL}', f'v1.1/{NEWER}', 'v1.2/tools-1.2-py3-none-any.whl']
    shutil.rmtree(repository.releases.asset('v1.0'))
    shutil.move(repository.releases.asset('v1.2'), repository.releases.top / 'drafts' / 'v1.2')
    assert repository.publish() == []
    assert repository.paths() == [f'v1.1/{NEWER}']


def test_one_name_in_two_releases_is_refused(repository: Repository) -> None:
    repository.publish()
    repository.wheel('v1.0-fixed', '1.0')
    error = '::error::one name in several releases, delete all but one: '
    assert repository.refused() == f'{error}v1.0-fixed/{WHEEL}, v1.0/{WHEEL}\n'
    repository.releases.packages.unlink()
    assert repository.refused() == f'{error}v1.0-fixed/{WHEEL}, v1.0/{WHEEL}\n'
    repository.releases.asset(f'v1.0/{WHEEL}').unlink()
    assert repository.publish() == [f'v1.0-fixed/{WHEEL}']


def test_a_replaced_asset_is_refused_until_it_has_left_the_list(repository: Repository) -> None:
    repository.wheel('v1.1', '1.1')
    repository.publish()
    repository.wheel('v1.1', '1.1', requires_python='>=3.9')
    said = f'::error::replaced by another file, give that one a new version: v1.1/{NEWER}\n'
    assert repository.refused() == said
    repository.releases.asset(f'v1.1/{NEWER}').unlink()
    assert repository.publish() == []
    repository.wheel('v1.1', '1.1', requires_python='>=3.9')
    assert repository.publish() == [f'v1.1/{NEWER}']
    assert [line.get('requires_python') for line in repository.lines()] == [None, '>=3.9']
    # The same bytes again, as when a job is repeated, are nothing new.
    repository.wheel('v1.1', '1.1', requires_python='>=3.9', time=NEW + 60)
    assert repository.publish() == []


def test_a_list_that_is_lost_is_made_again(repository: Repository) -> None:
    repository.wheel('v1.1', '1.1')
    repository.publish()
    made = repository.releases.packages.read_bytes()
    repository.releases.packages.write_bytes(b'')  # an upload that broke off
    assert repository.publish() == [f'v1.0/{WHEEL}', f'v1.1/{NEWER}']
    assert repository.releases.packages.read_bytes() == made
    shutil.rmtree(repository.releases.packages.parent)
    assert repository.publish() == [f'v1.0/{WHEEL}', f'v1.1/{NEWER}']
    assert repository.releases.packages.read_bytes() == made
    # Lines that are missing are added, and a line that is damaged ends the run.
    repository.releases.packages.write_bytes(made[: made.index(b'\n', made.index(b'tools-1.0')) + 1])
    assert repository.publish() == [f'v1.1/{NEWER}']
    assert repository.releases.packages.read_bytes() == made
    repository.releases.packages.write_bytes(made[:-20])
    assert 'Bad JSON in --slurpfile lines previous' in repository.refused()


def test_a_request_that_fails_ends_the_run_and_the_next_one_does_all_of_it(repository: Repository) -> None:
    repository.publish()
    published = repository.releases.packages.read_bytes()
    repository.wheel('v1.1', '1.1')
    for command in ('api --paginate', 'api -H', 'release upload'):
        done = repository.run(GH_FAILS=command)
        assert (done.returncode, done.stderr) == (1, 'gh: Server Error (HTTP 502)\n')
        assert repository.releases.packages.read_bytes() == published
    # An asset may be deleted after the list of assets was made.
    repository.releases._replace(url=f'{repository.server.url}/gone').write_gh(repository.top / 'bin')
    assert repository.refused() == 'curl: (22) The requested URL returned error: 404\n'
    repository.releases.write_gh(repository.top / 'bin')
    assert repository.publish() == [f'v1.1/{NEWER}']


def test_a_tag_may_have_a_slash(repository: Repository, pip: Client, tmp_path: Path) -> None:
    """GitHub finds such an asset at the URL that the API tells, with %2F, and not at one with a slash."""
    repository.wheel('tools/v1.1+a', '1.1')
    assert repository.publish() == [f'tools%252Fv1.1%252Ba/{NEWER}', f'v1.0/{WHEEL}']
    with http_server(tmp_path / 'job' / 'site', tmp_path / 'job') as pages:
        outcome = pip.install(f'{pages.url}/simple/', tmp_path / 'target', 'tools')
        assert installed(tmp_path / 'target') == {'tools': '1.1'}, outcome.output


def test_without_any_release_the_run_says_so(repository: Repository) -> None:
    shutil.rmtree(repository.releases.asset('v1.0'))
    assert 'the list has no packages' in repository.refused()


def test_a_file_facts_in_the_repository_yanks_a_file(repository: Repository, tmp_path: Path) -> None:
    repository.publish()
    (tmp_path / 'facts').write_text(f'{{"filename": "v1.0/{WHEEL}", "yanked_reason": "broken"}}\n', encoding='utf-8')
    assert repository.publish() == []
    page = tmp_path / 'job' / 'site' / 'simple' / 'tools' / 'index.html'
    assert 'data-yanked="broken"' in page.read_text(encoding='utf-8')
    (tmp_path / 'facts').unlink()
    repository.publish()
    assert 'data-yanked' not in page.read_text(encoding='utf-8')


def test_each_action_is_a_version_that_runs_on_node_24() -> None:
    """GitHub removed Node 20 in September 2026. The workflows of this repository count too."""
    workflows = [WORKFLOW, *(path.read_text() for path in (ROOT / '.github' / 'workflows').iterdir())]
    assert sorted({action for text in workflows for action in re.findall(r'uses: (.+)', text)}) == [
        'actions/cache@v5',
        'actions/checkout@v7',
        'actions/deploy-pages@v5',
        'actions/setup-python@v7',
        'actions/upload-pages-artifact@v5',
    ]


@pytest.mark.long
def test_the_workflow_installs_both_commands(tmp_path: Path) -> None:
    [install] = re.findall(r'^ {8}run: (pip .+)$', WORKFLOW, re.MULTILINE)
    assert block('docs/recipes.md', 'git+https://git.example.com/') == f'{install}\n'
    venv.create(tmp_path / 'python', with_pip=True, symlinks=True)
    path = os.pathsep.join([str(tmp_path / 'python' / 'bin'), os.environ['PATH']])
    environment = {**git_env(tmp_path), 'PATH': path, 'PIP_QUIET': '2'}
    run_shell(f'{install}\ndumb-pypi --version\ndumb-pypi-list --version\n', tmp_path, environment)
