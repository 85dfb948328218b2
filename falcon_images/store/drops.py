"""The removal of whole collections: of all their files, and of what is kept of them."""

from falcon_images.errors import LeaseLostError
from falcon_images.metadata.drops import Drop
from falcon_images.metadata.mongo import MongoMetadata
from falcon_images.store.expiry import ExpiredChanges
from falcon_images.store.removal import FileRemoval


class CollectionRemoval:
    """Drops collections, and finishes what was cut off; one process works on each."""

    def __init__(
        self, removal: FileRemoval, expiry: ExpiredChanges, metadata: MongoMetadata
    ) -> None:
        self._metadata = metadata
        self._drops = metadata.drops
        self._removal = removal
        self._expiry = expiry

    def drop(self, collection_name: str) -> int:
        """Delete a collection with all its images; return how many there were."""
        drop = self._metadata.drop(collection_name)
        count = self._drops.count(drop)
        removed = self._finish(drop)
        return count if removed is None else removed

    def finish_drops(self) -> None:
        """Go on with drops that nobody works on any more."""
        drop_keys = self._drops.names()
        self._drops.forget_leases(drop_keys)
        for drop_key in drop_keys:
            if drop := self._drops.claim(drop_key):
                self._finish(drop)

    def _finish(self, drop: Drop) -> int | None:
        """Return how many images there were; None if another process finished it."""
        count = 0
        try:
            self._expiry.forget_dropped(drop.key, lambda: self._drops.renew(drop))
            for document in self._drops.documents(drop):
                self._removal.remove_of(drop.collection_name, document)
                count += 1
            self._drops.forget(drop)
        except LeaseLostError:
            return None
        except Exception:
            self._drops.release(drop)
            raise
        return count
