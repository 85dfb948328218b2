"""Kept thumbnails: where they are on disk, and how they get there and go."""

import contextlib
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

from falcon_images.errors import TooManyThumbnailsError
from falcon_images.files.durable import move_file
from falcon_images.files.spool import finish_file
from falcon_images.files.thumbnail_sizes import SIZES

# To be counted up when drawing changes: those that were kept are then stale.
_DRAWING = 2
_ENDING = '.webp'
_SHA256 = re.compile('[0-9a-f]{64}')
_NAME = re.compile(rf'([0-9a-f]{{64}})-[a-z]+-[0-9]+{re.escape(_ENDING)}')
# As it is called on disk.
LEGACY = 'earlier'
_LARGE_SECONDS = 30.0

logger = logging.getLogger(__name__)


def thumbnail_tag(sha256: str, size: str) -> str:
    """Return a name for a thumbnail, made of all that decides how it looks."""
    return f'{sha256}-{size}-{_DRAWING}'


def hash_folder(sha256: str) -> str:
    """Return the folder of an image's thumbnails: one of 65,536."""
    return f'{sha256[:2]}/{sha256[2:4]}'


def legacy_folder(key: str) -> str:
    """Return the folder for the thumbnails of a legacy image, by its file's key.

    Its document has no hash, so they could not be found by that when the file is gone.
    """
    return f'{LEGACY}/{key}'


def hash_of(name: str) -> str | None:
    """Return the SHA-256 of a thumbnail's image; None if it has no such name."""
    match = _NAME.fullmatch(name)
    return match[1] if match else None


def is_current(folder: str, name: str) -> bool:
    """Return whether a file is where, and as, thumbnails are drawn now."""
    sha256 = hash_of(name) or ''
    names = [thumbnail_tag(sha256, size) + _ENDING for size in SIZES]
    return name in names and folder == hash_folder(sha256)


class ThumbnailCache:
    """The folder ``thumbnails/``; all in it can be made again.

    Other processes work in it at the same time. What could not be removed takes
    space and does no harm.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, folder: str, tag: str) -> bytes | None:
        """Read a thumbnail; None if there is none that can be read."""
        with contextlib.suppress(OSError):
            return self._path(folder, tag).read_bytes()
        return None

    def keep(self, file: BinaryIO, folder: str, tag: str) -> None:
        """Move a file that is whole into place, and close it.

        Raises:
            OSError: it is not kept.
        """
        (part, _), target = finish_file(file), self._path(folder, tag)
        try:
            move_file(part, target)
        except PermissionError:
            # Windows does not replace what somebody reads; another has drawn it.
            if not target.exists():
                raise

    def delete(self, sha256: str) -> None:
        """Delete the thumbnails of an image, those of other images with its bytes too.

        Theirs are drawn again when somebody asks.
        """
        if _SHA256.fullmatch(sha256):
            self._delete(self.folder / hash_folder(sha256), sha256)

    def delete_legacy(self, key: str) -> None:
        """Delete the thumbnails of a legacy image."""
        self._delete(self.folder / legacy_folder(key), '')

    @contextlib.contextmanager
    def one_large(self) -> Iterator[None]:
        """Wait until no other process draws a picture that takes much memory.

        Raises:
            TooManyThumbnailsError: it took too long.
        """
        lock = FileLock(self.folder / 'large.lock', timeout=_LARGE_SECONDS)
        with contextlib.ExitStack() as stack:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                stack.enter_context(lock)
            except Timeout as ex:
                raise TooManyThumbnailsError(
                    'Too many large thumbnails are drawn now; ask again in a while.'
                ) from ex
            except OSError:
                # A disk that takes no lock takes no thumbnail either; it is shown.
                logger.debug('Without a lock for large thumbnails', exc_info=True)
            yield

    def _delete(self, folder: Path, beginning: str) -> None:
        with contextlib.suppress(OSError):
            for path in list(folder.iterdir()):
                if hash_of(path.name) and path.name.startswith(beginning):
                    # Windows does not remove what somebody reads.
                    with contextlib.suppress(OSError):
                        path.unlink(missing_ok=True)
            self._prune(folder)

    def remove(self, key: str) -> None:
        """Remove one file; raise `OSError` if it stays."""
        path = self.folder / key
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._prune(path.parent)

    def _prune(self, folder: Path) -> None:
        while folder != self.folder:
            folder.rmdir()
            folder = folder.parent

    def _path(self, folder: str, tag: str) -> Path:
        return self.folder / folder / (tag + _ENDING)
