"""Lists whose query is too long for an address: it is the body of a request."""

from dataclasses import replace

import falcon

from falcon_images.errors import InvalidRequestError, TooLargeError
from falcon_images.middleware.bodies import URLENCODED, media_type
from falcon_images.query.as_sent import told_names
from falcon_images.query.lists import parse_query, parse_total
from falcon_images.query.sent_queries import SentQuery, read_form, read_json
from falcon_images.resources.lists import coded, describe_list, list_type, send_list
from falcon_images.settings import Limits
from falcon_images.store.lists import ImageLists


class ImageQuery:
    """The images of a collection that match a query in the body; nothing is changed."""

    def __init__(self, lists: ImageLists, limits: Limits) -> None:
        self._lists = lists
        # A part of the body is not bounded more closely than the body.
        self._limits = replace(limits, max_query_bytes=limits.max_query_body_bytes)

    def on_post(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        sent = self._read(req)
        query = parse_query(sent.params, self._limits)
        kind = list_type(req, sent.params, self._limits)
        total = parse_total(sent.params, self._limits)
        written = self._lists.write(collection_name, query, kind, total)
        describe_list(resp, kind, written.total, told_names(sent.blank))
        if written.cursor:
            resp.set_header('X-Next-Cursor', written.cursor)
        listing = coded(req, resp, written.listing, query.limit)
        send_list(resp, collection_name, kind, listing)

    def _read(self, req: falcon.Request) -> SentQuery:
        if req.query_string:
            raise InvalidRequestError(
                'The query of this request is its body; move the parameters of the '
                'address into it.'
            )
        limit = self._limits.max_query_body_bytes
        body = req.bounded_stream.read(limit + 1)
        if len(body) > limit:
            raise TooLargeError(
                f'The body has more than {limit} bytes (MAX_QUERY_BODY_BYTES).'
            )
        if media_type(req) == URLENCODED:
            return read_form(body)
        return read_json(body, self._limits)
