"""An uploads folder of which a part is on another volume."""

import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from falcon_images.errors import StorageError
from falcon_images.files.folder import UploadsFolder
from falcon_images.files.keys import image_key
from falcon_images.files.unresolved import UnresolvedWrite
from tests.support.disk_files import ID, all_files, read, recorded_syncs, save
from tests.support.pictures import jpeg
from tests.support.service import Service

# Linux has two file systems wherever it runs.
MEMORY = Path('/dev/shm')
PARTS = ['images', 'images/a', 'images/a/b', 'doubts', 'thumbnails', 'incoming']


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    is_there = os.name != 'nt' and MEMORY.is_dir()
    if not is_there or MEMORY.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip('there is no second volume here')
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        yield Path(folder)


def link(root: Path, part: str, volume: Path) -> None:
    path = root / part
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(volume)


def opened(root: Path) -> UploadsFolder:
    folder = UploadsFolder(root)
    folder.prepare()
    return folder


@pytest.mark.parametrize('part', PARTS)
def test_any_part_may_be_on_another_volume(
    tmp_path: Path, volume: Path, part: str
) -> None:
    link(tmp_path, part, volume)
    folder = opened(tmp_path)
    save(folder, 'a/b/c', b'content')
    assert read(folder, 'a/b/c') == b'content'
    folder.unresolved.note(UnresolvedWrite('db', 'c', ID, ''))
    assert folder.unresolved.all() == [UnresolvedWrite('db', 'c', ID, '')]
    with folder.spool.new_file() as file:
        file.write(b'small')
        folder.thumbnails.keep(file, 'x', 'y')
    assert folder.thumbnails.read('x', 'y') == b'small'
    folder.images.check_writable()
    folder.images.delete('a/b/c')
    assert (tmp_path / part).is_symlink()
    found = all_files(tmp_path) | all_files(volume)
    assert {Path(name).suffix for name in found} == {'.json', '.webp'}


def test_the_bytes_are_safe_before_they_have_their_name(
    tmp_path: Path, volume: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link(tmp_path, 'images/a', volume)
    folder = opened(tmp_path)
    replace = os.replace
    with recorded_syncs() as steps:

        def record(source: Any, target: Any) -> None:
            replace(source, target)
            steps.append('named')

        monkeypatch.setattr(os, 'replace', record)
        save(folder, 'a/b/c')
    images = tmp_path / 'images'
    # The part where it came in, its copy, and then its folders.
    order = ['part', 'part', 'named', str(volume / 'b'), str(volume), str(images)]
    assert steps == order


@pytest.mark.parametrize('failing', [2, 3])
@pytest.mark.parametrize('number', [errno.ENOSPC, errno.EIO])
def test_a_copy_that_fails_leaves_nothing(
    tmp_path: Path,
    volume: Path,
    monkeypatch: pytest.MonkeyPatch,
    failing: int,
    number: int,
) -> None:
    link(tmp_path, 'images/a', volume)
    folder = opened(tmp_path)
    sync, calls = os.fsync, []

    def fail(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == failing:
            raise OSError(number, 'the disk')
        sync(descriptor)

    with monkeypatch.context() as patch, pytest.raises(StorageError):
        patch.setattr(os, 'fsync', fail)
        save(folder, 'a/b/c')
    assert all_files(tmp_path) | all_files(volume) == set()
    save(folder, 'a/b/c')


def test_images_of_a_collection_on_another_volume_are_served(
    service: Service, volume: Path
) -> None:
    root = service.settings.uploads_directory
    link(root, 'images/' + image_key('c', ID, '').split('/')[0], volume)
    made = service.client.upload('c', jpeg())
    (path,) = (path for path in volume.rglob('*') if path.is_file())
    assert path.read_bytes() == jpeg()
    image = f'/collections/c/images/{made["_id"]}'
    assert service.client.simulate_get(f'{image}/image').content == jpeg()
    thumbnail = service.client.simulate_get(f'{image}/thumbnail?size=small')
    assert thumbnail.headers['Content-Type'] == 'image/webp'
    assert service.client.simulate_delete(image).status_code == 200
    assert not path.exists()


def test_ready_means_that_files_come_to_their_place(service: Service) -> None:
    images = service.settings.uploads_directory / 'images'
    images.rmdir()
    images.write_text('no folder')
    ready = service.client.simulate_get('/health/ready')
    assert ready.status_code == 503
    assert ready.json['store'] != 'ok'
    images.unlink()
    assert service.client.simulate_get('/health/ready').status_code == 200
    assert list(images.iterdir()) == []


def test_files_are_set_aside_and_put_back_between_volumes(
    tmp_path: Path, volume: Path
) -> None:
    link(tmp_path, 'images', volume)
    folder = opened(tmp_path)
    save(folder, 'a/b/c', b'content')
    quarantine = folder.quarantine
    with quarantine.taken():
        assert quarantine.set_aside('a/b/c') == 'a/b/c'
        assert all_files(volume) == set()
        assert (tmp_path / 'quarantine/a/b/c').read_bytes() == b'content'
        assert quarantine.put_back('a/b/c', lambda file: file.read() == b'content')
        assert (volume / 'a/b/c').read_bytes() == b'content'
        assert all_files(tmp_path / 'quarantine') == set()
