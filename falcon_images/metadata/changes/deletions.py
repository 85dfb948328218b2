"""Deletions: what bulk deletes find noted of images that they did not delete.

A before-image says that a bulk delete is about to delete an image, or that it did. When
somebody else deletes the image, it must not come back by a revert of that bulk delete.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import pymongo
from bson.max_key import MaxKey

from falcon_images.metadata.changes.before_images import BeforeImages
from falcon_images.metadata.changes.records import ChangeRecords
from falcon_images.metadata.errors import BATCH_SECONDS, mongo_errors
from falcon_images.metadata.mongo import MongoDatabase
from falcon_images.metadata.names import DELETED


class Deletions:
    """The images that were deleted beside bulk deletes which are not finished.

    Every method raises `DatabaseUnavailableError` when the database does not answer.
    """

    def __init__(
        self,
        mongo: MongoDatabase,
        changes: ChangeRecords,
        before_images: BeforeImages,
    ) -> None:
        self._deleted = mongo.database[DELETED]
        self._changes = changes
        self._before_images = before_images

    def note(
        self, collection_name: str, ids: Sequence[Any], change_id: Any = None
    ) -> bool:
        """Note who deleted some images, after that is certain.

        A bulk delete that is not finished may have read a document and not stored its
        before-image yet, so first it is noted for it; then before-images are removed.

        Args:
            change_id: the bulk delete that deleted them; None if none did.

        Returns:
            Whether a before-image was removed, whose revert may be under way.
        """
        unfinished = self._changes.unfinished_deletes(collection_name, change_id)
        writes = [
            pymongo.UpdateOne(
                {'_id': {'change': unfinished_id, 'image': image_id}},
                {'$set': {'is_deleted': True}},
                upsert=True,
            )
            for unfinished_id in unfinished
            for image_id in ids
        ]
        with mongo_errors(BATCH_SECONDS):
            if writes:
                self._deleted.bulk_write(writes, ordered=False)
        return self._before_images.disown(collection_name, ids, change_id)

    def of_others(self, change_id: Any, ids: Iterable[Any]) -> set[Any]:
        """Find which of some images a bulk delete did not delete, as noted."""
        keys = [{'change': change_id, 'image': image_id} for image_id in ids]
        with mongo_errors(BATCH_SECONDS):
            found = self._deleted.find({'_id': {'$in': keys}})
            return {each['_id']['image'] for each in found}

    def forget(self, change_id: Any) -> None:
        """Remove what was noted for a bulk delete, which will delete nothing more."""
        range_ = {
            '$gt': {'change': change_id},
            '$lt': {'change': change_id, 'image': MaxKey()},
        }
        with mongo_errors(BATCH_SECONDS):
            self._deleted.delete_many({'_id': range_})
