import errno
import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from falcon_images.errors import (
    InvalidRequestError,
    StorageFullError,
    StorageUnavailableError,
)
from falcon_images.files.folder import UploadsFolder
from falcon_images.files.keys import image_key, is_image_key, legacy_key
from falcon_images.files.ranges import PartOfFile
from falcon_images.files.unresolved import UnresolvedWrite
from tests.support.disk_files import ID, all_files, read, recorded_syncs, save

HOSTILE_NAMES = [
    *('..', '.', '...', '../../x', '..\\..\\x', '/etc/passwd', 'C:\\x', 'C:x', '~'),
    *('CON', 'con', 'NUL.txt', 'COM1', 'lpt9.jpg', 'a:b', 'a/b', 'a\\b', 'a\0b'),
    *('a\nb', '日本 1', 'a.b', 'a b', ' ', 'a.', 'é', 'x' * 300, '日' * 80, '-', '%2e'),
]


@pytest.fixture
def folder(tmp_path: Path) -> UploadsFolder:
    made = UploadsFolder(tmp_path / 'uploads')
    made.prepare()
    return made


def test_a_key_is_made_of_our_own_names() -> None:
    key = image_key('Line 1', ID, 'image/jpeg')
    assert key == f'line_1-f65eb5539b742c495786/6565/f60/{ID}.jpg'


@pytest.mark.parametrize('name', HOSTILE_NAMES)
def test_any_collection_name_gives_a_folder_that_is_legal_everywhere(name: str) -> None:
    folder = image_key(name, ID, 'image/png').split('/')[0]
    assert len(folder) <= 61
    assert set(folder) <= set('abcdefghijklmnopqrstuvwxyz0123456789_-')
    assert folder.rsplit('-', 1)[0].lower() != folder


def test_names_that_differ_in_case_only_have_folders_of_their_own() -> None:
    names = ['a', 'A', 'ä', 'Ä', 'CON', 'con', 'Con', 'a_b', 'a.b', 'a b']
    folders = {image_key(name, ID, '').split('/')[0] for name in names}
    assert len({folder.lower() for folder in folders}) == len(names)


def test_folders_stay_small_with_10_million_images_of_a_process() -> None:
    """Ids of a process count up: 4,096 that follow each other share a folder."""
    ids = [f'6565f0c2a1b2c3d4e5{number:06x}' for number in range(0, 10_000_000, 4096)]
    folders = {image_key('c', image_id, '').rsplit('/', 1)[0] for image_id in ids}
    assert len(folders) == len(ids) < 4096


def test_a_file_is_saved_whole_under_its_key(
    folder: UploadsFolder, tmp_path: Path
) -> None:
    save(folder, 'a/b/c.jpg', b'content')
    assert read(folder, 'a/b/c.jpg') == b'content'
    assert all_files(tmp_path / 'uploads') == {'images/a/b/c.jpg'}


def test_a_file_that_is_not_saved_leaves_nothing(
    folder: UploadsFolder, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match='stop'), folder.spool.new_file() as file:
        file.write(b'x')
        raise ValueError('stop')
    assert all_files(tmp_path / 'uploads') == set()


def test_a_file_that_is_not_there_is_none(folder: UploadsFolder) -> None:
    save(folder, 'a/b/c')
    assert [folder.images.open(key) for key in ('x', 'a', 'a/b', 'a/b/c/d')] == [
        None
    ] * 4


