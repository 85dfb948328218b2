"""Documents alone, as lines of JSON, as CSV and as a workbook."""

import json
from collections.abc import Iterator

from falcon_images.datasets.archive import ZIP_BEGINNING
from falcon_images.datasets.run import Run, chunks_of, steps
from falcon_images.errors import InvalidRequestError
from falcon_images.formats.csv import (
    BYTE_ORDER_MARK,
    CsvTable,
    column_order,
    spreadsheet_time,
)
from falcon_images.formats.etags import TAG
from falcon_images.formats.json import dumps
from falcon_images.formats.xlsx import (
    MAX_CELL_CHARACTERS,
    MAX_COLUMNS,
    MAX_ROWS,
    MEDIA_TYPE,
    Sheet,
    flat,
)


class DocumentLines:
    """One document a line."""

    media_type = 'application/x-ndjson'
    extension = '.ndjson'
    beginning = b''
    max_documents = 0

    def pieces(self, run: Run) -> Iterator[bytes]:
        """Yield the first lines, and others when all are read.

        No cursor waits for a client.
        """
        file, is_first = run.new_file(), True
        for documents in steps(run.documents):
            lines = [dumps(run.shown(document)) + b'\n' for document in documents]
            if is_first:
                yield b''.join(lines)
                is_first = False
                continue
            file.write(b''.join(lines))
            yield b''
        yield from chunks_of(file)


class Csv:
    """A table for spreadsheets, as a list with ``format=csv`` is, and tags."""

    media_type = 'text/csv; charset=utf-8'
    extension = '.csv'
    beginning = BYTE_ORDER_MARK
    max_documents = 0

    def pieces(self, run: Run) -> Iterator[bytes]:
        """Yield the table."""
        table = CsvTable(run.new_file(), spreadsheet_time)
        for documents in steps(run.documents):
            for document in documents:
                table.add(run.tagged(document))
            yield b''
        yield BYTE_ORDER_MARK
        yield from table.lines(last=TAG)


class Workbook:
    """A workbook of one sheet with tags, which has everything or is not made."""

    media_type = MEDIA_TYPE
    extension = '.xlsx'
    beginning = ZIP_BEGINNING
    max_documents = MAX_ROWS - 1

    def pieces(self, run: Run) -> Iterator[bytes]:
        """Yield the workbook."""
        rows, file = run.new_file(), run.new_file()
        names: set[str] = set()
        for documents in steps(run.documents):
            for document in documents:
                shown = run.tagged(document)
                names.update(name for name, _ in flat(shown))
                rows.write(dumps(shown) + b'\n')
            _check_columns(len(names))
            yield b''
        rows.seek(0)
        columns = sorted(names or {'_id', 'time', 'image'}, key=column_order)
        columns.sort(key=TAG.__eq__)
        yield from _filled(Sheet(file, columns), rows)
        yield from chunks_of(file)


def _filled(sheet: Sheet, rows: Iterator[bytes]) -> Iterator[bytes]:
    try:
        for row in rows:
            _add(sheet, row)
            yield b''
        sheet.finish()
    except BaseException:
        sheet.abandon()
        raise


def _add(sheet: Sheet, row: bytes) -> None:
    document = json.loads(row)
    if sheet.is_full:
        raise InvalidRequestError(
            f'A sheet has {MAX_ROWS} rows, and more match now; take format=csv.'
        )
    for column in sheet.add(dict(flat(document))):
        raise InvalidRequestError(
            f'The text {column[:40]!r} of the image {document["_id"]} has more than '
            f'{MAX_CELL_CHARACTERS} characters, which no cell of a sheet can have; '
            'take format=csv, or choose others with fields.'
        )


def _check_columns(count: int) -> None:
    if count > MAX_COLUMNS:
        raise InvalidRequestError(
            f'A sheet has {MAX_COLUMNS} columns at most; take format=ndjson, or choose '
            'some with fields.'
        )
