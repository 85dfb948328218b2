"""Images that somebody deletes beside a bulk delete: they never come back."""

from collections.abc import Callable
from typing import Any

import pytest
from pymongo import errors as pymongo_errors

from falcon_images.errors import DatabaseUnavailableError
from falcon_images.metadata.changes.before_images import BeforeImages
from falcon_images.metadata.changes.bulk import BulkDocuments
from tests.support.bulk_changes import (
    IMAGES,
    before,
    changes,
    delete,
    delete_one,
    documents,
    finish,
    labels,
    revert,
    run_out,
)
from tests.support.reconciling import failing, reconcile
from tests.support.service import Service


@pytest.fixture
def ids(service: Service) -> list[str]:
    for label in ('OK', 'NG', 'NG'):
        service.client.upload(label=label)
    return [document['_id'] for document in documents(service)]


def cut_off(service: Service) -> str:
    """Cut a bulk delete off just before it deletes; return its id."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BulkDocuments, 'delete', failing(DatabaseUnavailableError('')))
        assert delete(service).status_code == 503
    run_out(service, 'lease.until')
    found: str = changes(service)[0]['_id']
    return found


def stems(service: Service) -> set[str]:
    return {path.stem for path in service.stored_files()}


@pytest.mark.parametrize('end', ['revert', 'finish and revert'])
def test_one_deleted_after_the_bulk_delete_was_cut_off_stays_deleted(
    service: Service, ids: list[str], end: str
) -> None:
    change = cut_off(service)
    delete_one(service, ids[1])
    assert ids[1] not in stems(service)
    if end != 'revert':
        assert finish(service, change).json['changed'] == 1
    answer = revert(service, change).json
    assert answer['reverted'] == (0 if end == 'revert' else 1)
    assert labels(service) == ['OK', 'NG']
    assert service.client.simulate_get(f'{IMAGES}/{ids[1]}').status_code == 404
    assert service.folder.unresolved.all() == []


@pytest.mark.parametrize('end', [revert, finish])
def test_one_deleted_between_reading_and_keeping_it_stays_deleted(
    service: Service,
    ids: list[str],
    monkeypatch: pytest.MonkeyPatch,
    end: Callable[[Service, str], Any],
) -> None:
    """The before-image is written after the image was deleted, then all ends."""
    before(monkeypatch, BeforeImages, 'keep', lambda: delete_one(service, ids[1]))
    change = cut_off(service)
    assert end(service, change).status_code == 200
    revert(service, change)
    assert labels(service) == ['OK', 'NG']
    assert stems(service) == {ids[0], ids[2]}


def test_what_a_second_bulk_delete_deleted_is_not_put_back_by_the_first(
    service: Service, ids: list[str]
) -> None:
    first = cut_off(service)
    second = delete(service).json
    assert second['changed'] == 2
    assert revert(service, first).json['reverted'] == 0
    assert labels(service) == ['OK']
    assert revert(service, second['change']).json['reverted'] == 2
    assert labels(service) == ['OK', 'NG', 'NG']


def test_one_deleted_while_it_is_put_back_stays_deleted(
    service: Service, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is deleted after the revert has put it back, before this is written down."""
    change = delete(service).json['change']
    before(monkeypatch, BeforeImages, 'remove', lambda: delete_one(service, ids[1]))
    revert(service, change)
    revert(service, change)
    assert labels(service) == ['OK', 'NG']


def test_a_delete_that_cannot_tell_bulk_deletes_of_it_is_not_acknowledged(
    service: Service, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    change = cut_off(service)
    with monkeypatch.context() as patch:
        patch.setattr(
            type(service.database['c']),
            'delete_many',
            failing(pymongo_errors.NetworkTimeout('no answer')),
        )
        answer = service.client.simulate_delete(f'{IMAGES}/{ids[1]}')
    assert answer.status_code == 503
    assert revert(service, change).status_code == 200
    reconcile(service)
    for document in documents(service):
        path = f'{IMAGES}/{document["_id"]}/image'
        assert service.client.simulate_get(path).status_code == 200


def test_what_was_only_about_to_be_deleted_is_not_counted(
    service: Service, ids: list[str]
) -> None:
    change = cut_off(service)
    answer = revert(service, change).json
    assert (answer['reverted'], answer['conflict_count']) == (0, 0)
    assert labels(service) == ['OK', 'NG', 'NG']
