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
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

_STOPS = frozenset((signal.SIGTERM, signal.SIGINT))
# Longer than a worker gives its last requests.
_STOP_SECONDS = 35.0
_POLL_SECONDS = 0.02
_THREADS_SECONDS = 2.0
# The cause of death of a worker that lived for less is probably still there.
_SHORT_LIFE_SECONDS = 1.0
# Lives shorter than this, one after the other, may have one cause of death.
_LONG_LIFE_SECONDS = 30.0
_MAX_PAUSE_SECONDS = 30.0
_STANDARD_STREAMS = 3

logger = logging.getLogger(__name__)


@dataclass(frozen=True, order=True)
class _Life:
    """The life of a worker: its begin, and how many short lives were before it."""

    begin: float
    short_lives: int = 0


class Workers:
    """Processes that do the same work; one that dies is replaced.

    That is at once, unless those before it died soon too: then after a pause, which
    grows from 1 to 30 seconds if they were not killed from outside. They are forked, so
    this process must have no threads. When it dies itself, they end as they do at
    SIGTERM.

    Args:
        count: how many there are.
        listener: the one thing, beside the standard streams, that they get of what
            is open in this process.
        work: what a worker does until SIGTERM.
        on_death: called with the process id of each worker that has ended.
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
        self._lives: dict[int, _Life] = {}
        # Those that are to begin after a pause.
        self._awaited: list[_Life] = []
        # Nobody writes to this pipe: workers read EOF when this process has ended.
        self._life, self._held = os.pipe()

    def run(self) -> None:
        """Run the workers until SIGTERM or SIGINT; return when all have ended."""
        # The end of a worker, or of a pause.
        events = (signal.SIGCHLD, signal.SIGALRM)
        # An ignored signal may be lost even while it is blocked.
        for number in events:
            signal.signal(number, lambda number, frame: None)
        awaited = _STOPS.union(events)
        _join_other_threads()
        signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
        # Collecting garbage would copy what the workers share.
        gc.freeze()
        self._awaited = [_Life(time.monotonic())] * self._count
        self._start_awaited()
        while signal.sigwait(awaited) not in _STOPS:
            self._await_replacements()
            self._start_awaited()
        self._stop()

    def _start_awaited(self) -> None:
        """Start the workers whose pause is over; SIGALRM comes for the next one."""
        now = time.monotonic()
        due = [life for life in self._awaited if life.begin <= now]
        self._awaited = [life for life in self._awaited if life.begin > now]
        for life in due:
            self._start(life.short_lives)
        if self._awaited:
            pause = min(self._awaited).begin - now
            signal.setitimer(signal.ITIMER_REAL, pause + _POLL_SECONDS)

    def _start(self, short_lives: int) -> None:
        now = time.monotonic()
        try:
            pid = os.fork()
        except OSError as ex:
            # Too many processes, or too little memory: that may pass.
            logger.warning('No worker can be started now (%s)', ex.strerror)
            self._awaited.append(_Life(now + _SHORT_LIFE_SECONDS, short_lives))
            return
        if pid == 0:
            self._be_worker()
        self._lives[pid] = _Life(now, short_lives)

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
        events = (signal.SIGCHLD, signal.SIGALRM)
        for number in events:
            signal.signal(number, signal.SIG_DFL)
        for number in _STOPS:
            # Until the work sets its own handlers: this ends it and cleans up.
            signal.signal(number, _exit)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS.union(events))
        threading.Thread(target=self._watch_parent, daemon=True).start()

    def _watch_parent(self) -> None:
        os.read(self._life, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    def _await_replacements(self) -> None:
        for pid, status in self._reap():
            life, now = self._lives.pop(pid), time.monotonic()
            lived = now - life.begin
            short_lives = life.short_lives + 1 if lived < _LONG_LIFE_SECONDS else 0
            pause = pause_seconds(lived, short_lives, status)
            logger.warning(
                'Worker %d ended (%d) and is replaced in %.0f s', pid, status, pause
            )
            self._awaited.append(_Life(now + pause, short_lives))

    def _reap(self) -> list[tuple[int, int]]:
        ended = [os.waitpid(pid, os.WNOHANG) for pid in self._lives]
        found = [(pid, os.waitstatus_to_exitcode(s)) for pid, s in ended if pid]
        for pid, _ in found:
            self._on_death(pid)
        return found

    def _stop(self) -> None:
        # Left open, it would keep connections waiting that no worker accepts.
        self._listener.close()
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while self._lives and time.monotonic() < deadline:
            for pid, _ in self._reap():
                del self._lives[pid]
            time.sleep(_POLL_SECONDS)
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        for pid in self._lives:
            os.kill(pid, number)


def _join_other_threads() -> None:
    """Wait for threads that are about to end, such as those of a closed client.

    A child would have the locks that they hold, and they would get the signals that
    are awaited here.
    """
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(_THREADS_SECONDS)


def pause_seconds(lived: float, short_lives: int, status: int) -> float:
    """Return for how many seconds a worker is not replaced.

    Args:
        lived: for how many seconds it did.
        short_lives: how many in a row were short, its own with them.
        status: what it ended with; the negative number of a signal.
    """
    least = _SHORT_LIFE_SECONDS if lived < _SHORT_LIFE_SECONDS else 0.0
    # The first is replaced at once; then each pause is twice the one before.
    grown = 2.0 ** min(short_lives - 2, 10) if short_lives > 1 else 0.0
    # Killed from outside, it may be all right; the others have its work meanwhile.
    is_killed = status == -signal.SIGKILL
    most = _SHORT_LIFE_SECONDS if is_killed else _MAX_PAUSE_SECONDS
    return max(least, min(grown, most))


def _exit(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit
