"""Rows of images: the names of columns, and the id and the tag of each row."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from falcon_images.datasets.sheets.row_file import RowFile
from falcon_images.datasets.sheets.rows import SheetRow, SheetRows, counted, wrong_row
from falcon_images.errors import InvalidRequestError, TooLargeError
from falcon_images.formats.etags import TAG, tag_in
from falcon_images.properties import SYSTEM_FIELDS, check_depth, check_update
from falcon_images.settings import Limits

_ID = '_id'
_IMAGE_ID = re.compile('[0-9a-f]{24}')
_NUMBER = re.compile(r'[0-9]+([.,][0-9]+)?(e\+?[0-9]+)?|[0-9]{5,}')
_MAX_SHOWN = 40


@dataclass(frozen=True)
class SheetColumns:
    """The columns that are read, by their numbers, and those of the id and the tag."""

    numbers: list[int]
    names: list[str]
    image_id: int
    tag: int | None
    width: int
    nameless: frozenset[int]


def store_rows(sheet: SheetRows, rows: RowFile, limits: Limits) -> SheetColumns:
    """Read a sheet whole into a file of rows; return what its columns are.

    Raises:
        InvalidRequestError: a name or a row cannot be used; the text names the row.
        TooLargeError: a row has more bytes than the properties of an image may have.
    """
    found = counted(sheet.rows)
    columns = _columns_of(next(_filled(found), SheetRow(1, [])), limits)
    for row in _filled(found):
        _store(row, columns, rows, limits)
    rows.check_ids()
    return columns


def _filled(rows: Iterator[SheetRow]) -> Iterator[SheetRow]:
    for row in rows:
        if any(cell not in (None, '') for cell in row.cells):
            yield row


def _columns_of(row: SheetRow, limits: Limits) -> SheetColumns:
    names = [cell.strip() if isinstance(cell, str) else '' for cell in row.cells]
    if _ID not in names:
        raise InvalidRequestError(
            f'Row {row.number} has no cell "_id": the first row has the names of the '
            'columns, and the column _id says which image a row is for; separators '
            'are commas, semicolons or tabs. Nothing was changed.'
        )
    _check_names(row.number, names, limits)
    numbers = [n for n, name in enumerate(names) if name and not _is_system(name)]
    return SheetColumns(
        numbers=numbers,
        names=[names[number] for number in numbers],
        image_id=names.index(_ID),
        tag=names.index(TAG) if TAG in names else None,
        width=len(names),
        nameless=frozenset(n for n, name in enumerate(names) if not name),
    )


def _check_names(number: int, names: Sequence[str], limits: Limits) -> None:
    given = [name for name in names if name]
    if len(set(given)) < len(given):
        twice = next(name for name in given if given.count(name) > 1)
        raise wrong_row(number, f'Two columns have the name {twice[:_MAX_SHOWN]!r}.')
    for name in given:
        if _is_system(name):
            continue
        if len(name.encode()) > limits.max_name_bytes:
            raise wrong_row(number, 'A name is longer than MAX_NAME_BYTES allows.')
        try:
            check_update({name: ''})
            check_depth({name: ''}, limits.max_json_depth)
        except InvalidRequestError as ex:
            raise wrong_row(number, str(ex)) from ex


def _is_system(name: str) -> bool:
    return name == TAG or name.partition('.')[0] in SYSTEM_FIELDS


def _store(row: SheetRow, columns: SheetColumns, rows: RowFile, limits: Limits) -> None:
    cells = row.cells + [None] * (columns.width - len(row.cells))
    for number, cell in enumerate(cells):
        is_nameless = number >= columns.width or number in columns.nameless
        if is_nameless and cell not in (None, ''):
            raise wrong_row(row.number, 'It has a cell in a column without a name.')
    chosen = [cells[number] for number in columns.numbers]
    size = sum(len(cell.encode()) for cell in chosen if isinstance(cell, str))
    if size > limits.max_properties_bytes:
        raise TooLargeError(
            f'Row {row.number} has more than {limits.max_properties_bytes} bytes '
            '(MAX_PROPERTIES_BYTES). Nothing was changed.'
        )
    tag = '' if columns.tag is None else _tag(row.number, cells[columns.tag])
    rows.add(row.number, _image_id(row.number, cells[columns.image_id]), tag, chosen)


def _image_id(number: int, cell: Any) -> str:
    text = str(cell or '').strip().lower()
    if _IMAGE_ID.fullmatch(text):
        return text
    if not text or not isinstance(cell, str) or _NUMBER.fullmatch(text):
        raise wrong_row(
            number,
            f'Its _id is {text[:_MAX_SHOWN]!r}, which a spreadsheet made a number of, '
            'or which is missing; export as xlsx, or let the spreadsheet take the '
            'column as text.',
        )
    raise wrong_row(
        number,
        f'Its _id {text[:_MAX_SHOWN]!r} is none: it has 24 hexadecimal digits.',
    )


def _tag(number: int, cell: Any) -> str:
    if cell in (None, ''):
        return ''
    tag = tag_in(str(cell).strip())
    if not tag:
        raise wrong_row(
            number,
            f'Its _tag is {str(cell)[:_MAX_SHOWN]!r}, which no export writes; leave it '
            'as it was, empty it, or leave the column out.',
        )
    return tag
