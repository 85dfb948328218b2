"""Queries that are the body of a request: a form, or a JSON object."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from falcon_images.errors import InvalidRequestError
from falcon_images.formats.json import dumps, loads_object
from falcon_images.query.as_sent import blank_parameters, check_encoding
from falcon_images.query.parameters import Params
from falcon_images.settings import Limits


@dataclass(frozen=True)
class SentQuery:
    """The parameters of a body, and the names of those that have no value."""

    params: Params
    blank: list[str]


def read_form(body: bytes) -> SentQuery:
    """Read ``application/x-www-form-urlencoded``, which is written like an address.

    Raises:
        InvalidRequestError: its texts are not percent-encoded UTF-8.
    """
    # One that is written by hand may end with a line.
    text = body.strip().decode('ascii', errors='surrogateescape')
    check_encoding(text)
    blank = [name for name, _ in blank_parameters(text)]
    return SentQuery(_parameters(parse_qs(text)), blank)


def read_json(body: bytes, limits: Limits) -> SentQuery:
    """Read a JSON object: numbers and booleans are as their text, lists as repeated.

    A filter or a sort may be an object as it is.

    Raises:
        InvalidRequestError: it is none.
    """
    given = loads_object(body, 'The body', limits)
    texts = {name: _texts(name, value) for name, value in given.items()}
    blank = [name for name, values in texts.items() if not all(values)]
    filled = {name: list(filter(None, values)) for name, values in texts.items()}
    return SentQuery(_parameters(filled), blank)


def _parameters(values: dict[str, list[str]]) -> Params:
    return {
        name: each if len(each) > 1 else each[0]
        for name, each in values.items()
        if each
    }


def _texts(name: str, value: Any) -> list[str]:
    if not isinstance(value, list):
        return [_text(value)]
    if not value:
        # A script that has found no ids would get all images.
        raise InvalidRequestError(
            f'{name[:40]!r} is an empty list, so it is no condition; leave it out if '
            'all images are meant.'
        )
    if any(isinstance(member, dict | list) for member in value):
        raise InvalidRequestError(
            f'{name[:40]!r} is a list with lists or objects in it; a parameter is one '
            'value, or a list of texts, numbers, true, false and null.'
        )
    return [_text(member) for member in value]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else dumps(value).decode()
