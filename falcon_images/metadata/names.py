"""Names: which a collection can have, and which are the service's own."""

import unicodedata

from falcon_images.errors import InvalidRequestError

RESERVED = '_service.'
DROPPED = f'{RESERVED}dropped.'
CHANGES = f'{RESERVED}changes'
PENDING = f'{RESERVED}pending'
BEFORE_IMAGES = f'{RESERVED}before'
TURNS = f'{RESERVED}turns'
# What MongoDB's 255 leave beside a database's name and the prefix of a drop.
_MAX_COLLECTION_NAME_BYTES = 140
# Control characters and halves of surrogate pairs.
_CONTROLS = ('Cc', 'Cs')


def check_collection_name(name: str) -> None:
    """Raise `InvalidRequestError` if no collection can have that name."""
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
