"""Deleted collections: kept for a time in which they can come back as they were."""

import contextlib
from collections.abc import Iterator

from falcon_images.errors import NotFoundError
from falcon_images.metadata.collections.tombstone import Tombstone
from falcon_images.metadata.collections.tombstones import Tombstones
from falcon_images.metadata.documents import Document
from falcon_images.metadata.drops import Drop, Drops
from falcon_images.metadata.indexes import Indexes


class DeletedCollections:
    """Deletes collections so that they can come back, and puts them back.

    Nothing but the name of a collection changes: its files, changes and snapshots stay
    where they are, so a step is done or not, and there is nothing in between.

    Args:
        kept_seconds: how long a collection can come back.
    """

    def __init__(
        self, tombstones: Tombstones, drops: Drops, indexes: Indexes, kept_seconds: int
    ) -> None:
        self._tombstones = tombstones
        self._drops = drops
        self._indexes = indexes
        self._kept_seconds = kept_seconds

    def delete(self, collection_name: str) -> Document:
        """Take a collection away, and free its name; return what brings it back.

        Raises:
            NotFoundError: there is no such collection.
        """
        tombstone = self._tombstones.begin(collection_name, self._kept_seconds)
        try:
            self._tombstones.take_out(tombstone)
        finally:
            self._indexes.forget(collection_name)
        count = self._drops.count_at(tombstone.key)
        self._tombstones.publish(tombstone, count, self._kept_seconds)
        return {
            'name': collection_name,
            'documents': count,
            'change': str(tombstone.id),
        }

    def revert(self, collection_name: str, change_id: str) -> Document | None:
        """Put a collection back; None if the id is that of another change.

        Raises:
            ConflictError: its name is taken, or its time is over.
            NotFoundError: it is not there any more.
        """
        tombstone = self._tombstones.take(collection_name, change_id)
        if tombstone is None:
            return None
        try:
            self._tombstones.put_back(tombstone)
        finally:
            self._indexes.forget(collection_name)
        return {
            'change': change_id,
            'reverted': tombstone.documents,
            'conflicts': [],
            'conflict_count': 0,
        }

    def list(self) -> list[Document]:
        """List the collections that can come back, the last deleted one first."""
        return self._tombstones.public_views()

    def settle(self) -> None:
        """Make those that somebody left half-way what they are: deleted, or there."""
        self._tombstones.adopt(self._kept_seconds)
        for tombstone in self._tombstones.take_left():
            self._tombstones.settle(tombstone)

    def expired(self) -> Iterator[Drop]:
        """Begin the drops of those whose time is over."""
        for tombstone in self._tombstones.take_expired():
            if drop := self._drop(tombstone):
                yield drop

    def _drop(self, tombstone: Tombstone) -> Drop | None:
        drop = None
        # Who began it may have been cut off just after that.
        with contextlib.suppress(NotFoundError):
            drop = self._drops.begin_deleted(tombstone.key, tombstone.collection_name)
        self._tombstones.forget(tombstone)
        return drop
