"""A service that is killed in the middle of an import: the next one finishes it."""

import hashlib
import os
import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.support.importing import with_manifest, zipped
from tests.support.pictures import jpeg
from tests.support.processes import KILL
from tests.support.report import Report
from tests.support.serving import Serving, eventually

pytestmark = pytest.mark.skipif(os.name == 'nt', reason='Windows has no SIGKILL')

IMAGES = 300
KILLED_AT = (20, 120, 220)
FILES = {f'{n % 3}/{n}.jpg': jpeg() + b'%d' % n for n in range(IMAGES)}
DOCUMENTS = [
    {'_id': f'{n:024x}', 'time': '2021-03-04T05:06:07.089Z', 'image': name, 'n': n}
    for n, name in enumerate(FILES)
]
ARCHIVES = {'plain': zipped(FILES), 'with ids': with_manifest(DOCUMENTS, FILES)}


def send(serving: Serving, archive: bytes) -> Any:
    answer = requests.post(
        f'{serving.url}/collections/c/import',
        files={'archive': ('a.zip', archive, 'application/x-zip-compressed')},
        timeout=120,
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def send_and_be_cut_off(serving: Serving, archive: bytes) -> None:
    with pytest.raises(requests.ConnectionError):
        send(serving, archive)


def count(serving: Serving) -> int:
    answer = serving.get('/collections/c')
    return int(answer.json()['documents']) if answer.status_code == 200 else 0


def kill_in_the_middle(serving: Serving, archive: bytes, at: int) -> int:
    """Kill all processes of a service when so many images are stored."""
    client = threading.Thread(target=send_and_be_cut_off, args=(serving, archive))
    client.start()
    eventually(lambda: count(serving) >= at, 60)
    for pid in {*serving.workers, serving.process.pid}:
        os.kill(pid, KILL)
    serving.ended()
    client.join(60)
    return at


@pytest.mark.timeout(400)
@pytest.mark.parametrize('kind', ARCHIVES)
def test_an_import_that_was_killed_is_finished_by_the_next(
    start: Callable[..., Serving], kind: str, report: Report
) -> None:
    archive = ARCHIVES[kind]
    for at in KILLED_AT:
        kill_in_the_middle(start(APP_WORKERS='2').ready(), archive, at)
    serving = start(APP_WORKERS='2').ready()
    assert KILLED_AT[-1] <= count(serving) < IMAGES
    # What was being stored at a kill is looked into first.
    eventually(lambda: not send(serving, archive)['skipped_count'], 120)
    documents = serving.get('/collections/c/images').json()
    assert sorted(each['_file']['sha256'] for each in documents) == hashes()
    for document in documents:
        path = f'/collections/c/images/{document["_id"]}/image'
        assert len(serving.get(path).content) == document['_file']['size']
    folder = serving.folder / 'data/uploads/images'
    eventually(lambda: len(list(folder.rglob('*.jpg'))) == IMAGES, 120)
    eventually(lambda: all(each['state'] == 'done' for each in changes(serving)), 120)
    for change in changes(serving):
        path = f'/collections/c/changes/{change["_id"]}/revert'
        answer = requests.post(serving.url + path, timeout=120)
        assert (answer.status_code, answer.json()['conflicts']) == (200, [])
    assert count(serving) == 0
    eventually(lambda: not list(folder.rglob('*.jpg')), 120)
    report(kills=len(KILLED_AT))


def changes(serving: Serving) -> Any:
    return serving.get('/collections/c/changes').json()


def hashes() -> list[str]:
    return sorted(hashlib.sha256(content).hexdigest() for content in FILES.values())
