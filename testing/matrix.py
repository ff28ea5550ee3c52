"""Runs the same installs with every client, old and new, and compares what each one gets and requests."""

from __future__ import annotations

import email
import importlib.metadata
import json
import re
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename

from testing.clients import Outcome, isolated_env
from testing.distributions import list_line, make_old_sdist, make_sdist, make_wheel, write_metadata
from testing.servers import Request, Server
from testing.tools import fetch_library, find_python, make_tool, tool_directory

_SECONDS_TO_WAIT = 240
_TAG = 'py2.py3-none-any'
_THIS_PYTHON = f'{sys.version_info.major}.{sys.version_info.minor}'


# ------------------------------------------------------------------------------------------------- the cases


class Case(NamedTuple):
    """A requirement as a user types it, and the expected project and version; `None` if it cannot be installed."""

    requirement: str
    project: str
    version: str | None


CASES = {
    'wheel': Case('ocflib', 'ocflib', '1.0'),
    'sdist': Case('only-sdist', 'only-sdist', '1.0'),
    'aspy.yaml': Case('aspy.yaml', 'aspy-yaml', '1.0'),
    'ASPY.YAML': Case('ASPY.YAML', 'aspy-yaml', '1.0'),
    'pinned': Case('pinned==1.0', 'pinned', '1.0'),
    'range': Case('ranged>=1.0,<2.0', 'ranged', '1.5'),
    'local': Case('with-local==1.0+local.1', 'with-local', '1.0+local.1'),
    'wrong hash': Case('tampered', 'tampered', None),
    'yanked': Case('yanked', 'yanked', '1.0'),
    'yanked, pinned': Case('pulled==2.0', 'pulled', '2.0'),
    'Requires-Python': Case('picky', 'picky', '1.0'),
    'Mixed.Case': Case('mixed-case', 'mixed-case', '1.0'),
    'dependency': Case('mixed-case', 'under-score', '1.5'),
    'extra': Case('Dotted.name[more]', 'only-with-more', '1.0'),
}
# Each line of cases shares one run, because runs are slow and the cases of a line do not affect each other.
_RUNS = [
    ['wheel', 'sdist', 'aspy.yaml', 'pinned', 'range', 'local', 'yanked', 'yanked, pinned', 'Requires-Python'],
    ['ASPY.YAML'],
    ['wrong hash'],
    ['Mixed.Case', 'dependency', 'extra'],
]


def make_pool(pool: Path) -> list[dict[str, object]]:
    """Write the files, and return the lines of a list for them."""
    wheels = [
        make_wheel(pool, name, version, tag=_TAG)
        for name, version in [
            ('ocflib', '1.0'),
            ('aspy.yaml', '1.0'),
            *(('pinned', version) for version in ('1.0', '2.0')),
            *(('ranged', version) for version in ('1.0', '1.5', '2.0')),
            *(('with-local', version) for version in ('1.0', '1.0+local.1')),
        ]
    ]
    wheels += make_spellings(pool)
    for wheel in wheels:
        write_metadata(wheel)
    lines = [list_line(wheel) for wheel in wheels]
    lines += [list_line(make_sdist(pool, 'only-sdist', '1.0')), list_line(make_old_sdist(pool, 'old-sdist', '1.0'))]
    lines += [list_line(make_wheel(pool, 'tampered', '1.0', tag=_TAG)) | {'hash': f'sha256={"0" * 64}'}]
    for name in ('yanked', 'pulled'):
        lines += [list_line(make_wheel(pool, name, '1.0', tag=_TAG))]
        lines += [list_line(make_wheel(pool, name, '2.0', tag=_TAG)) | {'yanked_reason': 'broken'}]
    lines += [list_line(make_wheel(pool, 'picky', '1.0', tag=_TAG))]
    lines += [list_line(make_wheel(pool, 'picky', '2.0', tag=_TAG, requires_python='>=99'))]
    return lines


