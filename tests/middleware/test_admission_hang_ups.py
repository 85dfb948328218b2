"""Clients that hang up at any moment, while tokens are asked about and bodies come."""

import contextlib
import logging
import random
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from tests.support.admission import (
    FORM,
    IMAGE,
    IMAGES,
    JSON,
    answer_of,
    get,
    request,
    served,
    upload,
)
from tests.support.identification import IdentificationServer
from tests.support.raw_requests import RESET
from tests.support.server import Serving, eventually, exchange
from tests.support.service import Service

CLIENTS = 12
TIMES = 40


def _some_request(chance: random.Random) -> bytes:
    name = chance.choice(
        ['known', 'bad', f't{chance.randrange(9)}', f'new{chance.random()}']
    )
    token = (f'Authorization: Bearer {name}',) if chance.random() < 0.9 else ()
    chunks = b'5\r\n{"a":\r\n2\r\n1}\r\n0\r\n\r\n'
    return chance.choice(
        [
            upload(*token),
            request('GET', f'{IMAGES}?limit=1', *token),
            request('GET', '/health/live', *token),
            request('POST', IMAGES, FORM, 'Content-Length: 900000', *token)
            + b'x' * 700_000,
            request('PATCH', IMAGE, JSON, 'Transfer-Encoding: chunked', *token)
            + chunks,
            request('POST', IMAGES, FORM, 'Content-Length: 20000', *token),
            request(
                *('POST', IMAGES, FORM, 'Content-Length: 9', 'Expect: 100-continue'),
                *token,
            ),
        ]
    )


def _hang_up_often(server: Serving, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(TIMES):
        sent = b''.join(_some_request(chance) for _ in range(chance.randrange(1, 4)))
        with contextlib.suppress(OSError), server.connect() as client:
            client.settimeout(0.1)
            client.sendall(sent[: chance.choice([None, chance.randrange(len(sent))])])
            if chance.random() < 0.5:
                client.recv(65536)
            if chance.random() < 0.5:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def test_clients_that_hang_up_leave_nothing_behind(
    guarded: Service,
    identification: IdentificationServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    plain, pause = identification.answer, threading.Event()

    def answer(handler: Any) -> None:
        pause.wait(random.random() / 20)
        plain(handler)

    identification.answer = answer
    identification.statuses |= {f't{number}': 200 for number in range(9)}
    with caplog.at_level(logging.ERROR), served(guarded) as server:
        listener = server.server.listener
        full = (listener.allowance.left, listener.allowance.memory_left)
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(partial(_hang_up_often, server), range(CLIENTS)))
        assert eventually(lambda: not listener.channels, 20)
        assert eventually(
            lambda: (listener.allowance.left, listener.allowance.memory_left) == full
        )
        assert answer_of(exchange(server, get(IMAGES, 'known'))).status == 200
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR] == []
