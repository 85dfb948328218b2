"""Cards of collections: what a person needs to find one, of all of them at once."""

from typing import Any

import pytest

from falcon_images.metadata.collections.descriptions import Descriptions
from tests.support.bulk_changes import LONG_AGO
from tests.support.pictures import jpeg
from tests.support.reconciling import reconcile
from tests.support.service import Service

C = '/collections/c'


def cards(service: Service) -> list[dict[str, Any]]:
    answer = service.client.simulate_get('/collections', query_string='details=true')
    found: list[dict[str, Any]] = answer.json['collections']
    return found


def describe(service: Service, **texts: Any) -> Any:
    return service.client.simulate_patch(C, json=texts)


def test_one_request_has_the_cards_of_all(service: Service) -> None:
    service.client.upload('b')
    service.client.upload()
    newest = service.client.upload()
    describe(service, title='Welds', description='Of line 2.')
    reconcile(service)
    answer = service.client.simulate_get('/collections', query_string='details=true')
    assert answer.json['bytes_free'] > 0
    other, card = answer.json['collections']
    assert other['name'] == 'b'
    assert card.pop('bytes_time').endswith('Z')
    assert card == {
        'name': 'c',
        'title': 'Welds',
        'description': 'Of line 2.',
        'documents': 2,
        'bytes': 2 * len(jpeg()),
        'newest': {name: newest[name] for name in ('_id', 'time', 'image')},
    }


def test_without_the_word_the_answers_are_as_they_were(service: Service) -> None:
    service.client.upload()
    describe(service, title='Welds')
    assert service.client.simulate_get('/collections').json == ['c']
    assert service.client.simulate_get(C).json == {'name': 'c', 'documents': 1}


def test_bytes_are_counted_again_when_there_are_more_images(service: Service) -> None:
    service.client.upload()
    reconcile(service)
    service.client.upload()
    reconcile(service)
    assert cards(service)[0]['bytes'] == len(jpeg())
    records = service.database['_service.collections']
    records.update_many({}, {'$set': {'counting_until': LONG_AGO}})
    reconcile(service)
    assert cards(service)[0]['bytes'] == 2 * len(jpeg())


def test_counting_bytes_reads_an_index_alone(service: Service) -> None:
    service.client.upload()
    reconcile(service)
    stages: list[dict[str, Any]] = [
        {'$match': {'_file.size': {'$gte': 0}}},
        {'$group': {'_id': None, 'bytes': {'$sum': '$_file.size'}}},
    ]
    aggregate = {'aggregate': 'c', 'pipeline': stages, 'cursor': {}, 'hint': {'$**': 1}}
    plan = service.database.command(
        {'explain': aggregate, 'verbosity': 'executionStats'}
    )
    assert "'totalDocsExamined': 0" in str(plan)


def test_what_takes_long_is_null(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.client.upload()
    monkeypatch.setattr('falcon_images.store.collection_cards._SECONDS', 0.0)
    assert (cards(service)[0]['documents'], cards(service)[0]['newest']) == (None, None)


def test_one_whose_index_is_not_there_yet_has_no_newest(service: Service) -> None:
    service.database['c'].insert_one({'image': 'a.jpg'})
    assert (cards(service)[0]['documents'], cards(service)[0]['newest']) == (1, None)


def test_texts_are_set_one_by_one_and_removed_by_null(service: Service) -> None:
    service.client.upload()
    assert describe(service, title='Welds').json == {
        'name': 'c',
        'title': 'Welds',
        'description': None,
    }
    assert describe(service, description='x').json['title'] == 'Welds'
    assert describe(service, title=None).json['title'] is None
    assert describe(service, description='').json['description'] is None


@pytest.mark.parametrize(
    'body', [{}, {'name': 'd'}, {'title': 1}, {'title': 'x' * 201}, {'title': ['a']}]
)
def test_other_texts_are_refused(service: Service, body: dict[str, Any]) -> None:
    service.client.upload()
    assert service.client.simulate_patch(C, json=body).status_code == 400
    assert service.database['_service.collections'].find_one({'title': {}}) is None


def test_what_is_not_there_cannot_be_described(service: Service) -> None:
    assert describe(service, title='Welds').status_code == 404
    answer = service.client.simulate_get(C, query_string='details=true')
    assert answer.status_code == 404
    assert service.client.simulate_get('/collections').json == []


def test_texts_go_with_a_collection_and_come_back_from_a_dump(
    service: Service,
) -> None:
    service.client.upload()
    describe(service, title='Welds')
    documents = list(service.database['c'].find())
    service.database['c'].drop()
    service.database['c'].insert_many(documents)
    Descriptions(service.parts.mongo).tidy()
    assert cards(service)[0]['title'] == 'Welds'
    service.client.simulate_delete(C)
    Descriptions(service.parts.mongo).tidy()
    assert service.database['_service.collections'].count_documents({}) == 0
