"""A database that guards its documents: what the service says of its user's rights."""

import contextlib
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import falcon.testing
import pymongo
import pytest

from falcon_images.app import running_app
from falcon_images.embedded.mongod import find_program
from falcon_images.metadata.client import create_client
from falcon_images.settings import Settings, SettingsError
from tests.support.pictures import jpeg
from tests.support.service import form

PASSWORD = 'p@ss:w/o#rd%'
USERS = {
    'nobody': '',
    'reader': 'reader:r@',
    'wrong': 'reader:wrong@',
    'writer': f'writer:{quote(PASSWORD, safe="")}@',
}


@pytest.fixture(scope='module')
def guarded_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with socket.create_server(('127.0.0.1', 0)) as listener:
        port = int(listener.getsockname()[1])
    folder = tmp_path_factory.mktemp('guarded')
    with guarded(folder, port):
        yield port


@contextlib.contextmanager
def guarded(folder: Path, port: int) -> Iterator[None]:
    options = ('--auth', '--bind_ip', '127.0.0.1', '--wiredTigerCacheSizeGB', '0.25')
    sockets = () if not hasattr(socket, 'AF_UNIX') else ('--nounixsocket',)
    place = ('--dbpath', str(folder), '--port', str(port))
    command = [str(find_program()), *options, *sockets, *place]
    mongod = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        make_users(port)
        yield
    finally:
        mongod.terminate()
        mongod.wait(30)


def make_users(port: int) -> None:
    # A guarded database lets its first user be made by anybody who is near.
    with client(f'mongodb://127.0.0.1:{port}') as first:
        first.admin.command('createUser', 'root', pwd='root', roles=['root'])
    with client(f'mongodb://root:root@127.0.0.1:{port}') as root:
        for name, password, role in (
            ('reader', 'r', 'read'),
            ('writer', PASSWORD, 'readWrite'),
        ):
            roles = [{'role': role, 'db': 'line'}]
            root.admin.command('createUser', name, pwd=password, roles=roles)


def client(url: str) -> pymongo.MongoClient[dict[str, Any]]:
    return pymongo.MongoClient(url, serverSelectionTimeoutMS=20_000)


@contextlib.contextmanager
def asked(port: int, user: str, folder: Path) -> Iterator[falcon.testing.TestClient]:
    settings = Settings(
        mongodb_url=f'mongodb://{USERS[user]}127.0.0.1:{port}/?authSource=admin',
        mongodb_db='line',
        uploads_directory=folder,
    )
    with running_app(settings) as app:
        yield falcon.testing.TestClient(app)


@pytest.mark.parametrize(
    ('user', 'cause'),
    [('nobody', 'readWrite'), ('reader', 'readWrite'), ('wrong', 'user and password')],
)
def test_it_is_not_ready_when_no_image_can_be_stored(
    guarded_port: int, user: str, cause: str, tmp_path: Path
) -> None:
    sent = form(('image', jpeg(), 'a.jpg'))
    with asked(guarded_port, user, tmp_path) as service:
        ready = service.simulate_get('/health/ready')
        stored = service.simulate_post(
            '/collections/c/images', body=sent.body, content_type=sent.content_type
        )
    for answer in (ready, stored):
        assert answer.status_code == 503
        assert cause in answer.json['description']
    assert ready.json['store'] == 'ok'


def test_it_is_ready_when_its_user_may_read_and_write(
    guarded_port: int, tmp_path: Path
) -> None:
    with asked(guarded_port, 'writer', tmp_path) as service:
        assert service.simulate_get('/health/ready').status_code == 200
        assert service.simulate_get('/collections').json == []


@pytest.mark.parametrize(
    'user', ['app:p@ss:word', 'app:a:b', 'app:a/b', 'app:a%b', 'a@b:c']
)
def test_a_password_that_must_be_encoded_is_told(user: str) -> None:
    with pytest.raises(SettingsError, match='percent-encoded') as caught:
        create_client(f'mongodb://{user}@127.0.0.1:27017/line', 10)
    assert user not in str(caught.value)


def test_a_url_without_a_user_needs_no_such_hint() -> None:
    with pytest.raises(SettingsError) as caught:
        create_client('mongodb://', 10)
    assert 'encoded' not in str(caught.value)
