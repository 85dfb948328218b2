"""Values: ids, dates, and what of BSON has no counterpart in JSON."""

import base64
import datetime
import math
from typing import Any

import bson
from bson import json_util

from falcon_images.errors import InvalidRequestError

# Below, every whole number of a float is exactly that one.
_EXACT = 2**53


def new_id() -> bson.ObjectId:
    """Make the id of a new image; those of one process are in the order of time."""
    return bson.ObjectId()


def parse_id(text: str) -> bson.ObjectId:
    """Read an image's id; raise `InvalidRequestError` if it cannot be one."""
    return _parse_id_of('an image', text)


def parse_change_id(text: str) -> bson.ObjectId:
    """Read the id of a change; raise `InvalidRequestError` if it cannot be one."""
    return _parse_id_of('a change', text)


def parse_claim_id(text: str) -> bson.ObjectId:
    """Read the id of a claim; raise `InvalidRequestError` if it cannot be one."""
    return _parse_id_of('a claim', text)


def _parse_id_of(what: str, text: str) -> bson.ObjectId:
    try:
        return bson.ObjectId(text)
    except bson.errors.InvalidId as ex:
        raise InvalidRequestError(
            f'{text[:40]!r} is not the id of {what}: it has 24 hexadecimal digits.'
        ) from ex


def time_of_id(image_id: str) -> datetime.datetime:
    """Return when an id was made, to the second."""
    time: datetime.datetime = parse_id(image_id).generation_time
    return time


def now() -> datetime.datetime:
    """Return the time in UTC, as exactly as MongoDB keeps it: in milliseconds."""
    time = datetime.datetime.now(datetime.UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def to_json_type(value: Any) -> Any:
    """Turn what JSON has no type for into what it has."""
    if isinstance(value, bson.ObjectId):
        return value.binary.hex()
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            return value.isoformat('T', 'milliseconds') + 'Z'
        utc = value.astimezone(datetime.UTC)
        return utc.isoformat('T', 'milliseconds')[: -len('+00:00')] + 'Z'
    if isinstance(value, bson.Decimal128):
        number = float(str(value))
        return number if math.isfinite(number) else str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return json_util.default(value)


def is_decimal(value: Any) -> bool:
    """Return whether a value is a number of decimal digits, as BSON has them."""
    return isinstance(value, bson.Decimal128)


def number_like(current: Any, number: float) -> Any:
    """Return a number in the type that another has, if it can be in it."""
    if is_decimal(current):
        return bson.Decimal128(str(number))
    if isinstance(current, float):
        return float(number)
    is_whole = isinstance(number, float) and number.is_integer()
    return int(number) if is_whole and abs(number) < _EXACT else number
