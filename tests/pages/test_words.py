"""The words for files on human pages."""

import pytest

from dumb_pypi.package_list.file_names import identify
from dumb_pypi.pages.words import file_kind, readable_size


@pytest.mark.parametrize(
    ('filename', 'expected'),
    [
        pytest.param('a-1-cp312-cp312-linux_x86_64.whl', 'Wheel for CPython 3.12, Linux x86_64', id='plain platform'),
        pytest.param('a-1-py2.py3-none-any.whl', 'Wheel for Python 2 and 3, any platform', id='several Pythons'),
        pytest.param('a-1-py3-none-any.whl', 'Wheel for Python 3, any platform', id='only a major version'),
        pytest.param(
            'a-1-cp38-cp38-manylinux_2_12_i686.manylinux2010_i686.manylinux_2_17_i686.whl',
            'Wheel for CPython 3.8, Linux i686 (glibc 2.12+)',
            id='the lowest of several versions of one platform',
        ),
        pytest.param(
            'a-1-cp27-cp27mu-manylinux1_x86_64.whl',
            'Wheel for CPython 2.7, wide Unicode, Linux x86_64 (glibc 2.5+)',
            id='wide unicode build',
        ),
        pytest.param(
            'a-1-cp37-abi3-macosx_10_9_x86_64.macosx_11_0_arm64.whl',
            'Wheel for CPython 3.7+, macOS 10.9+ x86_64 and macOS 11.0+ arm64',
            id='stable ABI, two platforms',
        ),
        pytest.param(
            'a-1-2-cp313-cp313t-musllinux_1_2_aarch64.whl',
            'Wheel for CPython 3.13, free-threaded, Linux aarch64 (musl 1.2+)',
            id='build number, free-threaded',
        ),
        pytest.param('a-1-cp33-cp33-win32.whl', 'Wheel for CPython 3.3, Windows x86', id='ABI spelled like the Python'),
        pytest.param('a-1-pp310-pypy310_pp73-win_arm64.whl', 'Wheel for PyPy 3.10, Windows ARM64', id='PyPy'),
        pytest.param(
            'a-1-cp313-cp313-ios_13_0_arm64_iphoneos.whl',
            'Wheel for CPython 3.13, iOS 13.0+ arm64 iphoneos',
            id='iOS',
        ),
        pytest.param(
            'a-1-cp313-cp313-android_24_arm64_v8a.whl',
            'Wheel for CPython 3.13, Android API 24+ arm64_v8a',
            id='Android',
        ),
        pytest.param(
            'a-1-cp313-cp313-pyodide_2025_0_wasm32.whl',
            'Wheel for CPython 3.13, Pyodide 2025.0 wasm32',
            id='Pyodide',
        ),
        pytest.param(
            'a-1-cp315-abi3t-win_amd64.whl', 'Wheel for CPython 3.15+, free-threaded, Windows x86_64', id='PEP 803'
        ),
        pytest.param(
            'a-1-cp315-abi3.abi3t-win_amd64.whl',
            'Wheel for CPython 3.15+, also free-threaded, Windows x86_64',
            id='PEP 803, both',
        ),
        pytest.param(
            'a-1-cp314-cp314-pyemscripten_2026_0_wasm32.whl',
            'Wheel for CPython 3.14, Pyodide 2026.0 wasm32',
            id='PEP 783',
        ),
        pytest.param('a-1-Odd!-none-{0}.whl', 'Wheel for Odd!, {0}', id='unknown tags'),
        pytest.param('a-1-py3-none-any-x8664v3.whl', 'Wheel for Python 3, any platform', id='wheel variant'),
        pytest.param('a-1.tar.gz', 'Source distribution', id='sdist'),
        pytest.param('a-1-py2.7.egg', 'Egg for Python 2.7', id='egg'),
        pytest.param('a-1-py2.6-win-amd64.egg', 'Egg for Python 2.6, Windows x86_64', id='egg with a platform'),
        pytest.param('a-1-py2.5-macosx-10.5-i386.egg', 'Egg for Python 2.5, macOS 10.5+ i386', id='egg for macOS'),
        pytest.param('a-1.win32.exe', 'Windows installer for Windows x86', id='installer for any Python'),
        pytest.param(
            'a-1.win-amd64-py3.4.msi', 'Windows installer (MSI) for Python 3.4, Windows x86_64', id='MSI installer'
        ),
        pytest.param('a-1.linux-x86_64.tar.gz', 'Built archive for Linux x86_64', id='dumb archive'),
        pytest.param('a-1-1.noarch.rpm', 'RPM package', id='RPM'),
        pytest.param('a_1-2_all.deb', 'Debian package', id='Debian package'),
        pytest.param('a-1.dmg', 'macOS disk image', id='disk image'),
        pytest.param(
            'a-1-py2.7-macosx10.6.dmg',
            'macOS disk image for Python 2.7, macOS 10.6+',
            id='disk image without a machine',
        ),
        pytest.param('a-py3-1-py3-none-any.whl', 'Wheel for Python 3, any platform', id='a Python tag in the name'),
        pytest.param(
            'Twisted-10.1.0.winxp32-py2.6.msi', 'Windows installer (MSI) for Python 2.6, Windows x86', id='winxp32'
        ),
        pytest.param('pySFML-1.2.0.win64-py2.7.exe', 'Windows installer for Python 2.7, Windows x86_64', id='win64'),
        pytest.param(
            'mod_python-3.3.1.win32-py2.5-Apache2.2.exe',
            'Windows installer for Python 2.5, Windows x86',
            id='more behind the Python',
        ),
        pytest.param(
            'ipython-0.13.1.py2-win-amd64-PROPER.exe',
            'Windows installer for Python 2, Windows x86_64',
            id='more behind the platform',
        ),
        pytest.param('a-1.win32-py2.7.zip', 'Built archive for Windows x86', id='dumb archive for a Python'),
        pytest.param('a-1-linux.tar.gz', 'Built archive for Linux', id='only a system'),
    ],
)
def test_the_words_for_a_file_are_its_kind_and_its_systems(filename: str, expected: str) -> None:
    assert file_kind(identify(filename), filename) == expected


@pytest.mark.parametrize(
    ('size', 'expected'),
    [(0, '0 bytes'), (1, '1 byte'), (999, '999 bytes'), (1_600_000, '1.6 MB'), (2**63 - 1, '9223372036.9 GB')],
)
def test_sizes_are_written_in_decimal_units(size: int, expected: str) -> None:
    assert readable_size(size) == expected
