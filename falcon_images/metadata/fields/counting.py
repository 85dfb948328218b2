"""Counting: every property of the documents that match, its types and values, counted.

The database counts, one property after the other, two at a time. A property that turns
out to hold lists or objects is counted once more, in the way that these need.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pymongo.collection import Collection

from falcon_images.metadata.documents import Document
from falcon_images.metadata.fields.expressions import Names, is_path
from falcon_images.metadata.fields.field_counts import FieldCounts, read_field_counts
from falcon_images.metadata.fields.stages import (
    counted_stages,
    inner_names_stages,
    names_stages,
    nested_stages,
    summed_stages,
)
from falcon_images.metadata.fields.time_limit import TimeLimit
from falcon_images.properties import SYSTEM_FIELDS

MAX_FIELDS = 1000
# Objects nested deeper count as values.
MAX_DEPTH = 8
_MAX_LISTED_VALUES = 20_000
_ALWAYS_LISTED_VALUES = 20
_AT_ONCE = 2
_SAMPLE_DOCUMENTS = 500
_RARE_DOCUMENTS = 25
_DOCUMENTS_WITH_OTHERS = 1000


@dataclass(frozen=True)
class CountedFields:
    """What was counted; truncated if there are more properties than `MAX_FIELDS`."""

    documents: int
    fields: list[FieldCounts]
    is_truncated: bool


@dataclass(frozen=True)
class _CountedField:
    """A property: its path, and what is known of it before it is counted."""

    names: Names
    # It has lists or objects; it is in a list of objects; few documents have it.
    is_nested: bool = False
    is_in_lists: bool = False
    is_rare: bool = False

    @property
    def path(self) -> str:
        return '.'.join(self.names)


class Counting:
    """One counting of the properties of documents.

    Args:
        most_listed: how many of a property's commonest values are listed; fewer when
            there are many properties.

    Raises:
        QueryTimeoutError: it takes longer than it may.
    """

    def __init__(
        self,
        collection: Collection[Document],
        filter_: Document,
        most_listed: int,
        timeout_seconds: float,
    ) -> None:
        self._collection = collection
        self._filter = filter_
        self._most_listed = most_listed
        self._limit = TimeLimit(collection, timeout_seconds)
        self._known = 0
        self._is_truncated = False

    def run(self) -> CountedFields:
        """Count, level by level of nested objects."""
        self._known, self._is_truncated = 0, False
        counted: list[FieldCounts] = []
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            documents = pool.submit(self._count)
            fields = self._admitted(self._top_fields())
            while fields:
                found, inner = self._level(pool, fields)
                counted += found
                fields = self._admitted(inner)
            counted = [found for found in counted if found.count]
            return CountedFields(documents.result(), counted, self._is_truncated)

    def _level(
        self, pool: ThreadPoolExecutor, fields: list[_CountedField]
    ) -> tuple[list[FieldCounts], list[_CountedField]]:
        """Count properties; return also those inside of the objects that they hold."""
        nested = pool.map(
            self._read_nested, [field for field in fields if field.is_nested]
        )
        counted: list[FieldCounts] = []
        surprises: list[_CountedField] = []
        plain = [field for field in fields if not field.is_nested]
        for field, found in pool.map(self._read, plain):
            if found.is_nested:
                surprises.append(field)
            else:
                counted.append(found)
        inner: list[_CountedField] = []
        for found, inside in (*nested, *pool.map(self._read_nested, surprises)):
            counted.append(found)
            inner += inside
        return counted, inner

    def _admitted(self, fields: list[_CountedField]) -> list[_CountedField]:
        admitted = fields[: MAX_FIELDS - self._known]
        self._is_truncated = self._is_truncated or len(admitted) < len(fields)
        self._known += len(admitted)
        return admitted

    def _top_fields(self) -> list[_CountedField]:
        """Find the names of all properties, but for those inside of objects.

        A sample has most of them; then the database finds documents with others.
        """
        sample = {
            row['_id']: row
            for row in self._aggregate(
                [{'$sample': {'size': _SAMPLE_DOCUMENTS}}, *names_stages()]
            )
        }
        is_large = bool(sample) and sample['_id']['n'] == _SAMPLE_DOCUMENTS
        names = set(sample)
        while len(names) <= MAX_FIELDS + len(SYSTEM_FIELDS):
            others = self._other_names(names | set(SYSTEM_FIELDS))
            if others <= names:
                break
            names |= others
        return [
            _CountedField(
                (name,),
                is_nested=name in sample and sample[name]['is_nested'],
                is_rare=is_large
                and (name not in sample or sample[name]['n'] < _RARE_DOCUMENTS)
                and is_path(name),
            )
            for name in sorted(names - set(SYSTEM_FIELDS))
        ]

    def _other_names(self, names: set[str]) -> set[str]:
        # Quicker than any expression: it looks at no value.
        only_known = {
            'properties': {name: {} for name in names},
            'additionalProperties': False,
        }
        rows = self._aggregate(
            [
                {'$match': {'$nor': [{'$jsonSchema': only_known}]}},
                {'$limit': _DOCUMENTS_WITH_OTHERS},
                *names_stages(),
                {'$match': {'_id': {'$nin': sorted(names)}}},
                {'$limit': MAX_FIELDS + 1},
            ]
        )
        return {row['_id'] for row in rows}

    def _read(self, field: _CountedField) -> tuple[_CountedField, FieldCounts]:
        return field, self._counts(field, counted_stages(field.names))

    def _read_nested(
        self, field: _CountedField
    ) -> tuple[FieldCounts, list[_CountedField]]:
        is_deepest = len(field.names) == MAX_DEPTH
        stages = nested_stages(field.names, field.is_in_lists, is_deepest)
        found = self._counts(field, stages)
        return found, [] if is_deepest else self._inner_fields(field)

    def _inner_fields(self, field: _CountedField) -> list[_CountedField]:
        stages = inner_names_stages(field.names, field.is_in_lists)
        rows = self._of_field(field, [*stages, {'$limit': MAX_FIELDS + 1}])
        return [
            _CountedField(
                (*field.names, row['_id']),
                is_nested=row['are_in_lists'],
                is_in_lists=row['are_in_lists'],
                is_rare=field.is_rare and is_path(row['_id']),
            )
            for row in rows
        ]

    def _counts(self, field: _CountedField, stages: list[Document]) -> FieldCounts:
        share = max(_ALWAYS_LISTED_VALUES, _MAX_LISTED_VALUES // self._known)
        listed = min(self._most_listed, share)
        rows = self._of_field(field, [*stages, *summed_stages(listed)])
        return read_field_counts(field.path, rows, listed)

    def _of_field(self, field: _CountedField, stages: list[Document]) -> list[Document]:
        # Few documents are found by the index, wherever they are.
        match = [{'$match': {field.path: {'$exists': True}}}] if field.is_rare else []
        return self._aggregate([*match, *stages])

    def _count(self) -> int:
        hint: dict[str, Any] = {} if self._filter else {'hint': '_id_'}
        with self._limit.kept():
            return self._collection.count_documents(self._filter, **hint)

    def _aggregate(self, stages: list[Document]) -> list[Document]:
        match = [{'$match': self._filter}] if self._filter else []
        with self._limit.kept():
            found = self._collection.aggregate([*match, *stages], allowDiskUse=True)
            return list(found)
