"""Relabelling: the rows of a sheet that was exported and edited, beside the images.

A cell that is as an export writes the value that is there changes nothing; each other
one is read as the type that the value has.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from falcon_images.datasets.relabel_report import (
    Difference,
    RelabelReport,
    Warned,
    shown,
)
from falcon_images.datasets.sheets.cells import (
    CellError,
    CellOutcome,
    CellReader,
    value_of,
)
from falcon_images.datasets.sheets.row_file import ImageRow, RowFile
from falcon_images.datasets.sheets.rows import wrong_row
from falcon_images.errors import InvalidRequestError, TooLargeError
from falcon_images.formats.csv import without_guard
from falcon_images.formats.etags import document_tag
from falcon_images.metadata.changes.bulk import (
    BulkDocuments,
    RawDocument,
    decoded,
    sha256_of,
    transformed,
)
from falcon_images.metadata.changes.pending_ids import PendingBatch, Prepared
from falcon_images.metadata.documents import Document, public_view
from falcon_images.metadata.errors import retry_lost_cursors
from falcon_images.metadata.values import parse_id
from falcon_images.properties import (
    MAX_VALUES,
    check_paths,
    check_values,
    set_properties,
    values_in,
)

_MAX_CELL_CHARACTERS = 40


@dataclass
class _Compared:
    """What a row does: nothing, if there are no values; `is_stale` for conflicts."""

    row: ImageRow
    is_stale: bool = False
    differences: list[Difference] = field(default_factory=list)
    warnings: list[Warned] = field(default_factory=list)
    prepared: Prepared | None = None


class Comparison:
    """Compares rows with the documents of their images.

    Args:
        cells: reads the cells of this file.
        report: is told what each row does.
    """

    def __init__(
        self,
        bulk: BulkDocuments,
        collection_name: str,
        rows: RowFile,
        cells: CellReader,
        report: RelabelReport,
    ) -> None:
        self._bulk = bulk
        self._collection_name = collection_name
        self._rows = rows
        self._cells = cells
        self._report = report

    def batches(self) -> Iterator[PendingBatch]:
        """Yield what is to be changed; a batch may be empty, so that nobody waits long.

        Raises:
            InvalidRequestError: a cell is not of the type of its value, or does not fit
                the document.
        """
        for rows in self._rows.batches(self._report.columns):
            compared = retry_lost_cursors(partial(self._compared, rows))
            prepared = [self._reported(each) for each in compared]
            known = {each.image_id: each for each in prepared if each}
            yield PendingBatch(list(known), known)

    def _compared(self, rows: list[ImageRow]) -> list[_Compared | ImageRow]:
        """Compare some rows; one that has no image is returned as it is."""
        by_id = {parse_id(row.image_id): row for row in rows}
        found: dict[int, _Compared] = {}
        for document in self._bulk.read(self._collection_name, by_id):
            row = by_id[document['_id']]
            found[row.number] = self._compare(row, document)
        return [found.get(row.number, row) for row in rows]

    def _reported(self, compared: _Compared | ImageRow) -> Prepared | None:
        report = self._report
        if isinstance(compared, ImageRow):
            entry = {'row': compared.number, '_id': compared.image_id}
            report.unknown.add(entry)
            return None
        number, image_id = compared.row.number, compared.row.image_id
        if compared.is_stale:
            report.conflicts.add({'row': number, '_id': image_id})
            return None
        for warned in compared.warnings:
            report.warn(number, image_id, warned)
        if compared.prepared is None:
            report.unchanged += 1
        else:
            report.differ(number, image_id, compared.differences)
        return compared.prepared

    def _compare(self, row: ImageRow, found: RawDocument) -> _Compared:
        document = public_view(decoded(found))
        try:
            outcomes = self._outcomes(row, document)
        except InvalidRequestError:
            if _is_stale(row, document):
                return _Compared(row, is_stale=True)
            raise
        changes = {n: each for n, each in outcomes.items() if not each.artefact}
        if changes and _is_stale(row, document):
            return _Compared(row, is_stale=True)
        compared = _Compared(row)
        for name, each in outcomes.items():
            before = shown(value_of(document, name))
            if each.artefact:
                cell = shown(row.cells.get(name, each.value))
                compared.warnings.append(Warned(name, before, cell, each.artefact))
            else:
                difference = Difference(name, before, shown(each.value))
                compared.differences.append(difference)
        values = {name: each.value for name, each in changes.items()}
        if values:
            compared.prepared = _prepared(row, found, values)
        return compared

    def _outcomes(self, row: ImageRow, document: Document) -> Mapping[str, CellOutcome]:
        """Return what cells do, by the names of properties."""
        outcomes = {}
        for column, cell in row.cells.items():
            name = column
            value = value_of(document, name)
            if value is None and without_guard(column) != column:
                name = without_guard(column)
                value = value_of(document, name)
            try:
                outcome = self._cells.read(value, cell)
            except CellError as ex:
                given = str(cell)[:_MAX_CELL_CHARACTERS]
                raise wrong_row(
                    row.number,
                    f'In the column {column[:_MAX_CELL_CHARACTERS]!r} is {given!r}; '
                    f'{ex}.',
                ) from ex
            if outcome.is_change:
                outcomes[name] = outcome
        return outcomes


def _is_stale(row: ImageRow, document: Document) -> bool:
    return bool(row.tag) and row.tag != document_tag(document)


def _prepared(row: ImageRow, found: RawDocument, values: Document) -> Prepared:
    """Check that values fit a document, and return what is to be done."""
    try:
        check_paths(values)
        after = set_properties(decoded(found), values)
        check_values(after, max(values_in(decoded(found)), MAX_VALUES))
    except (InvalidRequestError, TooLargeError) as ex:
        raise wrong_row(row.number, str(ex)) from ex
    if transformed(found, lambda document: set_properties(document, values)) is None:
        raise wrong_row(
            row.number,
            'Its document cannot be changed: it has more than 7 MB, or text in it is '
            'not valid.',
        )
    return Prepared(found['_id'], values, sha256_of(found))
