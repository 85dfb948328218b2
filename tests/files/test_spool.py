"""Files that are not whole yet: whose they are, and what becomes of them."""

import contextlib
import errno
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from falcon_images.errors import StorageUnavailableError
from falcon_images.files import spool
from falcon_images.files.durable import SyncedFolders
from falcon_images.files.folder import UploadsFolder
from falcon_images.files.unresolved import UnresolvedWrite
from tests.support.disk_files import ID, all_files, read, save
from tests.support.serving import ROOT, eventually

# Windows lets nobody move or replace what is open.
posix = pytest.mark.skipif(os.name == 'nt', reason='Windows keeps what is open')
forks = pytest.mark.skipif(not hasattr(os, 'fork'), reason='there is no fork here')
# It has an upload under way, and does something when it is told to.
PROGRAM = """
import os, sys, time
from pathlib import Path
from falcon_images.files.folder import UploadsFolder
folder = UploadsFolder(Path(sys.argv[1]))
folder.prepare()
upload = folder.spool.new_file()
print(upload.__enter__().name, flush=True)
"""
FORKED = """
child = os.fork()
if child == 0:
    with folder.spool.new_file() as own:
        print(os.getpid(), own.name, flush=True)
        sys.stdin.read()
    folder.close()
    sys.exit()
os.waitpid(child, 0)
print('ended', flush=True)
time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[UploadsFolder]:
    made = UploadsFolder(tmp_path)
    made.prepare()
    yield made
    made.close()


class Other:
    """Another process in the same uploads folder, with an upload under way."""

    def __init__(self, root: Path, more: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, '-c', PROGRAM + more, str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.upload = Path(self.line())

    def line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Callable[[str], Other]]:
    with contextlib.ExitStack() as stack:

        def start(more: str) -> Other:
            made = Other(tmp_path, more)
            stack.callback(made.end)
            return made

        yield start


def own_folder(root: Path) -> Path:
    (found,) = (path for path in (root / 'incoming').iterdir() if path.is_dir())
    return found


def foreign_upload(root: Path) -> Path:
    """What a process of another machine has, whose locks cannot be seen here."""
    folder = root / 'incoming/0123456789abcdef-0123456789abcdef0123456789abcdef'
    folder.mkdir()
    folder.with_suffix('.lock').touch()
    upload = folder / 'x.part'
    upload.touch()
    return upload


class TestWhatIsSaved:
    @posix
    def test_it_is_never_another_file_of_the_same_name(
        self, folder: UploadsFolder, tmp_path: Path
    ) -> None:
        with folder.spool.new_file() as file:
            file.write(b'mine')
            Path(file.name).unlink()
            Path(file.name).write_bytes(b'of another')
            with pytest.raises(StorageUnavailableError):
                folder.images.save(file, 'a/b')
        assert read(folder, 'a/b') is None

    @posix
    def test_it_is_refused_when_it_is_gone(self, folder: UploadsFolder) -> None:
        with folder.spool.new_file() as file:
            file.write(b'mine')
            Path(file.name).unlink()
            with pytest.raises(StorageUnavailableError):
                folder.images.save(file, 'a/b')

    @posix
    def test_what_another_stored_in_the_meantime_is_left(
        self, folder: UploadsFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def replaced(folders: SyncedFolders, folder: Path) -> None:
            (folder / 'new').write_bytes(b'of another')
            (folder / 'new').replace(folder / 'b')
            raise OSError(errno.EIO, 'the disk')

        monkeypatch.setattr(SyncedFolders, 'sync', replaced)
        with pytest.raises(StorageUnavailableError):
            save(folder, 'a/b')
        assert read(folder, 'a/b') == b'of another'

    @posix
    def test_it_is_where_it_is_read_before_it_is_acknowledged(
        self, folder: UploadsFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sync = SyncedFolders.sync

        def moved_away(folders: SyncedFolders, folder: Path) -> None:
            sync(folders, folder)
            (tmp_path / 'images').rename(tmp_path / 'old')

        monkeypatch.setattr(SyncedFolders, 'sync', moved_away)
        with pytest.raises(StorageUnavailableError):
            save(folder, 'a/b')

    @posix
    def test_a_thumbnail_is_never_another_file_either(
        self, folder: UploadsFolder
    ) -> None:
        with folder.spool.new_file() as file:
            Path(file.name).unlink()
            Path(file.name).write_bytes(b'of another')
            with pytest.raises(OSError, match='another file'):
                folder.thumbnails.keep(file, 'a', 'b')
        assert folder.thumbnails.read('a', 'b') is None


@forks
class TestForkedProcesses:
    def test_each_has_a_folder_of_its_own(self, other: Callable[[str], Other]) -> None:
        started = other(FORKED)
        _, name = started.line().split(maxsplit=1)
        assert Path(name).parent != started.upload.parent
        assert Path(name).parent.parent == started.upload.parent.parent

    def test_the_end_of_a_child_takes_only_its_own(
        self, folder: UploadsFolder, other: Callable[[str], Other]
    ) -> None:
        started = other(FORKED)
        _, name = started.line().split(maxsplit=1)
        assert started.process.stdin
        started.process.stdin.close()
        started.process.stdin = None
        assert started.line() == 'ended'
        folder.sweep_incoming()
        assert started.upload.exists()
        assert not Path(name).parent.exists()

    def test_a_child_does_not_keep_what_its_parent_left(
        self, folder: UploadsFolder, other: Callable[[str], Other]
    ) -> None:
        started = other(FORKED)
        pid, name = started.line().split(maxsplit=1)
        started.process.kill()
        started.process.wait()
        folder.sweep_incoming()
        assert not started.upload.exists()
        assert Path(name).exists()
        os.kill(int(pid), signal.SIGKILL)
        eventually(lambda: swept(folder, Path(name)))


def swept(folder: UploadsFolder, upload: Path) -> bool:
    folder.sweep_incoming()
    return not upload.exists()


class TestSweeping:
    def test_what_another_machine_works_on_is_left(
        self, folder: UploadsFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upload = foreign_upload(tmp_path)
        os.utime(upload.parent, (0, 0))
        folder.sweep_incoming()
        assert upload.exists()
        monkeypatch.setattr(spool, '_QUIET_SECONDS', 0)
        folder.sweep_incoming()
        assert not upload.parent.with_suffix('.lock').exists()
        assert not upload.exists()

    @pytest.mark.parametrize('sign', ['', '.lock'])
    def test_it_is_left_for_as_long_as_it_gives_signs(
        self,
        folder: UploadsFolder,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        sign: str,
    ) -> None:
        upload = foreign_upload(tmp_path)
        now = 0.0
        monkeypatch.setattr('time.monotonic', lambda: now)
        for number in range(5):
            # By a clock that is far behind ours.
            os.utime(upload.parent.with_suffix(sign), (number, number))
            folder.sweep_incoming()
            assert upload.exists()
            now += 3600
        folder.sweep_incoming()
        assert not upload.exists()

    def test_a_process_gives_signs(self, folder: UploadsFolder, tmp_path: Path) -> None:
        lock = own_folder(tmp_path).with_suffix('.lock')
        os.utime(lock, (0, 0))
        folder.keep_alive()
        assert lock.stat().st_mtime > 0

    def test_a_lock_without_a_folder_goes_too(
        self, folder: UploadsFolder, other: Callable[[str], Other]
    ) -> None:
        started = other('sys.stdin.read()')
        started.end()
        started.upload.unlink()
        started.upload.parent.rmdir()
        folder.sweep_incoming()
        assert not started.upload.parent.with_suffix('.lock').exists()


class TestWithoutLocks:
    @pytest.fixture(autouse=True, params=['ENOSYS', 'ENOTSUP', 'ENOLCK'])
    def no_locks(
        self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fcntl = pytest.importorskip('fcntl')

        def fail(descriptor: int, operation: int) -> None:
            raise OSError(getattr(errno, request.param), 'no locks')

        monkeypatch.setattr(fcntl, 'flock', fail)

    def test_a_sentence_says_so_and_uploads_work(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        folder = UploadsFolder(tmp_path)
        folder.prepare()
        assert 'file system without locks' in caplog.text
        save(folder, 'a/b')
        folder.keep_alive()
        folder.close()
        assert not list((tmp_path / 'incoming').iterdir())
        assert len(caplog.records) == 1

    def test_only_what_is_quiet_for_long_is_swept(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder, another = UploadsFolder(tmp_path), UploadsFolder(tmp_path)
        folder.prepare()
        another.prepare()
        with another.spool.new_file() as file:
            folder.sweep_incoming()
            assert Path(file.name).exists()
            monkeypatch.setattr(spool, '_QUIET_SECONDS', 0)
            folder.sweep_incoming()
            assert not Path(file.name).exists()


OURS = ['incoming', 'incoming/*', 'incoming/*/', 'doubts', 'images', 'thumbnails', '']
GONE = [*OURS, 'incoming/*.lock']


def remove(root: Path, ours: str) -> None:
    for path in list(root.glob(ours)) if ours else [root]:
        path.rename(root.parent / f'{root.name}.old.{path.name}')


@posix
class TestWhatIsGone:
    @pytest.mark.parametrize('gone', GONE)
    def test_it_is_made_anew_when_it_is_needed(
        self, folder: UploadsFolder, tmp_path: Path, gone: str
    ) -> None:
        save(folder, 'a/before')
        remove(tmp_path, gone)
        save(folder, 'a/b', b'new')
        assert read(folder, 'a/b') == b'new'
        folder.images.check_writable()
        unresolved_write = UnresolvedWrite('db', 'c', ID, '')
        folder.unresolved.note(unresolved_write)
        assert folder.unresolved.all() == [unresolved_write]
        with folder.spool.new_file() as file, folder.thumbnails.one_large():
            folder.thumbnails.keep(file, 'a', 'b')
        assert folder.thumbnails.read('a', 'b') == b''

    @pytest.mark.parametrize('gone', GONE)
    def test_it_is_made_anew_in_the_background_and_told(
        self,
        folder: UploadsFolder,
        tmp_path: Path,
        gone: str,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        with folder.thumbnails.one_large():
            folder.keep_alive()
        remove(tmp_path, gone)
        folder.keep_alive()
        assert 'was gone, and was made anew' in caplog.text
        assert own_folder(tmp_path).with_suffix('.lock').exists()
        assert (tmp_path / 'doubts').is_dir()
        assert (tmp_path / 'images').is_dir()
        caplog.clear()
        folder.keep_alive()
        folder.sweep_incoming()
        assert not caplog.records

    @pytest.mark.parametrize('gone', ['images', 'doubts', ''])
    def test_it_is_told_when_an_upload_has_made_it_anew(
        self,
        folder: UploadsFolder,
        tmp_path: Path,
        gone: str,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        remove(tmp_path, gone)
        save(folder, 'a/b')
        folder.unresolved.note(UnresolvedWrite('db', 'c', ID, ''))
        folder.keep_alive()
        assert f'{tmp_path / (gone or "images")} was gone' in caplog.text

    def test_a_lock_that_was_made_anew_is_held(
        self, folder: UploadsFolder, tmp_path: Path
    ) -> None:
        remove(tmp_path, 'incoming/*.lock')
        folder.keep_alive()
        with folder.spool.new_file() as file:
            another = UploadsFolder(tmp_path)
            another.prepare()
            another.sweep_incoming()
            another.close()
            assert Path(file.name).exists()

    def test_an_upload_that_was_under_way_is_refused(
        self, folder: UploadsFolder, tmp_path: Path
    ) -> None:
        with folder.spool.new_file() as file:
            remove(tmp_path, '')
            with pytest.raises(StorageUnavailableError):
                folder.images.save(file, 'a/b')
        save(folder, 'a/b')
        assert all_files(tmp_path) == {'images/a/b'}

    def test_what_cannot_be_made_is_told_once(
        self, folder: UploadsFolder, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        remove(tmp_path, '')
        tmp_path.write_text('not a folder')
        for _ in range(3):
            folder.keep_alive()
            folder.sweep_incoming()
        (record,) = caplog.records
        assert record.levelno == logging.ERROR
        assert 'The uploads folder does not work' in record.message
        folder.close()
        tmp_path.unlink()
        folder.keep_alive()
        save(folder, 'a/b')
