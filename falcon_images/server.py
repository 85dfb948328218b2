"""Waitress as this service needs it: errors in JSON, a stop that finishes requests."""

import contextlib
import logging
import re
import select
import socket
import time
from typing import Any, cast

import orjson
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import create_server
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import BadRequest, RequestEntityTooLarge

_USE_POLL = hasattr(select, 'poll')
# Windows selects among 512 sockets at most.
_CONNECTION_LIMIT = 2000 if _USE_POLL else 500
_SOCKET_BYTES = 65536
_MAX_CHUNK_LINE_BYTES = 8192
_TRANSFER_ENCODING = re.compile(
    rb'^transfer-encoding[ \t]*:', re.IGNORECASE | re.MULTILINE
)
_LOOP_SECONDS = 0.5
_STOP_SECONDS = 30.0

_ERRORS = {
    400: ('Bad request', 'The request is not valid HTTP/1.1.'),
    413: ('Too large', 'The body has more bytes than MAX_BODY_BYTES allows.'),
    431: ('Headers too large', 'The headers have more than 256 KiB; send less.'),
    500: ('Internal server error', 'The service failed; its log tells why.'),
    501: ('Not implemented', 'Send the body plain, or with chunked transfer coding.'),
}

logger = logging.getLogger(__name__)


def listen(host: str, port: int) -> socket.socket:
    """Open the socket to listen on; ``*`` means all addresses, IPv4 and IPv6.

    Raises:
        OSError: the address is taken, not this machine's, or not allowed.
    """
    if host == '*' and socket.has_dualstack_ipv6():
        return socket.create_server(
            ('', port), family=socket.AF_INET6, dualstack_ipv6=True
        )
    host = '' if host == '*' else host
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


class Server:
    """An HTTP/1.1 server for a WSGI application, on a socket from `listen`.

    Args:
        threads: how many requests are worked on at once.
        max_body_bytes: a larger body is answered with 413.
    """

    def __init__(
        self,
        application: Any,
        listener: socket.socket,
        *,
        threads: int,
        max_body_bytes: int,
    ) -> None:
        self._map: dict[int, Any] = {}
        self._stopping = False
        server = create_server(
            application,
            map=self._map,
            sockets=[listener],
            threads=threads,
            max_request_body_size=max_body_bytes + 1,
            connection_limit=_CONNECTION_LIMIT,
            asyncore_use_poll=_USE_POLL,
            recv_bytes=_SOCKET_BYTES,
            send_bytes=_SOCKET_BYTES,
            ident=None,
        )
        self._server = cast(Any, server)
        self._server.channel_class = _Channel
        self._server.is_stopping = False

    def run(self) -> None:
        """Serve until `stop` is called, then finish the requests that have begun."""
        while not self._stopping:
            self._turn(_LOOP_SECONDS)
        self._finish()

    def stop(self) -> None:
        """Make `run` return; may be called by a signal handler."""
        self._stopping = True
        # It may have stopped already.
        with contextlib.suppress(OSError):
            self._server.pull_trigger()

    def _turn(self, seconds: float) -> None:
        wasyncore.loop(seconds, use_poll=_USE_POLL, map=self._map, count=1)

    def _finish(self) -> None:
        self._server.is_stopping = True
        wasyncore.dispatcher.close(self._server)
        deadline = time.monotonic() + _STOP_SECONDS
        while busy := self._busy():
            if time.monotonic() > deadline:
                logger.warning('Stopping; %d requests are cut off', busy)
                break
            self._turn(_LOOP_SECONDS)
        self._server.task_dispatcher.shutdown(timeout=1)
        wasyncore.close_all(self._map, ignore_all=True)

    def _busy(self) -> int:
        return sum(
            bool(channel.requests or channel.request or channel.total_outbufs_len)
            for channel in list(self._server.active_channels.values())
        )


class _Parser(HTTPRequestParser):
    """Refuses what Waitress lets pass, and reads on where it would hang up."""

    _bytes_to_discard = 0

    def received(self, data: bytes) -> int:
        if self._bytes_to_discard:
            return self._discard(data)
        if self.chunked and self.body_rcv is not None:
            return self._receive_chunks(data)
        consumed: int = super().received(data)
        # A client that is still sending would see a reset, not the 413; one that asks
        # first is answered at once.
        if isinstance(self.error, RequestEntityTooLarge) and not self.expect_continue:
            self._bytes_to_discard = self.content_length
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

    def _discard(self, data: bytes) -> int:
        count = min(len(data), self._bytes_to_discard)
        self._bytes_to_discard -= count
        self.completed = not self._bytes_to_discard
        return count

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


class _Task(WSGITask):
    def build_response_header(self) -> bytes:
        if cast(Any, self.channel.server).is_stopping:
            cast(Any, self.request).headers['CONNECTION'] = 'close'
        return super().build_response_header()

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


class _Channel(HTTPChannel):
    task_class = _Task
    error_task_class = _ErrorTask
    parser_class = _Parser

    def readable(self) -> bool:
        # During a stop, only requests that have begun are read.
        begun = self.request is not None or not cast(Any, self.server).is_stopping
        return begun and bool(super().readable())
