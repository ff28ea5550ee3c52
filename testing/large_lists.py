"""Makes package lists of any size for measuring. The same sizes give the same lines, in the order of an upload log.

python -m testing.large_lists 50000 5000 list.jsonl
"""

import argparse
import array
import datetime
import itertools
import json
import math
import random
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

_SEED = 20251231
_FIRST_YEAR, _END_YEAR = 2005, 2026

# -------------------------------------------------------------------------------- names

_SYLLABLES = [a + b for a in ('b', 'd', 'f', 'g', 'k', 'l', 'm', 'n', 'p', 'r', 's', 't', 'v', 'z') for b in 'aeiou']
_WORDS = [one + other for one, other in itertools.product(_SYLLABLES, _SYLLABLES)][::8]
_PREFIXES = ('python-', 'django-', 'py', 'odoo-addon-', 'pytest-', 'flask-', 'types-', 'mkdocs-', 'collective.', 'aws-')
_SEPARATORS = '-----__.'


def _unique_names(dice: random.Random, count: int) -> Iterator[str]:
    seen: set[str] = set()
    while len(seen) < count:
        roll = dice.random()
        words = dice.choices(_WORDS, k=1 if roll < 0.1 else 2 if roll < 0.75 else 3)
        if roll < 0.04:
            words = [word.capitalize() for word in words]
        prefix = dice.choice(_PREFIXES) if dice.random() < 0.25 else ''
        name = prefix + dice.choice(_SEPARATORS).join(words)
        while (key := name.lower().replace('_', '-').replace('.', '-')) in seen:
            name = f'{name}-{dice.choice(_WORDS)}'  # not a number, because that would look like a version
        seen.add(key)
        yield name


# -------------------------------------------------------------------------------- files of a release

_SOURCE, _PURE, _BINARY = range(3)
# Few old files: both programs must do the same work, and 1.15.0 skips eggs and most versions outside PEP 440.
_OLD_SOURCES = ('.tar.gz', '.tar.gz', '.tar.gz', '.tar.gz', '.zip', '.tar.bz2', '.tgz')
_LINUX = 'manylinux_2_17_x86_64.manylinux2014_x86_64'
_PLATFORMS = (_LINUX, 'win_amd64', 'macosx_11_0_arm64', 'macosx_10_9_x86_64', 'manylinux_2_28_aarch64')
_OLD_PLATFORMS = ('manylinux1_x86_64', 'win_amd64', 'macosx_10_9_x86_64', 'win32', 'manylinux1_i686')


def _binary_wheels(year: int) -> list[str]:
    versions = [f'3{year - 2012 - back}' for back in range(6)] if year > 2018 else ['27', '35', '36', '34', '33', '26']
    platforms = _PLATFORMS if year > 2018 else _OLD_PLATFORMS
    return [f'-cp{version}-cp{version}-{platform}.whl' for version in versions for platform in platforms]


_WHEELS = {year: _binary_wheels(year) for year in range(_FIRST_YEAR, _END_YEAR)}


def _suffixes(kind: int, year: int, count: int, dice: random.Random) -> Sequence[str]:
    """Return the ends of the file names of one release, after name and version."""
    source = '.tar.gz' if year > 2012 else dice.choice(_OLD_SOURCES)
    if count == 1:
        return (source,)
    if kind == _BINARY:
        return (source, *_WHEELS[year][: count - 1])
    if year > 2012:
        return (source, '-py3-none-any.whl' if year > 2018 else '-py2.py3-none-any.whl')
    return (source, '-py2.7.egg' if dice.random() < 0.1 else '-py2-none-any.whl')


# -------------------------------------------------------------------------------- projects


