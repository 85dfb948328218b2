"""Changes while others change the same images: nothing of theirs is lost or undone."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import bson
import pytest

from falcon_images.metadata.changes.before_images import BeforeImages
from falcon_images.metadata.changes.bulk import BulkDocuments
from falcon_images.metadata.changes.pending_ids import PendingIds
from falcon_images.metadata.changes.records import ChangeRecords
from tests.support.bulk_changes import (
    IMAGES,
    NG,
    before,
    change_of,
    changes,
    delete,
    delete_one,
    documents,
    dump,
    finish,
    labels,
    patch,
    revert,
    run_out,
)
from tests.support.reconciling import reconcile
from tests.support.service import Client, Service

IMAGES_AT_ONCE = 60
PATCHES = 300
ATTEMPTS = 20


@pytest.fixture
def client(service: Service) -> Client:
    for label in ('OK', 'NG', 'NG'):
        service.client.upload(label=label)
    return service.client


@pytest.fixture
def ids(service: Service, client: Client) -> list[str]:
    return [document['_id'] for document in documents(service)]


def change_one(service: Service, image_id: str, **properties: Any) -> None:
    path = f'{IMAGES}/{image_id}'
    assert service.client.simulate_patch(path, json=properties).status_code == 200


def test_a_patch_of_one_image_in_between_is_kept_by_both_ways(
    service: Service, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before(
        monkeypatch, BulkDocuments, 'replace', lambda: change_one(service, ids[1], n=5)
    )
    answer = patch(service, {'label': 'x'}).json
    assert answer['changed'] == 2
    assert labels(service) == ['OK', 'x', 'x']
    assert documents(service)[1]['n'] == 5
    assert revert(service, answer['change']).json['conflict_count'] == 0
    assert labels(service) == ['OK', 'NG', 'NG']
    assert documents(service)[1]['n'] == 5


def test_a_patch_in_between_comes_back_with_a_deleted_image(
    service: Service, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before(
        monkeypatch, BulkDocuments, 'delete', lambda: change_one(service, ids[1], n=5)
    )
    answer = delete(service).json
    assert answer['changed'] == 2
    revert(service, answer['change'])
    assert documents(service)[1]['n'] == 5


@pytest.mark.parametrize('name', ['replace', 'delete'])
def test_an_image_that_does_not_match_any_more_is_left_alone(
    service: Service, ids: list[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    before(
        monkeypatch,
        BulkDocuments,
        name,
        lambda: change_one(service, ids[1], label='scratch'),
    )
    answer = patch(service, {'label': 'x'}) if name == 'replace' else delete(service)
    assert (answer.json['matched'], answer.json['changed']) == (2, 1)
    assert documents(service)[1]['label'] == 'scratch'
    assert revert(service, answer.json['change']).json['conflicts'] == []
    assert labels(service) == ['OK', 'scratch', 'NG']


def test_an_image_that_changes_all_the_time_is_left_alone(
    service: Service, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = iter(range(ATTEMPTS))
    before(
        monkeypatch,
        BulkDocuments,
        'replace',
        lambda: change_one(service, ids[1], n=next(numbers)),
        times=ATTEMPTS,
    )
    answer = patch(service, {'label': 'x'}).json
    assert answer['changed'] == 1
    assert labels(service) == ['OK', 'NG', 'x']
    assert revert(service, answer['change']).json['conflicts'] == []


def test_an_image_that_is_deleted_in_between_stays_deleted(
    service: Service, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before(monkeypatch, BulkDocuments, 'replace', lambda: delete_one(service, ids[1]))
    change = patch(service, {'label': 'x'}).json['change']
    assert revert(service, change).json['reverted'] == 1
    assert labels(service) == ['OK', 'NG']


@pytest.mark.parametrize(
    ('owner', 'name'), [(BeforeImages, 'keep'), (BulkDocuments, 'delete')]
)
def test_an_image_that_is_deleted_just_before_a_bulk_delete_stays_deleted(
    service: Service,
    ids: list[str],
    monkeypatch: pytest.MonkeyPatch,
    owner: type,
    name: str,
) -> None:
    before(monkeypatch, owner, name, lambda: delete_one(service, ids[1]))
    answer = delete(service).json
    assert answer['changed'] == 1
    assert revert(service, answer['change']).json['reverted'] == 1
    reconcile(service)
    assert labels(service) == ['OK', 'NG']
    assert {path.stem for path in service.stored_files()} == {ids[0], ids[2]}
    assert service.folder.unresolved.all() == []


def test_an_image_that_comes_in_between_is_not_changed(
    service: Service, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    before(
        monkeypatch, ChangeRecords, 'go_on', lambda: service.client.upload(label='NG')
    )
    assert delete(service).json == {
        'change': changes(service)[0]['_id'],
        'matched': 2,
        'changed': 2,
    }
    assert labels(service) == ['OK', 'NG']


def test_a_patch_in_between_is_a_conflict_of_a_revert(
    service: Service, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    change = patch(service, {'label': 'x'}).json['change']
    before(
        monkeypatch, BulkDocuments, 'replace', lambda: change_one(service, ids[1], n=5)
    )
    assert revert(service, change).json['conflicts'] == [ids[1]]
    assert labels(service) == ['OK', 'x', 'NG']
    assert documents(service)[1]['n'] == 5


@pytest.mark.parametrize('end', [finish, revert])
def test_a_change_that_was_taken_over_goes_no_further(
    service: Service,
    ids: list[str],
    monkeypatch: pytest.MonkeyPatch,
    end: Callable[[Service, str], Any],
) -> None:
    many = [{'_id': bson.ObjectId(), 'label': 'NG', 'n': n} for n in range(1200)]
    service.database['c'].insert_many(many)
    whole = dump(service)
    original, is_first = PendingIds.batches, iter([True])

    def taken_over(self: PendingIds, change_id: Any, done: int) -> Iterator[Any]:
        batches = original(self, change_id, done)
        yield next(batches)
        if next(is_first, False):
            run_out(service, 'lease.until')
            assert end(service, str(change_id)).status_code == 200
        yield from batches

    monkeypatch.setattr(PendingIds, 'batches', taken_over)
    answer = patch(service, {'label': 'x'})
    assert answer.status_code == 409
    found = changes(service)[0]
    assert found['state'] == ('done' if end is finish else 'reverted')
    if end is finish:
        assert found['changed'] == 1202
        assert revert(service, found['_id']).json['reverted'] == 1202
    assert dump(service) == whole


def test_two_reverts_at_once_are_one(service: Service, client: Client) -> None:
    many = [{'_id': bson.ObjectId(), 'label': 'NG', 'n': n} for n in range(2000)]
    service.database['c'].insert_many(many)
    whole = dump(service)
    change = patch(service, {'label': 'x'}).json['change']
    barrier = threading.Barrier(2)

    def revert_together(_: int) -> int:
        barrier.wait(10)
        return revert(service, change).status_code

    with ThreadPoolExecutor(2) as pool:
        statuses = list(pool.map(revert_together, range(2)))
    assert 200 in statuses
    assert set(statuses) <= {200, 409}
    assert dump(service) == whole
    assert change_of(service, change)['reverted'] == 2002


class TestMany:
    """Many single requests beside bulk changes of the same images."""

    @pytest.fixture
    def images(self, service: Service) -> list[str]:
        many = [
            {'_id': bson.ObjectId(), **NG, 'n': 0, 'image': 'a.svg'}
            for _ in range(IMAGES_AT_ONCE)
        ]
        service.database['c'].insert_many(many)
        return [str(document['_id']) for document in many]

    def patch_beside(
        self, service: Service, images: list[str], bulk: Callable[[], object]
    ) -> list[int]:
        """PATCH all images many times, beside something; tell what each has last."""
        last = [0] * len(images)

        def patch_all(start: int) -> None:
            for number in range(1, PATCHES // 10 + 1):
                for index in range(start, len(images), 3):
                    change_one(service, images[index], n=number)
                    last[index] = number

        with ThreadPoolExecutor(4) as pool:
            patching = [pool.submit(patch_all, start) for start in range(3)]
            pool.submit(bulk).result()
            for each in patching:
                each.result()
        return last

    def test_no_single_patch_is_lost_by_a_bulk_patch_or_its_revert(
        self, service: Service, images: list[str]
    ) -> None:
        conflicts: set[str] = set()

        def bulk() -> None:
            for _ in range(5):
                answer = patch(service, {'label': 'x', 'by': 'bulk'}).json
                if answer['change']:
                    conflicts.update(
                        revert(service, answer['change']).json['conflicts']
                    )

        last = self.patch_beside(service, images, bulk)
        for document, number in zip(documents(service), last, strict=True):
            assert document['n'] == number
            is_left = document['_id'] in conflicts
            assert document['label'] == ('x' if is_left else 'NG')
            assert ('by' in document) == is_left

    def test_no_single_patch_is_lost_by_a_bulk_delete_and_its_revert(
        self, service: Service, images: list[str]
    ) -> None:
        last: dict[str, int] = {}
        stopped = threading.Event()

        def patch_some() -> None:
            number = 0
            while not stopped.is_set():
                number += 1
                for image_id in images:
                    answer = service.client.simulate_patch(
                        f'{IMAGES}/{image_id}', json={'n': number}
                    )
                    assert answer.status_code in (200, 404)
                    if answer.status_code == 200:
                        last[image_id] = number

        with ThreadPoolExecutor(1) as pool:
            patching = pool.submit(patch_some)
            for _ in range(5):
                answer = delete(service).json
                assert answer['matched'] == IMAGES_AT_ONCE
                assert revert(service, answer['change']).json['conflicts'] == []
            stopped.set()
            patching.result()
        found = {document['_id']: document['n'] for document in documents(service)}
        assert found == dict.fromkeys(images, 0) | last

    def test_bulk_changes_of_the_same_images_do_not_lose_each_other(
        self, service: Service, images: list[str]
    ) -> None:
        def change(name: str) -> int:
            changed: int = patch(service, {name: 1}).json['changed']
            return changed

        with ThreadPoolExecutor(4) as pool:
            counts = list(pool.map(change, 'abcd'))
        assert counts == [IMAGES_AT_ONCE] * 4
        for document in documents(service):
            assert [document[name] for name in 'abcd'] == [1, 1, 1, 1]
