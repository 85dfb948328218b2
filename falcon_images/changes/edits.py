"""Edits: changes and deletions of one image that can be reverted, as those of many."""

from dataclasses import dataclass

from falcon_images.changes.bulk import BulkChanges
from falcon_images.changes.edit import Edit
from falcon_images.errors import (
    DatabaseUnavailableError,
    InvalidRequestError,
    TooLargeError,
)
from falcon_images.metadata.changes.before_images import BeforeImages, ChangeKind
from falcon_images.metadata.changes.bulk import (
    MAX_DOCUMENT_BYTES,
    BulkDocuments,
    RawDocument,
    decoded,
    encoded,
)
from falcon_images.metadata.changes.change import ChangeRecord
from falcon_images.metadata.changes.edit_records import EditRecords, named
from falcon_images.metadata.changes.pending_ids import PendingBatch
from falcon_images.metadata.documents import (
    Document,
    precondition_failed,
    public_view,
)
from falcon_images.metadata.images import ImageDocuments
from falcon_images.metadata.writes import selection
from falcon_images.store.images import ImageStore, Tags

_ATTEMPTS = 20
_Pair = tuple[RawDocument, RawDocument]


@dataclass(frozen=True)
class EditTarget:
    """The image that is meant.

    Args:
        tags: whether it may be the document with such an entity tag.
        joins: the id of a change that this shall be a part of, if it takes it.
        by: the name of who asks for it, if that is known.
    """

    collection_name: str
    image_id: str
    tags: Tags = None
    joins: str = ''
    by: str = ''


@dataclass(frozen=True)
class Edited:
    """A document that was edited, and the id of the change; None if there is none."""

    document: Document
    change_id: str | None


class Edits:
    """Edits images: the before-image first, then the document.

    `docs/durability.md` describes what a crash leaves at each step.
    """

    def __init__(  # noqa: PLR0913 - each has something of a change
        self,
        *,
        store: ImageStore,
        documents: ImageDocuments,
        records: EditRecords,
        before_images: BeforeImages,
        bulk: BulkDocuments,
        bulk_changes: BulkChanges,
        kept_seconds: int,
    ) -> None:
        self._store = store
        self._documents = documents
        self._records = records
        self._before_images = before_images
        self._bulk = bulk
        self._bulk_changes = bulk_changes
        self._kept_seconds = kept_seconds

    def change(self, target: EditTarget, edit: Edit) -> Edited:
        """Edit the properties of an image; what changes nothing is no change.

        Raises:
            InvalidRequestError, TooLargeError: the edit does not fit the image.
            NotFoundError: there is no such image.
            PreconditionFailedError: it is not the one that is meant.
        """
        for _ in range(_ATTEMPTS):
            before = self._before(target)
            raw = encoded(before)
            after = encoded(edit.apply(decoded(raw)))
            _check_size(raw, after)
            if after.raw == raw.raw:
                if self._documents.is_unchanged(target.collection_name, before):
                    return Edited(public_view(before), None)
                continue
            change = self._kept(target, edit, (raw, after))
            if self._is_replaced(change, (raw, after)):
                left = self._records.leave(change, 1, self._kept_seconds)
                document = public_view(decoded(after))
                return Edited(document, str(change.id) if left else None)
        raise DatabaseUnavailableError(
            'Others change this image all the time; send the request again.'
        )

    def delete(self, target: EditTarget) -> str:
        """Delete an image, whose file stays until that cannot be reverted any more.

        Raises:
            NotFoundError: there is no such image.
            PreconditionFailedError: it is not the one that is meant.
        """
        before = self._before(target)
        _check_size(encoded(before))
        record = {
            'collection': target.collection_name,
            'kind': ChangeKind.DELETE.value,
            'conditions': {'_id': str(before['_id'])},
            'patch': None,
            'is_merge': False,
            **named(target.by),
        }
        is_meant = selection(before['_id'], before) if target.tags else {}
        batches = iter([PendingBatch([before['_id']])])
        begun = self._bulk_changes.begin(record, batches, None, is_meant)
        if begun and self._bulk_changes.run(begun[0]):
            return str(begun[0].id)
        # Others were faster.
        self._before(target)
        raise precondition_failed()

    def _before(self, target: EditTarget) -> Document:
        name, image_id = target.collection_name, target.image_id
        found = self._store.expected(name, image_id, target.tags)
        return found or self._documents.get_whole(name, image_id)

    def _kept(self, target: EditTarget, edit: Edit, pair: _Pair) -> ChangeRecord:
        """Keep a before-image in the change that it shall come to, or in a new one."""
        name = target.collection_name
        uuid = self._bulk.uuid(name)
        of_change = (name, uuid, target.by, tuple(edit.values))
        if target.joins:
            change = self._records.join(target.joins, *of_change)
            if change and self._before_images.keep_first(change.id, name, *pair):
                return change
            if change:
                # The image is in it already, as another document.
                self._records.leave(change, 0, self._kept_seconds)
        change = self._records.begin(*of_change, self._kept_seconds)
        self._before_images.keep_first(change.id, name, *pair)
        return change

    def _is_replaced(self, change: ChangeRecord, pair: _Pair) -> bool:
        """Change a document, and return whether it was still the first of its pair."""
        try:
            if self._bulk.replace_one(change.collection_name, *pair):
                return True
        except (InvalidRequestError, TooLargeError):
            self._withdraw(change, pair)
            raise
        self._withdraw(change, pair)
        return False

    def _withdraw(self, change: ChangeRecord, pair: _Pair) -> None:
        """Take an image out of a change that did nothing to it."""
        self._before_images.remove(change.id, [pair[0]['_id']])
        self._records.leave(change, 0, self._kept_seconds)


def _check_size(*documents: RawDocument) -> None:
    if any(len(document.raw) > MAX_DOCUMENT_BYTES for document in documents):
        raise TooLargeError(
            'A document of more than 7 MB cannot be changed so that this can be '
            'reverted; leave revertible out.'
        )
