"""The folder of one process in the spool, and the lock that says that it lives."""

import contextlib
import errno
import functools
import hashlib
import logging
import os
import platform
import secrets
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock

_LOCK_SECONDS = 5.0
_NO_LOCKS = frozenset((errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK))
_BOOT_ID = Path('/proc/sys/kernel/random/boot_id')

# What is done with a folder of a process before it goes; may raise `OSError`.
Rescue = Callable[[Path], None]

logger = logging.getLogger(__name__)


class SpoolFolder:
    """What one process has in the spool."""

    def __init__(self, spool: Path) -> None:
        self.folder = spool / f'{machine()}-{secrets.token_hex(16)}'
        self.is_locked = False
        self._lock_path = Path(f'{self.folder}.lock')
        self._lock = _lock(self._lock_path, _LOCK_SECONDS)
        self._locked: os.stat_result | None = None
        self._making = threading.Lock()

    def make(self) -> None:
        """Make what is not there, and show that this process lives."""
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

    def close(self, rescue: Rescue) -> None:
        """Remove the folder; where something in it cannot be rescued, others will."""
        # A disk that is away keeps no process from its end.
        with contextlib.suppress(OSError):
            rescue(self.folder)
            shutil.rmtree(self.folder, ignore_errors=True)
            with _going(self._lock_path):
                self._lock.release(force=True)
        with contextlib.suppress(OSError):
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


def remove_dead(folder: Path, rescue: Rescue) -> None:
    """Remove the folder of a process, unless it lives or there is no rescue."""
    path = Path(f'{folder}.lock')
    lock = _lock(path, 0)
    # Another may have it, or Windows may keep a file that somebody reads.
    with contextlib.suppress(OSError):
        _acquire(lock)
        try:
            with contextlib.suppress(FileNotFoundError):
                rescue(folder)
                shutil.rmtree(folder)
        except OSError:
            lock.release(force=True)
            raise
        with _going(path):
            lock.release(force=True)


@functools.cache
def machine() -> str:
    """Return a name of the system whose locks this process sees: this start of it."""
    try:
        text = _BOOT_ID.read_text(encoding='ascii')
    except OSError:
        text = f'{platform.node()} {uuid.getnode()}'
    return hashlib.sha256(text.encode()).hexdigest()[:16]


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
