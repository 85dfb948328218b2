"""Pending ids: the images that each change has still to do."""

from collections.abc import Iterator, Sequence
from typing import Any

from bson.max_key import MaxKey

from falcon_images.metadata.documents import Document
from falcon_images.metadata.errors import BATCH_SECONDS, mongo_errors
from falcon_images.metadata.mongo import MongoDatabase
from falcon_images.metadata.names import PENDING


class PendingIds:
    """The ids of images, some hundreds to a document, in the order they were added.

    Every method raises `DatabaseUnavailableError` when the database does not answer.
    """

    def __init__(self, mongo: MongoDatabase) -> None:
        self._batches = mongo.database[PENDING]

    def add(self, change_id: Any, number: int, ids: Sequence[Any]) -> None:
        """Add the batch of ids that has a number."""
        key = {'change': change_id, 'number': number}
        with mongo_errors(BATCH_SECONDS):
            self._batches.insert_one({'_id': key, 'ids': list(ids)})

    def batches(self, change_id: Any, done: int) -> Iterator[tuple[int, list[Any]]]:
        """Read the batches of a change, each with its number.

        A batch is removed when the next is asked for.

        Args:
            done: the number of the last one that was done; it is passed over.
        """
        while found := self._first(change_id):
            number = found['_id']['number']
            if number > done:
                yield number, found['ids']
            with mongo_errors(BATCH_SECONDS):
                self._batches.delete_one({'_id': found['_id']})

    def forget(self, change_id: Any) -> None:
        """Remove all ids of a change."""
        with mongo_errors(BATCH_SECONDS):
            self._batches.delete_many({'_id': _range(change_id)})

    def _first(self, change_id: Any) -> Document | None:
        filter_ = {'_id': _range(change_id)}
        with mongo_errors(BATCH_SECONDS):
            return self._batches.find_one(filter_, sort=[('_id', 1)])


def _range(change_id: Any) -> Document:
    return {
        '$gt': {'change': change_id},
        '$lt': {'change': change_id, 'number': MaxKey()},
    }
