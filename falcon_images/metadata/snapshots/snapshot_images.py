"""Snapshot images: the documents that snapshots hold, and by them files."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, cast

import bson
import pymongo
from bson.max_key import MaxKey

from falcon_images.metadata.changes.bulk import RawDocument, batched
from falcon_images.metadata.codecs import RAW
from falcon_images.metadata.documents import (
    NEWEST_FIRST,
    Document,
    Query,
    public_view,
)
from falcon_images.metadata.errors import BAD_FILTER, BATCH_SECONDS, mongo_errors
from falcon_images.metadata.lists.pages import fields_of
from falcon_images.metadata.mongo import MongoDatabase
from falcon_images.metadata.names import SNAPSHOT_IMAGES

_BATCH_DOCUMENTS = 500
_INSIDE = 'document.'
# Whose file is held, by its id, or by the name that its image had; and the sizes of
# those that nobody else holds.
_INDEXES = [
    pymongo.IndexModel([('collection', 1), (f'{_INSIDE}_id', 1)]),
    pymongo.IndexModel([('collection', 1), (f'{_INSIDE}image', 1)]),
    pymongo.IndexModel(
        [('_id.snapshot', 1), (f'{_INSIDE}_file.size', 1)],
        partialFilterExpression={'is_alone': True},
    ),
]


class HeldImage(NamedTuple):
    """An image of a snapshot: its number there, and what finds its file."""

    number: int
    document: Document


class SnapshotImages:
    """The images of all snapshots in a database, each with its document of then.

    Every method raises `DatabaseUnavailableError` when the database does not answer.
    """

    def __init__(self, mongo: MongoDatabase) -> None:
        self._database = mongo.database
        self._images = mongo.database[SNAPSHOT_IMAGES]
        self._deadlines = mongo.deadlines
        self._query_timeout_ms = mongo.query_timeout_ms

    def make_indexes(self) -> None:
        """Make the indexes that are missing."""
        with mongo_errors(BATCH_SECONDS):
            self._images.create_indexes(_INDEXES)

    def matching(
        self, collection_name: str, filter_: Document
    ) -> Iterator[list[RawDocument]]:
        """Read the documents of a collection that match, newest first, in batches."""
        raw = self._database.get_collection(
            collection_name, codec_options=cast(Any, RAW)
        )
        cursor = raw.find(
            filter_,
            sort=NEWEST_FIRST,
            batch_size=_BATCH_DOCUMENTS,
            allow_disk_use=True,
            # To read all of a large collection takes longer, and nothing is searched.
            max_time_ms=self._query_timeout_ms if filter_ else None,
        )
        with mongo_errors(None, BAD_FILTER), cursor:
            with self._deadlines.begin().enforced():
                first = list(itertools.islice(cursor, 1))
            found = cast(Iterator[RawDocument], itertools.chain(first, cursor))
            with self._deadlines.query_errors():
                yield from batched(found, lambda document: len(document.raw))

    def add(
        self,
        snapshot_id: Any,
        collection_name: str,
        first: int,
        documents: Sequence[RawDocument],
    ) -> None:
        """Add documents under numbers that follow each other."""
        images = [
            {
                '_id': _key(snapshot_id, number),
                'collection': collection_name,
                'document': document,
            }
            for number, document in enumerate(documents, first)
        ]
        with mongo_errors(BATCH_SECONDS):
            self._images.insert_many(images, ordered=False)

    def remove(self, snapshot_id: Any, numbers: Iterable[int]) -> None:
        """Remove some images of a snapshot."""
        keys = [_key(snapshot_id, number) for number in numbers]
        with mongo_errors(BATCH_SECONDS):
            self._images.delete_many({'_id': {'$in': keys}})

    def batches(self, snapshot_id: Any) -> Iterator[list[HeldImage]]:
        """Read what finds the files of a snapshot; the reader may take any time."""
        fields = ('_id', 'image', '_file')
        for batch in self._batches(snapshot_id, fields):
            yield [HeldImage(key['number'], document) for key, document in batch]

    def documents(self, snapshot_id: Any, fields: Sequence[str]) -> Iterator[Document]:
        """Read the documents of a snapshot in its order; the reader may take any time.

        Args:
            fields: the names of what is read of each; all if there are none.
        """
        names = fields_of(Query(fields=tuple(fields)))
        for batch in self._batches(snapshot_id, names):
            yield from (public_view(document) for _, document in batch)

    def holds(self, collection_name: str, image_id: Any, but: Any = None) -> bool:
        """Return whether a snapshot needs the file of an image that is gone.

        It is noted that snapshots alone hold it. A snapshot is written before it is
        looked whether its images are still there; so who asks this after an image was
        deleted for sure is not told that none needs it while one does.

        Args:
            but: a snapshot that does not count.
        """
        filter_ = _of_image(collection_name, image_id) | {'_id.snapshot': {'$ne': but}}
        with mongo_errors():
            if self._images.find_one(filter_, {'_id': True}) is None:
                return False
            self._images.update_many(filter_, {'$set': {'is_alone': True}})
        return True

    def note_return(self, collection_name: str, image_id: Any) -> None:
        """Note that an image is there again, so that it holds its file too."""
        filter_ = _of_image(collection_name, image_id)
        with mongo_errors():
            self._images.update_many(filter_, {'$unset': {'is_alone': ''}})

    def names_file(self, collection_name: str, image_name: str, but: Any) -> bool:
        """Return whether a snapshot needs a legacy file, by the name of its image."""
        filter_ = {
            'collection': collection_name,
            f'{_INSIDE}image': image_name,
            '_id.snapshot': {'$ne': but},
        }
        with mongo_errors():
            return self._images.find_one(filter_, {'_id': True}) is not None

    def holders(self, collection_name: str, image_id: Any) -> list[tuple[Any, Any]]:
        """List the snapshots that have an image, each with the SHA-256 of its file."""
        with mongo_errors():
            found = self._images.find(
                _of_image(collection_name, image_id), {f'{_INSIDE}_file.sha256': True}
            )
            return [
                (each['_id']['snapshot'], _sha256(each['document'])) for each in found
            ]

    def sizes_alone(self, snapshot_ids: Sequence[Any]) -> dict[Any, int]:
        """Add up the bytes of the files that snapshots alone hold, for each."""
        match = {'_id.snapshot': {'$in': list(snapshot_ids)}, 'is_alone': True}
        size = {'$sum': f'${_INSIDE}_file.size'}
        group = {'_id': '$_id.snapshot', 'bytes': size}
        with mongo_errors(BATCH_SECONDS):
            found = self._images.aggregate([{'$match': match}, {'$group': group}])
            return {each['_id']: int(each['bytes']) for each in found}

    def collection_names(self) -> list[str]:
        """List the collections with images that snapshots hold."""
        with mongo_errors(BATCH_SECONDS):
            found: list[str] = self._images.distinct('collection')
        return sorted(found)

    def snapshot_ids(self) -> Iterator[Any]:
        """List the snapshots that have images."""
        above: Document = {'$type': 'object'}
        while (snapshot_id := self._first(above)) is not None:
            yield snapshot_id
            above = {'$gt': _key(snapshot_id, MaxKey())}

    def forget(self, snapshot_id: Any) -> None:
        """Remove all images of a snapshot."""
        for batch in self.batches(snapshot_id):
            self.remove(snapshot_id, [image.number for image in batch])

    def _first(self, keys: Document) -> Any:
        with mongo_errors():
            found = self._images.find_one(
                {'_id': keys}, {'_id': True}, sort=[('_id', 1)]
            )
        return found['_id']['snapshot'] if found else None

    def _batches(
        self, snapshot_id: Any, fields: Iterable[str]
    ) -> Iterator[list[tuple[Document, Document]]]:
        last = -1
        while batch := next(batched(self._after(snapshot_id, last, fields), _size), []):
            yield [(key, document) for key, document, _ in batch]
            last = batch[-1][0]['number']

    def _after(
        self, snapshot_id: Any, number: int, fields: Iterable[str]
    ) -> Iterator[tuple[Document, Document, int]]:
        raw = self._database.get_collection(
            SNAPSHOT_IMAGES, codec_options=cast(Any, RAW)
        )
        cursor = raw.find(
            {'_id': {'$gt': _key(snapshot_id, number), '$lt': _end(snapshot_id)}},
            {f'{_INSIDE}{name}': True for name in fields} or None,
            sort=[('_id', 1)],
            limit=_BATCH_DOCUMENTS,
        )
        options = self._database.codec_options.with_options(tz_aware=False, tzinfo=None)
        with mongo_errors(None), cursor:
            for found in cursor:
                each = bson.decode(cast(Any, found).raw, codec_options=options)
                yield each['_id'], each.get('document', {}), len(cast(Any, found).raw)


def _key(snapshot_id: Any, number: Any) -> Document:
    return {'snapshot': snapshot_id, 'number': number}


def _end(snapshot_id: Any) -> Document:
    return _key(snapshot_id, MaxKey())


def _of_image(collection_name: str, image_id: Any) -> Document:
    return {'collection': collection_name, f'{_INSIDE}_id': image_id}


def _size(image: tuple[Document, Document, int]) -> int:
    return image[2]


def _sha256(document: Document) -> Any:
    facts = document.get('_file')
    return facts.get('sha256') if isinstance(facts, dict) else None
