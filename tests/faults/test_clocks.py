"""Two services on one store, whose clocks are apart: time is the database's."""

import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymongo
import pytest
import requests

from tests.support.check_command import run
from tests.support.pictures import jpeg
from tests.support.serving import Serving, eventually

FAKETIME = sorted(Path('/usr/lib').glob('*/faketime/libfaketimeMT.so.1'))
# CI has it: there, a test that cannot run is one that failed.
pytestmark = pytest.mark.skipif(
    os.name == 'nt' or not (FAKETIME or os.environ.get('CI')),
    reason='libfaketime is not installed',
)
ROUND_SECONDS = 30


def clock(offset: str) -> dict[str, str]:
    """The environment of a process whose clock is apart from that of all others."""
    return {
        'LD_PRELOAD': str(FAKETIME[0]),
        'FAKETIME': offset,
        'FAKETIME_DONT_FAKE_MONOTONIC': '1',
        # The times of files are those of the machine that has them.
        'NO_FAKE_STAT': '1',
    }


@dataclass
class Store:
    """What services share: a database, and a folder."""

    start: Callable[..., Serving]
    mongodb_url: str
    folder: Path
    database_name: str

    def serve(self, kept_seconds: int, offset: str = '') -> Serving:
        environ = {
            'MONGODB_URL': self.mongodb_url,
            'MONGODB_DB': self.database_name,
            'UPLOADS_DIRECTORY': str(self.folder),
            'CHANGES_KEPT_SECONDS': str(kept_seconds),
            'APP_WORKERS': '1',
        }
        return self.start(**environ, **(clock(offset) if offset else {})).ready()

    def files(self) -> int:
        return len([p for p in (self.folder / 'images').rglob('*') if p.is_file()])

    def reconciled(self) -> None:
        """Wait until a service that has started has made its first round."""
        # The last step of a round is to make indexes, which are taken away here.
        with pymongo.MongoClient[dict[str, Any]](self.mongodb_url) as client:
            collection = client[self.database_name]['round']
            eventually(lambda: len(collection.index_information()) > 1, ROUND_SECONDS)

    def awaiting_round(self) -> None:
        with pymongo.MongoClient[dict[str, Any]](self.mongodb_url) as client:
            client[self.database_name]['round'].drop()
            client[self.database_name]['round'].insert_one({'n': 1})


@pytest.fixture
def store(
    start: Callable[..., Serving], mongodb_url: str, tmp_path: Path
) -> Iterator[Store]:
    name = f'test_{uuid.uuid4().hex}'
    yield Store(start, mongodb_url, tmp_path / 'uploads', name)
    with pymongo.MongoClient[dict[str, Any]](mongodb_url) as client:
        client.drop_database(name)


def send(serving: Serving, method: str, path: str) -> requests.Response:
    url = f'{serving.url}/collections/c/{path}'
    return serving.session.request(method, url, json={'label': 'x'}, timeout=60)


@pytest.mark.parametrize('offset', ['+8d', '-8d'])
def test_a_change_can_be_undone_until_its_time_whoever_made_it(
    store: Store, offset: str
) -> None:
    """A service that starts looks at once for changes whose time is over."""
    right = store.serve(600)
    for _ in range(3):
        right.upload(jpeg())
    first = send(right, 'DELETE', 'images?all=true').json()['change']
    store.awaiting_round()
    wrong = store.serve(600, offset)
    store.reconciled()
    assert send(wrong, 'POST', f'changes/{first}/revert').json()['reverted'] == 3
    second = send(wrong, 'DELETE', 'images?all=true').json()['change']
    right.stop()
    store.awaiting_round()
    right = store.serve(600)
    store.reconciled()
    listed = [each['_id'] for each in send(right, 'GET', 'changes').json()]
    assert listed == [second, first]
    assert send(right, 'POST', f'changes/{second}/revert').json()['reverted'] == 3
    for document in send(right, 'GET', 'images').json():
        path = f'images/{document["_id"]}/image'
        assert send(wrong, 'GET', path).content == jpeg()


def test_a_change_can_be_undone_no_longer_than_its_time(store: Store) -> None:
    wrong = store.serve(1, '-8d')
    wrong.upload(jpeg())
    change = send(wrong, 'DELETE', 'images?all=true').json()['change']
    path = f'changes/{change}/revert'
    eventually(lambda: store.files() == 0, ROUND_SECONDS)
    assert send(wrong, 'POST', path).status_code in (404, 409)


@pytest.mark.parametrize('offset', ['+1h', '-1h'])
def test_uploads_changes_and_sweeps_go_right_beside_another_clock(
    store: Store, offset: str
) -> None:
    right, wrong = store.serve(600), store.serve(600, offset)
    made = [serving.upload(jpeg()) for serving in (right, wrong) for _ in range(2)]
    for document, serving in zip(made, (right, wrong, wrong, right), strict=True):
        path = f'images/{document["_id"]}'
        assert send(serving, 'PATCH', path).json()['label'] == 'x'
        assert send(serving, 'GET', f'{path}/thumbnail').status_code == 200
        assert send(serving, 'GET', f'{path}/image').content == jpeg()
    store.awaiting_round()
    wrong.stop()
    wrong = store.serve(600, offset)
    store.reconciled()
    assert right.upload(jpeg())['_id']
    assert send(wrong, 'DELETE', f'images/{made[0]["_id"]}').status_code == 200
    assert store.files() == 4


def test_a_check_with_another_clock_moves_no_file_of_an_upload(
    store: Store, tmp_path: Path
) -> None:
    """A file that is younger than the grace time may be of an upload under way."""
    store.serve(600).upload(jpeg())
    young = store.folder / 'images/c/young.jpg'
    young.parent.mkdir(exist_ok=True)
    young.write_bytes(jpeg())
    environ = {
        'MONGODB_URL': store.mongodb_url,
        'MONGODB_DB': store.database_name,
        'UPLOADS_DIRECTORY': str(store.folder),
    }
    done = run(tmp_path, '--repair', **environ, **clock('+1h'))
    assert young.exists(), done.stdout
