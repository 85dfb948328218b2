"""The files of documents in an archive, where they may have other names there."""

import hashlib
import re
from collections.abc import Iterator

from falcon_images.datasets.archive_reader import ArchiveReader
from falcon_images.datasets.manifest import ManifestDocument
from falcon_images.errors import InvalidRequestError

# Where several images have one name, all but one have their ids in the archive's names.
_WITH_ID = re.compile(r'_([0-9a-f]{24})(_[0-9]+)?(\.[^./]*)?$')


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
        self._by_id: dict[str, str] = {}
        self._by_size: dict[int, list[str]] | None = None
        self._by_sha256: dict[str, str] = {}
        for name in reader.names():
            if match := _WITH_ID.search(name):
                self._by_id[match[1]] = name

    def find(self, document: ManifestDocument) -> Iterator[str]:
        """Yield the names of entries that may be the file, the likeliest first."""
        if name := self._by_id.get(document.image_id or ''):
            yield name
        if name := self._reader.name_of(self._folder + document.name):
            yield name
        if document.sha256 and document.size is not None:
            self._hash_all(document.size)
            if name := self._by_sha256.get(document.sha256):
                yield name

    def _hash_all(self, size: int) -> None:
        """Hash each entry of a size, once."""
        if self._by_size is None:
            self._by_size = {}
            for name in self._reader.names():
                of_size = self._by_size.setdefault(self._reader.size_of(name), [])
                of_size.append(name)
        for name in self._by_size.pop(size, ()):
            sha256 = hashlib.sha256()
            try:
                for chunk in self._reader.read(name, self._max_bytes):
                    sha256.update(chunk)
            except InvalidRequestError:
                continue
            self._by_sha256.setdefault(sha256.hexdigest(), name)
