import contextlib
import hashlib
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from falcon_images.cli.serve import main
from falcon_images.settings import SettingsError
from tests.support import pictures
from tests.support.pictures import jpeg
from tests.support.private_mongo import pid_of
from tests.support.processes import stop_impatiently
from tests.support.service import form
from tests.support.serving import Serving, eventually

Start = Callable[..., Serving]
KILL = getattr(signal, 'SIGKILL', signal.SIGTERM)


def test_images_survive_a_restart_byte_for_byte(start: Start) -> None:
    serving = start().ready()
    sent = {
        serving.upload(content, label=name)['_id']: content
        for name, (content, _) in pictures.every_format().items()
    }
    before = serving.get('/collections/c/images').json()
    assert serving.stop() == 0
    again = start().ready()
    assert again.get('/collections/c/images').json() == before
    for image_id, content in sent.items():
        response = again.get(f'/collections/c/images/{image_id}/image')
        assert (
            hashlib.sha256(response.content).digest()
            == hashlib.sha256(content).digest()
        )


@pytest.mark.skipif(os.name == 'nt', reason='SIGTERM ends at once on Windows')
@pytest.mark.parametrize('workers', ['1', '2'])
def test_who_stops_it_twice_hears_of_no_failure(start: Start, workers: str) -> None:
    serving = start('--workers', workers).ready()
    assert serving.get('/').status_code == 200
    assert stop_impatiently(serving.process) == 0
    serving.ended()
    assert 'INFO Stopped' in serving.log


def test_the_log_says_which_database_is_used(start: Start, mongodb_url: str) -> None:
    private = start().ready()
    assert 'Using the database' in private.log
    assert 'a private MongoDB in data' in private.log
    given = start(MONGODB_URL=mongodb_url, UPLOADS_DIRECTORY='other').ready()
    assert 'the MongoDB at mongodb://' in given.log
    assert 'private' not in given.log


def test_an_environment_file_is_read_under_the_environment(
    start: Start, tmp_path: Path, mongodb_url: str
) -> None:
    lines = f'MONGODB_URL={mongodb_url}\nMONGODB_DB=from_file\nUPLOADS_DIRECTORY=up'
    (tmp_path / '.env').write_text(lines, encoding='utf-8-sig')
    assert start().ready().get('/').json()['mongodb']['db'] == 'from_file'
    serving = start(MONGODB_DB='from_environment').ready()
    assert serving.get('/').json()['mongodb']['db'] == 'from_environment'
    assert (tmp_path / 'up/images').is_dir()


def test_a_second_service_in_the_folder_is_refused(start: Start) -> None:
    first = start().ready()
    second = start()
    assert second.ended() == 1
    assert 'Another service uses the database' in second.log
    assert 'Traceback' not in second.log
    first.upload(jpeg())


def test_a_killed_service_takes_its_database_along(start: Start) -> None:
    killed = start().ready()
    document = killed.upload(jpeg())
    killed.kill()
    again = start().ready()
    assert again.get('/collections/c/images').json() == [document]
    assert again.stop() == 0
    eventually(lambda: not list((again.folder / 'data/uploads/incoming').iterdir()))


def private_url(data: Path) -> str:
    if os.name == 'nt':
        return f'mongodb://127.0.0.1:{(data / "mongodb.port").read_text()}'
    return f'mongodb://{quote(str(data / "mongodb/mongo.sock"), safe="")}'


def test_a_private_database_that_dies_comes_back(start: Start) -> None:
    serving = start().ready()
    document = serving.upload(jpeg())
    os.kill(pid_of(private_url(serving.folder / 'data')), KILL)
    eventually(lambda: serving.get('/').json()['mongodb']['connected'])
    assert serving.get('/collections/c/images').json() == [document]
    serving.upload(jpeg())


def refused(serving: Serving) -> str:
    """What a service that does not start says: one sentence, no traceback."""
    assert serving.ended() == 1
    assert 'Traceback' not in serving.log
    (line,) = [line for line in serving.lines if line.startswith('serve.py: ')]
    return line


def test_a_port_that_is_taken_is_refused(start: Start) -> None:
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = str(taken.getsockname()[1])
        line = refused(start('--port', port, '--host', '127.0.0.1'))
    assert f'Cannot listen on port {port}' in line
    assert 'APP_PORT' in line


