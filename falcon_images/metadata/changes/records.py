"""Change records: what each bulk change is, how far it got, and who works on it."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import bson
import pymongo
from pymongo.collection import ReturnDocument

from falcon_images.errors import ConflictError, NotFoundError
from falcon_images.metadata.changes.before_images import ChangeKind
from falcon_images.metadata.changes.change import ChangeRecord, State, change_of
from falcon_images.metadata.collections.hidden_collections import HiddenCollections
from falcon_images.metadata.documents import Document
from falcon_images.metadata.errors import BATCH_SECONDS, mongo_errors
from falcon_images.metadata.mongo import MongoDatabase
from falcon_images.metadata.names import CHANGES, check_stored_name
from falcon_images.metadata.values import new_id, parse_change_id

# With a query, longer than all that is done between two renewals at most.
_LEASE_MARGIN_MS = 2000 * int(BATCH_SECONDS)
_HIDDEN_FIELDS = ('collection', 'uuid', 'filter', 'is_merge', 'lease', 'done')


_PUBLIC_STATES = (State.RUNNING, State.DONE, State.REVERTING, State.REVERTED)
_EXPIRING = State.EXPIRING.value
_RESTING = (State.DONE, State.REVERTED)
_UNFINISHED = (State.SELECTING, State.RUNNING)
_INDEXES = [
    pymongo.IndexModel([('collection', 1), ('time', -1), ('_id', -1)]),
    pymongo.IndexModel([('state', 1), ('until', 1)]),
]


class ChangeRecords:
    """The records of all changes in a database.

    Every method raises `DatabaseUnavailableError` when the database does not answer,
    and those that write for a `ChangeRecord` raise `ConflictError` when its lease is
    lost.

    Attributes:
        lease_end: the expression of when a lease runs out that is renewed now.
    """

    def __init__(self, mongo: MongoDatabase) -> None:
        self._records = mongo.database[CHANGES]
        self._hidden = HiddenCollections(mongo)
        self.lease_end = _in(mongo.query_timeout_ms + _LEASE_MARGIN_MS)

    def begin(
        self, record: Document, filter_: Document, kept_seconds: int
    ) -> ChangeRecord:
        """Write the record of a new change, which is not public yet.

        Args:
            kept_seconds: how long from now on it can be reverted at least.
        """
        stored = {
            '_id': new_id(),
            'state': State.SELECTING.value,
            'done': -1,
            **dict.fromkeys(('matched', 'changed', 'reverted', 'conflicts'), 0),
            **record,
            'filter': bson.encode(filter_),
        }
        # In one step: a record without a lease would be taken for one that was left.
        timed = {
            'time': '$$NOW',
            'until': _in(kept_seconds * 1000),
            'lease': self._lease(),
        }
        made = {'$mergeObjects': [{'$literal': stored}, timed]}
        with mongo_errors(BATCH_SECONDS):
            self._records.create_indexes(_INDEXES)
            found = self._records.find_one_and_update(
                {'_id': stored['_id']},
                [{'$replaceWith': made}],
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        return change_of(cast(Document, found))

    def renew(self, change: ChangeRecord, **progress: int) -> None:
        """Hold the lease for another while, and add to the record's numbers."""
        sums = {name: {'$add': [f'${name}', n]} for name, n in progress.items()}
        self._write(change, [{'$set': {'lease.until': self.lease_end, **sums}}])

    def advance(self, change: ChangeRecord, number: int, changed: int) -> None:
        """Add a batch of ids that is done to the record, in one step."""
        sums = {'done': number, 'changed': {'$add': ['$changed', changed]}}
        self._write(change, [{'$set': {'lease.until': self.lease_end, **sums}}])

    def go_on(self, change: ChangeRecord, state: State, **values: Any) -> None:
        """Go on to another state."""
        self._write(change, {'$set': {'state': state.value, **values}})

    def end(self, change: ChangeRecord, state: State, **values: Any) -> None:
        """Go on to another state, and give the lease back."""
        update = {'$set': {'state': state.value, **values}, '$unset': {'lease': ''}}
        self._write(change, update)

    def end_done(self, change: ChangeRecord, kept_seconds: int) -> None:
        """Go on to the state in which it can be reverted for so long."""
        values = {'state': State.DONE.value, 'until': _in(kept_seconds * 1000)}
        self._write(change, [{'$set': values}, {'$unset': 'lease'}])

    def take(self, collection_name: str, change_id: str) -> ChangeRecord:
        """Take the lease of a change, to finish or to revert it.

        Raises:
            ConflictError: it cannot be reverted any more, or somebody works on it.
            NotFoundError: there is no such change.
        """
        key = _parse(collection_name, change_id)
        filter_ = self._public_of(collection_name) | {'_id': key}
        if change := self._take(filter_ | {'$nor': [_over(), _HELD]}):
            return change
        with mongo_errors():
            found = self._records.find_one(filter_, {'_id': True})
            is_held = self._records.find_one(filter_ | _HELD, {'_id': True})
        if is_held:
            raise ConflictError(
                'The change is being worked on; ask again in half a minute.'
            )
        if found is None and not self._has({'_id': key, 'state': _EXPIRING}):
            raise _unknown(change_id)
        raise ConflictError('The time in which the change could be reverted is over.')

    def take_noted(self) -> ChangeRecord | None:
        """Take the lease of an import, or of edits, that was cut off; None without one.

        Nothing else of them is left than what was noted.
        """
        kinds = [{'kind': ChangeKind.IMPORT.value}, {'edits': {'$exists': True}}]
        cut_off = {'state': State.RUNNING.value, '$or': kinds}
        return self._take(cut_off | {'$nor': [_HELD]})

    def get(self, collection_name: str, change_id: str) -> Document:
        """Read the public view of a change's record."""
        key = _parse(collection_name, change_id)
        filter_ = self._public_of(collection_name) | {'_id': key}
        with mongo_errors():
            found = self._records.find_one(filter_, _PUBLIC_FIELDS)
        if found is None:
            raise _unknown(change_id)
        return found

    def of_collection(
        self, collection_name: str, skip: int, limit: int
    ) -> Iterator[Document]:
        """Read the records of a collection's changes, newest first."""
        # There may be records of a collection that is no more.
        check_stored_name(collection_name, lambda: True)
        cursor = self._records.find(
            self._public_of(collection_name),
            _PUBLIC_FIELDS,
            sort=[('time', -1), ('_id', -1)],
            skip=skip,
            limit=limit,
        )
        with mongo_errors(None), cursor:
            yield from cursor

    def mark_expired(self) -> None:
        """Make changes irrevocable whose time is over, or that changed nothing."""
        left = {'state': State.SELECTING.value}
        self._mark({'$or': [_over(), left], '$nor': [_HELD]})

    def mark_dropped(self, uuid: Any) -> None:
        """Make all changes of a collection irrevocable, whoever works on them."""
        self._mark({'uuid': uuid})

    def marked(self) -> ChangeRecord | None:
        """Return a change that is irrevocable; it is to be forgotten.

        It is so on a majority of the servers: a read alone could return what one server
        loses again.
        """
        filter_ = {'state': _EXPIRING}
        with mongo_errors():
            found = self._records.find_one_and_update(filter_, {'$set': filter_})
        return change_of(found) if found else None

    def unfinished_deletes(self, collection_name: str, change_id: Any) -> list[Any]:
        """List the bulk deletes, but for one, that may delete more images."""
        filter_ = {
            'collection': collection_name,
            'kind': ChangeKind.DELETE.value,
            'state': {'$in': [state.value for state in _UNFINISHED]},
            '_id': {'$ne': change_id},
        }
        with mongo_errors(BATCH_SECONDS):
            found = self._records.find(filter_, {'_id': True})
            return [each['_id'] for each in found]

    def confirm(self) -> None:
        """Return when all that was done before is on a majority of the servers.

        By a write that changes nothing: it waits for all others.
        """
        with mongo_errors():
            self._records.update_one({'_id': None}, {'$set': {'state': ''}})

    def forget(self, change_id: Any) -> None:
        """Remove a record."""
        with mongo_errors():
            self._records.delete_one({'_id': change_id})

    def is_known(self, change_id: Any) -> bool:
        """Return whether there is a record of a change, in whatever state."""
        return self._has({'_id': change_id})

    def has_revertible(self, change_ids: Sequence[Any]) -> bool:
        """Return whether one of some changes is not to be forgotten yet."""
        states = {'$ne': _EXPIRING}
        return self._has({'_id': {'$in': list(change_ids)}, 'state': states})

    def _public_of(self, collection_name: str) -> Document:
        """Filter those of the collection of now, not of deleted ones of that name."""
        states = {'$in': [state.value for state in _PUBLIC_STATES]}
        filter_: Document = {'collection': collection_name, 'state': states}
        if others := self._hidden.uuids(collection_name):
            filter_['uuid'] = {'$nin': others}
        return filter_

    def _has(self, filter_: Document) -> bool:
        with mongo_errors():
            return self._records.find_one(filter_, {'_id': True}) is not None

    def _take(self, filter_: Document) -> ChangeRecord | None:
        with mongo_errors():
            found = self._records.find_one_and_update(
                filter_,
                [{'$set': {'lease': self._lease()}}],
                return_document=ReturnDocument.AFTER,
            )
        return change_of(found) if found else None

    def _lease(self) -> Document:
        return {'token': new_id(), 'until': self.lease_end}

    def _mark(self, filter_: Document) -> None:
        update = {'$set': {'state': _EXPIRING}, '$unset': {'lease': ''}}
        with mongo_errors(BATCH_SECONDS):
            self._records.update_many(filter_, update)

    def _write(self, change: ChangeRecord, update: Any) -> None:
        filter_ = {'_id': change.id, 'lease.token': change.token}
        with mongo_errors():
            written = self._records.update_one(filter_, update)
        if not written.matched_count:
            raise ConflictError(
                'Somebody else works on this change now, or its collection was dropped.'
            )


_HELD = {'$expr': {'$gt': ['$lease.until', '$$NOW']}}
_PUBLIC_FIELDS = dict.fromkeys(_HIDDEN_FIELDS, False)


def _in(milliseconds: int) -> Document:
    """Make the expression of a time from now on.

    By the clock of the database, like all times that are compared: those of several
    services may differ.
    """
    return {'$add': ['$$NOW', milliseconds]}


def _over() -> Document:
    states = [state.value for state in _RESTING]
    return {'state': {'$in': states}, '$expr': {'$lte': ['$until', '$$NOW']}}


def _parse(collection_name: str, change_id: str) -> Any:
    check_stored_name(collection_name, lambda: True)
    return parse_change_id(change_id)


def _unknown(change_id: str) -> NotFoundError:
    return NotFoundError(
        f'The collection has no change with the id {change_id}; it may have expired.'
    )
