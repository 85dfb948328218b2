"""The bytes of images, which are checked before the first of them is sent."""

import hashlib
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from falcon_images.errors import InvalidRequestError, StorageError
from falcon_images.files.errors import disk_errors
from falcon_images.files.keys import image_key, legacy_key
from falcon_images.files.store import FileStore
from falcon_images.metadata.documents import Document, file_facts

_CHUNK_BYTES = 1024**2
# Files up to this size are read once, larger ones twice.
_IN_MEMORY_BYTES = 4 * 1024**2


class ImageSource(NamedTuple):
    """What is known of an image's file; `size` and `sha256` are not of legacy ones."""

    image_id: str
    name: str
    type: str
    time: str
    size: int | None
    sha256: str | None


class LeftOutError(Exception):
    """The file of an image cannot be in an archive; the text says why."""


class CheckedBytes(NamedTuple):
    """The bytes of a file that was read and is the one that was stored."""

    size: int
    crc: int
    sha256: str
    chunks: Iterator[bytes]


def source_of(document: Document, time: str) -> ImageSource:
    """Return what is needed of a document to find and to check its file."""
    facts = file_facts(document) or {}
    name = document.get('image')
    return ImageSource(
        image_id=str(document['_id']),
        name=name if isinstance(name, str) else '',
        type=facts.get('type', ''),
        time=time,
        size=facts.get('size'),
        sha256=facts.get('sha256'),
    )


def checked_bytes(
    files: FileStore, collection_name: str, source: ImageSource
) -> CheckedBytes:
    """Read a file, and return its bytes.

    Raises:
        LeftOutError: it is missing, damaged, or cannot be read.
    """
    try:
        return _checked(files, _key(collection_name, source), source)
    except InvalidRequestError as ex:
        raise LeftOutError('its name could lead elsewhere') from ex
    except StorageError as ex:
        raise LeftOutError('the disk does not read the file') from ex


def _key(collection_name: str, source: ImageSource) -> str:
    if source.sha256 is None:
        return legacy_key(collection_name, source.name)
    return image_key(collection_name, source.image_id, source.type)


def _checked(files: FileStore, key: str, source: ImageSource) -> CheckedBytes:
    first: list[bytes] = []
    size = crc = 0
    digest = hashlib.sha256()
    for chunk in _chunks(files, key):
        digest.update(chunk)
        crc = zlib.crc32(chunk, crc)
        size += len(chunk)
        first = [*first, chunk] if size <= _IN_MEMORY_BYTES else []
    if source.sha256 is not None and digest.hexdigest() != source.sha256:
        raise LeftOutError('the file is damaged: it has other bytes than were stored')
    again = iter(first) if size <= _IN_MEMORY_BYTES else _same(files, key, size)
    return CheckedBytes(size, crc, digest.hexdigest(), again)


def _chunks(files: FileStore, key: str) -> Iterator[bytes]:
    file = files.open_unbuffered(key)
    if file is None:
        raise LeftOutError('the file is missing')
    with file, disk_errors():
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _same(files: FileStore, key: str, size: int) -> Iterator[bytes]:
    """Read a file again; raise `OSError` if it has become shorter."""
    for chunk in _chunks(files, key):
        size -= len(chunk)
        if size < 0:
            break
        yield chunk
    if size:
        raise OSError('a file has changed while it was sent')
