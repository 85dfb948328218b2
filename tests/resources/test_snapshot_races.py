"""Images that are deleted, and come back, while snapshots are made and end."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from falcon_images.metadata.changes.bulk import BulkDocuments
from falcon_images.metadata.snapshots.snapshot_images import SnapshotImages
from falcon_images.metadata.snapshots.snapshot_records import SnapshotRecords
from tests.support.archives import upload
from tests.support.importing import with_manifest
from tests.support.pictures import jpeg
from tests.support.reconciling import reconcile
from tests.support.service import Service, form
from tests.support.snapshots import (
    IMAGES,
    delete,
    end,
    ended,
    exported,
    findings,
    listed,
    made,
    make,
    sweep,
)


@pytest.fixture
def two(service: Service) -> Service:
    for number in range(2):
        upload(service, f'{number}.jpg', jpeg() + bytes([number]))
    return service


def before(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, do: Callable[[], Any]
) -> None:
    """Do something once, just before a method is called."""
    method = getattr(owner, name)
    left = [do]

    def called(*args: Any, **kwargs: Any) -> Any:
        if left:
            left.pop()()
        return method(*args, **kwargs)

    monkeypatch.setattr(owner, name, called)


def test_an_image_that_goes_before_it_is_written_is_not_in_it(
    two: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    before(monkeypatch, SnapshotImages, 'add', lambda: delete(two, 'image=0.jpg'))
    assert made(two)['images'] == 1
    assert len(two.stored_files()) == 1
    assert two.database['_service.snapshot_images'].count_documents({}) == 1


def test_a_file_whose_removal_asked_too_early_is_not_counted_on(
    two: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who deletes an image looks for snapshots, and then is slow to remove the file."""
    files = two.parts.files
    remove = files.delete

    def delete_slowly(key: str) -> None:
        monkeypatch.undo()
        assert made(two)['images'] == 1
        remove(key)

    monkeypatch.setattr(files, 'delete', delete_slowly)
    delete(two, 'image=0.jpg')
    assert two.database['_service.snapshot_images'].count_documents({}) == 1
    assert findings(two) == []


def test_an_image_that_goes_after_it_is_written_leaves_its_file(
    two: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    before(monkeypatch, SnapshotRecords, 'publish', lambda: delete(two))
    assert made(two)['images'] == 2
    assert len(two.stored_files()) == 2


def test_a_file_that_was_taken_for_held_goes_in_the_end(
    two: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is deleted when it is written, and before it is looked for once more."""
    before(monkeypatch, BulkDocuments, 'gone', lambda: delete(two, 'image=0.jpg'))
    assert made(two)['images'] == 1
    reconcile(two)
    assert len(two.stored_files()) == 1


def test_an_image_that_goes_while_its_snapshot_ends_leaves_nothing(
    two: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(two)
    end(two)
    before(monkeypatch, SnapshotImages, 'remove', lambda: delete(two))
    sweep(two)
    reconcile(two)
    assert two.stored_files() == []


def test_a_drop_while_it_is_made_leaves_nothing(
    two: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drop() -> None:
        answer = two.client.simulate_delete('/collections/c')
        assert answer.status_code == 200

    before(monkeypatch, SnapshotRecords, 'publish', drop)
    assert make(two).status_code == 409
    assert two.stored_files() == []
    for name in ('snapshots', 'snapshot_images'):
        assert two.database[f'_service.{name}'].count_documents({}) == 0


def test_a_collection_that_is_made_anew_meanwhile_is_not_taken_for_it(
    two: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace() -> None:
        two.client.simulate_delete('/collections/c')
        upload(two, 'new.jpg')

    before(monkeypatch, SnapshotImages, 'matching', replace)
    assert make(two).status_code == 409
    assert listed(two) == []
    assert two.database['_service.snapshot_images'].count_documents({}) == 0
    assert len(two.stored_files()) == 1


def put_back(service: Service, document: Any, content: bytes) -> Any:
    """Import an image with its id, and return the answer."""
    archive = with_manifest([document], {document['image']: content})
    sent = form(('archive', archive, 'a.zip'))
    answer = service.client.simulate_post(
        '/collections/c/import', body=sent.body, content_type=sent.content_type
    )
    assert answer.status_code == 200, answer.text
    return answer.json


def test_a_deleted_image_that_is_held_can_be_imported_again(two: Service) -> None:
    made(two)
    document = two.client.simulate_get(IMAGES).json[0]
    delete(two)
    assert put_back(two, document, jpeg() + bytes([1]))['imported'] == 1
    assert listed(two)[0]['bytes_held'] == len(jpeg()) + 1
    ended(two)
    assert len(two.stored_files()) == 1
    assert findings(two) == []


def test_other_bytes_never_take_the_place_of_those_that_are_held(two: Service) -> None:
    made(two)
    first = exported(two).content
    document = two.client.simulate_get(IMAGES).json[0]
    delete(two)
    del document['_file']
    answer = put_back(two, document, jpeg() + b'other')
    assert (answer['imported'], answer['skipped_count']) == (0, 1)
    assert 'snapshot' in answer['skipped'][0]['reason']
    assert exported(two).content == first


def test_nothing_is_imported_whose_file_may_go_with_its_snapshot(two: Service) -> None:
    made(two)
    document = two.client.simulate_get(IMAGES).json[0]
    delete(two)
    end(two)
    assert put_back(two, document, jpeg() + bytes([1]))['imported'] == 0
    sweep(two)
    assert put_back(two, document, jpeg() + bytes([1]))['imported'] == 1


def test_deletes_and_snapshots_at_once_lose_nothing(service: Service) -> None:
    """Each file that a snapshot has is there; without snapshots, none is too many."""
    for number in range(60):
        upload(service, f'{number}.jpg', jpeg() + bytes([number]))
    deleting = threading.Thread(target=delete, args=(service,))
    deleting.start()
    names: list[str] = []
    while deleting.is_alive():
        name = f's{len(names)}'
        if make(service, name).status_code == 200:
            names.append(name)
    deleting.join()
    assert names
    for name in names:
        answer = exported(service, '&format=files', name)
        assert b'Images left out: 0\n' in answer.content
    assert findings(service) == []
    for name in names:
        end(service, name)
    sweep(service)
    reconcile(service)
    assert service.stored_files() == []
