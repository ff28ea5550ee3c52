"""Compares this program with release 1.15.0, and the list maker with other tools. Prints Markdown tables.

    python -m testing.benchmark --sizes 1000,50000 --rounds 5
    python -m testing.benchmark --public-index --scale 0.25
    python -m testing.benchmark --pool

Linux only: memory is read from /proc. Nothing is asserted here. Compare the ratios of one run, not the seconds of two.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil
from tabulate import tabulate

from testing.distributions import make_wheel
from testing.tools import CACHE, build_wheel, make_tool

PEER = 'dumb-pypi==1.15.0'
POOL_PEERS = ('simple503==0.4.0', 'simple-repository-generator==0.2.1')
OPTIONS = ['--packages-url', '../../pool/', '--no-generate-timestamp']
PLAIN = ['--no-per-release-json']
PUBLIC_FILES, PUBLIC_PROJECTS = 20_000_000, 850_000
PUBLIC_GOALS = {'full': 1200.0, 'nothing changed': 60.0, 'one project changed': 60.0}  # seconds, at scale 1
DISK_OF_PUBLIC = 80e9  # bytes, at scale 1, of two copies of the list and of the site
LARGE_FILES, LARGE_SIZE, SMALL_FILES = 200, 2**30, 12_000  # two pools: wheels of 1 GiB in total, and small wheels


class Case(NamedTuple):
    """A task for both programs. `change` names the list, and thereby the earlier site."""

    title: str
    change: str  # 'none' and 'described' build into an empty directory, others on top of the site of the list 'none'
    options: list[str]
    is_full: bool
    goals: dict[int, float]  # how many times faster than the peer, by number of files


CASES = {
    'full': Case('full', 'none', [], True, {1_000: 1.2, 50_000: 6.1, 500_000: 6.4}),
    'plain': Case('full, no per-release pages', 'none', PLAIN, True, {1_000: 0.99, 50_000: 4.5, 500_000: 5.2}),
    'described': Case('the same, all projects described here', 'described', PLAIN, True, {}),
    'nothing': Case('nothing changed', 'none', PLAIN, False, {1_000: 1.2, 50_000: 8, 500_000: 18}),
    'one': Case('one project changed', 'one', PLAIN, False, {1_000: 1, 50_000: 15, 500_000: 36}),
}


class Cost(NamedTuple):
    wall: float  # seconds
    cpu: float  # seconds, user and system, of all processes
    memory: float  # MiB: the peak of all processes together, shared pages counted once


def read_memory(process: psutil.Process) -> float:
    """Return the proportional set size of a process and its descendants, in MiB."""
    total = 0
    with contextlib.suppress(psutil.Error):
        for each in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                total += each.memory_full_info().pss
    return total / 2**20


def measure(*command: str | Path) -> Cost:
    """Run a command to its end and return its cost. Raises `RuntimeError` if it fails."""
    os.sync()  # so that pending writes are not measured
    peaks, ended = [0.0], threading.Event()

    def watch(process: psutil.Process) -> None:
        pause = 0.01
        while not ended.wait(pause):
            start = time.perf_counter()
            peaks.append(read_memory(process))
            pause = max(0.03, 40 * (time.perf_counter() - start))  # reading memory slows the process: at most 3 %

    with tempfile.TemporaryFile('w+', encoding='utf-8', errors='replace') as output:
        environment = {name: value for name, value in os.environ.items() if name != 'PYTHONDONTWRITEBYTECODE'}
        start = time.perf_counter()
        running = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
        watcher = threading.Thread(target=watch, args=(psutil.Process(running.pid),), daemon=True)
        watcher.start()
        try:
            _, status, usage = os.wait4(running.pid, 0)
        except BaseException:
            running.kill()
            raise
        finally:
            ended.set()
        wall = time.perf_counter() - start
        running.returncode = os.waitstatus_to_exitcode(status)
        watcher.join()
        if running.returncode:
            output.seek(0)
            raise RuntimeError(f'{" ".join(map(str, command))}: {running.returncode}\n{output.read()[-2000:]}')
    cost = Cost(wall, usage.ru_utime + usage.ru_stime, max(*peaks, usage.ru_maxrss / 1024))
    say(f'{cost.wall:.3g} s, CPU {cost.cpu:.3g} s, {cost.memory:.0f} MiB: {" ".join(map(str, command))}')
    return cost


def say(text: str) -> None:
    print(text[:160], file=sys.stderr, flush=True)


@contextlib.contextmanager
def scratch_directory(parent: Path, keep: bool = False) -> Iterator[Path]:
    parent.mkdir(parents=True, exist_ok=True)
    directory = Path(tempfile.mkdtemp(prefix='benchmark-', dir=parent))
    try:
        yield directory
    finally:
        if keep:
            say(f'kept: {directory}')
        else:
            shutil.rmtree(directory, ignore_errors=True)


def make_ours() -> Path:
    """Install this program into its own environment, like the peer. Editable installations start more slowly."""
    with tempfile.TemporaryDirectory() as scratch:
        return make_tool('ours', f'{build_wheel(Path(scratch))}[readme]') / 'dumb-pypi'


def write_list(path: Path, files: int, projects: int, *options: str) -> None:
    """Write a list in a separate process. Otherwise this process grows, and measured children start with its peak."""
    command = [sys.executable, '-m', 'testing.large_lists', str(files), str(projects), str(path), *options]
    subprocess.run(command, check=True, cwd=Path(__file__).parent.parent)


def write_lists(files: int, directory: Path) -> dict[str, Path]:
    projects = max(1, files // (5 if files < 10_000 else 10))
    lists = {name: directory / f'{name}.jsonl' for name in ('none', 'one', 'described')}
    write_list(lists['none'], files, projects)
    for name, options in {'one': ['--add', '1'], 'described': ['--describe']}.items():
        shutil.copyfile(lists['none'], lists[name])
        write_list(lists[name], files, projects, *options)
    return lists


# -------------------------------------------------------------------------------- beside release 1.15.0


def compare(files: int, cases: Sequence[Case], rounds: int, memory: Path, disk: Path) -> list[list[str]]:
    """Return a row for each case. Both programs and `cp -r` take turns, so that a slow minute affects all of them."""
    peer, ours = make_tool('peer', PEER) / 'dumb-pypi', make_ours()
    lists = write_lists(files, memory)

    def build(program: Path, site: Path, change: str, options: Sequence[str]) -> Cost:
        return measure(program, *OPTIONS, *options, '--output-dir', site, '--package-list-json', lists[change])

    rows = []
    for case in cases:
        costs: dict[str, list[Cost]] = {'peer': [], 'ours': [], 'cp': [], 'disk': [], 'cp on disk': []}
        for turn in range(3 * rounds if files < 10_000 else rounds):
            for who in ('peer', 'ours') if turn % 2 else ('ours', 'peer'):
                site, program = memory / who, peer if who == 'peer' else ours
                if case.is_full:
                    shutil.rmtree(site, ignore_errors=True)
                elif who == 'ours' or not site.exists():  # the peer compares two lists and ignores the site
                    build(program, site, 'none', case.options)
                change = 'none' if who == 'peer' and case.change == 'described' else case.change
                previous = ['--previous-package-list-json', lists['none']] if who == 'peer' and not case.is_full else []
                costs[who].append(build(program, site, change, [*case.options, *map(str, previous)]))
            if case.is_full:
                # Each run gets a new directory: ext4 skips every inode that was freed in the last half minute.
                fresh = [disk / f'{files}-{case.title}-{turn}-{who}' for who in ('ours', 'cp')]
                costs['cp'].append(measure('cp', '-r', memory / 'ours', memory / 'copy'))
                costs['disk'].append(build(ours, fresh[0], case.change, case.options))
                costs['cp on disk'].append(measure('cp', '-r', memory / 'ours', fresh[1]))
                shutil.rmtree(memory / 'copy')
        rows.append(row(files, case, costs))
    return rows


def middle(costs: Sequence[Cost], field: str = 'wall') -> float:
    return float(statistics.median(getattr(cost, field) for cost in costs))


def spread(costs: Sequence[Cost], field: str = 'wall') -> str:
    values = [getattr(cost, field) for cost in costs]
    return f'{statistics.median(values):.3g} ({min(values):.3g} to {max(values):.3g})'


def row(files: int, case: Case, costs: dict[str, list[Cost]]) -> list[str]:
    peer, ours = costs['peer'], costs['ours']
    ratio, goal = middle(peer) / middle(ours), case.goals.get(files)
    return [
        f'{files:,}',
        case.title,
        spread(peer),
        spread(ours),
        f'{ratio:.2g}' + ('' if goal is None else f' (goal {goal:g}{"" if ratio >= goal else ", **not met**"})'),
        f'{middle(peer, "cpu") / middle(ours, "cpu"):.2g}',
        f'{middle(peer, "memory"):,.0f} / {middle(ours, "memory"):,.0f}',
        f'{middle(ours) / middle(costs["cp"]):.2g}' if costs['cp'] else '',
        f'{middle(costs["disk"]) / middle(costs["cp on disk"]):.2g}' if costs['disk'] else '',
    ]


def show(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print(f'**{title}**\n\n{tabulate(rows, head, tablefmt="github", disable_numparse=True)}\n', flush=True)


def machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return f'Python {platform.python_version()}, {platform.platform()}, {os.cpu_count()} cores, {memory:.0f} GiB\n'


# -------------------------------------------------------------------------------- the public index


def run_public(scale: float, disk: Path) -> int:
    """Build a site as large as the public index, or a part of it, once and on disk."""
    files, projects = max(1, round(PUBLIC_FILES * scale)), max(1, round(PUBLIC_PROJECTS * scale))
    free = shutil.disk_usage(disk).free
    if free < DISK_OF_PUBLIC * scale:
        print(f'{DISK_OF_PUBLIC * scale / 1e9:.0f} GB needed, {free / 1e9:.0f} GB free: use a smaller --scale')
        return 1
    ours, rows = make_ours(), []
    write_list(disk / 'list.jsonl', files, projects)
    for title, seconds in PUBLIC_GOALS.items():
        if title == 'one project changed':
            write_list(disk / 'list.jsonl', files, projects, '--add', '1')
        paths = ['--output-dir', f'{disk}/site', '--package-list-json', f'{disk}/list.jsonl']
        cost = measure(ours, *OPTIONS, *PLAIN, *paths)
        rows.append([title, f'{cost.wall:.4g}', f'{cost.cpu:.4g}', f'{cost.memory:,.0f}', f'{seconds * scale:.4g} s'])
    show(f'{files:,} files of {projects:,} projects, onto the disk', ['run', 'wall s', 'CPU s', 'MiB', 'goal'], rows)
    return 0


# -------------------------------------------------------------------------------- the list maker


def write_pool(directory: Path, files: int, size: int) -> None:
    """Write wheels, ten for each project, each with its own metadata and `size` bytes to install."""
    directory.mkdir()
    for number in range(files):
        name, version = f'project-{number // 10}', f'1.{number % 10}'
        wheel = make_wheel(directory, name, version, requires_python='>=3.8', requires_dist=[f'other>=1.{number}'])
        if size:
            with zipfile.ZipFile(wheel, 'a') as archive:
                archive.writestr('data', os.urandom(size))


def run_pool(memory: Path, rounds: int) -> None:
    """Compare `dumb-pypi-list`, on pools in memory, with `sha256sum` and two programs that make pages."""
    ours, peers = make_ours(), make_tool('pool-peers', *POOL_PEERS)
    write_pool(memory / 'large', LARGE_FILES, LARGE_SIZE // LARGE_FILES)
    write_pool(memory / 'small', SMALL_FILES, 0)
    make_list = f'{ours}-list --write-metadata'
    commands = {
        'sha256sum of 1 GiB': 'sha256sum large/*.whl > sums',
        'list of 1 GiB': f'{make_list} large > list',
        'simple503': f'{peers}/simple503 --extract-metadata --no-sort --copy small site',
        'simple-repository-generator': f'{peers}/simple-repository-generator --output site small',
        'list': f'{make_list} small > list',
        'its site': f'{ours} --package-list-json list {" ".join(OPTIONS)} --output-dir site',
        'list, all known': f'{make_list} --known list small > list.new',
    }
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    os.chdir(memory)
    for _ in range(rounds):
        for name, command in commands.items():
            if name in ('simple503', 'list'):  # written by the previous run
                for sidecar in memory.glob('*/*.metadata'):
                    sidecar.unlink()
            shutil.rmtree(memory / 'site', ignore_errors=True)
            costs[name].append(measure('sh', '-ec', command))
    rows = [[name, spread(each), spread(each, 'cpu'), f'{middle(each, "memory"):.0f}'] for name, each in costs.items()]
    show(f'1 GiB in {LARGE_FILES} wheels, and {SMALL_FILES:,} small wheels', ['run', 'wall s', 'CPU s', 'MiB'], rows)
    wall = {name: middle(each) for name, each in costs.items()}
    ratios = [
        ('list of 1 GiB / sha256sum', wall['list of 1 GiB'] / wall['sha256sum of 1 GiB'], 1.3),
        ('list / simple503', wall['list'] / wall['simple503'], 1.0),
        ('list and its site / simple503', (wall['list'] + wall['its site']) / wall['simple503'], 1.0),
        ('list, all known / list', wall['list, all known'] / wall['list'], max(0.1, 0.6 / wall['list'])),
    ]
    show(
        'Ratios', ['what', 'ratio', 'at most'], [[name, f'{ratio:.2g}', f'{goal:.2g}'] for name, ratio, goal in ratios]
    )


# -------------------------------------------------------------------------------- the command line


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog='python -m testing.benchmark', description=f'Measures this beside {PEER}.')
    parser.add_argument('--sizes', metavar='FILES,…', default='1000,50000,500000')
    parser.add_argument('--rounds', metavar='N', type=int, default=3, help='three times as many below 10,000 files')
    parser.add_argument('--only', metavar='CASE', nargs='+', choices=[*CASES], default=[*CASES])
    parser.add_argument('--directory', metavar='DIR', type=Path, default=Path('/dev/shm'), help='a directory in memory')
    parser.add_argument('--public-index', action='store_true', help='this program alone, at the size of all of it')
    parser.add_argument('--pool', action='store_true', help='dumb-pypi-list beside sha256sum and two other programs')
    parser.add_argument('--scale', metavar='PART', type=float, default=0.25, help='of the public index')
    parser.add_argument('--keep', action='store_true', help='leave the list and the site of --public-index')
    args = parser.parse_args(argv)
    print(machine())
    with scratch_directory(CACHE, args.keep) as disk:
        if args.public_index:
            return run_public(args.scale, disk)
        with scratch_directory(args.directory) as memory:
            if args.pool:
                run_pool(memory, args.rounds)
                return 0
            rows = []
            for size in map(int, args.sizes.split(',')):
                with scratch_directory(memory) as own:
                    rows += compare(size, [CASES[name] for name in args.only], args.rounds, own, disk)
    head = ['files', 'case', 'release 1.15.0, s', 'this, s', 'ratio', 'of CPU', 'MiB', 'this / cp -r', 'on disk']
    show('Median (least to most) of wall time, in memory; `cp -r` copies the finished site', head, rows)
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
