"""Every call to disk and database on the way of a request, made to fail in turn."""

import errno
import itertools
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import falcon.testing
import pytest

from falcon_images.files.unresolved import UnresolvedWrite
from tests.support.interception import KINDS, Fault, Kind, failing
from tests.support.pictures import jpeg
from tests.support.reconciling import reconcile, run_out_drops
from tests.support.report import Report
from tests.support.service import Service, form

Result = falcon.testing.Result
JSON = 'application/json'
MERGE_PATCH = 'application/merge-patch+json'
MAX_CALLS = 300
TURNS = '_service.turns'
OF_NO_IMAGES = {TURNS, '_service.drops', '_service.store', '_service.collections'}


@dataclass
class Scene:
    """A collection of its own with some images, in the state before a request."""

    service: Service
    name: str
    before: dict[str, dict[str, Any]]

    @property
    def path(self) -> str:
        return f'/collections/{self.name}'

    @property
    def first(self) -> str:
        return f'{self.path}/images/{next(iter(self.before))}'

    def documents(self) -> dict[str, dict[str, Any]]:
        listed = self.service.client.simulate_get(f'{self.path}/images').json
        return {document['_id']: document for document in listed}


def upload(scene: Scene) -> Result:
    sent = form(('a', 'new'), ('image', jpeg(color='blue'), 'b.jpg'))
    return scene.service.client.post_form(scene.name, sent)


def upload_with_key(scene: Scene) -> Result:
    sent = form(('a', 'new'), ('image', jpeg(color='blue'), 'b.jpg'))
    headers = {'Idempotency-Key': 'k'}
    return scene.service.client.post_form(scene.name, sent, headers=headers)


def upload_once(scene: Scene) -> Result:
    sent = form(('a', 'new'), ('image', jpeg(color='blue'), 'b.jpg'))
    params = {'dedupe': 'true'}
    return scene.service.client.post_form(scene.name, sent, params=params)


def delete(scene: Scene) -> Result:
    return scene.service.client.simulate_delete(scene.first)


def drop(scene: Scene) -> Result:
    return scene.service.client.simulate_delete(scene.path)


def put(scene: Scene) -> Result:
    return scene.service.client.simulate_put(
        scene.first, body='{"a": "new"}', content_type=JSON
    )


def patch(scene: Scene) -> Result:
    return scene.service.client.simulate_patch(
        scene.first, body='{"a": "new"}', content_type=JSON
    )


def merge(scene: Scene) -> Result:
    return scene.service.client.simulate_patch(
        scene.first, body='{"a": "new"}', content_type=MERGE_PATCH
    )


@dataclass(frozen=True)
class Operation:
    """A request, how many images there are before it, and what it may lead to."""

    call: Callable[[Scene], Result]
    images_before: int
    # Ids of the images that it may change or delete; None means all of them.
    touches: int | None = 1
    adds: int = 0


OPERATIONS = {
    'upload into a new collection': Operation(upload, 0, touches=0, adds=1),
    'upload': Operation(upload, 2, touches=0, adds=1),
    'upload with a key': Operation(upload_with_key, 2, touches=0, adds=1),
    'upload of what may be there': Operation(upload_once, 2, touches=0, adds=1),
    'delete': Operation(delete, 2),
    'delete the last one': Operation(delete, 1),
    'drop': Operation(drop, 3, touches=None),
    'put': Operation(put, 1),
    'patch': Operation(patch, 1),
    'merge patch': Operation(merge, 1),
}


def scene(service: Service, number: int, images: int) -> Scene:
    name = f'c{number}'
    for n in range(images):
        service.client.upload(name, a=str(n))
    made = Scene(service, name, {})
    made.before = made.documents()
    return made


def check_answer(response: Result, fault: Fault) -> None:
    assert response.status_code in (200, 503, 507), (fault, response.text)
    if response.status_code != 200:
        assert response.json['title']
        assert response.json['description']


