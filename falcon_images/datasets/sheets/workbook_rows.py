"""Workbooks of Excel in: the rows of one sheet (Office Open XML, ECMA-376).

openpyxl says what is in a cell. Its way to the cells is not taken: it has all texts,
and something of each row, in memory.
"""

import contextlib
import datetime
import errno
import itertools
import math
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet._reader import WorkSheetParser
from openpyxl.xml.constants import SHARED_STRINGS

from falcon_images.datasets.archives.damages import damaged
from falcon_images.datasets.archives.zip_entries import (
    LOCAL_HEADER_BYTES,
    directory_entries,
    find_directory,
)
from falcon_images.datasets.sheets.rows import (
    MAX_COLUMNS,
    SheetRow,
    SheetRows,
    wrong_row,
)
from falcon_images.datasets.sheets.workbook_texts import MAIN, SharedTexts, text_of
from falcon_images.errors import InvalidRequestError, TooLargeError
from falcon_images.formats.json import INT64

# The sheet of our exports; in others, the first one is read.
_OURS = 'images'
_ROW, _DATA = f'{MAIN}row', f'{MAIN}sheetData'
_MAX_BYTES = 8 * 1024**3
_MAX_PARTS = 10_000
_MAX_SHEETS = 1000
# What is read whole: all but the sheet and the texts.
_MAX_PART_BYTES = 2 * 1024**2
# Of one row, or of what is beside the rows: elements of XML take much memory.
_MAX_ROW_BYTES = 2 * 1024**2
_DAMAGES = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError),
    *(NotImplementedError, ValueError, OverflowError, LookupError, TypeError),
    *(AttributeError, ParseError, DefusedXmlException, InvalidFileException),
)
_TYPES = (str, bool, int, float, datetime.datetime)


def read_workbook(file: BinaryIO, size: int, texts: BinaryIO) -> SheetRows:
    """Read a file as a workbook.

    Args:
        texts: an empty file, in which its texts wait.

    Raises:
        InvalidRequestError: it is damaged, encrypted, or of another kind; the rows
            raise it too.
        TooLargeError: it is larger than it may be, when it is unpacked.
    """
    _check_parts(file, size)
    file.seek(0)
    with _damages():
        reader = ExcelReader(file, read_only=True, data_only=True, keep_links=False)
        reader.archive = _Archive(file)
        reader.read_manifest()
        reader.read_workbook()
        apply_stylesheet(reader.archive, reader.wb)
        part = _sheet_of(reader)
        shared = SharedTexts(texts, _elements_of_texts(reader))
    return SheetRows(_rows(reader, part, shared))


def _check_parts(file: BinaryIO, size: int) -> None:
    """Raise what is wrong with the archive that a workbook is."""
    directory = find_directory(file, size)
    if directory is None:
        raise damaged()
    found = itertools.islice(directory_entries(file, directory), _MAX_PARTS + 1)
    parts = [part for part, _ in found]
    if len(parts) > _MAX_PARTS or sum(part.size for part in parts) > _MAX_BYTES:
        raise TooLargeError(
            f'The workbook has more than {_MAX_PARTS:,} parts, or {_MAX_BYTES:,} bytes '
            'when it is unpacked; send it as CSV. Nothing was changed.'
        )
    end = 0
    for part in sorted(parts, key=lambda part: part.place):
        if part.refusal or part.place < end:
            raise damaged()
        end = part.place + LOCAL_HEADER_BYTES + part.packed_size


class _Archive(zipfile.ZipFile):
    """The parts of a workbook, of which none that is read whole is large."""

    def read(self, name: Any, pwd: bytes | None = None) -> bytes:
        if self.getinfo(name).file_size > _MAX_PART_BYTES:
            raise TooLargeError(
                f'Something else than its rows has more than {_MAX_PART_BYTES:,} bytes '
                'in the workbook, such as styles; copy the values into a new one, or '
                'send it as CSV. Nothing was changed.'
            )
        return super().read(name, pwd)


class _Cells(WorkSheetParser):  # type: ignore[misc]
    """What openpyxl reads of cells; what is of no use here is not kept."""

    def parse_cell(self, element: Any) -> dict[str, Any]:
        if element.get('t') == 'inlineStr':
            inline = element.find(f'{MAIN}is')
            element.set('t', 's')
            cell: dict[str, Any] = super().parse_cell(element)
            return cell | {'value': '' if inline is None else text_of(inline)}
        plain: dict[str, Any] = super().parse_cell(element)
        return plain


