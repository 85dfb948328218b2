"""Uploads of many images in one request."""

import logging
import re
from typing import Any, BinaryIO, cast

import falcon

from falcon_images.middleware.record import record_of
from falcon_images.resources.errors import error_member
from falcon_images.resources.image_file import TRUE
from falcon_images.store.additions import Added
from falcon_images.store.images import ImageStore
from falcon_images.uploads.digests import claimed_digests
from falcon_images.uploads.receiver import UploadReceiver

_KEY = re.compile('[!-~ ]{1,255}')

logger = logging.getLogger(__name__)


class ManyUploads:
    """What an upload of several images does."""

    def __init__(self, store: ImageStore, receiver: UploadReceiver) -> None:
        self._store = store
        self._receiver = receiver

    def respond(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        """Store each image of a form, and answer what came of each, in their order."""
        found = self._stored(req, collection_name)
        if all(isinstance(each, Added) and each.is_replay for each in found):
            resp.set_header('Idempotency-Replayed', 'true')
        record_of(req).stored_bytes = tuple(
            each.document['_file']['size']
            for each in found
            if isinstance(each, Added) and each.is_new
        )
        resp.media = [self._member(req, each) for each in found]

    def _stored(
        self, req: falcon.Request, collection_name: str
    ) -> list[Added | Exception]:
        key = idempotency_key(req)
        dedupe = req.get_param('dedupe') in TRUE
        stream = cast(BinaryIO, req.bounded_stream)
        claims = claimed_digests(req.get_header)
        content_type = req.content_type or ''
        with self._receiver.receive_many(stream, content_type, claims) as images:
            uploads = images.uploads(requires_whole=req.get_param('whole') in TRUE)
            return list(self._store.add_many(collection_name, uploads, key, dedupe))

    def _member(self, req: falcon.Request, found: Added | Exception) -> dict[str, Any]:
        if isinstance(found, Added):
            return {'status': 200, 'document': found.document}
        member = error_member(found)
        if member['status'] == falcon.http_status_to_code(falcon.HTTP_500):
            logger.error('%s %s failed', req.method, record_of(req).id, exc_info=found)
        return member


def idempotency_key(req: falcon.Request) -> str | None:
    """Return the ``Idempotency-Key`` of a request; None if it has none."""
    key = req.get_header('Idempotency-Key')
    if key is not None and not _KEY.fullmatch(key):
        raise falcon.HTTPBadRequest(
            title='Invalid request',
            description='The Idempotency-Key must have 1 to 255 characters of ASCII.',
        )
    return key
