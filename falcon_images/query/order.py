"""Orders: what the client wants lists sorted by."""

from typing import Any

from falcon_images.errors import InvalidRequestError
from falcon_images.metadata.documents import NEWEST_FIRST, Order
from falcon_images.metadata.lists.random_order import random_order
from falcon_images.query.parameters import Params, check_path, one_object, one_text
from falcon_images.settings import Limits

_RANDOM = 'random:'
_MAX_SEED_CHARACTERS = 100


def parse_order(params: Params, limits: Limits) -> Order:
    """Read ``sort``: ``-score,time``, a JSON object, or ``random:SEED``.

    Newest first without it.

    Raises:
        InvalidRequestError: it cannot be sorted so.
    """
    text = one_text(params, ('sort',), limits).strip()
    if text.startswith(_RANDOM) and ',' not in text:
        return random_order(_seed(text))
    given = (
        list(one_object(params, 'sort', limits).items())
        if text.startswith(('{', '['))
        else _fields(text)
    )
    order = [(path, _direction(path, direction)) for path, direction in given]
    if order and all(path != '_id' for path, _ in order):
        order.append(('_id', order[-1][1]))
    return order or NEWEST_FIRST


def _fields(text: str) -> Order:
    order = [_field(field.strip()) for field in text.split(',')] if text else []
    if any(path.startswith(_RANDOM) for path, _ in order):
        raise InvalidRequestError(
            'sort: random:SEED stands alone, as it leaves nothing to sort; a property '
            'of that name is sorted by as {"random:…": 1}.'
        )
    if len(dict(order)) < len(order):
        raise InvalidRequestError('sort: a name is there twice.')
    return order


def _seed(text: str) -> str:
    seed = text.removeprefix(_RANDOM)
    if not 0 < len(seed) <= _MAX_SEED_CHARACTERS:
        raise InvalidRequestError(
            'sort: write a seed of 1 to 100 characters behind random: (such as '
            'random:7); the same seed gives the same order.'
        )
    return seed


def _field(text: str) -> tuple[str, int]:
    return (text[1:], -1) if text.startswith('-') else (text.removeprefix('+'), 1)


def _direction(path: str, direction: Any) -> int:
    check_path(path)
    if path == '_file':
        raise InvalidRequestError('sort: name a field of _file, such as _file.size.')
    if type(direction) is not int or direction not in (1, -1):
        raise InvalidRequestError(
            f'sort: {path[:40]!r} must be 1 (ascending) or -1 (descending).'
        )
    return direction
