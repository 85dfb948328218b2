"""Excel workbooks of one sheet, written row by row in memory that does not grow.

Office Open XML (ECMA-376) with texts in their cells, in UTF-8. Numbers and booleans
keep their types; no text becomes a formula.
"""

import math
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any, BinaryIO
from xml.sax.saxutils import escape

from falcon_images.formats.json import dumps

MEDIA_TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
# What a sheet and a cell can have; the line of names is one of the rows.
MAX_ROWS = 1_048_576
MAX_COLUMNS = 16_384
MAX_CELL_CHARACTERS = 32_767
# Excel has 15 digits; what has more would come back as another number.
_EXACT = 10**15
# What XML cannot hold, and what would be read as its escaped form.
_ESCAPED = re.compile('[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)')
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OPEN = 'http://schemas.openxmlformats.org'
_MAIN = f'{_OPEN}/spreadsheetml/2006/main'
_RELATIONS = f'{_OPEN}/officeDocument/2006/relationships'
_OF_PACKAGE = f'{_OPEN}/package/2006'
_TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml'
_SHEET = 'xl/worksheets/sheet1.xml'
_PARTS = {
    '[Content_Types].xml': f'<Types xmlns="{_OF_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType='
    '"application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/{_SHEET}" ContentType="{_TYPE}.worksheet+xml"/></Types>',
    '_rels/.rels': f'<Relationships xmlns="{_OF_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>',
    'xl/workbook.xml': f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>'
    '<sheet name="images" sheetId="1" r:id="rId1"/></sheets></workbook>',
    'xl/_rels/workbook.xml.rels': f'<Relationships xmlns="{_OF_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/worksheet" '
    'Target="worksheets/sheet1.xml"/></Relationships>',
}


class Sheet:
    """A workbook that is being written: a line of names, and rows below it.

    `rows` is how many there are without the line of names.

    Args:
        file: where it is written.
        columns: the names of the columns; `MAX_COLUMNS` at most.
    """

    def __init__(self, file: BinaryIO, columns: Iterable[str]) -> None:
        self._workbook = zipfile.ZipFile(
            file, 'w', zipfile.ZIP_DEFLATED, compresslevel=1
        )
        self._columns = {name: _letters(number) for number, name in enumerate(columns)}
        self.rows = -1
        for name, text in _PARTS.items():
            # Without the time of day: the same table is the same bytes.
            part = zipfile.ZipInfo(name)
            self._workbook.writestr(part, _XML + text, zipfile.ZIP_DEFLATED, 1)
        self._part: IO[bytes] = self._workbook.open(_SHEET, 'w', force_zip64=True)
        head = f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>'
        self._part.write(head.encode())
        self.add({name: name for name in self._columns})

    @property
    def is_full(self) -> bool:
        """Whether the sheet has as many rows as a sheet can have."""
        return self.rows >= MAX_ROWS - 1

    def add(self, values: Mapping[str, Any]) -> list[str]:
        """Write a row; return the columns whose text is too long, and left out."""
        self.rows += 1
        number = self.rows + 1
        cells, too_long = [], []
        for name, value in values.items():
            letters = self._columns.get(name)
            if letters is None or value is None:
                continue
            cell = _cell(f'{letters}{number}', value)
            if cell is None:
                too_long.append(name)
            else:
                cells.append((len(letters), letters, cell))
        # Cells are in the order of their columns.
        text = ''.join(cell for _, _, cell in sorted(cells))
        self._part.write(f'<row r="{number}">{text}</row>'.encode())
        return too_long

    def finish(self) -> None:
        """Write the end; the file is then whole, and open."""
        self._part.write(b'</sheetData></worksheet>')
        self._part.close()
        self._workbook.close()

    def abandon(self) -> None:
        """Let go of the file without an end; the file is closed by its owner."""
        self._part.close = lambda: None  # type: ignore[method-assign]
        self._workbook.fp = None


def flat(members: Mapping[str, Any], prefix: str = '') -> Iterator[tuple[str, Any]]:
    """Yield the values of a document under dotted names, as columns have them."""
    for name, value in members.items():
        if isinstance(value, dict) and value:
            yield from flat(value, f'{prefix}{name}.')
        else:
            yield f'{prefix}{name}', value


def _cell(place: str, value: Any) -> str | None:
    """Write a cell; None if its text is too long."""
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float) and math.isfinite(value) and abs(value) < _EXACT:
        return f'<c r="{place}"><v>{value!r}</v></c>'
    text = value if isinstance(value, str) else dumps(value).decode()
    # They are counted as Excel does, in UTF-16.
    if len(text.encode('utf-16-le', 'replace')) > 2 * MAX_CELL_CHARACTERS:
        return None
    text = escape(_ESCAPED.sub(lambda match: f'_x{ord(match[0]):04X}_', text))
    return (
        f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    )


def _letters(number: int) -> str:
    """Return the letters of a column: A, B, ..., Z, AA, AB, ..."""
    letters = ''
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord('A') + rest) + letters
    return letters
