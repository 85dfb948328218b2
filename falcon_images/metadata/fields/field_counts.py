"""Counts of fields: what was counted of one property."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from falcon_images.metadata.documents import Document

# MongoDB's names of types, and those of JSON; any other is shown as an object.
_TYPES = {
    'string': 'string',
    'objectId': 'string',
    'binData': 'string',
    'number': 'number',
    'bool': 'boolean',
    'null': 'null',
    'undefined': 'null',
    'array': 'array',
    'date': 'date',
}
_WITH_RANGE = ('string', 'number', 'date')
_NO_VALUE = 'minKey'
_A_DOCUMENT = 'maxKey'
_NESTED = ('array', 'object')


@dataclass(frozen=True)
class FieldCounts:
    """How many documents have a property, of what types and with which values.

    Attributes:
        types: for each type how many values, and `min` and `max` of those in an order.
        values: the commonest first, and how many documents have each.
        is_nested: there are lists or objects in it.
    """

    name: str
    count: int
    types: dict[str, Document] = field(default_factory=dict)
    distinct: int = 0
    values: list[tuple[Any, int]] = field(default_factory=list)
    is_nested: bool = False


def json_type(type_: str) -> str:
    """Return the type in JSON of what has a type in MongoDB."""
    return _TYPES.get(type_, 'object')


def read_field_counts(
    name: str, rows: Iterable[Document], most_listed: int
) -> FieldCounts:
    """Read what the database summed up for each type."""
    of_types = {
        (row['_id']['type'], row['_id']['is_long']): row
        for row in sorted(rows, key=lambda row: tuple(row['_id'].values()))
    }
    # Without a row of their own, each document has one value.
    documents = sum(row['count'] for row in of_types.values())
    documents = of_types.pop((_A_DOCUMENT, False), {'count': documents})['count']
    without = of_types.pop((_NO_VALUE, False), {'count': 0})['count']
    types: dict[str, Document] = {}
    for (type_, _), row in of_types.items():
        _add(types, type_, row)
    return FieldCounts(
        name=name,
        count=documents - without,
        types=types,
        distinct=sum(row['distinct'] for row in of_types.values()),
        values=_commonest(of_types)[:most_listed],
        is_nested=any(type_ in _NESTED for type_, _ in of_types),
    )


def _add(types: dict[str, Document], type_: str, row: Document) -> None:
    found = types.setdefault(json_type(type_), {'count': 0})
    found['count'] += row['count']
    if type_ not in _WITH_RANGE:
        return
    if 'min' in found:
        # Long texts and others: only of texts are there two rows.
        row = {
            'min': min(found['min'], row['min']),
            'max': max(found['max'], row['max']),
        }
    found |= {'min': row['min'], 'max': row['max']}


def _commonest(of_types: dict[tuple[str, bool], Document]) -> list[tuple[Any, int]]:
    listed = [
        (each['value'], -each['rank'])
        for (_, is_long), row in of_types.items()
        if not is_long
        for each in row['listed']
    ]
    return sorted(listed, key=lambda each: -each[1])
