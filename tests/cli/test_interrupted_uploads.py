"""Uploads over links that are cut, of services that restart, by clients that die."""

import hashlib
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pymongo
import pytest

from falcon_images.client import Client
from tests.support.commands import Place, fill
from tests.support.cutting_proxy import Cuts, cutting_proxy
from tests.support.processes import KILL
from tests.support.serving import Serving, eventually
from tests.support.wine import PATIENCE

COUNT = 1000
# What may be sent again: what was not noted yet, and what was under way.
MOST_AGAIN = 200 + 40
Start = Callable[..., Serving]


def digests(client: Client, collection: str) -> list[str]:
    return sorted(each['_file']['sha256'] for each in client.images(collection))


def expected(paths: list[Path]) -> list[str]:
    return sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)


def test_a_folder_arrives_once_over_a_link_that_is_cut(
    serving: Serving, client: Client, place: Place
) -> None:
    paths = fill(place.folder / 'shots', COUNT)
    cuts = Cuts(
        sent=[0, 500, 90_000, 120_000, 60_000], answered=[0, 10, 30_000, 70_000, 1000]
    )
    with cutting_proxy(serving.port, cuts) as place.url:
        ran = place.run('upload', 'shots')
    assert ran.returncode == 0, ran.stderr
    assert cuts.made == 10
    assert digests(client, place.collection) == expected(paths)


def test_a_folder_arrives_once_by_clients_that_are_killed(
    client: Client, place: Place
) -> None:
    paths = fill(place.folder / 'shots', COUNT)
    for part in (1, 2, 3):
        process = place.begin('upload', 'shots')
        enough = part * COUNT // 5
        eventually(lambda: client.count(place.collection) > enough, 60)  # noqa: B023
        process.send_signal(KILL)
        process.communicate(timeout=20)
        assert process.returncode != 0
    ran = place.run('upload', 'shots')
    assert ran.returncode == 0, ran.stderr
    assert digests(client, place.collection) == expected(paths)


def test_a_client_that_was_killed_goes_on_where_it_was(
    serving: Serving, client: Client, place: Place
) -> None:
    fill(place.folder / 'shots', COUNT)
    process = place.begin('upload', 'shots')
    eventually(lambda: client.count(place.collection) > COUNT // 2, 60)
    process.send_signal(KILL)
    process.communicate(timeout=20)
    assert place.run('upload', 'shots').returncode == 0
    assert client.count(place.collection) == COUNT
    sent = serving.log.count(f'POST /collections/{place.collection}/images')
    assert sent <= COUNT + MOST_AGAIN


def test_a_folder_arrives_once_by_a_service_that_is_killed(
    start: Start, tmp_path: Path, place: Place, mongodb_url: str
) -> None:
    paths = fill(place.folder / 'shots', COUNT)
    settings = {'MONGODB_URL': mongodb_url, 'MONGODB_DB': f't{place.collection[:20]}'}
    folder = tmp_path / 'service'
    folder.mkdir()
    service = start(folder=folder, **settings).ready()
    place.url = service.url
    process = place.begin('upload', 'shots')
    for part in (1, 2):
        with Client(service.url) as client:
            enough = part * COUNT // 4
            eventually(lambda: client.count(place.collection) > enough, 60)  # noqa: B023
        service.kill()
        service = start('--port', str(service.port), folder=folder, **settings).ready()
    stdout, stderr = process.communicate(timeout=100 * PATIENCE)
    assert process.returncode == 0, stdout + stderr
    with Client(service.url) as client:
        assert digests(client, place.collection) == expected(paths)
    with pymongo.MongoClient[dict[str, object]](mongodb_url) as database:
        database.drop_database(settings['MONGODB_DB'])


@pytest.mark.skipif(sys.platform == 'win32', reason='has no such signal')
def test_an_interrupt_ends_cleanly(client: Client, place: Place) -> None:
    fill(place.folder / 'shots', COUNT)
    process = place.begin('upload', 'shots')
    eventually(lambda: client.count(place.collection) > 50, 60)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert stderr == (
        'Error: It was interrupted; run the same command again to go on.\n'
    )
    assert ' stored' in stdout
