"""The removal of files whose images have no document any more."""

import logging

from falcon_images.errors import (
    DatabaseUnavailableError,
    InvalidRequestError,
    StorageError,
)
from falcon_images.files.disk import DiskFiles
from falcon_images.files.unresolved import UnresolvedWrite
from falcon_images.metadata.changes.before_images import BeforeImages
from falcon_images.metadata.documents import Document, file_facts
from falcon_images.metadata.images import ImageDocuments
from falcon_images.store.image_files import file_key

logger = logging.getLogger(__name__)


class FileRemoval:
    """Removes files, or notes that the reconciler has to."""

    def __init__(
        self,
        files: DiskFiles,
        database_name: str,
        documents: ImageDocuments,
        before_images: BeforeImages,
    ) -> None:
        self._files = files
        self._database_name = database_name
        self._documents = documents
        self._before_images = before_images

    def unresolved_write(
        self, collection_name: str, key: object, media_type: str
    ) -> UnresolvedWrite:
        """Name the file of an image, as what may have no document."""
        return UnresolvedWrite(
            self._database_name, collection_name, str(key), media_type
        )

    def note(self, unresolved_write: UnresolvedWrite) -> None:
        """Leave it to the reconciler to find out whether a file has a document."""
        try:
            self._files.note_unresolved(unresolved_write)
        except StorageError:
            logger.exception(
                'The file of image %s may be spare', unresolved_write.image_id
            )

    def note_of(self, collection_name: str, document: Document) -> None:
        """Do the same for the file of a document; one of the earlier version stays."""
        if facts := file_facts(document):
            self.note(
                self.unresolved_write(collection_name, document['_id'], facts['type'])
            )
            self._files.thumbnails.delete(facts['sha256'])

    def remove(self, unresolved_write: UnresolvedWrite) -> None:
        """Remove a file."""
        try:
            self._files.delete(unresolved_write.key)
        except StorageError:
            # Windows does not remove what somebody reads; the reconciler tries again.
            self.note(unresolved_write)

    def remove_of(self, collection_name: str, document: Document) -> None:
        """Remove the file of a document that is gone."""
        if facts := file_facts(document):
            self.remove(
                self.unresolved_write(collection_name, document['_id'], facts['type'])
            )
            self._files.thumbnails.delete(facts['sha256'])
            return
        try:
            key = file_key(collection_name, document)
            # In the earlier version, images of one name had one file.
            if not self._is_named(collection_name, document['image']):
                self._files.delete(key)
                self._files.thumbnails.delete_legacy(key)
        except (InvalidRequestError, DatabaseUnavailableError, StorageError) as ex:
            logger.warning('The file of image %s stays: %s', document['_id'], ex)

    def _is_named(self, collection_name: str, image_name: str) -> bool:
        """Return whether another image, or a deleted one, has a legacy file too."""
        return self._documents.names_legacy_file(
            collection_name, image_name
        ) or self._before_images.names_file(collection_name, image_name)
