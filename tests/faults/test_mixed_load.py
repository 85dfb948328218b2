"""Clients that ask for much at once, and an honest one whose answers do not wait."""

import contextlib
import http.server
import itertools
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.support.pictures import jpeg, jpeg_in_scans
from tests.support.report import Report
from tests.support.serving import Serving

Start = Callable[..., Serving]

SHORT_SECONDS, LONG_SECONDS = 5, 120
MAX_SHORT_SECONDS, MAX_P99_SECONDS = 5.0, 1.0
KNOWN = {'Authorization': 'Bearer known'}
IDENTIFICATION_SECONDS = 8.0
QUERY_SECONDS = '2'
IMAGES = '/collections/{}/images'
# A tenth of a second of the database for each document that has it.
SLOW_TEXT, SLOW_FILTER = 'a' * 700, {'text': {'$regex': 'a*a*[cd]'}}
SLOW_DOCUMENTS, FAT_DOCUMENTS = 60, 12
FAT_TEXT = 'x' * 900_000


class Identification(http.server.BaseHTTPRequestHandler):
    """Knows one token at once; others take it long."""

    ended = threading.Event()

    def do_GET(self) -> None:
        is_known = self.headers['Authorization'] == KNOWN['Authorization']
        if not is_known:
            self.ended.wait(IDENTIFICATION_SECONDS)
        with contextlib.suppress(OSError):
            self.send_response(200 if is_known else 401)
            self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def identification_url() -> Iterator[str]:
    Identification.ended.clear()
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Identification)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f'http://127.0.0.1:{server.server_port}/'
    Identification.ended.set()
    server.shutdown()
    thread.join()
    server.server_close()


