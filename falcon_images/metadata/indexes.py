"""Indexes: one for every query that the API offers."""

import logging

import pymongo
from pymongo import errors as mongo_errors
from pymongo.database import Database

from falcon_images.metadata.documents import UPLOAD, Document

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

logger = logging.getLogger(__name__)


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
