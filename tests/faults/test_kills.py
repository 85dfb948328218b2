"""Kills of the service and its database under load, and what is left after each."""

import contextlib
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import KILL, mongod_pid
from tests.support.record import Client, Verdict, Verifier
from tests.support.report import Report
from tests.support.serving import ROOT, Serving, eventually

pytestmark = pytest.mark.skipif(
    os.name == 'nt', reason='Windows has no SIGKILL, and no unix socket to find mongod'
)

SHORT_KILLS = 6
LONG_KILLS = 210
FULL_EVERY = 50
RECOVERY_SECONDS = 30
# How soon after a start what a kill left is gone.
ORPHAN_SECONDS = 60
CLIENTS = 16
# What `check` may never find, not even at once.
WRONG = ('missing ', 'wrong size ', 'damaged ', 'unreadable ')
VICTIMS = (
    ('service',),
    ('mongod',),
    ('service', 'mongod'),
    ('service', 'guardian', 'mongod'),
    # Of several processes one, and that alone which looks after the others.
    ('worker',),
    ('parent',),
)


def parent_pid(pid: int) -> int:
    found = subprocess.run(
        ['ps', '-o', 'ppid=', '-p', str(pid)], capture_output=True, check=True
    )
    return int(found.stdout)


class Battle:
    """Clients against a service that is killed again and again."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._random = random.Random(seed)
        self.serving = Serving(folder).ready()
        self.clients = [Client(self.serving.url, f'{n}') for n in range(CLIENTS)]
        self._seeds = [self._random.randrange(2**32) for _ in self.clients]
        self.verdict = Verdict()
        self.killed: list[str] = []
        self._is_down = False
        self.slowest_recovery = 0.0

    def round(self, number: int) -> None:
        """Work, kill at a random moment, start again, and compare."""
        name = f'round_{number}'
        stopped = threading.Event()
        threads = [
            threading.Thread(target=self._work, args=(n, name, stopped))
            for n in range(CLIENTS)
        ]
        for thread in threads:
            thread.start()
        stopped.wait(self._random.uniform(0.1, 1.0))
        self._kill(VICTIMS[number % len(VICTIMS)])
        self._go_on_for_a_while(stopped)
        stopped.set()
        for thread in threads:
            thread.join(120)
            assert not thread.is_alive(), 'a client got no answer in time'
        self._start_again()
        self.verifier().verify_touched()

    def verifier(self) -> Verifier:
        return Verifier(self.serving.url, self.clients, self.verdict)

    def end(self) -> None:
        self.serving.stop()

    def check_deep(self) -> None:
        """Let `check --deep` find every document's file, and its bytes unchanged."""
        done = subprocess.run(
            [sys.executable, '-m', 'falcon_images', 'check', '--deep'],
            cwd=self._folder,
            env=os.environ | {'PYTHONPATH': str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        lines = done.stdout.splitlines()
        wrong = [line for line in lines if line.startswith(WRONG)]
        assert done.returncode in (0, 1), done.stderr
        assert not wrong, wrong

    def orphaned_files(self) -> int:
        """Count the files that no document points to."""
        files = {path.stem for path in self._files('images', '*.jpg')}
        names = self.serving.get('/collections').json()
        lists = [self.serving.get(f'/collections/{n}/images').json() for n in names]
        return len(files - {document['_id'] for each in lists for document in each})

    def has_parts(self) -> bool:
        return bool(self._files('incoming', '*.part'))

    def _files(self, folder: str, pattern: str) -> list[Path]:
        return list((self._folder / 'data/uploads' / folder).rglob(pattern))

    @property
    def acknowledged(self) -> int:
        return sum(client.acknowledged for client in self.clients)

    @property
    def uncertain(self) -> int:
        return sum(client.uncertain for client in self.clients)

    @property
    def anomalies(self) -> list[str]:
        return [said for client in self.clients for said in client.anomalies]

    def _work(self, number: int, name: str, stopped: threading.Event) -> None:
        client = self.clients[number]
        chance = random.Random(self._seeds[number])
        self._seeds[number] = chance.randrange(2**32)
        while not stopped.is_set():
            images = client.usable()[-50:]
            action = chance.random()
            if action < 0.6 or not images:
                client.upload(name)
            elif action < 0.85:
                client.patch(chance.choice(images), chance.randrange(1, 2**31))
            else:
                client.delete(chance.choice(images))
            if self.serving.process.poll() is not None:
                return

    def _go_on_for_a_while(self, stopped: threading.Event) -> None:
        if self._is_down:
            stopped.wait(self._random.uniform(0.0, 0.3))
            return
        # A database that died alone comes back under the same load.
        enough = self.acknowledged + CLIENTS
        killed = time.monotonic()
        eventually(lambda: self.acknowledged >= enough, RECOVERY_SECONDS)
        self.slowest_recovery = max(self.slowest_recovery, time.monotonic() - killed)

    def _kill(self, victims: tuple[str, ...]) -> None:
        mongod = mongod_pid(self._folder)
        parent = self.serving.process.pid
        pids = {
            'service': [parent, *self.serving.workers],
            'parent': [parent],
            'worker': [self._random.choice(self.serving.pids)],
            'guardian': [parent_pid(mongod)],
            'mongod': [mongod],
        }
        killed = [pid for victim in victims for pid in pids[victim]]
        for pid in killed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, KILL)
        self._is_down = parent in killed
        self.killed.append('+'.join(victims))

    def _start_again(self) -> None:
        if self._is_down:
            self.serving.ended()
            assert 'Traceback' not in self.serving.log
            self.serving = Serving(self._folder).ready()
        for client in self.clients:
            client.url = self.serving.url
        eventually(lambda: self.serving.get('/health/ready').status_code == 200, 60)


@pytest.fixture
def battle(tmp_path: Path, seed: int) -> Iterator[Battle]:
    made = Battle(tmp_path, seed)
    yield made
    made.end()


@pytest.mark.timeout(300)
def test_nothing_acknowledged_is_lost_by_kills(
    battle: Battle, is_long: bool, report: Report
) -> None:
    kills = LONG_KILLS if is_long else SHORT_KILLS
    for number in range(kills):
        battle.round(number)
        battle.check_deep()
        if (number + 1) % FULL_EVERY == 0:
            battle.verifier().verify_all()
        tell(battle, report)
        assert not battle.verdict.wrong(), battle.verdict.wrong()
    battle.verifier().verify_all()
    tell(battle, report)
    assert not battle.verdict.wrong(), battle.verdict.wrong()
    assert not battle.anomalies
    eventually(lambda: not battle.has_parts(), 30)
    report(orphaned_files_at_once=battle.orphaned_files())
    eventually(lambda: not battle.orphaned_files(), ORPHAN_SECONDS)
    report(orphaned_files=battle.orphaned_files())
    assert 'Traceback' not in battle.serving.log


def tell(battle: Battle, report: Report) -> None:
    report(
        kills=len(battle.killed),
        acknowledged_operations=battle.acknowledged,
        uncertain_operations=battle.uncertain,
        acknowledged_images=sum(
            bool(image.image_id) for client in battle.clients for image in client.images
        ),
        **battle.verdict.figures(),
        slowest_recovery_seconds=round(battle.slowest_recovery, 1),
        checks=battle.verdict.checked,
    )
