"""Hostile and slow clients, against the real `serve.py`."""

import contextlib
import json
import random
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pymongo
import pytest
from bson import ObjectId

from tests.support.pictures import SVG, jpeg
from tests.support.raw_requests import RESET, connect, exchange, get, upload
from tests.support.serving import Serving, eventually

Start = Callable[..., Serving]
Call = Callable[[], Any]

MB = 1024**2
SLOW_CLIENTS = 500
STALLED_READERS = 10
HANG_UPS = 1000
# Connections to the database that may be kept for later, one a thread.
POOLED = 8
ANSWER_SECONDS = 1.0
HEADERS = b'GET /collections HTTP/1.1\r\nHost: x\r\nX-Slow: '
BODY = (
    b'POST /collections/slow/images HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n'
    b'Content-Type: multipart/form-data; boundary=limit\r\n\r\n'
)

needs_proc = pytest.mark.skipif(
    sys.platform != 'linux', reason='the system has no /proc'
)


@pytest.fixture(autouse=True)
def many_files() -> None:
    """Let this process open enough sockets, where the system counts them."""
    with contextlib.suppress(ImportError):
        import resource  # noqa: PLC0415 - Windows has none

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 4096 if hard == resource.RLIM_INFINITY else min(hard, 4096)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@pytest.fixture
def serving(start: Start, mongodb_url: str) -> Serving:
    name = f'test_{uuid.uuid4().hex}'
    return start(MONGODB_URL=mongodb_url, MONGODB_DB=name).ready()


def slowest(*calls: Call, seconds: float) -> float:
    """Make calls in turn for some time, and tell how long the slowest one took."""
    worst, end = 0.0, time.monotonic() + seconds
    while time.monotonic() < end:
        for call in calls:
            began = time.monotonic()
            call()
            worst = max(worst, time.monotonic() - began)
    return worst


@contextlib.contextmanager
def slow_clients(serving: Serving, *begins: bytes) -> Iterator[list[socket.socket]]:
    """Clients that send a byte a second, at times spread over the second."""
    with contextlib.ExitStack() as stack:
        clients = []
        for begin in begins * SLOW_CLIENTS:
            clients.append(stack.enter_context(connect(serving)))
            clients[-1].sendall(begin)
        ended = threading.Event()
        thread = threading.Thread(target=_drip, args=(clients, ended))
        thread.start()
        yield clients
        ended.set()
        thread.join()


def _drip(clients: list[socket.socket], ended: threading.Event) -> None:
    while not ended.is_set():
        for client in clients:
            with contextlib.suppress(OSError):
                client.sendall(b'x')
            if ended.wait(1 / len(clients)):
                break


@pytest.mark.parametrize(
    'begins', [(HEADERS,), (BODY,), (HEADERS, BODY)], ids=['headers', 'bodies', 'both']
)
def test_slow_clients_do_not_hold_others_up(
    serving: Serving, begins: tuple[bytes, ...]
) -> None:
    serving.upload(jpeg())
    with slow_clients(serving, *begins):
        worst = slowest(
            lambda: serving.upload(jpeg()),
            lambda: serving.get('/collections/c/images?limit=10').raise_for_status(),
            lambda: exchange(serving, get('/')),
            seconds=3,
        )
    assert worst < ANSWER_SECONDS


def test_slow_clients_are_told_so(start: Start, mongodb_url: str) -> None:
    serving = start(
        MONGODB_URL=mongodb_url, HEADER_TIMEOUT_SECONDS='1', REQUEST_TIMEOUT_SECONDS='2'
    ).ready()
    for begin in (HEADERS, BODY):
        head, _, body = exchange(serving, begin).partition(b'\r\n\r\n')
        assert head.split()[1] == b'408'
        assert b'Access-Control-Allow-Origin: *' in head.splitlines()
        assert json.loads(body)['title'] == 'Too slow'
    assert exchange(serving, b'') == b''


