"""Selections: which images a bulk change is for, and how many are expected."""

from dataclasses import dataclass
from typing import Any

from falcon_images.errors import InvalidRequestError
from falcon_images.query.as_sent import check_encoding, refuse_blank_parameters
from falcon_images.query.conditions import excluding_paths
from falcon_images.query.lists import parse_filter
from falcon_images.query.names import BULK, NOT_IN_BULK, OF_BULK_CHANGES, instead
from falcon_images.query.parameters import BOOLEANS, Params, whole_number
from falcon_images.settings import Limits

_MAX_EXPECT_DIGITS = 18


@dataclass(frozen=True)
class Selection:
    """The images that match a filter; `expect` is how many the client counts on.

    `conditions` are the parameters that the filter was made of, and `excluding` the
    properties of those that exclude values.
    """

    filter: dict[str, Any]
    conditions: dict[str, str | list[str]]
    excluding: tuple[str, ...] = ()
    is_dry_run: bool = False
    expect: int | None = None


def parse_bulk_selection(
    params: Params, query_string: str, limits: Limits
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
    _refuse_other_names(params)
    filter_ = parse_filter(params, limits, BULK)
    _check_all(truth(params, 'all'), bool(filter_))
    return Selection(
        filter=filter_,
        conditions={
            name: value for name, value in params.items() if name not in OF_BULK_CHANGES
        },
        excluding=excluding_paths(params, limits, BULK),
        is_dry_run=truth(params, 'dry_run'),
        expect=expected(params, limits),
    )


def _refuse_other_names(params: Params) -> None:
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


def truth(params: Params, name: str) -> bool:
    """Read a parameter that is true or false; false if it is absent."""
    given = params.get(name) or 'false'
    if not isinstance(given, str) or given not in BOOLEANS:
        raise InvalidRequestError(f'{name} must be true or false, and given once.')
    return BOOLEANS[given]


def expected(params: Params, limits: Limits) -> int | None:
    """Read how many images are meant; None if that is not said."""
    if not params.get('expect'):
        return None
    return whole_number(params, ('expect',), limits, _MAX_EXPECT_DIGITS)
