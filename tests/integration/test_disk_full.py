"""A disk that is really full: a small file system of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from urllib3.filepost import encode_multipart_formdata

from tests.support.pictures import jpeg
from tests.support.serving import Serving

Start = Callable[..., Serving]


def post(serving: Serving, content: bytes) -> requests.Response:
    return serving.session.post(
        f'{serving.url}/collections/c/images',
        files={'image': ('a.jpg', content)},
        timeout=60,
    )


def test_a_full_disk_is_507_and_reading_goes_on(start: Start, small_disk: Path) -> None:
    serving = start(UPLOADS_DIRECTORY=str(small_disk)).ready()
    stored = {}
    answer = None
    for number in range(8):
        content = jpeg() + bytes([number]) * 600_000
        answer = post(serving, content)
        if answer.status_code != 200:
            break
        stored[answer.json()['_id']] = content
    assert answer is not None
    assert answer.status_code == 507
    assert answer.json()['title'] == 'Disk full'
    assert len(stored) >= 3
    files = {path.stem for path in (small_disk / 'images').rglob('*.jpg')}
    assert files == set(stored)
    assert not list(small_disk.rglob('*.part'))
    listed = serving.get('/collections/c/images').json()
    assert {document['_id'] for document in listed} == set(stored)
    for image_id, content in stored.items():
        path = f'/collections/c/images/{image_id}/image'
        assert serving.get(path).content == content


@pytest.mark.parametrize('is_chunked', [False, True])
def test_bodies_wait_on_the_disk_of_the_store(
    start: Start, small_disk: Path, is_chunked: bool
) -> None:
    serving = start(UPLOADS_DIRECTORY=str(small_disk)).ready()
    body, content_type = encode_multipart_formdata(
        {'image': ('a.jpg', jpeg() + b'x' * 4_000_000)}
    )
    answer = serving.session.post(
        f'{serving.url}/collections/c/images',
        data=iter((body[:1_000_000], body[1_000_000:])) if is_chunked else body,
        headers={'Content-Type': content_type},
        timeout=60,
    )
    assert answer.status_code == 507
    assert answer.json()['title'] == 'Disk full'
    assert post(serving, jpeg()).status_code == 200
    assert len(list(small_disk.rglob('*.jpg'))) == 1


def test_a_full_disk_is_told_and_room_is_used_again(
    start: Start, small_disk: Path
) -> None:
    serving = start(UPLOADS_DIRECTORY=str(small_disk)).ready()
    kept = serving.upload(jpeg())
    filler = small_disk / 'filler'
    with pytest.raises(OSError, match='No space'), filler.open('wb', 0) as file:
        while True:
            file.write(b'x' * 4096)
    ready = serving.get('/health/ready')
    assert ready.status_code == 503
    assert 'disk is full' in ready.json()['store']
    assert post(serving, jpeg()).status_code == 507
    path = f'/collections/c/images/{kept["_id"]}'
    patched = serving.session.patch(f'{serving.url}{path}', json={'a': 1})
    assert patched.status_code == 200
    filler.unlink()
    assert serving.get('/health/ready').status_code == 200
    assert post(serving, jpeg()).status_code == 200


@pytest.mark.parametrize('size', [3_000_000, 8_000_000])
def test_a_table_that_does_not_fit_is_507_and_changes_nothing(
    start: Start, small_disk: Path, size: int
) -> None:
    serving = start(UPLOADS_DIRECTORY=str(small_disk)).ready()
    before = serving.upload(jpeg(), label='OK')
    rows = [f'{before["_id"]},NG'] + [f'{n:024x},NG' for n in range(size // 28)]
    answer = serving.session.post(
        f'{serving.url}/collections/c/relabel',
        data='\n'.join(('_id,label', *rows)),
        headers={'Content-Type': 'text/csv'},
        timeout=60,
    )
    assert (answer.status_code, answer.json()['title']) == (507, 'Disk full')
    assert serving.get('/collections/c/images').json() == [before]
    assert serving.get('/collections/c/changes').json() == []
    rows = ['_id,label', rows[0]]
    answer = serving.session.post(
        f'{serving.url}/collections/c/relabel',
        data='\n'.join(rows),
        headers={'Content-Type': 'text/csv'},
        timeout=60,
    )
    assert (answer.status_code, answer.json()['changed']) == (200, 1)
