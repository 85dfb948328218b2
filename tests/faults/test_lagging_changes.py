"""Changes of many images on a primary whose members lag, and which then dies.

What the primary did alone is rolled back. What was answered as done must be done, and
no image may be without its file.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.errors import PyMongoError

from falcon_images.metadata.changes.bulk import BulkDocuments
from falcon_images.settings import Settings
from falcon_images.store.expiry import ExpiredChanges
from tests.support.bulk_changes import (
    IMAGES,
    before,
    changes,
    delete,
    documents,
    dump,
    finish,
    labels,
    patch,
    revert,
    run_out,
)
from tests.support.reconciling import run_out_drops
from tests.support.replica_set import START_SECONDS, Member, ReplicaSet
from tests.support.report import Report
from tests.support.service import Service, running
from tests.support.serving import eventually

LONG_ROUNDS = 3
OTHERS = 20


class Scene:
    """A service on a replica set whose members can be made to lag."""

    def __init__(self, service: Service, replica_set: ReplicaSet) -> None:
        self.service = service
        self._set = replica_set
        self.primary: Member | None = None

    def fill(self) -> list[bytes]:
        self.service.client.simulate_delete('/collections/c')
        for label in ('OK', *['NG'] * OTHERS):
            self.service.client.upload(label=label)
        return dump(self.service)

    def lag(self) -> None:
        """From now on the primary is alone, and for seconds does not know it.

        The others are killed: stopped ones would still read what it had sent to them.
        """
        self.primary = self._set.primary()
        for member in self._set.members:
            if member is not self.primary:
                member.kill()

    def fail_over(self) -> None:
        """The primary dies, and the others go on without what it did alone."""
        assert self.primary
        self.primary.kill()
        for member in self._set.members:
            if member is not self.primary:
                member.start()
        eventually(self._set.primary, START_SECONDS)

    def heal(self) -> None:
        if self.primary:
            self.primary.start()
            self.primary = None
        eventually(self._set.is_complete, START_SECONDS * 2)

    def alone(self, check: Callable[[Any], object]) -> None:
        """Wait until something is so on the primary that is alone."""
        assert self.primary
        with self.primary.client() as client:
            database = client[self.service.settings.mongodb_db]
            eventually(lambda: check(database))

    @contextlib.contextmanager
    def beside(self, request: Callable[[], Any]) -> Iterator[list[Any]]:
        """Send a request that cannot be answered before others get on."""
        answers: list[Any] = []
        thread = threading.Thread(target=lambda: answers.append(request()))
        thread.start()
        yield answers
        thread.join(60)

    def require_files(self) -> None:
        for document in documents(self.service):
            path = f'{IMAGES}/{document["_id"]}/image'
            assert self.service.client.simulate_get(path).status_code == 200


@pytest.fixture
def scene(replica_set: ReplicaSet, tmp_path: Path) -> Iterator[Scene]:
    settings = Settings(
        mongodb_url=replica_set.url,
        mongodb_db='lagging',
        uploads_directory=tmp_path / 'uploads',
    )
    with contextlib.suppress(PyMongoError), running(settings) as service:
        made = Scene(service, replica_set)
        yield made
        made.heal()


def bulk_delete(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = scene.fill()
    remove = BulkDocuments.delete

    def delete_alone(*args: Any) -> set[int]:
        scene.lag()
        monkeypatch.undo()
        failed = remove(*args)
        scene.fail_over()
        return failed

    monkeypatch.setattr(BulkDocuments, 'delete', delete_alone)
    answer = delete(scene.service)
    left = labels(scene.service)
    if answer.status_code == 200:
        assert (answer.json['changed'], left) == (OTHERS, ['OK'])
    run_out(scene.service, 'lease.until')
    change = changes(scene.service)[0]['_id']
    assert finish(scene.service, change).json['changed'] == OTHERS
    assert labels(scene.service) == ['OK']
    assert revert(scene.service, change).json['reverted'] == OTHERS
    assert dump(scene.service) == whole


def bulk_patch(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = scene.fill()
    before(monkeypatch, BulkDocuments, 'replace', scene.lag)
    with scene.beside(lambda: patch(scene.service, {'label': 'x'})) as answers:
        eventually(lambda: scene.primary)
        scene.alone(lambda database: database.c.find_one({'label': 'x'}))
        scene.fail_over()
    if answers[0].status_code == 200:
        assert answers[0].json['changed'] == OTHERS
        assert labels(scene.service) == ['OK', *['x'] * OTHERS]
    run_out(scene.service, 'lease.until')
    change = changes(scene.service)[0]['_id']
    assert finish(scene.service, change).json['changed'] == OTHERS
    assert labels(scene.service) == ['OK', *['x'] * OTHERS]
    assert revert(scene.service, change).json['reverted'] == OTHERS
    assert dump(scene.service) == whole


def revert_of_delete(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = scene.fill()
    change = delete(scene.service).json['change']
    before(monkeypatch, BulkDocuments, 'insert', scene.lag)
    with scene.beside(lambda: revert(scene.service, change)) as answers:
        eventually(lambda: scene.primary)
        scene.alone(lambda database: database.c.find_one({'label': 'NG'}))
        scene.fail_over()
    if answers[0].status_code == 200:
        assert dump(scene.service) == whole
    run_out(scene.service, 'lease.until')
    assert revert(scene.service, change).json['conflict_count'] == 0
    assert dump(scene.service) == whole
    scene.require_files()


def drop(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rename is seen by a reconciler, and then it never was."""
    whole = scene.fill()
    before(monkeypatch, type(scene.service.database.c), 'rename', scene.lag)
    with scene.beside(
        lambda: scene.service.client.simulate_delete('/collections/c')
    ) as answers:
        eventually(lambda: scene.primary)
        scene.alone(lambda database: 'c' not in database.list_collection_names())
        with contextlib.suppress(Exception):
            scene.service.parts.collections.finish_drops()
        scene.fail_over()
    if answers[0].status_code == 200:
        assert documents(scene.service) == []
    else:
        assert dump(scene.service) in ([], whole)
    scene.require_files()
    run_out_drops(scene.service)


def expiry(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """An image that was put there again is deleted, and then it never was."""
    scene.fill()
    whole = list(scene.service.database.c.find({'label': 'NG'}))
    delete(scene.service)
    scene.service.database.c.insert_many(whole)
    run_out(scene.service, 'until')
    path = f'{IMAGES}/{whole[0]["_id"]}'
    deleting = contextlib.ExitStack()

    def delete_one_alone() -> None:
        scene.lag()
        request = scene.beside(lambda: scene.service.client.simulate_delete(path))
        deleting.enter_context(request)
        image = {'_id': whole[0]['_id']}
        scene.alone(lambda database: not database.c.find_one(image))

    before(monkeypatch, ExpiredChanges, '_remove_files', delete_one_alone)
    with deleting:
        with contextlib.suppress(Exception):
            scene.service.parts.expiry.expire_changes()
        scene.fail_over()
    scene.require_files()


SHORT = (bulk_delete, expiry)
KINDS = (*SHORT, bulk_patch, revert_of_delete, drop)


def test_nothing_is_answered_as_done_that_is_rolled_back(
    scene: Scene, is_long: bool, report: Report
) -> None:
    kinds = KINDS * LONG_ROUNDS if is_long else SHORT
    for number, kind in enumerate(kinds):
        with pytest.MonkeyPatch.context() as monkeypatch:
            kind(scene, monkeypatch)
        scene.heal()
        report(failovers=number + 1)
