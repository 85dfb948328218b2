"""The command `snapshots`: images kept as they are now."""

import json
from typing import Any

import click

from falcon_images.cli.connection import (
    ClientCommand,
    collection_option,
    connection_of,
    connection_options,
)
from falcon_images.cli.printing import counted, size_text
from falcon_images.cli.reading import print_table
from falcon_images.cli.selection import conditions_argument, conditions_of


@click.command(cls=ClientCommand)
@conditions_argument
@connection_options
@collection_option
@click.option('--make', metavar='NAME', help='Keep all images that match, as they are.')
@click.option('--delete', metavar='NAME', help='Delete a snapshot.')
@click.option('--json', 'as_json', is_flag=True, help='Print JSON.')
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """Show the snapshots of a collection, make one, or delete one.

    \b
    Examples:
      falcon-images snapshots --make week-47 has_label=true
      falcon-images export snapshot=week-47 format=imagefolder -o week-47.zip
    """
    connection, conditions = connection_of(ctx), conditions_of(options)
    make, delete = options['make'], options['delete']
    if (make and delete) or (conditions and not make):
        raise click.UsageError('Conditions go with --make, and --delete goes alone.')
    with connection.client() as client:
        if make:
            done = client.snapshots.make(connection.collection, make, conditions)
            click.echo(f'{make} has {counted(done["images"], "image")}.')
        elif delete:
            done = client.snapshots.delete(connection.collection, delete)
            click.echo(f'{delete} had {counted(done["images"], "image")}.')
        else:
            _show(client.snapshots.list(connection.collection), options['as_json'])


def _show(told: Any, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    found = told['snapshots'] if isinstance(told, dict) else told
    rows = (
        (each['name'], each['time'], f'{each["images"]:,}', size_text(each['bytes']))
        for each in found
    )
    print_table(('Snapshot', 'Time', 'Images', 'Size'), rows)
