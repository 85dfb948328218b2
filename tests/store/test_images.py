"""Two-step writes whose second step fails, and many requests at the same moment."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import bson
import falcon.testing
import pytest
from pymongo import errors as pymongo_errors
from pymongo.collection import Collection

from falcon_images.errors import DatabaseUnavailableError
from falcon_images.files.unresolved import UnresolvedWrite
from falcon_images.metadata.drops import Drops
from falcon_images.settings import Settings
from tests.support.pictures import jpeg
from tests.support.reconciling import failing, reconcile, reconciler_of
from tests.support.service import Service, form, running


def post(service: Service, collection_name: str = 'c') -> falcon.testing.Result:
    sent = form(('image', jpeg(), 'a.jpg'))
    return service.client.post_form(collection_name, sent)


def test_an_insert_that_was_never_sent_leaves_no_file(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = pymongo_errors.ServerSelectionTimeoutError('no server')
    monkeypatch.setattr(Collection, 'insert_one', failing(error))
    assert post(service).status_code == 503
    assert service.stored_files() == []
    assert service.folder.unresolved.all() == []


@pytest.mark.parametrize(
    'error',
    [
        pymongo_errors.NetworkTimeout('no answer'),
        pymongo_errors.AutoReconnect('connection closed'),
        pymongo_errors.WTimeoutError('not on a majority', 64),
        pymongo_errors.OperationFailure('not primary', 10107),
        pymongo_errors.ExecutionTimeout('too slow', 50),
    ],
)
def test_an_insert_that_may_have_been_applied_keeps_its_file(
    service: Service, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    insert = Collection.insert_one

    def insert_and_fail(*args: Any, **kwargs: Any) -> None:
        insert(*args, **kwargs)
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(Collection, 'insert_one', insert_and_fail)
        assert post(service).status_code == 503
    (document,) = service.client.simulate_get('/collections/c/images').json
    path = f'/collections/c/images/{document["_id"]}/image'
    assert len(service.folder.unresolved.all()) == 1
    reconcile(service)
    assert service.client.simulate_get(path).content == jpeg()
    assert service.folder.unresolved.all() == []


def test_the_file_of_an_insert_that_never_came_goes_after_the_grace_time(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(
            Collection, 'insert_one', failing(pymongo_errors.NetworkTimeout(''))
        )
        assert post(service).status_code == 503
    reconcile(service, grace_seconds=60)
    assert len(service.stored_files()) == 1
    reconcile(service, grace_seconds=0)
    assert service.stored_files() == []
    assert service.folder.unresolved.all() == []


def test_no_doubt_is_settled_while_the_database_is_away(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    patch_error = failing(pymongo_errors.NetworkTimeout(''))
    with monkeypatch.context() as patch:
        patch.setattr(Collection, 'insert_one', patch_error)
        post(service)
    monkeypatch.setattr(Collection, 'find_one', patch_error)
    reconcile(service)
    assert len(service.stored_files()) == 1
    assert len(service.folder.unresolved.all()) == 1


def test_a_failed_delete_in_the_database_keeps_the_file(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f'/collections/c/images/{service.client.upload()["_id"]}'
    with monkeypatch.context() as patch:
        error = pymongo_errors.NetworkTimeout('')
        patch.setattr(Collection, 'find_one_and_delete', failing(error))
        assert service.client.simulate_delete(path).status_code == 503
    assert service.client.simulate_get(f'{path}/image').content == jpeg()


def test_a_file_that_cannot_be_deleted_is_deleted_later(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, while somebody reads it."""
    path = f'/collections/c/images/{service.client.upload()["_id"]}'
    with monkeypatch.context() as patch:
        patch.setattr(os, 'unlink', failing(PermissionError(errno.EACCES, 'in use')))
        assert service.client.simulate_delete(path).status_code == 200
    assert service.client.simulate_get(path).status_code == 404
    assert len(service.stored_files()) == 1
    reconcile(service)
    assert service.stored_files() == []


