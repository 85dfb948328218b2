"""Bulk: many documents of a collection, read and written byte for byte."""

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast

import bson
import pymongo
from bson.raw_bson import RawBSONDocument
from pymongo import errors as pymongo_errors
from pymongo.collection import Collection
from pymongo.write_concern import WriteConcern

from falcon_images.errors import ConflictError, InvalidRequestError
from falcon_images.metadata.codecs import DOCUMENTS, RAW
from falcon_images.metadata.collections.hidden_collections import HiddenCollections
from falcon_images.metadata.documents import UPLOAD, Document
from falcon_images.metadata.errors import (
    BAD_FILTER,
    BATCH_SECONDS,
    is_certain,
    mongo_errors,
    unavailable,
)
from falcon_images.metadata.mongo import MongoDatabase
from falcon_images.metadata.names import check_stored_name, collection_uuid

RawDocument = RawBSONDocument
# Before it can be written, a document goes to the database three times: as it was, as
# it must still be, and as it shall be; one operation can have 16 MB.
MAX_DOCUMENT_BYTES = 7 * 1000**2

_BATCH_DOCUMENTS = 500
_BATCH_BYTES = 8 * 1024**2
_IDS_AT_ONCE = 10_000
_DUPLICATE_KEY = 11000
_OTHER_COLLECTION = 361
_WRITE_CONCERN = {'w': 'majority', 'j': True}
# What is below this name is ours, and there is nothing of this name.
_NOTHING = {'$unset': {f'{UPLOAD}.nothing': ''}}
_T = TypeVar('_T')


class BulkDocuments:
    """The documents of a database, many at once.

    Documents are written only if they are still equal to what was read. Every method
    raises `DatabaseUnavailableError` when nobody knows what was done.
    """

    def __init__(self, mongo: MongoDatabase) -> None:
        self._database = mongo.database
        self._hidden = HiddenCollections(mongo)
        self._deadlines = mongo.deadlines
        self._operation = mongo.operation
        self._query_timeout_ms = mongo.query_timeout_ms

    def uuid(self, collection_name: str) -> Any:
        """Return the UUID of the collection of this name; None if there is none."""
        with mongo_errors():
            return collection_uuid(self._database, collection_name)

    def matching(
        self, collection_name: str, filter_: Document, fields: Iterable[str] = ()
    ) -> Iterator[Document]:
        """Read ids of the images that match, with some fields of their documents."""
        check_stored_name(collection_name, lambda: bool(self.uuid(collection_name)))
        # An index alone has all ids; without it, all documents would be read.
        hint: dict[str, Any] = {} if filter_ or fields else {'hint': '_id_'}
        cursor = self._database[collection_name].find(
            filter_,
            dict.fromkeys(('_id', *fields), True),
            batch_size=_IDS_AT_ONCE,
            max_time_ms=self._query_timeout_ms,
            **hint,
        )
        with mongo_errors(None, BAD_FILTER), cursor:
            for document in self._read(cursor):
                # Others have no address, and no file of their own.
                if isinstance(document['_id'], bson.ObjectId):
                    yield document

    def has(self, collection_name: str, path: str) -> bool:
        """Find out whether an image of a collection has a property."""
        check_stored_name(collection_name, lambda: bool(self.uuid(collection_name)))
        with mongo_errors():
            found = self._database[collection_name].find_one(
                {path: {'$exists': True}},
                {'_id': True},
                max_time_ms=self._query_timeout_ms,
            )
        return found is not None

    def read(
        self, collection_name: str, ids: Iterable[Any], filter_: Document | None = None
    ) -> Iterator[RawDocument]:
        """Read those of some documents that match."""
        cursor = self._raw(collection_name).find(
            {'$and': [{'_id': {'$in': list(ids)}}, filter_ or {}]},
            hint='_id_',
            max_time_ms=self._query_timeout_ms,
        )
        with mongo_errors(None), cursor:
            yield from self._read(cursor)

    def gone(self, collection_name: str, ids: Iterable[Any]) -> set[Any]:
        """Find which of some ids have no document, on a majority of the servers.

        A read would return what one server believes. This is a write that changes
        nothing: that it matched nothing is acknowledged like any write, with all that
        the server did before it. What is in a deleted collection of that name can come
        back, and is not gone.
        """
        before = self._hidden.keys(collection_name)
        left = self._absent(collection_name, set(ids))
        after = self._hidden.keys(collection_name)
        # And in the collection once more: one may have come back meanwhile.
        for name in (*before, *after, collection_name) if before or after else ():
            left = self._absent(name, left)
        return left

    def _absent(self, collection_name: str, ids: set[Any]) -> set[Any]:
        left = set(ids)
        collection = self._database[collection_name]
        with self._operation('gone', BATCH_SECONDS):
            while left:
                filter_ = {'_id': {'$in': list(left)}}
                if not collection.update_many(filter_, _NOTHING).matched_count:
                    break
                left -= {found['_id'] for found in collection.find(filter_, {'_id': 1})}
        return left

    def replace(
        self, collection_name: str, pairs: Sequence[tuple[RawDocument, RawDocument]]
    ) -> set[int]:
        """Replace documents, each if it is still the first of its pair.

        Returns:
            The numbers of those that were not replaced.
        """
        writes = [_replacement(before, after) for before, after in pairs]
        with self._operation('bulk_replace', BATCH_SECONDS):
            try:
                self._raw(collection_name).bulk_write(writes, ordered=False)
            except pymongo_errors.BulkWriteError as ex:
                return _refused(ex.details, is_certain)
        return set()

    def replace_one(
        self, collection_name: str, before: RawDocument, after: RawDocument
    ) -> bool:
        """Replace a document if it is still what it was, and return whether it was.

        Raises:
            InvalidRequestError, TooLargeError: the database does not take the other.
        """
        made = [{'$replaceWith': {'$literal': after}}]
        with self._operation('update', BATCH_SECONDS):
            written = self._raw(collection_name).update_one(_unchanged(before), made)
        return written.matched_count == 1

    def delete(
        self, collection_name: str, documents: Sequence[RawDocument]
    ) -> set[int]:
        """Delete documents; return the numbers of those that were not.

        One by one, as the database says of many only how many it deleted. It may
        forget that it did: only those that are `gone` afterwards stay deleted.
        """
        collection = self._raw(collection_name).with_options(
            write_concern=WriteConcern(1, j=False)
        )
        # One session for all of them, as to take one each time costs a tenth.
        session = self._database.client.start_session(causal_consistency=False)
        with self._operation('bulk_delete', BATCH_SECONDS), session:
            return {
                number
                for number, document in enumerate(documents)
                if not collection.delete_one(
                    _unchanged(document), session=session
                ).deleted_count
            }

    def insert(
        self, collection_name: str, uuid: Any, documents: Sequence[RawDocument]
    ) -> set[int]:
        """Insert documents into a collection, if it is the one with that UUID.

        Returns:
            The numbers of those of which there is one with the same id or key.

        Raises:
            ConflictError: the collection was dropped.
        """
        command = {
            'insert': collection_name,
            'documents': list(documents),
            'ordered': False,
            'collectionUUID': uuid,
            'writeConcern': _WRITE_CONCERN,
        }
        with self._operation('bulk_insert', BATCH_SECONDS):
            answer = self._database.command(command) if documents else {}
        errors = answer.get('writeErrors', ())
        if any(error['code'] == _OTHER_COLLECTION for error in errors):
            raise ConflictError(
                'The collection of this change was dropped; it cannot be reverted.'
            )
        return _refused(answer, lambda code: code == _DUPLICATE_KEY or is_certain(code))

    def _read(self, cursor: Iterator[_T]) -> Iterator[_T]:
        with self._deadlines.begin().enforced():
            first = list(itertools.islice(cursor, 1))
        with self._deadlines.query_errors():
            yield from itertools.chain(first, cursor)

    def _raw(self, collection_name: str) -> Collection[RawDocument]:
        raw = self._database.get_collection(
            collection_name, codec_options=cast(Any, RAW)
        )
        return cast(Collection[RawDocument], raw)


