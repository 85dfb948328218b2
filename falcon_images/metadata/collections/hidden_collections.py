"""Hidden collections: deleted ones, for those who look for an image in all."""

from typing import Any

from falcon_images.metadata.documents import Document
from falcon_images.metadata.errors import mongo_errors
from falcon_images.metadata.mongo import MongoDatabase
from falcon_images.metadata.names import (
    DELETED_COLLECTION,
    TOMBSTONES,
    names_with_prefix,
)


class HiddenCollections:
    """The deleted collections of a database that can come back, by the names they had.

    Their tombstones say which there are. A record is written before a collection goes,
    and removed after it has come back: whoever finds no record before and after he has
    looked for an image has missed none.
    Every method raises `DatabaseUnavailableError` when the database does not answer.
    """

    def __init__(self, mongo: MongoDatabase) -> None:
        self._database = mongo.database
        self._records = mongo.database[TOMBSTONES]

    def names(self) -> dict[str, str]:
        """List the deleted collections: the key, and the name that it had."""
        with mongo_errors():
            keys = names_with_prefix(self._database, DELETED_COLLECTION)
        found = {key: _name_in(key) for key in keys}
        return {key: name for key, name in found.items() if name}

    def uuids(self, collection_name: str) -> list[Any]:
        """List the UUIDs of the deleted collections that had a name."""
        return [
            found['uuid'] for found in self._of(collection_name) if found.get('uuid')
        ]

    def keys(self, collection_name: str) -> list[str]:
        """List the keys of the deleted collections that had a name."""
        return [found['key'] for found in self._of(collection_name)]

    def holds(self, collection_name: str, image_id: Any) -> bool:
        """Return whether an image is in a deleted collection that had a name."""
        return self._has(collection_name, {'_id': image_id})

    def names_file(self, collection_name: str, image_name: str) -> bool:
        """Return whether a deleted collection needs a file, by its image's name."""
        return self._has(collection_name, {'image': image_name})

    def _of(self, collection_name: str) -> list[Document]:
        with mongo_errors():
            return list(self._records.find({'collection': collection_name}))

    def _has(self, collection_name: str, filter_: Document) -> bool:
        with mongo_errors():
            return any(
                self._database[key].find_one(filter_, {'_id': True})
                for key in self.keys(collection_name)
            )


def _name_in(key: str) -> str:
    return key.removeprefix(DELETED_COLLECTION).partition('.')[2]
