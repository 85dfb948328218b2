"""A replica set whose primary is killed under uploads: nothing acknowledged is lost."""

import signal
import threading
import time
from collections.abc import Callable

from tests.support.record import Client, Verdict, Verifier
from tests.support.replica_set import START_SECONDS, ReplicaSet
from tests.support.report import Report
from tests.support.serving import Serving, eventually

SHORT_FAILOVERS, LONG_FAILOVERS = 1, 6
UPLOADERS = 8
RECOVERY_SECONDS = 15
ACKNOWLEDGED_BEFORE_KILL = 40


class Uploaders:
    """Clients that upload until they are stopped."""

    def __init__(self, url: str) -> None:
        self.clients = [Client(url, f'{n}') for n in range(UPLOADERS)]
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(client,))
            for client in self.clients
        ]
        for thread in self._threads:
            thread.start()

    @property
    def acknowledged(self) -> int:
        return sum(client.acknowledged for client in self.clients)

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(120)

    def _work(self, client: Client) -> None:
        while not self._stopped.is_set():
            client.upload('c')


def fail_over(replica_set: ReplicaSet, uploaders: Uploaders) -> float:
    """Kill the primary; tell after how many seconds uploads were stored again."""
    enough = uploaders.acknowledged + ACKNOWLEDGED_BEFORE_KILL
    eventually(lambda: uploaders.acknowledged >= enough)
    primary = replica_set.primary()
    assert primary and primary.process
    primary.process.send_signal(getattr(signal, 'SIGKILL', signal.SIGTERM))
    killed = time.monotonic()
    primary.process.wait(START_SECONDS)
    eventually(lambda: replica_set.primary() not in (None, primary), 60)
    before = uploaders.acknowledged
    eventually(lambda: uploaders.acknowledged >= before + UPLOADERS, 60)
    recovered = time.monotonic()
    primary.start()
    eventually(replica_set.is_complete, 60)
    return recovered - killed


def test_nothing_acknowledged_is_lost_by_a_fail_over(
    replica_set: ReplicaSet,
    start: Callable[..., Serving],
    is_long: bool,
    report: Report,
) -> None:
    serving = start(MONGODB_URL=replica_set.url).ready()
    uploaders = Uploaders(serving.url)
    try:
        failovers = LONG_FAILOVERS if is_long else SHORT_FAILOVERS
        seconds = [fail_over(replica_set, uploaders) for _ in range(failovers)]
    finally:
        uploaders.stop()
    verdict = Verdict()
    Verifier(serving.url, uploaders.clients, verdict).verify_all()
    report(
        failovers=failovers,
        slowest_recovery_seconds=round(max(seconds), 1),
        acknowledged_images=uploaders.acknowledged,
        uncertain_images=sum(client.uncertain for client in uploaders.clients),
        **verdict.figures(),
    )
    assert not verdict.wrong(), verdict.wrong()
    assert not [said for client in uploaders.clients for said in client.anomalies]
    assert max(seconds) < RECOVERY_SECONDS
    assert 'Traceback' not in serving.log
