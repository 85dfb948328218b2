"""Bodies and tokens that are refused early, by the real `serve.py`."""

import contextlib
import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pymongo
import pytest

from falcon_images.embedded.mongod import EmbeddedMongo
from tests.support.identification import IdentificationServer
from tests.support.pictures import jpeg
from tests.support.raw_requests import connect, exchange, get, upload
from tests.support.serving import Serving, eventually

Start = Callable[..., Serving]
MB = 1024**2
FORM = 'Content-Type: multipart/form-data; boundary=limit'


def announced(path: str, *headers: str, size: int = 120 * MB) -> bytes:
    length = f'Content-Length: {size}'
    lines = [f'POST {path} HTTP/1.1', 'Host: x', FORM, length, *headers, '', '']
    return '\r\n'.join(lines).encode()


@pytest.fixture
def guarded(
    start: Start,
    mongodb_url: str,
    identification: IdentificationServer,
    tmp_path: Path,
) -> Serving:
    temporary = tmp_path / 'temporary'
    temporary.mkdir()
    return start(
        MONGODB_URL=mongodb_url,
        MONGODB_DB=f'test_{uuid.uuid4().hex}',
        USE_AUTHENTICATION='1',
        IDENTIFICATION_URL=identification.url,
        TMPDIR=str(temporary),
        APP_WORKERS='1',
        APP_THREADS='2',
    ).ready()


def _open_below(folder: Path, serving: Serving) -> list[str]:
    found = []
    for pid in serving.pids:
        for link in Path(f'/proc/{pid}/fd').iterdir():
            with contextlib.suppress(OSError):
                found.append(str(link.readlink()))
    return [path for path in found if path.startswith(str(folder))]


@pytest.mark.skipif(sys.platform != 'linux', reason='there is no /proc')
def test_nobody_without_a_token_fills_the_disk(
    guarded: Serving, tmp_path: Path
) -> None:
    images = '/collections/c/images'
    requests = [
        (announced(images), b'401'),
        (announced(images, 'Expect: 100-continue'), b'401'),
        (announced(images, 'Authorization: Bearer unknown'), b'403'),
        (announced('/no/such/address'), b'404'),
    ]
    with contextlib.ExitStack() as stack:
        for request, status in requests * 3:
            client = stack.enter_context(connect(guarded))
            client.sendall(request)
            assert client.recv(65536).split()[1] == status
            with contextlib.suppress(ConnectionError):
                client.sendall(b'x' * MB)
        assert _open_below(tmp_path / 'temporary', guarded) == []


def test_a_known_token_and_health_do_not_wait_for_a_slow_identification_service(
    guarded: Serving,
    identification: IdentificationServer,
) -> None:
    plain = identification.answer
    opened = threading.Event()

    def answer(handler: object) -> None:
        if handler.headers['Authorization'] != 'Bearer known':  # type: ignore[attr-defined]
            opened.wait(10)
        plain(handler)  # type: ignore[arg-type]

    identification.answer = answer
    known = 'Authorization: Bearer known'
    assert exchange(guarded, get('/collections', known)).startswith(b'HTTP/1.1 200')
    with contextlib.ExitStack() as stack:
        for number in range(24):
            client = stack.enter_context(connect(guarded))
            client.sendall(get('/collections', f'Authorization: Bearer u{number}'))
        eventually(lambda: len(identification.asked) == 25)
        for request in (get('/collections', known), get('/health/live')):
            began = time.monotonic()
            assert exchange(guarded, request).startswith(b'HTTP/1.1 200')
            assert time.monotonic() - began < 2
        opened.set()


@pytest.fixture
def mongo(tmp_path: Path) -> Iterator[EmbeddedMongo]:
    started = EmbeddedMongo(tmp_path / 'mongo')
    started.wait_until_ready()
    yield started
    started.stop()


@pytest.mark.skipif(os.name == 'nt', reason='Windows cannot freeze a process')
def test_health_does_not_wait_for_the_only_thread(
    start: Start, mongo: EmbeddedMongo
) -> None:
    serving = start(MONGODB_URL=mongo.url, APP_THREADS='1', APP_WORKERS='1').ready()
    with pymongo.MongoClient[dict[str, object]](mongo.url) as client:
        pid = int(str(client.admin.command('serverStatus')['pid']))
    assert serving.get('/collections').json() == []
    os.kill(pid, signal.SIGSTOP)
    try:
        with connect(serving) as busy:
            busy.sendall(get('/collections'))
            for path in ('/health/live', '/health/live/'):
                began = time.monotonic()
                assert exchange(serving, get(path)).endswith(b'{"status":"live"}')
                assert time.monotonic() - began < 1
            busy.setblocking(False)
            with pytest.raises(BlockingIOError):
                busy.recv(1)
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.skipif(sys.platform != 'linux', reason='there is no /proc')
def test_many_bodies_that_do_not_end_take_little_memory(
    start: Start, mongodb_url: str
) -> None:
    name = f'test_{uuid.uuid4().hex}'
    serving = start(MONGODB_URL=mongodb_url, MONGODB_DB=name, APP_WORKERS='1').ready()
    serving.upload(jpeg())
    before = _resident_bytes(serving)
    body = b'x' * 500_000
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            client = stack.enter_context(connect(serving))
            client.sendall(announced('/collections/c/images', size=MB) + body)
        assert exchange(serving, get('/collections')).startswith(b'HTTP/1.1 200')
        assert _resident_bytes(serving) - before < 110 * MB
        assert exchange(serving, upload('c', jpeg())).startswith(b'HTTP/1.1 200')


def _resident_bytes(serving: Serving) -> int:
    text = Path(f'/proc/{serving.process.pid}/status').read_text(encoding='utf-8')
    line = next(line for line in text.splitlines() if line.startswith('VmRSS'))
    return int(line.split()[1]) * 1024
