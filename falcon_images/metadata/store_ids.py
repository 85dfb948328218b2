"""The id of the store that a database belongs to; the uploads folder has it too."""

import secrets
from typing import NamedTuple

from pymongo.collection import ReturnDocument

from falcon_images.errors import DuplicateKeyError
from falcon_images.metadata.documents import Document
from falcon_images.metadata.errors import mongo_errors, unavailable
from falcon_images.metadata.mongo import MongoDatabase
from falcon_images.metadata.names import STORE

_ONLY = {'_id': 'store'}
_KEY_BYTES = 8
_ATTEMPTS = 3


class StoreId(NamedTuple):
    """The id of the store, and a random key of the database itself."""

    id: str
    database_key: str


class StoreIds:
    """The one document of ``_service.store``."""

    def __init__(self, mongo: MongoDatabase) -> None:
        self._collection = mongo.database[STORE]

    def get(self, timeout_seconds: float) -> StoreId | None:
        """Return the id; None if the database has none."""
        with mongo_errors(timeout_seconds):
            found = self._collection.find_one(_ONLY)
        return _store_id(found) if found else None

    def take(self, store_id: str, timeout_seconds: float) -> StoreId:
        """Give the database an id if it has none; return the one that it has then.

        That is on a majority of the servers.
        """
        for _ in range(_ATTEMPTS - 1):
            # Two that insert at the same moment: then there is one.
            try:
                return self._write('$setOnInsert', store_id, timeout_seconds)
            except DuplicateKeyError:
                continue
        return self._write('$setOnInsert', store_id, timeout_seconds)

    def replace(self, store_id: str, timeout_seconds: float) -> StoreId:
        """Give the database an id, whatever it had, and another key."""
        return self._write('$set', store_id, timeout_seconds)

    def _write(self, operator: str, store_id: str, timeout_seconds: float) -> StoreId:
        values = {'id': store_id, 'database_key': secrets.token_hex(_KEY_BYTES)}
        with mongo_errors(timeout_seconds):
            found = self._collection.find_one_and_update(
                _ONLY,
                {operator: values},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        return _store_id(found)


def _store_id(document: Document | None) -> StoreId:
    if document is None:
        raise unavailable()
    return StoreId(str(document['id']), str(document['database_key']))
