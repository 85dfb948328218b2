"""Images of snapshots: all that snapshots of one collection hold, for the check."""

from collections.abc import Iterator
from typing import Any

from pymongo.database import Database

from falcon_images.metadata.changes.deleted import inside
from falcon_images.metadata.documents import Document
from falcon_images.metadata.names import SNAPSHOT_IMAGES

_INSIDE = 'document.'


class ImagesOfSnapshots:
    """The images that snapshots of one collection hold, asked like a collection.

    An image is there once for each snapshot that has it.
    """

    def __init__(self, database: Database[Document], collection_name: str) -> None:
        self._images = database[SNAPSHOT_IMAGES]
        self._held = {'collection': collection_name}

    def find(
        self, filter_: Document, fields: Document, **options: Any
    ) -> Iterator[Document]:
        """Read documents that match; options are those of a collection's `find`."""
        order = [(f'{_INSIDE}{name}', n) for name, n in options.pop('sort', ())]
        cursor = self._images.find(
            self._held | inside(filter_, _INSIDE),
            {f'{_INSIDE}{name}': True for name in ('_id', *fields)},
            sort=order or None,
            **options,
        )
        with cursor:
            for found in cursor:
                yield found['document']

    def holder_ids(self, image_id: Any) -> list[Any]:
        """List the snapshots that hold an image."""
        found = self._images.find(
            self._held | inside({'_id': image_id}, _INSIDE), {'_id': True}
        )
        return [each['_id']['snapshot'] for each in found]

    def count(self) -> int:
        """Count the images."""
        return self._images.count_documents(self._held)
