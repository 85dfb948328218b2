"""Selections: which images a bulk change is for, and how many are expected."""

from dataclasses import dataclass
from typing import Any

from falcon_images.errors import InvalidRequestError
from falcon_images.query.lists import parse_filter
from falcon_images.query.names import OF_BULK_CHANGES, OF_LISTS, TOKENS
from falcon_images.query.parameters import BOOLEANS, Params, whole_number
from falcon_images.settings import Limits

_MAX_EXPECT_DIGITS = 18


@dataclass(frozen=True)
class Selection:
    """The images that match a filter; `expect` is how many the client counts on.

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
            if name not in (*OF_BULK_CHANGES, *TOKENS)
        },
        is_dry_run=_truth(params, 'dry_run'),
        expect=_expect(params, limits),
    )


def _refuse_list_parameters(params: Params) -> None:
    for name in OF_LISTS:
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
    if not isinstance(given, str) or given not in BOOLEANS:
        raise InvalidRequestError(f'{name} must be true or false, and given once.')
    return BOOLEANS[given]


def _expect(params: Params, limits: Limits) -> int | None:
    if not params.get('expect'):
        return None
    return whole_number(params, ('expect',), limits, _MAX_EXPECT_DIGITS)
