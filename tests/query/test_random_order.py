"""Random orders: the same for one seed, whatever comes and goes."""

import datetime
import itertools
import statistics
from typing import Any
from urllib.parse import urlencode

import bson
import falcon.testing
import pytest
from pymongo.collection import Collection

from tests.support.pictures import jpeg
from tests.support.service import Service, form

DAY = datetime.datetime(2022, 3, 1, tzinfo=datetime.UTC)
IMAGES = '/collections/c/images'


def document(number: int) -> dict[str, Any]:
    return {'n': number, 'odd': number % 2 == 1, 'time': DAY, 'image': 'a.jpg'}


@pytest.fixture
def filled(service: Service) -> Service:
    """Two hundred documents, whose ids follow each other."""
    service.database.c.insert_many(document(number) for number in range(200))
    return service


def ask(service: Service, path: str = IMAGES, **query: Any) -> falcon.testing.Result:
    answer = service.client.simulate_get(path, query_string=urlencode(query))
    assert answer.status_code == 200, answer.text
    return answer


def order(service: Service, seed: str = '7', **query: Any) -> list[int]:
    return [each['n'] for each in ask(service, sort=f'random:{seed}', **query).json]


def test_a_seed_gives_one_order_and_another_seed_another(filled: Service) -> None:
    first = order(filled)
    assert sorted(first) == list(range(200))
    assert order(filled) == first
    assert len({tuple(order(filled, seed)) for seed in ('7', '8', 'a', '日')}) == 4


@pytest.mark.parametrize('seed', ['1', '2', '3', 'x', '2026-11-26'])
def test_an_order_looks_like_chance(filled: Service, seed: str) -> None:
    found = order(filled, seed)
    # In the order of ids all pairs rise, by chance about half of them.
    rising = sum(one < other for one, other in itertools.pairwise(found))
    assert 70 < rising < 130
    correlation = statistics.correlation(found, [float(n) for n in range(200)])
    assert abs(correlation) < 0.3
    steps = {other - one for one, other in itertools.pairwise(found)}
    assert len(steps) > 100


@pytest.mark.parametrize('limit', [1, 7, 50, 199, 200])
@pytest.mark.parametrize('fields', ['', 'n'])
def test_the_pages_are_the_list(filled: Service, limit: int, fields: str) -> None:
    expected = order(filled)
    found, address = [], f'{IMAGES}?limit={limit}&sort=random:7&fields={fields}'
    while address:
        path, _, query = address.partition('?')
        answer = filled.client.simulate_get(path, query_string=query)
        found += [each['n'] for each in answer.json]
        address = answer.headers.get('Link', '')[1:].partition('>')[0]
    assert found == expected


def test_a_cursor_holds_while_images_come_and_go(filled: Service) -> None:
    expected = order(filled)
    first = ask(filled, sort='random:7', limit=80)
    gone = {*expected[:10], *expected[79:90]}
    filled.database.c.delete_many({'n': {'$in': list(gone)}})
    filled.database.c.insert_many(document(number) for number in range(200, 300))
    query = first.headers['Link'].partition('?')[2].partition('>')[0]
    rest = filled.client.simulate_get(
        IMAGES, query_string=query.replace('limit=80', 'limit=0')
    ).json
    old = [each['n'] for each in rest if each['n'] < 200]
    assert old == [n for n in expected[80:] if n not in gone]
    assert 30 < len([each for each in rest if each['n'] >= 200]) < 90


