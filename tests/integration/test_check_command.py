"""`python -m falcon_images check` as a process, beside services and without one."""

import os
import socket
import subprocess
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from falcon_images.files.keys import image_key
from tests.support.check_command import run
from tests.support.pictures import jpeg
from tests.support.serving import Serving

Start = Callable[..., Serving]


@pytest.fixture
def database(request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings of a database that a check reaches while the service runs."""
    if os.name != 'nt':
        return {}
    url = request.getfixturevalue('mongodb_url')
    return {'MONGODB_URL': url, 'MONGODB_DB': f'test_{uuid.uuid4().hex}'}


def spoil(serving: Serving) -> tuple[str, str]:
    """Leave one image without its file, and one file without its image."""
    missing = serving.upload(jpeg())['_id']
    images = serving.folder / 'data/uploads/images'
    orphan = image_key('c', '0' * 24, 'image/jpeg')
    (images / orphan).parent.mkdir(parents=True)
    (images / image_key('c', missing, 'image/jpeg')).rename(images / orphan)
    legacy = time.time() - 3600
    os.utime(images / orphan, (legacy, legacy))
    return missing, orphan


def table(output: str) -> str:
    """The summary, without the lines that a terminal would draw."""
    words = (line.strip(' \n│┃|') for line in output.splitlines())
    return ' '.join(' '.join(words).replace('│', ' ').replace('|', ' ').split())


def test_a_running_service_and_then_a_stopped_one(
    start: Start, tmp_path: Path, database: dict[str, str]
) -> None:
    serving = start(**database).ready()
    serving.upload(jpeg())
    well = run(tmp_path, '--deep', **database)
    assert (well.returncode, well.stderr) == (0, '')
    assert 'Compared 1 documents and 1 files. All is well.' in well.stdout
    missing, orphan = spoil(serving)
    for is_running in (True, False):
        if not is_running:
            serving.stop()
        found = run(tmp_path, **database)
        assert (found.returncode, found.stderr) == (1, '')
        first, second, *rest = found.stdout.splitlines()
        assert (first, second) == (f'missing c/{missing}', f'orphaned images/{orphan}')
        assert 'missing 1 0 1' in table('\n'.join(rest))


@pytest.mark.skipif(os.name == 'nt', reason='links need rights there')
def test_what_was_not_looked_at_is_said(start: Start, tmp_path: Path) -> None:
    serving = start().ready()
    serving.upload(jpeg())
    (tmp_path / 'disk').mkdir()
    (tmp_path / 'data/uploads/images/linked').symlink_to(tmp_path / 'disk')
    found = run(tmp_path)
    assert (found.returncode, found.stderr) == (0, '')
    lines = found.stdout.splitlines()
    assert lines[0] == 'not looked at images/linked (a link to a folder)'
    assert lines[-2:] == [
        'Not looked at: the bytes of the files (--deep reads them).',
        'Not looked at: 1 places, listed above.',
    ]
    assert 'Not looked at: the bytes' not in run(tmp_path, '--deep').stdout


def test_repair_on_a_stopped_service_starts_its_database(
    start: Start, tmp_path: Path
) -> None:
    serving = start().ready()
    serving.upload(jpeg())
    missing, orphan = spoil(serving)
    path = f'/collections/c/images/{missing}'
    assert serving.session.delete(serving.url + path, timeout=9).status_code == 200
    serving.stop()
    repaired = run(tmp_path, '--repair')
    assert (repaired.returncode, repaired.stderr) == (0, '')
    line = f'orphaned images/{orphan} (moved to quarantine/{orphan})'
    assert repaired.stdout.splitlines()[0] == line
    assert (tmp_path / 'data/uploads/quarantine' / orphan).read_bytes() == jpeg()
    assert 'All is well' in run(tmp_path, '--repair').stdout
    assert len(start().ready().get('/collections/c/images').json()) == 1


def test_repair_beside_a_running_service(
    start: Start, tmp_path: Path, database: dict[str, str]
) -> None:
    serving = start(**database).ready()
    serving.upload(jpeg())
    spoil(serving)
    assert run(tmp_path, '--repair', **database).returncode == 1
    left = run(tmp_path, '--repair', **database)
    assert left.returncode == 1
    assert 'orphaned 0 0 0' in table(left.stdout)
    assert serving.upload(jpeg())['image'] == 'a.jpg'


def test_young_files_are_told_of(
    start: Start, tmp_path: Path, database: dict[str, str]
) -> None:
    start(**database).ready().upload(jpeg())
    (tmp_path / 'data/uploads/images/x').write_bytes(b'x')
    found = run(tmp_path, **database)
    assert found.returncode == 0
    assert '1 files are too new' in found.stdout


def test_names_cannot_steer_a_terminal(
    start: Start, tmp_path: Path, database: dict[str, str]
) -> None:
    start(**database).ready()
    hostile = '[red]\x1b[2J日本' if os.name != 'nt' else '[red]日本'
    path = tmp_path / 'data/uploads/images' / hostile
    path.write_bytes(b'x')
    os.utime(path, (0, 0))
    found = run(tmp_path, PYTHONUTF8='1', **database)
    shown = hostile.replace('\x1b', '\\x1b')
    assert found.stdout.splitlines()[0] == f'orphaned images/{shown}'
    found = run(tmp_path, PYTHONIOENCODING='cp1252', PYTHONUTF8='0', **database)
    assert (found.returncode, found.stderr) == (1, '')
    assert '\\u65e5\\u672c' in found.stdout


def test_the_environment_and_env_are_those_of_the_service(tmp_path: Path) -> None:
    (tmp_path / '.env').write_text('UPLOADS_DIRECTORY=elsewhere\n', encoding='utf-8')
    missing = run(tmp_path)
    assert missing.returncode == 2
    assert 'elsewhere' in missing.stderr
    wrong = run(tmp_path, APP_PORT='x')
    assert wrong.returncode == 2
    assert wrong.stderr == (
        "check: APP_PORT must be an integer of 0 or more, not 'x'.\n"
    )


def sentence(result: subprocess.CompletedProcess[str]) -> str:
    assert (result.returncode, result.stdout) == (2, '')
    assert result.stderr.startswith('check: ')
    assert result.stderr.count('\n') == 1
    return result.stderr


def test_no_store_is_made_where_there_is_none(tmp_path: Path) -> None:
    assert 'There is no folder' in sentence(run(tmp_path))
    (tmp_path / 'data/uploads/images').mkdir(parents=True)
    assert 'There is no private MongoDB' in sentence(run(tmp_path))
    assert [path.name for path in (tmp_path / 'data').iterdir()] == ['uploads']


def test_the_database_away(tmp_path: Path) -> None:
    (tmp_path / 'data/uploads/images').mkdir(parents=True)
    with socket.create_server(('127.0.0.1', 0)) as listener:
        port = listener.getsockname()[1]
    away = run(tmp_path, MONGODB_URL=f'mongodb://u:secret@127.0.0.1:{port}')
    assert 'The database does not answer' in sentence(away)
    assert 'secret' not in away.stderr
    assert 'MONGODB_URL must begin' in sentence(run(tmp_path, MONGODB_URL='http://x'))


def test_an_empty_database_is_not_believed(
    start: Start, tmp_path: Path, mongodb_url: str
) -> None:
    serving = start().ready()
    spoil(serving)
    serving.stop()
    refused = run(
        tmp_path, '--repair', MONGODB_URL=mongodb_url, MONGODB_DB='no_such_database'
    )
    assert 'have not been used together' in sentence(refused)
    joined = {'MONGODB_URL': mongodb_url, 'MONGODB_DB': 'no_such_database'}
    assert 'has no collections' in run(tmp_path, '--repair', '--adopt', **joined).stderr
    assert len(list((tmp_path / 'data/uploads/images').rglob('*.jpg'))) == 1


def test_folder_and_database_of_two_stores_are_refused_until_they_are_joined(
    start: Start, tmp_path: Path, mongodb_url: str
) -> None:
    other = {'MONGODB_URL': mongodb_url, 'MONGODB_DB': f'test_{uuid.uuid4().hex}'}
    (tmp_path / 'b').mkdir()
    start().ready().stop()
    start(folder=tmp_path / 'b', **other).ready().stop()
    assert 'belongs to another store' in sentence(run(tmp_path, **other))
    refused = start(**other)
    assert refused.ended() == 1
    assert 'belongs to another store' in refused.log
    assert 'Traceback' not in refused.log
    joined = run(tmp_path, '--adopt', **other)
    assert (joined.returncode, joined.stderr) == (0, '')
    start(**other).ready().upload(jpeg())
    assert run(tmp_path, '--repair', **other).returncode == 0
    assert 'belongs to another store' in sentence(run(tmp_path))


def test_nothing_is_moved_in_a_folder_of_two_databases(
    start: Start, tmp_path: Path, mongodb_url: str
) -> None:
    name = f'test_{uuid.uuid4().hex}'
    second = {'MONGODB_URL': mongodb_url, 'MONGODB_DB': name}
    start().ready().stop()
    serving = start(**second).ready()
    serving.upload(jpeg())
    serving.stop()
    assert name in sentence(run(tmp_path, '--repair'))
    assert 'image_storage' in sentence(run(tmp_path, '--repair', **second))
    assert len(list((tmp_path / 'data/uploads/images').rglob('*.jpg'))) == 1


@pytest.mark.skipif(os.name == 'nt', reason='the service has to be stopped there')
def test_a_socket_that_is_elsewhere(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / ('long' * 25)
    folder.mkdir()
    start(folder=folder).ready()
    assert 'stop the service' in sentence(run(folder))


@pytest.mark.skipif(os.name != 'nt', reason='others find its socket')
def test_the_private_database_of_a_service_that_runs_is_not_reached(
    start: Start, tmp_path: Path
) -> None:
    start().ready()
    assert 'stop the service' in sentence(run(tmp_path))


@pytest.mark.parametrize('arguments', [['--help'], ['--no-such-option']])
def test_help(tmp_path: Path, arguments: list[str]) -> None:
    told = run(tmp_path, *arguments)
    assert told.returncode == (0 if arguments == ['--help'] else 2)
    assert 'python -m falcon_images check' in told.stdout + told.stderr
    assert 'Traceback' not in told.stderr
