"""Bulk changes: all images that match are changed or deleted, and can be put back."""

import contextlib
import itertools
from collections.abc import Callable, Container, Iterator, Sequence
from functools import partial
from typing import Any

from falcon_images.changes.pairs import Pair, pairs_of, size_of
from falcon_images.changes.patch import BulkPatch, record_of
from falcon_images.errors import (
    ConflictError,
    CursorLostError,
    DatabaseUnavailableError,
    InvalidRequestError,
    PreconditionFailedError,
)
from falcon_images.metadata.changes.before_images import BeforeImages, ChangeKind
from falcon_images.metadata.changes.bulk import (
    BulkDocuments,
    batched,
    sha256_of,
)
from falcon_images.metadata.changes.change import ChangeRecord, State
from falcon_images.metadata.changes.deletions import Deletions
from falcon_images.metadata.changes.edit_records import named
from falcon_images.metadata.changes.pending_ids import (
    PendingBatch,
    PendingIds,
)
from falcon_images.metadata.changes.records import ChangeRecords
from falcon_images.metadata.documents import Document, Query
from falcon_images.metadata.errors import retry_lost_cursors
from falcon_images.metadata.images import ImageDocuments
from falcon_images.metadata.lists.lists import Lists
from falcon_images.query.selection import Selection

_EXAMPLES = 5
_ATTEMPTS = 20


