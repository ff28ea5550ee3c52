"""This program beside release 1.15.0: both build the same lists in turn, and the ratios are printed as Markdown.

    python -m testing.benchmark --sizes 1000,50000 --rounds 5
    python -m testing.benchmark --public-index --scale 0.25
    python -m testing.benchmark --pool

Linux only: memory is read from /proc. Nothing is asserted here.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import os
import platform
import resource
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NamedTuple, NoReturn

from testing.distributions import make_wheel
from testing.tools import CACHE, build_wheel, make_tool

PEER = 'dumb-pypi==1.15.0'
PEER_LABEL = 'release 1.15.0'
OPTIONS = ('--packages-url', '../../pool/', '--no-generate-timestamp')
WITHOUT_PER_RELEASE_JSON = '--no-per-release-json'

PUBLIC_FILES, PUBLIC_PROJECTS = 20_000_000, 850_000
SAMPLE_SCALE = 0.001  # enough projects for an estimate of the bytes of each file
GROWTH_SIZES = (50_000, 500_000)

# ------------------------------------------------------------------------------------------------- measure
# What one process, and all that it starts, takes.


class Cost(NamedTuple):
    wall: float  # seconds
    cpu: float  # seconds, user and system, of all processes that were waited for
    memory: int  # bytes: the peak of all processes together
    samples: int  # how often memory was looked at


def process_tree(pid: int) -> Iterator[int]:
    """A process and its descendants; what ends meanwhile is left out."""
    yield pid
    with contextlib.suppress(OSError):
        for task in os.listdir(f'/proc/{pid}/task'):
            for child in Path(f'/proc/{pid}/task/{task}/children').read_text(encoding='ascii').split():
                yield from process_tree(int(child))


def process_memory(pid: int) -> int:
    """The proportional set size in bytes: pages that processes share are counted once in the sum over them."""
    with contextlib.suppress(OSError), open(f'/proc/{pid}/smaps_rollup', encoding='ascii') as lines:
        for line in lines:
            if line.startswith('Pss:'):
                return int(line.split()[1]) * 1024
    return 0


class Watcher(threading.Thread):
    """Looks at the memory of a process tree until it is told to stop."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.peak = 0
        self.samples = 0
        self.stopped = threading.Event()

    def run(self) -> None:
        pause = 0.01
        while not self.stopped.wait(pause):
            start = time.perf_counter()
            self.peak = max(self.peak, sum(process_memory(pid) for pid in process_tree(self.pid)))
            self.samples += 1
            # The kernel walks all pages for an answer, and the process waits for it: that stays below 3 %.
            pause = max(0.03, 40 * (time.perf_counter() - start))


def measure(command: Sequence[str | Path]) -> Cost:
    """Runs a command to its end. Raises `RuntimeError` when it fails."""
    with tempfile.TemporaryFile('w+', encoding='utf-8', errors='replace') as output:
        start = time.perf_counter()
        # Both as they are installed, with their compiled modules kept.
        environment = {name: value for name, value in os.environ.items() if name != 'PYTHONDONTWRITEBYTECODE'}
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that its workers can be ended with it
        )
        watcher = Watcher(process.pid)
        watcher.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            watcher.stopped.set()
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        watcher.join()
        if process.returncode:
            output.seek(0)
            raise RuntimeError(f'{" ".join(map(str, command))}: status {process.returncode}\n{output.read()[-2000:]}')
    # The kernel knows the peak of the largest process, in kilobytes, however short it is. But a process starts with the
    # peak of the one that it was forked from: that of ours.
    largest = usage.ru_maxrss if usage.ru_maxrss > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss else 0
    return Cost(wall, usage.ru_utime + usage.ru_stime, max(watcher.peak, largest * 1024), watcher.samples)


# ------------------------------------------------------------------------------------------------- the floor
# A plain program that creates the same directories and files with the same bytes, and does nothing else.

# An archive is a sequence of: length of the path with its NUL, number of bytes or -1 for a directory, path, bytes.
_HEADER = struct.Struct('=qq')