def make_spellings(pool: Path) -> list[Path]:
    """Make files as they occur in practice: metadata, file name and requirement each spell the name differently."""
    mixed, under, dotted = ['Under-Score<2.0,>=1.0'], ['Dotted.Name'], ["only_with_more>=1.0; extra == 'more'"]
    return [
        make_wheel(pool, 'Mixed.Case', '1.0', tag=_TAG, requires_dist=mixed, filed_as='mixed_case'),
        make_wheel(pool, 'Under_Score', '1.5', tag=_TAG, requires_dist=under),
        make_wheel(pool, 'Under_Score', '2.0', tag=_TAG, requires_dist=under),
        make_wheel(pool, 'dotted-NAME', '1.0', tag=_TAG, requires_dist=dotted, extras=['more'], filed_as='Dotted.Name'),
        make_wheel(pool, 'Only-With.More', '1.0', tag=_TAG, filed_as='only_with_more'),
    ]


# ------------------------------------------------------------------------------------------------- the clients


class Run(NamedTuple):
    """The input of a client. `directory` is new, and no other client uses it."""

    index_url: str
    directory: Path
    requirements: Sequence[str]


Runner = Callable[[str, Run], tuple[Outcome, dict[str, str]]]


class OldClient(NamedTuple):
    """A client in an old release. `run` returns its output, and the version of each project that it fetched."""

    name: str
    python: str
    run: Runner
    # What it gets instead where it does not support a feature.
    ignores: Mapping[str, str | None] = {}
    # Further differences on a server without JSON and without names that are not normalized.
    over_html: Mapping[str, str | None] = {}
    # Whether it builds sdists with setuptools from its own environment, as before PEP 517.
    old_sdists: bool = False


_NOT_NORMALIZED = dict.fromkeys(('aspy.yaml', 'ASPY.YAML', 'extra'))


def pip(version: str, python: str) -> OldClient:
    """Return a pip that runs from its wheel."""
    number = tuple(map(int, version.split('.')))

    def run(interpreter: str, run: Run) -> tuple[Outcome, dict[str, str]]:
        library = str(fetch_library('pip', version, python))
        target = run.directory / 'downloaded'
        target.mkdir()
        command = ['download', '--dest'] if number >= (8,) else ['install', '--download']
        arguments = ['-m', 'pip', *command, str(target), '--index-url', run.index_url, *run.requirements]
        env = {'PYTHONPATH': library, 'PIP_DISABLE_PIP_VERSION_CHECK': '1', 'PIP_NO_INPUT': '1'}
        return execute(run.directory, [interpreter, *arguments], env), read_files(target)

    ignores: dict[str, str | None] = {}
    if number < (6,):
        ignores['local'] = None
    if number < (9,):
        ignores['Requires-Python'] = '2.0'
    if number < (19, 2):
        ignores['yanked'] = '2.0'
    over_html: Mapping[str, str | None] = _NOT_NORMALIZED if number == (8, 1, 1) else {}
    if (22, 2) <= number < (23,):
        ignores['wrong hash'] = '1.0'
        over_html = {'wrong hash': None}
    return OldClient(f'pip {version}', python, run, ignores, over_html, old_sdists=python == '2.7')


def easy_install(version: str, python: str) -> OldClient:
    def run(interpreter: str, run: Run) -> tuple[Outcome, dict[str, str]]:
        target = run.directory / 'installed'
        target.mkdir()
        program = 'import sys; from setuptools.command.easy_install import main; main(sys.argv[1:])'
        options = ['--multi-version', '--no-deps', '--always-copy', '--exclude-scripts']
        arguments = ['--index-url', run.index_url, '--install-dir', str(target), *options, *run.requirements]
        env = {'PYTHONPATH': str(fetch_library('setuptools', version, python))}
        outcome = execute(run.directory, [interpreter, '-c', program, *arguments], env)
        eggs = [path.name.split('-') for path in target.glob('*.egg')]
        return outcome, {canonicalize_name(egg[0]): egg[1].replace('_', '-') for egg in eggs}

    ignores = {'Requires-Python': '2.0', 'yanked': '2.0'}
    name = f'easy_install of setuptools {version}'
    return OldClient(name, python, run, ignores, _NOT_NORMALIZED, old_sdists=True)


