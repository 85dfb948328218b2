"""Places for what only so many may do at once."""

import contextlib
import threading
from collections.abc import Callable, Iterator


class Places:
    """So many places, in this process; who finds none does not wait for one.

    Args:
        refusal: makes the error for who finds none.
    """

    def __init__(self, count: int, refusal: Callable[[], Exception]) -> None:
        self._free = threading.Semaphore(count)
        self._refusal = refusal

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Have a place until the end; raise the refusal if there is none."""
        if not self._free.acquire(blocking=False):
            raise self._refusal()
        try:
            yield
        finally:
            self._free.release()
