"""Sort keys: what comes after a document in an order, as MongoDB compares.

MongoDB sorts values of different types by type, missing ones as null, and lists by
their smallest or, descending, their largest member. `comes_after` is exact, for
documents that MongoDB has sorted; `may_come_after` leaves out beforehand what surely
does not, all of it unless there are lists of objects or lists in lists.
"""

import datetime
import math
from typing import Any

import bson
from bson.datetime_ms import DatetimeMS

from falcon_images.metadata.documents import Document, Order, Position
from falcon_images.metadata.lists.random_order import is_random

# The types in the order of their values, but for null, which comes before them, and
# lists, which are known by their members.
_TYPES = (
    *('number', 'string', 'object', 'binData', 'objectId', 'bool', 'date'),
    *('timestamp', 'regex'),
)
_TYPE_OF: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, 'bool'),
    ((int, float, bson.Decimal128), 'number'),
    (str, 'string'),
    (dict, 'object'),
    (bytes, 'binData'),
    (bson.ObjectId, 'objectId'),
    ((datetime.datetime, DatetimeMS), 'date'),
)
# The lowest value of each type, but for expressions, which cannot be compared.
_LOWEST: dict[str, Any] = {
    'number': -math.inf,
    'string': '',
    'object': {},
    'binData': b'',
    'objectId': bson.ObjectId('0' * 24),
    'bool': False,
    'date': datetime.datetime.min.replace(tzinfo=datetime.UTC),
    'timestamp': bson.Timestamp(0, 0),
}
# What MongoDB or the service sets, and what an index is in the order of.
_INDEXED = frozenset(('time', '_id'))


def sort_key() -> Document:
    """Make the expression of a sorted document's position."""
    value = {
        '$cond': [{'$eq': [{'$type': '$$this'}, 'undefined']}, [], ['$$this']],
    }
    return {'$map': {'input': {'$meta': 'sortKey'}, 'in': value}}


def comes_after(order: Order, position: Position) -> Document:
    """Make the expression of whether a sorted document comes after a position."""
    return _comes(order, position)


def comes_before(order: Order, position: Position) -> Document:
    """Make the expression of whether a sorted document comes before a position."""
    return _comes(reversed_order(order), position)


def reversed_order(order: Order) -> Order:
    """Turn every direction of an order round."""
    return [(path, -direction) for path, direction in order]


def holds_list(order: Order) -> Document | None:
    """Make the filter of documents with a list where an order looks.

    None if there can be none. As an expression, because an index on all values would
    otherwise be read from end to end.
    """
    if is_random(order):
        return None
    paths = [path for path, _ in order if path not in _INDEXED]
    lists = [{'$isArray': f'${path}'} for path in paths]
    return {'$expr': {'$or': lists}} if lists else None


def _comes(order: Order, position: Position) -> Document:
    equal: list[Document] = []
    ways: list[Document] = []
    for number, ((_, direction), held) in enumerate(zip(order, position, strict=True)):
        value = {'$literal': held[0]} if held else '$$REMOVE'
        pair = [{'$arrayElemAt': [{'$meta': 'sortKey'}, number]}, value]
        ways.append({'$and': [*equal, {'$gt' if direction > 0 else '$lt': pair}]})
        equal.append({'$eq': pair})
    return {'$or': ways}


def position_of(document: Document, order: Order) -> Position | None:
    """Return the position of a whole document; None if only MongoDB can find it."""
    values = [_value_at(document, path) for path, _ in order]
    if any(isinstance(value, list) for value in values):
        return None
    return [[value] for value in values]


def _value_at(document: Document, path: str) -> Any:
    """Read what a dotted name leads to: null if nothing, a list if through one."""
    value: Any = document
    for name in path.split('.'):
        if isinstance(value, list):
            return value
        value = value.get(name) if isinstance(value, dict) else None
    return value


def is_one_range(order: Order, position: Position) -> bool:
    """Return whether `may_come_after` finds just what comes after, by an index."""
    return {path for path, _ in order} <= _INDEXED and all(map(_type, position))


def may_come_after(order: Order, position: Position) -> Document:
    """Make a filter that finds all that comes after a position, and little else."""
    if is_one_range(order, position):
        return _ranges(order, position)
    return {'$nor': _not_after(order, position)}


def _ranges(order: Order, position: Position) -> Document:
    """Write the filter so that each way to come after is one range of an index."""
    equal: Document = {}
    ways: list[Document] = []
    for (path, direction), (value,) in zip(order, position, strict=True):
        if value is not None or direction > 0:
            ways.append({**equal, '$and': _beyond(path, value, direction)})
        equal = {**equal, path: {'$eq': value}}
    return ways[0] if len(ways) == 1 else {'$or': ways or [{'_id': {'$in': []}}]}


def _beyond(path: str, value: Any, direction: int) -> list[Document]:
    """List what must hold for a single value to come after another.

    By negations alone, which an index makes one range of, of all types there are.
    """
    not_null: list[Document] = [{path: {'$ne': None}}] if direction > 0 else []
    if value is None:
        return not_null
    lower, higher = _other_types([value])
    near = {'$lte' if direction > 0 else '$gte': value}
    excluded = [
        {'$gte': _LOWEST[kind]}
        for kind in (lower if direction > 0 else higher)
        if kind in _LOWEST
    ]
    return not_null + [{path: {'$not': bound}} for bound in (near, *excluded)]


def _not_after(order: Order, position: Position) -> list[Document]:
    """List the ways not to come after: equal in some names, and before in the next."""
    equal: list[Document] = []
    # The first, which no document goes, is there because there must be one.
    ways: list[Document] = [{'_id': {'$in': []}}]
    for (path, direction), held in zip(order, position, strict=True):
        equal += [{name: {'$not': {'$type': 'array'}}} for name in _outer(path)]
        before = _before(path, held, direction)
        same = _same(path, held)
        ways += [{'$and': [*equal, {'$or': before}]}] if before else []
        if not same:
            return ways
        equal.append(same)
    return [*ways, {'$and': equal}]


def _before(path: str, held: list[Any], direction: int) -> list[Document]:
    """List the ways to have a value that comes before another."""
    lower, higher = _other_types(held)
    ways: list[Document]
    if direction > 0:
        ways = [{path: {'$size': 0}}] if held else []
        ways += [{path: None}] if held and held[0] is not None else []
        types, operator = lower, '$lt'
    else:
        ways = [] if held else [{path: None}]
        types, operator = higher, '$gt'
    ways += [{path: {'$type': types}}] if types else []
    return ways + ([{path: {operator: held[0]}}] if _type(held) in _TYPES else [])


def _same(path: str, held: list[Any]) -> Document | None:
    if not held:
        return {path: {'$size': 0}}
    # A list could be the value, or a member of it.
    return {path: {'$eq': held[0]}} if _type(held) else None


def _outer(path: str) -> list[str]:
    """List the names of the objects that a dotted name leads through."""
    names = path.split('.')
    return ['.'.join(names[:length]) for length in range(1, len(names))]


def _other_types(held: list[Any]) -> tuple[list[str], list[str]]:
    """List the types whose values come before those of a type, and after them."""
    kind = _type(held)
    if not held or kind == 'null':
        return [], list(_TYPES)
    if kind not in _TYPES:
        return [], []
    index = _TYPES.index(kind)
    return list(_TYPES[:index]), list(_TYPES[index + 1 :])


def _type(held: list[Any]) -> str | None:
    """Name the type of a value; None for an empty list's, and for rare types."""
    if not held:
        return None
    if held[0] is None:
        return 'null'
    return next((name for kind, name in _TYPE_OF if isinstance(held[0], kind)), None)
