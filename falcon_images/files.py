"""Files: where the bytes of images live on disk, and how they get there safely."""

import contextlib
import errno
import functools
import hashlib
import io
import json
import logging
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from falcon_images.errors import (
    InvalidRequestError,
    StorageFullError,
    StorageUnavailableError,
)
from falcon_images.folders import SyncedFolders, move_file
from falcon_images.spool import Spool, discard_file, finish_file
from falcon_images.thumbnails.kept import KeptThumbnails

# Part of every key on disk: to change one would lose the files that have it.
_EXTENSIONS = {
    'image/avif': '.avif',
    'image/bmp': '.bmp',
    'image/gif': '.gif',
    'image/jp2': '.jp2',
    'image/jpeg': '.jpg',
    'image/png': '.png',
    'image/svg+xml': '.svg',
    'image/tiff': '.tif',
    'image/webp': '.webp',
    'image/x-portable-anymap': '.pnm',
}
_UNSAFE = re.compile('[^a-z0-9_-]')
_MAX_READABLE_CHARACTERS = 40
_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
_NO_FILE = frozenset(
    # The last two are of names that this system cannot even look for.
    (
        *(errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.ELOOP),
        *(errno.ENAMETOOLONG, errno.EINVAL),
    )
)
_DEVICES = re.compile(r'(con|prn|aux|nul|com\d|lpt\d)(\..*)?', re.IGNORECASE)
# What leads elsewhere, and what Windows knows no file by.
_NOT_IN_NAMES = re.compile(r'[/\\:\x00-\x1f]')
_IMAGE_KEY = re.compile(
    '[a-z0-9_-]*-[0-9a-f]{20}/[0-9a-f]{4}/[0-9a-f]{3}/[0-9a-f]{24}([.][a-z0-9]+)?'
)
# A link could lead elsewhere; Windows would change the ends of lines.
_READ = os.O_RDONLY | getattr(os, 'O_NOFOLLOW', 0) | getattr(os, 'O_BINARY', 0)
_REMEMBERED_FOLDERS = 1000

logger = logging.getLogger(__name__)


def image_key(collection_name: str, image_id: str, media_type: str) -> str:
    """Tell under which key an image's file lives: one made of our own names only.

    The folders stay small: the first 4 digits of an id change every 18 hours, and the 3
    that follow are the upper half of a counter, so that 4,096 images made one after
    the other by one process share a folder.
    """
    return '/'.join(
        (
            _folder(collection_name),
            image_id[:4],
            image_id[18:21],
            image_id + _EXTENSIONS.get(media_type, ''),
        )
    )


def earlier_key(collection_name: str, image_name: object) -> str:
    """Tell where the earlier version kept a file: under the client's own names.

    Raises:
        InvalidRequestError: such a name could lead elsewhere.
    """
    for name in (collection_name, image_name):
        if not isinstance(name, str) or not _is_plain(name):
            raise InvalidRequestError('The file of this image has an unsafe name.')
    return f'{collection_name}/{image_name}'


@functools.lru_cache(_REMEMBERED_FOLDERS)
def _folder(collection_name: str) -> str:
    """Make a folder's name that is legal everywhere, and differs when names differ.

    The hash keeps apart what a file system without case would not, and makes names of
    devices (``CON``), of dots alone and of any length harmless.
    """
    readable = _UNSAFE.sub('_', collection_name.lower())[:_MAX_READABLE_CHARACTERS]
    digest = hashlib.sha256(collection_name.encode('utf-8', 'surrogatepass'))
    return f'{readable}-{digest.hexdigest()[:20]}'


def _is_plain(name: str) -> bool:
    """Tell whether a name stays in its folder, on Windows as elsewhere."""
    return (
        name.strip('. ') != ''
        and not _DEVICES.fullmatch(name)
        and not _NOT_IN_NAMES.search(name)
    )


@dataclass(frozen=True)
class Doubt:
    """A file of which nobody knows whether it has a document in its database."""

    database_name: str
    collection_name: str
    image_id: str
    media_type: str

    @property
    def key(self) -> str:
        """Where the file is."""
        return image_key(self.collection_name, self.image_id, self.media_type)