def run_newest_pip(interpreter: str, run: Run) -> tuple[Outcome, dict[str, str]]:
    target = run.directory / 'installed'
    command = [str(make_tool('pip', 'pip') / 'python'), '-m', 'pip', 'install', '--no-input', '--no-cache-dir']
    arguments = ['--index-url', run.index_url, '--target', str(target), *run.requirements]
    return execute(run.directory, [*command, *arguments]), read_installed(target)


def run_uv(interpreter: str, run: Run) -> tuple[Outcome, dict[str, str]]:
    target = run.directory / 'installed'
    command = [str(make_tool('uv', 'uv') / 'uv'), 'pip', 'install', '--python', interpreter]
    arguments = ['--index-url', run.index_url, '--target', str(target), *run.requirements]
    return execute(run.directory, [*command, *arguments]), read_installed(target)


def run_poetry(interpreter: str, run: Run) -> tuple[Outcome, dict[str, str]]:
    source = f'[[tool.poetry.source]]\nname = "ours"\nurl = "{run.index_url}"\npriority = "primary"\n'
    write_project(run, f'[tool.poetry]\npackage-mode = false\n{source}')
    env = {'POETRY_VIRTUALENVS_IN_PROJECT': 'true', 'POETRY_CACHE_DIR': str(run.directory / 'cache')}
    command = [str(make_tool('poetry', 'poetry') / 'poetry'), 'install', '--no-interaction']
    return execute(run.directory, command, env), read_installed(*run.directory.glob('.venv/lib/*/site-packages'))


def run_pdm(interpreter: str, run: Run) -> tuple[Outcome, dict[str, str]]:
    source = f'[[tool.pdm.source]]\nname = "pypi"\nurl = "{run.index_url}"\n'
    write_project(run, f'[tool.pdm]\ndistribution = false\n{source}')
    env = {'PDM_CHECK_UPDATE': 'false', 'PDM_CACHE_DIR': str(run.directory / 'cache'), 'PDM_VENV_IN_PROJECT': 'true'}
    # With the dependencies that its authors tested, because it breaks with newer ones.
    command = [str(make_tool('pdm', 'pdm[locked]') / 'pdm'), 'install']
    return execute(run.directory, command, env), read_installed(*run.directory.glob('.venv/lib/*/site-packages'))


def run_pipenv(interpreter: str, run: Run) -> tuple[Outcome, dict[str, str]]:
    lines = [
        f'"{each.name}" = {{version = "{each.specifier or "*"}", extras = {sorted(each.extras)}}}'
        for each in map(Requirement, run.requirements)
    ]
    source = f'[[source]]\nname = "ours"\nurl = "{run.index_url}"\nverify_ssl = false\n'
    (run.directory / 'Pipfile').write_text('\n'.join([source, '[packages]', *lines, '']), encoding='utf-8')
    env = {'PIPENV_VENV_IN_PROJECT': '1', 'PIPENV_NOSPIN': '1', 'PIPENV_CACHE_DIR': str(run.directory / 'cache')}
    command = [str(make_tool('pipenv', 'pipenv') / 'pipenv'), 'install', '--python', interpreter]
    return execute(run.directory, command, env), read_installed(*run.directory.glob('.venv/lib/*/site-packages'))


