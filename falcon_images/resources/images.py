"""The images of a collection."""

import contextlib
import re
from io import BytesIO
from typing import Any, BinaryIO, cast
from urllib.parse import quote

import falcon

from falcon_images.changes.patch import checked_patch
from falcon_images.formats.lists import MEDIA_TYPES, SPREADSHEET
from falcon_images.middleware.bodies import MERGE_PATCH, media_type
from falcon_images.middleware.record import record_of
from falcon_images.query.as_sent import check_encoding, ignored_parameters
from falcon_images.query.lists import parse_format, parse_query, parse_total
from falcon_images.query.pages import next_address
from falcon_images.resources.bodies import read_object, send_document
from falcon_images.resources.changes import ChangeOfAll
from falcon_images.resources.image_file import TRUE, content_disposition
from falcon_images.settings import Limits
from falcon_images.store.images import ImageStore
from falcon_images.store.lists import ImageLists, Total
from falcon_images.uploads.digests import claimed_digests
from falcon_images.uploads.form import Upload
from falcon_images.uploads.receiver import UploadReceiver

_KEY = re.compile('[!-~ ]{1,255}')


class Images:
    """The images of a collection."""

    def __init__(
        self,
        store: ImageStore,
        lists: ImageLists,
        receiver: UploadReceiver,
        change_of_all: ChangeOfAll,
        limits: Limits,
    ) -> None:
        self._store = store
        self._lists = lists
        self._receiver = receiver
        self._change_of_all = change_of_all
        self._limits = limits

    def on_get(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        query = parse_query(req.params, self._limits)
        media_type = self._list_type(req)
        total = parse_total(req.params, self._limits)
        written = self._lists.write(collection_name, query, media_type, total)
        _describe_list(req, resp, media_type, written.total)
        if media_type == SPREADSHEET:
            name = content_disposition('attachment', f'{collection_name}.csv')
            resp.set_header('Content-Disposition', name)
        if written.cursor:
            address = next_address(req.root_path + req.path, req.params, written.cursor)
            resp.set_header('Link', f'<{address}>; rel="next"')
        resp.set_stream(cast(Any, written.listing.file), written.listing.size)

    def on_head(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        query = parse_query(req.params, self._limits)
        total = None
        if parse_total(req.params, self._limits) != 'none':
            total = Total(self._lists.count(collection_name, query))
        _describe_list(req, resp, self._list_type(req), total)
        # A stream of unknown length: that of the list is not known, so not said.
        resp.stream = BytesIO()

    def on_post(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        key = _idempotency_key(req)
        dedupe = req.get_param('dedupe') in TRUE
        with self._received(req) as upload:
            added = self._store.add(collection_name, upload, key, dedupe)
        if added.is_new:
            record_of(req).stored_bytes = upload.size
        if added.is_replay:
            resp.set_header('Idempotency-Replayed', 'true')
        name = quote(collection_name, safe='')
        resp.location = f'/collections/{name}/images/{added.document["_id"]}'
        send_document(resp, added.document)

    def on_patch(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        body = read_object(req, self._limits)
        patch = checked_patch(body, is_merge=media_type(req) == MERGE_PATCH)
        self._change_of_all.respond(req, resp, collection_name, patch)

    def on_delete(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        self._change_of_all.respond(req, resp, collection_name, None)

    def _received(
        self, req: falcon.Request
    ) -> contextlib.AbstractContextManager[Upload]:
        return self._receiver.receive(
            cast(BinaryIO, req.bounded_stream),
            req.content_type or '',
            claimed_digests(req.get_header),
        )

    def _list_type(self, req: falcon.Request) -> str:
        check_encoding(req.query_string)
        return parse_format(req.params, self._limits) or _accepted_type(req)


def _accepted_type(req: falcon.Request) -> str:
    # Names of media types have no case (RFC 9110, section 8.3.1), nor has "q".
    with contextlib.suppress(ValueError):
        if found := falcon.mediatypes.best_match(MEDIA_TYPES, req.accept.lower()):
            return found
    return MEDIA_TYPES[0]


def _describe_list(
    req: falcon.Request, resp: falcon.Response, media_type: str, total: Total | None
) -> None:
    is_text = media_type.startswith('text/')
    if ignored := ignored_parameters(req.query_string):
        resp.set_header('X-Ignored-Parameters', ignored)
    plain_type = media_type.partition(';')[0]
    resp.content_type = f'{plain_type}; charset=utf-8' if is_text else plain_type
    resp.append_header('Vary', 'Accept')
    if total is not None:
        name = 'X-Total-Count' if total.is_exact else 'X-Total-Count-At-Least'
        resp.set_header(name, str(total.number))


def _idempotency_key(req: falcon.Request) -> str | None:
    key = req.get_header('Idempotency-Key')
    if key is not None and not _KEY.fullmatch(key):
        raise falcon.HTTPBadRequest(
            title='Invalid request',
            description='The Idempotency-Key must have 1 to 255 characters of ASCII.',
        )
    return key
