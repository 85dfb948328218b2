"""A time limit for several aggregations together, which may take a minute."""

import contextlib
import time
from collections.abc import Iterator

import pymongo
from pymongo.collection import Collection

from falcon_images.errors import DatabaseUnavailableError, QueryTimeoutError
from falcon_images.metadata.documents import Document
from falcon_images.metadata.errors import BAD_FILTER, mongo_errors


class TimeLimit:
    """The time that is left to count in a collection; it begins when it is made."""

    def __init__(self, collection: Collection[Document], seconds: float) -> None:
        self._database = collection.database
        self._until = time.monotonic() + seconds

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Limit the time; unlike the server's limit, this replaces the client's too.

        Raises:
            QueryTimeoutError: it takes longer.
        """
        with mongo_errors():
            # Else all of the time would be waited for a database that is away.
            self._database.command('ping')
        left_seconds = max(0.001, self._until - time.monotonic())
        try:
            with mongo_errors(None, BAD_FILTER), pymongo.timeout(left_seconds):
                yield
        except QueryTimeoutError as ex:
            raise _too_slow() from ex
        except DatabaseUnavailableError as ex:
            if time.monotonic() < self._until:
                raise
            raise _too_slow() from ex


def _too_slow() -> QueryTimeoutError:
    return QueryTimeoutError(
        'To count that takes longer than FACETS_TIMEOUT_SECONDS; ask about fewer '
        'documents, with a filter.'
    )
