"""The export of a snapshot: a file that can be downloaded in parts."""

from io import BytesIO
from typing import Any, NamedTuple, cast

import falcon

from falcon_images.datasets.export import Layout
from falcon_images.datasets.run import Request
from falcon_images.datasets.snapshots.snapshot_exports import (
    SnapshotExport,
    SnapshotExports,
)
from falcon_images.resources.conditional import is_not_modified, requested_range
from falcon_images.resources.image_file import content_disposition

# The name may become that of another snapshot.
_CACHE_CONTROL = 'private, no-cache'


class Wanted(NamedTuple):
    """An export of a snapshot, and what it is to be written as."""

    snapshot: Any
    request: Request
    format: str
    layout: Layout


class ExportOfSnapshot:
    """A snapshot of a collection in one file, the same bytes each time."""

    def __init__(self, exports: SnapshotExports) -> None:
        self._exports = exports

    def find(self, collection_name: str, name: str) -> Any:
        """Find a snapshot; raise `NotFoundError` if it is not there."""
        return self._exports.find(collection_name, name)

    def send(self, req: falcon.Request, resp: falcon.Response, wanted: Wanted) -> None:
        """Answer with the file, or a part of it."""
        export = self._exports.begin(*wanted)
        try:
            self._answer(req, resp, wanted, export)
        except BaseException:
            export.close()
            raise

    def describe(
        self, req: falcon.Request, resp: falcon.Response, wanted: Wanted
    ) -> None:
        """Answer with the headers; those of the bytes only if these are known."""
        snapshot, request, format_, _ = wanted
        recorded = self._exports.recorded(snapshot, request, format_)
        if recorded is None:
            _describe(resp, wanted)
            resp.stream = BytesIO()
            return
        recorded.close()
        if is_not_modified(req, recorded.etag):
            _not_modified(resp, recorded.etag)
            return
        _describe(resp, wanted, recorded.etag)
        resp.content_length = recorded.size

    def _answer(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        wanted: Wanted,
        export: SnapshotExport,
    ) -> None:
        if is_not_modified(req, export.etag):
            export.close()
            _not_modified(resp, export.etag)
            return
        selected = requested_range(req, export.size, export.etag)
        first, last = selected or (0, export.size - 1)
        export.choose(first, last)
        _describe(resp, wanted, export.etag)
        resp.set_stream(cast(Any, export), last - first + 1)
        if selected:
            resp.content_range = (first, last, export.size)
            resp.status = falcon.HTTP_206


def _not_modified(resp: falcon.Response, etag: str) -> None:
    resp.status = falcon.HTTP_304
    resp.set_header('ETag', f'"{etag}"')
    resp.set_header('Cache-Control', _CACHE_CONTROL)


def _describe(resp: falcon.Response, wanted: Wanted, etag: str = '') -> None:
    name = f'{wanted.request.collection_name}-{wanted.snapshot.name}'
    disposition = content_disposition('attachment', name + wanted.layout.extension)
    resp.content_type = wanted.layout.media_type
    resp.set_header('Accept-Ranges', 'bytes')
    resp.set_header('Cache-Control', _CACHE_CONTROL)
    resp.set_header('X-Content-Type-Options', 'nosniff')
    resp.set_header('Content-Disposition', disposition)
    if etag:
        resp.set_header('ETag', f'"{etag}"')
