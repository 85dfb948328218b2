"""The image store: file and document kept in step."""

import contextlib
from collections.abc import Callable

from falcon_images.errors import DatabaseUnavailableError, NotFoundError
from falcon_images.files.unresolved import UnresolvedWrite, UnresolvedWrites
from falcon_images.formats.json import document_tag
from falcon_images.formats.list_spool import ListSpool
from falcon_images.formats.lists import Listing, write_list
from falcon_images.metadata.documents import Document, Query, public_view
from falcon_images.metadata.errors import again
from falcon_images.metadata.mongo import MongoMetadata, precondition_failed
from falcon_images.metadata.patches import Patch
from falcon_images.metadata.values import parse_id
from falcon_images.properties import (
    MAX_VALUES,
    check_properties,
    check_update,
    check_values,
    values_in,
    without_system_fields,
)
from falcon_images.store.additions import Added, Additions
from falcon_images.store.drops import CollectionRemoval
from falcon_images.store.list_pages import Page
from falcon_images.store.removal import FileRemoval
from falcon_images.uploads.form import Upload

_ATTEMPTS = 100

# Whether a document with an entity tag is one that is meant; None: any is.
Tags = Callable[[str], bool] | None


class ImageStore:
    """Images: a file and a document each.

    An image is created file first, then document, and deleted document first, then
    file: a crash in between leaves an orphaned file, which is found by what was written
    down before, never a document without its file.
    """

    def __init__(  # noqa: PLR0913 - each is a part of the store
        self,
        *,
        metadata: MongoMetadata,
        unresolved: UnresolvedWrites,
        removal: FileRemoval,
        additions: Additions,
        collections: CollectionRemoval,
        spool: ListSpool | None = None,
    ) -> None:
        self.spool = spool or ListSpool()
        self._metadata = metadata
        self._unresolved = unresolved
        self._removal = removal
        self._collections = collections
        self._additions = additions

    def add(
        self,
        collection_name: str,
        upload: Upload,
        key: str | None = None,
        dedupe: bool = False,
    ) -> Added:
        """Store an upload, or find the image that it is, as `Additions` does."""
        return self._additions.add(collection_name, upload, key, dedupe)

    def write_list(
        self, collection_name: str, query: Query, media_type: str
    ) -> tuple[Listing, int, str]:
        """Write the documents that match into a file.

        Returns:
            The file, how many match in all, and the cursor of those that follow on a
            page; an empty one at the end.
        """

        def write() -> tuple[Page, Listing]:
            page = Page(self._metadata, collection_name, query)
            return page, write_list(page, media_type, self.spool)

        page, listing = again(write)
        # Without a cursor, a list that reached its end tells the number by itself.
        if not (query.after or page.cursor) and (listing.count or not query.skip):
            return listing, query.skip + listing.count, ''
        return listing, self.count(collection_name, query), page.cursor

    def count(self, collection_name: str, query: Query) -> int:
        """Count the documents that match, whatever the limit."""
        return self._metadata.lists.count(collection_name, query.filter)

    def get(self, collection_name: str, image_id: str) -> Document:
        """Read an image's document."""
        return self._metadata.get(collection_name, image_id)

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
        before = self._expected(collection_name, image_id, tags)
        return self._metadata.replace(collection_name, image_id, properties, before)

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
        before = self._expected(collection_name, image_id, tags)
        document = before or self._metadata.get_whole(collection_name, image_id)
        if before is None and values_in(document) > MAX_VALUES:
            self._metadata.lighten(collection_name, document)
        with self._removal.announced_deletion(collection_name, document):
            self._delete(collection_name, image_id, document, before)
            self._removal.remove_of(collection_name, document)

    def _delete(
        self,
        collection_name: str,
        image_id: str,
        document: Document,
        before: Document | None,
    ) -> None:
        try:
            self._metadata.delete(collection_name, image_id, before)
            # No bulk delete did it, so that no revert may put it back; one that is
            # under way may just have done that.
            if self._metadata.deletions.note(collection_name, [document['_id']]):
                with contextlib.suppress(NotFoundError):
                    self._metadata.delete(collection_name, image_id)
        except DatabaseUnavailableError:
            # The database may do it yet; then nobody else would know of the file.
            self._removal.note_of(collection_name, document)
            raise

    def collection_names(self) -> list[str]:
        """List the collections, sorted by name."""
        return self._metadata.collection_names()

    def collection_size(self, collection_name: str) -> int:
        """Count the images of a collection; raise `NotFoundError` without one."""
        self._metadata.require_collection(collection_name)
        return self._metadata.lists.count(collection_name, {})

    def drop(self, collection_name: str) -> int:
        """Delete a collection with all its images; return how many there were.

        All of them are gone at once for everybody, and the name is free; their files
        go after that, and are gone on return. The reconciler finishes what a crash or
        an outage leaves.
        """
        return self._collections.drop(collection_name)

    def finish_drops(self) -> None:
        """Delete the files of collections that were dropped, as far as they remain."""
        self._collections.finish_drops()

    def unresolved_writes(self) -> list[UnresolvedWrite]:
        """List the files of which this database must know whether they have documents.

        Left by inserts and deletes of which nobody knows whether they were done.
        """
        own = self._metadata.database_name
        return [
            unresolved_write
            for unresolved_write in self._unresolved.all()
            if unresolved_write.database_name == own
        ]

    def resolve(self, unresolved_write: UnresolvedWrite, may_delete: bool) -> bool:
        """Keep a file that has a document; delete one that has none, if that may be.

        Returns:
            Whether it is resolved.
        """
        collection_name, image_id = (
            unresolved_write.collection_name,
            unresolved_write.image_id,
        )
        if self._is_kept(collection_name, image_id):
            return False
        if not self._metadata.has(collection_name, parse_id(image_id)):
            if not may_delete or self._is_kept(collection_name, image_id):
                return False
            with contextlib.suppress(NotFoundError):
                self._metadata.delete(collection_name, image_id)
            self._removal.remove_with_thumbnails(unresolved_write)
        self._unresolved.resolve(unresolved_write)
        return True

    def _is_kept(self, collection_name: str, image_id: object) -> bool:
        """Return whether a bulk delete that may be reverted has an image."""
        return self._metadata.before_images.keeps(collection_name, image_id)

    def _patch(
        self, collection_name: str, image_id: str, patch: Patch, tags: Tags
    ) -> Document:
        before = self._expected(collection_name, image_id, tags)
        return self._metadata.patch(collection_name, image_id, patch, before)

    def _expected(
        self, collection_name: str, image_id: str, tags: Tags
    ) -> Document | None:
        """Read the document that a change is meant for; None means any that is there.

        Raises:
            PreconditionFailedError: it is another.
        """
        if tags is None:
            return None
        for _ in range(_ATTEMPTS):
            before = self._metadata.get_whole(collection_name, image_id)
            if tags(document_tag(public_view(before))):
                return before
            if self._metadata.is_still(collection_name, before):
                raise precondition_failed()
        raise DatabaseUnavailableError(
            'Others change this image all the time; send the request again.'
        )
