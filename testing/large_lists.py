"""Package lists of any size, for measuring: the same sizes always give the same lines, in the order of an upload log.

python -m testing.large_lists 50000 5000 list.jsonl
"""

import argparse
import array
import datetime
import json
import math
import random
import statistics
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

_SEED = 20251231
_FIRST_YEAR, _END_YEAR = 2005, 2026
_LINES_AT_ONCE = 20_000

# ------------------------------------------------------------------------------------------------- names

_COMMON_WORDS = """
    acme agent airflow alert alpha analytics api archive array async atlas atom audio audit auth auto aws azure backup
    base batch beacon binary bird blob block blog blue board bot branch bridge broker browser bucket buffer build bulk
    bundle cache calendar canvas cap card cart case catalog cell chain channel charm chart chat check cipher circle
    citizen class clean cli client clock cloud cluster code codec coin color command common compat compose compute
    config connect console consul contact content context control converter core counter cover crawler cron crypt csv
    cube curve custom dash data date datetime db debug deep delta demo deploy design device diff digest digital direct
    discord disk dispatch doc docker document domain dot draft driver drop dsl dump dynamic easy echo edge edit elastic
    email embed emoji engine entity entry env epoch error event example excel exchange export express extra fabric face
    factory fast feature feed fetch field file filter finance finder fire fixture flag flake flask flat flow font force
    forge fork form format forum frame free front function fuzzy game gate gateway gen genome geo git glass global
    glue gold graph gray grid group guard guide hand handler harbor hash health heap helper hero hive hook host html
    http hub hybrid icon id image import index influx info input insight inspect instance io iter jar job journal json
    jump jupyter kafka kernel key kit kube label lambda lang language latex launch layer lazy leaf learn ledger lens
    level lib light line link lint linux list live load local lock log logic loop lite lux machine magic mail main map
    mark market mask master match math matrix media memory menu merge mesh message meta metric micro migrate mini
    mirror mixin mock model module mongo monitor mood motor mount mouse multi music mysql name nano native net neural
    news next nice night node note notebook notify null number numeric oauth object ocean ocr office onto opal open
    option oracle orbit order orm otter output pack page paint panel paper parallel parser part patch path pattern
    payment pdf peer pen perf photo pipe pixel plan planet platform plot plugin point policy pool port postgres power
    presto print probe process profile project prompt proof proto proxy pulse pure python quant query queue quick rabbit
    race radar radio random range rapid rate raw react reader record red redis reflect region registry relay remote
    render report request resource rest result retry ring robot rocket root route rule run rust safe sample scan
    schema science scope score scrape script sdk search secret seed sensor serial series server service session shadow
    shape shell shift signal simple sketch slack slim smart snake social socket solar solver sound source space spark
    spec speech spider splash split spring sql stack stage star state static stats status step stock storage store
    stream string struct studio style sugar summary sun super sync syntax system tab table tag task team temp tensor
    term test text theme thread tick tile time tiny token tool torch trace track trade train tree trend tube tune turbo
    twin type ui unit update upload uri url user util utils vault vector video view vision visual voice wave weather
    web widget wiki wind window wire word work worker wrapper writer xml yaml zero zip zone zoom
"""
_WORDS = _COMMON_WORDS.split()
_PREFIXES = ('python-', 'django-', 'py', 'odoo-addon-', 'pytest-', 'flask-', 'types-', 'mkdocs-', 'collective.', 'aws-')
_SEPARATORS = ('-', '-', '-', '-', '-', '_', '_', '.')


def _make_name(dice: random.Random) -> str:
    roll = dice.random()
    words = [_WORDS[int(dice.random() * len(_WORDS))] for _ in range(1 if roll < 0.1 else 2 if roll < 0.75 else 3)]
    if roll < 0.04:
        words = [word.capitalize() for word in words]
    prefix = _PREFIXES[int(dice.random() * len(_PREFIXES))] if dice.random() < 0.25 else ''
    return prefix + _SEPARATORS[int(dice.random() * len(_SEPARATORS))].join(words)


