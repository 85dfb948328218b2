"""A steady mix of requests for a while: memory and open files must not grow."""

import random
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.processes import descriptors
from tests.support.record import Client, Verdict, Verifier
from tests.support.report import Report
from tests.support.serving import Serving

pytestmark = pytest.mark.skipif(
    sys.platform != 'linux', reason='only Linux tells what is used'
)

SHORT_SECONDS, LONG_SECONDS = 10, 300
# What thread pools, connections and allocators take until all of them are warm.
WARM_UP_SHARE = 0.4
CLIENTS = 8
KEPT_IMAGES = 10
MAX_GROWTH_KB = 16 * 1024
MAX_MORE_DESCRIPTORS = 4
SAMPLE_SECONDS = 0.2


def resident_kb(process: int) -> int:
    for line in Path(f'/proc/{process}/status').read_text().splitlines():
        if line.startswith('VmRSS'):
            return int(line.split()[1])
    return 0


class Worker:
    """One client that does a bit of everything."""

    def __init__(self, url: str, number: int, seed: int) -> None:
        self.client = Client(url, f'{number}')
        self._chance = random.Random(seed + number)
        self.requests = 0

    def run(self, stopped: threading.Event) -> None:
        while not stopped.is_set():
            self._work()
            self.requests += 1

    def _work(self) -> None:
        images, roll = self.client.usable(), self._chance.random()
        if len(images) < 2 or (roll < 0.3 and len(images) < KEPT_IMAGES):
            self.client.upload('c')
        elif roll < 0.5:
            self.client.patch(self._chance.choice(images), self._chance.randrange(99))
        elif roll < 0.7:
            self._get(self._chance.choice(('', '?limit=5', '?filter={"value": 1}')))
        elif roll < 0.9:
            self._get(f'/{self._chance.choice(images).image_id}/image')
        else:
            self.client.delete(self._chance.choice(images))
            self.client.images = self.client.usable()

    def _get(self, rest: str) -> None:
        path = f'{self.client.url}/collections/c/images{rest}'
        response = self.client.session.get(path, timeout=60)
        if response.status_code != 200:
            self.client.anomalies.append(f'GET {rest}: {response.status_code}')


def sampled(serving: Serving, seconds: float) -> list[tuple[int, int]]:
    """Look at memory and open files from time to time."""
    samples: list[tuple[int, int]] = []
    pids, pause = serving.pids, threading.Event()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pause.wait(SAMPLE_SECONDS)
        samples.append((sum(map(resident_kb, pids)), descriptors(*pids)))
    return samples


def growth(samples: list[int]) -> float:
    """Compare the last third of what is left after the warm-up with its first."""
    warm = samples[int(len(samples) * WARM_UP_SHARE) :]
    third = len(warm) // 3
    return statistics.median(warm[-third:]) - statistics.median(warm[:third])


def test_memory_and_descriptors_stay_flat(
    start: Callable[..., Serving], seed: int, is_long: bool, report: Report
) -> None:
    serving = start().ready()
    workers = [Worker(serving.url, number, seed) for number in range(CLIENTS)]
    stopped = threading.Event()
    threads = [threading.Thread(target=w.run, args=(stopped,)) for w in workers]
    for thread in threads:
        thread.start()
    try:
        samples = sampled(serving, LONG_SECONDS if is_long else SHORT_SECONDS)
    finally:
        stopped.set()
        for thread in threads:
            thread.join(60)
    clients = [worker.client for worker in workers]
    memory, opened = growth([kb for kb, _ in samples]), growth([n for _, n in samples])
    report(
        requests=sum(worker.requests for worker in workers),
        memory_kb=samples[-1][0],
        memory_growth_kb=memory,
        descriptors=samples[-1][1],
        descriptors_growth=opened,
        error_answers=sum(client.uncertain for client in clients),
    )
    assert Counter(said for client in clients for said in client.anomalies) == {}
    assert sum(client.uncertain for client in clients) == 0
    assert memory < MAX_GROWTH_KB
    assert opened <= MAX_MORE_DESCRIPTORS
    verdict = Verdict()
    Verifier(serving.url, clients, verdict).verify_all()
    assert not verdict.wrong(), verdict.wrong()
