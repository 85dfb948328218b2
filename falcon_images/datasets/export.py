"""Exports: made while they are sent, only so many at once."""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import BinaryIO, Protocol

from falcon_images.datasets.classes import value_at
from falcon_images.datasets.run import Request, Run
from falcon_images.errors import (
    InvalidRequestError,
    QueryTimeoutError,
    StorageError,
    TooBusyError,
)
from falcon_images.files.errors import disk_errors
from falcon_images.files.store import FileStore
from falcon_images.metadata.documents import Document, Query
from falcon_images.metadata.lists.lists import Lists
from falcon_images.metadata.mongo import MongoDatabase
from falcon_images.server.places import Places

# Until then, what goes wrong is told with its status; then the answer begins: its first
# byte has a second.
_BEGIN_SECONDS = 0.7
# How long of that it is looked for values that cannot be classes, unless the collection
# has so few documents that all are looked at, however long it takes.
_CHECK_SECONDS = 0.5
_SURELY_CHECKED = 100_000
_CHUNK_BYTES = 64 * 1024
_QUIET_SECONDS = 0.5
# For the file of an image and what is marked in it; they are read to make any archive.
_ALWAYS_READ = ('image', 'time', '_file', 'boxes', 'polygons', 'points')

logger = logging.getLogger(__name__)


class Layout(Protocol):
    """What an export is written as."""

    @property
    def media_type(self) -> str:
        """The type of the answer."""

    @property
    def extension(self) -> str:
        """The end of its file name, with the dot."""

    @property
    def beginning(self) -> bytes:
        """What every such file begins with: it is sent before anything is read."""

    @property
    def max_documents(self) -> int:
        """How many documents fit into it; 0 if there is no limit."""

    def pieces(self, run: Run) -> Iterator[bytes]:
        """Yield the bytes; an empty piece where there is nothing to send yet."""


class Exports:
    """Makes exports, each in the thread that sends it.

    Args:
        open_file: opens a file on the disk of the store, gone when it is closed.
        most: how many there may be at once, in this process.
    """

    def __init__(
        self,
        mongo: MongoDatabase,
        lists: Lists,
        files: FileStore,
        open_file: Callable[[], BinaryIO],
        most: int,
    ) -> None:
        self._mongo = mongo
        self._lists = lists
        self._files = files
        self._open_file = open_file
        self._places = Places(most, _too_many)

    def check(self, collection_name: str) -> None:
        """Raise `NotFoundError` if there is no such collection."""
        self._mongo.require_collection(collection_name)

    def place(self) -> contextlib.AbstractContextManager[None]:
        """Have one of the places for exports; raise `TooBusyError` if none is free."""
        return self._places.taken()

    def begin(self, request: Request, query: Query, layout: Layout) -> 'ExportBody':
        """Begin an export; whoever calls closes it.

        Raises:
            InvalidRequestError: more matches than fits into it.
            NotFoundError: there is no such collection.
            StorageFullError: the disk has no space for what has to wait on it.
            TooBusyError: as many are made as may be.
        """
        until = time.monotonic() + _BEGIN_SECONDS
        self.check(request.collection_name)
        if layout.max_documents:
            self._check_size(request, query, layout.max_documents)
        self._check_values(request, query)
        place = contextlib.ExitStack()
        place.enter_context(self.place())
        body = ExportBody(place.close)
        try:
            with disk_errors():
                run = self._run(request, query)
            body.begin(run, layout, until)
        except BaseException:
            body.close()
            raise
        return body

    def _check_size(self, request: Request, query: Query, most: int) -> None:
        if query.limit and query.limit <= most:
            return
        count = self._lists.count(request.collection_name, query.filter) - query.skip
        if count > most:
            raise InvalidRequestError(
                f'A sheet has space for {most} documents, and {count} match; take '
                'format=csv, or choose with conditions or limit.'
            )

    def _check_values(self, request: Request, query: Query) -> None:
        """Refuse what cannot be a class or a group before the answer begins.

        In a large collection, what is not found so fast is left out of the answer.
        """
        options = request.options
        paths = [path for path in (options.label_by, options.group_by) if path]
        if not paths:
            return
        name = request.collection_name
        if self._lists.estimated(name) <= _SURELY_CHECKED:
            found = self._lists.find_nested(name, query, paths)
        else:
            found = self._found_soon(name, query, paths)
        for path in paths:
            value_at(found or {}, path)

    def _found_soon(self, name: str, query: Query, paths: list[str]) -> Document | None:
        with contextlib.suppress(QueryTimeoutError):
            return self._lists.find_nested(name, query, paths, _CHECK_SECONDS)
        return None

    def _run(self, request: Request, query: Query) -> Run:
        query = replace(query, fields=fields_read(request))
        name = request.collection_name
        documents = self._lists.documents_at_leisure(name, query)
        return Run(request, documents, self._files, self._open_file)


