"""The image store: file and document kept in step."""

import contextlib
from collections.abc import Callable, Iterable, Iterator

from falcon_images.errors import DatabaseUnavailableError, NotFoundError
from falcon_images.formats.etags import document_tag
from falcon_images.metadata.changes.deletions import Deletions
from falcon_images.metadata.documents import (
    Document,
    precondition_failed,
    public_view,
)
from falcon_images.metadata.images import ImageDocuments
from falcon_images.metadata.patches import Patch
from falcon_images.properties import (
    MAX_VALUES,
    check_properties,
    check_update,
    check_values,
    values_in,
    without_system_fields,
)
from falcon_images.store.additions import Added, Additions, Noting
from falcon_images.store.file_removal import FileRemoval
from falcon_images.store.many_additions import add_many
from falcon_images.uploads.form import Upload

_ATTEMPTS = 100

# Whether a document with an entity tag is one that is meant; None: any is.
Tags = Callable[[str], bool] | None


class ImageStore:
    """Images: a file and a document each.

    An image is created file first, then document, and deleted document first, then
    file: a crash in between leaves an orphaned file, which is found by what was written
    down before, never a document without a file.
    """

    def __init__(
        self,
        documents: ImageDocuments,
        deletions: Deletions,
        removal: FileRemoval,
        additions: Additions,
    ) -> None:
        self._documents = documents
        self._deletions = deletions
        self._removal = removal
        self._additions = additions

    def add(
        self,
        collection_name: str,
        upload: Upload,
        key: str | None = None,
        dedupe: bool = False,
    ) -> Added:
        """Store an upload, or find the image that it is, as `Additions` describes."""
        return self._additions.add(collection_name, upload, key, dedupe)

    def add_noted(
        self, collection_name: str, upload: Upload, key: str, noting: Noting
    ) -> Added:
        """Store an upload once for its key, as `Additions` describes."""
        return self._additions.add_noted(collection_name, upload, key, noting)

    def add_many(
        self,
        collection_name: str,
        uploads: Iterable[Upload | Exception],
        key: str | None = None,
        dedupe: bool = False,
    ) -> Iterator[Added | Exception]:
        """Store uploads one after the other, as `add_many` describes."""
        return add_many(self._additions, collection_name, uploads, key, dedupe)

    def has_key(self, collection_name: str, upload: Upload, key: str) -> bool:
        """Return whether an upload was stored with a key, as `Additions` does."""
        return self._additions.has_key(collection_name, upload, key)

    def get(self, collection_name: str, image_id: str) -> Document:
        """Read an image's document."""
        return self._documents.get(collection_name, image_id)

    def replace(
        self,
        collection_name: str,
        image_id: str,
        properties: Document,
        tags: Tags = None,
    ) -> Document:
        """Replace all properties of an image; system fields in them are ignored.

        Args:
            tags: whether it may be the document with such an entity tag.

        Raises:
            PreconditionFailedError: it may not.
        """
        properties = without_system_fields(properties)
        check_properties(properties)
        check_values(properties)
        before = self.expected(collection_name, image_id, tags)
        return self._documents.replace(collection_name, image_id, properties, before)

    def update(
        self, collection_name: str, image_id: str, values: Document, tags: Tags = None
    ) -> Document:
        """Set some properties of an image; dotted names set inside objects."""
        values = without_system_fields(values)
        check_update(values)
        return self._patch(collection_name, image_id, Patch(values, False), tags)

    def merge(
        self, collection_name: str, image_id: str, patch: Document, tags: Tags = None
    ) -> Document:
        """Apply a merge patch (RFC 7396) to the properties of an image."""
        patch = without_system_fields(patch)
        check_properties(patch)
        return self._patch(collection_name, image_id, Patch(patch, True), tags)

    def delete(self, collection_name: str, image_id: str, tags: Tags = None) -> None:
        """Delete an image: its document, then its file."""
        before = self.expected(collection_name, image_id, tags)
        document = before or self._documents.get_whole(collection_name, image_id)
        if before is None and values_in(document) > MAX_VALUES:
            self._documents.lighten(collection_name, document)
        with self._removal.announced_deletion(collection_name, document):
            self._delete(collection_name, image_id, document, before)
            self._removal.remove_of(collection_name, document)

    def expected(
        self, collection_name: str, image_id: str, tags: Tags
    ) -> Document | None:
        """Read the document that a change is meant for; None means any that is there.

        Raises:
            PreconditionFailedError: it is another.
        """
        if tags is None:
            return None
        for _ in range(_ATTEMPTS):
            before = self._documents.get_whole(collection_name, image_id)
            if tags(document_tag(public_view(before))):
                return before
            if self._documents.is_unchanged(collection_name, before):
                raise precondition_failed()
        raise DatabaseUnavailableError(
            'Others change this image all the time; send the request again.'
        )

    def _delete(
        self,
        collection_name: str,
        image_id: str,
        document: Document,
        before: Document | None,
    ) -> None:
        try:
            self._documents.delete(collection_name, image_id, before)
            # No bulk delete did it, so that no revert may put it back; one that is
            # under way may just have done that.
            if self._deletions.note(collection_name, [document['_id']]):
                with contextlib.suppress(NotFoundError):
                    self._documents.delete(collection_name, image_id)
        except DatabaseUnavailableError:
            # The database may do it yet; then nobody else would know of the file.
            self._removal.note_of(collection_name, document)
            raise

    def _patch(
        self, collection_name: str, image_id: str, patch: Patch, tags: Tags
    ) -> Document:
        before = self.expected(collection_name, image_id, tags)
        return self._documents.patch(collection_name, image_id, patch, before)