class Load:
    """Everybody else: some threads for each kind of what they ask for."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._stopped = threading.Event()
        self._numbers = itertools.count()
        self.answers = 0
        self._in_scans = jpeg_in_scans(6000, 6000)
        kinds = [
            (self._list_slowly, 12),
            (self._use_an_unknown_token, 12),
            (self._upload_odd_pictures, 2),
            (self._ask_for_thumbnails, 8),
            (self._read_nothing, 1),
            (self._send_a_body_slowly, 1),
        ]
        self._threads = [
            threading.Thread(target=self._repeat, args=(kind,))
            for kind, count in kinds
            for _ in range(count)
        ]

    def __enter__(self) -> 'Load':
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        Identification.ended.set()
        for thread in self._threads:
            thread.join(30)

    def _repeat(self, kind: Callable[[], None]) -> None:
        while not self._stopped.is_set():
            with contextlib.suppress(requests.RequestException, OSError):
                kind()
            self.answers += 1

    def _get(self, path: str, headers: dict[str, str], **params: str) -> int:
        url = f'{self._serving.url}{path}'
        answer = requests.get(url, headers=headers, params=params, timeout=20)
        if answer.status_code == 503:
            # It is asked again as fast as a rude client does.
            self._stopped.wait(0.1)
        return answer.status_code

    def _list_slowly(self) -> None:
        self._get(IMAGES.format('slow'), KNOWN, filter=json.dumps(SLOW_FILTER))

    def _use_an_unknown_token(self) -> None:
        token = f'Bearer unknown{next(self._numbers)}'
        self._get('/collections', {'Authorization': token})

    def _upload_odd_pictures(self) -> None:
        comment = b'P6\n#' + b'a' * 1_000_000
        self._post('odd', comment + b'\n9 9 255\n' + bytes(243))
        if stored := self._post('odd', self._in_scans):
            path = f'{IMAGES.format("odd")}/{stored}/thumbnail'
            self._get(path, KNOWN)

    def _ask_for_thumbnails(self) -> None:
        number = next(self._numbers) % 200
        stored = self._post('thumbnails', jpeg(2000 + number, 1500))
        if stored is not None:
            path = f'{IMAGES.format("thumbnails")}/{stored}/thumbnail'
            for size in ('small', 'medium', 'large'):
                self._get(path, KNOWN, size=size)

    def _post(self, name: str, content: bytes) -> str | None:
        answer = requests.post(
            f'{self._serving.url}{IMAGES.format(name)}',
            headers=KNOWN,
            files={'image': ('a.jpg', content)},
            timeout=20,
        )
        return answer.json()['_id'] if answer.status_code == 200 else None

    def _read_nothing(self) -> None:
        path = IMAGES.format('fat')
        head = f'GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer known\r\n\r\n'
        with self._sockets(30, head.encode()):
            self._stopped.wait()

    def _send_a_body_slowly(self) -> None:
        lines = [f'POST {IMAGES.format("c")} HTTP/1.1', 'Host: x']
        lines += ['Content-Type: multipart/form-data; boundary=limit']
        lines += ['Content-Length: 900000', '', 'x' * 450_000]
        with self._sockets(30, '\r\n'.join(lines).encode()) as clients:
            while not self._stopped.wait(0.1):
                for client in clients:
                    with contextlib.suppress(OSError):
                        client.send(b'x')

    @contextlib.contextmanager
    def _sockets(self, count: int, sent: bytes) -> Iterator[list[socket.socket]]:
        with contextlib.ExitStack() as stack:
            clients = []
            for _ in range(count):
                address = ('127.0.0.1', self._serving.port)
                client = stack.enter_context(socket.create_connection(address, 5))
                with contextlib.suppress(OSError):
                    client.sendall(sent)
                clients.append(client)
            yield clients


class Honest:
    """A client that does one thing again and again, and takes the time."""

    def __init__(self, call: Callable[[requests.Session], requests.Response]) -> None:
        self._call = call
        self.seconds: list[float] = []
        self.statuses: set[int] = set()

    def run(self, deadline: float) -> None:
        with requests.Session() as session:
            session.headers.update(KNOWN)
            while time.monotonic() < deadline:
                began = time.monotonic()
                self.statuses.add(self._call(session).status_code)
                self.seconds.append(time.monotonic() - began)

    @property
    def p99(self) -> float:
        return sorted(self.seconds)[int(len(self.seconds) * 0.99)]


def filled(serving: Serving) -> str:
    """Store what the load asks for; return the path of an honest image."""
    serving.session.headers.update(KNOWN)
    for _ in range(SLOW_DOCUMENTS):
        serving.upload(jpeg(), 'slow', text=SLOW_TEXT)
    for _ in range(FAT_DOCUMENTS):
        serving.upload(jpeg(), 'fat', text=FAT_TEXT)
    return f'{IMAGES.format("c")}/{serving.upload(jpeg())["_id"]}'


@pytest.mark.parametrize('arguments', [('--workers', '1'), ()], ids=['one', 'default'])
def test_an_honest_client_is_answered_whatever_others_ask_for(
    start: Start,
    identification_url: str,
    arguments: tuple[str, ...],
    is_long: bool,
    report: Report,
) -> None:
    serving = start(
        *arguments,
        USE_AUTHENTICATION='yes',
        IDENTIFICATION_URL=identification_url,
        QUERY_TIMEOUT_SECONDS=QUERY_SECONDS,
    ).ready()
    url, path = serving.url, filled(serving)
    image: Any = {'files': {'image': ('a.jpg', jpeg())}, 'timeout': 60}
    clients = {
        'upload': Honest(lambda s: s.post(f'{url}{IMAGES.format("c")}', **image)),
        'read': Honest(lambda s: s.get(f'{url}{path}', timeout=60)),
        'live': Honest(lambda s: s.get(f'{url}/health/live', timeout=60)),
    }
    seconds = LONG_SECONDS if is_long else SHORT_SECONDS
    with Load(serving) as load:
        deadline = time.monotonic() + seconds
        threads = [
            threading.Thread(target=client.run, args=(deadline,))
            for client in clients.values()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    kind = arguments[-1] if arguments else 'default'
    report(
        **{
            f'{name}_p99_ms_{kind}': round(client.p99 * 1000)
            for name, client in clients.items()
        }
    )
    assert load.answers > 0
    assert {name: client.statuses for name, client in clients.items()} == {
        name: {200} for name in clients
    }
    for client in clients.values():
        worst = client.p99 if is_long else max(client.seconds)
        assert worst < (MAX_P99_SECONDS if is_long else MAX_SHORT_SECONDS)
