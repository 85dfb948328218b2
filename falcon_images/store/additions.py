"""Additions: an upload becomes an image, or proves to be one that is there."""

import contextlib
import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

from falcon_images.errors import (
    ConflictError,
    DatabaseUnavailableError,
    DuplicateKeyError,
    InvalidRequestError,
    KeyReusedError,
    TooLargeError,
    UncertainInsertError,
)
from falcon_images.files.store import FileStore
from falcon_images.files.unresolved import UnresolvedWrite
from falcon_images.metadata.documents import Document, file_facts, public_view
from falcon_images.metadata.images import ImageDocuments
from falcon_images.metadata.indexes import Indexes
from falcon_images.metadata.turns import Turns
from falcon_images.store.file_removal import FileRemoval
from falcon_images.store.image_files import file_key
from falcon_images.store.upload_documents import digest, old_digest, upload_document
from falcon_images.uploads.form import Upload

# How long to wait for another upload of the same bytes, and how often to look.
_WAIT_SECONDS = 4.0
_LOOK_SECONDS = 0.05
# An insert that is sent so long after the turn was taken could come after its end.
_TURN_SECONDS = 15.0
# What is done around the insert of a document, which it is given.
Noting = Callable[[Document], AbstractContextManager[None]]
# After these, and only these, there is no document and none will come.
_REFUSALS = (
    ConflictError,
    DuplicateKeyError,
    InvalidRequestError,
    TooLargeError,
    DatabaseUnavailableError,
)

logger = logging.getLogger(__name__)


class Added(NamedTuple):
    """The document of an upload: a new one, or one that was there.

    `is_replay` says that it was found by its idempotency key.
    """

    document: Document
    is_new: bool = False
    is_replay: bool = False