def test_what_is_deleted_while_a_page_is_read_makes_space_for_others(
    filled: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = order(filled)
    filled.database.left.insert_many(
        filled.database.c.find({'n': {'$nin': expected[2:4]}})
    )
    aggregate = Collection.aggregate

    def find_some_gone(self: Any, pipeline: Any, **options: Any) -> Any:
        # As if they were deleted after their ids were put in order.
        for lookup in (stage['$lookup'] for stage in pipeline if '$lookup' in stage):
            lookup['from'] = 'left'
        return aggregate(self, pipeline, **options)

    monkeypatch.setattr(Collection, 'aggregate', find_some_gone)
    assert order(filled, limit=6) == [*expected[:2], *expected[4:8]]


def test_a_cursor_of_another_seed_is_refused(filled: Service) -> None:
    first = ask(filled, sort='random:7', limit=80)
    query = first.headers['Link'].partition('?')[2].partition('>')[0]
    answer = filled.client.simulate_get(
        IMAGES, query_string=query.replace('random%3A7', 'random%3A8')
    )
    assert answer.status_code == 400


def test_conditions_skip_and_fields_hold(filled: Service) -> None:
    expected = order(filled)
    odd = [n for n in expected if n % 2]
    assert order(filled, odd='true') == odd
    assert order(filled, odd='true', skip=5, limit=3) == odd[5:8]
    found = ask(filled, sort='random:7', fields='n', limit=1).json
    assert [set(each) for each in found] == [{'_id', 'n'}]


def test_what_is_hidden_stays_so(service: Service) -> None:
    headers = {'Idempotency-Key': 'k'}
    service.client.post_form('c', form(('image', jpeg(), 'a.jpg')), headers=headers)
    for fields in ('', '_file', '_file.size'):
        (found,) = ask(service, sort='random:7', fields=fields).json
        assert 'upload' not in found['_file']


def test_neighbors_are_those_of_the_order(filled: Service) -> None:
    found = ask(filled, sort='random:7').json
    for at in (0, 1, 100, 199):
        path = f'{IMAGES}/{found[at]["_id"]}/neighbors'
        answer = ask(filled, path, sort='random:7').json
        assert answer['previous'] == (found[at - 1] if at else None)
        assert answer['next'] == (found[at + 1] if at < 199 else None)


def test_an_export_has_the_order(filled: Service) -> None:
    path = '/collections/c/export'
    lines = ask(filled, path, sort='random:7', format='csv', fields='n', limit=9)
    numbers = [line.split(',')[1] for line in lines.text.splitlines()[1:]]
    assert list(map(int, numbers)) == order(filled, limit=9)


def test_ids_of_all_kinds_have_a_place(service: Service) -> None:
    ids: list[Any] = ['x', 1, 2.5, True, DAY, b'a', {'a': 1}, 'f' * 24, '', 'é' * 9]
    ids += [bson.ObjectId('f' * 24), bson.ObjectId('0' * 24), 2**40]
    service.database.c.insert_many(
        {'_id': image_id, 'n': n} for n, image_id in enumerate(ids)
    )
    found, cursor = [], ''
    for _ in ids:
        body = urlencode({'sort': 'random:1', 'limit': 1, 'cursor': cursor})
        answer = service.client.simulate_post(
            f'{IMAGES}/query',
            body=body,
            headers={'Content-Type': 'application/x-www-form-urlencoded'},
        )
        found += [each['n'] for each in answer.json]
        cursor = answer.headers.get('X-Next-Cursor', '')
    assert found == order(service, '1')
    assert (sorted(found), cursor) == (list(range(len(ids))), '')


@pytest.mark.parametrize(
    'text', ['random:', 'random:7,time', 'time,-random:7', f'random:{"x" * 101}']
)
def test_what_is_no_random_order_is_400(service: Service, text: str) -> None:
    query = urlencode({'sort': text})
    answer = service.client.simulate_get(IMAGES, query_string=query)
    assert answer.status_code == 400
    assert 'random:' in answer.json['description']


def test_a_property_of_that_name_is_sorted_by_as_an_object(service: Service) -> None:
    for number in (1, 2, 0):
        service.client.upload(json=f'{{"random:7": "{number}"}}')
    found = ask(service, sort='{"random:7": 1}').json
    assert [each['random:7'] for each in found] == ['0', '1', '2']
