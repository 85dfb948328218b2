"""Turns: uploads of the same bytes, of which one at a time may become an image."""

import contextlib
from typing import Any

import pymongo
from pymongo.collection import ReturnDocument

from falcon_images.errors import DatabaseUnavailableError, DuplicateKeyError
from falcon_images.metadata.documents import Document
from falcon_images.metadata.mongo import MongoDatabase
from falcon_images.metadata.names import TURNS

# How long a turn may last, by the clock of the database: after it, an insert that was
# sent in that turn cannot come any more.
TURN_SECONDS = 30
# Those that a crash left; the database removes them.
_LEFT = pymongo.IndexModel([('since', 1)], expireAfterSeconds=3600)


class Turns:
    """The turns of a database, one document for each collection and SHA-256.

    A unique index on the SHA-256 would not do: uploads that do not ask for it may
    bring the same bytes any number of times.
    """

    def __init__(self, mongo: MongoDatabase) -> None:
        self._turns = mongo.database[TURNS]
        self._operation = mongo.operation
        self._has_index = False

    def take(self, collection_name: str, sha256: str, image_id: Any) -> bool:
        """Take the turn for an image; return False while it is that of another."""
        over = {'$subtract': ['$$NOW', TURN_SECONDS * 1000]}
        is_free = {'$lte': [{'$ifNull': ['$since', over]}, over]}
        taken = {
            'image': {'$cond': [is_free, image_id, '$image']},
            'since': {'$cond': [is_free, '$$NOW', '$since']},
        }
        try:
            with self._operation('turn'):
                self._make_index()
                turn = self._turns.find_one_and_update(
                    _key(collection_name, sha256),
                    [{'$set': taken}],
                    upsert=True,
                    return_document=ReturnDocument.AFTER,
                )
        except DuplicateKeyError:
            # Another made the document at the same moment.
            return False
        return turn is not None and turn['image'] == image_id

    def end(self, collection_name: str, sha256: str, image_id: Any) -> None:
        """Give a turn back; one that cannot be given back runs out."""
        key = _key(collection_name, sha256)
        with contextlib.suppress(DatabaseUnavailableError), self._operation('turn'):
            self._turns.delete_one({**key, 'image': image_id})

    def _make_index(self) -> None:
        if not self._has_index:
            self._turns.create_indexes([_LEFT])
            self._has_index = True


def _key(collection_name: str, sha256: str) -> Document:
    return {'_id': {'collection': collection_name, 'sha256': sha256}}
