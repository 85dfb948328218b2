"""Commands to a `mongod` over a bare socket.

A client would leave threads behind, and a process with threads must not be forked.
"""

import socket
import struct
from typing import Any

import bson
from bson.errors import BSONError

# What `ask` raises, and what reading something of its answer may raise.
ANSWER_ERRORS = (
    *(OSError, BSONError, struct.error),
    *(LookupError, TypeError, ValueError),
)
_OP_MSG = 2013
_HEAD = struct.Struct('<iiii')
# Its flags, and the kind of its one section.
_SECTION = struct.Struct('<IB')


def ask(connection: socket.socket, command: dict[str, Any]) -> dict[str, Any]:
    """Send a command, and return the answer; raise one of `ANSWER_ERRORS`."""
    section = _SECTION.pack(0, 0) + bson.encode(command | {'$db': 'admin'})
    connection.sendall(_HEAD.pack(_HEAD.size + len(section), 1, 0, _OP_MSG) + section)
    size = _HEAD.unpack(_receive(connection, _HEAD.size))[0]
    answer = _receive(connection, size - _HEAD.size)
    document: dict[str, Any] = bson.decode(answer[_SECTION.size :])
    if document.get('ok') != 1:
        raise ValueError(document.get('errmsg', 'it was refused'))
    return document


def _receive(connection: socket.socket, size: int) -> bytes:
    data = b''
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise ConnectionError('the connection was closed')
        data += part
    return data
