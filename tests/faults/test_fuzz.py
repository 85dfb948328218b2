"""Random and damaged requests: each is answered well, and none leaves a trace."""

import contextlib
import gc
import json
import logging
import socket
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.mutations import Request, Requests
from tests.support.processes import descriptors
from tests.support.report import Report
from tests.support.service import Service
from tests.support.serving import Serving, eventually

SHORT_IN_PROCESS, LONG_IN_PROCESS = 1200, 70_000
SHORT_RAW, LONG_RAW = 400, 30_000
RAW_THREADS = 4
PATIENCE_SECONDS = 0.25
ANSWER_SECONDS = 20
ALLOWED_FAILURES = (503, 507)


def check_status(status: int, said: object) -> None:
    assert status < 500 or status in ALLOWED_FAILURES, said


def check_error(body: bytes, said: object) -> None:
    error = json.loads(body)
    assert error['title'], said
    assert error['description'], said


class TestInProcess:
    """Through Falcon's own client, so that many are made in a short time."""

    def test_no_request_is_answered_badly(
        self,
        service: Service,
        seed: int,
        is_long: bool,
        report: Report,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        requests, statuses = Requests(seed), Counter[int]()
        caplog.set_level(logging.ERROR)
        self._send(service, requests, 20)
        gc.collect()
        before = descriptors('self')
        for number in range(LONG_IN_PROCESS if is_long else SHORT_IN_PROCESS):
            statuses.update(self._send(service, requests, 1))
            failures = [record for record in caplog.records if record.exc_info]
            assert not failures, (seed, number, failures)
            report(requests=number + 1, **figures(statuses))
        gc.collect()
        assert descriptors('self') <= before + 2
        check_whole(service)

    def _send(self, service: Service, requests: Requests, count: int) -> list[int]:
        return [self._send_one(service, requests) for _ in range(count)]

    def _send_one(self, service: Service, requests: Requests) -> int:
        request = requests.next()
        path = quote(request.path, safe="/%:@!$&'()*+,;=~", errors='replace')
        response = service.client.simulate_request(
            request.method if request.method.isupper() else 'GET',
            path,
            query_string=request.query,
            headers={
                name: value
                for name, value in request.headers.items()
                if value.isascii() and value.isprintable()
            },
            body=request.body,
        )
        said = (request, response.status_code, response.content[:300])
        check_status(response.status_code, said)
        if response.status_code >= 400 and request.method != 'HEAD':
            check_error(response.content, said)
        remember(requests, request, response.status_code, response.content)
        return response.status_code


def remember(requests: Requests, request: Request, status: int, body: bytes) -> None:
    """Keep the ids of what was stored or changed, to be asked for later."""
    if status != 200 or request.method not in ('POST', 'PATCH', 'DELETE'):
        return
    answer = json.loads(body)
    if request.method == 'POST' and '_id' in answer:
        requests.known_ids.append(answer['_id'])
    elif isinstance(change := answer.get('change'), str):
        requests.known_changes.append(change)


def figures(statuses: Counter[int]) -> dict[str, object]:
    return {f'{status}': count for status, count in sorted(statuses.items())}


def check_whole(service: Service) -> None:
    """Every file has its document, and nothing else is there."""
    files = service.stored_files()
    assert not [path for path in files if path.suffix == '.part']
    ids = [
        str(document['_id'])
        for name in service.parts.mongo.collection_names()
        for document in service.database[name].find({}, {'_id': True})
    ]
    # The files of images that were deleted in bulk stay for a time.
    kept = service.database['_service.before'].find({'kind': 'delete'})
    ids += [str(image['before']['_id']) for image in kept]
    noted = {
        unresolved_write.image_id
        for unresolved_write in service.folder.unresolved.all()
    }
    assert sorted(path.stem for path in files if path.stem not in noted) == sorted(ids)


def raw(request: Request, requests: Requests) -> bytes:
    """Write a request as bytes, sometimes damaged."""
    chance = requests.chance
    target = quote(request.path, safe="/%:@!$&'()*+,;=~", errors='replace')
    if chance.random() < 0.1:
        target = request.path.replace('\r\n', '')
    target += f'?{request.query}' if request.query else ''
    length = len(request.body) + (
        chance.choice((-1, 1, 5)) if chance.random() < 0.05 else 0
    )
    headers = {
        'Host': 'localhost',
        'Content-Length': str(max(length, 0)),
    } | request.headers
    lines = [f'{request.method} {target} HTTP/1.1']
    lines += [f'{name}: {value}' for name, value in headers.items()]
    head = '\r\n'.join(lines).encode('utf-8', 'replace') + b'\r\n\r\n'
    if chance.random() < 0.1:
        head = requests.damage(head)
    return head + request.body


def answer(port: int, data: bytes) -> bytes:
    """Send bytes, and read what comes back until it pauses or ends."""
    received = b''
    with socket.create_connection(('127.0.0.1', port), ANSWER_SECONDS) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(data)
        connection.settimeout(PATIENCE_SECONDS)
        with contextlib.suppress(OSError):
            while not is_whole(received) and (chunk := connection.recv(65536)):
                received += chunk
    return received


def is_whole(received: bytes) -> bool:
    head, end, body = received.partition(b'\r\n\r\n')
    if not end or head.startswith(b'HTTP/1.1 100'):
        return False
    length = content_length(head)
    return length is not None and len(body) >= length


def content_length(head: bytes) -> int | None:
    for line in head.split(b'\r\n')[1:]:
        name, _, value = line.partition(b':')
        if name.strip().lower() == b'content-length':
            return int(value)
    return None


class RawClient:
    """One thread that sends bytes and judges what comes back."""

    def __init__(self, serving: Serving, seed: int, count: int) -> None:
        self._serving = serving
        self._requests = Requests(seed)
        self._count = count
        self.statuses = Counter[int]()
        self.wrong: list[object] = []

    def run(self) -> None:
        for _ in range(self._count):
            request = self._requests.next()
            data = raw(request, self._requests)
            try:
                self._judge(request, data, answer(self._serving.port, data))
            except Exception as ex:
                self.wrong.append((repr(ex), data[:2000]))
                return

    def _judge(self, request: Request, data: bytes, received: bytes) -> None:
        if received.startswith(b'HTTP/1.1 100'):
            received = received.partition(b'\r\n\r\n')[2]
        head, _, body = received.partition(b'\r\n\r\n')
        if not head:
            self.statuses[0] += 1
            return
        status = int(head.split(b' ', 2)[1])
        self.statuses[status] += 1
        # It is the server that says 501, of a coding that it does not know.
        if status != 501 or b'transfer-encoding' not in data.lower():
            check_status(status, received[:500])
        is_error = status >= 400 and not data.startswith(b'HEAD')
        if is_error and is_whole(received):
            check_error(body[: content_length(head)], received[:500])
        elif is_whole(received):
            with contextlib.suppress(ValueError, KeyError, TypeError):
                remember(self._requests, request, status, body)


def test_no_bytes_on_a_socket_are_answered_badly(
    start: Callable[..., Serving], seed: int, is_long: bool, report: Report
) -> None:
    serving = start().ready()
    count = (LONG_RAW if is_long else SHORT_RAW) // RAW_THREADS
    clients = [RawClient(serving, seed + n, count) for n in range(RAW_THREADS)]
    warm_up(serving)
    before = descriptors(*serving.pids)
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = sum((client.statuses for client in clients), Counter[int]())
    report(requests=total.total(), **figures(total))
    assert [client.wrong for client in clients] == [[]] * RAW_THREADS
    assert 'Traceback' not in serving.log
    assert serving.process.poll() is None
    # Each process may keep a connection to the database for each client at once.
    kept = RAW_THREADS * len(serving.pids)
    eventually(lambda: descriptors(*serving.pids) <= before + kept)
    eventually(lambda: is_in_step(serving))


def warm_up(serving: Serving) -> None:
    for _ in range(20):
        serving.get('/collections')


def is_in_step(serving: Serving) -> bool:
    """Tell whether there is a file for each document, and nothing else."""
    root = serving.folder / 'data/uploads'
    parts = list(root.rglob('*.part'))
    files = [path for path in (root / 'images').rglob('*') if path.is_file()]
    documents: list[dict[str, Any]] = []
    for name in serving.get('/collections').json():
        path = f'/collections/{quote(name, safe="")}/images'
        documents += serving.get(path).json()
    return not parts and sorted(path.stem for path in files) == sorted(
        document['_id'] for document in documents
    )
