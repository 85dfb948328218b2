"""The images of a collection."""

import contextlib
from io import BytesIO
from typing import BinaryIO, cast
from urllib.parse import quote

import falcon

from falcon_images.changes.patch import checked_patch
from falcon_images.middleware.bodies import MERGE_PATCH, media_type
from falcon_images.middleware.record import record_of
from falcon_images.query.as_sent import check_encoding, ignored_parameters
from falcon_images.query.lists import parse_query, parse_total
from falcon_images.query.pages import next_address
from falcon_images.resources.bodies import read_object, send_document
from falcon_images.resources.changes import ChangeOfAll
from falcon_images.resources.image_file import TRUE
from falcon_images.resources.lists import (
    coded,
    describe_coding,
    describe_list,
    list_type,
    send_list,
)
from falcon_images.resources.many_uploads import ManyUploads, idempotency_key
from falcon_images.settings import Limits
from falcon_images.store.images import ImageStore
from falcon_images.store.lists import ImageLists, Total
from falcon_images.uploads.digests import claimed_digests
from falcon_images.uploads.form import Upload
from falcon_images.uploads.receiver import UploadReceiver


class Images:
    """The images of a collection."""

    def __init__(  # noqa: PLR0913, PLR0917 - each does something with images
        self,
        store: ImageStore,
        lists: ImageLists,
        receiver: UploadReceiver,
        many_uploads: ManyUploads,
        change_of_all: ChangeOfAll,
        limits: Limits,
    ) -> None:
        self._store = store
        self._lists = lists
        self._receiver = receiver
        self._many_uploads = many_uploads
        self._change_of_all = change_of_all
        self._limits = limits

    def on_get(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        query = parse_query(req.params, self._limits)
        kind = self._list_type(req)
        total = parse_total(req.params, self._limits)
        written = self._lists.write(collection_name, query, kind, total)
        ignored = ignored_parameters(req.query_string)
        describe_list(resp, kind, written.total, ignored)
        if written.cursor:
            address = next_address(req.root_path + req.path, req.params, written.cursor)
            resp.set_header('Link', f'<{address}>; rel="next"')
        listing = coded(req, resp, written.listing, query.limit)
        send_list(resp, collection_name, kind, listing)

    def on_head(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        query = parse_query(req.params, self._limits)
        total = None
        if parse_total(req.params, self._limits) != 'none':
            total = Total(self._lists.count(collection_name, query))
        ignored = ignored_parameters(req.query_string)
        describe_list(resp, self._list_type(req), total, ignored)
        describe_coding(req, resp, query.limit)
        # A stream of unknown length: that of the list is not known, so not said.
        resp.stream = BytesIO()

    def on_post(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        if req.get_param('multiple') in TRUE:
            self._many_uploads.respond(req, resp, collection_name)
            return
        key = idempotency_key(req)
        dedupe = req.get_param('dedupe') in TRUE
        with self._received(req) as upload:
            if req.get_param('whole') in TRUE:
                upload.require_whole()
            added = self._store.add(collection_name, upload, key, dedupe)
        if added.is_new:
            record_of(req).stored_bytes = (upload.size,)
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
        return list_type(req, req.params, self._limits)
