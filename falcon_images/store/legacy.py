"""Files of the earlier version, whose documents have nothing of them but a name."""

import os
import threading
from typing import BinaryIO

import cachetools

from falcon_images.errors import NotAnImageError
from falcon_images.files.errors import disk_errors
from falcon_images.files.sha256 import sha256_of
from falcon_images.image_types.identify import identify
from falcon_images.metadata.documents import Document

_MAX_REMEMBERED = 10_000


class LegacyFiles:
    """Finds what newer documents have; remembered while a file does not change."""

    def __init__(self) -> None:
        self._known: cachetools.LRUCache[tuple[str, int, int], Document] = (
            cachetools.LRUCache(_MAX_REMEMBERED)
        )
        self._lock = threading.Lock()

    def facts(self, key: str, file: BinaryIO) -> Document:
        """Return the size, type and SHA-256 of an open file."""
        with disk_errors():
            status = os.fstat(file.fileno())
            known_as = (key, status.st_size, status.st_mtime_ns)
            with self._lock:
                facts = self._known.get(known_as)
            if facts is None:
                facts = {'size': status.st_size, **_read(file)}
                with self._lock:
                    self._known[known_as] = facts
        return facts


def _read(file: BinaryIO) -> Document:
    sha256 = sha256_of(file)
    try:
        media_type = identify(file).type
    except NotAnImageError:
        media_type = 'application/octet-stream'
    return {'type': media_type, 'sha256': sha256}
