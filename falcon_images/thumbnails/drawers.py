"""Drawers: processes that draw for this one, each killed when it takes too long."""

import contextlib
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, cast

from falcon_images.errors import TooManyThumbnailsError
from falcon_images.server.places import Places
from falcon_images.thumbnails.protocol import Answer, Order, receive_answer, send_order

_ROOT = Path(__file__).absolute().parent.parent.parent
_PROGRAM = (
    'import sys; sys.path.insert(0, sys.argv.pop(1)); '
    'from falcon_images.thumbnails.child import main; main(*sys.argv[1:])'
)
_OPTIONS: dict[str, Any]
# Ctrl-C at a terminal is not for the child, and it opens no window.
if sys.platform == 'win32':
    _OPTIONS = {
        'creationflags': subprocess.CREATE_NEW_PROCESS_GROUP
        | subprocess.CREATE_NO_WINDOW
    }
else:
    _OPTIONS = {'process_group': 0}
_START_SECONDS = 30.0
_END_SECONDS = 5.0
# The time that reading the file may take, beside that of drawing.
_BYTES_PER_SECOND = 10 * 1024**2
# After this, the client is asked to come again: no request waits much longer than for
# one drawing.
_WAIT_SECONDS = 30.0
_MAX_LINES = 10
_MAX_LINE_BYTES = 300

logger = logging.getLogger(__name__)


class DrawingDiedError(Exception):
    """The process died of a drawing: it crashed, or took too much time or memory."""

    def __init__(self, is_late: bool) -> None:
        super().__init__()
        self.is_late = is_late


@dataclass(frozen=True)
class DrawerLimits:
    """What a drawer may take: memory in bytes, time for one drawing in seconds.

    After so many `drawings` its process is replaced, and with it what it kept.
    """

    max_bytes: int
    seconds: float
    drawings: int


# Beside what is counted for a picture, the program and its libraries need some.
SMALL = DrawerLimits(512 * 1024**2, seconds=15, drawings=1000)
LARGE = DrawerLimits(1024**3, seconds=30, drawings=1)


class Drawer:
    """Draws one thumbnail at once, in a process that is started when it is needed."""

    def __init__(self, limits: DrawerLimits) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._end: Callable[[], object] = _nothing
        self._drawings = 0
        self._report = _Report()

    def draw(self, order: Order, file_bytes: int) -> Answer:
        """Have a thumbnail drawn.

        Raises:
            DrawingDiedError: the image killed the process, or had to be.
            TooManyThumbnailsError: the process could not be started, or was stopped.
        """
        is_first = not self._drawings
        try:
            return self._draw(order, file_bytes)
        except DrawingDiedError as ex:
            # It may have died of an earlier drawing, or of something else.
            if is_first or ex.is_late:
                raise
            return self._draw(order, file_bytes)

    def _draw(self, order: Order, file_bytes: int) -> Answer:
        seconds = self._limits.seconds + file_bytes / _BYTES_PER_SECOND
        process = self._ready()
        self._report.begin(order.key)
        stdin, stdout = cast(BinaryIO, process.stdin), cast(BinaryIO, process.stdout)
        try:
            with _killed_after(process, seconds) as is_late:
                send_order(stdin, replace(order, seconds=seconds))
                answer = receive_answer(stdout)
        except (OSError, ValueError, TypeError) as ex:
            raise self._death(order.key, is_late.is_set()) from ex
        self._drawings += 1
        if is_late.is_set() or self._drawings == self._limits.drawings:
            self.close()
        return answer

    def close(self) -> None:
        """End the process; what it draws is lost."""
        process, self._process, self._drawings = self._process, None, 0
        self._end()
        for stream in (process.stdin, process.stdout) if process else ():
            with contextlib.suppress(OSError):
                cast(BinaryIO, stream).close()

    def _ready(self) -> subprocess.Popen[bytes]:
        if self._process and self._process.poll() is None:
            return self._process
        self.close()
        try:
            self._process = process = _start(self._limits.max_bytes)
            # It is ended with this process, or with this object, even while it draws.
            self._end = weakref.finalize(self, _terminate, process, os.getpid())
            threading.Thread(
                target=self._report.log, args=(process.stderr,), daemon=True
            ).start()
            with _killed_after(process, _START_SECONDS):
                receive_answer(cast(BinaryIO, process.stdout))
        except (OSError, ValueError, RuntimeError) as ex:
            logger.error(
                'Thumbnails cannot be drawn: no process can be started (%s)', ex
            )
            self.close()
            raise TooManyThumbnailsError(
                'No thumbnail can be drawn now; ask for this one again in a while.'
            ) from ex
        return process

    def _death(self, key: str, is_late: bool) -> Exception:
        process = cast(subprocess.Popen[bytes], self._process)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
        status = process.returncode
        self.close()
        if status == -signal.SIGTERM:
            return TooManyThumbnailsError(
                'Drawing was stopped; ask for this thumbnail again in a while.'
            )
        reason = 'took too long' if is_late else f'ended with {status}'
        logger.warning('No thumbnail of %s: the process that drew it %s', key, reason)
        return DrawingDiedError(is_late)


