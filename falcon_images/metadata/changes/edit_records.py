"""Records of edits: changes to which images come one by one, for a minute."""

from collections.abc import Iterable
from typing import Any

from pymongo.collection import ReturnDocument

from falcon_images.metadata.changes.before_images import ChangeKind
from falcon_images.metadata.changes.change import ChangeRecord, State, change_of
from falcon_images.metadata.changes.records import ChangeRecords
from falcon_images.metadata.documents import Document
from falcon_images.metadata.errors import BATCH_SECONDS, mongo_errors
from falcon_images.metadata.mongo import MongoDatabase
from falcon_images.metadata.names import CHANGES
from falcon_images.metadata.values import new_id, parse_change_id

_OPEN_MS = 60_000
_LISTED_NAMES = 20
_NAME_CHARACTERS = 100


class EditRecords:
    """The records of edits.

    Whoever edits an image shares the lease of the change with others who do that at the
    same moment; the last of them gives it back. A record whose lease runs out is
    `running` until somebody ends it.

    Every method raises `DatabaseUnavailableError` when the database does not answer.
    """

    def __init__(self, mongo: MongoDatabase, changes: ChangeRecords) -> None:
        self._records = mongo.database[CHANGES]
        self._changes = changes

    def begin(
        self, collection_name: str, uuid: Any, by: str, names: Iterable[str], kept: int
    ) -> ChangeRecord:
        """Begin a change of one image, to which others can come.

        Args:
            names: the properties that are set.
            kept: for how many seconds it can be reverted at least.
        """
        record: Document = {
            'collection': collection_name,
            'kind': ChangeKind.UPDATE.value,
            'conditions': {},
            'patch': None,
            'is_merge': False,
            'uuid': uuid,
            'edits': {'properties': _listed(names)},
        }
        change = self._changes.begin(record | named(by), {}, kept)
        self._changes.go_on(change, State.RUNNING, **{'lease.users': 1})
        return change

    def join(
        self,
        change_id: str,
        collection_name: str,
        uuid: Any,
        by: str,
        names: Iterable[str],
    ) -> ChangeRecord | None:
        """Come to a change with another image; None if it takes none any more.

        It takes those of the same user, for a minute, unless somebody reverts it.
        """
        filter_ = {
            '_id': parse_change_id(change_id),
            'collection': collection_name,
            'uuid': uuid,
            'by': by or None,
            'edits': {'$exists': True},
            '$or': [_RESTS, _IS_SHARED],
            '$expr': {'$gt': [{'$add': ['$time', _OPEN_MS]}, '$$NOW']},
        }
        known = {'$setUnion': ['$edits.properties', {'$literal': _listed(names)}]}
        joined = {
            'state': State.RUNNING.value,
            'edits.properties': {'$slice': [known, _LISTED_NAMES]},
            'lease': {
                'token': {'$ifNull': ['$lease.token', new_id()]},
                'until': self._changes.lease_end,
                'users': {'$add': [{'$ifNull': ['$lease.users', 0]}, 1]},
            },
        }
        with mongo_errors(BATCH_SECONDS):
            found = self._records.find_one_and_update(
                filter_, [{'$set': joined}], return_document=ReturnDocument.AFTER
            )
        return change_of(found) if found else None

    def leave(self, change: ChangeRecord, changed: int, kept_seconds: int) -> bool:
        """Add to the images of a change, and give the lease back if nobody shares it.

        Returns:
            Whether the change is still what it was; else its time was over.
        """
        counted = {
            'matched': {'$add': ['$matched', changed]},
            'changed': {'$add': ['$changed', changed]},
            'lease.users': {'$add': ['$lease.users', -1]},
            'until': {'$add': ['$$NOW', kept_seconds * 1000]},
        }
        # One in which nothing was done is not to be seen.
        ended = {'$cond': ['$changed', State.DONE.value, State.EXPIRING.value]}
        rested = {
            'state': {'$cond': [_HAS_USERS, '$state', ended]},
            'lease': {'$cond': [_HAS_USERS, '$lease', '$$REMOVE']},
        }
        with mongo_errors(BATCH_SECONDS):
            written = self._records.update_one(
                {'_id': change.id, 'lease.token': change.token},
                [{'$set': counted}, {'$set': rested}],
            )
        return written.matched_count == 1


_RESTS = {'state': State.DONE.value, 'lease': {'$exists': False}}
_IS_SHARED = {
    'state': State.RUNNING.value,
    'lease.users': {'$gte': 1},
    '$expr': {'$gt': ['$lease.until', '$$NOW']},
}
_HAS_USERS = {'$gt': ['$lease.users', 0]}


def named(by: str) -> Document:
    """Return what a record has of who made the change; nothing if nobody says it."""
    return {'by': by} if by else {}


def _listed(names: Iterable[str]) -> list[str]:
    return sorted({name[:_NAME_CHARACTERS] for name in names})[:_LISTED_NAMES]
