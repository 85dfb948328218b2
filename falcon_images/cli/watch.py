"""The command `watch`: what appears in folders is uploaded once it is whole."""

import contextlib
import logging
import socket
import sys
import threading
import warnings
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import click

from falcon_images.cli.connection import (
    Target,
    collection_option,
    connection_of,
    connection_options,
)
from falcon_images.cli.printing import counted, print_any_name, printable, time_text
from falcon_images.cli.sending.files import rooted
from falcon_images.cli.sending.journal import opened_journal
from falcon_images.cli.sending.keys import Keys
from falcon_images.cli.sending.options import (
    journal_file,
    key_parts,
    sending_options,
    sources_of,
)
from falcon_images.cli.sending.properties import Sources
from falcon_images.cli.sending.sender import Sender
from falcon_images.cli.signals import ignore_stops, on_stop
from falcon_images.cli.watching.afterwards import Afterwards, Tidying
from falcon_images.cli.watching.status import read_status, status_file
from falcon_images.cli.watching.waiting import WaitingFiles
from falcon_images.cli.watching.wakeups import Wakeups
from falcon_images.cli.watching.watcher import Pace, Watcher

_LOG_BYTES, _LOG_FILES = 10_000_000, 5
_RETRY_SECONDS = 5
_NO_NEWS_SECONDS = 30.0
_MOST_SHOWN = 20

logger = logging.getLogger('falcon_images.watch')


@click.command(no_args_is_help=True)
@click.argument('folders', nargs=-1, required=True, type=click.Path(path_type=Path))
@connection_options
@collection_option
@sending_options
@click.option(
    '--then',
    type=click.Choice([each.value for each in Afterwards]),
    default=Afterwards.KEEP.value,
    show_default=True,
    help='What is done with a file that is stored.',
)
@click.option(
    '--move-to',
    type=click.Path(file_okay=False, path_type=Path),
    help='Folder for the files, with --then move; not one that is watched.',
)
@click.option(
    '--quiet',
    default=2.0,
    show_default=True,
    help='Seconds that a file is unchanged before it is looked into.',
)
@click.option(
    '--settle',
    default=600.0,
    show_default=True,
    help='Seconds that it is unchanged before it is taken though its end is missing.',
)
@click.option(
    '--poll',
    type=click.FloatRange(0.5),
    metavar='SECONDS',
    help='Look through the folders so often; for network shares.',
)
@click.option('--any-name', is_flag=True, help='Take files of every name.')
@click.option(
    '--log',
    type=click.Path(dir_okay=False, path_type=Path),
    help='File for the log, 10 MB and four older ones; else standard error.',
)
@click.option('--status', is_flag=True, help='Show what a watcher waits for, and end.')
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """Upload what appears in folders, until it is stopped.

    A file is sent once it is whole: unchanged for some seconds, open in no other
    program where the system tells that, and with the end that its format demands. What
    cannot be sent now is tried again for ever, with a minute between at most. Each
    image is stored once, also when this is stopped and started again.

    \b
    Examples:
      falcon-images watch D:\\shots -u http://storage:7070 -c line3
      falcon-images watch shots --then move --move-to sent --log watch.log
      falcon-images watch //camera/share --poll 5 --properties-from folders:day
      falcon-images watch shots --status
    """
    print_any_name()
    # What it thinks of parts of files is of no use to anybody.
    warnings.filterwarnings('ignore', module='PIL')
    folders = [rooted(str(folder)) for folder in options['folders']]
    status = status_file(journal_file(options).parent, folders)
    if options['status']:
        ctx.exit(_show(status))
    tidying = _tidying(options, folders)
    connection = connection_of(ctx)
    _log_to(options['log'])
    with sources_of(options) as sources:
        _watch(connection, options, sources, folders, tidying, status)


def _watch(  # noqa: PLR0913, PLR0917 - each is a part of it
    connection: Target,
    options: dict[str, Any],
    sources: Sources,
    folders: list[Path],
    tidying: Tidying,
    status: Path,
) -> None:
    stop = threading.Event()
    wakeups = Wakeups(folders, polls=options['poll'] is not None, stop=stop)
    with _sender(connection, options, sources, stop) as (sender, journal):
        watcher = Watcher(
            folders,
            sender=sender,
            journal=journal,
            tidying=tidying,
            waiting=WaitingFiles(options['quiet'], options['settle']),
            wakeups=wakeups,
            pace=Pace(options['poll'] or _NO_NEWS_SECONDS, options['parallel']),
            status=status,
            any_name=options['any_name'],
            stop=stop,
        )
        _end_on_stop(stop, wakeups)
        logger.info('Watching %s', ', '.join(map(str, options['folders'])))
        watcher.run()
    ignore_stops()
    wakeups.close()
    logger.info('Stopped')


@contextlib.contextmanager
def _sender(
    connection: Target,
    options: dict[str, Any],
    sources: Sources,
    stop: threading.Event,
) -> Iterator[tuple[Sender, Any]]:
    keys = Keys(key_parts(options['key_from']), socket.gethostname())
    scope = (connection.url, connection.collection, keys.text)
    with (
        connection.client(
            connections=options['parallel'], retry_seconds=_RETRY_SECONDS, stop=stop
        ) as client,
        opened_journal(journal_file(options), scope) as (journal, reason),
    ):
        if reason:
            logger.warning('What is sent cannot be noted: %s', reason)
        sender = Sender(
            client,
            connection.collection,
            keys=keys,
            sources=sources,
            again=options['again'],
            stop=stop,
        )
        yield sender, journal


def _tidying(options: dict[str, Any], folders: list[Path]) -> Tidying:
    what, target = Afterwards(options['then']), options['move_to']
    if (what is Afterwards.MOVE) != (target is not None):
        raise click.UsageError('--then move and --move-to go together.')
    if target is None:
        return Tidying(what, None)
    moved_to = rooted(str(target))
    if any(moved_to.is_relative_to(folder) for folder in folders):
        raise click.UsageError(f'{target} is in a folder that is watched.')
    return Tidying(what, moved_to)


def _end_on_stop(stop: threading.Event, wakeups: Wakeups) -> None:
    def end(number: int, frame: object) -> None:
        stop.set()
        wakeups.wake()

    on_stop(end)


class _QuietFileHandler(RotatingFileHandler):
    """A log that a full disk does not end, nor fill a terminal with errors."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Pass over a line that cannot be written."""


def _log_to(file: Path | None) -> None:
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if file:
        try:
            handler = _QuietFileHandler(
                file,
                maxBytes=_LOG_BYTES,
                backupCount=_LOG_FILES - 1,
                encoding='utf-8',
                errors='backslashreplace',
            )
        except OSError as ex:
            raise click.UsageError(f'{file} cannot be written: {ex}') from ex
    handler.setFormatter(logging.Formatter('%(asctime)s %(levelname)s %(message)s'))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


def _show(status: Path) -> int:
    told = read_status(status)
    if told is None:
        click.echo('Nobody has watched these folders.')
        return 1
    counts = ', '.join(f'{n:,} {name}' for name, n in told['counts'].items())
    when = f'As of {told["time"]} (process {told["pid"]})'
    click.echo(f'{when}: {counts or "nothing yet"}.')
    click.echo(f'The service: {told["service"]}')
    click.echo(f'Waiting: {counted(told["waiting"], "file")}.')
    for each in told['files'][:_MOST_SHOWN]:
        known = time_text(each['seconds'])
        click.echo(f'  {printable(each["path"])}  {printable(each["why"])} ({known})')
    if told['waiting'] > _MOST_SHOWN:
        click.echo('  …')
    return 0
