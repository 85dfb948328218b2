"""One image's document."""

import falcon

from falcon_images.formats.etags import tag
from falcon_images.formats.json import dumps
from falcon_images.middleware.bodies import MERGE_PATCH, media_type
from falcon_images.resources.bodies import read_object, send_document
from falcon_images.resources.conditional import is_not_modified, required_tag
from falcon_images.settings import Limits
from falcon_images.store.images import ImageStore


class Image:
    """One image's document."""

    def __init__(self, store: ImageStore, limits: Limits) -> None:
        self._store = store
        self._limits = limits

    def on_get(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        collection_name: str,
        image_id: str,
    ) -> None:
        data = dumps(self._store.get(collection_name, image_id))
        etag = tag(data)
        if is_not_modified(req, etag):
            resp.status = falcon.HTTP_304
        else:
            resp.data = data
        resp.set_header('ETag', f'"{etag}"')

    on_head = on_get

    def on_put(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        collection_name: str,
        image_id: str,
    ) -> None:
        properties = read_object(req, self._limits)
        is_meant = required_tag(req)
        document = self._store.replace(collection_name, image_id, properties, is_meant)
        send_document(resp, document)

    def on_patch(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        collection_name: str,
        image_id: str,
    ) -> None:
        is_merge = media_type(req) == MERGE_PATCH
        change = self._store.merge if is_merge else self._store.update
        values, is_meant = read_object(req, self._limits), required_tag(req)
        send_document(resp, change(collection_name, image_id, values, is_meant))

    def on_delete(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        collection_name: str,
        image_id: str,
    ) -> None:
        self._store.delete(collection_name, image_id, required_tag(req))
        resp.media = {'_id': image_id.lower(), 'deletedCount': 1}
