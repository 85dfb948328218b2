"""Sheets as people send them back, and requests that relabel by them."""

import csv
import io
import re
import zipfile
from collections.abc import Sequence
from typing import Any

import falcon.testing
import openpyxl

from tests.support.importing import zipped
from tests.support.service import Service, form

_SHEET, _TYPES = 'xl/worksheets/sheet1.xml', '[Content_Types].xml'
_MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
_SHARED = (
    '<Override PartName="/xl/sharedStrings.xml" ContentType="application/'
    'vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>'
)
_INLINE = re.compile('(<c [^>]*)t="inlineStr"><is>(.*?)</is></c>', re.DOTALL)
RELABEL = '/collections/c/relabel'
EXPORT = '/collections/c/export'
Result = falcon.testing.Result


def exported(service: Service, kind: str = 'csv', query: str = '') -> bytes:
    answer = service.client.simulate_get(EXPORT, query_string=f'format={kind}&{query}')
    assert answer.status_code == 200, answer.text
    return answer.content


def relabel(
    service: Service, sheet: bytes | str, name: str = 'a.csv', **params: str
) -> Result:
    """Send a sheet as a form."""
    content = sheet.encode() if isinstance(sheet, str) else sheet
    sent = form(('file', content, name))
    return service.client.simulate_post(
        RELABEL, body=sent.body, content_type=sent.content_type, params=params
    )


def dry(service: Service, sheet: bytes | str, **params: str) -> Any:
    """What would be done."""
    answer = relabel(service, sheet, dry_run='true', **params)
    assert answer.status_code == 200, answer.text
    return answer.json


def done(service: Service, sheet: bytes | str, **params: str) -> Any:
    answer = relabel(service, sheet, **params)
    assert answer.status_code == 200, answer.text
    return answer.json


def refusal(service: Service, sheet: bytes | str, status: int = 400) -> str:
    """Why a sheet is refused."""
    answer = relabel(service, sheet)
    assert answer.status_code == status, answer.text
    return str(answer.json['description'])


def table(content: bytes) -> list[list[str]]:
    """The rows of a CSV."""
    return list(csv.reader(io.StringIO(content.decode('utf-8-sig'), newline='')))


def text(rows: Sequence[Sequence[Any]], separator: str = ',') -> str:
    """Rows as CSV."""
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=separator).writerows(rows)
    return buffer.getvalue()


def edited(content: bytes, column: str, *values: str) -> str:
    """A CSV whose first rows have other values in a column."""
    names, *rows = table(content)
    for row, value in zip(rows, values, strict=False):
        row[names.index(column)] = value
    return text([names, *rows])


def workbook(rows: Sequence[Sequence[Any]], **formats: str) -> bytes:
    """A workbook with the rows in its first sheet."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    for place, number_format in formats.items():
        book.active[place].number_format = number_format
    return saved(book)


def saved(book: Any) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def with_shared_texts(content: bytes) -> bytes:
    """A workbook whose texts are in a part of their own, as Excel saves them."""
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        files = {name: parts.read(name).decode() for name in parts.namelist()}
    items: list[str] = []

    def moved(match: re.Match[str]) -> str:
        if match[2] not in items:
            items.append(match[2])
        return f'{match[1]}t="s"><v>{items.index(match[2])}</v></c>'

    files[_SHEET] = _INLINE.sub(moved, files[_SHEET])
    texts = ''.join(f'<si>{item}</si>' for item in items)
    files['xl/sharedStrings.xml'] = f'<sst xmlns="{_MAIN}">{texts}</sst>'
    files[_TYPES] = files[_TYPES].replace('</Types>', f'{_SHARED}</Types>')
    return zipped({name: text.encode() for name, text in files.items()})


def resaved(content: bytes) -> bytes:
    """A workbook as it is after a program for spreadsheets has opened and saved it."""
    return saved(openpyxl.load_workbook(io.BytesIO(content)))


def properties_of(service: Service, image_id: str) -> dict[str, Any]:
    document: dict[str, Any] = service.client.simulate_get(
        f'/collections/c/images/{image_id}'
    ).json
    return {
        name: value
        for name, value in document.items()
        if name not in ('_id', 'time', 'image', '_file')
    }
