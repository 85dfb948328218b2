"""What a run shows while it goes on, and says at its end."""

import json
import time
from collections import Counter
from types import TracebackType
from typing import Self

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from falcon_images.cli.printing import counted, printable, size_text, time_text
from falcon_images.cli.sending.files import shown
from falcon_images.cli.sending.outcomes import ARRIVED, FileOutcome, Result


class Report:
    """Counts what became of files, shows a bar, and lists what did not arrive."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._counts = Counter[FileOutcome]()
        self._bytes = 0
        self._troubles = 0
        self._begun = time.monotonic()
        self._bar = Progress(
            TextColumn('{task.description}'),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn('{task.fields[rate]}'),
            TimeRemainingColumn(),
            TextColumn('{task.fields[failures]}', style='red'),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task('Upload', total=None, rate='', failures='')

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        ex: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    @property
    def is_shown(self) -> bool:
        """Return whether somebody sees the bar."""
        return self._console.is_terminal

    @property
    def have_all_arrived(self) -> bool:
        """Return whether every file is an image of the service, or was one."""
        return not self._troubles and ARRIVED.issuperset(+self._counts)

    def expect(self, total: int) -> None:
        """Say how many files there are."""
        self._bar.update(self._task, total=total)

    def add(self, result: Result) -> None:
        """Count a file, and list it if it did not arrive or was deleted."""
        self._counts[result.outcome] += 1
        self._bytes += result.found.size
        if result.outcome not in (FileOutcome.STORED, FileOutcome.THERE):
            self.line(result.outcome, shown(result.found.path), result.note)
        self._bar.update(
            self._task, advance=1, rate=self._rate(), failures=self._failures()
        )

    def trouble(self, path: str, reason: str) -> None:
        """Count and list what cannot be looked into."""
        self._troubles += 1
        self.line(FileOutcome.FAILED, path, reason)

    def line(self, what: str, path: str, note: str) -> None:
        """Print a line above the bar."""
        text = printable(f'{what}: {path}: {note}')
        self._console.print(text, markup=False, soft_wrap=True)

    def summary(self, passed_over: int) -> str:
        """Return what came of all, as sentences."""
        counts = [f'{n:,} {outcome}' for outcome, n in self._counts.items()]
        total = counted(self._counts.total(), 'file')
        files = f'{total}: ' + (', '.join(counts) or 'none')
        lines = [f'{files}; {size_text(self._bytes)}{self._speed()}.']
        if self._troubles:
            lines.append(
                f'Not looked into: {counted(self._troubles, "place")}, listed above.'
            )
        if passed_over:
            lines.append(
                f'Passed over: {counted(passed_over, "file")} without the ending of an '
                'image (--any-name takes them).'
            )
        return '\n'.join(lines)

    def as_json(self, passed_over: int) -> str:
        """Return what came of all, for programs."""
        counts = {
            outcome.name.lower(): self._counts.get(outcome, 0)
            for outcome in FileOutcome
        }
        return json.dumps(
            counts
            | {
                'not_looked_into': self._troubles,
                'passed_over': passed_over,
                'bytes': self._bytes,
                'seconds': round(time.monotonic() - self._begun, 3),
            }
        )

    def _rate(self) -> str:
        seconds = max(time.monotonic() - self._begun, 0.001)
        return (
            f'{self._counts.total() / seconds:,.0f}/s, '
            f'{size_text(self._bytes / seconds)}/s'
        )

    def _speed(self) -> str:
        return f' in {time_text(time.monotonic() - self._begun)} ({self._rate()})'

    def _failures(self) -> str:
        count = sum(n for each, n in self._counts.items() if each not in ARRIVED)
        return f'{count + self._troubles:,} failed' if count + self._troubles else ''


def print_error(text: str) -> None:
    """Print what kept a command from its end, as one sentence."""
    click.echo(f'Error: {printable(text)}', err=True)
