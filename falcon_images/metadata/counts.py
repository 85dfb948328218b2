"""Counts: how many documents a collection has, exactly, without counting each time."""

import threading
from dataclasses import dataclass
from typing import Any

import cachetools
from pymongo.collection import Collection

from falcon_images.metadata.documents import Document

_KEPT_COLLECTIONS = 1000
# So that whatever was found out wrongly does not stay.
_KEPT_SECONDS = 600


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
    before it is believed.
    """

    def __init__(self, timeout_ms: int) -> None:
        self._timeout_ms = timeout_ms
        self._seen: cachetools.TTLCache[str, _Difference] = cachetools.TTLCache(
            _KEPT_COLLECTIONS, _KEPT_SECONDS
        )
        self._known: cachetools.TTLCache[str, _Difference] = cachetools.TTLCache(
            _KEPT_COLLECTIONS, _KEPT_SECONDS
        )
        self._lock = threading.Lock()

    def exact(self, collection: Collection[Document]) -> int:
        """Count all documents; raise what PyMongo raises."""
        before = _server(collection)
        kept = collection.estimated_document_count()
        # Another server may have become the primary meanwhile.
        server = _server(collection)
        server = server if server == before else None
        with self._lock:
            known = self._known.get(collection.name)
        if known and known.server == server and _still_holds(known, collection):
            return kept + known.documents
        counted = self._count(collection)
        if server is not None and kept == collection.estimated_document_count():
            found = _Difference(server, _uuid(collection), counted - kept)
            self._remember(collection.name, found)
        return counted

    def _count(self, collection: Collection[Document]) -> int:
        # An index alone tells; without it, all documents would be read.
        return collection.count_documents({}, hint='_id_', maxTimeMS=self._timeout_ms)

    def _remember(self, name: str, found: _Difference) -> None:
        with self._lock:
            if self._seen.get(name) == found:
                self._known[name] = found
            self._seen[name] = found


def _still_holds(known: _Difference, collection: Collection[Document]) -> bool:
    # A collection of the same name that is made anew lacks nothing.
    return known.documents == 0 or known.collection == _uuid(collection)


def _server(collection: Collection[Document]) -> object:
    """Tell which start of which server answers; None for one that asks others.

    PyMongo knows: it asks each server all the time, and does not use one of which it
    has lost a connection before that one has told this anew.
    """
    described = collection.database.client.topology_description.server_descriptions()
    asked = [server for server in described.values() if server.is_writable]
    if len(asked) != 1 or asked[0].server_type_name == 'Mongos':
        return None
    return (asked[0].topology_version or {}).get('processId')


def _uuid(collection: Collection[Document]) -> object:
    found = collection.database.list_collections(filter={'name': collection.name})
    return next((each['info']['uuid'] for each in found), None)
