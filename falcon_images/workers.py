"""Worker processes that share one listening socket; for systems that have `fork`."""

import contextlib
import gc
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn

_STOPS = frozenset((signal.SIGTERM, signal.SIGINT))
# Longer than a worker gives its last requests.
_STOP_SECONDS = 35.0
_POLL_SECONDS = 0.02
# A worker that lives for less dies of something that will not have passed at once.
_SHORT_LIFE_SECONDS = 1.0
_STANDARD_STREAMS = 3

logger = logging.getLogger(__name__)


class Workers:
    """Processes that do the same work; one that dies is replaced.

    They are forked, so this process must have no threads. When it dies itself, they
    end as they do at SIGTERM.

    Args:
        count: how many there are.
        listener: the one thing, beside the standard streams, that they get of what
            is open in this process.
        work: what a worker does until SIGTERM.
        on_death: told the process id of each worker that has ended.
    """

    def __init__(
        self,
        count: int,
        listener: socket.socket,
        work: Callable[[], None],
        on_death: Callable[[int], None] = lambda pid: None,
    ) -> None:
        self._count = count
        self._listener = listener
        self._work = work
        self._on_death = on_death
        # By the process id of each worker.
        self._started_at: dict[int, float] = {}
        # Nobody writes to it: its end tells the workers that this process is no more.
        self._life, self._held = os.pipe()

    def run(self) -> None:
        """Return when a signal said stop and all workers have ended."""
        awaited = _STOPS | {signal.SIGCHLD}
        # What is ignored may be lost even while it is blocked.
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
        # Collecting garbage would copy what the workers share.
        gc.freeze()
        for _ in range(self._count):
            self._start()
        while signal.sigwait(awaited) == signal.SIGCHLD:
            self._replace_dead()
        self._stop()

    def _start(self) -> None:
        pid = os.fork()
        if pid == 0:
            self._be_worker()
        self._started_at[pid] = time.monotonic()

    def _be_worker(self) -> NoReturn:
        status = 1
        try:
            self._leave_parent()
            self._work()
            status = 0
        except Exception:
            logger.exception('A worker failed')
        finally:
            # What the parent has to clean up is not the worker's.
            os._exit(status)

    def _leave_parent(self) -> None:
        kept = (self._listener.fileno(), self._life)
        for descriptor in [int(path.name) for path in Path('/dev/fd').iterdir()]:
            if descriptor >= _STANDARD_STREAMS and descriptor not in kept:
                with contextlib.suppress(OSError):
                    os.close(descriptor)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number in _STOPS:
            # Until the work has a better way to end, it leaves nothing behind.
            signal.signal(number, _exit)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS | {signal.SIGCHLD})
        threading.Thread(target=self._watch_parent, daemon=True).start()

    def _watch_parent(self) -> None:
        os.read(self._life, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    def _replace_dead(self) -> None:
        for pid, status in self._reap():
            lifetime = time.monotonic() - self._started_at.pop(pid)
            logger.warning('Worker %d ended (%d) and is replaced', pid, status)
            if lifetime < _SHORT_LIFE_SECONDS:
                time.sleep(_SHORT_LIFE_SECONDS)
            self._start()

    def _reap(self) -> list[tuple[int, int]]:
        ended = [os.waitpid(pid, os.WNOHANG) for pid in self._started_at]
        found = [(pid, os.waitstatus_to_exitcode(s)) for pid, s in ended if pid]
        for pid, _ in found:
            self._on_death(pid)
        return found

    def _stop(self) -> None:
        # Or connections would wait for somebody to accept them.
        self._listener.close()
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while self._started_at and time.monotonic() < deadline:
            for pid, _ in self._reap():
                del self._started_at[pid]
            time.sleep(_POLL_SECONDS)
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        for pid in self._started_at:
            os.kill(pid, number)


def _exit(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit
