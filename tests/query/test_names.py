"""Words of ours: each is one on the routes that have it, and a condition elsewhere."""

import json
from typing import Any

import falcon.testing
import pytest

from falcon_images.query.names import BULK, NAMES
from tests.support.service import Service

IMAGES = '/collections/c/images'
# Other things are asked with them, or they are read before anything else.
NO_NAMES = {'conditions', 'jwt', 'token'}


@pytest.fixture
def filled(service: Service) -> Service:
    """Two images, whose properties have the names of words."""
    for value in ('jpg', 'png'):
        properties = {'format': value, 'values': value, 'all': value, 'limit': value}
        service.client.upload(json=json.dumps(properties))
    return service


def get(
    service: Service, query: str, path: str = IMAGES, method: str = 'GET'
) -> falcon.testing.Result:
    return service.client.simulate_request(method, path, query_string=query)


def parameters(service: Service) -> dict[str, set[str]]:
    """The query parameters of each operation, as it is described."""
    described: Any = service.client.simulate_get('/openapi.json').json
    shared = described['components']['parameters']
    found: dict[str, set[str]] = {}
    for item in described['paths'].values():
        for operation in item.values():
            each = [
                shared[parameter['$ref'].rpartition('/')[2]]
                if '$ref' in parameter
                else parameter
                for parameter in operation.get('parameters', ())
            ]
            names = {every['name'] for every in each if every['in'] == 'query'}
            found[operation['operationId']] = names - NO_NAMES
    body = described['components']['schemas']['ImageQuery']
    found['queryImages'] = set(body['properties'])
    return found


@pytest.mark.parametrize('operation', sorted(NAMES.keys() - {'getNeighbors'}))
def test_the_words_of_a_route_are_the_parameters_described(
    service: Service, operation: str
) -> None:
    assert parameters(service)[operation] == NAMES[operation] - NO_NAMES


def test_both_kinds_of_bulk_change_have_the_same_words(service: Service) -> None:
    described = parameters(service)
    assert described['deleteImages'] == described['changeImages'] == BULK


def test_neighbors_take_the_query_of_a_list(filled: Service) -> None:
    image_id = get(filled, '').json[0]['_id']
    query = 'limit=1&skip=1&sort=time&format=csv'
    answer = get(filled, query, f'{IMAGES}/{image_id}/neighbors')
    assert answer.json['previous']['values'] == 'jpg'


@pytest.mark.parametrize('name', ['values', 'all', 'eq_limit', 'eq_format'])
def test_a_word_of_another_route_is_a_condition_of_a_list(
    filled: Service, name: str
) -> None:
    assert [each['format'] for each in get(filled, f'{name}=jpg').json] == ['jpg']


@pytest.mark.parametrize('name', ['limit', 'format', 'all'])
def test_a_word_of_a_list_is_a_condition_of_fields(filled: Service, name: str) -> None:
    answer = get(filled, f'{name}=jpg', '/collections/c/fields')
    assert answer.json['documents'] == 1


@pytest.mark.parametrize('name', ['format', 'limit', 'count', 'index', 'from', 'to'])
@pytest.mark.parametrize('method', ['GET', 'HEAD'])
def test_a_value_that_cannot_be_ours_is_refused(
    filled: Service, name: str, method: str
) -> None:
    answer = get(filled, f'{name}=jpg', method=method)
    assert answer.status_code == 400
    if method == 'GET':
        assert f'eq_{name}' in answer.json['description']


@pytest.mark.parametrize(
    ('query', 'ignored'),
    [
        ('label=OK', None),
        ('label=+', None),
        ('work=&score<0.2&label=OK', 'work, score<0.2'),
        ('work=&score%3C0.2', 'work, score<0.2'),
        ('label=OK&label=', 'label'),
        ('limit=&sort=', 'limit, sort'),
        ('a=&&a', 'a'),
        ('=', ''),
        ('%E6%97%A5=', '%E6%97%A5'),
        ('a%2Cb=&c%0D%0Ad=&e+f=', 'a%2Cb, c%0D%0Ad, e%20f'),
    ],
)
@pytest.mark.parametrize('method', ['GET', 'HEAD'])
def test_a_list_tells_what_it_passed_over(
    filled: Service, query: str, ignored: str | None, method: str
) -> None:
    answer = get(filled, query, method=method)
    assert answer.status_code == 200
    assert answer.headers.get('X-Ignored-Parameters') == (ignored or None)


def test_what_is_told_has_a_bound(filled: Service) -> None:
    query = '&'.join(f'{"x" * 5000}{number}=' for number in range(100))
    answer = get(filled, query[:60_000])
    assert len(answer.headers['X-Ignored-Parameters']) < 3000


def test_scripts_of_other_origins_may_read_what_is_told(filled: Service) -> None:
    answer = filled.client.simulate_get(
        IMAGES, query_string='work=', headers={'Origin': 'https://page.example'}
    )
    exposed = answer.headers['Access-Control-Expose-Headers'].split(', ')
    assert 'X-Ignored-Parameters' in exposed


@pytest.mark.parametrize('query', ['label=%83L%83Y', 'label=%FF', '%E3%82=1'])
def test_a_query_that_is_not_utf_8_is_refused(filled: Service, query: str) -> None:
    answer = get(filled, query)
    assert answer.status_code == 400
    assert 'percent-encoded UTF-8' in answer.json['description']
