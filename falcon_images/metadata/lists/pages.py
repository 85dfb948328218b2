"""Pages: documents in an order, each with its position, from a position on."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import bson
from pymongo.collection import Collection

from falcon_images.errors import InvalidRequestError
from falcon_images.metadata.deadlines import Deadline
from falcon_images.metadata.documents import UPLOAD, Document, Position, Query
from falcon_images.metadata.lists.random_order import is_random, random_pipeline
from falcon_images.metadata.lists.sort_keys import (
    comes_after,
    is_one_range,
    may_come_after,
    sort_key,
)

Row = tuple[Document, Position | None]

# Positions are sent in addresses, which have little space.
_MAX_POSITION_BYTES = 4096
_BATCH_DOCUMENTS = 1000
# MongoDB adds skip and limit up, and has 63 bits for the sum.
_MAX_COUNT = 2**61
# How many times more is read when all that was read comes before the position.
_GROWTH = 8


def read_page(
    collection: Collection[Document], query: Query, deadline: Deadline
) -> Iterator[Row]:
    """Read documents with their positions; one is None if it is too large to send.

    Raises:
        QueryTimeoutError: it takes longer than it may.
    """
    if is_random(query.sort):
        yield from _random_page(collection, query, deadline)
        return
    after, missing, batch = query.after, query.limit, query.limit
    while True:
        count, position = 0, None
        pipeline = page_pipeline(query, after, batch)
        for row in _found(collection, pipeline, deadline):
            count += 1
            if not row['after']:
                continue
            position = row.get('position', [])
            yield row['document'], position or None
            missing -= 1
            if missing == 0:
                return
        if count < batch or not batch:
            return
        # What does not come after the position is all at the beginning.
        if position is None:
            batch *= _GROWTH
        else:
            after, batch = require_position(position), missing


def _random_page(
    collection: Collection[Document], query: Query, deadline: Deadline
) -> Iterator[Row]:
    missing = query.limit
    while True:
        count = 0
        pipeline = random_pipeline(collection.name, query, fields_of(query))
        for row in _found(collection, pipeline, deadline):
            count += 1
            query = replace(query, after=row['position'])
            if 'document' in row:
                missing -= 1
                yield row['document'], row['position']
        if count < query.limit or missing <= 0:
            return
        # In the place of those that were deleted meanwhile, others come.
        query = replace(query, limit=missing, skip=0)


def is_found_by_filter(query: Query) -> bool:
    """Return whether a filter finds all documents of a page, and no others."""
    if query.fields or is_random(query.sort):
        return False
    return query.after is None or is_one_range(query.sort, query.after)


def filter_of(query: Query) -> Document:
    """Make the filter of what matches a query and may come after its position."""
    if query.after is None:
        return query.filter
    range_ = may_come_after(query.sort, query.after)
    return {'$and': [query.filter, range_]} if query.filter else range_


def require_position(position: Position | None) -> Position:
    """Return a position; raise `InvalidRequestError` if it is too large to be sent."""
    if not position or len(bson.encode({'key': position})) > _MAX_POSITION_BYTES:
        raise InvalidRequestError(
            f'An image has more than {_MAX_POSITION_BYTES} bytes in what the list is '
            'sorted by, so it cannot be continued there; choose another sort.'
        )
    return position


def fields_of(query: Query) -> Document:
    """Make the projection that leaves of each document what is asked for."""
    if not query.fields:
        return {}
    # A name beside that of an object it is in would be refused.
    names = set(query.fields)
    return {'_id': True} | {
        name: True
        for name in query.fields
        if not any(name.startswith(f'{outer}.') for outer in names)
    }


def _found(
    collection: Collection[Document], pipeline: list[Document], deadline: Deadline
) -> Iterator[dict[str, Any]]:
    with deadline.enforced():
        cursor = collection.aggregate(
            pipeline,
            allowDiskUse=True,
            maxTimeMS=deadline.left_ms(),
            batchSize=_BATCH_DOCUMENTS,
        )
    with cursor:
        yield from cursor


def page_pipeline(query: Query, after: Position | None, limit: int) -> list[Document]:
    stages: list[Document] = [
        {'$match': filter_of(replace(query, after=after))},
        {'$sort': dict(query.sort)},
    ]
    if query.skip:
        stages.append({'$skip': min(query.skip, _MAX_COUNT)})
    if limit:
        stages.append({'$limit': min(limit, _MAX_COUNT)})
    comes = {'$literal': True} if after is None else comes_after(query.sort, after)
    row = {'_id': 0, 'document': '$$ROOT', 'after': comes, 'position': _sendable()}
    stages += [{'$project': row}, {'$unset': f'document.{UPLOAD}'}]
    if fields := fields_of(query):
        wanted = {f'document.{name}': True for name in fields}
        stages.append({'$project': {'after': True, 'position': True, **wanted}})
    return stages


def _sendable() -> Document:
    key = sort_key()
    size = {'$bsonSize': {'key': key}}
    return {'$cond': [{'$lte': [size, _MAX_POSITION_BYTES]}, key, '$$REMOVE']}
