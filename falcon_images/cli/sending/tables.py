"""Tables with a row for each image: CSV and XLSX, of any length."""

import csv
import datetime
import itertools
import json
import re
import sqlite3
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from falcon_images.cli.sending.files import Found
from falcon_images.cli.sending.properties import (
    BadSourceError,
    MissingPropertiesError,
    Properties,
    number_of,
)

# Names of the column that says which image a row is of; else it is the first.
_FILE_COLUMNS = ('file', 'file_name', 'filename', 'image', 'path')
_WITH_ZEROS = re.compile(r'[+-]?0\d')
# No file, no text, no table, no workbook, and one that lacks a part.
_UNREADABLE = (
    *(OSError, ValueError, csv.Error, InvalidFileException),
    *(zipfile.BadZipFile, KeyError, IndexError),
)
_TABLE = 'CREATE TABLE rows (file TEXT PRIMARY KEY, properties TEXT) WITHOUT ROWID'

_WORDS: dict[str, Any] = {'true': True, 'false': False, 'TRUE': True, 'FALSE': False}

Row = Sequence[Any]


class Table:
    """A table that is read once into a file, from which rows are looked up.

    Args:
        path: of a CSV or XLSX file; its first row names the properties.
        texts: columns that stay text. Any other is of numbers, or of true and false,
            if all that is written in it is one.
    """

    def __init__(self, path: Path, texts: frozenset[str]) -> None:
        self._name = path.name
        self._texts = texts
        self._columns: list[_Column] = []
        self._lock = threading.Lock()
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        file = Path(self._folder.name) / 'rows.sqlite'
        self._database = sqlite3.connect(file, check_same_thread=False)
        self._database.execute(_TABLE)
        try:
            self._look_at(_rows(path))
            self._fill(_rows(path))
        except _UNREADABLE as ex:
            raise BadSourceError(f'{path} cannot be read: {ex}.') from ex

    def of(self, found: Found) -> Properties:
        """Return the row of a file, found by its path below the folder, or its name."""
        with self._lock:
            for name in (found.relative, found.path.name):
                query = 'SELECT properties FROM rows WHERE file = ?'
                row = self._database.execute(query, (_key(name),)).fetchone()
                if row:
                    found_properties: Properties = json.loads(row[0])
                    return found_properties
        raise MissingPropertiesError(f'{self._name} has no row for it.')

    def close(self) -> None:
        """Remove what was read."""
        self._database.close()
        self._folder.cleanup()

    def _look_at(self, rows: Iterable[Row]) -> None:
        """Find out what each column is."""
        iterator = iter(rows)
        header = [str(cell).strip() for cell in next(iterator, ())]
        if not header:
            raise ValueError('it is empty')
        self._columns = [_Column(name, name in self._texts) for name in header]
        for row in iterator:
            for column, cell in zip(self._columns, row, strict=False):
                column.look_at(cell)

    def _fill(self, rows: Iterable[Row]) -> None:
        place = _file_column([column.name for column in self._columns])
        for row in itertools.islice(rows, 1, None):
            if place < len(row) and row[place] not in ('', None):
                self._add(str(_whole(row[place])), self._properties(row, place))
        self._database.commit()

    def _add(self, file: str, properties: Properties) -> None:
        try:
            self._database.execute(
                'INSERT INTO rows VALUES (?, ?)', (_key(file), json.dumps(properties))
            )
        except sqlite3.IntegrityError as ex:
            raise ValueError(f'it has two rows for {file}') from ex

    def _properties(self, row: Row, place: int) -> Properties:
        return {
            column.name: column.value(cell)
            for at, (column, cell) in enumerate(zip(self._columns, row, strict=False))
            if at != place and column.name and cell not in ('', None)
        }


class _Column:
    """What the cells under one name are."""

    def __init__(self, name: str, is_text: bool) -> None:
        self.name = name
        self._is_text = is_text
        self._readers: list[Callable[[str], Any]] = (
            [] if is_text else [_plain_number, _WORDS.get]
        )

    def look_at(self, cell: Any) -> None:
        if cell not in ('', None):
            self._readers = [
                read
                for read in self._readers
                if isinstance(cell, str) and read(cell) is not None
            ]

    def value(self, cell: Any) -> Any:
        if isinstance(cell, str):
            return self._readers[0](cell) if self._readers else cell
        if isinstance(cell, datetime.date | datetime.time):
            return cell.isoformat()
        if self._is_text or isinstance(cell, datetime.timedelta):
            return str(_whole(cell))
        return _whole(cell)


def _rows(path: Path) -> Iterator[Row]:
    if path.suffix.lower() == '.csv':
        with path.open(encoding='utf-8-sig', newline='') as file:
            yield from csv.reader(file)
    else:
        workbook = load_workbook(path, read_only=True, data_only=True)
        try:
            yield from workbook.worksheets[0].iter_rows(values_only=True)
        finally:
            workbook.close()


def _file_column(header: list[str]) -> int:
    for name in _FILE_COLUMNS:
        if name in header:
            return header.index(name)
    return 0


def _key(file: str) -> str:
    name = file.replace('\\', '/').removeprefix('./')
    return name.encode('utf-8', 'backslashreplace').decode()


def _plain_number(text: str) -> int | float | None:
    """Return a number; what begins with more zeros is rather the name of something."""
    return None if _WITH_ZEROS.match(text) else number_of(text)


def _whole(cell: Any) -> Any:
    """Return a cell, a whole number as one: sheets have no others than floats."""
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell
