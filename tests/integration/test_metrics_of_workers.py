"""Any worker tells the metrics of all."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from falcon_images.metrics import Metrics
from falcon_images.metrics.processes import collected, share_between_processes
from tests.integration.conftest import Serving, eventually
from tests.pictures import jpeg

Start = Callable[..., Serving]

pytestmark = pytest.mark.skipif(os.name == 'nt', reason='Windows has one process')
STORED = 'falcon_images_images_stored_total'


def told(serving: Serving, name: str) -> float:
    """The value of a metric, asked over a connection of its own."""
    page = requests.get(f'{serving.url}/metrics', timeout=10)
    assert page.status_code == 200
    families = text_string_to_metric_families(page.text)
    (value,) = {
        s.value for family in families for s in family.samples if s.name == name
    }
    return value


@pytest.fixture
def serving(start: Start, mongodb_url: str) -> Serving:
    made = start('--workers', '3', MONGODB_URL=mongodb_url).ready()
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
    killed = serving.workers[0]
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: killed not in serving.workers and len(serving.workers) == 3)

    def agrees() -> bool:
        sizes = [psutil.Process(pid).memory_info().rss for pid in serving.workers]
        return told(serving, 'process_resident_memory_bytes') == pytest.approx(
            sum(sizes), rel=0.1
        )

    eventually(agrees)


def test_the_page_comes_while_workers_are_replaced(serving: Serving) -> None:
    ended = threading.Event()

    def kill() -> None:
        while not ended.wait(0.3):
            for pid in serving.workers[:1]:
                os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        for _ in range(200):
            with contextlib.suppress(requests.ConnectionError):
                told(serving, STORED)
    finally:
        ended.set()
        killer.join()


def test_nothing_stays_behind(serving: Serving) -> None:
    upload(serving)
    mapped = Path(f'/proc/{serving.workers[0]}/maps').read_text().splitlines()
    folders = {Path(line.split()[-1]).parent for line in mapped if '.db' in line}
    (folder,) = folders
    assert folder.is_dir()
    assert serving.stop() == 0
    assert not folder.exists()


def test_a_disk_without_room_for_counters_ends_nothing(small_disk: Path) -> None:
    spawn = multiprocessing.get_context('spawn')
    found = spawn.Queue()
    process = spawn.Process(target=count_on_a_full_disk, args=(small_disk, found))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    assert found.get(timeout=10) == 5


def count_on_a_full_disk(disk: Path, found: Any) -> None:
    share_between_processes(disk)
    metrics = Metrics()
    known = ('GET', '/', 200)
    metrics.count_answer(known, 0.1, 1, 1)
    with contextlib.suppress(OSError), (disk / 'full').open('wb', buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    for number in range(2000):
        metrics.count_answer(('GET', f'/{number}', 200), 0.1, 1, 1)
        metrics.count_operation(f'operation{number}', 0.1, False)
    for _ in range(4):
        metrics.count_answer(known, 0.1, 1, 1)
    found.put(
        sum(
            sample.value
            for metric in collected(metrics.registry)
            for sample in metric.samples
            if sample.name == 'falcon_images_requests_total'
            and sample.labels['route'] == '/'
        )
    )
