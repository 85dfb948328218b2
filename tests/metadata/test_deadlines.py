"""Queries end at their limit, though the database looks at it between two documents."""

import json
import time
from collections.abc import Iterator

import pytest

from falcon_images.metadata.documents import Query
from falcon_images.settings import Settings
from tests.support.service import Service, running

IMAGES = '/collections/c/images'
# In one document of this size, the pattern takes some seconds.
TEXT = 'a' * 2000
FILTER = json.dumps({'t': {'$regex': 'a*a*[cd]'}})
LIMIT_SECONDS = 1


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


def test_a_limit_does_not_stay_with_its_thread(slow: Service) -> None:
    slow.database.c.insert_many({'n': n} for n in range(2500))
    began = time.monotonic()
    documents = slow.parts.lists.documents('c', Query(filter={'n': {'$gte': 3}}))
    first = next(documents)
    while time.monotonic() < began + LIMIT_SECONDS + 0.1:
        assert slow.store.get('c', str(first['_id'])) == first
    # The list goes on, however long its reader takes.
    assert 1 + sum(1 for _ in documents) == 2497
