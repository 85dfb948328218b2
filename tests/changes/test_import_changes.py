"""Imports as changes: what one did can be undone, and nothing that others did since."""

from typing import Any

import bson
import pytest

from falcon_images.metadata.changes.bulk import BulkDocuments
from falcon_images.metadata.images import ImageDocuments
from falcon_images.store.import_changes import ImportChange
from tests.support.bulk_changes import (
    IMAGES,
    before,
    change_of,
    changes,
    delete_one,
    documents,
    dump,
    finish,
    left_of_changes,
    revert,
    run_out,
)
from tests.support.importing import (
    file_of,
    images_of,
    import_archive,
    reasons,
    with_manifest,
    zipped,
)
from tests.support.interception import KINDS, Fault, Kind, failing
from tests.support.pictures import jpeg
from tests.support.reconciling import reconcile
from tests.support.service import Service

IDS = [f'6565f0c2a1b2c3d4e5f6071{n}' for n in range(3)]
FILES = {f'{n}.jpg': jpeg() + b'%d' % n for n in range(3)}
PLAIN = zipped(FILES)
FAULTS = [kind for kind in KINDS if not kind.is_lasting]


def with_ids(**properties: Any) -> bytes:
    manifest = [
        {'_id': image_id, 'image': name, **properties}
        for image_id, name in zip(IDS, FILES, strict=True)
    ]
    return with_manifest(manifest, FILES)


ARCHIVES = {'plain': PLAIN, 'with ids': with_ids()}


def undone(service: Service, change: str) -> tuple[int, list[str]]:
    answer = revert(service, change)
    assert answer.status_code == 200, answer.text
    assert answer.json['conflict_count'] == len(answer.json['conflicts'])
    return answer.json['reverted'], answer.json['conflicts']


@pytest.mark.parametrize('kind', ARCHIVES)
def test_a_revert_deletes_what_came(service: Service, kind: str) -> None:
    service.client.upload('c')
    was = dump(service)
    answer = import_archive(service, ARCHIVES[kind])
    assert answer.json['imported'] == 3
    assert undone(service, answer.json['change']) == (3, [])
    assert dump(service) == was
    assert len(service.stored_files()) == 1


@pytest.mark.parametrize('kind', ARCHIVES)
def test_the_first_images_of_a_collection_are_a_change_too(
    service: Service, kind: str
) -> None:
    answer = import_archive(service, ARCHIVES[kind])
    assert undone(service, answer.json['change']) == (3, [])
    assert (documents(service), service.stored_files()) == ([], [])


@pytest.mark.parametrize('kind', ARCHIVES)
def test_what_was_reverted_can_be_imported_again(service: Service, kind: str) -> None:
    undone(service, import_archive(service, ARCHIVES[kind]).json['change'])
    answer = import_archive(service, ARCHIVES[kind])
    assert (answer.json['imported'], answer.json['skipped']) == (3, [])


def test_a_revert_puts_updated_documents_back(service: Service) -> None:
    import_archive(service, with_ids(label='OK'))
    was = dump(service)
    answer = import_archive(service, with_ids(label='NG'))
    assert answer.json['updated'] == 3
    assert undone(service, answer.json['change']) == (3, [])
    assert dump(service) == was


def test_what_others_changed_since_is_a_conflict(service: Service) -> None:
    change = import_archive(service, with_ids()).json['change']
    service.client.simulate_patch(f'{IMAGES}/{IDS[1]}', json={'label': 'NG'})
    assert undone(service, change) == (2, [IDS[1]])
    assert [each['_id'] for each in images_of(service)] == [IDS[1]]
    assert file_of(service, IDS[1]) == FILES['1.jpg']


def test_an_update_that_others_changed_since_is_a_conflict(service: Service) -> None:
    import_archive(service, with_ids(label='OK'))
    change = import_archive(service, with_ids(label='NG')).json['change']
    service.client.simulate_patch(f'{IMAGES}/{IDS[1]}', json={'n': 1})
    assert undone(service, change) == (2, [IDS[1]])
    assert [each['label'] for each in documents(service)] == ['OK', 'NG', 'OK']


def test_what_others_deleted_since_is_no_conflict(service: Service) -> None:
    change = import_archive(service, with_ids()).json['change']
    delete_one(service, IDS[0])
    assert undone(service, change) == (3, [])


