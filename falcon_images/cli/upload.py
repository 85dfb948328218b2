"""The command `upload`: files, folders and patterns become images."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import click

from falcon_images.cli.connection import (
    Target,
    collection_option,
    connection_of,
    connection_options,
)
from falcon_images.cli.printing import counted, print_any_name, size_text
from falcon_images.cli.sending.files import Walk, shown
from falcon_images.cli.sending.journal import opened_journal
from falcon_images.cli.sending.keys import Keys
from falcon_images.cli.sending.options import (
    journal_file,
    key_parts,
    sending_options,
    sources_of,
)
from falcon_images.cli.sending.properties import (
    MissingPropertiesError,
    Sources,
)
from falcon_images.cli.sending.report import Report, print_error
from falcon_images.cli.sending.run import UploadRun
from falcon_images.cli.sending.sender import Sender
from falcon_images.client import ClientError

_INTERRUPTED = 130
_DRY_RUN_SHOWS = 5


@click.command(no_args_is_help=True)
@click.argument('paths', nargs=-1, required=True)
@connection_options
@collection_option
@sending_options
@click.option('--dry-run', is_flag=True, help='Send nothing, and show what would be.')
@click.option('--any-name', is_flag=True, help='Take files of every name in folders.')
@click.option('--json', 'as_json', is_flag=True, help='Print the summary as JSON.')
@click.option(
    '--give-up-after',
    default=600.0,
    show_default=True,
    help='Seconds without the service, or with a full disk there, before it ends.',
)
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """Upload files, all images in folders, and what patterns match.

    Each image is stored once, however often this is run: run it again after it was
    interrupted, and it goes on where it was.

    \b
    Examples:
      falcon-images upload a.jpg b.png -u http://127.0.0.1:7070 -c parts
      falcon-images upload D:\\images -p line=3 -p score:=0.97
      falcon-images upload 'shots/**/*.tif' --properties-from folders:day,shift
      falcon-images upload shots --properties-from results.csv --dry-run

    \b
    Exit status:
      0  all images have arrived, or were deleted there since
      1  some have not; they are listed
      2  the command is not understood
    """
    print_any_name()
    with sources_of(options) as sources:
        if options['dry_run']:
            ctx.exit(_dry_run(options, sources))
        connection = connection_of(ctx)
        ctx.exit(_upload(connection, options, sources))


def _upload(connection: Target, options: dict[str, Any], sources: Sources) -> int:
    report, stop = Report(), threading.Event()
    walk = Walk(options['paths'], report.trouble, any_name=options['any_name'])
    status = 0
    with report, _running(connection, options, sources, stop) as run:
        if report.is_shown:
            _count(options, report, stop)
        try:
            for result in run.results(walk):
                report.add(result)
        except ClientError as ex:
            status = 1
            print_error(f'{ex} Run the same command again to go on.')
        except KeyboardInterrupt:
            status = _INTERRUPTED
            print_error('It was interrupted; run the same command again to go on.')
        finally:
            stop.set()
    told = report.as_json if options['as_json'] else report.summary
    click.echo(told(walk.passed_over))
    return status or int(not report.have_all_arrived)


@contextlib.contextmanager
def _running(
    connection: Target,
    options: dict[str, Any],
    sources: Sources,
    stop: threading.Event,
) -> Iterator[UploadRun]:
    """Yield what sends files, with a client and a journal of its own."""
    keys = Keys(key_parts(options['key_from']), socket.gethostname())
    scope = (connection.url, connection.collection, keys.text)
    parallel = options['parallel']
    with (
        connection.client(
            connections=parallel + 1,
            retry_seconds=options['give_up_after'],
            stop=stop,
        ) as client,
        opened_journal(journal_file(options), scope) as (journal, reason),
    ):
        if reason:
            print_error(f'What is sent cannot be noted for another run: {reason}.')
        sender = Sender(
            client,
            connection.collection,
            keys=keys,
            sources=sources,
            again=options['again'],
            stop=stop,
        )
        yield UploadRun(
            sender,
            journal,
            client=client,
            collection=connection.collection,
            parallel=parallel,
            stop=stop,
        )


def _count(options: dict[str, Any], report: Report, stop: threading.Event) -> None:
    """Count all files in the background, so that the bar has an end."""

    def count() -> None:
        total = 0
        for _ in Walk(options['paths'], _ignore, any_name=options['any_name']):
            if stop.is_set():
                return
            total += 1
        report.expect(total)

    threading.Thread(target=count, daemon=True).start()


def _dry_run(options: dict[str, Any], sources: Sources) -> int:
    report = Report()
    walk = Walk(options['paths'], report.trouble, any_name=options['any_name'])
    count = size = wrong = 0
    for found in walk:
        try:
            properties = sources.of(found)
        except (MissingPropertiesError, OSError) as ex:
            wrong += 1
            report.line('failed', shown(found.path), str(ex))
            continue
        if count < _DRY_RUN_SHOWS:
            click.echo(f'{shown(found.path)}  {properties}')
        count += 1
        size += found.size
    click.echo(f'{counted(count, "file")} of {size_text(size)} would be sent.')
    return int(bool(wrong) or not report.have_all_arrived)


def _ignore(path: str, reason: str) -> None:
    pass
