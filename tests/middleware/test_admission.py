"""Requests that are refused, or wait, when their headers are there."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import falcon.testing
import pytest

from falcon_images.settings import Settings
from tests.support.admission import (
    FORM,
    IMAGE,
    IMAGES,
    JSON,
    SENT,
    Answer,
    answer_of,
    get,
    request,
    served,
    upload,
)
from tests.support.identification import (
    ID,
    IdentificationServer,
)
from tests.support.identification import KNOWN as KNOWN_HEADER
from tests.support.server import MB, Serving, eventually, exchange, read_all
from tests.support.service import Service, running

KNOWN = ('Authorization: Bearer known',)
LARGE = 120 * MB
SOON = 1.5


@pytest.fixture
def guarded_server(guarded: Service) -> Iterator[Serving]:
    with served(guarded) as made:
        yield made


@pytest.fixture
def open_server(service: Service) -> Iterator[Serving]:
    with served(service) as made:
        yield made


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    began = time.monotonic()
    return call(), time.monotonic() - began


REFUSED = [
    ('POST', IMAGES, (FORM,), 401),
    ('POST', f'{IMAGES}/', (FORM,), 401),
    ('POST', IMAGES, (FORM, 'Cookie: jwt=known'), 401),
    ('PATCH', IMAGE, (JSON,), 401),
    ('POST', '/collections', (FORM,), 401),
    ('POST', '/unknown', (FORM,), 404),
    ('POST', '/', (FORM,), 405),
    ('PUT', '/health/live', (JSON,), 405),
    ('POST', IMAGES, (FORM, 'Authorization: Bearer unknown'), 403),
    ('POST', IMAGES, (FORM, f'Authorization: Bearer {"a" * 9000}'), 403),
    ('POST', '/collections/c/unknown', (FORM, *KNOWN), 404),
    ('PUT', IMAGES, (FORM, *KNOWN), 405),
    ('BREW', IMAGES, (FORM, *KNOWN), 400),
    ('POST', IMAGES, (JSON, *KNOWN), 415),
    ('POST', IMAGES, KNOWN, 415),
    ('PUT', IMAGE, (FORM, *KNOWN), 415),
    ('PATCH', IMAGES, (FORM, *KNOWN), 415),
    ('POST', f'{IMAGES}/query', (FORM, *KNOWN), 415),
    ('POST', f'{IMAGES}/query', (JSON, 'Cookie: jwt=known'), 401),
]
TOO_LARGE = [
    ('PATCH', IMAGE, (JSON, *KNOWN), 413),
    ('PUT', IMAGE, (JSON, *KNOWN), 413),
    ('POST', f'{IMAGES}/query', (JSON, *KNOWN), 413),
    ('PATCH', f'{IMAGES}?all=true', (JSON, *KNOWN), 413),
    ('DELETE', IMAGE, KNOWN, 413),
    ('GET', IMAGES, KNOWN, 413),
    ('POST', f'/collections/c/changes/{ID}/revert', KNOWN, 413),
    ('GET', '/', (), 413),
]


ANNOUNCED = [
    (f'Content-Length: {LARGE}',),
    (f'Content-Length: {LARGE}', 'Expect: 100-continue'),
    ('Transfer-Encoding: chunked', 'Expect: 100-continue'),
]


@pytest.mark.filterwarnings('ignore:Unknown REQUEST_METHOD')
@pytest.mark.parametrize('announced', ANNOUNCED, ids=['length', 'asks', 'asks-chunked'])
@pytest.mark.parametrize(('method', 'path', 'headers', 'status'), REFUSED)
def test_a_body_of_no_use_is_refused_before_it_is_sent(  # noqa: PLR0917
    guarded: Service,
    guarded_server: Serving,
    method: str,
    path: str,
    headers: tuple[str, ...],
    status: int,
    announced: tuple[str, ...],
) -> None:
    sent = request(method, path, *headers, *announced)
    received, seconds = timed(lambda: exchange(guarded_server, sent))
    answer = answer_of(received)
    assert (answer.status, seconds < SOON) == (status, True), received
    assert answer.headers['Connection'] == 'close'
    assert answer.headers['Access-Control-Allow-Origin'] == '*'
    _is_that_of_the_application(guarded, answer, method, path, headers)


def _is_that_of_the_application(
    service: Service, answer: Answer, method: str, path: str, headers: tuple[str, ...]
) -> None:
    given = dict(header.split(': ', 1) for header in headers)
    expected = service.client.simulate_request(method, path, headers=given)
    assert json.loads(answer.body) == expected.json
    for name in ('WWW-Authenticate', 'Allow', 'Content-Type', 'Retry-After'):
        shown = answer.headers.get(name.title())
        assert shown == expected.headers.get(name), name
    assert answer.headers['X-Request-Id']


@pytest.mark.parametrize('announced', ANNOUNCED[:2], ids=['length', 'asks'])
@pytest.mark.parametrize(('method', 'path', 'headers', 'status'), TOO_LARGE)
def test_a_body_that_is_too_large_is_refused_before_it_is_sent(  # noqa: PLR0917
    guarded_server: Serving,
    method: str,
    path: str,
    headers: tuple[str, ...],
    status: int,
    announced: tuple[str, ...],
) -> None:
    sent = request(method, path, *headers, *announced)
    received, seconds = timed(lambda: exchange(guarded_server, sent))
    answer = answer_of(received)
    assert (answer.status, seconds < SOON) == (status, True), received
    assert json.loads(answer.body)['title'] == 'Too large'
    assert answer.headers['X-Request-Id']


@pytest.mark.parametrize(
    ('method', 'path', 'headers', 'status'), [*REFUSED[:4], *TOO_LARGE]
)
def test_a_chunked_body_of_no_use_is_refused_when_it_has_become_large(
    guarded_server: Serving,
    method: str,
    path: str,
    headers: tuple[str, ...],
    status: int,
) -> None:
    body = b'%x\r\n%s' % (LARGE, b'x' * (MB + 1))
    sent = request(method, path, *headers, 'Transfer-Encoding: chunked', body=body)
    received, seconds = timed(lambda: exchange(guarded_server, sent))
    assert (answer_of(received).status, seconds < SOON) == (status, True)


def test_an_image_that_is_too_large_is_refused_before_it_is_sent(
    service: Service,
) -> None:
    with served(service, max_body_bytes=2 * 1024**3) as server:
        sent = request('POST', IMAGES, FORM, f'Content-Length: {3 * 1024**3}')
        answer = answer_of(exchange(server, sent))
    assert answer.status == 413
    assert json.loads(answer.body) == {
        'title': 'Too large',
        'description': 'The body has more bytes than MAX_BODY_BYTES allows.',
    }


def test_a_client_that_sends_all_of_a_refused_body_reads_why(
    guarded_server: Serving,
) -> None:
    with guarded_server.connect() as client:
        client.sendall(request('POST', IMAGES, FORM, f'Content-Length: {20 * MB}'))
        for _ in range(20):
            client.sendall(b'x' * MB)
        assert answer_of(read_all(client)).status == 401


@pytest.mark.parametrize('path', ['/unknown', '/', IMAGES])
def test_a_connection_goes_on_after_a_small_body_of_no_use(
    guarded_server: Serving, path: str
) -> None:
    small = request('POST', path, 'Content-Length: 3', body=b'abc')
    received = exchange(guarded_server, small * 2 + get('/health/live'))
    assert received.count(b'HTTP/1.1 ') == 3
    assert received.endswith(b'{"status":"live"}')


def test_a_request_behind_a_refused_body_is_not_run(service: Service) -> None:
    with served(service) as server:
        smuggled = upload()
        length = f'Content-Length: {LARGE}'
        received = exchange(server, request('DELETE', IMAGE, length) + smuggled)
    assert received.count(b'HTTP/1.1 ') == 1
    assert service.database.list_collection_names() == []


@pytest.mark.parametrize('with_token', [True, False])
def test_a_client_that_asks_first_is_told_to_send_an_image(
    service: Service,
    guarded: Service,
    with_token: bool,
) -> None:
    asked = guarded if with_token else service
    headers = KNOWN if with_token else ()
    length = f'Content-Length: {len(SENT.body)}'
    head = request('POST', IMAGES, FORM, length, 'Expect: 100-continue', *headers)
    with served(asked) as server, server.connect() as client:
        client.sendall(head)
        assert client.recv(65536) == b'HTTP/1.1 100 Continue\r\n\r\n'
        client.sendall(SENT.body)
        assert client.recv(65536).startswith(b'HTTP/1.1 200')


def test_a_body_of_exactly_the_limit_is_taken(open_server: Serving) -> None:
    limit = 1024**2
    for size, status in ((limit, 404), (limit + 1, 413)):
        body = b'{"a": "' + b'x' * (size - 9) + b'"}'
        sent = request('PATCH', IMAGE, JSON, f'Content-Length: {size}', body=body)
        with open_server.connect() as client:
            client.sendall(sent)
            assert answer_of(client.recv(65536)).status == status


def test_refused_bodies_are_not_counted_as_received(
    service: Service,
) -> None:
    with served(service) as server:
        exchange(server, request('POST', '/unknown', f'Content-Length: {LARGE}'))
        page = exchange(server, get('/metrics')).decode()
    labels = '{method="POST",route="none",status="404"}'
    assert f'falcon_images_requests_total{labels} 1.0' in page
    assert f'falcon_images_request_bytes_total{labels} 0.0' in page


@pytest.fixture
def slow(identification: IdentificationServer) -> Iterator[threading.Event]:
    """Set it to let the identification service answer unknown tokens."""
    opened, plain = threading.Event(), identification.answer

    def answer(handler: Any) -> None:
        if handler.headers['Authorization'] != 'Bearer known':
            opened.wait(20)
        plain(handler)

    identification.answer = answer
    yield opened
    opened.set()


def _asked(server: IdentificationServer, count: int) -> bool:
    return eventually(lambda: len(server.asked) == count)


def test_a_body_is_not_taken_before_its_token_is_known(
    guarded: Service,
    identification: IdentificationServer,
    slow: threading.Event,
) -> None:
    identification.statuses['new'] = 200
    with served(guarded) as server, server.connect() as client:
        length = f'Content-Length: {len(SENT.body)}'
        head = ('Authorization: Bearer new', FORM, length, 'Expect: 100-continue')
        client.sendall(request('POST', IMAGES, *head))
        assert _asked(identification, 1)
        with pytest.raises(TimeoutError):
            client.settimeout(0.2)
            client.recv(1)
        client.settimeout(5)
        slow.set()
        assert client.recv(65536) == b'HTTP/1.1 100 Continue\r\n\r\n'
        client.sendall(SENT.body)
        assert client.recv(65536).startswith(b'HTTP/1.1 200')


@pytest.mark.parametrize(('status', 'answered'), [(200, 200), (403, 403), (500, 503)])
def test_what_was_sent_while_a_token_was_asked_about_is_not_lost(
    guarded: Service,
    identification: IdentificationServer,
    slow: threading.Event,
    status: int,
    answered: int,
) -> None:
    identification.statuses['new'] = status
    token = 'Authorization: Bearer new'
    sent = upload(token) + request('GET', IMAGES, token) + get('/health/live')
    with served(guarded) as server, server.connect() as client:
        client.sendall(sent)
        assert _asked(identification, 1)
        slow.set()
        received = read_all(client)
    statuses = [part[:3] for part in received.split(b'HTTP/1.1 ')[1:]]
    assert statuses == [b'%d' % answered, b'%d' % answered, b'200']
    assert len(guarded.stored_files()) == (answered == 200)


def test_known_tokens_and_health_do_not_wait_for_unknown_tokens(
    guarded: Service,
    identification: IdentificationServer,
    slow: threading.Event,
) -> None:
    with served(guarded, threads=2) as server, contextlib.ExitStack() as stack:
        assert answer_of(exchange(server, get(IMAGES, 'known'))).status == 200
        for number in range(24):
            client = stack.enter_context(server.connect())
            sent = (
                get(IMAGES, f'u{number}') if number % 2 else upload(f'A: B u{number}')
            )
            client.sendall(sent.replace(b'A: B', b'Authorization: Bearer'))
        assert _asked(identification, 25)
        for sent in (get(IMAGES, 'known'), get('/health/live'), get('/')):
            received, seconds = timed(partial(exchange, server, sent))
            assert answer_of(received).status == 200
            assert seconds < 1
        slow.set()


def test_a_token_that_is_asked_about_for_too_long_is_503(
    guarded: Service,
    identification: IdentificationServer,
    slow: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr('falcon_images.server.listener._AWAITED_SECONDS', 0.3)
    identification.statuses['new'] = 200
    with served(guarded) as server:
        received, seconds = timed(lambda: exchange(server, get(IMAGES, 'new')))
        answer = answer_of(received)
        assert (answer.status, seconds < SOON) == (503, True)
        assert int(answer.headers['Retry-After']) > 0
        slow.set()
        again = get(IMAGES, 'new')
        assert eventually(lambda: answer_of(exchange(server, again)).status == 200)


def test_questions_are_limited_and_those_about_known_tokens_have_room(
    settings: Settings,
    identification: IdentificationServer,
    slow: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        'falcon_images.middleware.identification._REMEMBERED_SECONDS', 0
    )
    url = identification.url
    with (
        running(settings, use_authentication=True, identification_url=url) as service,
        served(service) as server,
        contextlib.ExitStack() as stack,
    ):
        assert answer_of(exchange(server, get(IMAGES, 'known'))).status == 200
        for number in range(32):
            client = stack.enter_context(server.connect())
            client.sendall(get(IMAGES, f'u{number}'))
        assert _asked(identification, 33)
        received, seconds = timed(lambda: exchange(server, get(IMAGES, 'one-more')))
        assert (answer_of(received).status, seconds < SOON) == (503, True)
        assert answer_of(exchange(server, get(IMAGES, 'known'))).status == 200
        slow.set()


def test_a_token_is_asked_about_again_after_no_thread_could_be_started(
    guarded: Service,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start, failures = threading.Thread.start, [RuntimeError("can't start new thread")]

    def fail_once(thread: threading.Thread) -> None:
        if failures:
            raise failures.pop()
        start(thread)

    monkeypatch.setattr(threading.Thread, 'start', fail_once)
    answers = [
        guarded.client.simulate_get('/collections', headers=KNOWN_HEADER)
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [503, 200]


@pytest.mark.parametrize('path', ['/health/live', '/health/live/'])
@pytest.mark.parametrize('method', ['GET', 'HEAD'])
def test_health_is_answered_while_all_threads_work(
    service: Service, monkeypatch: pytest.MonkeyPatch, method: str, path: str
) -> None:
    entered, opened = threading.Event(), threading.Event()

    def wait() -> list[str]:
        entered.set()
        opened.wait(20)
        return []

    monkeypatch.setattr(service.parts.collections, 'names', wait)
    with served(service, threads=1) as server, server.connect() as busy:
        busy.sendall(get('/collections'))
        assert entered.wait(5)
        live = request(method, path, 'Connection: close')
        received, seconds = timed(lambda: exchange(server, live))
        opened.set()
        assert busy.recv(65536).startswith(b'HTTP/1.1 200')
        page = exchange(server, get('/metrics')).decode()
    answer, expected = (
        answer_of(received),
        service.client.simulate_request(method, path),
    )
    assert seconds < 1
    assert (answer.status, answer.body) == (200, expected.content)
    assert answer.headers['Content-Length'] == expected.headers['Content-Length']
    assert f'requests_total{{method="{method}",route="/health/live"' in page


def test_refused_requests_are_answered_while_all_threads_work(
    guarded: Service,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entered, opened = threading.Event(), threading.Event()

    def wait() -> list[str]:
        entered.set()
        opened.wait(20)
        return []

    monkeypatch.setattr(guarded.parts.collections, 'names', wait)
    with served(guarded, threads=1) as server, server.connect() as busy:
        busy.sendall(get('/collections', 'known'))
        assert entered.wait(5)
        for sent, status in ((get(IMAGES), 401), (get(IMAGES, 'unknown'), 403)):
            assert answer_of(exchange(server, sent)).status == status
        opened.set()


def test_many_ask_with_many_tokens_at_once(
    guarded: Service,
    identification: IdentificationServer,
) -> None:
    identification.statuses |= {f't{number}': 200 for number in range(8)}
    with served(guarded) as server, ThreadPoolExecutor(16) as pool:
        tokens = [f't{number % 9}' for number in range(144)]
        answers = pool.map(lambda token: exchange(server, get(IMAGES, token)), tokens)
        statuses = [answer_of(answer).status for answer in answers]
    assert statuses == [403 if token == 't8' else 200 for token in tokens]


def test_a_stop_waits_for_a_token_that_is_asked_about(
    guarded: Service,
    identification: IdentificationServer,
    slow: threading.Event,
) -> None:
    identification.statuses['new'] = 200
    with served(guarded) as server, server.connect() as client:
        client.sendall(get(IMAGES, 'new'))
        assert _asked(identification, 1)
        server.begin_stop()
        assert not server.ends_within(0.7)
        slow.set()
        assert read_all(client).startswith(b'HTTP/1.1 200')
        assert server.ends_within(3)


def test_a_client_that_leaves_while_its_token_is_asked_about_is_forgotten(
    guarded: Service,
    identification: IdentificationServer,
    slow: threading.Event,
) -> None:
    with served(guarded) as server:
        with server.connect() as client:
            client.sendall(upload('Authorization: Bearer new'))
            assert _asked(identification, 1)
        slow.set()
        listener = server.server.listener
        assert eventually(lambda: not listener.channels)
        assert answer_of(exchange(server, get('/health/live'))).status == 200


def test_what_the_headers_refuse_is_what_the_application_refuses(
    guarded: Service,
) -> None:
    paths = ['/', '/collections', '/collections/c', IMAGES, IMAGE, f'{IMAGE}/image']
    paths += ['/health/live', '/metrics', '/openapi.json', '/docs', '/x', f'{IMAGE}/x']
    refusals = {400, 401, 403, 404, 405, 413, 415}
    for path in paths:
        for method in ('PUT', 'POST', 'PATCH', 'DELETE', 'TRACE'):
            for type_ in (FORM, JSON, 'Content-Type: text/plain'):
                headers = KNOWN_HEADER | {'Content-Type': type_.split()[1]}
                environ = falcon.testing.create_environ(
                    path, method=method, headers=headers
                )
                if guarded.app.admit(environ, True).is_quick:
                    answer = guarded.client.simulate_request(
                        method, path, headers=headers
                    )
                    quick = path == '/health/live' or answer.status_code in refusals
                    assert quick, (method, path, type_)
