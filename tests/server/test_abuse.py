"""Clients that are slow, silent, too many, or that never read."""

import contextlib
import errno
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from falcon_images.server.connection_limit import connection_limit
from falcon_images.server.timeouts import Timeouts
from tests.support.server import (
    GET,
    LAST,
    MB,
    PATIENT,
    SMUGGLED,
    Gate,
    Recorder,
    Respond,
    Serving,
    assert_error,
    eventually,
    exchange,
    post,
    read_all,
    read_answer,
    serving,
)

SHORT = 0.3
SOON = 4.0


@pytest.fixture(autouse=True)
def checked_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('falcon_images.server.listener._CHECK_SECONDS', 0.05)
    monkeypatch.setattr('falcon_images.server.http_server._LOOP_SECONDS', 0.05)


def impatient(**seconds: float) -> Timeouts:
    return replace(PATIENT, **seconds)


def timed(call: Callable[[], bytes]) -> tuple[bytes, float]:
    began = time.monotonic()
    return call(), time.monotonic() - began


@contextlib.contextmanager
def dripping(client: socket.socket, piece: bytes = b'x') -> Iterator[None]:
    """Send, on and on, until the server hangs up."""
    client.settimeout(0.02)
    with contextlib.suppress(ConnectionError):
        for _ in range(500):
            client.sendall(piece)
            with contextlib.suppress(TimeoutError):
                if client.recv(1, socket.MSG_PEEK) is not None:
                    break
    client.settimeout(SOON)
    yield


@pytest.mark.parametrize('sent', [b'G', GET[:9], GET[:-2], b'\r\n' + GET[:-2]])
def test_headers_that_do_not_end_are_408(sent: bytes) -> None:
    application = Recorder()
    timeouts = impatient(header_seconds=SHORT)
    with serving(application, timeouts=timeouts) as service:
        answer, seconds = timed(lambda: exchange(service, sent))
    assert_error(answer, 408)
    assert SHORT <= seconds < SOON
    assert application.paths == []


def test_headers_that_drip_are_408() -> None:
    timeouts = impatient(header_seconds=SHORT)
    with (
        serving(Recorder(), timeouts=timeouts) as service,
        service.connect() as client,
    ):
        client.sendall(b'GET /')
        with dripping(client):
            assert_error(read_all(client), 408)


@pytest.mark.parametrize('sent', [b'', b'\r\n', b'\r\n\r\n'])
def test_a_connection_without_a_request_is_closed_without_an_answer(
    sent: bytes,
) -> None:
    timeouts = impatient(header_seconds=SHORT)
    with serving(Recorder(), timeouts=timeouts) as service:
        answer, seconds = timed(lambda: exchange(service, sent))
    assert answer == b''
    assert SHORT <= seconds < SOON


def test_line_ends_do_not_keep_a_connection_open() -> None:
    timeouts = impatient(header_seconds=SHORT)
    with (
        serving(Recorder(), timeouts=timeouts) as service,
        service.connect() as client,
        dripping(client, b'\r\n\r\n'),
    ):
        assert read_all(client) == b''


@pytest.mark.parametrize(
    'framing', ['Content-Length: 9999', 'Transfer-Encoding: chunked']
)
@pytest.mark.parametrize('piece', [b'1', b''])
def test_a_body_that_does_not_end_is_408(framing: str, piece: bytes) -> None:
    application = Recorder()
    timeouts = impatient(request_seconds=SHORT)
    with (
        serving(application, timeouts=timeouts) as service,
        service.connect() as client,
    ):
        client.sendall(post(b'1', framing))
        with dripping(client, piece):
            assert_error(read_all(client), 408)
    assert application.paths == []


def test_a_body_that_is_silent_is_408() -> None:
    timeouts = impatient(quiet_seconds=SHORT)
    with serving(Recorder(), timeouts=timeouts) as service:
        assert_error(exchange(service, post(b'x', 'Content-Length: 9')), 408)


