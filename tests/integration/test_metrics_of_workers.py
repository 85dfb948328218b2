"""Any worker tells the metrics of all."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.conftest import Serving, eventually
from tests.pictures import jpeg

Start = Callable[..., Serving]

pytestmark = pytest.mark.skipif(os.name == 'nt', reason='Windows has one process')
STORED = 'falcon_images_images_stored_total'


def told(serving: Serving, name: str) -> float:
    """The value of a metric, asked over a connection of its own."""
    text = requests.get(f'{serving.url}/metrics', timeout=10).text
    families = text_string_to_metric_families(text)
    (value,) = {
        s.value for family in families for s in family.samples if s.name == name
    }
    return value


@pytest.fixture
def serving(start: Start, mongodb_url: str, tmp_path: Path) -> Serving:
    (tmp_path / 'temporary').mkdir()
    made = start(
        *('--workers', '3'),
        MONGODB_URL=mongodb_url,
        TMPDIR=str(tmp_path / 'temporary'),
    ).ready()
    eventually(lambda: len(made.workers) == 3)
    return made


def upload(serving: Serving) -> None:
    """Upload over a connection of its own, so that any worker may take it."""
    answer = requests.post(
        f'{serving.url}/collections/c/images',
        files={'image': ('a.jpg', jpeg())},
        timeout=10,
    )
    assert answer.status_code == 200


def test_any_worker_tells_the_sum(serving: Serving) -> None:
    for _ in range(12):
        upload(serving)
    for _ in range(12):
        assert told(serving, STORED) == 12


def test_what_a_killed_worker_did_stays_counted(serving: Serving) -> None:
    for _ in range(12):
        upload(serving)
    before = serving.workers
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: len(set(serving.workers) - set(before)) == 3)
    upload(serving)
    assert told(serving, STORED) == 13
    assert told(serving, 'falcon_images_uploads_in_flight') == 0


def test_memory_is_that_of_the_workers_that_live(serving: Serving) -> None:
    name = 'process_resident_memory_bytes'
    before, workers = told(serving, name), serving.workers
    os.kill(workers[0], signal.SIGKILL)
    eventually(lambda: len(set(serving.workers) - set(workers)) == 1)
    eventually(lambda: 0.7 * before < told(serving, name) < 1.3 * before)


def test_nothing_stays_in_the_temporary_folder(
    serving: Serving, tmp_path: Path
) -> None:
    upload(serving)
    assert list((tmp_path / 'temporary').rglob('*.db'))
    assert serving.stop() == 0
    assert list((tmp_path / 'temporary').iterdir()) == []
