"""Warnings of which one a minute is enough, however often their reason comes."""

import logging
import threading
import time
from collections.abc import Callable, Hashable

_PAUSE_SECONDS = 60.0
_MAX_KINDS = 1000


class RareWarnings:
    """Write one warning a minute of each kind, and leave out the others.

    Args:
        logger: where they are written.
        clock: returns seconds that never go back.
    """

    def __init__(
        self, logger: logging.Logger, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._logger = logger
        self._clock = clock
        self._due_at: dict[Hashable, float] = {}
        self._lock = threading.Lock()

    def warn(self, kind: Hashable, text: str, *arguments: object) -> None:
        """Write a warning, if none of its kind was written within the last minute."""
        if self._is_due(kind):
            self._logger.warning(text, *arguments)

    def _is_due(self, kind: Hashable) -> bool:
        now = self._clock()
        with self._lock:
            if now < self._due_at.get(kind, now):
                return False
            if len(self._due_at) >= _MAX_KINDS:
                self._due_at.clear()
            self._due_at[kind] = now + _PAUSE_SECONDS
            return True
