"""Drops: collections that are out of use, until the last of their files is gone."""

import contextlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pymongo import errors as pymongo_errors
from pymongo.collection import Collection, ReturnDocument

from falcon_images.errors import (
    CursorLostError,
    DatabaseUnavailableError,
    LeaseLostError,
    NotFoundError,
    QueryTimeoutError,
)
from falcon_images.metadata.documents import Document
from falcon_images.metadata.errors import NAMESPACE_NOT_FOUND, mongo_errors, unavailable
from falcon_images.metadata.indexes import Indexes
from falcon_images.metadata.mongo import MongoDatabase, collection_not_found
from falcon_images.metadata.names import (
    DROPPED,
    DROPPED_NAMES,
    DROPS,
    MAX_NAMESPACE_BYTES,
    names_with_prefix,
)
from falcon_images.metadata.values import new_id

_BATCH_DOCUMENTS = 1000
_LEASE_MS = 30_000
_RENEWAL_SECONDS = 5.0
_COUNT_MS = 5_000
_INDEX_BUILD_IN_PROGRESS = 12587


@dataclass(frozen=True)
class Drop:
    """A drop, for whoever holds its lease: its key, the name it had, the lease."""

    key: str
    collection_name: str
    token: Any


class Drops:
    """The collections of a database that were dropped, each under a key of its own.

    One process works on each, which holds its lease by the clock of the database.
    """

    def __init__(self, mongo: MongoDatabase, indexes: Indexes) -> None:
        self._mongo = mongo
        self._indexes = indexes
        self._database = mongo.database
        self._leases = mongo.database[DROPS]

    def begin(self, collection_name: str) -> Drop:
        """Take a collection out of use in one step that frees its name.

        Raises:
            NotFoundError: there is no such collection.
        """
        return self._begin(self._mongo.collection(collection_name), collection_name)

    def begin_deleted(self, key: str, collection_name: str) -> Drop:
        """Do the same with a collection that was deleted: its key, the name it had."""
        return self._begin(self._database[key], collection_name)

    def _begin(self, collection: Collection[Document], collection_name: str) -> Drop:
        try:
            with self._mongo.operation('drop'):
                return self._take(collection, collection_name)
        except NotFoundError as ex:
            raise collection_not_found(collection_name) from ex
        finally:
            self._indexes.forget(collection_name)

    def _take(self, collection: Collection[Document], collection_name: str) -> Drop:
        """Rename a collection to a new key, with its lease; raise PyMongo's errors."""
        while True:
            drop = Drop(self._new_key(collection_name), collection_name, new_id())
            # First the lease: another process would begin with what it finds renamed.
            self._lease(drop)
            try:
                rename(collection, drop.key)
                return drop
            except pymongo_errors.OperationFailure as ex:
                # Acknowledged, and with that all that made an end of the collection.
                self._leases.delete_one({'_id': drop.key})
                self._forget_name(drop.key)
                if ex.code != NAMESPACE_NOT_FOUND or not self._exists(collection.name):
                    raise
            except pymongo_errors.PyMongoError:
                with contextlib.suppress(pymongo_errors.PyMongoError):
                    self._leases.delete_one({'_id': drop.key})
                raise

    def claim(self, key: str) -> Drop | None:
        """Take the lease of a drop that somebody left; None if that cannot be.

        A collection that is still renamed then is so on a majority of the servers.
        """
        with mongo_errors():
            name = self._name_of(key)
            drop = Drop(key, name or '', new_id())
            if not name or not self._lease(drop):
                return None
            if self._exists(key):
                return drop
            self._leases.delete_one({'_id': key})
        return None

    def names(self) -> dict[str, str]:
        """List the drops whose files may not all be gone: the key, the name it had."""
        with mongo_errors():
            keys = names_with_prefix(self._database, DROPPED)
            stored = {each['_id']: each['name'] for each in self._names.find()}
        # One whose name is not stored is of a drop that is being forgotten.
        found = {key: _name_in(key) or stored.get(key) for key in keys}
        return {key: name for key, name in found.items() if name}

    def forget_leases(self, keys: Iterable[str]) -> None:
        """Remove leases that have run out, but for those of some drops."""
        filter_ = {'_id': {'$nin': list(keys)}, '$expr': _IS_OVER}
        with mongo_errors():
            if self._leases.find_one(filter_):
                self._leases.delete_many(filter_)

    def renew(self, drop: Drop) -> None:
        """Hold the lease for another while; raise `LeaseLostError` without it."""
        with mongo_errors():
            renewed = self._leases.update_one(
                {'_id': drop.key, 'token': drop.token}, [{'$set': {'until': _END}}]
            )
        if not renewed.matched_count:
            raise self._lost(drop)

    def documents(self, drop: Drop) -> Iterator[Document]:
        """Read what is needed to find the files of a drop, and hold its lease.

        Raises:
            LeaseLostError: another process has done it.
        """
        cursor = self._database[drop.key].find(
            {}, {'image': True, '_file': True}, batch_size=_BATCH_DOCUMENTS
        )
        renewed = time.monotonic()
        try:
            with mongo_errors(None), cursor:
                for document in cursor:
                    if time.monotonic() - renewed > _RENEWAL_SECONDS:
                        self.renew(drop)
                        renewed = time.monotonic()
                    yield document
        except (CursorLostError, NotFoundError) as ex:
            raise self._lost(drop) from ex
        self.renew(drop)

    def count(self, drop: Drop) -> int:
        """Count the documents of a drop; roughly, if that takes long."""
        return self.count_at(drop.key)

    def count_at(self, key: str) -> int:
        """Do the same of any collection that is out of use, by its key."""
        collection = self._database[key]
        try:
            with mongo_errors(None):
                return collection.count_documents({}, hint='_id_', maxTimeMS=_COUNT_MS)
        except (QueryTimeoutError, CursorLostError):
            with mongo_errors():
                return collection.estimated_document_count()

    def forget(self, drop: Drop) -> None:
        """Remove the documents of a drop, whose files are gone, and its lease."""
        with mongo_errors(None):
            self._database[drop.key].drop()
            self._forget_name(drop.key)
            self._leases.delete_one({'_id': drop.key})

    def release(self, drop: Drop) -> None:
        """Give the lease back, so that another process goes on at once."""
        with contextlib.suppress(DatabaseUnavailableError), mongo_errors():
            self._leases.delete_one({'_id': drop.key, 'token': drop.token})

    def _lease(self, drop: Drop) -> bool:
        """Take a lease, and return whether that could be: nobody holds it."""
        taken = {'token': drop.token, 'until': _END}
        found = self._leases.find_one_and_update(
            {'_id': drop.key},
            [
                {
                    '$replaceWith': {
                        '$cond': [_IS_OVER, {'_id': '$_id', **taken}, '$$ROOT']
                    }
                }
            ],
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        return found is not None and found['token'] == drop.token

    @property
    def _names(self) -> Collection[Document]:
        return self._database[DROPPED_NAMES]

    def _new_key(self, collection_name: str) -> str:
        key = f'{DROPPED}{new_id()}'
        full = f'{key}.{collection_name}'
        if len(f'{self._database.name}.{full}'.encode()) <= MAX_NAMESPACE_BYTES:
            return full
        # Before the drop: afterwards nobody would know where its files are.
        self._names.insert_one({'_id': key, 'name': collection_name})
        return key

    def _name_of(self, key: str) -> str | None:
        if name := _name_in(key):
            return name
        stored = self._names.find_one({'_id': key})
        return stored['name'] if stored else None

    def _forget_name(self, key: str) -> None:
        if not _name_in(key):
            self._names.delete_one({'_id': key})

    def _exists(self, name: str) -> bool:
        return bool(self._database.list_collection_names(filter={'name': name}))

    def _lost(self, drop: Drop) -> Exception:
        """Make the error of a lease that is gone: was it done, or is somebody at it?"""
        with mongo_errors():
            if self._exists(drop.key):
                return unavailable()
        return LeaseLostError()


_END = {'$add': ['$$NOW', _LEASE_MS]}
_IS_OVER = {'$lte': ['$until', '$$NOW']}


def rename(collection: Collection[Document], key: str) -> None:
    """Rename a collection, whatever indexes are made of it; raise PyMongo's errors."""
    while True:
        try:
            collection.rename(key)
            return
        except pymongo_errors.OperationFailure as ex:
            if ex.code != _INDEX_BUILD_IN_PROGRESS:
                raise
        # Others make the indexes of a new collection at this moment; this ends it.
        collection.drop_indexes()


def _name_in(key: str) -> str:
    return key.removeprefix(DROPPED).partition('.')[2]
