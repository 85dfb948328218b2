"""Cells: what somebody meant who edited one, by the type that its value has now."""

import datetime
import json
import math
import re
from dataclasses import dataclass
from typing import Any

from falcon_images.datasets.sheets.artefacts import artefact_of_number, artefact_of_text
from falcon_images.datasets.sheets.times import artefact_of_time, read_time
from falcon_images.errors import InvalidRequestError
from falcon_images.formats.csv import cell_text, spreadsheet_time, without_guard
from falcon_images.formats.json import NUMBER, dumps, int64, loads_object
from falcon_images.metadata.documents import Document
from falcon_images.metadata.values import is_decimal, number_like
from falcon_images.settings import Limits

_TRUTHS = {'true': True, 'false': False, '1': True, '0': False}
_NULL = 'null'
_DECIMAL_COMMA = re.compile('(-?[0-9]+),([0-9]+)')
_MAX_NUMBER_CHARACTERS = 400
_NONE = object()


class CellError(Exception):
    """A cell that is not of the type of its value; the text says what is wrong."""


@dataclass(frozen=True)
class CellOutcome:
    """What a cell does: it sets a value, or nothing.

    `artefact` says why it is most likely not what somebody meant, but what a
    spreadsheet made of the value.
    """

    value: Any = _NONE
    artefact: str = ''

    @property
    def is_change(self) -> bool:
        """Whether the cell has another value."""
        return self.value is not _NONE


UNCHANGED = CellOutcome()


@dataclass(frozen=True)
class CellReader:
    """Reads cells of one file.

    Args:
        has_decimal_commas: whether its numbers may be written with a comma.
        encoding: what its texts were encoded in.
        is_exact: whether nothing in it is taken for an artefact.
    """

    limits: Limits
    has_decimal_commas: bool = False
    encoding: str = 'utf-8'
    is_exact: bool = False

    def read(self, current: Any, cell: Any) -> CellOutcome:
        """Compare a cell with the value that is there; None if there is none.

        Raises:
            CellError: the cell cannot be a value of that type.
        """
        if is_same(current, cell):
            return UNCHANGED
        if isinstance(cell, str):
            cell = without_guard(cell)
        if current is None:
            return _new(cell)
        if isinstance(current, str):
            return self._text(current, cell)
        return CellOutcome(None) if cell == _NULL else self._other(current, cell)

    def _other(self, current: Any, cell: Any) -> CellOutcome:
        if isinstance(current, bool):
            return _truth(current, cell)
        if isinstance(current, int | float) or is_decimal(current):
            return self._number(current, cell)
        if isinstance(current, datetime.datetime):
            return self._time(current, cell)
        if isinstance(current, dict | list):
            return self._members(current, cell)
        raise CellError('a value of this type cannot be changed by a table')

    def _text(self, current: str, cell: Any) -> CellOutcome:
        text = cell if isinstance(cell, str) else _plain(cell)
        if text == current:
            return UNCHANGED
        if self.is_exact:
            return CellOutcome(text)
        return CellOutcome(text, artefact_of_text(current, cell, text, self.encoding))

    def _number(self, current: Any, cell: Any) -> CellOutcome:
        number = self._parsed(cell)
        shown = float(str(current)) if is_decimal(current) else current
        if number == shown:
            return UNCHANGED
        artefact = '' if self.is_exact else artefact_of_number(shown, number, cell)
        return CellOutcome(number_like(current, number), artefact)

    def _parsed(self, cell: Any) -> int | float:
        if isinstance(cell, str):
            text = cell.strip()
            if self.has_decimal_commas:
                text = _DECIMAL_COMMA.sub(r'\1.\2', text)
            cell = _number_of(text)
        if isinstance(cell, bool) or not isinstance(cell, int | float):
            raise CellError('it is not a number, as the value of this image is')
        return cell

    def _time(self, current: datetime.datetime, cell: Any) -> CellOutcome:
        was, time = _moment(current), cell
        artefact = ''
        if isinstance(cell, str):
            time = read_time(cell)
            artefact = '' if self.is_exact else artefact_of_time(was, time, cell)
        if artefact:
            return CellOutcome(time, artefact)
        if not isinstance(time, datetime.datetime):
            raise CellError('it is not a time, as the value of this image is')
        return UNCHANGED if time == was else CellOutcome(time)

    def _members(self, current: Any, cell: Any) -> CellOutcome:
        value = self._json(cell) if isinstance(cell, str) else None
        if not isinstance(value, dict | list):
            raise CellError('it is not a list or an object in JSON')
        return UNCHANGED if value == _shown(current) else CellOutcome(value)

    def _json(self, text: str) -> Any:
        try:
            read = loads_object(f'{{"":{text}}}', 'The cell', self.limits)
        except InvalidRequestError as ex:
            raise CellError('it is not JSON that can be stored') from ex
        return read[''] if len(read) == 1 else None


def is_same(current: Any, cell: Any) -> bool:
    """Return whether a cell is what an export writes for a value."""
    if type(cell) is type(current) is str and cell == current:
        return True
    if isinstance(cell, datetime.datetime):
        return isinstance(current, datetime.datetime) and _moment(current) == cell
    shown = _shown(current)
    if isinstance(cell, str):
        text = shown if isinstance(shown, str) else dumps(shown).decode()
        return cell in (text, cell_text(current, spreadsheet_time))
    return isinstance(cell, bool) == isinstance(shown, bool) and bool(cell == shown)


def value_of(document: Document, column: str) -> Any:
    """Return the value that a column of an export has; None if there is none."""
    value: Any = document
    names = column.split('.')
    for number, name in enumerate(names):
        if not isinstance(value, dict):
            return None
        rest = '.'.join(names[number:])
        if rest in value:
            return value[rest]
        value = value.get(name)
    return value


def _new(cell: Any) -> CellOutcome:
    """Take a cell as what it is: text as in the form of an upload."""
    return UNCHANGED if cell == _NULL else CellOutcome(cell)


def _truth(current: bool, cell: Any) -> CellOutcome:
    text = cell if isinstance(cell, str) else _plain(cell)
    value = _TRUTHS.get(text.strip().lower())
    if value is None:
        raise CellError('it is neither true nor false, as the value of this image is')
    return UNCHANGED if value is current else CellOutcome(value)


def _number_of(text: str) -> int | float | None:
    if not NUMBER.fullmatch(text) or len(text) > _MAX_NUMBER_CHARACTERS:
        return None
    if text.lstrip('-').isdigit():
        return int64(text)
    number = float(text)
    return number if math.isfinite(number) else None


def _plain(cell: Any) -> str:
    """Write the cell of a workbook as our CSV would."""
    return cell_text(cell, spreadsheet_time)


def _shown(value: Any) -> Any:
    return json.loads(dumps(value))


def _moment(time: datetime.datetime) -> datetime.datetime:
    time = time.replace(tzinfo=time.tzinfo or datetime.UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)
