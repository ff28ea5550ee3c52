"""The scripts of docs/publishing.md, unchanged, publish exactly the difference to an S3 server."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path

import pytest

from testing.clients import JSON_TYPE
from testing.documents import block
from testing.publishing import (
    BUCKET,
    FIRST,
    LISTING,
    S3,
    Round,
    Script,
    below_json,
    job,
    json_root,
    run_job,
    script_of,
    upload_and_delete,
)
from testing.strangers import git_env, run_shell

ROUNDS = {
    'a release': Round(uploads=('foo-1.1.tar.gz',)),
    'a project, and another gone': Round(uploads=('qux-1.0.tar.gz',), deletions=('bar-1.0.tar.gz',)),
    'nothing': Round(),
    'changes that are not copied': Round(
        uploads=('bar-1.0.tar.gz', 'quux-1.0.tar.gz', 'foo-1.2.tar.gz'),
        deletions=('baz-1.0+local.1.tar.gz', 'qux-1.0.tar.gz'),
        fails=True,
    ),
    'some of them taken back': Round(uploads=('qux-1.0.tar.gz',), deletions=('quux-1.0.tar.gz',)),
    'the same file, otherwise': Round(uploads=('foo-1.1.tar.gz',), requires_dist=('bar',)),
    'two projects gone': Round(deletions=('bar-1.0.tar.gz', 'team/deep/down-2.0.tar.gz')),
}
# Each call of the AWS command line takes a second, and both scripts are the same up to the copy.
nightly_with_aws = pytest.mark.parametrize(
    'script', ['rclone', pytest.param('aws', marks=pytest.mark.clients)], indirect=True
)


@nightly_with_aws
def test_after_each_round_the_bucket_is_the_site_and_only_what_differs_was_copied(script: Script, s3: S3) -> None:
    makes_up = False
    for name, each in {'the first': FIRST, **ROUNDS}.items():
        upload_and_delete(s3, each)
        old, asked = s3.site(), len(s3.requests())
        if each.fails:
            done = script.run(bucket='missing.example.com')
            assert done.returncode != 0, name
            assert 'NoSuchBucket' in done.stderr, name
            assert s3.site() == old, name
            assert {'simple/bar/index.html', 'pypi/foo/1.2/json', 'pypi/qux/json'} <= set(script.listed()), name
        else:
            done = script.run()
            requests = s3.requests()[asked:]
            written = {key for method, key in requests if method == 'PUT'}
            deleted = {key for method, key in requests if method == 'DELETE'}
            new = s3.site()
            warned = [line for line in done.stderr.splitlines() if 'overwritten' in line]
            assert (done.returncode, done.stdout, done.stderr.splitlines()) == (0, '', warned), name
            assert len(warned) == bool(each.requires_dist), name
            assert new == script.site(), name
            assert below_json(new) == json_root(new) != {}, name
            assert script.listed() == [], name
            differing = {path for path in new if new[path] != old.get(path)}
            # Pages that changed and changed back may be copied in vain, but no others.
            assert differing <= written <= (new.keys() if makes_up else differing), name
            assert old.keys() - new.keys() <= deleted, name
            assert makes_up or deleted == old.keys() - new.keys(), name
        makes_up = each.fails
    assert [path for path in s3.site() if path.startswith('json/')] == [
        'json/baz/index.html',
        'json/foo/index.html',
        'json/index.html',
        'json/qux/index.html',
    ]
    assert [path for path in s3.site() if path.startswith('simple/')] == [
        'simple/baz/index.html',
        'simple/baz/index.v1_json',
        'simple/foo/index.html',
        'simple/foo/index.v1_json',
        'simple/index.html',
        'simple/index.v1_json',
        'simple/qux/index.html',
        'simple/qux/index.v1_json',
    ]


@pytest.mark.parametrize('script', ['rclone'], indirect=True)
def test_a_listing_that_lacks_too_many_files_publishes_nothing(script: Script, s3: S3) -> None:
    assert '--max-delete "${MAX_DELETE:-100}"' in script.path.read_text()
    script = script._replace(environment=script.environment | {'MAX_DELETE': '3'})
    releases = [f'foo-{number}.0.tar.gz' for number in range(4)]
    upload_and_delete(s3, Round(uploads=('bar-1.0.tar.gz', *releases)))
    assert script.run().returncode == 0
    published = s3.site()
    upload_and_delete(s3, Round(uploads=('bar-2.0.tar.gz',), deletions=tuple(releases)))
    done = script.run()
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr.startswith('4 files are missing from the list, --max-delete allows 3: foo-0.0.tar.gz, ')
    assert s3.site() == published == script.site()
    # The deletion was intended.
    done = script._replace(environment=script.environment | {'MAX_DELETE': '1000'}).run()
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
    assert s3.site() == script.site() != published


@pytest.mark.parametrize('script', ['rclone'], indirect=True)
def test_a_listing_that_fails_publishes_nothing(script: Script, s3: S3) -> None:
    upload_and_delete(s3, FIRST)
    assert script.run().returncode == 0
    published = s3.site()
    elsewhere = {'POOL': 's3://missing.example.com/pool'}
    done = script._replace(environment=script.environment | elsewhere).run()
    assert done.returncode != 0
    assert 'missing.example.com/pool' in done.stderr
    assert s3.site() == published == script.site()


def test_each_page_has_its_type_and_its_time_to_live(script: Script, s3: S3) -> None:
    upload_and_delete(s3, FIRST)
    assert script.run().returncode == 0
    headers = s3.headers()
    assert {cache for _, cache in headers.values()} == {'max-age=60'}
    types = {key: content_type.partition(';')[0] for key, (content_type, _) in headers.items()}
    assert types['index.html'] == types['404.html'] == types['simple/foo/index.html'] == 'text/html'
    assert types['simple/index.v1_json'] == types['simple/foo/index.v1_json'] == JSON_TYPE
    assert types['json/index.html'] == types['json/foo/index.html'] == JSON_TYPE
    assert types['pypi/foo/json'] == types['pypi/foo/1.0/json'] == types['packages.json'] == 'application/json'
    assert types['static/style.css'] == 'text/css'
    assert types['static/script.js'] == 'text/javascript'
    # It lists the content of the bucket: nothing in it may be missing.
    written = [key for method, key in s3.requests() if method == 'PUT']
    assert written[-1] == 'packages.json'
    assert sorted(written) == sorted(headers)


@nightly_with_aws
def test_a_manually_changed_bucket_is_repaired(script: Script, s3: S3) -> None:
    upload_and_delete(s3, FIRST)
    (script.path.parent / 'site').mkdir()
    (script.path.parent / 'site' / 'robots.txt').write_text('User-agent: *\n', encoding='utf-8')
    assert script.run('--mend').returncode == 0
    published, headers = s3.site(), s3.headers()
    assert published == script.site()
    assert 'robots.txt' in published
    s3.client.delete_object(Bucket=BUCKET, Key='simple/foo/index.html')
    changed = bytes(len(published['pypi/foo/json']))
    s3.client.put_object(Bucket=BUCKET, Key='pypi/foo/json', Body=changed)
    s3.client.put_object(Bucket=BUCKET, Key='simple/gone/index.html', Body=b'stale')
    s3.client.put_object(Bucket=BUCKET, Key='json/gone/index.html', Body=b'stale')
    s3.client.put_object(Bucket=BUCKET, Key='json/foo/index.html', Body=b'wrong')
    s3.client.put_object(Bucket=BUCKET, Key='index.html', Body=published['index.html'], ContentType='text/plain')
    assert script.run().returncode == 0  # this run has nothing to do and checks nothing
    assert s3.site() != published
    done = script.run('--mend')
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
    assert s3.site() == published == script.site()
    assert below_json(published) == json_root(published) != {}
    assert s3.headers() == headers
    assert script.listed() == []
    files = s3.client.list_objects_v2(Bucket=BUCKET, Prefix='pool/')['KeyCount']
    assert files == len(FIRST.uploads) + 1  # the metadata of the wheel


@nightly_with_aws
def test_a_failed_repair_does_not_stop_later_runs(script: Script, s3: S3) -> None:
    """A repair copies and deletes more than pages; path lists contain only pages."""
    upload_and_delete(s3, FIRST)
    (script.path.parent / 'site').mkdir()
    (script.path.parent / 'site' / '000.txt').write_text('mine', encoding='utf-8')
    assert script.run('--mend', bucket='missing').returncode != 0
    done = script.run()
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
    assert {**s3.site(), '000.txt': b'mine'} == script.site()
    assert script.run('--mend').returncode == 0
    assert s3.site() == script.site()


@pytest.mark.parametrize('script', ['rclone'], indirect=True)
def test_a_run_ends_at_once_while_another_one_is_at_work(script: Script, s3: S3) -> None:
    upload_and_delete(s3, FIRST)
    with (script.path.parent / 'lock').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = script.run()
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
    assert s3.site() == {}


@pytest.mark.parametrize('script', ['rclone'], indirect=True)
def test_a_script_needs_only_the_programs_that_the_document_installs(script: Script, s3: S3, tmp_path: Path) -> None:
    shutil.rmtree(script.path.parent / 'env')
    run_shell(block('docs/publishing.md', "'./dumb-pypi[readme,remote]'"), script.path.parent, git_env(tmp_path))
    upload_and_delete(s3, FIRST)
    done = script.run()
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
    assert s3.site() == script.site() != {}


@pytest.mark.parametrize('argument', ['--mends', '--help', 'mend', '--mend --mend'])
@pytest.mark.parametrize('script', ['rclone'], indirect=True)
def test_an_argument_that_is_not_known_is_refused(script: Script, s3: S3, argument: str) -> None:
    upload_and_delete(s3, FIRST)
    done = script.run(*argument.split())
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == (
        'usage: publish-index          publishes what has changed\n'
        'usage: publish-index --mend   publishes everything and deletes the rest: '
        'after somebody changed the bucket by hand\n'
    )
    assert s3.site() == {}
    assert not script.path.with_name('list').exists()


def run_job_that_lists_the_pool(script: Script, directory: Path, bucket: str = BUCKET) -> str:
    """The job that keeps nothing, in a new directory, without files of its own."""
    (directory / 'dist').mkdir(parents=True)
    commands = job().replace(LISTING, block('docs/recipes.md', '--known previous --write-metadata s3://'))
    return run_job(script, directory, commands.replace(BUCKET, bucket))


@pytest.mark.parametrize('script', ['rclone'], indirect=True)
def test_a_job_that_keeps_nothing_publishes_only_the_difference(script: Script, s3: S3, tmp_path: Path) -> None:
    upload_and_delete(s3, FIRST)
    assert script.run().returncode == 0
    published = s3.site()
    upload_and_delete(s3, Round(uploads=('foo-2.0.tar.gz', 'new-1.0.tar.gz'), deletions=('bar-1.0.tar.gz',)))
    # The site of the new list, only for comparison.
    assert script.run(bucket='missing.example.com').returncode != 0
    expected = script.site()
    assert s3.site() == published
    for number in range(2):  # the second one has nothing to do
        asked = len(s3.requests())
        run_job_that_lists_the_pool(script, tmp_path / f'job {number}')
        assert s3.site() == expected
        written = {key for method, key in s3.requests()[asked:] if method == 'PUT'}
        assert not written & {'simple/baz/index.html', 'json/baz/index.html', 'pypi/baz/json'}


@pytest.mark.parametrize('script', ['rclone'], indirect=True)
def test_a_job_that_keeps_nothing_stops_when_it_cannot_fetch_the_last_list(
    script: Script, s3: S3, tmp_path: Path
) -> None:
    """Only a bucket without a list starts with an empty one."""
    with pytest.raises(AssertionError, match='NoSuchBucket'):
        run_job_that_lists_the_pool(script, tmp_path / 'job', bucket='missing.example.com')
    assert not (tmp_path / 'job' / 'list').exists()
    assert s3.site() == {}


def test_both_scripts_are_the_same_up_to_the_copy() -> None:
    """So one of them is enough to test the steps before the copy."""
    parts = [script_of(tool).partition('\nif [ "${1-}"')[0].splitlines() for tool in ('rclone', 'aws')]
    different = [lines for lines in zip(*parts, strict=True) if lines[0] != lines[1]]
    assert different == [('target=${TARGET:-s3:pypi.example.com}', 'target=${TARGET:-s3://pypi.example.com}')]
