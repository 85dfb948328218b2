"""Before-images: documents as they were before a change, kept to undo it."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import bson
import pymongo
from bson.max_key import MaxKey
from pymongo.write_concern import WriteConcern

from falcon_images.errors import DuplicateKeyError
from falcon_images.metadata.changes.bulk import (
    RawDocument,
    batched,
    decoded,
    sha256_of,
)
from falcon_images.metadata.codecs import RAW
from falcon_images.metadata.documents import Document
from falcon_images.metadata.errors import BATCH_SECONDS, mongo_errors
from falcon_images.metadata.mongo import MongoDatabase
from falcon_images.metadata.names import BEFORE_IMAGES

_BATCH_DOCUMENTS = 500
_Write = pymongo.InsertOne[Document] | pymongo.ReplaceOne[Document]


class ChangeKind(StrEnum):
    """What a change does to documents."""

    UPDATE = 'update'
    DELETE = 'delete'
    # Images came, which a revert deletes, or were updated.
    IMPORT = 'import'


# Of deleted images alone: whose file is still needed.
_INDEXES = [
    pymongo.IndexModel(
        [('collection', 1), (f'before.{name}', 1)],
        partialFilterExpression={'kind': ChangeKind.DELETE.value},
    )
    for name in ('_id', 'image')
]


@dataclass(frozen=True)
class BeforeImage:
    """A document before a change; the SHA-256 of what it was, and what it became.

    Args:
        kind: what was done to it; of an image that came, `before` has the id alone.
    """

    image_id: Any
    kind: ChangeKind
    before: RawDocument
    was: bytes
    became: bytes | None

    @property
    def document(self) -> Document:
        """The document, as others read it."""
        return decoded(self.before)


class BeforeImages:
    """The before-images of all changes in a database, in the order of image ids.

    Every method raises `DatabaseUnavailableError` when the database does not answer.
    """

    def __init__(self, mongo: MongoDatabase) -> None:
        self._plain = mongo.database[BEFORE_IMAGES]
        self._raw = mongo.database.get_collection(BEFORE_IMAGES, codec_options=RAW)

    def make_indexes(self) -> None:
        """Make the indexes that are missing."""
        with mongo_errors(BATCH_SECONDS):
            self._plain.create_indexes(_INDEXES)

    def keep(
        self,
        change_id: Any,
        collection_name: str,
        pairs: Sequence[tuple[RawDocument, RawDocument | None]],
        known: Container[Any] = (),
    ) -> None:
        """Keep documents, with what will be made of them; None means deleted.

        Args:
            known: the ids of images that have before-images, which are replaced.
        """
        writes: list[_Write] = []
        for before, after in pairs:
            key = {'_id': _key(change_id, before['_id'])}
            image = key | _image(collection_name, before, after)
            if before['_id'] in known:
                writes.append(pymongo.ReplaceOne(key, image))
            else:
                writes.append(pymongo.InsertOne(image))
        with mongo_errors(BATCH_SECONDS):
            self._plain.bulk_write(writes, ordered=False)

    def keep_first(
        self,
        change_id: Any,
        collection_name: str,
        before: RawDocument,
        after: RawDocument,
    ) -> bool:
        """Keep a document, unless the change has a before-image of it already.

        Returns:
            Whether it is kept.
        """
        key = {'_id': _key(change_id, before['_id'])}
        try:
            with mongo_errors(BATCH_SECONDS):
                self._plain.insert_one(key | _image(collection_name, before, after))
        except DuplicateKeyError:
            return False
        return True

    def note_new(
        self,
        change_id: Any,
        collection_name: str,
        hashes: Mapping[Any, bytes],
        is_sure: bool,
    ) -> None:
        """Keep which images a change makes, with the SHA-256 of their documents.

        Args:
            is_sure: it is on a majority of the servers; else it is as safe as what the
                same server writes after it.
        """
        writes = [
            pymongo.ReplaceOne(
                {'_id': _key(change_id, image_id)},
                _new_image(collection_name, image_id, became),
                upsert=True,
            )
            for image_id, became in hashes.items()
        ]
        plain = self._plain
        if not is_sure:
            plain = plain.with_options(write_concern=WriteConcern(1, j=False))
        with mongo_errors(BATCH_SECONDS):
            if writes:
                plain.bulk_write(writes, ordered=False)

    def count(self, change_id: Any) -> int:
        """Count the before-images of a change."""
        with mongo_errors(None):
            return self._plain.count_documents({'_id': _range(change_id)})

    def remove(self, change_id: Any, image_ids: Iterable[Any]) -> None:
        """Remove some before-images of a change."""
        keys = [_key(change_id, image_id) for image_id in image_ids]
        with mongo_errors(BATCH_SECONDS):
            if keys:
                self._plain.delete_many({'_id': {'$in': keys}})

    def hashes(self, change_id: Any, image_ids: Iterable[Any]) -> dict[Any, bytes]:
        """Return the SHA-256 of those of some images that have before-images."""
        keys = [_key(change_id, image_id) for image_id in image_ids]
        with mongo_errors(BATCH_SECONDS):
            found = self._plain.find({'_id': {'$in': keys}}, {'was': True})
            return {each['_id']['image']: each['was'] for each in found}

    def batches(self, change_id: Any) -> Iterator[list[BeforeImage]]:
        """Read the before-images of a change; the reader may take any time."""
        last: Any = None
        while batch := next(batched(self._after(change_id, last), _size), None):
            yield batch
            last = batch[-1].image_id

    def disown(
        self, collection_name: str, image_ids: Iterable[Any], change_id: Any
    ) -> bool:
        """Remove those of images that one bulk delete, or none, deleted, from others.

        Returns:
            Whether there was one.
        """
        filter_ = {
            'kind': ChangeKind.DELETE.value,
            'collection': collection_name,
            'before._id': {'$in': list(image_ids)},
        }
        with mongo_errors(BATCH_SECONDS):
            found = [each['_id'] for each in self._plain.find(filter_, {'_id': True})]
            keys = [key for key in found if key['change'] != change_id]
            if keys:
                self._plain.delete_many({'_id': {'$in': keys}})
        return bool(keys)

    def image_ids(self, change_id: Any, limit: int) -> list[Any]:
        """List the images of which a change has before-images, as far as a limit."""
        with mongo_errors(BATCH_SECONDS):
            found = self._plain.find(
                {'_id': _range(change_id)}, {'_id': True}, sort=[('_id', 1)]
            ).limit(limit)
            return [each['_id']['image'] for each in found]

    def keeps(self, collection_name: str, image_id: Any) -> bool:
        """Return whether a bulk delete needs the file of an image."""
        if not bson.ObjectId.is_valid(image_id):
            # No bulk change is of others.
            return False
        return self._has(collection_name, '_id', bson.ObjectId(image_id))

    def names_file(self, collection_name: str, image_name: str) -> bool:
        """Return whether a bulk delete needs a file, by the name its image had."""
        return self._has(collection_name, 'image', image_name)

    def collection_names(self) -> list[str]:
        """List the collections with images that bulk deletes can bring back."""
        with mongo_errors(BATCH_SECONDS):
            found: list[str] = self._plain.distinct(
                'collection', {'kind': ChangeKind.DELETE.value}
            )
        return sorted(found)

    def change_ids(self) -> Iterator[Any]:
        """List the changes that have before-images."""
        above: Document = {'$type': 'object'}
        while (change_id := self._first(above)) is not None:
            yield change_id
            above = {'$gt': _key(change_id, MaxKey())}

    def _first(self, keys: Document) -> Any:
        with mongo_errors():
            found = self._plain.find_one(
                {'_id': keys}, {'_id': True}, sort=[('_id', 1)]
            )
        return found['_id']['change'] if found else None

    def _has(self, collection_name: str, name: str, value: Any) -> bool:
        filter_ = {
            'kind': ChangeKind.DELETE.value,
            'collection': collection_name,
            f'before.{name}': value,
        }
        with mongo_errors():
            return self._plain.find_one(filter_, {'_id': True}) is not None

    def _after(self, change_id: Any, image_id: Any) -> Iterator[BeforeImage]:
        cursor = self._raw.find(
            {'_id': _range(change_id, image_id)},
            sort=[('_id', 1)],
            limit=_BATCH_DOCUMENTS,
        )
        with mongo_errors(None), cursor:
            for each in cursor:
                yield BeforeImage(
                    image_id=each['_id']['image'],
                    kind=ChangeKind(each['kind']),
                    before=each['before'],
                    was=each['was'],
                    became=each['became'],
                )


def _image(
    collection_name: str, before: RawDocument, after: RawDocument | None
) -> Document:
    return {
        'collection': collection_name,
        'kind': (ChangeKind.UPDATE if after else ChangeKind.DELETE).value,
        'before': before,
        'was': sha256_of(before),
        'became': sha256_of(after) if after else None,
    }


def _new_image(collection_name: str, image_id: Any, became: bytes) -> Document:
    return {
        'collection': collection_name,
        'kind': ChangeKind.IMPORT.value,
        'before': {'_id': image_id},
        'was': b'',
        'became': became,
    }


def _key(change_id: Any, image_id: Any) -> Document:
    return {'change': change_id, 'image': image_id}


def _range(change_id: Any, image_id: Any = None) -> Document:
    first = {'change': change_id} if image_id is None else _key(change_id, image_id)
    return {'$gt': first, '$lt': _key(change_id, MaxKey())}


def _size(image: BeforeImage) -> int:
    return len(image.before.raw)
