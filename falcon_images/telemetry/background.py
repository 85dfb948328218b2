"""The background: a queue of small work that no request waits for."""

import collections
import contextlib
import logging
import threading
from collections.abc import Callable
from typing import Any

_PAUSE_SECONDS = 0.1
# With more in the queue, the caller does it at once, so that it cannot grow.
_MOST_WAITING = 10_000

logger = logging.getLogger(__name__)


class Background:
    """Does small work for all requests in one thread, ten times a second.

    Done by the threads that answer requests, the same takes several times as long: a
    line in the log and a few counters are a fifth of what a small answer costs. Before
    `start` and after `stop`, work is done at once.

    Args:
        then: called after the calls of the queue; may raise `OSError`, and `ValueError`
            as closed files do.
    """

    def __init__(self, then: Callable[[], None]) -> None:
        self._then = then
        self._waiting: collections.deque[tuple[Callable[..., None], Any]]
        self._waiting = collections.deque()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def start(self) -> None:
        """Start the thread; from now on, work is queued for it."""
        self._thread = threading.Thread(
            target=self._run, name='background', daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Do all work in the queue, and any that comes from now on at once."""
        thread, self._thread = self._thread, None
        self._ended.set()
        if thread:
            thread.join()
        self.finish()

    def do(self, work: Callable[..., None], *arguments: Any) -> None:
        """Queue a call; calls are made in the order in which they come."""
        self._waiting.append((work, arguments))
        if self._thread is None or len(self._waiting) > _MOST_WAITING:
            self.finish()

    def finish(self) -> None:
        """Make all calls that are in the queue."""
        with self._lock:
            for _ in range(len(self._waiting)):
                work, arguments = self._waiting.popleft()
                try:
                    work(*arguments)
                except Exception:
                    logger.exception('Something that was to be done later failed')
            # If the log itself fails, there is nowhere to report it.
            with contextlib.suppress(OSError, ValueError):
                self._then()

    def _run(self) -> None:
        while not self._ended.wait(_PAUSE_SECONDS):
            self.finish()
