"""Expiry: changes that cannot be undone any more, and the files that they needed."""

from collections.abc import Callable, Sequence

from falcon_images.metadata.changes.before_images import (
    BeforeImage,
    BeforeImages,
    ChangeKind,
)
from falcon_images.metadata.changes.bulk import BulkDocuments
from falcon_images.metadata.changes.change import ChangeRecord
from falcon_images.metadata.changes.deletions import Deletions
from falcon_images.metadata.changes.pending_ids import PendingIds
from falcon_images.metadata.changes.records import ChangeRecords
from falcon_images.metadata.documents import Document, file_facts
from falcon_images.store.file_removal import FileRemoval
from falcon_images.store.import_changes import ImportChanges


class ExpiredChanges:
    """Forgets changes: files of deleted images, then before-images, then the record.

    A change is irrevocable before any of that, so nothing that goes can be asked back.
    """

    def __init__(  # noqa: PLR0913 - each has something that goes with a change
        self,
        *,
        changes: ChangeRecords,
        pending_ids: PendingIds,
        before_images: BeforeImages,
        deletions: Deletions,
        bulk: BulkDocuments,
        removal: FileRemoval,
        import_changes: ImportChanges,
    ) -> None:
        self._changes = changes
        self._pending_ids = pending_ids
        self._before_images = before_images
        self._deletions = deletions
        self._bulk = bulk
        self._removal = removal
        self._import_changes = import_changes
        self._is_swept = False

    def expire_changes(self) -> None:
        """Forget all changes whose time is over, and go on with what was left."""
        self._import_changes.end_cut_off()
        self._changes.mark_expired()
        self._forget_marked()
        if not self._is_swept:
            self._forget_orphans()
            self._is_swept = True

    def forget_dropped(self, drop_key: str, on_batch: Callable[[], None]) -> None:
        """Forget all changes of a collection that was dropped.

        Args:
            on_batch: is called before each batch of before-images.
        """
        if uuid := self._bulk.uuid(drop_key):
            self._changes.mark_dropped(uuid)
            self._forget_marked(on_batch)

    def _forget_marked(self, on_batch: Callable[[], None] = lambda: None) -> None:
        while change := self._changes.marked():
            for batch in self._before_images.batches(change.id):
                on_batch()
                gone: list[Document] = []
                if change.kind is ChangeKind.DELETE:
                    gone = self._remove_files(change, batch)
                ids = [image.image_id for image in batch]
                self._before_images.remove(change.id, ids)
                for document in gone:
                    # A snapshot that held it may have ended meanwhile.
                    self._removal.note_left(change.collection_name, document)
            self._pending_ids.forget(change.id)
            self._deletions.forget(change.id)
            self._changes.forget(change.id)

    def _remove_files(
        self, change: ChangeRecord, batch: Sequence[BeforeImage]
    ) -> list[Document]:
        """Remove files of images that are gone, and return their documents."""
        ids = [image.image_id for image in batch]
        gone = self._bulk.gone(change.collection_name, ids)
        removed = [image.document for image in batch if image.image_id in gone]
        for document in removed:
            if file_facts(document) is None:
                # Its file may be that of others too, of which this is one.
                self._before_images.remove(change.id, [document['_id']])
            self._removal.remove_of(change.collection_name, document)
        return removed

    def _forget_orphans(self) -> None:
        """Remove what was written for a change while its collection was dropped."""
        for change_id in self._before_images.change_ids():
            if self._changes.is_known(change_id):
                continue
            for batch in self._before_images.batches(change_id):
                ids = [image.image_id for image in batch]
                self._before_images.remove(change_id, ids)
