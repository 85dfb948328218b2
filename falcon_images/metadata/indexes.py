"""Indexes: one for every query that the API offers."""

import logging

import pymongo
from pymongo import errors as mongo_errors
from pymongo.collection import Collection

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
INDEX_NAMES = {index.document['name'] for index in INDEXES}

logger = logging.getLogger(__name__)


def create_indexes(collection: Collection[Document]) -> None:
    try:
        collection.create_indexes(list(INDEXES))
    except mongo_errors.OperationFailure as ex:
        # Without indexes all works, only slower: a view, or others' indexes of that
        # name, must not keep images out.
        logger.warning('No indexes for collection %r: %s', collection.name, ex)
