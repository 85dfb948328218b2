"""Identity: whether uploads folder and database belong to one store."""

import logging

from falcon_images.files.mark import Mark, StoreMark, new_store_id
from falcon_images.metadata.store_ids import StoreId, StoreIds

# Longer than a database that is there takes, shorter than anybody waits for a start.
_SECONDS = 2.0

logger = logging.getLogger(__name__)


class IdentityError(Exception):
    """Folder and database may not be used together; the text says what to do."""


class StoreIdentity:
    """The id that an uploads folder and a database share.

    The folder's is made first, by one of those that start together; so all of them
    give the database the same one. Whoever has none takes the other's.
    """

    def __init__(self, mark: StoreMark, ids: StoreIds, database_name: str) -> None:
        self._mark = mark
        self._ids = ids
        self._database_name = database_name
        self._agreed: StoreId | None = None

    def agree(self) -> None:
        """Find out that both belong together, and give an id to what has none.

        Raises:
            DatabaseUnavailableError, StorageError: nobody knows now.
            DamagedMarkError: the folder's id cannot be read.
            IdentityError: they do not belong together.
        """
        mark = self._mark.read()
        if mark is None or self._agreed is None or mark.id != self._agreed.id:
            mark, self._agreed = self._compared(mark)
        self._register(mark, self._agreed.database_key)

    def require_alone(self) -> None:
        """Raise `IdentityError` unless files can be told to be of no document.

        That is so if they belong together, and no other database has used the folder.
        """
        mark, own = self._mark.read(), self._ids.get(_SECONDS)
        if mark is None or own is None:
            raise IdentityError(
                'Uploads folder and database have not been used together by this '
                'version; start every service that uses the folder once, then repair. '
                'Nothing was moved.'
            )
        self._require_same(mark, own)
        others = [name for key, name in mark.databases.items() if key != own[1]]
        if others:
            raise IdentityError(
                f'This uploads folder was used with another database too '
                f'({", ".join(map(repr, others))}), whose files would be taken for '
                'orphaned: give each database a folder of its own, or, if the other is '
                'not used any more, join these two with "check --adopt". Nothing was '
                'moved.'
            )

    def require_same(self) -> None:
        """Raise `IdentityError` if both have an id, and not the same."""
        mark, own = self._mark.read(), self._ids.get(_SECONDS)
        if mark and own:
            self._require_same(mark, own)

    def adopt(self) -> None:
        """Join folder and database under a new id; whatever had the old one is out."""
        own = self._ids.replace(new_store_id(), _SECONDS)
        self._mark.replace(Mark(own.id, {own.database_key: self._database_name}))

    def _compared(self, mark: Mark | None) -> tuple[Mark, StoreId]:
        if mark is None:
            known = self._ids.get(_SECONDS)
            mark = self._mark.make(known.id if known else new_store_id())
        own = self._ids.take(mark.id, _SECONDS)
        self._require_same(mark, own)
        return mark, own

    def _require_same(self, mark: Mark, own: StoreId) -> None:
        if mark.id != own.id:
            raise IdentityError(
                f'The uploads folder {self._mark.path.parent} belongs to another store '
                f'than the database {self._database_name!r}; are UPLOADS_DIRECTORY, '
                'MONGODB_URL and MONGODB_DB right? After a restore of one of them, '
                'join them with "python -m falcon_images check --adopt".'
            )

    def _register(self, mark: Mark, database_key: str) -> None:
        if database_key in mark.databases:
            return
        if mark.databases:
            logger.warning(
                'The uploads folder was used with another database before; '
                '"check --repair" moves nothing in it'
            )
        databases = mark.databases | {database_key: self._database_name}
        self._mark.replace(Mark(mark.id, databases))
