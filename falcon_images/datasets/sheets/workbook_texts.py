"""Texts of workbooks: those that many cells share wait in a file, not in memory."""

import re
from array import array
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, BinaryIO

MAIN = '{http://schemas.openxmlformats.org/spreadsheetml/2006/main}'
_ITEM, _TEXT, _RUN = f'{MAIN}si', f'{MAIN}t', f'{MAIN}r'
# As XML escapes what it cannot hold (ECMA-376, part 1, 22.9.2.19).
_ESCAPED = re.compile('_x([0-9A-Fa-f]{4})_')
_SURROGATES = range(0xD800, 0xE000)
_REMEMBERED = 4096


class SharedTexts:
    """The texts of a workbook, by their numbers.

    Args:
        file: an empty file, in which they wait.
        elements: all of XML that ends, in the order of the part.
    """

    def __init__(self, file: BinaryIO, elements: Iterator[tuple[str, Any]]) -> None:
        self._file = file
        self._ends = array('Q', (0,))
        root: Any = None
        for event, element in elements:
            if event == 'start':
                root = element if root is None else root
            elif element.tag == _ITEM:
                self._file.write(text_of(element).encode())
                self._ends.append(self._file.tell())
                root.clear()
        # Labels are a few texts of many cells.
        self._text = lru_cache(_REMEMBERED)(self._read)

    def __getitem__(self, number: int) -> str:
        if not 0 <= number < len(self._ends) - 1:
            raise IndexError(number)
        return self._text(number)

    def _read(self, number: int) -> str:
        start, end = self._ends[number : number + 2]
        self._file.seek(start)
        return self._file.read(end - start).decode()


def text_of(element: Any) -> str:
    """Return the text of an item or a cell, without how it is read aloud."""
    parts = []
    for child in element:
        if child.tag == _TEXT:
            parts.append(child.text or '')
        elif child.tag == _RUN:
            parts.append(child.findtext(_TEXT) or '')
    return _ESCAPED.sub(_unescaped, ''.join(parts))


def _unescaped(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return match[0] if code in _SURROGATES else chr(code)
