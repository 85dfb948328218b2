"""Errors of PyMongo become ours, in a limited and a measured time."""

import contextlib
import time
from collections.abc import Callable
from types import TracebackType
from typing import TypeVar

import pymongo
from bson import errors as bson_errors
from pymongo import errors as pymongo_errors

from falcon_images.errors import (
    CursorLostError,
    DatabaseUnavailableError,
    DuplicateKeyError,
    InvalidRequestError,
    NotFoundError,
    QueryTimeoutError,
    TooLargeError,
)
from falcon_images.metadata.refusals import warn_of

# One operation on one document, waiting for a server included.
OPERATION_SECONDS = 4.0
# One operation on hundreds of documents.
BATCH_SECONDS = 10.0
TOO_LARGE = 'The properties of an image can have 16 MB at most.'
_TOO_LARGE_TO_SEND = (
    'This is more than the database takes in one step, which is 16 MB, such as a large '
    'document with its change; change fewer properties at once, or leave If-Match out.'
)
_TOO_MANY_VALUES = (
    'The properties of this image have more values than the database can store, change '
    'or delete in one step; send fewer at once, or give the database more cache.'
)
BAD_FILTER = 'MongoDB cannot run this filter: an operator has a value it cannot take.'
_UNAVAILABLE = 'The database does not answer; send the request again in a few seconds.'
BAD_UPDATE = (
    'The properties cannot be set so: a dotted name leads through a value that is not '
    'an object, or two names lead to the same place.'
)
_UNAUTHORIZED = 13
_NOT_ALLOWED = {
    _UNAUTHORIZED: 'The database does not allow this service to do that: its user '
    'needs the role readWrite on the database that MONGODB_DB names.',
    # AuthenticationFailed
    18: 'The database does not accept the user and password of this service; whoever '
    'runs it must correct MONGODB_URL.',
}
NAMESPACE_NOT_FOUND = 26
# CursorNotFound, QueryPlanKilled, CursorKilled.
_LOST_CURSOR = frozenset((43, 175, 237))
_DUPLICATE_KEY = 11000
# BadValue, FailedToParse, TypeMismatch, Overflow (objects too deep in each other),
# PathNotViable, CannotBackfillArray, ConflictingUpdateOperators,
# DollarPrefixedFieldName, EmptyFieldName, DocumentValidationFailure, more keys to sort
# by than 32, and regular expressions that do not compile.
_CLIENT_MISTAKES = frozenset(
    (2, 9, 14, 15, 28, 34, 40, 52, 56, 121, 13103, 51091, 51108)
)
_DOCUMENT_TOO_LARGE = frozenset((10334, 17280, 17419))
# An entry of an index for each value, all of them in one transaction in the cache.
_TOO_LARGE_FOR_CACHE = 388
_TOO_LARGE_TEXTS = dict.fromkeys(_DOCUMENT_TOO_LARGE, TOO_LARGE) | {
    _TOO_LARGE_FOR_CACHE: _TOO_MANY_VALUES
}
# A replacement that is no object, which is how one is made to fail.
_NO_REPLACEMENT = 40228
# What cannot be written as BSON: PyMongo lets these through as they are.
_NOT_BSON = (bson_errors.BSONError, OverflowError)
# What PyMongo raises when the database does not do what it is asked.
_REFUSALS = (pymongo_errors.PyMongoError, OSError, *_NOT_BSON)
_FAILURES = (*_REFUSALS, DatabaseUnavailableError, QueryTimeoutError)

_READ_ATTEMPTS = 4
_T = TypeVar('_T')

Observe = Callable[[str, float, bool], None]


def mongo_errors(
    timeout_seconds: float | None = OPERATION_SECONDS,
    mistake: str = 'MongoDB cannot do this.',
) -> '_MongoErrors':
    """Limit the time of what is done inside, and raise errors of ours for PyMongo's."""
    return _MongoErrors(timeout_seconds, mistake)


