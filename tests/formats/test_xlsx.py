"""Workbooks hold what documents have, with its types."""

import io
import zipfile
from typing import Any

import pytest

from falcon_images.formats import xlsx
from falcon_images.formats.xlsx import Sheet, flat
from tests.support.archives import rows_of


def written(*rows: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    sheet = Sheet(file, sorted({name for row in rows for name in row}))
    for row in rows:
        assert sheet.add(row) == []
    sheet.finish()
    return file.getvalue()


@pytest.mark.parametrize(
    'value',
    [
        *('OK', '', ' a ', 'a\nb', '<&>"', '日本語', '=1+1', '_x0041_', '\x01', '😀'),
        *(0, -3, 0.25, 1e-9, True, False),
    ],
)
def test_a_value_comes_back(value: Any) -> None:
    (row,) = rows_of(written({'a': value}))
    assert row == {'a': value}
    assert type(row['a']) is type(value)


@pytest.mark.parametrize(
    ('value', 'text'),
    [
        (10**15, '1000000000000000'),
        (float('inf'), 'null'),
        ([1, 'a'], '[1,"a"]'),
        ({}, '{}'),
    ],
)
def test_what_a_cell_cannot_hold_is_text(value: Any, text: str) -> None:
    assert rows_of(written({'a': value})) == [{'a': text}]


def test_null_is_an_empty_cell() -> None:
    assert rows_of(written({'a': None, 'b': 1})) == [{'b': 1}]


def test_columns_have_the_letters_of_their_number() -> None:
    row = {f'{number:04}': number for number in range(800)}
    assert rows_of(written(row)) == [row]
    with zipfile.ZipFile(io.BytesIO(written(row))) as parts:
        text = parts.read('xl/worksheets/sheet1.xml').decode()
    for place in ('"A1"', '"Z2"', '"AA2"', '"ZZ2"', '"AAA2"'):
        assert f'r={place}' in text


def test_a_text_that_is_too_long_is_left_out_and_named() -> None:
    sheet = Sheet(io.BytesIO(), ('a', 'b'))
    assert sheet.add({'a': 'x' * 32_767, 'b': '😀' * 16_384}) == ['b']


def test_a_sheet_says_when_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, 'MAX_ROWS', 3)
    sheet = Sheet(io.BytesIO(), ('a',))
    full = []
    for _ in range(2):
        full.append(sheet.is_full)
        sheet.add({'a': 1})
    assert full == [False, False]
    assert sheet.is_full


def test_members_of_objects_are_columns() -> None:
    members = {'a': {'b': 1, 'c': {'d': []}}, 'e': {}}
    assert dict(flat(members)) == {'a.b': 1, 'a.c.d': [], 'e': {}}
