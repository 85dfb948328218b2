"""One request to a service that was just started: its time, memory and answer."""

import http.client
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.programs import MemoryWatch, Program

_BLOCK_BYTES = 1024**2
_MEGABYTE = 1024**2
_TIMEOUT_SECONDS = 3600
_MOST_SHOWN = 300


@dataclass(frozen=True)
class Call:
    """A request: what is sent, and the file that the answer is written to.

    Args:
        body: bytes, or the path of a file.
    """

    method: str
    path: str
    answer: Path
    body: bytes | Path = b''
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Transfer:
    """What came of a request.

    Args:
        first_byte: seconds to the first byte of the answer's body.
        growth_mb: the most resident memory of the service above what it had before.
        cpu_seconds: what the service used, without the database.
    """

    status: int
    first_byte: float
    seconds: float
    size: int
    growth_mb: float
    cpu_seconds: float


class RefusedError(Exception):
    """The answer to a request was an error; `transfer` has its figures."""

    def __init__(self, text: str, transfer: Transfer) -> None:
        super().__init__(text)
        self.transfer = transfer


def transfer(start: Callable[[], Program], call: Call) -> Transfer:
    """Start a service, so that its memory is fresh, send a request, and stop it.

    Raises:
        RefusedError: the answer is an error.
    """
    program = start()
    try:
        return _measured(program, call)
    finally:
        program.stop()


def json_of(path: Path) -> Any:
    """Return the JSON of an answer."""
    return json.loads(path.read_bytes())


def _measured(program: Program, call: Call) -> Transfer:
    memory_before, cpu_before = program.memory_bytes(), program.cpu_seconds()
    with MemoryWatch(program) as memory:
        started = time.monotonic()
        response = _sent(program.port, call)
        first_byte = _receive(response, call.answer)
        ended = time.monotonic()
    done = Transfer(
        status=response.status,
        first_byte=(first_byte or ended) - started,
        seconds=ended - started,
        size=call.answer.stat().st_size,
        growth_mb=(memory.peak_bytes - memory_before) / _MEGABYTE,
        cpu_seconds=program.cpu_seconds() - cpu_before,
    )
    if response.status >= http.client.BAD_REQUEST:
        shown = call.answer.read_text(encoding='utf-8')[:_MOST_SHOWN]
        raise RefusedError(f'{response.status} {shown}', done)
    return done


def _sent(port: int, call: Call) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(
        '127.0.0.1', port, timeout=_TIMEOUT_SECONDS, blocksize=_BLOCK_BYTES
    )
    headers = dict(call.headers) | {'Connection': 'close'}
    if isinstance(call.body, Path):
        headers['Content-Length'] = str(call.body.stat().st_size)
        with call.body.open('rb') as file:
            connection.request(call.method, call.path, file, headers)
    else:
        connection.request(call.method, call.path, call.body, headers)
    return connection.getresponse()


def _receive(response: http.client.HTTPResponse, path: Path) -> float:
    """Write the body to a file; return when its first byte came, or 0."""
    first_byte = 0.0
    with path.open('wb') as file:
        while block := response.read1(_BLOCK_BYTES):
            first_byte = first_byte or time.monotonic()
            file.write(block)
    return first_byte
