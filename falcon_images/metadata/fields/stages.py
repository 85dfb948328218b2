"""Stages: how MongoDB counts the values and the names of properties."""

from falcon_images.metadata.documents import Document
from falcon_images.metadata.fields.expressions import (
    Expression,
    Names,
    inner_names,
    is_list,
    leaves,
    type_of,
    value_at,
    values_at,
)

# What is longer is counted, but not listed: the answer has 16 MB at most.
_MAX_LISTED_BYTES = 512
_SHOWN_CHARACTERS = 100


def counted_stages(names: Names) -> list[Document]:
    """Count each value at a path, lists and objects as they are."""
    return _counted(value_at(names))


def nested_stages(names: Names, in_lists: bool, keep_objects: bool) -> list[Document]:
    """Count each value at a path, those in a list once for each document.

    First what is the same is put together, then taken apart: that is less work.
    """
    return [
        *_counted((values_at if in_lists else value_at)(names)),
        {'$project': {'_id': leaves('$_id', keep_objects), 'n': True}},
        {'$unwind': '$_id'},
        {'$group': {'_id': '$_id', 'n': {'$sum': '$n'}}},
    ]


def summed_stages(most_listed: int) -> list[Document]:
    """Sum counted values up by type, in an answer whose size is bounded."""
    is_long = {'$gt': [{'$bsonSize': {'v': '$_id'}}, _MAX_LISTED_BYTES]}
    is_text = {'$eq': [{'$type': '$_id'}, 'string']}
    beginning = {'$substrCP': ['$_id', 0, _SHOWN_CHARACTERS]}
    shown = {'$cond': [is_long, {'$cond': [is_text, beginning, None]}, '$_id']}
    # The commonest first, and among equals the smallest.
    listed = {'rank': {'$multiply': ['$n', -1]}, 'value': '$value'}
    return [
        {
            '$project': {
                'n': True,
                'value': shown,
                'type': type_of('$_id'),
                'is_long': is_long,
            }
        },
        {
            '$group': {
                '_id': {'type': '$type', 'is_long': '$is_long'},
                'count': {'$sum': '$n'},
                'distinct': {'$sum': 1},
                'min': {'$min': '$value'},
                'max': {'$max': '$value'},
                'listed': {'$minN': {'n': most_listed, 'input': listed}},
            }
        },
    ]


def names_stages() -> list[Document]:
    """Count the names in documents, and find which have lists or objects."""
    member = {'name': '$$this.k', 'type': {'$type': '$$this.v'}}
    members = {'$map': {'input': {'$objectToArray': '$$ROOT'}, 'in': member}}
    is_nested = {'$in': ['$member.type', ['array', 'object']]}
    return [
        {'$project': {'_id': False, 'member': members}},
        {'$unwind': '$member'},
        {
            '$group': {
                '_id': '$member.name',
                'n': {'$sum': 1},
                'is_nested': {'$max': is_nested},
            }
        },
    ]


def inner_names_stages(names: Names, in_lists: bool) -> list[Document]:
    """Find the names in the objects at a path, and whether lists lead there."""
    value = (values_at if in_lists else value_at)(names)
    are_in_lists = {'$max': is_list(value)}
    return [
        # Few objects differ in their names, so few are left to be taken apart.
        {'$group': {'_id': inner_names(value), 'are_in_lists': are_in_lists}},
        {'$unwind': '$_id'},
        {'$group': {'_id': '$_id', 'are_in_lists': {'$max': '$are_in_lists'}}},
        {'$sort': {'_id': 1}},
    ]


def _counted(value: Expression) -> list[Document]:
    # In two stages: MongoDB 6.0 gives a single one to an engine that takes ten times as
    # long when there are many different values, and `$facet` takes 500 MB of memory.
    return [
        {'$project': {'_id': False, 'value': value}},
        {'$group': {'_id': '$value', 'n': {'$sum': 1}}},
    ]
