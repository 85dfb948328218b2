"""Calls to the system and the database on the way of a request, one of which fails."""

import builtins
import errno
import io
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from pymongo import errors as pymongo_errors
from pymongo.collection import Collection
from pymongo.cursor import Cursor
from pymongo.database import Database

OS_CALLS = ('fsync', 'replace', 'open', 'unlink', 'rmdir', 'mkdir')
FILE_CALLS = ('write', 'flush', 'close')
COLLECTION_CALLS = (
    *('insert_one', 'find_one', 'find_one_and_delete', 'find_one_and_update'),
    *('replace_one', 'rename', 'drop', 'create_indexes', 'count_documents'),
    *('list_indexes', 'drop_indexes', 'bulk_write', 'update_one', 'update_many'),
    *('delete_one', 'delete_many', 'distinct'),
)
DATABASE_CALLS = ('list_collection_names', 'list_collections', 'command')

Error = Callable[[], Exception]


@dataclass(frozen=True)
class Kind:
    """A way to fail: which calls, with what, and whether they are done all the same."""

    name: str
    of_database: bool
    error: Error
    is_applied: bool = False
    # All calls from that one on, as a disk that stays full.
    is_lasting: bool = False


def _disk(number: int) -> Error:
    return lambda: OSError(number, os.strerror(number))


def _unselected() -> Exception:
    return pymongo_errors.ServerSelectionTimeoutError('no server')


def _timeout() -> Exception:
    return pymongo_errors.NetworkTimeout('no answer')


KINDS = (
    Kind('full', False, _disk(errno.ENOSPC)),
    Kind('broken', False, _disk(errno.EIO)),
    Kind('stays full', False, _disk(errno.ENOSPC), is_lasting=True),
    Kind('no server', True, _unselected),
    Kind('no answer, not done', True, _timeout),
    Kind('no answer, done', True, _timeout, is_applied=True),
    Kind('no server any more', True, _unselected, is_lasting=True),
    Kind('no answer any more', True, _timeout, is_lasting=True),
)


@dataclass
class Fault:
    """Makes the call with one number fail, of those made by this thread."""

    kind: Kind
    number: int
    calls: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._thread = threading.get_ident()
        self._is_inside = False

    def call(
        self,
        name: str,
        of_database: bool,
        function: Callable[..., Any],
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        if not self._counts(of_database):
            return function(*args, **kwargs)
        self.calls.append(name)
        if not self._is_due():
            return self._done(function, *args, **kwargs)
        self.failed.append(name)
        if self.kind.is_applied or name == 'close':
            self._done(function, *args, **kwargs)
        raise self.kind.error()

    def _counts(self, of_database: bool) -> bool:
        return (
            of_database == self.kind.of_database
            and threading.get_ident() == self._thread
            and not self._is_inside
        )

    def _is_due(self) -> bool:
        count = len(self.calls)
        return count == self.number or (self.kind.is_lasting and count > self.number)

    def _done(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        # Calls that a call makes itself are not counted.
        self._is_inside = True
        try:
            return function(*args, **kwargs)
        finally:
            self._is_inside = False


class _File:
    """An open file whose writing calls are counted."""

    def __init__(self, file: Any, fault: Fault) -> None:
        self._file = file
        self._fault = fault

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._file, name)
        if name not in FILE_CALLS or (name == 'close' and self._file.closed):
            return attribute
        return lambda *args: self._fault.call(name, False, attribute, *args)

    def __enter__(self) -> '_File':
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def failing(fault: Fault) -> Iterator[None]:
    """Put a fault between the service and what it stands on."""
    with pytest.MonkeyPatch.context() as patch:
        for name in OS_CALLS:
            _count(patch, fault, os, name, False)
        opener = _opener(fault, io.open)
        for owner in (io, builtins):
            patch.setattr(owner, 'open', opener)
        for name in COLLECTION_CALLS:
            _count(patch, fault, Collection, name, True)
        for name in DATABASE_CALLS:
            _count(patch, fault, Database, name, True)
        _count(patch, fault, Cursor, '__next__', True)
        yield


def _count(
    patch: pytest.MonkeyPatch, fault: Fault, owner: Any, name: str, of_database: bool
) -> None:
    function = getattr(owner, name)

    def counted(*args: Any, **kwargs: Any) -> Any:
        return fault.call(name, of_database, function, *args, **kwargs)

    patch.setattr(owner, name, counted)


def _opener(fault: Fault, function: Callable[..., Any]) -> Callable[..., Any]:
    def counted(path: Any, mode: str = 'r', *args: Any, **kwargs: Any) -> Any:
        file = fault.call('file', False, function, path, mode, *args, **kwargs)
        return _File(file, fault) if set(mode) & set('wxa+') else file

    return counted
