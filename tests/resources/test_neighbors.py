"""The neighbors of an image: what is before and after it in a list."""

import datetime
import random
from typing import Any

import bson
import pytest

from falcon_images.metadata.documents import Query
from tests.support.orders import ORDERS, VALUES
from tests.support.service import Service

DAY = datetime.datetime(2022, 3, 1, tzinfo=datetime.UTC)
UNKNOWN = '6565f0c2a1b2c3d4e5f60718'


@pytest.fixture
def filled(service: Service) -> Service:
    """Documents of all types and of equal values."""
    chance = random.Random(7)
    documents: list[dict[str, Any]] = []
    for number in range(40):
        document = {'n': number, 'a': VALUES[number % len(VALUES)]}
        document['s'] = chance.choice((1, 2, 'x', None))
        document['time'] = DAY + datetime.timedelta(days=number // 10)
        documents.append(document)
    chance.shuffle(documents)
    service.database.c.insert_many(documents)
    return service


def neighbors(service: Service, image_id: str, **params: str) -> tuple[Any, Any]:
    response = service.client.simulate_get(
        f'/collections/c/images/{image_id}/neighbors', params=params
    )
    assert response.status_code == 200, response.text
    assert set(response.json) == {'previous', 'next'}
    return response.json['previous'], response.json['next']


@pytest.mark.parametrize('order', ORDERS)
def test_the_neighbors_are_those_of_the_list(filled: Service, order: str) -> None:
    whole = filled.client.simulate_get(
        '/collections/c/images', params={'sort': order}
    ).json
    for before, document, after in zip(
        [None, *whole], whole, [*whole[1:], None], strict=False
    ):
        assert neighbors(filled, document['_id'], sort=order) == (before, after)


def test_conditions_choose_the_neighbors(filled: Service) -> None:
    whole = filled.client.simulate_get('/collections/c/images', params={'s': '1'}).json
    for before, document, after in zip(whole, whole[1:], whole[2:], strict=False):
        assert neighbors(filled, document['_id'], s='1') == (before, after)


def test_the_image_itself_need_not_match(service: Service) -> None:
    times = [DAY + datetime.timedelta(days=n) for n in range(5)]
    service.database.c.insert_many(
        {'_id': bson.ObjectId(f'{n:024x}'), 'time': time, 'n': n}
        for n, time in enumerate(times)
    )
    for params in ({'in_n': '0,4'}, {'filter': '{"n": {"$in": [0, 4]}}'}):
        before, after = neighbors(service, f'{2:024x}', **params)
        assert (before['n'], after['n']) == (4, 0)


def test_an_only_image_has_no_neighbors(service: Service) -> None:
    image_id = service.client.upload('c')['_id']
    for order in ('', 'a', '-time', '_id', 'a.b'):
        assert neighbors(service, image_id, sort=order) == (None, None)


def test_fields_choose_what_comes_back(service: Service) -> None:
    ids = [service.client.upload('c', json=f'{{"n": {n}}}')['_id'] for n in range(3)]
    for order in ('n', 'time'):
        before, after = neighbors(service, ids[1], sort=order, fields='n')
        assert before == {'_id': ids[0], 'n': 0}
        assert after == {'_id': ids[2], 'n': 2}


def test_uploads_stay_hidden(service: Service) -> None:
    ids = [service.client.upload('c')['_id'] for _ in range(3)]
    service.database.c.update_many({}, {'$set': {'_file.upload.digest': 'x'}})
    # None of them has `a`, so they are in the order of their ids there.
    middle = sorted(ids)[1]
    for params, image_id in (
        ({}, ids[1]),
        ({'sort': 'a'}, middle),
        ({'fields': '_file'}, ids[1]),
    ):
        for document in neighbors(service, image_id, **params):
            assert document['_file']['sha256']
            assert 'upload' not in document['_file']


def test_the_parameters_of_a_page_change_nothing(service: Service) -> None:
    """So the query of a list can be used as it is."""
    ids = [service.client.upload('c')['_id'] for _ in range(3)]
    before, after = neighbors(service, ids[1], limit='1', skip='1', cursor='x')
    assert (before['_id'], after['_id']) == (ids[2], ids[0])


@pytest.mark.parametrize('word', ['images', 'documents', 'items'])
def test_the_path_has_its_other_names(service: Service, word: str) -> None:
    image_id = service.client.upload('c')['_id']
    path = f'/collections/c/{word}/{image_id}/neighbors'
    for method in ('GET', 'HEAD'):
        assert service.client.simulate_request(method, path).status_code == 200
    assert service.client.simulate_post(path).status_code == 405


@pytest.mark.parametrize(
    ('path', 'status'),
    [
        (f'/collections/c/images/{UNKNOWN}/neighbors', 404),
        (f'/collections/unknown/images/{UNKNOWN}/neighbors', 404),
        ('/collections/c/images/x/neighbors', 400),
        (f'/collections/$c/images/{UNKNOWN}/neighbors', 400),
        (f'/collections/c/images/{UNKNOWN}/neighbors?sort=$a', 400),
        (f'/collections/c/images/{UNKNOWN}/neighbors?filter=x', 400),
        (f'/collections/c/images/{UNKNOWN}/neighbors?has_a=x', 400),
        (f'/collections/c/images/{UNKNOWN}/neighbors?fields=$a', 400),
    ],
)
def test_what_cannot_be_is_an_error(service: Service, path: str, status: int) -> None:
    service.client.upload('c')
    where, _, query = path.partition('?')
    response = service.client.simulate_get(where, query_string=query)
    assert response.status_code == status
    assert set(response.json) == {'title', 'description'}


def test_neighbors_in_the_order_of_time_are_found_at_once(service: Service) -> None:
    """Within a limit that reading all of them, and sorting, would not keep."""
    service.client.upload('c')
    service.database.c.insert_many(
        {'time': DAY + datetime.timedelta(seconds=n // 2), 'n': n} for n in range(9000)
    )
    document = service.database.c.find_one({'n': 4501})
    assert document
    service.database.command('profile', 2)
    found = service.parts.lists.neighbors('c', str(document['_id']), Query())
    service.database.command('profile', 0)
    assert [neighbor and neighbor['n'] for neighbor in found] == [4502, 4500]
    asked = list(service.database['system.profile'].find({'command.aggregate': 'c'}))
    assert len(asked) == 3
    assert all(entry['docsExamined'] <= 2 for entry in asked)
    assert all(entry['keysExamined'] <= 6 for entry in asked)


def test_neighbors_by_a_property_are_not_sought_in_the_index(service: Service) -> None:
    """It is not in the order of lists, and slower than reading all documents."""
    service.client.upload('c')
    service.database.c.insert_many({'score': n % 50, 'n': n} for n in range(2999))
    document = service.database.c.find_one({'n': 1500})
    assert document
    service.database.command('profile', 2)
    order = [('score', 1), ('_id', 1)]
    found = service.parts.lists.neighbors('c', str(document['_id']), Query(sort=order))
    service.database.command('profile', 0)
    assert [neighbor and neighbor['n'] for neighbor in found] == [1450, 1550]
    asked = list(service.database['system.profile'].find({'command.aggregate': 'c'}))
    assert sum(entry['docsExamined'] for entry in asked) <= 3 * 3000 + 2
    assert sum(entry['keysExamined'] for entry in asked) <= 2
