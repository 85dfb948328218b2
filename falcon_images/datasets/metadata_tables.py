"""The tables beside images: ``metadata.jsonl`` and ``metadata.csv``, row by row."""

import csv
from collections.abc import Iterator
from typing import Any, BinaryIO

from falcon_images.datasets.columns import property_of_column
from falcon_images.datasets.manifest import ManifestDocument, checked_document
from falcon_images.errors import InvalidRequestError, TooLargeError
from falcon_images.formats.json import loads_object
from falcon_images.settings import Limits

TABLES = ('metadata.jsonl', 'metadata.csv')
_FILE_NAME = 'file_name'
# Beside its properties, a row has what is ours.
_SYSTEM_BYTES = 16 * 1024

Row = dict[str, Any]


def rows(file: BinaryIO, name: str, limits: Limits) -> Iterator[Row | Exception]:
    """Yield the rows of a table, and for one that cannot be read, why.

    Raises:
        InvalidRequestError: none can be read.
        TooLargeError: a row is longer than properties may be.
    """
    lines = _DecodedLines(file, limits.max_properties_bytes + _SYSTEM_BYTES)
    if name.endswith('.csv'):
        return _csv_rows(lines)
    return _json_rows(lines, limits)


def row_document(row: Row, limits: Limits) -> tuple[str, ManifestDocument]:
    """Return the path of an image beside its table, and what the row says of it."""
    path = row.pop(_FILE_NAME, None)
    if not isinstance(path, str) or not path:
        raise InvalidRequestError(f'The row has no {_FILE_NAME}.')
    if '_id' in row:
        row = _of_export(row)
    document = _nested(row, limits.max_json_depth)
    document.setdefault('image', path.rpartition('/')[2])
    return path, checked_document(document, limits, is_whole=False)


def _of_export(row: Row) -> Row:
    """Return what a row of an export says, without texts for what an image lacks."""
    return {
        property_of_column(name): value for name, value in row.items() if value != ''
    }


class _DecodedLines:
    """The lines of a text, of which no row may have too many bytes."""

    def __init__(self, file: BinaryIO, max_bytes: int) -> None:
        self._file = file
        self._max_bytes = max_bytes
        self.row_bytes = 0

    def __iter__(self) -> Iterator[str]:
        self._file.seek(0)
        encoding = 'utf-8-sig'
        while line := self._file.readline(self._max_bytes + 1):
            self.row_bytes += len(line)
            if self.row_bytes > self._max_bytes:
                raise TooLargeError(
                    'A row of a table has more bytes than MAX_PROPERTIES_BYTES allows.'
                )
            try:
                yield line.decode(encoding)
            except UnicodeDecodeError as ex:
                raise InvalidRequestError('A table is not written in UTF-8.') from ex
            encoding = 'utf-8'


def _json_rows(lines: _DecodedLines, limits: Limits) -> Iterator[Row | Exception]:
    for line in lines:
        lines.row_bytes = 0
        if not line.strip():
            continue
        try:
            yield loads_object(line, 'The row', limits)
        except InvalidRequestError as ex:
            yield ex


def _csv_rows(lines: _DecodedLines) -> Iterator[Row | Exception]:
    try:
        reader = csv.DictReader(lines, strict=True, restkey='', restval='')
        for row in reader:
            lines.row_bytes = 0
            if '' in row:
                yield InvalidRequestError('The row has more cells than the first one.')
            else:
                yield {name: text for name, text in row.items() if text != ''}
    except csv.Error as ex:
        raise InvalidRequestError(f'A table is no CSV: {ex}.') from ex


def _nested(row: Row, max_depth: int) -> Row:
    """Return objects for dotted names, without what is null: a table has all columns.

    Raises:
        InvalidRequestError: two names are in each other's way.
    """
    document: Row = {}
    for name, value in row.items():
        if value is None:
            continue
        *path, last = name.split('.')
        members = _members(document, path[:max_depth])
        if last in members or len(path) > max_depth:
            raise InvalidRequestError(f'The column {name[:40]!r} fits no other.')
        members[last] = value
    return document


def _members(document: Row, path: list[str]) -> Row:
    for name in path:
        inner = document.setdefault(name, {})
        if not isinstance(inner, dict):
            raise InvalidRequestError(f'The column {name[:40]!r} fits no other.')
        document = inner
    return document