def check_documents(
    scene: Scene, operation: Operation, response: Result, fault: Fault
) -> None:
    """Each document is as before or as asked for, each with its file."""
    after = scene.documents()
    ids = list(scene.before)
    touched = set(ids if operation.touches is None else ids[: operation.touches])
    for image_id, document in scene.before.items():
        if image_id not in touched:
            assert after[image_id] == document, fault
        elif image_id in after:
            changed = document | {'a': 'new'}
            assert after[image_id] in (document, changed), fault
    added = after.keys() - scene.before.keys()
    assert len(added) <= operation.adds, fault
    if response.status_code == 200:
        check_success(scene, operation, response, after, fault)
    check_files(scene, after, added, fault)


def check_success(
    scene: Scene,
    operation: Operation,
    response: Result,
    after: dict[str, dict[str, Any]],
    fault: Fault,
) -> None:
    if operation.call in (upload, upload_with_key, upload_once, put, patch, merge):
        assert after[response.json['_id']] == response.json, fault
        assert response.json['a'] == 'new', fault
    elif operation.call is delete:
        assert response.json['_id'] not in after, fault
    else:
        assert after == {}, fault


def check_files(
    scene: Scene, after: dict[str, Any], added: set[str], fault: Fault
) -> None:
    for image_id in after:
        path = f'{scene.path}/images/{image_id}/image'
        expected = jpeg(color='blue') if image_id in added else jpeg()
        assert scene.service.client.simulate_get(path).content == expected, fault


def check_leftovers(service: Service, fault: Fault) -> None:
    """Files without a document are noted, or wait in a drop that is to be finished."""
    files = {path.stem for path in service.stored_files()}
    noted = {
        unresolved_write.image_id
        for unresolved_write in service.folder.unresolved.all()
    }
    assert files <= ids_in_database(service) | noted, fault


def check_reconciled(service: Service, fault: Fault) -> None:
    run_out_drops(service)
    reconcile(service)
    files = sorted(path.stem for path in service.stored_files())
    assert files == sorted(ids_in_database(service)), fault
    assert service.folder.unresolved.all() == [], fault
    names = service.database.list_collection_names()
    left = {name for name in names if name.startswith('_service.')}
    assert left <= OF_NO_IMAGES, fault
    assert service.database['_service.drops'].count_documents({}) == 0, fault


def ids_in_database(service: Service) -> set[str]:
    return {
        str(document['_id'])
        for name in service.database.list_collection_names()
        for document in service.database[name].find({}, {'_id': True})
        if name not in OF_NO_IMAGES
    }


@pytest.mark.parametrize('kind', KINDS, ids=lambda kind: kind.name.replace(' ', '-'))
@pytest.mark.parametrize('name', OPERATIONS, ids=lambda name: name.replace(' ', '-'))
def test_a_call_that_fails_breaks_nothing(
    service: Service, name: str, kind: Kind, report: Report
) -> None:
    operation = OPERATIONS[name]
    service.client.upload('kept')
    for number in itertools.count(1):
        assert number < MAX_CALLS
        made = scene(service, number, operation.images_before)
        fault = Fault(kind, number)
        with failing(fault):
            response = operation.call(made)
        check_answer(response, fault)
        check_documents(made, operation, response, fault)
        if not (kind.is_lasting and not kind.of_database):
            check_leftovers(service, fault)
            check_reconciled(service, fault)
        check_documents(made, operation, response, fault)
        if not fault.failed:
            assert response.status_code == 200
            break
    report(calls=len(fault.calls), failures=number - 1)


@pytest.mark.parametrize('kind', KINDS, ids=lambda kind: kind.name.replace(' ', '-'))
def test_an_upload_with_a_key_is_stored_once_whatever_failed(
    service: Service, kind: Kind
) -> None:
    for number in itertools.count(1):
        assert number < MAX_CALLS
        made = scene(service, number, 1)
        fault = Fault(kind, number)
        with failing(fault):
            first = upload_with_key(made)
        again = upload_with_key(made)
        assert again.status_code == 200, fault
        assert len(made.documents()) == 2, fault
        if first.status_code == 200:
            assert first.json == again.json, fault
        if not fault.failed:
            break