class Additions:
    """Adds images: the file first, then the document.

    That an image is there already is only said when its document is on a majority of
    the servers, and its file on the disk with the size that it must have.
    """

    def __init__(
        self,
        files: FileStore,
        documents: ImageDocuments,
        indexes: Indexes,
        turns: Turns,
        removal: FileRemoval,
    ) -> None:
        self._files = files
        self._documents = documents
        self._indexes = indexes
        self._turns = turns
        self._removal = removal

    def add(
        self,
        collection_name: str,
        upload: Upload,
        key: str | None = None,
        dedupe: bool = False,
    ) -> Added:
        """Store an upload, or find the image that it is.

        Args:
            key: an idempotency key: of all uploads with it, one is stored.
            dedupe: of all uploads with the same bytes that say so, one is stored, and
                none if any image of the collection has them.

        Raises:
            DatabaseUnavailableError: it was not stored, or nobody knows whether.
            KeyReusedError: the key came with another upload before.
            StorageFullError, StorageUnavailableError: it was not stored.
            TooLargeError: it has too many values.
        """
        document = upload_document(collection_name, upload, key)
        if dedupe:
            return self._add_once(collection_name, document, upload)
        return self._add(collection_name, document, upload)

    def add_noted(
        self, collection_name: str, upload: Upload, key: str, noting: Noting
    ) -> Added:
        """Store an upload with a key as `add` does, and note it if it is new."""
        document = upload_document(collection_name, upload, key)
        return self._add(collection_name, document, upload, noting=noting)

    def has_key(self, collection_name: str, upload: Upload, key: str) -> bool:
        """Return whether an upload was stored with a key; nothing is changed.

        Raises:
            KeyReusedError: another was.
        """
        first = self._documents.find_by_key(collection_name, key)
        if first and first['_file']['upload']['digest'] != digest(upload):
            raise KeyReusedError('This key came with another upload before.')
        return first is not None

    def insert(  # noqa: PLR0913 - the last three are for who must wait, undo or keep
        self,
        collection_name: str,
        document: Document,
        upload: Upload,
        *,
        until: float | None = None,
        noting: Noting | None = None,
        is_held: bool = False,
    ) -> None:
        """Store a file, then a document whose id no other has.

        Args:
            until: when the insert may still be sent, by the monotonic clock.
            noting: is entered with the document before both are stored.
            is_held: somebody needs the file even if the image is not stored.
        """
        stored = self._removal.unresolved_write(
            collection_name, document['_id'], upload.facts.type
        )
        with _noted(document, noting), self._removal.announced(stored):
            self._files.save(upload.file, stored.key)
            try:
                self._insert(collection_name, document, until)
            except Exception as ex:
                if _is_refusal(ex) and not is_held:
                    self._removal.remove(stored)
                else:
                    self._removal.note(stored)
                raise
        self._make_indexes(collection_name)

    def _add_once(
        self, collection_name: str, document: Document, upload: Upload
    ) -> Added:
        turn = (collection_name, upload.sha256, document['_id'])
        until = time.monotonic() + _WAIT_SECONDS
        if same := self._same(collection_name, upload):
            return same
        while not self._turns.take(*turn):
            if time.monotonic() > until:
                raise DatabaseUnavailableError(
                    'Another upload of these bytes is being stored; send it again in '
                    'half a minute.'
                )
            time.sleep(_LOOK_SECONDS)
            if same := self._same(collection_name, upload):
                return same
        taken = time.monotonic()
        try:
            # Whoever had the turn before may have stored it.
            added = self._same(collection_name, upload) or self._add(
                collection_name, document, upload, taken + _TURN_SECONDS
            )
        except UncertainInsertError:
            # It may still come, so nobody else's turn may begin yet.
            raise
        except Exception:
            self._turns.end(*turn)
            raise
        self._turns.end(*turn)
        return added

    def _add(
        self,
        collection_name: str,
        document: Document,
        upload: Upload,
        until: float | None = None,
        noting: Noting | None = None,
    ) -> Added:
        if replay := self._replay(collection_name, document, upload):
            return replay
        try:
            self.insert(collection_name, document, upload, until=until, noting=noting)
        except DuplicateKeyError as ex:
            replay = self._replay(collection_name, document, upload)
            if replay is None:
                raise DatabaseUnavailableError(
                    'The image of this key was deleted just now; send it again.'
                ) from ex
            return replay
        return Added(public_view(document), is_new=True)

    def _insert(
        self, collection_name: str, document: Document, until: float | None
    ) -> None:
        if until and time.monotonic() > until:
            raise DatabaseUnavailableError(
                'The disk took too long to store the image; send it again.'
            )
        self._documents.insert(collection_name, document)

    def _make_indexes(self, collection_name: str) -> None:
        try:
            self._indexes.make_once(collection_name)
        except Exception:
            # The image is stored, whatever that was; the reconciler makes them.
            logger.exception('No indexes for collection %r', collection_name)

    def _same(self, collection_name: str, upload: Upload) -> Added | None:
        first = self._documents.find_by_sha256(collection_name, upload.sha256)
        if first and self.is_whole(collection_name, first, upload):
            return Added(public_view(first))
        return None

    def _replay(
        self, collection_name: str, document: Document, upload: Upload
    ) -> Added | None:
        sent = document['_file'].get('upload')
        if sent is None:
            return None
        first = self._documents.find_by_key(collection_name, sent['key'])
        if first is None:
            return None
        if first['_file']['upload']['digest'] in (sent['digest'], old_digest(upload)):
            is_there = self.is_whole(collection_name, first, upload)
            return Added(public_view(first), is_replay=True) if is_there else None
        if self._documents.has(collection_name, first['_id']):
            raise KeyReusedError(
                'This Idempotency-Key came with another upload before; use a new one.'
            )
        return None

    def is_whole(self, collection_name: str, first: Document, upload: Upload) -> bool:
        """Return whether an image is safe; give it its file back if it has none.

        Raises:
            DatabaseUnavailableError: nobody knows, or it cannot be given back.
        """
        facts = file_facts(first)
        key = file_key(collection_name, first)
        if facts is None or self._files.size(key) == facts['size']:
            return self._documents.has(collection_name, first['_id'])
        if upload.file.closed:
            raise DatabaseUnavailableError(
                'The file of the image that is there is damaged; send it again.'
            )
        logger.warning('The file %s was missing or damaged, and is stored anew', key)
        stored = self._removal.unresolved_write(
            collection_name, first['_id'], facts['type']
        )
        with self._removal.announced(stored):
            self._give_back(collection_name, first, upload, stored)
        return True

    def _give_back(
        self,
        collection_name: str,
        first: Document,
        upload: Upload,
        stored: UnresolvedWrite,
    ) -> None:
        self._files.save(upload.file, stored.key)
        # The document after the file, as always: it may have been deleted meanwhile.
        try:
            is_there = self._documents.has(collection_name, first['_id'])
        except DatabaseUnavailableError:
            self._removal.note(stored)
            raise
        if not is_there:
            self._removal.note(stored)
            raise DatabaseUnavailableError(
                'The image that has these bytes was deleted just now; send it again.'
            )


def _noted(
    document: Document, noting: Noting | None
) -> AbstractContextManager[None, bool | None]:
    return noting(document) if noting else contextlib.nullcontext()


def _is_refusal(ex: Exception) -> bool:
    return isinstance(ex, _REFUSALS) and not isinstance(ex, UncertainInsertError)