def test_a_change_between_reading_and_deleting_is_a_conflict(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = import_archive(service, with_ids()).json['change']

    def label() -> None:
        path = f'{IMAGES}/{IDS[0]}'
        service.client.simulate_patch(path, json={'label': 'NG'})

    before(monkeypatch, ImageDocuments, 'delete', label)
    assert undone(service, change) == (2, [IDS[0]])


@pytest.mark.parametrize('kind', ARCHIVES)
def test_an_import_that_changes_nothing_is_no_change(
    service: Service, kind: str
) -> None:
    import_archive(service, ARCHIVES[kind])
    answer = import_archive(service, ARCHIVES[kind])
    assert (answer.json['unchanged'], answer.json['change']) == (3, None)
    assert len(changes(service)) == 1


def test_a_dry_run_is_no_change(service: Service) -> None:
    assert import_archive(service, PLAIN, dry_run='true').json['change'] is None
    assert changes(service) == []


def test_a_change_says_what_it_was(service: Service) -> None:
    service.client.upload('c')
    change = import_archive(service, PLAIN).json['change']
    record = change_of(service, change)
    del record['time'], record['until']
    assert record == {
        '_id': change,
        'kind': 'import',
        'state': 'done',
        'matched': 3,
        'changed': 3,
        'reverted': 0,
        'conflicts': 0,
        'conditions': {},
        'patch': None,
    }


def test_an_expired_change_leaves_the_images(service: Service) -> None:
    import_archive(service, PLAIN)
    run_out(service, 'until')
    reconcile(service)
    assert left_of_changes(service) == 0
    assert len(service.stored_files()) == len(documents(service)) == 3


def test_a_dropped_collection_takes_its_imports_along(service: Service) -> None:
    change = import_archive(service, PLAIN).json['change']
    service.client.simulate_delete('/collections/c')
    reconcile(service)
    assert left_of_changes(service) == 0
    import_archive(service, PLAIN)
    assert revert(service, change).status_code == 404
    assert len(documents(service)) == 3


def cut_off(service: Service, monkeypatch: pytest.MonkeyPatch) -> str:
    """Import an archive of which two images are stored; return the change."""
    service.client.upload('c')
    with monkeypatch.context() as patched:
        patched.setattr(ImportChange, '_end', lambda self: None)

        def gone() -> None:
            raise KeyboardInterrupt

        before(patched, ImageDocuments, 'insert', lambda: None, times=2)
        insert = ImageDocuments.insert
        left = [None] * 2

        def third(*args: Any) -> None:
            if not left:
                gone()
            left.pop()
            insert(*args)

        patched.setattr(ImageDocuments, 'insert', third)
        with pytest.raises(KeyboardInterrupt):
            import_archive(service, PLAIN)
    (record,) = changes(service)
    assert record['state'] == 'running'
    return str(record['_id'])


def test_an_import_that_was_cut_off_can_be_reverted(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = cut_off(service, monkeypatch)
    assert revert(service, change).status_code == 409
    run_out(service, 'lease.until')
    assert undone(service, change)[1] == []
    assert len(documents(service)) == 1


def test_an_import_that_was_cut_off_is_ended_in_the_background(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = cut_off(service, monkeypatch)
    reconcile(service)
    assert change_of(service, change)['state'] == 'running'
    run_out(service, 'lease.until')
    reconcile(service)
    assert change_of(service, change)['state'] == 'done'
    assert undone(service, change)[1] == []
    assert len(documents(service)) == 1


def test_an_import_that_was_cut_off_can_be_finished(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = cut_off(service, monkeypatch)
    run_out(service, 'lease.until')
    assert finish(service, change).json['state'] == 'done'
    assert len(documents(service)) == 3


def test_what_the_next_import_finishes_is_a_change_of_its_own(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = cut_off(service, monkeypatch)
    run_out(service, 'lease.until')
    answer = import_archive(service, PLAIN)
    assert (answer.json['imported'], answer.json['unchanged']) == (1, 2)
    assert undone(service, answer.json['change']) == (1, [])
    undone(service, first)
    assert len(documents(service)) == 1


def test_a_patch_in_between_is_not_lost(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_archive(service, with_ids(label='OK'))

    def patch() -> None:
        path = f'{IMAGES}/{IDS[0]}'
        service.client.simulate_patch(path, json={'seen': True})

    before(monkeypatch, BulkDocuments, 'replace', patch)
    answer = import_archive(service, with_ids(label='NG'))
    assert answer.json['updated'] == 3
    # The archive has all properties of an image; what was patched is in the change.
    assert undone(service, answer.json['change']) == (3, [])
    assert [each.get('seen') for each in documents(service)] == [True, None, None]


def test_an_id_that_is_twice_in_an_archive_is_taken_once(service: Service) -> None:
    import_archive(service, with_ids())
    twice = [{'_id': IDS[0], 'image': '0.jpg', 'n': n} for n in range(2)]
    answer = import_archive(service, with_manifest(twice, {'0.jpg': FILES['0.jpg']}))
    assert answer.json['updated'] == 1
    assert 'once more' in reasons(answer)['0.jpg']


@pytest.mark.parametrize('kind', FAULTS, ids=lambda kind: kind.name.replace(' ', '-'))
def test_whatever_an_import_did_before_it_failed_can_be_undone(
    service: Service, kind: Kind
) -> None:
    service.client.upload('c')
    was = dump(service)
    for number in range(1, 60):
        fault = Fault(kind, number)
        with failing(fault):
            import_archive(service, ARCHIVES['with ids'])
        run_out(service, 'lease.until')
        reconcile(service)
        for record in changes(service):
            undone(service, record['_id'])
        assert dump(service) == was, fault.failed
        service.database['_service.turns'].delete_many({})
        if not fault.failed:
            break
    assert 10 < number < 59


def test_hidden_ids_are_those_of_images(service: Service) -> None:
    change = import_archive(service, with_ids()).json['change']
    kept = service.database['_service.before'].find(
        {'_id.change': bson.ObjectId(change)}
    )
    assert {str(each['_id']['image']) for each in kept} == set(IDS)
