"""Temporary folders that belong to one running service each.

Each has a lock that is held for as long as its service lives, and that the system
frees when it dies, however it dies: a folder whose lock is free is needed by nobody.
For POSIX systems.
"""

import contextlib
import os
import shutil
import stat
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout

_PREFIX = 'falcon_images-'
_LOCK = 'lock'
_ATTEMPTS = 10


class ProcessFolder:
    """A new folder at `path`, only for this user, until `close`.

    Args:
        parent: where it is made. What services that were killed have left there is
            removed first.

    Raises:
        OSError: it cannot be made there.
    """

    def __init__(self, parent: Path) -> None:
        _sweep(parent)
        self.path, self._lock = _make(parent)

    def close(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.release()


def _make(parent: Path) -> tuple[Path, FileLock]:
    for _ in range(_ATTEMPTS):
        path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        lock = FileLock(path / _LOCK, timeout=0, thread_local=False)
        # Another service that starts at this moment may remove it as abandoned.
        with contextlib.suppress(Timeout, FileNotFoundError):
            lock.acquire()
            return path, lock
    raise FileNotFoundError(f'Others remove the folders that are made in {parent}.')


def _sweep(parent: Path) -> None:
    for folder in parent.glob(f'{_PREFIX}*'):
        with contextlib.suppress(Timeout, OSError):
            if _is_own(folder) and _is_own(folder / _LOCK, stat.S_IFREG):
                with FileLock(folder / _LOCK, timeout=0):
                    shutil.rmtree(folder)


def _is_own(path: Path, kind: int = stat.S_IFDIR) -> bool:
    """Return whether a path is this user's, of that kind, and no symbolic link."""
    status = path.lstat()
    return stat.S_IFMT(status.st_mode) == kind and status.st_uid == os.geteuid()