def test_a_port_without_rights_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may use all ports, and tests may run as root: so the system is played."""

    def refuse(host: str, port: int) -> None:
        raise PermissionError(13, 'Permission denied')

    monkeypatch.setattr('falcon_images.cli.serve.listen', refuse)
    with pytest.raises(SettingsError, match='Port 80 may not be used'):
        main([], {})


def test_a_folder_that_cannot_be_written_is_refused(
    start: Start, tmp_path: Path
) -> None:
    (tmp_path / 'file').write_text('')
    line = refused(start(UPLOADS_DIRECTORY='file/uploads'))
    assert 'UPLOADS_DIRECTORY' in line
    (tmp_path / 'data').write_text('')
    assert 'private MongoDB cannot be written' in refused(start(UPLOADS_DIRECTORY='u'))


@pytest.mark.parametrize(
    ('environ', 'text'),
    [
        ({'APP_THREADS': 'x'}, "APP_THREADS must be an integer of 0 or more, not 'x'"),
        ({'USE_AUTHENTICATION': 'false'}, 'IDENTIFICATION_URL must hold the URL'),
        (
            {'MONGODB_URL': 'mysql://u:secret@x'},
            'MONGODB_URL must begin with mongodb://',
        ),
    ],
)
def test_a_bad_setting_is_refused(
    start: Start, environ: dict[str, str], text: str
) -> None:
    line = refused(start(**environ))
    assert text in line
    assert 'secret' not in line


def test_a_database_that_is_away_does_not_prevent_the_start(start: Start) -> None:
    serving = start(MONGODB_URL='mongodb://user:secret@127.0.0.1:1').ready()
    eventually(lambda: 'The database does not answer' in serving.log)
    assert serving.get('/').json()['mongodb'] == {
        'url': 'mongodb://127.0.0.1:1',
        'db': 'image_storage',
        'connected': False,
    }
    response = serving.get('/collections')
    assert response.status_code == 503
    assert response.headers['Retry-After']
    assert serving.stop() == 0
    assert 'secret' not in serving.log


def test_a_hang_up_half_way_leaves_nothing(start: Start) -> None:
    serving = start().ready()
    sent = form(('image', jpeg(), 'a.jpg'))
    head = (
        'POST /collections/c/images HTTP/1.1\r\nHost: x\r\n'
        f'Content-Type: {sent.content_type}\r\n'
        f'Content-Length: {len(sent.body)}\r\n\r\n'
    )
    for length in (0, 10, len(sent.body) // 2, len(sent.body) - 1):
        with socket.create_connection(('127.0.0.1', serving.port)) as connection:
            connection.sendall(head.encode() + sent.body[:length])
    assert serving.get('/collections').json() == []
    uploads = serving.folder / 'data/uploads'
    assert not list(uploads.rglob('*.part'))
    assert not list((uploads / 'images').iterdir())


def test_requests_in_flight_are_finished_when_it_stops(start: Start) -> None:
    """Each answer of 200 during a stop is an image after the restart."""
    serving = start().ready()
    stored: list[str] = []
    begun = threading.Event()

    def work(_: int) -> None:
        session = requests.Session()
        with contextlib.suppress(requests.ConnectionError):
            while True:
                response = session.post(
                    f'{serving.url}/collections/c/images',
                    files={'image': ('a.jpg', jpeg())},
                    timeout=60,
                )
                assert response.status_code == 200
                stored.append(response.json()['_id'])
                if len(stored) > 20:
                    begun.set()

    with ThreadPoolExecutor(8) as pool:
        workers = [pool.submit(work, number) for number in range(8)]
        assert begun.wait(30)
        assert serving.stop() == 0
        for worker in workers:
            worker.result()
    assert 'cut off' not in serving.log
    again = start().ready()
    documents = again.get('/collections/c/images').json()
    assert set(stored) <= {document['_id'] for document in documents}
    files = (again.folder / 'data/uploads/images').rglob('*.jpg')
    assert {path.stem for path in files} == {document['_id'] for document in documents}


def test_memory_stays_flat_for_a_body_of_300_mb(start: Start) -> None:
    if sys.platform != 'linux':
        pytest.skip('no /proc on this system')
    serving = start().ready()
    serving.upload(jpeg())
    before = peak_memory(serving)
    sent = form(('image', jpeg() + b'\0' * 300_000_000, 'a.jpg'))
    response = serving.session.post(
        f'{serving.url}/collections/c/images',
        data=sent.body,
        headers={'Content-Type': sent.content_type},
        timeout=100,
    )
    assert response.json()['_file']['size'] == len(jpeg()) + 300_000_000
    path = response.headers['Location'] + '/image'
    with serving.get(path, stream=True) as download:
        digest = hashlib.sha256()
        for chunk in download.iter_content(2**20):
            digest.update(chunk)
    assert digest.hexdigest() == response.json()['_file']['sha256']
    assert peak_memory(serving) - before < 16_000


def peak_memory(serving: Serving) -> int:
    """The most memory that its processes have had, in KiB."""
    statuses = [Path(f'/proc/{pid}/status').read_text() for pid in serving.pids]
    lines = [line for status in statuses for line in status.splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith('VmHWM'))


def test_the_log_can_be_json(start: Start, mongodb_url: str) -> None:
    serving = start(MONGODB_URL=mongodb_url, LOG_FORMAT='json').ready()
    serving.get('/collections?token=secret')
    assert serving.stop() == 0
    written = [json.loads(line) for line in serving.lines]
    assert written[-1]['message'] == 'Stopped'
    assert [line['path'] for line in written if 'path' in line] == ['/collections']
    assert 'secret' not in serving.log


def test_the_log_begins_with_what_it_means_to_be_open(
    start: Start, mongodb_url: str
) -> None:
    opened = start(MONGODB_URL=mongodb_url).ready()
    assert 'Authentication is off: everybody on the network' in opened.lines[0]
    closed = start(
        MONGODB_URL=mongodb_url,
        USE_AUTHENTICATION='1',
        IDENTIFICATION_URL='http://127.0.0.1:9/',
    ).ready()
    assert 'Authentication is on' in closed.lines[0]


def test_tags_in_several_lines_are_one_list(start: Start, mongodb_url: str) -> None:
    serving = start(MONGODB_URL=mongodb_url).ready()
    document = serving.upload(jpeg())
    path = f'/collections/c/images/{document["_id"]}/image'
    tag = f'"{document["_file"]["sha256"]}"'

    def status(method: str, header: str, *given: str) -> str:
        lines = ''.join(f'{header}: {each}\r\n' for each in given)
        with socket.create_connection(('127.0.0.1', serving.port)) as connection:
            request = f'{method} {path} HTTP/1.1\r\nHost: x\r\n{lines}'
            connection.sendall(f'{request}Connection: close\r\n\r\n'.encode())
            return connection.recv(12).decode()[9:]

    assert status('GET', 'If-None-Match', '"x"', tag) == '304'
    assert status('HEAD', 'If-Match', '"x"', tag) == '200'
    assert status('GET', 'If-Match', '"x"', '"y"') == '412'
