"""Pages of lists: every order goes on exactly where it stopped, at the same cost."""

import base64
import datetime
import itertools
import json
import random
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import bson
import falcon.testing
import pytest

from falcon_images.metadata.documents import Order, Query
from falcon_images.metadata.lists.cursors import read_cursor, write_cursor
from falcon_images.metadata.lists.pages import page_pipeline
from tests.support.orders import DAY, ORDERS, VALUES
from tests.support.pictures import jpeg
from tests.support.service import Service, form


def address(params: dict[str, Any], path: str = '/collections/c/images') -> str:
    return f'{path}?{urlencode(params)}'


def get(service: Service, where: str) -> falcon.testing.Result:
    parts = urlsplit(where)
    response = service.client.simulate_get(parts.path, query_string=parts.query)
    assert response.status_code == 200, response.text
    return response


def next_of(response: falcon.testing.Result) -> str:
    """The address in `Link`; an empty one if there is none."""
    link = response.headers.get('Link', '')
    return str(link.removeprefix('<').removesuffix('>; rel="next"'))


def walk(service: Service, where: str) -> list[list[dict[str, Any]]]:
    """All pages from an address on."""
    pages = []
    while where:
        response = get(service, where)
        pages.append(response.json)
        where = next_of(response)
    return pages


@pytest.fixture
def filled(service: Service) -> Service:
    """Documents of all types and of equal values."""
    chance = random.Random(5)
    documents = []
    for number in range(120):
        document: dict[str, Any] = {'n': number, '_file': {'size': number % 7}}
        if chance.random() < 0.9:
            document['a'] = VALUES[number % len(VALUES)]
        if chance.random() < 0.8:
            document['s'] = chance.choice((1, 2, 'x', None))
        if chance.random() < 0.9:
            document['time'] = DAY + datetime.timedelta(days=chance.randrange(5))
        documents.append(document)
    chance.shuffle(documents)
    service.database.c.insert_many(documents)
    return service


@pytest.mark.parametrize('order', ORDERS)
@pytest.mark.parametrize('limit', [1, 2, 3, 7])
def test_the_pages_are_the_list(filled: Service, order: str, limit: int) -> None:
    whole = get(filled, address({'sort': order})).json
    pages = walk(filled, address({'sort': order, 'limit': limit}))
    assert list(itertools.chain(*pages)) == whole
    assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)


def test_the_last_page_has_no_link(filled: Service) -> None:
    assert next_of(get(filled, address({'limit': 119})))
    assert not next_of(get(filled, address({'limit': 120})))
    assert not next_of(get(filled, address({'limit': 121})))
    assert not next_of(get(filled, address({})))
    assert not next_of(get(filled, address({'limit': 10}, '/collections/no/images')))


def test_the_total_is_that_of_the_list_on_every_page(filled: Service) -> None:
    where = address({'limit': 50, 'max_n': 101})
    totals = []
    while where:
        response = get(filled, where)
        totals.append(response.headers['X-Total-Count'])
        where = next_of(response)
    assert totals == ['102'] * 3


def test_the_link_keeps_all_parameters_but_tokens(filled: Service) -> None:
    filled.database['日 本'].insert_many({'n': n, 'é': 'a&b>'} for n in (1, 2))
    params = {
        **{'limit': 1, 'sort': 'n', 'é': 'a&b>', 'fields': 'n', 'in_n': '1,2'},
        **{'filter': '{"n": {"$gt": 0}}', 'jwt': 's3cret', 'token': 's3cret'},
    }
    path = f'/collections/{quote("日 本")}/items'
    response = get(filled, address(params, path))
    link = response.headers['Link']
    assert link.isascii()
    assert 's3cret' not in link
    assert next_of(response).startswith(f'{path}?')
    assert [page[0]['n'] for page in walk(filled, next_of(response))] == [2]


def test_a_repeated_parameter_is_kept_in_the_link(filled: Service) -> None:
    pages = walk(filled, '/collections/c/images?n=5&n=6&n=7&limit=1&sort=n')
    assert [page[0]['n'] for page in pages] == [5, 6, 7]


def test_a_cursor_without_a_limit_leads_to_the_rest(filled: Service) -> None:
    for order in ('n', '-a'):
        whole = get(filled, address({'sort': order})).json
        where = next_of(get(filled, address({'sort': order, 'limit': 50})))
        assert get(filled, where.replace('limit=50&', '')).json == whole[50:]


