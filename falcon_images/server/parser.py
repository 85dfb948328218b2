"""Requests as they arrive: what is refused, and until when they must be there."""

import re
import time
from typing import Any, cast

from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.utilities import BadRequest, RequestEntityTooLarge

from falcon_images.server.timeouts import Timeouts

_MAX_CHUNK_LINE_BYTES = 8192
# Of a body that is refused, this much is read: so many times the limit, or at least
# what a large photograph has.
_DISCARDED_LIMITS = 4
_MIN_DISCARDED_BYTES = 64 * 1024**2
_TRANSFER_ENCODING = re.compile(
    rb'^transfer-encoding[ \t]*:', re.IGNORECASE | re.MULTILINE
)


class Parser(HTTPRequestParser):
    """Refuses what Waitress lets pass, and reads on where it would hang up."""

    # Waitress logs it, of requests too whose first line was not understood.
    path = ''
    _bytes_to_discard = 0
    _refused_at: float | None = None

    def __init__(self, adj: Adjustments) -> None:
        super().__init__(adj)
        self.began_at = time.monotonic()

    @property
    def is_blank(self) -> bool:
        """Whether only line ends have come, which some clients send after a body."""
        return not self.headers_finished and self.header_plus.isspace()

    @property
    def is_refused(self) -> bool:
        """Whether the rest of the body is read, but not kept."""
        return self._refused_at is not None

    def deadline(self, timeouts: Timeouts) -> float:
        """Tell until when the part that is awaited must have arrived."""
        if not self.headers_finished:
            return self.began_at + timeouts.header_seconds
        deadline = self.began_at + timeouts.request_seconds
        if self._refused_at is None:
            return deadline
        return min(deadline, self._refused_at + timeouts.refused_seconds)

    def received(self, data: bytes) -> int:
        if self.chunked and self.body_rcv is not None:
            return self._receive_chunks(data)
        if self.is_refused:
            return self._discard(data)
        consumed: int = super().received(data)
        # A client that is still sending would see a reset, not the 413; one that asks
        # first is answered at once.
        if isinstance(self.error, RequestEntityTooLarge) and not self.expect_continue:
            self._refuse()
            self._bytes_to_discard = min(self.content_length, self._bytes_to_discard)
            self.completed = False
        if self.completed:
            # Waitress would ask for a body that it does not want, and then wait for it.
            self.expect_continue = False
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError as ex:
            raise ParsingError('The address is not a URL') from ex
        # RFC 9112, sections 6.1 and 6.3: such messages may smuggle in a request. The
        # headers that are left do not tell any more: Waitress takes that one out.
        if _TRANSFER_ENCODING.search(header_plus) and (
            not self.chunked or 'CONTENT_LENGTH' in self.headers
        ):
            raise ParsingError('Transfer-Encoding is not the only framing')

    def _refuse(self) -> None:
        self._refused_at = time.monotonic()
        limits = _DISCARDED_LIMITS * self.adj.max_request_body_size
        self._bytes_to_discard = max(limits, _MIN_DISCARDED_BYTES)

    def _discard(self, data: bytes) -> int:
        self._bytes_to_discard -= len(data)
        self.completed = self._bytes_to_discard <= 0
        # What follows the body is not read either: the answer ends the connection.
        return len(data)

    def _receive_chunks(self, data: bytes) -> int:
        """Count the bytes of the body, where Waitress counts those of its coding."""
        receiver = cast(Any, self.body_rcv)
        consumed: int = receiver.received(data)
        if len(receiver.control_line) + len(receiver.trailer) > _MAX_CHUNK_LINE_BYTES:
            receiver.error = BadRequest('A chunk line or trailer without end')
        if len(receiver) >= self.adj.max_request_body_size:
            self.error = RequestEntityTooLarge('')
            receiver.buf.close()
            receiver.buf = _Nowhere()
            self._refuse()
        if self.is_refused:
            self._discard(data)
        if receiver.error or receiver.completed:
            self.error = self.error or receiver.error
            self.completed = True
            cast(Any, self.headers)['CONTENT_LENGTH'] = str(len(receiver))
        return consumed


class _Nowhere:
    """A buffer for the rest of a body that is refused."""

    def append(self, data: bytes) -> None:
        pass

    def __len__(self) -> int:
        return 0

    def close(self) -> None:
        pass