class _Project(NamedTuple):
    name: str
    kind: int
    files: int
    files_a_release: int
    patches: int  # patch releases of each minor one
    minors: int  # minor releases of each major one
    born: int  # seconds since 1970
    lived: int  # seconds until its last release
    user: str  # '' if the list has none

    @property
    def releases(self) -> int:
        return -(-self.files // self.files_a_release)

    def version(self, number: int) -> str:
        """Return the version of a release without its pre-release part; each version is different."""
        minor, patch = divmod(number + 1, self.patches)
        major, minor = divmod(minor, self.minors)
        return f'{major}.{minor}.{patch}' if self.patches > 1 else f'{major}.{minor}'


def _seconds(year: int) -> int:
    return int(datetime.datetime(year, 1, 1, tzinfo=datetime.timezone.utc).timestamp())


def _file_counts(dice: random.Random, files: int, projects: int) -> list[int]:
    """Return the number of files of each project: a log-normal distribution, like that of the public index.

    Half of 850,000 projects have at most 6 files; the largest has about 30,000.
    """
    mean = files / projects
    median = min(6.0, 3 + mean / 5, mean)
    spread = math.sqrt(2 * math.log(mean / median)) if mean > median else 0.0
    quantile = statistics.NormalDist().inv_cdf
    weights = [math.exp(spread * quantile((number + 0.5) / projects)) for number in range(projects)]
    scale = files / sum(weights)
    counts = [max(1, round(weight * scale)) for weight in weights]
    while excess := sum(counts) - files:  # correct rounding errors one by one, beginning with the large projects
        step = -1 if excess > 0 else 1
        for position in range(projects - 1, max(-1, projects - 1 - abs(excess)), -1):
            if counts[position] + step > 0:
                counts[position] += step
    dice.shuffle(counts)
    return counts


def _make_project(dice: random.Random, name: str, files: int) -> _Project:
    roll = dice.random()
    kind = _BINARY if roll < (0.4 if files >= 30 else 0.08) else _PURE if roll < 0.92 else _SOURCE
    first, end = _seconds(_FIRST_YEAR), _seconds(_END_YEAR)
    born = first + int((end - first) * math.sqrt(dice.random()))  # most projects are young
    return _Project(
        name=name,
        kind=kind,
        files=files,
        files_a_release=(1, 2, 4 + int(dice.random() ** 2 * 26))[kind],
        patches=dice.choice((1, 2, 4, 6, 10)),
        minors=5 + int(dice.random() * 25),
        born=born,
        lived=int((end - born) * dice.random()),
        user=f'{dice.choice(_WORDS)}{int(dice.random() * 100)}' if dice.random() < 0.4 else '',
    )


def _make_projects(files: int, projects: int) -> list[_Project]:
    if not 0 < projects <= files:
        raise ValueError(f'expected at least one file for each of {projects} projects, got {files}')
    dice = random.Random(_SEED)
    counts = _file_counts(dice, files, projects)
    return [_make_project(dice, name, count) for name, count in zip(_unique_names(dice, projects), counts, strict=True)]


# -------------------------------------------------------------------------------- lines


def _requires_python(year: int, dice: random.Random) -> str:
    if year < 2016:
        return ''
    if year < 2019:
        return dice.choice(('', '>=2.7, !=3.0.*, !=3.1.*, !=3.2.*', '>=2.7', '>=3.4'))
    return dice.choice((f'>=3.{year - 2014}', f'>=3.{year - 2015}', f'>=3.{year - 2015},<4.0', '>=3', ''))


_STAGES = ('a1', 'b1', 'rc1', '.dev1', '.post1', 'b2', 'rc2')
_REASONS = ('', 'broken', 'Uploaded by mistake', 'security: please update')


def _release_lines(dice: random.Random, project: _Project, number: int, when: int, year: int) -> Iterator[str]:
    """Yield the same text as `json.dumps` in a quarter of the time; no value needs escaping."""
    version = project.version(number)
    roll = dice.random()
    if roll < 0.07:
        version += _STAGES[int(roll * 100)]
    elif year < 2012 and roll < 0.09:
        version += '-final'
    count = min(project.files_a_release, project.files - number * project.files_a_release)
    digests = dice.randbytes(64 * count).hex()
    python = _requires_python(year, dice)
    requires = f', "requires_python": "{python}"' if python else ''
    rest = f', "uploaded_by": "{project.user}"' if project.user else ''
    if dice.random() < 0.005:
        rest += f', "yanked_reason": "{dice.choice(_REASONS)}"'
    wheel = project.name.replace('-', '_')
    source = wheel if year > 2022 else project.name
    for position, suffix in enumerate(_suffixes(project.kind, year, count, dice)):
        start = 128 * position
        is_wheel = suffix.endswith('.whl')
        metadata = (
            f', "core_metadata": "sha256={digests[start + 64 : start + 128]}"' if is_wheel and year > 2020 else ''
        )
        yield (
            f'{{"filename": "{wheel if is_wheel else source}-{version}{suffix}", '
            f'"hash": "sha256={digests[start : start + 64]}"{requires}{metadata}, '
            f'"upload_timestamp": {when + position}{rest}}}\n'
        )


def _lines(files: int, projects: int) -> Iterator[str]:
    """Yield the lines one by one. Keeps the projects and one integer for each release in memory."""
    dice = random.Random(_SEED + 1)
    made = _make_projects(files, projects)
    uploads = array.array('Q')
    for position, project in enumerate(made):
        for _ in range(project.releases):
            uploads.append((project.born + int(project.lived * dice.random())) * projects + position)
    done = array.array('H', bytes(2 * projects))
    starts = [_seconds(year) for year in range(_FIRST_YEAR + 1, _END_YEAR)]
    year = _FIRST_YEAR
    for upload in sorted(uploads):
        when, position = divmod(upload, projects)
        while year < _END_YEAR - 1 and when >= starts[year - _FIRST_YEAR]:
            year += 1
        number = done[position]
        done[position] = number + 1
        yield from _release_lines(dice, made[position], number, when, year)


def write_list(path: Path, files: int, projects: int) -> None:
    """Write a list of exactly this number of files and projects."""
    with path.open('w', encoding='ascii') as output:
        output.writelines(_lines(files, projects))


def add_releases(path: Path, files: int, projects: int, changed: int) -> None:
    """Append a new release of each of `changed` projects of medium size to a list that `write_list` wrote."""
    dice = random.Random(_SEED + 2)
    made = _make_projects(files, projects)
    median = statistics.median_low(project.files for project in made)
    medium = sorted(made, key=lambda project: abs(project.files - median))[:changed]
    with path.open('a', encoding='ascii') as output:
        for when, project in enumerate(medium, _seconds(_END_YEAR)):
            grown = project._replace(files=(project.releases + 1) * project.files_a_release)
            output.writelines(_release_lines(dice, grown, project.releases, when, _END_YEAR - 1))


_DESCRIPTION = """# {name}

{prose}

## Usage

```python
from {module} import {words[0]}, {words[1]}

def main(path: str) -> None:
    for number, line in enumerate(open(path, encoding='utf-8'), 1):
        print(number, {words[0]}.{words[2]}(line), {words[1]}('{words[3]}'))
```

| option | meaning |
| --- | --- |
| `{words[4]}` | the **{words[5]}**: see [the documents](https://docs.example.com/{name}/{words[7]}) |

* {words[8]} and `{words[9]}`

{prose}
"""
_SENTENCE = 'It reads the {} of a {} and writes the {}, so that nobody has to look at the {} again. '


def describe(path: Path, files: int, projects: int) -> None:
    """Append a line for each project: a summary, links, and a description of 2 kB in Markdown."""
    dice = random.Random(_SEED + 3)
    with path.open('a', encoding='ascii') as output:
        for project in _make_projects(files, projects):
            words = dice.choices(_WORDS, k=32)
            prose = ''.join(_SENTENCE.format(*words[start : start + 4]) for start in range(12, 32, 4))
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


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog='python -m testing.large_lists', description='Writes a list for measuring.')
    parser.add_argument('files', type=int)
    parser.add_argument('projects', type=int)
    parser.add_argument('path', type=Path)
    parser.add_argument('--add', metavar='N', type=int, help='only append a release of N projects to such a list')
    parser.add_argument('--describe', action='store_true', help='only append a line of each project to such a list')
    args = parser.parse_args(argv)
    if args.describe:
        describe(args.path, args.files, args.projects)
    elif args.add is None:
        write_list(args.path, args.files, args.projects)
    else:
        add_releases(args.path, args.files, args.projects, args.add)
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