def _unique_names(dice: random.Random, count: int) -> Iterator[str]:
    seen: set[str] = set()
    while len(seen) < count:
        name = _make_name(dice)
        key = name.lower().replace('_', '-').replace('.', '-')
        while key in seen:  # another word does not look like a version, as another number would
            word = _WORDS[int(dice.random() * len(_WORDS))]
            name, key = f'{name}-{word}', f'{key}-{word}'
        seen.add(key)
        yield name


# ------------------------------------------------------------------------------------------------- files of a release

_SOURCE, _PURE, _BINARY = range(3)

# Old files are few: release 1.15.0 skips eggs and most versions that are not PEP 440, and both are to do the same work.
_OLD_SOURCES = ('.tar.gz', '.tar.gz', '.tar.gz', '.tar.gz', '.zip', '.tar.bz2', '.tgz')
_LINUX = 'manylinux_2_17_x86_64.manylinux2014_x86_64'
_PLATFORMS = (_LINUX, 'win_amd64', 'macosx_11_0_arm64', 'macosx_10_9_x86_64', 'manylinux_2_28_aarch64')
_OLD_PLATFORMS = ('manylinux1_x86_64', 'win_amd64', 'macosx_10_9_x86_64', 'win32', 'manylinux1_i686')


def _binary_wheels(versions: Iterable[str], platforms: Sequence[str]) -> tuple[str, ...]:
    return tuple(f'-cp{each}-cp{each}-{platform}.whl' for each in versions for platform in platforms)


_WHEELS_BEFORE_2019 = _binary_wheels(('27', '35', '36', '34', '33', '26'), _OLD_PLATFORMS)
_WHEELS = {
    year: _binary_wheels((f'3{year - 2012 - back}' for back in range(6)), _PLATFORMS) for year in range(2019, _END_YEAR)
}


def _suffixes(kind: int, year: int, count: int, dice: random.Random) -> Sequence[str]:
    """What follows the name and the version of the files of one release."""
    source = '.tar.gz' if year > 2012 else _OLD_SOURCES[int(dice.random() * len(_OLD_SOURCES))]
    if count == 1:
        return (source,)
    if kind == _BINARY:
        return (source, *_WHEELS.get(year, _WHEELS_BEFORE_2019)[: count - 1])
    if year > 2012:
        return (source, '-py3-none-any.whl' if year > 2018 else '-py2.py3-none-any.whl')
    return (source, '-py2.7.egg' if dice.random() < 0.1 else '-py2-none-any.whl')


# ------------------------------------------------------------------------------------------------- projects


