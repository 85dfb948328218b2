"""The listening socket: which connections are accepted, and which are closed."""

import errno
import logging
import select
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, BinaryIO, cast

from falcon_images.server.budget import Budget
from falcon_images.server.buffers import Allowance
from falcon_images.server.channel import Channel
from falcon_images.server.connection_limit import connection_limit
from falcon_images.server.dispatcher import Dispatcher
from falcon_images.server.internals import (
    Adjustments,
    TcpWSGIServer,
    ThreadedTaskDispatcher,
    wasyncore,
)
from falcon_images.server.timeouts import Timeouts
from falcon_images.server.verdict import Admit

USE_POLL = hasattr(select, 'poll')
_SOCKET_BYTES = 65536
_ACCEPTED_AT_ONCE = 64
_CLOSED_AT_ONCE = 16
_CHECK_SECONDS = 1.0
_PAUSE_SECONDS = 0.25
_WARNING_SECONDS = 60.0
_AWAITED_SECONDS = 4.5
# For bodies of all connections together; what is more goes to the disk.
_MEMORY_BYTES = 64 * 1024**2
# In memory and on the disk: so many of the largest bodies and one archive, or at least
# so many bytes.
_LARGEST_BODIES = 8
_MIN_BYTES = 1024**3
_NO_LIMIT = 2**62
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

logger = logging.getLogger(__name__)


class Listener(TcpWSGIServer):
    """Accepts connections up to a limit; those beyond it wait in the system's queue."""

    channel_class = Channel
    # Answers say that they are the connection's last.
    is_stopping = False
    # Connections may begin new requests.
    takes_requests = True

    def __init__(  # noqa: PLR0913 - each is named where it is given
        self,
        application: Any,
        listener: socket.socket,
        *,
        threads: int,
        max_body_bytes: int,
        max_archive_bytes: int,
        timeouts: Timeouts,
        is_shared: bool,
        admit: Admit | None,
        budget: Budget | None = None,
        open_file: Callable[[], BinaryIO] | None = None,
    ) -> None:
        # A process that accepted all would leave the others idle.
        self._accepted_at_once = 1 if is_shared else _ACCEPTED_AT_ONCE
        self.timeouts = timeouts
        self.admit = admit
        self.max_body_bytes = max_body_bytes
        self.allowance = Allowance(
            _MEMORY_BYTES,
            max(_LARGEST_BODIES * max_body_bytes + max_archive_bytes, _MIN_BYTES),
            open_file,
        )
        # Until when each connection waits for the identity of its client.
        self._waiting: dict[Channel, float] = {}
        self._wakes = threading.Lock()
        self._is_closed = False
        # Its one thread never waits for anything.
        self._quick_dispatcher = ThreadedTaskDispatcher()
        self._quick_dispatcher.set_thread_count(1)
        self._connection_limit = connection_limit()
        self._is_full = False
        self._accepts_at = self._checks_at = self._warns_at = 0.0
        self.sockets: dict[int, Any] = {}
        adjustments: Any = {
            'sockets': [listener],
            'threads': threads,
            # Each request has a limit of its own.
            'max_request_body_size': _NO_LIMIT,
            'asyncore_use_poll': USE_POLL,
            'recv_bytes': _SOCKET_BYTES,
            'send_bytes': _SOCKET_BYTES,
            'ident': None,
        }
        dispatcher = Dispatcher(budget, threads) if budget else None
        super().__init__(
            application,
            map=self.sockets,
            _sock=listener,
            adj=Adjustments(**adjustments),
            sockinfo=(listener.family, listener.type, 0, listener.getsockname()),
            bind_socket=False,
            dispatcher=dispatcher,
        )

    @property
    def channels(self) -> list[Channel]:
        return list(cast(Any, self.active_channels).values())

    def readable(self) -> bool:
        return self.accepting and time.monotonic() >= self._accepts_at

    def handle_accept(self) -> None:
        free = self._free_connections()
        if free <= 0:
            self._pause('%d connections are open', self._connection_limit)
        self._accept_some(min(free, self._accepted_at_once))

    def accept_all(self) -> None:
        """Accept the connections that wait now."""
        self._accept_some(self._free_connections())

    def add_task(self, task: Any) -> None:
        """Queue the first request of a connection for a thread."""
        is_quick = task.requests[0].is_quick
        dispatcher = self._quick_dispatcher if is_quick else self.task_dispatcher
        dispatcher.add_task(task)

    def wait_for(self, channel: Channel, awaited: 'Future[Any]') -> None:
        """Continue a connection when `awaited` is done, or has taken too long."""
        self._waiting[channel] = time.monotonic() + _AWAITED_SECONDS
        awaited.add_done_callback(lambda _: self._wake())

    def wait_no_more_for(self, channel: Channel) -> None:
        """Forget a connection that is closed."""
        self._waiting.pop(channel, None)

    def end(self) -> None:
        """End the threads, and close all connections."""
        for dispatcher in (self.task_dispatcher, self._quick_dispatcher):
            dispatcher.shutdown(timeout=1)
        with self._wakes:
            self._is_closed = True
            wasyncore.close_all(self.sockets, ignore_all=True)

    def maintenance(self, now: float) -> None:
        """Close late connections each second, and idle ones at the limit."""
        self._end_waits(now)
        if self._is_full:
            self._is_full = False
            self._close_idle(now)
        if now >= self._checks_at:
            self._checks_at = now + _CHECK_SECONDS
            for channel in self.channels:
                channel.hurry(now)

    def _wake(self) -> None:
        with self._wakes:
            # Another file may have the descriptor of a closed one.
            if not self._is_closed:
                self.pull_trigger()

    def _end_waits(self, now: float) -> None:
        for channel, deadline in tuple(self._waiting.items()):
            if channel.has_what_it_waits_for() or now > deadline:
                del self._waiting[channel]
                self._go_on(channel)

    def _go_on(self, channel: Channel) -> None:
        try:
            channel.go_on()
        except Exception:
            # All others depend on this thread.
            logger.exception('A connection that had waited is closed')
            channel.handle_close()

    def _free_connections(self) -> int:
        return self._connection_limit - len(self.channels)

    def _accept_some(self, count: int) -> None:
        for _ in range(count):
            if not self._accept():
                return

    def _accept(self) -> bool:
        try:
            accepted = self.accept()
            if accepted is None:
                return False
            self.set_socket_options(accepted[0])
            self.channel_class(self, *accepted, self.adj, map=self.sockets)
        except OSError as ex:
            # Others are of one connection, which its client has closed already.
            if ex.errno in _EXHAUSTED:
                self._pause('%s', ex.strerror)
                return False
        return True

    def _pause(self, reason: str, *arguments: object) -> None:
        now = time.monotonic()
        self._is_full = True
        self._accepts_at = now + _PAUSE_SECONDS
        if now >= self._warns_at:
            self._warns_at = now + _WARNING_SECONDS
            logger.warning('New connections have to wait: ' + reason, *arguments)

    def _close_idle(self, now: float) -> None:
        idle = [channel for channel in self.channels if channel.is_idle(now)]
        idle.sort(key=lambda channel: channel.last_activity)
        for channel in idle[:_CLOSED_AT_ONCE]:
            channel.handle_close()
        if idle:
            self._accepts_at = now
