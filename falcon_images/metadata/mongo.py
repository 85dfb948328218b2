"""The database: its collections, opened by name, and what is asked of all of it."""

import functools

import pymongo
from pymongo.collection import Collection
from pymongo.write_concern import WriteConcern

from falcon_images.errors import NotFoundError
from falcon_images.metadata.codecs import DOCUMENTS
from falcon_images.metadata.deadlines import Deadlines
from falcon_images.metadata.documents import Document
from falcon_images.metadata.errors import Observe, Operations, mongo_errors
from falcon_images.metadata.names import RESERVED, check_stored_name
from falcon_images.metadata.privileges import Privileges

_REMEMBERED_COLLECTIONS = 1000


def _observe_nothing(name: str, seconds: float, has_failed: bool) -> None:
    pass


class MongoDatabase:
    """One database of a MongoDB, in which a write is safe on a majority of the servers.

    Every method raises `DatabaseUnavailableError` when the database does not answer
    in time, and `InvalidRequestError` for a name that no collection can have.

    Args:
        observe: is called for each operation of a request with its name, its seconds,
            and whether it failed; of a list, the seconds to its first document.

    Attributes:
        collection: opens a collection by its name.
        operation: limits and observes what a request asks of the database.
    """

    def __init__(
        self,
        client: pymongo.MongoClient[Document],
        name: str,
        query_timeout_seconds: int,
        observe: Observe = _observe_nothing,
    ) -> None:
        self.name = name
        self.query_timeout_ms = query_timeout_seconds * 1000
        self.deadlines = Deadlines(client, query_timeout_seconds)
        self.operation = Operations(observe)
        self.database = client.get_database(
            name,
            codec_options=DOCUMENTS,
            read_preference=pymongo.ReadPreference.PRIMARY,
            write_concern=WriteConcern('majority', j=True),
        )
        # Names are checked once; those that no collection can have are checked anew.
        remember = functools.lru_cache(_REMEMBERED_COLLECTIONS)
        self.collection = remember(self._open_collection)
        self._admin = client.admin
        self._privileges = Privileges(self.database)

    def ping(self, timeout_seconds: float) -> None:
        """Ask the database for a sign of life."""
        with self.operation('ping', timeout_seconds):
            self._admin.command('ping')

    def check_rights(self, timeout_seconds: float) -> None:
        """Raise `DatabaseUnavailableError` if our user may not do what is needed."""
        self.ping(timeout_seconds)
        self._privileges.check(timeout_seconds)

    def estimated_counts(self, timeout_seconds: float) -> tuple[int, int]:
        """Count the collections, and roughly but quickly the documents in them."""
        with mongo_errors(timeout_seconds):
            names = self.collection_names()
            sizes = (self.database[name].estimated_document_count() for name in names)
            return len(names), sum(sizes)

    def collection_names(self) -> list[str]:
        """List the collections, sorted by name."""
        return sorted(
            name
            for name in self._all_names({'type': 'collection'})
            if not name.startswith(('system.', RESERVED))
        )

    def require_collection(self, collection_name: str) -> None:
        """Raise `NotFoundError` if the collection does not exist."""
        self.collection(collection_name)
        if not self._all_names({'name': collection_name}):
            raise collection_not_found(collection_name)

    def _all_names(self, filter_: Document) -> list[str]:
        with self.operation('list_collections'):
            return self.database.list_collection_names(filter=filter_)

    def _open_collection(self, collection_name: str) -> Collection[Document]:
        named = {'name': collection_name}
        check_stored_name(collection_name, lambda: bool(self._all_names(named)))
        return self.database[collection_name]


def collection_not_found(collection_name: str) -> NotFoundError:
    """Make the error of a collection that is not there."""
    return NotFoundError(f'The collection "{collection_name}" does not exist.')
