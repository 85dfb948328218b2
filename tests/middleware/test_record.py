"""The record of a request: one for all who see it, whoever of them is first."""

import logging
from typing import Any

import falcon
import falcon.testing
import pytest

from falcon_images.middleware.record import record_of
from falcon_images.middleware.request_log import RequestLog
from falcon_images.middleware.request_metrics import RequestMetrics
from falcon_images.telemetry.background import Background
from falcon_images.telemetry.metrics import Metrics


class Page:
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.text = 'abc'


def request() -> falcon.Request:
    return falcon.Request(falcon.testing.create_environ('/'))


def test_all_who_ask_share_one_record() -> None:
    req = request()
    record_of(req).stored_bytes = (5,)
    assert record_of(req).stored_bytes == (5,)


def test_each_request_has_a_record_of_its_own() -> None:
    assert record_of(request()).id != record_of(request()).id


def test_the_first_who_asks_ends_the_measurement() -> None:
    record, resp = record_of(request()), falcon.Response()
    resp.data = b'abc'
    seconds = record.measure(resp)
    resp.data = b''
    assert (record.measure(resp), record.bytes_sent) == (seconds, 3)


@pytest.mark.parametrize('is_log_first', [True, False])
def test_log_and_metrics_agree_in_any_order(
    is_log_first: bool, caplog: pytest.LogCaptureFixture
) -> None:
    metrics, background = Metrics(), Background(lambda: None)
    middleware: list[Any] = [
        RequestLog(background),
        RequestMetrics(metrics, background),
    ]
    app = falcon.App(middleware=middleware if is_log_first else middleware[::-1])
    app.add_route('/', Page())
    with caplog.at_level(logging.INFO):
        falcon.testing.TestClient(app).simulate_get('/')
    (line,) = caplog.messages
    sent = metrics.registry.get_sample_value(
        'falcon_images_response_bytes_total',
        {'method': 'GET', 'route': '/', 'status': '200'},
    )
    assert line.startswith('GET / 200 ')
    assert ' 3 bytes ' in line
    assert sent == 3
