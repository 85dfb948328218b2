"""The export of a collection: a file to download, made while it is sent."""

from io import BytesIO
from typing import Any, cast
from urllib.parse import quote, urlencode

import falcon

from falcon_images.datasets.export import Exports, Layout
from falcon_images.datasets.layouts.coco import Coco
from falcon_images.datasets.layouts.flat_zip import FlatZip
from falcon_images.datasets.layouts.imagefolder import ImageFolder
from falcon_images.datasets.layouts.parquet import Parquet, require_pyarrow
from falcon_images.datasets.layouts.tables import Csv, DocumentLines, Workbook
from falcon_images.datasets.layouts.ultralytics import Ultralytics
from falcon_images.datasets.layouts.webdataset import WebDataset
from falcon_images.datasets.layouts.yolo_cls import YoloCls
from falcon_images.datasets.run import Request
from falcon_images.datasets.snapshots.snapshot_exports import SnapshotExports
from falcon_images.query.as_sent import check_encoding, ignored_parameters
from falcon_images.query.export import (
    Options,
    parse_export,
    parse_layout,
    parse_options,
)
from falcon_images.query.names import TOKENS
from falcon_images.query.pages import parse_fields
from falcon_images.query.snapshots import parse_snapshot_name
from falcon_images.resources.image_file import content_disposition
from falcon_images.resources.snapshot_export import ExportOfSnapshot, Wanted
from falcon_images.settings import Limits

_LAYOUTS: dict[str, Layout] = {
    '': FlatZip(),
    'files': FlatZip(has_documents=False),
    'imagefolder': ImageFolder(),
    'webdataset': WebDataset(),
    'coco': Coco(),
    'yolo-cls': YoloCls(),
    'ultralytics': Ultralytics(),
    'ndjson': DocumentLines(),
    'csv': Csv(),
    'xlsx': Workbook(),
    'parquet': Parquet(),
}
# Those that can be sent back, to change images.
_TAGGED = ('csv', 'xlsx')


class Export:
    """All images of a collection that match, with their documents, in one file."""

    def __init__(
        self, exports: Exports, snapshot_exports: SnapshotExports, limits: Limits
    ) -> None:
        self._exports = exports
        self._of_snapshot = ExportOfSnapshot(snapshot_exports)
        self._limits = limits

    def on_get(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        layout = self._layout(req)
        if wanted := self._wanted(req, collection_name, layout):
            self._of_snapshot.send(req, resp, wanted)
            return
        query = parse_export(req.params, self._limits)
        conditions = {n: v for n, v in req.params.items() if n not in TOKENS}
        written = urlencode(conditions, doseq=True, errors='replace')
        request = self._request(req, collection_name, written, query.fields)
        body = self._exports.begin(request, query, layout)
        _describe(req, resp, collection_name, layout)
        resp.stream = cast(Any, body)

    def on_head(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        layout = self._layout(req)
        if wanted := self._wanted(req, collection_name, layout):
            self._of_snapshot.describe(req, resp, wanted)
            return
        parse_export(req.params, self._limits)
        self._options(req)
        self._exports.check(collection_name)
        _describe(req, resp, collection_name, layout)
        # A stream of unknown length: that of the export is not known, so not said.
        resp.stream = BytesIO()

    def _wanted(
        self, req: falcon.Request, collection_name: str, layout: Layout
    ) -> Wanted | None:
        """Return which export of a snapshot is asked for, if that is."""
        name = parse_snapshot_name(req.params, self._limits)
        if not name:
            return None
        snapshot = self._of_snapshot.find(collection_name, name)
        beside = {n: v for n, v in req.params.items() if n not in TOKENS}
        beside['made_with'] = urlencode(snapshot.conditions, doseq=True)
        written = urlencode(sorted(beside.items()), doseq=True, errors='replace')
        fields = parse_fields(req.params, self._limits)
        request = self._request(req, collection_name, written, fields)
        format_ = parse_layout(req.params, self._limits, _LAYOUTS)
        return Wanted(snapshot, request, format_, layout)

    def _request(
        self,
        req: falcon.Request,
        collection_name: str,
        written: str,
        fields: tuple[str, ...],
    ) -> Request:
        return Request(
            collection_name,
            written,
            fields,
            self._options(req),
            f'{req.forwarded_prefix}/collections/{quote(collection_name, safe="")}',
            has_tags=req.params.get('format') in _TAGGED,
        )

    def _options(self, req: falcon.Request) -> Options:
        layout = parse_layout(req.params, self._limits, _LAYOUTS)
        return parse_options(req.params, self._limits, layout)

    def _layout(self, req: falcon.Request) -> Layout:
        check_encoding(req.query_string)
        layout = _LAYOUTS[parse_layout(req.params, self._limits, _LAYOUTS)]
        if isinstance(layout, Parquet):
            require_pyarrow()
        return layout


def _describe(
    req: falcon.Request, resp: falcon.Response, collection_name: str, layout: Layout
) -> None:
    if ignored := ignored_parameters(req.query_string):
        resp.set_header('X-Ignored-Parameters', ignored)
    resp.content_type = layout.media_type
    resp.set_header('Accept-Ranges', 'none')
    resp.set_header('Cache-Control', 'no-store')
    resp.set_header('X-Content-Type-Options', 'nosniff')
    name = content_disposition('attachment', f'{collection_name}{layout.extension}')
    resp.set_header('Content-Disposition', name)
