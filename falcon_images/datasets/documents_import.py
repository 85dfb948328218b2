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
from falcon_images.store.images import ImageStore
from falcon_images.store.restorations import Restorations
from falcon_images.uploads.form import Upload

# The other files of the earlier version's archives: sheets and reports.
_BESIDE = MANIFEST.removesuffix('.json')


class DocumentsImport:
    """Stores images with their ids and times, or updates those that are there."""

    def __init__(
        self, store: ImageStore, restorations: Restorations, stored_files: StoredFiles
    ) -> None:
        self._store = store
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
        named: set[str] = set()
        manifest.seek(0)
        for number, text in enumerate(document_texts(manifest, entries.limits), 1):
            with entries.skipping(f'{MANIFEST}, document {number}'):
                document = parse_document(text, entries.limits)
                properties = common | document.properties
                with entries.skipping(document.name, document.image_id):
                    _check_size(properties, entries.limits.max_properties_bytes)
                    self._import(entries, document, properties, files, named)
        for name in entries.reader.names():
            if name not in named and not name.startswith(folder + _BESIDE):
                entries.report.skip(name, 'No document names it.')

    def _import(
        self,
        entries: Entries,
        document: ManifestDocument,
        properties: Document,
        files: DocumentFiles,
        named: set[str],
    ) -> None:
        reason = 'The archive has no file of this name.'
        for path in files.find(document):
            named.add(path)
            with entries.upload(path, document.name, properties) as upload:
                if document.sha256 in (None, upload.sha256):
                    self._store_upload(entries, document, upload, path)
                    return
            reason = 'The file has other bytes than its document says (SHA-256).'
        raise InvalidRequestError(reason)

    def _store_upload(
        self, entries: Entries, document: ManifestDocument, upload: Upload, path: str
    ) -> None:
        if document.image_id is None:
            entries.add(upload, path, dumps(document.properties).decode())
        else:
            self._store_with_id(entries, document, document.image_id, upload)

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
            restore = self._restorations.restore
            is_new = restore(collection_name, upload, image_id, time).is_new
        if is_new:
            entries.report.imported += 1
        else:
            self._update(entries, image_id, upload)

    def _update(self, entries: Entries, image_id: str, upload: Upload) -> None:
        """Give an image that is there the properties of an upload of its bytes."""
        collection_name = entries.collection_name
        stored = self._stored_files.find(collection_name, image_id)
        if stored.sha256 != upload.sha256:
            raise InvalidRequestError(
                'The image with this id has other bytes, and the bytes under an id '
                'never change.'
            )
        found = self._restorations.find(collection_name, image_id)
        if found is None or not (
            entries.is_dry_run
            or self._restorations.is_whole(collection_name, found, upload)
        ):
            raise ConflictError('It was deleted just now; import it again.')
        before = without_system_fields(public_view(found))
        properties = _with_types(before, upload.properties)
        if properties == before:
            entries.report.unchanged += 1
            return
        if not entries.is_dry_run:
            self._store.replace(collection_name, image_id, properties)
        entries.report.updated += 1


def _with_types(before: Document, properties: Mapping[str, Any]) -> Document:
    """Return properties; what is the same in JSON is as it was in the database."""
    return {
        name: before[name]
        if name in before and dumps(before[name]) == dumps(value)
        else value
        for name, value in properties.items()
    }


def _check_size(properties: Document, limit: int) -> None:
    if len(dumps(properties)) > limit:
        raise TooLargeError(
            f'The properties have more than {limit} bytes (MAX_PROPERTIES_BYTES).'
        )
