"""A file as the readers of images are given it: no place in it makes the disk fail."""

import os
from typing import BinaryIO


class TooMuchReadError(Exception):
    """More bytes, or more times, than may be read."""


class BoundedFile:
    """An open file of which only so much may be read, and only so often.

    A header can name any byte as the place of what comes next. The system refuses those
    that no file of it can have, as it refuses to read a broken disk; here they are
    behind the end, where nothing is.

    Args:
        max_bytes: how many may be read in all; None is no limit.
        max_reads: how often `read` may be called; None is no limit.
    """

    def __init__(
        self,
        file: BinaryIO,
        max_bytes: int | None = None,
        max_reads: int | None = None,
    ) -> None:
        self._file = file
        self._bytes_left = max_bytes
        self._reads_left = max_reads
        self._size = file.seek(0, os.SEEK_END)
        self._at = file.seek(0)
        # Who decodes in C reads by the number of the file; there is none in memory.
        self.fileno = file.fileno

    def read(self, size: int = -1) -> bytes:
        """Read so many bytes, or all there are; raise `TooMuchReadError`."""
        if self._reads_left is not None:
            self._reads_left -= 1
            if self._reads_left < 0:
                raise TooMuchReadError
        if self._bytes_left is not None:
            most = self._bytes_left + 1
            size = most if size < 0 else min(size, most)
        data = self._file.read(size)
        self._at += len(data)
        if self._bytes_left is not None:
            self._bytes_left -= len(data)
            if self._bytes_left < 0:
                raise TooMuchReadError
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte, and return which it is; raise `ValueError` before the first."""
        begins = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}
        at = begins[whence] + offset
        if at < 0:
            raise ValueError('There is nothing before the first byte.')
        self._file.seek(min(at, self._size))
        self._at = at
        return at

    def tell(self) -> int:
        """Return at which byte it is."""
        return self._at
