"""Exports as an Apache Parquet file, read by pyarrow and pandas."""

import importlib.util
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.archives import exported, upload_numbered
from tests.support.service import Service

FORMAT = 'format=parquet'
HAS_PYARROW = importlib.util.find_spec('pyarrow') is not None
needs_pyarrow = pytest.mark.skipif(not HAS_PYARROW, reason='needs pyarrow')


def rows(service: Service, query: str = FORMAT) -> list[dict[str, Any]]:
    parquet = pytest.importorskip('pyarrow.parquet')
    table = parquet.read_table(io.BytesIO(exported(service, query)))
    found: list[dict[str, Any]] = table.to_pylist()
    return found


def test_each_document_is_a_row(service: Service) -> None:
    documents = [upload_numbered(service, n, n=n, a={'b': 'x'}) for n in range(3)]
    found = rows(service, f'{FORMAT}&sort=time')
    assert [each['_id'] for each in found] == [each['_id'] for each in documents]
    assert [(each['n'], each['a.b']) for each in found] == [(n, 'x') for n in range(3)]


def test_a_column_has_one_type(service: Service) -> None:
    upload_numbered(service, 1, a=1, b=1, c=True, d='x', e=[1], f=True, g=None)
    upload_numbered(service, 2, a=2, b=0.5, c=1, d=None, f=False)
    first, second = rows(service, f'{FORMAT}&sort=time&fields=a,b,c,d,e,f,g')
    del first['_id'], second['_id']
    assert first == {
        **{'a': 1, 'b': 1.0, 'c': 'true', 'd': 'x', 'e': '[1]', 'f': True, 'g': None}
    }
    assert second == {
        **{'a': 2, 'b': 0.5, 'c': '1', 'd': None, 'e': None, 'f': False, 'g': None}
    }


@needs_pyarrow
def test_pandas_reads_it(service: Service, tmp_path: Path) -> None:
    pandas = pytest.importorskip('pandas')
    for number in range(5):
        upload_numbered(service, number, n=number, text='傷')
    path = tmp_path / 'c.parquet'
    path.write_bytes(exported(service, FORMAT))
    frame = pandas.read_parquet(path)
    assert (len(frame), int(frame['n'].sum())) == (5, 10)
    assert set(frame['text']) == {'傷'}


@needs_pyarrow
def test_many_documents_are_in_groups_of_rows(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet = pytest.importorskip('pyarrow.parquet')
    monkeypatch.setattr(
        'falcon_images.datasets.layouts.parquet._GROUP_ROWS', 2, raising=True
    )
    for number in range(5):
        upload_numbered(service, number)
    file = parquet.ParquetFile(io.BytesIO(exported(service, FORMAT)))
    assert file.num_row_groups == 3
    assert file.metadata.num_rows == 5


def test_no_document_is_a_table_without_rows(service: Service) -> None:
    upload_numbered(service, 1)
    assert rows(service, f'{FORMAT}&n=7') == []


@needs_pyarrow
def test_two_exports_are_the_same(service: Service) -> None:
    for number in range(5):
        upload_numbered(service, number, n=number / 2)
    assert exported(service, FORMAT) == exported(service, FORMAT)


@pytest.mark.parametrize('method', ['GET', 'HEAD'])
def test_without_pyarrow_it_is_400_that_names_what_to_install(
    service: Service, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    upload_numbered(service, 1)
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    path = '/collections/c/export'
    answer = service.client.simulate_request(method, path, query_string=FORMAT)
    assert answer.status_code == 400
    if method == 'GET':
        assert 'requirements-parquet.txt' in answer.json['description']


@needs_pyarrow
def test_large_documents_are_in_groups_of_fewer_rows(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet = pytest.importorskip('pyarrow.parquet')
    monkeypatch.setattr('falcon_images.datasets.layouts.parquet._GROUP_BYTES', 10_000)
    for number in range(4):
        upload_numbered(service, number, text='x' * 6000)
    file = parquet.ParquetFile(io.BytesIO(exported(service, FORMAT)))
    assert [file.metadata.row_group(n).num_rows for n in range(2)] == [2, 2]


@needs_pyarrow
def test_values_are_those_of_the_documents(service: Service) -> None:
    values: dict[str, Any] = {
        **{'least': -(2**63), 'most': 2**63 - 1, 'small': 2.5e-300, 'zero': -0.0},
        **{'time_like': '2026-11-01T00:00:00Z', 'number_like': '0012', 'é"b': '𝄞\\'},
    }
    upload_numbered(service, 1, **values)
    (row,) = rows(service)
    assert {name: row[name] for name in values} == values


@needs_pyarrow
def test_pandas_is_not_loaded_where_the_file_is_made() -> None:
    program = (
        'import io, sys\n'
        'from falcon_images.datasets.columns import Columns\n'
        'from falcon_images.datasets.layouts import parquet\n'
        'columns = Columns()\n'
        "columns.see({'a': 'b'})\n"
        'rows = io.BytesIO(b\'{"a": "b"}\')\n'
        "print(len(b''.join(parquet._written(columns, rows))) > 100)\n"
        "print('pandas' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, '-c', program],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == ['True', 'False']
