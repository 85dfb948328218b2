"""JSON in and out: strict when reading (RFC 8259), fast when writing."""

import json
import math
import re
from typing import Any, NoReturn

import orjson

from falcon_images.errors import InvalidRequestError
from falcon_images.metadata.values import to_json_type
from falcon_images.settings import Limits

# RFC 8259, section 6; the groups after the first are those of a fraction.
NUMBER = re.compile(r'-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?')
INT64 = range(-(2**63), 2**63)
# With its sign.
_MAX_INTEGER_CHARACTERS = 20
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS


def dumps(value: Any) -> bytes:
    """Write a value, documents from the database included, as UTF-8 JSON.

    Dates become ISO 8601 in UTC with milliseconds and ``Z``, ObjectIds hex.
    """
    return orjson.dumps(value, default=to_json_type, option=_OPTIONS)


def sorted_dumps(value: Any) -> bytes:
    """Write a value as `dumps` does, the members of objects in one order for all."""
    option = _OPTIONS | orjson.OPT_SORT_KEYS
    return orjson.dumps(value, default=to_json_type, option=option)


def loads_object(text: str | bytes, name: str, limits: Limits) -> dict[str, Any]:
    """Read a JSON object that can be stored as it is.

    Args:
        name: what the error calls the text, such as ``The body``.
        limits: how deep it may nest, and how long names may be.

    Raises:
        InvalidRequestError: it is not JSON, not an object, or holds what MongoDB
            cannot keep: NaN, integers over 64 bits, lone surrogates, a key twice.
    """
    value = _loads(text, name, limits, limits.max_json_depth)
    if not isinstance(value, dict):
        raise InvalidRequestError(f'{name} must be a JSON object, such as {{"a": 1}}.')
    return value


def loads_objects(text: str | bytes, name: str, limits: Limits) -> list[dict[str, Any]]:
    """Read a JSON array of objects, each as `loads_object` reads one."""
    value = _loads(text, name, limits, limits.max_json_depth + 1)
    if isinstance(value, list) and all(isinstance(each, dict) for each in value):
        return value
    raise InvalidRequestError(
        f'{name} must be a JSON array of objects, such as [{{"a": 1}}, {{"a": 2}}].'
    )


def _loads(text: str | bytes, name: str, limits: Limits, levels: int) -> Any:
    if isinstance(text, str):
        # Programs of Windows write this mark before any text.
        text = text.removeprefix('\ufeff')
    try:
        value = json.loads(
            text,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_constant,
            object_pairs_hook=_object,
        )
        _check(value, levels, limits.max_name_bytes)
    except RecursionError as ex:
        raise InvalidRequestError(f'{name} is nested too deeply.') from ex
    except UnicodeError as ex:
        raise InvalidRequestError(f'{name} is not valid Unicode text.') from ex
    except json.JSONDecodeError as ex:
        raise InvalidRequestError(
            f'{name} is not valid JSON: {ex.msg} at character {ex.pos}.'
        ) from ex
    except ValueError as ex:
        raise InvalidRequestError(f'{name} cannot be used: {ex}.') from ex
    return value


def int64(text: str) -> int | None:
    """Return the integer that a text is; None if it has more than 64 bits."""
    if len(text) > _MAX_INTEGER_CHARACTERS or int(text) not in INT64:
        return None
    return int(text)


def _integer(text: str) -> int:
    number = int64(text)
    if number is None:
        raise ValueError('an integer has more than 64 bits')
    return number


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError('a number is too large')
    return number


def _constant(name: str) -> NoReturn:
    raise ValueError(f'{name} is not a JSON number')


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError('an object has the same key twice')
    return members


def _check(value: Any, levels_left: int, max_name_bytes: int) -> None:
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, dict | list):
        if levels_left == 0:
            raise ValueError('it is nested too deeply (MAX_JSON_DEPTH)')
        if isinstance(value, dict):
            for key in value:
                if len(key.encode()) > max_name_bytes:
                    raise ValueError(
                        f'a name has more than {max_name_bytes} bytes (MAX_NAME_BYTES)'
                    )
            value = value.values()
        for member in value:
            _check(member, levels_left - 1, max_name_bytes)
