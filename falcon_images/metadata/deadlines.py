"""Deadlines of queries, and whether a query was too slow or the database is away.

The database keeps the limit only between two documents, so the client keeps it too.
"""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import pymongo
from pymongo import errors as pymongo_errors

from falcon_images.errors import QueryTimeoutError
from falcon_images.metadata.errors import mongo_errors

_TOO_SLOW = 'The query took too long; ask for less, or filter by fewer properties.'


class Deadlines:
    """Begins deadlines of queries that may take some seconds each."""

    def __init__(self, client: pymongo.MongoClient[Any], seconds: float) -> None:
        self._client = client
        self._seconds = seconds

    def begin(self, seconds: float | None = None) -> 'Deadline':
        """Begin a query now, which has no more seconds than these, if any are given."""
        return Deadline(self._client, min(self._seconds, seconds or self._seconds))

    def query_errors(self) -> contextlib.AbstractContextManager[None]:
        """Raise `QueryTimeoutError` for a query that is too slow, inside of this.

        When the database is away, PyMongo's error stays as it is.
        """
        return _query_errors(self._client)


class Deadline:
    """When a query must be done."""

    def __init__(self, client: pymongo.MongoClient[Any], seconds: float) -> None:
        self._client = client
        self._at = time.monotonic() + seconds

    def left_ms(self) -> int:
        """Return how many milliseconds are left.

        Raises:
            QueryTimeoutError: there are none.
        """
        left = int((self._at - time.monotonic()) * 1000)
        if left <= 0:
            raise QueryTimeoutError(_TOO_SLOW)
        return left

    @contextlib.contextmanager
    def enforced(self) -> Iterator[None]:
        """Enforce the deadline in what is done inside; nothing is retried after it.

        PyMongo's other errors stay as they are. Nothing may be yielded from inside: a
        limit of PyMongo's is one of its thread.

        Raises:
            QueryTimeoutError: it was not done in time.
            DatabaseUnavailableError: there is no server to ask.
        """
        if not _is_reachable(self._client):
            # Else all of the time would be waited for a database that is away.
            with mongo_errors():
                self._client.admin.command('ping')
        with _query_errors(self._client), pymongo.timeout(self.left_ms() / 1000):
            yield


@contextlib.contextmanager
def _query_errors(client: pymongo.MongoClient[Any]) -> Iterator[None]:
    try:
        yield
    except pymongo_errors.ExecutionTimeout as ex:
        raise QueryTimeoutError(_TOO_SLOW) from ex
    except pymongo_errors.NetworkTimeout as ex:
        # PyMongo asks each server all the time, whatever that is busy with.
        if _is_reachable(client):
            raise QueryTimeoutError(_TOO_SLOW) from ex
        raise


def _is_reachable(client: pymongo.MongoClient[Any]) -> bool:
    return client.topology_description.has_writable_server()
