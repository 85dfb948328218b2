"""Lists of large documents by the real `serve.py`, read or not."""

import contextlib
import re
import socket
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pymongo
import pytest

from tests.support.serving import Serving, eventually

MB = 1024**2
DOCUMENTS, DOCUMENT_BYTES = 16, 12 * MB
MAX_GROWTH_MB = 150

needs_proc = pytest.mark.skipif(
    sys.platform != 'linux', reason='the system has no /proc'
)


@pytest.fixture
def serving(start: Callable[..., Serving], mongodb_url: str) -> Serving:
    name = f'test_{uuid.uuid4().hex}'
    two_lists = str(2 * DOCUMENTS * DOCUMENT_BYTES)
    made = start(
        *('--workers', '1'),
        MONGODB_URL=mongodb_url,
        MONGODB_DB=name,
        MAX_SPOOLED_BYTES=two_lists,
    ).ready()
    with pymongo.MongoClient[dict[str, Any]](mongodb_url) as client:
        for _ in range(DOCUMENTS):
            client[name].c.insert_one({'text': 'x' * DOCUMENT_BYTES})
        client[name].small.insert_one({'text': 'x'})
    return made


def most_memory_mb(serving: Serving) -> int:
    text = Path(f'/proc/{serving.pids[0]}/status').read_text(encoding='utf-8')
    found = re.search(r'VmHWM:\s+(\d+)', text)
    assert found
    return int(found[1]) // 1024


@needs_proc
def test_a_list_takes_the_memory_of_few_documents(serving: Serving) -> None:
    before = most_memory_mb(serving)
    response = serving.get('/collections/c/images')
    assert len(response.content) > DOCUMENTS * DOCUMENT_BYTES
    assert most_memory_mb(serving) - before < MAX_GROWTH_MB


def test_lists_that_nobody_reads_are_bounded_together(serving: Serving) -> None:
    request = b'GET /collections/c/images HTTP/1.1\r\nHost: x\r\n\r\n'

    with contextlib.ExitStack() as stack:
        answers = []
        for _ in range(3):
            address = ('127.0.0.1', serving.port)
            client = stack.enter_context(socket.create_connection(address))
            client.sendall(request)
            answers.append(stack.enter_context(client.makefile('rb')))
        assert b'HTTP/1.1 503 Service Unavailable\r\n' in map(next, answers)
    path = '/collections/small/images'
    eventually(lambda: serving.get(path).status_code == 200)