@pytest.mark.parametrize('kind', KINDS, ids=lambda kind: kind.name.replace(' ', '-'))
def test_what_may_be_there_is_stored_once_whatever_failed(
    service: Service, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('falcon_images.store.additions._WAIT_SECONDS', 0.0)
    for number in itertools.count(1):
        assert number < MAX_CALLS
        made = scene(service, number, 1)
        fault = Fault(kind, number)
        with failing(fault):
            first = upload_once(made)
        again = upload_once(made)
        # Half a minute is to be waited where an insert may still come.
        is_late = first.status_code == 503 and kind.of_database
        assert again.status_code == 200 or is_late, fault
        assert len(made.documents()) == (2 if again.status_code == 200 else 1), fault
        if first.status_code == 200:
            assert first.json == again.json, fault
        if not fault.failed:
            break


MAX_DATABASE_CALLS = 20
DISK_KINDS = [kind for kind in KINDS if not kind.of_database]
UNHEARD = [kind for kind in KINDS if kind.of_database and not kind.is_lasting]


def each_disk_call_fails(
    service: Service,
    operation: Operation,
    database: tuple[Kind, int],
    disk: Kind,
    numbers: 'itertools.count[int]',
) -> bool:
    """Tell whether the call to the database with that number was made, and failed."""
    for number in itertools.count(1):
        made = scene(service, next(numbers), operation.images_before)
        first, second = Fault(*database), Fault(disk, number)
        with failing(first), failing(second):
            response = operation.call(made)
        check_answer(response, second)
        check_documents(made, operation, response, second)
        reconcile(service)
        check_documents(made, operation, response, second)
        if not second.failed:
            break
    return bool(first.failed)


@pytest.mark.parametrize('name', ['upload', 'delete', 'drop', 'upload with a key'])
def test_a_disk_and_a_database_that_fail_together_break_nothing(
    service: Service, name: str, is_long: bool, report: Report
) -> None:
    """Then a file may be spare, when no note of it can be made; nothing worse."""
    numbers = itertools.count()
    pairs = list(itertools.product(DISK_KINDS, UNHEARD))
    for disk, database in pairs if is_long else pairs[1:2]:
        for first in range(1, MAX_DATABASE_CALLS):
            failed = each_disk_call_fails(
                service, OPERATIONS[name], (database, first), disk, numbers
            )
            if not failed:
                break
    files = {path.stem for path in service.stored_files()}
    assert ids_in_database(service) <= files
    spare = len(files - ids_in_database(service))
    report(pairs=next(numbers), spare_files=spare)


@pytest.mark.parametrize(
    'kind',
    [kind for kind in KINDS if kind.of_database],
    ids=lambda kind: kind.name.replace(' ', '-'),
)
def test_a_first_upload_that_fails_leaves_no_collection(
    service: Service, kind: Kind
) -> None:
    for number in itertools.count(1):
        made = scene(service, number, 0)
        fault = Fault(kind, number)
        with failing(fault):
            upload(made)
        if not fault.failed:
            break
        reconcile(service)
        names = service.client.simulate_get('/collections').json
        assert (made.name in names) == bool(made.documents()), fault


def test_a_note_that_cannot_be_removed_keeps_no_other_doubt_open(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        image_id = service.client.upload()['_id']
        unresolved_write = UnresolvedWrite(
            service.settings.mongodb_db, 'c', image_id, 'image/jpeg'
        )
        service.folder.unresolved.note(unresolved_write)
    locked = next((service.settings.uploads_directory / 'doubts').glob('*.json'))
    unlink = os.unlink

    def refuse_one(path: Any, **kwargs: Any) -> None:
        if os.fspath(path) == str(locked):
            raise PermissionError(errno.EACCES, 'in use')
        unlink(path, **kwargs)

    monkeypatch.setattr(os, 'unlink', refuse_one)
    reconcile(service)
    assert len(service.folder.unresolved.all()) == 1
