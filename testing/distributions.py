"""Makes tiny real distributions by hand: without build tools or network, with the same bytes every time."""

import base64
import email
import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from email.message import Message
from pathlib import Path

# 2026-01-02T03:04:05Z
UPLOADED = 1767323045

# 1980-01-02: setuptools makes zip files of the contents of an sdist, and zip has no times before 1980.
_OLDEST = 315619200

# This build backend needs no other packages: it returns a wheel that is inside the sdist.
_PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
_BACKEND = """\
import pathlib
import shutil


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    [wheel] = pathlib.Path(__file__).parent.glob('*.whl')
    shutil.copy(wheel, wheel_directory)
    return wheel.name
"""


def make_wheel(
    directory: Path,
    name: str,
    version: str,
    *,
    requires_python: str | None = None,
    requires_dist: Sequence[str] = (),
    extras: Sequence[str] = (),
    tag: str = 'py3-none-any',
    filed_as: str | None = None,
) -> Path:
    """Make a wheel with one module. The file name has `name` with only its dashes replaced, as was usual for years.

    Newer tools normalize it (`flask-3.0.0-py3-none-any.whl` with `Name: Flask`): use `filed_as` for this.
    """
    stem = _stem(filed_as or name, version)
    path = directory / f'{stem}-{tag}.whl'
    metadata = _metadata(name, version, requires_python, requires_dist, extras)
    path.write_bytes(_wheel_bytes(stem, _module(name), version, metadata, tag))
    return path


def make_sdist(
    directory: Path,
    name: str,
    version: str,
    *,
    requires_python: str | None = None,
    requires_dist: Sequence[str] = (),
) -> Path:
    """Make an sdist that pip and uv can build without network: its build backend is in the tree and needs nothing."""
    stem = _stem(name, version)
    metadata = _metadata(name, version, requires_python, requires_dist)
    members = {
        'PKG-INFO': metadata,
        'pyproject.toml': _PYPROJECT.encode(),
        'backend.py': _BACKEND.encode(),
        f'{stem}-py3-none-any.whl': _wheel_bytes(stem, _module(name), version, metadata, 'py3-none-any'),
    }
    path = directory / f'{stem}.tar.gz'
    path.write_bytes(_tar_gz_bytes({f'{stem}/{member}': content for member, content in members.items()}))
    return path


def make_old_sdist(directory: Path, name: str, version: str) -> Path:
    """Make an sdist from before PEP 517, which setuptools builds."""
    stem = _stem(name, version)
    setup = f'from setuptools import setup\nsetup(name={name!r}, version={version!r}, py_modules=[{_module(name)!r}])\n'
    members = {
        'PKG-INFO': _metadata(name, version, None, ()),
        'setup.py': setup.encode(),
        f'{_module(name)}.py': f'version = {version!r}\n'.encode(),
    }
    path = directory / f'{stem}.tar.gz'
    path.write_bytes(_tar_gz_bytes({f'{stem}/{member}': content for member, content in members.items()}))
    return path


def read_metadata(path: Path) -> bytes:
    """Return METADATA of a wheel, PKG-INFO of an sdist."""
    if path.suffix == '.whl':
        with zipfile.ZipFile(path) as wheel:
            [member] = (each for each in wheel.namelist() if each.endswith('.dist-info/METADATA'))
            return wheel.read(member)
    with tarfile.open(path) as sdist:
        file = sdist.extractfile(f'{path.name.removesuffix(".tar.gz")}/PKG-INFO')
        assert file is not None
        return file.read()


def write_metadata(wheel: Path) -> Path:
    """Write `<wheel>.metadata` beside the wheel, where PEP 658 expects it."""
    path = _metadata_path(wheel)
    path.write_bytes(read_metadata(wheel))
    return path


def list_line(path: Path, *, upload_timestamp: int = UPLOADED) -> dict[str, object]:
    """Return the line of a file for `--package-list-json`, with everything that the file itself says."""
    metadata: Message = email.message_from_bytes(read_metadata(path))
    line: dict[str, object] = {
        'filename': path.name,
        'hash': f'sha256={_sha256(path)}',
        'size': path.stat().st_size,
        'upload_timestamp': upload_timestamp,
    }
    if 'Requires-Python' in metadata:
        line['requires_python'] = metadata['Requires-Python']
    if 'Requires-Dist' in metadata:
        line['requires_dist'] = metadata.get_all('Requires-Dist')
    if _metadata_path(path).exists():
        line['core_metadata'] = f'sha256={_sha256(_metadata_path(path))}'
    return line


def _stem(name: str, version: str) -> str:
    return f'{name.replace("-", "_")}-{version.replace("-", "_")}'


def _module(name: str) -> str:
    return name.replace('-', '_').replace('.', '_').lower()


def _metadata_path(path: Path) -> Path:
    return path.with_name(f'{path.name}.metadata')


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _metadata(
    name: str,
    version: str,
    requires_python: str | None,
    requires_dist: Sequence[str],
    extras: Sequence[str] = (),
) -> bytes:
    lines = ['Metadata-Version: 2.1', f'Name: {name}', f'Version: {version}']
    if requires_python is not None:
        lines.append(f'Requires-Python: {requires_python}')
    lines += [f'Provides-Extra: {extra}' for extra in extras]
    lines += [f'Requires-Dist: {requirement}' for requirement in requires_dist]
    return '\n'.join([*lines, '']).encode()


def _wheel_bytes(stem: str, module: str, version: str, metadata: bytes, tag: str) -> bytes:
    members = {
        f'{module}.py': f'version = {version!r}\n'.encode(),
        f'{stem}.dist-info/METADATA': metadata,
        f'{stem}.dist-info/WHEEL': f'Wheel-Version: 1.0\nRoot-Is-Purelib: true\n{_tag_lines(tag)}'.encode(),
    }
    record = ''.join(f'{member},{_record_hash(content)},{len(content)}\n' for member, content in members.items())
    members[f'{stem}.dist-info/RECORD'] = f'{record}{stem}.dist-info/RECORD,,\n'.encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, 'w') as wheel:
        for member, content in members.items():
            # A ZipInfo made from only a name is dated 1980, the same on every machine.
            info = zipfile.ZipInfo(member)
            info.external_attr = 0o644 << 16
            wheel.writestr(info, content)
    return buffer.getvalue()


def _tag_lines(tag: str) -> str:
    """Return a line for each tag; `py2.py3-none-any` means two tags."""
    pythons, abis, platforms = (part.split('.') for part in tag.split('-'))
    return ''.join(f'Tag: {python}-{abi}-{platform}\n' for python in pythons for abi in abis for platform in platforms)


def _record_hash(content: bytes) -> str:
    return f'sha256={base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()}'


def _tar_gz_bytes(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode='w', format=tarfile.USTAR_FORMAT) as sdist:
        for member, content in members.items():
            # A TarInfo made from only a name has no user and no group.
            info = tarfile.TarInfo(member)
            info.size = len(content)
            info.mtime = _OLDEST
            sdist.addfile(info, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), mtime=0)
