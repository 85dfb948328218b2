"""Images that are there already: they are whole, and there is one of each."""

import datetime
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import falcon.testing
import pytest
from bson import ObjectId
from pymongo import errors as pymongo_errors
from pymongo.collection import Collection

from falcon_images.metadata.images import ImageDocuments
from falcon_images.metadata.indexes import Indexes
from falcon_images.store import additions
from tests.support.checks import check
from tests.support.pictures import jpeg
from tests.support.reconciling import reconcile
from tests.support.service import Service, form, running

UPLOAD = form(('a', '1'), ('image', jpeg(), 'a.jpg'))
TURNS = '_service.turns'
WAYS = ['key', 'dedupe', 'both']


def send(service: Service, way: str = 'dedupe') -> falcon.testing.Result:
    """Send always the same, with a key, or as what may be there already."""
    headers = {} if way == 'dedupe' else {'Idempotency-Key': 'k'}
    params = {} if way == 'key' else {'dedupe': 'true'}
    return service.client.post_form('c', UPLOAD, headers=headers, params=params)


def the_file(service: Service) -> Path:
    (found,) = service.stored_files()
    return found


def image_of(service: Service, document: dict[str, Any]) -> bytes:
    path = f'/collections/c/images/{document["_id"]}/image'
    return service.client.simulate_get(path).content


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('damage', ['missing', 'cut', 'longer', 'no folder'])
def test_what_is_there_gets_its_file_back(
    service: Service, way: str, damage: str
) -> None:
    first = send(service, way)
    path = the_file(service)
    path.unlink()
    if damage == 'no folder':
        path.parent.rmdir()
    elif damage != 'missing':
        path.write_bytes(jpeg()[:20] if damage == 'cut' else jpeg() + b'x')
    again = send(service, way)
    assert (again.status_code, again.json) == (200, first.json)
    assert image_of(service, first.json) == jpeg()
    assert the_file(service) == path


def test_another_upload_with_a_used_key_heals_nothing(service: Service) -> None:
    first = send(service, 'key')
    the_file(service).unlink()
    sent = form(('a', '2'), ('image', jpeg(), 'a.jpg'))
    headers = {'Idempotency-Key': 'k'}
    assert service.client.post_form('c', sent, headers=headers).status_code == 422
    assert service.stored_files() == []
    path = f'/collections/c/images/{first.json["_id"]}'
    assert service.client.simulate_get(path).status_code == 200


@pytest.mark.parametrize('way', ['key', 'dedupe'])
def test_an_image_that_is_deleted_while_it_is_healed_is_not_there(
    service: Service, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(service, way)
    the_file(service).unlink()
    has = ImageDocuments.has

    def delete_and_ask(*args: Any) -> bool:
        service.database.c.delete_many({})
        return has(*args)

    with monkeypatch.context() as patch:
        patch.setattr(ImageDocuments, 'has', delete_and_ask)
        assert send(service, way).status_code == 503
    reconcile(service)
    assert service.stored_files() == []
    assert send(service, way).status_code == 200


def test_documents_of_others_with_that_sha256_are_no_images(service: Service) -> None:
    digest = service.client.upload('d')['_file']['sha256']
    service.database.c.insert_many(
        [{'_file': {'sha256': digest}}, {'_id': 7, '_file': {'sha256': digest}}]
    )
    document = send(service).json
    assert document['_file']['size'] == len(jpeg())
    assert send(service).json == document


def test_parallel_uploads_of_the_same_bytes_make_one_image(service: Service) -> None:
    with running(service.settings) as other, ThreadPoolExecutor(8) as pool:
        services = [service, other] * 8
        answers = list(pool.map(send, services))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json['_id'] for answer in answers}) == 1


def test_parallel_uploads_leave_one_file_and_no_turn(service: Service) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda way: send(service, way), WAYS[1:] * 8))
    assert service.database.c.count_documents({}) == 1
    assert image_of(service, send(service).json) == jpeg()
    the_file(service)
    assert service.database[TURNS].count_documents({}) == 0


def test_different_bytes_and_collections_have_turns_of_their_own(
    service: Service,
) -> None:
    first = send(service).json
    left_turn(service, first, seconds=0, sha256='0' * 64)
    left_turn(service, first, seconds=0, collection='d')
    service.client.simulate_delete(f'/collections/c/images/{first["_id"]}')
    assert send(service).status_code == 200


