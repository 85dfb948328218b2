"""Metadata: every query that MongoDB is asked, and all that knows BSON."""

import base64
import contextlib
import datetime
import logging
import math
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import bson
import cachetools
import pymongo
from bson import json_util
from bson.codec_options import CodecOptions, DatetimeConversion
from pymongo import errors as mongo_errors
from pymongo.collection import Collection, ReturnDocument
from pymongo.write_concern import WriteConcern

from falcon_images.errors import (
    DatabaseUnavailableError,
    InvalidRequestError,
    NotFoundError,
    QueryTimeoutError,
    TooLargeError,
    UncertainInsertError,
)
from falcon_images.properties import SYSTEM_FIELDS

Document = dict[str, Any]
Order = list[tuple[str, int]]

NEWEST_FIRST: Order = [('time', -1), ('_id', -1)]

# One operation on one document, waiting for a server included.
_TIMEOUT_SECONDS = 4
# A cursor's batches: large enough to be quick, small enough to stay out of memory.
_BATCH_DOCUMENTS = 1000
# What MongoDB's 255 leave beside a database's name and the prefix of a drop.
_MAX_COLLECTION_NAME_BYTES = 140

_RESERVED = '_service.'
_DROPPED = f'{_RESERVED}dropped.'
# `time, _id` is the order of lists; the wildcard serves filters on any property.
_INDEXES = (
    pymongo.IndexModel([('time', -1), ('_id', -1)]),
    pymongo.IndexModel([('$**', 1)]),
)
# Another process may drop a collection at any time, so it is only for so long that one
# that was seen is taken to exist still.
_SEEN_SECONDS = 60

_CODEC_OPTIONS: CodecOptions[Document] = CodecOptions(
    tz_aware=True,
    tzinfo=datetime.UTC,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    unicode_decode_error_handler='replace',
)
_NAMESPACE_NOT_FOUND = 26
# FailedToParse, BadValue, TypeMismatch, PathNotViable, ConflictingUpdateOperators,
# DollarPrefixedFieldName, EmptyFieldName, regular expressions that do not compile.
_CLIENT_MISTAKES = frozenset((2, 9, 14, 28, 40, 52, 56, 51091, 51108))
_DOCUMENT_TOO_LARGE = frozenset((10334, 17280, 17419))

logger = logging.getLogger(__name__)


def new_id() -> bson.ObjectId:
    """Make the id of a new image; ids are in the order of time."""
    return bson.ObjectId()


def parse_id(text: str) -> bson.ObjectId:
    """Read an image's id; raise `InvalidRequestError` if it cannot be one."""
    try:
        return bson.ObjectId(text)
    except bson.errors.InvalidId as ex:
        raise InvalidRequestError(
            f'{text[:40]!r} is not the id of an image: it has 24 hexadecimal digits.'
        ) from ex


