"""Reverts: documents are put back as they were, where nobody changed them since."""

from collections.abc import Iterator, Sequence
from typing import Any

from falcon_images.changes.bulk import BulkChanges
from falcon_images.errors import (
    InvalidRequestError,
    NotFoundError,
    PreconditionFailedError,
)
from falcon_images.files.store import FileStore
from falcon_images.formats.etags import document_tag
from falcon_images.metadata.changes.before_images import (
    BeforeImage,
    BeforeImages,
    ChangeKind,
)
from falcon_images.metadata.changes.bulk import (
    BulkDocuments,
    RawDocument,
    batched,
    decoded,
    sha256_of,
)
from falcon_images.metadata.changes.change import ChangeRecord, State
from falcon_images.metadata.changes.pending_ids import PendingIds
from falcon_images.metadata.changes.records import ChangeRecords
from falcon_images.metadata.documents import Document, file_facts, public_view
from falcon_images.store.deleted_collections import DeletedCollections
from falcon_images.store.image_files import file_key
from falcon_images.store.images import ImageStore
from falcon_images.store.import_changes import ImportChanges

_LISTED_CONFLICTS = 1000


class Reverts:
    """Undoes changes, and finishes those that were cut off."""

    def __init__(  # noqa: PLR0913 - each has something of a change
        self,
        *,
        files: FileStore,
        changes: ChangeRecords,
        pending_ids: PendingIds,
        before_images: BeforeImages,
        bulk: BulkDocuments,
        bulk_changes: BulkChanges,
        import_changes: ImportChanges,
        store: ImageStore,
        deleted_collections: DeletedCollections,
    ) -> None:
        self._files = files
        self._changes = changes
        self._pending_ids = pending_ids
        self._before_images = before_images
        self._bulk = bulk
        self._bulk_changes = bulk_changes
        self._import_changes = import_changes
        self._store = store
        self._deleted_collections = deleted_collections

    def finish(self, collection_name: str, change_id: str) -> Document:
        """Finish a change, or a revert, that was cut off; return its record.

        Raises:
            ConflictError: somebody works on it.
            NotFoundError: there is no such change.
        """
        record = self._changes.get(collection_name, change_id)
        self._changes.confirm()
        if record['state'] in (State.RUNNING, State.REVERTING):
            change = self._changes.take(collection_name, change_id)
            if change.state is not State.RUNNING:
                self._revert(change)
            elif change.is_noted:
                self._import_changes.finish(change)
            else:
                self._bulk_changes.run(change)
        return self._changes.get(collection_name, change_id)

    def revert(self, collection_name: str, change_id: str) -> Document:
        """Put back what a change did, and list where that could not be.

        The deletion of a whole collection is one too.

        What an earlier attempt did, and is now read, was done before the lease was
        taken: that was acknowledged, and so is all before it.

        Raises:
            ConflictError: it is too late, or somebody works on it.
            NotFoundError: there is no such change.
        """
        if reverted_drop := self._deleted_collections.revert(
            collection_name, change_id
        ):
            return reverted_drop
        change = self._changes.take(collection_name, change_id)
        reverted, left = self._revert(change)
        return {
            'change': change.id,
            'reverted': reverted,
            'conflicts': self._before_images.image_ids(change.id, _LISTED_CONFLICTS),
            'conflict_count': left,
        }

    def _revert(self, change: ChangeRecord) -> tuple[int, int]:
        """Return how many images were put back, and how many could not be."""
        changed = self._begin(change)
        undone: list[Any] = []
        left = 0
        for batch in self._before_images.batches(change.id):
            self._changes.renew(change, reverted=len(undone))
            undone = self._undo(change, batch)
            self._before_images.remove(change.id, undone)
            left += len(batch) - len(undone)
        reverted = max(0, changed - left)
        self._changes.end(change, State.REVERTED, reverted=reverted, conflicts=left)
        return reverted, left

    def _begin(self, change: ChangeRecord) -> int:
        changed = change.changed
        if change.state is State.RUNNING and change.is_noted:
            changed = self._before_images.count(change.id)
        elif change.state is State.RUNNING:
            changed = self._bulk_changes.give_up(change)
        self._changes.go_on(change, State.REVERTING, changed=changed)
        self._pending_ids.forget(change.id)
        return changed

    def _undo(self, change: ChangeRecord, batch: Sequence[BeforeImage]) -> list[Any]:
        """Put documents back; return the ids of those that are as they were."""
        if change.kind is ChangeKind.DELETE:
            return self._put_back(change, batch)
        new = [image for image in batch if image.kind is ChangeKind.IMPORT]
        undone = self._delete_new(change, new) if new else []
        for pairs in batched(self._changed(change, batch, undone), _size):
            self._changes.renew(change)
            failed = self._bulk.replace(change.collection_name, pairs)
            undone += [
                before['_id']
                for number, (_, before) in enumerate(pairs)
                if number not in failed
            ]
        return undone

    def _changed(
        self, change: ChangeRecord, batch: Sequence[BeforeImage], undone: list[Any]
    ) -> Iterator[tuple[RawDocument, RawDocument]]:
        """Read documents that are as the change left them, with what they were.

        Those that are as they were already are added to `undone`.
        """
        updated = (image for image in batch if image.kind is ChangeKind.UPDATE)
        images = {image.image_id: image for image in updated}
        for document in self._bulk.read(change.collection_name, images):
            image, found = images[document['_id']], sha256_of(document)
            if found == image.was:
                undone.append(image.image_id)
            elif found == image.became:
                yield document, image.before

    def _delete_new(
        self, change: ChangeRecord, images: Sequence[BeforeImage]
    ) -> list[Any]:
        """Delete images that are as the change made them; return the ids of those gone.

        One by one, with their files: their ids and paths are free again at once.
        """
        became = {image.image_id: image.became for image in images}
        undone = list(self._bulk.gone(change.collection_name, became))
        for document in list(self._bulk.read(change.collection_name, became)):
            image_id = document['_id']
            if sha256_of(document) == became[image_id]:
                self._changes.renew(change)
                if self._is_deleted(change, document):
                    undone.append(image_id)
        return undone

    def _is_deleted(self, change: ChangeRecord, document: RawDocument) -> bool:
        tag = document_tag(public_view(decoded(document)))
        try:
            self._store.delete(
                change.collection_name, str(document['_id']), lambda found: found == tag
            )
        except NotFoundError:
            return True
        except PreconditionFailedError:
            return False
        return True

    def _put_back(
        self, change: ChangeRecord, batch: Sequence[BeforeImage]
    ) -> list[Any]:
        ids = [image.image_id for image in batch]
        found = {
            document['_id']: sha256_of(document)
            for document in self._bulk.read(change.collection_name, ids)
        }
        undone = [
            each.image_id for each in batch if found.get(each.image_id) == each.was
        ]
        missing = [
            image
            for image in batch
            if image.image_id not in found and self._has_file(change, image.document)
        ]
        failed = self._bulk.insert(
            change.collection_name, change.uuid, [image.before for image in missing]
        )
        inserted = [
            image for number, image in enumerate(missing) if number not in failed
        ]
        self._delete_again(change, inserted)
        return undone + [image.image_id for image in inserted]

    def _delete_again(
        self, change: ChangeRecord, inserted: Sequence[BeforeImage]
    ) -> None:
        """Delete what somebody deletes at this moment, for whom it was too early.

        Who deletes an image removes its before-image, and then looks for it once more.
        """
        ids = [image.image_id for image in inserted]
        hashes = self._before_images.hashes(change.id, ids)
        deleted = [image for image in inserted if image.image_id not in hashes]
        if deleted:
            befores = [image.before for image in deleted]
            self._bulk.delete(change.collection_name, befores)
            self._changes.confirm()

    def _has_file(self, change: ChangeRecord, document: Document) -> bool:
        """Return whether a file is there; in the earlier version it may be missing."""
        if file_facts(document) is None:
            return True
        try:
            key = file_key(change.collection_name, document)
        except InvalidRequestError:
            return False
        return self._files.size(key) is not None


def _size(pair: tuple[RawDocument, RawDocument]) -> int:
    return len(pair[0].raw) + len(pair[1].raw)
