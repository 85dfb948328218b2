"""Snapshots by the real `serve.py`: downloads that go on, kills, and restarts."""

import hashlib
import os
import random
import re
import shutil
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pymongo
import pytest
import requests

from tests.support.pictures import jpeg
from tests.support.processes import KILL
from tests.support.serving import Serving, eventually

MB = 1024**2
SNAPSHOTS = '/collections/c/snapshots'
EXPORT = '/collections/c/export?snapshot=s'
DOCUMENTS = 30_000
MAX_GROWTH_MB = 60


def fill(serving: Serving, count: int, size: int = 1000) -> None:
    for number in range(count):
        content = jpeg() + random.Random(number).randbytes(size)
        answer = serving.session.post(
            f'{serving.url}/collections/c/images',
            data={'number': str(number)},
            files={'image': (f'{number}.jpg', content)},
            timeout=60,
        )
        assert answer.status_code == 200


def make(serving: Serving, name: str = 's') -> requests.Response:
    return requests.post(f'{serving.url}{SNAPSHOTS}', json={'name': name}, timeout=60)


def delete_all(serving: Serving) -> None:
    for document in serving.get('/collections/c/images').json():
        path = f'/collections/c/images/{document["_id"]}'
        requests.delete(f'{serving.url}{path}', timeout=60).raise_for_status()


def hash_of(serving: Serving) -> str:
    return hashlib.sha256(serving.get(EXPORT).content).hexdigest()


def test_it_is_the_same_after_a_restart_and_on_each_worker(
    start: Callable[..., Serving],
) -> None:
    serving = start().ready()
    fill(serving, 20)
    assert make(serving).status_code == 200
    first = hash_of(serving)
    delete_all(serving)
    serving.stop()
    serving = start('--workers', '3').ready()
    for _ in range(12):
        serving.session.close()
        assert hash_of(serving) == first


