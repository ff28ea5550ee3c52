"""Errors name their cause in one line; a bug shows its traceback."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dumb_pypi.main import main
from dumb_pypi.package_list.lines import FACTS_KEYS, PACKAGE_KEYS
from dumb_pypi.pool.main import main as pool_main
from testing.distributions import make_wheel
from testing.sites import write_list
from testing.tools import ROOT
from testing.waiting import DEADLINE, wait_for

REAL = ROOT / 'testing' / 'real-packages.jsonl'

# The system refuses the Nth attempt to open a file whose path ends like this.
REFUSED = """
import errno, os, sys
from dumb_pypi.main import main

def hook(event, args):
    global left
    if event == 'open' and isinstance(args[0], str) and args[0].endswith(ending):
        left -= 1
        if left == 0:
            raise SystemExit(0) if exits else OSError(errno.EIO, os.strerror(errno.EIO))

exits = '--rebuild' in sys.argv
ending, left = sys.argv[1], int(sys.argv[2])
sys.addaudithook(hook)
raise SystemExit(main(sys.argv[3:]))
"""


def refuse(ending: str, time: int, packages: Path, directory: Path, *options: str) -> tuple[int, str]:
    """Run the program on a system that refuses a file. Return exit status and messages."""
    arguments = ['--package-list-json', packages, '--output-dir', directory / 'site', '--packages-url', '../../pool/']
    command = [sys.executable, '-c', REFUSED, ending, str(time), *map(str, arguments), *options]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == ''
    assert not (directory / 'site').exists()
    return done.returncode, done.stderr


@pytest.mark.parametrize('time', [1, 2, 3, 4])  # opened to check, to divide, to parse, and to count lines
def test_a_list_that_cannot_be_read_is_blamed(time: int, tmp_path: Path) -> None:
    packages = write_list(tmp_path / 'list.jsonl', [{'filename': 'Foo-1.0.tar.gz'}, {'filename': 'README.md'}])
    said = refuse('list.jsonl', time, packages, tmp_path)
    assert said == (1, f'cannot read {packages}: Input/output error\n')


def test_a_path_that_cannot_be_written_is_blamed(tmp_path: Path) -> None:
    packages = write_list(tmp_path / 'list.jsonl', [{'filename': 'Foo-1.0.tar.gz'}])
    said = refuse('lines-0', 1, packages, tmp_path)
    assert said == (1, f'cannot write {tmp_path}/site/packages.json: Input/output error\n')


@pytest.mark.parametrize('jobs', ['1', '2'])
def test_a_missing_template_shows_a_traceback(jobs: str, tmp_path: Path) -> None:
    """The message used to blame the list, with the reason None."""
    shutil.copytree(ROOT / 'dumb_pypi', tmp_path / 'dumb_pypi')
    (tmp_path / 'dumb_pypi' / 'templates' / 'simple_project.html').unlink()
    arguments = ['--package-list-json', REAL, '--output-dir', 'site', '--packages-url', '../../pool/', '--jobs', jobs]
    command = [sys.executable, '-m', 'dumb_pypi', *map(str, arguments)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, '')
    assert ', in project_pages\n' in done.stderr
    assert done.stderr.endswith('jinja2.exceptions.TemplateNotFound: simple_project.html\n')
    assert not (tmp_path / 'site').exists()


@pytest.mark.parametrize('jobs', ['1', '2'])
def test_a_bug_that_would_end_the_run_silently_shows_a_traceback(jobs: str, tmp_path: Path) -> None:
    """Such a run used to end with exit status 0."""
    status, said = refuse('templates/simple_project.html', 2, REAL, tmp_path, '--jobs', jobs, '--rebuild')
    assert status == 1
    assert ', in project_pages\n' in said
    assert said.endswith('RuntimeError: exit with status 0\n')


# Limits the memory of a run to this much more than it has at the start.
SHORT_OF_MEMORY = """
import importlib, resource, sys
main = importlib.import_module(sys.argv[1]).main
used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 100_000_000, resource.RLIM_INFINITY))
raise SystemExit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize(
    ('command', 'arguments'),
    [
        ('dumb_pypi.main', '--package-list list --packages-url ../../pool/ --output-dir site --jobs 1'),
        ('dumb_pypi.main', '--package-list list --packages-url ../../pool/ --output-dir site --jobs 2'),
        ('dumb_pypi.pool.main', '--known list .'),
    ],
)
def test_too_little_memory_is_one_line(command: str, arguments: str, tmp_path: Path) -> None:
    """The list has one line of 400 MB."""
    with open(tmp_path / 'list', 'wb') as file:
        file.truncate(400_000_000)
    script = [sys.executable, '-c', SHORT_OF_MEMORY, command, *arguments.split()]
    done = subprocess.run(script, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (1, '', 'out of memory\n')
    assert not (tmp_path / 'site').exists()


# Limits the number of threads.
FEW_THREADS = """
import sys
from dumb_pypi.pool.main import main

def hook(event, args):
    global left
    if event == '_thread.start_new_thread':
        left -= 1
        if left < 0:
            raise RuntimeError("can't start new thread")

left = int(sys.argv[1])
sys.addaudithook(hook)
raise SystemExit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize('threads', [0, 1, 2])
def test_a_list_is_made_with_fewer_threads_if_they_cannot_be_started(threads: int, tmp_path: Path) -> None:
    wheels = [make_wheel(tmp_path, 'Foo.Bar', f'1.{number}') for number in range(5)]
    script = [sys.executable, '-c', FEW_THREADS, str(threads), '--jobs', '3', str(tmp_path)]
    done = subprocess.run(script, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, '')
    lines = map(json.loads, done.stdout.splitlines())
    assert [line['filename'] for line in lines if 'filename' in line] == [wheel.name for wheel in wheels]


# Prints how many bytes a run has read.
COUNTED = """
import sys
from dumb_pypi.main import main

def count():
    with open('/proc/self/io') as file:
        return int(file.readline().split()[1])

before = count()
status = main(sys.argv[1:])
print(count() - before)
raise SystemExit(status)
"""


@pytest.mark.parametrize('line', ['{"filename": "Foo-1.0.zip", "key": "%s"}', '{"filename": "Foo-1.0.zip"}\n%s'])
def test_a_long_line_is_not_read_repeatedly(line: str, tmp_path: Path) -> None:
    """A line of 300 MB used to take 37 seconds, because each part of the list read it to its end."""
    packages = tmp_path / 'list'
    packages.write_bytes((line % ('x' * 30_000_000)).encode())
    arguments = ['--package-list-json', packages, '--packages-url', '../../pool/', '--output-dir', tmp_path / 'site']
    script = [sys.executable, '-c', COUNTED, *map(str, arguments), '--jobs', '1']
    done = subprocess.run(script, check=False, capture_output=True, text=True)
    assert int(done.stdout) < 5 * 30_000_000


# ------------------------------------------------------------------------------------------------- lone surrogates

HALF = '\ud800'  # half of a surrogate pair, which JSON can express and UTF-8 cannot


@pytest.mark.parametrize('command', ['dumb-pypi', 'dumb-pypi-list --known', 'dumb-pypi-list --facts'])
@pytest.mark.parametrize(
    ('line', 'said'),
    [
        ({'filename': 'Foo-1.0.tar.gz', 'size': HALF}, r"size: expected a number of bytes, got '\ud800'"),
        ({'filename': 'Foo-1.0.tar.gz', 'yanked': HALF}, r"yanked: expected true or false, got '\ud800'"),
        (
            {'filename': 'Foo-1.0.tar.gz', 'upload_timestamp': HALF},
            r"upload_timestamp: expected seconds since 1970, or ISO 8601 with a zone, got '\ud800'",
        ),
        (
            {'project': 'Foo', 'status': HALF},
            r"status: expected one of active, archived, deprecated, quarantined, got '\ud800'",
        ),
        ({'project': HALF}, r"project: expected a project name, got '\ud800'"),
    ],
)
def test_a_lone_surrogate_is_named(
    line: dict[str, str], said: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packages = str(write_list(tmp_path / 'list.jsonl', [line]))
    assert run_with(command, packages, tmp_path) == 1
    assert capsys.readouterr() == ('', f'{packages}:1: {said}\n')


def run_with(command: str, packages: str, directory: Path) -> int:
    """Run a command that reads this list."""
    if command == 'dumb-pypi':
        site = str(directory / 'site')
        return main(['--package-list-json', packages, '--output-dir', site, '--packages-url', '../../pool/'])
    (directory / 'pool').mkdir(exist_ok=True)
    return pool_main([command.partition(' ')[2], packages, str(directory / 'pool')])


ODD: list[object] = [
    HALF,
    f'x{HALF}',
    f'sha256={HALF}',
    f'https://{HALF}/',
    [HALF],
    [HALF, 1],
    {HALF: HALF},
    {'a': HALF},
]


@pytest.mark.parametrize('command', ['dumb-pypi', 'dumb-pypi-list --known', 'dumb-pypi-list --facts'])
@pytest.mark.parametrize('key', [*PACKAGE_KEYS, *FACTS_KEYS, HALF])
def test_a_lone_surrogate_in_any_field_is_one_message_for_each_line(
    key: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subject = 'filename' if key in PACKAGE_KEYS else 'project'
    lines = [{subject: f'foo{number}-1.0.zip', key: value} for number, value in enumerate(ODD)]
    for some in [lines] if command == 'dumb-pypi' else [[line] for line in lines]:
        packages = write_list(tmp_path / 'list.jsonl', [*some, {'filename': 'Bar-1.0.tar.gz'}])
        status = run_with(command, str(packages), tmp_path)
        printed, said = capsys.readouterr()
        assert (status, printed) in [(0, ''), (1, '')]
        assert all(line.startswith((f'{packages}:', 'skipped ')) for line in said.splitlines())


NAME = b'x\xff\ny'  # a name that is not UTF-8 and contains a line break
SHOWN = r'x\udcff\ny'


@pytest.mark.parametrize(
    ('option', 'value', 'status', 'said'),
    [
        ('--packages-url', b'../../pool\xff/', 2, r"got '../../pool\udcff/'"),
        ('--site-url', b'https://\xff/', 2, r"got 'https://\udcff/'"),
        ('--title', b'\xff', 2, r"argument --title: expected a text, got '\udcff'"),
        ('--title', NAME, 0, ''),
        ('--package-list-json', NAME, 1, rf"'{SHOWN}':1: expected a JSON object, got '{{'"),
        ('--package-list-json', NAME * 2, 1, rf"cannot read '{SHOWN}{SHOWN}': No such file or directory"),
        ('--output-dir', NAME, 1, f"--output-dir: '{SHOWN}' is a file, not a directory"),
        ('--changed-paths', NAME + b'/y', 1, f"/{SHOWN}/y': Not a directory"),
        ('--removed-paths', NAME + b'.d', 1, f"'{SHOWN}.d': expected a regular file"),
    ],
)
def test_a_file_name_that_is_not_text_is_shown_in_one_line(
    option: str, value: bytes, status: int, said: str, tmp_path: Path
) -> None:
    write_list(tmp_path / 'list.jsonl', [{'filename': 'Foo-1.0.tar.gz'}])
    directory = os.fsencode(tmp_path)
    Path(os.fsdecode(directory + b'/' + NAME)).write_bytes(b'{\n')
    Path(os.fsdecode(directory + b'/' + NAME + b'.d')).mkdir()
    given = {
        '--package-list-json': b'list.jsonl',
        '--output-dir': b'site',
        '--packages-url': b'../../pool/',
        option: value,
    }
    options = [os.fsencode(name) + b'=' + text for name, text in given.items()]
    command = [os.fsencode(sys.executable), b'-m', b'dumb_pypi', *options]
    done = subprocess.run(command, check=False, capture_output=True, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (status, b'')
    last = done.stderr.decode().splitlines()[-1:] if status == 2 else done.stderr.decode().splitlines()
    assert len(last) == (1 if said else 0)
    assert all(line.endswith(said) for line in last)


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        ([NAME + b'.d'], f"cannot read '{SHOWN}.d': No such file or directory"),
        ([b's3://' + NAME], rf"'s3://{SHOWN}'"),
        ([b'--known', NAME, b'.'], rf"'{SHOWN}':1: expected a JSON object, got '{{'"),
        ([b'--facts', NAME, b'.'], rf"'{SHOWN}':1: expected a JSON object, got '{{'"),
    ],
)
def test_a_file_name_that_is_not_text_is_shown_in_one_line_by_the_list_maker(
    arguments: list[bytes], said: str, tmp_path: Path
) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b'/' + NAME)).write_bytes(b'{\n')
    command = [os.fsencode(sys.executable), b'-m', b'dumb_pypi.pool', *arguments]
    done = subprocess.run(command, check=False, capture_output=True, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, b'')
    (line,) = done.stderr.decode().splitlines()
    assert said in line


# --------------------------------------------------------------------------------------------------------------- Ctrl-C

# Gets a signal at the import of the Nth module after `argparse`, the first import; prints how many imports follow.
INTERRUPTED = """
import os, runpy, signal, sys

def hook(event, args):
    global begun, left
    if event == 'import':
        begun = begun or args[0] == 'argparse'
        left -= begun
        if left == 0:
            os.kill(os.getpid(), signal.SIGINT)

begun, left = False, int(sys.argv[2])
hook.__cantrace__ = True  # and so the handler, which runs in it, is measured
module, sys.argv = sys.argv[1], ['command', '--version']
sys.addaudithook(hook)
try:
    runpy.run_module(module, run_name='__main__')
finally:
    print(left, file=sys.stderr)
"""
COMMANDS = ['dumb_pypi', 'dumb_pypi.pool']


def interrupt_import(module: str, number: int) -> tuple[int, str]:
    script = [sys.executable, '-c', INTERRUPTED, module, str(number)]
    done = subprocess.run(script, check=False, capture_output=True, text=True)
    return done.returncode, done.stderr


@pytest.mark.parametrize('percent', [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95])
@pytest.mark.parametrize('module', COMMANDS)
def test_an_interrupt_during_the_imports_is_one_line(module: str, percent: int) -> None:
    """Such an interrupt used to give a traceback, to be lost, or to crash the process."""
    status, left = interrupt_import(module, 10**6)
    imports = 10**6 - int(left)
    assert (status, imports > 30) == (0, True)
    assert interrupt_import(module, 1 + imports * percent // 100) == (130, 'interrupted\n')


@pytest.mark.parametrize('module', COMMANDS)
def test_an_interrupt_before_the_run_is_one_line(module: str) -> None:
    """The program is interrupted while it waits for a reader of its help text."""
    reading, writing = os.pipe()
    room = fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writing, bytes(room))
    command = [sys.executable, '-m', module, '--help']
    with subprocess.Popen(command, stdout=writing, stderr=subprocess.PIPE, text=True) as run:
        os.close(writing)
        wait_for(lambda: 'pipe_write' in Path(f'/proc/{run.pid}/wchan').read_text() or None, run)
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=DEADLINE)
        os.close(reading)
    assert (run.returncode, said) == (130, 'interrupted\n')


@pytest.mark.parametrize('module', COMMANDS)
def test_an_ignored_interrupt_is_ignored_from_the_beginning(module: str) -> None:
    """`nohup` ignores interrupts like this."""
    script = ['sh', '-c', 'trap "" INT; exec "$@"', 'sh', sys.executable, '-c', INTERRUPTED, module, '5']
    done = subprocess.run(script, check=True, capture_output=True, text=True)
    assert done.stdout.startswith(f'dumb-pypi{"" if module == "dumb_pypi" else "-list"} ')


def test_the_installed_commands_handle_interrupts() -> None:
    text = (ROOT / 'setup.py').read_text(encoding='utf-8')
    assert "['dumb-pypi = dumb_pypi.__main__:main', 'dumb-pypi-list = dumb_pypi.pool.__main__:main']" in text


# ----------------------------------------------------------------------------------- values that options reject

NAMES = b'README.md\nFoo-1.0.tar.gz\nbar-1.0-py3-none-any.whl\n'
OBJECTS = b'\xef\xbb\xbf\n{"project": "foo", "summary": "\xc3\xa4"}\n{"filename": "Foo-1.0.tar.gz"}\n'
ARE_NAMES, ARE_OBJECTS = (
    'list: these are file names; use --OPTION\n',
    'list: these are JSON objects; use --OPTION-json\n',
)


@pytest.mark.parametrize('option', ['package-list', 'previous-package-list'])
@pytest.mark.parametrize(
    ('suffix', 'content', 'status', 'said'),
    [
        pytest.param('-json', NAMES, 1, ARE_NAMES, id='names'),
        pytest.param('-json', b'\n'.join([b'team/a/' + NAMES.splitlines()[1]] * 30), 1, ARE_NAMES, id='paths'),
        pytest.param('', OBJECTS, 1, ARE_OBJECTS, id='objects'),
        pytest.param('', b'{"filename": 1}', 1, ARE_OBJECTS, id='a bad object'),
        pytest.param('-json', b'\xff.zip\n', 1, "list:1: expected UTF-8, got b'\\xff.zip'\n", id='no text'),
        pytest.param('-json', b'{"filename"\n', 1, 'list:1: expected a JSON object, got \'{"filename"\'\n', id='half'),
        pytest.param('-json', b'', 0, '', id='nothing'),
    ],
)
def test_a_list_of_the_other_format_is_one_message(
    suffix: str,
    content: bytes,
    status: int,
    said: str,
    option: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """There used to be a message for each line of the list."""
    monkeypatch.chdir(tmp_path)
    Path('list').write_bytes(content)
    Path('names').write_bytes(b'bar-1.0.zip\n')
    others = ['--package-list', 'names'] if option == 'previous-package-list' else ['--allow-empty']
    arguments = [f'--{option}{suffix}', 'list', *others, '--output-dir', 'site', '--packages-url', '../../pool/']
    assert main(arguments) == status
    assert capsys.readouterr() == ('', said.replace('OPTION', option))
    assert Path('site').exists() == (status == 0)


@pytest.mark.parametrize(
    'first',
    [b'{"filename": "foo-1.0.tar.gz"}', b'{a}.zip', b'{}}-1.0.zip', b'{"a":' * 10**5],
    ids=['an object', 'a name', 'a name that begins like an object', 'too deep'],
)
def test_the_option_decides_the_format_of_an_ambiguous_list(
    first: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path('list').write_bytes(first + b'\nbar-1.0.zip\n')
    assert main(['--package-list', 'list', '--output-dir', 'site', '--packages-url', '../../pool/']) == 0
    skipped, count = capsys.readouterr().err.splitlines()
    assert skipped.startswith('list:1: skipped: ')
    assert count == 'skipped 1 of the listed files'


@pytest.mark.parametrize('url', ['pool', 'pool/', './pool/', 'pypi.example.com/pool', '..pool', '.'])
def test_a_packages_url_that_leads_nowhere_is_wrong_usage(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packages = write_list(tmp_path / 'list', ['Foo-1.0.tar.gz'])
    with pytest.raises(SystemExit, match='2'):
        main(['--package-list', str(packages), '--output-dir', str(tmp_path / 'site'), '--packages-url', url])
    assert capsys.readouterr().err.splitlines()[-1] == (
        'dumb-pypi: error: argument --packages-url: expected an absolute URL as in https://pypi.example.com/pool/, or '
        f"one relative to a page below simple/ as in ../../pool/, got '{url}'"
    )
    assert not (tmp_path / 'site').exists()


LEADS = "--packages-url: '../pool/' leads to site/simple/pool/, which does not exist; use '../../pool/' for site/pool/"
LEADS_FROM_ODD = (
    "--packages-url: '../my%20pool/' leads to site/simple/my pool/, which does not exist; "
    "use '../../my%20pool/' for site/my pool/"
)


@pytest.mark.parametrize(
    ('url', 'directories', 'said'),
    [
        pytest.param('../pool', ['site/pool'], LEADS, id='too few dots'),
        pytest.param('../pool/', ['site/pool', 'site/simple/pool'], '', id='it is there'),
        pytest.param('../pool/', [], '', id='simple/ alone is published'),
        pytest.param('../../pool/', ['site/pool'], '', id='beside simple/'),
        pytest.param('../', ['site'], '', id='in simple/'),
        pytest.param('/pool/', ['site/pool'], '', id='absolute path'),
        pytest.param('//pypi.example.com/../pool/', ['site/pool'], '', id='absolute'),
        pytest.param('../my%20pool/', ['site/my pool'], LEADS_FROM_ODD, id='percent-encoded'),
    ],
)
def test_a_packages_url_with_too_few_dots_gets_a_warning(
    url: str,
    directories: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With --strict, it is an error."""
    monkeypatch.chdir(tmp_path)
    for directory in directories:
        Path(directory).mkdir(parents=True)
    Path('list').write_text('Foo-1.0.tar.gz\n', encoding='utf-8')
    arguments = ['--package-list', 'list', '--output-dir', 'site', '--packages-url', url]
    if said:
        with pytest.raises(SystemExit, match='2'):
            main([*arguments, '--strict'])
        assert capsys.readouterr().err.splitlines()[-1] == f'dumb-pypi: error: {said}'
    assert main(arguments) == 0
    assert capsys.readouterr() == ('', f'{said}\n' if said else '')
