"""Answers that are lists of documents, wherever the query of a list comes from."""

import contextlib
from typing import Any, cast

import falcon

from falcon_images.formats.lists import MEDIA_TYPES, SPREADSHEET, Listing, packed
from falcon_images.query.lists import Params, parse_format
from falcon_images.resources.compression import takes_gzip
from falcon_images.resources.image_file import content_disposition
from falcon_images.settings import Limits
from falcon_images.store.lists import Total


def list_type(req: falcon.Request, params: Params, limits: Limits) -> str:
    """Return what a list is written as: as ``format`` says, else as ``Accept`` does."""
    return parse_format(params, limits) or _accepted_type(req)


def describe_list(
    resp: falcon.Response, media_type: str, total: Total | None, ignored: str
) -> None:
    """Set the headers of a list.

    Args:
        total: how many match; None if nobody asked.
        ignored: the names of parameters that it passed over.
    """
    is_text = media_type.startswith('text/')
    if ignored:
        resp.set_header('X-Ignored-Parameters', ignored)
    plain_type = media_type.partition(';')[0]
    resp.content_type = f'{plain_type}; charset=utf-8' if is_text else plain_type
    resp.append_header('Vary', 'Accept')
    if total is not None:
        name = 'X-Total-Count' if total.is_exact else 'X-Total-Count-At-Least'
        resp.set_header(name, str(total.number))


def describe_coding(req: falcon.Request, resp: falcon.Response, limit: int) -> bool:
    """Set the headers of a list's compression; return whether it is to be compressed.

    Pages are, for clients that take it; lists without a limit would cost too much time.
    """
    if not limit:
        return False
    resp.append_header('Vary', 'Accept-Encoding')
    is_packed = takes_gzip(req)
    if is_packed:
        resp.set_header('Content-Encoding', 'gzip')
    return is_packed


def coded(
    req: falcon.Request, resp: falcon.Response, listing: Listing, limit: int
) -> Listing:
    """Return a list as it is to be sent, compressed or not; its headers are set."""
    return packed(listing) if describe_coding(req, resp, limit) else listing


def send_list(
    resp: falcon.Response, collection_name: str, media_type: str, listing: Listing
) -> None:
    """Answer with a list; one for spreadsheets has a file name."""
    if media_type == SPREADSHEET:
        name = content_disposition('attachment', f'{collection_name}.csv')
        resp.set_header('Content-Disposition', name)
    resp.set_stream(cast(Any, listing.file), listing.size)


def _accepted_type(req: falcon.Request) -> str:
    # Names of media types have no case (RFC 9110, section 8.3.1), nor has "q".
    with contextlib.suppress(ValueError):
        if found := falcon.mediatypes.best_match(MEDIA_TYPES, req.accept.lower()):
            return found
    return MEDIA_TYPES[0]
