"""Folders: what is moved into them outlives a loss of power."""

import errno
import os
import threading
from pathlib import Path

import cachetools

_KEPT_FOLDERS = 64
_CANNOT_SYNC = frozenset((errno.EINVAL, errno.ENOTSUP))


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
            return
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
        return os.path.samestat(os.fstat(self._descriptor), folder.stat())

    def sync(self) -> None:
        try:
            os.fsync(self._descriptor)
        except OSError as ex:
            # Some network file systems have no such call; they promise no more.
            if ex.errno not in _CANNOT_SYNC:
                raise
