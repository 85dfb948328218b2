"""Fields: all properties of the documents that match, with types and values counted."""

import datetime
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import bson
import falcon.testing
import pymongo
import pytest

from falcon_images.errors import QueryTimeoutError
from falcon_images.metadata.documents import Document
from falcon_images.metadata.fields import counting
from falcon_images.metadata.fields.counting import CountedFields
from falcon_images.metadata.lists.lists import Lists
from falcon_images.metadata.mongo import MongoDatabase
from falcon_images.settings import Settings
from tests.support.service import Service, running

URL = '/collections/c/fields'


def ask(service: Service, query: str = '', **params: Any) -> falcon.testing.Result:
    if query:
        return service.client.simulate_get(URL, query_string=query)
    return service.client.simulate_get(URL, params=params)


def fields(service: Service, **params: Any) -> dict[str, dict[str, Any]]:
    response = ask(service, **params)
    assert response.status_code == 200, response.text
    names = [field['name'] for field in response.json['fields']]
    assert names == sorted(names)
    return {field.pop('name'): field for field in response.json['fields']}


def store(service: Service, *documents: dict[str, Any]) -> None:
    service.database.c.insert_many(documents)


def values(field: dict[str, Any]) -> list[tuple[Any, int]]:
    return [(each['value'], each['count']) for each in field['values']]


def test_the_whole_answer_of_an_upload(service: Service) -> None:
    service.client.upload('c', ai_prediction='OK', json='{"score": 0.5, "seen": true}')
    assert ask(service).json == {
        'documents': 1,
        'fields': [
            {
                'name': 'ai_prediction',
                'count': 1,
                'types': {'string': {'count': 1, 'min': 'OK', 'max': 'OK'}},
                'distinct': 1,
                'values': [{'value': 'OK', 'count': 1}],
            },
            {
                'name': 'score',
                'count': 1,
                'types': {'number': {'count': 1, 'min': 0.5, 'max': 0.5}},
                'distinct': 1,
                'values': [{'value': 0.5, 'count': 1}],
            },
            {
                'name': 'seen',
                'count': 1,
                'types': {'boolean': {'count': 1}},
                'distinct': 1,
                'values': [{'value': True, 'count': 1}],
            },
        ],
    }


def test_a_number_and_its_text_are_apart(service: Service) -> None:
    store(service, *({'frame': frame} for frame in (12, 12.0, bson.Int64(12), '12')))
    assert fields(service)['frame'] == {
        'count': 4,
        'types': {
            'number': {'count': 3, 'min': 12, 'max': 12},
            'string': {'count': 1, 'min': '12', 'max': '12'},
        },
        'distinct': 2,
        'values': [{'value': 12, 'count': 3}, {'value': '12', 'count': 1}],
    }


@pytest.mark.parametrize(
    ('value', 'type_', 'shown'),
    [
        (None, 'null', None),
        (False, 'boolean', False),
        (0, 'number', 0),
        (-1.5, 'number', -1.5),
        (2**62, 'number', 2**62),
        (bson.Decimal128('1.5'), 'number', 1.5),
        (float('nan'), 'number', None),
        ('', 'string', ''),
        ('日本 $a.b', 'string', '日本 $a.b'),
        ({}, 'object', {}),
        ([], 'array', []),
        ([[1, 2]], 'array', [1, 2]),
        (datetime.datetime(2026, 11, 1), 'date', '2026-11-01T00:00:00.000Z'),
        (
            bson.ObjectId('6565f0c2a1b2c3d4e5f60718'),
            'string',
            '6565f0c2a1b2c3d4e5f60718',
        ),
    ],
)
def test_each_type_has_its_name(
    service: Service, value: Any, type_: str, shown: Any
) -> None:
    store(service, {'p': value}, {'other': 1})
    field = fields(service)['p']
    assert list(field['types']) == [type_]
    assert field['types'][type_]['count'] == field['count'] == field['distinct'] == 1
    assert values(field) == [(shown, 1)]


