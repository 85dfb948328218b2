"""Changes, reverts and expiries that are cut off at each call to the database."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from pymongo import errors as pymongo_errors
from pymongo.collection import Collection

from tests.support.bulk_changes import (
    CHANGES,
    IMAGES,
    Result,
    changes,
    delete,
    documents,
    dump,
    finish,
    labels,
    left_of_changes,
    patch,
    revert,
    run_out,
)
from tests.support.interception import KINDS, Fault, Kind, failing
from tests.support.reconciling import failing as failed
from tests.support.reconciling import reconcile, run_out_drops
from tests.support.service import Service

MAX_CALLS = 200
WANTED = {'update': ['OK', 'x', 'x'], 'delete': ['OK']}
# The others leave nothing else behind than these.
TRIED = ('no answer, not done', 'no answer, done', 'no answer any more')
each_kind = pytest.mark.parametrize(
    'kind',
    [kind for kind in KINDS if kind.name in TRIED],
    ids=lambda kind: kind.name.replace(' ', '-'),
)
each_change = pytest.mark.parametrize('change', WANTED)


@dataclass
class Scene:
    """A collection of three images, OK, NG and NG, as it is before something fails."""

    service: Service
    fault: Fault
    before: list[bytes]
    images: list[str]

    def make(self, change: str) -> Result:
        if change == 'update':
            return patch(self.service, {'label': 'x'})
        return delete(self.service)

    def make_half(self, change: str) -> None:
        """Make a change that the database cuts off at its first write."""
        with pytest.MonkeyPatch.context() as monkeypatch:
            error = pymongo_errors.NetworkTimeout('no answer')
            monkeypatch.setattr(Collection, 'bulk_write', failed(error))
            assert self.make(change).status_code == 503
        run_out(self.service, 'lease.until')

    @property
    def change(self) -> str:
        found: str = changes(self.service)[0]['_id']
        return found

    def revert(self) -> Result:
        return revert(self.service, self.change)

    def finish(self) -> Result:
        return finish(self.service, self.change)

    def cut_off(self, call: Callable[..., Result], *args: str) -> Result:
        """Make a request that fails; others may take up what it leaves."""
        with failing(self.fault):
            answer = call(*args)
        assert answer.status_code in (200, 503), (self.fault, answer.text)
        run_out(self.service, 'lease.until')
        run_out_drops(self.service)
        return answer

    def files(self) -> list[str]:
        return sorted(path.stem for path in self.service.stored_files())

    def require_as_before(self) -> None:
        assert dump(self.service) == self.before, self.fault
        reconcile(self.service)
        for image_id in self.images:
            path = f'{IMAGES}/{image_id}/image'
            answer = self.service.client.simulate_get(path)
            assert answer.status_code == 200, self.fault


def scenes(service: Service, kind: Kind) -> Iterator[Scene]:
    """Make scenes, in each of which a later call fails, until all calls succeed."""
    for number in itertools.count(1):
        assert number < MAX_CALLS
        service.client.simulate_delete('/collections/c')
        for label in ('OK', 'NG', 'NG'):
            service.client.upload(label=label)
        ids = sorted(document['_id'] for document in documents(service))
        scene = Scene(service, Fault(kind, number), dump(service), ids)
        yield scene
        if not scene.fault.failed:
            return


@each_kind
@each_change
def test_a_change_that_is_cut_off_can_be_reverted(
    service: Service, kind: Kind, change: str
) -> None:
    for scene in scenes(service, kind):
        answer = scene.cut_off(scene.make, change)
        if answer.status_code == 200:
            assert labels(service) == WANTED[change], scene.fault
        if changes(service):
            assert scene.revert().json['conflict_count'] == 0, scene.fault
            assert changes(service)[0]['state'] == 'reverted'
        scene.require_as_before()


@each_kind
@each_change
def test_a_change_that_is_cut_off_can_be_finished_and_then_reverted(
    service: Service, kind: Kind, change: str
) -> None:
    for scene in scenes(service, kind):
        scene.cut_off(scene.make, change)
        reconcile(service)
        if changes(service):
            found = scene.finish().json
            assert (found['state'], found['changed']) == ('done', 2), scene.fault
            assert labels(service) == WANTED[change], scene.fault
            assert scene.files() == scene.images, scene.fault
            assert scene.revert().json['reverted'] == 2, scene.fault
        scene.require_as_before()


@each_kind
@each_change
def test_finishing_that_is_cut_off_can_be_finished(
    service: Service, kind: Kind, change: str
) -> None:
    for scene in scenes(service, kind):
        scene.make_half(change)
        path = f'{CHANGES}/{scene.change}/finish'
        scene.cut_off(service.client.simulate_post, path)
        assert scene.finish().json['state'] == 'done', scene.fault
        assert labels(service) == WANTED[change], scene.fault
        assert scene.revert().json['reverted'] == 2, scene.fault
        scene.require_as_before()


@each_kind
@each_change
@pytest.mark.parametrize('again', ['revert', 'finish'])
def test_a_revert_that_is_cut_off_goes_on(
    service: Service, kind: Kind, change: str, again: str
) -> None:
    for scene in scenes(service, kind):
        scene.make(change)
        path = f'{CHANGES}/{scene.change}/revert'
        scene.cut_off(service.client.simulate_post, path)
        if again == 'finish' and changes(service)[0]['state'] != 'done':
            scene.finish()
        else:
            scene.revert()
        found = changes(service)[0]
        assert (found['state'], found['reverted']) == ('reverted', 2), scene.fault
        scene.require_as_before()


@each_change
@pytest.mark.parametrize('kind', KINDS, ids=lambda kind: kind.name.replace(' ', '-'))
def test_an_expiry_that_is_cut_off_goes_on(
    service: Service, kind: Kind, change: str
) -> None:
    for scene in scenes(service, kind):
        scene.make(change)
        after = dump(service)
        run_out(service, 'until')
        with failing(scene.fault):
            reconcile(service)
        assert dump(service) == after, scene.fault
        reconcile(service)
        assert left_of_changes(service) == 0, scene.fault
        assert dump(service) == after, scene.fault
        expected = scene.images if change == 'update' else scene.images[:1]
        if not (kind.is_lasting and not kind.of_database):
            assert scene.files() == expected, scene.fault
        assert set(expected) <= set(scene.files()), scene.fault


@each_kind
def test_a_drop_that_is_cut_off_leaves_nothing_of_changes(
    service: Service, kind: Kind
) -> None:
    for scene in scenes(service, kind):
        scene.make('delete')
        scene.cut_off(service.client.simulate_delete, '/collections/c')
        reconcile(service)
        if 'c' in service.client.simulate_get('/collections').json:
            assert scene.revert().json['reverted'] == 2, scene.fault
            scene.require_as_before()
        else:
            assert left_of_changes(service) == 0, scene.fault
            assert scene.files() == [], scene.fault


@each_kind
@pytest.mark.parametrize('end', ['revert', 'finish'])
def test_an_image_that_is_deleted_while_a_bulk_delete_is_cut_off(
    service: Service, kind: Kind, end: str
) -> None:
    """It never comes back if that was acknowledged, and never without its file."""
    for scene in scenes(service, kind):
        scene.cut_off(scene.make, 'delete')
        path = f'{IMAGES}/{scene.images[1]}'
        is_deleted = service.client.simulate_delete(path).status_code == 200
        reconcile(service)
        if changes(service):
            if end == 'finish':
                scene.finish()
            scene.revert()
        reconcile(service)
        shown = {document['_id'] for document in documents(service)}
        assert {scene.images[0], scene.images[2]} <= shown, scene.fault
        assert not (is_deleted and scene.images[1] in shown), scene.fault
        for image_id in shown:
            answer = service.client.simulate_get(f'{IMAGES}/{image_id}/image')
            assert answer.status_code == 200, scene.fault
        run_out(service, 'until')
        reconcile(service)
        assert set(scene.files()) == shown, scene.fault
        assert service.folder.unresolved.all() == [], scene.fault
