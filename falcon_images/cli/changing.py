"""The commands that change and delete images; each can be undone with `revert`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from falcon_images.cli.connection import (
    ClientCommand,
    collection_option,
    connection_of,
    connection_options,
)
from falcon_images.cli.printing import counted
from falcon_images.cli.selection import conditions_argument, conditions_of_many
from falcon_images.cli.sending.properties import BadSourceError, given_property
from falcon_images.client import Client

# How a change is made of conditions, an expected number, and whether it is a trial.
Change = Callable[[Client, str, dict[str, Any], int | None, bool], dict[str, Any]]


def _options_of_many(command: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        conditions_argument,
        connection_options,
        collection_option,
        click.option('--all', 'all_images', is_flag=True, help='All images.'),
        click.option('--dry-run', is_flag=True, help='Only say how many match.'),
        click.option('--yes', '-y', is_flag=True, help='Do not ask.'),
        click.pass_context,
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command('set', cls=ClientCommand)
@click.option(
    *('--property', '-p', 'given'),
    multiple=True,
    required=True,
    metavar='NAME=TEXT|NAME:=JSON',
    help='What is set; all other properties stay.',
)
@_options_of_many
def set_(ctx: click.Context, /, given: tuple[str, ...], **options: Any) -> None:
    """Set properties of the images that match.

    \b
    Examples:
      falcon-images set label=unsure -p label=NG -p reviewed:=true
      falcon-images set _id=6565f0c2a1b2c3d4e5f60718 -p score:=0.5
    """
    try:
        properties = dict(map(given_property, given))
    except BadSourceError as ex:
        raise click.UsageError(str(ex)) from ex
    if none := [name for name, value in properties.items() if value is None]:
        raise click.UsageError(f'To remove {", ".join(none)}, use unset.')
    _change(ctx, options, _setting(properties), 'Change')


@click.command(cls=ClientCommand)
@click.option(
    *('--name', '-n', 'names'),
    multiple=True,
    required=True,
    help='A property that is removed.',
)
@_options_of_many
def unset(ctx: click.Context, /, names: tuple[str, ...], **options: Any) -> None:
    """Remove properties of the images that match.

    \b
    Example:
      falcon-images unset --all -n reviewed
    """
    _change(ctx, options, _setting(dict.fromkeys(names)), 'Change')


@click.command(cls=ClientCommand)
@_options_of_many
def delete(ctx: click.Context, /, **options: Any) -> None:
    """Delete the images that match; for a week, revert brings them back.

    \b
    Example:
      falcon-images delete label=test to=2026-11-01
    """
    _change(ctx, options, _deleting, 'Delete')


@click.command(cls=ClientCommand)
@click.argument('change_id')
@connection_options
@collection_option
@click.pass_context
def revert(ctx: click.Context, /, change_id: str, **_: Any) -> None:
    """Undo a change of many images; `changes` shows which there are."""
    connection = connection_of(ctx)
    with connection.client() as client:
        done = client.revert(connection.collection, change_id)
    click.echo(f'Reverted: {counted(done["reverted"], "image")}.')
    if done['conflict_count']:
        click.echo(
            f'Left alone, as changed since: {counted(done["conflict_count"], "image")}.'
        )
        ctx.exit(1)


@click.command(cls=ClientCommand)
@click.argument('table', type=click.Path(exists=True, dir_okay=False, path_type=Path))
@connection_options
@collection_option
@click.option('--dry-run', is_flag=True, help='Only say how many rows differ.')
@click.option('--yes', '-y', is_flag=True, help='Do not ask.')
@click.pass_context
def relabel(ctx: click.Context, /, table: Path, **options: Any) -> None:
    """Change images by a table that was exported and edited: CSV or XLSX.

    \b
    Example:
      falcon-images export format=xlsx fields=label -o labels.xlsx
      falcon-images relabel labels.xlsx
    """

    def change(
        client: Client,
        collection: str,
        _: dict[str, Any],
        expect: int | None,
        dry_run: bool,
    ) -> dict[str, Any]:
        return client.relabel(collection, table, expect=expect, dry_run=dry_run)

    _change_after_question(ctx, options, {}, change, 'Change')


def _setting(properties: dict[str, Any]) -> Change:
    def change(
        client: Client,
        collection: str,
        conditions: dict[str, Any],
        expect: int | None,
        dry_run: bool,
    ) -> dict[str, Any]:
        return client.change_many(
            collection, conditions, properties, expect=expect, dry_run=dry_run
        )

    return change


def _deleting(
    client: Client,
    collection: str,
    conditions: dict[str, Any],
    expect: int | None,
    dry_run: bool,
) -> dict[str, Any]:
    return client.delete_many(collection, conditions, expect=expect, dry_run=dry_run)


def _change(
    ctx: click.Context, options: dict[str, Any], change: Change, verb: str
) -> None:
    _change_after_question(ctx, options, conditions_of_many(options), change, verb)


def _change_after_question(
    ctx: click.Context,
    options: dict[str, Any],
    conditions: dict[str, Any],
    change: Change,
    verb: str,
) -> None:
    """Say how many are meant, ask, and change exactly as many."""
    connection = connection_of(ctx)
    with connection.client() as client:
        trial = change(client, connection.collection, conditions, None, True)
        matched = int(trial['matched'])
        click.echo(f'Matching: {counted(matched, "image")}.')
        if options['dry_run'] or not matched:
            return
        if not options['yes']:
            click.confirm(f'{verb} {counted(matched, "image")}?', abort=True)
        done = change(client, connection.collection, conditions, matched, False)
    count = int(done['changed']) if 'changed' in done else matched
    click.echo(f'Done: {counted(count, "image")}. To undo it: revert {done["change"]}')
