"""Requests as they arrive: what is refused, and until when they must be there."""

import errno
import re
import sys
import time
from concurrent.futures import Future
from typing import Any, Protocol, cast

from falcon_images.server.buffers import (
    Allowance,
    BodyBuffer,
    MemoryShare,
    NoAllowanceError,
)
from falcon_images.server.internals import (
    Adjustments,
    BadRequest,
    Error,
    HTTPRequestParser,
    ParsingError,
    RequestEntityTooLarge,
)
from falcon_images.server.timeouts import Timeouts
from falcon_images.server.verdict import Verdict

_MAX_CHUNK_LINE_BYTES = 8192
# Only attackers send larger ones; these count as bodies do.
_SMALL_HEADER_BYTES = 16 * 1024
_TRANSFER_ENCODING = re.compile(
    rb'^transfer-encoding[ \t]*:', re.IGNORECASE | re.MULTILINE
)
# RFC 9110, section 7.2, and RFC 3986, section 3.2.2; it may be empty.
_HOST = re.compile(
    r"(\[[\w.:~!$&'()*+,;=-]+\]|([\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(:[0-9]*)?",
    re.ASCII,
)
_NOT_ENCODED_ADDRESS = re.compile(rb'[A-Z]+ [^\r\n]*[\x80-\xff][^\r\n]* HTTP/')
# Whoever writes it by hand can correct it, so the answer says this.
NOT_ENCODED = (
    'The address has characters that are not percent-encoded; encode its path and '
    'query as UTF-8, as curl -G --data-urlencode "note=..." does for the query.'
)
_DISK_IS_FULL = (errno.ENOSPC, getattr(errno, 'EDQUOT', errno.ENOSPC))


class TooManyBytesError(Error):
    """All bodies together have as many bytes as they may."""

    code = 503
    reason = 'Service Unavailable'


class DiskFullError(Error):
    """The disk has no space for the body."""

    code = 507
    reason = 'Insufficient Storage'


class Connection(Protocol):
    """What a request asks of the connection on which it arrives."""

    @property
    def allowance(self) -> Allowance:
        """How many bytes the bodies of all connections may have together."""

    def judge(self, request: 'Parser') -> Verdict | None:
        """Return what the application says of the headers; None if none was given."""

    def discard(self, count: int) -> None:
        """Answer the request at once and close; `count` bytes of it still arrive."""


