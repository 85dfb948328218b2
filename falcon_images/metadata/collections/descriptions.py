"""Descriptions: what is told of collections beside their images, and their sizes.

They belong to a collection by its UUID: one that is deleted and comes back has its own
again, and a new one of the same name has none.
"""

import contextlib
import time
from typing import Any

import pymongo

from falcon_images.errors import InvalidRequestError, QueryTimeoutError
from falcon_images.metadata.documents import NEWEST_FIRST, Document
from falcon_images.metadata.errors import BATCH_SECONDS, mongo_errors
from falcon_images.metadata.mongo import MongoDatabase, collection_not_found
from falcon_images.metadata.names import DESCRIPTIONS, RESERVED, collection_uuid

_COUNT_MS = 30_000
# Of one whose images are as many as they were: others may have taken their places.
_COUNTED_AGAIN_MS = 3600 * 1000
_LEASE_MS = 2 * _COUNT_MS
# How many times as long as a counting took until the next of that collection.
_PAUSE = 50
_NEWEST_MS = 1000
_SIZE = '_file.size'
_TEXTS = ('title', 'description')


class Descriptions:
    """The records of ``_service.collections``.

    Every method raises `DatabaseUnavailableError` when the database does not answer.
    """

    def __init__(self, mongo: MongoDatabase) -> None:
        self._mongo = mongo
        self._database = mongo.database
        self._records = mongo.database[DESCRIPTIONS]

    def describe(self, collection_name: str, texts: dict[str, str | None]) -> Document:
        """Set the texts of a collection that are given; None removes one.

        Raises:
            NotFoundError: there is no such collection.
        """
        uuid = self.uuid(collection_name)
        with mongo_errors():
            found = self._records.find_one_and_update(
                {'_id': uuid},
                {'$set': {'name': collection_name, **texts}},
                upsert=True,
                return_document=pymongo.ReturnDocument.AFTER,
            )
        return _texts_of(found)

    def uuid(self, collection_name: str) -> Any:
        """Return the UUID of a collection; raise `NotFoundError` without one."""
        self._mongo.require_collection(collection_name)
        with mongo_errors():
            uuid = collection_uuid(self._database, collection_name)
        if uuid is None:
            raise collection_not_found(collection_name)
        return uuid

    def of(self, uuid: Any) -> Document:
        """Return what is known of a collection."""
        with mongo_errors():
            return _public(self._records.find_one({'_id': uuid}))

    def all(self) -> dict[Any, Document]:
        """Return what is known of collections, by their UUIDs."""
        with mongo_errors(BATCH_SECONDS):
            return {each['_id']: _public(each) for each in self._records.find()}

    def uuids(self) -> dict[str, Any]:
        """Return the UUIDs of the collections by their names, sorted by these."""
        with mongo_errors(BATCH_SECONDS):
            found = list(self._database.list_collections(filter={'type': 'collection'}))
        uuids = {each['name']: each['info']['uuid'] for each in found}
        return {
            name: uuids[name]
            for name in sorted(uuids)
            if not name.startswith(('system.', RESERVED))
        }

    def glance(self, collection_name: str) -> Document:
        """Return how many images a collection has, roughly and at once, and the newest.

        What would take long is null.
        """
        collection = self._database[collection_name]
        with mongo_errors():
            count = collection.estimated_document_count()
        newest = None
        # An index that is not there yet is a mistake.
        missing = contextlib.suppress(QueryTimeoutError, InvalidRequestError)
        with missing, mongo_errors(None):
            newest = collection.find_one(
                {},
                {'time': True, 'image': True},
                sort=NEWEST_FIRST,
                hint=NEWEST_FIRST,
                max_time_ms=_NEWEST_MS,
            )
        return {'documents': count, 'newest': newest}

    def count_bytes(self, collection_name: str, uuid: Any) -> bool:
        """Add up the bytes of a collection's files if that is due.

        Returns:
            Whether it was.

        Raises:
            InvalidRequestError, QueryTimeoutError: it cannot be done, or takes long.
        """
        with mongo_errors():
            count = self._database[collection_name].estimated_document_count()
        if not self._claim(collection_name, uuid, count):
            return False
        began = time.monotonic()
        values = {'bytes': self._sum(collection_name), 'counted': count}
        took_ms = int((time.monotonic() - began) * 1000)
        until = {'$add': ['$$NOW', max(_LEASE_MS, took_ms * _PAUSE)]}
        timed = {'bytes_time': '$$NOW', 'counting_until': until}
        with mongo_errors():
            self._records.update_one({'_id': uuid}, [{'$set': values | timed}])
        return True

    def tidy(self) -> None:
        """Remove what was told of collections that are no more.

        What comes from a dump has another UUID: it gets the texts of its name.
        """
        with mongo_errors(BATCH_SECONDS):
            # First: what is written after it is of collections that are in the second.
            stored = list(self._records.find({}, {'bytes': False}))
            found = list(self._database.list_collections())
            names = {each['name']: each['info'].get('uuid') for each in found}
            uuids = set(names.values())
            for record in stored:
                if record['_id'] not in uuids:
                    self._move(record, names.get(record.get('name', '')))

    def _move(self, record: Document, uuid: Any) -> None:
        texts = {name: record[name] for name in _TEXTS if name in record}
        if uuid and texts:
            self._records.update_one(
                {'_id': uuid},
                {'$setOnInsert': {'name': record['name'], **texts}},
                upsert=True,
            )
        self._records.delete_one({'_id': record['_id']})

    def _claim(self, collection_name: str, uuid: Any, count: int) -> bool:
        """Take the counting of a collection if it is due: one process does it."""
        is_old = {
            '$lte': [
                {'$ifNull': ['$bytes_time', None]},
                {'$subtract': ['$$NOW', _COUNTED_AGAIN_MS]},
            ]
        }
        is_due = {'$or': [is_old, {'$ne': ['$counted', count]}]}
        is_free = {'$lte': [{'$ifNull': ['$counting_until', None]}, '$$NOW']}
        until = {'$add': ['$$NOW', _LEASE_MS]}
        with mongo_errors():
            self._records.update_one(
                {'_id': uuid}, {'$setOnInsert': {'name': collection_name}}, upsert=True
            )
            claimed = self._records.update_one(
                {'_id': uuid, '$expr': {'$and': [is_due, is_free]}},
                [{'$set': {'counting_until': until}}],
            )
        return bool(claimed.modified_count)

    def _sum(self, collection_name: str) -> int:
        # The index of all properties has the sizes, so no document is read.
        stages: list[Document] = [
            {'$match': {_SIZE: {'$gte': 0}}},
            {'$group': {'_id': None, 'bytes': {'$sum': f'${_SIZE}'}}},
        ]
        with mongo_errors(None):
            rows = self._database[collection_name].aggregate(
                stages, maxTimeMS=_COUNT_MS, hint={'$**': 1}
            )
            return int(next(iter(rows), {'bytes': 0})['bytes'])


def _public(record: Document | None) -> Document:
    found = record or {}
    return _texts_of(found) | {
        'bytes': found.get('bytes'),
        'bytes_time': found.get('bytes_time'),
    }


def _texts_of(record: Document | None) -> Document:
    return {name: (record or {}).get(name) for name in _TEXTS}
