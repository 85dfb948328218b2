"""Lists as NDJSON and CSV, and which of the forms a client gets."""

import csv
import datetime
import io
import json
import tracemalloc
from typing import Any

import falcon.testing
import pytest

from falcon_images.formats import csv as csv_text
from falcon_images.metadata.documents import Query
from falcon_images.store.lists import Total
from tests.support.service import Service

JSON, NDJSON, CSV = 'application/json', 'application/x-ndjson', 'text/csv'
DAY = datetime.datetime(2022, 3, 1, tzinfo=datetime.UTC)


def get(service: Service, accept: str, query: str = '') -> falcon.testing.Result:
    return service.client.simulate_get(
        '/collections/c/images', query_string=query, headers={'Accept': accept}
    )


def table(service: Service, query: str = '') -> list[list[str]]:
    response = get(service, CSV, query)
    assert response.status_code == 200, response.text
    return list(csv.reader(io.StringIO(response.content.decode(), newline='')))


def rows(service: Service, query: str = 'sort=n') -> list[dict[str, str]]:
    header, *lines = table(service, query)
    return [dict(zip(header, line, strict=True)) for line in lines]


@pytest.mark.parametrize(
    ('accept', 'given'),
    [
        *(('', JSON), ('*/*', JSON), (JSON, JSON), ('application/*', JSON)),
        *((NDJSON, NDJSON), (CSV, CSV), ('text/*', CSV), ('text/csv;q=0.1', CSV)),
        ('text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', JSON),
        *(('application/xml', JSON), ('image/png', JSON), (';;;', JSON), ('é', JSON)),
        *((f'{CSV};q=0.5, {NDJSON}', NDJSON), (f'{CSV}, */*;q=0.1', CSV)),
        *((f'{CSV};q=0', JSON), (f'{JSON};q=0.2, {CSV};q=0.4', CSV)),
        *(('text/csv; charset=utf-8', CSV), ('TEXT/CSV', CSV), ('Text/*', CSV)),
        *(('APPLICATION/X-NDJSON;Q=0.5', NDJSON), ('TEXT/CSV;Q=0', JSON)),
        (f'{JSON};q=0, {CSV}', CSV),
    ],
)
@pytest.mark.parametrize('method', ['GET', 'HEAD'])
def test_a_client_gets_the_form_that_it_prefers(
    service: Service, accept: str, given: str, method: str
) -> None:
    response = service.client.simulate_request(
        method, '/collections/c/images', headers={'Accept': accept}
    )
    assert response.status_code == 200
    assert response.headers['Content-Type'].partition(';')[0] == given
    assert response.headers['Vary'] == 'Accept'
    assert response.headers['X-Total-Count'] == '0'


def test_errors_are_json_whatever_is_accepted(service: Service) -> None:
    response = get(service, CSV, 'limit=x')
    assert response.status_code == 400
    assert response.headers['Content-Type'] == JSON
    assert set(response.json) == {'title', 'description'}


def test_ndjson_is_one_document_a_line(service: Service) -> None:
    service.database.c.insert_many({'n': n, 'text': 'a\nb'} for n in range(3))
    whole = get(service, JSON).json
    response = get(service, NDJSON)
    assert response.text.endswith('}\n')
    assert [json.loads(line) for line in response.text.splitlines()] == whole
    assert get(service, NDJSON, 'n=7').text == ''


def test_pages_go_on_in_every_form(service: Service) -> None:
    service.database.c.insert_many({'n': n} for n in range(3))
    for accept in (JSON, NDJSON, CSV):
        response = get(service, accept, 'limit=2&sort=n')
        assert 'cursor=' in response.headers['Link']
        assert response.headers['X-Total-Count'] == '3'


def test_csv_has_a_column_for_every_name(service: Service) -> None:
    first = service.client.upload('c', json='{"b": {"y": 1, "x": {"z": "é"}}, "n": 1}')
    service.client.upload('c', json='{"a": [1, "x"], "b": {"w": null}, "n": 2}')
    header = table(service)[0]
    assert header == [
        *('_id', 'time', 'image', '_file.size', '_file.type', '_file.sha256'),
        *(
            '_file.width',
            '_file.height',
            '_file.whole',
            'a',
            'b.w',
            'b.x.z',
            'b.y',
            'n',
        ),
    ]
    one, two = rows(service)
    assert one['_id'] == first['_id']
    assert one['time'] == first['time']
    assert one['_file.size'] == str(first['_file']['size'])
    assert (one['b.y'], one['b.x.z'], one['a']) == ('1', 'é', '')
    assert (two['a'], two['b.w'], two['b.y']) == ('[1,"x"]', '', '')


def test_an_empty_csv_has_its_header(service: Service) -> None:
    assert get(service, CSV).content == b'_id,time,image\r\n'


