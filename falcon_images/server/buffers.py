"""Bodies on their way: in memory while they are small and few, else on the disk."""

import contextlib
import threading
from io import BytesIO
from tempfile import TemporaryFile
from typing import Any

_MAX_BYTES_IN_MEMORY = 512 * 1024


class NoAllowanceError(Exception):
    """All bodies together have as many bytes as they may."""


class Allowance:
    """How many bytes of bodies may be there at once, for all connections together.

    Args:
        memory_bytes: in memory; what is more goes to the disk.
        all_bytes: in memory and on the disk.
    """

    def __init__(self, memory_bytes: int, all_bytes: int) -> None:
        self.memory_left = memory_bytes
        self.left = all_bytes
        self._lock = threading.Lock()

    def take(self, count: int) -> None:
        """Count bytes that have come; raise `NoAllowanceError` if they are too many."""
        with self._lock:
            if count > self.left:
                raise NoAllowanceError
            self.left -= count

    def take_memory(self, count: int) -> bool:
        """Count bytes for memory, if they may be there."""
        with self._lock:
            if count > self.memory_left:
                return False
            self.memory_left -= count
            return True

    def give_back(self, count: int, memory_count: int) -> None:
        """Count bytes no more."""
        with self._lock:
            self.left += count
            self.memory_left += memory_count


class MemoryShare:
    """What one request has of the memory."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._size = 0

    def grow(self, size: int) -> None:
        """Have so many bytes altogether; raise `NoAllowanceError` if there are none."""
        if not self._allowance.take_memory(size - self._size):
            raise NoAllowanceError
        self._size = size

    def close(self) -> None:
        """Give all back; a second time does no harm."""
        self._allowance.give_back(0, self._size)
        self._size = 0

    # Of a connection that ends, nobody says that its request has come to an end.
    __del__ = close


class BodyBuffer:
    """The bytes of one body, which are written first and then read."""

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
        """Forget the bytes; a second time does no harm."""
        # A disk that is full may refuse even now what was to be written.
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
        self._file = TemporaryFile()  # noqa: SIM115 - closed in `close`
        self._is_in_memory = False
        self._file.write(content)
        self._allowance.give_back(0, self._size_in_memory)
        self._size_in_memory = 0
