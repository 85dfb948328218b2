"""CSV in: rows of text, as spreadsheets of many countries write them (RFC 4180)."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from typing import BinaryIO, TextIO

from falcon_images.datasets.sheets.rows import SheetRow, SheetRows, wrong_row
from falcon_images.errors import InvalidRequestError, TooLargeError

# As long as the text of a line or a row may be, in characters.
_MAX_ROW_CHARACTERS = 8 * 1024**2
_READ_BYTES = 1024**2
_SEPARATORS = ',;\t'
# Excel takes this line as the separator of the file, and does not show it.
_SAID_SEPARATOR = re.compile('sep=([,;\t])\r?\n?')
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ID = '_id'


def read_csv(file: BinaryIO) -> SheetRows:
    """Read a file as CSV: in UTF-8 or CP932, or in UTF-16 if a mark says so.

    Raises:
        InvalidRequestError: it is none of these, or has no column ``_id``; the rows
            raise it where quotes are not closed, or cells are missing.
        TooLargeError: a row is too long.
    """
    # For the whole process, in which nothing else reads CSV.
    csv.field_size_limit(_MAX_ROW_CHARACTERS)
    encoding = _encoding_of(file)
    text = io.TextIOWrapper(file, encoding, newline='')
    lines = _TextLines(text)
    first = next(lines, '')
    if said := _SAID_SEPARATOR.fullmatch(first):
        first = next(lines, '')
    separator = said[1] if said else _separator_of(first)
    rows = _rows(lines, first, separator)
    return SheetRows(rows, separator == ';', encoding)


def _encoding_of(file: BinaryIO) -> str:
    file.seek(0)
    beginning = file.read(len(codecs.BOM_UTF8))
    if beginning.startswith(_UTF16):
        encodings = ['utf-16']
    elif beginning == codecs.BOM_UTF8:
        encodings = ['utf-8-sig']
    else:
        encodings = ['utf-8', 'cp932']
    for encoding in encodings:
        if _is_in(file, encoding):
            file.seek(0)
            return encoding
    raise InvalidRequestError(
        f'The text of the file is not in {" or ".join(encodings)}, or it is cut off; '
        'save it as CSV in UTF-8. Nothing was changed.'
    )


def _is_in(file: BinaryIO, encoding: str) -> bool:
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while chunk := file.read(_READ_BYTES):
            decoder.decode(chunk)
        decoder.decode(b'', final=True)
    except UnicodeError:
        return False
    return True


def _separator_of(line: str) -> str:
    for separator in _SEPARATORS:
        names = next(csv.reader([line], delimiter=separator), [])
        if _ID in names:
            return separator
    # In which the error is told.
    return max(_SEPARATORS, key=line.count)


class _TextLines:
    """The lines of a file, of which none and no row is too long."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._characters = 0
        self.row = 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(_MAX_ROW_CHARACTERS + 1)
        self._characters += len(line)
        if self._characters > _MAX_ROW_CHARACTERS:
            raise TooLargeError(
                f'Row {self.row} has more than {_MAX_ROW_CHARACTERS:,} characters, or '
                'a quote in it is not closed. Nothing was changed.'
            )
        if '\0' in line:
            raise wrong_row(
                self.row,
                'There is a NUL character in it; is the file CSV in UTF-8?',
            )
        if not line:
            raise StopIteration
        return line

    def end_row(self) -> None:
        """Go on to the next row."""
        self.row += 1
        self._characters = 0


def _rows(lines: _TextLines, first: str, separator: str) -> Iterator[SheetRow]:
    given = iter((first,)) if first else iter(())
    reader = csv.reader(_chained(given, lines), delimiter=separator, strict=True)
    width = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as ex:
            raise wrong_row(lines.row, _fault(str(ex))) from ex
        width = width or len(cells)
        if cells and len(cells) != width:
            raise wrong_row(
                lines.row,
                f'It has {len(cells)} cells, and the first row has {width}; is a cell '
                'with a separator or a quote in it without quotes?',
            )
        yield SheetRow(lines.row, list(cells))
        lines.end_row()


def _chained(first: Iterator[str], others: _TextLines) -> Iterator[str]:
    yield from first
    yield from others


def _fault(text: str) -> str:
    if 'end of data' in text:
        return 'A quote in it is not closed.'
    return 'A quote in it is neither doubled nor at the end of its cell.'
