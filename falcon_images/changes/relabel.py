"""Relabelling: a sheet that was sent changes many images, in a change like others."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from falcon_images.changes.bulk import BulkChanges, check_expected
from falcon_images.datasets.relabel import Comparison
from falcon_images.datasets.relabel_report import RelabelReport
from falcon_images.datasets.sheets.cells import CellReader
from falcon_images.datasets.sheets.image_rows import store_rows
from falcon_images.datasets.sheets.reading import read_sheet
from falcon_images.datasets.sheets.row_file import RowFile
from falcon_images.errors import TooBusyError
from falcon_images.files.errors import disk_errors
from falcon_images.metadata.changes.before_images import ChangeKind
from falcon_images.metadata.changes.bulk import BulkDocuments
from falcon_images.metadata.changes.edit_records import named
from falcon_images.metadata.documents import Document
from falcon_images.metadata.mongo import MongoDatabase
from falcon_images.server.places import Places
from falcon_images.settings import Limits
from falcon_images.uploads.archives import SentFile, receive_file
from falcon_images.uploads.digests import Claim
from falcon_images.uploads.form import FilePart

_FILE = 'file'
# Each takes a thread for long.
_MOST_AT_ONCE = 2


@dataclass(frozen=True)
class RelabelOptions:
    """How a sheet is taken.

    Args:
        is_dry_run: nothing is changed, and the answer says what would be.
        is_exact: what a spreadsheet may have made of values is taken as it is.
        expect: how many images are to be changed; None for any number.
        by: the name of who sends it, if that is known.
    """

    is_dry_run: bool = False
    is_exact: bool = False
    expect: int | None = None
    by: str = ''


class Relabels:
    """Changes images by the rows of sheets.

    Args:
        open_file: opens a file on the disk of the store, gone when it is closed.
    """

    def __init__(
        self,
        *,
        mongo: MongoDatabase,
        bulk: BulkDocuments,
        bulk_changes: BulkChanges,
        open_file: Callable[[], BinaryIO],
        limits: Limits,
    ) -> None:
        self._mongo = mongo
        self._bulk = bulk
        self._bulk_changes = bulk_changes
        self._open_file = open_file
        self._limits = limits
        self.places = Places(_MOST_AT_ONCE, _too_many)

    def run(
        self,
        collection_name: str,
        stream: BinaryIO,
        content_type: str,
        claims: Sequence[Claim],
        options: RelabelOptions,
    ) -> Document:
        """Read a sheet whole, compare it, and change the images of its rows.

        Raises:
            InvalidRequestError: the file or one of its rows cannot be used.
            NotFoundError: there is no such collection.
            PreconditionFailedError: another number of images differs than expected.
            TooBusyError: as many are worked on as may be.
            TooLargeError: the file, or something in it, is larger than a limit.
            StorageFullError, StorageUnavailableError: the disk does not take it.
        """
        self._mongo.require_collection(collection_name)
        part = FilePart(_FILE, self._limits.max_body_bytes, 'MAX_BODY_BYTES')
        with (
            self.places.taken(),
            receive_file(
                stream, content_type, self._open_file, self._limits, part, claims
            ) as sent,
            self._new_file() as waiting,
        ):
            rows = RowFile(waiting)
            with self._new_file() as texts:
                cells, report = self._read(sent, texts, rows, options)
            comparison = Comparison(self._bulk, collection_name, rows, cells, report)
            if options.is_dry_run:
                return _preview(comparison, report, options)
            return self._make(collection_name, sent.name, comparison, report, options)

    @contextlib.contextmanager
    def _new_file(self) -> Iterator[BinaryIO]:
        with disk_errors():
            file = self._open_file()
        try:
            yield file
        finally:
            # On a full disk, closing flushes what was written, and may fail.
            with contextlib.suppress(OSError):
                file.close()

    def _read(
        self, sent: SentFile, texts: BinaryIO, rows: RowFile, options: RelabelOptions
    ) -> tuple[CellReader, RelabelReport]:
        with disk_errors():
            sheet = read_sheet(sent.file, sent.size, texts)
            columns = store_rows(sheet, rows, self._limits)
        cells = CellReader(
            self._limits, sheet.has_decimal_commas, sheet.encoding, options.is_exact
        )
        return cells, RelabelReport(columns.names, rows.count)

    def _make(
        self,
        collection_name: str,
        file_name: str,
        comparison: Comparison,
        report: RelabelReport,
        options: RelabelOptions,
    ) -> Document:
        record = {
            'collection': collection_name,
            'kind': ChangeKind.UPDATE.value,
            'conditions': {},
            # An earlier release of this service that finishes it changes nothing.
            'patch': {},
            'is_merge': False,
            'relabel': {'file': file_name, 'columns': list(report.columns)},
            **named(options.by),
        }
        begun = self._bulk_changes.begin(
            record, _known(comparison, report), options.expect
        )
        if begun is None:
            return {'change': None, 'changed': 0} | report.answer()
        change, _ = begun
        changed = self._bulk_changes.run(change, report.leave)
        return {'change': change.id, 'changed': changed} | report.answer()


def _known(comparison: Comparison, report: RelabelReport) -> Iterator[Any]:
    yield from comparison.batches()
    report.require_known()


def _preview(
    comparison: Comparison, report: RelabelReport, options: RelabelOptions
) -> Document:
    for _ in comparison.batches():
        pass
    if not report.unknown.count:
        check_expected(options.expect, report.matched)
    return report.preview()


def _too_many() -> TooBusyError:
    return TooBusyError(
        f'The service works on {_MOST_AT_ONCE} tables already; send it again when one '
        'of them has ended.'
    )
