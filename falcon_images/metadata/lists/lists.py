"""Lists: what is asked of the many documents of a collection."""

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from pymongo import errors as pymongo_errors
from pymongo.collection import Collection
from pymongo.cursor import Cursor

from falcon_images.metadata.deadlines import Deadline
from falcon_images.metadata.documents import (
    Document,
    Order,
    Position,
    Query,
    image_not_found,
    public_view,
)
from falcon_images.metadata.errors import (
    BAD_FILTER,
    mongo_errors,
    retry_lost_cursors,
)
from falcon_images.metadata.fields.counting import CountedFields, Counting
from falcon_images.metadata.fields.histogram import HistogramRequest, HistogramRun
from falcon_images.metadata.lists.counts import Counts
from falcon_images.metadata.lists.neighbors import (
    find_next,
    find_position,
    find_previous,
)
from falcon_images.metadata.lists.nested import nested_pipeline
from falcon_images.metadata.lists.pages import Row, fields_of, filter_of, read_page
from falcon_images.metadata.lists.random_order import is_random
from falcon_images.metadata.mongo import MongoDatabase
from falcon_images.metadata.values import parse_id

# A cursor's batches: large enough to be quick, small enough to stay out of memory.
_BATCH_DOCUMENTS = 1000
# What may take as long as one query, of documents that are read at leisure.
_DOCUMENTS_PER_LIMIT = 100_000
# The database takes no more.
_MAX_TIMEOUT_MS = 2**31 - 1
_T = TypeVar('_T')


