"""The budget: how many threads each kind of work may take at once.

What a request will cost is known by its method and path, before anything is done for
it.
"""

import contextlib
import enum
import re
import threading
from collections.abc import Iterator

from falcon_images.errors import TooBusyError


class Work(enum.Enum):
    """How long a request keeps its thread: SLOW ones may take seconds.

    An EXPORT lasts as long as its client reads, and has a thread of its own.
    """

    SMALL = enum.auto()
    UPLOAD = enum.auto()
    SLOW = enum.auto()
    EXPORT = enum.auto()


_COLLECTION = '/collections/[^/]+'


_IMAGES = f'{_COLLECTION}/(?:images|documents|items)'


# Every other request is small; a thumbnail is so until it has to be drawn.
_WORK = (
    (Work.UPLOAD, 'POST', _IMAGES),
    (Work.SLOW, 'GET HEAD PATCH DELETE', _IMAGES),
    (Work.SLOW, 'POST', f'{_IMAGES}/query'),
    (Work.SLOW, 'GET HEAD DELETE', _COLLECTION),
    (Work.EXPORT, 'GET', f'{_COLLECTION}/export'),
    (Work.SLOW, 'GET HEAD', f'{_COLLECTION}/(?:fields|histogram)'),
    (Work.SLOW, 'GET HEAD', f'{_IMAGES}/[^/]+/neighbors'),
    (Work.SLOW, 'GET HEAD', f'{_COLLECTION}/changes'),
    (Work.SLOW, 'GET HEAD POST', f'{_COLLECTION}/snapshots'),
    (Work.SLOW, 'POST', f'{_COLLECTION}/(?:import|relabel|claims)'),
    (Work.SLOW, 'POST', f'{_COLLECTION}/changes/[^/]+/(?:revert|finish)'),
)


def _patterns() -> dict[str, list[tuple[Work, re.Pattern[str]]]]:
    """Return, by method, one pattern for all paths of each kind of work."""
    paths: dict[str, dict[Work, list[str]]] = {}
    for work, methods, path in _WORK:
        for method in methods.split():
            paths.setdefault(method, {}).setdefault(work, []).append(path)
    return {
        method: [
            (work, re.compile(f'(?:{"|".join(of_work)})/?'))
            for work, of_work in kinds.items()
        ]
        for method, kinds in paths.items()
    }


_PATTERNS = _patterns()


def work_of(method: str, path: str) -> Work:
    """Return the kind of work that a request is."""
    if path.startswith('/collections/'):
        for work, pattern in _PATTERNS.get(method, ()):
            if pattern.fullmatch(path):
                return work
    return Work.SMALL


class Budget:
    """The threads of a process, shared out so that no kind of work takes all of them.

    Slow work leaves two: one for uploads, and one that only small requests have, which
    uploads leave too. Of two threads, uploads and slow work share one; one thread is
    for all. A thread has one place at most.

    Args:
        exports: how many exports are made at once, each in a thread of its own.
        wait_seconds: how long slow work may wait for a place, if that takes no thread.
    """

    def __init__(
        self, threads: int, exports: int = 2, wait_seconds: float = 5.0
    ) -> None:
        self.exports = exports
        self.wait_seconds = wait_seconds
        self._most_slow = max(threads - 2, 1)
        self._most_not_small = max(threads - 1, 1)
        self._taken = {Work.UPLOAD: 0, Work.SLOW: 0}
        self._lock = threading.Lock()
        self._thread = threading.local()

    def begin(self, work: Work) -> bool:
        """Take a place for work of this thread; return whether there was one."""
        if work in (Work.SMALL, Work.EXPORT):
            return True
        with self._lock:
            if not self._has_place(work):
                return False
            self._taken[work] += 1
        self._thread.work = work
        return True

    def end(self) -> None:
        """Give the place of this thread back, if it has one."""
        work = self._work()
        if work is not None:
            self._thread.work = None
            with self._lock:
                self._taken[work] -= 1

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Keep a place for slow work; the one that this thread has already counts.

        Raises:
            TooBusyError: no place is free.
        """
        if self._work() is not None:
            yield
            return
        if not self.begin(Work.SLOW):
            raise TooBusyError(
                'The service works on as many lists, changes and thumbnails as it '
                'may at once (APP_THREADS); send the request again in a moment.'
            )
        try:
            yield
        finally:
            self.end()

    def _work(self) -> Work | None:
        work: Work | None = getattr(self._thread, 'work', None)
        return work

    def _has_place(self, work: Work) -> bool:
        slow = self._taken[Work.SLOW]
        if work is Work.SLOW and slow >= self._most_slow:
            return False
        return slow + self._taken[Work.UPLOAD] < self._most_not_small
