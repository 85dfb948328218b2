"""A process that is killed between two steps of a change of one image."""

import multiprocessing
import os
import signal
from multiprocessing.context import ForkServerContext
from typing import Any

import pytest

from falcon_images.metadata.changes.before_images import BeforeImages
from falcon_images.metadata.changes.bulk import BulkDocuments
from falcon_images.metadata.changes.edit_records import EditRecords
from falcon_images.settings import Settings
from tests.support.bulk_changes import changes, dump, revert, run_out
from tests.support.reconciling import reconcile
from tests.support.service import Service, running

pytestmark = pytest.mark.skipif(
    os.name == 'nt', reason='Windows has no SIGKILL, and no fork'
)

# The process dies when the step is done, and nothing after it.
STEPS: dict[str, tuple[type, str]] = {
    'record': (EditRecords, 'begin'),
    'before-image': (BeforeImages, 'keep_first'),
    'document': (BulkDocuments, 'replace_one'),
    'before-image of a deletion': (BeforeImages, 'keep'),
    'deletion': (BulkDocuments, 'delete'),
}


def operate(settings: Settings, path: str, step: str) -> None:
    """Edit or delete an image in a process of its own, which dies at a step."""
    made = running(settings).__enter__()
    owner, name = STEPS[step]
    function = getattr(owner, name)

    def killed(*args: Any, **kwargs: Any) -> None:
        function(*args, **kwargs)
        os.kill(os.getpid(), getattr(signal, 'SIGKILL', signal.SIGTERM))

    setattr(owner, name, killed)
    query = {'query_string': 'revertible=true'}
    if 'deletion' in step:
        made.client.simulate_delete(path, **query)
    else:
        made.client.simulate_patch(path, json={'label': 'x'}, **query)


@pytest.fixture(scope='module')
def processes() -> ForkServerContext:
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload([__name__])
    return context


def test_a_kill_at_any_step_leaves_a_change_that_can_be_reverted(
    service: Service, processes: ForkServerContext
) -> None:
    document = service.client.upload('c', label='OK')
    path = f'/collections/c/images/{document["_id"]}'
    at_first = dump(service)
    for step in STEPS:
        process = processes.Process(target=operate, args=(service.settings, path, step))
        process.start()
        process.join(60)
        assert process.exitcode == -signal.SIGKILL, step
        is_done = dump(service) != at_first
        assert is_done == (step in ('document', 'deletion')), step
        # Who had it is dead for certain, so it need not be waited for.
        run_out(service, 'lease.until')
        if 'deletion' not in step:
            reconcile(service)
        for each in changes(service):
            assert revert(service, each['_id']).json['conflict_count'] == 0, step
        assert dump(service) == at_first, step
        reconcile(service)
        image = service.client.simulate_get(f'{path}/image')
        assert image.status_code == 200, step
