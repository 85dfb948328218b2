"""The inventory: the documents that files are of."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pymongo
from pymongo.collation import Collation, CollationStrength
from pymongo.collection import Collection
from pymongo.database import Database

from falcon_images.metadata.changes.before_images import BeforeImages
from falcon_images.metadata.changes.deleted import DeletedImages, HiddenImages
from falcon_images.metadata.changes.records import ChangeRecords
from falcon_images.metadata.codecs import DOCUMENTS
from falcon_images.metadata.collections.hidden_collections import HiddenCollections
from falcon_images.metadata.documents import Document, file_facts
from falcon_images.metadata.drops import Drops
from falcon_images.metadata.errors import mongo_errors, retry_lost_cursors
from falcon_images.metadata.indexes import Indexes
from falcon_images.metadata.mongo import MongoDatabase
from falcon_images.metadata.names import BEFORE_IMAGES, SNAPSHOT_IMAGES
from falcon_images.metadata.snapshots.images_of_snapshots import ImagesOfSnapshots
from falcon_images.metadata.snapshots.snapshot_images import SnapshotImages
from falcon_images.metadata.snapshots.snapshot_records import SnapshotRecords
from falcon_images.metadata.values import parse_id

_BATCH_DOCUMENTS = 500
_OF_FILES = {'image': True, '_file': True}
_OF_LEGACY_VERSION: Document = {
    '$or': [
        {'_file': {'$type': 'array'}},
        *({f'_file.{fact}': {'$exists': False}} for fact in ('size', 'type', 'sha256')),
    ]
}
# Some file systems take names for the same that differ in case, or in how an accent is
# written; so does this, but for the accent itself.
_AS_FILE_SYSTEMS = Collation('en', strength=CollationStrength.SECONDARY)
_FIRST_ID = parse_id('0' * 24)


@dataclass(frozen=True)
class Source:
    """A place of documents: a collection, or what a drop has not finished with.

    Or, `is_deleted`, the images of it that were deleted in bulk and can come back, and,
    `is_snapshot`, those that snapshots hold.
    `collection_name` is the name that it has or had, and that its files go by.
    """

    database_name: str
    key: str
    collection_name: str
    is_deleted: bool = False
    is_snapshot: bool = False


class Inventory:
    """The documents of one database.

    Every method raises `DatabaseUnavailableError` when the database does not answer.
    """

    def __init__(
        self, client: pymongo.MongoClient[Document], database_name: str
    ) -> None:
        self._client = client
        self.database_name = database_name

    def collections(self) -> list[Source]:
        """List the collections of the database, sorted by name."""
        names = self._mongo(self.database_name).collection_names()
        return [Source(self.database_name, name, name) for name in names]

    def deleted(self) -> list[Source]:
        """List where the images are that were deleted in bulk, and can come back."""
        return self._deleted(self.database_name)

    def snapshots(self) -> list[Source]:
        """List where the images are that snapshots hold."""
        return self._snapshots(self.database_name)

    def deleted_collections(self) -> list[Source]:
        """List the collections that were deleted and can come back."""
        names = HiddenCollections(self._mongo(self.database_name)).names()
        return [Source(self.database_name, key, name) for key, name in names.items()]

    def sources(self) -> list[Source]:
        """List every place where the document of a file may be."""
        return self._sources(self.database_name)

    def count(self, source: Source) -> int:
        """Count documents, roughly and at once."""
        with mongo_errors():
            if images := self._hidden_images(source):
                return images.count()
            return self._collection(source).estimated_document_count()

    def documents(self, source: Source) -> Iterator[Document]:
        """Read all documents; the reader may take any time between two."""
        batch = self._batch(source, {'$gte': _FIRST_ID})
        while batch:
            yield from self._not_elsewhere(source, batch)
            # A cursor would be closed by a database that waits too long.
            batch = self._batch(source, {'$gt': batch[-1]['_id']})
        yield from self._find(source, {'_id': {'$not': {'$type': 'objectId'}}})

    def has(self, source: Source, document: Document) -> bool:
        """Return whether a document is still there, or can still come back."""
        if images := self._hidden_images(source):
            with mongo_errors():
                ids = images.holder_ids(document['_id'])
            mongo = self._mongo(source.database_name)
            if source.is_snapshot:
                return SnapshotRecords(mongo).has_ready(ids)
            return ChangeRecords(mongo).has_revertible(ids)
        return any(self._find(source, {'_id': document['_id']}))

    def set_whole(
        self, source: Source, document: Document, is_whole: bool | None
    ) -> None:
        """Note whether the file of an image is whole, if nobody has done so."""
        same = {
            '_id': document['_id'],
            '_file.sha256': document['_file']['sha256'],
            '_file.whole': {'$exists': False},
        }
        with mongo_errors():
            self._collection(source).update_one(
                same, {'$set': {'_file.whole': is_whole}}
            )

    def with_ids(self, source: Source, ids: Iterable[str]) -> Iterator[Document]:
        """Read the documents that have one of some ids."""
        return self._find(source, {'_id': {'$in': [parse_id(text) for text in ids]}})

    def hashes(self, source: Source, hashes: Iterable[str]) -> set[str]:
        """Return those of some SHA-256 that the files of documents have."""
        if source.is_snapshot:
            # Nobody sees a thumbnail of what a snapshot alone holds.
            return set()
        found = self._find(source, {'_file.sha256': {'$in': list(hashes)}})
        return {
            facts['sha256'] for document in found if (facts := file_facts(document))
        }

    def of_legacy_version(
        self, source: Source, names: Iterable[str], exactly: bool
    ) -> Iterator[Document]:
        """Read the documents of the earlier version that have one of some names.

        Args:
            exactly: not also names that only some file systems take for the same;
                to look for these, the database has to read the whole collection.
        """
        filter_ = {'image': {'$in': list(names)}, **_OF_LEGACY_VERSION}
        collation = None if exactly else _AS_FILE_SYSTEMS
        return self._find(source, filter_, collation=collation)

    def _batch(self, source: Source, ids: Document) -> list[Document]:
        options: Any = {'sort': [('_id', 1)], 'limit': _BATCH_DOCUMENTS}
        return retry_lost_cursors(
            lambda: list(self._find(source, {'_id': ids}, **options))
        )

    def _find(
        self, source: Source, filter_: Document, **options: Any
    ) -> Iterator[Document]:
        with mongo_errors(None):
            if images := self._hidden_images(source):
                yield from images.find(
                    filter_, _OF_FILES, batch_size=_BATCH_DOCUMENTS, **options
                )
                return
            cursor = self._collection(source).find(
                filter_, _OF_FILES, batch_size=_BATCH_DOCUMENTS, **options
            )
            with cursor:
                yield from cursor

    def _collection(self, source: Source) -> Collection[Document]:
        return self._database(source.database_name)[source.key]

    def _not_elsewhere(
        self, source: Source, batch: list[Document]
    ) -> Iterator[Document]:
        """Yield each image of snapshots once, and none that the collection has too."""
        if not source.is_snapshot:
            yield from batch
            return
        name = source.collection_name
        once = {document['_id']: document for document in batch}
        collection = Source(source.database_name, name, name)
        for document in self._find(collection, {'_id': {'$in': list(once)}}):
            del once[document['_id']]
        yield from once.values()

    def _hidden_images(self, source: Source) -> HiddenImages | None:
        database = self._database(source.database_name)
        if source.is_deleted:
            return DeletedImages(database, source.collection_name)
        if source.is_snapshot:
            return ImagesOfSnapshots(database, source.collection_name)
        return None

    def _database(self, database_name: str) -> Database[Document]:
        return self._client.get_database(
            database_name,
            codec_options=DOCUMENTS,
            read_preference=pymongo.ReadPreference.PRIMARY,
        )

    def _deleted(self, database_name: str) -> list[Source]:
        names = BeforeImages(self._mongo(database_name)).collection_names()
        return [Source(database_name, BEFORE_IMAGES, name, True) for name in names]

    def _snapshots(self, database_name: str) -> list[Source]:
        names = SnapshotImages(self._mongo(database_name)).collection_names()
        return [
            Source(database_name, SNAPSHOT_IMAGES, name, is_snapshot=True)
            for name in names
        ]

    def _sources(self, database_name: str) -> list[Source]:
        mongo = self._mongo(database_name)
        hidden = HiddenCollections(mongo)
        # In this order: one that is deleted, comes back, or is dropped in between is
        # then in two of them.
        found = hidden.names()
        found |= {name: name for name in mongo.collection_names()}
        found |= hidden.names()
        found |= Drops(mongo, Indexes(mongo)).names()
        named = [Source(database_name, key, name) for key, name in found.items()]
        return named + self._deleted(database_name) + self._snapshots(database_name)

    def _mongo(self, database_name: str) -> MongoDatabase:
        return MongoDatabase(self._client, database_name, query_timeout_seconds=1)
