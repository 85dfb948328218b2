"""The changes of imports: which images came or were updated, so that it can be undone.

An image is noted before it is stored, so that none of those that a change made is
missing in it; what is noted and was not stored has no effect.
"""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

from falcon_images.errors import (
    ConflictError,
    DatabaseUnavailableError,
    InvalidRequestError,
    UncertainInsertError,
)
from falcon_images.metadata.changes.before_images import BeforeImages, ChangeKind
from falcon_images.metadata.changes.bulk import (
    MAX_DOCUMENT_BYTES,
    BulkDocuments,
    encoded,
    sha256_of,
)
from falcon_images.metadata.changes.change import ChangeRecord, State
from falcon_images.metadata.changes.edit_records import named
from falcon_images.metadata.changes.records import ChangeRecords
from falcon_images.metadata.documents import Document
from falcon_images.properties import SYSTEM_FIELDS

# So many images are made sure of at once, and so often the lease is renewed.
_SURE_AT_ONCE = 100
_RENEWAL_SECONDS = 5.0


class ImportChanges:
    """Begins the changes of imports, and ends those that were cut off."""

    def __init__(
        self,
        changes: ChangeRecords,
        before_images: BeforeImages,
        bulk: BulkDocuments,
        kept_seconds: int,
    ) -> None:
        self._changes = changes
        self._before_images = before_images
        self._bulk = bulk
        self._kept_seconds = kept_seconds

    def begin(self, collection_name: str, by: str = '') -> 'ImportChange':
        """Make a change that has no record as long as nothing is changed.

        Args:
            by: the name of who makes it, if that is known.
        """
        return ImportChange(
            collection_name,
            by,
            self._changes,
            self._before_images,
            self._bulk,
            self._kept_seconds,
        )

    def end_cut_off(self) -> None:
        """End all imports and edits on which nobody works any more."""
        while change := self._changes.take_noted():
            if change.has_edits and not self._before_images.count(change.id):
                self._changes.end(change, State.EXPIRING)
            else:
                self.finish(change)

    def finish(self, change: ChangeRecord) -> None:
        """End a change with what was noted: nobody knows what else was to be done."""
        count = self._before_images.count(change.id)
        self._changes.end(change, State.DONE, matched=count, changed=count)


class ImportChange:
    """The change of one import; a lock is not needed, as one thread works on it."""

    def __init__(  # noqa: PLR0913, PLR0917 - each has something of a change
        self,
        collection_name: str,
        by: str,
        changes: ChangeRecords,
        before_images: BeforeImages,
        bulk: BulkDocuments,
        kept_seconds: int,
    ) -> None:
        self._collection_name = collection_name
        self._by = by
        self._changes = changes
        self._before_images = before_images
        self._bulk = bulk
        self._kept_seconds = kept_seconds
        self._record: ChangeRecord | None = None
        self._renewed_at = 0.0
        # What the record does not have yet.
        self._count = 0
        self._unsure: dict[Any, bytes] = {}
        self._is_empty = True

    @property
    def id(self) -> Any:
        """The id of the change; None if nothing was changed."""
        return self._record.id if self._record and not self._is_empty else None

    @contextlib.contextmanager
    def creating(self, document: Document) -> Iterator[None]:
        """Note that a document is inserted inside."""
        became = {document['_id']: sha256_of(encoded(document))}
        record = self._held()
        if record:
            self._note(record, became, is_sure=False)
        try:
            yield
        except UncertainInsertError:
            # It may still come, so that it stays noted.
            raise
        except Exception:
            if record:
                self._forget(record, document['_id'])
            raise
        self._unsure |= became
        self._add_one()
        # A collection comes with its first image, and what is noted is of a collection.
        if record is None or len(self._unsure) >= _SURE_AT_ONCE:
            self._make_sure()

    def replace(self, before: Document, properties: Document) -> bool:
        """Replace the properties of a document, if it is still what it was.

        Returns:
            Whether it was.

        Raises:
            ConflictError: this import changed it before, or its collection is gone.
            InvalidRequestError: it is too large.
        """
        system = {n: value for n, value in before.items() if n in SYSTEM_FIELDS}
        pair = encoded(before), encoded(system | properties)
        if max(len(document.raw) for document in pair) > MAX_DOCUMENT_BYTES:
            raise InvalidRequestError('Its document is too large to be changed.')
        record = self._held()
        if record is None:
            raise ConflictError('Its collection was deleted just now.')
        if self._before_images.hashes(record.id, [before['_id']]):
            raise ConflictError('The archive has this _id once more, before this one.')
        name = self._collection_name
        self._before_images.keep(record.id, name, [pair])
        if self._bulk.replace(name, [pair]):
            self._before_images.remove(record.id, [before['_id']])
            return False
        self._add_one()
        return True

    @contextlib.contextmanager
    def ending(self) -> Iterator[None]:
        """End the change after what is done inside, however that ends."""
        try:
            yield
        except UncertainInsertError:
            # The lease runs out, and then nothing comes any more.
            raise
        except Exception:
            with contextlib.suppress(ConflictError, DatabaseUnavailableError):
                self._end()
            raise
        self._end()

    def _add_one(self) -> None:
        self._count += 1
        self._is_empty = False

    def _end(self) -> None:
        if self._count:
            self._make_sure()
        if self._record and self._is_empty:
            self._changes.end(self._record, State.EXPIRING)
        elif self._record:
            self._changes.end_done(self._record, self._kept_seconds)

    def _held(self) -> ChangeRecord | None:
        """Return the record, whose lease holds; None if there is no collection yet."""
        if self._record is None:
            self._begin()
        elif time.monotonic() - self._renewed_at > _RENEWAL_SECONDS:
            self._make_sure()
        return self._record

    def _begin(self) -> None:
        uuid = self._bulk.uuid(self._collection_name)
        if uuid is None:
            return
        self._before_images.make_indexes()
        stored = {
            'collection': self._collection_name,
            'kind': ChangeKind.IMPORT.value,
            'conditions': {},
            'patch': None,
            'is_merge': False,
            'uuid': uuid,
            **named(self._by),
        }
        record = self._changes.begin(stored, {}, self._kept_seconds)
        self._changes.go_on(record, State.RUNNING)
        self._record = record
        self._renewed_at = time.monotonic()

    def _make_sure(self) -> None:
        """Write down what was done, so that no server alone knows of it."""
        count, self._count = self._count, 0
        try:
            self._renew(count)
        except ConflictError:
            # The collection was dropped, or this process slept: another change begins.
            self._record = None
            self._begin()
            self._renew(count)
        if self._record:
            self._note(self._record, self._unsure, is_sure=True)
        self._unsure.clear()

    def _renew(self, count: int) -> None:
        if self._record is None:
            self._begin()
        if self._record:
            self._changes.renew(self._record, matched=count, changed=count)
            self._renewed_at = time.monotonic()

    def _note(
        self, record: ChangeRecord, hashes: dict[Any, bytes], is_sure: bool
    ) -> None:
        self._before_images.note_new(
            record.id, self._collection_name, hashes, is_sure=is_sure
        )

    def _forget(self, record: ChangeRecord, image_id: Any) -> None:
        with contextlib.suppress(DatabaseUnavailableError):
            self._before_images.remove(record.id, [image_id])