class BulkChanges:
    """Makes changes: before-images first, then documents, some hundreds at once.

    `docs/durability.md` describes what a crash leaves at each step.
    """

    def __init__(  # noqa: PLR0913 - each has something of a change
        self,
        *,
        documents: ImageDocuments,
        lists: Lists,
        changes: ChangeRecords,
        pending_ids: PendingIds,
        before_images: BeforeImages,
        deletions: Deletions,
        bulk: BulkDocuments,
        kept_seconds: int,
    ) -> None:
        self._documents = documents
        self._lists = lists
        self._changes = changes
        self._pending_ids = pending_ids
        self._before_images = before_images
        self._deletions = deletions
        self._bulk = bulk
        self._kept_seconds = kept_seconds

    def preview(
        self, collection_name: str, selection: Selection, patch: BulkPatch | None
    ) -> Document:
        """Count the images that would be changed, and read some of them.

        Raises:
            InvalidRequestError: the patch does not fit one of them, or a property by
                which images are excluded is in none.
            PreconditionFailedError: another number than expected matches.
        """
        self._require_known(collection_name, selection)
        query = Query(filter=selection.filter, limit=_EXAMPLES)

        def read() -> tuple[int, list[Document]]:
            ids = self._matching(collection_name, selection, patch)
            examples = self._lists.documents(collection_name, query)
            return sum(1 for _ in ids), list(examples)

        matched, examples = retry_lost_cursors(read)
        check_expected(selection.expect, matched)
        return {'dry_run': True, 'matched': matched, 'examples': examples}

    def make(
        self,
        collection_name: str,
        selection: Selection,
        patch: BulkPatch | None,
        by: str = '',
    ) -> Document:
        """Change all images that match; without a patch, delete them.

        Args:
            by: the name of who asks for it, if that is known.

        Raises:
            InvalidRequestError: the patch does not fit one of them.
            PreconditionFailedError: another number than expected matches.
        """
        self._require_known(collection_name, selection)
        begun = retry_lost_cursors(
            lambda: self._begin(collection_name, selection, patch, by)
        )
        if begun is None:
            return {'change': None, 'matched': 0, 'changed': 0}
        change, matched = begun
        changed = self.run(change)
        return {'change': change.id, 'matched': matched, 'changed': changed}

    def _require_known(self, collection_name: str, selection: Selection) -> None:
        """Refuse to exclude by a property that no image has, as if it was mistyped."""
        for path in selection.excluding:
            if not retry_lost_cursors(partial(self._bulk.has, collection_name, path)):
                raise InvalidRequestError(
                    f'No image of this collection has {path[:40]!r}, so not_ excludes '
                    'none. Correct the name, or leave the condition out.'
                )

    def _begin(
        self,
        collection_name: str,
        selection: Selection,
        patch: BulkPatch | None,
        by: str,
    ) -> tuple[ChangeRecord, int] | None:
        """Fix the images of a change, and count them; None if there are none."""
        ids = self._matching(collection_name, selection, patch)
        batches = map(PendingBatch, batched(ids, lambda _: 0))
        record = record_of(collection_name, selection, patch) | named(by)
        return self.begin(record, batches, selection.expect, selection.filter)

    def begin(
        self,
        record: Document,
        batches: Iterator[PendingBatch],
        expect: int | None,
        filter_: Document | None = None,
    ) -> tuple[ChangeRecord, int] | None:
        """Fix the images of a change, and count them; None if there are none.

        Args:
            record: what is public of it, and the name of its collection.
            filter_: they must match when it is their turn.
        """
        name = record['collection']
        uuid = self._bulk.uuid(name)
        first = next((batch for batch in batches if batch.ids), None)
        if first is None:
            # Those that match may have been deleted by a request that got no answer.
            self._documents.wait_for_majority(name)
            check_expected(expect, 0)
            return None
        change = self._changes.begin(
            record | {'uuid': uuid}, filter_ or {}, self._kept_seconds
        )
        batches = itertools.chain([first], batches)
        return change, self._select(change, batches, expect)

    def run(
        self,
        change: ChangeRecord,
        leave: Callable[[list[Any]], object] = lambda ids: None,
    ) -> int:
        """Do what a change has still to do; return how many images it changed.

        Args:
            leave: is called with the ids of images that are not changed.
        """
        changed = change.changed
        for batch in self._pending_ids.batches(change.id, change.done):
            self._changes.renew(change)
            done = self._change(change, batch)
            self._changes.advance(change, batch.number, len(done))
            changed += len(done)
            leave([image_id for image_id in batch.ids if image_id not in done])
        self._changes.end_done(change, self._kept_seconds)
        return changed

    def give_up(self, change: ChangeRecord) -> int:
        """Leave what a change has still to do; return how many images it changed."""
        changed = change.changed
        begun = next(self._pending_ids.batches(change.id, change.done), None)
        if begun:
            self._disclaim(change, begun.ids)
            changed += len(self._before_images.hashes(change.id, begun.ids))
        return changed

    def _matching(
        self, collection_name: str, selection: Selection, patch: BulkPatch | None
    ) -> Iterator[Any]:
        fields = patch.fields if patch else []
        for document in self._bulk.matching(collection_name, selection.filter, fields):
            image_id = document['_id']
            if patch is not None and fields:
                patch.apply(document)
            yield image_id

    def _select(
        self, change: ChangeRecord, batches: Iterator[PendingBatch], expect: int | None
    ) -> int:
        """Fix the images that a change is about; return how many these are."""
        matched = number = 0
        try:
            self._before_images.make_indexes()
            for batch in batches:
                self._changes.renew(change)
                if batch.ids:
                    self._pending_ids.add(change.id, number, batch)
                    number += 1
                matched += len(batch.ids)
            check_expected(expect, matched)
        except Exception:
            # Else the lease runs out, with the same end.
            with contextlib.suppress(DatabaseUnavailableError, ConflictError):
                self._changes.end(change, State.EXPIRING)
            raise
        self._changes.go_on(change, State.RUNNING, matched=matched)
        return matched

    def _change(self, change: ChangeRecord, batch: PendingBatch) -> dict[Any, bytes]:
        """Change images, and return the ids of those that are changed.

        Those that others change in between, and those of which the database has
        forgotten that it deleted them, are retried.
        """
        trying: Sequence[Any] = batch.ids
        for _ in range(_ATTEMPTS):
            left: list[Any] = []
            hashes = self._before_images.hashes(change.id, trying)
            pairs = pairs_of(self._bulk, change, trying, hashes, batch.prepared)
            try:
                for some in batched(pairs, size_of):
                    self._changes.renew(change)
                    left += self._write(change, some, hashes)
            except CursorLostError:
                # Dropped, most likely; then the lease is lost too.
                left = list(trying)
            if change.kind is ChangeKind.DELETE:
                left += self._disclaim(change, trying)
            if not left:
                break
            trying = left
        return self._before_images.hashes(change.id, batch.ids)

    def _disclaim(self, change: ChangeRecord, ids: Sequence[Any]) -> list[Any]:
        """Remove before-images of what was not done; return the ids of these images."""
        name = change.collection_name
        hashes = self._before_images.hashes(change.id, ids)
        if change.kind is ChangeKind.DELETE:
            gone = self._bulk.gone(name, hashes)
            gone -= self._deletions.of_others(change.id, gone)
            if self._deletions.note(name, list(gone), change.id):
                # Another change may have put it back before it could know.
                gone = self._bulk.gone(name, gone)
            left = [image_id for image_id in hashes if image_id not in gone]
        else:
            found = self._bulk.read(name, hashes)
            left = [
                document['_id']
                for document in found
                if sha256_of(document) == hashes[document['_id']]
            ]
        self._before_images.remove(change.id, left)
        return left

    def _write(
        self, change: ChangeRecord, batch: Sequence[Pair], hashes: Container[Any]
    ) -> list[Any]:
        """Store before-images, then change documents; return the ids of those left."""
        name = change.collection_name
        self._before_images.keep(change.id, name, batch, hashes)
        if change.kind is ChangeKind.DELETE:
            failed = self._bulk.delete(name, [before for before, _ in batch])
        else:
            pairs = [(before, after) for before, after in batch if after]
            failed = self._bulk.replace(name, pairs)
        left = [batch[number][0]['_id'] for number in sorted(failed)]
        self._before_images.remove(change.id, left)
        return left


def check_expected(expect: int | None, matched: int) -> None:
    """Raise `PreconditionFailedError` if another number matches than expected."""
    if expect not in (None, matched):
        raise PreconditionFailedError(
            f'{matched} images match, not {expect}; nothing was changed.'
        )