class Operations:
    """Operations on the database, with errors of ours, and timed by their names.

    PyMongo reports its commands too, but with a listener for them it is a tenth slower.

    Args:
        observe: is called for each with its name, its seconds, and whether it failed.
    """

    def __init__(self, observe: Observe) -> None:
        self._observe = observe

    def __call__(
        self,
        name: str,
        timeout_seconds: float | None = OPERATION_SECONDS,
        mistake: str = 'MongoDB cannot do this.',
    ) -> '_MongoErrors':
        """Do what `mongo_errors` does, and observe how long that took."""
        return _Operation(timeout_seconds, mistake, name, self._observe)


class _MongoErrors:
    """A context of `mongo_errors`: written out, because each request has one."""

    def __init__(self, timeout_seconds: float | None, mistake: str) -> None:
        self._limit = pymongo.timeout(timeout_seconds) if timeout_seconds else None
        self._mistake = mistake

    def __enter__(self) -> None:
        if self._limit:
            self._limit.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        ex: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._limit:
            self._limit.__exit__(kind, ex, traceback)
        if isinstance(ex, _REFUSALS):
            raise self._mongo_errors(ex) from ex

    def _mongo_errors(self, ex: Exception) -> Exception:
        if isinstance(ex, pymongo_errors.ExecutionTimeout):
            return unavailable() if self._limit else _too_slow()
        if isinstance(ex, pymongo_errors.DocumentTooLarge):
            return TooLargeError(_TOO_LARGE_TO_SEND)
        if isinstance(ex, pymongo_errors.OperationFailure):
            return _of_operation(ex, self._mistake)
        if isinstance(ex, _NOT_BSON) and not isinstance(ex, bson_errors.InvalidBSON):
            return InvalidRequestError(self._mistake)
        warn_of(ex)
        return unavailable()


class _Operation(_MongoErrors):
    def __init__(
        self, timeout_seconds: float | None, mistake: str, name: str, observe: Observe
    ) -> None:
        super().__init__(timeout_seconds, mistake)
        self._name, self._observe = name, observe

    def __enter__(self) -> None:
        self._started = time.perf_counter()
        super().__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        ex: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        seconds = time.perf_counter() - self._started
        self._observe(self._name, seconds, isinstance(ex, _FAILURES))
        super().__exit__(kind, ex, traceback)


def retry_lost_cursors(read: Callable[[], _T]) -> _T:
    """Read, and once more if the collection was dropped or renamed meanwhile.

    What is there then is an empty collection, or a new one of that name.
    """
    for _ in range(_READ_ATTEMPTS - 1):
        with contextlib.suppress(CursorLostError):
            return read()
    return read()


def is_certain(code: int) -> bool:
    """Return whether an error of one write means that it was, for sure, not done."""
    if code in (_NO_REPLACEMENT, _TOO_LARGE_FOR_CACHE):
        return True
    return code in _CLIENT_MISTAKES | _DOCUMENT_TOO_LARGE


def _of_operation(ex: pymongo_errors.OperationFailure, mistake: str) -> Exception:
    if ex.code == NAMESPACE_NOT_FOUND:
        return NotFoundError('The collection does not exist.')
    if ex.code == _DUPLICATE_KEY:
        return DuplicateKeyError()
    if ex.code in _CLIENT_MISTAKES:
        return InvalidRequestError(mistake)
    if text := _TOO_LARGE_TEXTS.get(ex.code or 0):
        return TooLargeError(text)
    if ex.code in _LOST_CURSOR:
        return CursorLostError(_UNAVAILABLE)
    warn_of(ex)
    return unavailable(_NOT_ALLOWED.get(ex.code or 0, _UNAVAILABLE))


def not_allowed() -> DatabaseUnavailableError:
    """Return the error of a database whose user may not do what is needed."""
    return unavailable(_NOT_ALLOWED[_UNAUTHORIZED])


def _too_slow() -> QueryTimeoutError:
    return QueryTimeoutError(
        'The query took too long; ask for less, or filter by fewer properties.'
    )


def unavailable(text: str = _UNAVAILABLE) -> DatabaseUnavailableError:
    """Return the error of a database of which nobody knows what it did."""
    return DatabaseUnavailableError(text)
