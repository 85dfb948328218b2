"""Services whose uploads folder is of another store than their database."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from falcon_images.embedded.mongod import EmbeddedMongo
from tests.support.pictures import jpeg
from tests.support.serving import ROOT, Serving, eventually

Start = Callable[..., Serving]
FOREIGN = 'belongs to another store'

# Its port changes with each start on Windows.
posix = pytest.mark.skipif(os.name == 'nt', reason='MongoDB is found by its socket')


@pytest.fixture
def mongo(tmp_path: Path) -> Iterator[EmbeddedMongo]:
    started = EmbeddedMongo(tmp_path / 'mongo')
    started.wait_until_ready()
    yield started
    started.stop()


@pytest.fixture
def foreign(start: Start, mongo: EmbeddedMongo, tmp_path: Path) -> Path:
    """A folder of a service that has had another database than the running one."""
    for name in ('own', 'foreign'):
        (tmp_path / name).mkdir()
    start(folder=tmp_path / 'own', MONGODB_URL=mongo.url).ready().stop()
    start(folder=tmp_path / 'foreign').ready().stop()
    return tmp_path / 'foreign'


def test_it_does_not_start(start: Start, mongo: EmbeddedMongo, foreign: Path) -> None:
    refused = start(folder=foreign, MONGODB_URL=mongo.url)
    assert refused.ended() == 1
    assert refused.lines[-1].startswith('serve.py: The uploads folder ')
    assert FOREIGN in refused.lines[-1]


def test_another_server_does_not_import_it(mongo: EmbeddedMongo, foreign: Path) -> None:
    refused = subprocess.run(
        [sys.executable, '-c', 'import falcon_images.wsgi'],
        cwd=foreign,
        env=os.environ | {'PYTHONPATH': str(ROOT), 'MONGODB_URL': mongo.url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert refused.returncode == 1
    assert FOREIGN in refused.stderr


@posix
@pytest.mark.parametrize('workers', ['1', '2'])
def test_it_ends_when_the_database_answers_at_last(
    start: Start, mongo: EmbeddedMongo, foreign: Path, tmp_path: Path, workers: str
) -> None:
    mongo.stop()
    serving = start(folder=foreign, MONGODB_URL=mongo.url, APP_WORKERS=workers).ready()
    assert serving.get('/').json()['mongodb']['connected'] is False
    again = EmbeddedMongo(tmp_path / 'mongo')
    try:
        again.wait_until_ready()
        status = serving.ended(60)
    finally:
        again.stop()
    assert FOREIGN in serving.log
    assert 'Traceback' not in serving.log
    assert status == (1 if workers == '1' else 0)


def test_services_that_start_together_share_a_folder_and_a_database(
    start: Start, mongo: EmbeddedMongo, tmp_path: Path
) -> None:
    services = [start(MONGODB_URL=mongo.url, APP_WORKERS='2') for _ in range(3)]
    for serving in services:
        serving.ready()
    image_id = services[0].upload(jpeg())['_id']
    for serving in services:
        path = f'/collections/c/images/{image_id}/image'
        assert serving.get(path).content == jpeg()
    eventually((tmp_path / 'data/uploads/store.json').exists)
    assert not any(FOREIGN in serving.log for serving in services)
