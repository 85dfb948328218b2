"""Indexes: one for every query that the API offers."""

import contextlib
import logging
import threading

import cachetools
import pymongo
from pymongo import errors as mongo_errors
from pymongo.database import Database

from falcon_images.errors import DatabaseUnavailableError
from falcon_images.metadata.documents import UPLOAD, Document
from falcon_images.metadata.translation import translated

KEY_INDEX = pymongo.IndexModel(
    [(f'{UPLOAD}.key', 1)],
    unique=True,
    partialFilterExpression={f'{UPLOAD}.key': {'$exists': True}},
)
# The order of lists; filters on any property; one image for an idempotency key.
INDEXES = (
    pymongo.IndexModel([('time', -1), ('_id', -1)]),
    pymongo.IndexModel([('$**', 1)]),
    KEY_INDEX,
)

# Another process may drop a collection at any time, so it is only for so long that its
# indexes are taken to be there still.
_SEEN_SECONDS = 60
_MADE_SECONDS = 300
_REMEMBERED = 10_000
_SMALL_DOCUMENTS = 1000

logger = logging.getLogger(__name__)


class Indexes:
    """The indexes of all collections, made by need."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._seen: cachetools.TTLCache[str, bool] = cachetools.TTLCache(
            _REMEMBERED, _SEEN_SECONDS
        )
        self._lock = threading.Lock()
        # Of `make` alone, which one thread calls.
        self._made: cachetools.TTLCache[str, bool] = cachetools.TTLCache(
            _REMEMBERED, _MADE_SECONDS
        )

    def make_once(self, collection_name: str) -> None:
        """Make those of a new collection; those of a large one take too long."""
        with self._lock:
            if collection_name in self._seen:
                return
        # The image is stored: an outage now is the reconciler's to make good.
        with contextlib.suppress(DatabaseUnavailableError), translated():
            size = self._database[collection_name].estimated_document_count()
            if size < _SMALL_DOCUMENTS:
                create_indexes(self._database, collection_name)
        with self._lock:
            self._seen[collection_name] = True

    def make(self, collection_name: str) -> None:
        """Make those that a collection lacks, however long it takes."""
        if collection_name not in self._made:
            with translated(None):
                create_indexes(self._database, collection_name)
            self._made[collection_name] = True

    def forget(self, collection_name: str) -> None:
        """Take a collection for a new one, as its name has become free."""
        with self._lock:
            self._seen.pop(collection_name, None)


def create_indexes(database: Database[Document], collection_name: str) -> None:
    """Make the indexes that a collection lacks.

    The command names the collection by its UUID as well, or it would bring one back
    that is dropped at this moment.
    """
    for found in database.list_collections(filter={'name': collection_name}):
        command = {
            'createIndexes': collection_name,
            'indexes': [index.document for index in INDEXES],
            'collectionUUID': found['info']['uuid'],
        }
        try:
            database.command(command)
        except mongo_errors.OperationFailure as ex:
            # Without indexes all works, only slower: others' indexes of that kind, or
            # the end of the collection, must not keep images out.
            logger.warning('No indexes for collection %r: %s', collection_name, ex)
