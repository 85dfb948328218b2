"""Pages: where a list continues, which fields it has, and the address of the next."""

from urllib.parse import quote, urlencode

from falcon_images.errors import InvalidRequestError
from falcon_images.metadata.documents import Order, Position
from falcon_images.metadata.lists.cursors import read_cursor
from falcon_images.query.names import TOKENS
from falcon_images.query.parameters import Params, check_path, one_text
from falcon_images.settings import Limits

_MAX_FIELDS = 1000
# Addresses are logged and shared, so tokens are left out.
_NOT_KEPT = ('cursor', *TOKENS)


def parse_cursor(params: Params, order: Order, limits: Limits) -> Position | None:
    """Read ``cursor``, which must be one of a list in that order."""
    text = one_text(params, ('cursor',), limits)
    return read_cursor(text, order) if text else None


def parse_fields(params: Params, limits: Limits) -> tuple[str, ...]:
    """Read ``fields``: the names of what is asked for, separated by commas."""
    names = [name.strip() for name in one_text(params, ('fields',), limits).split(',')]
    fields = tuple(dict.fromkeys(name for name in names if name))
    for name in fields:
        check_path(name)
    if len(fields) > _MAX_FIELDS:
        raise InvalidRequestError(f'fields can name {_MAX_FIELDS} fields at most.')
    return fields


def next_address(path: str, params: Params, cursor: str) -> str:
    """Write the address of the page that a cursor leads to; only ASCII is in it."""
    kept = {name: value for name, value in params.items() if name not in _NOT_KEPT}
    query = urlencode({**kept, 'cursor': cursor}, doseq=True, errors='replace')
    return f'{quote(path, errors="replace")}?{query}'
