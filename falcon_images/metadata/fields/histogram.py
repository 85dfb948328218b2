"""Histograms: how many documents have which values of a property, in equal ranges.

The database counts, in a few passes: how many there are of each kind and from where to
where, then the commonest values that they are told apart by, then the ranges. Where
there are very many documents, a random part of them is counted, and multiplied.
"""

import datetime
from dataclasses import dataclass
from typing import Any

from bson.datetime_ms import DatetimeMS
from pymongo.collection import Collection

from falcon_images.metadata.documents import Document
from falcon_images.metadata.fields.bins import Bins, bins_of
from falcon_images.metadata.fields.expressions import Names, type_of, value_at
from falcon_images.metadata.fields.field_counts import json_type
from falcon_images.metadata.fields.time_limit import TimeLimit

MAX_GROUPS = 20
# Of more documents, a part is counted.
_EXACT_DOCUMENTS = 1_000_000
_COUNTED_DOCUMENTS = 200_000
# So many times as many documents, and the database takes random ones without reading
# all.
_RANDOM_SHARE = 20
_MAX_GROUP_BYTES = 512
_KINDS = ('number', 'date')
_NONE = 'minKey'
_NAN = float('nan')
_INFINITE = (float('inf'), float('-inf'))


@dataclass(frozen=True)
class HistogramRequest:
    """Which property, in how many ranges, and by which other one it is told apart."""

    field: str
    bins: int
    by: str = ''


class HistogramRun:
    """One histogram of the documents that match.

    Raises:
        QueryTimeoutError: it takes longer than it may.
    """

    def __init__(
        self,
        collection: Collection[Document],
        filter_: Document,
        request: HistogramRequest,
        timeout_seconds: float,
    ) -> None:
        self._collection = collection
        self._filter = filter_
        self._request = request
        self._limit = TimeLimit(collection, timeout_seconds)
        self._scale = 1.0
        self._first: list[Document] = []

    def run(self) -> Document:
        """Count, and return the public view."""
        documents = self._sample()
        kinds = self._kinds()
        numbers = {kind: kinds[kind] for kind in _KINDS if kind in kinds}
        kind = max(numbers, key=lambda each: numbers[each]['n'], default='number')
        row = kinds.pop(kind, None)
        bins = self._bins(row) if row else None
        groups = self._groups(kind) if bins and self._request.by else []
        view: Document = {
            'field': self._request.field,
            'documents': documents,
            'estimated': self._scale > 1,
            'type': kind if bins else None,
            'bins': self._ranges(kind, bins, groups) if bins else [],
            'others': {
                name: self._scaled(found['n']) for name, found in sorted(kinds.items())
            },
        }
        if self._request.by:
            view['by'] = {'field': self._request.by, 'groups': self._told(groups, view)}
        return view

    def _sample(self) -> int:
        """Choose which documents are counted; return how many match."""
        documents = self._count()
        self._scale, self._first = 1.0, []
        if self._filter:
            self._first = [{'$match': self._filter}]
        if documents > _EXACT_DOCUMENTS:
            self._scale = documents / _COUNTED_DOCUMENTS
            if self._scale > _RANDOM_SHARE and not self._filter:
                part: Document = {'$sample': {'size': _COUNTED_DOCUMENTS}}
            else:
                part = {'$match': {'$sampleRate': 1 / self._scale}}
            self._first.append(part)
        return documents

    def _bins(self, row: Document) -> Bins:
        return bins_of(row['min'], row['max'], row['whole'], self._request.bins)

    def _kinds(self) -> dict[str, Document]:
        """Count the values of each kind, and find from where to where they are."""
        # A part that is drawn anew may have others at its ends: these count there.
        stages = [
            {'$project': {'_id': False, 'v': _comparable('$v'), 'kind': _kind('$v')}},
            {
                '$group': {
                    '_id': '$kind',
                    'n': {'$sum': 1},
                    'min': {'$min': '$v'},
                    'max': {'$max': '$v'},
                    'whole': {'$min': _is_whole('$v')},
                }
            },
        ]
        kinds: dict[str, Document] = {}
        for row in self._aggregate([_values(self._request.field), *stages]):
            name = _public_kind(row['_id'])
            if name in kinds:
                kinds[name]['n'] += row['n']
            else:
                kinds[name] = row
        return kinds

    def _groups(self, kind: str) -> list[Any]:
        """Find the commonest values of the property that tells documents apart."""
        rows = self._aggregate(
            [
                _values(self._request.field, self._request.by),
                {'$project': {'_id': False, 'b': True, 'kind': _kind('$v')}},
                {'$match': {'kind': kind, **_NAMED}},
                {'$group': {'_id': '$b', 'n': {'$sum': 1}}},
                {'$sort': {'n': -1, '_id': 1}},
                {'$limit': MAX_GROUPS},
            ]
        )
        return [row['_id'] for row in rows]

    def _ranges(self, kind: str, bins: Bins, groups: list[Any]) -> list[Document]:
        """Count the documents in each range, and of each group in it."""
        key: Document = {'bin': bins.number_of('$v')}
        if self._request.by:
            none = {'$eq': [{'$type': '$b'}, _NONE]}
            place = {'$indexOfArray': [{'$literal': groups}, '$b']}
            key['group'] = {'$cond': [none, -2, place]}
        rows = self._aggregate(
            [
                _values(self._request.field, self._request.by),
                {
                    '$project': {
                        '_id': False,
                        'v': _comparable('$v'),
                        'b': True,
                        'kind': _kind('$v'),
                    }
                },
                {'$match': {'kind': kind}},
                {'$group': {'_id': key, 'n': {'$sum': 1}}},
            ]
        )
        found = {(row['_id']['bin'], row['_id'].get('group')): row['n'] for row in rows}
        return [
            self._range(kind, bins, number, found, len(groups))
            for number in range(bins.count)
        ]

    def _range(
        self,
        kind: str,
        bins: Bins,
        number: int,
        found: dict[tuple[int, int | None], int],
        groups: int,
    ) -> Document:
        from_, to = bins.ends(number)
        if kind == 'date':
            from_, to = _date(from_), _date(to)
        range_ = {'from': from_, 'to': to}
        if not self._request.by:
            return range_ | {'count': self._scaled(found.get((number, None), 0))}
        counts = [
            self._scaled(found.get((number, group), 0))
            for group in (*range(groups), -1, -2)
        ]
        return range_ | {'count': sum(counts), 'by': counts}

    def _told(self, groups: list[Any], view: Document) -> list[Document]:
        """Return the groups in the order in which the ranges have their counts."""
        rows = [each['by'] for each in view['bins']]
        sums = [sum(counts) for counts in zip(*rows, strict=True)] or [0, 0]
        told = [
            {'value': value, 'count': count}
            for value, count in zip(groups, sums[:-2], strict=True)
        ]
        return [
            *told,
            {'other': True, 'count': sums[-2]},
            {'none': True, 'count': sums[-1]},
        ]

    def _scaled(self, count: int) -> int:
        return round(count * self._scale)

    def _count(self) -> int:
        hint: dict[str, Any] = {} if self._filter else {'hint': '_id_'}
        with self._limit.kept():
            return self._collection.count_documents(self._filter, **hint)

    def _aggregate(self, stages: list[Document]) -> list[Document]:
        with self._limit.kept():
            found = self._collection.aggregate(
                [*self._first, *stages], allowDiskUse=True
            )
            return list(found)


