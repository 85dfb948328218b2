"""The documents of images: each is written in one step, and only as it was meant."""

from typing import Any

import bson
from pymongo import errors as pymongo_errors
from pymongo.collection import ReturnDocument

from falcon_images.errors import (
    DatabaseUnavailableError,
    DuplicateKeyError,
    TooLargeError,
    UncertainInsertError,
)
from falcon_images.metadata.documents import (
    UPLOAD,
    Document,
    file_facts,
    image_not_found,
    precondition_failed,
    public_view,
)
from falcon_images.metadata.errors import (
    BAD_UPDATE,
    BATCH_SECONDS,
    TOO_LARGE,
    mongo_errors,
    unavailable,
)
from falcon_images.metadata.indexes import Indexes
from falcon_images.metadata.lightening import lightening
from falcon_images.metadata.mongo import MongoDatabase
from falcon_images.metadata.patches import Patch, Patches
from falcon_images.metadata.shared_reads import SharedReads
from falcon_images.metadata.values import parse_id
from falcon_images.metadata.writes import confirm, replacement, selection

_MAX_DOCUMENT_BYTES = 16 * 1024**2


class ImageDocuments:
    """The documents of images, found by collection and id.

    Every method raises `DatabaseUnavailableError` when the database does not answer
    in time, and `InvalidRequestError` for a name or an id that cannot exist.
    """

    def __init__(self, mongo: MongoDatabase, indexes: Indexes) -> None:
        self._collection = mongo.collection
        self._operation = mongo.operation
        self._indexes = indexes
        self._patches = Patches(mongo.operation)
        self._reads = SharedReads()

    def insert(self, collection_name: str, document: Document) -> None:
        """Store a new document, safe on a majority of the servers.

        Raises:
            DuplicateKeyError: an image came with its idempotency key before.
            UncertainInsertError: nobody knows whether it is, or will be, stored.
            TooLargeError: it is more than MongoDB keeps in one document.
        """
        collection = self._collection(collection_name)
        with mongo_errors():
            size = len(bson.encode(document))
        if size > _MAX_DOCUMENT_BYTES:
            raise TooLargeError(TOO_LARGE)
        if 'upload' in document['_file']:
            # For each of them: what this process has seen is no proof of uniqueness.
            with self._operation('create_indexes'):
                self._indexes.require_key_index(collection_name)
        try:
            with self._operation('insert'):
                collection.insert_one(document)
        except DuplicateKeyError as ex:
            if _is_of_id(ex):
                raise UncertainInsertError(*ex.args) from ex
            raise
        except DatabaseUnavailableError as ex:
            if isinstance(ex.__cause__, pymongo_errors.ServerSelectionTimeoutError):
                raise
            raise UncertainInsertError(*ex.args) from ex

    def find_by_key(self, collection_name: str, key: str) -> Document | None:
        """Find the image that came with an idempotency key, with that and its digest.

        What is found may not be on a majority of the servers: ask `has`.
        """
        collection = self._collection(collection_name)
        with self._operation('find_same'):
            return collection.find_one({f'{UPLOAD}.key': key})

    def find_by_sha256(self, collection_name: str, sha256: str) -> Document | None:
        """Find the first image that has these bytes; the same holds for it."""
        collection = self._collection(collection_name)
        with self._operation('find_same'):
            found = collection.find({'_file.sha256': sha256}, sort=[('_id', 1)])
            with found:
                return next(filter(_is_image, found), None)

    def has(self, collection_name: str, key: Any) -> bool:
        """Return whether an image has its document, on a majority of the servers."""
        collection = self._collection(collection_name)
        with self._operation('confirm'):
            return confirm(collection, {'_id': key})

    def is_unchanged(self, collection_name: str, before: Document) -> bool:
        """Return whether a whole document is as it was, on a majority."""
        collection = self._collection(collection_name)
        with self._operation('confirm'):
            return confirm(collection, selection(before['_id'], before))

    def wait_for_majority(self, collection_name: str) -> None:
        """Return when all that was read here until now is on a majority."""
        self.has(collection_name, None)

    def get(self, collection_name: str, image_id: str) -> Document:
        """Read one document; raise `NotFoundError` if it is not there."""
        return public_view(self.get_whole(collection_name, image_id))

    def get_whole(self, collection_name: str, image_id: str) -> Document:
        """Read one document with what is not public, to be given as `before`.

        That it is not there is only said if it is so on a majority of the servers.
        """
        collection, key = self._collection(collection_name), parse_id(image_id)
        with self._operation('get'):
            document = self._reads.find(collection, key)
            if document is None and confirm(collection, {'_id': key}):
                # It came, or came back, at this moment.
                raise unavailable()
        return _existing(document, collection_name, image_id)

    def replace(
        self,
        collection_name: str,
        image_id: str,
        properties: Document,
        before: Document | None = None,
    ) -> Document:
        """Replace all properties of an image in one step; return the document.

        Args:
            before: the whole document that it must still be.
        """
        collection, key = self._collection(collection_name), parse_id(image_id)
        with self._operation('update', mistake=BAD_UPDATE):
            document = collection.find_one_and_update(
                selection(key, before),
                replacement(properties),
                return_document=ReturnDocument.AFTER,
            )
        return public_view(_existing(document, collection_name, image_id, before))

    def patch(
        self,
        collection_name: str,
        image_id: str,
        patch: Patch,
        before: Document | None = None,
    ) -> Document:
        """Apply a patch to an image in one step; return the document."""
        collection, key = self._collection(collection_name), parse_id(image_id)
        document = self._patches.apply(collection, key, patch, before)
        return public_view(_existing(document, collection_name, image_id, before))

    def delete(
        self, collection_name: str, image_id: str, before: Document | None = None
    ) -> Document:
        """Delete one document and return it; raise `NotFoundError` without one."""
        collection, key = self._collection(collection_name), parse_id(image_id)
        with self._operation('delete'):
            document = collection.find_one_and_delete(selection(key, before))
        return _existing(document, collection_name, image_id, before)

    def lighten(self, collection_name: str, document: Document) -> None:
        """Make it possible to delete a document that has too many values for that.

        It loses its properties, some at once, and is there until it is deleted.
        """
        collection = self._collection(collection_name)
        for update in lightening(document):
            with self._operation('delete', BATCH_SECONDS):
                collection.update_one({'_id': document['_id']}, update)

    def names_legacy_file(self, collection_name: str, image_name: str) -> bool:
        """Return whether a document of the earlier version uses that file."""
        collection = self._collection(collection_name)
        with mongo_errors():
            found = collection.find({'image': image_name}, {'_file': True})
            return any(file_facts(document) is None for document in found)


def _is_of_id(ex: DuplicateKeyError) -> bool:
    cause = ex.__cause__
    details = (
        cause.details if isinstance(cause, pymongo_errors.OperationFailure) else {}
    )
    return '_id' in (details or {}).get('keyPattern', {'_id': 1})


def _is_image(document: Document) -> bool:
    is_ours = isinstance(document['_id'], bson.ObjectId)
    return is_ours and file_facts(document) is not None


def _existing(
    document: Document | None,
    collection_name: str,
    image_id: str,
    before: Document | None = None,
) -> Document:
    if document is None and before is not None:
        raise precondition_failed()
    if document is None:
        raise image_not_found(collection_name, image_id)
    return document
