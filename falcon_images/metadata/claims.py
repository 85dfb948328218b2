"""Claims: images that somebody works on for a while, and nobody else is given."""

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

import pymongo
from pymongo import errors as pymongo_errors

from falcon_images.metadata.documents import Document
from falcon_images.metadata.errors import BATCH_SECONDS
from falcon_images.metadata.mongo import MongoDatabase
from falcon_images.metadata.names import CLAIMS

_DUPLICATE_KEY = 11000
_INDEXES = [
    # Which images of a collection are claimed; which a claim has; what is over.
    pymongo.IndexModel([('collection', 1), ('until', 1)]),
    pymongo.IndexModel([('claim', 1)]),
    pymongo.IndexModel([('until', 1)], expireAfterSeconds=0),
]
_IS_LIVE = {'$expr': {'$gt': ['$until', '$$NOW']}}


class ClaimRecords:
    """The claims of a database, one document for each image.

    Its id is made of the collection's UUID and the image's id, so an image has one
    claim at most, whoever asks. All times are by the clock of the database, which
    removes what is over.

    Every method raises `DatabaseUnavailableError` when the database does not answer.
    """

    def __init__(self, mongo: MongoDatabase) -> None:
        self._claims = mongo.database[CLAIMS]
        self._operation = mongo.operation
        self._has_indexes = False

    def live_ids(self, uuid: Any) -> list[Any]:
        """List the images of a collection that are claimed now."""
        with self._operation('claim', BATCH_SECONDS):
            found = self._claims.find({'collection': uuid, **_IS_LIVE}, {'_id': True})
            return [each['_id']['image'] for each in found]

    def take(self, uuid: Any, claim_id: Any, ids: Iterable[Any], seconds: int) -> None:
        """Take those of some images that nobody has; `held` says which these are."""
        taken = _taken(uuid, claim_id, seconds)
        writes = [
            pymongo.UpdateOne(_key(uuid, image_id), taken, upsert=True)
            for image_id in ids
        ]
        with self._operation('claim', BATCH_SECONDS):
            self._make_indexes()
            try:
                self._claims.bulk_write(writes, ordered=False)
            except pymongo_errors.BulkWriteError as ex:
                # Of one image, another made the document at the same moment.
                errors = ex.details.get('writeErrors', ())
                if not errors or any(each['code'] != _DUPLICATE_KEY for each in errors):
                    raise

    def held(
        self, uuid: Any, claim_id: Any
    ) -> tuple[list[Any], datetime.datetime | None]:
        """List the images that a claim has now, and when the first of them is over."""
        with self._operation('claim', BATCH_SECONDS):
            found = list(
                self._claims.find({'claim': claim_id, 'collection': uuid, **_IS_LIVE})
            )
        ids = [each['_id']['image'] for each in found]
        return ids, min((each['until'] for each in found), default=None)

    def renew(self, uuid: Any, claim_id: Any, seconds: int) -> None:
        """Hold what a claim has for another while; what is over stays so."""
        filter_ = {'claim': claim_id, 'collection': uuid, **_IS_LIVE}
        with self._operation('claim', BATCH_SECONDS):
            self._claims.update_many(filter_, [{'$set': {'until': _end(seconds)}}])

    def give_back(
        self, uuid: Any, claim_id: Any, ids: Sequence[Any] | None = None
    ) -> int:
        """Give images of a claim back; return how many it had of them.

        Args:
            ids: those that are meant; None means all.
        """
        filter_ = {'claim': claim_id, 'collection': uuid, **_IS_LIVE}
        if ids is not None:
            keys = [_key(uuid, image_id)['_id'] for image_id in ids]
            filter_['_id'] = {'$in': keys}
        with self._operation('claim', BATCH_SECONDS):
            return self._claims.delete_many(filter_).deleted_count

    def forget(self, uuid: Any) -> None:
        """Remove all claims of a collection."""
        with self._operation('claim', BATCH_SECONDS):
            self._claims.delete_many({'collection': uuid})

    def _make_indexes(self) -> None:
        if not self._has_indexes:
            self._claims.create_indexes(_INDEXES)
            self._has_indexes = True


def _key(uuid: Any, image_id: Any) -> Document:
    return {'_id': {'collection': uuid, 'image': image_id}}


def _taken(uuid: Any, claim_id: Any, seconds: int) -> list[Document]:
    """Make the update that takes an image if it is free, and else changes nothing."""
    is_free = {'$lte': [{'$ifNull': ['$until', '$$NOW']}, '$$NOW']}
    return [
        {
            '$set': {
                'collection': uuid,
                'claim': {'$cond': [is_free, claim_id, '$claim']},
                'until': {'$cond': [is_free, _end(seconds), '$until']},
            }
        }
    ]


def _end(seconds: int) -> Document:
    return {'$add': ['$$NOW', seconds * 1000]}