def test_a_folder_that_the_system_refuses_to_open_is_none_and_a_file_is_an_error(
    folder: UploadsFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        # As on Windows, where this is said of every folder.
        raise PermissionError(errno.EACCES, 'Permission denied')

    save(folder, 'a/b/c')
    monkeypatch.setattr(os, 'open', refuse)
    assert folder.images.open('a/b') is None
    with pytest.raises(StorageUnavailableError):
        folder.images.open('a/b/c')


def test_deleting_removes_the_file_and_empty_folders(
    folder: UploadsFolder, tmp_path: Path
) -> None:
    save(folder, 'a/b/c')
    save(folder, 'a/d/e')
    folder.images.delete('a/b/c')
    folder.images.delete('a/b/c')
    assert sorted(path.name for path in (tmp_path / 'uploads/images').rglob('*')) == [
        *('a', 'd', 'e')
    ]
    folder.images.delete('a/d/e')
    assert list((tmp_path / 'uploads/images').iterdir()) == []


@pytest.mark.parametrize(
    'key',
    ['', '..', '../x', 'a/../../x', '/etc/passwd', 'a/C:x', 'a/\\x', 'a/\0', 'con/a'],
)
def test_a_key_that_leads_elsewhere_is_refused(folder: UploadsFolder, key: str) -> None:
    for use in (
        folder.images.open,
        folder.images.open_unbuffered,
        folder.images.size,
        folder.images.delete,
    ):
        with pytest.raises(InvalidRequestError):
            use(key)


@pytest.mark.parametrize('name', HOSTILE_NAMES)
def test_legacy_names_stay_in_their_folder(
    folder: UploadsFolder, tmp_path: Path, name: str
) -> None:
    images = tmp_path / 'uploads/images'
    for collection_name, image_name in (('c', name), (name, 'x.jpg')):
        try:
            path = images.joinpath(legacy_key(collection_name, image_name))
        except InvalidRequestError:
            continue
        assert path.parent.parent == images
        assert os.path.normpath(path) == str(path)


def test_keys_of_our_own_are_known_without_being_checked() -> None:
    for name in (*HOSTILE_NAMES, 'c', 'Line 3'):
        for media_type in ('image/jpeg', 'image/x-unknown'):
            assert is_image_key(image_key(name, ID, media_type))


def test_a_size_is_told_without_opening(folder: UploadsFolder) -> None:
    save(folder, 'a/b', b'12345')
    assert folder.images.size('a/b') == 5
    assert [folder.images.size(key) for key in ('x', 'a', 'a/c', 'a/b/c')] == [None] * 4


@pytest.mark.parametrize('has_pread', [True, False])
def test_a_part_is_read_like_a_file(
    folder: UploadsFolder, monkeypatch: pytest.MonkeyPatch, has_pread: bool
) -> None:
    save(folder, 'a', bytes(range(100)))
    if not has_pread:
        # As on Windows.
        monkeypatch.delattr(os, 'pread', raising=False)
    file = folder.images.open_unbuffered('a')
    assert file
    part, same = PartOfFile(file, 10, 50), io.BytesIO(bytes(range(10, 60)))
    assert part.seekable()
    steps: list[tuple[str, tuple[int, ...]]] = [
        *(('read', (7,)), ('tell', ()), ('seek', (0, 2)), ('read', (1,)), ('tell', ())),
        *(('seek', (-5, 1)), ('read', (3,)), ('read', (100,)), ('read', ())),
        *(
            ('seek', (20,)),
            ('read', ()),
            ('tell', ()),
            ('seek', (3, 0)),
            ('read', (0,)),
        ),
        *(('seek', (70,)), ('read', ()), ('tell', ())),
    ]
    for name, arguments in steps:
        found = getattr(part, name)(*arguments)
        assert found == getattr(same, name)(*arguments), (name, arguments)
    part.close()
    assert file.closed


@pytest.mark.skipif(os.name == 'nt', reason='descriptors are listed by Linux alone')
def test_what_is_no_file_leaves_no_descriptor_open(folder: UploadsFolder) -> None:
    save(folder, 'a/b')
    before = len(list(Path('/dev/fd').iterdir()))
    assert [folder.images.open('a') for _ in range(20)] == [None] * 20
    assert len(list(Path('/dev/fd').iterdir())) == before


@pytest.mark.parametrize('name', [None, 1, '', '..', 'a/b', 'CON', 'nul.jpg', 'a:b'])
def test_an_unsafe_legacy_name_is_refused(name: object) -> None:
    with pytest.raises(InvalidRequestError, match='unsafe name'):
        legacy_key('c', name)


@pytest.mark.skipif(os.name == 'nt', reason='links need rights on Windows')
def test_a_link_is_not_followed(folder: UploadsFolder, tmp_path: Path) -> None:
    (tmp_path / 'secret').write_text('x')
    (tmp_path / 'uploads/images/c').mkdir()
    (tmp_path / 'uploads/images/c/a.jpg').symlink_to(tmp_path / 'secret')
    assert folder.images.open('c/a.jpg') is None
    assert folder.images.size('c/a.jpg') is None


@pytest.mark.parametrize('call', ['fsync', 'replace', 'mkdir'])
@pytest.mark.parametrize(
    ('number', 'error'),
    [(errno.ENOSPC, StorageFullError), (errno.EIO, StorageUnavailableError)],
)
def test_a_save_that_fails_leaves_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    number: int,
    error: type[Exception],
) -> None:
    folder = UploadsFolder(tmp_path / 'uploads')
    folder.prepare()

    def fail(*args: Any, **kwargs: Any) -> None:
        raise OSError(number, 'the disk')

    with monkeypatch.context() as patch, pytest.raises(error):
        patch.setattr(os, call, fail)
        save(folder, 'a/b/c')
    assert all_files(tmp_path / 'uploads') == set()
    save(folder, 'a/b/c')


