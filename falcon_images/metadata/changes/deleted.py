"""Deleted images: by bulk deletes, with their documents in before-images for a time."""

from collections.abc import Iterator
from typing import Any, Protocol

from pymongo.database import Database

from falcon_images.metadata.changes.before_images import ChangeKind
from falcon_images.metadata.documents import Document
from falcon_images.metadata.names import BEFORE_IMAGES

_INSIDE = 'before.'


class HiddenImages(Protocol):
    """Images of one collection that are elsewhere, asked like a collection."""

    def find(
        self, filter_: Document, fields: Document, **options: Any
    ) -> Iterator[Document]:
        """Read documents that match; options are those of a collection's `find`."""

    def holder_ids(self, image_id: Any) -> list[Any]:
        """List the ids of what keeps an image."""

    def count(self) -> int:
        """Count the images."""


class DeletedImages:
    """The images of one collection that were deleted in bulk, asked like a collection.

    What is asked of a document is asked of the one inside a before-image.
    """

    def __init__(self, database: Database[Document], collection_name: str) -> None:
        self._before_images = database[BEFORE_IMAGES]
        self._deleted = {'kind': ChangeKind.DELETE.value, 'collection': collection_name}

    def find(
        self, filter_: Document, fields: Document, **options: Any
    ) -> Iterator[Document]:
        """Read documents that match; options are those of a collection's `find`."""
        order = [(f'{_INSIDE}{name}', n) for name, n in options.pop('sort', ())]
        cursor = self._before_images.find(
            self._deleted | inside(filter_, _INSIDE),
            {f'{_INSIDE}{name}': True for name in ('_id', *fields)},
            sort=order or None,
            **options,
        )
        with cursor:
            for found in cursor:
                yield found['before']

    def holder_ids(self, image_id: Any) -> list[Any]:
        """List the changes that can bring an image back."""
        found = self._before_images.find(
            self._deleted | inside({'_id': image_id}, _INSIDE), {'_id': True}
        )
        return [each['_id']['change'] for each in found]

    def count(self) -> int:
        """Count the images."""
        return self._before_images.count_documents(self._deleted)


def inside(filter_: Document, prefix: str) -> Document:
    """Return a filter of documents as one of those that have them inside."""
    return {
        name if name.startswith('$') else f'{prefix}{name}': (
            [inside(clause, prefix) for clause in condition]
            if name.startswith('$')
            else condition
        )
        for name, condition in filter_.items()
    }
