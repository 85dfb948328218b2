"""Health: whether database and disk do their work, and how much there is of it."""

import threading
import time

from falcon_images.errors import DatabaseUnavailableError
from falcon_images.files.store import FileStore
from falcon_images.metadata.mongo import MongoDatabase

# For so long, what one was told of the database is told to others.
_SHARED_SECONDS = 0.5


class StoreHealth:
    """What is asked of database and disk that is of no image."""

    def __init__(self, mongo: MongoDatabase, files: FileStore) -> None:
        self._mongo = mongo
        self._files = files
        self._asking = threading.Lock()
        self._asked_at = -_SHARED_SECONDS
        self._answered = False

    def answers(self, timeout_seconds: float) -> bool:
        """Return whether the database answers in time, or did half a second ago.

        Those who ask at the same moment wait for one answer.
        """
        with self._asking:
            if time.monotonic() >= self._asked_at + _SHARED_SECONDS:
                self._answered = self._ping(timeout_seconds)
                self._asked_at = time.monotonic()
            return self._answered

    def _ping(self, timeout_seconds: float) -> bool:
        try:
            self._mongo.ping(timeout_seconds)
        except DatabaseUnavailableError:
            return False
        return True

    def check_rights(self, timeout_seconds: float) -> None:
        """Raise `DatabaseUnavailableError` if its user may not do what is needed."""
        self._mongo.check_rights(timeout_seconds)

    def check_writable(self) -> None:
        """Raise `StorageError` if no file can be written."""
        self._files.check_writable()

    def estimated_counts(self, timeout_seconds: float) -> tuple[int, int]:
        """Count the collections, and roughly but quickly the documents in them."""
        return self._mongo.estimated_counts(timeout_seconds)
