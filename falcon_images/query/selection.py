"""Selections: which images a bulk change is about, and what is to be made sure."""

import re
from dataclasses import dataclass
from typing import Any

from falcon_images.errors import InvalidRequestError
from falcon_images.query.lists import parse_filter
from falcon_images.query.parameters import Params
from falcon_images.settings import Limits

# They mean something for lists, but nothing for all images that match.
_OF_LISTS = (
    *('limit', 'batch_size', 'count', 'skip', 'start_index', 'index'),
    *('sort', 'cursor', 'fields', 'values'),
)
_OUR_OWN = ('all', 'dry_run', 'expect')
_TOKENS = ('jwt', 'token')
_TRUTH = {'true': True, 'false': False}
_DIGITS = re.compile('[0-9]{1,18}')


@dataclass(frozen=True)
class Selection:
    """The images that match a filter, `expect` of them if that is told.

    `conditions` are the parameters that the filter was made of.
    """

    filter: dict[str, Any]
    conditions: dict[str, str | list[str]]
    is_dry_run: bool = False
    expect: int | None = None


def parse_bulk_selection(params: Params, limits: Limits) -> Selection:
    """Read the parameters of a bulk change.

    Raises:
        InvalidRequestError: one cannot be used, or it is not clear what is meant.
    """
    _refuse_list_parameters(params)
    filter_ = parse_filter(params, limits)
    _check_all(_truth(params, 'all'), bool(filter_))
    return Selection(
        filter=filter_,
        conditions={
            name: value
            for name, value in params.items()
            if name not in (*_OUR_OWN, *_TOKENS)
        },
        is_dry_run=_truth(params, 'dry_run'),
        expect=_whole_number(params, 'expect'),
    )


def _refuse_list_parameters(params: Params) -> None:
    for name in _OF_LISTS:
        if params.get(name):
            raise InvalidRequestError(
                f'{name} cannot be used here: a bulk change is of all images that '
                'match. Choose them by conditions.'
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
