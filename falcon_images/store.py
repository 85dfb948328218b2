"""The image store: file and document kept in step."""

import contextlib
import hashlib

from falcon_images.changes.expiry import Expiry
from falcon_images.errors import (
    DatabaseUnavailableError,
    DuplicateKeyError,
    KeyReusedError,
    NotFoundError,
    UncertainInsertError,
)
from falcon_images.file_removal import FileRemoval
from falcon_images.files import DiskFiles, Doubt
from falcon_images.json_text import document_tag, dumps
from falcon_images.list_pages import Page
from falcon_images.list_spool import Spool
from falcon_images.lists import Listing, write_list
from falcon_images.metadata import (
    Document,
    MongoMetadata,
    Query,
    changed,
    check_collection_name,
    new_id,
    now,
    shown,
)
from falcon_images.properties import (
    check_properties,
    check_update,
    merge_patch,
    without_system_fields,
)
from falcon_images.uploads import Upload

_MERGE_ATTEMPTS = 100

# Entity tags of documents, ``*`` for any.
Tags = frozenset[str] | None


class ImageStore:
    """Images: a file and a document each.

    An image is created file first, then document, and deleted document first, then
    file: a crash in between leaves a spare file, never a document without its file.
    """

    def __init__(
        self, files: DiskFiles, metadata: MongoMetadata, spool: Spool | None = None
    ) -> None:
        self.spool = spool or Spool()
        self._files = files
        self._metadata = metadata
        self._removal = FileRemoval(files, metadata)
        self._expiry = Expiry(files, metadata)

    def add(
        self, collection_name: str, upload: Upload, key: str | None = None
    ) -> tuple[Document, bool]:
        """Store an upload; return its document and whether it was there already.

        Args:
            key: an idempotency key: of all uploads with it, one is stored.

        Raises:
            DatabaseUnavailableError: it was not stored, or nobody knows whether.
            KeyReusedError: the key came with another upload before.
            StorageFullError, StorageUnavailableError: it was not stored.
        """
        check_collection_name(collection_name)
        document = _document(upload)
        if key:
            document['_file']['upload'] = {'key': key, 'digest': _digest(upload)}
            if first := self._metadata.find_by_key(collection_name, key):
                return _replayed(first, document), True
        try:
            self._insert(collection_name, document, upload)
        except DuplicateKeyError as ex:
            first = self._metadata.find_by_key(collection_name, key or '')
            if first is None:
                raise DatabaseUnavailableError(
                    'The image of this key was deleted just now; send it again.'
                ) from ex
            return _replayed(first, document), True
        return shown(document), False

    def find_same(self, collection_name: str, upload: Upload) -> Document | None:
        """Find an image of the collection that has the bytes of an upload."""
        return self._metadata.find_by_sha256(collection_name, upload.sha256)

    def _insert(self, collection_name: str, document: Document, upload: Upload) -> None:
        stored = self._removal.doubt(
            collection_name, document['_id'], upload.facts.type
        )
        self._files.save(upload.file, stored.key)
        try:
            self._metadata.insert(collection_name, document)
        except UncertainInsertError:
            self._removal.note(stored)
            raise
        except Exception:
            self._removal.remove(stored)
            raise

    def write_list(
        self, collection_name: str, query: Query, media_type: str
    ) -> tuple[Listing, int, str]:
        """Write the documents that match into a file.

        Returns:
            The file, how many match in all, and the cursor of those that follow on a
            page; an empty one at the end.
        """
        page = Page(self._metadata, collection_name, query)
        listing = write_list(page, media_type, self.spool)
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
            tags: of the documents that it must be one of; None means any.

        Raises:
            PreconditionFailedError: it is none of them.
        """
        properties = without_system_fields(properties)
        check_properties(properties)
        before = self._expected(collection_name, image_id, tags)
        return self._metadata.replace(collection_name, image_id, properties, before)

    def update(
        self, collection_name: str, image_id: str, values: Document, tags: Tags = None
    ) -> Document:
        """Set some properties of an image; dotted names set inside objects."""
        values = without_system_fields(values)
        check_update(values)
        before = self._expected(collection_name, image_id, tags)
        return self._metadata.set(collection_name, image_id, values, before)

    def merge(
        self, collection_name: str, image_id: str, patch: Document, tags: Tags = None
    ) -> Document:
        """Apply a merge patch (RFC 7396) to the properties of an image."""
        patch = without_system_fields(patch)
        check_properties(patch)
        for _ in range(_MERGE_ATTEMPTS):
            before = self._expected(collection_name, image_id, tags)
            if before is None:
                before = self._metadata.get_whole(collection_name, image_id)
            after: Document = merge_patch(before, patch)
            if self._metadata.replace_if_unchanged(collection_name, before, after):
                return shown(after)
        raise DatabaseUnavailableError(
            'Others change this image all the time; send the request again.'
        )

    def delete(self, collection_name: str, image_id: str, tags: Tags = None) -> None:
        """Delete an image: its document, then its file."""
        before = self._expected(collection_name, image_id, tags)
        document = before or self._metadata.get(collection_name, image_id)
        key = document['_id']
        # Asked before and after: a bulk delete may begin, or its revert end, meanwhile.
        is_kept = self._is_kept(collection_name, key)
        try:
            self._metadata.delete(collection_name, image_id, before)
        except DatabaseUnavailableError:
            # The database may do it yet; then nobody else would know of the file.
            self._removal.note_of(collection_name, document)
            raise
        with contextlib.suppress(DatabaseUnavailableError):
            if not is_kept and not self._is_kept(collection_name, key):
                self._removal.remove_of(collection_name, document)
                return
        self._removal.note_of(collection_name, document)

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
        drop_key = self._metadata.drop(collection_name)
        count = self._metadata.drops.count(drop_key)
        self._finish_drop(drop_key, collection_name)
        return count

    def finish_drops(self) -> None:
        """Delete the files of collections that were dropped, as far as they remain."""
        for drop_key, collection_name in self._metadata.drops.names().items():
            self._finish_drop(drop_key, collection_name)

    def doubts(self) -> list[Doubt]:
        """List the files of which this database must know whether they have documents.

        Left by inserts and deletes of which nobody knows whether they were done.
        """
        own = self._metadata.database_name
        return [doubt for doubt in self._files.doubts() if doubt.database_name == own]

    def settle(self, doubt: Doubt, may_delete: bool) -> bool:
        """Keep a file that has a document; delete one that has none, if that may be.

        Returns:
            Whether it is settled.
        """
        collection_name, image_id = doubt.collection_name, doubt.image_id
        if self._is_kept(collection_name, image_id):
            return False
        try:
            self._metadata.get(collection_name, image_id)
        except NotFoundError:
            if not may_delete or self._is_kept(collection_name, image_id):
                return False
            with contextlib.suppress(NotFoundError):
                self._metadata.delete(collection_name, image_id)
            self._files.delete(doubt.key)
        self._files.settle(doubt)
        return True

    def _is_kept(self, collection_name: str, image_id: object) -> bool:
        """Tell whether a bulk delete that may be reverted has an image."""
        return self._metadata.before_images.keeps(collection_name, image_id)

    def _expected(
        self, collection_name: str, image_id: str, tags: Tags
    ) -> Document | None:
        if tags is None:
            return None
        before = self._metadata.get_whole(collection_name, image_id)
        if '*' not in tags and document_tag(shown(before)) not in tags:
            raise changed()
        return before

    def _finish_drop(self, drop_key: str, collection_name: str) -> None:
        self._expiry.forget_dropped(drop_key)
        for document in self._metadata.drops.documents(drop_key):
            self._removal.remove_of(collection_name, document)
        self._metadata.drops.forget(drop_key)


def _document(upload: Upload) -> Document:
    return {
        '_id': new_id(),
        'time': now(),
        'image': upload.name,
        '_file': {
            'size': upload.size,
            'type': upload.facts.type,
            'sha256': upload.sha256,
            'width': upload.facts.width,
            'height': upload.facts.height,
        },
        **upload.properties,
    }


def _digest(upload: Upload) -> str:
    sent = [upload.sha256, upload.name, upload.properties]
    return hashlib.sha256(dumps(sent)).hexdigest()


def _replayed(first: Document, again: Document) -> Document:
    if first['_file']['upload']['digest'] != again['_file']['upload']['digest']:
        raise KeyReusedError(
            'This Idempotency-Key came with another upload before; use a new one.'
        )
    return shown(first)
