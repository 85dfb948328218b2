"""Measure the service beside its baselines; see docs/benchmarks.md."""

import contextlib
import sys
from pathlib import Path

import click
from rich.console import Console

from benchmarks import report
from benchmarks.environment import Environment
from benchmarks.peers import NoPeerError, install_peer
from benchmarks.session import Plan, Session

_SHORT = (
    'root-4,document-get-4,document-patch-4,image-10kB-4,image-20MB-4,image-304-4,'
    'upload-10kB-4,upload-2MB-4,list-500'
)


@click.command(help=__doc__)
@click.option('--short', is_flag=True, help='Under a minute: a sign of life, no more.')
@click.option(
    '--only', default='', help='Names of scenarios, with * and ?, and commas.'
)
@click.option('--rounds', type=click.IntRange(1), help='Turns of each side.')
@click.option('--seconds', type=click.FloatRange(0.05), help='How long a turn takes.')
@click.option('--documents', type=click.IntRange(1), help='In the large collection.')
@click.option(
    '--workers',
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help='Processes of the service, and of the baselines.',
)
@click.option('--servers', is_flag=True, help='Only what other WSGI servers cost.')
@click.option('--peer', is_flag=True, help='Beside the same in Node.js.')
@click.option('--json', 'json_path', type=click.Path(path_type=Path), help='Write it.')
@click.option(
    '--folder',
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help='A folder on the disk that is to be measured.',
)
def main(
    short: bool,
    only: str,
    rounds: int | None,
    seconds: float | None,
    documents: int | None,
    workers: int,
    servers: bool,
    peer: bool,
    json_path: Path | None,
    folder: Path | None,
) -> None:
    if peer:
        try:
            install_peer()
        except NoPeerError as ex:
            raise click.ClickException(str(ex)) from ex
    if not only:
        only = _SHORT if short and not servers else '*'
    console = Console(width=None if sys.stdout.isatty() else report.WIDTH)
    plan = Plan(
        names=tuple(only.split(',')),
        rounds=rounds or (2 if short else 5),
        seconds=seconds or (0.3 if short else 1.0),
        documents=documents or (1_000 if short else 100_000),
        workers=workers,
        servers=servers,
        peer=peer,
        is_short=short,
    )
    with contextlib.closing(Environment(folder, workers)) as environment:
        session = Session(plan, environment, lambda line: report.say(console, line))
        session.run()
    outcome = session.outcome
    report.show(console, outcome)
    if json_path:
        report.write(json_path, plan, outcome)
    sys.exit(bool(outcome.failures))


if __name__ == '__main__':
    main(prog_name='python -m benchmarks')
