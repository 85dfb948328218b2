"""The import of image files, with what tables, samples and folders say of them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import BinaryIO

from falcon_images.datasets.documents_import import DocumentsImport
from falcon_images.datasets.entries import Entries
from falcon_images.datasets.import_options import ImportOptions
from falcon_images.datasets.instances.instances_import import InstancesImport
from falcon_images.datasets.manifest import ManifestDocument
from falcon_images.datasets.metadata_tables import TABLES, Row, row_document, rows
from falcon_images.datasets.samples import Samples
from falcon_images.errors import InvalidRequestError
from falcon_images.image_types.identify import is_image
from falcon_images.metadata.documents import Document

Unpack = Callable[[Entries, str], AbstractContextManager[BinaryIO]]

_README = ('README', 'README.txt')


class FilesImport:
    """Imports the files of an archive that has no manifest.

    Args:
        unpack: unpacks an entry into a file that is gone afterwards.
    """

    def __init__(
        self, documents: DocumentsImport, instances: InstancesImport, unpack: Unpack
    ) -> None:
        self._documents = documents
        self._instances = instances
        self._unpack = unpack

    def run(self, entries: Entries, options: ImportOptions, common: Document) -> None:
        """Import all images, those that tables name first."""
        for name in TABLES:
            for path in entries.reader.listing.ending_with(name):
                self._import_table(entries, path, options, common)
        if self._instances.run(entries, options, common):
            # There, folders are no classes.
            options = replace(options, label_by='')
        reader, samples = entries.reader, None
        if reader.is_tar:
            samples = Samples(reader, options.label_by, entries.limits)
        for path in reader.listing.unused():
            if path in _README or (samples and samples.is_part(path)):
                continue
            with entries.skipping(path):
                document = samples.document(path) if samples else None
                properties = common | options.properties_of(path)
                self._import(entries, path, document, properties)
        self._report_parts(entries)

    def _import(
        self,
        entries: Entries,
        path: str,
        document: ManifestDocument | None,
        properties: Document,
    ) -> None:
        if document is not None:
            properties |= document.properties
            with entries.skipping(document.name, document.image_id):
                self._store(entries, document, properties, path)
            return
        entries.reader.listing.use(path)
        with entries.upload(path, path.rpartition('/')[2], properties) as upload:
            entries.add(upload, path)

    def _import_table(
        self, entries: Entries, table: str, options: ImportOptions, common: Document
    ) -> None:
        folder = table[: len(table) - len(table.rpartition('/')[2])]
        with self._unpack(entries, table) as file:
            if is_image(file):
                return
            entries.reader.listing.use(table)
            for number, row in enumerate(rows(file, table, entries.limits), 1):
                with entries.skipping(f'{table}, row {number}'):
                    if isinstance(row, Exception):
                        raise row
                    self._import_row(entries, row, folder, options, common)

    def _import_row(
        self,
        entries: Entries,
        row: Row,
        folder: str,
        options: ImportOptions,
        common: Document,
    ) -> None:
        name, document = row_document(row, entries.limits)
        path = entries.reader.name_of(folder + name)
        if path is None:
            raise InvalidRequestError(f'The archive has no file {name[:80]!r}.')
        properties = common | options.properties_of(path) | document.properties
        with entries.skipping(path, document.image_id):
            self._store(entries, document, properties, path)

    def _store(
        self,
        entries: Entries,
        document: ManifestDocument,
        properties: Document,
        path: str,
    ) -> None:
        if not self._documents.store(entries, document, properties, path):
            raise InvalidRequestError(
                'The file has other bytes than its document says (SHA-256).'
            )

    def _report_parts(self, entries: Entries) -> None:
        """Report what belongs to no image."""
        for path in entries.reader.listing.unused():
            if path not in _README:
                entries.report.skip(path, 'No image has this name.')