class ExportBody:
    """The bytes of an export, for the server to send as they are made.

    Args:
        on_close: is called once, when it ends in any way.
    """

    def __init__(self, on_close: Callable[[], None]) -> None:
        self._on_close: Callable[[], None] | None = on_close
        self._run: Run | None = None
        self._pieces: Iterator[bytes] = iter(())
        self._first = b''

    def begin(self, run: Run, layout: Layout, until: float) -> None:
        """Make the first bytes until then, at the latest; raise what goes wrong."""
        self._run = run
        self._pieces = _made(run, layout)
        for piece in self._pieces:
            self._first += piece
            if len(self._first) >= _CHUNK_BYTES or time.monotonic() > until:
                break
        run.has_begun = True

    def __iter__(self) -> Iterator[bytes]:
        first, self._first = self._first, b''
        yield first
        yield from _joined(self._pieces)

    def close(self) -> None:
        """Let everything go; a second call does nothing."""
        on_close, self._on_close = self._on_close, None
        if on_close is None:
            return
        try:
            close = getattr(self._pieces, 'close', None)
            if close is not None:
                close()
            if self._run is not None:
                self._run.close()
        finally:
            on_close()

    # Nothing else closes an answer whose sending never began.
    __del__ = close


def fields_read(request: Request) -> tuple[str, ...]:
    """Return the names of what is read of each document; none means all."""
    if not request.fields or request.has_tags:
        return ()
    used = filter(None, (request.options.label_by, request.options.group_by))
    return (*request.fields, *_ALWAYS_READ, *used)


def _made(run: Run, layout: Layout) -> Iterator[bytes]:
    try:
        with disk_errors():
            yield from _begun(layout.beginning, layout.pieces(run))
    except StorageError:
        name = run.request.collection_name
        logger.warning('An export of %s was cut off by the disk', name)
        raise
    if run.left_out:
        logger.warning(
            'An export of %s left out %d images, such as those whose files are '
            'missing or damaged; its report names them',
            run.request.collection_name,
            run.left_out,
        )


def _begun(beginning: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the beginning at once: no server sends headers before the first byte."""
    yield beginning
    for piece in pieces:
        yield piece.removeprefix(beginning)
        if piece:
            break
    yield from pieces


def _joined(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield pieces together, in chunks that are worth a send."""
    waiting: list[bytes] = []
    size, sent_at = 0, time.monotonic()
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        # What is little is sent too, once in a while: so it is seen who has gone.
        if size >= _CHUNK_BYTES or time.monotonic() - sent_at > _QUIET_SECONDS:
            yield b''.join(waiting)
            waiting, size, sent_at = [], 0, time.monotonic()
    yield b''.join(waiting)


def _too_many() -> TooBusyError:
    return TooBusyError(
        'As many exports are made as may be at once (MAX_EXPORTS); ask again when one '
        'has ended.'
    )
