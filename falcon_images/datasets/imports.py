"""Imports: the images of an archive are stored, each as if it were uploaded.

An import can be sent again, whatever became of the first: images that have an id in the
archive are found by it, all others by their path in the archive and their bytes.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from falcon_images.datasets.archive_reader import ArchiveReader
from falcon_images.datasets.archives.entry_list import EntryList
from falcon_images.datasets.documents_import import DocumentsImport
from falcon_images.datasets.entries import Entries
from falcon_images.datasets.files_import import FilesImport
from falcon_images.datasets.import_options import ImportOptions
from falcon_images.datasets.import_report import ImportReport
from falcon_images.datasets.instances.instances_import import InstancesImport
from falcon_images.datasets.manifest import MANIFEST, document_texts
from falcon_images.errors import InvalidRequestError, TooBusyError
from falcon_images.files.errors import disk_errors
from falcon_images.files.spool import UploadSpool
from falcon_images.metadata.names import check_collection_name
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
        instances = InstancesImport(self._documents, self._unpacked, spool.new_file)
        self._files = FilesImport(self._documents, instances, self._unpacked)

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
        options.check()
        with (
            self.places.taken(),
            receive_archive(
                stream, content_type, self._spool.open_unnamed, self._limits, claims
            ) as archive,
            contextlib.ExitStack() as stack,
        ):
            listing = stack.enter_context(self._listing())
            reader = ArchiveReader(archive.file, archive.size, listing)
            report = ImportReport(collection_name, options.is_dry_run)
            change = self._changes.begin(collection_name, options.by)
            entries = Entries(
                reader=reader,
                report=report,
                change=change,
                store=self._store,
                spool=self._spool,
                limits=self._limits,
            )
            with change.ending():
                self._import(entries, archive, options)
        return report.answer(change.id)

    @contextlib.contextmanager
    def _listing(self) -> Iterator[EntryList]:
        with (
            self._spool.new_file() as file,
            contextlib.closing(EntryList(str(file.name))) as listing,
        ):
            yield listing

    def _import(
        self, entries: Entries, archive: Archive, options: ImportOptions
    ) -> None:
        name = _manifest_name(entries.reader)
        if name is None:
            self._files.run(entries, options, archive.properties)
            return
        with self._unpacked(entries, name) as manifest:
            for _ in document_texts(manifest, self._limits):
                pass
            folder = name.removesuffix(MANIFEST)
            self._documents.run(entries, manifest, folder, archive.properties)

    @contextlib.contextmanager
    def _unpacked(self, entries: Entries, name: str) -> Iterator[BinaryIO]:
        """Unpack a table; that it is whole is known before any of it is stored."""
        with disk_errors():
            file = self._spool.open_unnamed()
        with contextlib.closing(file):
            for chunk in entries.reader.read(name, _MAX_MANIFEST_BYTES):
                with disk_errors():
                    file.write(chunk)
            file.seek(0)
            yield file


def _manifest_name(reader: ArchiveReader) -> str | None:
    """Return the one manifest of an archive; None if it has none."""
    names = reader.listing.ending_with(MANIFEST)
    if len(names) > 1:
        raise InvalidRequestError(
            f'The archive has several files {MANIFEST}; send one archive for each.'
        )
    return names[0] if names else None


def _too_many() -> TooBusyError:
    return TooBusyError(
        f'The service works on {_MOST_AT_ONCE} imports already; send it again when '
        'one of them has ended.'
    )