class _Project(NamedTuple):
    name: str
    kind: int
    files: int
    files_a_release: int
    patches: int  # patch releases of each minor one
    minors: int  # minor releases of each major one
    born: int  # seconds since 1970
    lived: int  # seconds until its last release
    user: str  # '' when the list does not name it

    @property
    def releases(self) -> int:
        return -(-self.files // self.files_a_release)

    def version(self, number: int) -> str:
        """The version of a release, without what makes it a pre-release; no two have the same."""
        minor, patch = divmod(number + 1, self.patches)
        major, minor = divmod(minor, self.minors)
        return f'{major}.{minor}.{patch}' if self.patches > 1 else f'{major}.{minor}'


def _seconds(year: int) -> int:
    return int(datetime.datetime(year, 1, 1, tzinfo=datetime.timezone.utc).timestamp())


def _file_counts(dice: random.Random, files: int, projects: int) -> list[int]:
    """How many files each project has: a log-normal distribution, which is what the public index looks like.

    Of 850,000 projects half have 6 files at most, the largest has about 30,000.
    """
    mean = files / projects
    median = min(6.0, 3 + mean / 5, mean)
    spread = math.sqrt(2 * math.log(mean / median)) if mean > median else 0.0
    quantile = statistics.NormalDist().inv_cdf
    weights = [math.exp(spread * quantile((number + 0.5) / projects)) for number in range(projects)]
    scale = files / sum(weights)
    counts = [max(1, round(weight * scale)) for weight in weights]
    # What rounding left over, one by one from the large ones, which have enough.
    position = projects
    while excess := sum(counts) - files:
        step = -1 if excess > 0 else 1
        for position in range(projects - 1, max(-1, projects - 1 - abs(excess)), -1):
            if counts[position] + step > 0:
                counts[position] += step
    dice.shuffle(counts)
    return counts


def _make_project(dice: random.Random, name: str, files: int) -> _Project:
    roll = dice.random()
    large = files >= 30
    kind = _BINARY if roll < (0.4 if large else 0.08) else _PURE if roll < 0.92 else _SOURCE
    first, end = _seconds(_FIRST_YEAR), _seconds(_END_YEAR)
    born = first + int((end - first) * math.sqrt(dice.random()))  # most are young
    return _Project(
        name=name,
        kind=kind,
        files=files,
        files_a_release=(1, 2, 4 + int(dice.random() ** 2 * 26))[kind],
        patches=(1, 2, 4, 6, 10)[int(dice.random() * 5)],
        minors=5 + int(dice.random() * 25),
        born=born,
        lived=int((end - born) * dice.random()),
        user=f'{_WORDS[int(dice.random() * len(_WORDS))]}{int(dice.random() * 100)}' if dice.random() < 0.4 else '',
    )


def _make_projects(files: int, projects: int) -> list[_Project]:
    if not 0 < projects <= files:
        raise ValueError(f'expected at least one file for each of {projects} projects, got {files}')
    dice = random.Random(_SEED)
    counts = _file_counts(dice, files, projects)
    return [_make_project(dice, name, count) for name, count in zip(_unique_names(dice, projects), counts, strict=True)]


# ------------------------------------------------------------------------------------------------- lines

_PYTHONS = {
    **dict.fromkeys(range(_FIRST_YEAR, 2016), ('',)),
    **dict.fromkeys(range(2016, 2019), ('', '>=2.7, !=3.0.*, !=3.1.*, !=3.2.*', '>=2.7', '>=3.4')),
    **{
        year: (
            f'>=3.{year - 2014}',
            f'>=3.{year - 2014}',
            f'>=3.{year - 2015}',
            f'>=3.{year - 2013}',
            f'>=3.{year - 2015},<4.0',
            '>=3',
            '',
        )
        for year in range(2019, _END_YEAR)
    },
}
_STAGES = ('a1', 'b1', 'rc1', '.dev1', '.post1', 'b2', 'rc2')
_LEGACY = ('-beta-1', '-final', '-SNAPSHOT')
_REASONS = ('', 'broken', 'Uploaded by mistake', 'requires_python is wrong', 'security: please update')


def _release_lines(dice: random.Random, project: _Project, number: int, when: int, year: int) -> Iterator[str]:
    """Exactly what `json.dumps` makes of these objects (no value has anything to escape), in a quarter of the time."""
    version = project.version(number)
    roll = dice.random()
    if roll < 0.07:
        version += _STAGES[int(roll * 100)]
    elif year < 2012 and roll < 0.09:
        version += _LEGACY[int(dice.random() * 3)]
    count = min(project.files_a_release, project.files - number * project.files_a_release)
    digests = dice.randbytes(64 * count).hex()
    pythons = _PYTHONS[year]
    python = pythons[int(dice.random() * len(pythons))]
    requires = f', "requires_python": "{python}"' if python else ''
    rest = f', "uploaded_by": "{project.user}"' if project.user else ''
    if dice.random() < 0.005:
        rest += f', "yanked_reason": "{_REASONS[int(dice.random() * len(_REASONS))]}"'
    wheel = project.name.replace('-', '_')
    source = wheel if year > 2022 else project.name
    for position, suffix in enumerate(_suffixes(project.kind, year, count, dice)):
        start = 128 * position
        stem, metadata = source, ''
        if suffix[-1] == 'l':
            stem = wheel
            if year > 2020:
                metadata = f', "core_metadata": "sha256={digests[start + 64 : start + 128]}"'
        yield (
            f'{{"filename": "{stem}-{version}{suffix}", "hash": "sha256={digests[start : start + 64]}"{requires}'
            f'{metadata}, "upload_timestamp": {when + position}{rest}}}\n'
        )


def _lines(files: int, projects: int) -> Iterator[str]:
    """Holds the projects, and one integer for each release: the lines themselves come one by one."""
    dice = random.Random(_SEED + 1)
    made = _make_projects(files, projects)
    years = [_seconds(year) for year in range(_FIRST_YEAR, _END_YEAR + 1)]
    length = (years[-1] - years[0]) / (len(years) - 1)
    uploads = [array.array('Q') for _ in years]  # by year or so, which makes the sorting cheap
    for position, project in enumerate(made):
        for _ in range(project.releases):
            when = project.born + int(project.lived * dice.random())
            uploads[int((when - years[0]) / length)].append(when * projects + position)
    done = array.array('H', bytes(2 * projects))
    for year, unsorted in enumerate(uploads, _FIRST_YEAR):
        for upload in sorted(unsorted):
            when, position = divmod(upload, projects)
            number = done[position]
            done[position] = number + 1
            yield from _release_lines(dice, made[position], number, when, min(year, _END_YEAR - 1))


def write_list(path: Path, files: int, projects: int) -> None:
    """Writes a list of exactly so many files of so many projects."""
    lines: list[str] = []
    with path.open('w', encoding='ascii') as output:
        for line in _lines(files, projects):
            lines.append(line)
            if len(lines) == _LINES_AT_ONCE:
                output.write(''.join(lines))
                lines.clear()
        output.write(''.join(lines))


def add_releases(path: Path, files: int, projects: int, changed: int) -> None:
    """Appends a new release of each of `changed` projects of medium size to a list that `write_list` wrote."""
    dice = random.Random(_SEED + 2)
    made = _make_projects(files, projects)
    median = statistics.median_low(project.files for project in made)
    medium = sorted(made, key=lambda project: abs(project.files - median))[:changed]
    with path.open('a', encoding='ascii') as output:
        for when, project in enumerate(medium, _seconds(_END_YEAR)):
            number = project.releases
            grown = project._replace(files=(number + 1) * project.files_a_release)
            output.writelines(_release_lines(dice, grown, number, when, _END_YEAR - 1))


_SENTENCE = 'It reads the {} of a {} and writes the {}, so that nobody has to look at the {} again. '
_DESCRIPTION = """# {name}

{prose}

## Installation

```console
$ pip install {name}
```

## Usage

{prose}

```python
from {module} import {words[0]}, {words[1]}

def main(path: str) -> None:
    with open(path, encoding='utf-8') as lines:
        for number, line in enumerate(lines, 1):
            print(number, {words[0]}.{words[2]}(line), {words[1]}('{words[3]}'))
```

| option | default | meaning |
| --- | --- | --- |
| `{words[4]}` | `None` | the **{words[5]}** of the {words[6]} |
| `{words[7]}` | `10` | see [the documents](https://docs.example.com/{name}/{words[7]}) |

* {words[8]} and {words[9]}
* {words[10]}, with `{words[11]}`

{prose}
"""


def describe(path: Path, files: int, projects: int) -> None:
    """Appends a line for each project: a summary, links, and a description of 2 kB in Markdown."""
    dice = random.Random(_SEED + 3)
    with path.open('a', encoding='ascii') as output:
        for project in _make_projects(files, projects):
            words = [_WORDS[int(dice.random() * len(_WORDS))] for _ in range(28)]
            prose = ''.join(_SENTENCE.format(*words[start : start + 4]) for start in range(12, 28, 4))
            module = project.name.lower().replace('-', '_')
            line = {
                'project': project.name,
                'summary': f'A {words[0]} for each {words[1]}',
                'description': _DESCRIPTION.format(name=project.name, module=module, words=words, prose=prose),
                'description_content_type': 'text/markdown',
                'project_urls': {'Homepage': f'https://docs.example.com/{project.name}'},
                'license_expression': 'MIT',
            }
            output.write(f'{json.dumps(line)}\n')


class _Args(argparse.Namespace):
    """The command line, as typed."""

    files: int
    projects: int
    path: Path
    add: int | None
    describe: bool


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog='python -m testing.large_lists', description='Writes a list for measuring.')
    parser.add_argument('files', type=int)
    parser.add_argument('projects', type=int)
    parser.add_argument('path', type=Path)
    parser.add_argument('--add', metavar='N', type=int, help='only append a release of N projects to such a list')
    parser.add_argument('--describe', action='store_true', help='only append a line of each project to such a list')
    args = parser.parse_args(argv, _Args())
    if args.describe:
        describe(args.path, args.files, args.projects)
    elif args.add is None:
        write_list(args.path, args.files, args.projects)
    else:
        add_releases(args.path, args.files, args.projects, args.add)
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
