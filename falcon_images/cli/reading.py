"""The commands that show what there is: tables for people, JSON for programs."""

import itertools
import json
from collections.abc import Iterable, Iterator
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from falcon_images.cli.connection import (
    ClientCommand,
    collection_option,
    connection_of,
    connection_options,
)
from falcon_images.cli.printing import counted, printable
from falcon_images.cli.selection import conditions_argument, conditions_of

_MOST_COLUMNS = 6
_WIDE = 10_000
_MOST_VALUES = 5
_FIRST = ('_id', 'time', 'image')
_as_json = click.option('--json', 'as_json', is_flag=True, help='Print JSON.')
_client_command = click.command(cls=ClientCommand)


@click.command('list', cls=ClientCommand)
@conditions_argument
@connection_options
@collection_option
@click.option('--sort', help='Names, with - for descending: -score,time')
@click.option('--fields', help='What to show of each image: score,camera.gain')
@click.option('--limit', type=click.IntRange(0), help='How many; 0 for all.')
@click.option('--json', 'as_json', is_flag=True, help='A JSON object on each line.')
@click.pass_context
def list_(ctx: click.Context, /, **options: Any) -> None:
    """Show the images that match, newest first: 20, or all of them as JSON.

    \b
    Examples:
      falcon-images list label=NG min_score=0.5 --sort -score
      falcon-images list from=2026-11-26 --json > images.ndjson
      falcon-images list --filter '{"$or": [{"a": 1}, {"b": 1}]}'
    """
    connection, conditions = connection_of(ctx), conditions_of(options)
    limit = options['limit']
    if limit is None:
        limit = 0 if options['as_json'] else 20
    with connection.client() as client:
        found = client.images(
            connection.collection,
            conditions,
            sort=options['sort'],
            fields=options['fields'],
            limit=limit or None,
        )
        if options['as_json']:
            for document in found:
                click.echo(json.dumps(document, ensure_ascii=False))
            return
        documents = [*found]
        total = client.count(connection.collection, conditions)
    _print_documents(documents, options['fields'])
    click.echo(f'{len(documents):,} of {counted(total, "image")}.')


@_client_command
@click.argument('image_id')
@connection_options
@collection_option
@click.pass_context
def show(ctx: click.Context, /, image_id: str, **_: Any) -> None:
    """Show the document of an image."""
    connection = connection_of(ctx)
    with connection.client() as client:
        _print_json(client.image(connection.collection, image_id))


@_client_command
@connection_options
@_as_json
@click.pass_context
def collections(ctx: click.Context, /, as_json: bool, **_: Any) -> None:
    """Show all collections and how many images each has."""
    with connection_of(ctx, needs_collection=False).client() as client:
        found = [client.collection(name) for name in client.collections()]
    if as_json:
        _print_json(found)
        return
    rows = ((each['name'], f'{each["documents"]:,}') for each in found)
    print_table(('Collection', 'Images'), rows)


@_client_command
@conditions_argument
@connection_options
@collection_option
@_as_json
@click.pass_context
def fields(ctx: click.Context, /, as_json: bool, **options: Any) -> None:
    """Show which properties the images that match have, counted."""
    connection = connection_of(ctx)
    with connection.client() as client:
        found = client.fields(connection.collection, conditions_of(options))
    if as_json:
        _print_json(found)
        return
    rows = (
        (
            each['name'],
            f'{each["count"]:,}',
            ', '.join(each['types']),
            ', '.join(_values(each['values'])),
        )
        for each in found['fields']
    )
    print_table(('Property', 'Images', 'Types', 'Commonest values'), rows)
    click.echo(f'{counted(found["documents"], "image")}.')


@_client_command
@connection_options
@collection_option
@click.option('--limit', type=click.IntRange(1), default=20, show_default=True)
@_as_json
@click.pass_context
def changes(ctx: click.Context, /, limit: int, as_json: bool, **_: Any) -> None:
    """Show the changes and deletions of many images, newest first."""
    connection = connection_of(ctx)
    with connection.client() as client:
        found = client.changes(connection.collection, limit)
    if as_json:
        _print_json(found)
        return
    names = ('_id', 'time', 'kind', 'state', 'changed', 'conditions', 'patch')
    rows = (tuple(_text(each.get(name, '')) for name in names) for each in found)
    print_table(names, rows)


def _print_documents(documents: list[dict[str, Any]], asked: str | None) -> None:
    if not documents:
        return
    names = asked.split(',') if asked else [*_FIRST, *_some_names(documents)]
    rows = ([_text(_member(each, name)) for name in names] for each in documents)
    print_table(names, rows)


def _some_names(documents: list[dict[str, Any]]) -> Iterator[str]:
    """Return the names of some properties, in the order in which they come."""
    names = dict.fromkeys(name for document in documents for name in document)
    own = (name for name in names if name not in (*_FIRST, '_file'))
    return itertools.islice(own, _MOST_COLUMNS)


def _member(document: Any, name: str) -> Any:
    for part in name.split('.'):
        document = document.get(part, '') if isinstance(document, dict) else ''
    return document


def _values(counts: list[dict[str, Any]]) -> Iterator[str]:
    for each in counts[:_MOST_VALUES]:
        yield f'{_text(each["value"])} ({each["count"]:,})'


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return printable(text)


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_table(names: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Print a table; in a terminal, as wide as that is."""
    table = Table(box=None, pad_edge=False)
    for name in names:
        table.add_column(printable(name), overflow='fold')
    for row in rows:
        table.add_row(*row)
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        # In a file or a pipe, no line is broken.
        console.width = _WIDE
    console.print(table)
