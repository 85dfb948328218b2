"""Queries: from the parameters of a request to a query for MongoDB."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from falcon_images.errors import InvalidRequestError
from falcon_images.formats.lists import FORMATS
from falcon_images.metadata.documents import Query
from falcon_images.query.conditions import parse_conditions, parse_period
from falcon_images.query.filters import safe_filter
from falcon_images.query.names import LIMIT, LIST, SKIP, instead
from falcon_images.query.order import parse_order
from falcon_images.query.pages import next_address, parse_cursor, parse_fields
from falcon_images.query.parameters import Params, one_object, one_text, whole_number
from falcon_images.settings import Limits

# How a list is to know how many match.
TOTALS = ('exact', 'none')

__all__ = ['Params', 'next_address', 'parse_filter', 'parse_query', 'parse_selection']


def parse_query(params: Params, limits: Limits) -> Query:
    """Read the list parameters of a request (docs/querying.md has their table).

    Raises:
        InvalidRequestError: one of them cannot be used; the text says which and why.
    """
    selection = parse_selection(params, limits)
    skip, limit = whole_number(params, SKIP, limits), _limit(params, limits)
    after = parse_cursor(params, selection.sort, limits)
    if skip and after:
        raise InvalidRequestError('Give cursor or skip, not both.')
    return replace(selection, skip=skip, limit=limit, after=after)


def parse_selection(params: Params, limits: Limits) -> Query:
    """Read which images, in what order, and what of them; not how many."""
    return Query(
        filter=parse_filter(params, limits),
        sort=parse_order(params, limits),
        fields=parse_fields(params, limits),
    )


def parse_filter(
    params: Params, limits: Limits, names: Collection[str] = LIST
) -> dict[str, Any]:
    """Read which images are meant: ``filter``, plain conditions, ``from`` and ``to``.

    Args:
        names: the parameters that are no conditions, on this route.

    Returns:
        A query for MongoDB; an empty one if there is no condition, so all are meant.
    """
    clauses = [
        safe_filter(one_object(params, 'filter', limits)),
        *parse_period(params, limits),
        *parse_conditions(params, limits, names),
    ]
    clauses = [clause for clause in clauses if clause]
    if len(clauses) > 1:
        return {'$and': clauses}
    return clauses[0] if clauses else {}


def parse_format(params: Params, limits: Limits) -> str:
    """Read ``format``: what the list is written as; empty if it is absent."""
    text = one_text(params, ('format',), limits)
    if text and text not in FORMATS:
        raise InvalidRequestError(
            f'format must be {", ".join(FORMATS)}, not {text[:40]!r}; '
            f'{instead("format")}.'
        )
    return FORMATS.get(text, '')


def parse_total(params: Params, limits: Limits) -> str:
    """Read ``total``: ``exact``, ``none``, or empty if it is absent."""
    text = one_text(params, ('total',), limits)
    if text and text not in TOTALS:
        raise InvalidRequestError(
            f'total must be {" or ".join(TOTALS)}, not {text[:40]!r}; '
            f'{instead("total")}.'
        )
    return text


def _limit(params: Params, limits: Limits) -> int:
    limit, most = whole_number(params, LIMIT, limits), limits.max_list_documents
    if most and not 0 < limit <= most:
        raise InvalidRequestError(
            f'A list can have {most} documents at most (MAX_LIST_DOCUMENTS); ask for '
            'pages with limit.'
        )
    return limit
