"""Folders: what is moved into them is whole, and outlives a loss of power."""

import contextlib
import errno
import logging
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

import cachetools

_KEPT_FOLDERS = 64
_CANNOT_SYNC = frozenset((errno.EINVAL, errno.ENOTSUP))
_MOVE_ATTEMPTS = 10
_PIECE_BYTES = 1024**2
# Small files are open for less than that; only Windows refuses what is asked meanwhile.
_FREE_SECONDS = 2.0 if os.name == 'nt' else 0.0
_POLL_SECONDS = 0.01

_Result = TypeVar('_Result')

logger = logging.getLogger(__name__)


def move_file(source: str | Path, target: Path) -> os.stat_result | None:
    """Move a file that is synced, and make the folders that lack for it.

    Whoever looks finds it whole or not at all.

    Returns:
        None; on another volume, where `source` stays and a copy is made, the status
        of the copy.

    Raises:
        OSError: it is not there.
    """
    for _ in range(_MOVE_ATTEMPTS):
        try:
            return _replace(source, target)
        except FileNotFoundError:
            # The folder is new, or went with the last image that was in it.
            with contextlib.suppress(FileNotFoundError):
                target.parent.mkdir(parents=True, exist_ok=True)
    return _replace(source, target)


def _replace(source: str | Path, target: Path) -> os.stat_result | None:
    try:
        # Each upload comes here, and a Path costs more than the call.
        os.replace(source, target)  # noqa: PTH105
    except OSError as ex:
        # Of a link, the copy would be of what it leads to.
        if ex.errno != errno.EXDEV or Path(source).is_symlink():
            raise
        return _copy(source, target)
    return None


def _copy(source: str | Path, target: Path) -> os.stat_result:
    """Copy a file to another volume; its bytes are synced before it has its name."""
    # Beside the target, because a folder below may be on a volume of its own.
    part = target.with_name(f'.{secrets.token_hex(16)}.part')
    try:
        with Path(source).open('rb') as file, part.open('xb') as copy:
            shutil.copyfileobj(file, copy, _PIECE_BYTES)
            copy.flush()
            os.fsync(copy.fileno())
        copied = part.lstat()
        part.replace(target)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    return copied


def write_new(path: Path, content: bytes) -> bool:
    """Write a small file whole and synced, unless there is one; return whether it was.

    Of those who do it at the same moment, one does.
    """
    with _synced_part(path, content) as part:
        try:
            path.hardlink_to(part)
        except FileExistsError:
            return False
        except OSError:
            # A file system without links. A reader may find what is not whole yet.
            return _write_exclusively(path, content)
    sync_folder(path.parent)
    return True


def write_over(path: Path, content: bytes) -> None:
    """Write a small file whole and synced, instead of what is there."""
    with _synced_part(path, content) as part:
        when_free(partial(_replace, part, path))
    sync_folder(path.parent)


def when_free(act: Callable[[], _Result]) -> _Result:
    """Do what Windows refuses while another has a small file open."""
    deadline = time.monotonic() + _FREE_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(PermissionError):
            return act()
        time.sleep(_POLL_SECONDS)
    return act()


def _write_exclusively(path: Path, content: bytes) -> bool:
    try:
        with path.open('xb') as file:
            _write_synced(file, content)
    except FileExistsError:
        return False
    sync_folder(path.parent)
    return True


@contextlib.contextmanager
def _synced_part(path: Path, content: bytes) -> Iterator[Path]:
    part = path.with_name(f'.{secrets.token_hex(16)}.part')
    try:
        with part.open('xb') as file:
            _write_synced(file, content)
        yield part
    finally:
        part.unlink(missing_ok=True)


def _write_synced(file: BinaryIO, content: bytes) -> None:
    file.write(content)
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Sync the entries of one folder; raise `OSError` if the disk refuses."""
    if os.name == 'nt':
        return  # Windows cannot; NTFS keeps a journal of names itself.
    _OpenFolder(folder).sync()


class SyncedFolders:
    """Syncs folders below one, and knows which are on the disk themselves already.

    Whoever made a folder may not have come to syncing its entry, so at first all above
    it are synced too. Its entry is then on the disk for as long as the folder exists,
    and it is the same folder as long as its number is: while it is open, no other can
    get that.
    """

    def __init__(self, top: Path) -> None:
        self._top = top
        self._known_top: _OpenFolder | None = None
        self._known: cachetools.LRUCache[Path, _OpenFolder] = cachetools.LRUCache(
            _KEPT_FOLDERS
        )
        self._lock = threading.Lock()

    def sync(self, folder: Path) -> None:
        """Sync a folder, and those above it that may not be on the disk yet."""
        if os.name == 'nt':
            return
        with self._lock:
            known = self._known.get(folder)
        if known and known.is_at(folder):
            known.sync()
        else:
            self._sync_new(folder)
        self.sync_top()

    def sync_top(self) -> None:
        """Sync what is above the top, unless that was done for this very folder."""
        known = self._known_top
        if os.name == 'nt' or (known and known.is_at(self._top)):
            return
        found = _OpenFolder(self._top)
        for above in self._top.parents:
            sync_folder(above)
        self._known_top = found
        if known:
            logger.warning('%s was gone, and was made anew', self._top)

    def _sync_new(self, folder: Path) -> None:
        found = _OpenFolder(folder)
        found.sync()
        for above in folder.parents:
            if self._top not in (above, *above.parents):
                break
            sync_folder(above)
        with self._lock:
            self._known[folder] = found


class _OpenFolder:
    """A folder that is open until nobody has use for it."""

    def __init__(self, folder: Path) -> None:
        self._descriptor = os.open(folder, os.O_RDONLY)

    def __del__(self) -> None:
        if hasattr(self, '_descriptor'):
            os.close(self._descriptor)

    def is_at(self, folder: Path) -> bool:
        # A share that went and came back knows nothing of what was open before.
        with contextlib.suppress(OSError):
            return os.path.samestat(os.fstat(self._descriptor), folder.stat())
        return False

    def sync(self) -> None:
        try:
            os.fsync(self._descriptor)
        except OSError as ex:
            # Some network file systems have no such call; they promise no more.
            if ex.errno not in _CANNOT_SYNC:
                raise
