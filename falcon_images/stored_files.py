"""Stored files: what is known of them, and their bytes; nothing is changed here."""

import datetime
import logging
import os
from dataclasses import dataclass
from typing import IO, BinaryIO, cast

from falcon_images.earlier import EarlierFiles
from falcon_images.errors import DamagedFileError
from falcon_images.files import DiskFiles, PartOfFile, earlier_key, image_key
from falcon_images.metadata import Document, MongoMetadata, file_facts

logger = logging.getLogger(__name__)


def file_key(collection_name: str, document: Document) -> str:
    """Tell where the file of a document is.

    Raises:
        InvalidRequestError: it is of the earlier version, and has an unsafe name.
    """
    if facts := file_facts(document):
        return image_key(collection_name, str(document['_id']), facts['type'])
    return earlier_key(collection_name, document.get('image'))


@dataclass(frozen=True)
class StoredFile:
    """What is known of an image's file; `sha256` is 64 hex digits, `size` bytes.

    Other images of the earlier version may have the same file.
    """

    key: str
    size: int
    type: str
    sha256: str
    name: str
    time: datetime.datetime
    is_earlier: bool


class StoredFiles:
    """The files of images, found through their documents."""

    def __init__(self, files: DiskFiles, metadata: MongoMetadata) -> None:
        self._files = files
        self._metadata = metadata
        self._earlier = EarlierFiles()

    def find(self, collection_name: str, image_id: str) -> StoredFile:
        """Tell all about an image's file but its bytes.

        Raises:
            DamagedFileError: it is of the earlier version, and its file is missing.
            NotFoundError: there is no such image.
        """
        document = self._metadata.get(collection_name, image_id)
        key = file_key(collection_name, document)
        facts = file_facts(document)
        is_earlier = facts is None
        if facts is None:
            with self._open(key) as file:
                facts = self._earlier.facts(key, file)
        return StoredFile(
            key=key,
            size=facts['size'],
            type=facts['type'],
            sha256=facts['sha256'],
            name=str(document.get('image', image_id)),
            time=_time(document),
            is_earlier=is_earlier,
        )

    def open(self, stored: StoredFile, first: int, last: int) -> IO[bytes]:
        """Open a file to read it from one byte to another; whoever calls closes it.

        Raises:
            DamagedFileError: it is missing, or has another size than was stored.
        """
        file = self._open(stored.key)
        if os.fstat(file.fileno()).st_size != stored.size:
            file.close()
            logger.error('The file %s has not the size that was stored', stored.key)
            raise DamagedFileError('The file of this image is damaged.')
        file.seek(first)
        if last == stored.size - 1:
            return file
        return cast(IO[bytes], PartOfFile(file, last + 1))

    def _open(self, key: str) -> BinaryIO:
        file = self._files.open(key)
        if file is None:
            logger.error('The file %s is missing, its document is not', key)
            raise DamagedFileError('The file of this image is missing.')
        return file


def _time(document: Document) -> datetime.datetime:
    time = document.get('time')
    if isinstance(time, datetime.datetime):
        return time
    made: datetime.datetime = document['_id'].generation_time
    return made