class PartOfFile:
    """Some bytes of an open file, read like a file of their own.

    It knows where it is by itself: the system is only asked for bytes.
    """

    def __init__(self, file: io.FileIO, first: int, size: int) -> None:
        self._file = file
        self._first = first
        self._size = size
        self._at = 0
        self.close = file.close

    def read(self, size: int = -1) -> bytes:
        """Read so many bytes, or all there are."""
        left = max(self._size - self._at, 0)
        data = self._read(left if size < 0 else min(size, left))
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte, and tell which it is."""
        begins = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}
        self._at = begins[whence] + offset
        return self._at

    def tell(self) -> int:
        """Tell at which byte it is."""
        return self._at

    def seekable(self) -> bool:
        """Tell that it can go to any byte."""
        return True

    def _read(self, size: int) -> bytes:
        at = self._first + self._at
        if hasattr(os, 'pread'):
            return os.pread(self._file.fileno(), size, at)
        self._file.seek(at)
        return self._file.read(size)


@contextlib.contextmanager
def disk_errors() -> Iterator[None]:
    """Raise `StorageFullError` or `StorageUnavailableError` for what a disk refuses."""
    try:
        yield
    except OSError as ex:
        if ex.errno in _FULL:
            raise StorageFullError(
                'The disk is full, so nothing was stored; make room and send it again.'
            ) from ex
        raise StorageUnavailableError(
            'The disk does not work; send the request again in a while.'
        ) from ex


class DiskFiles:
    """Image files under one folder, which several processes may share.

    ``images/`` has the files, ``incoming/`` those that are not whole yet,
    ``doubts/`` a note for each that may lack its document, and ``thumbnails/`` what was
    drawn of them. What of these is gone is made anew.
    """

    def __init__(self, root: Path) -> None:
        self._images = root.absolute() / 'images'
        self._images_name = str(self._images)
        self.thumbnails = KeptThumbnails(root)
        self._doubts = root.absolute() / 'doubts'
        self._folders = SyncedFolders(self._images)
        self._spool = Spool(root.absolute() / 'incoming')
        self._seen: set[Path] = set()
        self._is_well = True

    def prepare(self) -> None:
        """Make the folders that this process works in; raise `OSError` if it cannot."""
        for folder in (self._images, self._doubts):
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
        for folder in (self._images, self._doubts, self.thumbnails.folder):
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
        with disk_errors(), _missing_is_none():
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
        with disk_errors(), _missing_is_none():
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

    def note_doubt(self, doubt: Doubt) -> None:
        """Remember that somebody must find out whether a file has a document."""
        with self.new_file() as file, disk_errors():
            file.write(json.dumps(vars(doubt)).encode())
            file.close()
            self._make_anew()
            move_file(Path(file.name), self._doubts / f'{doubt.image_id}.json')

    def doubts(self) -> list[Doubt]:
        """List what was noted."""
        found = []
        for path in self._doubts.glob('*.json'):
            # Settled by another process meanwhile, or still being written.
            with contextlib.suppress(OSError, ValueError, TypeError):
                found.append(Doubt(**json.loads(path.read_text(encoding='utf-8'))))
        return found

    def settle(self, doubt: Doubt) -> None:
        """Forget a doubt."""
        with disk_errors():
            (self._doubts / f'{doubt.image_id}.json').unlink(missing_ok=True)

    def sweep_incoming(self) -> None:
        """Remove what processes that are no more have left in ``incoming/``."""
        if self._is_well:
            self._spool.sweep()

    def _path(self, key: str) -> Path:
        return Path(self._name(key))

    def _name(self, key: str) -> str:
        # Nearly all keys are `image_key`'s; they are known faster than checked.
        if not _IMAGE_KEY.fullmatch(key) and not all(map(_is_plain, key.split('/'))):
            raise InvalidRequestError('The file of this image has an unsafe name.')
        return f'{self._images_name}/{key}'


@contextlib.contextmanager
def _missing_is_none() -> Iterator[None]:
    try:
        yield
    except OSError as ex:
        if ex.errno not in _NO_FILE:
            raise
