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


@dataclass
class Stage:
    """Where scenes are made: all of them, or in the short form each third one."""

    service: Service
    is_long: bool

    def scenes(self, kind: Kind) -> Iterator[Scene]:
        """Make scenes, in each of which a later call fails, until all succeed.

        In the short form, each kind fails at calls that the two before it leave out.
        """
        first, step = (1, 1) if self.is_long else (1 + _turn(kind), 3)
        for number in itertools.count(first, step):
            assert number < MAX_CALLS
            yield (scene := self._scene(Fault(kind, number)))
            if not scene.fault.failed:
                return

    def _scene(self, fault: Fault) -> Scene:
        service = self.service
        service.client.simulate_delete('/collections/c')
        for label in ('OK', 'NG', 'NG'):
            service.client.upload(label=label)
        ids = sorted(document['_id'] for document in documents(service))
        return Scene(service, fault, dump(service), ids)


def _turn(kind: Kind) -> int:
    known = [*TRIED, *(each.name for each in KINDS if each.name not in TRIED)]
    return known.index(kind.name) % 3


@pytest.fixture
def stage(service: Service, is_long: bool) -> Stage:
    return Stage(service, is_long)


@each_kind
@each_change
def test_a_change_that_is_cut_off_can_be_reverted(
    stage: Stage, kind: Kind, change: str
) -> None:
    for scene in stage.scenes(kind):
        answer = scene.cut_off(scene.make, change)
        if answer.status_code == 200:
            assert labels(stage.service) == WANTED[change], scene.fault
        if changes(stage.service):
            assert scene.revert().json['conflict_count'] == 0, scene.fault
            assert changes(stage.service)[0]['state'] == 'reverted'
        scene.require_as_before()


@each_kind
@each_change
def test_a_change_that_is_cut_off_can_be_finished_and_then_reverted(
    stage: Stage, kind: Kind, change: str
) -> None:
    for scene in stage.scenes(kind):
        scene.cut_off(scene.make, change)
        reconcile(stage.service)
        if changes(stage.service):
            found = scene.finish().json
            assert (found['state'], found['changed']) == ('done', 2), scene.fault
            assert labels(stage.service) == WANTED[change], scene.fault
            assert scene.files() == scene.images, scene.fault
            assert scene.revert().json['reverted'] == 2, scene.fault
        scene.require_as_before()


@each_kind
@each_change
def test_finishing_that_is_cut_off_can_be_finished(
    stage: Stage, kind: Kind, change: str
) -> None:
    for scene in stage.scenes(kind):
        scene.make_half(change)
        path = f'{CHANGES}/{scene.change}/finish'
        scene.cut_off(stage.service.client.simulate_post, path)
        assert scene.finish().json['state'] == 'done', scene.fault
        assert labels(stage.service) == WANTED[change], scene.fault
        assert scene.revert().json['reverted'] == 2, scene.fault
        scene.require_as_before()


@each_kind
@each_change
@pytest.mark.parametrize('again', ['revert', 'finish'])
def test_a_revert_that_is_cut_off_goes_on(
    stage: Stage, kind: Kind, change: str, again: str
) -> None:
    for scene in stage.scenes(kind):
        scene.make(change)
        path = f'{CHANGES}/{scene.change}/revert'
        scene.cut_off(stage.service.client.simulate_post, path)
        if again == 'finish' and changes(stage.service)[0]['state'] != 'done':
            scene.finish()
        else:
            scene.revert()
        found = changes(stage.service)[0]
        assert (found['state'], found['reverted']) == ('reverted', 2), scene.fault
        scene.require_as_before()


@each_change
@pytest.mark.parametrize('kind', KINDS, ids=lambda kind: kind.name.replace(' ', '-'))
def test_an_expiry_that_is_cut_off_goes_on(
    stage: Stage, kind: Kind, change: str
) -> None:
    for scene in stage.scenes(kind):
        scene.make(change)
        after = dump(stage.service)
        run_out(stage.service, 'until')
        with failing(scene.fault):
            reconcile(stage.service)
        assert dump(stage.service) == after, scene.fault
        reconcile(stage.service)
        assert left_of_changes(stage.service) == 0, scene.fault
        assert dump(stage.service) == after, scene.fault
        expected = scene.images if change == 'update' else scene.images[:1]
        if not (kind.is_lasting and not kind.of_database):
            assert scene.files() == expected, scene.fault
        assert set(expected) <= set(scene.files()), scene.fault


@each_kind
def test_a_drop_that_is_cut_off_leaves_nothing_of_changes(
    stage: Stage, kind: Kind
) -> None:
    for scene in stage.scenes(kind):
        scene.make('delete')
        scene.cut_off(stage.service.client.simulate_delete, '/collections/c')
        reconcile(stage.service)
        if 'c' in stage.service.client.simulate_get('/collections').json:
            assert scene.revert().json['reverted'] == 2, scene.fault
            scene.require_as_before()
        else:
            assert left_of_changes(stage.service) == 0, scene.fault
            assert scene.files() == [], scene.fault


@each_kind
@pytest.mark.parametrize('end', ['revert', 'finish'])
def test_an_image_that_is_deleted_while_a_bulk_delete_is_cut_off(
    stage: Stage, kind: Kind, end: str
) -> None:
    """It never comes back if that was acknowledged, and never without its file."""
    for scene in stage.scenes(kind):
        scene.cut_off(scene.make, 'delete')
        path = f'{IMAGES}/{scene.images[1]}'
        is_deleted = stage.service.client.simulate_delete(path).status_code == 200
        reconcile(stage.service)
        if changes(stage.service):
            if end == 'finish':
                scene.finish()
            scene.revert()
        reconcile(stage.service)
        shown = {document['_id'] for document in documents(stage.service)}
        assert {scene.images[0], scene.images[2]} <= shown, scene.fault
        assert not (is_deleted and scene.images[1] in shown), scene.fault
        for image_id in shown:
            answer = stage.service.client.simulate_get(f'{IMAGES}/{image_id}/image')
            assert answer.status_code == 200, scene.fault
        run_out(stage.service, 'until')
        reconcile(stage.service)
        assert set(scene.files()) == shown, scene.fault
        assert stage.service.folder.unresolved.all() == [], scene.fault