def transformed(
    document: RawDocument, make: Callable[[Document], Document]
) -> RawDocument | None:
    """Make another document of one; None if that cannot be, or it is the same."""
    decoded = bson.decode(document.raw, codec_options=DOCUMENTS)
    if bson.encode(decoded, codec_options=DOCUMENTS) != document.raw:
        # It holds what is not valid, such as broken UTF-8, and would lose it.
        return None
    try:
        after = bson.encode(make(decoded), codec_options=DOCUMENTS)
    except InvalidRequestError:
        return None
    if after == document.raw or len(after) > MAX_DOCUMENT_BYTES:
        return None
    return RawBSONDocument(after, codec_options=RAW)


def encoded(document: Document) -> RawDocument:
    """Return a document as the database stores it."""
    raw = bson.encode(document, codec_options=DOCUMENTS)
    return RawBSONDocument(raw, codec_options=RAW)


def decoded(document: RawDocument) -> Document:
    """Read a document as others do."""
    return bson.decode(document.raw, codec_options=DOCUMENTS)


def sha256_of(document: RawDocument) -> bytes:
    """Return the SHA-256 of a document's bytes."""
    return hashlib.sha256(document.raw).digest()


def batched(items: Iterable[_T], size_of: Callable[[_T], int]) -> Iterator[list[_T]]:
    """Put items together, as many as may be in memory and in one request."""
    batch: list[_T] = []
    size = 0
    for item in items:
        added = size_of(item)
        if batch and (len(batch) == _BATCH_DOCUMENTS or size + added > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += added
    if batch:
        yield batch


def _unchanged(document: RawDocument) -> Document:
    same = {'$eq': ['$$ROOT', {'$literal': document}]}
    return {'_id': document['_id'], '$expr': same}


def _replacement(before: RawDocument, after: RawDocument) -> pymongo.UpdateOne:
    """Fail where the document is another: only failures are answered one by one."""
    same = {'$eq': ['$$ROOT', {'$literal': before}]}
    made = {'$cond': [same, {'$literal': after}, 'changed']}
    return pymongo.UpdateOne({'_id': before['_id']}, [{'$replaceWith': made}])


def _refused(answer: Mapping[str, Any], is_refusal: Callable[[int], bool]) -> set[int]:
    errors = answer.get('writeErrors', ())
    uncertain = answer.get('writeConcernErrors') or answer.get('writeConcernError')
    if uncertain or not all(is_refusal(error['code']) for error in errors):
        raise unavailable()
    return {error['index'] for error in errors}
