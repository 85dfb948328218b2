"""A replica set on one machine, whose members are killed and started by tests."""

import contextlib
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pymongo
import pytest
from pymongo.collection import Collection
from pymongo.errors import PyMongoError, WTimeoutError
from pymongo.write_concern import WriteConcern

from falcon_images.embedded.mongod import find_program
from tests.support.serving import eventually

# Half of what MongoDB waits by default, so that less of the time is its own.
ELECTION_MS = 5000
START_SECONDS = 30
START_ATTEMPTS = 5
OPTIONS = (
    *('--bind_ip', '127.0.0.1', '--replSet', 'set', '--quiet'),
    *(('--nounixsocket',) if hasattr(socket, 'AF_UNIX') else ()),
    *('--wiredTigerCacheSizeGB', '0.25', '--oplogSize', '64'),
    *('--networkMessageCompressors', 'disabled'),
    *('--setParameter', 'diagnosticDataCollectionEnabled=false'),
    *('--setParameter', 'enableTestCommands=1'),
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
        command = [str(find_program()), '--dbpath', str(self.folder), *OPTIONS]
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

    def let_replicate(self, may: bool) -> None:
        """Let this member fetch what the primary has, or not any more."""
        mode = 'off' if may else 'alwaysOn'
        with self.client() as client:
            client.admin.command('configureFailPoint', 'stopReplProducer', mode=mode)

    def client(self) -> Mongo:
        url = f'mongodb://127.0.0.1:{self.port}/?directConnection=true'
        return pymongo.MongoClient(url, serverSelectionTimeoutMS=500)


def _is_late(probes: Collection[dict[str, object]]) -> bool:
    try:
        probes.insert_one({})
    except WTimeoutError:
        return True
    return False


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

    def hold_back(self) -> Member:
        """Let nothing that is written now reach a secondary; return the primary.

        All members live and vote, so the primary stays what it is.
        """
        primary = self.primary()
        assert primary
        for member in self.members:
            if member is not primary:
                member.let_replicate(False)
        with primary.client() as client:
            probes = client.get_database('probes').probes
            waiting = WriteConcern('majority', wtimeout=200)
            eventually(lambda: _is_late(probes.with_options(write_concern=waiting)))
        return primary

    def fail_over(self, primary: Member) -> None:
        """Kill the primary, and let what it alone had be forgotten."""
        primary.kill()
        others = [member for member in self.members if member is not primary]
        for member in others:
            member.let_replicate(True)
        eventually(lambda: self.primary() in others, START_SECONDS * 2)

    def end(self) -> None:
        for member in self.members:
            member.kill()
