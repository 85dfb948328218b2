"""One connection: its answers in JSON, and how long it may keep the server waiting."""

import time
from typing import Any, cast

import orjson
from waitress.channel import HTTPChannel
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import Error

from falcon_images.server.parser import Parser

_ERRORS = {
    400: ('Bad request', 'The request is not valid HTTP/1.1.'),
    408: (
        'Too slow',
        'The request took too long to arrive; send it again, or let the service wait '
        'longer with HEADER_TIMEOUT_SECONDS and REQUEST_TIMEOUT_SECONDS.',
    ),
    413: ('Too large', 'The body has more bytes than MAX_BODY_BYTES allows.'),
    431: ('Headers too large', 'The headers have more than 256 KiB; send less.'),
    500: ('Internal server error', 'The service failed; its log tells why.'),
    501: ('Not implemented', 'Send the body plain, or with chunked transfer coding.'),
}
# A connection that is silent for less may have a request on its way.
_IDLE_SECONDS = 1.0
_SENT_AT_ONCE_BYTES = 1024**2
# What is read of a file for each send; the system often takes less.
_CHUNK_BYTES = 256 * 1024


class _TooSlowError(Error):
    code = 408
    reason = 'Request Timeout'


class _Task(WSGITask):
    def build_response_header(self) -> bytes:
        if cast(Any, self.channel.server).is_stopping:
            cast(Any, self.request).headers['CONNECTION'] = 'close'
        return super().build_response_header()

    def set_close_on_finish(self) -> None:
        # Waitress would end a connection after each 304, because that has no length.
        request = cast(Any, self.request)
        is_asked = request.headers.get('CONNECTION', '').lower() == 'close'
        if self.has_body or is_asked or self.version == '1.0':
            super().set_close_on_finish()

    def finish(self) -> None:
        # Waitress would send the end of a body that HEAD does not have.
        if cast(Any, self.request).command == 'HEAD':
            self.chunked_response = False
        super().finish()


class _ErrorTask(ErrorTask):
    """Answers what never reaches the application as the application would."""

    def execute(self) -> None:
        error = cast(Any, self.request).error
        title, description = _ERRORS[error.code]
        body = orjson.dumps({'title': title, 'description': description})
        self.status = f'{error.code} {error.reason}'
        self.response_headers = [
            ('Content-Type', 'application/json'),
            ('Access-Control-Allow-Origin', '*'),
        ]
        cast(Any, self.request).headers['CONNECTION'] = 'close'
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):
    """A connection that is closed when its client is too slow.

    All but `service` and `write_soon` are called by the thread that runs the server.
    """

    task_class = _Task
    error_task_class = _ErrorTask
    parser_class = Parser
    request: Parser | None
    requests: list[Parser]

    _active_at = 0.0
    _has_had_a_request = False
    _bytes_to_send = 0
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

    def readable(self) -> bool:
        # At the end of a stop, only requests that have begun are read.
        awaited = self.request is not None or cast(Any, self.server).takes_requests
        return awaited and bool(super().readable())

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

    def service(self) -> None:
        self._has_had_a_request = True
        super().service()

    def is_busy(self) -> bool:
        """Tell whether something of it is to be finished before a stop."""
        request = self.request
        begun = request and request.headers_finished and not request.is_refused
        return bool(self.requests or begun or self.total_outbufs_len)

    def is_idle(self, now: float) -> bool:
        """Tell whether closing it would interrupt nothing."""
        blank = self.request is None or self.request.is_blank
        working = self.requests or self.total_outbufs_len
        return blank and not working and now - self._active_at > _IDLE_SECONDS

    def hurry(self, now: float) -> None:
        """Close it if the client lets the server wait for too long."""
        if self.requests or self.total_outbufs_len:
            if self.request is not None:
                # It is not being read, for now.
                self.request.began_at = now
            if self._is_stalled(now):
                self.handle_close()
        elif self._is_late(now):
            self._give_up()

    def end_refused(self) -> None:
        """Answer a body that is refused, without its rest."""
        if self.request is not None and self.request.is_refused and not self.requests:
            self._give_up()

    def _flush_some(self, do_close: bool = True) -> bool:
        self._bytes_to_send = _SENT_AT_ONCE_BYTES
        return bool(cast(Any, super())._flush_some(do_close))

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
        late = self.request is not None and now > self.request.deadline(timeouts)
        return late or self._is_quiet(now)

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
            self.request = None
            self.requests.append(request)
            self.server.add_task(cast(Any, self))
