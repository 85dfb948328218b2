"""One connection: its answers in JSON, and how long it may keep the server waiting."""

import contextlib
import logging
import socket
import time
from typing import Any, cast

from falcon_images.server.buffers import Allowance
from falcon_images.server.internals import Error, HTTPChannel
from falcon_images.server.parser import Parser
from falcon_images.server.tasks import RefusalTask, Task
from falcon_images.server.verdict import Verdict

# A connection that has been silent for less may have a request under way.
_IDLE_SECONDS = 1.0
_SENT_AT_ONCE_BYTES = 1024**2
# What is read of a file for each send; the system often takes less.
_CHUNK_BYTES = 256 * 1024
# Of a body that is refused, this much is read: so many times the limit, or at least
# what a large photograph has. A client that is still sending would see a reset, not the
# answer.
_DISCARDED_LIMITS = 4
_MIN_DISCARDED_BYTES = 64 * 1024**2

logger = logging.getLogger(__name__)


class _TooSlowError(Error):
    code = 408
    reason = 'Request Timeout'


class Channel(HTTPChannel):
    """A connection that is closed when its client is too slow.

    All but `service` and `write_soon` are called by the thread that runs the server.
    """

    task_class = Task
    error_task_class = RefusalTask
    request: Parser | None
    requests: list[Parser]

    _active_at = 0.0
    _has_had_a_request = False
    _bytes_to_send = 0
    _bytes_to_discard = 0
    # Set when all is answered, and only what a client sends on is awaited.
    _lingers_until: float | None = None
    _period_began_at = 0.0
    _sent_in_period = 0

    # Waitress sets it to the time of day, which may jump.
    @property
    def last_activity(self) -> float:
        return self._active_at

    @last_activity.setter
    def last_activity(self, time_of_day: float) -> None:
        self._active_at = time.monotonic()

    def add_channel(self, map: Any = None) -> None:
        super().add_channel(map)
        self._opened_at = time.monotonic()
        self.sendbuf_len = min(self.sendbuf_len, _CHUNK_BYTES)

    @property
    def allowance(self) -> Allowance:
        """How many bytes the bodies of all connections may have together."""
        return cast(Allowance, cast(Any, self.server).allowance)

    def parser_class(self, adj: Any) -> Parser:  # type: ignore[override]
        """Make the parser of a request; Waitress calls it as if it were a class."""
        return Parser(adj, self, cast(Any, self.server).max_body_bytes)

    def readable(self) -> bool:
        if self._lingers_until is not None:
            return True
        if self._waits():
            return False
        # At the end of a stop, only requests that have begun are read.
        awaited = self.request is not None or cast(Any, self.server).takes_requests
        return awaited and bool(super().readable())

    def received(self, data: bytes) -> bool:
        if self._lingers_until is None:
            return bool(super().received(data))
        self._bytes_to_discard -= len(data)
        if self._bytes_to_discard <= 0:
            self.handle_close()
        return False

    def judge(self, request: Parser) -> Verdict | None:
        """Return what the application says of the headers; None if none was given."""
        admit = cast(Any, self.server).admit
        if admit is None:
            return None
        environ = Task(self, cast(Any, request)).get_environment()
        try:
            verdict = cast(Verdict, admit(environ, request.body_rcv is not None))
        except Exception:
            logger.exception('A request could not be judged')
            verdict = Verdict(0)
        if verdict.awaited is not None:
            cast(Any, self.server).wait_for(self, verdict.awaited)
        return verdict

    def discard(self, count: int) -> None:
        """Answer the request at once and close; `count` bytes of it still arrive."""
        most = _DISCARDED_LIMITS * cast(Any, self.server).max_body_bytes
        self._bytes_to_discard = min(count, max(most, _MIN_DISCARDED_BYTES))

    def has_what_it_waits_for(self) -> bool:
        """Return whether its request waits for nothing any more."""
        request = self.request
        return request is None or request.awaited is None or request.awaited.done()

    def go_on(self) -> None:
        """Continue with a request that waited for something."""
        if not self._waits():
            return
        request = cast(Parser, self.request)
        self._active_at = time.monotonic()
        with cast(Any, self).requests_lock:
            came = request.go_on()
            if request.completed:
                self._has_come(request)
            elif request.expect_continue and not (self.requests or self.sent_continue):
                self.send_continue()
        if came and self.connected:
            self.received(came)

    def handle_write(self) -> None:
        if not self.close_when_flushed or self._bytes_to_discard <= 0:
            super().handle_write()
            return
        cast(Any, self)._flush_exception(self._flush_some)
        if self.will_close:
            self.handle_close()
        elif self.connected and not self.total_outbufs_len:
            self._linger()

    def handle_close(self) -> None:
        cast(Any, self.server).wait_no_more_for(self)
        if self.request is not None:
            self.request.close()
        super().handle_close()

    def send(self, data: bytes, do_close: bool = True) -> int:
        # Waitress sends for as long as the client reads, and serves no other then.
        if self._bytes_to_send <= 0:
            return 0
        sent: int = super().send(data, do_close)
        self._bytes_to_send -= sent
        self._sent_in_period += sent
        return sent

    def write_soon(self, data: bytes) -> int:
        if not self.total_outbufs_len:
            # The application may have thought for long; now the client is waited for.
            self._active_at = self._period_began_at = time.monotonic()
            self._sent_in_period = 0
        return super().write_soon(data)

    def send_now(self) -> None:
        """Send what the client takes, however little; called by a working thread.

        Raises:
            ClientDisconnected: the client has gone.
        """
        self.write_soon(b'')
        with cast(Any, self).outbuf_lock:
            cast(Any, self)._flush_exception(self._flush_some, do_close=False)

    def service(self) -> None:
        self._has_had_a_request = True
        super().service()

    def is_busy(self) -> bool:
        """Return whether a request or an answer has to be finished before a stop."""
        request = self.request
        begun = request and request.headers_finished
        return bool(self.requests or begun or self.total_outbufs_len)

    def is_idle(self, now: float) -> bool:
        """Return whether closing it now would interrupt no request or answer."""
        blank = self.request is None or self.request.is_blank
        working = self.requests or self.total_outbufs_len
        return blank and not working and now - self._active_at > _IDLE_SECONDS

    def hurry(self, now: float) -> None:
        """Close the connection if its client is late."""
        if self._lingers_until is not None:
            if now > self._lingers_until:
                self.handle_close()
            return
        is_working = self.requests or self.total_outbufs_len
        if is_working or self._waits():
            if self.request is not None:
                # It is not being read, for now.
                self.request.pause(now)
            if is_working and self._is_stalled(now):
                self.handle_close()
        elif self._is_late(now):
            self._give_up()

    def _flush_some(self, do_close: bool = True) -> bool:
        self._bytes_to_send = _SENT_AT_ONCE_BYTES
        try:
            return bool(cast(Any, super())._flush_some(do_close))
        except ValueError:
            # Another thread closed it meanwhile, and so emptied what was to be sent.
            if self.connected:
                raise
            return False

    def _waits(self) -> bool:
        return self.request is not None and self.request.awaited is not None

    def _is_stalled(self, now: float) -> bool:
        # Waitress sends what is less only when the application is done.
        sending = not self.requests or self.total_outbufs_len >= self.adj.send_bytes
        return sending and (self._is_quiet(now) or self._is_slow_reader(now))

    def _is_slow_reader(self, now: float) -> bool:
        timeouts = cast(Any, self.server).timeouts
        if not self.total_outbufs_len:
            return False
        seconds = now - self._period_began_at
        if seconds < timeouts.quiet_seconds:
            return False
        is_slow = self._sent_in_period < seconds * timeouts.least_bytes_per_second
        self._period_began_at, self._sent_in_period = now, 0
        return bool(is_slow)

    def _is_late(self, now: float) -> bool:
        timeouts = cast(Any, self.server).timeouts
        if not self._has_had_a_request and self._has_no_headers():
            return bool(now > self._opened_at + timeouts.header_seconds)
        return self._is_quiet(now) or (
            self.request is not None
            and (
                now > self.request.deadline(timeouts)
                or self.request.is_slow(now, timeouts)
            )
        )

    def _has_no_headers(self) -> bool:
        return self.request is None or not self.request.headers_finished

    def _is_quiet(self, now: float) -> bool:
        quiet_seconds = cast(Any, self.server).timeouts.quiet_seconds
        return bool(now - self._active_at > quiet_seconds)

    def _give_up(self) -> None:
        request = self.request
        if request is None or request.is_blank or self.close_when_flushed:
            self.handle_close()
            return
        with cast(Any, self).requests_lock:
            request.error = request.error or _TooSlowError('')
            request.completed = True
            self._has_come(request)

    def _has_come(self, request: Parser) -> None:
        self.request = None
        self.requests.append(request)
        if len(self.requests) == 1:
            self.server.add_task(cast(Any, self))

    def _linger(self) -> None:
        self.close_when_flushed = False
        seconds = cast(Any, self.server).timeouts.refused_seconds
        self._lingers_until = time.monotonic() + seconds
        with contextlib.suppress(OSError):
            cast(Any, self.socket).shutdown(socket.SHUT_WR)
