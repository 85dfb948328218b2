"""Held files: those that snapshots need, and what becomes of them when one ends."""

from collections.abc import Callable, Sequence

from falcon_images.errors import ConflictError
from falcon_images.files.recorded_exports import RecordedExports
from falcon_images.metadata.changes.before_images import BeforeImages
from falcon_images.metadata.changes.bulk import BulkDocuments
from falcon_images.metadata.documents import Document
from falcon_images.metadata.snapshots.snapshot_images import HeldImage, SnapshotImages
from falcon_images.metadata.snapshots.snapshot_records import (
    SnapshotRecord,
    SnapshotRecords,
)
from falcon_images.metadata.values import parse_id
from falcon_images.store.file_removal import FileRemoval


class HeldFiles:
    """Ends snapshots: files that nobody needs any more, then images, then the record.

    A snapshot is out of use before any of that, for as long as an import may still
    store an image that it held.
    """

    def __init__(  # noqa: PLR0913 - each knows something of a file
        self,
        *,
        records: SnapshotRecords,
        images: SnapshotImages,
        before_images: BeforeImages,
        bulk: BulkDocuments,
        removal: FileRemoval,
        recorded_exports: RecordedExports,
    ) -> None:
        self._records = records
        self._images = images
        self._before_images = before_images
        self._bulk = bulk
        self._removal = removal
        self._recorded_exports = recorded_exports
        self._is_swept = False

    def require_same(self, collection_name: str, image_id: str, sha256: str) -> bool:
        """Return whether a snapshot holds the file of an image that is gone.

        Raises:
            ConflictError: that has other bytes, or may be removed at this moment.
        """
        holders = self._images.holders(collection_name, parse_id(image_id))
        if any(held != sha256 for _, held in holders):
            raise ConflictError(
                'A snapshot holds other bytes under this id; delete the snapshot, or '
                'import the image without its id.'
            )
        if not self._records.are_ready([snapshot_id for snapshot_id, _ in holders]):
            raise ConflictError(
                'A snapshot that has this image begins or ends just now; import it '
                'again in a minute.'
            )
        return bool(holders)

    def note_return(self, collection_name: str, image_id: str) -> None:
        """Note that an image whose file was held is there again."""
        self._images.note_return(collection_name, parse_id(image_id))

    def leave_out(self, snapshot: SnapshotRecord, gone: Sequence[HeldImage]) -> None:
        """Take images out of a snapshot that were deleted while it was made.

        Who deleted them may have taken their files for held.
        """
        self._images.remove(snapshot.id, [image.number for image in gone])
        for image in gone:
            self._removal.note_left(snapshot.collection_name, image.document)

    def end_snapshots(self) -> None:
        """Go on with all snapshots that end, and with what was left of others."""
        self._records.end_left()
        self._end_claimed(None, lambda: None)
        if not self._is_swept:
            self._forget_orphans()
            self._is_swept = True

    def end_dropped(self, drop_key: str, on_batch: Callable[[], None]) -> None:
        """End all snapshots of a collection that was dropped.

        Args:
            on_batch: is called before each batch of images.
        """
        if uuid := self._bulk.uuid(drop_key):
            self._records.end_dropped(uuid)
            self._end_claimed(uuid, on_batch)

    def _end_claimed(self, uuid: object, on_batch: Callable[[], None]) -> None:
        while snapshot := self._records.claim(uuid):
            for batch in self._images.batches(snapshot.id):
                on_batch()
                self._records.renew(snapshot)
                self._end_batch(snapshot, batch)
            self._recorded_exports.forget(str(snapshot.id))
            self._records.forget(snapshot)

    def _end_batch(self, snapshot: SnapshotRecord, batch: Sequence[HeldImage]) -> None:
        name = snapshot.collection_name
        for document in self._gone(name, batch):
            if not self._before_images.keeps(name, document['_id']):
                self._removal.remove_of(name, document, but=snapshot.id)
        self._images.remove(snapshot.id, [image.number for image in batch])
        # Who deleted one of them until now took its file for held.
        for document in self._gone(name, batch):
            self._removal.note_left(name, document)

    def _gone(self, collection_name: str, batch: Sequence[HeldImage]) -> list[Document]:
        ids = [image.document['_id'] for image in batch]
        gone = self._bulk.gone(collection_name, ids)
        return [image.document for image in batch if image.document['_id'] in gone]

    def _forget_orphans(self) -> None:
        """Remove what was written for a snapshot while its collection was dropped."""
        for snapshot_id in self._images.snapshot_ids():
            if not self._records.is_known(snapshot_id):
                self._images.forget(snapshot_id)
        for name in self._recorded_exports.names():
            if not self._records.is_known(parse_id(name)):
                self._recorded_exports.forget(name)
