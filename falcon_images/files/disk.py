"""Files: where the bytes of images live on disk, and how they get there safely."""

import contextlib
import errno
import io
import json
import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from falcon_images.errors import (
    InvalidRequestError,
)
from falcon_images.files.durable import SyncedFolders, move_file
from falcon_images.files.errors import disk_errors
from falcon_images.files.keys import (
    IMAGE_KEY,
    _is_plain,
    path_below,
)
from falcon_images.files.spool import UploadSpool, discard_file, finish_file
from falcon_images.files.thumbnails import ThumbnailCache
from falcon_images.files.unresolved import UnresolvedWrite

_NO_FILE = frozenset(
    # The last two are of names that this system cannot even look for.
    (
        *(errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.ELOOP),
        *(errno.ENAMETOOLONG, errno.EINVAL),
    )
)


# A link could lead elsewhere; Windows would change the ends of lines.
_READ = os.O_RDONLY | getattr(os, 'O_NOFOLLOW', 0) | getattr(os, 'O_BINARY', 0)


logger = logging.getLogger(__name__)


class DiskFiles:
    """Image files under one folder, which several processes may share.

    ``images/`` has the files, ``incoming/`` those that are not whole yet,
    ``doubts/`` a note for each that may lack its document, and ``thumbnails/`` what was
    drawn of them. What of these is gone is made anew.
    """

    def __init__(self, root: Path) -> None:
        self._images = root.absolute() / 'images'
        self._images_name = str(self._images)
        self.thumbnails = ThumbnailCache(root)
        self._unresolved = root.absolute() / 'doubts'
        self._folders = SyncedFolders(self._images)
        self._spool = UploadSpool(root.absolute() / 'incoming')
        self._seen: set[Path] = set()
        self._is_well = True

    def prepare(self) -> None:
        """Make the folders that this process works in; raise `OSError` if it cannot."""
        for folder in (self._images, self._unresolved):
            folder.mkdir(parents=True, exist_ok=True)
        self._make_anew()
        self._spool.make()
        self._folders.sync_top()

    def close(self) -> None:
        """Give up this process's folder for files that are not whole."""
        self._spool.close()

    def keep_alive(self) -> None:
        """Make anew what is gone, and show other machines that this process lives."""
        try:
            self._make_anew()
            self._spool.make()
            self._is_well = True
        except OSError as ex:
            if self._is_well:
                logger.error('The uploads folder does not work: %s', ex)
            self._is_well = False

    def _make_anew(self) -> None:
        """Make again what was there, and say so."""
        for folder in (self._images, self._unresolved, self.thumbnails.folder):
            if folder.is_dir():
                self._seen.add(folder)
            elif folder in self._seen:
                folder.mkdir(parents=True, exist_ok=True)
                logger.warning('%s was gone, and was made anew', folder)

    @contextlib.contextmanager
    def new_file(self) -> Iterator[BinaryIO]:
        """Open a new file in ``incoming/`` that is gone afterwards, if not `save`d."""
        with disk_errors():
            file, maker = self._spool.open_new(), os.getpid()
        try:
            yield file
        finally:
            # A process that was forked in between comes here, too.
            if os.getpid() == maker:
                discard_file(file)

    def open_unnamed(self) -> BinaryIO:
        """Open a file on this disk that is gone when it is closed."""
        return self._spool.open_unnamed()

    def save(self, file: BinaryIO, key: str) -> None:
        """Move a file from `new_file` into place, to survive a loss of power.

        Closes the file. It is then under its key, whole, or it is nowhere.
        """
        with disk_errors():
            part, put = finish_file(file)
            path = self._path(key)
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
        """Open a file for reading; None if there is none."""
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
        return self._path(key)

    def size(self, key: str) -> int | None:
        """Tell how many bytes a file has; None if there is none."""
        path = self._name(key)
        with disk_errors(), _missing_is_none(path):
            status = os.lstat(path)
            return status.st_size if stat.S_ISREG(status.st_mode) else None
        return None

    def delete(self, key: str) -> None:
        """Delete a file, and the folders that it leaves empty; none is no error."""
        path = self._path(key)
        with disk_errors():
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            for folder in path.parents:
                if folder == self._images:
                    break
                folder.rmdir()

    def check_writable(self) -> None:
        """Raise `StorageFullError` or `StorageUnavailableError` if it cannot store."""
        with self.new_file() as file, disk_errors():
            file.write(b'ready')
            file.close()
            part = Path(file.name)
            moved = self._images / part.name
            move_file(part, moved)
            moved.unlink()

    def note_unresolved(self, unresolved_write: UnresolvedWrite) -> None:
        """Remember that somebody must find out whether a file has a document."""
        with self.new_file() as file, disk_errors():
            file.write(json.dumps(vars(unresolved_write)).encode())
            file.close()
            self._make_anew()
            move_file(
                Path(file.name), self._unresolved / f'{unresolved_write.image_id}.json'
            )

    def unresolved_writes(self) -> list[UnresolvedWrite]:
        """List what was noted."""
        found = []
        for path in self._unresolved.glob('*.json'):
            # Settled by another process meanwhile, or still being written.
            with contextlib.suppress(OSError, ValueError, TypeError):
                found.append(
                    UnresolvedWrite(**json.loads(path.read_text(encoding='utf-8')))
                )
        return found

    def resolve(self, unresolved_write: UnresolvedWrite) -> None:
        """Forget a doubt."""
        with disk_errors():
            (self._unresolved / f'{unresolved_write.image_id}.json').unlink(
                missing_ok=True
            )

    def sweep_incoming(self) -> None:
        """Remove what processes that are no more have left in ``incoming/``."""
        if self._is_well:
            self._spool.sweep()

    def _path(self, key: str) -> Path:
        return Path(self._name(key))

    def _name(self, key: str) -> str:
        # Nearly all keys are `image_key`'s; they are known faster than checked.
        if not IMAGE_KEY.fullmatch(key) and not all(map(_is_plain, key.split('/'))):
            raise InvalidRequestError('The file of this image has an unsafe name.')
        return path_below(self._images_name, key)


@contextlib.contextmanager
def _missing_is_none(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as ex:
        # Windows says of a folder what it says of a file without rights.
        is_folder = ex.errno == errno.EACCES and Path(path).is_dir()
        if not is_folder and ex.errno not in _NO_FILE:
            raise
