"""One real service for a folder of tests, each of which has a collection of its own."""

import uuid
from collections.abc import Iterator

import pymongo
import pytest

from falcon_images.client import Client
from tests.support.serving import Serving


@pytest.fixture(scope='module')
def serving(
    mongodb_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Serving]:
    name = f'test_{uuid.uuid4().hex}'
    made = Serving(
        tmp_path_factory.mktemp('service'),
        *('--workers', '1', '--host', '127.0.0.1'),
        MONGODB_URL=mongodb_url,
        MONGODB_DB=name,
    ).ready()
    yield made
    made.stop()
    with pymongo.MongoClient[dict[str, object]](mongodb_url) as client:
        client.drop_database(name)


@pytest.fixture
def client(serving: Serving) -> Iterator[Client]:
    with Client(serving.url, retry_seconds=20) as made:
        yield made


@pytest.fixture
def collection() -> str:
    return f'c{uuid.uuid4().hex}'
