"""Snapshots: made, listed and ended, and the files that they hold."""

import json
from typing import Any

import pytest

from tests.support.archives import upload
from tests.support.checks import check
from tests.support.pictures import jpeg
from tests.support.reconciling import reconcile
from tests.support.service import Service
from tests.support.snapshots import (
    IMAGES,
    SNAPSHOTS,
    delete,
    delete_in_bulk,
    end,
    ended,
    expire_changes,
    exported,
    findings,
    listed,
    made,
    make,
    run_out,
    sweep,
)


@pytest.fixture
def three(service: Service) -> Service:
    for number, label in enumerate(('OK', 'NG', 'NG')):
        properties = json.dumps({'n': number, 'label': label})
        upload(service, f'{number}.jpg', jpeg() + bytes([number]), json=properties)
    return service


def test_a_snapshot_says_what_is_in_it(three: Service) -> None:
    answer = made(three, 'a-1_2.3', label='NG')
    size = 2 * len(jpeg()) + 2
    assert answer.pop('time').endswith('Z')
    assert answer == {
        'name': 'a-1_2.3',
        'conditions': {'label': 'NG'},
        'images': 2,
        'bytes': size,
        'bytes_held': 0,
    }


def test_without_conditions_it_is_all_images(three: Service) -> None:
    answer = three.client.simulate_post(SNAPSHOTS, json={'name': 's'})
    assert answer.json['images'] == 3


def test_images_can_be_chosen_by_their_ids(three: Service) -> None:
    ids = [each['_id'] for each in three.client.simulate_get(IMAGES).json][:2]
    assert made(three, 's', _id=ids)['images'] == 2


def test_they_are_listed_newest_first(three: Service) -> None:
    first, second = made(three, 'a'), made(three, 'b')
    assert listed(three) == [second, first]


@pytest.mark.parametrize('name', ['', '.', '..', 'a/b', 'é', 'a b', 'x' * 65, 5, None])
def test_a_name_that_cannot_be_one_is_400(three: Service, name: Any) -> None:
    answer = three.client.simulate_post(SNAPSHOTS, json={'name': name})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    'conditions',
    [
        {'limit': '5'},
        {'cursor': 'x'},
        {'expect': '3'},
        {'label': ''},
        {'label': []},
        {'label': ['NG', '']},
        {'label': 5},
        {'min__id': 'x'},
        {'filter': '{'},
        {'filter': '{"$where": "1"}'},
        ['label'],
        'label=NG',
        None,
    ],
)
def test_conditions_that_cannot_be_used_are_400(
    three: Service, conditions: Any
) -> None:
    body = {'name': 's', 'conditions': conditions}
    assert three.client.simulate_post(SNAPSHOTS, json=body).status_code == 400
    assert listed(three) == []


@pytest.mark.parametrize('body', [{'name': 's', 'label': 'NG'}, [], {}])
def test_a_body_that_is_not_clear_is_400(three: Service, body: Any) -> None:
    assert three.client.simulate_post(SNAPSHOTS, json=body).status_code == 400


def test_a_property_that_has_the_name_of_a_word_can_be_asked_for(
    service: Service,
) -> None:
    upload(service, 'a.jpg', json='{"limit": 5}')
    assert made(service, 's', eq_limit='5')['images'] == 1


def test_a_name_that_is_taken_is_409(three: Service) -> None:
    made(three)
    assert make(three).status_code == 409
    assert len(listed(three)) == 1


def test_an_unknown_collection_is_404(service: Service) -> None:
    assert make(service).status_code == 404
    assert service.client.simulate_get(SNAPSHOTS).status_code == 404
    assert end(service).status_code == 404


def test_an_unknown_snapshot_is_404(three: Service) -> None:
    assert end(three).status_code == 404
    assert exported(three).status_code == 404


def test_a_snapshot_of_nothing_is_400_and_leaves_its_name_free(
    three: Service,
) -> None:
    assert make(three, label='XX').status_code == 400
    assert made(three)['images'] == 3


def test_a_body_that_is_too_large_is_413(three: Service) -> None:
    body = {'name': 's', 'conditions': {'label': ['x' * 1000] * 1200}}
    assert three.client.simulate_post(SNAPSHOTS, json=body).status_code == 413


