"""Lists whose query is the body of a request."""

import json
from typing import Any
from urllib.parse import urlencode

import falcon.testing
import pytest

from falcon_images.settings import Settings
from tests.support.service import Service, running

IMAGES = '/collections/c/images'
FORM = 'application/x-www-form-urlencoded'
JSON = 'application/json'


@pytest.fixture
def filled(service: Service) -> Service:
    """Five images, `n` from 0 on."""
    for number in range(5):
        properties = {'n': number, 'label': 'OK' if number % 2 else 'NG', 'ok': True}
        service.client.upload(json=json.dumps(properties))
    return service


def ask(
    service: Service, body: str | bytes, kind: str = FORM, **headers: str
) -> falcon.testing.Result:
    return service.client.simulate_post(
        f'{IMAGES}/query', body=body, headers={'Content-Type': kind, **headers}
    )


def numbers(answer: falcon.testing.Result) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [document['n'] for document in answer.json]


@pytest.mark.parametrize('word', ['images', 'documents', 'items'])
def test_a_form_is_answered_as_its_query_would_be(filled: Service, word: str) -> None:
    query = urlencode({'label': 'NG', 'sort': '-n', 'fields': 'n', 'limit': 2})
    listed = filled.client.simulate_get(IMAGES, query_string=query)
    asked = filled.client.simulate_post(
        f'/collections/c/{word}/query', body=query, headers={'Content-Type': FORM}
    )
    assert (asked.json, asked.status_code) == (listed.json, 200)
    for name in ('Content-Type', 'X-Total-Count', 'Vary'):
        assert asked.headers[name] == listed.headers[name]
    assert 'Link' not in asked.headers


@pytest.mark.parametrize(
    ('given', 'found'),
    [
        ({'label': 'NG', 'sort': 'n'}, [0, 2, 4]),
        ({'n': 3}, [3]),
        ({'n': [1, 3], 'sort': '-n'}, [3, 1]),
        ({'ok': True, 'limit': 2, 'skip': 1, 'sort': {'n': 1}}, [1, 2]),
        ({'filter': {'n': {'$gt': 3}}}, [4]),
        ({'filter': '{"n": {"$gt": 3}}'}, [4]),
        ({'in_n': '1,2', 'has_label': True, 'sort': 'n'}, [1, 2]),
        ({'in_n': [1, '2'], 'sort': 'n'}, [1, 2]),
        ({'label': None}, []),
        ({}, [4, 3, 2, 1, 0]),
    ],
)
def test_an_object_has_the_parameters_of_a_list(
    filled: Service, given: dict[str, Any], found: list[int]
) -> None:
    assert numbers(ask(filled, json.dumps(given), JSON)) == found


def test_thousands_of_ids_find_their_images(filled: Service) -> None:
    ids = [each['_id'] for each in filled.client.simulate_get(IMAGES).json[1:3]]
    many = [f'{number:024x}' for number in range(5000)] + ids
    for body, kind in (
        (urlencode({'in__id': ','.join(many), 'sort': 'n'}), FORM),
        (urlencode({'_id': many, 'sort': 'n'}, doseq=True), FORM),
        (json.dumps({'_id': many, 'sort': 'n'}), JSON),
    ):
        assert len(body) > Settings().max_query_bytes
        answer = ask(filled, body, kind)
        assert numbers(answer) == [2, 3]
        assert answer.headers['X-Total-Count'] == '2'


def test_the_next_cursor_leads_through_all_pages(filled: Service) -> None:
    query = {'sort': '-n', 'limit': 2}
    found, cursor = [], ''
    for _ in range(3):
        answer = ask(filled, json.dumps(query | {'cursor': cursor}), JSON)
        found.append(numbers(answer))
        cursor = answer.headers.get('X-Next-Cursor', '')
    assert (found, cursor) == ([[4, 3], [2, 1], [0]], '')


def test_a_cursor_of_a_list_is_one_here(filled: Service) -> None:
    first = filled.client.simulate_get(IMAGES, query_string='limit=2')
    cursor = first.headers['Link'].partition('cursor=')[2].partition('>')[0]
    assert numbers(ask(filled, f'limit=2&cursor={cursor}')) == [2, 1]


def test_scripts_of_other_origins_may_read_the_cursor(filled: Service) -> None:
    answer = ask(filled, 'limit=2', Origin='https://page.example')
    exposed = answer.headers['Access-Control-Expose-Headers'].split(', ')
    assert 'X-Next-Cursor' in exposed


