"""Columns of one type each, whatever values there are."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from falcon_images.datasets import columns
from falcon_images.datasets.columns import (
    Columns,
    name_beside_files,
    property_of_column,
)
from falcon_images.errors import InvalidRequestError

NAMES = st.sampled_from(('a', 'b', 'c'))
INTEGERS = st.integers(min_value=-(2**63), max_value=2**63 - 1)
VALUES = st.none() | st.booleans() | INTEGERS | st.floats(allow_nan=False)
ROWS = st.lists(
    st.dictionaries(NAMES, VALUES | st.text() | st.lists(st.booleans())), max_size=8
)


def of(rows: list[dict[str, Any]], lacking: str | None = None) -> list[dict[str, Any]]:
    made = Columns(lacking)
    for number, row in enumerate(rows):
        made.see(row, 'train' if number % 2 else 'val')
    return [made.row(row) for row in rows]


@given(rows=ROWS, lacking=st.sampled_from((None, '')))
def test_a_column_has_one_type(rows: list[dict[str, Any]], lacking: str | None) -> None:
    written = of(rows, lacking)
    for name in {name for row in written for name in row}:
        types = {type(row[name]) for row in written} - {type(None)}
        assert len(types) <= 1


@given(rows=ROWS)
def test_no_table_lacks_a_column(rows: list[dict[str, Any]]) -> None:
    written = of(rows, '')
    for table in (written[::2], written[1::2]):
        for name in {name for row in table for name in row}:
            assert any(row[name] is not None for row in table)


@given(rows=ROWS)
def test_every_row_has_every_column(rows: list[dict[str, Any]]) -> None:
    written = of(rows)
    assert all(set(row) == set(written[0]) for row in written)


def test_too_many_columns_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, '_MAX_COLUMNS', 2)
    with pytest.raises(InvalidRequestError, match='fields'):
        of([{'a': 1, 'b': 1}, {'c': 1}])


@given(
    start=st.sampled_from(('image', 'file_name', 'x_file_name', 'file_names', 'a', '')),
    end=st.text('_', max_size=3),
)
def test_a_name_beside_files_means_none_and_is_known_again(
    start: str, end: str
) -> None:
    name = name_beside_files(start + end)
    assert name != 'image'
    assert not name.endswith(('file_name', 'file_names'))
    assert property_of_column(name) == start + end
