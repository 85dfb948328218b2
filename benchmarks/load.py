"""A client process: one connection, requests made beforehand, answers only counted.

It imports the standard library alone, so that it is small and starts at once.
"""

import contextlib
import pickle
import re
import socket
import sys
import time
from array import array
from dataclasses import dataclass, field

_TIMEOUT_SECONDS = 120.0
_FIRST_BYTES = 65536
_BUFFER_BYTES = 1024**2
_LENGTH = re.compile(rb'\r\nContent-Length: *(\d+)', re.IGNORECASE)
# As after a 304: without a length or a body, Waitress keeps no connection.
_CLOSES = re.compile(rb'\r\nConnection: *close', re.IGNORECASE)
# Linux drops what is read so without copying it; elsewhere it means something else.
_DISCARD = socket.MSG_TRUNC if sys.platform == 'linux' else 0


class WrongAnswerError(Exception):
    """An answer that is not the one expected."""


@dataclass(frozen=True)
class Request:
    """A request's bytes as parts that are sent so many times, and its right answer.

    Args:
        length: the bytes of the answer's body; None if any number is right.
        has_body: not so for answers to HEAD, and for 304.
    """

    parts: tuple[tuple[bytes, int], ...]
    status: int = 200
    length: int | None = None
    has_body: bool = True


@dataclass(frozen=True)
class Job:
    """What to send to a port of this machine, between two times of `time.monotonic`.

    Requests are sent in turn, at least one, and the last is finished after the end.
    """

    port: int
    requests: tuple[Request, ...]
    begin: float
    end: float
    new_connections: bool = False


@dataclass
class Tally:
    """The seconds that each request took, in all and to the first byte, and the cost.

    Args:
        seconds: from the first request's begin to the last one's end.
        cpu_seconds: what this client used.
        failure: why it gave up.
    """

    latencies: 'array[float]' = field(default_factory=lambda: array('d'))
    first_bytes: 'array[float]' = field(default_factory=lambda: array('d'))
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    failure: str = ''


class Connection:
    """A connection to a server, one request at a time."""

    def __init__(self, port: int) -> None:
        self._address = ('127.0.0.1', port)
        self._buffer = bytearray(_BUFFER_BYTES)
        self._socket = self._open()
        self._is_closing = False

    def reopen(self) -> None:
        """Close it and open a new one."""
        self._socket.close()
        self._socket = self._open()
        self._is_closing = False

    def exchange(self, request: Request) -> float:
        """Send a request and read its answer; tell when its first byte came."""
        if self._is_closing:
            self.reopen()
        for part, times in request.parts:
            for _ in range(times):
                self._socket.sendall(part)
        answer = self._receive()
        first_byte = time.monotonic()
        while (end := answer.find(b'\r\n\r\n') + 4) < 4:
            answer += self._receive()
        length = self._check(request, answer[:end])
        self._skip(length - len(answer) + end if request.has_body else 0)
        return first_byte

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def _open(self) -> socket.socket:
        opened = socket.create_connection(self._address, _TIMEOUT_SECONDS)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    def _check(self, request: Request, head: bytes) -> int:
        found = _LENGTH.search(head)
        length = int(found[1]) if found else 0
        is_wrong_length = request.length is not None and request.length != length
        if int(head[9:12]) != request.status or is_wrong_length:
            raise WrongAnswerError(head.decode(errors='replace'))
        self._is_closing = _CLOSES.search(head) is not None
        return length

    def _receive(self) -> bytes:
        received = self._socket.recv(_FIRST_BYTES)
        if not received:
            raise WrongAnswerError('The server closed the connection.')
        return received

    def _skip(self, left: int) -> None:
        while left > 0:
            count = min(left, _BUFFER_BYTES)
            received = self._socket.recv_into(self._buffer, count, _DISCARD)
            if not received:
                raise WrongAnswerError('The server closed the connection early.')
            left -= received


def perform(job: Job) -> Tally:
    """Do a job; a wrong answer ends it and is told."""
    tally = Tally()
    try:
        with contextlib.closing(Connection(job.port)) as connection:
            time.sleep(max(0.0, job.begin - time.monotonic()))
            cpu_begin, begin = time.process_time(), time.monotonic()
            _send_all(job, connection, tally)
            tally.seconds = time.monotonic() - begin
            tally.cpu_seconds = time.process_time() - cpu_begin
    except (WrongAnswerError, OSError, ValueError) as ex:
        tally.failure = f'{type(ex).__name__}: {ex}'
    return tally


def _send_all(job: Job, connection: Connection, tally: Tally) -> None:
    number, sent_at = 0, time.monotonic()
    while number == 0 or sent_at < job.end:
        if job.new_connections:
            connection.reopen()
        first_byte = connection.exchange(job.requests[number % len(job.requests)])
        ended_at = time.monotonic()
        tally.latencies.append(ended_at - sent_at)
        tally.first_bytes.append(first_byte - sent_at)
        number, sent_at = number + 1, ended_at


def main() -> None:
    """Do the jobs that come through standard input, until it ends."""
    while True:
        try:
            job = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(perform(job), sys.stdout.buffer)
        sys.stdout.buffer.flush()
