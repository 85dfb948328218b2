"""Collection cards: all that a person needs to find a collection, of many at once."""

import time

from falcon_images.files.folder import UploadsFolder
from falcon_images.metadata.collections.descriptions import Descriptions
from falcon_images.metadata.documents import Document

_SECONDS = 5.0
_UNKNOWN: Document = {'documents': None, 'newest': None}


class CollectionCards:
    """The cards of collections: their texts, sizes and newest images."""

    def __init__(self, descriptions: Descriptions, folder: UploadsFolder) -> None:
        self._descriptions = descriptions
        self._folder = folder

    def all(self) -> Document:
        """Return the cards of all collections, and the bytes that are free."""
        return {'collections': self._cards(), 'bytes_free': self._folder.free_bytes()}

    def _cards(self) -> list[Document]:
        """List the cards, sorted by name.

        What is not read within some seconds is null: the work is bounded, however many
        collections there are.
        """
        until = time.monotonic() + _SECONDS
        known = self._descriptions.all()
        nothing = self._descriptions.of(None)
        return [
            {'name': name}
            | known.get(uuid, nothing)
            | (
                self._descriptions.glance(name)
                if time.monotonic() < until
                else _UNKNOWN
            )
            for name, uuid in self._descriptions.uuids().items()
        ]

    def describe(self, collection_name: str, texts: dict[str, str | None]) -> Document:
        """Set the title or the description of a collection; return both."""
        found = self._descriptions.describe(collection_name, texts)
        return {'name': collection_name} | found

    def one(self, collection_name: str) -> Document:
        """Return the card of a collection; raise `NotFoundError` without one."""
        uuid = self._descriptions.uuid(collection_name)
        return {
            'name': collection_name,
            **self._descriptions.of(uuid),
            **self._descriptions.glance(collection_name),
        }
