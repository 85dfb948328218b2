"""A database that is frozen, stopped and started again, seen from the service."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest
import requests

from falcon_images.embedded.mongod import EmbeddedMongo
from tests.support.pictures import jpeg
from tests.support.serving import Serving, eventually

Start = Callable[..., Serving]


@pytest.fixture
def mongo(tmp_path: Path) -> Iterator[EmbeddedMongo]:
    started = EmbeddedMongo(tmp_path / 'mongo')
    started.wait_until_ready()
    yield started
    started.stop()


def timed(call: Callable[[], requests.Response]) -> tuple[requests.Response, float]:
    began = time.monotonic()
    return call(), time.monotonic() - began


def post(serving: Serving) -> requests.Response:
    return serving.session.post(
        f'{serving.url}/collections/c/images',
        files={'image': ('a.jpg', jpeg())},
        timeout=60,
    )


def is_consistent(serving: Serving) -> bool:
    """Every document has its file, every file its document or a note of doubt."""
    documents: list[dict[str, Any]] = serving.get('/collections/c/images').json()
    ids = {document['_id'] for document in documents}
    root = serving.folder / 'data/uploads'
    files = {path.stem for path in (root / 'images').rglob('*.jpg')}
    unresolved_writes = {path.stem for path in (root / 'doubts').iterdir()}
    return ids <= files <= ids | unresolved_writes


@pytest.mark.skipif(os.name == 'nt', reason='Windows cannot freeze a process')
def test_a_frozen_database_is_503_within_seconds(
    start: Start, mongo: EmbeddedMongo
) -> None:
    serving = start(MONGODB_URL=mongo.url).ready()
    kept = serving.upload(jpeg())
    with pymongo.MongoClient[dict[str, object]](mongo.url) as client:
        pid = int(str(client.admin.command('serverStatus')['pid']))
    path = f'/collections/c/images/{kept["_id"]}'
    os.kill(pid, signal.SIGSTOP)
    try:
        root, seconds = timed(lambda: serving.get('/'))
        assert root.json()['mongodb']['connected'] is False
        assert seconds < 1.5
        for call in (
            lambda: post(serving),
            lambda: serving.get(path),
            lambda: serving.session.patch(f'{serving.url}{path}', json={'a': 1}),
            lambda: serving.session.delete(f'{serving.url}{path}'),
            lambda: serving.get('/collections'),
            lambda: serving.get('/collections/c/images'),
            lambda: serving.get(f'{path}/neighbors'),
        ):
            response, seconds = timed(call)
            assert response.status_code == 503
            assert response.json()['title'] == 'Database unavailable'
            assert response.headers['Retry-After']
            assert seconds < 5
        assert serving.get('/health/live').status_code == 200
        assert serving.get('/health/ready').status_code == 503
    finally:
        os.kill(pid, signal.SIGCONT)
    eventually(lambda: serving.get('/health/ready').status_code == 200, 10)
    eventually(lambda: is_consistent(serving))
    assert post(serving).status_code == 200


def test_a_database_that_was_away_is_found_again(start: Start, tmp_path: Path) -> None:
    mongo = EmbeddedMongo(tmp_path / 'mongo')
    mongo.wait_until_ready()
    if os.name == 'nt':
        pytest.skip('its port changes with each start')
    serving = start(MONGODB_URL=mongo.url).ready()
    kept = serving.upload(jpeg())
    mongo.stop()
    for _ in range(3):
        response, seconds = timed(lambda: post(serving))
        assert response.status_code == 503
        assert seconds < 5
    again = EmbeddedMongo(tmp_path / 'mongo')
    try:
        again.wait_until_ready()
        eventually(lambda: serving.get('/health/ready').status_code == 200, 10)
        assert serving.get(f'/collections/c/images/{kept["_id"]}').json() == kept
        assert is_consistent(serving)
        assert post(serving).status_code == 200
    finally:
        again.stop()
