"""Metadata: every query that MongoDB is asked, and all that knows BSON."""

import datetime
import functools
from typing import Any

import bson
import pymongo
from bson.codec_options import CodecOptions, DatetimeConversion
from pymongo import errors as pymongo_errors
from pymongo.collection import Collection, ReturnDocument
from pymongo.write_concern import WriteConcern

from falcon_images.errors import (
    DatabaseUnavailableError,
    DuplicateKeyError,
    NotFoundError,
    PreconditionFailedError,
    TooLargeError,
    UncertainInsertError,
)
from falcon_images.metadata.changes.before_images import (
    BeforeImages,
)
from falcon_images.metadata.changes.bulk import (
    BulkDocuments,
)
from falcon_images.metadata.changes.deletions import Deletions
from falcon_images.metadata.changes.pending_ids import PendingIds
from falcon_images.metadata.changes.records import ChangeRecords
from falcon_images.metadata.deadlines import Deadlines
from falcon_images.metadata.documents import (
    UPLOAD,
    Document,
    file_facts,
    image_not_found,
    public_view,
)
from falcon_images.metadata.drops import Drop, Drops
from falcon_images.metadata.errors import (
    BAD_UPDATE,
    BATCH_SECONDS,
    TOO_LARGE,
    Observe,
    Operations,
    mongo_errors,
    unavailable,
)
from falcon_images.metadata.indexes import Indexes
from falcon_images.metadata.lightening import lightening
from falcon_images.metadata.lists.lists import Lists
from falcon_images.metadata.names import (
    RESERVED,
    check_stored_name,
)
from falcon_images.metadata.patches import Patch, Patches
from falcon_images.metadata.store_ids import StoreIds
from falcon_images.metadata.turns import Turns
from falcon_images.metadata.values import parse_id
from falcon_images.metadata.writes import confirm, replacement, selection

_KEPT_COLLECTIONS = 1000
_MAX_DOCUMENT_BYTES = 16 * 1024**2

_CODEC_OPTIONS: CodecOptions[Document] = CodecOptions(
    tz_aware=True,
    tzinfo=datetime.UTC,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    unicode_decode_error_handler='replace',
)


def _observe_nothing(name: str, seconds: float, has_failed: bool) -> None:
    pass


class MongoMetadata:
    """The documents of all collections, in one MongoDB database.

    Every method raises `DatabaseUnavailableError` when the database does not answer
    in time, and `InvalidRequestError` for a name or an id that cannot exist.

    Args:
        tell: is told of each operation of a request its name, its seconds, and whether
            it failed; of a list, the seconds to its first document.
    """

    def __init__(
        self,
        client: pymongo.MongoClient[Document],
        database_name: str,
        query_timeout_seconds: int,
        observe: Observe = _observe_nothing,
    ) -> None:
        self._client = client
        self._operation = Operations(observe)
        self._admin = client.admin
        self._database = client.get_database(
            database_name,
            codec_options=_CODEC_OPTIONS,
            read_preference=pymongo.ReadPreference.PRIMARY,
            write_concern=WriteConcern('majority', j=True),
        )
        # Names are checked once; those that no collection can have are not kept.
        self._collection = functools.lru_cache(_KEPT_COLLECTIONS)(self._open_collection)
        query_timeout_ms = query_timeout_seconds * 1000
        deadlines = Deadlines(client, query_timeout_seconds)
        self.lists = Lists(
            self._collection, query_timeout_ms, self._operation, deadlines
        )
        self.bulk = BulkDocuments(
            self._database, query_timeout_ms, self._operation, deadlines
        )
        self.changes = ChangeRecords(self._database, query_timeout_ms)
        self.pending_ids = PendingIds(self._database)
        self.before_images = BeforeImages(self._database)
        self.deletions = Deletions(self._database, self.changes, self.before_images)
        self.drops = Drops(self._database)
        self.turns = Turns(self._database, self._operation)
        self.store_ids = StoreIds(self._database)
        self._indexes = Indexes(self._database)
        self._patches = Patches(self._operation)

    @property
    def database_name(self) -> str:
        """The name of the database."""
        return self._database.name

    def ping(self, timeout_seconds: float) -> None:
        """Ask the database for a sign of life."""
        with self._operation('ping', timeout_seconds):
            self._admin.command('ping')

    def estimated_counts(self, timeout_seconds: float) -> tuple[int, int]:
        """Count the collections, and roughly but quickly the documents in them."""
        with mongo_errors(timeout_seconds):
            names = self.collection_names()
            sizes = (self._database[name].estimated_document_count() for name in names)
            return len(names), sum(sizes)

    def collection_names(self) -> list[str]:
        """List the collections, sorted by name."""
        return sorted(
            name
            for name in self._all_names({'type': 'collection'})
            if not name.startswith(('system.', RESERVED))
        )

    def require_collection(self, collection_name: str) -> None:
        """Raise `NotFoundError` if the collection does not exist."""
        self._collection(collection_name)
        if not self._all_names({'name': collection_name}):
            raise _no_collection(collection_name)

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

    def make_indexes_once(self, collection_name: str) -> None:
        """Make the indexes of a collection that has its first image just now."""
        self._indexes.make_once(collection_name)

    def find_by_key(self, collection_name: str, key: str) -> Document | None:
        """Find the image that came with an idempotency key; it tells of its upload.

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
        """Find out whether an image has its document, on a majority of the servers."""
        collection = self._collection(collection_name)
        with self._operation('confirm'):
            return confirm(collection, {'_id': key})

    def is_still(self, collection_name: str, before: Document) -> bool:
        """Find out whether a whole document is as it was, on a majority."""
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
        """Read one document with what is not shown, to be given as `before`.

        That it is not there is only said if it is so on a majority of the servers.
        """
        collection, key = self._collection(collection_name), parse_id(image_id)
        with self._operation('get'):
            document = collection.find_one({'_id': key})
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

    def names_file(self, collection_name: str, image_name: str) -> bool:
        """Tell whether a document of the earlier version uses that file."""
        collection = self._collection(collection_name)
        with mongo_errors():
            found = collection.find({'image': image_name}, {'_file': True})
            if any(file_facts(document) is None for document in found):
                return True
        return self.before_images.names_file(collection_name, image_name)

    def drop(self, collection_name: str) -> Drop:
        """Take a collection out of use in one step that frees its name."""
        collection = self._collection(collection_name)
        try:
            with self._operation('drop'):
                return self.drops.take(collection)
        except NotFoundError as ex:
            raise _no_collection(collection_name) from ex
        finally:
            self._indexes.forget(collection_name)

    def make_indexes(self) -> None:
        """Make the indexes that collections lack; may take long, so not in requests.

        Collections of the earlier version have none, and one that was dropped while
        others upload to it may come back without them.
        """
        for collection_name in self.collection_names():
            self._indexes.make(collection_name)

    def _all_names(self, filter_: Document) -> list[str]:
        with self._operation('list_collections'):
            return self._database.list_collection_names(filter=filter_)

    def _open_collection(self, collection_name: str) -> Collection[Document]:
        named = {'name': collection_name}
        check_stored_name(collection_name, lambda: bool(self._all_names(named)))
        return self._database[collection_name]


def precondition_failed() -> PreconditionFailedError:
    """Make the error of a document that is not the one that the client means."""
    return PreconditionFailedError(
        'The document is another now; read it again, and send the change with the '
        'ETag that it has.'
    )


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


def _no_collection(collection_name: str) -> NotFoundError:
    return NotFoundError(f'The collection "{collection_name}" does not exist.')
