"""Selections: which images a bulk change is about, and what is to be made sure."""

import re
from dataclasses import dataclass
from typing import Any

from falcon_images.errors import InvalidRequestError
from falcon_images.query.as_sent import check_encoding, refuse_blank_parameters
from falcon_images.query.conditions import excluding_paths
from falcon_images.query.lists import parse_filter
from falcon_images.query.parameters import Params
from falcon_images.query.words import BULK, NOT_IN_BULK, instead
from falcon_images.settings import Settings

_SAFEGUARDS = ('all', 'dry_run', 'expect')
_TRUTH = {'true': True, 'false': False}
_DIGITS = re.compile('[0-9]{1,18}')


@dataclass(frozen=True)
class Selection:
    """The images that match a filter, `expect` of them if that is told.

    `conditions` are the parameters that the filter was made of, and `excluding` the
    properties of those that exclude values.
    """

    filter: dict[str, Any]
    conditions: dict[str, str | list[str]]
    excluding: tuple[str, ...] = ()
    is_dry_run: bool = False
    expect: int | None = None


def parse_bulk_selection(
    params: Params, query_string: str, limits: Settings
) -> Selection:
    """Read the parameters of a bulk change.

    What is not clear is refused: images that nobody meant would be changed.

    Args:
        query_string: what the parameters were read from, as it was sent.

    Raises:
        InvalidRequestError: one cannot be used, or it is not clear what is meant.
    """
    check_encoding(query_string)
    refuse_blank_parameters(query_string)
    _refuse_other_words(params)
    filter_ = parse_filter(params, limits, BULK)
    _check_all(_truth(params, 'all'), bool(filter_))
    return Selection(
        filter=filter_,
        conditions={
            name: value for name, value in params.items() if name not in _SAFEGUARDS
        },
        excluding=excluding_paths(params, limits, BULK),
        is_dry_run=_truth(params, 'dry_run'),
        expect=_whole_number(params, 'expect'),
    )


def _refuse_other_words(params: Params) -> None:
    for name in params:
        if name in NOT_IN_BULK:
            raise InvalidRequestError(
                f'{name} cannot be used here: a bulk change is of all images that '
                f'match. Choose them by conditions; {instead(name)}.'
            )


def _check_all(is_all: bool, has_conditions: bool) -> None:
    if not is_all and not has_conditions:
        raise InvalidRequestError(
            'There is no condition, so all images of the collection would be changed; '
            'add one, or all=true if that is meant.'
        )
    if is_all and has_conditions:
        raise InvalidRequestError(
            'all=true cannot be used together with conditions; leave one of them out.'
        )


def _truth(params: Params, name: str) -> bool:
    given = params.get(name) or 'false'
    if not isinstance(given, str) or given not in _TRUTH:
        raise InvalidRequestError(f'{name} must be true or false, and given once.')
    return _TRUTH[given]


def _whole_number(params: Params, name: str) -> int | None:
    given = params.get(name)
    if not given:
        return None
    if not isinstance(given, str) or not _DIGITS.fullmatch(given):
        raise InvalidRequestError(
            f'{name} must be a whole number of 0 or more, and given once.'
        )
    return int(given)
