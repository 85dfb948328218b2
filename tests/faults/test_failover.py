"""A replica set whose primary is killed under uploads: nothing acknowledged is lost."""

import contextlib
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pymongo
import pytest
from pymongo.errors import PyMongoError

from falcon_images.embedded import _find_program
from tests.faults.conftest import Report
from tests.faults.record import Client, Verdict, Verifier
from tests.integration.conftest import Serving, eventually

SHORT_FAILOVERS, LONG_FAILOVERS = 1, 6
UPLOADERS = 8
RECOVERY_SECONDS = 15
# Half of what MongoDB waits by default, so that less of the time is its own.
ELECTION_MS = 5000
START_SECONDS = 30
ACKNOWLEDGED_BEFORE_KILL = 40
START_ATTEMPTS = 5
OPTIONS = (
    *('--bind_ip', '127.0.0.1', '--replSet', 'set', '--nounixsocket', '--quiet'),
    *('--wiredTigerCacheSizeGB', '0.25', '--oplogSize', '64'),
    *('--networkMessageCompressors', 'disabled'),
    *('--setParameter', 'diagnosticDataCollectionEnabled=false'),
)

Mongo = pymongo.MongoClient[dict[str, object]]


@dataclass
class Member:
    """One mongod of the set, on a port that it keeps."""

    folder: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start_anywhere(self) -> None:
        """Start on a free port; another one when somebody took it meanwhile."""
        self.folder.mkdir()
        for _ in range(START_ATTEMPTS):
            with socket.create_server(('127.0.0.1', 0)) as listener:
                self.port = int(listener.getsockname()[1])
            self.start()
            if self.is_bound():
                return
        pytest.fail('no mongod could be started on a free port')

    def start(self) -> None:
        command = [str(_find_program()), '--dbpath', str(self.folder), *OPTIONS]
        self.process = subprocess.Popen(
            [*command, '--port', str(self.port)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def is_bound(self) -> bool:
        """Tell, in limited time, whether this very process answers."""
        deadline = time.monotonic() + START_SECONDS
        while self.process and self.process.poll() is None:
            with contextlib.suppress(PyMongoError), self.client() as client:
                return bool(client.admin.command('ping')['ok'])
            if time.monotonic() > deadline:
                self.kill()
        return False

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait(START_SECONDS)

    def client(self) -> Mongo:
        url = f'mongodb://127.0.0.1:{self.port}/?directConnection=true'
        return pymongo.MongoClient(url, serverSelectionTimeoutMS=500)


class ReplicaSet:
    """Three members, of which any one may be killed."""

    def __init__(self, folder: Path) -> None:
        self.members = [Member(folder / f'member{n}') for n in range(3)]

    @property
    def url(self) -> str:
        hosts = ','.join(f'127.0.0.1:{member.port}' for member in self.members)
        return f'mongodb://{hosts}/?replicaSet=set'

    def start(self) -> None:
        for member in self.members:
            member.start_anywhere()
        hosts = [
            {'_id': n, 'host': f'127.0.0.1:{member.port}'}
            for n, member in enumerate(self.members)
        ]
        with self.members[0].client() as client:
            timing = {'electionTimeoutMillis': ELECTION_MS}
            config = {'_id': 'set', 'members': hosts, 'settings': timing}
            client.admin.command('replSetInitiate', config)
        eventually(self.is_complete, START_SECONDS * 2)

    def is_complete(self) -> bool:
        return sorted(self.states()) == ['PRIMARY', 'SECONDARY', 'SECONDARY']

    def states(self) -> list[str]:
        for member in self.members:
            with contextlib.suppress(PyMongoError), member.client() as client:
                status = client.admin.command('replSetGetStatus')
                return [found['stateStr'] for found in status['members']]
        return []

    def primary(self) -> Member | None:
        for member in self.members:
            with contextlib.suppress(PyMongoError), member.client() as client:
                if client.admin.command('hello')['isWritablePrimary']:
                    return member
        return None

    def end(self) -> None:
        for member in self.members:
            member.kill()


@pytest.fixture
def replica_set(tmp_path: Path) -> Iterator[ReplicaSet]:
    made = ReplicaSet(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.end()


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
