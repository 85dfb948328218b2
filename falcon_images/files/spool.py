"""The spool: files that are not whole yet, in a folder of each process that serves."""

import contextlib
import errno
import functools
import hashlib
import logging
import os
import platform
import secrets
import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from filelock import FileLock

# Without a sign of life for so long, a process that cannot be asked is no more.
_QUIET_SECONDS = 3600.0
_LOCK_SECONDS = 5.0
_ATTEMPTS = 3
_NO_LOCKS = frozenset((errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK))
_BOOT_ID = Path('/proc/sys/kernel/random/boot_id')

logger = logging.getLogger(__name__)


def finish_file(file: BinaryIO) -> tuple[str, os.stat_result]:
    """Sync and close a file of the spool.

    Returns:
        Where it is, to be moved from there, and what the system tells of it.

    Raises:
        OSError: the disk refuses, or another file is there now.
    """
    file.flush()
    # A sync that failed may report success when repeated: it never is.
    os.fsync(file.fileno())
    name = os.fspath(file.name)
    status = os.lstat(name)
    # Windows lets nobody replace what is open, and numbers files in two ways.
    is_own = os.name == 'nt' or os.path.samestat(os.fstat(file.fileno()), status)
    file.close()
    if not is_own:
        raise OSError(errno.ESTALE, 'another file has its name')
    return name, status


def discard_file(file: BinaryIO) -> None:
    """Close a file of the spool and remove it, if it was not moved."""
    # Windows removes only what is closed; closing a full disk's file fails.
    with contextlib.suppress(OSError):
        file.close()
    with contextlib.suppress(OSError):
        os.unlink(file.name)  # noqa: PTH108 - quicker, for each upload


class UploadSpool:
    """The folder ``incoming/``, which processes of several machines may share.

    Each has a folder of its own, beside a file that it keeps locked as long as it
    lives: so the others can tell whose leftovers nobody will ever finish. A process
    that was forked has its own too; what is gone is made anew when it is needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._by_process: dict[int, _Own] = {}
        self._signs: dict[str, tuple[object, float]] = {}

    def make(self) -> None:
        """Make what is not there, and show that this process lives.

        Raises:
            OSError: it cannot be made.
        """
        self._own().make()

    def close(self) -> None:
        """Give up the folder of this process."""
        if own := self._by_process.pop(os.getpid(), None):
            own.close()

    def open_new(self) -> BinaryIO:
        """Open a file of a name that no other gets; raise `OSError` if it cannot be."""
        own = self._own()
        for _ in range(_ATTEMPTS):
            with contextlib.suppress(FileNotFoundError):
                return own.new_path().open('x+b')
            own.make()
        return own.new_path().open('x+b')

    def open_unnamed(self) -> BinaryIO:
        """Open a file that is gone when it is closed; raise `OSError` if it cannot be.

        Where a system knows no files without a name, it has one that `sweep` finds.
        """
        own = self._own()
        if not own.folder.is_dir():
            own.make()
        return cast(BinaryIO, tempfile.TemporaryFile(dir=own.folder))

    def sweep(self) -> None:
        """Remove what processes that are no more have left; raise `OSError`."""
        own = self._own()
        names = {
            path.name.removesuffix('.lock')
            for path in self._folder.iterdir()
            if path.suffix == '.lock' or path.is_dir()
        } - {own.folder.name}
        self._signs = {n: sign for n, sign in self._signs.items() if n in names}
        for name in names:
            # Some file systems have locks that only this machine knows of, or none.
            locks_tell = own.is_locked and name.startswith(_machine())
            if locks_tell or self._is_quiet(name):
                _remove(self._folder / name)

    def _own(self) -> '_Own':
        pid = os.getpid()
        found = self._by_process.get(pid)
        return found or self._by_process.setdefault(pid, _Own(self._folder))

    def _is_quiet(self, name: str) -> bool:
        """Tell whether a process has given no sign for long, by our own clock alone."""
        sign = [_changed(self._folder / part) for part in (name, f'{name}.lock')]
        now = time.monotonic()
        known, since = self._signs.get(name, (None, now))
        if sign != known:
            since = now
        self._signs[name] = (sign, since)
        return now - since >= _QUIET_SECONDS


class _Own:
    """What one process has in the spool."""

    def __init__(self, spool: Path) -> None:
        self.folder = spool / f'{_machine()}-{secrets.token_hex(16)}'
        self.is_locked = False
        self._lock_path = Path(f'{self.folder}.lock')
        self._lock = _lock(self._lock_path, _LOCK_SECONDS)
        self._locked: os.stat_result | None = None
        self._making = threading.Lock()

    def new_path(self) -> Path:
        return self.folder / f'{secrets.token_hex(16)}.part'

    def make(self) -> None:
        with self._making:
            is_new = self._locked is None
            has_lock, has_folder = self._has_lock(), self.folder.is_dir()
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            if not has_lock:
                self._take_lock()
            self.folder.mkdir(exist_ok=True)
            os.utime(self._lock_path)
            for path, is_there in (
                (self.folder, has_folder),
                (self._lock_path, has_lock),
            ):
                if not (is_new or is_there):
                    logger.warning('%s was gone, and was made anew', path)

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        # A disk that is away keeps no process from its end.
        with contextlib.suppress(OSError), _going(self._lock_path):
            self._lock.release(force=True)

    def _has_lock(self) -> bool:
        with contextlib.suppress(OSError):
            return self._locked is not None and os.path.samestat(
                self._locked, self._lock_path.lstat()
            )
        return False

    def _take_lock(self) -> None:
        with contextlib.suppress(OSError):
            self._lock.release(force=True)
        self.is_locked = _acquire(self._lock)
        if not self.is_locked:
            self._lock_path.touch()
            logger.warning(
                'The uploads folder is on a file system without locks; what processes '
                'leave there when they die is removed an hour later.'
            )
        self._locked = self._lock_path.lstat()


def _lock(path: Path, timeout: float) -> FileLock:
    # A file in its place would outlive the process that it stands for.
    return FileLock(path, timeout, thread_local=False, fallback_to_soft=False)


def _acquire(lock: FileLock) -> bool:
    """Take a lock; False where there are none, `Timeout` if another has it."""
    try:
        lock.acquire()
    except NotImplementedError:
        return False
    except OSError as ex:
        if ex.errno not in _NO_LOCKS:
            raise
        return False
    return True


def _remove(folder: Path) -> None:
    path = Path(f'{folder}.lock')
    lock = _lock(path, 0)
    # Another may have it, or Windows may keep a file that somebody reads.
    with contextlib.suppress(OSError):
        _acquire(lock)
        try:
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(folder)
        except OSError:
            lock.release(force=True)
            raise
        with _going(path):
            lock.release(force=True)


@contextlib.contextmanager
def _going(lock_path: Path) -> Iterator[None]:
    """Remove the file of a lock that is released meanwhile.

    Before it is released, so that nobody has taken it by then; Windows removes only
    what is closed.
    """
    if os.name != 'nt':
        lock_path.unlink(missing_ok=True)
    yield
    if os.name == 'nt':
        lock_path.unlink(missing_ok=True)


def _changed(path: Path) -> int | None:
    with contextlib.suppress(OSError):
        return path.lstat().st_mtime_ns
    return None


@functools.cache
def _machine() -> str:
    """Name the system whose locks this process sees: this start of this kernel."""
    try:
        text = _BOOT_ID.read_text(encoding='ascii')
    except OSError:
        text = f'{platform.node()} {uuid.getnode()}'
    return hashlib.sha256(text.encode()).hexdigest()[:16]
