"""A process that is killed at one step of a request: no file is left that nobody knows.

What a kill leaves is found by the entry that the process had in its spool.
"""

import multiprocessing
import os
import secrets
import signal
from multiprocessing.context import ForkServerContext

import pytest

from falcon_images.settings import Settings
from tests.support.importing import with_manifest
from tests.support.interception import Fault, Kind, failing
from tests.support.pictures import jpeg
from tests.support.reconciling import reconcile
from tests.support.report import Report
from tests.support.service import Client, Service, running

pytestmark = pytest.mark.skipif(
    os.name == 'nt', reason='Windows has no SIGKILL, and no fork'
)

MAX_STEPS = 60


def killed() -> Exception:
    os.kill(os.getpid(), getattr(signal, 'SIGKILL', signal.SIGTERM))
    return AssertionError('it lives')


KINDS = [
    Kind('before a call to the disk', False, killed),
    Kind('after a call to the disk', False, killed, is_applied=True),
    Kind('before a call to the database', True, killed),
    Kind('after a call to the database', True, killed, is_applied=True),
]


def upload(client: Client, path: str) -> None:
    client.upload('c')


def delete(client: Client, path: str) -> None:
    assert client.simulate_delete(path).status_code == 200


def import_with_id(client: Client, path: str) -> None:
    document = {'_id': secrets.token_hex(12), 'image': 'a.jpg'}
    archive = with_manifest([document], {'a.jpg': jpeg()})
    answer = client.simulate_post(
        '/collections/c/import', body=archive, content_type='application/zip'
    )
    assert answer.json['imported'] == 1, answer.text


OPERATIONS = {'upload': upload, 'delete': delete, 'import': import_with_id}


def operate(settings: Settings, name: str, path: str, kind: str, number: int) -> None:
    """Do something in a process of its own, which dies at the call of that number."""
    made = running(settings).__enter__()
    (found,) = (each for each in KINDS if each.name == kind)
    with failing(Fault(found, number)):
        OPERATIONS[name](made.client, path)


@pytest.fixture(scope='module')
def processes() -> ForkServerContext:
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload([__name__])
    return context


def ids_in_database(service: Service) -> set[str]:
    return {str(document['_id']) for document in service.database['c'].find()}


@pytest.mark.parametrize('kind', KINDS, ids=lambda kind: kind.name.replace(' ', '-'))
@pytest.mark.parametrize('name', OPERATIONS)
def test_a_kill_at_any_step_leaves_no_orphaned_file(
    service: Service,
    processes: ForkServerContext,
    name: str,
    kind: Kind,
    report: Report,
) -> None:
    service.client.upload('c')
    for number in range(1, MAX_STEPS):
        path = f'/collections/c/images/{service.client.upload("c")["_id"]}'
        process = processes.Process(
            target=operate, args=(service.settings, name, path, kind.name, number)
        )
        process.start()
        process.join(60)
        reconcile(service)
        assert {p.stem for p in service.stored_files()} == ids_in_database(service)
        assert service.folder.unresolved.all() == []
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL, number
    assert number > 1
    report(kills=number - 1)
