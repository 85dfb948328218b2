"""Requests for claims: which images somebody wants to work on, and for how long."""

from dataclasses import dataclass

from falcon_images.errors import InvalidRequestError
from falcon_images.metadata.documents import Query
from falcon_images.query.as_sent import check_encoding, refuse_blank_parameters
from falcon_images.query.lists import parse_filter
from falcon_images.query.names import CLAIMS, SECONDS
from falcon_images.query.order import parse_order
from falcon_images.query.parameters import Params, one_text, whole_number
from falcon_images.settings import Limits

_DEFAULT_SECONDS = 300
_MAX_SECONDS = 24 * 3600
# They are answered at once, with their documents.
_MAX_IMAGES = 100


@dataclass(frozen=True)
class ClaimRequest:
    """The first images that match a query and that nobody has.

    Args:
        query: with as many images as are wanted at most.
        seconds: how long nobody else is to be given them.
    """

    query: Query
    seconds: int


def parse_claim(params: Params, query_string: str, limits: Limits) -> ClaimRequest:
    """Read the parameters of a request for a claim.

    Raises:
        InvalidRequestError: one of them cannot be used; the text says which and why.
    """
    check_encoding(query_string)
    # As if absent, others would be given than are meant.
    refuse_blank_parameters(query_string)
    query = Query(
        filter=parse_filter(params, limits, CLAIMS),
        sort=parse_order(params, limits),
        limit=_bounded(params, 'limit', limits, 1, _MAX_IMAGES),
    )
    return ClaimRequest(query, parse_seconds(params, limits))


def parse_seconds(params: Params, limits: Limits) -> int:
    """Read ``seconds``: how long a claim is to last."""
    return _bounded(params, SECONDS, limits, _DEFAULT_SECONDS, _MAX_SECONDS)


def _bounded(params: Params, name: str, limits: Limits, default: int, most: int) -> int:
    if not one_text(params, (name,), limits):
        return default
    number = whole_number(params, (name,), limits)
    if not 1 <= number <= most:
        raise InvalidRequestError(f'{name} must be 1 to {most:,} here, not {number}.')
    return number
