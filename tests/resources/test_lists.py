"""Lists of documents: order, parameters, counts, and how they reach the client."""

import datetime
import json
from typing import Any

import bson
import pytest

from tests.support.service import Service

DAY = datetime.datetime(2022, 3, 1, tzinfo=datetime.UTC)


@pytest.fixture
def filled(service: Service) -> Service:
    """Ten documents, an hour apart, the newest first in `n`."""
    service.database.c.insert_many(
        {
            'time': DAY - datetime.timedelta(hours=n),
            'n': n,
            'parity': ('even', 'odd')[n % 2],
            'deep': {'n': n},
        }
        for n in range(10)
    )
    return service


def numbers(service: Service, **params: object) -> list[int]:
    response = service.client.simulate_get(
        '/collections/c/images',
        params={
            name: json.dumps(value) if isinstance(value, dict) else str(value)
            for name, value in params.items()
        },
    )
    assert response.status_code == 200, response.text
    return [document['n'] for document in response.json]


def total(service: Service, query: str, method: str = 'GET') -> tuple[int, int]:
    response = service.client.simulate_request(
        method, '/collections/c/images', query_string=query
    )
    shown = len(response.json) if response.content else 0
    return shown, int(response.headers['X-Total-Count'])


def test_an_unknown_collection_has_no_images(service: Service) -> None:
    response = service.client.simulate_get('/collections/unknown/images')
    assert (response.status_code, response.json) == (200, [])
    assert response.headers['X-Total-Count'] == '0'
    assert response.headers['Content-Type'] == 'application/json'
    assert service.client.simulate_get('/collections').json == []


def test_the_newest_come_first(filled: Service) -> None:
    assert numbers(filled) == list(range(10))


def test_equal_times_are_in_the_order_of_ids(service: Service) -> None:
    service.database.c.insert_many({'time': DAY, 'n': n} for n in range(5))
    assert numbers(service) == [4, 3, 2, 1, 0]
    assert numbers(service, sort={'time': 1}) == [0, 1, 2, 3, 4]


def test_limit_and_skip_cut_a_page(filled: Service) -> None:
    assert numbers(filled, limit=3) == [0, 1, 2]
    assert numbers(filled, limit=3, skip=4) == [4, 5, 6]
    assert numbers(filled, batch_size=2, start_index=8) == [8, 9]
    assert numbers(filled, count=2, index=9) == [9]
    assert numbers(filled, skip=10) == []
    assert numbers(filled, limit=0) == list(range(10))


def test_empty_parameters_are_as_if_absent(filled: Service) -> None:
    response = filled.client.simulate_get(
        '/collections/c/images', query_string='limit=&skip=&sort=&filter=&count='
    )
    assert len(response.json) == 10


@pytest.mark.parametrize(
    ('query', 'shown', 'all_'),
    [
        ('', 10, 10),
        ('limit=3', 3, 10),
        ('limit=10', 10, 10),
        ('limit=11', 10, 10),
        ('limit=3&skip=8', 2, 10),
        ('skip=10', 0, 10),
        ('skip=99', 0, 10),
        ('filter={"parity":"odd"}&limit=2', 2, 5),
        ('filter={"parity":"odd"}', 5, 5),
        ('filter={"parity":"none"}', 0, 0),
        ('skip=9223372036854775807&limit=9223372036854775807', 0, 10),
    ],
)
def test_the_total_counts_all_that_match(
    filled: Service, query: str, shown: int, all_: int
) -> None:
    assert total(filled, query) == (shown, all_)
    assert total(filled, query, 'HEAD') == (0, all_)


@pytest.mark.parametrize(
    'query', ['limit=-1', 'limit=x', 'skip=1.5', 'count=1&limit=1']
)
@pytest.mark.parametrize('method', ['GET', 'HEAD'])
def test_a_parameter_that_cannot_be_is_400(
    filled: Service, query: str, method: str
) -> None:
    response = filled.client.simulate_request(
        method, '/collections/c/images', query_string=query
    )
    assert response.status_code == 400


def test_sorting_by_a_property(filled: Service) -> None:
    assert numbers(filled, sort={'n': -1}) == list(range(9, -1, -1))
    assert numbers(filled, sort={'parity': 1, 'deep.n': -1})[:3] == [8, 6, 4]
    assert numbers(filled, sort={}) == list(range(10))


