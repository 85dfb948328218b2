"""One service for all tests of the gallery, which start it and leave it empty."""

from collections.abc import Iterator
from urllib.parse import quote

import pymongo
import pytest

from tests.support.serving import Serving

_DATABASE = 'test_gallery'


@pytest.fixture(scope='module')
def started(
    mongodb_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp('gallery')
    process = Serving(folder, MONGODB_URL=mongodb_url, MONGODB_DB=_DATABASE)
    try:
        yield process.ready()
    finally:
        process.kill()
        with pymongo.MongoClient[dict[str, object]](mongodb_url) as client:
            client.drop_database(_DATABASE)


@pytest.fixture
def serving(started: Serving) -> Iterator[Serving]:
    """The service, without a collection."""
    yield started
    for name in started.get('/collections').json():
        started.session.delete(f'{started.url}/collections/{quote(name, safe="")}')
