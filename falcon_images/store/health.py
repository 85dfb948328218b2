"""Health: whether database and disk do their work, and how much there is of it."""

from falcon_images.files.store import FileStore
from falcon_images.metadata.mongo import MongoDatabase


class StoreHealth:
    """What is asked of database and disk that is of no image."""

    def __init__(self, mongo: MongoDatabase, files: FileStore) -> None:
        self._mongo = mongo
        self._files = files

    def ping(self, timeout_seconds: float) -> None:
        """Raise `DatabaseUnavailableError` if the database does not answer in time."""
        self._mongo.ping(timeout_seconds)

    def check_rights(self, timeout_seconds: float) -> None:
        """Raise `DatabaseUnavailableError` if its user may not do what is needed."""
        self._mongo.check_rights(timeout_seconds)

    def check_writable(self) -> None:
        """Raise `StorageError` if no file can be written."""
        self._files.check_writable()

    def estimated_counts(self, timeout_seconds: float) -> tuple[int, int]:
        """Count the collections, and roughly but quickly the documents in them."""
        return self._mongo.estimated_counts(timeout_seconds)
