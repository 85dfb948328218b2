"""A database with access control: the service is ready if its user may do its work."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pymongo
import pytest
import requests

from falcon_images.errors import DatabaseUnavailableError
from falcon_images.metadata.privileges import Privileges
from tests.support.guarded_mongo import DATABASE, GuardedMongo
from tests.support.pictures import jpeg
from tests.support.serving import Serving, eventually

pytestmark = pytest.mark.skipif(os.name == 'nt', reason='there are no unix sockets')
ROLE = 'its user needs the role readWrite on the database that MONGODB_DB names'
Start = Callable[..., Serving]


@pytest.fixture(scope='module')
def mongo() -> Iterator[GuardedMongo]:
    with tempfile.TemporaryDirectory(prefix='g', dir='/tmp') as folder:
        started = GuardedMongo(Path(folder))
        yield started
        started.stop()


def readiness(start: Start, url: str) -> requests.Response:
    serving = start('--workers', '1', MONGODB_URL=url, MONGODB_DB=DATABASE).ready()
    return serving.get('/health/ready')


def check(url: str) -> None:
    """Ask for the privileges as the service does."""
    with pymongo.MongoClient[dict[str, object]](url) as client:
        Privileges(client[DATABASE]).check(5)


def test_a_user_who_may_read_and_write_is_ready(
    start: Start, mongo: GuardedMongo
) -> None:
    answer = readiness(start, mongo.create_user('writer', 'readWrite'))
    assert answer.status_code == 200, answer.text


def test_a_user_who_may_only_read_is_not_ready(
    start: Start, mongo: GuardedMongo
) -> None:
    answer = readiness(start, mongo.create_user('reader', 'read'))
    assert answer.status_code == 503
    assert ROLE in answer.json()['database']
    assert ROLE in answer.json()['description']
    assert answer.json()['store'] == 'ok'


def test_an_upload_of_a_user_who_may_only_read_names_the_role(
    start: Start, mongo: GuardedMongo
) -> None:
    url = mongo.create_user('uploader', 'read')
    serving = start('--workers', '1', MONGODB_URL=url, MONGODB_DB=DATABASE).ready()
    answer = serving.session.post(
        f'{serving.url}/collections/c/images', files={'image': jpeg()}, timeout=60
    )
    assert answer.status_code == 503
    assert ROLE in answer.json()['description']


def test_it_is_ready_when_the_user_got_the_role(
    start: Start, mongo: GuardedMongo
) -> None:
    url = mongo.create_user('promoted', 'read')
    serving = start('--workers', '1', MONGODB_URL=url, MONGODB_DB=DATABASE).ready()
    assert serving.get('/health/ready').status_code == 503
    mongo.grant('promoted', 'readWrite')
    eventually(lambda: serving.get('/health/ready').status_code == 200)


def test_a_user_of_another_database_may_not_work(mongo: GuardedMongo) -> None:
    url = mongo.create_user('stranger', 'readWrite', 'elsewhere')
    with pytest.raises(DatabaseUnavailableError, match=ROLE):
        check(url)


def test_no_user_may_not_work_where_one_is_needed(mongo: GuardedMongo) -> None:
    with pytest.raises(DatabaseUnavailableError, match=ROLE):
        check(mongo.url_of(''))


@pytest.mark.parametrize('role', ['readWriteAnyDatabase', 'root'])
def test_a_user_who_may_do_more_may_work(mongo: GuardedMongo, role: str) -> None:
    check(mongo.create_user(f'user_{role}', role, 'admin'))


def test_a_user_who_may_not_drop_collections_may_not_work(mongo: GuardedMongo) -> None:
    actions = ('find', 'insert', 'update', 'remove', 'listCollections', 'createIndex')
    mongo.create_role('no_drop', *actions)
    with pytest.raises(DatabaseUnavailableError, match=ROLE):
        check(mongo.create_user('dropless', 'no_drop'))


@pytest.fixture
def unknown_privileges(mongo: GuardedMongo) -> Iterator[None]:
    mongo.refuse('connectionStatus', True)
    yield
    mongo.refuse('connectionStatus', False)


@pytest.mark.usefixtures('unknown_privileges')
def test_where_privileges_are_not_known_a_write_decides(mongo: GuardedMongo) -> None:
    check(mongo.create_user('unknown_writer', 'readWrite'))
    with pytest.raises(DatabaseUnavailableError, match=ROLE):
        check(mongo.create_user('unknown_reader', 'read'))


@pytest.mark.usefixtures('unknown_privileges')
def test_the_write_that_decides_leaves_nothing(mongo: GuardedMongo) -> None:
    url = mongo.create_user('tidy', 'readWrite')
    with pymongo.MongoClient[dict[str, object]](url) as client:
        before = client[DATABASE].list_collection_names()
        Privileges(client[DATABASE]).check(5)
        assert client[DATABASE].list_collection_names() == before


def test_without_access_control_all_may_work(mongodb_url: str) -> None:
    check(mongodb_url)
