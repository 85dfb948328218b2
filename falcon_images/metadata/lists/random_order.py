"""Random orders: by a hash of a seed and the id of an image, made in the database.

An image has its place whatever others come and go. The hash is the one of MongoDB's
hashed indexes, which is the same in every version.
"""

from typing import Any

from falcon_images.metadata.documents import UPLOAD, Document, Order, Position, Query

Expression = Any

# No property has a name that begins so.
_PREFIX = '$random:'
# So many ids are put in order first, and their documents read then.
_MOST_LOOKED_UP = 10_000


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


def random_pipeline(
    collection_name: str, query: Query, projection: Document
) -> list[Document]:
    """Make the pipeline of a page: rows with `document` and `position`.

    A document that is deleted meanwhile may be missing in its row.
    """
    is_page = 0 < query.limit <= _MOST_LOOKED_UP
    stages = _in_order(query, {} if is_page else {'document': '$$ROOT'})
    if query.skip:
        stages.append({'$skip': query.skip})
    if query.limit:
        stages.append({'$limit': query.limit})
    found: Expression = '$document'
    if is_page:
        stages.append({'$lookup': _own_document(collection_name)})
        found = {'$first': '$document'}
    row = {'_id': False, 'document': found, 'position': [['$hash'], ['$_id']]}
    stages += [{'$project': row}, {'$unset': f'document.{UPLOAD}'}]
    if projection:
        wanted = {f'document.{path}': True for path in projection}
        stages.append({'$project': {'position': True, **wanted}})
    return stages


def _in_order(query: Query, beside: Document) -> list[Document]:
    """Put ids and hashes of all that match in order, and something beside them."""
    (name, direction), _ = query.sort
    # The index of ids is enough for a page of all documents, if it is asked for.
    read = {'$match': query.filter} if query.filter or beside else {'$sort': {'_id': 1}}
    stages: list[Document] = [read, {'$project': {'hash': _hash(name), **beside}}]
    if query.after is not None:
        stages.append({'$match': {'$expr': _comes(query.after, direction)}})
    return [*stages, {'$sort': {'hash': direction, '_id': direction}}]


def _own_document(collection_name: str) -> Document:
    return {
        'from': collection_name,
        'localField': '_id',
        'foreignField': '_id',
        'as': 'document',
    }


def _comes(position: Position, direction: int) -> Expression:
    hashed, image_id = ({'$literal': held[0] if held else None} for held in position)
    operator = '$gt' if direction > 0 else '$lt'
    later = {operator: ['$_id', image_id]}
    same = {'$eq': ['$hash', hashed]}
    return {'$or': [{operator: ['$hash', hashed]}, {'$and': [same, later]}]}


def _hash(name: str) -> Expression:
    """Make the expression of a document's number in an order, from its id."""
    return {'$toHashedIndexKey': {'seed': {'$literal': name}, 'id': '$_id'}}
