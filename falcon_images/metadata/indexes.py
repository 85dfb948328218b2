"""Indexes: one for every query that the API offers."""

import contextlib
import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import cachetools
import pymongo
from pymongo import errors as pymongo_errors
from pymongo.collection import Collection

from falcon_images.errors import ConflictError, DatabaseUnavailableError
from falcon_images.metadata.documents import UPLOAD, Document
from falcon_images.metadata.errors import mongo_errors
from falcon_images.metadata.mongo import MongoDatabase
from falcon_images.metadata.names import collection_uuid

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
# CannotCreateIndex, IndexOptionsConflict, IndexKeySpecsConflict.
_CONFLICTS = frozenset((67, 85, 86))
# NamespaceNotFound, IndexBuildAborted, CollectionUUIDMismatch: it was just dropped.
_DROPPED = frozenset((26, 276, 361))
# Which documents an index has, and what it is used for.
_OPTIONS = (
    *('unique', 'sparse', 'partialFilterExpression', 'collation'),
    *('expireAfterSeconds', 'hidden', 'wildcardProjection'),
)

logger = logging.getLogger(__name__)


class Indexes:
    """The indexes of all collections, made by need."""

    def __init__(self, mongo: MongoDatabase) -> None:
        self._mongo = mongo
        self._database = mongo.database
        self._seen: cachetools.TTLCache[str, bool] = cachetools.TTLCache(
            _REMEMBERED, _SEEN_SECONDS
        )
        self._lock = threading.Lock()
        # Of `make` alone, which one thread calls.
        self._made: cachetools.TTLCache[str, bool] = cachetools.TTLCache(
            _REMEMBERED, _MADE_SECONDS
        )
        self._logged: cachetools.LRUCache[tuple[str, str, int | None], bool] = (
            cachetools.LRUCache(_REMEMBERED)
        )

    def make_once(self, collection_name: str) -> None:
        """Make those of a new collection; those of a large one take too long."""
        with self._lock:
            if collection_name in self._seen:
                return
        # The image is stored: an outage now is the reconciler's to make good.
        with contextlib.suppress(DatabaseUnavailableError), mongo_errors():
            size = self._database[collection_name].estimated_document_count()
            if size < _SMALL_DOCUMENTS:
                self._create(collection_name)
        with self._lock:
            self._seen[collection_name] = True

    def make_indexes(self) -> None:
        """Make the indexes that collections lack; may take long, so not in requests.

        Collections of the earlier version have none, and one that was dropped while
        others upload to it may come back without them.
        """
        for collection_name in self._mongo.collection_names():
            self.make(collection_name)

    def make(self, collection_name: str) -> None:
        """Make those that a collection lacks, however long it takes."""
        if collection_name not in self._made:
            with mongo_errors(None):
                self._create(collection_name)
            self._made[collection_name] = True

    def forget(self, collection_name: str) -> None:
        """Take a collection for a new one, as its name has become free."""
        with self._lock:
            self._seen.pop(collection_name, None)

    def require_key_index(self, collection_name: str) -> None:
        """Make sure that of all inserts with one idempotency key one is stored.

        Raises:
            ConflictError: the collection can have no index for that.
        """
        collection = self._database[collection_name]
        try:
            collection.create_indexes([KEY_INDEX])
        except pymongo_errors.OperationFailure as ex:
            if ex.code not in _CONFLICTS:
                raise
            if not _has_equal(collection, KEY_INDEX):
                raise ConflictError(
                    'An Idempotency-Key cannot be used in this collection: other '
                    'indexes of it are in the way of the one for keys. Send the image '
                    'without a key, or ask for one of these to be removed.'
                ) from ex

    def _create(self, collection_name: str) -> None:
        """Make the indexes that a collection lacks, as far as it can have them.

        The command names the collection by its UUID as well, or it would bring one back
        that is dropped at this moment.
        """
        uuid = collection_uuid(self._database, collection_name)
        if uuid is None:
            return
        try:
            self._command(collection_name, uuid, INDEXES)
        except pymongo_errors.OperationFailure as ex:
            if ex.code in _DROPPED:
                return
            # One that it cannot have would keep it from having the others.
            for index in INDEXES:
                self._create_one(collection_name, uuid, index)

    def _create_one(
        self, collection_name: str, uuid: Any, index: pymongo.IndexModel
    ) -> None:
        try:
            self._command(collection_name, uuid, [index])
        except pymongo_errors.OperationFailure as ex:
            collection = self._database[collection_name]
            if ex.code in _CONFLICTS and _has_equal(collection, index):
                return
            # Without indexes all works, only slower: others' indexes of that kind must
            # not keep images out.
            is_news = ex.code not in _DROPPED and self._is_news(
                (collection_name, index.document['name'], ex.code)
            )
            if is_news:
                logger.warning('No index for collection %r: %s', collection_name, ex)

    def _is_news(self, failure: tuple[str, str, int | None]) -> bool:
        with self._lock:
            is_news = failure not in self._logged
            self._logged[failure] = True
            return is_news

    def _command(
        self, collection_name: str, uuid: Any, indexes: Sequence[pymongo.IndexModel]
    ) -> None:
        command = {
            'createIndexes': collection_name,
            'indexes': [index.document for index in indexes],
            'collectionUUID': uuid,
        }
        self._database.command(command)


def _has_equal(collection: Collection[Document], index: pymongo.IndexModel) -> bool:
    """Return whether a collection has an index already, under whatever name."""
    wanted = _meaning(index.document)
    return any(_meaning(found) == wanted for found in collection.list_indexes())


def _meaning(index: Mapping[str, Any]) -> list[Any]:
    # The order of the names in a key counts.
    return [list(index['key'].items()), *(index.get(name) for name in _OPTIONS)]
