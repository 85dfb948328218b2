"""Snapshot records: what each snapshot is, and who makes or ends it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

import pymongo
from pymongo.collection import ReturnDocument

from falcon_images.errors import ConflictError, DuplicateKeyError, NotFoundError
from falcon_images.metadata.documents import Document
from falcon_images.metadata.errors import BATCH_SECONDS, mongo_errors
from falcon_images.metadata.mongo import MongoDatabase
from falcon_images.metadata.names import SNAPSHOTS
from falcon_images.metadata.values import new_id

MAX_SNAPSHOTS = 100
# How long an import may still store an image whose file a snapshot held a moment ago.
_GRACE_MS = 30_000
# With a query, longer than all that is done between two renewals at most.
_LEASE_MARGIN_MS = 2000 * int(BATCH_SECONDS)
_INDEXES = [
    # One that ends has no name any more.
    pymongo.IndexModel(
        [('uuid', 1), ('name', 1)],
        unique=True,
        partialFilterExpression={'name': {'$exists': True}},
    ),
    pymongo.IndexModel([('state', 1)]),
]


class SnapshotState(StrEnum):
    """How far a snapshot is; only one that is ready is public."""

    MAKING = 'making'
    READY = 'ready'
    ENDING = 'ending'


@dataclass(frozen=True)
class SnapshotRecord:
    """A snapshot, for whoever holds its lease, if `token` is that of the record.

    `uuid` is of the collection, unlike others that had, or will have, its name;
    `size` is of all its files, in bytes.
    """

    id: Any
    collection_name: str
    uuid: Any
    name: str
    time: Any
    conditions: Document
    images: int
    size: int
    token: Any


class SnapshotRecords:
    """The records of all snapshots in a database.

    Every method raises `DatabaseUnavailableError` when the database does not answer,
    and those that write for a `SnapshotRecord` raise `ConflictError` when its lease is
    lost.
    """

    def __init__(self, mongo: MongoDatabase) -> None:
        self._records = mongo.database[SNAPSHOTS]
        self._lease_end = _in(mongo.query_timeout_ms + _LEASE_MARGIN_MS)

    def begin(
        self, collection_name: str, uuid: Any, name: str, conditions: Document
    ) -> SnapshotRecord:
        """Write the record of a new snapshot, which is not public yet.

        Raises:
            ConflictError: the name is taken, or the collection has too many.
        """
        stored = {
            '_id': new_id(),
            'collection': collection_name,
            'uuid': uuid,
            'name': name,
            'conditions': conditions,
            'state': SnapshotState.MAKING.value,
            'images': 0,
            'bytes': 0,
        }
        made = {'$mergeObjects': [{'$literal': stored}, self._begun()]}
        with mongo_errors(BATCH_SECONDS):
            self._records.create_indexes(_INDEXES)
        self._check_count(uuid)
        try:
            with mongo_errors(BATCH_SECONDS):
                found = self._records.find_one_and_update(
                    {'_id': stored['_id']},
                    [{'$replaceWith': made}],
                    upsert=True,
                    return_document=ReturnDocument.AFTER,
                )
        except DuplicateKeyError as ex:
            raise ConflictError(
                f'The collection has a snapshot called {name}, or one is being made; '
                'choose another name, or delete that one.'
            ) from ex
        return _record_of(cast(Document, found))

    def renew(self, snapshot: SnapshotRecord) -> None:
        """Hold the lease for another while."""
        self._write(snapshot, [{'$set': {'lease.until': self._lease_end}}])

    def publish(self, snapshot: SnapshotRecord, images: int, size: int) -> Document:
        """Make a snapshot public, and return its public view."""
        values = {
            'state': SnapshotState.READY.value,
            'images': images,
            'bytes': size,
        }
        self._write(snapshot, {'$set': values, '$unset': {'lease': ''}})
        return self._public(self._one({'_id': snapshot.id}))

    def give_up(self, snapshot: SnapshotRecord) -> None:
        """Leave a snapshot that cannot be made, and free its name."""
        self._write(snapshot, _ending(0))

    def get(self, uuid: Any, name: str) -> SnapshotRecord:
        """Read a snapshot; raise `NotFoundError` if it is not there."""
        return _record_of(self._one(_ready(uuid) | {'name': name}, name))

    def of_collection(self, uuid: Any) -> list[tuple[Any, Document]]:
        """List the public views of snapshots by their ids, newest first."""
        with mongo_errors():
            found = self._records.find(_ready(uuid), sort=[('time', -1), ('_id', -1)])
            return [(each['_id'], self._public(each)) for each in found]

    def end(self, uuid: Any, name: str) -> SnapshotRecord:
        """Take a snapshot out of use, and free its name, in one step."""
        with mongo_errors():
            found = self._records.find_one_and_update(
                _ready(uuid) | {'name': name}, _ending(_GRACE_MS)
            )
            if found is None:
                # It waits for all other writes: what is not there is gone for good.
                self._records.update_one({'_id': None}, {'$set': {'state': ''}})
        if found is None:
            raise _unknown(name)
        return _record_of(found)

    def end_left(self) -> None:
        """End snapshots that were cut off while they were made."""
        filter_ = {'state': SnapshotState.MAKING.value, '$nor': [_HELD]}
        with mongo_errors(BATCH_SECONDS):
            if self._records.find_one(filter_):
                self._records.update_many(filter_, _ending(0))

    def end_dropped(self, uuid: Any) -> None:
        """End all snapshots of a collection that was dropped."""
        ending = SnapshotState.ENDING.value
        with mongo_errors(BATCH_SECONDS):
            self._records.update_many(
                {'uuid': uuid, 'state': {'$ne': ending}}, _ending(0)
            )
            # Whoever ends one of the others has its lease.
            self._records.update_many(
                {'uuid': uuid, 'state': ending}, [{'$set': {'until': '$$NOW'}}]
            )

    def claim(self, uuid: Any = None) -> SnapshotRecord | None:
        """Take the lease of a snapshot that is to go; None if there is none to take.

        Args:
            uuid: of the collection whose snapshots are meant; None means all.
        """
        filter_ = {
            'state': SnapshotState.ENDING.value,
            '$expr': {'$lte': ['$until', '$$NOW']},
            '$nor': [_HELD],
        }
        with mongo_errors():
            if self._records.find_one(filter_, {'_id': True}) is None:
                return None
            found = self._records.find_one_and_update(
                filter_ | ({} if uuid is None else {'uuid': uuid}),
                [{'$set': {'lease': self._lease()}}],
                return_document=ReturnDocument.AFTER,
            )
        return _record_of(found) if found else None

    def are_ready(self, snapshot_ids: Sequence[Any]) -> bool:
        """Return whether some snapshots are all public."""
        filter_ = {
            '_id': {'$in': list(snapshot_ids)},
            'state': SnapshotState.READY.value,
        }
        with mongo_errors():
            return self._records.count_documents(filter_) == len(set(snapshot_ids))

    def has_ready(self, snapshot_ids: Sequence[Any]) -> bool:
        """Return whether one of some snapshots is public."""
        filter_ = {
            '_id': {'$in': list(snapshot_ids)},
            'state': SnapshotState.READY.value,
        }
        with mongo_errors():
            return self._records.find_one(filter_, {'_id': True}) is not None

    def is_known(self, snapshot_id: Any) -> bool:
        """Return whether there is a record of a snapshot, in whatever state."""
        with mongo_errors():
            found = self._records.find_one({'_id': snapshot_id}, {'_id': True})
        return found is not None

    def forget(self, snapshot: SnapshotRecord) -> None:
        """Remove a record."""
        with mongo_errors():
            self._records.delete_one({'_id': snapshot.id})

    def _check_count(self, uuid: Any) -> None:
        filter_ = {'uuid': uuid, 'name': {'$exists': True}}
        with mongo_errors():
            count = self._records.count_documents(filter_)
        if count >= MAX_SNAPSHOTS:
            raise ConflictError(
                f'A collection can have {MAX_SNAPSHOTS} snapshots; delete one first.'
            )

    def _one(self, filter_: Document, name: str = '') -> Document:
        with mongo_errors():
            found = self._records.find_one(filter_)
        if found is None:
            raise _unknown(name)
        return found

    def _begun(self) -> Document:
        return {'time': '$$NOW', 'lease': self._lease()}

    def _lease(self) -> Document:
        return {'token': new_id(), 'until': self._lease_end}

    def _write(self, snapshot: SnapshotRecord, update: Any) -> None:
        filter_ = {'_id': snapshot.id, 'lease.token': snapshot.token}
        with mongo_errors():
            written = self._records.update_one(filter_, update)
        if not written.matched_count:
            raise ConflictError(
                'The collection of this snapshot was dropped, or it took too long.'
            )

    @staticmethod
    def _public(record: Document) -> Document:
        names = ('name', 'time', 'conditions', 'images', 'bytes')
        return {name: record[name] for name in names}


_HELD = {'$expr': {'$gt': ['$lease.until', '$$NOW']}}


def _in(milliseconds: int) -> Document:
    """Make the expression of a time from now on, by the clock of the database."""
    return {'$add': ['$$NOW', milliseconds]}


def _ending(grace_ms: int) -> list[Document]:
    values = {'state': SnapshotState.ENDING.value, 'until': _in(grace_ms)}
    return [{'$set': values}, {'$unset': ['name', 'lease']}]


def _ready(uuid: Any) -> Document:
    return {'uuid': uuid, 'state': SnapshotState.READY.value}


def _record_of(record: Document) -> SnapshotRecord:
    return SnapshotRecord(
        id=record['_id'],
        collection_name=record['collection'],
        uuid=record['uuid'],
        name=record.get('name', ''),
        time=record['time'],
        conditions=record['conditions'],
        images=record['images'],
        size=record['bytes'],
        token=record.get('lease', {}).get('token'),
    )


def _unknown(name: str) -> NotFoundError:
    return NotFoundError(f'The collection has no snapshot called {name[:64]!r}.')
