"""Recordings: what an export consists of, so that it can be sent again in parts.

An export is a sequence of bytes, of which most are those of images. A recording has
the others as they are, and for each image the key, the size and the SHA-256 of its
file. It is written once, from beginning to end, and read at any place:

- what is no image, and a description before each image, one after the other;
- a table: for each segment its place in the export, and in the recording;
- a last record with the sizes of both, and the SHA-256 of all that is before it.
"""

import hashlib
import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from falcon_images.datasets.image_bytes import CheckedBytes, ImageSource
from falcon_images.datasets.run import Run, chunks_of
from falcon_images.files.keys import image_key, legacy_key

MAGIC = b'EXPORT-1'
# Where a segment begins in the export; its place in the recording, and its kind.
ROW = struct.Struct('<QQB')
# Of a file: its size, where in it a segment begins, its SHA-256, the length of its key.
IMAGE = struct.Struct('<QQ32sH')
# The magic; the sizes of the export and of what is before the table; the rows.
LAST = struct.Struct('<8sQQQ32s')
LITERAL, OF_IMAGE = 0, 1


class RecordedFile(NamedTuple):
    """A file that an export has the bytes of; `sha256` are 32 bytes."""

    key: str
    size: int
    sha256: bytes


class ImageChunk(bytes):
    """Bytes of a file, on their way through a layout that sends them as they are."""

    file: RecordedFile
    first: int


class RecordedRun(Run):
    """A run whose images come in chunks that are known for what they are."""

    def image(self, source: ImageSource) -> CheckedBytes | None:
        """Read an image; None if it is left out, which is noted."""
        image = super().image(source)
        if image is None:
            return None
        key = _key(self.request.collection_name, source)
        file = RecordedFile(key, image.size, bytes.fromhex(image.sha256))
        return image._replace(chunks=_marked(image.chunks, file))


class Recording:
    """A recording that is being written.

    Args:
        file: where it is written.
        table: an empty file for the table, which comes at its end.
    """

    def __init__(self, file: BinaryIO, table: BinaryIO) -> None:
        self._file = file
        self._table = table
        self._size = self._position = self._rows = 0
        self._sha256 = hashlib.sha256()
        # What the last segment goes on with: a file and a place in it, or neither.
        self._next: tuple[RecordedFile | None, int] | None = None

    def add(self, piece: bytes) -> None:
        """Add bytes to the export."""
        if isinstance(piece, ImageChunk):
            if self._next != (piece.file, piece.first):
                self._begin(OF_IMAGE)
                self._write(_described(piece.file, piece.first))
            self._next = piece.file, piece.first + len(piece)
        elif piece:
            if self._next != (None, 0):
                self._begin(LITERAL)
            self._write(piece)
            self._next = None, 0
        self._size += len(piece)

    def finish(self) -> None:
        """Write what comes at the end."""
        before = self._position
        for chunk in chunks_of(self._table):
            self._write(chunk)
        what = (MAGIC, self._size, before, self._rows)
        self._file.write(LAST.pack(*what, self._sha256.digest()))

    def _begin(self, kind: int) -> None:
        self._table.write(ROW.pack(self._size, self._position, kind))
        self._rows += 1

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._sha256.update(data)
        self._position += len(data)


def _described(file: RecordedFile, first: int) -> bytes:
    key = file.key.encode('utf-8', 'surrogatepass')
    return IMAGE.pack(file.size, first, file.sha256, len(key)) + key


def _marked(chunks: Iterator[bytes], file: RecordedFile) -> Iterator[bytes]:
    position = 0
    for chunk in chunks:
        marked = ImageChunk(chunk)
        marked.file, marked.first = file, position
        position += len(chunk)
        yield marked


def _key(collection_name: str, source: ImageSource) -> str:
    if source.sha256 is None:
        return legacy_key(collection_name, source.name)
    return image_key(collection_name, source.image_id, source.type)