@pytest.mark.parametrize(
    ('sent', 'headers', 'kind', 'first'),
    [
        ('', {'Accept': 'application/x-ndjson'}, 'application/x-ndjson', '{"_id":'),
        ('', {'Accept': 'text/csv'}, 'text/csv; charset=utf-8', '_id,'),
        ('format=ndjson', {'Accept': 'text/csv'}, 'application/x-ndjson', '{"_id":'),
        ('format=csv', {}, 'text/csv; charset=utf-8', '\ufeff_id,'),
    ],
)
def test_formats_are_those_of_a_list(
    filled: Service, sent: str, headers: dict[str, str], kind: str, first: str
) -> None:
    answer = ask(filled, sent, **headers)
    assert answer.headers['Content-Type'] == kind
    assert answer.text.startswith(first)
    has_name = 'Content-Disposition' in answer.headers
    assert has_name == (sent == 'format=csv')


@pytest.mark.parametrize(
    ('body', 'kind'), [('work=&n=1&x', FORM), ('{"work": "", "n": 1, "x": ""}', JSON)]
)
def test_names_without_a_value_are_told(filled: Service, body: str, kind: str) -> None:
    answer = ask(filled, body, kind)
    assert numbers(answer) == [1]
    assert answer.headers['X-Ignored-Parameters'] == 'work, x'


@pytest.mark.parametrize(
    ('body', 'kind'),
    [
        *(('limit=x', FORM), ('limit=1&count=1', FORM), ('a=%FF', FORM)),
        *(('a=é', FORM), ('filter={', FORM), ('cursor=x', FORM)),
        *(('skip=1&cursor=x', FORM), ('$a=1', FORM)),
        *(('', JSON), ('[]', JSON), ('{"a": 1, "a": 2}', JSON), ('{"a": NaN}', JSON)),
        *(('{"a": []}', JSON), ('{"a": [[1]]}', JSON), ('{"a": [{}]}', JSON)),
        *(
            ('{"limit": -1}', JSON),
            ('{"limit": 1.5}', JSON),
            ('{"a": "\\ud800"}', JSON),
        ),
        *(('{"filter": {"$where": "1"}}', JSON), ('{"sort": ["n", "a"]}', JSON)),
    ],
)
def test_what_cannot_be_asked_is_400(filled: Service, body: str, kind: str) -> None:
    answer = ask(filled, body.encode(), kind)
    assert answer.status_code == 400, answer.text
    assert answer.json['description'].endswith('.')


def test_a_query_in_the_address_is_refused(filled: Service) -> None:
    answer = filled.client.simulate_post(
        f'{IMAGES}/query',
        query_string='n=1',
        body='n=2',
        headers={'Content-Type': FORM},
    )
    assert answer.status_code == 400
    assert 'address' in answer.json['description']


@pytest.mark.parametrize('kind', ['text/plain', 'multipart/form-data; boundary=x', ''])
def test_another_type_is_415(filled: Service, kind: str) -> None:
    assert ask(filled, 'n=1', kind).status_code == 415


def test_the_body_has_a_bound_of_its_own(settings: Settings) -> None:
    with running(settings, max_query_body_bytes=1000, max_query_bytes=10) as service:
        service.client.upload(n='x' * 900)
        for body, kind in ((f'n={"x" * 900}', FORM), (f'{{"n":"{"x" * 900}"}}', JSON)):
            assert len(ask(service, body, kind).json) == 1
        answer = ask(service, f'n={"x" * 999}')
        assert answer.status_code == 413
        assert 'MAX_QUERY_BODY_BYTES' in answer.json['description']


def test_the_total_is_left_out_if_nobody_asks(filled: Service) -> None:
    answer = ask(filled, 'total=none&limit=2')
    assert len(numbers(answer)) == 2
    assert 'X-Total-Count' not in answer.headers
    assert ask(filled, 'total=exact&limit=2').headers['X-Total-Count'] == '5'
    assert ask(filled, 'total=x').status_code == 400


def test_the_most_documents_of_a_list_hold(settings: Settings) -> None:
    with running(settings, max_list_documents=1) as service:
        for _ in range(2):
            service.client.upload()
        assert ask(service, '').status_code == 400
        assert len(ask(service, 'limit=1').json) == 1


def test_it_has_no_other_method(filled: Service) -> None:
    answer = filled.client.simulate_get(f'{IMAGES}/query')
    assert answer.status_code == 405
    assert answer.headers['Allow'] == 'POST, OPTIONS'


def test_an_unknown_collection_is_an_empty_list(service: Service) -> None:
    assert ask(service, 'n=1').json == []
    assert service.client.simulate_get('/collections').json == []
