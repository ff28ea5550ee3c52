"""Runs every pipe of docs/lists.md that makes a list; only the remote side is faked."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from testing.documents import COMMANDS, blocks, documents
from testing.s3 import aws, s3, s3_env
from testing.tools import ROOT, missing

FILES = {
    'foo-1.0.tar.gz': b'foo',
    'team/bar-2.0+local-py3-none-any.whl': b'the bytes of bar',
    'team/bar-2.0+local-py3-none-any.whl.metadata': b'the metadata of bar',
    'NOTES.txt': b'no package',
}


def pipes() -> dict[str, str]:
    """Return the pipes by the program and subcommand that they begin with."""
    found = [each.text for each in blocks('docs/lists.md', 'The listings of other tools')]
    return {
        re.findall(r'aws s3api|aws s3 ls|rclone|gcloud|gsutil|az|sha256sum|-printf', pipe)[0]: pipe for pipe in found
    }


# The output of these programs by their documentation; neither can run on loopback.
PRINTED = {
    'gcloud': json.dumps(
        [
            {'creation_time': '2026-01-02T03:04:05+0000', 'name': f'pool/{name}', 'size': len(content)}
            for name, content in FILES.items()
        ],
        indent=2,
    ),
    'gsutil': ''.join(f'gs://my-bucket/pool/{name}\n' for name in FILES),
    'az': json.dumps(
        [
            {
                'container': 'pool',
                'deleted': None,
                'name': name,
                'properties': {
                    'blobType': 'BlockBlob',
                    'contentLength': len(content),
                    'contentSettings': {
                        'contentMd5': 'rL0Y20zC+Fzt72VPzMSk2A==',
                        'contentType': 'application/octet-stream',
                    },
                    'creationTime': '2026-01-02T03:04:05+00:00',
                    'lastModified': '2026-01-02T03:04:05+00:00',
                },
                'snapshot': None,
            }
            for name, content in FILES.items()
        ],
        indent=2,
    ),
}


@pytest.fixture(scope='module')
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Yield an environment with our program, an S3 server with the files in a bucket, and fakes of the other clouds."""
    scratch = tmp_path_factory.mktemp('s3')
    for program in ('jq', 'rclone'):
        if shutil.which(program) is None:
            missing(program, f'apt-get install {program}')
    with s3(scratch) as server:
        env = s3_env(server, scratch / 'home')
        aws(env, 's3', 'mb', 's3://my-bucket')
        write_files(scratch / 'files')
        aws(env, 's3', 'cp', '--recursive', str(scratch / 'files'), 's3://my-bucket/pool/')
        programs = scratch / 'bin'
        programs.mkdir()
        write_program(programs / 'dumb-pypi', f'exec {shlex.quote(sys.executable)} -m dumb_pypi "$@"')
        for name, text in PRINTED.items():
            write_program(programs / name, f'cat <<"END"\n{text}\nEND')
        yield {
            **env,
            'PATH': os.pathsep.join([str(programs), env['PATH']]),
            'PYTHONPATH': str(ROOT),
        }


def run_pipe(name: str, env: dict[str, str], directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ['bash', '-euo', 'pipefail', '-c', pipes()[name]],
        cwd=directory,
        env=env,
        check=False,
        capture_output=True,
        encoding='utf-8',
        timeout=60,
    )


@pytest.mark.parametrize('name', pipes())
def test_the_pipe_makes_the_site(name: str, env: dict[str, str], tmp_path: Path) -> None:
    write_files(tmp_path / 'pool')
    done = run_pipe(name, env, tmp_path)
    assert (done.returncode, done.stdout) == (0, ''), done.stderr
    lines = [
        json.loads(line) for line in (tmp_path / 'site' / 'packages.json').read_text(encoding='utf-8').splitlines()
    ]
    packages = {line['filename']: line for line in lines}
    # Other files are skipped with a warning.
    assert packages.keys() == {'foo-1.0.tar.gz', 'team/bar-2.0+local-py3-none-any.whl'}
    assert packages['team/bar-2.0+local-py3-none-any.whl']['core_metadata'] is True
    assert len([line for line in done.stderr.splitlines() if 'NOTES.txt' in line]) == 1
    keys = {key for line in lines for key in line} - {'filename', 'core_metadata'}
    assert keys == told(name)
    if 'size' in keys:
        assert {path: line['size'] for path, line in packages.items()} == {path: len(FILES[path]) for path in packages}
    if 'hash' in keys:
        [digest] = [line['hash'] for path, line in packages.items() if path == 'foo-1.0.tar.gz']
        assert digest == 'sha256=2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae'
    url = 'team/bar-2.0%2Blocal-py3-none-any.whl'
    page = (tmp_path / 'site' / 'simple' / 'bar' / 'index.html').read_text(encoding='utf-8')
    assert re.search(rf'href="(https://files\.example\.com|\.\./\.\.)/pool/{re.escape(url)}', page)


# File names of an attacker who wants to change the lines of other files.
HOSTILE = [
    'a-1.0.zip", "url": "https:\\u002f\\u002fevil.example.com\\u002fa-1.0.zip',
    'b-1.0.zip"}\n{"filename": "foo-9.0.zip", "url": "https:\\u002f\\u002fevil.example.com\\u002ffoo-9.0.zip","b":"',
    'c-1.0.zip\n3 1700000000.0 foo-9.0.zip',
    f'd-1.0.zip\n{"0" * 64}  foo-9.0.zip',
    'e-1.0.zip\\nfoo-9.0.zip',
    'f-1.0\\", "name": "foo.zip',
]


@pytest.mark.parametrize('name', ['sha256sum', '-printf'])
def test_no_file_name_affects_another_file(name: str, env: dict[str, str], tmp_path: Path) -> None:
    write_files(tmp_path / 'pool')
    for hostile in HOSTILE:
        (tmp_path / 'pool' / hostile).write_bytes(b'evil')
    done = run_pipe(name, env, tmp_path)
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / 'site' / 'packages.json').read_text(encoding='utf-8').splitlines()
    packages = [json.loads(line) for line in lines]
    assert [each['filename'] for each in packages if each['filename'] not in (*FILES, *HOSTILE)] == []
    assert [each for each in packages if {'url', 'name'} & each.keys()] == []
    page = (tmp_path / 'site' / 'simple' / 'foo' / 'index.html').read_text(encoding='utf-8')
    assert re.findall(r'>(.+)</a>', page) == ['foo-1.0.tar.gz']


@pytest.mark.parametrize('document', documents())
def test_no_command_puts_a_name_unescaped_into_json(document: str) -> None:
    found = [each.text for each in blocks(document) if each.language in COMMANDS]
    assert [text for text in found if re.search(r'(printf|echo|awk|sed)\b[^|]*[{]\\?"', text)] == []


def test_every_cloud_and_command_has_its_pipe() -> None:
    assert pipes().keys() == {'aws s3api', 'aws s3 ls', 'rclone', 'gcloud', 'gsutil', 'az', 'sha256sum', '-printf'}


def told(name: str) -> set[str]:
    """Return the keys that this pipe can fill."""
    if name == 'sha256sum':
        return {'hash'}
    return set() if name in ('aws s3 ls', 'gsutil') else {'size', 'upload_timestamp'}


def write_files(directory: Path) -> None:
    for name, content in FILES.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(content)


def write_program(path: Path, text: str) -> None:
    path.write_text(f'#!/bin/sh\n{text}\n', encoding='utf-8')
    path.chmod(0o755)
