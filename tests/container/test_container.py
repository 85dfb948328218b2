"""The image as it is built: run read-only, as its own user, beside a real MongoDB."""

import json
import os
import re
import shlex
import socket
import subprocess
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from falcon_images.embedded import mongod as embedded
from falcon_images.embedded.mongod import EmbeddedMongo
from tests.support.documentation import PAGES
from tests.support.pictures import jpeg
from tests.support.service import form
from tests.support.serving import eventually

ENGINE = shlex.split(os.environ.get('CONTAINER_ENGINE', ''))
IMAGE = 'localhost/falcon_images'
USER = 10001
OPTIONS = (
    *('--read-only', '--tmpfs', '/tmp', '--network', 'host', '--no-healthcheck'),
    *('--ulimit', 'nofile=20000:20000', '--ulimit', 'nproc=32768:32768'),
)

pytestmark = pytest.mark.skipif(
    not ENGINE, reason='there is no image here; .ci/container builds and tests it'
)


def engine(*arguments: str) -> str:
    return subprocess.run(
        [*ENGINE, *arguments], check=True, capture_output=True, text=True, timeout=100
    ).stdout.strip()


class Container:
    """A container of the image that listens on a free port of this machine."""

    def __init__(self, mongodb_url: str) -> None:
        self.name = f'images-{uuid.uuid4().hex}'
        with socket.create_server(('127.0.0.1', 0)) as listener:
            self.port = int(listener.getsockname()[1])
        self.url = f'http://127.0.0.1:{self.port}'
        environ = {
            'MONGODB_URL': mongodb_url,
            'APP_HOST': '127.0.0.1',
            'APP_PORT': str(self.port),
        }
        given = [word for item in environ.items() for word in ('-e', '='.join(item))]
        engine('run', '--detach', '--name', self.name, *OPTIONS, *given, IMAGE)

    def exec(self, *command: str) -> str:
        return engine('exec', self.name, *command)

    def is_ready(self) -> bool:
        try:
            return requests.get(f'{self.url}/health/ready', timeout=5).ok
        except requests.ConnectionError:
            return False

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(
            engine('inspect', self.name, '--format', '{{json .State}}')
        )
        return state

    def log(self) -> str:
        found = subprocess.run(
            [*ENGINE, 'logs', self.name], check=True, capture_output=True, text=True
        )
        return found.stdout + found.stderr


@pytest.fixture(scope='module')
def mongodb_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A MongoDB on a port, which the user of the container can reach."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedded, '_IS_WINDOWS', True)
        mongo = EmbeddedMongo(tmp_path_factory.mktemp('mongo') / 'mongodb')
        mongo.wait_until_ready()
        yield mongo.url
        mongo.stop()


@pytest.fixture(scope='module')
def container(mongodb_url: str) -> Iterator[Container]:
    made = Container(mongodb_url)
    try:
        eventually(made.is_ready, 60)
        yield made
    finally:
        engine('rm', '--force', '--volumes', made.name)


def upload(container: Container, collection_name: str) -> dict[str, Any]:
    response = requests.post(
        f'{container.url}/collections/{collection_name}/images',
        files={'image': ('a.jpg', jpeg())},
        timeout=30,
    )
    assert response.status_code == 200, response.text
    document: dict[str, Any] = response.json()
    return document


def test_what_is_uploaded_is_there_byte_for_byte(container: Container) -> None:
    document = upload(container, 'c')
    path = f'/collections/c/images/{document["_id"]}'
    assert requests.get(f'{container.url}{path}/image', timeout=30).content == jpeg()
    thumbnail = requests.get(f'{container.url}{path}/thumbnail', timeout=30)
    assert thumbnail.headers['Content-Type'] == 'image/webp'


@pytest.mark.parametrize('path', ['/ui/', '/docs/', '/openapi.json'])
def test_pages_and_description_are_in_the_image(
    container: Container, path: str
) -> None:
    assert requests.get(f'{container.url}{path}', timeout=30).status_code == 200


def test_it_runs_as_a_user_without_rights(container: Container) -> None:
    assert container.exec('python', '-c', 'import os; print(os.getuid())') == str(USER)


def test_nothing_but_the_uploads_can_be_written(container: Container) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        container.exec('python', '-c', 'open("/app/x", "w")')
    container.exec('python', '-c', 'open("/data/uploads/x", "w")')


def test_the_command_of_the_documentation_checks_the_store(
    container: Container,
) -> None:
    text = PAGES['docs/checking.md']
    (command,) = re.findall('^docker exec images (.*)$', text, re.MULTILINE)
    upload(container, 'checked')
    assert 'All is well.' in container.exec(*shlex.split(command))


def test_the_command_of_the_health_check_finds_it_well(container: Container) -> None:
    (image,) = json.loads(engine('image', 'inspect', IMAGE))
    kind, *command = image['Healthcheck']['Test']
    assert kind == 'CMD'
    container.exec(*command)
    with pytest.raises(subprocess.CalledProcessError):
        engine('exec', '--env', 'APP_PORT=1', container.name, *command)


def test_no_other_file_of_the_project_is_in_the_image(container: Container) -> None:
    assert container.exec('ls', '-A', '/app').split() == ['falcon_images', 'serve.py']


def test_the_image_carries_neither_a_compiler_nor_a_database(
    container: Container,
) -> None:
    script = 'import shutil; print(shutil.which("gcc"), shutil.which("pip"))'
    assert container.exec('python', '-c', script) == 'None None'
    assert container.exec('find', '/venv', '-name', 'mongod*') == ''


def test_a_request_that_has_begun_is_answered_after_sigterm(mongodb_url: str) -> None:
    made = Container(mongodb_url)
    try:
        eventually(made.is_ready, 60)
        sent = form(('image', jpeg(), 'a.jpg'))
        head = (
            'POST /collections/stopped/images HTTP/1.1\r\nHost: x\r\n'
            f'Content-Type: {sent.content_type}\r\n'
            f'Content-Length: {len(sent.body)}\r\n\r\n'
        )
        with (
            socket.create_connection(('127.0.0.1', made.port), 60) as connection,
            ThreadPoolExecutor() as pool,
        ):
            connection.sendall(head.encode() + sent.body[:100])
            # The answer to another shows that this one was begun to be read.
            upload(made, 'stopped')
            stopping = pool.submit(engine, 'stop', '--time', '40', made.name)
            eventually(lambda: not made.is_ready())
            connection.sendall(sent.body[100:])
            assert connection.recv(100).startswith(b'HTTP/1.1 200')
            stopping.result()
        state = made.state()
        assert (state['Status'], state['ExitCode']) == ('exited', 0), made.log()
    finally:
        engine('rm', '--force', '--volumes', made.name)
