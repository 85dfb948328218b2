"""Documents read by id: those that are asked for at the same moment, in one query.

The rule that makes it right: a request only shares a query that is sent after it came,
so it never sees less than a query of its own would. While one query is under way, all
who come wait; then the first of them asks for all of them.
"""

import copy
import threading
from collections.abc import Sequence

import bson
from pymongo import errors as pymongo_errors
from pymongo.collection import Collection

from falcon_images.metadata.documents import Document

_MOST_AT_ONCE = 64
# The database does not answer, whatever is asked.
_OF_ALL = (pymongo_errors.ConnectionFailure, pymongo_errors.ExecutionTimeout)


class SharedReads:
    """Finds documents by their ids, with few queries for many who ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # By collection, while a query is under way, who came meanwhile.
        self._waiting: dict[str, list[_Asked]] = {}

    def find(
        self, collection: Collection[Document], key: bson.ObjectId
    ) -> Document | None:
        """Return the document with an id, or None.

        Raises:
            PyMongoError: the query failed, for all who share it.
        """
        asked = _Asked(key)
        asked.batch = self._take_turn(collection.name, asked)
        if asked.batch:
            try:
                _ask(collection, asked.batch)
            finally:
                self._hand_over(collection.name)
                for other in asked.batch:
                    other.turn.release()
        return asked.answer(collection)

    def waiting(self, collection_name: str) -> int:
        """Return how many wait for a query of a collection that is under way."""
        with self._lock:
            return len(self._waiting.get(collection_name, ()))

    def _take_turn(self, name: str, asked: '_Asked') -> Sequence['_Asked']:
        """Wait; return for whom to ask, nobody if another has asked for this one."""
        with self._lock:
            waiting = self._waiting.get(name)
            if waiting is None:
                self._waiting[name] = []
                return [asked]
            waiting.append(asked)
        asked.turn.acquire()
        return asked.batch

    def _hand_over(self, name: str) -> None:
        """Let the first who waits ask for all others; nobody is under way without."""
        with self._lock:
            waiting = self._waiting[name]
            if not waiting:
                del self._waiting[name]
                return
            batch = waiting[:_MOST_AT_ONCE]
            self._waiting[name] = waiting[_MOST_AT_ONCE:]
        batch[0].batch = batch
        batch[0].turn.release()


class _Asked:
    """One who asks for a document, and what came of it."""

    __slots__ = ('batch', 'document', 'error', 'key', 'turn')

    def __init__(self, key: bson.ObjectId) -> None:
        self.key = key
        self.turn = threading.Lock()
        self.turn.acquire()
        # For whom to ask, when it is this one's turn.
        self.batch: Sequence[_Asked] = ()
        self.document: Document | None = None
        # For those who share the query of one whose thread was ended.
        self.error: Exception | None = pymongo_errors.AutoReconnect('Nobody has asked.')

    def answer(self, collection: Collection[Document]) -> Document | None:
        """Return the document that was found, or raise what came instead."""
        if self.error is None:
            return self.document
        if len(self.batch) == 1 or isinstance(self.error, _OF_ALL):
            raise self.error
        # One document that cannot be read is no failure of the others.
        return collection.find_one({'_id': self.key})


def _ask(collection: Collection[Document], batch: Sequence[_Asked]) -> None:
    keys = [each.key for each in batch]
    try:
        documents = (
            [collection.find_one({'_id': keys[0]})]
            if len(keys) == 1
            else list(collection.find({'_id': {'$in': keys}}))
        )
    except Exception as ex:
        for each in batch:
            each.error = ex
        return
    found = {document['_id']: document for document in documents if document}
    given = set[bson.ObjectId]()
    for each in batch:
        document = found.get(each.key)
        # Each may change its own.
        each.document = copy.deepcopy(document) if each.key in given else document
        each.error = None
        given.add(each.key)