class Lists:
    """Documents in an order, those around one of them, and their numbers."""

    def __init__(self, mongo: MongoDatabase) -> None:
        self._collection = mongo.collection
        self._query_timeout_ms = mongo.query_timeout_ms
        self._deadlines = mongo.deadlines
        self._operation = mongo.operation
        self._counts = Counts(mongo.query_timeout_ms)

    def count(
        self, collection_name: str, filter_: Document, seconds: float | None = None
    ) -> int:
        """Count the documents that match.

        Raises:
            QueryTimeoutError: it takes longer than these seconds, or than the settings
                allow.
        """
        return retry_lost_cursors(
            lambda: self._count(collection_name, filter_, seconds)
        )

    def _count(
        self, collection_name: str, filter_: Document, seconds: float | None
    ) -> int:
        collection = self._collection(collection_name)
        with self._query('count', seconds):
            if filter_:
                return collection.count_documents(filter_)
            try:
                return self._counts.exact(collection)
            except pymongo_errors.PyMongoError as ex:
                if ex.timeout:
                    self._counts.learn(collection)
                raise

    def count_up_to(
        self, most: int, collection_name: str, filter_: Document, seconds: float
    ) -> int:
        """Count the documents that match, no further than to a number.

        Raises:
            QueryTimeoutError: it takes longer than these seconds.
        """
        collection = self._collection(collection_name)
        with self._query('count', seconds):
            return collection.count_documents(filter_, limit=most)

    def estimated(self, collection_name: str) -> int:
        """Return how many documents a collection has, roughly but quickly."""
        collection = self._collection(collection_name)
        with self._query('count'):
            return collection.estimated_document_count()

    def find_nested(
        self,
        collection_name: str,
        query: Query,
        paths: Sequence[str],
        seconds: float | None = None,
    ) -> Document | None:
        """Find a document of a query that has a list or an object in one of the paths.

        Raises:
            QueryTimeoutError: it takes longer than these seconds, or than the settings
                allow.
        """
        collection = self._collection(collection_name)
        with self._query('list', seconds) as deadline:
            found = collection.aggregate(
                nested_pipeline(collection.name, query, paths),
                allowDiskUse=True,
                maxTimeMS=deadline.left_ms(),
            )
            return next(map(public_view, found), None)

    def documents(self, collection_name: str, query: Query) -> Iterator[Document]:
        """Read documents one after the other; memory does not grow with their number.

        Raises:
            QueryTimeoutError: the database worked on it for longer than the settings
                allow.
        """
        if is_random(query.sort):
            yield from (document for document, _ in self.page(collection_name, query))
            return
        cursor = self._find(collection_name, query, self._query_timeout_ms)
        # To close it may ask the database too.
        with mongo_errors(None, BAD_FILTER), cursor:
            yield from map(public_view, self._read(cursor))

    def documents_at_leisure(
        self, collection_name: str, query: Query
    ) -> Iterator[Document]:
        """Read documents like `documents`, for hours if there are many.

        The limit of the settings is one for each 100,000 documents of the collection:
        what has gone on for long is not cut off, what never ends is.
        """
        if is_random(query.sort):
            yield from self.documents(collection_name, query)
            return
        limits = 1 + self.estimated(collection_name) // _DOCUMENTS_PER_LIMIT
        timeout_ms = min(self._query_timeout_ms * limits, _MAX_TIMEOUT_MS)
        cursor = self._find(collection_name, query, timeout_ms)
        with mongo_errors(None, BAD_FILTER), self._deadlines.query_errors(), cursor:
            yield from map(public_view, cursor)

    def _find(
        self, collection_name: str, query: Query, timeout_ms: int
    ) -> Cursor[Document]:
        return _without_time_zone(self._collection(collection_name)).find(
            filter_of(query),
            fields_of(query),
            skip=query.skip,
            limit=query.limit,
            sort=query.sort,
            batch_size=_BATCH_DOCUMENTS,
            allow_disk_use=True,
            max_time_ms=timeout_ms,
        )

    def page(self, collection_name: str, query: Query) -> Iterator[Row]:
        """Read documents like `documents`, each with its position in the order."""
        collection = self._collection(collection_name)
        yield from self._read(read_page(collection, query, self._deadlines.begin()))

    def position(
        self, collection_name: str, image_id: str, order: Order
    ) -> Position | None:
        """Find where an image is in an order; None if it is not there any more."""
        collection, key = self._collection(collection_name), parse_id(image_id)
        with self._query('neighbors') as deadline:
            return find_position(collection, key, order, deadline)

    def neighbors(
        self, collection_name: str, image_id: str, query: Query
    ) -> tuple[Document | None, Document | None]:
        """Find the documents before and after an image in the order of a query.

        Raises:
            NotFoundError: the image is not there.
        """
        return retry_lost_cursors(
            lambda: self._neighbors(collection_name, image_id, query)
        )

    def _neighbors(
        self, collection_name: str, image_id: str, query: Query
    ) -> tuple[Document | None, Document | None]:
        collection, key = self._collection(collection_name), parse_id(image_id)
        with self._query('neighbors') as deadline:
            position = find_position(collection, key, query.sort, deadline)
            if position is None:
                raise image_not_found(collection_name, image_id)
            around = replace(query, after=position)
            return (
                find_previous(collection, around, deadline),
                find_next(collection, around, deadline),
            )

    def count_fields(
        self,
        collection_name: str,
        filter_: Document,
        most_listed: int,
        timeout_seconds: float,
    ) -> CountedFields:
        """Count the properties of the documents that match, and their values.

        Raises:
            QueryTimeoutError: it takes longer than that.
        """
        collection = self._collection(collection_name)
        counting = Counting(collection, filter_, most_listed, timeout_seconds)
        with self._operation('fields', None):
            return retry_lost_cursors(counting.run)

    def histogram(
        self,
        collection_name: str,
        filter_: Document,
        request: HistogramRequest,
        timeout_seconds: float,
    ) -> Document:
        """Count how many documents that match have which values of a property.

        Raises:
            QueryTimeoutError: it takes longer than that.
        """
        collection = self._collection(collection_name)
        histogram = HistogramRun(collection, filter_, request, timeout_seconds)
        with self._operation('histogram', None):
            return retry_lost_cursors(histogram.run)

    @contextlib.contextmanager
    def _query(self, name: str, seconds: float | None = None) -> Iterator[Deadline]:
        deadline = self._deadlines.begin(seconds)
        with self._operation(name, None, BAD_FILTER), deadline.enforced():
            yield deadline

    def _read(self, found: Iterator[_T]) -> Iterator[_T]:
        """Read what a list finds, one after the other.

        Only to find the first has a deadline: a long list is sent for as long as the
        database itself takes no longer for all of it.
        """
        with self._query('list'):
            first = list(itertools.islice(found, 1))
        with mongo_errors(None, BAD_FILTER), self._deadlines.query_errors():
            yield from itertools.chain(first, found)


def _without_time_zone(collection: Collection[Document]) -> Collection[Document]:
    # Lists have no use for it, and it takes half the time of reading them.
    options = collection.codec_options._replace(tz_aware=False, tzinfo=None)
    return collection.with_options(codec_options=options)