class Drawers:
    """Several drawers for most images, and one for those that take much memory.

    Args:
        at_once: how many of most images are drawn at once.
        large_at_once: how many requests may wait for that of a large one.
        one_large: entered while a large one is drawn; other processes do so too.
    """

    def __init__(
        self,
        at_once: int,
        large_at_once: int,
        one_large: Callable[[], AbstractContextManager[None]],
    ) -> None:
        # Last in, first out: those that are not needed are never started.
        self._idle: queue.LifoQueue[Drawer] = queue.LifoQueue()
        for _ in range(at_once):
            self._idle.put(Drawer(SMALL))
        self._large_places = Places(large_at_once, too_many)
        self._large_lock = threading.Lock()
        self._large = Drawer(LARGE)
        self._one_large = one_large

    def draw(self, order: Order, file_bytes: int) -> Answer:
        """Have a thumbnail drawn; other images do not wait for a large one.

        Raises:
            DrawingDiedError: the image killed the process that drew it, or had to be.
            TooManyThumbnailsError: too many wait already, or it waited too long.
        """
        try:
            drawer = self._idle.get(timeout=_WAIT_SECONDS)
        except queue.Empty as ex:
            raise too_many() from ex
        try:
            answer = drawer.draw(order, file_bytes)
        finally:
            self._idle.put(drawer)
        if answer.state == 'large':
            return self._draw_large(replace(order, allows_large=True), file_bytes)
        return answer

    def _draw_large(self, order: Order, file_bytes: int) -> Answer:
        with contextlib.ExitStack() as stack:
            stack.enter_context(self._large_places.taken())
            if not self._large_lock.acquire(timeout=_WAIT_SECONDS):
                raise too_many()
            stack.callback(self._large_lock.release)
            stack.enter_context(self._one_large())
            return self._large.draw(order, file_bytes)


def too_many() -> TooManyThumbnailsError:
    """Return the error for a thumbnail that finds no place to be drawn."""
    return TooManyThumbnailsError(
        'Too many thumbnails are drawn now; ask for this one again in a while.'
    )


def _start(max_bytes: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - the command is ours
        [_python(), '-P', '-c', _PROGRAM, str(_ROOT), str(max_bytes)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **_OPTIONS,
    )


def _nothing() -> None:
    pass


def _terminate(process: subprocess.Popen[bytes], starter: int) -> None:
    # After a fork, it is still the child of the process that started it.
    if os.getpid() == starter:
        process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def _python() -> str:
    """Return the path of Python: in some servers, another program runs it."""
    if 'python' in Path(sys.executable or '').name.lower():
        return sys.executable
    return str(Path(sys.prefix) / 'bin' / 'python3')


@contextlib.contextmanager
def _killed_after(
    process: subprocess.Popen[bytes], seconds: float
) -> Iterator[threading.Event]:
    """Kill a process after some seconds; the event is set when that happened."""
    is_late = threading.Event()

    def kill() -> None:
        is_late.set()
        process.kill()

    timer = threading.Timer(seconds, kill)
    timer.daemon = True
    timer.start()
    try:
        yield is_late
    finally:
        timer.cancel()
        timer.join()


class _Report:
    """What a process writes to its standard error, as lines of our log."""

    def __init__(self) -> None:
        self._key = ''
        self._lines_left = _MAX_LINES

    def begin(self, key: str) -> None:
        self._key, self._lines_left = key, _MAX_LINES

    def log(self, stream: BinaryIO) -> None:
        with stream:
            while line := stream.readline(_MAX_LINE_BYTES):
                text = line.decode(errors='replace').strip()
                if text and self._lines_left > 0:
                    self._lines_left -= 1
                    logger.info('While %s was drawn: %r', self._key, text)
