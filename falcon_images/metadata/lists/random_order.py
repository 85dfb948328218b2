"""Random orders: by a hash of a seed and the id of an image, made in the database.

An image has its place whatever others come and go. The hash is arithmetic alone, which
every version of MongoDB does alike.
"""

import hashlib
from typing import Any

from falcon_images.metadata.documents import UPLOAD, Document, Order, Position, Query

Expression = Any

# No property has a name that begins so.
_PREFIX = '$random:'
# The largest prime of which two factors below it fit into 63 bits together, and whose
# fifth powers are all different.
_PRIME = 2**31 - 1
_HEX_DIGITS = 8
_PARTS = 3
_NO_ID = '0' * 24


def random_order(seed: str) -> Order:
    """Return the order of a seed; `_id` decides between equal hashes."""
    return [(f'{_PREFIX}{seed}', 1), ('_id', 1)]


def is_random(order: Order) -> bool:
    """Return whether an order is one of these."""
    return order[0][0].startswith(_PREFIX)


def position_stages(key: Any, order: Order) -> list[Document]:
    """Make the pipeline that finds where one document is in a random order."""
    hashed = _hash(order[0][0])
    position = {'_id': 0, 'position': [[hashed], ['$_id']]}
    return [{'$match': {'_id': key}}, {'$project': position}]


def random_pipeline(query: Query, projection: Document) -> list[Document]:
    """Make the pipeline of a page: rows with `document` and `position`."""
    (name, direction), _ = query.sort
    hashed = {'_id': 0, 'document': '$$ROOT', 'hash': _hash(name)}
    stages: list[Document] = [{'$match': query.filter}, {'$project': hashed}]
    if query.after is not None:
        stages.append({'$match': {'$expr': _comes(query.after, direction)}})
    stages.append({'$sort': {'hash': direction, 'document._id': direction}})
    if query.skip:
        stages.append({'$skip': query.skip})
    if query.limit:
        stages.append({'$limit': query.limit})
    row = {'document': True, 'position': [['$hash'], ['$document._id']]}
    stages += [{'$project': row}, {'$unset': f'document.{UPLOAD}'}]
    if projection:
        wanted = {f'document.{path}': True for path in projection}
        stages.append({'$project': {'position': True, **wanted}})
    return stages


def _comes(position: Position, direction: int) -> Expression:
    hashed, image_id = ({'$literal': held[0] if held else None} for held in position)
    operator = '$gt' if direction > 0 else '$lt'
    later = {operator: ['$document._id', image_id]}
    same = {'$eq': ['$hash', hashed]}
    return {'$or': [{operator: ['$hash', hashed]}, {'$and': [same, later]}]}


def _hash(name: str) -> Expression:
    """Make the expression of a document's number in an order, from its id.

    The parts of the id, each times a number of the seed, are added and raised to the
    fifth power: ids that follow each other come out far apart.
    """
    digest = hashlib.sha256(name.removeprefix(_PREFIX).encode()).digest()
    *factors, added = (
        int.from_bytes(digest[at : at + _HEX_DIGITS]) % _PRIME
        for at in range(0, (_PARTS + 1) * _HEX_DIGITS, _HEX_DIGITS)
    )
    parts = [
        _product(_part('$$id', number), factor) for number, factor in enumerate(factors)
    ]
    # A part of an id may be negative, what it is the rest of is not.
    total = {'$mod': [{'$add': [*parts, added, _PARTS * _PRIME]}, _PRIME]}
    text = {'$convert': {'input': '$_id', 'to': 'string', 'onError': _NO_ID}}
    fifth = _product(_product('$$square', '$$square'), '$$sum')
    square = {'vars': {'square': _product('$$sum', '$$sum')}, 'in': fifth}
    powered = {'$let': {'vars': {'sum': total}, 'in': {'$let': square}}}
    return {'$let': {'vars': {'id': text}, 'in': powered}}


def _part(text: Expression, number: int) -> Expression:
    """Read eight hexadecimal digits, as the time that an id begins with."""
    digits = {'$substrBytes': [text, number * _HEX_DIGITS, _HEX_DIGITS]}
    image_id = {'$concat': [digits, _NO_ID[_HEX_DIGITS:]]}
    time = {'$convert': {'input': image_id, 'to': 'objectId', 'onError': None}}
    return {'$mod': [{'$ifNull': [{'$toLong': {'$toDate': time}}, 0]}, _PRIME]}


def _product(one: Expression, other: Expression) -> Expression:
    return {'$mod': [{'$multiply': [one, other]}, _PRIME]}
