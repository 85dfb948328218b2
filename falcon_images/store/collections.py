"""Collections: their names and sizes, and their removal with all their files."""

from falcon_images.errors import LeaseLostError
from falcon_images.metadata.documents import Document, precondition_failed
from falcon_images.metadata.drops import Drop, Drops
from falcon_images.metadata.lists.lists import Lists
from falcon_images.metadata.mongo import MongoDatabase
from falcon_images.store.deleted_collections import DeletedCollections
from falcon_images.store.expiry import ExpiredChanges
from falcon_images.store.file_removal import FileRemoval
from falcon_images.store.held_files import HeldFiles
from falcon_images.store.image_claims import ClaimStore
from falcon_images.store.images import Tags

# A collection has no tag; no header has this one.
_NO_TAG = '\0'


class CollectionStore:
    """Lists collections and drops them, and finishes drops that were cut off.

    One process works on each drop.
    """

    def __init__(  # noqa: PLR0913 - each has something of a collection
        self,
        *,
        mongo: MongoDatabase,
        lists: Lists,
        drops: Drops,
        removal: FileRemoval,
        expiry: ExpiredChanges,
        held_files: HeldFiles,
        claims: ClaimStore,
        deleted: DeletedCollections,
    ) -> None:
        self._mongo = mongo
        self._lists = lists
        self._drops = drops
        self._removal = removal
        self._expiry = expiry
        self._held_files = held_files
        self._claims = claims
        self._deleted = deleted

    def names(self) -> list[str]:
        """List the collections, sorted by name."""
        return self._mongo.collection_names()

    def size(self, collection_name: str) -> int:
        """Count the images of a collection; raise `NotFoundError` without one."""
        self._mongo.require_collection(collection_name)
        return self._lists.count(collection_name, {})

    def drop(self, collection_name: str, tags: Tags = None) -> int:
        """Delete a collection with all its images; return how many there were.

        All of them are gone at once for everybody, and the name is free; their files
        go after that, and are gone on return. The reconciler finishes what a crash or
        an outage leaves.

        Args:
            tags: whether it may be what has such an entity tag; no collection has one.

        Raises:
            NotFoundError: there is no such collection.
            PreconditionFailedError: it may not.
        """
        self._require_tag(collection_name, tags)
        drop = self._drops.begin(collection_name)
        count = self._drops.count(drop)
        removed = self._finish(drop)
        return count if removed is None else removed

    def delete_revertibly(self, collection_name: str, tags: Tags = None) -> Document:
        """Delete a collection so that it can come back; return what brings it back.

        Its name is free at once; its files stay. What is given and raised is that of
        `drop`.
        """
        self._require_tag(collection_name, tags)
        return self._deleted.delete(collection_name)

    def deleted(self) -> list[Document]:
        """List the collections that can come back."""
        return self._deleted.list()

    def finish_drops(self) -> None:
        """Go on with drops that nobody works on any more, and begin those that are due.

        These are of deleted collections that cannot come back any more.
        """
        self._deleted.settle()
        for expired in self._deleted.expired():
            self._finish(expired)
        drop_keys = self._drops.names()
        self._drops.forget_leases(drop_keys)
        for drop_key in drop_keys:
            if drop := self._drops.claim(drop_key):
                self._finish(drop)

    def _require_tag(self, collection_name: str, tags: Tags) -> None:
        if tags and not tags(_NO_TAG):
            # What is not there is not found, whatever the condition.
            self.size(collection_name)
            raise precondition_failed()

    def _finish(self, drop: Drop) -> int | None:
        """Return how many images there were; None if another process finished it."""
        count = 0
        try:
            self._expiry.forget_dropped(drop.key, lambda: self._drops.renew(drop))
            self._held_files.end_dropped(drop.key, lambda: self._drops.renew(drop))
            self._claims.forget_dropped(drop.key)
            for document in self._drops.documents(drop):
                self._removal.remove_dropped(drop.collection_name, document)
                count += 1
            self._drops.forget(drop)
        except LeaseLostError:
            return None
        except Exception:
            self._drops.release(drop)
            raise
        return count
