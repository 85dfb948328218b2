"""Some bytes of a file, read as if they were all of it."""

import io
import os


class PartOfFile:
    """Some bytes of an open file, read like a file of their own.

    It knows where it is by itself: the system is only asked for bytes.
    """

    def __init__(self, file: io.FileIO, first: int, size: int) -> None:
        self._file = file
        self._first = first
        self._size = size
        self._at = 0
        self.close = file.close

    def read(self, size: int = -1) -> bytes:
        """Read so many bytes, or all there are."""
        left = max(self._size - self._at, 0)
        data = self._read(left if size < 0 else min(size, left))
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte, and return which it is."""
        begins = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}
        self._at = begins[whence] + offset
        return self._at

    def tell(self) -> int:
        """Return at which byte it is."""
        return self._at

    def seekable(self) -> bool:
        """Return True: it can go to any byte."""
        return True

    def _read(self, size: int) -> bytes:
        at = self._first + self._at
        if hasattr(os, 'pread'):
            return os.pread(self._file.fileno(), size, at)
        self._file.seek(at)
        return self._file.read(size)
