"""What the fault suite shares: its short and long form, its seed, its figures."""

import itertools
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.replica_set import ReplicaSet
from tests.support.report import Report
from tests.support.serving import start

__all__ = ['start']

HERE = Path(__file__).parent
_LONG_SECONDS = 4 * 3600
_FIGURES = 'figures'


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup('faults')
    group.addoption('--faults', choices=('short', 'long'), help='form of the suite')
    group.addoption('--faults-seed', help='seed of what is random in it')
    group.addoption('--faults-report', help='JSON file for the figures')


def _option(config: pytest.Config, name: str) -> str:
    # Without the folder on the command line, the options are not known in time.
    given = config.getoption(name, None)
    return str(given or os.environ.get(name.upper(), ''))


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    if _option(config, 'faults') == 'long':
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(pytest.mark.timeout(_LONG_SECONDS), append=False)


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Iterator[Report]:
    made = Report()
    yield made
    # They come along with the outcome, from other processes too.
    request.node.user_properties.append((_FIGURES, made.figures))


def _figures(reporter: pytest.TerminalReporter) -> dict[str, dict[str, object]]:
    figures: dict[str, dict[str, object]] = {}
    for outcome in itertools.chain(*reporter.stats.values()):
        if getattr(outcome, 'when', '') == 'teardown':
            name = outcome.nodeid.rpartition('/')[2].partition('[')[0]
            for key, value in dict(outcome.user_properties).get(_FIGURES, {}).items():
                total = figures.setdefault(name, {})
                total[key] = _sum(total.get(key), value)
    return figures


def _sum(total: object, value: object) -> object:
    """Add up what tests of one name report for each of their parameters."""
    both_count = isinstance(total, int) and isinstance(value, int)
    return total + value if both_count else value  # type: ignore[operator]


@pytest.fixture
def is_long(pytestconfig: pytest.Config) -> bool:
    return _option(pytestconfig, 'faults') == 'long'


@pytest.fixture
def seed(pytestconfig: pytest.Config, report: Report) -> int:
    given = _option(pytestconfig, 'faults_seed')
    chosen = int(given) if given else random.SystemRandom().randrange(2**32)
    report(seed=chosen)
    return chosen


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    figures = _figures(terminalreporter)
    if not figures:
        return
    terminalreporter.section('faults')
    for name, values in figures.items():
        words = (f'{key.replace("_", " ")}: {value}' for key, value in values.items())
        terminalreporter.write_line(f'{name}  {", ".join(words)}')
    if path := _option(config, 'faults_report'):
        Path(path).write_text(json.dumps(figures, indent=2), encoding='utf-8')


@pytest.fixture
def replica_set(tmp_path: Path) -> Iterator[ReplicaSet]:
    made = ReplicaSet(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.end()
