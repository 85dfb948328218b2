"""Names: which a collection can have, and which are the service's own."""

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from pymongo.database import Database

from falcon_images.errors import InvalidRequestError

RESERVED = '_service.'
DROPPED = f'{RESERVED}dropped.'
# Of drops whose key has no space for it.
DROPPED_NAMES = f'{RESERVED}names'
# Of collections that were deleted and can come back, and the records of these.
DELETED_COLLECTION = f'{RESERVED}deleted_collection.'
TOMBSTONES = f'{RESERVED}tombstones'
# What is told of collections beside their images.
DESCRIPTIONS = f'{RESERVED}collections'
CHANGES = f'{RESERVED}changes'
PENDING = f'{RESERVED}pending'
DELETED = f'{RESERVED}deleted'
DROPS = f'{RESERVED}drops'
BEFORE_IMAGES = f'{RESERVED}before'
CLAIMS = f'{RESERVED}claims'
TURNS = f'{RESERVED}turns'
STORE = f'{RESERVED}store'
SNAPSHOTS = f'{RESERVED}snapshots'
SNAPSHOT_IMAGES = f'{RESERVED}snapshot_images'
MAX_NAMESPACE_BYTES = 255
# What MongoDB's 255 leave beside a database's name and the prefix of a drop.
_MAX_COLLECTION_NAME_BYTES = 140
# Control characters and halves of surrogate pairs.
_CONTROLS = ('Cc', 'Cs')


def check_collection_name(name: str) -> None:
    """Raise `InvalidRequestError` if no new collection can have that name."""
    reason = None
    if not name or len(name.encode(errors='replace')) > _MAX_COLLECTION_NAME_BYTES:
        reason = f'it must have 1 to {_MAX_COLLECTION_NAME_BYTES} bytes'
    elif '$' in name or '..' in name or name.startswith('.') or name.endswith('.'):
        reason = 'it must not have "$", two dots together, or a dot at an end'
    elif '\ufffd' in name or any(unicodedata.category(c) in _CONTROLS for c in name):
        reason = 'it must be text in UTF-8 without control characters'
    elif name.startswith(('system.', RESERVED)):
        reason = 'names that begin so are kept for the database and the service'
    if reason:
        raise InvalidRequestError(
            f'The collection name {name[:60]!r} cannot be used: {reason}.'
        )


def check_stored_name(name: str, is_there: Callable[[], bool]) -> None:
    """Do the same, but for a collection that is there all the same.

    The earlier version had no limits but those of MongoDB.
    """
    try:
        check_collection_name(name)
    except InvalidRequestError:
        if not can_be_stored(name) or not is_there():
            raise


def can_be_stored(name: str) -> bool:
    """Return whether MongoDB can have a collection of that name that is not ours."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return False
    return (
        0 < size < MAX_NAMESPACE_BYTES
        and not any(part in name for part in ('$', '\0', '..'))
        and not name.startswith(('.', 'system.', RESERVED))
        and not name.endswith('.')
    )


def collection_uuid(database: Database[Any], name: str) -> Any:
    """Return the UUID of the collection that has a name now; None if there is none."""
    found = database.list_collections(filter={'name': name})
    return next((each['info']['uuid'] for each in found), None)


def names_with_prefix(database: Database[Any], prefix: str) -> list[str]:
    """List the collections whose names begin so."""
    filter_ = {'name': {'$regex': f'^{re.escape(prefix)}'}}
    return database.list_collection_names(filter=filter_)
