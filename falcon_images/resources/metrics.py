"""The page that Prometheus reads."""

import threading
from collections.abc import Iterator

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
from falcon_images.store.health import StoreHealth
from falcon_images.telemetry.background import Background
from falcon_images.telemetry.metrics import Metrics
from falcon_images.telemetry.processes import collected

# The page needs no token: whoever asks all the time shall not keep the database busy.
_REMEMBERED_SECONDS = 10
_COUNT_SECONDS = 1.0


class MetricsPage:
    """All metrics as text."""

    def __init__(
        self, metrics: Metrics, health: StoreHealth, background: Background
    ) -> None:
        self._page = _Page(metrics, health)
        self._background = background

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._background.finish()
        resp.content_type = CONTENT_TYPE_PLAIN_0_0_4
        resp.data = generate_latest(self._page)

    on_head = on_get


class _Page(Collector):
    def __init__(self, metrics: Metrics, health: StoreHealth) -> None:
        self._metrics = metrics
        self._health = health
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
            return self._health.estimated_counts(_COUNT_SECONDS)
        except DatabaseUnavailableError:
            return None
