"""Samples of WebDataset: an image, and files of the same name with what is known."""

import json
from dataclasses import replace
from typing import Any

from falcon_images.datasets.archive_reader import ArchiveReader
from falcon_images.datasets.manifest import ManifestDocument, checked_document
from falcon_images.errors import InvalidRequestError
from falcon_images.formats.json import loads_object
from falcon_images.settings import Limits

# The names of the classes, by their numbers, in exports.
_CLASSES = 'CLASSES'
_DOCUMENT, _CLASS = 'json', 'cls'
_MAX_CLASS_BYTES = 1024
_MAX_CLASSES_BYTES = 4 * 1024**2
_SYSTEM_BYTES = 16 * 1024


class Samples:
    """The samples of a tar archive.

    Args:
        label_by: the property that gets the class of an image, if there is one.
    """

    def __init__(self, reader: ArchiveReader, label_by: str, limits: Limits) -> None:
        self._reader = reader
        self._label_by = label_by
        self._limits = limits
        self._classes = self._read_classes()

    def is_part(self, path: str) -> bool:
        """Return whether an entry belongs to an image."""
        return path == _CLASSES or path.endswith((f'.{_DOCUMENT}', f'.{_CLASS}'))

    def document(self, path: str) -> ManifestDocument | None:
        """Return what is known of an image; None if that is nothing.

        Raises:
            InvalidRequestError: it cannot be read.
        """
        folder, slash, name = path.rpartition('/')
        key = folder + slash + name.partition('.')[0]
        text = self._read(
            f'{key}.{_DOCUMENT}', self._limits.max_properties_bytes + _SYSTEM_BYTES
        )
        number = self._read(f'{key}.{_CLASS}', _MAX_CLASS_BYTES)
        if text is None and (number is None or not self._label_by):
            return None
        document = loads_object(text or '{}', 'The document', self._limits)
        document.setdefault('image', name)
        found = checked_document(document, self._limits, is_whole='_id' in document)
        if number is None or not self._label_by:
            return found
        label = {self._label_by: self._label(number.strip())}
        return replace(found, properties=label | found.properties)

    def _label(self, text: str) -> Any:
        if not (text.isascii() and text.isdigit()):
            return text
        number = int(text)
        return self._classes[number] if number < len(self._classes) else number

    def _read(self, name: str, max_bytes: int) -> str | None:
        if self._reader.name_of(name) is None:
            return None
        self._reader.listing.use(name)
        try:
            return b''.join(self._reader.read(name, max_bytes)).decode('utf-8-sig')
        except UnicodeDecodeError as ex:
            raise InvalidRequestError(f'{name[:80]} is not written in UTF-8.') from ex

    def _read_classes(self) -> list[Any]:
        text = self._read(_CLASSES, _MAX_CLASSES_BYTES)
        try:
            found = json.loads(text or '[]')
        except ValueError as ex:
            raise InvalidRequestError(f'{_CLASSES} is no list in JSON.') from ex
        return found if isinstance(found, list) else []