def test_stalled_readers_do_not_hold_others_up(
    serving: Serving, mongodb_url: str
) -> None:
    image_id = serving.upload(jpeg() + b'\0' * (20 * MB))['_id']
    _add_documents(serving, mongodb_url, 30_000)
    path = f'/collections/c/images/{image_id}/image'
    requests = [get('/collections/c/images'), get(path), get(path, 'Range: bytes=9-')]
    with contextlib.ExitStack() as stack:
        for request in requests * STALLED_READERS:
            reader = stack.enter_context(connect(serving, 4096))
            reader.sendall(request)
            assert reader.recv(11).startswith(b'HTTP/1.1 20')
        worst = slowest(
            lambda: serving.upload(jpeg(), 'other'),
            lambda: serving.get('/collections/c/images?limit=10').raise_for_status(),
            lambda: serving.get(path, headers={'Range': 'bytes=0-99'}),
            seconds=2,
        )
    assert worst < ANSWER_SECONDS


def _add_documents(serving: Serving, mongodb_url: str, count: int) -> None:
    name = serving.get('/').json()['mongodb']['db']
    with pymongo.MongoClient[dict[str, Any]](mongodb_url) as client:
        now = datetime.now(UTC)
        client[name]['c'].insert_many(
            {'_id': ObjectId(), 'time': now, 'image': 'a.jpg', 'label': 'x' * 200}
            for _ in range(count)
        )


def _descriptors(serving: Serving) -> list[str]:
    found = []
    for pid in serving.pids:
        for link in Path(f'/proc/{pid}/fd').iterdir():
            with contextlib.suppress(OSError):
                found.append(str(link.readlink()))
    return found


def _threads(serving: Serving) -> int:
    return sum(len(list(Path(f'/proc/{pid}/task').iterdir())) for pid in serving.pids)


@needs_proc
def test_clients_that_hang_up_leave_nothing_behind(serving: Serving) -> None:
    image_id = serving.upload(jpeg() + b'\0' * (2 * MB))['_id']
    requests = [
        get('/'),
        get('/collections/c/images'),
        get(f'/collections/c/images/{image_id}/image'),
        upload('c', jpeg()),
        upload('c', jpeg() + b'\0' * MB),
        b'garbage\r\n\r\n' + b'x' * 99,
    ]
    _hang_up(serving, requests, len(requests) * 5)
    _is_at_rest(serving)
    before, threads = len(_descriptors(serving)), _threads(serving)
    _hang_up(serving, requests, HANG_UPS)
    _is_at_rest(serving)
    eventually(lambda: len(_descriptors(serving)) <= before + POOLED)
    assert _threads(serving) <= threads + 2
    assert not list(serving.folder.rglob('*.part'))
    assert 'Traceback' not in serving.log
    serving.upload(jpeg())


def _hang_up(serving: Serving, requests: list[bytes], count: int) -> None:
    chance = random.Random(1)
    for _ in range(count):
        request = chance.choice(requests)
        end = chance.choice([len(request), chance.randrange(len(request))])
        with connect(serving) as client, contextlib.suppress(ConnectionError):
            client.sendall(request[:end])
            if end == len(request) and chance.random() < 0.5:
                client.recv(chance.randrange(1, 100_000))
            if chance.random() < 0.5:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def _is_at_rest(serving: Serving) -> None:
    """Wait until no connection, and no file of a request, is open."""
    serving.session.close()
    images = str(serving.folder / 'data/uploads/images')
    eventually(lambda: not _files_below(images, _descriptors(serving)))
    counts = [0]

    def is_steady() -> bool:
        counts.append(len(_descriptors(serving)))
        return len(counts) > 20 and len(set(counts[-20:])) == 1

    eventually(is_steady)


def _files_below(folder: str, opened: list[str]) -> list[str]:
    # Folders that are synced again and again stay open.
    return [p for p in opened if p.startswith(folder) and not Path(p).is_dir()]


@needs_proc
def test_a_service_without_descriptors_recovers(serving: Serving) -> None:
    resource: Any = pytest.importorskip('resource')
    if not hasattr(resource, 'prlimit'):
        pytest.skip('the system cannot limit another process')
    serving.upload(jpeg())
    serving.session.close()
    pids = serving.pids
    limits = resource.prlimit(pids[0], resource.RLIMIT_NOFILE)
    few = (len(_descriptors(serving)) // len(pids) + 30, limits[1])
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, few)
    with contextlib.ExitStack() as stack:
        many = 100 * len(pids)
        clients = [stack.enter_context(connect(serving)) for _ in range(many)]
        for client in clients:
            client.sendall(HEADERS)
        eventually(lambda: serving.log.count('have to wait') == len(pids))
        began = _cpu_seconds(serving)
        threading.Event().wait(1)
        assert _cpu_seconds(serving) - began < 0.5
    assert exchange(serving, get('/collections')).startswith(b'HTTP/1.1 200')
    assert serving.log.count('have to wait') == len(pids)
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
    serving.upload(jpeg())


