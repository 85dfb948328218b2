"""The application in processes that are forked after it was imported."""

import os
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pymongo
import pytest
import requests

from tests.support.engines import installed
from tests.support.pictures import jpeg
from tests.support.serving import ROOT, Serving, eventually

pytestmark = pytest.mark.skipif(os.name == 'nt', reason='Windows has no fork')
GUNICORN = 'gunicorn==27.0.1'
CLIENTS = 12
UPLOADS = 480
CONFIGURATION = """
import logging
logging.basicConfig(level=logging.INFO)
"""
# The standard library's fork, beneath a process that has served already.
PROGRAM = """
import concurrent.futures, os, sys
import falcon.testing
from falcon_images.wsgi import application
from tests.support.service import Client, form
from tests.support.pictures import jpeg
client = Client(application)

def upload(number):
    image = jpeg() + os.urandom(20_000)
    made = client.post_form('c', form(('image', image, 'a.jpg'))).json
    path = f'/collections/c/images/{made["_id"]}/image'
    assert client.simulate_get(path).content == image

def serve():
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(upload, range(40)))

upload(0)
children = []
for _ in range(3):
    pid = os.fork()
    if pid == 0:
        serve()
        sys.exit()
    children.append(pid)
serve()
assert [os.waitpid(pid, 0)[1] for pid in children] == [0, 0, 0]
# Their ends have taken nothing of this process away.
serve()
"""


class Gunicorn(Serving):
    """Gunicorn, which imports the application and then forks."""

    def __init__(self, folder: Path, **environ: str) -> None:
        (folder / 'conf.py').write_text(CONFIGURATION)
        self.folder = folder
        self.lines: list[str] = []
        arguments = '--preload -c conf.py -w 3 -k gthread --threads 4 -b 127.0.0.1:0'
        self.process = subprocess.Popen(
            [
                *(sys.executable, '-m', 'gunicorn', *arguments.split()),
                'falcon_images.wsgi:application',
            ],
            cwd=folder,
            env=os.environ | {'PYTHONPATH': f'{ROOT}:{installed(GUNICORN)}'} | environ,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.session = requests.Session()

    def ready(self) -> 'Gunicorn':
        listens = re.compile(r'Listening at: (http://\S+:\d+)')
        eventually(lambda: listens.search(self.log) or self.process.poll() is not None)
        found = listens.search(self.log)
        assert found, self.log
        self.url = found[1]
        return self


@pytest.fixture
def gunicorn(tmp_path: Path, mongodb_url: str) -> Iterator[Gunicorn]:
    made = Gunicorn(tmp_path, MONGODB_URL=mongodb_url, MONGODB_DB='test_forks')
    yield made.ready()
    made.stop()


def stored(serving: Serving, seed: int) -> str:
    """Store an image that is like no other; compare what comes back with it."""
    image = jpeg() + random.Random(seed).randbytes(60_000)
    with requests.Session() as session:
        url = f'{serving.url}/collections/c/images'
        sent = session.post(url, files={'image': ('a.jpg', image)}, timeout=60)
        assert sent.status_code == 200, sent.text
        image_id: str = sent.json()['_id']
        got = session.get(f'{url}/{image_id}/image', timeout=60)
        assert got.content == image
    return image_id


def test_what_gunicorn_acknowledges_after_a_preload_is_kept(gunicorn: Gunicorn) -> None:
    with ThreadPoolExecutor(CLIENTS) as pool:
        ids = list(pool.map(lambda seed: stored(gunicorn, seed), range(UPLOADS)))
    assert len(set(ids)) == UPLOADS
    incoming = gunicorn.folder / 'data/uploads/incoming'
    folders = [path for path in incoming.iterdir() if path.is_dir()]
    # The process that imported has none; each that serves has its own.
    assert 1 < len(folders) <= 3
    assert not list(incoming.rglob('*.part'))
    gunicorn.stop()
    assert not list(incoming.iterdir())


def test_forked_processes_do_what_is_left_and_log(
    gunicorn: Gunicorn, mongodb_url: str
) -> None:
    dropped = f'_service.dropped.{os.urandom(12).hex()}.c'
    with pymongo.MongoClient[dict[str, object]](mongodb_url) as client:
        database = client['test_forks']
        database[dropped].insert_one({'a': 1})
        assert gunicorn.get('/collections').status_code == 200
        eventually(lambda: dropped not in database.list_collection_names(), 15)
    eventually(lambda: 'GET /collections 200' in gunicorn.log)


def test_processes_forked_from_one_that_serves_are_on_their_own(
    tmp_path: Path, mongodb_url: str
) -> None:
    environ = {'PYTHONPATH': str(ROOT), 'MONGODB_URL': mongodb_url}
    done = subprocess.run(
        [sys.executable, '-c', PROGRAM],
        cwd=tmp_path,
        env=os.environ | environ | {'MONGODB_DB': 'test_forks'},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert 'Error' not in done.stderr, done.stderr
    assert not list((tmp_path / 'data/uploads/incoming').iterdir())


def test_a_setting_that_is_wrong_is_told_before_the_fork(tmp_path: Path) -> None:
    started = time.monotonic()
    made = Gunicorn(tmp_path, MONGODB_URL='nonsense://x')
    assert made.ended() != 0
    assert 'MONGODB_URL must begin with mongodb://' in made.log
    assert time.monotonic() - started < 20
