"""One run: the fixtures are filled, then one scenario after the other is measured."""

import contextlib
import fnmatch
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from benchmarks.clients import Clients
from benchmarks.environment import DATABASE, Environment
from benchmarks.fixtures import (
    LARGE,
    PICTURES,
    SMALL,
    SMALL_DOCUMENTS,
    UPLOADS,
    Fixtures,
)
from benchmarks.growth import growth
from benchmarks.measuring import FailedError, LeftOut, Result, Scenario, measure
from benchmarks.newer import newer
from benchmarks.peers import beside_peer
from benchmarks.programs import ProgramError
from benchmarks.scenarios import SIZES, Stored, scenarios, workers
from benchmarks.servers import servers
from benchmarks.starting import measure_start

# How many pictures of each size go to each collection.
_FEW = {'10kB': 4, '200kB': 4, '2MB': 2}
_PICTURES = {PICTURES: {**_FEW, '20MB': 2}, SMALL: _FEW, LARGE: _FEW}


@dataclass(frozen=True)
class Plan:
    """What to measure, and how long.

    Args:
        names: patterns of scenarios' names.
        rounds: turns of each side.
        seconds: of one turn.
        documents: in the large collection.
        workers: processes of the service, and of the baselines.
        servers: measure other WSGI servers, and nothing else.
        peer: measure beside the peer, and nothing else.
        is_short: the programs are kept from one scenario to the next, so the memory
            of one has traces of those before.
    """

    names: tuple[str, ...]
    rounds: int
    seconds: float
    documents: int
    workers: int
    servers: bool
    peer: bool
    is_short: bool


@dataclass
class Outcome:
    """What came of a run: results, and for what gave none the reason."""

    results: list[Result] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


class Session:
    """A run; what came of it is in `outcome`."""

    def __init__(
        self, plan: Plan, environment: Environment, say: Callable[[str], None]
    ) -> None:
        self._plan, self._environment, self._say = plan, environment, say
        self._clients = Clients()
        self._names: list[str] = []
        self.outcome = Outcome()

    def run(self) -> None:
        """Do what the plan says, and say after each scenario how it went."""
        with contextlib.ExitStack() as stack:
            stack.callback(self._clients.close)
            fixtures = Fixtures(
                self._environment.mongodb_url, DATABASE, self._environment.folder
            )
            stack.callback(fixtures.close)
            self._say(f'Storing {self._plan.documents:,} documents and some pictures')
            stored = _fill(self._plan, fixtures, self._environment)
            for scenario in self._scenarios(fixtures, stored):
                if self._is_wanted(scenario.name):
                    self._take(scenario)
            if not (self._plan.servers or self._plan.peer) and self._is_wanted('start'):
                self._environment.stop()
                self._keep(measure_start(self._environment, self._plan.rounds))
            self._tell_unknown()

    def _scenarios(
        self, fixtures: Fixtures, stored: Stored
    ) -> Iterator[Scenario | LeftOut]:
        if self._plan.servers:
            yield from servers(fixtures, stored)
            return
        if self._plan.peer:
            yield from beside_peer(scenarios(fixtures, stored))
            return
        yield from scenarios(fixtures, stored)
        if self._plan.workers > 1:
            yield from workers(stored)
        yield from growth(fixtures, stored)
        url = self._environment.url_of('service')
        # All at once: the first of them that is measured ends the service asked here.
        yield from list(newer(url, stored, self._is_wanted))

    def _tell_unknown(self) -> None:
        for wanted in self._plan.names:
            if not fnmatch.filter(self._names, wanted):
                self.outcome.failures.append(f'No scenario has the name {wanted}.')

    def _is_wanted(self, name: str) -> bool:
        self._names.append(name)
        return any(fnmatch.fnmatchcase(name, wanted) for wanted in self._plan.names)

    def _take(self, scenario: Scenario | LeftOut) -> None:
        if isinstance(scenario, LeftOut):
            self.outcome.left_out[scenario.name] = scenario.reason
        else:
            self._measure(scenario)

    def _measure(self, scenario: Scenario) -> None:
        plan = self._plan
        if not plan.is_short:
            self._environment.stop()
        try:
            programs = self._environment.start(
                {side.program for side in scenario.sides}
            )
            result = measure(
                scenario, programs, self._clients, plan.rounds, plan.seconds
            )
        except (FailedError, ProgramError) as ex:
            self.outcome.failures.append(str(ex))
            self._say(f'Failed: {ex}')
            return
        self._keep(result)

    def _keep(self, result: Result) -> None:
        self.outcome.results.append(result)
        self._say(_line(result))


def _fill(plan: Plan, fixtures: Fixtures, environment: Environment) -> Stored:
    sizes = {SMALL: SMALL_DOCUMENTS, LARGE: plan.documents, PICTURES: 1, UPLOADS: 1}
    ids = {name: fixtures.fill(name, count) for name, count in sizes.items()}
    url = environment.url_of('service')
    pictures = {
        (name, size): [fixtures.upload(url, name, SIZES[size]) for _ in range(count)]
        for name, counts in _PICTURES.items()
        for size, count in counts.items()
    }
    sha256 = {
        image_id: fixtures.sha256(name, image_id)
        for (name, _), image_ids in pictures.items()
        for image_id in image_ids
    }
    return Stored(ids, pictures, sha256, plan.documents)


def _line(result: Result) -> str:
    ratios = ''.join(
        f', {ratio.median:.2f} of {label} ({ratio.lowest:.2f} to {ratio.highest:.2f})'
        for label, ratio in result.ratios.items()
    )
    first, figures = next(iter(result.figures.items()))
    return f'{result.name}: {first} {figures.p50_ms:.2f} ms' + ratios
