"""Drops: collections that are out of use, until the last of their files is gone."""

import re
from collections.abc import Iterator

from pymongo import errors as mongo_errors
from pymongo.collection import Collection
from pymongo.database import Database

from falcon_images.metadata.deadlines import Deadlines
from falcon_images.metadata.documents import Document
from falcon_images.metadata.names import DROPPED
from falcon_images.metadata.translation import translated
from falcon_images.metadata.values import new_id

_BATCH_DOCUMENTS = 1000
_INDEX_BUILD_IN_PROGRESS = 12587


class Drops:
    """The collections of a database that were dropped, each under a key of its own."""

    def __init__(self, database: Database[Document], deadlines: Deadlines) -> None:
        self._database = database
        self._deadlines = deadlines

    def take(self, collection: Collection[Document]) -> str:
        """Rename a collection to a new key, and return that; raise PyMongo's errors."""
        key = f'{DROPPED}{new_id()}.{collection.name}'
        while True:
            try:
                collection.rename(key)
                return key
            except mongo_errors.OperationFailure as ex:
                if ex.code != _INDEX_BUILD_IN_PROGRESS:
                    raise
            # Others make the indexes of a new collection at this moment; this ends it.
            collection.drop_indexes()

    def names(self) -> dict[str, str]:
        """List the drops whose files may not all be gone: the key, the name it had."""
        filter_ = {'name': {'$regex': f'^{re.escape(DROPPED)}'}}
        with translated():
            keys = self._database.list_collection_names(filter=filter_)
        return {key: key[len(DROPPED) :].split('.', 1)[1] for key in keys}

    def documents(self, key: str) -> Iterator[Document]:
        """Read what is needed to find the files of a drop."""
        cursor = self._database[key].find(
            {}, {'image': True, '_file': True}, batch_size=_BATCH_DOCUMENTS
        )
        with translated(None), cursor:
            yield from cursor

    def count(self, key: str) -> int:
        """Count the documents of a drop."""
        with translated(None), self._deadlines.begin().kept():
            return self._database[key].count_documents({}, hint='_id_')

    def forget(self, key: str) -> None:
        """Remove the documents of a drop, whose files are gone."""
        with translated(None):
            self._database[key].drop()
