"""Projections: a part of a document, as the database would return it."""

from collections.abc import Iterable
from typing import Any

from falcon_images.metadata.documents import Document


def projected(document: Document, fields: Iterable[str]) -> Document:
    """Return some members of a document, dotted names inside objects, and its id."""
    tree: dict[str, Any] = {'_id': {}}
    for field in fields:
        place = tree
        for name in field.split('.'):
            place = place.setdefault(name, {})
    _keep_whole(tree, fields)
    return _members(document, tree)


def _keep_whole(tree: dict[str, Any], fields: Iterable[str]) -> None:
    """Leave nothing below a name that is asked for itself: all of it is kept."""
    for field in fields:
        place = tree
        *names, last = field.split('.')
        for name in names:
            place = place.get(name, {})
        if last in place:
            place[last] = {}


def _members(value: dict[str, Any], tree: dict[str, Any]) -> dict[str, Any]:
    kept = {}
    for name, member in value.items():
        if name in tree and not tree[name]:
            kept[name] = member
        elif name in tree and isinstance(member, dict):
            kept[name] = _members(member, tree[name])
        elif name in tree and isinstance(member, list):
            kept[name] = _of_list(member, tree[name])
    return kept


def _of_list(values: list[Any], tree: dict[str, Any]) -> list[Any]:
    return [
        _members(value, tree) if isinstance(value, dict) else _of_list(value, tree)
        for value in values
        if isinstance(value, dict | list)
    ]
