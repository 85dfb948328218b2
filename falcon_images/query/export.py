"""Queries of exports: those of a list, without its pages."""

from collections.abc import Collection

from falcon_images.errors import InvalidRequestError
from falcon_images.metadata.documents import Query
from falcon_images.query.lists import parse_filter
from falcon_images.query.names import EXPORT, LIMIT, SKIP, instead
from falcon_images.query.order import parse_order
from falcon_images.query.pages import parse_fields
from falcon_images.query.parameters import Params, one_text, whole_number
from falcon_images.settings import Limits


def parse_export(params: Params, limits: Limits) -> Query:
    """Read which images are exported, in what order, and what of their documents.

    Raises:
        InvalidRequestError: one of the parameters cannot be used.
    """
    if params.get('cursor'):
        raise InvalidRequestError(
            'cursor cannot be used here: an export has no pages; choose with '
            f'conditions, limit and skip. {instead("cursor").capitalize()}.'
        )
    return Query(
        filter=parse_filter(params, limits, EXPORT),
        sort=parse_order(params, limits),
        skip=whole_number(params, SKIP, limits),
        limit=whole_number(params, LIMIT, limits),
        fields=parse_fields(params, limits),
    )


def parse_layout(params: Params, limits: Limits, known: Collection[str]) -> str:
    """Read ``format``, one of those that are known; empty if it is absent."""
    text = one_text(params, ('format',), limits)
    if text not in known:
        names = ', '.join(name for name in known if name)
        raise InvalidRequestError(
            f'format must be {names}, not {text[:40]!r}; without it, the export is '
            f'an archive with everything. {instead("format").capitalize()}.'
        )
    return text