def test_only_so_many_are_in_a_collection(
    three: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = 'falcon_images.metadata.snapshots.snapshot_records.MAX_SNAPSHOTS'
    monkeypatch.setattr(where, 2)
    made(three, 'a')
    made(three, 'b')
    assert make(three, 'c').status_code == 409
    ended(three, 'a')
    assert made(three, 'c')


def test_a_name_is_free_once_its_snapshot_is_ended(three: Service) -> None:
    made(three, label='NG')
    assert end(three).json == {'name': 's', 'images': 2}
    assert listed(three) == []
    assert made(three)['images'] == 3


def test_files_of_deleted_images_stay_as_long_as_a_snapshot(three: Service) -> None:
    made(three, label='NG')
    delete(three)
    assert len(three.stored_files()) == 2
    assert findings(three) == []
    ended(three)
    assert three.stored_files() == []


def test_the_list_has_the_bytes_that_snapshots_alone_hold(three: Service) -> None:
    made(three)
    delete(three, 'label=OK')
    (snapshot,) = listed(three)
    assert snapshot['bytes_held'] == len(jpeg()) + 1
    assert snapshot['bytes'] == 3 * (len(jpeg()) + 1)


def test_files_of_images_that_are_still_there_stay_when_it_ends(
    three: Service,
) -> None:
    made(three)
    ended(three)
    assert len(three.stored_files()) == 3
    assert findings(three) == []
    assert three.database['_service.snapshot_images'].count_documents({}) == 0
    assert three.database['_service.snapshots'].count_documents({}) == 0


def test_a_file_goes_with_the_last_of_two_snapshots(three: Service) -> None:
    made(three, 'a')
    made(three, 'b')
    delete(three)
    ended(three, 'a')
    assert len(three.stored_files()) == 3
    ended(three, 'b')
    assert three.stored_files() == []


def test_two_snapshots_that_end_together_leave_nothing(three: Service) -> None:
    made(three, 'a')
    made(three, 'b')
    delete(three)
    end(three, 'a')
    end(three, 'b')
    sweep(three)
    assert three.stored_files() == []


def test_files_of_a_bulk_delete_outlive_its_expiry(three: Service) -> None:
    made(three)
    delete_in_bulk(three)
    expire_changes(three)
    assert len(three.stored_files()) == 3
    assert findings(three) == []
    ended(three)
    assert three.stored_files() == []


def test_files_of_a_bulk_delete_outlive_the_snapshot(three: Service) -> None:
    made(three)
    change = delete_in_bulk(three)
    ended(three)
    assert len(three.stored_files()) == 3
    answer = three.client.simulate_post(f'/collections/c/changes/{change}/revert')
    assert answer.json['reverted'] == 3
    assert findings(three) == []


def test_an_expiry_after_the_snapshot_leaves_nothing(three: Service) -> None:
    made(three)
    delete_in_bulk(three)
    ended(three)
    expire_changes(three)
    assert three.stored_files() == []


def test_a_drop_takes_snapshots_along(three: Service) -> None:
    made(three)
    exported(three)
    delete(three, 'label=OK')
    assert three.client.simulate_delete('/collections/c').status_code == 200
    assert three.stored_files() == []
    assert three.database['_service.snapshot_images'].count_documents({}) == 0
    assert list((three.folder.root / 'snapshots').rglob('*.export')) == []
    upload(three, 'new.jpg')
    assert listed(three) == []


def test_a_legacy_file_is_held_too(service: Service) -> None:
    folder = service.settings.uploads_directory / 'images' / 'c'
    folder.mkdir(parents=True)
    (folder / 'old.jpg').write_bytes(jpeg())
    service.database['c'].insert_many([{'image': 'old.jpg'}, {'image': 'old.jpg'}])
    made(service)
    delete(service)
    assert len(service.stored_files()) == 1
    assert findings(service) == []
    ended(service)
    assert service.stored_files() == []


def test_an_unresolved_delete_leaves_a_file_that_is_held(three: Service) -> None:
    made(three)
    for document in list(three.database['c'].find()):
        three.database['c'].delete_one({'_id': document['_id']})
        three.parts.removal.note_of('c', document)
    reconcile(three)
    assert len(three.stored_files()) == 3
    assert list((three.folder.root / 'doubts').glob('*.json')) == []
    ended(three)
    assert three.stored_files() == []


def test_a_file_that_goes_missing_is_found_by_the_check(three: Service) -> None:
    made(three, label='OK')
    delete(three)
    (path,) = three.stored_files()
    path.unlink()
    (finding,) = check(three)
    assert (finding.kind, finding.note) == (
        *('missing', 'deleted, and held by a snapshot'),
    )


def test_a_snapshot_that_was_cut_off_is_swept(three: Service) -> None:
    parts = three.parts
    uuid = parts.bulk.uuid('c')
    snapshot = parts.snapshot_records.begin('c', uuid, 's', {})
    for batch in parts.snapshot_images.matching('c', {}):
        parts.snapshot_images.add(snapshot.id, 'c', 0, batch)
    delete(three)
    assert make(three).status_code == 409
    assert listed(three) == []
    assert len(three.stored_files()) == 3
    run_out(three)
    reconcile(three)
    sweep(three)
    assert three.stored_files() == []
    upload(three, 'a.jpg')
    assert made(three)['images'] == 1
