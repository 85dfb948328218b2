"""The page that Prometheus reads, and the middleware that counts for it."""

import threading
from collections.abc import Iterator
from typing import Any

import cachetools
import falcon
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import (
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from falcon_images import __version__
from falcon_images.errors import DatabaseUnavailableError
from falcon_images.later import Later
from falcon_images.metadata import MongoMetadata
from falcon_images.metrics import Metrics
from falcon_images.metrics.processes import collected
from falcon_images.verdict import NOT_TAKEN

_METHODS = frozenset(falcon.COMBINED_METHODS)
_FORM = 'multipart/form-data'
_OTHER_METHOD = 'other'
_NO_ROUTE = 'none'
# The page needs no token: whoever asks all the time shall not keep the database busy.
_REMEMBERED_SECONDS = 10
_COUNT_SECONDS = 1.0


class RequestMetrics:
    """Counts uploads and answers; `RequestLog`, which is inside, has measured these."""

    def __init__(self, metrics: Metrics, later: Later) -> None:
        self._metrics = metrics
        self._later = later

    def process_resource(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        resource: object,
        params: dict[str, Any],
    ) -> None:
        if req.method == 'POST' and _is_form(req):
            req.context.is_upload = True
            self._metrics.uploads_in_flight.inc()

    def process_response(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        resource: object,
        req_succeeded: bool,
    ) -> None:
        if req.context.get('is_upload'):
            self._metrics.uploads_in_flight.dec()
        if stored_bytes := req.context.get('stored_bytes'):
            self._metrics.count_image(stored_bytes)
        method = req.method if req.method in _METHODS else _OTHER_METHOD
        self._later.do(
            self._metrics.count_answer,
            (method, req.uri_template or _NO_ROUTE, resp.status_code),
            req.context.seconds,
            0 if req.env.get(NOT_TAKEN) else req.content_length or 0,
            0 if method == 'HEAD' else req.context.bytes_sent,
        )


class MetricsPage:
    """All metrics as text."""

    def __init__(self, metrics: Metrics, metadata: MongoMetadata, later: Later) -> None:
        self._page = _Page(metrics, metadata)
        self._later = later

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._later.finish()
        resp.content_type = CONTENT_TYPE_PLAIN_0_0_4
        resp.data = generate_latest(self._page)

    on_head = on_get


class _Page(Collector):
    def __init__(self, metrics: Metrics, metadata: MongoMetadata) -> None:
        self._metrics = metrics
        self._metadata = metadata
        self._counts: cachetools.TTLCache[str, tuple[int, int] | None]
        self._counts = cachetools.TTLCache(1, _REMEMBERED_SECONDS)
        self._lock = threading.Lock()

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily(
            'falcon_images', 'The service.', {'version': __version__}
        )
        yield from collected(self._metrics.registry)
        # Without the database nobody knows them: then they are absent, not 0.
        if counts := self._remembered_counts():
            yield GaugeMetricFamily(
                'falcon_images_collections', 'Collections there are.', counts[0]
            )
            yield GaugeMetricFamily(
                'falcon_images_documents', 'Documents in them, estimated.', counts[1]
            )

    def _remembered_counts(self) -> tuple[int, int] | None:
        with self._lock:
            if 'counts' not in self._counts:
                self._counts['counts'] = self._count()
            return self._counts.get('counts')

    def _count(self) -> tuple[int, int] | None:
        try:
            return self._metadata.estimated_counts(_COUNT_SECONDS)
        except DatabaseUnavailableError:
            return None


def _is_form(req: falcon.Request) -> bool:
    # Nothing but an upload has one.
    return (req.content_type or '').lower().startswith(_FORM)
