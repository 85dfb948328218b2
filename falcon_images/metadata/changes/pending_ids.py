"""Pending ids: the images that each change has still to do."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import bson
from bson.max_key import MaxKey

from falcon_images.metadata.codecs import DOCUMENTS
from falcon_images.metadata.documents import Document
from falcon_images.metadata.errors import BATCH_SECONDS, mongo_errors
from falcon_images.metadata.mongo import MongoDatabase
from falcon_images.metadata.names import PENDING


@dataclass(frozen=True)
class Prepared:
    """The properties to set of one image, if its document has that SHA-256 still."""

    image_id: Any
    values: Document
    was: bytes


@dataclass(frozen=True)
class PendingBatch:
    """The ids of some images; what is prepared of each, or nothing if all is alike."""

    ids: list[Any]
    prepared: dict[Any, Prepared] = field(default_factory=dict)
    number: int = 0


class PendingIds:
    """The ids of images, some hundreds to a document, in the order they were added.

    Every method raises `DatabaseUnavailableError` when the database does not answer.
    """

    def __init__(self, mongo: MongoDatabase) -> None:
        self._batches = mongo.database[PENDING]

    def add(self, change_id: Any, number: int, batch: PendingBatch) -> None:
        """Add a batch, as the one that has a number."""
        key = {'change': change_id, 'number': number}
        stored: Document = {'_id': key, 'ids': batch.ids}
        if batch.prepared:
            stored['prepared'] = [_stored(each) for each in batch.prepared.values()]
        with mongo_errors(BATCH_SECONDS):
            self._batches.insert_one(stored)

    def batches(self, change_id: Any, done: int) -> Iterator[PendingBatch]:
        """Read the batches of a change.

        A batch is removed when the next is asked for.

        Args:
            done: the number of the last one that was done; it is passed over.
        """
        while found := self._first(change_id):
            number = found['_id']['number']
            if number > done:
                yield _batch(number, found)
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


def _stored(prepared: Prepared) -> Document:
    # As bytes, since there are dots in names.
    values = bson.encode(prepared.values, codec_options=DOCUMENTS)
    return {'image': prepared.image_id, 'values': values, 'was': prepared.was}


def _batch(number: int, found: Document) -> PendingBatch:
    prepared = (
        Prepared(
            each['image'],
            bson.decode(each['values'], codec_options=DOCUMENTS),
            each['was'],
        )
        for each in found.get('prepared', ())
    )
    return PendingBatch(
        found['ids'], {each.image_id: each for each in prepared}, number
    )