FLOOR = r"""
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int failed(const char *what) {
    perror(what);
    return 1;
}

int main(int argc, char **argv) {
    struct stat archive;
    int file = argc == 3 ? open(argv[1], O_RDONLY) : -1;
    if (file < 0 || fstat(file, &archive) || mkdir(argv[2], 0777) || chdir(argv[2])) return failed("floor");
    const char *next = mmap(NULL, archive.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (next == MAP_FAILED) return failed(argv[1]);
    for (const char *end = next + archive.st_size; next < end;) {
        long long header[2];
        memcpy(header, next, sizeof header);
        const char *path = next + sizeof header;
        next = path + header[0];
        if (header[1] < 0) {
            if (mkdir(path, 0777)) return failed(path);
            continue;
        }
        file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
        if (file < 0) return failed(path);
        for (long long left = header[1]; left > 0;) {
            ssize_t written = write(file, next, left);
            if (written < 0) return failed(path);
            next += written;
            left -= written;
        }
        if (close(file)) return failed(path);
    }
    return 0;
}
"""


def write_archive(site: Path, archive: Path) -> None:
    with archive.open('wb') as output:
        for parent, directories, names in os.walk(site):
            directories.sort()
            for name in sorted(names):
                path = Path(parent, name)
                encoded = os.fsencode(path.relative_to(site)) + b'\0'
                with path.open('rb') as content:
                    output.write(_HEADER.pack(len(encoded), os.fstat(content.fileno()).st_size) + encoded)
                    shutil.copyfileobj(content, output)
            for name in directories:
                encoded = os.fsencode(Path(parent, name).relative_to(site)) + b'\0'
                output.write(_HEADER.pack(len(encoded), -1) + encoded)


def write_from_archive(archive: str, target: str) -> None:
    """The floor for machines without a C compiler."""
    os.mkdir(target)
    with open(archive, 'rb') as source:
        while header := source.read(_HEADER.size):
            length, size = _HEADER.unpack(header)
            path = os.path.join(os.fsencode(target), source.read(length)[:-1])
            if size < 0:
                os.mkdir(path)
            else:
                file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
                content = memoryview(source.read(size))
                while content:
                    content = content[os.write(file, content) :]
                os.close(file)


def make_floor(scratch: Path) -> list[str | Path]:
    """The command that takes an archive and the directory to create."""
    compiler = shutil.which('cc')
    if compiler is None:
        call = 'import sys; from testing.benchmark import write_from_archive; write_from_archive(*sys.argv[1:])'
        return [sys.executable, '-c', call]
    program = scratch / 'floor'
    program.with_suffix('.c').write_text(FLOOR, encoding='ascii')
    subprocess.run([compiler, '-O2', '-o', program, program.with_suffix('.c')], check=True)
    return [program]


# ------------------------------------------------------------------------------------------------- cases
# What is done with both commands, and what the goal is.


class Case(NamedTuple):
    name: str  # as `--only` takes it
    title: str
    # 'full' and 'described': into an empty directory; 'none', 'one' and 'percent': over an existing site. 'described'
    # is the list with a description of each project; the peer knows no such lines, and builds without.
    change: str
    per_release_json: bool
    goals: dict[int, float]  # by number of files: how many times faster than the peer


CASES = (
    Case('full', 'full', 'full', True, {1_000: 1.2, 50_000: 6.1, 500_000: 6.4}),
    Case('plain', 'full, no per-release JSON', 'full', False, {1_000: 0.99, 50_000: 4.5, 500_000: 5.2}),
    Case('described', 'the same, all projects described here', 'described', False, {}),
    Case('nothing', 'nothing changed', 'none', False, {1_000: 1.2, 50_000: 8, 500_000: 18}),
    Case('one', 'one project changed', 'one', False, {1_000: 1, 50_000: 15, 500_000: 36}),
    Case('percent', '1 % changed', 'percent', False, {1_000: 1}),
)
MEMORY_GOALS = {500_000: 2.0}  # by number of files: how many times less than the peer
DISK_GOALS = {50_000: 2.0, 500_000: 2.0}  # by number of files: how many times the floor
DESCRIBED_FILES = 50_000  # of 5,000 projects
GROWTH_GOAL = 1.2  # times the time per file of the smaller size


