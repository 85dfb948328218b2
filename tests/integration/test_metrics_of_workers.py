"""Any worker tells the metrics of all."""

import contextlib
import logging
import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from falcon_images.telemetry.metrics import Metrics
from falcon_images.telemetry.processes import collected, share_between_processes
from tests.support.pictures import jpeg
from tests.support.serving import Serving, eventually

Start = Callable[..., Serving]

pytestmark = pytest.mark.skipif(os.name == 'nt', reason='Windows has one process')
STORED = 'falcon_images_images_stored_total'
OPERATIONS = 'falcon_images_database_operation_duration_seconds_count'


def told(serving: Serving, name: str, **labels: str) -> float:
    """The value of a metric, asked over a connection of its own."""
    page = requests.get(f'{serving.url}/metrics', timeout=10)
    assert page.status_code == 200
    families = text_string_to_metric_families(page.text)
    (value,) = {
        s.value
        for family in families
        for s in family.samples
        if s.name == name and s.labels.items() >= labels.items()
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
    for _ in range(12):
        upload(serving)
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
                assert told(serving, STORED) == 12
    finally:
        ended.set()
        killer.join()


def folder_of(serving: Serving) -> Path:
    """Where the workers count."""
    upload(serving)
    mapped = Path(f'/proc/{serving.workers[0]}/maps').read_text().splitlines()
    (folder,) = {Path(line.split()[-1]).parent for line in mapped if '.db' in line}
    assert folder.is_dir()
    return folder


def test_nothing_stays_behind(serving: Serving) -> None:
    folder = folder_of(serving)
    assert serving.stop() == 0
    assert not folder.exists()


def test_what_a_killed_service_left_is_gone_when_the_next_one_starts(
    serving: Serving, start: Start, mongodb_url: str
) -> None:
    folder, pids = folder_of(serving), serving.workers
    assert folder.exists()
    serving.kill()
    # Any service that starts meanwhile, as in other tests, removes it too.
    eventually(lambda: not any(map(psutil.pid_exists, pids)))
    start('--workers', '2', MONGODB_URL=mongodb_url).ready()
    assert not folder.exists()


def test_a_folder_that_somebody_works_in_is_left_alone(
    serving: Serving, start: Start, mongodb_url: str
) -> None:
    folder = folder_of(serving)
    start('--workers', '2', MONGODB_URL=mongodb_url).ready()
    assert folder.exists()
    assert told(serving, STORED) == 1


def test_dead_workers_take_no_room_and_what_they_did_stays_exact(
    serving: Serving,
) -> None:
    folder = folder_of(serving)
    uploads, files = 1, set()
    for _ in range(3):
        before = serving.workers
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: len(set(serving.workers) - set(before)) == 3)  # noqa: B023
        upload(serving)
        uploads += 1
        assert told(serving, STORED) == uploads
        eventually(lambda: len(list(folder.glob('gauge_*.db'))) == 3)
        files.add(len(list(folder.glob('*.db'))))
    assert max(files) <= 3 * 3 + 2
    # Counters of answers are written with a delay; those of operations are not.
    assert told(serving, OPERATIONS, operation='insert', outcome='ok') == uploads


def test_requests_go_on_without_the_folder_of_counters(serving: Serving) -> None:
    shutil.rmtree(folder_of(serving))
    for _ in range(12):
        upload(serving)
    killed = serving.workers[0]
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: killed not in serving.workers and len(serving.workers) == 3)
    for _ in range(6):
        upload(serving)
        assert 0 <= told(serving, STORED) <= 19
    assert serving.log.count('Some metrics are those of one worker process') <= 4
    assert serving.stop() == 0


def test_a_disk_without_room_for_counters_ends_nothing(small_disk: Path) -> None:
    spawn = multiprocessing.get_context('spawn')
    found = spawn.Queue()
    process = spawn.Process(target=count_on_a_full_disk, args=(small_disk, found))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    assert found.get(timeout=10) == 5


def test_a_worker_starts_on_a_full_disk_and_counts_for_itself(
    small_disk: Path,
) -> None:
    spawn = multiprocessing.get_context('spawn')
    found = spawn.Queue()
    process = spawn.Process(target=start_on_a_full_disk, args=(small_disk, found))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    assert found.get(timeout=10) == [1, 1]


def start_on_a_full_disk(disk: Path, found: Any) -> None:
    fill(disk)
    messages: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger('falcon_images').addHandler(handler)
    share_between_processes(disk)
    metrics = Metrics()
    metrics.count_image(10)
    metrics.count_answer(('GET', '/', 200), 0.1, 1, 1)
    stored = [
        sample.value
        for metric in metrics.registry.collect()
        for sample in metric.samples
        if sample.name == STORED
    ]
    found.put([*stored, sum('one worker process' in text for text in messages)])


def fill(disk: Path) -> None:
    with contextlib.suppress(OSError), (disk / 'full').open('wb', buffering=0) as file:
        while file.write(bytes(4096)):
            pass


def count_on_a_full_disk(disk: Path, found: Any) -> None:
    share_between_processes(disk)
    metrics = Metrics()
    known = ('GET', '/', 200)
    metrics.count_answer(known, 0.1, 1, 1)
    fill(disk)
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
