"""Pages of lists: so many documents, and where the list goes on after them."""

from collections.abc import Iterator
from dataclasses import replace

from falcon_images.metadata import (
    Document,
    MongoMetadata,
    Query,
    Row,
    require_position,
    write_cursor,
)


class Page:
    """The documents of a query; those that follow are at its cursor.

    `cursor` is empty until all are read, and when nothing follows.
    """

    def __init__(
        self, metadata: MongoMetadata, collection_name: str, query: Query
    ) -> None:
        self._metadata = metadata
        self._collection_name = collection_name
        self._query = query
        self.cursor = ''

    def __iter__(self) -> Iterator[Document]:
        query = self._query
        if not query.limit and query.after is None:
            return self._metadata.documents(self._collection_name, query)
        # One more is read, to know whether there is one.
        more = query.limit + 1 if query.limit else 0
        rows = self._metadata.page(self._collection_name, replace(query, limit=more))
        return self._documents(rows)

    def _documents(self, rows: Iterator[Row]) -> Iterator[Document]:
        position = None
        for number, (document, next_position) in enumerate(rows):
            if self._query.limit and number == self._query.limit:
                self.cursor = write_cursor(self._query.sort, require_position(position))
                return
            position = next_position
            yield document
