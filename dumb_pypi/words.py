"""Says in words what a file is: its kind, its tags and its size, for the pages that people read."""

from __future__ import annotations

import functools
import re

_KINDS = {
    'bdist_dmg': 'macOS disk image',
    'bdist_dumb': 'Built archive',
    'bdist_egg': 'Egg',
    'bdist_msi': 'Windows installer (MSI)',
    'bdist_rpm': 'RPM package',
    'bdist_wheel': 'Wheel',
    'bdist_wininst': 'Windows installer',
    'sdist': 'Source',
}
_IMPLEMENTATIONS = {
    'cp': 'CPython',
    'graalpy': 'GraalPy',
    'ip': 'IronPython',
    'jy': 'Jython',
    'pp': 'PyPy',
    'py': 'Python',
    'pypy': 'PyPy',
}
_GLIBC = {'manylinux1': (2, 5), 'manylinux2010': (2, 12), 'manylinux2014': (2, 17)}  # PEP 513, 571, 599
_SYSTEMS = {
    'android': 'Android API {version}+ {machine}',
    'emscripten': 'Emscripten {version} {machine}',
    'ios': 'iOS {version}+ {machine}',
    'macosx': 'macOS {version}+ {machine}',
    'manylinux': 'Linux {machine} (glibc {version}+)',
    'musllinux': 'Linux {machine} (musl {version}+)',
    'pyodide': 'Pyodide {version} {machine}',
}
_NAMED = {
    'any': 'any platform',
    'win32': 'Windows x86',
    'win_amd64': 'Windows x86_64',
    'win_arm64': 'Windows ARM64',
    'win_ia64': 'Windows IA-64',
}
_PYTHON_TAG = re.compile(r'([a-z]+)(\d?)_?(\d*)', re.ASCII)
_PLATFORM_TAG = re.compile(rf'({"|".join(_SYSTEMS)})_(\d+)(?:_(\d+))?_([a-z].*)', re.ASCII)
_OLD_MANYLINUX = re.compile(r'(manylinux(?:1|2010|2014))_(.+)')
_OLD_PLATFORM = re.compile(r'[.-](win32|win-\w+|linux-\w+|macosx-[\d.]+-\w+)')


def readable_size(size: int) -> str:
    """`1.6 MB`: decimal units, as file managers and the installers' own messages have them."""
    value, units = float(size), iter(('bytes', 'kB', 'MB', 'GB'))
    unit = next(units)
    for larger in units:
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f'{value:.0f} {unit}' if unit == 'bytes' else f'{value:.1f} {unit}'


def file_kind(filename: str, packagetype: str, python: str) -> str:
    """`Wheel for CPython 3.12, Linux x86_64 (glibc 2.17+)`; arguments in the words of the legacy JSON API."""
    if packagetype == 'bdist_wheel':
        abi, _, tags = filename.removesuffix('.whl').partition(f'-{python}-')[2].partition('-')
        return wheel_kind(python, abi, tags.partition('-')[0])  # what may follow is a variant (PEP 825)
    if filename.endswith('.deb'):
        return 'Debian package'
    if packagetype == 'sdist':
        return _KINDS[packagetype]
    platform = _OLD_PLATFORM.search(filename)
    return built_kind(packagetype, python, platform[1] if platform else '')


@functools.lru_cache(maxsize=2**12)  # a whole index has a few thousand combinations of tags
def wheel_kind(python: str, abi: str, platform: str) -> str:
    """Compressed tag sets are understood (PEP 425), and platform tags up to PEP 656, 730, 738 and 783."""
    words = python_words(python.split('.'))
    if abi == 'abi3':
        words += '+'
    elif re.fullmatch(r'cp3\d+t', abi):
        words += ', free-threaded'
    elif re.fullmatch('cp2.m?u', abi):
        words += ', wide Unicode'
    return f'Wheel for {words}, {platform_words(platform.split("."))}'


@functools.lru_cache(maxsize=2**12)
def built_kind(packagetype: str, python: str, platform: str) -> str:
    kind = _KINDS[packagetype]
    words = [] if python == 'any' else [f'Python {python}']
    if platform:
        words.append(platform_words([platform.replace('-', '_').replace('.', '_')]))
    return f'{kind} for {", ".join(words)}' if words else kind


def python_words(tags: list[str]) -> str:
    """`Python 2 and 3`, `CPython 3.12`; what is no Python tag stays as it is."""
    versions: dict[str, list[str]] = {}
    for tag in tags:
        match = _PYTHON_TAG.fullmatch(tag)
        name, major, minor = match.groups() if match else (tag, '', '')
        version = f'{major}.{minor}' if minor else major
        versions.setdefault(_IMPLEMENTATIONS.get(name, name), []).append(version)
    return join_words([f'{name} {join_words(each)}'.strip() for name, each in versions.items()])


def platform_words(tags: list[str]) -> str:
    """`Linux x86_64 (glibc 2.17+)`: of several versions of one system the lowest is what a file asks for."""
    lowest: dict[str, tuple[int, ...]] = {}
    for words, version in map(platform_parts, tags):
        lowest[words] = min(version, lowest.get(words, version))
    return join_words([words.replace('\0', '.'.join(map(str, version))) for words, version in lowest.items()])


def platform_parts(tag: str) -> tuple[str, tuple[int, ...]]:
    """Words with `\\0` in the place of the version, and the version."""
    if old := _OLD_MANYLINUX.fullmatch(tag):
        return f'Linux {old[2]} (glibc \0+)', _GLIBC[old[1]]
    if match := _PLATFORM_TAG.fullmatch(tag):
        version = tuple(int(part) for part in match.group(2, 3) if part)
        return _SYSTEMS[match[1]].format(machine=match[4].replace('_iphone', ' iphone'), version='\0'), version
    return _NAMED.get(tag) or re.sub('^linux_', 'Linux ', tag), ()


def join_words(words: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return ' and '.join([', '.join(words[:-1]), words[-1]] if len(words) > 1 else words)
