"""Revertible changes of one image: whether one is asked for, and of what it is part."""

import re

from falcon_images.errors import InvalidRequestError
from falcon_images.query.names import REVERTIBLE
from falcon_images.query.parameters import BOOLEANS, Params

_CHANGE_ID = re.compile('[0-9a-fA-F]{24}')


def parse_revertible(params: Params) -> str | None:
    """Read ``revertible``: None if that is not asked for.

    Returns:
        The id of the change that it shall be a part of; empty for a new one.

    Raises:
        InvalidRequestError: it is neither true, nor false, nor the id of a change.
    """
    given = params.get(REVERTIBLE) or 'false'
    if isinstance(given, str) and _CHANGE_ID.fullmatch(given):
        return given
    if not isinstance(given, str) or given not in BOOLEANS:
        raise InvalidRequestError(
            'revertible must be true or false, or the id of a change that this is to '
            'be a part of, and given once.'
        )
    return '' if BOOLEANS[given] else None
