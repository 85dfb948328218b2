"""Client processes, kept for the whole run, that put load on one server at a time."""

import contextlib
import pickle
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, cast

from benchmarks.load import Job, Request, Tally

ROOT = Path(__file__).parent.parent
# Time for all clients to read their job and to connect.
_BEGIN_SECONDS = 0.05
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
        begin = time.monotonic() + _BEGIN_SECONDS
        for number, process in enumerate(used):
            turned = _turned(requests, number * len(requests) // connections)
            job = Job(port, turned, begin, begin + seconds, new_connections)
            stream = cast(IO[bytes], process.stdin)
            pickle.dump(job, stream)
            stream.flush()
        return [_answer(process) for process in used]

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


def _answer(process: subprocess.Popen[bytes]) -> Tally:
    tally = pickle.load(cast(IO[bytes], process.stdout))
    return cast(Tally, tally)