@pytest.mark.parametrize(
    ('given', 'least', 'most'),
    [
        ([3, 1.5, 2], 1.5, 3),
        (['b', 'a', 'ä'], 'a', 'ä'),
        (
            [datetime.datetime(2026, 11, day) for day in (2, 1)],
            '2026-11-01T00:00:00.000Z',
            '2026-11-02T00:00:00.000Z',
        ),
    ],
)
def test_ranges(service: Service, given: list[Any], least: Any, most: Any) -> None:
    store(service, *({'p': value} for value in given))
    (found,) = fields(service)['p']['types'].values()
    assert (found['min'], found['max']) == (least, most)


def test_null_is_a_value_and_missing_is_none(service: Service) -> None:
    store(service, {'p': None}, {'p': None}, {'p': 1}, {'q': 1})
    field = fields(service)['p']
    assert field['count'] == 3
    assert values(field) == [(None, 2), (1, 1)]


def test_members_of_a_list_count_once_for_each_document(service: Service) -> None:
    store(
        service,
        {'tags': ['a', 'a', 'b']},
        {'tags': ['a', 1, 1.0]},
        {'tags': 'a'},
        {'tags': []},
        {'tags': None},
    )
    field = fields(service)['tags']
    assert field['count'] == 5
    assert {name: found['count'] for name, found in field['types'].items()} == {
        'array': 1,
        'null': 1,
        'number': 1,
        'string': 4,
    }
    assert values(field)[0] == ('a', 3)
    assert field['distinct'] == 5


def test_objects_are_their_leaves(service: Service) -> None:
    store(
        service,
        {'camera': {'name': 'top', 'lens': {'f': 8}}},
        {'camera': {'name': 'top', 'lens': {}}},
        {'camera': 'old'},
        {'camera': {}},
    )
    found = fields(service)
    assert {name: (f['count'], values(f)) for name, f in found.items()} == {
        'camera': (2, [({}, 1), ('old', 1)]),
        'camera.lens': (1, [({}, 1)]),
        'camera.lens.f': (1, [(8, 1)]),
        'camera.name': (2, [('top', 2)]),
    }


def test_objects_in_lists_are_their_leaves_too(service: Service) -> None:
    store(
        service,
        {'boxes': [{'label': 'dent', 'xy': [1, 2]}, {'label': 'dent', 'xy': [2]}]},
        {'boxes': [{'label': 'dust'}, 'none', {}]},
        {'boxes': {'label': 'dent'}},
        {'boxes': [1]},
    )
    found = fields(service)
    assert {name: (f['count'], values(f)) for name, f in found.items()} == {
        'boxes': (2, [(1, 1), ({}, 1), ('none', 1)]),
        'boxes.label': (3, [('dent', 2), ('dust', 1)]),
        'boxes.xy': (1, [(1, 1), (2, 1)]),
    }


def test_a_list_where_others_have_an_object_has_none_of_its_names(
    service: Service,
) -> None:
    store(service, {'a': {'b': 1}}, {'a': [1, 2]}, {'a': [[{'b': 5}]]})
    found = fields(service)
    assert values(found['a.b']) == [(1, 1)]
    assert values(found['a']) == [([{'b': 5}], 1), (1, 1), (2, 1)]


def test_objects_that_a_sample_does_not_show_are_found(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, '_SAMPLE_DOCUMENTS', 1)
    monkeypatch.setattr(counting, '_RARE_DOCUMENTS', 2)
    monkeypatch.setattr(counting, '_DOCUMENTS_WITH_OTHERS', 1)
    plain = [{'p': n % 3, f'only{n}': 1} for n in range(40)]
    store(service, *plain, {'p': {'q': {'r': 'x'}}}, {'p': [{'q': [7]}, 'y']})
    found = fields(service)
    assert len(found) == 40 + 3
    assert values(found['p']) == [(0, 14), (1, 13), (2, 13), ('y', 1)]
    assert found['p']['count'] == 41
    assert values(found['p.q']) == [(7, 1)]
    assert values(found['p.q.r']) == [('x', 1)]


def test_rare_properties_are_counted_with_and_without_the_index(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, '_SAMPLE_DOCUMENTS', 100)
    service.client.upload('c', kind='uploaded')
    store(service, *({'n': n} for n in range(3000)))
    store(service, {'rare': {'deep': [1, 2]}}, {'rare': {'deep': [2]}, 'n': 'x'})
    with_index = ask(service).json
    service.database.c.drop_indexes()
    assert ask(service).json == with_index
    assert with_index['documents'] == 3003
    counts = {field['name']: field['count'] for field in with_index['fields']}
    assert counts == {'kind': 1, 'n': 3001, 'rare.deep': 2}


