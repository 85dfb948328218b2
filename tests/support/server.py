"""The server in a thread, and requests written byte for byte."""

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from falcon_images.server.http_server import Server, listen
from falcon_images.server.timeouts import Timeouts
from falcon_images.server.verdict import Admit
from tests.support.wine import PATIENCE

MB = 1024**2
PATIENT = Timeouts(header_seconds=20, request_seconds=3600)
Address = tuple[str, int]
Respond = Callable[[str, list[tuple[str, str]]], Any]


class Recorder:
    """A WSGI application that says ``ok`` and remembers what it was asked."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.bodies: list[bytes] = []
        self.lengths: list[str | None] = []

    def __call__(self, environ: dict[str, Any], respond: Respond) -> Iterable[bytes]:
        self.paths.append(environ['PATH_INFO'])
        self.bodies.append(environ['wsgi.input'].read())
        self.lengths.append(environ.get('CONTENT_LENGTH'))
        respond('200 OK', [('Content-Length', '2')])
        return [b'ok']


class Gate(Recorder):
    """One that answers when it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.opened = threading.Event(), threading.Event()

    def __call__(self, environ: dict[str, Any], respond: Respond) -> Iterable[bytes]:
        self.entered.set()
        self.opened.wait(5)
        return super().__call__(environ, respond)


class Serving:
    """A server in a thread."""

    def __init__(
        self,
        application: Any,
        *,
        max_body_bytes: int,
        threads: int,
        timeouts: Timeouts,
        admit: Admit | None = None,
    ) -> None:
        listener = listen('127.0.0.1', 0)
        self.address: Address = listener.getsockname()
        self.server = Server(
            application,
            listener,
            threads=threads,
            max_body_bytes=max_body_bytes,
            timeouts=timeouts,
            admit=admit,
        )
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        self._stop_began = False

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=3)

    def begin_stop(self) -> None:
        if not self._stop_began:
            self._stop_began = True
            self.server.stop()

    def ends_within(self, seconds: float) -> bool:
        self.thread.join(seconds)
        return not self.thread.is_alive()

    def read_all_that_was_sent(self) -> None:
        """Make it read what other connections have sent before this call."""
        with self.connect() as client:
            # The loop that reads answers this itself, even when all threads work.
            client.sendall(post(b'', 'Expect: 100-continue', 'Content-Length: 1'))
            assert client.recv(65536) == b'HTTP/1.1 100 Continue\r\n\r\n'


@contextlib.contextmanager
def serving(
    application: Any,
    *,
    max_body_bytes: int = MB,
    threads: int = 4,
    timeouts: Timeouts = PATIENT,
    admit: Admit | None = None,
) -> Iterator[Serving]:
    made = Serving(
        application,
        max_body_bytes=max_body_bytes,
        threads=threads,
        timeouts=timeouts,
        admit=admit,
    )
    try:
        yield made
    finally:
        made.begin_stop()
        assert made.ends_within(40)


def read_answer(client: socket.socket) -> http.client.HTTPResponse:
    """Read one answer, its body too, and nothing after it."""
    answer = http.client.HTTPResponse(client)
    answer.begin()
    answer.read()
    return answer


def read_all(client: socket.socket) -> bytes:
    """Read until the server closes the connection."""
    received = b''
    # A connection that is closed before all was read ends with a reset.
    with contextlib.suppress(ConnectionError):
        while piece := client.recv(65536):
            received += piece
    return received


def exchange(service: Serving, *pieces: bytes) -> bytes:
    """Send a request that ends the connection, and read all that comes."""
    with service.connect() as client:
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                client.sendall(piece)
        return read_all(client)


def assert_error(answer: bytes, status: int) -> None:
    head, _, body = answer.partition(b'\r\n\r\n')
    lines = head.decode().split('\r\n')
    assert lines[0].split()[1] == str(status), answer[:300]
    assert 'Content-Type: application/json' in lines
    assert 'Access-Control-Allow-Origin: *' in lines
    assert 'Connection: close' in lines
    assert set(json.loads(body)) == {'title', 'description'}


def post(body: bytes, *headers: str, path: str = '/') -> bytes:
    lines = [f'POST {path} HTTP/1.1', 'Host: x', *headers, '', '']
    return '\r\n'.join(lines).encode('latin-1') + body


def chunked(*chunks: bytes) -> bytes:
    framed = b''.join(b'%x\r\n%s\r\n' % (len(chunk), chunk) for chunk in chunks)
    return framed + b'0\r\n\r\n'


def eventually(condition: Callable[[], bool], seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds * PATIENCE
    while not condition() and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    return condition()


GET = b'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
LAST = b'GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
SMUGGLED = b'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
