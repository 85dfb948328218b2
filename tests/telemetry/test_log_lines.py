import io
import json
import logging
import sys
import time
from collections.abc import Iterator
from typing import Any

import falcon
import pytest

from falcon_images.resources.root import Root
from falcon_images.telemetry.log_lines import LineHandler, formatter
from tests.support.service import Service


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


@text_lines
def test_no_request_is_written_where_only_warnings_are(
    service: Service, lines: Lines
) -> None:
    logging.getLogger('falcon_images').setLevel(logging.WARNING)
    service.client.simulate_get('/collections')
    assert lines.written == []


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
    service.app.add_route('/fails', Root(service.parts.health, '', '', False))
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


@text_lines
def test_the_time_of_a_line_for_people_is_local(lines: Lines) -> None:
    for created, milliseconds in ((1795406706.5, '500'), (1795406707.25, '250')):
        record = record_of('x', levelname='INFO', created=created)
        record.msecs = created % 1 * 1000
        local = time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(created))
        assert lines.format(record) == f'{local},{milliseconds} INFO x'


@json_lines
def test_a_request_has_the_time_of_its_answer(
    service: Service, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, 'time', lambda: 1795406706.789)
    service.client.simulate_get('/collections')
    monkeypatch.undo()
    (line,) = lines.objects()
    assert line['time'] == '2026-11-23T04:05:06.789Z'


class Stream(io.StringIO):
    """What is written, and in which pieces."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def write(self, text: str) -> int:
        self.pieces.append(text)
        return super().write(text)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> tuple[LineHandler, Stream]:
    stream = Stream()
    monkeypatch.setattr(sys, 'stderr', stream)
    return LineHandler(), stream


def record_of(text: str, level: int = logging.INFO, **more: Any) -> logging.LogRecord:
    return logging.makeLogRecord({'msg': text, 'levelno': level, **more})


def test_lines_that_others_follow_are_written_together(
    written: tuple[LineHandler, Stream],
) -> None:
    handler, stream = written
    for number in range(3):
        handler.handle(record_of(f'{number}', is_followed=True))
    assert stream.getvalue() == ''
    handler.flush()
    assert stream.getvalue() == '0\n1\n2\n'
    assert len([piece for piece in stream.pieces if piece]) == 1


def test_a_line_that_nothing_follows_is_written_with_those_before_it(
    written: tuple[LineHandler, Stream],
) -> None:
    handler, stream = written
    handler.handle(record_of('a', is_followed=True))
    handler.handle(record_of('b', logging.ERROR))
    assert stream.getvalue() == 'a\nb\n'


def test_only_whole_lines_are_written_at_once_and_not_too_many(
    written: tuple[LineHandler, Stream],
) -> None:
    handler, stream = written
    for number in range(200):
        handler.handle(record_of(f'{number:0100}', is_followed=True))
    handler.handle(record_of('x' * 10_000, is_followed=True))
    handler.flush()
    pieces = [piece for piece in stream.pieces if piece]
    assert all(piece.endswith('\n') for piece in pieces)
    assert all(len(piece) <= 4096 for piece in pieces[:-1])
    assert len(pieces) <= 7
    assert stream.getvalue().count('\n') == 201


def test_a_line_that_cannot_be_written_is_no_error(
    written: tuple[LineHandler, Stream], monkeypatch: pytest.MonkeyPatch
) -> None:
    handler, stream = written
    monkeypatch.setattr(logging, 'raiseExceptions', False)

    def fail(text: str) -> int:
        raise OSError('No space left on device')

    monkeypatch.setattr(stream, 'write', fail)
    handler.handle(record_of('a'))
    with pytest.raises(OSError, match='No space'):
        handler.flush()
    monkeypatch.undo()
    handler.handle(record_of('b'))
    assert stream.getvalue() == 'b\n'
