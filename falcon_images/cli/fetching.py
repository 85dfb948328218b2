"""The commands that take images out, and bring an archive in."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from falcon_images.cli.connection import (
    ClientCommand,
    collection_option,
    connection_of,
    connection_options,
)
from falcon_images.cli.printing import counted, printable, size_text
from falcon_images.cli.selection import conditions_argument, conditions_of
from falcon_images.client import Client, ClientError

_PARALLEL = 8
_MOST_NAME_BYTES = 200
# What Windows, and so a folder that is shared, refuses in names.
_REFUSED = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')


@click.command('download', cls=ClientCommand)
@conditions_argument
@connection_options
@collection_option
@click.option(
    '--to',
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help='Folder for the files; it is made if it lacks.',
)
@click.pass_context
def files(ctx: click.Context, /, to: Path, **options: Any) -> None:
    """Write the files of the images that match to a folder.

    Their names are those that they were sent with, and their ids. Run again, it goes on
    where it was: files that are there are not read again.

    \b
    Example:
      falcon-images download label=NG --to defects
    """
    connection, conditions = connection_of(ctx), conditions_of(options)
    to.mkdir(parents=True, exist_ok=True)
    failed = count = 0
    with connection.client(connections=_PARALLEL + 1) as client, _bar() as bar:
        total = client.count(connection.collection, conditions)
        task = bar.add_task('Download', total=total)
        documents = client.images(connection.collection, conditions)
        for problem in _downloaded(client, connection.collection, documents, to):
            count += 1
            bar.advance(task)
            if problem:
                failed += 1
                click.echo(printable(f'failed: {problem}'), err=True)
    click.echo(f'{counted(count, "file")}, of which {failed:,} failed, in {to}.')
    ctx.exit(int(failed > 0))


@click.command(cls=ClientCommand)
@conditions_argument
@connection_options
@collection_option
@click.option(
    *('--output', '-o'),
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help='File to write.',
)
@click.pass_context
def export(ctx: click.Context, /, output: Path, **options: Any) -> None:
    """Write the images that match, and their documents, to one file.

    The words of an export, such as format=imagefolder, are given as conditions are.

    \b
    Examples:
      falcon-images export -o all.zip
      falcon-images export label=NG format=xlsx -o defects.xlsx
    """
    connection = connection_of(ctx)
    columns = (
        TextColumn('{task.description}'),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with connection.client() as client, _progress(*columns) as bar:
        task = bar.add_task('Export', total=None)
        size = client.export(
            connection.collection,
            output,
            conditions_of(options),
            lambda written: bar.advance(task, written),
        )
    click.echo(f'{output}: {size_text(size)}.')


@click.command('import', cls=ClientCommand)
@click.argument('archive', type=click.Path(exists=True, dir_okay=False, path_type=Path))
@connection_options
@collection_option
@click.option('--label-by', help='Property that the folder of an image becomes.')
@click.option('--dry-run', is_flag=True, help='Only say what would be stored.')
@click.pass_context
def import_(ctx: click.Context, /, archive: Path, **options: Any) -> None:
    """Store the images of a zip archive; again, nothing is stored twice.

    \b
    Example:
      falcon-images import all.zip -c parts --label-by label
    """
    connection = connection_of(ctx)
    with connection.client() as client, _progress(TextColumn('Import …')) as bar:
        bar.add_task('', total=None)
        done = client.import_archive(
            connection.collection,
            archive,
            label_by=options['label_by'],
            dry_run=options['dry_run'],
        )
    for each in done['skipped']:
        text = f'skipped: {each.get("name", each.get("_id"))}: {each["reason"]}'
        click.echo(printable(text), err=True)
    click.echo(
        f'{done["imported"]:,} imported, {done["updated"]:,} updated, '
        f'{done["unchanged"]:,} unchanged, {done["skipped_count"]:,} skipped.'
    )
    ctx.exit(int(done['skipped_count'] > 0))


def _downloaded(
    client: Client, collection: str, documents: Iterable[dict[str, Any]], to: Path
) -> Iterator[str]:
    """Yield for each file why it is not there; nothing if it is."""
    under_way: set[Future[str]] = set()
    pool = ThreadPoolExecutor(_PARALLEL)
    try:
        for document in documents:
            under_way.add(pool.submit(_fetch, client, collection, document, to))
            if len(under_way) >= 4 * _PARALLEL:
                done, under_way = wait(under_way, None, FIRST_COMPLETED)
                yield from (future.result() for future in done)
        yield from (future.result() for future in under_way)
    finally:
        pool.shutdown(cancel_futures=True)


def _fetch(client: Client, collection: str, document: dict[str, Any], to: Path) -> str:
    target = to / file_name(document)
    facts = document['_file']
    if target.exists() and target.stat().st_size == facts['size']:
        return ''
    try:
        client.download(collection, document['_id'], target)
        with target.open('rb') as file:
            digest = hashlib.file_digest(file, 'sha256').hexdigest()
    except (ClientError, OSError) as ex:
        return f'{target.name}: {ex}'
    if digest != facts['sha256']:
        target.unlink()
        return f'{target.name}: its bytes are not those that were stored.'
    return ''


def file_name(document: dict[str, Any]) -> str:
    """Return a name that every system takes, and no other image has."""
    name = _REFUSED.sub('_', str(document['image']))
    stem, dot, ending = name.rpartition('.')
    if not dot:
        stem, ending = ending, ''
    cut = stem.encode()[:_MOST_NAME_BYTES].decode(errors='ignore')
    return f'{cut}_{document["_id"]}{dot}{ending[:10]}'.rstrip('. ')


def _bar() -> Progress:
    return _progress(
        TextColumn('{task.description}'),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )


def _progress(*columns: Any) -> Progress:
    console = Console(stderr=True)
    return Progress(
        *columns, console=console, disable=not console.is_terminal, transient=True
    )
