"""Parameters of a request: each given once, as text, a number or a JSON object."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from falcon_images.errors import InvalidRequestError
from falcon_images.formats.json import loads_object
from falcon_images.properties import check_name
from falcon_images.query.names import instead
from falcon_images.settings import Limits

Params = Mapping[str, str | list[str]]

BOOLEANS = {'true': True, 'false': False}

# More than any collection has; twice as many still fit into 64 bits, as MongoDB adds
# limit and skip.
_MAX_COUNT = 2**62
_MAX_COUNT_DIGITS = 1000
_DIGITS = re.compile('[0-9]+')
# MongoDB follows a dotted name no deeper than 200 levels.
_MAX_LEVELS = 100
# Clients may not ask for this field: it is internal.
_HIDDEN = ('_file', 'upload')


def one_text(params: Params, names: Sequence[str], limits: Limits) -> str:
    """Read a parameter that has one value, under one of its names; empty if absent."""
    given = [(name, params[name]) for name in names if params.get(name)]
    if len(given) > 1 or any(isinstance(value, list) for _, value in given):
        raise InvalidRequestError(f'{" or ".join(names)} may be given only once.')
    return checked_text(given[0][0], str(given[0][1]), limits) if given else ''


def checked_text(name: str, text: str, limits: Limits) -> str:
    """Return the text of a parameter if it is not too long, and Unicode."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError as ex:
        raise InvalidRequestError(
            f'{name[:40]!r} holds a character that is none; send text in UTF-8.'
        ) from ex
    if size > limits.max_query_bytes:
        raise InvalidRequestError(
            f'{name[:40]} has more than {limits.max_query_bytes} bytes '
            '(MAX_QUERY_BYTES).'
        )
    return text


def one_object(params: Params, name: str, limits: Limits) -> dict[str, Any]:
    """Read a parameter that is a JSON object; an empty one if it is absent."""
    text = one_text(params, (name,), limits)
    return loads_object(text, name, limits) if text else {}


def whole_number(
    params: Params,
    names: Sequence[str],
    limits: Limits,
    max_digits: int | None = None,
) -> int:
    """Read a parameter that is a whole number of 0 or more; 0 if it is absent.

    Without `max_digits`, a number that no collection reaches counts as one of these.
    """
    text = one_text(params, names, limits)
    if not text:
        return 0
    if not _DIGITS.fullmatch(text) or len(text) > (max_digits or len(text)):
        raise InvalidRequestError(
            f'{names[0]} must be a whole number of 0 or more, not {text[:40]!r}; '
            f'{instead(_given_name(params, names))}.'
        )
    return min(int(text), _MAX_COUNT) if len(text) < _MAX_COUNT_DIGITS else _MAX_COUNT


def _given_name(params: Params, names: Sequence[str]) -> str:
    return next(name for name in names if params.get(name))


def check_path(path: str) -> None:
    """Raise `InvalidRequestError` if a dotted name leads to nothing one may ask for."""
    names = path.split('.')
    for name in names:
        check_name(name)
    if len(names) > _MAX_LEVELS:
        raise InvalidRequestError(
            f'{path[:40]!r} leads deeper than {_MAX_LEVELS} levels.'
        )
    if tuple(names[:2]) == _HIDDEN:
        raise InvalidRequestError("_file.upload is the service's own; leave it out.")
