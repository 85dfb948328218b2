"""Queries end at their limit, though the database looks at it between two documents."""

import datetime
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import errors as pymongo_errors
from pymongo.collection import Collection

from falcon_images.metadata.documents import Query
from falcon_images.settings import Settings
from tests.support.service import Service, running
from tests.support.serving import eventually

IMAGES = '/collections/c/images'
# In one document of this size, the pattern takes some seconds.
TEXT = 'a' * 2000
FILTER = json.dumps({'t': {'$regex': 'a*a*[cd]'}})
LIMIT_SECONDS = 1
TOTAL = 'X-Total-Count'
NOW = datetime.datetime(2026, 11, 23, tzinfo=datetime.UTC)


@pytest.fixture
def slow(settings: Settings) -> Iterator[Service]:
    with running(settings, query_timeout_seconds=LIMIT_SECONDS) as service:
        service.database.c.insert_many({'n': n, 't': TEXT} for n in range(3))
        yield service


@pytest.mark.parametrize(
    ('method', 'path', 'params', 'accept'),
    [
        ('GET', IMAGES, {}, 'application/json'),
        ('GET', IMAGES, {'limit': '1'}, 'text/csv'),
        ('GET', IMAGES, {'fields': 't', 'sort': '-n'}, 'application/x-ndjson'),
        ('HEAD', IMAGES, {}, '*/*'),
        ('GET', '{image}/neighbors', {}, '*/*'),
        ('DELETE', IMAGES, {'dry_run': 'true'}, '*/*'),
        ('DELETE', IMAGES, {}, '*/*'),
    ],
)
def test_a_query_is_503_at_its_limit(
    slow: Service, method: str, path: str, params: dict[str, str], accept: str
) -> None:
    image_id = slow.database.c.find_one({'n': 1})['_id']  # type: ignore[index]
    began = time.monotonic()
    response = slow.client.simulate_request(
        method,
        path.format(image=f'{IMAGES}/{image_id}'),
        params=params | {'filter': FILTER},
        headers={'Accept': accept},
    )
    assert response.status_code == 503
    assert response.headers['Retry-After']
    assert time.monotonic() - began < LIMIT_SECONDS + 2
    if method != 'HEAD':
        assert response.json['title'] == 'Query too slow'


def test_a_count_that_takes_too_long_fails_no_list(slow: Service) -> None:
    slow.database.c.insert_many({'n': n, 't': 'c', 'time': NOW} for n in range(5))
    query = {'filter': FILTER, 'limit': '2', 'skip': '1', 'sort': '-_id'}
    began = time.monotonic()
    response = slow.client.simulate_get(IMAGES, params=query)
    assert time.monotonic() - began < LIMIT_SECONDS + 2
    assert response.status_code == 200
    assert [document['n'] for document in response.json] == [3, 2]
    assert TOTAL not in response.headers
    assert response.headers[f'{TOTAL}-At-Least'] == '4'
    assert 'cursor=' in response.headers['Link']


def test_nobody_waits_for_a_total_that_is_not_asked_for(slow: Service) -> None:
    slow.database.c.insert_many({'n': n, 't': 'c', 'time': NOW} for n in range(5))
    query = {'filter': FILTER, 'limit': '2', 'sort': '-_id', 'total': 'none'}
    for method in ('GET', 'HEAD'):
        began = time.monotonic()
        response = slow.client.simulate_request(method, IMAGES, params=query)
        assert time.monotonic() - began < 0.7 * LIMIT_SECONDS
        assert response.status_code == 200
        assert not any(name.lower().startswith('x-total') for name in response.headers)


def test_an_exact_total_is_waited_for(settings: Settings) -> None:
    with running(settings, query_timeout_seconds=60) as service:
        service.database.c.insert_many(
            {'t': text, 'time': NOW} for text in (TEXT, *['c'] * 5)
        )
        query = {'filter': FILTER, 'limit': '2'}
        response = service.client.simulate_get(IMAGES, params=query)
        assert response.headers[f'{TOTAL}-At-Least'] == '3'
        query['total'] = 'exact'
        response = service.client.simulate_get(IMAGES, params=query)
        assert response.headers[TOTAL] == '5'


def test_the_number_of_a_large_collection_is_learnt_meanwhile(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.database.c.insert_many({'n': n, 'time': NOW} for n in range(3000))
    count, requests = Collection.count_documents, threading.current_thread()

    def slow_in_requests(self: Any, filter_: Any, **options: Any) -> int:
        if threading.current_thread() is requests:
            raise pymongo_errors.ExecutionTimeout('as after a second', 50)
        return count(self, filter_, **options)

    def total() -> str | None:
        answer = service.client.simulate_get(IMAGES, params={'limit': '2'})
        found: str | None = answer.headers.get(TOTAL)
        return found

    monkeypatch.setattr(Collection, 'count_documents', slow_in_requests)
    assert total() is None
    eventually(lambda: total() == '3000')


def test_a_limit_does_not_stay_with_its_thread(slow: Service) -> None:
    slow.database.c.insert_many({'n': n} for n in range(2500))
    began = time.monotonic()
    documents = slow.parts.lists.documents('c', Query(filter={'n': {'$gte': 3}}))
    first = next(documents)
    while time.monotonic() < began + LIMIT_SECONDS + 0.1:
        assert slow.store.get('c', str(first['_id'])) == first
    # The list goes on, however long its reader takes.
    assert 1 + sum(1 for _ in documents) == 2497