class _Part:
    """A part of a workbook, of which only so much is read for one row."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._bytes = 0
        self.row = 1

    def read(self, size: int) -> bytes:
        """Read what comes next; raise `TooLargeError` if no row ends."""
        data: bytes = self._stream.read(size)
        self._bytes += len(data)
        if self._bytes > _MAX_ROW_BYTES:
            raise TooLargeError(
                f'Row {self.row} has more than {_MAX_ROW_BYTES:,} bytes in the '
                'workbook; send it as CSV. Nothing was changed.'
            )
        return data

    def end_row(self, number: int) -> None:
        """Go on to the next row."""
        self._bytes, self.row = 0, number + 1


def _sheet_of(reader: Any) -> str:
    """Return the name of the part that is read."""
    found = list(reader.parser.find_sheets())
    if len(found) > _MAX_SHEETS:
        raise TooLargeError(f'The workbook has more than {_MAX_SHEETS} sheets.')
    sheets = {
        sheet.name: str(rel.target)
        for sheet, rel in reversed(found)
        if rel.Type.endswith('/worksheet')
    }
    if not sheets:
        raise LookupError
    return sheets.get(_OURS) or list(sheets.values())[-1]


def _elements_of_texts(reader: Any) -> Iterator[tuple[str, Any]]:
    part = reader.package.find(SHARED_STRINGS)
    if part is None:
        return
    with reader.archive.open(part.PartName[1:]) as stream:
        source = _Part(stream)
        for event, element in iterparse(source, ('start', 'end'), forbid_dtd=True):
            yield event, element
            if event == 'end' and element.tag == f'{MAIN}si':
                source.end_row(0)


def _rows(reader: Any, part: str, texts: SharedTexts) -> Iterator[SheetRow]:
    book = reader.wb
    cells = _Cells(
        None,
        texts,
        data_only=True,
        epoch=book.epoch,
        date_formats=book._date_formats,
        timedelta_formats=book._timedelta_formats,
    )
    number = 0
    with _damages(), reader.archive.open(part) as stream:
        source = _Part(stream)
        for element in _row_elements(source):
            found, values = cells.parse_row(element)
            cells.row_dimensions.clear()
            if found <= number:
                raise wrong_row(found, 'It comes twice in the workbook.')
            number = found
            source.end_row(number)
            yield SheetRow(number, _values(number, values))


def _row_elements(source: _Part) -> Iterator[Any]:
    data: Any = None
    for event, element in iterparse(source, ('start', 'end'), forbid_dtd=True):
        if element.tag == _DATA:
            if event == 'end':
                return
            data = element
        elif event == 'end' and element.tag == _ROW and data is not None:
            yield element
            # Else an empty element of each row stays in memory.
            data.clear()


def _values(number: int, cells: list[dict[str, Any]]) -> list[Any]:
    """Return the values of a row, each where its column is."""
    last = max((cell['column'] for cell in cells), default=0)
    if last > MAX_COLUMNS:
        raise wrong_row(number, 'It has more columns than a sheet.')
    values: list[Any] = [None] * last
    for cell in cells:
        values[cell['column'] - 1] = _value(number, cell)
    return values


def _value(number: int, cell: dict[str, Any]) -> Any:
    value = cell['value']
    if value is None:
        return None
    if cell['data_type'] == 'e':
        raise wrong_row(number, f'A cell has the error {str(value)[:20]}.')
    if not isinstance(value, _TYPES) or (
        isinstance(value, float) and not math.isfinite(value)
    ):
        raise wrong_row(number, 'A cell has a time without a day, or no number.')
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=datetime.UTC)
    if isinstance(value, int) and value not in INT64:
        return float(value)
    return value


@contextlib.contextmanager
def _damages() -> Iterator[None]:
    try:
        yield
    except _DAMAGES as ex:
        raise _damaged() from ex
    except OSError as ex:
        # openpyxl finds no workbook, or a place is before the beginning of the file.
        if ex.errno in (None, errno.EINVAL):
            raise _damaged() from ex
        raise


def _damaged() -> InvalidRequestError:
    return InvalidRequestError(
        'The workbook is damaged, encrypted, or not one of Excel (.xlsx); save it anew '
        'without a password, or send it as CSV. Nothing was changed.'
    )