def test_the_commonest_come_first_and_as_many_as_wanted(service: Service) -> None:
    store(service, *({'n': n} for n in range(50) for _ in range(n % 5 + 1)))
    field = fields(service, values=3)['n']
    assert values(field) == [(4, 5), (9, 5), (14, 5)]
    assert field['distinct'] == 50
    assert len(fields(service)['n']['values']) == 20
    assert len(fields(service, values=1000)['n']['values']) == 50


@pytest.mark.parametrize('text', ['0', '1001', '-1', 'x', '1.5'])
def test_a_number_of_values_that_cannot_be_is_400(service: Service, text: str) -> None:
    response = ask(service, f'values={text}')
    assert response.status_code == 400
    assert set(response.json) == {'title', 'description'}


def test_only_what_matches_is_counted(service: Service) -> None:
    store(service, *({'n': n, 'parity': n % 2} for n in range(10)), {'other': 1})
    response = ask(service, filter='{"parity": 1}')
    assert response.json['documents'] == 5
    found = fields(service, filter='{"parity": 1}')
    assert set(found) == {'n', 'parity'}
    assert found['n']['types'] == {'number': {'count': 5, 'min': 1, 'max': 9}}
    assert values(found['parity']) == [(1, 5)]


def test_plain_conditions_select_as_in_a_list(service: Service) -> None:
    store(service, *({'n': n, 'parity': n % 2} for n in range(10)))
    found = fields(service, parity='1', min_n='4')
    assert values(found['n']) == [(5, 1), (7, 1), (9, 1)]


@pytest.mark.parametrize(
    'text', ['{', '{"$where": "1"}', '{"n": {"$regex": "("}}', '{"n": {"$size": -1}}']
)
def test_a_filter_that_cannot_be_run_is_400(service: Service, text: str) -> None:
    store(service, {'n': 1})
    assert ask(service, filter=text).status_code == 400


@pytest.mark.parametrize('given', [{}, {'filter': '{"n": 1}'}])
def test_an_unknown_collection_has_no_fields(
    service: Service, given: dict[str, str]
) -> None:
    assert ask(service, **given).json == {'documents': 0, 'fields': []}
    assert service.database.list_collection_names() == []


def test_a_name_that_no_collection_can_have_is_400(service: Service) -> None:
    response = service.client.simulate_get('/collections/_service.x/fields')
    assert response.status_code == 400


def test_documents_without_properties_have_no_fields(service: Service) -> None:
    service.client.upload('c')
    assert ask(service).json == {'documents': 1, 'fields': []}


def test_head_is_answered_like_get(service: Service) -> None:
    service.client.upload('c', a='1')
    response = service.client.simulate_head(URL)
    assert response.status_code == 200
    assert response.headers['Content-Length'] == str(len(ask(service).content))
    assert response.content == b''


def test_names_that_only_other_programs_store_are_counted(service: Service) -> None:
    names = ['a.b', '$p', '', 'ok', '_id.x', '日本', 'a b', 'x' * 900]
    store(service, {name: {'in.ner': 1, 'n': 2} for name in names}, {'$p': 7})
    found = fields(service)
    expected = {f'{name}.{inner}' for name in names for inner in ('in.ner', 'n')}
    assert set(found) == expected | {'$p'}
    assert all(values(found[name])[0][1] == 1 for name in expected)


def test_more_names_than_can_be_are_cut_and_told(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, 'MAX_FIELDS', 10)
    store(service, *({f'name{n:02}': n} for n in range(10)))
    assert 'truncated' not in ask(service).json
    store(service, {'name10': {f'inner{n}': n for n in range(30)}})
    response = ask(service).json
    assert response['truncated'] is True
    assert len(response['fields']) == 10


def test_names_of_objects_are_bounded_too(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, 'MAX_FIELDS', 10)
    store(service, *({'by_id': {f'id{n}': n}} for n in range(100)))
    response = ask(service).json
    assert response['truncated'] is True
    assert len(response['fields']) == 9


