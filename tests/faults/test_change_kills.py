"""Kills of service and database in the middle of bulk changes, and what follows."""

import contextlib
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bson
import pymongo
import pytest
import requests

from falcon_images.files.keys import image_key
from tests.support.bulk_changes import CODEC, LONG_AGO
from tests.support.pictures import jpeg
from tests.support.processes import KILL, mongod_pid
from tests.support.report import Report
from tests.support.serving import ROOT, Serving, eventually

pytestmark = pytest.mark.skipif(
    os.name == 'nt', reason='Windows has no unix socket to find mongod'
)

SHORT_KILLS = 4
LONG_KILLS = 100
IMAGES = 3000
# About as long as a change of all images takes.
MOST_SECONDS = 1.2
REQUEST_SECONDS = 110
RELABEL = 'relabel'
ALL = 'images?all=true'
KINDS = [('DELETE', ALL), ('PATCH', ALL), ('POST', RELABEL)]


class Battle:
    """A service with many images, whose changes are killed."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._random = random.Random(seed)
        self.serving = Serving(folder).ready()
        self._fill(self.serving.upload(jpeg(), label='NG'))
        self.before = self.dump()
        self._sheet = '_id,label\r\n' + ''.join(
            f'{bson.decode(raw)["_id"]},x\r\n' for raw in self.before
        )
        self.interrupted = 0

    def round(self, number: int) -> None:
        """Kill a change or its revert; finish and revert what is left of it."""
        kind, path = KINDS[number % len(KINDS)]
        if self._random.random() < 0.6:
            self._kill_during(kind, path)
        else:
            change = self._send(kind, path).json()['change']
            self._kill_during('POST', f'changes/{change}/revert')
        for change in self._send('GET', 'changes').json():
            self._end(change, is_delete=kind == 'DELETE')
        assert self.dump() == self.before

    def check(self) -> str:
        """Tell what `check` finds."""
        done = subprocess.run(
            [sys.executable, '-m', 'falcon_images', 'check'],
            cwd=self._folder,
            env=os.environ | {'PYTHONPATH': str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        return '' if done.returncode == 0 else done.stdout + done.stderr

    def end(self) -> None:
        self.serving.stop()

    def dump(self) -> list[bytes]:
        with self._database() as database:
            collection: Any = database.get_collection('c', codec_options=CODEC)
            return [each.raw for each in collection.find({}, sort=[('_id', 1)])]

    def _end(self, change: dict[str, Any], is_delete: bool) -> None:
        path = f'changes/{change["_id"]}'
        if change['state'] in ('running', 'reverting'):
            self.interrupted += 1
        if change['state'] == 'running' and self._random.random() < 0.5:
            assert self._send('POST', f'{path}/finish').json()['changed'] == IMAGES
            labels = {document.get('label') for document in self._documents()}
            assert labels == (set() if is_delete else {'x'})
        answer = self._send('POST', f'{path}/revert').json()
        assert answer['conflict_count'] == 0, (change, answer['conflict_count'])

    def _kill_during(self, method: str, path: str) -> None:
        request = threading.Thread(target=self._send_in_vain, args=(method, path))
        request.start()
        request.join(self._random.uniform(0, MOST_SECONDS))
        if self._random.random() < 0.5:
            os.kill(mongod_pid(self._folder), KILL)
        self.serving.process.kill()
        request.join(REQUEST_SECONDS)
        self.serving.ended()
        self.serving = Serving(self._folder).ready()
        eventually(lambda: self.serving.get('/health/ready').status_code == 200, 60)
        with self._database() as database:
            # Who had it is dead for certain, so it need not be waited for.
            database['_service.changes'].update_many(
                {'lease': {'$exists': True}}, {'$set': {'lease.until': LONG_AGO}}
            )

    def _send_in_vain(self, method: str, path: str) -> None:
        with contextlib.suppress(requests.RequestException):
            self._request(method, path)

    def _send(self, method: str, path: str) -> requests.Response:
        answer = self._request(method, path)
        assert answer.status_code == 200, answer.text
        return answer

    def _request(self, method: str, path: str) -> requests.Response:
        sheet = {'data': self._sheet, 'headers': {'Content-Type': 'text/csv'}}
        body: dict[str, Any] = {'json': {'label': 'x'}} if path != RELABEL else sheet
        return requests.request(
            method,
            f'{self.serving.url}/collections/c/{path}',
            **body,
            timeout=REQUEST_SECONDS,
        )

    def _documents(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._send('GET', 'images').json()
        return found

    def _fill(self, first: dict[str, Any]) -> None:
        """Make many images of one, faster than by uploads."""
        with self._database() as database:
            whole = database['c'].find_one({}) or {}
            many = [whole | {'_id': bson.ObjectId()} for _ in range(IMAGES - 1)]
            for document in many:
                key = image_key('c', str(document['_id']), first['_file']['type'])
                path = self._folder / 'data/uploads/images' / key
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(jpeg())
            database['c'].insert_many(many)

    @contextlib.contextmanager
    def _database(self) -> Iterator[pymongo.database.Database[dict[str, Any]]]:
        socket_path = str(self._folder / 'data/mongodb/mongo.sock').replace('/', '%2F')
        url = f'mongodb://{socket_path}/?directConnection=true'
        with pymongo.MongoClient[dict[str, Any]](url) as client:
            yield client['image_storage']


@pytest.fixture
def battle(tmp_path: Path, seed: int) -> Iterator[Battle]:
    made = Battle(tmp_path, seed)
    yield made
    made.end()


def test_killed_changes_can_be_finished_and_reverted(
    battle: Battle, is_long: bool, report: Report
) -> None:
    for number in range(LONG_KILLS if is_long else SHORT_KILLS):
        battle.round(number)
        report(kills=number + 1, cut_off_in_the_middle=battle.interrupted)
        if not number % 10:
            assert battle.check() == ''
    assert battle.check() == ''
    assert 'Traceback' not in battle.serving.log
