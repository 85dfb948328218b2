"""A proxy that makes entity tags weak, as those do that pack answers on their way."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

_OF_CONNECTIONS = ('connection', 'content-length', 'host', 'transfer-encoding')


@contextlib.contextmanager
def packing_proxy(url: str) -> Iterator[str]:
    """Run one in front of a service; yield the address of it."""
    handler = type('Handler', (_Handler,), {'url': url})
    with ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f'http://127.0.0.1:{server.server_port}'
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    url: str

    def forward(self) -> None:
        sent = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in (*_OF_CONNECTIONS, 'accept-encoding')
        }
        # Such a proxy packs what comes unpacked.
        sent['Accept-Encoding'] = 'identity'
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        answer = requests.request(
            self.command, self.url + self.path, headers=sent, data=body, timeout=60
        )
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() == 'etag':
                self.send_header(name, f'W/{value.removeprefix("W/")}')
            elif name.lower() not in _OF_CONNECTIONS:
                self.send_header(name, value)
        self.send_header('Content-Length', str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_HEAD = do_PATCH = do_POST = do_PUT = do_DELETE = forward  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass
