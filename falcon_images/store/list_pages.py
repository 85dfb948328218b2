"""Pages of lists: so many documents, and where the list goes on after them."""

import itertools
from collections.abc import Iterator
from dataclasses import replace

from falcon_images.metadata.documents import Document, Position, Query
from falcon_images.metadata.lists.cursors import write_cursor
from falcon_images.metadata.lists.lists import Lists
from falcon_images.metadata.lists.pages import Row, is_found_by_filter, require_position
from falcon_images.metadata.lists.sort_keys import position_of


class Page:
    """The documents of a query; those that follow are at its cursor.

    `cursor` is empty until all are read, and when nothing follows.
    """

    def __init__(self, lists: Lists, collection_name: str, query: Query) -> None:
        self._lists = lists
        self._collection_name = collection_name
        self._query = query
        self.cursor = ''

    def __iter__(self) -> Iterator[Document]:
        query = self._query
        # One more is read, to know whether there is one.
        more = replace(query, limit=query.limit + 1 if query.limit else 0)
        if is_found_by_filter(query):
            return self._found(self._lists.documents(self._collection_name, more))
        return self._positioned(self._lists.page(self._collection_name, more))

    def _found(self, documents: Iterator[Document]) -> Iterator[Document]:
        last: Document = {}
        for document in itertools.islice(documents, self._query.limit or None):
            last = document
            yield document
        if self._query.limit and next(documents, None) is not None:
            self._go_on_after(self._position_of(last))

    def _positioned(self, rows: Iterator[Row]) -> Iterator[Document]:
        position = None
        for number, (document, next_position) in enumerate(rows):
            if self._query.limit and number == self._query.limit:
                self._go_on_after(position)
                return
            position = next_position
            yield document

    def _position_of(self, document: Document) -> Position | None:
        position = position_of(document, self._query.sort)
        if position is None:
            name, image_id = self._collection_name, str(document['_id'])
            return self._lists.position(name, image_id, self._query.sort)
        return position

    def _go_on_after(self, position: Position | None) -> None:
        self.cursor = write_cursor(self._query.sort, require_position(position))
