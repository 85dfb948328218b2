"""Thumbnails: each is drawn once, a few at a time, and never by all threads."""

import logging
import os
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import BinaryIO

import cachetools

from falcon_images.errors import DamagedFileError, InvalidRequestError, StorageError
from falcon_images.files.disk import DiskFiles
from falcon_images.files.errors import disk_errors
from falcon_images.files.sha256 import sha256_of
from falcon_images.files.spool import UploadSpool
from falcon_images.files.thumbnail_sizes import SIZES
from falcon_images.files.thumbnails import (
    ThumbnailCache,
    hash_folder,
    legacy_folder,
    thumbnail_tag,
)
from falcon_images.server.budget import Budget
from falcon_images.server.places import Places
from falcon_images.store.image_files import StoredFile, StoredFiles
from falcon_images.thumbnails.drawers import Drawers, DrawingDiedError, too_many
from falcon_images.thumbnails.placeholders import damaged_picture, unavailable_picture
from falcon_images.thumbnails.protocol import Order

# One for each process, where there are several.
_AT_ONCE = 2
# Of 8 threads, 6 may wait for thumbnails: as many as a browser asks for at once. Others
# are left for uploads.
_SHARE_OF_THREADS = 0.75
_FAILURES = 10_000
_FAILURE_SECONDS = 60.0
# For an image that crashed a process, or had to be stopped.
_DEATH_SECONDS = 3600.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Thumbnail:
    """A WebP, and its state; if that is not `ok`, the WebP is a placeholder."""

    state: str
    content: bytes


_Failures = cachetools.TTLCache[tuple[str, str], Thumbnail]
UNAVAILABLE = Thumbnail('unavailable', unavailable_picture())
DAMAGED = Thumbnail('damaged', damaged_picture())


@dataclass(frozen=True)
class DrawingLimits:
    """The threads and the processes that serve, and the pixels that may be drawn."""

    threads: int
    processes: int
    max_pixels: int


class ThumbnailService:
    """Finds thumbnails, and draws those that are not there."""

    def __init__(  # noqa: PLR0913 - each is a part of it
        self,
        stored_files: StoredFiles,
        *,
        files: DiskFiles,
        spool: UploadSpool,
        cache: ThumbnailCache,
        limits: DrawingLimits,
        budget: Budget,
    ) -> None:
        self._budget = budget
        self._stored_files = stored_files
        self._files = files
        self._spool = spool
        self._cache = cache
        self._limits = limits
        self._begin()
        if hasattr(os, 'register_at_fork'):
            os.register_at_fork(after_in_child=_begins_anew(weakref.ref(self)))

    def _begin(self) -> None:
        """Begin with no work; after a fork, it goes on in the other process."""
        places = max(int(self._limits.threads * _SHARE_OF_THREADS), 1)
        self._places = Places(places, too_many)
        self._drawers = Drawers(
            _AT_ONCE if self._limits.processes == 1 else 1,
            # Large images wait for each other; one place is always left for others.
            max(places - 1, 1),
            self._cache.one_large,
        )
        self._lock = threading.Lock()
        self._under_way: dict[tuple[str, str], Future[Thumbnail]] = {}
        # What fails after long work is not tried again each time a page shows it.
        self._failures: _Failures = cachetools.TTLCache(_FAILURES, _FAILURE_SECONDS)
        self._deaths: _Failures = cachetools.TTLCache(_FAILURES, _DEATH_SECONDS)
        self._keeps = True

    def check_size(self, size: str) -> None:
        """Raise `InvalidRequestError` if there is no size of that name."""
        if size not in SIZES:
            raise InvalidRequestError(
                f'The parameter "size" is one of {", ".join(SIZES)}.'
            )

    def tag(self, stored: StoredFile, size: str) -> str:
        """Return the entity tag of the thumbnail that a file has in a size."""
        return thumbnail_tag(stored.sha256, size)

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
            with self._places.taken(), self._budget.taken():
                return self._made_once(stored, file, size)

    def _known(self, stored: StoredFile, size: str) -> Thumbnail | None:
        tag = thumbnail_tag(stored.sha256, size)
        if content := self._cache.read(_folder(stored), tag):
            return Thumbnail('ok', content)
        key = stored.key, stored.sha256
        with self._lock:
            return self._failures.get(key) or self._deaths.get(key)

    def _made_once(self, stored: StoredFile, file: BinaryIO, size: str) -> Thumbnail:
        """Draw it, or wait for the request that draws it already."""
        key = (stored.key, size)
        mine: Future[Thumbnail] = Future()
        with self._lock:
            future = self._under_way.setdefault(key, mine)
        if future is mine:
            try:
                mine.set_result(self._made(stored, file, size))
            except BaseException as ex:
                mine.set_exception(ex)
            finally:
                self._under_way.pop(key, None)
        return future.result()

    def _made(self, stored: StoredFile, file: BinaryIO, size: str) -> Thumbnail:
        # Another request may have ended its work just now.
        if known := self._known(stored, size):
            return known
        failures = self._failures
        try:
            with disk_errors():
                thumbnail = self._drawn(stored, file, size)
        except DrawingDiedError:
            failures, thumbnail = self._deaths, UNAVAILABLE
        if thumbnail.state == 'ok':
            self._keep(stored, size, thumbnail.content)
        else:
            with self._lock:
                failures[stored.key, stored.sha256] = thumbnail
        return thumbnail

    def _drawn(self, stored: StoredFile, file: BinaryIO, size: str) -> Thumbnail:
        status = os.fstat(file.fileno())
        order = Order(
            key=stored.key,
            path=str(self._files.path(stored.key)),
            device=status.st_dev,
            inode=status.st_ino,
            longest_side=SIZES[size],
            max_pixels=self._limits.max_pixels,
        )
        answer = self._drawers.draw(order, stored.size)
        if answer.state == 'unreadable':
            raise OSError(answer.error_number, os.strerror(answer.error_number))
        # The thumbnail is cached under the hash, so the file must still have that hash.
        if answer.state in ('damaged', 'gone') or sha256_of(file) != stored.sha256:
            logger.warning('The file %s is damaged', stored.key)
            return DAMAGED
        if answer.state == 'ok':
            return Thumbnail('ok', answer.content)
        return UNAVAILABLE

    def _keep(self, stored: StoredFile, size: str, content: bytes) -> None:
        tag = thumbnail_tag(stored.sha256, size)
        try:
            with self._spool.new_file() as part, disk_errors():
                part.write(content)
                self._cache.keep(part, _folder(stored), tag)
            self._keeps = True
        except StorageError as ex:
            if self._keeps:
                logger.warning('Thumbnails are drawn but cannot be kept: %s', ex)
            self._keeps = False


def _begins_anew(reference: weakref.ref[ThumbnailService]) -> Callable[[], None]:
    def begin() -> None:
        if thumbnails := reference():
            thumbnails._begin()

    return begin


def _folder(stored: StoredFile) -> str:
    if stored.is_legacy:
        return legacy_folder(stored.key)
    return hash_folder(stored.sha256)
