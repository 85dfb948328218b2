"""What any store of image files can do; `disk` has the one that is used."""

import io
from collections.abc import Iterator
from typing import BinaryIO, Protocol


class FileStore(Protocol):
    """Files under keys: each is there whole, or it is not there at all.

    Every method raises `InvalidRequestError` for a key that could lead elsewhere, and
    `StorageFullError` or `StorageUnavailableError` when the store does not work.
    """

    def save(self, file: BinaryIO, key: str) -> None:
        """Store a file of the spool so that it survives a loss of power; close it.

        It is then under its key, whole, or it is nowhere.
        """

    def open(self, key: str) -> BinaryIO | None:
        """Open a file for reading; return None if there is none."""

    def open_unbuffered(self, key: str) -> io.FileIO | None:
        """Do the same for one who reads large parts, or hands the file over."""

    def size(self, key: str) -> int | None:
        """Return how many bytes a file has; None if there is none."""

    def delete(self, key: str) -> None:
        """Delete a file; none is no error."""

    def keys(self) -> Iterator[str]:
        """Yield the key of every file, in any order."""

    def check_writable(self) -> None:
        """Raise an error if nothing can be stored now."""
