"""A store of image files that keeps them in memory."""

import io
import tempfile
from collections.abc import Iterator
from typing import BinaryIO

from falcon_images.files.keys import check_key
from falcon_images.files.spool import finish_file


class MemoryFiles:
    """Files by their keys; what is opened is a copy."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}

    def save(self, file: BinaryIO, key: str) -> None:
        check_key(key)
        file.seek(0)
        content = file.read()
        finish_file(file)
        self._contents[key] = content

    def open(self, key: str) -> BinaryIO | None:
        file = self.open_unbuffered(key)
        return None if file is None else io.BufferedReader(file)

    def open_unbuffered(self, key: str) -> io.FileIO | None:
        check_key(key)
        if key not in self._contents:
            return None
        copy = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - for the caller
        copy.write(self._contents[key])
        copy.seek(0)
        raw: io.FileIO = getattr(copy, 'file', copy)
        return raw

    def size(self, key: str) -> int | None:
        check_key(key)
        content = self._contents.get(key)
        return None if content is None else len(content)

    def delete(self, key: str) -> None:
        check_key(key)
        self._contents.pop(key, None)

    def keys(self) -> Iterator[str]:
        yield from tuple(self._contents)

    def check_writable(self) -> None:
        """There is always room."""
