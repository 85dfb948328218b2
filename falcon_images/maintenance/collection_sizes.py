"""Collection sizes: the bytes of all files of each collection, counted by the way."""

import contextlib
import time

from falcon_images.errors import InvalidRequestError, QueryTimeoutError
from falcon_images.metadata.collections.descriptions import Descriptions

# Of one round of the reconciler, which has more to do.
_SECONDS = 5.0
_TIDY_SECONDS = 3600.0


class CollectionSizes:
    """Counts the bytes of collections that have changed, each now and then."""

    def __init__(self, descriptions: Descriptions) -> None:
        self._descriptions = descriptions
        self._next_tidy = 0.0
        self._last = ''

    def count(self) -> None:
        """Count as many as there is time for; the next round goes on with others."""
        until = time.monotonic() + _SECONDS
        uuids = self._descriptions.uuids()
        names = [name for name in uuids if name > self._last] or list(uuids)
        for name in names:
            # One whose index is not there yet, or that takes too long, has its turn.
            with contextlib.suppress(InvalidRequestError, QueryTimeoutError):
                self._descriptions.count_bytes(name, uuids[name])
            self._last = name
            if time.monotonic() > until:
                return
        self._last = ''
        self._tidy()

    def _tidy(self) -> None:
        if time.monotonic() >= self._next_tidy:
            self._next_tidy = time.monotonic() + _TIDY_SECONDS
            self._descriptions.tidy()
