import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from falcon_images.server.http_server import Server, listen
from tests.support.server import (
    GET,
    LAST,
    MB,
    PATIENT,
    SMUGGLED,
    Address,
    Gate,
    Recorder,
    Respond,
    assert_error,
    chunked,
    eventually,
    exchange,
    post,
    read_all,
    read_answer,
    serving,
)

CHUNKED = b'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'


def test_a_connection_serves_two_requests() -> None:
    application = Recorder()
    with serving(application) as service, service.connect() as client:
        for _ in range(2):
            client.sendall(GET)
            answer = read_answer(client)
            assert (answer.status, answer.getheader('Connection')) == (200, None)
    assert application.paths == ['/', '/']


def test_requests_that_are_sent_together_are_answered_in_order() -> None:
    application = Recorder()
    with serving(application) as service:
        answer = exchange(service, GET + post(b'', 'Content-Length: 0') + LAST)
    assert answer.count(b'HTTP/1.1 200 OK') == 3
    assert application.paths == ['/', '/', '/last']


def test_a_body_of_exactly_the_limit_passes() -> None:
    application = Recorder()
    with serving(application, max_body_bytes=1000) as service:
        headers = ('Content-Length: 1000', 'Connection: close')
        answer = exchange(service, post(b'x' * 1000, *headers))
    assert answer.startswith(b'HTTP/1.1 200 OK')
    assert application.bodies == [b'x' * 1000]


def test_one_byte_more_than_the_limit_is_refused() -> None:
    application = Recorder()
    with serving(application, max_body_bytes=1000) as service:
        request = post(b'x' * 1001, 'Content-Length: 1001') + SMUGGLED
        answer = exchange(service, request)
    assert_error(answer, 413)
    assert application.paths == []


def test_a_client_that_sends_all_of_a_large_body_reads_why_it_is_refused() -> None:
    body = b'x' * (3 * MB)
    with serving(Recorder()) as service, service.connect() as client:
        client.sendall(post(body, f'Content-Length: {len(body)}'))
        assert_error(read_all(client), 413)


def test_a_client_that_sends_a_large_chunked_body_reads_why_it_is_refused() -> None:
    body = chunked(*[b'x' * 65536] * 480)
    with serving(Recorder()) as service, service.connect() as client:
        client.sendall(post(body, 'Transfer-Encoding: chunked'))
        assert_error(read_all(client), 413)


def test_a_chunked_body_over_the_limit_is_refused() -> None:
    application = Recorder()
    with serving(application, max_body_bytes=1000) as service:
        body = chunked(b'x' * 1001)
        answer = exchange(service, post(body, 'Transfer-Encoding: chunked'))
    assert_error(answer, 413)
    assert application.paths == []