def _cpu_seconds(serving: Serving) -> float:
    ticks = 0
    for pid in serving.pids:
        text = Path(f'/proc/{pid}/stat').read_text(encoding='utf-8')
        user, system = text.rpartition(')')[2].split()[11:13]
        ticks += int(user) + int(system)
    return ticks / 100


@pytest.mark.parametrize(
    'file_name',
    [
        'a%0D%0AX-Injected: 1.jpg',
        'a\rX-Injected: 1.jpg',
        'a\nX-Injected: 1.jpg',
        'a\r\nX-Injected: 1\r\n\r\nHTTP/1.1 200 OK.jpg',
        'a.jpg"; filename*=UTF-8\'\'a%0D%0AX-Injected: 1.jpg; x="',
        'a"; filename*=UTF-8\'\'%E5%98%8D%E5%98%8AX-Injected: 1.jpg; x="',
        'a\u560d\u560aX-Injected: 1.jpg',
        'a\u2028\x85\x0b\x0cX-Injected: 1.jpg',
    ],
    ids=range(8),
)
def test_a_file_name_does_not_split_an_answer(serving: Serving, file_name: str) -> None:
    answer = exchange(serving, upload('c', jpeg(), file_name))
    _is_whole(answer)
    for document in serving.get('/collections/c/images').json():
        for query in ('', '?download=1'):
            path = f'/collections/c/images/{document["_id"]}/image{query}'
            _is_whole(exchange(serving, get(path)))


@pytest.mark.parametrize(
    'name',
    [
        'c%0d%0aX-Injected:%201',
        'c%0aX-Injected:%201',
        'c%0dX-Injected:%201',
        'c%0d%0a%0d%0aHTTP/1.1%20200%20OK',
        'c%e5%98%8d%e5%98%8aX-Injected:%201',
        'c%c2%85X-Injected:%201',
    ],
    ids=range(6),
)
def test_a_collection_name_does_not_split_an_answer(
    serving: Serving, name: str
) -> None:
    _is_whole(exchange(serving, upload(name, jpeg())))
    for path in (f'/collections/{name}', f'/collections/{name}/images', f'/{name}'):
        _is_whole(exchange(serving, get(path)))


def _is_whole(answer: bytes) -> None:
    """One answer: its body as long as it says, and no header of a client's making."""
    head, _, body = answer.partition(b'\r\n\r\n')
    first, *lines = head.split(b'\r\n')
    assert first.startswith(b'HTTP/1.1 ')
    assert not first.startswith(b'HTTP/1.1 500')
    headers = dict(line.lower().split(b': ', 1) for line in lines)
    assert b'x-injected' not in headers
    assert b'\r' not in head.replace(b'\r\n', b'') and b'\n' not in b''.join(lines)
    assert len(body) == int(headers[b'content-length'])


HTML = b'<!doctype html><script>alert(1)</script>'


@pytest.mark.parametrize(
    ('content', 'stored'), [(HTML, False), (SVG, True), (jpeg() + HTML, True)]
)
@pytest.mark.parametrize('file_name', ['a.html', 'a.svg', 'a.jpg'])
def test_an_upload_cannot_run_in_a_browser(
    serving: Serving, content: bytes, stored: bool, file_name: str
) -> None:
    answer = exchange(serving, upload('c', content, file_name))
    assert answer.split()[1] == (b'200' if stored else b'415')
    if stored:
        image_id = json.loads(answer.partition(b'\r\n\r\n')[2])['_id']
        headers = serving.get(f'/collections/c/images/{image_id}/image').headers
        assert headers['X-Content-Type-Options'] == 'nosniff'
        assert headers['Content-Security-Policy'].startswith('sandbox')
        attachment = headers['Content-Disposition'].startswith('attachment')
        assert attachment or headers['Content-Type'] == 'image/jpeg'
