"""An identification service, and a service that asks it."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from falcon_images.settings import Settings
from tests.support.service import Service, running

ID = '6565f0c2a1b2c3d4e5f60718'
KNOWN = {'Authorization': 'Bearer known'}


class IdentificationServer(ThreadingHTTPServer):
    """Knows tokens by the status it answers them with, and what it was asked."""

    # Joined when the server is closed, so that none is left.
    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.server_port}/hidden-address'
        self.statuses = {'known': 200}
        self.headers: dict[str, str] = {}
        self.asked: list[Handler] = []
        self.answer: Callable[[Handler], None] = Handler.answer
        self.stopped = threading.Event()

    def asked_for(self) -> list[str | None]:
        return [request.headers['Authorization'] for request in self.asked]

    def handle_error(self, request: Any, client_address: Any) -> None:
        # The service hangs up on a server that is slow.
        pass


class Handler(BaseHTTPRequestHandler):
    server: IdentificationServer

    def do_GET(self) -> None:
        self.server.asked.append(self)
        self.server.answer(self)

    def answer(self) -> None:
        token = (self.headers['Authorization'] or '').removeprefix('Bearer ')
        status = self.server.statuses.get(token, 403)
        self.send_response(200 if self.path == '/page' else status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header('Content-Length', '0')
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def identification() -> Iterator[IdentificationServer]:
    server = IdentificationServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.stopped.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def guarded(
    settings: Settings, identification: IdentificationServer
) -> Iterator[Service]:
    with running(
        settings, use_authentication=True, identification_url=identification.url
    ) as made:
        yield made