@pytest.mark.skipif(os.name == 'nt', reason='Windows cannot sync a folder')
def test_a_folder_that_cannot_be_synced_refuses_the_file(
    folder: UploadsFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(folder, 'a/b/first')
    sync, calls = os.fsync, []

    def fail_second(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(errno.EIO, 'the disk')
        sync(descriptor)

    with monkeypatch.context() as patch, pytest.raises(StorageUnavailableError):
        patch.setattr(os, 'fsync', fail_second)
        save(folder, 'a/b/second')
    assert all_files(tmp_path / 'uploads') == {'images/a/b/first'}


def folders_of_a_b(tmp_path: Path) -> list[str]:
    images = tmp_path / 'uploads/images'
    return [str(images / 'a/b'), str(images / 'a'), str(images)]


def test_file_and_folders_are_synced_before_a_save_returns(
    folder: UploadsFolder, tmp_path: Path
) -> None:
    with recorded_syncs() as synced:
        save(folder, 'a/b/c')
    assert synced == ['part', *folders_of_a_b(tmp_path)]


def test_folders_that_another_made_are_synced(
    folder: UploadsFolder, tmp_path: Path
) -> None:
    # Who made a folder may not have come to syncing it.
    Path(tmp_path, 'uploads/images/a/b').mkdir(parents=True)
    with recorded_syncs() as synced:
        save(folder, 'a/b/c')
    assert synced == ['part', *folders_of_a_b(tmp_path)]


def test_folders_above_are_synced_once_for_as_long_as_they_exist(
    folder: UploadsFolder, tmp_path: Path
) -> None:
    save(folder, 'a/b/first')
    with recorded_syncs() as synced:
        save(folder, 'a/b/second')
    assert synced == ['part', str(tmp_path / 'uploads/images/a/b')]


def test_folders_that_went_and_came_back_are_synced_anew(
    folder: UploadsFolder, tmp_path: Path
) -> None:
    for _ in range(3):
        save(folder, 'a/b/c')
        folder.images.delete('a/b/c')
        assert not (tmp_path / 'uploads/images/a').exists()
        with recorded_syncs() as synced:
            save(folder, 'a/b/c')
        assert synced == ['part', *folders_of_a_b(tmp_path)]
        folder.images.delete('a/b/c')


@pytest.mark.skipif(os.name == 'nt', reason='Windows keeps what is open')
@pytest.mark.parametrize('gone', ['uploads', 'uploads/images'])
def test_all_folders_are_synced_when_the_whole_store_was_made_anew(
    folder: UploadsFolder, tmp_path: Path, gone: str
) -> None:
    save(folder, 'a/b/first')
    (tmp_path / gone).rename(tmp_path / 'old')
    with recorded_syncs() as synced:
        save(folder, 'a/b/c')
    above = [str(folder) for folder in (tmp_path / 'uploads/images').parents]
    assert synced == ['part', *folders_of_a_b(tmp_path), *above]
    with recorded_syncs() as synced:
        save(folder, 'a/b/d')
    assert synced == ['part', str(tmp_path / 'uploads/images/a/b')]


def test_folders_that_a_share_does_not_know_any_more_are_opened_anew(
    folder: UploadsFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(folder, 'a/b/first')
    fstat = os.fstat

    def stale(descriptor: int) -> os.stat_result:
        if stat.S_ISDIR(fstat(descriptor).st_mode):
            raise OSError(errno.ESTALE, 'Stale file handle')
        return fstat(descriptor)

    monkeypatch.setattr(os, 'fstat', stale)
    with recorded_syncs() as synced:
        save(folder, 'a/b/c')
    assert synced[:4] == ['part', *folders_of_a_b(tmp_path)]
    assert read(folder, 'a/b/c') == b'content'


@pytest.mark.skipif(os.name == 'nt', reason='Windows cannot sync a folder')
def test_folders_above_that_were_not_synced_are_synced_by_the_next(
    folder: UploadsFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync, calls = os.fsync, []

    def fail_third(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 3:
            raise OSError(errno.EIO, 'the disk')
        sync(descriptor)

    Path(tmp_path, 'uploads/images/a/b/kept').mkdir(parents=True)
    with monkeypatch.context() as patch, pytest.raises(StorageUnavailableError):
        patch.setattr(os, 'fsync', fail_third)
        save(folder, 'a/b/c')
    with recorded_syncs() as synced:
        save(folder, 'a/b/c')
    assert synced == ['part', *folders_of_a_b(tmp_path)]


def test_no_more_folders_are_open_than_are_kept(folder: UploadsFolder) -> None:
    if sys.platform != 'linux':
        pytest.skip('no /proc on this system')
    before = len(list(Path('/proc/self/fd').iterdir()))
    for number in range(200):
        save(folder, f'a/{number}/c')
    assert len(list(Path('/proc/self/fd').iterdir())) <= before + 64


def test_a_folder_that_vanishes_meanwhile_is_made_again(
    folder: UploadsFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = os.replace
    removed: list[str] = []

    def remove_first(source: str, target: str) -> None:
        if not removed:
            removed.append(target)
            Path(target).parent.rmdir()
        replace(source, target)

    monkeypatch.setattr(os, 'replace', remove_first)
    save(folder, 'a/b/c')
    assert removed
    assert read(folder, 'a/b/c') == b'content'


def test_an_unresolved_write_is_kept_until_it_is_resolved(tmp_path: Path) -> None:
    unresolved_write = UnresolvedWrite('db', '日本/..', ID, 'image/jpeg')
    first = UploadsFolder(tmp_path)
    first.prepare()
    first.unresolved.note(unresolved_write)
    second = UploadsFolder(tmp_path)
    second.prepare()
    assert second.unresolved.all() == [unresolved_write]
    second.unresolved.resolve(unresolved_write)
    second.unresolved.resolve(unresolved_write)
    assert first.unresolved.all() == []


@pytest.mark.parametrize('text', ['', '{', '[]', '{}', '{"x": 1}', 'null', '\0'])
def test_a_note_that_was_not_finished_is_passed_over(
    folder: UploadsFolder, tmp_path: Path, text: str
) -> None:
    (tmp_path / 'uploads/doubts/x.json').write_text(text)
    folder.unresolved.note(UnresolvedWrite('db', 'c', ID, ''))
    assert folder.unresolved.all() == [UnresolvedWrite('db', 'c', ID, '')]


def test_sweeping_leaves_the_uploads_of_living_processes_alone(tmp_path: Path) -> None:
    program = (
        'import sys; from pathlib import Path; '
        'from falcon_images.files.folder import UploadsFolder; '
        'folder = UploadsFolder(Path(sys.argv[1])); folder.prepare(); '
        'upload = folder.spool.new_file(); file = upload.__enter__(); '
        'print(file.name, flush=True); sys.stdin.read()'
    )
    other = subprocess.Popen(
        [sys.executable, '-c', program, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent.parent,
    )
    assert other.stdout
    upload = Path(other.stdout.readline().strip())
    folder = UploadsFolder(tmp_path)
    folder.prepare()
    folder.sweep_incoming()
    assert upload.exists()
    other.kill()
    other.communicate()
    folder.sweep_incoming()
    assert not upload.exists()
    assert len(list((tmp_path / 'incoming').iterdir())) == 2
    with folder.spool.new_file() as file:
        assert file.writable()


def test_closing_takes_the_folder_of_the_process_away(tmp_path: Path) -> None:
    folder = UploadsFolder(tmp_path)
    folder.prepare()
    folder.close()
    assert list((tmp_path / 'incoming').iterdir()) == []


def test_a_folder_that_cannot_be_written_is_reported(
    folder: UploadsFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.images.check_writable()

    def fail(*args: Any, **kwargs: Any) -> None:
        raise OSError(errno.EROFS, 'Read-only file system')

    monkeypatch.setattr(Path, 'open', fail)
    with pytest.raises(StorageUnavailableError):
        folder.images.check_writable()


def test_notes_are_json_that_a_person_can_read(
    folder: UploadsFolder, tmp_path: Path
) -> None:
    folder.unresolved.note(UnresolvedWrite('db', 'c', ID, 'image/jpeg'))
    note = json.loads((tmp_path / f'uploads/doubts/{ID}.json').read_text())
    assert note == {
        'database_name': 'db',
        'collection_name': 'c',
        'image_id': ID,
        'media_type': 'image/jpeg',
    }
