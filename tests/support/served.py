"""Services with several workers for tests of the API, started in a blink.

A program that has imported all that the service needs, and forks a service for each
line that it reads: its settings, or the process id of one that has to end.
"""

import base64
import http.client
import logging
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from urllib.parse import quote

from falcon_images.cli.serve import serve
from falcon_images.server.http_server import listen
from falcon_images.server.workers import Workers
from falcon_images.settings import Settings

_NOT_PASSED_ON = ('connection', 'transfer-encoding', 'server', 'date')

Respond = Callable[[str, list[tuple[str, str]]], Any]


class Nursery:
    """The program, seen from the tests."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'tests.support.served'],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, settings: Settings) -> tuple[int, int]:
        """Start a service; return its process id and its port."""
        text = base64.b64encode(pickle.dumps(settings)).decode()
        pid, port = self._ask(text).split()
        return int(pid), int(port)

    def stop(self, pid: int) -> None:
        """Stop a service, and return when it has ended."""
        assert self._ask(f'stop {pid}') == 'ended'

    def close(self) -> None:
        self._process.communicate(timeout=60)

    def _ask(self, line: str) -> str:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f'{line}\n')
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


class Passage:
    """A WSGI application that passes requests on to a server, a connection each."""

    def __init__(self, port: int) -> None:
        self._port = port

    def __call__(self, environ: dict[str, Any], respond: Respond) -> Iterable[bytes]:
        connection = http.client.HTTPConnection('127.0.0.1', self._port, timeout=60)
        length = int(environ.get('CONTENT_LENGTH') or 0)
        body = environ['wsgi.input'].read(length) if length else None
        path = quote(environ['PATH_INFO'].encode('latin-1'))
        if environ.get('QUERY_STRING'):
            path += '?' + environ['QUERY_STRING']
        connection.request(environ['REQUEST_METHOD'], path, body, _headers(environ))
        answer = connection.getresponse()
        headers = [
            (name, value)
            for name, value in answer.getheaders()
            if name.lower() not in _NOT_PASSED_ON
        ]
        content = answer.read()
        connection.close()
        respond(f'{answer.status} {answer.reason}', headers)
        return [content]


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    headers = {
        name[len('HTTP_') :].replace('_', '-'): value
        for name, value in environ.items()
        if name.startswith('HTTP_')
    }
    if environ.get('CONTENT_TYPE'):
        headers['Content-Type'] = environ['CONTENT_TYPE']
    return headers


def main() -> None:
    logging.disable(logging.WARNING)
    for line in sys.stdin:
        if line.startswith('stop '):
            pid = int(line.split()[1])
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)
            print('ended', flush=True)
        else:
            settings = pickle.loads(base64.b64decode(line))
            listener = listen('127.0.0.1', 0)
            pid = os.fork()
            if pid == 0:
                work = partial(serve, settings, listener)
                Workers(settings.workers, listener, work).run()
                os._exit(0)
            print(pid, listener.getsockname()[1], flush=True)
            listener.close()


if __name__ == '__main__':
    main()
