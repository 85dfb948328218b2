"""Requests written byte for byte, sent to the real `serve.py`."""

import contextlib
import os
import socket
import struct

from tests.support.service import form
from tests.support.serving import Serving

# For SO_LINGER: closing resets the connection.
RESET = struct.pack('hh' if os.name == 'nt' else 'ii', 1, 0)


def connect(serving: Serving, receive_bytes: int = 0) -> socket.socket:
    client = socket.socket()
    if receive_bytes:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    client.settimeout(20)
    client.connect(('127.0.0.1', serving.port))
    return client


def exchange(serving: Serving, request: bytes) -> bytes:
    """Send a request, and read until the server hangs up."""
    with connect(serving) as client:
        received = b''
        with contextlib.suppress(ConnectionError):
            client.sendall(request)
            while piece := client.recv(65536):
                received += piece
        return received


def get(path: str, *headers: str) -> bytes:
    lines = [f'GET {path} HTTP/1.1', 'Host: x', 'Connection: close', *headers, '', '']
    return '\r\n'.join(lines).encode()


def upload(name: str, content: bytes, file_name: str = 'a.jpg') -> bytes:
    sent = form(('image', content, file_name))
    lines = [
        f'POST /collections/{name}/images HTTP/1.1',
        'Host: x',
        'Connection: close',
        f'Content-Type: {sent.content_type}',
        f'Content-Length: {len(sent.body)}',
    ]
    return '\r\n'.join([*lines, '', '']).encode() + sent.body
