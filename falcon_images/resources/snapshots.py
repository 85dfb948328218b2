"""The resources of snapshots: what a collection was, kept as it was."""

import falcon

from falcon_images.datasets.snapshots.making import SnapshotMaker
from falcon_images.query.snapshots import checked_name, parse_snapshot
from falcon_images.resources.bodies import read_object
from falcon_images.settings import Limits


class Snapshots:
    """The snapshots of a collection."""

    def __init__(self, snapshots: SnapshotMaker, limits: Limits) -> None:
        self._snapshots = snapshots
        self._limits = limits

    def on_get(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        resp.media = self._snapshots.list(collection_name)

    on_head = on_get

    def on_post(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        request = parse_snapshot(read_object(req, self._limits), self._limits)
        resp.media = self._snapshots.make(collection_name, request)


class Snapshot:
    """One snapshot."""

    def __init__(self, snapshots: SnapshotMaker) -> None:
        self._snapshots = snapshots

    def on_delete(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        collection_name: str,
        snapshot_name: str,
    ) -> None:
        resp.media = self._snapshots.end(collection_name, checked_name(snapshot_name))