@pytest.mark.parametrize(
    ('condition', 'found'),
    [
        ({'n': 3}, [3]),
        ({'deep.n': {'$gte': 8}}, [8, 9]),
        ({'parity': {'$in': ['odd']}, 'n': {'$lt': 4}}, [1, 3]),
        ({'$or': [{'n': 1}, {'n': 2}]}, [1, 2]),
        ({'parity': {'$regex': '^o'}}, [1, 3, 5, 7, 9]),
        ({'time': {'$gt': '2022-02-28T22:00:00Z'}}, [0, 1]),
        ({'time': '2022-03-01'}, [0]),
        ({'time': {'$gte': '2022-03-01T08:00:00+09:00'}}, [0, 1]),
        ({'missing': None, 'n': 1}, [1]),
        ({'n': {'$not': {'$gt': 0}}}, [0]),
    ],
)
def test_filters_find(
    filled: Service, condition: dict[str, Any], found: list[int]
) -> None:
    assert numbers(filled, filter=condition) == found


def test_ids_in_a_filter_are_ids(filled: Service) -> None:
    documents = filled.client.simulate_get('/collections/c/images').json
    ids = [documents[2]['_id'], documents[5]['_id']]
    assert numbers(filled, filter={'_id': ids[0]}) == [2]
    assert numbers(filled, filter={'$nor': [{'_id': {'$nin': ids}}]}) == [2, 5]


@pytest.mark.parametrize(
    'text',
    [
        '{',
        '[]',
        '{"$where":"1"}',
        '{"n":{"$regex":"("}}',
        '{"n":{"$regex":1}}',
        '{"n":{"$type":"nonsense"}}',
        '{"n":{"$mod":[0,0]}}',
        '{"n":{"$size":-1}}',
        '{"n":{"$options":"i"}}',
        '{"n":{"$elemMatch":1}}',
        '{"n":{"$not":1}}',
        '{"n":{"$bitsAllSet":"x"}}',
        '{"_id":"x"}',
        '{"time":"noon"}',
    ],
)
@pytest.mark.parametrize('method', ['GET', 'HEAD'])
def test_a_filter_that_cannot_be_run_is_400(
    filled: Service, text: str, method: str
) -> None:
    response = filled.client.simulate_request(
        method, '/collections/c/images', params={'filter': text, 'limit': 1}
    )
    assert response.status_code == 400
    if method == 'GET':
        assert set(response.json) == {'title', 'description'}


def test_a_long_list_is_whole(service: Service) -> None:
    """More than one batch of the cursor, and more than stays in memory."""
    service.database.c.insert_many(
        {'_id': bson.ObjectId(f'{n:024x}'), 'time': DAY, 'n': n} for n in range(30_000)
    )
    response = service.client.simulate_get('/collections/c/images')
    assert len(response.content) > 2 * 1024**2
    assert [document['n'] for document in response.json] == list(range(29_999, -1, -1))
    assert response.headers['X-Total-Count'] == '30000'


def test_sorting_more_than_fits_into_memory_works(service: Service) -> None:
    text = 'x' * 10_000
    for _ in range(12):
        service.database.c.insert_many({'n': n, 'text': text} for n in range(1000))
    found = service.client.simulate_get(
        '/collections/c/images',
        params={'sort': '{"n": -1}', 'limit': 1, 'skip': 11_000},
    )
    assert found.status_code == 200


def test_lists_use_the_index_that_uploads_make(service: Service) -> None:
    service.client.upload('c')
    plan = service.database.command(
        'explain',
        {'find': 'c', 'sort': {'time': -1, '_id': -1}},
        verbosity='queryPlanner',
    )
    assert 'IXSCAN' in str(plan['queryPlanner']['winningPlan'])
    filtered = service.database.command(
        'explain', {'find': 'c', 'filter': {'any.thing': 1}}, verbosity='queryPlanner'
    )
    assert '$_path' in str(filtered['queryPlanner']['winningPlan'])


def test_more_keys_to_sort_by_than_the_database_takes_are_400(service: Service) -> None:
    order = json.dumps({f'k{number}': 1 for number in range(40)})
    service.client.upload('c')
    response = service.client.simulate_get(
        '/collections/c/images', params={'sort': order}
    )
    assert response.status_code == 400


def test_head_does_not_tell_a_length_it_does_not_know(service: Service) -> None:
    response = service.client.simulate_head('/collections/c/images')
    assert 'Content-Length' not in response.headers
