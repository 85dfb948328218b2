"""Counts: how many documents a collection has, exactly, without counting each time."""

import logging
import threading
from dataclasses import dataclass
from typing import Any

import bson
import cachetools
from pymongo.collection import Collection
from pymongo.errors import PyMongoError

from falcon_images.metadata.documents import Document
from falcon_images.metadata.names import collection_uuid

_REMEMBERED_COLLECTIONS = 1000
# So that whatever was found out wrongly does not stay.
_REMEMBERED_SECONDS = 600
_NEWEST_DOCUMENTS = 1000
_ATTEMPTS = 5
# Of what the service did not make: a range that is not of ids is of other types.
_OTHER_IDS = {'_id': {'$not': {'$gte': bson.ObjectId('0' * 24)}}}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Difference:
    """What a server's own number lacks to the exact one, and of what that holds.

    MongoDB keeps the number of documents, which is exact until the server ends
    without being stopped; from then on it is off by the same number.
    """

    server: Any
    collection: Any
    documents: int


class Counts:
    """Exact numbers of documents, from MongoDB's own number and what it lacks.

    What it lacks is counted anew for each start of a server, twice with one result
    before it is believed. The newest documents are counted for themselves, so quickly
    that mostly none comes in; a count of all others holds while some do.
    """

    def __init__(self, timeout_ms: int) -> None:
        self._timeout_ms = timeout_ms
        self._seen: cachetools.TTLCache[str, _Difference] = cachetools.TTLCache(
            _REMEMBERED_COLLECTIONS, _REMEMBERED_SECONDS
        )
        self._known: cachetools.TTLCache[str, _Difference] = cachetools.TTLCache(
            _REMEMBERED_COLLECTIONS, _REMEMBERED_SECONDS
        )
        self._lock = threading.Lock()
        self._learning = threading.Lock()
        self._learnt: cachetools.TTLCache[str, bool] = cachetools.TTLCache(
            _REMEMBERED_COLLECTIONS, _REMEMBERED_SECONDS
        )

    def learn(self, collection: Collection[Document]) -> None:
        """Count in a thread of its own what a request had no time for.

        One collection after the other, and each once in some minutes: so the numbers
        of large ones are known too, without loading the database all the time.
        """
        if not self._learning.acquire(blocking=False):
            return
        if collection.name in self._learnt:
            self._learning.release()
            return
        self._learnt[collection.name] = True
        threading.Thread(target=self._learn, args=[collection], daemon=True).start()

    def _learn(self, collection: Collection[Document]) -> None:
        try:
            # It is believed when it was found twice.
            for _ in range(2):
                self.exact(collection)
        except PyMongoError:
            logger.info('The number of images of %s is not known yet', collection.name)
        finally:
            self._learning.release()

    def exact(self, collection: Collection[Document]) -> int:
        """Count all documents; raise what PyMongo raises."""
        before = _server(collection)
        estimate = collection.estimated_document_count()
        # Another server may have become the primary meanwhile.
        server = _server(collection)
        server = server if server == before else None
        with self._lock:
            known = self._known.get(collection.name)
        if known and known.server == server and _still_holds(known, collection):
            return estimate + known.documents
        counted, difference = self._compare(collection, estimate)
        is_same = server is not None and server == _server(collection)
        if is_same and difference is not None:
            found = _Difference(
                server,
                collection_uuid(collection.database, collection.name),
                difference,
            )
            self._remember(collection.name, found)
        return counted

    def _compare(
        self, collection: Collection[Document], estimate: int
    ) -> tuple[int, int | None]:
        """Count all documents; return also what a server's number lacks, or None."""
        newest = _newest(collection)
        if newest is None:
            counted = self._count(collection)
            is_unchanged = estimate == collection.estimated_document_count()
            return counted, counted - estimate if is_unchanged else None
        before, estimate_before = self._count_newest(collection, newest)
        others = self._count(collection, {'_id': {'$lte': newest}})
        others += self._count(collection, _OTHER_IDS)
        after, estimate_after = self._count_newest(collection, newest)
        counted = others + after
        if estimate_before is None or estimate_after is None:
            return counted, None
        # Else others than the newest came or went while they were counted.
        is_unchanged = estimate_after - estimate_before == after - before
        return counted, counted - estimate_after if is_unchanged else None

    def _count_newest(
        self, collection: Collection[Document], newest: Any
    ) -> tuple[int, int | None]:
        """Count the newest documents; return also the server's number then, or None."""
        estimate = collection.estimated_document_count()
        for _ in range(_ATTEMPTS):
            before = estimate
            counted = self._count(collection, {'_id': {'$gt': newest}})
            estimate = collection.estimated_document_count()
            if estimate == before:
                return counted, estimate
        return counted, None

    def _count(
        self, collection: Collection[Document], filter_: Document | None = None
    ) -> int:
        # An index alone is enough; without it, all documents would be read.
        return collection.count_documents(
            filter_ or {}, hint='_id_', maxTimeMS=self._timeout_ms
        )

    def _remember(self, name: str, found: _Difference) -> None:
        with self._lock:
            if self._seen.get(name) == found:
                self._known[name] = found
            self._seen[name] = found


def _newest(collection: Collection[Document]) -> Any:
    """Find the id that the newest documents come after; None if all are few.

    Ids of other machines, whose clocks may differ, are to be among them.
    """
    found = collection.find_one(
        {'_id': {'$type': 'objectId'}},
        {'_id': True},
        sort=[('_id', -1)],
        skip=_NEWEST_DOCUMENTS,
        hint='_id_',
    )
    return found['_id'] if found else None


def _still_holds(known: _Difference, collection: Collection[Document]) -> bool:
    # A collection of the same name that is made anew lacks nothing.
    return known.documents == 0 or known.collection == collection_uuid(
        collection.database, collection.name
    )


def _server(collection: Collection[Document]) -> object:
    """Return which start of which server answers; None for one that asks others.

    PyMongo knows: it asks each server all the time, and does not use one of which it
    has lost a connection before that one has said this anew.
    """
    described = collection.database.client.topology_description.server_descriptions()
    asked = [server for server in described.values() if server.is_writable]
    if len(asked) != 1 or asked[0].server_type_name == 'Mongos':
        return None
    return (asked[0].topology_version or {}).get('processId')
