"""Capacity: how many images the private MongoDB is meant for."""

import logging
import time

from falcon_images.metadata.mongo import MongoDatabase

# Of its cache: what the indexes of an image take in it.
_BYTES_OF_AN_IMAGE = 256
_PAUSE_SECONDS = 3600.0
_TIMEOUT_SECONDS = 10.0

logger = logging.getLogger(__name__)


class PrivateCapacity:
    """Warns once when there are more images than the private MongoDB is meant for.

    Args:
        cache_bytes: the size of its cache; 0 if the database is none of ours.
    """

    def __init__(self, mongo: MongoDatabase, cache_bytes: int) -> None:
        self._mongo = mongo
        self._images = cache_bytes // _BYTES_OF_AN_IMAGE
        self._next_at = 0.0

    def warn(self) -> None:
        """Look at the number of images, once an hour."""
        if not self._images or time.monotonic() < self._next_at:
            return
        self._next_at = time.monotonic() + _PAUSE_SECONDS
        _, count = self._mongo.estimated_counts(_TIMEOUT_SECONDS)
        if count <= self._images:
            return
        logger.warning(
            'There are %d images; with its cache the private MongoDB is meant for %d. '
            'Give it more memory (PRIVATE_MONGODB_CACHE_BYTES), or use a MongoDB of '
            'your own (MONGODB_URL).',
            count,
            self._images,
        )
        self._images = 0