def test_images_that_arrive_meanwhile_move_nothing(service: Service) -> None:
    times = [DAY + datetime.timedelta(seconds=n // 3) for n in range(12)]
    service.database.c.insert_many({'time': t, 'n': n} for n, t in enumerate(times))
    where, found = address({'limit': 2}), []
    while where:
        response = get(service, where)
        found += [document['n'] for document in response.json]
        service.client.upload('c', n='100')
        where = next_of(response)
    assert found == list(range(11, -1, -1))


def test_a_page_goes_on_after_an_image_that_was_deleted(filled: Service) -> None:
    whole = get(filled, address({'sort': '-a'})).json
    response = get(filled, address({'sort': '-a', 'limit': 60}))
    filled.database.c.delete_one({'n': whole[59]['n']})
    assert list(itertools.chain(*walk(filled, next_of(response)))) == whole[60:]


@pytest.mark.parametrize('order', ['time', '-time', '_id', '-_id'])
def test_times_and_ids_of_other_types_have_their_place(
    service: Service, order: str
) -> None:
    """The earlier version let clients set any field."""
    times = ['2021', DAY, 7, None, {'a': 1}, True, DAY + datetime.timedelta(1), 'x']
    service.database.c.insert_many({'time': t, 'n': n} for n, t in enumerate(times))
    service.database.c.insert_many({'_id': i, 'n': i} for i in ('a', 5, False))
    whole = get(service, address({'sort': order})).json
    where, found = address({'sort': order, 'limit': 2}), []
    for _ in whole:
        response = get(service, where)
        found += response.json
        where = next_of(response)
        if not where:
            break
    assert found == whole


def examined(service: Service, order: Order, limit: int, skip: int) -> tuple[int, int]:
    """Keys and documents that MongoDB looks at for a page far into the list."""
    rows = service.parts.lists.page('c', Query(sort=order, skip=skip, limit=1))
    (_, position), *_ = rows
    pipeline = page_pipeline(Query(sort=order), position, limit)
    command = {'aggregate': 'c', 'pipeline': pipeline, 'cursor': {}}
    plan = service.database.command('explain', command, verbosity='executionStats')
    stats = plan['stages'][0]['$cursor']['executionStats']
    return stats['totalKeysExamined'], stats['totalDocsExamined']


@pytest.mark.parametrize(
    'order',
    [
        [('time', -1), ('_id', -1)],
        [('time', 1), ('_id', 1)],
        [('_id', 1)],
        [('_id', -1)],
    ],
)
def test_a_far_page_looks_at_no_more_than_its_documents(
    service: Service, order: Order
) -> None:
    """Half of the images have the same time."""
    service.client.upload('c')
    service.database.c.insert_many(
        {'time': DAY + datetime.timedelta(seconds=max(n, 2500))} for n in range(5000)
    )
    for skip in (10, 2000, 3000, 4900):
        keys, documents = examined(service, order, 20, skip)
        assert keys <= 30
        assert documents <= 20


@pytest.mark.parametrize('direction', [1, -1])
def test_a_far_page_by_a_property_reads_no_more_than_the_collection(
    service: Service, direction: int
) -> None:
    service.client.upload('c')
    service.database.c.insert_many({'n': n % 100} for n in range(2999))
    for skip in (10, 2900):
        keys, documents = examined(service, [('n', direction), ('_id', 1)], 20, skip)
        assert (keys, documents) == (0, 3000)


ORDER: Order = [('a', 1), ('_id', 1)]
GOOD = write_cursor(ORDER, [[1], [bson.ObjectId('0' * 24)]])


def encoded(content: Any) -> str:
    return base64.urlsafe_b64encode(bson.encode(content)).decode().rstrip('=')


def deep(levels: int) -> Any:
    made: Any = 1
    for _ in range(levels):
        made = [made]
    return made


SORT = [['a', 1], ['_id', 1]]
BAD_CURSORS = [
    *('x', '!', 'é', '====', 'AAAA', GOOD[:-4], GOOD + 'AAAA', '.' + GOOD, ' '),
    *(GOOD.replace('A', '+', 1), 'A' * 70_000, '\0', '{"a": 1}'),
    encoded({}),
    encoded({'sort': SORT}),
    encoded({'sort': SORT, 'key': None}),
    encoded({'sort': SORT, 'key': {'0': [1], '1': [1]}}),
    encoded({'sort': SORT, 'key': []}),
    encoded({'sort': SORT, 'key': [[1]]}),
    encoded({'sort': SORT, 'key': [1, 1]}),
    encoded({'sort': SORT, 'key': [[1, 2], [1]]}),
    encoded({'sort': SORT, 'key': [[1], [1], [1]]}),
    encoded({'sort': SORT, 'key': [[deep(120)], [1]]}),
    encoded({'sort': [['a', 1], ['_id', -1]], 'key': [[1], [1]]}),
    encoded({'sort': [['b', 1], ['_id', 1]], 'key': [[1], [1]]}),
    encoded({'sort': {'a': 1}, 'key': [[1], [1]]}),
]


@pytest.mark.parametrize('cursor', BAD_CURSORS)
@pytest.mark.parametrize('method', ['GET', 'HEAD'])
def test_a_cursor_that_is_none_is_400(
    filled: Service, cursor: str, method: str
) -> None:
    response = filled.client.simulate_request(
        method,
        '/collections/c/images',
        query_string=urlencode({'sort': 'a', 'limit': 5, 'cursor': cursor}),
    )
    assert response.status_code == 400
    if method == 'GET':
        assert 'cursor' in response.json['description'].lower()


@pytest.mark.parametrize('params', [{'sort': '-a'}, {'sort': 'a', 'skip': 1}, {}])
def test_a_cursor_is_bound_to_its_sort(filled: Service, params: dict[str, Any]) -> None:
    response = filled.client.simulate_get(
        '/collections/c/images', params={'cursor': GOOD, **params}
    )
    assert response.status_code == 400


@pytest.mark.parametrize(
    'value',
    [
        *({'$gt': ''}, {'$where': '1'}, '$$ROOT', '$n', bson.Regex('.*'), deep(60)),
        *(bson.Code('1'), bson.MinKey(), bson.MaxKey(), bson.Timestamp(1, 1)),
        *(float('nan'), float('inf'), bson.Decimal128('NaN'), bson.DBRef('c', 1)),
        *({'$ref': 'c', '$id': 1}, [{'$gt': ''}], 2**63 - 1, b'', 'x' * 3000),
        *(bson.datetime_ms.DatetimeMS(2**62), bson.Code('1', {'a': 1})),
    ],
)
def test_a_forged_cursor_obtains_no_more_than_the_filter(
    filled: Service, value: Any
) -> None:
    for order in ('a', '-a', '_id', '-time'):
        sort = [[order.strip('-'), -1 if order[0] == '-' else 1]]
        sort += [['_id', sort[0][1]]] if order != '_id' else []
        cursor = encoded({'sort': sort, 'key': [[value]] * len(sort)})
        response = filled.client.simulate_get(
            '/collections/c/images',
            params={'sort': order, 'cursor': cursor, 'max_n': '3'},
        )
        assert response.status_code in (200, 400), response.text
        if response.status_code == 200:
            assert {document['n'] for document in response.json} <= {0, 1, 2, 3}


def test_a_cursor_keeps_the_types_of_values() -> None:
    key: list[list[Any]] = [[2**40], [], [DAY], [2.0], [None], [bson.ObjectId()]]
    order: Order = [(name, 1) for name in 'abcdef']
    read = read_cursor(write_cursor(order, key), order)
    assert read == key
    assert [type(value) for (value,) in (read[2], read[3])] == [type(DAY), float]


def test_a_value_too_large_for_an_address_ends_a_page_with_400(
    service: Service,
) -> None:
    service.database.c.insert_many({'a': 'x' * 5000, 'n': n} for n in range(3))
    where = {'sort': 'a', 'limit': '2'}
    response = service.client.simulate_get('/collections/c/images', params=where)
    assert response.status_code == 400
    assert 'another sort' in response.json['description']
    assert len(get(service, address({**where, 'limit': 3})).json) == 3


def test_fields_choose_what_comes_back(service: Service) -> None:
    document = service.client.upload('c', json='{"a": 1, "b": {"c": 2, "d": 3}}')
    image_id = document['_id']
    cases: dict[str, dict[str, Any]] = {
        'a': {'a': 1},
        'b.c': {'b': {'c': 2}},
        'b.c,b,a': {'a': 1, 'b': {'c': 2, 'd': 3}},
        'none': {},
        '_id': {},
        ' a , image,': {'a': 1, 'image': 'a.jpg'},
        '_file.size': {'_file': {'size': document['_file']['size']}},
    }
    for fields, left in cases.items():
        expected = [{'_id': image_id, **left}]
        assert get(service, address({'fields': fields})).json == expected
        assert get(service, address({'fields': fields, 'limit': 1})).json == expected


def test_fields_do_not_show_what_is_hidden(service: Service) -> None:
    sent = form(('image', jpeg(), 'a.jpg'))
    service.client.post_form('c', sent, headers={'Idempotency-Key': 's3cret'})
    for fields in ('', '_file', '_file,a'):
        for limit in (0, 1):
            response = get(service, address({'fields': fields, 'limit': limit}))
            assert 's3cret' not in response.text
            assert response.json[0]['_file']['sha256']


@pytest.mark.parametrize(
    'fields', ['$a', 'a.$b', 'a..b', '.', 'a\0', '_file.upload', '_file.upload.key']
)
def test_fields_that_cannot_be_are_400(service: Service, fields: str) -> None:
    response = service.client.simulate_get(
        '/collections/c/images', params={'fields': fields}
    )
    assert response.status_code == 400


def test_the_number_of_fields_is_limited(service: Service) -> None:
    fields = ','.join(f'f{number}' for number in range(1001))
    response = service.client.simulate_get(
        '/collections/c/images', params={'fields': fields}
    )
    assert response.status_code == 400


def test_a_page_may_be_sorted_by_json_as_well(filled: Service) -> None:
    pages = walk(filled, address({'sort': json.dumps({'n': -1}), 'limit': 50}))
    assert [page[0]['n'] for page in pages] == [119, 69, 19]
