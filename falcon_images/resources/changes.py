"""The resources of changes: what was done to many images, and how to undo it."""

from typing import Any, cast

import falcon

from falcon_images.changes.bulk import BulkChanges
from falcon_images.changes.history import ChangeHistory
from falcon_images.changes.patch import BulkPatch
from falcon_images.changes.revert import Reverts
from falcon_images.middleware.auth import caller_name
from falcon_images.query.lists import parse_query
from falcon_images.query.names import LIMIT, SKIP
from falcon_images.query.selection import parse_bulk_selection
from falcon_images.settings import Limits

_PAGE = (*LIMIT, *SKIP)


class Changes:
    """The changes of a collection."""

    def __init__(self, history: ChangeHistory, limits: Limits) -> None:
        self._history = history
        self._limits = limits

    def on_get(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        params = {name: value for name, value in req.params.items() if name in _PAGE}
        page = parse_query(params, self._limits)
        listing = self._history.write(
            collection_name, page.skip, page.limit, falcon.MEDIA_JSON
        )
        resp.set_stream(cast(Any, listing.file), listing.size)

    on_head = on_get


class Change:
    """One change."""

    def __init__(self, history: ChangeHistory) -> None:
        self._history = history

    def on_get(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        collection_name: str,
        change_id: str,
    ) -> None:
        resp.media = self._history.get(collection_name, change_id)

    on_head = on_get


class Revert:
    """The way back from a change."""

    def __init__(self, reverts: Reverts) -> None:
        self._reverts = reverts

    def on_post(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        collection_name: str,
        change_id: str,
    ) -> None:
        resp.media = self._reverts.revert(collection_name, change_id)


class Finish:
    """The end of a change that was cut off."""

    def __init__(self, reverts: Reverts) -> None:
        self._reverts = reverts

    def on_post(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        collection_name: str,
        change_id: str,
    ) -> None:
        resp.media = self._reverts.finish(collection_name, change_id)


class ChangeOfAll:
    """What a ``PATCH`` or ``DELETE`` of all images that match does."""

    def __init__(self, bulk_changes: BulkChanges, limits: Limits) -> None:
        self._bulk_changes = bulk_changes
        self._limits = limits

    def respond(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        collection_name: str,
        patch: BulkPatch | None,
    ) -> None:
        """Change all images that match the query; without a patch, delete them."""
        if req.get_header('If-Match') or req.get_header('If-None-Match'):
            raise falcon.HTTPBadRequest(
                title='Invalid request',
                description='If-Match and If-None-Match are for one image; say with '
                'expect=N how many images you mean.',
            )
        selection = parse_bulk_selection(req.params, req.query_string, self._limits)
        bulk = self._bulk_changes
        if selection.is_dry_run:
            resp.media = bulk.preview(collection_name, selection, patch)
        else:
            by = caller_name(req)
            resp.media = bulk.make(collection_name, selection, patch, by)