@pytest.mark.parametrize(
    ('framing', 'piece'),
    [('Content-Length: 9999', b'x'), ('Transfer-Encoding: chunked', b'1\r\nx\r\n')],
)
def test_a_body_that_comes_in_drops_is_408(framing: str, piece: bytes) -> None:
    application = Recorder()
    timeouts = impatient(body_seconds=SHORT, body_bytes_per_second=10_000)
    with (
        serving(application, timeouts=timeouts) as service,
        service.connect() as client,
    ):
        client.sendall(post(piece, framing))
        with dripping(client, piece):
            answer = read_all(client)
    assert_error(answer, 408)
    assert b'MIN_BODY_BYTES_PER_SECOND' in answer
    assert application.paths == []


@pytest.mark.parametrize('least', [0, 10])
def test_a_body_that_comes_fast_enough_passes(least: int) -> None:
    count = 30
    timeouts = impatient(body_seconds=SHORT / 3, body_bytes_per_second=least)
    with (
        serving(Recorder(), timeouts=timeouts) as service,
        service.connect() as client,
    ):
        client.sendall(post(b'', f'Content-Length: {count}'))
        for _ in range(count):
            assert not _is_closed(client)
            client.sendall(b'x')
            threading.Event().wait(0.02)
        assert read_answer(client).status == 200


def test_a_body_that_waits_behind_an_answer_is_not_slow() -> None:
    application = Gate()
    timeouts = impatient(body_seconds=SHORT, body_bytes_per_second=1000)
    with (
        serving(application, timeouts=timeouts) as service,
        service.connect() as client,
    ):
        client.sendall(GET + post(b'x', 'Content-Length: 2'))
        assert not eventually(lambda: _is_closed(client), 3 * SHORT)
        application.opened.set()
        assert read_answer(client).status == 200
        client.sendall(b'y')
        assert read_answer(client).status == 200


def test_a_body_that_arrives_in_time_passes() -> None:
    timeouts = impatient(header_seconds=SHORT)
    with (
        serving(Recorder(), timeouts=timeouts) as service,
        service.connect() as client,
    ):
        client.sendall(post(b'x', 'Content-Length: 2'))
        assert not eventually(lambda: _is_closed(client), 3 * SHORT)
        client.sendall(b'y')
        assert read_answer(client).status == 200


def _is_closed(client: socket.socket) -> bool:
    client.settimeout(0.01)
    try:
        return client.recv(1, socket.MSG_PEEK) == b''
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    finally:
        client.settimeout(SOON)


def test_an_idle_connection_is_closed_after_a_while() -> None:
    timeouts = impatient(header_seconds=0.1, quiet_seconds=2 * SHORT)
    with (
        serving(Recorder(), timeouts=timeouts) as service,
        service.connect() as client,
    ):
        client.sendall(GET)
        assert read_answer(client).status == 200
        rest, seconds = timed(lambda: read_all(client))
    assert rest == b''
    assert seconds > SHORT


def test_work_that_takes_long_is_not_cut_off() -> None:
    application = Gate()
    timeouts = Timeouts(SHORT, SHORT, SHORT, SHORT)
    with (
        serving(application, timeouts=timeouts) as service,
        service.connect() as client,
    ):
        # The second request waits, half sent, while the first is worked on.
        client.sendall(GET + LAST[:9])
        assert not eventually(lambda: _is_closed(client), 3 * SHORT)
        application.opened.set()
        client.sendall(LAST[9:])
        assert read_all(client).count(b'HTTP/1.1 200 OK') == 2


@pytest.mark.parametrize(
    'framing', ['Content-Length: 99999', 'Transfer-Encoding: chunked']
)
def test_a_refused_body_that_does_not_end_is_answered(framing: str) -> None:
    timeouts = impatient(refused_seconds=SHORT)
    body = b'%x\r\n' % 99999 + b'x' * 2000
    with serving(Recorder(), max_body_bytes=1000, timeouts=timeouts) as service:
        answer, seconds = timed(lambda: exchange(service, post(body, framing)))
    assert_error(answer, 413)
    assert seconds < SOON


