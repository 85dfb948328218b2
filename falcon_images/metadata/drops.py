"""Drops: collections that are out of use, until the last of their files is gone."""

import re
from collections.abc import Iterator

from pymongo import errors as mongo_errors
from pymongo.collection import Collection
from pymongo.database import Database

from falcon_images.metadata.documents import Document
from falcon_images.metadata.names import DROPPED, DROPPED_NAMES, MAX_NAMESPACE_BYTES
from falcon_images.metadata.translation import translated
from falcon_images.metadata.values import new_id

_BATCH_DOCUMENTS = 1000
_INDEX_BUILD_IN_PROGRESS = 12587


class Drops:
    """The collections of a database that were dropped, each under a key of its own."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database

    def take(self, collection: Collection[Document]) -> str:
        """Rename a collection to a new key, and return that; raise PyMongo's errors."""
        key = self._new_key(collection.name)
        while True:
            try:
                collection.rename(key)
                return key
            except mongo_errors.OperationFailure as ex:
                if ex.code != _INDEX_BUILD_IN_PROGRESS:
                    self._forget_name(key)
                    raise
            # Others make the indexes of a new collection at this moment; this ends it.
            collection.drop_indexes()

    def names(self) -> dict[str, str]:
        """List the drops whose files may not all be gone: the key, the name it had."""
        filter_ = {'name': {'$regex': f'^{re.escape(DROPPED)}'}}
        with translated():
            keys = self._database.list_collection_names(filter=filter_)
            kept = {each['_id']: each['name'] for each in self._names.find()}
        # One whose name is not kept is of a drop that is being forgotten.
        found = {key: _name_in(key) or kept.get(key) for key in keys}
        return {key: name for key, name in found.items() if name}

    def documents(self, key: str) -> Iterator[Document]:
        """Read what is needed to find the files of a drop."""
        cursor = self._database[key].find(
            {}, {'image': True, '_file': True}, batch_size=_BATCH_DOCUMENTS
        )
        with translated(None), cursor:
            yield from cursor

    def count(self, key: str) -> int:
        """Count the documents of a drop."""
        with translated(None):
            return self._database[key].count_documents({}, hint='_id_')

    def forget(self, key: str) -> None:
        """Remove the documents of a drop, whose files are gone."""
        with translated(None):
            self._database[key].drop()
            self._forget_name(key)

    @property
    def _names(self) -> Collection[Document]:
        return self._database[DROPPED_NAMES]

    def _new_key(self, collection_name: str) -> str:
        key = f'{DROPPED}{new_id()}'
        full = f'{key}.{collection_name}'
        if len(f'{self._database.name}.{full}'.encode()) <= MAX_NAMESPACE_BYTES:
            return full
        # Before the drop: afterwards nobody would know where its files are.
        self._names.insert_one({'_id': key, 'name': collection_name})
        return key

    def _forget_name(self, key: str) -> None:
        if not _name_in(key):
            self._names.delete_one({'_id': key})


def _name_in(key: str) -> str:
    return key.removeprefix(DROPPED).partition('.')[2]
