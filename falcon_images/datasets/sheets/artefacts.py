"""Artefacts: what spreadsheets make of a value that nobody edited."""

import datetime
import math
import re
from typing import Any

# Excel has 15 digits, and shows 9 or 10 of them, or 6 with an exponent.
_EXACT_DIGITS = (15, 14, 13, 12, 11, 10, 9)
_EXPONENT_DIGITS = (6, 5, 4, 3)
_CELL_CHARACTERS = 32_767
_FIRST_YEAR = 1900
_LOST_CHARACTER = '?'
_NUMERIC = re.compile(r'\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*')
_MAX_NUMERIC_CHARACTERS = 320
# What Excel takes for a day or a time.
_DAY = re.compile(
    r'\d{1,4}([-/.:]\d{1,2}){1,2}([-/.:]\d{1,4})?( \d{1,2}:\d\d(:\d\d)?(\.\d+)?)?'
)
_MONTHS = ('jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct')
_MONTH_NUMBERS = {
    name: number for number, name in enumerate((*_MONTHS, 'nov', 'dec'), 1)
}
_NAMED_DAY = re.compile(r'[\d/.: -]*(\d+月\d+日|[A-Za-z]{3})[\d/.: -]*')


def artefact_of_number(current: float, number: float, cell: Any) -> str:
    """Return why a number is most likely another one, rounded; or an empty text."""
    digits: tuple[int, ...] = _EXACT_DIGITS
    if isinstance(cell, str) and 'e' in cell.lower():
        digits += _EXPONENT_DIGITS
    if _is_rounded(current, number, digits):
        return 'A spreadsheet rounds numbers of many digits.'
    return ''


def artefact_of_text(current: str, cell: Any, text: str, encoding: str) -> str:
    """Return why a cell is most likely what became of a text; or an empty text.

    Args:
        text: the cell as text.
        encoding: in which the file was written.
    """
    if _is_number_of(current, text):
        return 'A spreadsheet takes text that looks like a number for one.'
    if current.lower() == text.lower() in ('true', 'false'):
        return 'A spreadsheet writes true and false in capitals.'
    if _is_day_of(current, cell, text):
        return 'A spreadsheet takes text that looks like a day for one.'
    return _artefact_of_characters(current, text, encoding)


def _artefact_of_characters(current: str, text: str, encoding: str) -> str:
    if _one_line(current) == _one_line(text):
        return 'A spreadsheet writes ends of lines in another way.'
    if len(text) == _CELL_CHARACTERS < len(current) and current.startswith(text):
        return f'A cell of a spreadsheet has {_CELL_CHARACTERS:,} characters at most.'
    if encoding == 'cp932' and _LOST_CHARACTER in text:
        kept = current.encode(encoding, 'replace').decode(encoding)
        if kept == text:
            return 'The file is in CP932, which lacks a character of this text.'
    return ''


def _is_number_of(current: str, text: str) -> bool:
    if max(len(current), len(text)) > _MAX_NUMERIC_CHARACTERS:
        return False
    if not (_NUMERIC.fullmatch(current) and _NUMERIC.fullmatch(text)):
        return False
    was, now = float(current), float(text)
    digits: tuple[int, ...] = _EXACT_DIGITS
    if 'e' in text.lower():
        digits += _EXPONENT_DIGITS
    return was == now or _is_rounded(was, now, digits)


def _is_rounded(current: float, number: float, digits: tuple[int, ...]) -> bool:
    try:
        value = float(current)
    except OverflowError:
        return False
    if not math.isfinite(value):
        return False
    return any(float(f'{value:.{count - 1}e}') == number for count in digits)


def _is_day_of(current: str, cell: Any, text: str) -> bool:
    if not _DAY.fullmatch(current):
        return False
    is_day = isinstance(cell, datetime.datetime) or _DAY.fullmatch(text)
    if not is_day and not _NAMED_DAY.fullmatch(text):
        return False
    was, now = _numbers(current), _numbers(text)
    # The year is added, and zeros of the time are left out.
    more = [each for each in now if each not in was and each]
    return set(was) - {0} <= set(now) and all(each >= _FIRST_YEAR for each in more)


def _numbers(text: str) -> list[int]:
    named = re.sub(
        '[A-Za-z]{3}',
        lambda match: f' {_MONTH_NUMBERS.get(match[0].lower(), "")} ',
        text,
    )
    return [int(each) for each in re.findall(r'\d+', named)]


def _one_line(text: str) -> str:
    return text.replace('\r\n', '\n').replace('\r', '\n')