def test_a_thousand_names_are_counted_in_small_answers(service: Service) -> None:
    store(
        service, *({f'name{n:04}': value for n in range(1000)} for value in range(30))
    )
    response = ask(service, values=1000)
    assert 'truncated' not in response.json
    assert len(response.json['fields']) == 1000
    for field in response.json['fields']:
        assert field['distinct'] == 30
        assert len(field['values']) == 20


def test_what_is_nested_too_deeply_is_a_value(service: Service) -> None:
    value: Any = 'deep'
    for number in range(30, 0, -1):
        value = {f'l{number}': value if number % 2 else [value]}
    store(service, value)
    ((name, field),) = fields(service).items()
    assert name == '.'.join(f'l{number}' for number in range(1, counting.MAX_DEPTH + 1))
    assert field['types'] == {'object': {'count': 1}}


def test_long_values_are_counted_and_not_listed(service: Service) -> None:
    text = 'ä' * 200_000
    store(service, *({'log': f'{text}{n}'} for n in range(60)), {'log': 'short'})
    field = fields(service, values=1000)['log']
    assert field['count'] == field['distinct'] == 61
    assert values(field) == [('short', 1)]
    assert field['types'] == {'string': {'count': 61, 'min': 'short', 'max': 'ä' * 100}}


def test_more_different_values_than_fit_into_memory_are_counted(
    service: Service,
) -> None:
    count = 150_000
    for start in range(0, count, 10_000):
        store(
            service,
            *({'serial': f'{n:0800}'} for n in range(start, start + 10_000)),
        )
    field = fields(service)['serial']
    assert field['distinct'] == field['count'] == count


def test_the_answer_is_that_of_counting_by_hand(service: Service) -> None:
    kinds: list[Any] = [1, 1.0, '1', None, True, 'x', [1, 1, 'x'], [], {'b': 1}, {}]
    made = [{'a': kinds[n % 10], 'c': kinds[n * 7 % 10]} for n in range(700)]
    store(service, *made)
    found = fields(service)
    for name in ('a', 'c'):
        assert {json.dumps(value): n for value, n in values(found[name])} == {
            '1': 210,
            '"1"': 70,
            'null': 70,
            'true': 70,
            '"x"': 140,
            '[]': 70,
            '{}': 70,
        }
        assert found[name]['count'] == 630
        assert values(found[f'{name}.b']) == [(1, 70)]


def test_counting_that_takes_too_long_is_503(service: Service) -> None:
    store(service, *({'n': 'a' * 5000 + 'b'} for _ in range(5000)))
    with pytest.raises(QueryTimeoutError, match='FACETS_TIMEOUT_SECONDS'):
        service.parts.lists.count_fields('c', {'n': {'$regex': '(a+)+$'}}, 20, 0.05)


def test_counting_may_take_longer_than_the_client_waits_otherwise(
    service: Service,
) -> None:
    store(service, *({'n': n} for n in range(5000)))
    with pymongo.MongoClient[Document](
        service.settings.mongodb_url, socketTimeoutMS=1
    ) as client:
        lists = Lists(MongoDatabase(client, service.settings.mongodb_db, 1))
        assert lists.count_fields('c', {}, 1, 60).documents == 5000


def test_one_question_more_than_there_are_places_for_is_503(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, may_go_on = threading.Event(), threading.Event()
    with running(settings, max_facets=1) as service:
        count = service.parts.lists.count_fields

        def wait_and_count(*args: Any) -> CountedFields:
            started.set()
            assert may_go_on.wait(30)
            return count(*args)

        monkeypatch.setattr(service.parts.lists, 'count_fields', wait_and_count)
        with ThreadPoolExecutor() as pool:
            first = pool.submit(ask, service)
            assert started.wait(30)
            second = ask(service)
            may_go_on.set()
        assert second.status_code == 503
        assert 'MAX_FACETS' in second.json['description']
        assert second.headers['Retry-After']
        assert (first.result().status_code, ask(service).status_code) == (200, 200)


def test_fields_of_a_database_that_is_away_are_503(settings: Settings) -> None:
    away = 'mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100'
    with running(settings, mongodb_url=away) as service:
        response = ask(service)
    assert response.status_code == 503
    assert response.headers['Retry-After']
