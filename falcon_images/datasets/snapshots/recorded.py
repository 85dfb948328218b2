"""Recorded exports: any part of one, from its recording and the files of images."""

import bisect
import hashlib
import logging
import os
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from falcon_images.datasets.snapshots.recording import (
    IMAGE,
    LAST,
    LITERAL,
    MAGIC,
    ROW,
    RecordedFile,
)
from falcon_images.errors import StorageUnavailableError
from falcon_images.files.errors import disk_errors
from falcon_images.files.store import FileStore

_READ_BYTES = 1024**2
# Files up to this size are read once, larger ones twice.
_IN_MEMORY_BYTES = 4 * 1024**2

logger = logging.getLogger(__name__)


class Segment(NamedTuple):
    """A part of an export: from where to where, and where the recording has it."""

    first: int
    end: int
    position: int
    kind: int


class RecordedExport:
    """An export that was recorded; another `etag` stands for other bytes.

    Args:
        file: the recording, which is closed with this.

    Raises:
        StorageUnavailableError: it is damaged.
    """

    def __init__(self, file: BinaryIO, files: FileStore) -> None:
        self._file = file
        self._files = files
        with disk_errors():
            length = file.seek(0, os.SEEK_END)
            file.seek(max(0, length - LAST.size))
            last = file.read(LAST.size)
        if len(last) < LAST.size:
            raise _damaged()
        magic, self.size, self._table, self._rows, sha256 = LAST.unpack(last)
        if magic != MAGIC or length != self._table + self._rows * ROW.size + LAST.size:
            raise _damaged()
        self.etag = sha256.hex()

    def pieces(self, first: int, last: int) -> Iterator[bytes]:
        """Yield the bytes from one place to another, both included.

        Raises:
            StorageUnavailableError: a file is missing, or is not what it was; nothing
                of it was yielded.
        """
        with disk_errors():
            for number in range(self._number_at(first), self._rows):
                segment = self._segment(number)
                if max(first, segment.first) > last:
                    break
                start = max(first, segment.first) - segment.first
                end = min(last + 1, segment.end) - segment.first
                if segment.kind == LITERAL:
                    position = segment.position + start
                    yield from _part(self._file, position, end - start)
                else:
                    yield from self._of_image(segment.position, start, end)

    def close(self) -> None:
        """Close the recording."""
        self._file.close()

    def _number_at(self, place: int) -> int:
        """Find the number of the segment that has a place of the export."""
        numbers = range(self._rows)
        after = bisect.bisect_right(numbers, place, key=lambda n: self._row(n)[0])
        return max(0, after - 1)

    def _segment(self, number: int) -> Segment:
        first, position, kind = self._row(number)
        is_last = number + 1 == self._rows
        end = self.size if is_last else self._row(number + 1)[0]
        return Segment(first, end, position, kind)

    def _row(self, number: int) -> tuple[int, int, int]:
        self._file.seek(self._table + number * ROW.size)
        first, position, kind = ROW.unpack(self._file.read(ROW.size))
        return first, position, kind

    def _of_image(self, position: int, start: int, end: int) -> Iterator[bytes]:
        self._file.seek(position)
        size, first, sha256, length = IMAGE.unpack(self._file.read(IMAGE.size))
        key = self._file.read(length).decode('utf-8', 'surrogatepass')
        file = RecordedFile(key, size, sha256)
        yield from _checked(self._files, file, first + start, first + end)


def _checked(
    files: FileStore, recorded: RecordedFile, start: int, end: int
) -> Iterator[bytes]:
    """Yield a part of a file that has, all of it, the bytes that it had."""
    file = files.open_unbuffered(recorded.key)
    if file is None:
        raise _gone(recorded.key)
    with file:
        if recorded.size <= _IN_MEMORY_BYTES:
            content = file.read(recorded.size + 1) or b''
            if hashlib.sha256(content).digest() != recorded.sha256:
                raise _gone(recorded.key)
            yield content[start:end]
            return
        sha256 = hashlib.sha256()
        while chunk := file.read(_READ_BYTES):
            sha256.update(chunk)
        if sha256.digest() != recorded.sha256:
            raise _gone(recorded.key)
        yield from _part(file, start, end - start)


def _part(file: BinaryIO, position: int, size: int) -> Iterator[bytes]:
    """Yield some bytes of a file, in which others may seek in between."""
    while size:
        file.seek(position)
        chunk = file.read(min(size, _READ_BYTES))
        if not chunk:
            raise OSError('a file has become shorter while it was sent')
        yield chunk
        position += len(chunk)
        size -= len(chunk)


def _damaged() -> StorageUnavailableError:
    return StorageUnavailableError(
        'What was stored of this export is damaged; whoever runs the service must look '
        'at its folder snapshots/.'
    )


def _gone(key: str) -> StorageUnavailableError:
    logger.error('The file %s is missing or damaged; a snapshot needs it', key)
    return StorageUnavailableError(
        'A file of this snapshot is missing or damaged since it was first exported; '
        'whoever runs the service finds it with its check.'
    )
