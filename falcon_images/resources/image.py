"""One image's document."""

import falcon

from falcon_images.changes.edit import Edit, EditKind, checked_edit
from falcon_images.changes.edits import Edits, EditTarget
from falcon_images.formats.etags import tag
from falcon_images.formats.json import dumps
from falcon_images.middleware.auth import caller_name
from falcon_images.middleware.bodies import MERGE_PATCH, media_type
from falcon_images.query.revertible import parse_revertible
from falcon_images.resources.bodies import read_object, send_document
from falcon_images.resources.conditional import is_not_modified, required_tag
from falcon_images.settings import Limits
from falcon_images.store.images import ImageStore

_CHANGE = 'X-Change'


class Image:
    """One image's document."""

    def __init__(self, store: ImageStore, edits: Edits, limits: Limits) -> None:
        self._store = store
        self._edits = edits
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
        values, target = (
            read_object(req, self._limits),
            _target(req, collection_name, image_id),
        )
        if target:
            self._edit(resp, target, checked_edit(EditKind.REPLACE, values))
            return
        is_meant = required_tag(req)
        document = self._store.replace(collection_name, image_id, values, is_meant)
        send_document(resp, document)

    def on_patch(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        collection_name: str,
        image_id: str,
    ) -> None:
        is_merge = media_type(req) == MERGE_PATCH
        values, target = (
            read_object(req, self._limits),
            _target(req, collection_name, image_id),
        )
        if target:
            kind = EditKind.MERGE if is_merge else EditKind.SET
            self._edit(resp, target, checked_edit(kind, values))
            return
        change = self._store.merge if is_merge else self._store.update
        is_meant = required_tag(req)
        send_document(resp, change(collection_name, image_id, values, is_meant))

    def on_delete(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        collection_name: str,
        image_id: str,
    ) -> None:
        if target := _target(req, collection_name, image_id):
            resp.set_header(_CHANGE, self._edits.delete(target))
        else:
            self._store.delete(collection_name, image_id, required_tag(req))
        resp.media = {'_id': image_id.lower(), 'deletedCount': 1}

    def _edit(self, resp: falcon.Response, target: EditTarget, edit: Edit) -> None:
        edited = self._edits.change(target, edit)
        if edited.change_id:
            resp.set_header(_CHANGE, edited.change_id)
        send_document(resp, edited.document)


def _target(
    req: falcon.Request, collection_name: str, image_id: str
) -> EditTarget | None:
    """Return the image of a change that is to be revertible; None if it is not."""
    joins = parse_revertible(req.params)
    if joins is None:
        return None
    tags, by = required_tag(req), caller_name(req)
    return EditTarget(collection_name, image_id, tags, joins, by)
