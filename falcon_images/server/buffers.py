"""Buffers of request bodies: in memory while small and few, else on the disk."""

import contextlib
import threading
from collections.abc import Callable
from io import BytesIO
from tempfile import TemporaryFile
from typing import Any, BinaryIO, cast

_MAX_BYTES_IN_MEMORY = 512 * 1024


class NoAllowanceError(Exception):
    """All bodies together have as many bytes as they may."""


class Allowance:
    """How many bytes of bodies may be there at once, for all connections together.

    Args:
        memory_bytes: in memory; what is more goes to the disk.
        all_bytes: in memory and on the disk.
        open_file: makes a file on that disk which is gone when it is closed.
    """

    def __init__(
        self,
        memory_bytes: int,
        all_bytes: int,
        open_file: Callable[[], BinaryIO] | None = None,
    ) -> None:
        self.open_file = open_file or cast(Callable[[], BinaryIO], TemporaryFile)
        self.memory_left = memory_bytes
        self.left = all_bytes
        self._lock = threading.Lock()

    def take(self, count: int) -> None:
        """Count bytes that arrived; raise `NoAllowanceError` if they are too many."""
        with self._lock:
            if count > self.left:
                raise NoAllowanceError
            self.left -= count

    def take_memory(self, count: int) -> bool:
        """Count bytes in memory, if they fit; return whether they do."""
        with self._lock:
            if count > self.memory_left:
                return False
            self.memory_left -= count
            return True

    def give_back(self, count: int, memory_count: int) -> None:
        """Stop counting bytes."""
        with self._lock:
            self.left += count
            self.memory_left += memory_count


class MemoryShare:
    """The bytes of memory that one request has."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._size = 0

    def grow(self, size: int) -> None:
        """Take bytes up to a total; raise `NoAllowanceError` if they are not free."""
        if not self._allowance.take_memory(size - self._size):
            raise NoAllowanceError
        self._size = size

    def close(self) -> None:
        """Give all bytes back; a second call does nothing."""
        self._allowance.give_back(0, self._size)
        self._size = 0

    # A connection that ends does not close the request that it was receiving.
    __del__ = close


class BodyBuffer:
    """The bytes of one body, which are first written and then read."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._file: Any = BytesIO()
        self._size = self._size_in_memory = 0
        self._is_in_memory = True

    def __len__(self) -> int:
        return self._size

    def append(self, data: bytes) -> None:
        """Write at the end.

        Raises:
            NoAllowanceError: all bodies together have too many bytes.
            OSError: the disk did not take them.
        """
        self._allowance.take(len(data))
        self._size += len(data)
        if self._is_in_memory and not self._fits(len(data)):
            self._move_to_disk()
        self._file.write(data)

    def getfile(self) -> Any:
        """Return the file, to be read from its start."""
        self._file.seek(0)
        return self._file

    def close(self) -> None:
        """Delete the bytes; a second call does nothing."""
        # On a full disk, closing flushes what was written, and may fail.
        with contextlib.suppress(OSError):
            self._file.close()
        self._allowance.give_back(self._size, self._size_in_memory)
        self._size = self._size_in_memory = 0

    __del__ = close

    def _fits(self, count: int) -> bool:
        if self._size > _MAX_BYTES_IN_MEMORY:
            return False
        if not self._allowance.take_memory(count):
            return False
        self._size_in_memory += count
        return True

    def _move_to_disk(self) -> None:
        content = self._file.getvalue()
        self._file = self._allowance.open_file()
        self._is_in_memory = False
        self._file.write(content)
        self._allowance.give_back(0, self._size_in_memory)
        self._size_in_memory = 0
