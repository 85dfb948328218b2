"""Imports: the images of an archive are stored, each as if it were uploaded.

An import can be sent again, whatever became of the first: images that have an id in the
archive are found by it, all others by their path in the archive and their bytes.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from falcon_images.datasets.archive_reader import ArchiveReader
from falcon_images.datasets.documents_import import DocumentsImport
from falcon_images.datasets.entries import Entries
from falcon_images.datasets.import_report import ImportReport
from falcon_images.datasets.manifest import MANIFEST, document_texts
from falcon_images.errors import InvalidRequestError, TooBusyError
from falcon_images.files.errors import disk_errors
from falcon_images.files.spool import UploadSpool
from falcon_images.metadata.names import check_collection_name
from falcon_images.properties import check_properties, refuse_system_fields
from falcon_images.server.places import Places
from falcon_images.settings import Limits
from falcon_images.store.image_files import StoredFiles
from falcon_images.store.images import ImageStore
from falcon_images.store.import_changes import ImportChanges
from falcon_images.store.restorations import Restorations
from falcon_images.uploads.archives import Archive, receive_archive
from falcon_images.uploads.digests import Claim

# A document of a million is some hundred bytes.
_MAX_MANIFEST_BYTES = 4 * 1024**3
# Each takes a thread for long, and memory for the names in its archive.
_MOST_AT_ONCE = 2


@dataclass(frozen=True)
class ImportOptions:
    """How an archive is imported.

    Args:
        label_by: the property that gets the folder of each image, if there is no
            manifest.
        is_dry_run: nothing is stored, and the answer says what would be.
    """

    label_by: str = ''
    is_dry_run: bool = False


_DEFAULT = ImportOptions()


class Imports:
    """Imports archives into collections."""

    def __init__(  # noqa: PLR0913 - each does something of an import
        self,
        *,
        store: ImageStore,
        restorations: Restorations,
        stored_files: StoredFiles,
        changes: ImportChanges,
        spool: UploadSpool,
        limits: Limits,
    ) -> None:
        self._store = store
        self._changes = changes
        self._spool = spool
        self._limits = limits
        self.places = Places(_MOST_AT_ONCE, _too_many)
        self._documents = DocumentsImport(restorations, stored_files)

    def run(
        self,
        collection_name: str,
        stream: BinaryIO,
        content_type: str,
        claims: Sequence[Claim] = (),
        options: ImportOptions = _DEFAULT,
    ) -> dict[str, Any]:
        """Read an archive whole, then import it; return what became of its entries.

        Args:
            claims: digests of the body or of the archive that must hold.

        Raises:
            InvalidRequestError: the archive, or what comes with it, cannot be read.
            NotAnArchiveError: it is none.
            TooBusyError: as many imports are worked on as may be.
            TooLargeError: it is larger than the limit, or has too many entries.
            DatabaseUnavailableError, StorageError: it ended early; the same import can
                be sent again.
        """
        check_collection_name(collection_name)
        _check_label(options.label_by)
        with (
            self.places.taken(),
            receive_archive(
                stream, content_type, self._spool.open_unnamed, self._limits, claims
            ) as archive,
        ):
            reader = ArchiveReader(archive.file, archive.size)
            report = ImportReport(collection_name, options.is_dry_run)
            change = self._changes.begin(collection_name)
            entries = Entries(
                reader=reader,
                report=report,
                change=change,
                store=self._store,
                spool=self._spool,
                limits=self._limits,
            )
            with change.ending():
                self._import(entries, archive, options.label_by)
        return report.answer(change.id)

    def _import(self, entries: Entries, archive: Archive, label_by: str) -> None:
        name = _manifest_name(entries.reader)
        if name is None:
            _import_files(entries, archive.properties, label_by)
            return
        with self._manifest(entries, name) as manifest:
            folder = name.removesuffix(MANIFEST)
            self._documents.run(entries, manifest, folder, archive.properties)

    @contextlib.contextmanager
    def _manifest(self, entries: Entries, name: str) -> Iterator[BinaryIO]:
        """Unpack a manifest; that it is whole is known before anything is stored."""
        with disk_errors():
            file = self._spool.open_unnamed()
        with contextlib.closing(file):
            for chunk in entries.reader.read(name, _MAX_MANIFEST_BYTES):
                with disk_errors():
                    file.write(chunk)
            file.seek(0)
            for _ in document_texts(file, self._limits):
                pass
            yield file


def _manifest_name(reader: ArchiveReader) -> str | None:
    """Return the one manifest of an archive; None if it has none."""
    names = [each for each in reader.names() if each.rpartition('/')[2] == MANIFEST]
    if len(names) > 1:
        raise InvalidRequestError(
            f'The archive has several files {MANIFEST}; send one archive for each.'
        )
    return names[0] if names else None


def _import_files(entries: Entries, common: dict[str, Any], label_by: str) -> None:
    """Import all files of an archive that has no manifest."""
    for path in entries.reader.names():
        with entries.skipping(path):
            folder, _, name = path.rpartition('/')
            label = folder.rpartition('/')[2]
            labels = {label_by: label} if label_by and label else {}
            with entries.upload(path, name, common | labels) as upload:
                entries.add(upload, path)


def _check_label(label_by: str) -> None:
    if label_by:
        refuse_system_fields({label_by: ''})
        check_properties({label_by: ''})


def _too_many() -> TooBusyError:
    return TooBusyError(
        f'The service works on {_MOST_AT_ONCE} imports already; send it again when '
        'one of them has ended.'
    )
