"""Imports by the real service: large archives, a full disk, clients of before."""

import io
import json
import os
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.importing import with_manifest, zipped
from tests.support.pictures import jpeg
from tests.support.serving import Serving

Start = Callable[..., Serving]
MB = 1024**2


def send(
    serving: Serving, archive: bytes, content_type: str = 'application/zip'
) -> requests.Response:
    """Import an archive as the client of the earlier version does."""
    return serving.session.post(
        f'{serving.url}/collections/c/import',
        files={'archive': ('a.zip', archive, content_type)},
        timeout=120,
    )


def listed(serving: Serving) -> list[Any]:
    found: list[Any] = serving.get('/collections/c/images').json()
    return found


def test_a_full_disk_is_507_and_the_next_import_goes_on(
    start: Start, small_disk: Path
) -> None:
    serving = start(UPLOADS_DIRECTORY=str(small_disk)).ready()
    # Packed they are small, unpacked the last has no room.
    files = {f'{n}.jpg': jpeg() + bytes([n]) * 600_000 for n in range(8)}
    answer = send(serving, zipped(files))
    assert (answer.status_code, answer.json()['title']) == (507, 'Disk full')
    stored = listed(serving)
    assert 0 < len(stored) < 8
    kept = {path.stem for path in (small_disk / 'images').rglob('*.jpg')}
    assert kept == {each['_id'] for each in stored}
    assert not list(small_disk.rglob('*.part'))
    path = f'/collections/c/images/{stored[0]["_id"]}'
    assert serving.session.delete(f'{serving.url}{path}').status_code == 200
    first = {name: files[name] for name in list(files)[: len(stored)]}
    again = send(serving, zipped(first)).json()
    assert (again['imported'], again['unchanged']) == (1, len(stored) - 1)


def test_an_archive_that_has_no_room_is_507(start: Start, small_disk: Path) -> None:
    serving = start(UPLOADS_DIRECTORY=str(small_disk)).ready()
    answer = send(serving, zipped({'a.jpg': jpeg() + os.urandom(4 * MB)}))
    assert (answer.status_code, answer.json()['title']) == (507, 'Disk full')
    assert send(serving, zipped({'a.jpg': jpeg()})).status_code == 200


def peak(serving: Serving) -> int:
    """The most bytes of memory that the processes of a service had."""
    status = [Path(f'/proc/{pid}/status').read_text() for pid in serving.pids]
    sizes = [text.partition('VmHWM:')[2].split()[0] for text in status]
    return sum(int(size) * 1024 for size in sizes)


@pytest.mark.skipif(sys.platform != 'linux', reason='reads /proc')
def test_a_large_archive_takes_little_memory(start: Start) -> None:
    limits = {'MAX_BODY_BYTES': str(MB), 'MAX_ARCHIVE_BYTES': str(200 * MB)}
    serving = start(APP_WORKERS='1', **limits).ready()
    assert send(serving, zipped({'a.jpg': jpeg()})).status_code == 200
    before = peak(serving)
    noise = os.urandom(8 * MB)
    files = {f'{n}.jpg': jpeg() + bytes([n]) + noise for n in range(16)}
    answer = send(serving, zipped(files))
    assert answer.json()['imported'] == 16
    assert peak(serving) - before < 30 * MB


def test_an_archive_over_its_limit_is_413(start: Start) -> None:
    serving = start(MAX_ARCHIVE_BYTES='1000').ready()
    answer = send(serving, zipped({'a.jpg': jpeg() + os.urandom(1000)}))
    assert answer.status_code == 413
    assert 'MAX_ARCHIVE_BYTES' in answer.json()['description']


def test_a_client_of_the_earlier_version_runs_unchanged(start: Start) -> None:
    serving = start().ready()
    document = {
        '_id': '6565f0c2a1b2c3d4e5f60718',
        'time': '2021-03-04T05:06:07.089Z',
        'image': '写真.jpg',
        'ai_prediction': 'OK',
    }
    archive = with_manifest([document], {'写真.jpg': jpeg()})
    answer = send(serving, archive, 'application/x-zip-compressed')
    assert (answer.status_code, answer.json()['collection']) == (200, 'c')
    (found,) = listed(serving)
    assert {name: found[name] for name in document} == document
    path = f'/collections/c/images/{document["_id"]}'
    assert serving.get(path).json() == found
    assert serving.get(f'{path}/image').content == jpeg()
    exported = serving.get('/collections/c/export')
    assert exported.headers['Content-Type'] == 'application/zip'
    with zipfile.ZipFile(io.BytesIO(exported.content)) as found_archive:
        assert found_archive.read('写真.jpg') == jpeg()
        assert json.loads(found_archive.read('mongodb_data.json')) == [found]
    deleted = serving.session.delete(f'{serving.url}{path}')
    assert deleted.json() == {'_id': document['_id'], 'deletedCount': 1}
    answer = send(serving, exported.content, 'application/x-zip-compressed')
    assert (answer.json()['imported'], listed(serving)) == (1, [found])
    dropped = serving.session.delete(f'{serving.url}/collections/c')
    assert dropped.json() == {'name': 'c', 'documents': 1}
    assert serving.get('/collections').json() == []
