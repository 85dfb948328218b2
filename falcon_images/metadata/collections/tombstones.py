"""Tombstones: collections that were deleted and can come back, with all they had."""

from collections.abc import Iterator
from typing import Any, cast

import bson
import pymongo
from pymongo import errors as pymongo_errors
from pymongo.collection import ReturnDocument

from falcon_images.errors import ConflictError, InvalidRequestError, NotFoundError
from falcon_images.metadata.collections.hidden_collections import HiddenCollections
from falcon_images.metadata.collections.tombstone import (
    Tombstone,
    TombstoneState,
    public_tombstone,
    tombstone_of,
)
from falcon_images.metadata.documents import Document
from falcon_images.metadata.drops import rename
from falcon_images.metadata.errors import mongo_errors
from falcon_images.metadata.mongo import MongoDatabase, collection_not_found
from falcon_images.metadata.names import (
    DELETED_COLLECTION,
    MAX_NAMESPACE_BYTES,
    TOMBSTONES,
    collection_uuid,
)
from falcon_images.metadata.values import new_id

_LEASE_MS = 30_000
_NAMESPACE_EXISTS = 48
_INDEXES = [pymongo.IndexModel([('collection', 1)])]


class Tombstones:
    """The collections of a database that were deleted and can still come back.

    Every method raises `DatabaseUnavailableError` when the database does not answer,
    and those that write for a `Tombstone` raise `ConflictError` when its lease is lost.
    """

    def __init__(self, mongo: MongoDatabase) -> None:
        self._mongo = mongo
        self._database = mongo.database
        self._records = mongo.database[TOMBSTONES]
        self._hidden = HiddenCollections(mongo)

    def begin(self, collection_name: str, kept_seconds: int) -> Tombstone:
        """Write the record of a collection that is about to be deleted.

        Raises:
            InvalidRequestError: its name is too long to be kept.
            NotFoundError: there is no such collection.
        """
        self._mongo.require_collection(collection_name)
        tombstone_id = new_id()
        key = f'{DELETED_COLLECTION}{tombstone_id}.{collection_name}'
        if len(f'{self._database.name}.{key}'.encode()) > MAX_NAMESPACE_BYTES:
            raise InvalidRequestError(
                'The name of this collection is too long for it to be kept; delete it '
                'without revertible=true.'
            )
        with mongo_errors():
            self._records.create_indexes(_INDEXES)
            uuid = collection_uuid(self._database, collection_name)
        values = {'collection': collection_name, 'key': key, 'uuid': uuid}
        state = TombstoneState.DELETING.value
        return self._insert(tombstone_id, values | {'state': state}, kept_seconds)

    def take_out(self, tombstone: Tombstone) -> None:
        """Rename a collection to its key, in one step that frees its name.

        Raises:
            NotFoundError: it is not there any more.
        """
        collection = self._database[tombstone.collection_name]
        try:
            with self._mongo.operation('drop'):
                rename(collection, tombstone.key)
        except NotFoundError as ex:
            # Acknowledged, and with that all that made an end of the collection.
            self.forget(tombstone)
            raise collection_not_found(tombstone.collection_name) from ex

    def publish(self, tombstone: Tombstone, documents: int, kept_seconds: int) -> None:
        """Let a deleted collection be reverted from now on, for so long."""
        with mongo_errors():
            uuid = collection_uuid(self._database, tombstone.key)
        values = {
            'state': TombstoneState.DELETED.value,
            'uuid': uuid,
            'documents': documents,
            'until': _in(kept_seconds * 1000),
        }
        self._write(tombstone, [{'$set': values}, {'$unset': 'lease'}])

    def take(self, collection_name: str, tombstone_id: str) -> Tombstone | None:
        """Take the lease of a deleted collection to revert it; None if there is none.

        Raises:
            ConflictError: its time is over, or somebody works on it.
        """
        if not bson.ObjectId.is_valid(tombstone_id):
            return None
        only = {'_id': bson.ObjectId(tombstone_id), 'collection': collection_name}
        found = self._claim(
            only
            | {
                'state': TombstoneState.DELETED.value,
                '$expr': {'$gt': ['$until', '$$NOW']},
            },
            TombstoneState.REVERTING,
        )
        with mongo_errors():
            is_known = self._records.find_one(only, {'_id': True}) is not None
        if found is None and is_known:
            raise ConflictError(
                'The collection is being worked on, or the time in which it could come '
                'back is over; ask again in half a minute.'
            )
        return found

    def put_back(self, tombstone: Tombstone) -> None:
        """Give a collection its name again.

        Raises:
            ConflictError: there is another of that name.
            NotFoundError: it is not there any more.
        """
        try:
            with self._mongo.operation('revert_drop'):
                self._rename_back(tombstone)
        except ConflictError:
            self._settle(tombstone)
            raise
        except NotFoundError as ex:
            self.forget(tombstone)
            raise collection_not_found(tombstone.collection_name) from ex
        self.forget(tombstone)

    def _rename_back(self, tombstone: Tombstone) -> None:
        try:
            rename(self._database[tombstone.key], tombstone.collection_name)
        except pymongo_errors.OperationFailure as ex:
            if ex.code != _NAMESPACE_EXISTS:
                raise
            raise ConflictError(
                f'There is another collection called "{tombstone.collection_name}" '
                'now; delete that one first.'
            ) from ex

    def take_left(self) -> Iterator[Tombstone]:
        """Take those that somebody left half-way, one after the other."""
        half = [TombstoneState.DELETING.value, TombstoneState.REVERTING.value]
        yield from self._claimed({'state': {'$in': half}})

    def take_expired(self) -> Iterator[Tombstone]:
        """Take those whose time is over; none of them can come back from then on."""
        expired = {
            '$or': [
                {'state': TombstoneState.EXPIRING.value},
                {
                    'state': TombstoneState.DELETED.value,
                    '$expr': {'$lte': ['$until', '$$NOW']},
                },
            ]
        }
        yield from self._claimed(expired, TombstoneState.EXPIRING)

    def settle(self, tombstone: Tombstone) -> None:
        """Make what was left half-way what it is: deleted, or there.

        Its lease is on a majority of the servers, so what is found is not lost again.
        """
        if self._exists(tombstone.key):
            self._settle(tombstone)
        else:
            self.forget(tombstone)

    def adopt(self, kept_seconds: int) -> None:
        """Write records of deleted collections without one, such as restored ones."""
        with mongo_errors():
            known = set(self._records.distinct('key'))
        for key, name in self._hidden.names().items():
            if key not in known:
                values = {'collection': name, 'key': key, 'uuid': None}
                state = TombstoneState.DELETING.value
                self._insert(_id_in(key), values | {'state': state}, kept_seconds)

    def forget(self, tombstone: Tombstone) -> None:
        """Remove a record."""
        with mongo_errors():
            self._records.delete_one(
                {'_id': tombstone.id, 'lease.token': tombstone.token}
            )

    def public_views(self) -> list[Document]:
        """List the public views of those that can come back, newest first."""
        filter_ = {
            'state': TombstoneState.DELETED.value,
            '$expr': {'$gt': ['$until', '$$NOW']},
        }
        with mongo_errors():
            found = self._records.find(filter_, sort=[('time', -1), ('_id', -1)])
            return [public_tombstone(each) for each in found]

    def _insert(
        self, tombstone_id: Any, values: Document, kept_seconds: int
    ) -> Tombstone:
        timed = {
            'time': '$$NOW',
            'until': _in(kept_seconds * 1000),
            'lease': _lease(),
        }
        stored = {'_id': tombstone_id, 'documents': 0, **values}
        # What somebody else has written since counts.
        made = {'$mergeObjects': [{'$literal': stored}, timed, '$$ROOT']}
        with mongo_errors():
            found = self._records.find_one_and_update(
                {'_id': tombstone_id},
                [{'$replaceWith': made}],
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        return tombstone_of(cast(Document, found))

    def _settle(self, tombstone: Tombstone) -> None:
        with mongo_errors():
            uuid = collection_uuid(self._database, tombstone.key)
            count = self._database[tombstone.key].estimated_document_count()
        values = {
            'state': TombstoneState.DELETED.value,
            'uuid': uuid,
            'documents': tombstone.documents or count,
        }
        self._write(tombstone, {'$set': values, '$unset': {'lease': ''}})

    def _claimed(
        self, filter_: Document, state: TombstoneState | None = None
    ) -> Iterator[Tombstone]:
        with mongo_errors():
            found = list(self._records.find(filter_, {'_id': True}))
        for each in found:
            if tombstone := self._claim(filter_ | {'_id': each['_id']}, state):
                yield tombstone

    def _claim(
        self, filter_: Document, state: TombstoneState | None
    ) -> Tombstone | None:
        values = {'state': state.value} if state else {}
        with mongo_errors():
            found = self._records.find_one_and_update(
                filter_ | {'$nor': [_HELD]},
                [{'$set': {'lease': _lease(), **values}}],
                return_document=ReturnDocument.AFTER,
            )
        return tombstone_of(found) if found else None

    def _write(self, tombstone: Tombstone, update: Any) -> None:
        filter_ = {'_id': tombstone.id, 'lease.token': tombstone.token}
        with mongo_errors():
            written = self._records.update_one(filter_, update)
        if not written.matched_count:
            raise ConflictError('Somebody else works on this deleted collection now.')

    def _exists(self, name: str) -> bool:
        with mongo_errors():
            return bool(self._database.list_collection_names(filter={'name': name}))


_HELD = {'$expr': {'$gt': ['$lease.until', '$$NOW']}}


def _in(milliseconds: int) -> Document:
    return {'$add': ['$$NOW', milliseconds]}


def _lease() -> Document:
    return {'token': new_id(), 'until': _in(_LEASE_MS)}


def _id_in(key: str) -> Any:
    text = key.removeprefix(DELETED_COLLECTION).partition('.')[0]
    return bson.ObjectId(text) if bson.ObjectId.is_valid(text) else new_id()
