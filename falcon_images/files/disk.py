"""Image files on a disk: where their bytes are, and how they get there safely."""

import contextlib
import errno
import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from falcon_images.files.durable import SyncedFolders, move_file
from falcon_images.files.errors import disk_errors
from falcon_images.files.keys import check_key, path_below
from falcon_images.files.spool import UploadSpool, finish_file

_NO_FILE = frozenset(
    # The last two are of names that this system cannot even look for.
    (
        *(errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.ELOOP),
        *(errno.ENAMETOOLONG, errno.EINVAL),
    )
)
# A link could lead elsewhere; Windows would change the ends of lines.
_READ = os.O_RDONLY | getattr(os, 'O_NOFOLLOW', 0) | getattr(os, 'O_BINARY', 0)


class DiskFiles:
    """The folder ``images/``, which several processes may share.

    Args:
        spool: where the files come from that are saved.
    """

    def __init__(self, folder: Path, spool: UploadSpool) -> None:
        self.folder = folder
        self._name_of_folder = str(folder)
        self._spool = spool
        self._folders = SyncedFolders(folder)

    def prepare(self) -> None:
        """Sync what is above the folder; raise `OSError` if that cannot be."""
        self._folders.sync_top()

    def save(self, file: BinaryIO, key: str) -> None:
        """Move a file of the spool into place, to survive a loss of power.

        Closes the file. It is then under its key, whole, or it is nowhere.
        """
        with disk_errors():
            part, put = finish_file(file)
            path = self.path(key)
            try:
                put = move_file(part, path) or put
                self._folders.sync(path.parent)
                # All of it may have been moved away meanwhile, or a share have gone.
                os.lstat(path)
            except OSError:
                with contextlib.suppress(OSError):
                    if os.path.samestat(put, path.lstat()):
                        path.unlink()
                raise

    def open(self, key: str) -> BinaryIO | None:
        """Open a file for reading; return None if there is none."""
        file = self.open_unbuffered(key)
        return None if file is None else io.BufferedReader(file)

    def open_unbuffered(self, key: str) -> io.FileIO | None:
        """Do the same for one who reads large parts."""
        path = self._name(key)
        with disk_errors(), _missing_is_none(path):
            # Python's `open` would ask the system more, such as if it is a terminal.
            descriptor = os.open(path, _READ)
            try:
                return io.FileIO(descriptor, 'rb')
            except OSError:
                os.close(descriptor)
                raise
        return None

    def path(self, key: str) -> Path:
        """Return where a file is, for another process that reads it."""
        return Path(self._name(key))

    def size(self, key: str) -> int | None:
        """Return how many bytes a file has; None if there is none."""
        path = self._name(key)
        with disk_errors(), _missing_is_none(path):
            status = os.lstat(path)
            return status.st_size if stat.S_ISREG(status.st_mode) else None
        return None

    def delete(self, key: str) -> None:
        """Delete a file, and the folders that it leaves empty; none is no error."""
        path = self.path(key)
        with disk_errors():
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            for folder in path.parents:
                if folder == self.folder:
                    break
                folder.rmdir()

    def keys(self) -> Iterator[str]:
        """Yield the key of every file; what goes meanwhile may be left out."""
        folders = ['']
        with disk_errors():
            while folders:
                with contextlib.suppress(FileNotFoundError):
                    yield from self.files_in(folders.pop(), folders)

    def files_in(
        self, folder: str, folders: list[str], links: list[str] | None = None
    ) -> Iterator[str]:
        """Yield the keys of the files that are in one folder.

        A link to a folder is how somebody arranged the disks: it is passed over.

        Args:
            folders: gets the folders that are in it.
            links: gets the links to folders that are in it.

        Raises:
            OSError: the disk does not show what is in it.
        """
        with os.scandir(self.folder / folder) as found:
            for entry in found:
                key = f'{folder}/{entry.name}'.lstrip('/')
                if not entry.is_dir():
                    yield key
                elif not entry.is_symlink():
                    folders.append(key)
                elif links is not None:
                    links.append(key)

    def check_writable(self) -> None:
        """Raise `StorageFullError` or `StorageUnavailableError` if it cannot store."""
        with self._spool.new_file() as file, disk_errors():
            file.write(b'ready')
            file.close()
            moved = self.folder / Path(file.name).name
            move_file(file.name, moved)
            moved.unlink()

    def _name(self, key: str) -> str:
        check_key(key)
        return path_below(self._name_of_folder, key)


@contextlib.contextmanager
def _missing_is_none(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as ex:
        # Windows says of a folder what it says of a file without rights.
        is_folder = ex.errno == errno.EACCES and Path(path).is_dir()
        if not is_folder and ex.errno not in _NO_FILE:
            raise
