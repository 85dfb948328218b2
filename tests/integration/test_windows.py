"""What Windows does otherwise than other systems, asked of Windows itself."""

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from falcon_images.embedded import mongod
from falcon_images.embedded.mongod import EmbeddedMongo, EmbeddedMongoError
from falcon_images.errors import StorageUnavailableError
from falcon_images.files.folder import UploadsFolder
from falcon_images.files.mark import Mark, StoreMark
from tests.support.pictures import jpeg
from tests.support.serving import Serving, eventually
from tests.support.wine import is_wine

pytestmark = pytest.mark.skipif(os.name != 'nt', reason='this is not Windows')
Start = Callable[..., Serving]
MANY_BYTES = 30_000_000


def images(serving: Serving) -> list[Path]:
    uploads = serving.folder / 'data/uploads/images'
    return [path for path in uploads.rglob('*') if path.is_file()]


def test_ctrl_break_ends_the_service_and_its_database(start: Start) -> None:
    serving = start().ready()
    document = serving.upload(jpeg())
    serving.interrupt()
    assert serving.ended() == 0
    assert serving.lines[-1].endswith('Stopped\n')
    # Another may use the folder at once.
    again = start().ready()
    assert again.get('/collections/c/images').json() == [document]


@pytest.mark.skipif(not is_wine(), reason='Windows keeps its libraries')
def test_a_windows_without_a_library_of_mongod_names_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its libraries are beside it, and Wine was told to take no others.
    program = Path(shutil.copy(mongod.find_program(), tmp_path))
    monkeypatch.setattr(mongod, 'find_program', lambda: program)
    mongo = EmbeddedMongo(tmp_path / 'mongodb')
    with pytest.raises(EmbeddedMongoError, match='Visual C'):
        mongo.wait_until_ready()


def test_who_reads_an_image_that_is_deleted_gets_all_of_it(start: Start) -> None:
    serving = start().ready()
    content = jpeg() + bytes(MANY_BYTES)
    path = f'/collections/c/images/{serving.upload(content)["_id"]}'
    with serving.get(f'{path}/image', stream=True) as reading:
        begun = reading.raw.read(1000)
        deleted = requests.delete(serving.url + path, timeout=60)
        assert deleted.json()['deletedCount'] == 1
        assert serving.get(path).status_code == 404
        assert begun + reading.raw.read() == content
    serving.stop()
    again = start().ready()
    # What may still be asked for waits for half a minute.
    eventually(lambda: not images(again), 90)


def test_a_file_that_somebody_reads_is_not_replaced(tmp_path: Path) -> None:
    folder = UploadsFolder(tmp_path)
    folder.prepare()

    def save(content: bytes) -> None:
        with folder.spool.new_file() as file:
            file.write(content)
            folder.images.save(file, 'a/b')

    save(b'first')
    reading = folder.images.open('a/b')
    assert reading
    with reading:
        with pytest.raises(StorageUnavailableError):
            save(b'second')
        assert reading.read() == b'first'
    assert not list(tmp_path.rglob('*.part'))
    folder.close()


def test_a_mark_that_others_read_is_replaced_when_they_have_done(
    tmp_path: Path,
) -> None:
    mark = StoreMark(tmp_path / 'store.json')
    made = mark.make('first')
    reading = mark.path.open('rb')
    threading.Timer(0.3, reading.close).start()
    mark.replace(Mark('second'))
    assert reading.closed
    assert (made.id, mark.read()) == ('first', Mark('second'))


@pytest.mark.parametrize('name', ['CON', 'nul', 'COM1.jpg', 'aux.tar.gz', 'b '])
def test_names_that_windows_keeps_for_itself_are_names_like_others(
    start: Start, mongodb_url: str, name: str
) -> None:
    serving = start(MONGODB_URL=mongodb_url).ready()
    url = f'{serving.url}/collections/{name}/images'
    sent = requests.post(url, files={'image': (name, jpeg())}, timeout=60)
    assert sent.json()['image'] == name
    got = requests.get(f'{url}/{sent.json()["_id"]}/image', timeout=60)
    assert got.content == jpeg()


def test_two_services_in_one_folder_see_the_same_images(
    start: Start, mongodb_url: str
) -> None:
    one, other = (start(MONGODB_URL=mongodb_url).ready() for _ in range(2))
    documents = [serving.upload(jpeg()) for serving in (one, other)]
    for serving in (one, other):
        for document in documents:
            path = f'/collections/c/images/{document["_id"]}'
            assert serving.get(f'{path}/image').content == jpeg()
    assert one.stop() == 0
    assert other.upload(jpeg())