def _values(field: str, by: str = '') -> Document:
    values = {'v': value_at(_names(field))}
    if by:
        values['b'] = value_at(_names(by))
    return {'$project': {'_id': False, **values}}


def _names(path: str) -> Names:
    return tuple(path.split('.'))


def _kind(value: str) -> Any:
    """Make the expression of the kind of a value: its type, or what counts apart."""
    branches = [
        {'case': {'$eq': [value, _NAN]}, 'then': 'nan'},
        {'case': {'$in': [value, [*_INFINITE]]}, 'then': 'infinite'},
    ]
    return {'$switch': {'branches': branches, 'default': type_of(value)}}


def _comparable(value: str) -> Any:
    """Make the expression of a value as a number; dates in milliseconds."""
    is_date = {'$eq': [{'$type': value}, 'date']}
    return {'$cond': [is_date, {'$toLong': value}, value]}


def _is_whole(value: str) -> Any:
    return {'$cond': [{'$isNumber': value}, {'$eq': [value, {'$trunc': value}]}, False]}


# Long values, lists and objects are among the others.
_NAMED: Document = {
    '$expr': {'$lte': [{'$bsonSize': {'v': '$b'}}, _MAX_GROUP_BYTES]},
    '$nor': [
        {'$expr': {'$in': [{'$type': '$b'}, [_NONE, 'array', 'object']]}},
    ],
}


def _public_kind(kind: str) -> str:
    if kind == _NONE:
        return 'none'
    return kind if kind in ('nan', 'infinite') else json_type(kind)


def _date(milliseconds: int) -> Any:
    try:
        return datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.UTC)
    except (ValueError, OverflowError, OSError):
        return DatetimeMS(milliseconds)