class Result(NamedTuple):
    files: int
    case: Case
    who: str  # 'peer', 'ours', 'floor', 'ours on disk' or 'floor on disk'
    costs: list[Cost]

    @property
    def seconds(self) -> float:
        return statistics.median(cost.wall for cost in self.costs)


class Results:
    """All that was measured, in the order in which it was."""

    def __init__(self) -> None:
        self.of: dict[tuple[int, str, str], Result] = {}

    def add(self, files: int, case: Case, who: str, cost: Cost) -> None:
        self.of.setdefault((files, case.name, who), Result(files, case, who, [])).costs.append(cost)
        memory = '' if 'floor' in who else f', {cost.memory / 2**20:.0f} MiB'
        say(f'{files:,} files, {case.title}, {who}: {number(cost.wall)} s, CPU {number(cost.cpu)} s{memory}')

    def get(self, files: int, case: Case, who: str) -> Result | None:
        return self.of.get((files, case.name, who))


def say(text: str) -> None:
    print(f'{datetime.datetime.now():%H:%M:%S} {text}', file=sys.stderr, flush=True)


def projects_of(files: int) -> int:
    return max(1, files // (5 if files < 10_000 else 10))


def write_lists(files: int, projects: int, directory: Path) -> dict[str, Path]:
    """The lists of one size, by what changed in them."""
    lists = {change: directory / f'{change}.jsonl' for change in ('none', 'one', 'percent')}
    write_list(lists['none'], files, projects)
    for change, changed in (('one', 1), ('percent', max(1, projects // 100))):
        shutil.copyfile(lists['none'], lists[change])
        write_list(lists[change], files, projects, '--add', str(changed))
    if files == DESCRIBED_FILES:
        lists['described'] = directory / 'described.jsonl'
        shutil.copyfile(lists['none'], lists['described'])
        write_list(lists['described'], files, projects, '--describe')
    return lists


def write_list(path: Path, files: int, projects: int, *options: str) -> None:
    # In a process of its own, so that ours stays small: see `measure`.
    command = [sys.executable, '-m', 'testing.large_lists', str(files), str(projects), str(path), *options]
    subprocess.run(command, check=True, cwd=Path(__file__).parent.parent)


class Contestant:
    """A command and its site."""

    def __init__(self, who: str, program: Path, site: Path) -> None:
        self.who = who
        self.program = program
        self.site = site
        self.state: tuple[bool, str] | None = None  # with per-release JSON or without, and of which list

    def build(self, lists: dict[str, Path], change: str, per_release_json: bool, afresh: bool) -> Cost:
        """Builds the site of a list, in an empty directory when `afresh`."""
        if afresh:
            remove(self.site)
        command: list[str | Path] = [self.program, *OPTIONS]
        command += ['--output-dir', self.site, '--package-list-json', lists[change]]
        if not per_release_json:
            command += [WITHOUT_PER_RELEASE_JSON]
        if self.who == 'peer' and not afresh and self.state is not None:
            command += ['--previous-package-list-json', lists[self.state[1]]]
        self.state = None
        os.sync()  # what is still to be written to a disk would be written while we measure
        cost = measure(command)
        self.state = (per_release_json, change)
        return cost

    def restore(self, lists: dict[str, Path]) -> None:
        """Makes it the site of the old list without per-release JSON, untimed."""
        if self.state is None or self.state[0]:
            self.build(lists, 'none', per_release_json=False, afresh=True)
        elif self.who == 'peer':
            # It compares two lists, and writes what differs without a look at what is there: measured to be the same.
            self.state = (False, 'none')
        elif self.state[1] != 'none':
            self.build(lists, 'none', per_release_json=False, afresh=False)


def remove(directory: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(directory)


# ------------------------------------------------------------------------------------------------- run
# Peer, ours and floor in turn, so that whatever the machine does meanwhile meets all of them.


def in_turn(runs: Sequence[Callable[[], None]], turn: int) -> None:
    for run in runs if turn % 2 == 0 else runs[::-1]:
        run()


class Bench:
    """One size: its lists, its sites in memory, and a directory on disk."""

    def __init__(self, files: int, memory: Path, disk: Path, peer: Path, ours: Path, floor: list[str | Path]) -> None:
        self.files = files
        self.floor = floor
        self.memory, self.disk = memory, disk
        self.lists = write_lists(files, projects_of(files), memory)
        self.peer = Contestant('peer', peer, memory / 'peer')
        self.ours = Contestant('ours', ours, memory / 'ours')

    def run_full(self, case: Case, results: Results, rounds: int) -> None:
        archive = self.memory / 'archive'

        def build(contestant: Contestant) -> None:
            change = 'described' if case.change == 'described' and contestant is not self.peer else 'none'
            cost = contestant.build(self.lists, change, case.per_release_json, afresh=True)
            results.add(self.files, case, contestant.who, cost)

        def create(who: str, target: Path) -> None:
            os.sync()
            results.add(self.files, case, who, measure([*self.floor, archive, target]))

        for turn in range(rounds):
            if self.files > 100_000:  # where sites are large, and what follows takes that half minute: see below
                for directory in self.disk.iterdir():
                    remove(directory)
            in_turn([partial(build, self.peer), partial(build, self.ours)], turn)
            if turn == 0:
                write_archive(self.ours.site, archive)
            # Removed just before, as the sites are: some virtual machines hand free memory back, and fetch it slowly.
            remove(self.memory / 'created')
            create('floor', self.memory / 'created')
            # Each run has a new directory, and nothing is removed before the end: ext4 steps over every inode that was
            # freed within the last half minute, for every file that it creates, which made the floor six times slower.
            new = self.disk / f'{self.files}-{case.name}-{turn}'
            ours = Contestant('ours on disk', self.ours.program, Path(f'{new}-ours'))
            in_turn([partial(build, ours), partial(create, 'floor on disk', new)], turn)
        remove(self.memory / 'created')
        archive.unlink()

    def run_change(self, case: Case, results: Results, rounds: int) -> None:
        def build(contestant: Contestant) -> None:
            contestant.restore(self.lists)
            cost = contestant.build(self.lists, case.change, case.per_release_json, afresh=False)
            results.add(self.files, case, contestant.who, cost)

        for turn in range(rounds):
            in_turn([partial(build, self.peer), partial(build, self.ours)], turn)


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
            remove(directory)


def make_ours() -> Path:
    """This program in an environment of its own, as the peer is: from an editable installation it starts later."""
    with tempfile.TemporaryDirectory() as scratch:
        return make_tool('ours', f'{build_wheel(Path(scratch))}[readme]') / 'dumb-pypi'


def compare(sizes: Sequence[int], cases: Sequence[Case], rounds: int, directory: Path) -> Results:
    peer = make_tool('peer', PEER) / 'dumb-pypi'
    ours = make_ours()
    for program in (peer, ours):
        measure([program, '--help'])  # which leaves compiled modules, and both of them in the cache of the system
    results = Results()
    with scratch_directory(CACHE) as disk:
        for files in sizes:
            with scratch_directory(directory) as memory:
                bench = Bench(files, memory, disk, peer, ours, make_floor(memory))
                times = 3 * rounds if files < 10_000 else rounds  # short runs vary most, and cost least
                for case in cases:
                    if case.change == 'described' and files != DESCRIBED_FILES:
                        continue
                    afresh = case.change in ('full', 'described')
                    (bench.run_full if afresh else bench.run_change)(case, results, times)
    return results


# ------------------------------------------------------------------------------------------------- tables
# Markdown, to be pasted as it is.


def number(value: float) -> str:
    """Three digits that mean something."""
    return f'{value:,.0f}' if value >= 100 else f'{value:.1f}' if value >= 10 else f'{value:.3g}'


def spread(values: Sequence[float]) -> str:
    """The median, and the least and the most."""
    text = number(statistics.median(values))
    return f'{text} ({number(min(values))}..{number(max(values))})' if len(values) > 1 else text


def verdict(met: bool) -> str:
    return 'met' if met else '**not met**'


def at_least(ratio: float, goal: float | None) -> tuple[str, str]:
    return ('', '') if goal is None else (f'≥ {goal:g}', verdict(ratio >= goal))


def at_most(ratio: float, goal: float | None) -> tuple[str, str]:
    return ('', '') if goal is None else (f'≤ {goal:g}', verdict(ratio <= goal))


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown, padded, so that it is a table in a terminal too; text to the left, figures to the right."""
    cells = [list(head), *map(list, rows)]
    if len(cells) == 1:
        return ''
    widths = [max(3, *map(len, column)) for column in zip(*cells, strict=True)]
    left = [name in ('case', 'run', 'where', '', 'what') for name in head]

    def line(values: Sequence[str]) -> str:
        padded = (
            value.ljust(width) if is_left else value.rjust(width)
            for value, width, is_left in zip(values, widths, left, strict=True)
        )
        return f'| {" | ".join(padded)} |\n'

    rule = ['-' * width if is_left else '-' * (width - 1) + ':' for width, is_left in zip(widths, left, strict=True)]
    return f'**{title}**\n\n{line(cells[0])}{line(rule)}{"".join(map(line, cells[1:]))}\n'


def time_table(results: Results) -> str:
    rows = []
    for (files, _, who), ours in results.of.items():
        peer = results.get(files, ours.case, 'peer')
        if who == 'ours' and peer:
            ratio = peer.seconds / ours.seconds
            goal = at_least(ratio, ours.case.goals.get(files))
            times = [spread([cost.wall for cost in each.costs]) for each in (peer, ours)]
            rows.append([f'{files:,}', ours.case.title, *times, number(ratio), *goal])
    head = ['files', 'case', PEER_LABEL, 'this', 'ratio', 'goal', '']
    return table('Wall time in seconds, median (least..most), into memory', head, rows)


def cpu_table(results: Results) -> str:
    rows = []
    for (files, _, who), ours in results.of.items():
        peer = results.get(files, ours.case, 'peer')
        if who == 'ours' and peer:
            times = [[cost.cpu for cost in each.costs] for each in (peer, ours)]
            ratio = statistics.median(times[0]) / statistics.median(times[1])
            rows.append([f'{files:,}', ours.case.title, *map(spread, times), number(ratio)])
    head = ['files', 'case', PEER_LABEL, 'this', 'ratio']
    return table('CPU time in seconds, user and system, of all processes', head, rows)


def memory_table(results: Results) -> str:
    rows = []
    for (files, _, who), ours in results.of.items():
        peer = results.get(files, ours.case, 'peer')
        if who == 'ours' and peer:
            peaks = [[cost.memory / 2**20 for cost in each.costs] for each in (peer, ours)]
            ratio = statistics.median(peaks[0]) / statistics.median(peaks[1])
            goal = at_least(ratio, MEMORY_GOALS.get(files))
            short = ' *' if min(cost.samples for cost in ours.costs) < 5 else ''
            rows.append([f'{files:,}', ours.case.title, *map(spread, peaks), number(ratio) + short, *goal])
    head = ['files', 'case', PEER_LABEL, 'this', 'ratio', 'goal', '']
    note = '\\* too short to see all processes at once: the figure may be that of the largest one.\n\n'
    text = table('Peak memory in MiB, of all processes together', head, rows)
    return text + note if ' * |' in text else text


def floor_table(results: Results) -> str:
    rows = []
    for (files, _, who), floor in results.of.items():
        if who.startswith('floor'):
            on_disk = who.removeprefix('floor')
            ours = results.get(files, floor.case, f'ours{on_disk}')
            assert ours
            ratio = ours.seconds / floor.seconds
            times = [spread([cost.wall for cost in each.costs]) for each in (ours, floor)]
            goal = at_most(ratio, DISK_GOALS.get(files) if on_disk else None)
            rows.append([f'{files:,}', floor.case.title, on_disk.strip() or 'in memory', *times, number(ratio), *goal])
    head = ['files', 'case', 'where', 'this', 'floor', 'this/floor', 'goal', '']
    return table('Beside a program that only creates the same directories and files, wall time in seconds', head, rows)


def growth_table(results: Results) -> str:
    rows = []
    small, large = GROWTH_SIZES
    for case in CASES[:2]:
        few, many = results.get(small, case, 'ours'), results.get(large, case, 'ours')
        if few and many:
            times = [1e6 * each.seconds / each.files for each in (few, many)]
            growth = times[1] / times[0]
            rows.append([case.title, *map(number, times), number(growth), *at_most(growth, GROWTH_GOAL)])
    head = ['case', f'{small:,} files', f'{large:,} files', 'growth', 'goal', '']
    return table('Growth: microseconds for each file', head, rows)


def machine() -> str:
    total = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    return (
        f'Python {platform.python_version()}, {platform.system()} {platform.release()} {platform.machine()}, '
        f'{len(os.sched_getaffinity(0))} cores, {total / 2**30:.0f} GiB'
    )


def report(results: Results) -> str:
    tables = [make(results) for make in (time_table, cpu_table, memory_table, floor_table, growth_table)]
    text = f'{machine()}\n\n{"".join(tables)}'
    return f'{text}Goals: {text.count("| met ")} met, {text.count("| **not met** ")} not met.\n'


# ------------------------------------------------------------------------------------------------- the public index
# As many projects and files as the public index has, or a part of them, on disk, once.


class Tree(NamedTuple):
    files: int
    directories: int
    size: int  # bytes on the disk


def read_tree(directory: Path) -> Tree:
    files, directories, size = 0, 0, 0
    pending = [os.fspath(directory)]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                size += entry.stat(follow_symlinks=False).st_blocks * 512
                if entry.is_dir(follow_symlinks=False):
                    directories += 1
                    pending.append(entry.path)
                else:
                    files += 1
    return Tree(files, directories, size)


class Need(NamedTuple):
    """What a run takes on the disk."""

    list_size: int
    site_size: int
    entries: int  # files and directories

    @property
    def size(self) -> int:
        # Once more the list for temporary files; a tenth more, since large projects have other pages than small ones.
        return int(1.1 * (2 * self.list_size + self.site_size))


def scaled(scale: float) -> tuple[int, int]:
    projects = max(1, round(PUBLIC_PROJECTS * scale))
    return max(projects, round(PUBLIC_FILES * scale)), projects


def build_public(ours: Path, directory: Path, source: Path) -> Cost:
    output = ['--output-dir', str(directory / 'site'), '--package-list-json', str(source)]
    return measure([ours, *OPTIONS, WITHOUT_PER_RELEASE_JSON, *output])


def estimate(ours: Path, scale: float) -> Need:
    """From a small run on the same disk."""
    with scratch_directory(CACHE) as directory:
        source = directory / 'list.jsonl'
        write_list(source, *scaled(SAMPLE_SCALE))
        build_public(ours, directory, source)
        tree = read_tree(directory / 'site')
        factor = scale / SAMPLE_SCALE
        return Need(
            list_size=int(source.stat().st_size * factor),
            site_size=int(tree.size * factor),
            entries=int((tree.files + tree.directories) * factor),
        )


def fits(need: Need, directory: Path) -> bool:
    """Says what is needed and what there is."""
    disk = os.statvfs(directory)
    free, inodes = disk.f_bavail * disk.f_frsize, disk.f_favail
    gigabytes = [each / 1e9 for each in (need.size, need.list_size, need.site_size, free)]
    print(
        'Disk: {:.1f} GB needed (list {:.1f} GB, site {:.1f} GB, and room for temporary files), {:.1f} GB free'.format(
            *gigabytes
        )
    )
    print(f'Files and directories: {need.entries:,} needed, ' + (f'{inodes:,} free' if disk.f_files else 'no limit'))
    sys.stdout.flush()
    return need.size <= free and (not disk.f_files or need.entries <= inodes)


def run_public(scale: float, keep: bool) -> int:
    files, projects = scaled(scale)
    print(f'{files:,} files of {projects:,} projects, without per-release JSON\n\n{machine()}')
    CACHE.mkdir(exist_ok=True)
    ours = make_ours()
    if not fits(estimate(ours, scale), CACHE):
        print('It does not fit. `--scale` makes it smaller.', file=sys.stderr)
        return 1
    with scratch_directory(CACHE, keep) as directory:
        source = directory / 'list.jsonl'
        say('writing the list')
        write_list(source, files, projects)
        rows = []
        runs = (('full', 20 * 60), ('nothing changed', 60), ('one project changed', 60))
        for title, seconds in runs:
            if title == 'one project changed':
                write_list(source, files, projects, '--add', '1')
            os.sync()
            say(title)
            cost = build_public(ours, directory, source)
            goal = f'{number(seconds * scale)} s, 4 GB'
            met = verdict(cost.wall <= seconds * scale and cost.memory <= 4e9)
            rows.append([title, number(cost.wall), number(cost.cpu), number(cost.memory / 1e9), goal, met])
            say(f'{title}: {number(cost.wall)} s, CPU {number(cost.cpu)} s, {number(cost.memory / 1e9)} GB')
        tree = read_tree(directory / 'site')
        print()
        print(table('Onto the disk', ['run', 'wall s', 'CPU s', 'peak GB', 'goal', ''], rows), end='')
        print(f'List {number(source.stat().st_size / 1e9)} GB; site {number(tree.size / 1e9)} GB on the disk: ', end='')
        print(f'{tree.files:,} files in {tree.directories:,} directories.', flush=True)
        say('removing all of it' if not keep else 'done')
    return 0


# ------------------------------------------------------------------------------------------------- the list maker
# `dumb-pypi-list` over a pool in memory: beside `sha256sum`, and beside the programs that make pages of the same files.

POOL_PEERS = ('simple503==0.4.0', 'simple-repository-generator==0.2.1')
LARGE_FILES, LARGE_SIZE = 200, 2**30  # bytes of all of them
SMALL_FILES = 12_000
POOL_HEAD = ['run', 'wall s', 'CPU s', 'peak MiB']


def write_pool(directory: Path, files: int, size: int) -> None:
    """Wheels of a tenth as many projects, each with its own metadata, and with `size` bytes to install."""
    for number in range(files):
        name, version = f'project-{number // 10}', f'1.{number % 10}'
        wheel = make_wheel(directory, name, version, requires_python='>=3.8', requires_dist=[f'other>=1.{number}'])
        if size:
            with zipfile.ZipFile(wheel, 'a') as archive:
                archive.writestr('data', os.urandom(size))


def in_shell(*commands: str) -> list[str]:
    return ['sh', '-ec', ' && '.join(commands)]


def run_pool(memory: Path, rounds: int) -> None:
    ours = make_ours()
    peers = make_tool('pool-peers', *POOL_PEERS)
    large, small, names = memory / 'large', memory / 'small', memory / 'names'
    for pool, files, size in ((large, LARGE_FILES, LARGE_SIZE // LARGE_FILES), (small, SMALL_FILES, 0)):
        pool.mkdir()
        write_pool(pool, files, size)
    names.mkdir()
    write_pool(names, LARGE_FILES, 0)
    make_list = f'{ours.parent}/dumb-pypi-list --write-metadata'
    site = f'{ours} --package-list-json list --packages-url ../../pool/ --no-generate-timestamp --output-dir site'
    runs = {
        'sha256sum of 1 GiB': in_shell(f'sha256sum {large}/*.whl > sums'),
        'list of 1 GiB': in_shell(f'{make_list} {large} > list'),
        'list of 200 small wheels': in_shell(f'{make_list} {names} > list'),
        'simple503': in_shell(f'{peers}/simple503 --extract-metadata --no-sort --copy {small} site'),
        'simple-repository-generator': in_shell(f'{peers}/simple-repository-generator --output site {small}'),
        'list': in_shell(f'{make_list} {small} > list'),
        'its site': in_shell(site),
        'list, all known': in_shell(f'{make_list} --known list {small} > list.new'),
    }
    costs: dict[str, list[Cost]] = {name: [] for name in runs}
    os.chdir(memory)
    for _ in range(rounds):
        for name, command in runs.items():
            if name in ('simple503', 'list'):  # what the run before has left
                for sidecar in [*small.glob('*.metadata'), *large.glob('*.metadata')]:
                    sidecar.unlink()
            remove(memory / 'site')
            costs[name].append(measure(command))
            say(f'{name}: {number(costs[name][-1].wall)} s')
    print(pool_tables(costs), end='')


def pool_tables(costs: dict[str, list[Cost]]) -> str:
    wall = {name: statistics.median(cost.wall for cost in each) for name, each in costs.items()}
    rows = [
        [
            name,
            spread([cost.wall for cost in each]),
            spread([cost.cpu for cost in each]),
            number(max(cost.memory for cost in each) / 2**20),
        ]
        for name, each in costs.items()
    ]
    first = wall['list']
    goals: list[tuple[str, float, float]] = [
        ('list of 1 GiB / sha256sum', wall['list of 1 GiB'] / wall['sha256sum of 1 GiB'], 1.3),
        ('list / simple503', first / wall['simple503'], 1.0),
        ('list and its site / simple503', (first + wall['its site']) / wall['simple503'], 1.0),
        ('list, all known / list', wall['list, all known'] / first, max(0.1, 0.6 / first)),
    ]
    checked = [[name, number(ratio), *at_most(ratio, goal)] for name, ratio, goal in goals]
    return (
        f'{machine()}\n\n'
        + table(f'A pool in memory: 1 GiB in {LARGE_FILES} wheels, and {SMALL_FILES:,} small wheels', POOL_HEAD, rows)
        + table('Ratios of wall time', ['what', 'ratio', 'goal', ''], checked)
        + 'simple-repository-generator opens no file: its pages have no hashes and no metadata of their own.\n'
    )


# ------------------------------------------------------------------------------------------------- the command line


class Args(argparse.Namespace):
    """The command line, as typed."""

    sizes: list[int]
    rounds: int
    only: list[str]
    directory: Path
    public_index: bool
    pool: bool
    scale: float
    keep: bool


def sizes_argument(text: str) -> list[int]:
    try:
        sizes = [int(part.replace('_', '')) for part in text.split(',')]
    except ValueError:
        sizes = []
    if not sizes or min(sizes) < 1:
        raise argparse.ArgumentTypeError(f'expected numbers of files as in 1000,50000, got {text!r}')
    return sizes


def positive(kind: type[int] | type[float]) -> Callable[[str], float]:
    def parse(text: str) -> float:
        value = kind(text)
        if not value > 0:
            raise argparse.ArgumentTypeError(f'expected a number above 0, got {text!r}')
        return value

    return parse


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='python -m testing.benchmark', description=f'Measures this program beside {PEER_LABEL}.'
    )
    parser.add_argument('--sizes', metavar='FILES,…', type=sizes_argument, default=[1_000, 50_000, 500_000])
    parser.add_argument('--rounds', metavar='N', type=positive(int), default=3, help='three times as many below 10,000')
    parser.add_argument('--only', metavar='CASE', nargs='+', choices=[case.name for case in CASES], default=[])
    parser.add_argument('--directory', metavar='DIR', type=Path, default=Path('/dev/shm'), help='where memory is')
    parser.add_argument('--public-index', action='store_true', help='this program alone, at the size of all of it')
    parser.add_argument('--pool', action='store_true', help='dumb-pypi-list beside sha256sum and two other programs')
    parser.add_argument('--scale', metavar='PART', type=positive(float), default=0.25, help='of the public index')
    parser.add_argument('--keep', action='store_true', help='leave the list and the site of --public-index')
    return parser


def stop(signum: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + signum)


def main(argv: Sequence[str] | None = None) -> int:
    args = make_parser().parse_args(argv, Args())
    signal.signal(signal.SIGTERM, stop)  # so that what was made is removed
    try:
        if args.public_index:
            return run_public(args.scale, args.keep)
        if args.pool:
            with scratch_directory(args.directory) as memory:
                run_pool(memory, args.rounds)
            return 0
        cases = [case for case in CASES if not args.only or case.name in args.only]
        print(report(compare(args.sizes, cases, args.rounds, args.directory)), end='')
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
