"""The middleware that counts requests and uploads."""

from typing import Any

import falcon

from falcon_images.middleware.bodies import media_type
from falcon_images.middleware.record import record_of
from falcon_images.server.verdict import NOT_TAKEN
from falcon_images.telemetry.background import Background
from falcon_images.telemetry.metrics import Metrics

_METHODS = frozenset(falcon.COMBINED_METHODS)
_FORM = 'multipart/form-data'
_OTHER_METHOD = 'other'
_NO_ROUTE = 'none'


class RequestMetrics:
    """Counts uploads and answers, by what their records say."""

    def __init__(self, metrics: Metrics, background: Background) -> None:
        self._metrics = metrics
        self._background = background

    def process_resource(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        resource: object,
        params: dict[str, Any],
    ) -> None:
        # Nothing but an upload has a form.
        if req.method == 'POST' and media_type(req) == _FORM:
            record_of(req).is_upload = True
            self._metrics.uploads_in_flight.inc()

    def process_response(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        resource: object,
        req_succeeded: bool,
    ) -> None:
        record = record_of(req)
        seconds = record.measure(resp)
        if record.is_upload:
            self._metrics.uploads_in_flight.dec()
        for size in record.stored_bytes:
            self._metrics.count_image(size)
        method = req.method if req.method in _METHODS else _OTHER_METHOD
        self._background.do(
            self._metrics.count_answer,
            (method, req.uri_template or _NO_ROUTE, resp.status_code),
            seconds,
            0 if req.env.get(NOT_TAKEN) else req.content_length or 0,
            0 if method == 'HEAD' else record.bytes_sent,
        )
