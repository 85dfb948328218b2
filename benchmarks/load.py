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
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

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
    """What to send to a port of this machine, in turn, and for how many seconds.

    At least one request is sent, and the last is finished after that time.
    """

    port: int
    requests: tuple[Request, ...]
    seconds: float
    new_connections: bool = False


@dataclass
class Tally:
    """The seconds that each request took, in all and to the first byte, and the cost.

    Args:
        seconds: from the begin of all clients to the end of this one's last request.
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


def perform(job: Job, wait_for_begin: Callable[[], float]) -> Tally:
    """Do a job when all clients begin; a wrong answer ends it and is told."""
    tally = Tally()
    try:
        connection = Connection(job.port)
    except OSError as ex:
        wait_for_begin()
        tally.failure = f'{type(ex).__name__}: {ex}'
        return tally
    with contextlib.closing(connection):
        begin, cpu_begin = wait_for_begin(), time.process_time()
        try:
            _send_all(job, connection, begin + job.seconds, tally)
        except (WrongAnswerError, OSError, ValueError) as ex:
            tally.failure = f'{type(ex).__name__}: {ex}'
        tally.seconds = time.monotonic() - begin
        tally.cpu_seconds = time.process_time() - cpu_begin
    return tally


def _send_all(job: Job, connection: Connection, end: float, tally: Tally) -> None:
    number, sent_at = 0, time.monotonic()
    while number == 0 or sent_at < end:
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
            job = _read()
        except EOFError:
            return
        _write(perform(job, _wait_for_begin))


def _wait_for_begin() -> float:
    """Say that this client is ready, and sleep until the time that is answered."""
    _write(None)
    begin: float = _read()
    time.sleep(max(0.0, begin - time.monotonic()))
    return begin


def _read() -> Any:
    return pickle.load(sys.stdin.buffer)


def _write(value: object) -> None:
    pickle.dump(value, sys.stdout.buffer)
    sys.stdout.buffer.flush()
