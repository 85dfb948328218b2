"""Whether the user of the database may do what the service needs."""

import time
from collections.abc import Iterable
from typing import Any

from bson.errors import BSONError
from pymongo.database import Database
from pymongo.errors import OperationFailure

from falcon_images.metadata.documents import Document
from falcon_images.metadata.errors import mongo_errors, not_allowed
from falcon_images.metadata.names import RESERVED

# What the role readWrite allows, as far as it is used.
_NEEDED = frozenset(
    (
        *('find', 'insert', 'update', 'remove'),
        *('listCollections', 'dropCollection', 'renameCollectionSameDB'),
        *('listIndexes', 'createIndex', 'dropIndex'),
    )
)
_REMEMBERED_SECONDS = 10.0
_NOTHING = f'{RESERVED}nothing'


class Privileges:
    """What the user of the service may do in its database."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._good_until = 0.0

    def check(self, timeout_seconds: float) -> None:
        """Raise `DatabaseUnavailableError` if the user may not do what is needed.

        That all is well is remembered for some seconds.
        """
        if time.monotonic() < self._good_until:
            return
        with mongo_errors(timeout_seconds):
            # Refused too where a user is required and the URL has none.
            self._database.list_collection_names(filter={'name': _NOTHING})
            self._check_actions()
        self._good_until = time.monotonic() + _REMEMBERED_SECONDS

    def _check_actions(self) -> None:
        allowed = self._allowed_actions()
        if allowed is None:
            # Servers that only speak MongoDB's protocol may lack the command.
            # It deletes nothing, and is refused to those who may only read.
            self._database[_NOTHING].delete_one({'_id': _NOTHING})
        elif not allowed >= _NEEDED:
            raise not_allowed()

    def _allowed_actions(self) -> set[str] | None:
        """Return what the user may do here, or None where that is not known."""
        try:
            status = self._database.command('connectionStatus', showPrivileges=True)
            info = status['authInfo']
            if not info['authenticatedUsers']:
                # There is no access control, or listing would have been refused.
                return set(_NEEDED)
            return set(self._actions_of(info['authenticatedUserPrivileges']))
        except (OperationFailure, BSONError, KeyError, TypeError):
            return None

    def _actions_of(self, privileges: Iterable[dict[str, Any]]) -> Iterable[str]:
        for privilege in privileges:
            if self._is_of_ours(privilege['resource']):
                yield from privilege['actions']

    def _is_of_ours(self, resource: dict[str, Any]) -> bool:
        """Return whether a resource is in our database, or has it in it.

        A role for some collections alone is one too: for these, the service works.
        """
        if resource.get('anyResource'):
            return True
        is_ours = resource.get('db') in ('', self._database.name)
        return is_ours and not resource.get('collection', '').startswith('system.')
