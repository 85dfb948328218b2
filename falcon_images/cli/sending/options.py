"""The options of all commands that send files."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from falcon_images.cli.sending.keys import DEFAULT_PARTS, KEY_PARTS
from falcon_images.cli.sending.properties import (
    BadSourceError,
    ExifTime,
    Expression,
    Folders,
    PropertySource,
    Sidecar,
    Sources,
    given_property,
)
from falcon_images.cli.sending.tables import Table

_JOURNAL = Path(click.get_app_dir('falcon-images')) / 'sent.sqlite'
_MOST_PARALLEL = 64
_DEFAULT_TIME = 'taken'
_OPTIONS = (
    click.option(
        *('--property', '-p', 'given'),
        multiple=True,
        metavar='NAME=TEXT|NAME:=JSON',
        help='A property of every image.',
    ),
    click.option(
        *('--properties-from',),
        multiple=True,
        metavar='SOURCE',
        help='sidecar, FILE.csv, FILE.xlsx, folders:NAMES, regex:EXPRESSION or '
        'exif[:NAME]; the last one wins.',
    ),
    click.option(
        *('--allow-missing',),
        is_flag=True,
        help='Send images too that lack a sidecar, a row, a folder or a match.',
    ),
    click.option(
        *('--text', 'texts'),
        multiple=True,
        metavar='COLUMN',
        help='A column of a table that stays text, also if all in it are numbers.',
    ),
    click.option(
        *('--number', 'numbers'),
        multiple=True,
        metavar='NAME',
        help='A folder or a group that is a number; all others are text.',
    ),
    click.option(
        *('--key-from',),
        default=','.join(DEFAULT_PARTS),
        show_default=True,
        help=f'What makes an image the same one: of {", ".join(KEY_PARTS)}.',
    ),
    click.option(
        *('--again',), is_flag=True, help='Store images anew that were deleted there.'
    ),
    click.option(
        *('--parallel', '-j'),
        type=click.IntRange(1, _MOST_PARALLEL),
        default=8,
        show_default=True,
        help='How many are sent at once.',
    ),
    click.option(
        *('--journal',),
        type=click.Path(dir_okay=False, path_type=Path),
        help='File that notes what was sent, instead of one of the user.',
    ),
)


def sending_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of sending."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def key_parts(text: str) -> list[str]:
    """Return what keys are made of.

    Raises:
        click.BadParameter: that is none of what they can be made of.
    """
    parts = [part.strip() for part in text.split(',')]
    if unknown := set(parts) - set(KEY_PARTS):
        raise click.BadParameter(
            f'{", ".join(sorted(unknown))} is none of {", ".join(KEY_PARTS)}.',
            param_hint='--key-from',
        )
    return parts


def journal_file(options: dict[str, Any]) -> Path:
    """Return the file that notes what was sent."""
    file: Path | None = options['journal']
    return file or _JOURNAL


@contextlib.contextmanager
def sources_of(options: dict[str, Any]) -> Iterator[Sources]:
    """Yield the sources of properties that options name.

    Raises:
        click.UsageError: one of them cannot be used.
    """
    with contextlib.ExitStack() as stack:
        try:
            sources = [
                _source(text, options, stack) for text in options['properties_from']
            ]
            given = dict(given_property(text) for text in options['given'])
        except BadSourceError as ex:
            raise click.UsageError(str(ex)) from ex
        yield Sources(sources, given, allow_missing=options['allow_missing'])


def _source(
    text: str, options: dict[str, Any], stack: contextlib.ExitStack
) -> PropertySource:
    numbers = frozenset(options['numbers'])
    kind, _, rest = text.partition(':')
    if text == 'sidecar':
        return Sidecar()
    if kind == 'folders' and rest:
        return Folders([name.strip() for name in rest.split(',')], numbers)
    if kind == 'regex' and rest:
        return Expression(rest, numbers)
    if kind == 'exif':
        return ExifTime(rest or _DEFAULT_TIME)
    if text.lower().endswith(('.csv', '.xlsx')):
        table = Table(Path(text), frozenset(options['texts']))
        stack.callback(table.close)
        return table
    raise BadSourceError(
        f'{text} is no source of properties: take sidecar, a CSV or XLSX file, '
        'folders:NAMES, regex:EXPRESSION or exif.'
    )
