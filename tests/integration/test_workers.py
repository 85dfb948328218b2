"""Several worker processes behind one socket."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import requests

from falcon_images.server.workers import pause_seconds
from tests.support.pictures import jpeg
from tests.support.service import form
from tests.support.serving import ROOT, Serving, eventually

Start = Callable[..., Serving]

pytestmark = pytest.mark.skipif(os.name == 'nt', reason='Windows has one process')
_REPLACED = re.compile(r'Worker (\d+) ended')


def has_grown(stored: list[str], size: int) -> bool:
    return len(stored) > size


def is_alive(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def test_the_option_says_how_many_there_are(start: Start) -> None:
    serving = start('--workers', '3').ready()
    eventually(lambda: len(serving.workers) == 3)
    assert '(worker processes: 3)' in serving.log


def test_one_worker_needs_no_process_of_its_own(start: Start) -> None:
    serving = start('--workers', '1').ready()
    serving.upload(jpeg())
    assert serving.workers == []


@pytest.mark.parametrize('count', ['x', '-1', '1.5'])
def test_a_count_that_is_none_is_refused(start: Start, count: str) -> None:
    serving = start(f'--workers={count}')
    assert serving.ended() == 1
    assert 'APP_WORKERS must be an integer' in serving.log


def test_a_worker_that_is_killed_is_replaced(start: Start) -> None:
    serving = start('--workers', '2').ready()
    document = serving.upload(jpeg())
    eventually(lambda: len(serving.workers) == 2)
    killed = serving.workers[0]
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: killed not in serving.workers and len(serving.workers) == 2)
    assert _REPLACED.findall(serving.log) == [str(killed)]
    for _ in range(20):
        # A connection each: some of them are for the new worker.
        answer = requests.get(f'{serving.url}/collections/c/images', timeout=10)
        assert answer.json() == [document]


def test_uploads_go_on_while_workers_are_killed(start: Start) -> None:
    serving = start('--workers', '4').ready()
    stored: list[str] = []
    ended = threading.Event()

    def upload() -> None:
        while not ended.is_set():
            with contextlib.suppress(requests.ConnectionError):
                answer = requests.post(
                    f'{serving.url}/collections/c/images',
                    files={'image': ('a.jpg', jpeg())},
                    timeout=30,
                )
                assert answer.status_code == 200
                stored.append(answer.json()['_id'])

    with ThreadPoolExecutor(8) as pool:
        uploads = [pool.submit(upload) for _ in range(8)]
        for _ in range(5):
            eventually(lambda: len(serving.workers) == 4)
            os.kill(serving.workers[0], signal.SIGKILL)
            eventually(partial(has_grown, stored, len(stored) + 20))
        ended.set()
        for each in uploads:
            each.result()
    listed = serving.get('/collections/c/images').json()
    assert set(stored) <= {document['_id'] for document in listed}
    for document in listed:
        path = f'/collections/c/images/{document["_id"]}/image'
        assert serving.get(path).content == jpeg()


def test_a_stop_ends_all_after_their_requests(start: Start) -> None:
    serving = start('--workers', '4').ready()
    eventually(lambda: len(serving.workers) == 4)
    pids = serving.workers
    sent = form(('image', jpeg(), 'a.jpg'))
    head = (
        'POST /collections/c/images HTTP/1.1\r\nHost: x\r\n'
        f'Content-Type: {sent.content_type}\r\nContent-Length: {len(sent.body)}\r\n\r\n'
    )
    with socket.create_connection(('127.0.0.1', serving.port)) as connection:
        connection.sendall(head.encode() + sent.body[:100])
        serving.get('/')
        serving.interrupt()
        eventually(lambda: sum(map(is_alive, pids)) == 1)
        connection.sendall(sent.body[100:])
        assert connection.recv(65536).startswith(b'HTTP/1.1 200')
    assert serving.ended() == 0
    assert not any(map(is_alive, pids))
    assert serving.log.count('Stopped') == 1


def test_a_stop_refuses_new_connections(start: Start) -> None:
    serving = start('--workers', '2').ready()
    serving.get('/')
    serving.interrupt()
    assert serving.ended() == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(('127.0.0.1', serving.port))


def test_workers_end_when_their_parent_is_killed(start: Start) -> None:
    serving = start('--workers', '3').ready()
    eventually(lambda: len(serving.workers) == 3)
    pids = serving.workers
    serving.kill()
    eventually(lambda: not any(map(is_alive, pids)))
    # It answers: only then is it sure to know how to stop.
    again = start().ready()
    assert again.get('/health/live').status_code == 200
    assert again.stop() == 0


def test_one_private_database_serves_all(start: Start) -> None:
    serving = start('--workers', '4').ready()
    documents = [serving.upload(jpeg()) for _ in range(8)]
    for _ in range(20):
        answer = requests.get(f'{serving.url}/collections/c/images', timeout=10)
        assert answer.json() == documents[::-1]


def test_a_key_is_one_for_all_workers(start: Start) -> None:
    serving = start('--workers', '4').ready()
    headers = {'Idempotency-Key': 'k'}

    def upload(_: int) -> str:
        answer = requests.post(
            f'{serving.url}/collections/c/images',
            files={'image': ('a.jpg', jpeg())},
            headers=headers,
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()['_id'])

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(upload, range(48)))) == 1


def test_connections_are_shared_out(start: Start) -> None:
    if sys.platform != 'linux':
        pytest.skip('this system does not tell whose a connection is')
    serving = start('--workers', '2').ready()
    eventually(lambda: len(serving.workers) == 2)
    before = {pid: _sockets(pid) for pid in serving.workers}
    with contextlib.ExitStack() as stack:

        def both_have_some() -> bool:
            session = stack.enter_context(requests.Session())
            assert session.get(f'{serving.url}/health/live', timeout=10).ok
            return all(_sockets(pid) > count + 4 for pid, count in before.items())

        eventually(both_have_some)


def _sockets(pid: int) -> int:
    links = Path(f'/proc/{pid}/fd').iterdir()
    return sum(str(link.readlink()).startswith('socket:') for link in links)


def test_a_worker_that_goes_on_dying_is_replaced_ever_later() -> None:
    crash, kill = 1, -signal.SIGKILL
    assert [pause_seconds(5, number, crash) for number in range(1, 9)] == [
        *(0, 1, 2, 4, 8, 16, 30, 30)
    ]
    assert [pause_seconds(0.1, number, crash) for number in (1, 2, 3)] == [1, 1, 2]
    assert [pause_seconds(5, number, kill) for number in (1, 2, 9)] == [0, 1, 1]
    assert pause_seconds(100, 0, crash) == 0


DYING = """
import os, socket, sys
from falcon_images.server.workers import Workers
def die():
    os.write(1, b'x')
    os._exit(3)
Workers(2, socket.socket(), die).run()
"""


def test_a_stop_does_not_wait_for_a_worker_that_is_to_be_replaced() -> None:
    with subprocess.Popen(
        [sys.executable, '-c', DYING], cwd=ROOT, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stdout.read(6) == b'x' * 6
        begun = time.monotonic()
        process.terminate()
        assert process.wait(10) == 0
        assert time.monotonic() - begun < 0.9