@pytest.mark.parametrize('chunk_bytes', [1000, 100, 1])
def test_a_chunked_body_of_exactly_the_limit_passes(chunk_bytes: int) -> None:
    application = Recorder()
    body = chunked(*[b'x' * chunk_bytes] * (1000 // chunk_bytes))
    with serving(application, max_body_bytes=1000) as service:
        headers = ('Transfer-Encoding: chunked', 'Connection: close')
        answer = exchange(service, post(body, *headers))
    assert answer.startswith(b'HTTP/1.1 200 OK')


@pytest.mark.parametrize('body', [b'', b'x' * 1001])
def test_a_client_that_asks_first_is_not_told_to_send_too_much(body: bytes) -> None:
    application = Recorder()
    with serving(application, max_body_bytes=1000) as service:
        headers = ('Expect: 100-continue', 'Content-Length: 1001')
        answer = exchange(service, post(body, *headers))
    assert_error(answer, 413)
    assert application.paths == []


def test_a_client_that_asks_first_is_told_to_send() -> None:
    application = Recorder()
    with serving(application) as service, service.connect() as client:
        headers = ('Expect: 100-continue', 'Content-Length: 3', 'Connection: close')
        client.sendall(post(b'', *headers))
        assert client.recv(65536) == b'HTTP/1.1 100 Continue\r\n\r\n'
        client.sendall(b'abc')
        assert read_all(client).startswith(b'HTTP/1.1 200 OK')
    assert application.bodies == [b'abc']


@pytest.mark.parametrize(
    'header',
    [
        'Content-Length: abc',
        'Content-Length: 5\r\nTransfer-Encoding: chunked',
        'Transfer-Encoding: gzip',
    ],
)
def test_a_client_that_asks_first_is_told_what_is_wrong(header: str) -> None:
    with serving(Recorder()) as service:
        answer = exchange(service, post(b'', 'Expect: 100-continue', header))
    assert_error(answer, 501 if 'gzip' in header else 400)


@pytest.mark.parametrize('header', ['X: y', 'Content-Length: 0'])
def test_a_client_that_asks_first_without_a_body_is_answered(header: str) -> None:
    application = Recorder()
    with serving(application) as service:
        headers = ('Expect: 100-continue', header, 'Connection: close')
        answer = exchange(service, post(b'', *headers))
    assert b'HTTP/1.1 200 OK' in answer
    assert application.paths == ['/']


@pytest.mark.parametrize('end', [b'\r\n\r\n', b''])
def test_headers_over_256_kib_are_refused(end: bytes) -> None:
    application = Recorder()
    with serving(application) as service:
        answer = exchange(service, GET[:-2] + b'X: ' + b'y' * 300_000 + end)
    assert_error(answer, 431)
    assert application.paths == []


@pytest.mark.parametrize(
    'request_',
    [
        b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n',
        b'\0\r\n\r\n',
        b'garbage\r\n\r\n',
        b'get / HTTP/1.1\r\nHost: x\r\n\r\n',
        b'GET\t/\tHTTP/1.1\r\nHost: x\r\n\r\n',
        b'GET  / HTTP/1.1\r\nHost: x\r\n\r\n',
        b'GET / HTTP/one\r\nHost: x\r\n\r\n',
        b'GET / a HTTP/1.1\r\nHost: x\r\n\r\n',
        b'GET / HTTP/1.1\nHost: x\r\n\r\n',
        b'GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n',
        b'GET / HTTP/1.1\r\nHost: x\n\nGET /smuggled HTTP/1.1\r\n\r\n',
        b'GET / HTTP/1.1\rHost: x\r\n\r\n',
        b'GET / HTTP/1.1\r\nHost: x\rX: y\r\n\r\n',
        b'GET / HTTP/1.1\r\n folded: x\r\nHost: x\r\n\r\n',
        b'GET / HTTP/1.1\r\nHost: x\r\nX : y\r\n\r\n',
        b'GET / HTTP/1.1\r\nHost: x\r\n: x\r\n\r\n',
        b'GET / HTTP/1.1\r\nHost: x\r\nX\r\n\r\n',
        b'GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n',
        b'GET http://[x/ HTTP/1.1\r\nHost: x\r\n\r\n',
        b'GET http://a]b/ HTTP/1.1\r\nHost: x\r\n\r\n',
        b'GET http://\xe2\x84\x80/ HTTP/1.1\r\nHost: x\r\n\r\n',
        CHUNKED + b'xyz\r\n',
        CHUNKED + b'1\r\nabc\r\n',
        CHUNKED + b'1;\nx\r\na\r\n',
        CHUNKED + b'-1\r\na\r\n',
        CHUNKED + b'0x1\r\na\r\n',
    ],
)
def test_what_is_not_http_is_refused(request_: bytes) -> None:
    application = Recorder()
    with serving(application) as service:
        answer = exchange(service, request_)
    assert_error(answer, 400)
    assert application.paths == []


@pytest.mark.parametrize(
    'headers',
    [
        '',
        'Host: a\r\nHost: a\r\n',
        'Host: a\r\nHost:\r\n',
        'Host: a\r\nhost: b\r\n',
        'Host: a b\r\n',
        'Host: a, b\r\n',
        'Host: a/b\r\n',
        'Host: http://a\r\n',
        'Host: user@a\r\n',
        'Host: a:port\r\n',
        'Host: [::1\r\n',
        'Host: \xe9\r\n',
        'Host: a\r\n b\r\n',
    ],
)
def test_a_request_without_one_host_is_refused(headers: str) -> None:
    application = Recorder()
    with serving(application) as service:
        request = f'GET / HTTP/1.1\r\n{headers}\r\n'.encode('latin-1')
        assert_error(exchange(service, request), 400)
    assert application.paths == []


@pytest.mark.parametrize(
    ('version', 'headers'),
    [
        ('1.1', 'Host: a_b-c.example:80\r\n'),
        ('1.1', 'Host: 127.0.0.1\r\n'),
        ('1.1', 'Host: [2001:db8::1]:8080\r\n'),
        ('1.1', 'Host: a%20b:\r\n'),
        ('1.1', 'Host:\r\n'),
        ('1.0', 'Host: a\r\n'),
        ('1.0', ''),
    ],
)
def test_a_request_with_one_host_is_answered(version: str, headers: str) -> None:
    request = f'GET / HTTP/{version}\r\nConnection: close\r\n{headers}\r\n'
    with serving(Recorder()) as service:
        answer = exchange(service, request.encode())
    assert answer.startswith(f'HTTP/{version} 200 OK'.encode())


def test_a_length_of_thousands_of_digits_is_refused() -> None:
    headers = (f'Content-Length: {"9" * 5000}', 'Expect: 100-continue')
    with serving(Recorder()) as service:
        answer = exchange(service, post(b'', *headers))
    assert_error(answer, 413 if b' 413 ' in answer[:20] else 400)


@pytest.mark.parametrize('start', [b'', b'0\r\n'])
def test_a_chunk_line_or_trailer_without_end_is_refused(start: bytes) -> None:
    with serving(Recorder(), max_body_bytes=64 * MB) as service:
        body = start + b'0' * MB
        with service.connect() as client, contextlib.suppress(ConnectionError):
            client.sendall(post(body, 'Transfer-Encoding: chunked'))
            assert_error(client.recv(65536), 400)


BOTH = [
    'Content-Length: {n}\r\nTransfer-Encoding: chunked',
    'Transfer-Encoding: chunked\r\nContent-Length: {n}',
    'Content-Length: {n}\r\nTransfer-Encoding: chunked, chunked',
    'Content-Length: {n}\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked',
    'Content-Length: {n}\r\nTransfer-Encoding:  chunked',
    'Content-Length: {n}\r\nTransfer-Encoding:chunked',
    'Content-Length: {n}\r\nTransfer-Encoding:\tchunked',
    'Content-Length: {n}\r\nTransfer-Encoding: chunked\t ',
    'Content-Length: {n}\r\nTransfer-Encoding: CHUNKED',
    'CONTENT-LENGTH: {n}\r\nTRANSFER-ENCODING: chunked',
    'Content-Length: {n}\r\nTransfer-Encoding: ,chunked',
    'Content-Length: {n}\r\nTransfer-Encoding: chunked,',
    'Content-Length: {n}\r\nTransfer-Encoding: ,',
    'Content-Length: {n}\r\nTransfer-Encoding:',
    'Content-Length: {n}\r\nTransfer-Encoding: identity',
    'Content-Length: {n}\r\nTransfer-Encoding: identity, chunked',
    'Content-Length: {n}\r\nTransfer-Encoding: chunked, identity',
    'Content-Length: {n}\r\nTransfer-Encoding: xchunked',
    'Content-Length: {n}\r\nTransfer-Encoding: "chunked"',
    'Content-Length: {n}\r\nTransfer-Encoding: chunked;q=1',
    'Content-Length: {n}\r\nTransfer-Encoding: \x0bchunked',
    'Content-Length: {n}\r\nTransfer-Encoding: \xa0chunked',
    'Content-Length: {n}\r\nTransfer-Encoding: chunked\x85',
    'Content-Length: {n}\r\nTransfer-Encoding: chunked\x00',
    'Content-Length: {n}\r\nTransfer-Encoding:\r\n chunked',
    'Content-Length: {n}\r\nTransfer-Encoding : chunked',
    'Content-Length: {n}\r\n Transfer-Encoding: chunked',
    'Content-Length: {n}\r\nX: y\nTransfer-Encoding: chunked',
    'Content-Length: {n}\r\nX: y\rTransfer-Encoding: chunked',
    'Content-Length:\r\nTransfer-Encoding: chunked\r\nContent-Length: {n}',
    'Expect: 100-continue\r\nContent-Length: {n}\r\nTransfer-Encoding: chunked',
]
LENGTHS = [
    'Content-Length: {n}\r\nContent-Length: {whole}',
    'Content-Length: {whole}\r\nContent-Length: {n}',
    'Content-Length: {n}, {whole}',
    'Content-Length: {n},{n}',
    'Content-Length: -{n}',
    'Content-Length: +{n}',
    'Content-Length: 0x{n}',
    'Content-Length: {n}.0',
    'Content-Length: {n}_0',
    'Content-Length: {n} 0',
    'Content-Length: "{n}"',
    'Content-Length: \x0b{n}',
    'Content-Length: {n}\xa0',
    'Content-Length: \xb2',
    'Content-Length: {n}\r\n {whole}',
    'Content-Length : {n}',
]
OLD_OR_NEW = ['1.0', '1.2', '2.0']
FRAMINGS = [(headers, '1.1') for headers in BOTH] + [
    (headers, version)
    for version in OLD_OR_NEW
    for headers in (*BOTH[:2], 'Transfer-Encoding: chunked')
]


def _paths_of(headers: str, version: str, body: bytes) -> list[str]:
    application = Recorder()
    head = f'POST /first HTTP/{version}\r\nHost: x\r\n{headers}\r\n\r\n'
    with serving(application) as service:
        exchange(service, head.encode('latin-1') + body + LAST)
    return application.paths


@pytest.mark.parametrize(('headers', 'version'), FRAMINGS)
def test_a_request_within_a_body_of_that_length_is_not_run(
    headers: str, version: str
) -> None:
    body = b'0\r\n\r\n' + SMUGGLED
    headers = 'Connection: keep-alive\r\n' + headers.format(n=len(body))
    assert '/smuggled' not in _paths_of(headers, version, body)


@pytest.mark.parametrize(('headers', 'version'), FRAMINGS)
def test_a_request_within_a_chunk_is_not_run(headers: str, version: str) -> None:
    body = chunked(SMUGGLED)
    size_line_bytes = body.index(b'\n') + 1
    headers = 'Connection: keep-alive\r\n' + headers.format(n=size_line_bytes)
    assert '/smuggled' not in _paths_of(headers, version, body)


@pytest.mark.parametrize('headers', LENGTHS)
def test_a_length_that_can_be_read_in_two_ways_is_refused(headers: str) -> None:
    body = b'x=y' + SMUGGLED
    paths = _paths_of(headers.format(n=3, whole=len(body)), '1.1', body)
    assert paths == []


@pytest.mark.parametrize('headers', BOTH[:2])
def test_a_length_beside_chunks_is_refused_and_ends_the_connection(
    headers: str,
) -> None:
    with serving(Recorder()) as service:
        answer = exchange(service, post(chunked(b'x'), headers.format(n=6)) + GET)
    assert_error(answer, 400)


@pytest.mark.parametrize('coding', ['gzip', 'gzip, chunked', 'chunked, gzip', 'x'])
def test_an_unknown_transfer_coding_is_refused(coding: str) -> None:
    application = Recorder()
    with serving(application) as service:
        request = post(chunked(b'x'), f'Transfer-Encoding: {coding}') + SMUGGLED
        answer = exchange(service, request)
    assert_error(answer, 501)
    assert application.paths == []


def _fail(environ: dict[str, Any], respond: Respond) -> Iterable[bytes]:
    raise RuntimeError('s3cret')


SECRETS = ('X: s3cret', 'Authorization: Bearer s3cret')


@pytest.mark.parametrize(
    ('status', 'request_'),
    [
        (400, post(b'', *SECRETS, 's3cret', path='/s3cret')),
        (400, post(b'', *SECRETS, 'Content-Length: s3cret', path='/s3cret')),
        (400, b's3cret /s3cret\r\n\r\n'),
        (400, post(b's3cret\r\n', *SECRETS, 'Transfer-Encoding: chunked')),
        (413, post(b's3cret' * 300, *SECRETS, 'Content-Length: 1800')),
        (431, post(b'', *SECRETS, 'Y: ' + 's3cret' * 50_000, path='/s3cret')),
        (500, post(b'', *SECRETS, path='/s3cret?token=s3cret')),
        (501, post(b'', *SECRETS, 'Transfer-Encoding: s3cret', path='/s3cret')),
    ],
    ids=range(8),
)
def test_an_answer_of_the_servers_own_repeats_nothing_of_the_request(
    status: int, request_: bytes
) -> None:
    with serving(_fail, max_body_bytes=1000) as service:
        answer = exchange(service, request_)
    assert_error(answer, status)
    assert b's3cret' not in answer
    assert str(Path(__file__).parent).encode() not in answer


@pytest.mark.parametrize('sizes', [(1,), (5, 70_000, 1), (300_000, 300_000)])
def test_a_chunked_upload_arrives_with_its_length(sizes: tuple[int, ...]) -> None:
    application = Recorder()
    chunks = [os.urandom(size) for size in sizes]
    headers = ('Transfer-Encoding: chunked', 'Connection: close')
    with serving(application) as service:
        answer = exchange(service, post(b'', *headers), chunked(*chunks))
    assert answer.startswith(b'HTTP/1.1 200 OK')
    assert application.bodies == [b''.join(chunks)]
    assert application.lengths == [str(sum(sizes))]


def test_a_stop_lets_a_request_be_finished() -> None:
    application = Gate()
    with serving(application) as service, service.connect() as client:
        client.sendall(GET)
        assert application.entered.wait(5)
        service.begin_stop()
        assert not service.ends_within(0.7)
        application.opened.set()
        answer = read_answer(client)
        assert (answer.status, answer.getheader('Connection')) == (200, 'close')
        assert client.recv(1) == b''
        assert service.ends_within(3)


def test_a_stop_lets_a_request_that_waits_be_answered() -> None:
    application = Gate()
    with serving(application, threads=1) as service, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(service.connect()) for _ in range(3)]
        for client in clients:
            client.sendall(GET)
        service.read_all_that_was_sent()
        service.begin_stop()
        assert not service.ends_within(0.7)
        application.opened.set()
        assert [read_answer(client).status for client in clients] == [200] * 3
        assert service.ends_within(3)


def test_a_stop_lets_a_large_answer_be_read_whole() -> None:
    size = 20 * MB

    def send(environ: dict[str, Any], respond: Respond) -> Iterable[bytes]:
        respond('200 OK', [('Content-Length', str(size))])
        return [b'x' * MB] * 20

    with serving(send) as service, service.connect() as client:
        client.sendall(GET)
        received = len(client.recv(1000))
        service.begin_stop()
        assert not service.ends_within(0.7)
        received += len(read_all(client))
        assert received > size
        assert service.ends_within(3)


@pytest.mark.parametrize('sent', [b'', b'\r\n', GET[:9], GET])
def test_an_idle_connection_does_not_hold_a_stop_up(sent: bytes) -> None:
    with serving(Recorder()) as service, service.connect() as client:
        client.sendall(sent)
        if sent == GET:
            assert read_answer(client).status == 200
        service.read_all_that_was_sent()
        service.begin_stop()
        assert service.ends_within(3)
        assert read_all(client) == b''


@pytest.mark.parametrize(
    ('framing', 'body'),
    [
        ('Content-Length: 10', b'0123456789'),
        ('Transfer-Encoding: chunked', chunked(b'0123456789')),
    ],
)
def test_a_stop_waits_for_the_rest_of_a_body(framing: str, body: bytes) -> None:
    application = Recorder()
    with serving(application) as service, service.connect() as client:
        client.sendall(post(body[:5], framing))
        service.read_all_that_was_sent()
        service.begin_stop()
        assert not service.ends_within(0.7)
        client.sendall(body[5:])
        answer = read_answer(client)
        assert (answer.status, answer.getheader('Connection')) == (200, 'close')
        assert service.ends_within(3)
    assert application.bodies == [b'0123456789']


def test_no_connection_is_accepted_after_a_stop() -> None:
    application = Gate()
    with serving(application) as service, service.connect() as client:
        client.sendall(GET)
        assert application.entered.wait(5)
        service.begin_stop()
        assert eventually(lambda: not _accepts(service.address))
        application.opened.set()
        assert read_answer(client).status == 200


def test_the_port_is_free_after_a_stop() -> None:
    with serving(Recorder()) as service:
        service.begin_stop()
        assert service.ends_within(3)
        listen(*service.address).close()


def test_a_second_stop_does_no_harm() -> None:
    with serving(Recorder()) as service:
        service.server.stop()
        service.begin_stop()
        assert service.ends_within(3)
        service.server.stop()


def _accepts(address: Address) -> bool:
    try:
        socket.create_connection(address, timeout=2).close()
    except OSError:
        return False
    return True


def test_a_star_listens_on_all_addresses() -> None:
    with listen('*', 0) as listener:
        port = listener.getsockname()[1]
        assert _accepts(('127.0.0.1', port))
        if socket.has_dualstack_ipv6():
            assert _accepts(('::1', port))


def test_a_server_on_all_addresses_answers() -> None:
    listener = listen('*', 0)
    address = ('127.0.0.1', listener.getsockname()[1])
    server = Server(
        Recorder(), listener, threads=1, max_body_bytes=MB, timeouts=PATIENT
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    with socket.create_connection(address, timeout=5) as client:
        client.sendall(GET)
        assert read_answer(client).status == 200
    server.stop()
    thread.join(5)
    assert not thread.is_alive()


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason='there is no IPv6')
def test_an_ipv6_address_can_be_listened_on() -> None:
    with listen('::1', 0) as listener:
        assert _accepts(listener.getsockname()[:2])


@pytest.mark.parametrize('host', ['127.0.0.1', '*'])
def test_a_port_that_is_taken_is_an_error(host: str) -> None:
    with listen(host, 0) as listener, pytest.raises(OSError):
        listen(host, listener.getsockname()[1])


@pytest.mark.parametrize('host', ['192.0.2.1', 'no such host.invalid'])
def test_an_address_that_is_not_ours_is_an_error(host: str) -> None:
    with pytest.raises(OSError):
        listen(host, 0)


def _send_file(path: Path) -> Callable[[dict[str, Any], Respond], Iterable[bytes]]:
    def application(environ: dict[str, Any], respond: Respond) -> Iterable[bytes]:
        if environ['PATH_INFO'] != '/file':
            respond('200 OK', [('Content-Length', '2')])
            return [b'ok']
        respond('200 OK', [('Content-Length', str(path.stat().st_size))])
        handed_over: Iterable[bytes] = environ['wsgi.file_wrapper'](path.open('rb'))
        return handed_over

    return application


def test_readers_that_stall_do_not_hold_others_up(tmp_path: Path) -> None:
    path = tmp_path / 'file'
    path.write_bytes(b'x' * (20 * MB))
    with serving(_send_file(path)) as service, contextlib.ExitStack() as stack:
        for _ in range(20):
            reader = stack.enter_context(service.connect())
            reader.sendall(GET.replace(b'/ ', b'/file '))
            assert reader.recv(12) == b'HTTP/1.1 200'
        client = stack.enter_context(service.connect())
        client.settimeout(2)
        client.sendall(GET)
        assert read_answer(client).status == 200


def test_senders_that_stall_do_not_hold_others_up() -> None:
    with serving(Recorder()) as service, contextlib.ExitStack() as stack:
        for _ in range(20):
            sender = stack.enter_context(service.connect())
            sender.sendall(post(b'x', 'Content-Length: 10'))
        client = stack.enter_context(service.connect())
        client.settimeout(2)
        client.sendall(GET)
        assert read_answer(client).status == 200


def test_a_file_that_is_handed_over_arrives_whole(tmp_path: Path) -> None:
    path = tmp_path / 'file'
    path.write_bytes(os.urandom(3 * MB))
    with serving(_send_file(path)) as service:
        answer = exchange(service, LAST.replace(b'/last', b'/file'))
    assert answer.partition(b'\r\n\r\n')[2] == path.read_bytes()


def respond_304(environ: dict[str, Any], respond: Respond) -> Iterable[bytes]:
    respond('304 Not Modified', [('ETag', '"a"')])
    return []


def test_a_connection_goes_on_after_an_answer_without_body() -> None:
    with serving(respond_304) as server, server.connect() as client:
        for _ in range(2):
            client.sendall(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
            answer = client.recv(65536)
            assert answer.startswith(b'HTTP/1.1 304')
            assert b'close' not in answer


@pytest.mark.parametrize(
    'request_line_and_headers',
    ['GET / HTTP/1.1\r\nHost: x\r\nConnection: Close', 'GET / HTTP/1.0'],
)
def test_a_connection_ends_where_that_is_asked(request_line_and_headers: str) -> None:
    with serving(respond_304) as server, server.connect() as client:
        client.sendall(request_line_and_headers.encode() + b'\r\n\r\n')
        assert b'Connection: close' in client.recv(65536)
        assert client.recv(65536) == b''
