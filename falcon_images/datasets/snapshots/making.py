"""Snapshots: images of a collection, with their documents, as they are now."""

import contextlib
from collections.abc import Sequence

from falcon_images.errors import (
    ConflictError,
    DatabaseUnavailableError,
    InvalidRequestError,
    TooLargeError,
)
from falcon_images.metadata.changes.bulk import BulkDocuments, RawDocument, decoded
from falcon_images.metadata.documents import Document
from falcon_images.metadata.mongo import MongoDatabase, collection_not_found
from falcon_images.metadata.snapshots.snapshot_images import HeldImage, SnapshotImages
from falcon_images.metadata.snapshots.snapshot_records import (
    SnapshotRecord,
    SnapshotRecords,
)
from falcon_images.query.snapshots import SnapshotRequest
from falcon_images.store.held_files import HeldFiles

# What the database adds to a document must fit into the 16 MB of one, too.
_MAX_DOCUMENT_BYTES = 16 * 1024**2 - 1024


class SnapshotMaker:
    """Makes snapshots, lists them and takes them out of use.

    First the images are written, then it is looked whether they are still there, then
    the snapshot is public: so an image that somebody deletes meanwhile is not in it, or
    whoever deletes it knows that its file is held.
    """

    def __init__(
        self,
        *,
        mongo: MongoDatabase,
        records: SnapshotRecords,
        images: SnapshotImages,
        bulk: BulkDocuments,
        held_files: HeldFiles,
    ) -> None:
        self._mongo = mongo
        self._records = records
        self._images = images
        self._bulk = bulk
        self._held_files = held_files

    def make(self, collection_name: str, request: SnapshotRequest) -> Document:
        """Make a snapshot, and return what is known of it.

        Raises:
            ConflictError: the name is taken, the collection has too many, or it was
                dropped meanwhile.
            InvalidRequestError: nothing matches.
            NotFoundError: there is no such collection.
        """
        uuid = self._uuid(collection_name)
        self._images.make_indexes()
        snapshot = self._records.begin(
            collection_name, uuid, request.name, request.conditions
        )
        try:
            count, size = self._fill(snapshot, request.filter)
            if not count:
                raise InvalidRequestError(
                    'No image matches, so there is nothing to keep; look at the '
                    'conditions with a list.'
                )
            if self._bulk.uuid(collection_name) != uuid:
                raise ConflictError('The collection was dropped just now.')
            made = self._records.publish(snapshot, count, size)
        except Exception:
            self._give_up(snapshot)
            raise
        return made | {'bytes_held': 0}

    def list(self, collection_name: str) -> list[Document]:
        """List the snapshots of a collection, newest first, and the bytes they hold.

        Raises:
            NotFoundError: there is no such collection.
        """
        found = self._records.of_collection(self._uuid(collection_name))
        alone = self._images.sizes_alone([snapshot_id for snapshot_id, _ in found])
        return [
            public | {'bytes_held': alone.get(snapshot_id, 0)}
            for snapshot_id, public in found
        ]

    def end(self, collection_name: str, name: str) -> Document:
        """Take a snapshot out of use; the files that it alone holds go soon after.

        Raises:
            NotFoundError: there is no such collection, or no such snapshot.
        """
        ended = self._records.end(self._uuid(collection_name), name)
        return {'name': name, 'images': ended.images}

    def _uuid(self, collection_name: str) -> object:
        self._mongo.collection(collection_name)
        uuid = self._bulk.uuid(collection_name)
        if uuid is None:
            raise collection_not_found(collection_name)
        return uuid

    def _fill(self, snapshot: SnapshotRecord, filter_: Document) -> tuple[int, int]:
        """Write all images that match; return how many, and the bytes of their files.

        A number is never used twice; those of images that went meanwhile stay free.
        """
        first = count = size = 0
        for batch in self._images.matching(snapshot.collection_name, filter_):
            _check_sizes(batch)
            self._records.renew(snapshot)
            self._images.add(snapshot.id, snapshot.collection_name, first, batch)
            gone = self._leave_out_gone(snapshot, first, batch)
            first += len(batch)
            count += len(batch) - len(gone)
            size += sum(_size(each) for each in batch if each['_id'] not in gone)
        return count, size

    def _leave_out_gone(
        self, snapshot: SnapshotRecord, first: int, batch: Sequence[RawDocument]
    ) -> set[object]:
        ids = [document['_id'] for document in batch]
        gone = self._bulk.gone(snapshot.collection_name, ids)
        left_out = [
            HeldImage(number, decoded(document))
            for number, document in enumerate(batch, first)
            if document['_id'] in gone
        ]
        if left_out:
            self._held_files.leave_out(snapshot, left_out)
        return gone

    def _give_up(self, snapshot: SnapshotRecord) -> None:
        # Else the lease runs out, with the same end.
        with contextlib.suppress(DatabaseUnavailableError):
            try:
                self._records.give_up(snapshot)
            except ConflictError:
                if not self._records.is_known(snapshot.id):
                    self._images.forget(snapshot.id)


def _check_sizes(batch: Sequence[RawDocument]) -> None:
    for document in batch:
        if len(document.raw) > _MAX_DOCUMENT_BYTES:
            raise TooLargeError(
                f'The document of the image {document["_id"]} is too large to be kept '
                'in a snapshot; leave it out with not__id.'
            )


def _size(document: RawDocument) -> int:
    facts = document.get('_file')
    size = facts.get('size') if isinstance(facts, RawDocument) else None
    return size if isinstance(size, int) else 0
