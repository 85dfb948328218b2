"""Wakes a watcher when something changes in its folders, where the system tells."""

import threading
from collections.abc import Sequence
from pathlib import Path

import watchfiles

_AGAIN_SECONDS = 30
_CLOSING_SECONDS = 5


class Wakeups:
    """Waits for changes; time alone wakes where the system tells of none.

    Args:
        folders: are watched, with all below them.
        polls: whether only time wakes, as for network shares.
        stop: ends it.
    """

    def __init__(
        self, folders: Sequence[Path], *, polls: bool, stop: threading.Event
    ) -> None:
        self._folders = folders
        self._stop = stop
        self._changed = threading.Event()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        if not polls:
            self._listener.start()

    def wait(self, seconds: float) -> bool:
        """Wait for a change, so long at most; return whether there was one."""
        changed = self._changed.wait(seconds)
        self._changed.clear()
        return changed

    def wake(self) -> None:
        """End the waiting now."""
        self._changed.set()

    def close(self) -> None:
        """Wait until nothing listens any more, once `stop` is set."""
        # The interpreter cannot end a thread that is in native code.
        if self._listener.is_alive():
            self._listener.join(_CLOSING_SECONDS)

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                for _ in watchfiles.watch(
                    *self._folders,
                    watch_filter=None,
                    stop_event=self._stop,
                    raise_interrupt=False,
                    ignore_permission_denied=True,
                ):
                    self._changed.set()
            # A folder that is away, or more of them than the system can watch.
            except (OSError, RuntimeError):
                self._stop.wait(_AGAIN_SECONDS)
