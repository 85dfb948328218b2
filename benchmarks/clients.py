"""Client processes, kept for the whole run, that put load on one server at a time."""

import contextlib
import pickle
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, cast

from benchmarks.load import Job, Request, Tally

ROOT = Path(__file__).parent.parent
# Time for all clients to be told when they begin.
_BEGIN_SECONDS = 0.01
_MAIN = 'from benchmarks.load import main; main()'


class Clients:
    """As many client processes as connections were ever needed at once."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []

    def run(
        self,
        port: int,
        requests: Sequence[Request],
        connections: int,
        seconds: float,
        new_connections: bool = False,
    ) -> list[Tally]:
        """Send requests in turn on each connection for so long, or one if 0."""
        while len(self._processes) < connections:
            self._processes.append(_start())
        used = self._processes[:connections]
        for number, process in enumerate(used):
            turned = _turned(requests, number * len(requests) // connections)
            _write(process, Job(port, turned, seconds, new_connections))
        for process in used:
            _read(process)
        begin = time.monotonic() + _BEGIN_SECONDS
        for process in used:
            _write(process, begin)
        return [_read(process) for process in used]

    def close(self) -> None:
        """End them."""
        for process in self._processes:
            with contextlib.suppress(OSError):
                process.communicate()
        self._processes.clear()


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, '-c', _MAIN],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def _turned(requests: Sequence[Request], first: int) -> tuple[Request, ...]:
    """Let each client begin with another request."""
    return (*requests[first:], *requests[:first])


def _read(process: subprocess.Popen[bytes]) -> Any:
    return pickle.load(cast(IO[bytes], process.stdout))


def _write(process: subprocess.Popen[bytes], value: object) -> None:
    stream = cast(IO[bytes], process.stdin)
    pickle.dump(value, stream)
    stream.flush()
