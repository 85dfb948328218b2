"""Writes: how one document is changed, in one step and only as it was meant."""

from typing import Any, cast

from pymongo.collection import Collection

from falcon_images.metadata.documents import Document
from falcon_images.properties import SYSTEM_FIELDS

Expression = Any

# It changes nothing, and is acknowledged like any other write: after all that came
# before it, whoever wrote that.
_NOTHING = {'$setOnInsert': {'time': None}}


def confirm(collection: Collection[Document], filter_: Document) -> bool:
    """Return whether a document matches, on a majority of the servers.

    A read returns also what one server alone has, and loses when another takes over.
    This is a write: it fails unless all that it has seen can be lost no more.
    """
    return collection.update_one(filter_, _NOTHING).matched_count == 1


def selection(key: Any, before: Document | None, *guards: Expression) -> Document:
    """Make the filter of one document, which must still be what it was.

    Args:
        before: the whole document that it must be; None means any.
        guards: expressions that must hold for it.
    """
    conditions = list(guards)
    if before is not None:
        conditions.append({'$eq': ['$$ROOT', {'$literal': before}]})
    if not conditions:
        return {'_id': key}
    return {'_id': key, '$expr': {'$and': conditions}}


def is_small(limit_bytes: int) -> Expression:
    """Make the guard that a document has fewer bytes than a limit."""
    return {'$lt': [{'$bsonSize': '$$ROOT'}, limit_bytes]}


def has_size(size_bytes: int) -> Expression:
    """Make the guard that a document has so many bytes."""
    return {'$eq': [{'$bsonSize': '$$ROOT'}, size_bytes]}


def has_value(name: str, before: Document) -> Expression:
    """Make the guard that a property is as it was in a document."""
    value = {'$getField': {'field': {'$literal': name}, 'input': '$$ROOT'}}
    if name in before:
        return {'$eq': [value, {'$literal': before[name]}]}
    return {'$eq': [{'$type': value}, 'missing']}


def replacement(properties: Document) -> list[Document]:
    """Make the update that replaces all properties, and no system field."""
    system = {name: f'${name}' for name in SYSTEM_FIELDS}
    return [{'$replaceWith': {'$mergeObjects': [system, {'$literal': properties}]}}]


def merging(patch: Document) -> list[Document]:
    """Make the update that applies a merge patch (RFC 7396), as `merge_patch` does."""
    return [{'$replaceWith': _merged('$$ROOT', '', patch)}]


def _merged(target: str, path: str, patch: Document) -> Expression:
    """Merge into what is at a path; only objects have members, not lists of them."""
    base: Expression = target
    if path:
        is_object = {'$eq': [{'$type': target}, 'object']}
        base = {'$cond': [is_object, target, {'$literal': {}}]}
    removed = [name for name, value in patch.items() if value is None]
    if removed:
        stays = {'$not': [{'$in': ['$$this.k', {'$literal': removed}]}]}
        members = {'$filter': {'input': {'$objectToArray': base}, 'cond': stays}}
        base = {'$arrayToObject': members}
    changed = {
        name: _merged_value(f'{path}.{name}' if path else name, value)
        for name, value in patch.items()
        if value is not None
    }
    return {'$mergeObjects': [base, changed]} if changed else base


def _merged_value(path: str, value: Any) -> Expression:
    if isinstance(value, dict):
        return _merged(f'${path}', path, cast(Document, value))
    return {'$literal': value}
