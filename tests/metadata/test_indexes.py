"""Indexes of a collection that somebody else has made indexes for."""

import logging
from typing import Any

import falcon.testing
import pymongo
import pytest

from tests.support.pictures import jpeg
from tests.support.service import Service, form

KEY = '_file.upload.key'
NEWEST = [('time', -1), ('_id', -1)]
# With the one of ids, as many as MongoDB allows.
MOST = 63


@pytest.fixture(autouse=True)
def made_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remember of no collection that its indexes were made."""
    monkeypatch.setattr('falcon_images.metadata.indexes._MADE_SECONDS', 0)


@pytest.fixture
def collection(service: Service) -> Any:
    collection = service.database['c']
    collection.insert_one({'n': 1})
    return collection


def names(collection: Any) -> set[str]:
    return set(collection.index_information())


def upload(service: Service, key: str) -> falcon.testing.Result:
    sent = form(('image', jpeg(), 'a.jpg'))
    return service.client.post_form('c', sent, headers={'Idempotency-Key': key})


def make(service: Service, rounds: int = 1) -> None:
    for _ in range(rounds):
        service.parts.indexes.make_indexes()


def test_one_of_the_same_under_another_name_is_as_good(
    service: Service, collection: Any, caplog: pytest.LogCaptureFixture
) -> None:
    collection.create_index(NEWEST, name='by_time')
    make(service)
    assert names(collection) == {'_id_', 'by_time', '$**_1', f'{KEY}_1'}
    assert caplog.messages == []


def test_a_foreign_one_keeps_no_other_out_and_is_told_of_once(
    service: Service, collection: Any, caplog: pytest.LogCaptureFixture
) -> None:
    collection.create_index(NEWEST, name='by_time', sparse=True)
    collection.create_index(NEWEST, name='time_-1__id_-1', hidden=True, unique=True)
    with caplog.at_level(logging.WARNING):
        make(service, rounds=3)
    assert {'$**_1', f'{KEY}_1'} <= names(collection)
    assert len(caplog.messages) == 1


def test_as_many_are_made_as_there_may_be(service: Service, collection: Any) -> None:
    for number in range(MOST - 1):
        collection.create_index(f'other{number}')
    make(service)
    assert 'time_-1__id_-1' in names(collection)


def test_a_unique_one_of_keys_under_another_name_is_as_good(
    service: Service, collection: Any
) -> None:
    filter_ = {KEY: {'$exists': True}}
    collection.create_index(
        KEY, name='keys', unique=True, partialFilterExpression=filter_
    )
    first, again = upload(service, 'k'), upload(service, 'k')
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json['_id'] == again.json['_id']


def test_without_one_of_keys_an_upload_with_a_key_is_refused(
    service: Service, collection: Any
) -> None:
    for number in range(MOST):
        collection.create_index([(f'other{number}', pymongo.ASCENDING)])
    answer = upload(service, 'k')
    assert answer.status_code == 409
    assert 'Idempotency-Key' in answer.json['description']
    assert service.stored_files() == []
    assert service.client.upload()['image'] == 'a.jpg'


def test_one_that_is_not_unique_is_not_as_good(
    service: Service, collection: Any
) -> None:
    collection.create_index(KEY, name=f'{KEY}_1')
    assert upload(service, 'k').status_code == 409
