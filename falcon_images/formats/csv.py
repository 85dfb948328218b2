"""CSV out: documents as rows, for spreadsheets (RFC 4180, in UTF-8)."""

import datetime
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from falcon_images.errors import InvalidRequestError
from falcon_images.formats.json import NUMBER, dumps
from falcon_images.formats.list_spool import SpooledFile
from falcon_images.metadata.documents import Document
from falcon_images.metadata.values import to_json_type

_MAX_COLUMNS = 1000
_FIRST = ('_id', 'time', 'image')
_OF_FILE = '_file.'
_FILE_FACTS = tuple(
    f'{_OF_FILE}{fact}'
    for fact in ('size', 'type', 'sha256', 'width', 'height', 'whole')
)
_ORDER = {name: number for number, name in enumerate((*_FIRST, *_FILE_FACTS))}
# What begins a formula in spreadsheets; Japanese ones take full-width forms too.
_FORMULA = re.compile('[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]')
# Spreadsheets that split at ";" or tabs may ignore quotes: then a cell begins after
# each of these, even inside of quotes.
_PIECE = re.compile(r'(?:(?<=;)|(?<=[\s\S][\t\r\n]))[^;\t\r\n]+')
# What `_harmless` puts before them.
_GUARD = re.compile(r"(^|[;\t\r\n])'(?=[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])")
# More than Python's `csv` quotes: some spreadsheets take these for ends of cells.
_QUOTED = re.compile('[,;"\t\r\n]')
# By it Excel knows that a file is in UTF-8.
BYTE_ORDER_MARK = '\ufeff'.encode()


class WaitingRows(Protocol):
    """A file of lines, which are first written and then read."""

    def write(self, text: bytes, /) -> object:
        """Add bytes at the end."""

    def seek(self, position: int, /) -> object:
        """Go to a position."""

    def __iter__(self) -> Iterator[bytes]:
        """Yield the lines that follow."""


def write_spreadsheet(file: SpooledFile, documents: Iterable[Document]) -> int:
    """Write documents as `write_csv` does, as programs for spreadsheets read them best.

    A byte order mark begins the file, and times are ``2026-11-23 04:05:06.789`` (UTC).
    """
    file.write(BYTE_ORDER_MARK)
    return write_csv(file, documents, spreadsheet_time)


def write_csv(
    file: SpooledFile,
    documents: Iterable[Document],
    time_text: Callable[[str], str] = str,
) -> int:
    """Write documents as rows below a line of names; return how many there are.

    Nested objects become columns with dotted names, lists JSON, null an empty cell.
    Text that a spreadsheet would run as a formula gets an apostrophe before it.

    Args:
        time_text: makes of a time in ISO 8601 what is written.

    Raises:
        InvalidRequestError: there are more columns than a table can have.
    """
    with file.another() as rows:
        table = CsvTable(rows, time_text)
        for document in documents:
            table.add(document)
        for line in table.lines():
            file.write(line)
    return table.count


class CsvTable:
    """A table that is being made: first all rows are added, then all lines are read.

    The columns are known only after the last document; until then rows wait.

    Args:
        rows: an empty file, in which they wait.
        time_text: makes of a time in ISO 8601 what is written.
    """

    def __init__(
        self, rows: WaitingRows, time_text: Callable[[str], str] = str
    ) -> None:
        self._rows = rows
        self._time_text = time_text
        self._columns: set[str] = set()
        self.count = 0

    def add(self, document: Document) -> None:
        """Add a row; raise `InvalidRequestError` if the table has too many columns."""
        cells = dict(_cells('', document, self._time_text))
        self._columns.update(cells)
        _check(self._columns)
        self._rows.write(dumps(cells) + b'\n')
        self.count += 1

    def lines(self, last: str = '') -> Iterator[bytes]:
        """Yield the line of names, and then the rows.

        Args:
            last: the name of a column that comes after all others.
        """
        columns = sorted(self._columns or _FIRST, key=column_order)
        columns.sort(key=last.__eq__)
        yield _line(map(_harmless, columns))
        self._rows.seek(0)
        for row in self._rows:
            cells = json.loads(row)
            yield _line(cells.get(column, '') for column in columns)


def _check(columns: set[str]) -> None:
    if len(columns) > _MAX_COLUMNS:
        raise InvalidRequestError(
            f'As CSV, a list can have {_MAX_COLUMNS} columns at most; choose some '
            'with fields, or take JSON.'
        )


def _line(cells: Iterable[str]) -> bytes:
    line = ','.join(
        '"' + cell.replace('"', '""') + '"' if _QUOTED.search(cell) else cell
        for cell in cells
    )
    # An empty line would not count as a row.
    return (line or '""').encode() + b'\r\n'


def column_order(column: str) -> tuple[int, bool, str]:
    """Return what columns are sorted by: those of ours come first."""
    number = _ORDER.get(column, len(_ORDER))
    return number, not column.startswith(_OF_FILE), column


def spreadsheet_time(text: str) -> str:
    """Write a time in ISO 8601 so that spreadsheets know it as one."""
    return text.replace('T', ' ').removesuffix('Z')


def _cells(
    prefix: str, members: dict[str, Any], time_text: Callable[[str], str]
) -> Iterator[tuple[str, str]]:
    for name, value in members.items():
        if isinstance(value, dict) and value:
            yield from _cells(f'{prefix}{name}.', value, time_text)
        else:
            yield f'{prefix}{name}', cell_text(value, time_text)


def cell_text(value: Any, time_text: Callable[[str], str] = str) -> str:
    """Return the text of a cell, with an apostrophe where it would be a formula.

    Args:
        time_text: makes of a time in ISO 8601 what is written.
    """
    if isinstance(value, datetime.datetime):
        return _harmless(time_text(str(to_json_type(value))))
    return _cell(value)


def without_guard(text: str) -> str:
    """Return the text of a cell without apostrophes that make formulas harmless."""
    return _GUARD.sub(r'\1', text)


def _cell(value: Any) -> str:
    if value is None:
        return ''
    if isinstance(value, str):
        return _harmless(value)
    if isinstance(value, bool | int | float | list | dict):
        return _harmless(dumps(value).decode())
    return _cell(to_json_type(value))


def _harmless(text: str) -> str:
    if _QUOTED.search(text):
        text = _PIECE.sub(lambda piece: _no_formula(piece[0]), text)
    return _no_formula(text)


def _no_formula(text: str) -> str:
    if _FORMULA.match(text) and not NUMBER.fullmatch(text):
        return f"'{text}"
    return text
