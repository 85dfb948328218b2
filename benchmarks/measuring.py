"""Measuring one scenario: its sides in turn, several rounds, and what comes of it."""

import itertools
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.clients import Clients
from benchmarks.load import Request, Tally
from benchmarks.programs import MemoryWatch, Program

_MEGABYTE = 1024**2
_WARM_UP_PART = 0.3


@dataclass(frozen=True)
class Side:
    """One side of a scenario: to which program what is sent, on how many connections.

    Args:
        label: what the table calls it; the first side of a scenario is what is
            measured, all others are what it is compared with.
        program: a name that the environment knows.
    """

    label: str
    program: str
    requests: tuple[Request, ...]
    connections: int = 1


@dataclass(frozen=True)
class Scenario:
    """The same work on several sides, which take turns.

    Args:
        before: makes ready what one turn of that side uses up.
        after: puts back what one turn changed.
        once: a turn is one request, and nothing is warmed up.
        max_rounds: fewer rounds, for what takes long.
    """

    name: str
    sides: tuple[Side, ...]
    new_connections: bool = False
    before: Callable[[Side], None] | None = None
    after: Callable[[], None] | None = None
    once: bool = False
    max_rounds: int = 1000


@dataclass(frozen=True)
class LeftOut:
    """A scenario that cannot be measured here, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Figures:
    """What one side gave in one round, or in the middle of all.

    Args:
        rate: requests a second.
        p50_ms, p99_ms, first_byte_ms: the time of a request; that of half of them to
            the first byte.
        cpu_ms: what the server's processes used for one request.
        client_cpu_ms: what the clients used for it.
        memory_mb: the most that the server had above what it had when idle, in MiB.
    """

    rate: float
    p50_ms: float
    p99_ms: float
    first_byte_ms: float
    cpu_ms: float
    client_cpu_ms: float
    memory_mb: float


@dataclass(frozen=True)
class Ratio:
    """The measured side's rate as a multiple of another's: the median, the range."""

    median: float
    lowest: float
    highest: float


@dataclass(frozen=True)
class Result:
    """What a scenario gave: figures for each side, ratios for each but the first."""

    name: str
    figures: Mapping[str, Figures]
    ratios: Mapping[str, Ratio]


class FailedError(Exception):
    """A server gave a wrong answer."""


def measure(
    scenario: Scenario,
    programs: Mapping[str, Program],
    clients: Clients,
    rounds: int,
    seconds: float,
) -> Result:
    """Let the sides take turns; each round begins with another one.

    Raises:
        FailedError: an answer was wrong.
    """
    turns = _Turns(scenario, programs, clients)
    if not scenario.once:
        for side in scenario.sides:
            turns.take(side, seconds * _WARM_UP_PART)
    found: dict[str, list[Figures]] = {side.label: [] for side in scenario.sides}
    for number in range(min(rounds, scenario.max_rounds)):
        first = number % len(scenario.sides)
        for side in (*scenario.sides[first:], *scenario.sides[:first]):
            found[side.label].append(turns.take(side, seconds))
    return _result(scenario, found)


class _Turns:
    """Takes one turn of a side after the other."""

    def __init__(
        self, scenario: Scenario, programs: Mapping[str, Program], clients: Clients
    ) -> None:
        self._scenario, self._programs = scenario, programs
        self._clients = clients
        self._idle = {name: made.memory_bytes() for name, made in programs.items()}

    def take(self, side: Side, seconds: float) -> Figures:
        scenario, program = self._scenario, self._programs[side.program]
        if scenario.before:
            scenario.before(side)
        program.find_processes()
        cpu_before = program.cpu_seconds()
        with MemoryWatch(program) as memory:
            tallies = self._clients.run(
                program.port,
                side.requests,
                side.connections,
                0 if scenario.once else seconds,
                scenario.new_connections,
            )
        cpu = program.cpu_seconds() - cpu_before
        if scenario.after:
            scenario.after()
        _check(scenario, side, tallies)
        above_idle = memory.peak_bytes - self._idle[side.program]
        return _figures(tallies, cpu, above_idle)


def _check(scenario: Scenario, side: Side, tallies: Sequence[Tally]) -> None:
    for tally in tallies:
        if tally.failure:
            raise FailedError(f'{scenario.name}, {side.label}: {tally.failure}')


def _figures(
    tallies: Sequence[Tally], cpu_seconds: float, memory_bytes: int
) -> Figures:
    latencies = sorted(itertools.chain(*(tally.latencies for tally in tallies)))
    first_bytes = list(itertools.chain(*(tally.first_bytes for tally in tallies)))
    count = len(latencies)
    client_cpu_seconds = sum(tally.cpu_seconds for tally in tallies)
    return Figures(
        rate=sum(len(tally.latencies) / tally.seconds for tally in tallies),
        p50_ms=statistics.median(latencies) * 1000,
        p99_ms=latencies[int(count * 0.99)] * 1000,
        first_byte_ms=statistics.median(first_bytes) * 1000,
        cpu_ms=cpu_seconds / count * 1000,
        client_cpu_ms=client_cpu_seconds / count * 1000,
        memory_mb=memory_bytes / _MEGABYTE,
    )


def _result(scenario: Scenario, found: Mapping[str, Sequence[Figures]]) -> Result:
    measured = found[scenario.sides[0].label]
    return Result(
        name=scenario.name,
        figures={label: middle(rounds) for label, rounds in found.items()},
        ratios={
            side.label: _ratio(measured, found[side.label])
            for side in scenario.sides[1:]
        },
    )


def middle(rounds: Sequence[Figures]) -> Figures:
    """Take the median of each figure; of memory the most."""
    columns = {
        name: statistics.median(vars(figures)[name] for figures in rounds)
        for name in vars(rounds[0])
    }
    columns['memory_mb'] = max(figures.memory_mb for figures in rounds)
    return Figures(**columns)


def _ratio(measured: Sequence[Figures], others: Sequence[Figures]) -> Ratio:
    ratios = [
        one.rate / other.rate for one, other in zip(measured, others, strict=True)
    ]
    return Ratio(statistics.median(ratios), min(ratios), max(ratios))
