"""Stored files: what is known of them, and their bytes; nothing is changed here."""

import contextlib
import datetime
import io
import logging
import os
from typing import BinaryIO, NamedTuple

from falcon_images.errors import DamagedFileError
from falcon_images.files.errors import disk_errors
from falcon_images.files.keys import image_key, legacy_key
from falcon_images.files.ranges import PartOfFile
from falcon_images.files.store import FileStore
from falcon_images.metadata.documents import Document, file_facts
from falcon_images.metadata.images import ImageDocuments
from falcon_images.store.legacy import LegacyFiles

logger = logging.getLogger(__name__)


def file_key(collection_name: str, document: Document) -> str:
    """Return the key of the file of a document.

    Raises:
        InvalidRequestError: it is of the earlier version, and has an unsafe name.
    """
    if facts := file_facts(document):
        return image_key(collection_name, str(document['_id']), facts['type'])
    return legacy_key(collection_name, document.get('image'))


class StoredFile(NamedTuple):
    """What is known of an image's file; `sha256` is 64 hex digits, `size` bytes.

    Other images of the earlier version may have the same file.
    """

    key: str
    size: int
    type: str
    sha256: str
    name: str
    time: datetime.datetime
    is_legacy: bool


class StoredFiles:
    """The files of images, found through their documents."""

    def __init__(self, files: FileStore, documents: ImageDocuments) -> None:
        self._files = files
        self._documents = documents
        self._legacy = LegacyFiles()

    def find(self, collection_name: str, image_id: str) -> StoredFile:
        """Return all that is known of an image's file but its bytes.

        Raises:
            DamagedFileError: it is of the earlier version, and its file is missing.
            NotFoundError: there is no such image.
        """
        document = self._documents.get(collection_name, image_id)
        key = file_key(collection_name, document)
        facts = file_facts(document)
        is_legacy = facts is None
        if facts is None:
            facts = self._legacy_facts(key)
        return StoredFile(
            key=key,
            size=facts['size'],
            type=facts['type'],
            sha256=facts['sha256'],
            name=str(document.get('image', image_id)),
            time=_time(document),
            is_legacy=is_legacy,
        )

    def check(self, stored: StoredFile) -> None:
        """Raise `DamagedFileError` if a file is missing or has another size."""
        size = self._files.size(stored.key)
        if size is None:
            raise _missing(stored.key)
        if size != stored.size:
            raise _damaged(stored.key)

    def open(self, stored: StoredFile) -> BinaryIO:
        """Open a file; whoever calls closes it.

        Raises:
            DamagedFileError: it is missing, or has another size than was stored.
        """
        return io.BufferedReader(self._open_whole(stored))

    def part(self, stored: StoredFile, first: int, size: int) -> PartOfFile:
        """Open a file for some of its bytes; raises the same."""
        return PartOfFile(self._open_whole(stored), first, size)

    def read(self, stored: StoredFile, first: int, size: int) -> bytes:
        """Read a few bytes of a file; raises the same."""
        with contextlib.closing(self.part(stored, first, size)) as part, disk_errors():
            data = part.read()
        if len(data) < size:
            raise _damaged(stored.key)
        return data

    def _legacy_facts(self, key: str) -> Document:
        file = self._files.open(key)
        if file is None:
            raise _missing(key)
        with file:
            return self._legacy.facts(key, file)

    def _open_whole(self, stored: StoredFile) -> io.FileIO:
        file = self._files.open_unbuffered(stored.key)
        if file is None:
            raise _missing(stored.key)
        if os.fstat(file.fileno()).st_size != stored.size:
            file.close()
            raise _damaged(stored.key)
        return file


def _missing(key: str) -> DamagedFileError:
    logger.error('The file %s is missing, its document is not', key)
    return DamagedFileError('The file of this image is missing.')


def _damaged(key: str) -> DamagedFileError:
    logger.error('The file %s has not the size that was stored', key)
    return DamagedFileError('The file of this image is damaged.')


def _time(document: Document) -> datetime.datetime:
    time = document.get('time')
    if isinstance(time, datetime.datetime):
        return time
    made: datetime.datetime = document['_id'].generation_time
    return made
