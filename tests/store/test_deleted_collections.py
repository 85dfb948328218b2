"""Collections that are deleted and come back: with all they had, whatever happens."""

import datetime
from typing import Any

import falcon.testing
import pytest

from falcon_images.errors import DatabaseUnavailableError
from falcon_images.metadata.collections import tombstones
from falcon_images.metadata.collections.tombstones import Tombstones
from tests.support.bulk_changes import (
    LONG_AGO,
    changes,
    delete,
    documents,
    dump,
    revert,
    run_out,
)
from tests.support.checks import check
from tests.support.pictures import jpeg
from tests.support.reconciling import failing, reconcile
from tests.support.service import Service, form

C = '/collections/c'
Result = falcon.testing.Result


@pytest.fixture
def two(service: Service) -> Service:
    for label in ('OK', 'NG'):
        service.client.upload(label=label)
    return service


def delete_all(service: Service, name: str = 'c') -> str:
    """Delete a collection so that it can come back; return what brings it back."""
    answer = service.client.simulate_delete(
        f'/collections/{name}', query_string='revertible=true'
    )
    assert answer.status_code == 200, answer.text
    change: str = answer.json['change']
    return change


def deleted(service: Service) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = service.client.simulate_get(
        '/collections', query_string='deleted=true'
    ).json
    return found


def end_leases(service: Service, **fields: Any) -> None:
    service.database['_service.tombstones'].update_many(
        {}, {'$set': {'lease.until': LONG_AGO, **fields}}
    )


def names_of_ours(service: Service) -> list[str]:
    return [
        name
        for name in service.database.list_collection_names()
        if name.startswith(('_service.dropped', '_service.deleted_collection'))
    ]


def stored(service: Service) -> dict[str, Any]:
    found = service.database['c'].find_one({})
    assert found is not None
    return found


def test_it_comes_back_byte_for_byte(two: Service) -> None:
    before, files = dump(two), two.stored_files()
    change = delete_all(two)
    assert two.client.simulate_get('/collections').json == []
    assert two.client.simulate_get(C).status_code == 404
    assert two.stored_files() == files
    assert revert(two, change).json == {
        'change': change,
        'reverted': 2,
        'conflicts': [],
        'conflict_count': 0,
    }
    assert dump(two) == before
    assert deleted(two) == []


def test_it_is_listed_until_its_time_is_over(two: Service) -> None:
    change = delete_all(two)
    (found,) = deleted(two)
    assert (found['name'], found['documents'], found['change']) == ('c', 2, change)
    time, until = (
        datetime.datetime.fromisoformat(found[name]) for name in ('time', 'until')
    )
    kept = datetime.timedelta(seconds=two.settings.changes_kept_seconds)
    assert abs(until - time - kept) < datetime.timedelta(minutes=1)


def test_its_name_is_free_at_once_and_then_it_cannot_come_back(two: Service) -> None:
    change = delete_all(two)
    new = two.client.upload()
    assert revert(two, change).status_code == 409
    assert [each['_id'] for each in documents(two)] == [new['_id']]
    two.client.simulate_delete(C)
    assert revert(two, change).json['reverted'] == 2
    assert [each['label'] for each in documents(two)] == ['OK', 'NG']


def test_when_its_time_is_over_its_files_go(two: Service) -> None:
    change = delete_all(two)
    end_leases(two, until=LONG_AGO)
    assert revert(two, change).status_code == 409
    reconcile(two)
    assert two.stored_files() == []
    assert names_of_ours(two) == []
    assert two.database['_service.tombstones'].count_documents({}) == 0
    assert revert(two, change).status_code == 404


@pytest.mark.parametrize(
    'query', ['revertible=', 'revertible=yes', 'label=OK', 'revertible=true&label=OK']
)
def test_other_words_delete_nothing(two: Service, query: str) -> None:
    assert two.client.simulate_delete(C, query_string=query).status_code == 400
    assert len(documents(two)) == 2


def test_what_is_not_there_is_404(service: Service) -> None:
    answer = service.client.simulate_delete(C, query_string='revertible=true')
    assert answer.status_code == 404
    assert service.database['_service.tombstones'].count_documents({}) == 0


def test_one_killed_before_the_rename_is_there(two: Service) -> None:
    with pytest.MonkeyPatch.context() as patch:
        error = DatabaseUnavailableError('')
        patch.setattr(tombstones, 'rename', failing(error))
        answer = two.client.simulate_delete(C, query_string='revertible=true')
    assert answer.status_code == 503
    end_leases(two)
    reconcile(two)
    assert len(documents(two)) == 2
    assert two.database['_service.tombstones'].count_documents({}) == 0


def test_one_killed_after_the_rename_can_come_back(two: Service) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Tombstones, 'publish', failing(DatabaseUnavailableError('')))
        answer = two.client.simulate_delete(C, query_string='revertible=true')
    assert answer.status_code == 503
    assert deleted(two) == []
    end_leases(two)
    reconcile(two)
    (found,) = deleted(two)
    assert found['documents'] == 2
    assert revert(two, found['change']).status_code == 200
    assert len(documents(two)) == 2


@pytest.mark.parametrize('name', ['_rename_back', 'forget'])
def test_a_revert_that_is_killed_can_be_sent_again_or_was_done(
    two: Service, name: str
) -> None:
    change = delete_all(two)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Tombstones, name, failing(DatabaseUnavailableError('')))
        assert revert(two, change).status_code == 503
    assert revert(two, change).status_code == 409
    end_leases(two)
    reconcile(two)
    if name == '_rename_back':
        assert revert(two, change).status_code == 200
    assert len(documents(two)) == 2
    assert two.database['_service.tombstones'].count_documents({}) == 0


