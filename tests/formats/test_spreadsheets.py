"""Lists by the parameter ``format``: for spreadsheets, and as ``Accept`` has them."""

import csv
import io
from typing import Any

import falcon.testing
import pytest

from tests.support.service import Service

BYTE_ORDER_MARK = b'\xef\xbb\xbf'
TYPES = {
    'json': 'application/json',
    'ndjson': 'application/x-ndjson',
    'csv': 'text/csv; charset=utf-8',
}


def get(
    service: Service, query: str, accept: str = '*/*', method: str = 'GET'
) -> falcon.testing.Result:
    return service.client.simulate_request(
        method,
        '/collections/c/images',
        query_string=query,
        headers={'Accept': accept},
    )


@pytest.fixture
def stored(service: Service) -> dict[str, Any]:
    return service.client.upload(label='キズ', json='{"camera": {"gain": 2}}')


@pytest.mark.usefixtures('stored')
@pytest.mark.parametrize('name', TYPES)
@pytest.mark.parametrize('method', ['GET', 'HEAD'])
def test_the_parameter_goes_before_the_header(
    service: Service, name: str, method: str
) -> None:
    for accept in ('text/csv', 'application/x-ndjson', 'application/json'):
        answer = get(service, f'format={name}', accept, method)
        assert answer.headers['Content-Type'] == TYPES[name]


@pytest.mark.usefixtures('stored')
@pytest.mark.parametrize('name', ['json', 'ndjson'])
def test_forms_for_programs_are_those_of_the_header(
    service: Service, name: str
) -> None:
    answer, asked = get(service, f'format={name}'), get(service, '', TYPES[name])
    assert answer.content == asked.content
    assert 'Content-Disposition' not in answer.headers


def test_a_spreadsheet_has_a_mark_and_times_that_it_reads(
    service: Service, stored: dict[str, Any]
) -> None:
    answer = get(service, 'format=csv')
    assert answer.content.startswith(BYTE_ORDER_MARK)
    text = answer.content.removeprefix(BYTE_ORDER_MARK).decode()
    header, row = csv.reader(io.StringIO(text, newline=''))
    cells = dict(zip(header, row, strict=True))
    assert cells['time'] == stored['time'].replace('T', ' ').removesuffix('Z')
    assert (cells['label'], cells['camera.gain']) == ('キズ', '2')


def test_only_times_are_written_another_way(
    service: Service, stored: dict[str, Any]
) -> None:
    plain = get(service, '', 'text/csv').content
    time = stored['time']
    expected = plain.replace(
        time.encode(), time.replace('T', ' ').removesuffix('Z').encode()
    )
    assert get(service, 'format=csv').content == BYTE_ORDER_MARK + expected


@pytest.mark.usefixtures('stored')
def test_csv_by_the_header_is_for_programs_as_ever(service: Service) -> None:
    answer = get(service, '', 'text/csv')
    assert answer.content.startswith(b'_id,time,image,')
    assert 'Content-Disposition' not in answer.headers


def test_text_that_looks_like_a_time_stays(service: Service) -> None:
    service.client.upload(seen='2026-11-23T04:05:06.789Z')
    assert b'2026-11-23T04:05:06.789Z' in get(service, 'format=csv').content


@pytest.mark.parametrize(
    ('path', 'disposition'),
    [
        ('example', 'attachment; filename="example.csv"'),
        (
            '%E6%97%A5',
            'attachment; filename="images.csv"; filename*=UTF-8\'\'%E6%97%A5.csv',
        ),
    ],
)
def test_a_spreadsheet_has_the_name_of_its_collection(
    service: Service, path: str, disposition: str
) -> None:
    answer = service.client.simulate_get(
        f'/collections/{path}/images', query_string='format=csv'
    )
    assert answer.headers['Content-Disposition'] == disposition


@pytest.mark.usefixtures('stored')
@pytest.mark.parametrize(
    'query', ['format=xlsx', 'format=CSV', 'format=csv&format=csv']
)
def test_another_format_is_refused(service: Service, query: str) -> None:
    assert get(service, query).status_code == 400


def test_the_next_page_has_the_same_form(service: Service) -> None:
    for _ in range(2):
        service.client.upload()
    answer = get(service, 'format=csv&limit=1')
    assert 'format=csv' in answer.headers['Link']
