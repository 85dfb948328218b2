"""Bodies on their way: what they may take of memory and disk, for all together."""

import contextlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from falcon_images.server import buffers
from falcon_images.server.buffers import Allowance, BodyBuffer, NoAllowanceError
from tests.support.server import (
    MB,
    Recorder,
    Serving,
    assert_error,
    chunked,
    eventually,
    exchange,
    post,
    read_all,
    read_answer,
    serving,
)

KB = 1024


def in_memory(buffer: BodyBuffer) -> bool:
    return isinstance(buffer.getfile(), io.BytesIO)


def filled(allowance: Allowance, *pieces: bytes) -> BodyBuffer:
    buffer = BodyBuffer(allowance)
    for piece in pieces:
        buffer.append(piece)
    return buffer


@pytest.mark.parametrize(
    ('size', 'memory'), [(0, True), (512 * KB, True), (512 * KB + 1, False)]
)
def test_a_large_body_goes_to_the_disk(size: int, memory: bool) -> None:
    pieces = [b'ab' * 500] * (size // 1000) + [b'c' * (size % 1000)]
    buffer = filled(Allowance(MB, MB), *pieces)
    assert in_memory(buffer) is memory
    assert (len(buffer), buffer.getfile().read()) == (size, b''.join(pieces))
    buffer.close()


def test_a_small_body_goes_to_the_disk_when_there_are_many() -> None:
    allowance = Allowance(250 * KB, 10 * MB)
    bodies = [filled(allowance, b'x' * 100 * KB) for _ in range(3)]
    assert [in_memory(body) for body in bodies] == [True, True, False]
    bodies[0].close()
    bodies[0].close()
    assert in_memory(filled(allowance, b'x' * 100 * KB))


def test_a_body_that_moves_to_the_disk_gives_its_memory_back() -> None:
    allowance = Allowance(600 * KB, 10 * MB)
    assert not in_memory(filled(allowance, b'x' * 500 * KB, b'x' * 50 * KB))
    large = filled(allowance, b'x' * 512 * KB)
    assert in_memory(large)


def test_all_bodies_together_have_a_limit_until_one_ends() -> None:
    allowance = Allowance(MB, 250)
    first, second = filled(allowance, b'x' * 100), filled(allowance, b'x' * 100)
    with pytest.raises(NoAllowanceError):
        second.append(b'x' * 51)
    # Nobody closes that of a connection that is lost.
    del first
    second.append(b'x' * 150)
    assert len(second) == 250


@pytest.fixture
def few_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """All bodies together may have as many bytes as one."""
    monkeypatch.setattr('falcon_images.server.listener._LARGEST_BODIES', 1)
    monkeypatch.setattr('falcon_images.server.listener._MIN_BYTES', 0)


@pytest.mark.usefixtures('few_bytes')
@pytest.mark.parametrize('framing', ['Content-Length: 600000', 'chunked'])
def test_a_body_beyond_those_of_others_is_503_until_they_end(framing: str) -> None:
    application = Recorder()
    body = b'x' * 600_000
    sent = post(body, framing)
    if framing == 'chunked':
        sent = post(chunked(body), 'Transfer-Encoding: chunked')
    with serving(application) as service:
        with service.connect() as first:
            first.sendall(sent[:-10])
            service.read_all_that_was_sent()
            answer = exchange(service, sent)
            assert_error(answer, 503)
            assert b'Retry-After: ' in answer
            assert application.paths == []
            first.sendall(sent[-10:])
            assert read_answer(first).status == 200
        with service.connect() as third:
            third.sendall(sent)
            assert read_answer(third).status == 200


@pytest.mark.usefixtures('few_bytes')
def test_a_client_that_hangs_up_gives_back_what_its_body_took() -> None:
    sent = post(b'x' * 600_000, 'Content-Length: 600000')
    with serving(Recorder()) as service:
        for _ in range(3):
            with service.connect() as client:
                client.sendall(sent[:-10])
                service.read_all_that_was_sent()
        assert eventually(lambda: _is_answered(service, sent))


def _is_answered(service: Serving, sent: bytes) -> bool:
    with service.connect() as client:
        client.sendall(sent)
        return read_answer(client).status == 200


def test_headers_that_are_large_have_a_limit_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr('falcon_images.server.listener._MEMORY_BYTES', 400 * KB)
    begin = b'GET / HTTP/1.1\r\nHost: x\r\nX: ' + b'y' * 150 * KB
    with serving(Recorder()) as service, contextlib.ExitStack() as stack:
        for _ in range(2):
            client = stack.enter_context(service.connect())
            client.sendall(begin)
        service.read_all_that_was_sent()
        assert_error(exchange(service, begin + b'\r\n\r\n'), 503)
        small = b'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
        assert exchange(service, small).startswith(b'HTTP/1.1 200')


@pytest.mark.skipif(not Path('/dev/full').exists(), reason='there is no full device')
@pytest.mark.parametrize('size', [600_000, 3 * MB])
def test_a_temporary_folder_that_is_full_is_507(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(buffers, 'TemporaryFile', lambda: open('/dev/full', 'w+b'))  # noqa: PTH123, SIM115
    application = Recorder()
    with serving(application, max_body_bytes=8 * MB) as service:
        with service.connect() as client:
            client.sendall(post(b'x' * size, f'Content-Length: {size}'))
            assert_error(read_all(client), 507)
        assert application.paths == []
        assert _is_answered(service, post(b'abc', 'Content-Length: 3'))


@pytest.fixture
def temporary_files(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    made: list[object] = []

    def make() -> object:
        made.append(tempfile.TemporaryFile())  # noqa: SIM115 - closed with its body
        return made[-1]

    monkeypatch.setattr(buffers, 'TemporaryFile', make)
    yield made


def test_a_body_that_is_too_large_takes_nothing(temporary_files: list[object]) -> None:
    size = 3 * MB
    with serving(Recorder()) as service, service.connect() as client:
        client.sendall(post(b'x' * size, f'Content-Length: {size}'))
        assert_error(read_all(client), 413)
    assert temporary_files == []
