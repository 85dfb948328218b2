"""Restorations: images that come back under the id and the time that they had."""

import contextlib
import datetime
import time
from collections.abc import Iterator
from typing import Any

from falcon_images.errors import ConflictError, NotFoundError, UncertainInsertError
from falcon_images.metadata.documents import Document, public_view
from falcon_images.metadata.drops import Drops
from falcon_images.metadata.images import ImageDocuments
from falcon_images.metadata.names import check_collection_name
from falcon_images.metadata.turns import Turns
from falcon_images.metadata.values import new_id, parse_id
from falcon_images.properties import check_values
from falcon_images.store.additions import Added, Additions, Noting
from falcon_images.store.file_removal import FileRemoval
from falcon_images.store.held_files import HeldFiles
from falcon_images.store.upload_documents import new_document
from falcon_images.uploads.form import Upload

# An insert that is sent so long after the turn was taken could come after its end.
_TURN_SECONDS = 15.0


class Restorations:
    """Adds images with given ids: one at a time for each id, and only where it is free.

    The file of an image has its id for a name, so it must not be stored while another
    may still be stored, or removed, under the same one.
    """

    def __init__(  # noqa: PLR0913 - each may be at work on such an id
        self,
        *,
        documents: ImageDocuments,
        drops: Drops,
        turns: Turns,
        removal: FileRemoval,
        additions: Additions,
        held_files: HeldFiles,
    ) -> None:
        self._documents = documents
        self._drops = drops
        self._turns = turns
        self._removal = removal
        self._additions = additions
        self._held_files = held_files

    def find(self, collection_name: str, image_id: str) -> Document | None:
        """Return the whole document of an image; None if there is none."""
        with contextlib.suppress(NotFoundError):
            return self._documents.get_whole(collection_name, image_id)
        return None

    def restore(
        self,
        collection_name: str,
        upload: Upload,
        image_id: str,
        made: datetime.datetime,
        noting: Noting,
    ) -> Added:
        """Store an upload under a given id, or find the image that has that id.

        Args:
            made: the time that it gets.
            noting: is entered with the document before anything is stored.

        Raises:
            ConflictError: another image of that id is, or was, being changed.
            What `Additions.add` raises beside it, for the same reasons.
        """
        check_collection_name(collection_name)
        document = new_document(upload, parse_id(image_id), made)
        check_values(document)
        with self._turn(collection_name, image_id) as until:
            # Also before: a collection may come back just after it was looked for.
            self._removal.require_not_deleted(collection_name, image_id)
            found = self.find(collection_name, image_id)
            if found is not None:
                return Added(public_view(found))
            is_held = self.require_free(collection_name, image_id, upload)
            self._additions.insert(
                collection_name,
                document,
                upload,
                until=until,
                noting=noting,
                is_held=is_held,
            )
        if is_held:
            self._held_files.note_return(collection_name, image_id)
        return Added(public_view(document), is_new=True)

    def is_whole(self, collection_name: str, found: Document, upload: Upload) -> bool:
        """Return whether an image is safe; give it its file back if it has none."""
        return self._additions.is_whole(collection_name, found, upload)

    def require_free(self, collection_name: str, image_id: str, upload: Upload) -> bool:
        """Raise `ConflictError` if the file of an image may still be removed.

        Returns:
            Whether a snapshot holds that file, which has the bytes of the upload.
        """
        if collection_name in self._drops.names().values():
            raise ConflictError(
                'A collection of this name is being deleted, with its files; import '
                'again when that is done.'
            )
        self._removal.require_resolved(collection_name, image_id)
        return self._held_files.require_same(collection_name, image_id, upload.sha256)

    @contextlib.contextmanager
    def _turn(self, collection_name: str, image_id: str) -> Iterator[float]:
        turn: tuple[str, str, Any] = (collection_name, f'_id {image_id}', new_id())
        if not self._turns.take(*turn):
            raise ConflictError(
                'Another import is storing this image, or was cut off while it did; '
                'import it again in half a minute.'
            )
        try:
            yield time.monotonic() + _TURN_SECONDS
        except UncertainInsertError:
            # It may still come, so nobody else's turn may begin yet.
            raise
        except Exception:
            self._turns.end(*turn)
            raise
        self._turns.end(*turn)
