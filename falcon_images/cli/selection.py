"""Which images a command is for: conditions, as the API has them."""

import json
from collections.abc import Callable
from typing import Any

import click

Pairs = dict[str, Any]


def conditions_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command conditions such as `label=NG min_score=0.5`, and a filter."""
    options = (
        click.argument('conditions', nargs=-1, metavar='[NAME=VALUE]...'),
        click.option('--filter', 'filter_', help='A query of MongoDB in JSON.'),
    )
    for option in reversed(options):
        command = option(command)
    return command


def conditions_of(options: dict[str, Any]) -> Pairs:
    """Return the conditions that are given; those of one name are several values.

    Raises:
        click.UsageError: one of them is none.
    """
    found: dict[str, Any] = {}
    for text in options['conditions']:
        name, separator, value = text.partition('=')
        if not separator or not name or not value:
            raise click.UsageError(f'{text} is no condition such as label=NG.')
        found.setdefault(name, []).append(value)
    if options['filter_']:
        found['filter'] = _filter(options['filter_'])
    return found


def conditions_of_many(options: dict[str, Any]) -> Pairs:
    """Return conditions, or that all images are meant.

    Raises:
        click.UsageError: there are none, or both.
    """
    found = conditions_of(options)
    if bool(found) == options['all_images']:
        raise click.UsageError('Give conditions such as label=NG, or --all.')
    return found or {'all': True}


def _filter(text: str) -> str:
    try:
        json.loads(text)
    except ValueError as ex:
        raise click.UsageError(f'{text} is no JSON: {ex}') from ex
    return text
