"""The form of a private MongoDB's data, kept as new as the program that has opened it.

Data that stays in the form of an older version (its feature compatibility version) is
refused by the next version but one, with all images in it.
"""

import logging
import socket
import struct
from typing import Any

import bson
from bson.errors import BSONError

_OP_MSG = 2013
_HEAD = struct.Struct('<iiii')
# Its flags, and the kind of its one section.
_SECTION = struct.Struct('<IB')
_SECONDS = 60.0
# From here on it must be said that it is meant.
_CONFIRMED_SINCE = (7, 0)

logger = logging.getLogger(__name__)


def raise_compatibility(connection: socket.socket) -> None:
    """Bring the data to the version of the `mongod` at the other end, if it is older.

    Older programs cannot open it any more then. What fails is only logged:
    the database works as it is.
    """
    connection.settimeout(_SECONDS)
    try:
        program = tuple(_ask(connection, {'buildInfo': 1})['versionArray'][:2])
        name = 'featureCompatibilityVersion'
        stored = _ask(connection, {'getParameter': 1, name: 1})[name]['version']
        if tuple(map(int, stored.split('.'))) >= program:
            return
        version = '{}.{}'.format(*program)
        confirmed = {'confirm': True} if program >= _CONFIRMED_SINCE else {}
        _ask(connection, {'setFeatureCompatibilityVersion': version} | confirmed)
    except (OSError, BSONError, struct.error, LookupError, TypeError, ValueError) as ex:
        logger.warning(
            'The private MongoDB keeps its data in the form of an older version (%s)',
            ex,
        )
        return
    logger.info('The data of the private MongoDB is now that of version %s', version)


def _ask(connection: socket.socket, command: dict[str, Any]) -> dict[str, Any]:
    """Send a command without a client, whose threads a fork would not survive."""
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