class Parser(HTTPRequestParser):
    """Refuses what Waitress lets pass, and takes what the application accepts."""

    # Waitress logs it, of requests too whose first line was not understood.
    path = ''
    # What must be there before more is read.
    awaited: 'Future[Any] | None' = None
    environ: dict[str, Any] | None = None
    # Nothing of the body was taken, and what follows the headers is not read either.
    is_refused = False

    _is_closed = _is_quick = False
    _large_headers: MemoryShare | None = None

    def __init__(
        self, adj: Adjustments, connection: Connection, max_body_bytes: int
    ) -> None:
        super().__init__(adj)
        self.began_at = self._period_began_at = time.monotonic()
        self._came_in_period = 0
        self._connection = connection
        self._max_body_bytes = max_body_bytes

    @property
    def is_blank(self) -> bool:
        """Whether only line ends arrived, which some clients send after a body."""
        return not self.headers_finished and self.header_plus.isspace()

    @property
    def is_quick(self) -> bool:
        """Whether its answer needs neither its body nor a wait."""
        return self._is_quick or self.error is not None

    def deadline(self, timeouts: Timeouts) -> float:
        """Return until when the headers, or after them the body, must have arrived."""
        if not self.headers_finished:
            return self.began_at + timeouts.header_seconds
        return self.began_at + timeouts.request_seconds

    def pause(self, now: float) -> None:
        """Begin to wait anew, because the server has not read until now."""
        self.began_at = self._period_began_at = now
        self._came_in_period = 0

    def is_slow(self, now: float, timeouts: Timeouts) -> bool:
        """Return whether the body comes with too few bytes a second."""
        seconds = now - self._period_began_at
        if self.body_rcv is None or seconds < timeouts.body_seconds:
            return False
        is_slow = self._came_in_period < seconds * timeouts.body_bytes_per_second
        self._period_began_at, self._came_in_period = now, 0
        return is_slow

    def received(self, data: bytes) -> int:
        consumed = len(data)
        self._came_in_period += consumed
        if self._is_closed:
            # Closed, it may still get bytes that were read before.
            return consumed
        try:
            if self.awaited is not None:
                self._held.append(data)
            elif self.body_rcv is not None:
                consumed = self._receive_body(data)
            else:
                consumed = self._receive_headers(data)
        except (NoAllowanceError, OSError) as ex:
            self._end_for(ex)
        if self.completed:
            # Waitress would ask for a body that it does not want, and then wait for it.
            self.expect_continue = False
        return len(data) if self.is_refused else consumed

    def go_on(self) -> bytes:
        """Ask the application again; return the bytes that arrived meanwhile."""
        content = b''
        try:
            content = self._held.getfile().read()
            self._held.close()
            self._begin(len(content))
        except OSError as ex:
            self._end_for(ex)
        return b'' if self.is_refused else content

    def close(self) -> None:
        self._forget_body()
        if self._large_headers is not None:
            self._large_headers.close()
        self._is_closed = True
        # They refer to this request, too: a cycle would keep its memory.
        self.environ = self._connection = cast(Any, None)

    def parse_header(self, header_plus: bytes) -> None:
        if _NOT_ENCODED_ADDRESS.match(header_plus):
            raise ParsingError(NOT_ENCODED)
        try:
            super().parse_header(header_plus)
        except ValueError as ex:
            raise ParsingError('The address is not a URL') from ex
        # RFC 9112, sections 6.1 and 6.3: such messages may smuggle in a request. The
        # headers that are left do not show it any more: Waitress removes that one.
        if _TRANSFER_ENCODING.search(header_plus) and (
            not self.chunked or 'CONTENT_LENGTH' in self.headers
        ):
            raise ParsingError('Transfer-Encoding is not the only framing')
        # RFC 9112, section 3.2. Several are joined with a blank, which none may have.
        host = cast(Any, self.headers).get('HOST', None if self.version > '1.0' else '')
        if host is None or not _HOST.fullmatch(host):
            raise ParsingError('There is not one Host')

    def _receive_headers(self, data: bytes) -> int:
        consumed: int = super().received(data)
        size = self.header_bytes_received
        if size > _SMALL_HEADER_BYTES and not self.error:
            if self._large_headers is None:
                self._large_headers = MemoryShare(self._connection.allowance)
            self._large_headers.grow(size)
        if self.headers_finished and not (self.error or self.empty):
            self._asks_first = self.expect_continue
            if self.body_rcv is not None:
                cast(Any, self.body_rcv).buf = BodyBuffer(self._connection.allowance)
            self._begin(len(data) - consumed)
        return consumed

    def _begin(self, received_bytes: int) -> None:
        """Act on the verdict; `received_bytes` of the body have arrived already."""
        verdict = self._connection.judge(self) or Verdict(self._max_body_bytes)
        self.awaited = verdict.awaited
        is_whole = self.body_rcv is None
        self.completed = is_whole and self.awaited is None
        self.expect_continue = self._asks_first and not (is_whole or self.awaited)
        if self.awaited is not None:
            self._held = BodyBuffer(self._connection.allowance)
            return
        self._is_quick = verdict.is_quick
        self._max_body_bytes = verdict.max_body_bytes
        is_unwanted = self._is_quick and self.expect_continue
        if is_unwanted or self.content_length > self._max_body_bytes:
            self._refuse(received_bytes)

    def _receive_body(self, data: bytes) -> int:
        receiver = cast(Any, self.body_rcv)
        consumed: int = receiver.received(data)
        if self.chunked:
            rest = len(receiver.control_line) + len(receiver.trailer)
            if rest > _MAX_CHUNK_LINE_BYTES:
                receiver.error = BadRequest('A chunk line or trailer without end')
            # The bytes of the body, where Waitress counts those of its coding.
            cast(Any, self.headers)['CONTENT_LENGTH'] = str(len(receiver))
            if len(receiver) > self._max_body_bytes:
                self._refuse(len(data))
                return consumed
        if receiver.error or receiver.completed:
            # The last bytes may still have to be written.
            receiver.getfile()
            self.error = self.error or receiver.error
            self.completed = True
        return consumed

    def _refuse(self, received_bytes: int) -> None:
        # An application that was not asked does not know the limit.
        if self.environ is None:
            self.error = RequestEntityTooLarge('')
        self._is_quick = True
        self._end(received_bytes)

    def _end_for(self, ex: Exception) -> None:
        if not self.headers_finished:
            # The answer needs what is found there.
            super().parse_header(b'GET / HTTP/1.0\r\n')
        is_full = isinstance(ex, OSError) and ex.errno in _DISK_IS_FULL
        self.error = DiskFullError('') if is_full else TooManyBytesError('')
        self._end(0)

    def _end(self, received_bytes: int) -> None:
        to_come = sys.maxsize
        if not self.chunked:
            had = len(cast(Any, self.body_rcv)) if self.body_rcv is not None else 0
            to_come = self.content_length - had - received_bytes
        self._forget_body()
        self.body_rcv = None
        self.is_refused = self.completed = True
        self._connection.discard(to_come)

    def _forget_body(self) -> None:
        super().close()
        if self.awaited is not None:
            self._held.close()
            self.awaited = None