@pytest.mark.parametrize(
    ('number', 'status'), [(errno.ENOSPC, 507), (errno.EDQUOT, 507), (errno.EIO, 503)]
)
@pytest.mark.parametrize('call', ['fsync', 'replace'])
def test_a_disk_that_fails_leaves_no_trace(
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    number: int,
    status: int,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing(OSError(number, 'secret reason')))
        response = post(service)
    assert response.status_code == status
    assert 'secret' not in response.text
    assert service.stored_files() == []
    assert service.client.simulate_get('/collections').json == []
    assert post(service).status_code == 200


def test_a_drop_that_was_cut_off_is_finished_later(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        service.client.upload('c')
    with monkeypatch.context() as patch:
        error = DatabaseUnavailableError('')
        patch.setattr(Drops, 'documents', failing(error))
        response = service.client.simulate_delete('/collections/c')
    assert response.status_code == 503
    assert service.client.simulate_get('/collections').json == []
    kept = service.client.upload('c')
    assert len(service.stored_files()) == 4
    reconcile(service)
    assert [path.stem for path in service.stored_files()] == [kept['_id']]
    assert set(service.database.list_collection_names()) == {
        *('c', '_service.drops', '_service.store', '_service.collections')
    }


def test_the_file_of_a_delete_that_was_applied_unheard_goes_too(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f'/collections/c/images/{service.client.upload()["_id"]}'
    delete = Collection.find_one_and_delete

    def delete_and_fail(*args: Any, **kwargs: Any) -> None:
        delete(*args, **kwargs)
        raise pymongo_errors.NetworkTimeout('no answer')

    with monkeypatch.context() as patch:
        patch.setattr(Collection, 'find_one_and_delete', delete_and_fail)
        assert service.client.simulate_delete(path).status_code == 503
    assert service.client.simulate_get(path).status_code == 404
    reconcile(service)
    assert service.stored_files() == []


def test_a_file_that_stays_locked_keeps_no_other_doubt_open(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [
        f'/collections/c/images/{service.client.upload()["_id"]}' for _ in range(6)
    ]
    with monkeypatch.context() as patch:
        patch.setattr(os, 'unlink', failing(PermissionError(errno.EACCES, 'in use')))
        for path in paths:
            service.client.simulate_delete(path)
    locked = service.stored_files()[2]
    unlink = os.unlink

    def refuse_one(path: Any, **kwargs: Any) -> None:
        if os.fspath(path) == str(locked):
            raise PermissionError(errno.EACCES, 'in use')
        unlink(path, **kwargs)

    monkeypatch.setattr(os, 'unlink', refuse_one)
    reconcile(service)
    assert service.stored_files() == [locked]
    assert len(service.folder.unresolved.all()) == 1


def test_the_doubts_of_another_database_are_left_to_it(service: Service) -> None:
    with running(service.settings, mongodb_db='test_of_others') as other:
        document = other.client.upload('c')
        unresolved_write = UnresolvedWrite(
            'test_of_others', 'c', document['_id'], 'image/jpeg'
        )
        other.folder.unresolved.note(unresolved_write)
        reconcile(service)
        path = f'/collections/c/images/{document["_id"]}/image'
        assert other.client.simulate_get(path).content == jpeg()
        assert other.folder.unresolved.all() == [unresolved_write]


def test_time_in_which_the_database_is_away_does_not_count(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    unresolved_write = UnresolvedWrite(
        service.settings.mongodb_db, 'c', str(bson.ObjectId()), ''
    )
    service.folder.unresolved.note(unresolved_write)
    clock = [0.0]
    # Of the reconciler alone: the database's client has limits of its own.
    its_time = SimpleNamespace(monotonic=lambda: clock[0])
    monkeypatch.setattr('falcon_images.maintenance.reconciler.time', its_time)
    reconciler = reconciler_of(service, grace_seconds=30)
    reconciler.run_once()
    clock[0] = 25.0
    with monkeypatch.context() as patch:
        patch.setattr(
            Collection, 'find_one', failing(pymongo_errors.NetworkTimeout(''))
        )
        reconciler.run_once()
    for clock[0], left in ((50.0, 1), (79.0, 1), (80.0, 0)):
        reconciler.run_once()
        assert len(service.folder.unresolved.all()) == left


def test_a_document_that_the_database_refuses_leaves_no_file(service: Service) -> None:
    service.database.create_collection('c', validator={'must': {'$exists': True}})
    assert post(service).status_code == 400
    assert service.stored_files() == []
    assert service.folder.unresolved.all() == []


def test_properties_over_16_mb_leave_no_trace(service: Service) -> None:
    with running(service.settings, max_properties_bytes=20_000_000) as generous:
        sent = form(('a', 'x' * 17_000_000), ('image', jpeg(), 'a.jpg'))
        response = generous.client.post_form('c', sent)
        assert response.status_code == 413
        assert generous.client.simulate_get('/collections').json == []
        assert generous.stored_files() == []


def test_the_reconciler_makes_indexes_that_are_missing(service: Service) -> None:
    service.database.legacy.insert_one({'image': 'a.jpg'})
    reconcile(service)
    assert len(list(service.database.legacy.list_indexes())) == 4


def test_an_index_that_cannot_be_made_keeps_no_image_out(service: Service) -> None:
    service.database.c.create_index([('time', -1), ('_id', -1)], name='theirs')
    service.client.upload('c')
    reconcile(service)


def test_a_failing_step_does_not_stop_the_reconciler(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sweep_incoming() -> None:
        raise RuntimeError('unforeseen')

    monkeypatch.setattr(service.folder, 'sweep_incoming', sweep_incoming)
    unresolved_write = UnresolvedWrite(
        service.settings.mongodb_db, 'c', str(bson.ObjectId()), 'image/jpeg'
    )
    service.folder.unresolved.note(unresolved_write)
    reconcile(service)
    assert service.folder.unresolved.all() == []


class TestConcurrency:
    """One image, one collection, many requests at the same moment."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        """Without a server, slow work that finds no place is refused at once."""
        return replace(settings, app_threads=16)

    def test_parallel_uploads_are_all_kept(self, service: Service) -> None:
        with ThreadPoolExecutor(16) as pool:
            responses = list(pool.map(lambda _: post(service), range(64)))
        assert {response.status_code for response in responses} == {200}
        ids = {response.json['_id'] for response in responses}
        assert len(ids) == 64
        assert {path.stem for path in service.stored_files()} == ids
        assert service.database.c.count_documents({}) == 64

    def test_one_of_many_deletes_wins(self, service: Service) -> None:
        path = f'/collections/c/images/{service.client.upload()["_id"]}'
        with ThreadPoolExecutor(8) as pool:
            deletes = pool.map(
                lambda _: service.client.simulate_delete(path).status_code, range(8)
            )
            assert sorted(deletes) == [200] + [404] * 7
        assert service.stored_files() == []

    def test_no_patch_is_lost(self, service: Service) -> None:
        path = f'/collections/c/images/{service.client.upload()["_id"]}'
        with ThreadPoolExecutor(8) as pool:
            for content_type in ('application/json', 'application/merge-patch+json'):
                results = pool.map(
                    lambda n, kind=content_type: (
                        service.client.simulate_patch(
                            path, body=f'{{"{kind[12]}{n}": {n}}}', content_type=kind
                        ).status_code
                    ),
                    range(24),
                )
                assert set(results) == {200}
        document = service.client.simulate_get(path).json
        assert len(document) == 4 + 48

    def test_drops_under_uploads_lose_nothing(self, service: Service) -> None:
        """Every image is there whole, or is gone whole."""

        def work(number: int) -> int:
            if number % 8 == 0:
                return service.client.simulate_delete('/collections/c').status_code
            return post(service).status_code

        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(work, range(96)))
        assert set(statuses) <= {200, 404}
        reconcile(service)
        documents = service.client.simulate_get('/collections/c/images').json
        ids = {document['_id'] for document in documents}
        assert {path.stem for path in service.stored_files()} == ids
        for image_id in ids:
            path = f'/collections/c/images/{image_id}/image'
            assert service.client.simulate_get(path).content == jpeg()

    def test_one_of_many_drops_counts_the_images(self, service: Service) -> None:
        service.client.upload('c')
        with ThreadPoolExecutor(8) as pool:
            drops = pool.map(
                lambda _: service.client.simulate_delete('/collections/c').status_code,
                range(8),
            )
            assert sorted(drops) == [200] + [404] * 7
