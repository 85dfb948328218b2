"""Making: each thumbnail once, a few at a time, and never all threads for it."""

import contextlib
import hashlib
import io
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO, cast

import cachetools

from falcon_images.budget import Budget
from falcon_images.errors import (
    DamagedFileError,
    StorageError,
    TooLargeError,
    TooManyThumbnailsError,
)
from falcon_images.files import DiskFiles, disk_errors
from falcon_images.settings import Settings
from falcon_images.stored_files import StoredFile, StoredFiles
from falcon_images.thumbnails.drawing import Drawing, UndrawableError
from falcon_images.thumbnails.kept import (
    SIZES,
    earlier_folder,
    hash_folder,
    thumbnail_tag,
)
from falcon_images.thumbnails.neutral import damaged_picture, unavailable_picture

# One for each process, where there are several.
_AT_ONCE = 2
# As many requests as a browser sends at once may be for thumbnails that are not drawn
# yet, of the 8 that are worked on; uploads always find a thread.
_SHARE_OF_THREADS = 0.75
_FAILURES = 10_000
_FAILURE_SECONDS = 60.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Thumbnail:
    """A WebP, and its state: `ok`, `unavailable` or `damaged`; then it is neutral."""

    state: str
    content: bytes


UNAVAILABLE = Thumbnail('unavailable', unavailable_picture())
DAMAGED = Thumbnail('damaged', damaged_picture())


class Thumbnails:
    """Finds thumbnails, and draws those that are not there."""

    def __init__(
        self,
        stored_files: StoredFiles,
        files: DiskFiles,
        settings: Settings,
        budget: Budget,
    ) -> None:
        self._budget = budget
        self._stored_files = stored_files
        self._files = files
        one_large = files.thumbnails.one_large
        self._drawing = Drawing(settings.max_thumbnail_pixels, one_large)
        # In threads of its own, because memory that was used stays with a thread.
        at_once = _AT_ONCE if settings.workers == 1 else 1
        self._drawers = ThreadPoolExecutor(at_once, 'thumbnails')
        places = max(int(settings.app_threads * _SHARE_OF_THREADS), 1)
        self._places = threading.Semaphore(places)
        self._lock = threading.Lock()
        self._under_way: dict[tuple[str, str], Future[Thumbnail]] = {}
        # So that what fails late is not tried again each time a page shows it.
        self._failures: cachetools.TTLCache[tuple[str, str], Thumbnail] = (
            cachetools.TTLCache(_FAILURES, _FAILURE_SECONDS)
        )
        self._keeps = True

    def get(self, stored: StoredFile, size: str) -> Thumbnail:
        """Find or draw a thumbnail.

        Raises:
            StorageUnavailableError: the image could not be read.
            TooManyThumbnailsError: as many wait for theirs as may.
        """
        try:
            file = self._stored_files.open(stored)
        except DamagedFileError:
            return DAMAGED
        with file:
            known = self._known(stored, size)
            if known:
                return known
            with self._place(), self._budget.taken():
                return self._made_once(stored, file, size)

    @contextlib.contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise TooManyThumbnailsError(
                'Too many thumbnails are drawn now; ask for this one again in a while.'
            )
        try:
            yield
        finally:
            self._places.release()

    def _known(self, stored: StoredFile, size: str) -> Thumbnail | None:
        tag = thumbnail_tag(stored.sha256, size)
        if content := self._files.thumbnails.read(_folder(stored), tag):
            return Thumbnail('ok', content)
        with self._lock:
            return self._failures.get((stored.key, stored.sha256))

    def _made_once(self, stored: StoredFile, file: BinaryIO, size: str) -> Thumbnail:
        """Make it, or wait for the request that makes it already."""
        key = (stored.key, size)
        with self._lock:
            future = self._under_way.get(key)
            if future is None:
                future = self._drawers.submit(self._made, stored, file, size)
                self._under_way[key] = future
                future.add_done_callback(lambda _: self._under_way.pop(key))
        return future.result()

    def _made(self, stored: StoredFile, file: BinaryIO, size: str) -> Thumbnail:
        # Another request may have ended its work just now.
        if known := self._known(stored, size):
            return known
        with disk_errors():
            thumbnail = self._drawn(stored, file, size)
        if thumbnail.state == 'ok':
            self._keep(stored, size, thumbnail.content)
        else:
            with self._lock:
                self._failures[stored.key, stored.sha256] = thumbnail
        return thumbnail

    def _drawn(self, stored: StoredFile, file: BinaryIO, size: str) -> Thumbnail:
        try:
            thumbnail = Thumbnail('ok', self._drawing.draw(file, SIZES[size]))
        except TooLargeError:
            return UNAVAILABLE
        except UndrawableError as ex:
            thumbnail = DAMAGED if ex.is_damaged else UNAVAILABLE
        # It is kept under the hash, so it must be of the bytes that had it.
        if thumbnail is DAMAGED or _sha256(file) != stored.sha256:
            logger.warning('The file %s is damaged', stored.key)
            return DAMAGED
        return thumbnail

    def _keep(self, stored: StoredFile, size: str, content: bytes) -> None:
        tag = thumbnail_tag(stored.sha256, size)
        try:
            with self._files.new_file() as part, disk_errors():
                part.write(content)
                self._files.thumbnails.keep(part, _folder(stored), tag)
            self._keeps = True
        except StorageError as ex:
            if self._keeps:
                logger.warning('Thumbnails are drawn but cannot be kept: %s', ex)
            self._keeps = False


def _folder(stored: StoredFile) -> str:
    if stored.is_earlier:
        return earlier_folder(stored.key)
    return hash_folder(stored.sha256)


def _sha256(file: BinaryIO) -> str:
    file.seek(0)
    return hashlib.file_digest(cast(io.BufferedReader, file), 'sha256').hexdigest()
