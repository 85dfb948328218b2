"""The import of documents: those of a manifest, with the files that they name."""

from collections.abc import Mapping
from typing import Any, BinaryIO

from falcon_images.datasets.document_files import DocumentFiles
from falcon_images.datasets.entries import Entries
from falcon_images.datasets.manifest import (
    MANIFEST,
    ManifestDocument,
    document_texts,
    parse_document,
)
from falcon_images.errors import ConflictError, InvalidRequestError, TooLargeError
from falcon_images.formats.json import dumps
from falcon_images.metadata.documents import Document, public_view
from falcon_images.metadata.values import time_of_id
from falcon_images.properties import without_system_fields
from falcon_images.store.image_files import StoredFiles
from falcon_images.store.restorations import Restorations
from falcon_images.uploads.form import Upload

# The other files of the earlier version's archives: sheets and reports.
_BESIDE = MANIFEST.removesuffix('.json')
_ATTEMPTS = 20


class DocumentsImport:
    """Stores images with their ids and times, or updates those that are there."""

    def __init__(self, restorations: Restorations, stored_files: StoredFiles) -> None:
        self._restorations = restorations
        self._stored_files = stored_files

    def run(
        self, entries: Entries, manifest: BinaryIO, folder: str, common: Document
    ) -> None:
        """Import all documents of a manifest.

        Args:
            folder: that of the manifest in the archive, in which its files are.
            common: properties of all that have none of the name.
        """
        files = DocumentFiles(entries.reader, folder, entries.limits.max_image_bytes)
        manifest.seek(0)
        for number, text in enumerate(document_texts(manifest, entries.limits), 1):
            with entries.skipping(f'{MANIFEST}, document {number}'):
                document = parse_document(text, entries.limits)
                properties = common | document.properties
                with entries.skipping(document.name, document.image_id):
                    check_size(properties, entries.limits.max_properties_bytes)
                    self._import(entries, document, properties, files)
        for name in entries.reader.listing.unused():
            if not name.startswith(folder + _BESIDE):
                entries.report.skip(name, 'No document names it.')

    def _import(
        self,
        entries: Entries,
        document: ManifestDocument,
        properties: Document,
        files: DocumentFiles,
    ) -> None:
        reason = 'The archive has no file of this name.'
        for path in files.find(document):
            if self.store(entries, document, properties, path):
                return
            reason = 'The file has other bytes than its document says (SHA-256).'
        raise InvalidRequestError(reason)

    def stored(self, collection_name: str, image_id: str | None) -> Document | None:
        """Return the whole document of an image; None if there is none."""
        return self._restorations.find(collection_name, image_id) if image_id else None

    def store(
        self,
        entries: Entries,
        document: ManifestDocument,
        properties: Document,
        path: str,
    ) -> bool:
        """Store a document with its file; return whether it has the digest it says."""
        number = entries.reader.listing.use(path)
        with entries.upload(path, document.name, properties) as upload:
            if document.sha256 not in (None, upload.sha256):
                return False
            if document.image_id is not None:
                self._store_with_id(entries, document, document.image_id, upload)
            else:
                entries.add(upload, path, number)
        return True

    def _store_with_id(
        self,
        entries: Entries,
        document: ManifestDocument,
        image_id: str,
        upload: Upload,
    ) -> None:
        collection_name = entries.collection_name
        is_new = self._restorations.find(collection_name, image_id) is None
        if is_new and entries.is_dry_run:
            self._restorations.require_free(collection_name, image_id, upload)
        elif is_new:
            time = document.time or time_of_id(image_id)
            restore, noting = self._restorations.restore, entries.change.creating
            is_new = restore(collection_name, upload, image_id, time, noting).is_new
        if is_new:
            entries.report.imported += 1
        else:
            self._update(entries, document, image_id, upload)

    def _update(
        self,
        entries: Entries,
        document: ManifestDocument,
        image_id: str,
        upload: Upload,
    ) -> None:
        """Give an image that is there the properties of an upload of its bytes."""
        collection_name = entries.collection_name
        stored = self._stored_files.find(collection_name, image_id)
        if stored.sha256 != upload.sha256:
            raise InvalidRequestError(
                'The image with this id has other bytes, and the bytes under an id '
                'never change.'
            )
        for _ in range(_ATTEMPTS):
            if self._is_updated(entries, document, image_id, upload):
                return
        raise ConflictError('Others change it all the time; import it again.')

    def _is_updated(
        self,
        entries: Entries,
        document: ManifestDocument,
        image_id: str,
        upload: Upload,
    ) -> bool:
        """Return whether an image has its properties, and nobody was in between."""
        found = self._restorations.find(entries.collection_name, image_id)
        if found is None or not (
            entries.is_dry_run
            or self._restorations.is_whole(entries.collection_name, found, upload)
        ):
            raise ConflictError('It was deleted just now; import it again.')
        before = without_system_fields(public_view(found))
        properties = _combined(before, upload.properties, document.is_whole)
        if properties == before:
            entries.report.unchanged += 1
            return True
        if entries.is_dry_run or entries.change.replace(found, properties):
            entries.report.updated += 1
            return True
        return False


def check_size(properties: Document, limit: int) -> None:
    """Raise `TooLargeError` if properties have more bytes than a limit."""
    if len(dumps(properties)) > limit:
        raise TooLargeError(
            f'The properties have more than {limit} bytes (MAX_PROPERTIES_BYTES).'
        )


def _combined(before: Document, sent: Mapping[str, Any], is_whole: bool) -> Document:
    """Return properties; what is written as it was is as it was in the database."""
    found = {
        name: _value(before[name], value, is_whole) if name in before else value
        for name, value in sent.items()
    }
    return found if is_whole else before | found


def _value(before: Any, value: Any, is_whole: bool) -> Any:
    if isinstance(before, dict) and isinstance(value, dict):
        return _combined(before, value, is_whole)
    text = dumps(before)
    if text == dumps(value):
        return before
    # A column has one type: whole numbers may be written as numbers, others as text.
    is_text = isinstance(value, str) and text.decode('utf-8', 'replace') == value
    is_number = isinstance(value, float) and type(before) is int and value == before
    return before if not is_whole and (is_text or is_number) else value
