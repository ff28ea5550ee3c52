"""An S3 server for each test, and a script of docs/publishing.md that publishes there."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from testing.documents import block
from testing.publishing import BUCKET, S3, Script, quiet, script_of
from testing.s3 import Hosting, make_programs, s3_website
from testing.servers import Server
from testing.tools import make_tool, missing
from testing.waiting import wait_for


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[S3]:
    if importlib.util.find_spec('moto') is None:
        missing('moto', "pip install 'moto[server]'")
    import boto3  # type: ignore[import-untyped]  # comes with moto

    log = tmp_path / 'moto.log'
    command = [sys.executable, '-u', '-m', 'moto.server', '-H', '127.0.0.1', '-p', '0']
    with log.open('wb') as output, subprocess.Popen(command, env=quiet(), stdout=output, stderr=output) as server:
        try:
            found = wait_for(lambda: re.search(r'Running on (http://127\.0\.0\.1:\d+)', log.read_text()), server, log)
            client = boto3.client(
                's3',
                endpoint_url=found[1],
                region_name='us-east-1',
                aws_access_key_id='testing',
                aws_secret_access_key='testing',
            )
            client.create_bucket(Bucket=BUCKET)
            yield S3(found[1], log, client)
            client.close()
        finally:
            server.terminate()


@pytest.fixture
def website(s3: S3, tmp_path: Path) -> Iterator[Server]:
    port = urllib.parse.urlsplit(s3.url).port
    assert port is not None
    [policy] = re.findall(r"--policy '(.+?)'", block('docs/publishing.md', 'aws s3 website'), re.DOTALL)
    s3.client.put_bucket_policy(Bucket=BUCKET, Policy=policy)
    hosting = Hosting('index.html', {'s3:GetObject', 's3:ListBucket'})
    with s3_website(Server(port, s3.log), BUCKET, hosting, tmp_path) as server:
        yield server


@pytest.fixture(params=['rclone', 'aws'])
def script(request: pytest.FixtureRequest, s3: S3, tmp_path: Path) -> Script:
    # Programs installed by pip are beside Python, even if nobody has activated the environment.
    programs = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get('PATH', os.defpath)])
    tool: str = request.param
    if tool == 'aws':  # in its own environment, because it requires an old docutils
        programs = os.pathsep.join([str(make_tool('awscli', 'awscli')), programs])
    elif shutil.which(tool, path=programs) is None:
        missing(tool, 'apt-get install rclone')
    path = tmp_path / 'index' / 'publish-index'
    path.parent.mkdir()
    path.write_text(script_of(tool), encoding='utf-8')
    make_programs(path.parent / 'env' / 'bin')
    config = tmp_path / 'config'
    config.touch()
    environment = {
        'PATH': programs,
        'HOME': str(tmp_path),
        'INDEX': str(path.parent),
        'AWS_ACCESS_KEY_ID': 'testing',
        'AWS_SECRET_ACCESS_KEY': 'testing',
        'AWS_DEFAULT_REGION': 'us-east-1',
        'AWS_ENDPOINT_URL': s3.url,
        'RCLONE_CONFIG': str(config),
        'RCLONE_RETRIES': '1',
        'RCLONE_CONFIG_S3_TYPE': 's3',
        'RCLONE_CONFIG_S3_PROVIDER': 'Other',
        'RCLONE_CONFIG_S3_ENV_AUTH': 'true',
        'RCLONE_CONFIG_S3_ENDPOINT': s3.url,
        'RCLONE_CONFIG_S3_REGION': 'us-east-1',
        # It must not create the bucket that one round gets wrong.
        'RCLONE_CONFIG_S3_NO_CHECK_BUCKET': 'true',
    }
    return Script(path, quiet() | environment, {'rclone': 's3:', 'aws': 's3://'}[tool])