@pytest.mark.parametrize(
    'framing', ['Content-Length: {}', 'Transfer-Encoding: chunked']
)
def test_a_refused_body_is_read_up_to_a_limit(
    framing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('falcon_images.server.channel._MIN_DISCARDED_BYTES', 0)
    application = Recorder()
    begin = post(b'%x\r\n' % 10**9, framing.format(10**9))
    with serving(application, max_body_bytes=MB) as service:
        with service.connect() as client:
            client.sendall(begin + b'x' * (3 * MB))
            assert not eventually(lambda: _is_closed(client), SHORT)
        with service.connect() as client:
            with contextlib.suppress(ConnectionError):
                client.sendall(begin + b'x' * (6 * MB) + SMUGGLED)
            assert eventually(lambda: _is_closed_or_answered(client))
    assert application.paths == []


def _is_closed_or_answered(client: socket.socket) -> bool:
    with contextlib.suppress(ConnectionError):
        return bool(client.recv(1, socket.MSG_PEEK))
    return True


@pytest.mark.parametrize(
    'framing', ['Content-Length: 99999', 'Transfer-Encoding: chunked']
)
def test_a_refused_body_does_not_hold_a_stop_up(framing: str) -> None:
    body = b'%x\r\n' % 99999 + b'x' * 2000
    with (
        serving(Recorder(), max_body_bytes=1000) as service,
        service.connect() as client,
    ):
        client.sendall(post(body, framing))
        service.read_all_that_was_sent()
        service.begin_stop()
        assert service.ends_within(3)
        assert_error(read_all(client), 413)


def test_a_stop_serves_those_that_wait_to_be_accepted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    application = Recorder()
    with serving(application) as service, contextlib.ExitStack() as stack:
        listener = service.server.listener
        monkeypatch.setattr(listener, 'handle_accept', lambda: None)
        clients = [stack.enter_context(service.connect()) for _ in range(20)]
        for client in clients:
            client.sendall(GET)
        service.begin_stop()
        answers = [read_answer(client) for client in clients]
    assert [answer.status for answer in answers] == [200] * 20
    assert {answer.getheader('Connection') for answer in answers} == {'close'}


def _file(path: Path) -> Any:
    def application(environ: dict[str, Any], respond: Respond) -> Iterable[bytes]:
        respond('200 OK', [('Content-Length', str(path.stat().st_size))])
        handed_over: Iterable[bytes] = environ['wsgi.file_wrapper'](path.open('rb'))
        return handed_over

    return application


def _pieces(environ: dict[str, Any], respond: Respond) -> Iterable[bytes]:
    respond('200 OK', [('Content-Length', str(60 * MB))])
    return (b'x' * MB for _ in range(60))


@pytest.mark.parametrize('kind', ['file', 'pieces', 'small'])
def test_a_reader_that_stops_is_closed(kind: str, tmp_path: Path) -> None:
    path = tmp_path / 'file'
    path.write_bytes(b'x' * (2 * MB if kind == 'small' else 60 * MB))
    application = _pieces if kind == 'pieces' else _file(path)
    timeouts = impatient(quiet_seconds=SHORT)
    with serving(application, threads=1, timeouts=timeouts) as service:
        with _narrow(service) as client:
            client.sendall(GET)
            assert eventually(lambda: _connections(service) == 1)
            assert eventually(lambda: _connections(service) == 0)
        assert eventually(lambda: str(path) not in _open_paths())
        # The one thread is free again.
        with service.connect() as client:
            client.sendall(GET)
            assert client.recv(12) == b'HTTP/1.1 200'


def _narrow(service: Serving) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(SOON)
    client.connect(service.address)
    return client


def _connections(service: Serving) -> int:
    return len(service.server.listener.channels)


def _open_paths() -> set[str]:
    found = set()
    for link in Path('/proc/self/fd').glob('*'):
        with contextlib.suppress(OSError):
            found.add(str(link.readlink()))
    return found


def test_a_reader_that_is_slow_but_reads_is_not_closed(tmp_path: Path) -> None:
    path = tmp_path / 'file'
    path.write_bytes(b'x' * (8 * MB))
    timeouts = impatient(quiet_seconds=2 * SHORT)
    with (
        serving(_file(path), timeouts=timeouts) as service,
        service.connect() as client,
    ):
        client.sendall(LAST)
        received, began = 0, time.monotonic()
        while piece := client.recv(MB // 4):
            received += len(piece)
            eventually(lambda: False, 0.05)
    assert received > 8 * MB
    assert time.monotonic() - began > 2 * SHORT


def test_a_reader_that_takes_a_bit_at_a_time_is_closed(tmp_path: Path) -> None:
    path = tmp_path / 'file'
    path.write_bytes(b'x' * (60 * MB))
    timeouts = impatient(quiet_seconds=3 * SHORT, least_bytes_per_second=30 * MB)
    with (
        serving(_file(path), timeouts=timeouts) as service,
        service.connect() as client,
    ):
        client.sendall(GET)
        assert eventually(lambda: _connections(service) == 1)

        def is_closed() -> bool:
            with contextlib.suppress(ConnectionError):
                client.recv(65536)
            return not _connections(service)

        began = time.monotonic()
        assert eventually(is_closed)
        assert time.monotonic() - began > 2 * SHORT
        assert eventually(lambda: str(path) not in _open_paths())


def _limited(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr('falcon_images.server.listener.connection_limit', lambda: count)


def test_connections_over_the_limit_wait(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _limited(monkeypatch, 3)
    with serving(Recorder()) as service, contextlib.ExitStack() as stack:
        begun = [stack.enter_context(service.connect()) for _ in range(3)]
        for client in begun:
            client.sendall(post(b'x', 'Content-Length: 2'))
        assert eventually(lambda: _connections(service) == 3)
        waiting = stack.enter_context(service.connect())
        waiting.sendall(GET)
        assert not eventually(lambda: _connections(service) > 3, 1.5)
        begun[0].sendall(b'y')
        assert read_answer(begun[0]).status == 200
        begun[0].close()
        assert read_answer(waiting).status == 200
    assert [record.getMessage() for record in caplog.records] == [
        'New connections have to wait: 3 connections are open'
    ]


@pytest.mark.parametrize('sent', [GET, b''])
def test_the_oldest_idle_connection_makes_room(
    sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    _limited(monkeypatch, 2)
    monkeypatch.setattr('falcon_images.server.listener._CLOSED_AT_ONCE', 1)
    with serving(Recorder()) as service, contextlib.ExitStack() as stack:
        old = []
        for count in (1, 2):
            old.append(stack.enter_context(service.connect()))
            old[-1].sendall(sent)
            if sent:
                assert read_answer(old[-1]).status == 200
            assert eventually(lambda count=count: _connections(service) == count)  # type: ignore[misc]
        new = stack.enter_context(service.connect())
        new.settimeout(SOON)
        new.sendall(GET)
        assert read_answer(new).status == 200
        assert _is_closed(old[0])
        assert not _is_closed(old[1])


def test_a_process_without_descriptors_waits_quietly(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tries = []

    def refuse() -> None:
        tries.append(1)
        raise OSError(errno.EMFILE, 'Too many open files')

    with serving(Recorder()) as service, service.connect() as known:
        known.sendall(GET)
        assert read_answer(known).status == 200
        with monkeypatch.context() as patch:
            patch.setattr(service.server.listener, 'accept', refuse)
            with service.connect() as client:
                client.sendall(GET)
                assert eventually(lambda: len(tries) > 2)
                assert len(tries) < 20
                # Those who are in go on.
                known.sendall(GET)
                assert read_answer(known).status == 200
                patch.undo()
                assert read_answer(client).status == 200
    # How many requests wait for a thread is said too, by another logger.
    messages = [
        record.getMessage()
        for record in caplog.records
        if record.name != 'waitress.queue'
    ]
    assert messages == ['New connections have to wait: Too many open files']


def test_an_error_of_one_connection_does_not_stop_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(Recorder()) as service:
        listener = service.server.listener
        set_options, failures = listener.set_socket_options, [errno.EINVAL]

        def fail_once(connection: socket.socket) -> None:
            if failures:
                raise OSError(failures.pop(), 'It is gone already')
            set_options(connection)

        monkeypatch.setattr(listener, 'set_socket_options', fail_once)
        assert exchange(service, GET) == b''
        assert exchange(service, LAST).startswith(b'HTTP/1.1 200 OK')


@pytest.mark.parametrize(
    ('limits', 'connections', 'raised'),
    [
        ((256, 256), 80, None),
        ((256, 1024), 464, 1024),
        ((1024, 2**20), 2000, 4096),
        ((1024, -1), 2000, 4096),
        ((20_000, 20_000), 2000, None),
        ((-1, -1), 2000, None),
        ((60, 60), 1, None),
    ],
)
def test_the_limit_of_connections_is_under_that_of_open_files(
    monkeypatch: pytest.MonkeyPatch,
    limits: tuple[int, int],
    connections: int,
    raised: int | None,
) -> None:
    resource = pytest.importorskip('resource', reason='Windows has no such limit')

    given = []
    soft, hard = (resource.RLIM_INFINITY if n < 0 else n for n in limits)
    monkeypatch.setattr(resource, 'getrlimit', lambda which: (soft, hard))
    monkeypatch.setattr(
        resource, 'setrlimit', lambda which, values: given.append(values[0])
    )
    assert connection_limit() == connections
    assert given == ([] if raised is None else [raised])


def test_a_system_that_does_not_raise_its_limit_is_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resource = pytest.importorskip('resource', reason='Windows has no such limit')

    def refuse(which: int, limits: tuple[int, int]) -> None:
        raise ValueError('not allowed')

    monkeypatch.setattr(resource, 'getrlimit', lambda which: (256, 4096))
    monkeypatch.setattr(resource, 'setrlimit', refuse)
    assert connection_limit() == 80


@pytest.mark.parametrize(
    'begin', [b'GET / HTTP/1.1\r\nX: ', post(b'', 'Content-Length: 9999')]
)
def test_a_hundred_slow_clients_do_not_hold_others_up(begin: bytes) -> None:
    with serving(Recorder()) as service, contextlib.ExitStack() as stack:
        slow = [stack.enter_context(service.connect()) for _ in range(100)]
        for client in slow:
            client.sendall(begin)
        for _ in range(5):
            for client in slow:
                client.sendall(b'x')
            answer, seconds = timed(lambda: exchange(service, LAST))
            assert answer.startswith(b'HTTP/1.1 200 OK')
            assert seconds < 1


def test_a_bad_request_whose_client_is_gone_is_forgotten(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR), serving(Recorder()) as service:
        for _ in range(50):
            with service.connect() as client:
                client.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0'
                )
                client.sendall(b'garbage\r\n\r\n')
        assert eventually(lambda: _connections(service) == 0)
        assert exchange(service, LAST).startswith(b'HTTP/1.1 200 OK')
    assert caplog.records == []


def test_a_fast_reader_lets_others_be_served(tmp_path: Path) -> None:
    path = tmp_path / 'file'
    with path.open('wb') as file:
        file.truncate(1024 * MB)
    application = _file(path)
    tiny = Recorder()

    def either(environ: dict[str, Any], respond: Respond) -> Iterable[bytes]:
        chosen = application if environ['PATH_INFO'] == '/file' else tiny
        return cast(Iterable[bytes], chosen(environ, respond))

    with serving(either) as service, service.connect() as client:
        client.sendall(LAST.replace(b'/last', b'/file'))
        reader = threading.Thread(target=_read_on, args=(client,))
        reader.start()
        worst = 0.0
        while reader.is_alive():
            answer, seconds = timed(lambda: exchange(service, LAST))
            assert answer.startswith(b'HTTP/1.1 200 OK')
            worst = max(worst, seconds)
        # Nobody was, for seconds, when all was sent that a fast reader takes.
        assert worst < 1


def _read_on(client: socket.socket) -> None:
    piece = bytearray(MB)
    while client.recv_into(piece):
        pass
