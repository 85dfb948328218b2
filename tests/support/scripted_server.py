"""A server that gives the answers that a test has written, in turn."""

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answer:
    """What is answered to one request."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Script:
    """The answers that are left, and the requests that came; the last answer stays."""

    answers: list[Answer]
    requests: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@contextlib.contextmanager
def scripted_server(script: Script) -> Iterator[str]:
    """Run one; yield its address."""
    handler = type('Handler', (_Handler,), {'script': script})
    with ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f'http://127.0.0.1:{server.server_port}'
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    script: Script

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get('Content-Length') or 0))
        self.script.requests.append((self.command, self.path))
        self.script.headers.append(dict(self.headers.items()))
        answers = self.script.answers
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        body = json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PATCH = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass
