"""The start of the service with a database that is there, and its memory when idle."""

import time

from benchmarks.environment import Environment
from benchmarks.measuring import Figures, Result, middle

_MEGABYTE = 1024**2


def measure_start(environment: Environment, rounds: int) -> Result:
    """Start it as often; `memory_mb` is all that it has when it has answered once."""
    found = [_start(environment) for _ in range(rounds)]
    return Result('start', {'service': middle(found)}, {})


def _start(environment: Environment) -> Figures:
    program = environment.start_one('service')
    seconds = time.monotonic() - program.started_at
    cpu_ms, memory_bytes = program.cpu_seconds() * 1000, program.memory_bytes()
    program.stop()
    return Figures(
        rate=1 / seconds,
        p50_ms=seconds * 1000,
        p99_ms=seconds * 1000,
        first_byte_ms=seconds * 1000,
        cpu_ms=cpu_ms,
        client_cpu_ms=0,
        memory_mb=memory_bytes / _MEGABYTE,
    )