def test_fields_choose_the_columns_of_csv(service: Service) -> None:
    service.client.upload('c', json='{"b": {"y": 1, "x": 2}, "n": 1}')
    assert table(service, 'fields=n,b.x')[0] == ['_id', 'b.x', 'n']


@pytest.mark.parametrize(
    ('value', 'cell'),
    [
        *((None, ''), ('', ''), (True, 'true'), (False, 'false'), (0, '0')),
        *((-1, '-1'), (-0.5, '-0.5'), (1e300, '1e+300'), (2**63 - 1, str(2**63 - 1))),
        *(('-1', '-1'), ('-1.5e-3', '-1.5e-3'), ('+1', "'+1"), ('-', "'-")),
        *(('=1+1', "'=1+1"), ('-1+1', "'-1+1"), ('@SUM(A1)', "'@SUM(A1)")),
        *(
            ('\t=1', "'\t=1"),
            ('\r=1', "'\r=1"),
            ('\n=1', "'\n=1"),
            ('\uff1d1', "'\uff1d1"),
        ),
        *(('-01', "'-01"), ('-1\n', "'-1\n"), ("'=1", "'=1"), (' =1', ' =1')),
        *(('a,b', 'a,b'), ('a"b', 'a"b'), ('a\nb', 'a\nb'), ('日本 é', '日本 é')),
        *(([], '[]'), ({}, '{}'), ([1, {'a': None}], '[1,{"a":null}]')),
        (['=1'], '["=1"]'),
        *((';=1', ";'=1"), ('x;=1+1', "x;'=1+1"), ('x;;@A1', "x;;'@A1")),
        *(('x\t=1', "x\t'=1"), ('x\n-y', "x\n'-y"), ('x;-1', 'x;-1'), ('a;b', 'a;b')),
        ([';=1'], '[";\'=1"]'),
        (DAY, '2022-03-01T00:00:00.000Z'),
    ],
)
def test_a_value_becomes_a_cell(service: Service, value: Any, cell: str) -> None:
    service.database.c.insert_one({'n': value})
    assert rows(service) == [{'_id': rows(service)[0]['_id'], 'n': cell}]


@pytest.mark.parametrize('delimiter', [',', ';', '\t'])
def test_no_cell_is_a_formula_whatever_parts_them(
    service: Service, delimiter: str
) -> None:
    values = ['x;=1+1;', 'x\t=1+1', 'x\n=1+1', 'x";=1+1', 'x,=1+1']
    service.database.c.insert_many(
        [{'n': value, f'h;={number}': 1} for number, value in enumerate(values)]
    )
    text = io.StringIO(get(service, CSV).content.decode(), newline='')
    for cells in csv.reader(text, delimiter=delimiter):
        assert not [cell for cell in cells if cell.startswith('=')]


@pytest.mark.parametrize('value', ['a;b', 'a\tb', 'a"b', 'a\rb', 'a,b'])
def test_a_cell_with_what_could_part_it_is_quoted(service: Service, value: str) -> None:
    service.database.c.insert_one({'_id': 'x', 'n': value})
    quoted = value.replace('"', '""')
    assert get(service, CSV).content == f'_id,n\r\nx,"{quoted}"\r\n'.encode()


def test_names_of_columns_are_harmless_too(service: Service) -> None:
    service.database.c.insert_one({'=cmd': {'@x': 1}})
    assert table(service)[0] == ['_id', "'=cmd.@x"]


def test_csv_is_utf8_without_a_mark_and_ends_lines_as_rfc_4180(
    service: Service,
) -> None:
    service.database.c.insert_one({'_id': 'x', 'n': 'é'})
    assert get(service, CSV).content == '_id,n\r\nx,é\r\n'.encode()


def test_the_columns_of_csv_are_limited(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_text, '_MAX_COLUMNS', 3)
    service.database.c.insert_many([{'a': 1, 'b': 1}, {'a': 1}])
    assert len(table(service)) == 3
    service.database.c.insert_one({'c': 1})
    response = get(service, CSV)
    assert response.status_code == 400
    assert 'fields' in response.json['description']
    assert len(table(service, 'fields=a,c')) == 4


@pytest.mark.parametrize('accept', [JSON, NDJSON, CSV])
def test_a_long_list_does_not_stay_in_memory(service: Service, accept: str) -> None:
    text = 'x' * 10_000
    for _ in range(10):
        service.database.c.insert_many({'n': n, 'text': text} for n in range(1000))
    tracemalloc.start()
    try:
        written = service.parts.image_lists.write('c', Query(), accept)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    with written.listing.file:
        assert written.listing.count == 10_000
        assert written.total == Total(10_000)
        assert written.listing.size > 100_000_000 > 2 * peak