@pytest.mark.skipif(not shutil.which('curl'), reason='needs curl')
def test_a_download_that_was_cut_off_goes_on(
    start: Callable[..., Serving], tmp_path: Path
) -> None:
    serving = start().ready()
    fill(serving, 8, 2 * MB)
    make(serving)
    whole = serving.get(EXPORT).content
    delete_all(serving)
    path = tmp_path / 'set.zip'
    path.write_bytes(whole[: len(whole) // 2 + 1])
    command = ('curl', '-sSf', '-C', '-', '-o', path, f'{serving.url}{EXPORT}')
    subprocess.run(command, check=True, timeout=60)
    assert path.read_bytes() == whole
    assert re.search(rf' {EXPORT.partition("?")[0]}\S* 206 ', serving.log)


def test_a_part_in_the_middle_reads_little(
    start: Callable[..., Serving],
) -> None:
    serving = start('--workers', '1').ready()
    fill(serving, 30, MB)
    make(serving)
    size = int(serving.get(EXPORT).headers['Content-Length'])
    before = bytes_read(serving)
    answer = serving.get(EXPORT, headers={'Range': f'bytes={size // 2}-{size // 2}'})
    assert answer.status_code == 206
    assert bytes_read(serving) - before < 6 * MB


def bytes_read(serving: Serving) -> int:
    if sys.platform != 'linux':
        pytest.skip('reads /proc')
    pids = serving.workers or [serving.process.pid]
    text = Path(f'/proc/{pids[0]}/io').read_text(encoding='utf-8')
    found = re.search(r'rchar: (\d+)', text)
    assert found
    return int(found[1])


def test_a_file_that_goes_later_ends_the_answer_before_it(
    start: Callable[..., Serving],
) -> None:
    serving = start('--workers', '1').ready()
    fill(serving, 3, MB)
    make(serving)
    whole = serving.get(EXPORT).content
    folder = serving.folder / 'data/uploads/images'
    content = jpeg() + random.Random(1).randbytes(MB)
    (path,) = (each for each in folder.rglob('*.jpg') if each.read_bytes() == content)
    path.unlink()
    sent = b''
    with serving.get(EXPORT, stream=True) as answer:
        assert answer.headers['Content-Length'] == str(len(whole))
        with pytest.raises(requests.RequestException):
            for piece in answer.iter_content(64 * 1024):
                sent += piece
    assert whole.startswith(sent)
    assert content[: 64 * 1024] not in sent


class Store:
    """The names and folders of a service, filled without it."""

    def __init__(self, mongodb_url: str, folder: Path) -> None:
        self.environ = {
            'MONGODB_URL': mongodb_url,
            'MONGODB_DB': f'test_{uuid.uuid4().hex}',
            'UPLOADS_DIRECTORY': str(folder),
        }

    def fill(self) -> None:
        """Make images of the earlier version, which all have one file."""
        folder = Path(self.environ['UPLOADS_DIRECTORY']) / 'images/c'
        folder.mkdir(parents=True)
        (folder / 'a.jpg').write_bytes(jpeg())
        with pymongo.MongoClient[dict[str, Any]](self.environ['MONGODB_URL']) as client:
            client[self.environ['MONGODB_DB']].c.insert_many(
                {'image': 'a.jpg', 'number': number, 'text': 'x' * 300}
                for number in range(DOCUMENTS)
            )

    def count(self, name: str) -> int:
        with pymongo.MongoClient[dict[str, Any]](self.environ['MONGODB_URL']) as client:
            database = client[self.environ['MONGODB_DB']]
            return database[f'_service.{name}'].count_documents({})


@pytest.fixture
def store(mongodb_url: str, tmp_path: Path) -> Store:
    made = Store(mongodb_url, tmp_path / 'uploads')
    made.fill()
    return made


@pytest.mark.skipif(os.name == 'nt', reason='Windows has no SIGKILL')
def test_one_that_is_killed_while_it_is_made_leaves_nothing(
    start: Callable[..., Serving], store: Store
) -> None:
    serving = start('--workers', '1', **store.environ).ready()
    outcomes: list[int] = []

    def ask() -> None:
        try:
            outcomes.append(make(serving).status_code)
        except requests.ConnectionError:
            outcomes.append(0)

    client = threading.Thread(target=ask)
    client.start()
    eventually(lambda: store.count('snapshot_images') > 0, 60)
    for pid in {*serving.workers, serving.process.pid}:
        os.kill(pid, KILL)
    serving.ended()
    client.join(60)
    assert outcomes == [0]
    serving = start('--workers', '1', **store.environ).ready()
    assert serving.get(SNAPSHOTS).json() == []
    assert make(serving).status_code == 409
    # Its lease has to run out first.
    eventually(lambda: store.count('snapshot_images') == 0, 100)
    eventually(lambda: make(serving).status_code == 200, 30)
    assert serving.get(SNAPSHOTS).json()[0]['images'] == DOCUMENTS


def test_memory_does_not_grow_with_the_documents(
    start: Callable[..., Serving], store: Store
) -> None:
    serving = start('--workers', '1', **store.environ).ready()
    serving.get('/collections/c/images?limit=1')
    before = most_memory_mb(serving)
    assert make(serving).status_code == 200
    with serving.get(EXPORT, stream=True) as answer:
        size = sum(len(piece) for piece in answer.iter_content(MB))
    assert str(size) == answer.headers['Content-Length']
    assert most_memory_mb(serving) - before < MAX_GROWTH_MB


def most_memory_mb(serving: Serving) -> int:
    if sys.platform != 'linux':
        pytest.skip('reads /proc')
    pids = serving.workers or [serving.process.pid]
    text = Path(f'/proc/{pids[0]}/status').read_text(encoding='utf-8')
    found = re.search(r'VmHWM:\s+(\d+)', text)
    assert found
    return int(found[1]) // 1024


def test_a_full_disk_is_507(start: Callable[..., Serving], small_disk: Path) -> None:
    serving = start(UPLOADS_DIRECTORY=str(small_disk)).ready()
    for _ in range(3):
        serving.upload(jpeg())
    assert make(serving).status_code == 200
    filler = small_disk / 'filler'
    with pytest.raises(OSError, match='No space'), filler.open('wb', 0) as file:
        while True:
            file.write(b'x' * 4096)
    assert serving.get(EXPORT).status_code == 507
    filler.unlink()
    assert serving.get(EXPORT).status_code == 200
