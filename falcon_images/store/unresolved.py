"""Unresolved writes: files of which nobody knows yet whether they have a document."""

import contextlib

from falcon_images.errors import NotFoundError
from falcon_images.files.unresolved import UnresolvedWrite, UnresolvedWrites
from falcon_images.metadata.changes.before_images import BeforeImages
from falcon_images.metadata.collections.hidden_collections import HiddenCollections
from falcon_images.metadata.images import ImageDocuments
from falcon_images.metadata.values import parse_id
from falcon_images.store.file_removal import FileRemoval


class WriteResolver:
    """Resolves what inserts and deletes left of which nobody knows if they were done.

    Args:
        database_name: the database that must know whether a file has a document.
    """

    def __init__(  # noqa: PLR0913 - each may know an image
        self,
        *,
        unresolved: UnresolvedWrites,
        removal: FileRemoval,
        database_name: str,
        documents: ImageDocuments,
        before_images: BeforeImages,
        hidden: HiddenCollections,
    ) -> None:
        self._unresolved = unresolved
        self._removal = removal
        self._database_name = database_name
        self._documents = documents
        self._before_images = before_images
        self._hidden = hidden

    def unresolved_writes(self) -> list[UnresolvedWrite]:
        """List those of this database."""
        return [
            unresolved_write
            for unresolved_write in self._unresolved.all()
            if unresolved_write.database_name == self._database_name
        ]

    def resolve(self, unresolved_write: UnresolvedWrite, may_delete: bool) -> bool:
        """Leave a file that has a document; delete one that has none, if that may be.

        Returns:
            Whether it is resolved.
        """
        collection_name, image_id = (
            unresolved_write.collection_name,
            unresolved_write.image_id,
        )
        if self._may_come_back(collection_name, image_id):
            return False
        if not self._documents.has(collection_name, parse_id(image_id)):
            if not may_delete or self._may_come_back(collection_name, image_id):
                return False
            with contextlib.suppress(NotFoundError):
                self._documents.delete(collection_name, image_id)
            self._removal.remove_with_thumbnails(unresolved_write)
        self._unresolved.resolve(unresolved_write)
        return True

    def _may_come_back(self, collection_name: str, image_id: str) -> bool:
        """Return whether a deletion that may be reverted has an image."""
        return self._before_images.keeps(
            collection_name, image_id
        ) or self._hidden.holds(collection_name, parse_id(image_id))