def test_an_end_that_is_killed_is_gone_on_with(two: Service) -> None:
    delete_all(two)
    end_leases(two, until=LONG_AGO)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Tombstones, 'forget', failing(DatabaseUnavailableError('')))
        reconcile(two)
    two.database['_service.drops'].update_many({}, {'$set': {'until': LONG_AGO}})
    end_leases(two)
    reconcile(two)
    assert two.stored_files() == []
    assert names_of_ours(two) == []
    assert two.database['_service.tombstones'].count_documents({}) == 0


def test_one_without_a_record_as_from_a_dump_gets_one(two: Service) -> None:
    delete_all(two)
    two.database['_service.tombstones'].delete_many({})
    reconcile(two)
    end_leases(two)
    reconcile(two)
    (found,) = deleted(two)
    assert revert(two, found['change']).json['reverted'] == 2
    assert len(documents(two)) == 2


def test_its_changes_go_and_come_back_with_it(two: Service) -> None:
    assert delete(two).status_code == 200
    bulk = changes(two)[0]['_id']
    change = delete_all(two)
    two.client.upload()
    assert changes(two) == []
    assert revert(two, bulk).status_code == 404
    two.client.simulate_delete(C)
    revert(two, change)
    assert revert(two, bulk).json['reverted'] == 1
    assert [each['label'] for each in documents(two)] == ['OK', 'NG']


def test_a_change_that_expires_meanwhile_takes_only_its_own_files(
    two: Service,
) -> None:
    delete(two)
    (kept,) = documents(two)
    # As one that was cut off just before it deleted it too.
    before = two.database['_service.before'].find_one({})
    assert before is not None
    whole = stored(two)
    twin = before | {'before': whole, '_id': before['_id'] | {'image': whole['_id']}}
    two.database['_service.before'].insert_one(twin)
    change = delete_all(two)
    run_out(two, 'until')
    reconcile(two)
    assert [path.stem for path in two.stored_files()] == [kept['_id']]
    revert(two, change)
    assert documents(two) == [kept]


def test_snapshots_go_and_come_back_with_it(two: Service) -> None:
    path = f'{C}/snapshots'
    two.client.simulate_post(path, json={'name': 'a', 'conditions': {}})
    change = delete_all(two)
    two.client.upload()
    assert two.client.simulate_get(path).json == []
    two.client.simulate_delete(C)
    revert(two, change)
    assert [each['name'] for each in two.client.simulate_get(path).json] == ['a']


def test_a_snapshot_that_ends_meanwhile_takes_no_file(two: Service) -> None:
    path = f'{C}/snapshots'
    two.client.simulate_post(path, json={'name': 'a', 'conditions': {}})
    two.client.simulate_delete(f'{path}/a')
    change = delete_all(two)
    two.database['_service.snapshots'].update_many({}, {'$set': {'until': LONG_AGO}})
    reconcile(two)
    assert two.database['_service.snapshots'].count_documents({}) == 0
    assert len(two.stored_files()) == 2
    revert(two, change)
    assert check(two) == []


def test_a_write_of_which_nobody_knows_keeps_its_file(two: Service) -> None:
    first = documents(two)[0]
    two.parts.removal.note_of('c', stored(two))
    change = delete_all(two)
    reconcile(two)
    assert first['_id'] in {path.stem for path in two.stored_files()}
    revert(two, change)
    reconcile(two)
    assert check(two) == []


def test_check_finds_nothing_orphaned_and_what_is_missing(two: Service) -> None:
    delete_all(two)
    assert check(two, repairs=True, grace=0) == []
    two.stored_files()[0].unlink()
    (found,) = check(two)
    assert (found.kind, found.note) == (
        'missing',
        'in a deleted collection, can be reverted',
    )


def test_an_import_does_not_take_the_files_of_what_can_come_back(two: Service) -> None:
    archive = two.client.simulate_get(f'{C}/export').content
    change = delete_all(two)
    answer = two.client.simulate_post(
        f'{C}/import', **_sent(form(('archive', archive, 'a.zip')))
    )
    assert 'can still come back' in answer.text
    assert two.client.simulate_get(C).status_code == 404
    revert(two, change)
    assert check(two) == []
    assert len(two.stored_files()) == 2


def test_an_idempotency_key_is_of_the_collection_that_is_there(
    service: Service,
) -> None:
    def send() -> Result:
        return service.client.post_form(
            'c', form(('image', jpeg(), 'a.jpg')), headers={'Idempotency-Key': 'k'}
        )

    first = send().json['_id']
    change = delete_all(service)
    second = send().json['_id']
    assert second != first
    service.client.simulate_delete(C)
    revert(service, change)
    assert send().json['_id'] == first


def test_its_title_comes_back_and_a_new_one_has_none(two: Service) -> None:
    two.client.simulate_patch(C, json={'title': 'Welds'})
    change = delete_all(two)
    two.client.upload()
    assert _card(two)['title'] is None
    two.client.simulate_delete(C)
    revert(two, change)
    assert _card(two)['title'] == 'Welds'


def _card(service: Service) -> dict[str, Any]:
    card: dict[str, Any] = service.client.simulate_get(
        C, query_string='details=true'
    ).json
    return card


def _sent(sent: Any) -> dict[str, Any]:
    return {'body': sent.body, 'content_type': sent.content_type}
