"""What any store of image files must do; each is run on every store that there is."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from falcon_images.errors import InvalidRequestError
from falcon_images.files.folder import UploadsFolder
from falcon_images.files.keys import image_key
from falcon_images.files.ranges import PartOfFile
from falcon_images.files.spool import UploadSpool
from falcon_images.files.store import FileStore
from tests.support.memory_files import MemoryFiles

KEY = image_key('c', '6565f0c2a1b2c3d4e5f60718', 'image/jpeg')
OTHER = image_key('c', '6565f0c2a1b2c3d4e5f60719', 'image/jpeg')
STORES: dict[str, Callable[[UploadsFolder], FileStore]] = {
    'disk': lambda folder: folder.images,
    'memory': lambda folder: MemoryFiles(),
}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[UploadsFolder]:
    made = UploadsFolder(tmp_path / 'uploads')
    made.prepare()
    yield made
    made.close()


@pytest.fixture
def spool(folder: UploadsFolder) -> UploadSpool:
    return folder.spool


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, folder: UploadsFolder) -> FileStore:
    return STORES[request.param](folder)


def save(store: FileStore, spool: UploadSpool, key: str, content: bytes) -> None:
    with spool.new_file() as file:
        file.write(content)
        store.save(file, key)


def read(store: FileStore, key: str) -> bytes | None:
    file = store.open(key)
    if file is None:
        return None
    with file:
        return file.read()


def test_what_was_saved_is_read(store: FileStore, spool: UploadSpool) -> None:
    save(store, spool, KEY, b'content')
    assert read(store, KEY) == b'content'


def test_saving_closes_the_file(store: FileStore, spool: UploadSpool) -> None:
    with spool.new_file() as file:
        store.save(file, KEY)
        assert file.closed


def test_nothing_of_a_file_is_left_in_the_spool(
    store: FileStore, spool: UploadSpool, tmp_path: Path
) -> None:
    save(store, spool, KEY, b'content')
    assert list((tmp_path / 'uploads/incoming').rglob('*.part')) == []


def test_a_file_may_be_empty(store: FileStore, spool: UploadSpool) -> None:
    save(store, spool, KEY, b'')
    assert (read(store, KEY), store.size(KEY)) == (b'', 0)


def test_a_key_that_is_saved_again_has_the_new_bytes(
    store: FileStore, spool: UploadSpool
) -> None:
    save(store, spool, KEY, b'old and longer')
    save(store, spool, KEY, b'new')
    assert (read(store, KEY), store.size(KEY)) == (b'new', 3)


def test_keys_have_files_of_their_own(store: FileStore, spool: UploadSpool) -> None:
    save(store, spool, KEY, b'one')
    save(store, spool, OTHER, b'two')
    assert (read(store, KEY), read(store, OTHER)) == (b'one', b'two')


def test_a_legacy_key_is_one_too(store: FileStore, spool: UploadSpool) -> None:
    save(store, spool, 'old one/a b 日本.jpg', b'content')
    assert read(store, 'old one/a b 日本.jpg') == b'content'


def test_what_is_not_there_is_none(store: FileStore) -> None:
    assert read(store, KEY) is None
    assert store.open_unbuffered(KEY) is None
    assert store.size(KEY) is None


def test_a_size_is_known_without_reading(store: FileStore, spool: UploadSpool) -> None:
    save(store, spool, KEY, b'12345')
    assert store.size(KEY) == 5


def test_an_open_file_is_a_real_one(store: FileStore, spool: UploadSpool) -> None:
    save(store, spool, KEY, b'12345')
    file = store.open_unbuffered(KEY)
    assert file
    with file:
        assert os.fstat(file.fileno()).st_size == 5
        assert PartOfFile(file, 1, 3).read() == b'234'


@pytest.mark.skipif(os.name == 'nt', reason='Windows keeps what is open')
def test_an_open_file_outlives_its_deletion(
    store: FileStore, spool: UploadSpool
) -> None:
    save(store, spool, KEY, b'content')
    file = store.open(KEY)
    assert file
    with file:
        store.delete(KEY)
        assert file.read() == b'content'


def test_what_was_deleted_is_gone(store: FileStore, spool: UploadSpool) -> None:
    save(store, spool, KEY, b'one')
    save(store, spool, OTHER, b'two')
    store.delete(KEY)
    assert (read(store, KEY), read(store, OTHER)) == (None, b'two')


def test_deleting_what_is_not_there_is_no_error(store: FileStore) -> None:
    store.delete(KEY)
    store.delete(KEY)
    assert store.size(KEY) is None


def test_a_key_can_come_back(store: FileStore, spool: UploadSpool) -> None:
    save(store, spool, KEY, b'one')
    store.delete(KEY)
    save(store, spool, KEY, b'two')
    assert read(store, KEY) == b'two'


def test_all_keys_are_listed(store: FileStore, spool: UploadSpool) -> None:
    assert list(store.keys()) == []
    for key in (KEY, OTHER, 'c/a.jpg'):
        save(store, spool, key, b'content')
    store.delete(OTHER)
    assert sorted(store.keys()) == sorted((KEY, 'c/a.jpg'))


@pytest.mark.parametrize(
    'key',
    ['', '..', '../x', 'a/../../x', '/etc/passwd', 'a/C:x', 'a/\\x', 'a/\0', 'con/a'],
)
def test_a_key_that_leads_elsewhere_is_refused(
    store: FileStore, spool: UploadSpool, key: str
) -> None:
    for use in (store.open, store.open_unbuffered, store.size, store.delete):
        with pytest.raises(InvalidRequestError):
            use(key)
    with pytest.raises(InvalidRequestError):
        save(store, spool, key, b'content')
    assert list(store.keys()) == []


def test_a_store_that_works_says_so(store: FileStore) -> None:
    store.check_writable()
    assert list(store.keys()) == []