def run_pip_tools(interpreter: str, run: Run) -> tuple[Outcome, dict[str, str]]:
    """Compile requirements and install them with the pip of the same environment, which checks the hashes."""
    wanted, pinned = run.directory / 'requirements.in', run.directory / 'requirements.txt'
    wanted.write_text('\n'.join(run.requirements), encoding='utf-8')
    programs = make_tool('pip-tools', 'pip-tools')
    options = ['--generate-hashes', '--cache-dir', str(run.directory / 'cache'), '--index-url', run.index_url]
    command = [str(programs / 'pip-compile'), *options, '--output-file', str(pinned), str(wanted)]
    outcome = execute(run.directory, command)
    target = run.directory / 'installed'
    if outcome.status == 0:
        install = [
            'install',
            '--require-hashes',
            '--no-cache-dir',
            '--target',
            str(target),
            '--requirement',
            str(pinned),
        ]
        outcome = execute(run.directory, [str(programs / 'python'), '-m', 'pip', *install])
    return outcome, read_installed(target)


CLIENTS = [
    easy_install('44.1.1', '2.7'),
    pip('1.5.6', '2.7'),
    pip('6.0', '2.7'),
    pip('6.1.1', '2.7'),
    pip('7.1.2', '2.7'),
    pip('8.1.1', '2.7'),
    pip('8.1.2', '2.7'),
    pip('9.0.3', '2.7'),
    pip('10.0.1', '2.7'),
    pip('18.1', '2.7'),
    pip('19.3.1', '2.7'),
    pip('20.3.4', '2.7'),
    pip('21.3.1', '3.6'),
    # `python3 -m venv` of Debian 12 installs 23.0.1.
    pip('22.3', '3.11'),
    pip('22.3.1', '3.11'),
    pip('23.0.1', '3.11'),
    pip('23.1', '3.11'),
    pip('23.1.2', '3.11'),
    pip('23.3.2', '3.10'),
    pip('24.0', '3.7'),
    pip('24.3.1', '3.12'),
    pip('25.0.1', '3.8'),
    pip('25.3', '3.13'),
    pip('26.0.1', '3.9'),
    OldClient('pip, newest', _THIS_PYTHON, run_newest_pip),
    OldClient('uv, newest', _THIS_PYTHON, run_uv),
    OldClient('poetry, newest', _THIS_PYTHON, run_poetry),
    OldClient('pdm, newest', _THIS_PYTHON, run_pdm),
    OldClient('pipenv, newest', _THIS_PYTHON, run_pipenv),
    OldClient('pip-tools, newest', _THIS_PYTHON, run_pip_tools),
]


def write_project(run: Run, tables: str) -> None:
    """Write a pyproject.toml with these requirements and no newer Python than this one."""
    text = f"""\
[project]
name = "asking"
version = "1"
requires-python = "=={_THIS_PYTHON}.*"
dependencies = {json.dumps(list(run.requirements))}

{tables}"""
    (run.directory / 'pyproject.toml').write_text(text, encoding='utf-8')


def execute(directory: Path, command: Sequence[str], env: Mapping[str, str] | None = None) -> Outcome:
    home = directory / 'home'
    home.mkdir(exist_ok=True)
    process = subprocess.run(
        command,
        cwd=directory,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**isolated_env(home), **(env or {})},
        timeout=_SECONDS_TO_WAIT,
        encoding='utf-8',
        errors='replace',
    )
    return Outcome(process.returncode, process.stdout)


def read_files(directory: Path) -> dict[str, str]:
    """Return projects and versions of the downloaded files."""
    found = {}
    for path in directory.iterdir():
        if path.suffix == '.whl':
            name, version, _, _ = parse_wheel_filename(path.name)
        else:
            name, version = parse_sdist_filename(path.name)
        found[str(name)] = str(version)
    return found


def read_installed(*directories: Path) -> dict[str, str]:
    metadata = [
        email.message_from_bytes((path / 'METADATA').read_bytes())
        for directory in directories
        for path in directory.glob('*.dist-info')
    ]
    return {canonicalize_name(each['Name']): each['Version'] for each in metadata}


# ------------------------------------------------------------------------------------------------- the results


class Result(NamedTuple):
    """The result of a client. `got` has the version for each case, or `None`; `said` is all output, for debugging."""

    got: Mapping[str, str | None]
    requests: Sequence[Request]
    said: str


