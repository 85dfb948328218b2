"""The history: which changes of many images a collection had, and how each went."""

from falcon_images.formats.list_spool import ListSpool
from falcon_images.formats.lists import Listing, write_list
from falcon_images.metadata.changes.records import ChangeRecords
from falcon_images.metadata.documents import Document


class ChangeHistory:
    """The changes of collections, as far as they can be seen."""

    def __init__(self, changes: ChangeRecords, spool: ListSpool) -> None:
        self._changes = changes
        self._spool = spool

    def get(self, collection_name: str, change_id: str) -> Document:
        """Read a change's record; raise `NotFoundError` if there is none."""
        return self._changes.get(collection_name, change_id)

    def write(
        self, collection_name: str, skip: int, limit: int, media_type: str
    ) -> Listing:
        """Write the records of a collection's changes into a file, newest first."""
        records = self._changes.of_collection(collection_name, skip, limit)
        return write_list(records, media_type, self._spool)
