"""Cursors: positions as text, which clients send back and may have changed."""

import base64
import binascii
from typing import Any

import bson

from falcon_images.errors import InvalidRequestError
from falcon_images.metadata.codecs import STRICT
from falcon_images.metadata.documents import Order, Position

_MAX_CURSOR_CHARACTERS = 64 * 1024
# MongoDB takes 180 levels, and a query is wrapped around a value.
_MAX_LEVELS = 100


def write_cursor(order: Order, position: Position) -> str:
    """Write a position in an order as text that fits into a URL."""
    content = bson.encode({'sort': [list(pair) for pair in order], 'key': position})
    return base64.urlsafe_b64encode(content).decode().rstrip('=')


def read_cursor(text: str, order: Order) -> Position:
    """Read a position; raise `InvalidRequestError` if it is none in that order."""
    content = _content(text)
    if content.get('sort') != [list(pair) for pair in order]:
        raise InvalidRequestError(
            'The cursor is of a list with another sort; send the sort that it had.'
        )
    position = content.get('key')
    if isinstance(position, list) and _is_position(position, len(order)):
        return position
    raise _no_cursor()


def _content(text: str) -> dict[str, Any]:
    if len(text) > _MAX_CURSOR_CHARACTERS:
        raise _no_cursor()
    try:
        content = base64.b64decode(text + '=' * (-len(text) % 4), b'-_', validate=True)
        return bson.decode(content, STRICT)
    except (ValueError, binascii.Error, bson.errors.BSONError, RecursionError) as ex:
        raise _no_cursor() from ex


def _is_position(value: list[Any], length: int) -> bool:
    return (
        len(value) == length
        and all(isinstance(held, list) and len(held) <= 1 for held in value)
        and _is_shallow(value, _MAX_LEVELS)
    )


def _is_shallow(value: Any, levels_left: int) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return True
    return levels_left > 0 and all(_is_shallow(v, levels_left - 1) for v in value)


def _no_cursor() -> InvalidRequestError:
    return InvalidRequestError(
        'The cursor is none; take the whole address from the header Link.'
    )
