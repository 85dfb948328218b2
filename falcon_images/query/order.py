"""Orders: what the client wants lists sorted by."""

from typing import Any

from falcon_images.errors import InvalidRequestError
from falcon_images.metadata.documents import NEWEST_FIRST, Order
from falcon_images.query.parameters import Params, check_path, one_object, one_text
from falcon_images.settings import Limits


def parse_order(params: Params, limits: Limits) -> Order:
    """Read ``sort``: ``-score,time``, or a JSON object; newest first without it.

    Raises:
        InvalidRequestError: it cannot be sorted so.
    """
    text = one_text(params, ('sort',), limits).strip()
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
    if len(dict(order)) < len(order):
        raise InvalidRequestError('sort: a name is there twice.')
    return order


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