def now() -> datetime.datetime:
    """Tell the time in UTC, as exactly as MongoDB keeps it: in milliseconds."""
    time = datetime.datetime.now(datetime.UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def to_json_type(value: Any) -> Any:
    """Turn what JSON has no type for into what it has."""
    if isinstance(value, datetime.datetime):
        utc = value.astimezone(datetime.UTC) if value.tzinfo else value
        return utc.replace(tzinfo=None).isoformat(timespec='milliseconds') + 'Z'
    if isinstance(value, bson.ObjectId):
        return str(value)
    if isinstance(value, bson.Decimal128):
        number = float(str(value))
        return number if math.isfinite(number) else str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return json_util.default(value)


def check_collection_name(name: str) -> None:
    """Raise `InvalidRequestError` if no collection can have that name."""
    reason = None
    if not name or len(name.encode(errors='replace')) > _MAX_COLLECTION_NAME_BYTES:
        reason = f'it must have 1 to {_MAX_COLLECTION_NAME_BYTES} bytes'
    elif '$' in name or '..' in name or name.startswith('.') or name.endswith('.'):
        reason = 'it must not have "$", two dots together, or a dot at an end'
    elif not name.isprintable() or '\ufffd' in name:
        reason = 'it must be text in UTF-8 without control characters'
    elif name.startswith(('system.', _RESERVED)):
        reason = 'names that begin so are kept for the database and the service'
    if reason:
        raise InvalidRequestError(
            f'The collection name {name[:60]!r} cannot be used: {reason}.'
        )


@dataclass(frozen=True)
class Query:
    """Which documents of a collection, in what order; a limit of 0 means all."""

    filter: dict[str, Any] = field(default_factory=dict)
    sort: Order = field(default_factory=lambda: NEWEST_FIRST)
    skip: int = 0
    limit: int = 0


class MongoMetadata:
    """The documents of all collections, in one MongoDB database.

    Every method raises `DatabaseUnavailableError` when the database does not answer
    in time, and `InvalidRequestError` for a name or an id that cannot exist.
    """

    def __init__(
        self,
        client: pymongo.MongoClient[Document],
        database_name: str,
        query_timeout_seconds: int,
    ) -> None:
        self._client = client
        self._query_timeout_ms = query_timeout_seconds * 1000
        self._database = client.get_database(
            database_name,
            codec_options=_CODEC_OPTIONS,
            read_preference=pymongo.ReadPreference.PRIMARY,
            write_concern=WriteConcern('majority', j=True),
        )
        self._seen: cachetools.TTLCache[str, bool] = cachetools.TTLCache(
            maxsize=10_000, ttl=_SEEN_SECONDS
        )
        self._seen_lock = threading.Lock()

    def ping(self, timeout_seconds: float) -> None:
        """Ask the database for a sign of life."""
        with _translated(timeout_seconds):
            self._client.admin.command('ping')

    def collection_names(self) -> list[str]:
        """List the collections, sorted by name."""
        return sorted(
            name
            for name in self._all_names({'type': 'collection'})
            if not name.startswith(('system.', _RESERVED))
        )

    def require_collection(self, collection_name: str) -> None:
        """Raise `NotFoundError` if the collection does not exist."""
        check_collection_name(collection_name)
        if not self._all_names({'name': collection_name}):
            raise _no_collection(collection_name)

    def count(self, collection_name: str, filter_: Document) -> int:
        """Count the documents that match."""
        collection = self._collection(collection_name)
        # An index alone tells how many there are; without it, all would be read.
        hint: dict[str, Any] = {} if filter_ else {'hint': '_id_'}
        with _translated(None, _BAD_FILTER):
            return collection.count_documents(
                filter_, maxTimeMS=self._query_timeout_ms, **hint
            )

    def documents(self, collection_name: str, query: Query) -> Iterator[Document]:
        """Read documents one after the other; memory does not grow with their number.

        Raises:
            QueryTimeoutError: the database worked on it for longer than the settings
                allow.
        """
        cursor = self._collection(collection_name).find(
            query.filter,
            skip=query.skip,
            limit=query.limit,
            sort=query.sort,
            batch_size=_BATCH_DOCUMENTS,
            allow_disk_use=True,
            max_time_ms=self._query_timeout_ms,
        )
        with _translated(None, _BAD_FILTER), cursor:
            yield from cursor

    def insert(self, collection_name: str, document: Document) -> None:
        """Store a new document, safe on a majority of the servers.

        Raises:
            UncertainInsertError: nobody knows whether it is, or will be, stored.
            TooLargeError: it is more than MongoDB keeps in one document.
        """
        collection = self._collection(collection_name)
        self._prepare(collection)
        try:
            with _translated():
                collection.insert_one(document)
        except DatabaseUnavailableError as ex:
            if isinstance(ex.__cause__, mongo_errors.ServerSelectionTimeoutError):
                raise
            raise UncertainInsertError(*ex.args) from ex

    def get(self, collection_name: str, image_id: str) -> Document:
        """Read one document; raise `NotFoundError` if it is not there."""
        collection, key = self._collection(collection_name), parse_id(image_id)
        with _translated():
            document = collection.find_one({'_id': key})
        return _existing(document, collection_name, image_id)

    def replace(
        self, collection_name: str, image_id: str, properties: Document
    ) -> Document:
        """Replace all properties of an image in one step; return the document."""
        kept = {name: f'${name}' for name in SYSTEM_FIELDS}
        return self._update(
            collection_name,
            image_id,
            [{'$replaceWith': {'$mergeObjects': [kept, {'$literal': properties}]}}],
        )

    def set(self, collection_name: str, image_id: str, values: Document) -> Document:
        """Set properties by name or dotted path in one step; return the document."""
        if not values:
            return self.get(collection_name, image_id)
        return self._update(collection_name, image_id, {'$set': values})

    def replace_if_unchanged(
        self, collection_name: str, before: Document, after: Document
    ) -> bool:
        """Replace a document unless it changed since it was read; tell whether."""
        collection = self._collection(collection_name)
        unchanged = {'$expr': {'$eq': ['$$ROOT', {'$literal': before}]}}
        with _translated():
            result = collection.replace_one({'_id': before['_id'], **unchanged}, after)
        return result.matched_count == 1

    def delete(self, collection_name: str, image_id: str) -> Document:
        """Delete one document and return it; raise `NotFoundError` without one."""
        collection, key = self._collection(collection_name), parse_id(image_id)
        with _translated():
            document = collection.find_one_and_delete({'_id': key})
        return _existing(document, collection_name, image_id)

    def names_file(self, collection_name: str, image_name: str) -> bool:
        """Tell whether a document of the earlier version uses that file."""
        collection = self._collection(collection_name)
        with _translated():
            found = collection.find_one(
                {'image': image_name, '_file': {'$exists': False}}, {'_id': True}
            )
        return found is not None

    def drop(self, collection_name: str) -> str:
        """Take a collection out of use in one step that frees its name.

        Returns:
            The key under which its documents can be read, until `forget`.
        """
        collection = self._collection(collection_name)
        key = f'{_DROPPED}{new_id()}.{collection_name}'
        try:
            with _translated(None):
                collection.rename(key)
        except NotFoundError as ex:
            raise _no_collection(collection_name) from ex
        finally:
            with self._seen_lock:
                self._seen.pop(collection_name, None)
        return key

    def drops(self) -> dict[str, str]:
        """List the drops whose files may not all be gone: the key, the name it had."""
        keys = self._all_names({'name': {'$regex': f'^{re.escape(_DROPPED)}'}})
        return {key: key[len(_DROPPED) :].split('.', 1)[1] for key in keys}

    def dropped_documents(self, key: str) -> Iterator[Document]:
        """Read what is needed to find the files of a dropped collection."""
        cursor = self._database[key].find(
            {}, {'image': True, '_file': True}, batch_size=_BATCH_DOCUMENTS
        )
        with _translated(None), cursor:
            yield from cursor

    def dropped_count(self, key: str) -> int:
        """Count the documents of a dropped collection."""
        with _translated(None):
            return self._database[key].count_documents({}, hint='_id_')

    def forget(self, key: str) -> None:
        """Remove the documents of a dropped collection, whose files are gone."""
        with _translated(None):
            self._database[key].drop()

    def make_indexes(self) -> None:
        """Make the indexes that a collection lacks; may take long, so not in requests.

        Collections of the earlier version have none, and one that was dropped while
        others upload to it may come back without them.
        """
        for collection_name in self.collection_names():
            collection = self._database[collection_name]
            with _translated(None):
                # Only the implicit index of `_id`: a dropped one must not come back.
                if len(list(collection.list_indexes())) == 1:
                    _create_indexes(collection)

    def _all_names(self, filter_: Document) -> list[str]:
        with _translated():
            return self._database.list_collection_names(filter=filter_)

    def _collection(self, collection_name: str) -> Collection[Document]:
        check_collection_name(collection_name)
        return self._database[collection_name]

    def _prepare(self, collection: Collection[Document]) -> None:
        with self._seen_lock:
            if collection.name in self._seen:
                return
        if not self._all_names({'name': collection.name}):
            with _translated():
                _create_indexes(collection)
        with self._seen_lock:
            self._seen[collection.name] = True

    def _update(self, collection_name: str, image_id: str, update: Any) -> Document:
        collection, key = self._collection(collection_name), parse_id(image_id)
        with _translated(mistake=_BAD_UPDATE):
            document = collection.find_one_and_update(
                {'_id': key}, update, return_document=ReturnDocument.AFTER
            )
        return _existing(document, collection_name, image_id)


_BAD_FILTER = 'MongoDB cannot run this filter: an operator has a value it cannot take.'
_BAD_UPDATE = (
    'The properties cannot be set so: a dotted name leads through a value that is not '
    'an object, or two names lead to the same place.'
)


def _create_indexes(collection: Collection[Document]) -> None:
    try:
        collection.create_indexes(list(_INDEXES))
    except mongo_errors.OperationFailure as ex:
        # Without indexes all works, only slower: a view, or others' indexes of that
        # name, must not keep images out.
        logger.warning('No indexes for collection %r: %s', collection.name, ex)


def _existing(
    document: Document | None, collection_name: str, image_id: str
) -> Document:
    if document is None:
        raise NotFoundError(
            f'The collection "{collection_name}" has no image with the id {image_id}.'
        )
    return document


def _no_collection(collection_name: str) -> NotFoundError:
    return NotFoundError(f'The collection "{collection_name}" does not exist.')


@contextlib.contextmanager
def _translated(
    timeout_seconds: float | None = _TIMEOUT_SECONDS,
    mistake: str = 'MongoDB cannot do this.',
) -> Iterator[None]:
    """Limit the time of what is done inside, and raise errors of ours for PyMongo's."""
    limit = (
        pymongo.timeout(timeout_seconds)
        if timeout_seconds
        else contextlib.nullcontext()
    )
    try:
        with limit:
            yield
    except mongo_errors.ExecutionTimeout as ex:
        if timeout_seconds is None:
            raise QueryTimeoutError(
                'The query took too long; ask for less, or filter by fewer properties.'
            ) from ex
        raise _unavailable() from ex
    except mongo_errors.DocumentTooLarge as ex:
        raise _too_large() from ex
    except mongo_errors.OperationFailure as ex:
        raise _of_operation(ex, mistake) from ex
    except (mongo_errors.PyMongoError, OSError) as ex:
        logger.warning('The database does not answer: %s', type(ex).__name__)
        raise _unavailable() from ex


def _of_operation(ex: mongo_errors.OperationFailure, mistake: str) -> Exception:
    if ex.code == _NAMESPACE_NOT_FOUND:
        return NotFoundError('The collection does not exist.')
    if ex.code in _CLIENT_MISTAKES:
        return InvalidRequestError(mistake)
    if ex.code in _DOCUMENT_TOO_LARGE:
        return _too_large()
    logger.warning('The database refused an operation: %s (%s)', ex, ex.code)
    return _unavailable()


def _unavailable() -> DatabaseUnavailableError:
    return DatabaseUnavailableError(
        'The database does not answer; send the request again in a few seconds.'
    )


def _too_large() -> TooLargeError:
    return TooLargeError('The properties of an image can have 16 MB at most.')
