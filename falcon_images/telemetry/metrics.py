"""Metrics: what the service does, counted as it does it, in the form of Prometheus."""

from dataclasses import dataclass
from typing import Any

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_PREFIX = 'falcon_images'
_REQUEST_LABELS = ('method', 'route', 'status')
_REQUEST_SECONDS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 10.0, 60.0),
)
_OPERATION_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 5.0)


def count_without_times() -> None:
    """Write no time of creation for counters, in this process.

    Prometheus has no use for it, and would read twice as many lines.
    """
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class _Answers:
    """The counters of the answers with one method, route and status."""

    requests: Counter
    seconds: Histogram
    bytes_received: Counter
    bytes_sent: Counter


class Metrics:
    """The counters of this process.

    With several processes, `share_between_processes` comes before it is made.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = self._counter('requests', 'Requests that were answered.')
        self._seconds = self._histogram(
            'request_duration_seconds',
            'From the whole request being there to its answer being handed over.',
            _REQUEST_LABELS,
            _REQUEST_SECONDS,
        )
        self._received = self._counter('request_bytes', 'Bytes of bodies received.')
        self._sent = self._counter('response_bytes', 'Bytes of bodies sent.')
        self._operation_seconds = self._histogram(
            'database_operation_duration_seconds',
            'From asking the database to having its answer.',
            ('operation', 'outcome'),
            _OPERATION_SECONDS,
        )
        self.uploads_in_flight = Gauge(
            'uploads_in_flight',
            'Uploads that are worked on.',
            namespace=_PREFIX,
            registry=self.registry,
            multiprocess_mode='livesum',
        )
        self._images_stored = self._counter(
            'images_stored', 'Images stored since the service started.', ()
        )
        self._bytes_stored = self._counter(
            'image_bytes_stored', 'Bytes of images stored since then.', ()
        )
        # To find a counter by its labels costs more than to count.
        self._answers: dict[tuple[str, str, int], _Answers] = {}
        self._operations: dict[tuple[str, bool], Histogram] = {}

    def count_answer(
        self,
        labels: tuple[str, str, int],
        seconds: float,
        bytes_received: int,
        bytes_sent: int,
    ) -> None:
        """Count an answer; its labels are method, template of the route and status."""
        answers = self._answers.get(labels) or self._new_answers(labels)
        answers.requests.inc()
        answers.seconds.observe(seconds)
        if bytes_received:
            answers.bytes_received.inc(bytes_received)
        if bytes_sent:
            answers.bytes_sent.inc(bytes_sent)

    def count_operation(self, name: str, seconds: float, has_failed: bool) -> None:
        """Count an operation of the database."""
        counted = self._operations.get((name, has_failed))
        if counted is None:
            counted = self._new_operation(name, has_failed)
        counted.observe(seconds)

    def count_image(self, size: int) -> None:
        """Count an image that was stored, of `size` bytes."""
        self._images_stored.inc()
        self._bytes_stored.inc(size)

    def _new_answers(self, labels: tuple[str, str, int]) -> _Answers:
        made = _Answers(
            self._requests.labels(*labels),
            self._seconds.labels(*labels),
            self._received.labels(*labels),
            self._sent.labels(*labels),
        )
        return self._answers.setdefault(labels, made)

    def _new_operation(self, name: str, has_failed: bool) -> Histogram:
        outcome = 'failed' if has_failed else 'ok'
        made = self._operation_seconds.labels(name, outcome)
        return self._operations.setdefault((name, has_failed), made)

    def _counter(
        self, name: str, text: str, labels: tuple[str, ...] = _REQUEST_LABELS
    ) -> Counter:
        return Counter(name, text, labels, namespace=_PREFIX, registry=self.registry)

    def _histogram(
        self, name: str, text: str, labels: tuple[str, ...], buckets: Any
    ) -> Histogram:
        return Histogram(
            name,
            text,
            labels,
            namespace=_PREFIX,
            registry=self.registry,
            buckets=buckets,
        )