def left_turn(
    service: Service,
    document: dict[str, Any],
    seconds: int,
    collection: str = 'c',
    sha256: str = '',
) -> None:
    """Leave the turn of an upload that a crash ended some seconds ago."""
    key = {'collection': collection, 'sha256': sha256 or document['_file']['sha256']}
    age = datetime.timedelta(seconds=seconds)
    since = datetime.datetime.now(datetime.UTC) - age
    turn = {'_id': key, 'image': ObjectId(), 'since': since}
    service.database[TURNS].insert_one(turn)


def test_the_turn_of_an_upload_that_may_still_come_is_waited_for(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = send(service).json
    service.client.simulate_delete(f'/collections/c/images/{first["_id"]}')
    left_turn(service, first, seconds=25)
    monkeypatch.setattr(additions, '_WAIT_SECONDS', 0.2)
    refused = send(service)
    assert refused.status_code == 503
    assert 'of these bytes' in refused.json['description']
    assert service.stored_files() == []


def test_the_turn_of_an_upload_that_never_came_runs_out(service: Service) -> None:
    first = send(service).json
    service.client.simulate_delete(f'/collections/c/images/{first["_id"]}')
    left_turn(service, first, seconds=31)
    assert send(service).status_code == 200
    assert service.database[TURNS].count_documents({}) == 0


def test_turns_that_are_left_are_removed_by_the_database(service: Service) -> None:
    send(service)
    indexes = service.database[TURNS].index_information()
    assert indexes['since_1']['expireAfterSeconds'] == 3600


def test_turns_are_no_images(service: Service) -> None:
    left_turn(service, send(service).json, seconds=0)
    assert service.client.simulate_get('/collections').json == ['c']
    assert check(service) == []


@pytest.mark.parametrize('is_applied', [True, False])
def test_an_insert_that_was_not_heard_of_makes_no_second_image(
    service: Service, monkeypatch: pytest.MonkeyPatch, is_applied: bool
) -> None:
    insert = Collection.insert_one

    def insert_and_fail(*args: Any, **kwargs: Any) -> None:
        if is_applied:
            insert(*args, **kwargs)
        raise pymongo_errors.NetworkTimeout('no answer')

    monkeypatch.setattr(additions, '_WAIT_SECONDS', 0.1)
    with monkeypatch.context() as patch:
        patch.setattr(Collection, 'insert_one', insert_and_fail)
        assert send(service).status_code == 503
    # Until it is certain that the first does not come, the second does not either.
    assert send(service).status_code == (200 if is_applied else 503)
    assert service.database.c.count_documents({}) == int(is_applied)


def test_a_disk_that_is_slower_than_a_turn_stores_nothing(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(additions, '_TURN_SECONDS', -1.0)
    assert send(service).status_code == 503
    assert service.stored_files() == []
    assert service.database[TURNS].count_documents({}) == 0


def test_a_refused_upload_gives_its_turn_back(service: Service) -> None:
    send(service, 'key')
    sent = form(('image', jpeg(color='blue'), 'a.jpg'))
    answer = service.client.post_form(
        'c', sent, headers={'Idempotency-Key': 'k'}, params={'dedupe': 'true'}
    )
    assert answer.status_code == 422
    assert service.database[TURNS].count_documents({}) == 0


def test_a_failure_after_the_insert_keeps_the_image(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError('something unforeseen')

    monkeypatch.setattr(Indexes, 'make_once', fail)
    document = service.client.upload('c')
    assert image_of(service, document) == jpeg()


def test_an_unforeseen_failure_of_an_insert_leaves_its_file_to_the_reconciler(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = ImageDocuments.insert

    def insert_and_fail(*args: Any) -> None:
        insert(*args)
        raise RuntimeError('something unforeseen')

    with monkeypatch.context() as patch:
        patch.setattr(ImageDocuments, 'insert', insert_and_fail)
        assert service.client.post_form('c', UPLOAD).status_code == 500
    reconcile(service)
    (listed,) = service.client.simulate_get('/collections/c/images').json
    assert image_of(service, listed) == jpeg()