Serve = Callable[[Path, Path], AbstractContextManager[Server]]


def run_client(client: OldClient, site: Path, scratch: Path, serve: Serve) -> Result | None:
    """Run all cases with a separate server. Return `None` if this machine lacks the interpreter of the client."""
    interpreter = sys.executable if client.python == _THIS_PYTHON else find_python(client.python)
    if interpreter is None:
        return None
    got: dict[str, str | None] = {}
    said: list[str] = []
    scratch.mkdir()
    with serve(site, scratch) as server:

        def run(names: Collection[str]) -> None:
            directory = scratch / f'run{len(said)}'
            directory.mkdir()
            cases = {name: case_for(client, name) for name in names}
            requirements = list(dict.fromkeys(case.requirement for case in cases.values()))
            outcome, found = client.run(interpreter, Run(f'{server.url}/simple/', directory, requirements))
            said.append(f'{requirements}: status {outcome.status}, {found}\n{outcome.output}')
            got.update({name: found.get(case.project) for name, case in cases.items()})

        for names in _RUNS:
            run(names)
            if len(names) > 1 and any(got[name] is None for name in names):
                # One failure makes the other requirements fail too.
                for name in names:
                    run([name])
        return Result({name: got[name] for name in CASES}, server.requests(), '\n'.join(said))


def case_for(client: OldClient, name: str) -> Case:
    if name == 'sdist' and client.old_sdists:
        return Case('old-sdist', 'old-sdist', '1.0')
    return CASES[name]


def expected(client: OldClient, over_html: bool) -> dict[str, str | None]:
    """Return what the client should get. A client ignores features that are newer than itself."""
    others = {**client.ignores, **(client.over_html if over_html else {})}
    return {name: others.get(name, case.version) for name, case in CASES.items()}


def table(negotiated: Mapping[str, Result], over_html: Mapping[str, Result]) -> list[str]:
    """Return the rows of the table in RATIONALE.md."""
    lines = [f'| client | Python | {" | ".join(CASES)} | asks for `ASPY.YAML` | accepts | metadata | over HTML alone |']
    lines.append('|---' * (len(CASES) + 6) + '|')
    for client in CLIENTS:
        result = negotiated[client.name]
        cells = [cell(name, got) for name, got in result.got.items()]
        others = [
            f'{name}: {cell(name, got)}' for name, got in over_html[client.name].got.items() if got != result.got[name]
        ]
        python = 'this' if 'newest' in client.name else client.python
        row = [client.name, python, *cells, *asks(result), ', '.join(others) or 'the same']
        lines.append(f'| {" | ".join(row)} |')
    return lines


def cell(name: str, got: str | None) -> str:
    return 'yes' if got == CASES[name].version else f'no: {got or "nothing"}'


def asks(result: Result) -> list[str]:
    """Return the page requested for the name ASPY.YAML, the types accepted, and whether metadata was read."""
    pages = [request for request in result.requests if request.path.startswith('/simple/')]
    spelled = [request for request in pages if re.fullmatch('/simple/aspy[-.]yaml/?', request.path, re.IGNORECASE)]
    as_typed = [request for request in spelled if request.path != '/simple/aspy-yaml/'] or spelled
    accepts = {'JSON' if 'simple.v1+json' in (page.accept or '') else 'HTML' for page in pages}
    read = any(request.path.endswith('.metadata') for request in result.requests)
    return [f'`{as_typed[-1].path}`', ' and '.join(sorted(accepts)), 'yes' if read else 'no']


def versions() -> str:
    """Return the versions of the newest clients, which must be installed."""
    names = [client.name.removesuffix(', newest') for client in CLIENTS if client.name.endswith(', newest')]
    libraries = {name: map(str, tool_directory(name).glob('lib/*/site-packages')) for name in names}
    found = {name: importlib.metadata.distributions(name=name, path=list(path)) for name, path in libraries.items()}
    return ', '.join(f'{name} {next(iter(each)).version}' for name, each in found.items())
