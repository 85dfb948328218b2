import json
import logging
from collections.abc import Iterator
from typing import Any

import falcon
import pytest

from falcon_images.log_lines import formatter
from falcon_images.resources import Root
from tests.conftest import Service


class Lines(logging.Handler):
    """What would be written to the log in one of the formats."""

    def __init__(self, log_format: str) -> None:
        super().__init__()
        self.setFormatter(formatter(log_format))
        self.written: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.written.append(self.format(record))

    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.written]


@pytest.fixture(params=['text', 'json'])
def lines(request: pytest.FixtureRequest) -> Iterator[Lines]:
    handler = Lines(request.param)
    logger = logging.getLogger('falcon_images')
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(level)


json_lines = pytest.mark.parametrize('lines', ['json'], indirect=True)
text_lines = pytest.mark.parametrize('lines', ['text'], indirect=True)


@json_lines
def test_a_request_is_an_object_with_fields(service: Service, lines: Lines) -> None:
    headers = {'X-Request-ID': 'mine'}
    response = service.client.simulate_get('/collections/ü/images', headers=headers)
    (line,) = lines.objects()
    assert line.pop('message').startswith('GET /collections/%C3%BC/images 200 ')
    assert line.pop('time')[10:].startswith('T')
    assert 0 < line.pop('milliseconds') < 10_000
    assert line == {
        'level': 'INFO',
        'method': 'GET',
        'path': '/collections/%C3%BC/images',
        'status': 200,
        'bytes': len(response.content),
        'request_id': 'mine',
    }


@text_lines
def test_a_request_is_a_line(service: Service, lines: Lines) -> None:
    headers = {'X-Request-ID': 'mine'}
    service.client.simulate_get('/collections', headers=headers)
    (line,) = lines.written
    assert ' INFO GET /collections 200 ' in line
    assert line.endswith(' ms 2 bytes mine')


def test_no_query_and_no_token_is_written(service: Service, lines: Lines) -> None:
    headers = {'Authorization': 'Bearer secret', 'Cookie': 'jwt=secret'}
    params = {'token': 'secret', 'filter': '{"x": "secret"'}
    service.client.simulate_get('/collections/c/images', headers=headers, params=params)
    assert 'secret' not in ''.join(lines.written)


@json_lines
def test_a_failure_has_its_traceback_as_a_string(
    service: Service, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Root, req: falcon.Request, resp: falcon.Response) -> None:
        raise RuntimeError('a bug')

    monkeypatch.setattr(Root, 'on_get', fail)
    service.app.add_route('/fails', Root(service.metadata, service.settings))
    assert service.client.simulate_get('/fails').status_code == 500
    failure, request = lines.objects()
    assert failure['level'] == 'ERROR'
    assert failure['exception'].startswith('Traceback')
    assert failure['exception'].endswith('RuntimeError: a bug')
    assert request['status'] == 500


@json_lines
def test_every_line_is_one_line_of_ascii(lines: Lines) -> None:
    logging.getLogger('falcon_images.x').warning('%s', 'one\ntwo "ü" \udcff')
    (text,) = lines.written
    assert text.isascii()
    assert '\n' not in text
    (line,) = lines.objects()
    assert line['message'] == 'one\ntwo "ü" \udcff'


@json_lines
def test_the_time_is_that_of_the_line_in_utc(lines: Lines) -> None:
    record = logging.makeLogRecord({'created': 1795406706.789, 'msg': 'x'})
    assert json.loads(lines.format(record))['time'] == '2026-11-23T04:05:06.789Z'
