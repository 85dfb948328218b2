"""The report: a table to read, JSON to compare with later."""

import dataclasses
import json
import os
import platform
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.measuring import Figures, Ratio, Result
from benchmarks.session import Outcome, Plan
from falcon_images import __version__

WIDTH = 130
_COLUMNS = (
    *('per s', 'p50 ms', 'p99 ms', 'first byte', 'CPU ms', 'client', 'MiB'),
    'first / side',
)


def say(console: Console, line: str) -> None:
    """Print a line as it is, however long."""
    console.print(line, markup=False, soft_wrap=True)


def show(console: Console, outcome: Outcome) -> None:
    """Print the figures, what was left out, and what the figures do not tell."""
    table = Table(box=box.SIMPLE_HEAD)
    for column in ('scenario', 'side'):
        table.add_column(column, no_wrap=True)
    for column in _COLUMNS:
        table.add_column(column, justify='right', no_wrap=True)
    for result in outcome.results:
        for row in _rows(result):
            table.add_row(*row)
    console.print(table)
    for name, reason in outcome.left_out.items():
        say(console, f'Left out: {name}: {reason}')
    for failure in outcome.failures:
        say(console, f'Failed: {failure}')
    for result in outcome.results:
        for warning in _warnings(result):
            say(console, warning)
    say(console, _client_share(outcome.results))


def write(path: Path, plan: Plan, outcome: Outcome) -> None:
    """Write all of it as JSON."""
    whole = {
        'version': __version__,
        'machine': {
            'system': platform.platform(),
            'python': platform.python_version(),
            'cores': os.cpu_count(),
        },
        'plan': dataclasses.asdict(plan),
        'results': [dataclasses.asdict(result) for result in outcome.results],
        'left_out': outcome.left_out,
        'failures': outcome.failures,
    }
    path.write_text(json.dumps(whole, indent=2) + '\n', encoding='utf-8')


def _rows(result: Result) -> Iterator[Sequence[str]]:
    name = result.name
    for label, figures in result.figures.items():
        yield (name, label, *_cells(figures), _ratio(result.ratios.get(label)))
        name = ''


def _cells(figures: Figures) -> list[str]:
    return [_number(value) for value in vars(figures).values()]


def _ratio(ratio: Ratio | None) -> str:
    if ratio is None:
        return ''
    return f'{ratio.median:.2f} ({ratio.lowest:.2f}-{ratio.highest:.2f})'


def _number(value: Any) -> str:
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f'{value:,.{digits}f}'


def _warnings(result: Result) -> Iterator[str]:
    for label, figures in result.figures.items():
        if figures.client_cpu_ms > figures.cpu_ms > 0:
            yield f'{result.name}, {label}: the clients used more CPU than the server.'


def _client_share(results: Sequence[Result]) -> str:
    all_figures = [one for result in results for one in result.figures.values()]
    shares = [one.client_cpu_ms / one.cpu_ms for one in all_figures if one.cpu_ms]
    if not shares:
        return 'No CPU time was seen.'
    return (
        'For each second of CPU of a server, the clients used '
        f'{statistics.median(shares):.2f} s (the median; at most {max(shares):.2f} s).'
    )
