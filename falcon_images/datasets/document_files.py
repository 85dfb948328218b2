"""The files of documents in an archive, where they may have other names there."""

import hashlib
from collections.abc import Iterator

from falcon_images.datasets.archive_reader import ArchiveReader
from falcon_images.datasets.manifest import ManifestDocument
from falcon_images.errors import InvalidRequestError, TooLargeError


class DocumentFiles:
    """Finds the entry that is the file of a document.

    Args:
        folder: that in the archive in which the files are.
        max_bytes: the most that an image may have.
    """

    def __init__(self, reader: ArchiveReader, folder: str, max_bytes: int) -> None:
        self._reader = reader
        self._folder = folder
        self._max_bytes = max_bytes

    def find(self, document: ManifestDocument) -> Iterator[str]:
        """Yield the names of entries that may be the file, the likeliest first."""
        if name := self._reader.listing.of_image(document.image_id or ''):
            yield name
        if name := self._reader.name_of(self._folder + document.name):
            yield name
        if document.sha256 and document.size is not None:
            self._hash_all(document.size)
            if name := self._reader.listing.of_hash(document.sha256):
                yield name

    def _hash_all(self, size: int) -> None:
        """Hash each entry of a size, once."""
        listing = self._reader.listing
        while name := listing.not_hashed(size):
            listing.keep_hash(name, self._hashed(name))

    def _hashed(self, name: str) -> str:
        """Return the SHA-256 of an entry; an empty text if it cannot be read."""
        sha256 = hashlib.sha256()
        try:
            for chunk in self._reader.read(name, self._max_bytes):
                sha256.update(chunk)
        except (InvalidRequestError, TooLargeError):
            return ''
        return sha256.hexdigest()
