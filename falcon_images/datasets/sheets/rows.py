"""Rows of a sheet, whatever kind of file it is in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from falcon_images.errors import InvalidRequestError

# More than a sheet of Excel has; what is kept of each row in memory is small.
MAX_ROWS = 5_000_000
MAX_COLUMNS = 16_384


@dataclass(frozen=True)
class SheetRow:
    """A row: its number, as spreadsheets count, and its cells.

    A cell is text, or of workbooks also a number, true or false, or a time; None is
    an empty one.
    """

    number: int
    cells: list[Any]


@dataclass(frozen=True)
class SheetRows:
    """A sheet that is read once, the row of names first.

    Args:
        has_decimal_commas: whether its numbers may be written with a comma.
        encoding: what its texts were encoded in.
    """

    rows: Iterator[SheetRow]
    has_decimal_commas: bool = False
    encoding: str = 'utf-8'


def wrong_row(number: int, text: str) -> InvalidRequestError:
    """Make the error of a row."""
    return InvalidRequestError(f'Row {number}: {text} Nothing was changed.')


def counted(rows: Iterator[SheetRow]) -> Iterator[SheetRow]:
    """Yield rows, as many as may be."""
    for row in rows:
        if row.number > MAX_ROWS:
            raise wrong_row(row.number, f'A file can have {MAX_ROWS:,} rows at most.')
        if len(row.cells) > MAX_COLUMNS:
            raise wrong_row(
                row.number, f'A file can have {MAX_COLUMNS:,} columns at most.'
            )
        yield row
