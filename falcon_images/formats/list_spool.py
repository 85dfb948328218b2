"""The spool: lists that wait in files to be sent, with a limit for their sum."""

import tempfile
import threading
from collections.abc import Iterator
from typing import IO

from falcon_images.errors import TooBusyError

# Answers up to this size stay in memory, longer ones go to a temporary file.
_IN_MEMORY_BYTES = 1024**2
# Bytes are reserved in steps of this size.
_STEP_BYTES = 64 * 1024


class _Answer:
    """The bytes that the files of one answer have taken together."""

    bytes = 0


class ListSpool:
    """The limit of bytes that wait to be sent; one answer alone may have more.

    Args:
        max_bytes: for all answers of this process together.
    """

    def __init__(self, max_bytes: int = 512 * 1024**2) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        # Reentrant: garbage collection may close a file in this thread at any moment.
        self._lock = threading.RLock()

    @property
    def bytes(self) -> int:
        """How many bytes wait now."""
        return self._bytes

    def file(self) -> 'SpooledFile':
        """Open a new file; whoever calls closes it."""
        return SpooledFile(self, _Answer())

    def take(self, answer: _Answer) -> None:
        """Reserve the next 64 KiB for an answer.

        Raises:
            TooBusyError: there are too many already.
        """
        with self._lock:
            others = self._bytes - answer.bytes
            if others and self._bytes + _STEP_BYTES > self._max_bytes:
                raise TooBusyError(
                    'Too many bytes of lists wait to be read by clients '
                    '(MAX_SPOOLED_BYTES); ask again in a moment, or for less.'
                )
            self._bytes += _STEP_BYTES
            answer.bytes += _STEP_BYTES

    def give_back(self, answer: _Answer, taken: int) -> None:
        """Free what a file of an answer has taken."""
        with self._lock:
            self._bytes -= taken
            answer.bytes -= taken


class SpooledFile:
    """A file of the spool, which frees its bytes when it is closed."""

    def __init__(self, spool: ListSpool, answer: _Answer) -> None:
        self._spool, self._answer = spool, answer
        self._file = _open()
        self._taken = self._written = 0
        self.read, self.seek = self._file.read, self._file.seek
        self.tell = self._file.tell

    def another(self) -> 'SpooledFile':
        """Open a file that belongs to the same answer."""
        return SpooledFile(self._spool, self._answer)

    def write(self, text: bytes) -> None:
        """Add bytes at the end.

        Raises:
            TooBusyError: the spool has too many.
        """
        self._written += len(text)
        while self._taken < self._written:
            self._spool.take(self._answer)
            self._taken += _STEP_BYTES
        self._file.write(text)

    def close(self) -> None:
        """Close it, and free its bytes; it may be closed already."""
        self._file.close()
        taken, self._taken = self._taken, 0
        self._spool.give_back(self._answer, taken)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._file)

    def __enter__(self) -> 'SpooledFile':
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        # Nothing else closes an answer whose sending failed.
        self.close()


def _open() -> IO[bytes]:
    return tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)
