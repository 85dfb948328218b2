"""Claims: several people work on a collection, and never get the same image."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from falcon_images.metadata.claims import ClaimRecords
from falcon_images.settings import Settings
from tests.support.bulk_changes import IMAGES, before, dump
from tests.support.service import Client, Service, running

CLAIMS = '/collections/c/claims'
NOTHING: dict[str, Any] = {'claim': None, 'until': None, 'images': []}
PEOPLE = 6
IMAGES_OF_ALL = 30


@pytest.fixture
def ids(service: Service) -> list[str]:
    """Three images without a label, newest first, and one that has one."""
    service.client.upload(label='OK')
    return [service.client.upload()['_id'] for _ in range(3)][::-1]


def claim(client: Client, query: str = 'has_label=false', name: str = 'c') -> Any:
    answer = client.simulate_post(f'/collections/{name}/claims', query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.json


def claimed(client: Client, query: str = 'has_label=false') -> list[str]:
    return [image['_id'] for image in claim(client, query)['images']]


def let_end(service: Service, claim_id: str) -> None:
    """Renew a claim for one second, and let the clock of the database go on."""
    path, query = f'{CLAIMS}/{claim_id}', 'seconds=1'
    assert service.client.simulate_put(path, query_string=query).status_code == 200
    records = service.database['_service.claims']
    earlier = {'$set': {'until': {'$subtract': ['$until', 2000]}}}
    records.update_many({}, [earlier])


def test_a_claim_has_the_first_image_whole(service: Service, ids: list[str]) -> None:
    answer = claim(service.client)
    document = service.client.simulate_get(f'{IMAGES}/{ids[0]}').json
    assert answer['images'] == [document]
    assert len(answer['claim']) == 24
    assert answer['until'] > document['time']


def test_nobody_gets_what_another_has_until_nothing_is_left(
    service: Service, ids: list[str]
) -> None:
    assert claimed(service.client) == ids[:1]
    assert claimed(service.client, 'has_label=false&limit=5') == ids[1:]
    assert claim(service.client) == NOTHING


def test_the_order_is_that_of_the_request(service: Service, ids: list[str]) -> None:
    assert claimed(service.client, 'has_label=false&sort=time&limit=2') == ids[:0:-1]


def test_what_is_given_back_is_free_again(service: Service, ids: list[str]) -> None:
    path = f'{CLAIMS}/{claim(service.client)["claim"]}'
    answer = service.client.simulate_delete(path)
    assert answer.json == {'claim': path.rpartition('/')[2], 'given_back': 1}
    assert service.client.simulate_delete(path).status_code == 404
    assert service.client.simulate_put(path).status_code == 404
    assert claimed(service.client) == ids[:1]


def test_a_claim_is_held_as_long_as_it_is_renewed(
    service: Service, ids: list[str]
) -> None:
    first = claim(service.client, 'has_label=false&seconds=10')
    path = f'{CLAIMS}/{first["claim"]}'
    renewed = service.client.simulate_put(path, query_string='seconds=600').json
    assert renewed['until'] > first['until']
    assert renewed['images'] == first['images']
    let_end(service, first['claim'])
    assert service.client.simulate_put(path).status_code == 404
    assert claimed(service.client) == ids[:1]


def test_documents_and_changes_of_others_are_as_ever(
    service: Service, ids: list[str]
) -> None:
    at_first, path = dump(service), f'{IMAGES}/{ids[0]}'
    etag = service.client.simulate_get(path).headers['ETag']
    claim(service.client)
    assert dump(service) == at_first
    assert service.client.simulate_get(path).headers['ETag'] == etag
    patched = service.client.simulate_patch(path, json={'label': 'x'})
    assert patched.status_code == 200
    assert service.client.simulate_delete(path).status_code == 200


def test_an_image_that_was_labelled_meanwhile_is_not_given(
    service: Service, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f'{IMAGES}/{ids[0]}'
    before(
        monkeypatch,
        ClaimRecords,
        'take',
        lambda: service.client.simulate_patch(path, json={'label': 'x'}),
    )
    assert claimed(service.client) == ids[1:2]
    records = service.database['_service.claims']
    assert records.count_documents({}) == 1


def test_a_drop_ends_claims(service: Service, ids: list[str]) -> None:
    path = f'{CLAIMS}/{claim(service.client)["claim"]}'
    service.client.simulate_delete('/collections/c')
    assert service.database['_service.claims'].count_documents({}) == 0
    assert service.client.simulate_put(path).status_code == 404
    new = service.client.upload()
    assert claimed(service.client) == [new['_id']]


@pytest.mark.parametrize(
    'query',
    [
        *('limit=0', 'limit=101', 'limit=x', 'seconds=0', 'seconds=86401'),
        *('label=', 'limit=1&limit=2', 'filter={"$where":"1"}', 'sort={"_id":3}'),
    ],
)
def test_what_cannot_be_meant_is_400(
    service: Service, ids: list[str], query: str
) -> None:
    answer = service.client.simulate_post(CLAIMS, query_string=query)
    assert answer.status_code == 400
    assert service.database['_service.claims'].count_documents({}) == 0


def test_what_is_not_there_is_404(service: Service, ids: list[str]) -> None:
    client, unknown = service.client, '0' * 24
    assert client.simulate_post('/collections/d/claims').status_code == 404
    for path in (f'{CLAIMS}/{unknown}', f'/collections/d/claims/{unknown}'):
        assert client.simulate_put(path).status_code == 404
        assert client.simulate_delete(path).status_code == 404
    assert client.simulate_put(f'{CLAIMS}/x').status_code == 400


def test_every_query_has_an_index(service: Service, ids: list[str]) -> None:
    claim(service.client)
    records = service.database['_service.claims']
    indexes = {tuple(each['key']) for each in records.list_indexes()}
    assert indexes == {('_id',), ('collection', 'until'), ('claim',), ('until',)}
    uuid = records.find_one({})['collection']  # type: ignore[index]
    for filter_ in ({'collection': uuid}, {'claim': uuid}):
        plan = records.find(filter_).explain()['queryPlanner']['winningPlan']
        assert 'COLLSCAN' not in str(plan)


@pytest.fixture
def two(settings: Settings) -> Iterator[list[Service]]:
    """Two services on one store."""
    with running(settings) as one, running(settings) as other:
        yield [one, other]


def test_people_who_label_at_once_never_get_the_same_image(two: list[Service]) -> None:
    """Each takes, labels and gives back, as fast as it can, by one of two services."""
    ids = {two[0].client.upload()['_id'] for _ in range(IMAGES_OF_ALL)}
    given: list[str] = []
    held: set[str] = set()
    lock = threading.Lock()

    def work(number: int) -> int:
        client = two[number % 2].client
        while (found := claim(client, f'has_label=false&limit={1 + number % 2}')) != (
            NOTHING
        ):
            mine = [image['_id'] for image in found['images']]
            with lock:
                assert not held.intersection(mine)
                held.update(mine)
                given.extend(mine)
            for image_id in mine:
                client.simulate_patch(f'{IMAGES}/{image_id}', json={'label': number})
            with lock:
                held.difference_update(mine)
            client.simulate_delete(f'{CLAIMS}/{found["claim"]}')
        return number

    with ThreadPoolExecutor(PEOPLE) as pool:
        assert list(pool.map(work, range(PEOPLE))) == list(range(PEOPLE))
    # The last images may be in the hands of others when somebody finds nothing.
    assert sorted(given) == sorted(ids)
