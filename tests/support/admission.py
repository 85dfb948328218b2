"""Requests to a service over sockets, with a token or without."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.support.identification import (
    ID,
)
from tests.support.pictures import jpeg
from tests.support.server import Serving, serving
from tests.support.service import Service, form

IMAGES = '/collections/c/images'
IMAGE = f'{IMAGES}/{ID}'
ORIGIN = ('Origin: https://page.example',)
FORM = 'Content-Type: multipart/form-data; boundary=limit'
JSON = 'Content-Type: application/json'
SENT = form(('image', jpeg(), 'a.jpg'))


@dataclass
class Answer:
    """An answer, taken apart."""

    status: int
    headers: dict[str, str]
    body: bytes


def answer_of(received: bytes) -> Answer:
    head, _, body = received.partition(b'\r\n\r\n')
    first, *lines = head.decode().split('\r\n')
    headers = dict(line.split(': ', 1) for line in lines)
    return Answer(int(first.split()[1]), headers, body)


def request(method: str, path: str, *headers: str, body: bytes = b'') -> bytes:
    lines = [f'{method} {path} HTTP/1.1', 'Host: x', *ORIGIN, *headers, '', '']
    return '\r\n'.join(lines).encode() + body


def upload(*headers: str, path: str = IMAGES) -> bytes:
    length = f'Content-Length: {len(SENT.body)}'
    return request('POST', path, FORM, length, *headers, body=SENT.body)


def get(path: str, token: str = '') -> bytes:
    given = (f'Authorization: Bearer {token}',) if token else ()
    return request('GET', path, 'Connection: close', *given)


@contextlib.contextmanager
def served(service: Service, **changes: Any) -> Iterator[Serving]:
    """The service over sockets, as `serve.py` does it."""
    given = {'max_body_bytes': service.settings.max_body_bytes, 'threads': 4} | changes
    with serving(service.app, admit=service.app.admit, **given) as made:
        yield made
