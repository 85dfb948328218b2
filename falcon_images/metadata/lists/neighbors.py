"""Neighbors: the documents just before and just after one, in the order of a list."""

from dataclasses import replace
from typing import Any

from pymongo.collection import Collection

from falcon_images.metadata.deadlines import Deadline
from falcon_images.metadata.documents import Document, Order, Position, Query
from falcon_images.metadata.lists.pages import read_page
from falcon_images.metadata.lists.random_order import is_random, position_stages
from falcon_images.metadata.lists.sort_keys import (
    comes_before,
    holds_list,
    reversed_order,
    sort_key,
)


def find_position(
    collection: Collection[Document], key: Any, order: Order, deadline: Deadline
) -> Position | None:
    """Find where a document is in an order; None if there is no such document."""
    stages = [
        {'$match': {'_id': key}},
        {'$sort': dict(order)},
        {'$project': {'_id': 0, 'position': sort_key()}},
    ]
    if is_random(order):
        stages = position_stages(key, order)
    found = _first(collection, stages, deadline)
    return found['position'] if found else None


def find_next(
    collection: Collection[Document], query: Query, deadline: Deadline
) -> Document | None:
    """Find the first document after the position of a query."""
    rows = read_page(collection, replace(query, limit=1), deadline)
    return next((document for document, _ in rows), None)


def find_previous(
    collection: Collection[Document], query: Query, deadline: Deadline
) -> Document | None:
    """Find the last document before the position of a query.

    A list is sorted by its smallest member, but by its largest when the order is
    reversed: documents with lists have to be looked through in the order itself.
    """
    backwards = replace(query, sort=reversed_order(query.sort))
    lists = holds_list(query.sort)
    if lists is None:
        return find_next(collection, backwards, deadline)
    without = {'$and': [query.filter, {'$nor': [lists]}]}
    found = find_next(collection, replace(backwards, filter=without), deadline)
    ids = [found['_id']] if found else []
    with_list = {'$and': [query.filter, lists]}
    ids += _last_before(collection, replace(query, filter=with_list), deadline)
    return _last_of(collection, ids, query, deadline)


def _last_before(
    collection: Collection[Document], query: Query, deadline: Deadline
) -> list[Any]:
    before = comes_before(query.sort, query.after or [])
    stages = [
        {'$match': query.filter},
        {'$sort': dict(query.sort)},
        {'$project': {'before': before}},
        {'$match': {'before': True}},
        {'$group': {'_id': None, 'last': {'$last': '$_id'}}},
    ]
    found = _first(collection, stages, deadline)
    return [found['last']] if found else []


def _last_of(
    collection: Collection[Document], ids: list[Any], query: Query, deadline: Deadline
) -> Document | None:
    among = Query(filter={'_id': {'$in': ids}}, sort=query.sort, fields=query.fields)
    documents = [document for document, _ in read_page(collection, among, deadline)]
    return documents[-1] if documents else None


def _first(
    collection: Collection[Document], stages: list[Document], deadline: Deadline
) -> Document | None:
    with collection.aggregate(
        stages, allowDiskUse=True, maxTimeMS=deadline.left_ms()
    ) as cursor:
        return next(iter(cursor), None)
