"""The removal of files whose images have no document any more."""

import contextlib
import logging
from collections.abc import Iterator

from falcon_images.errors import (
    ConflictError,
    DatabaseUnavailableError,
    InvalidRequestError,
    NotFoundError,
    PreconditionFailedError,
    StorageError,
)
from falcon_images.files.sha256 import sha256_of
from falcon_images.files.store import FileStore
from falcon_images.files.thumbnails import ThumbnailCache
from falcon_images.files.unresolved import UnresolvedWrite, UnresolvedWrites
from falcon_images.metadata.changes.before_images import BeforeImages
from falcon_images.metadata.collections.hidden_collections import HiddenCollections
from falcon_images.metadata.documents import Document, file_facts
from falcon_images.metadata.images import ImageDocuments
from falcon_images.metadata.snapshots.snapshot_images import SnapshotImages
from falcon_images.metadata.values import parse_id
from falcon_images.store.image_files import file_key

# After these, an image is as it was.
_NOTHING_DONE = (NotFoundError, PreconditionFailedError)

logger = logging.getLogger(__name__)


class FileRemoval:
    """Removes files, or notes that the reconciler has to."""

    def __init__(  # noqa: PLR0913 - each knows something of a file
        self,
        *,
        files: FileStore,
        unresolved: UnresolvedWrites,
        thumbnails: ThumbnailCache,
        database_name: str,
        documents: ImageDocuments,
        before_images: BeforeImages,
        snapshot_images: SnapshotImages,
        hidden: HiddenCollections,
    ) -> None:
        self._files = files
        self._unresolved = unresolved
        self._thumbnails = thumbnails
        self._database_name = database_name
        self._documents = documents
        self._before_images = before_images
        self._snapshot_images = snapshot_images
        self._hidden = hidden

    def unresolved_write(
        self, collection_name: str, key: object, media_type: str
    ) -> UnresolvedWrite:
        """Return a name for the file of an image, as what may have no document."""
        return UnresolvedWrite(
            self._database_name, collection_name, str(key), media_type
        )

    @contextlib.contextmanager
    def announced(self, unresolved_write: UnresolvedWrite) -> Iterator[None]:
        """Write down, for those after a kill, what is written meanwhile.

        Raises:
            StorageError: it cannot be written down.
        """
        entry = self._unresolved.announce(unresolved_write)
        try:
            yield
        except BaseException as ex:
            # What is not noted either is looked into when this process has ended.
            if isinstance(ex, _NOTHING_DONE) or self._is_looked_after(unresolved_write):
                self._unresolved.withdraw(entry)
            raise
        self._unresolved.withdraw(entry)

    @contextlib.contextmanager
    def announced_deletion(
        self, collection_name: str, document: Document
    ) -> Iterator[None]:
        """Do the same for a deletion, which needs no space on the disk."""
        with contextlib.ExitStack() as stack:
            if facts := file_facts(document):
                deletion = self.unresolved_write(
                    collection_name, document['_id'], facts['type']
                )
                with contextlib.suppress(StorageError):
                    stack.enter_context(self.announced(deletion))
            yield

    def require_resolved(self, collection_name: str, image_id: str) -> None:
        """Raise `ConflictError` if a file of an image may still be removed.

        It may while nobody knows what became of an image that had that id, while
        a bulk delete of it can be reverted, or while a delete is under way. With no
        document, nobody begins to delete it after this.
        """
        self.require_not_deleted(collection_name, image_id)
        if self._before_images.keeps(collection_name, image_id):
            raise ConflictError(
                'It was deleted by a change of many images that can still be reverted; '
                'revert that change instead.'
            )
        if self._unresolved.is_announced(image_id) or self._unresolved.has(image_id):
            raise ConflictError(
                'An earlier write of this image was cut off, and is looked into; '
                'import it again in a minute.'
            )

    def require_not_deleted(self, collection_name: str, image_id: str) -> None:
        """Raise `ConflictError` if an image is in a deleted collection of that name."""
        if self._hidden.holds(collection_name, parse_id(image_id)):
            raise ConflictError(
                'A deleted collection of this name has this image and can still come '
                'back; revert that deletion instead.'
            )

    def note(self, unresolved_write: UnresolvedWrite) -> None:
        """Leave it to the reconciler to find out whether a file has a document."""
        try:
            self._unresolved.note(unresolved_write)
        except StorageError:
            logger.exception(
                'The file of image %s may be orphaned', unresolved_write.image_id
            )

    def note_of(self, collection_name: str, document: Document) -> None:
        """Do the same for the file of a document; a legacy file stays."""
        if facts := file_facts(document):
            self._thumbnails.delete(facts['sha256'])
            self.note(
                self.unresolved_write(collection_name, document['_id'], facts['type'])
            )

    def remove(self, unresolved_write: UnresolvedWrite) -> None:
        """Remove a file."""
        try:
            self._files.delete(unresolved_write.key)
        except StorageError:
            # Windows does not remove what somebody reads; the reconciler tries again.
            self.note(unresolved_write)

    def remove_with_thumbnails(self, unresolved_write: UnresolvedWrite) -> None:
        """Remove a file of which no document tells the hash; raise `StorageError`.

        One that a snapshot holds stays.
        """
        collection_name, image_id = (
            unresolved_write.collection_name,
            parse_id(unresolved_write.image_id),
        )
        if self._snapshot_images.holds(collection_name, image_id):
            return
        if file := self._files.open(unresolved_write.key):
            with file:
                self._thumbnails.delete(sha256_of(file))
        self._files.delete(unresolved_write.key)

    def remove_of(
        self, collection_name: str, document: Document, but: object = None
    ) -> None:
        """Remove the file of a document that is gone, unless a snapshot holds it.

        Args:
            but: a snapshot that holds it no more.
        """
        try:
            if self._snapshot_images.holds(collection_name, document['_id'], but):
                return
        except DatabaseUnavailableError:
            # The reconciler asks again.
            self.note_of(collection_name, document)
            return
        self.remove_dropped(collection_name, document, but)

    def remove_dropped(
        self, collection_name: str, document: Document, but: object = None
    ) -> None:
        """Do the same where snapshots of the collection are gone already."""
        if facts := file_facts(document):
            # Before the file: by its hash alone they are found.
            self._thumbnails.delete(facts['sha256'])
            self.remove(
                self.unresolved_write(collection_name, document['_id'], facts['type'])
            )
            return
        try:
            key = file_key(collection_name, document)
            # Legacy images of one name have one file.
            if not self._is_named(collection_name, document['image'], but):
                self._files.delete(key)
                self._thumbnails.delete_legacy(key)
        except (InvalidRequestError, DatabaseUnavailableError, StorageError) as ex:
            logger.warning('The file of image %s stays: %s', document['_id'], ex)

    def note_left(self, collection_name: str, document: Document) -> None:
        """Note the file of a document that is gone, if nobody needs or removed it.

        Who held it until now may have kept others from removing it meanwhile.
        """
        facts = file_facts(document)
        if facts is None:
            self.remove_dropped(collection_name, document)
            return
        left = self.unresolved_write(collection_name, document['_id'], facts['type'])
        if self._files.size(left.key) is None:
            return
        is_needed = self._snapshot_images.holds(
            collection_name, document['_id']
        ) or self._before_images.keeps(collection_name, document['_id'])
        if not is_needed:
            self.note(left)

    def _is_named(self, collection_name: str, image_name: str, but: object) -> bool:
        """Return whether another image, or a deleted one, has a legacy file too."""
        return (
            self._documents.names_legacy_file(collection_name, image_name)
            or self._before_images.names_file(collection_name, image_name)
            or self._snapshot_images.names_file(collection_name, image_name, but)
            or self._hidden.names_file(collection_name, image_name)
        )

    def _is_looked_after(self, unresolved_write: UnresolvedWrite) -> bool:
        """Return whether a file is gone, or there is a note about it."""
        try:
            size = self._files.size(unresolved_write.key)
        except StorageError:
            return False
        return size is None or self._unresolved.has(unresolved_write.image_id)
