"""The environment: one folder, one `mongod`, and the programs that share them."""

import contextlib
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import requests

from benchmarks.clients import ROOT
from benchmarks.peers import PEER, PEER_COMMAND
from benchmarks.programs import Program
from benchmarks.scenarios import ONE_WORKER
from benchmarks.servers import COMMANDS
from falcon_images.embedded.mongod import EmbeddedMongo

DATABASE = 'benchmarks'
_TIMEOUT_SECONDS = 30
_BASELINES = {
    'baseline': ('-m', 'benchmarks.baselines'),
    'lazy': ('-m', 'benchmarks.baselines', '--lazy'),
}
_SERVE = (str(ROOT / 'serve.py'), '--port', '0')
_PROGRAMS = {'service': _SERVE, ONE_WORKER: _SERVE, **_BASELINES, **COMMANDS}
_COMMANDS = {
    PEER: PEER_COMMAND,
    **{name: (sys.executable, *program) for name, program in _PROGRAMS.items()},
}
# The files of these are all in one folder, under their ids.
_WITH_PLAIN_FILES = frozenset((PEER, *_BASELINES))


class Environment:
    """Programs on the same disk and the same database; closes what it started.

    Args:
        folder: where to make a folder of its own: the disk that is measured.
        workers: processes of the service, and of the baselines.
    """

    def __init__(self, folder: Path | None, workers: int) -> None:
        self._folder = tempfile.TemporaryDirectory(
            prefix='benchmarks-', dir=folder, ignore_cleanup_errors=True
        )
        self.folder = Path(self._folder.name)
        self._mongo = EmbeddedMongo(self.folder / 'mongodb')
        self._mongo.wait_until_ready()
        self.mongodb_url = self._mongo.url
        self._workers = workers
        self.programs: dict[str, Program] = {}

    def start(self, names: Iterable[str]) -> Mapping[str, Program]:
        """Start the programs of that name that do not run yet; return all of them."""
        for name in names:
            if name not in self.programs:
                self.programs[name] = self.start_one(name)
        return {name: self.programs[name] for name in names}

    def start_one(self, name: str) -> Program:
        """Start a program; return when it answers `GET /`."""
        uploads = 'baseline' if name in _WITH_PLAIN_FILES else 'service'
        environ = {
            'APP_HOST': '127.0.0.1',
            'APP_WORKERS': '1' if name == ONE_WORKER else str(self._workers),
            # Bodies wait on the disk that is measured, too.
            'TMPDIR': str(self.folder),
            'MONGODB_URL': self.mongodb_url,
            'MONGODB_DB': DATABASE,
            'UPLOADS_DIRECTORY': str(self.folder / uploads),
        }
        with contextlib.ExitStack() as stack:
            program = Program(_COMMANDS[name], self.folder, environ)
            stack.callback(program.stop)
            answer = requests.get(program.url, timeout=_TIMEOUT_SECONDS)
            answer.raise_for_status()
            stack.pop_all()
        program.find_processes()
        return program

    def url_of(self, name: str) -> str:
        """Return the URL of a program, which is started if it does not run."""
        return self.start([name])[name].url

    def stop(self) -> None:
        """Stop all programs."""
        for program in self.programs.values():
            program.stop()
        self.programs.clear()

    def close(self) -> None:
        """Stop everything and remove the folder."""
        with contextlib.ExitStack() as stack:
            stack.callback(self._folder.cleanup)
            stack.callback(self._mongo.stop)
            stack.callback(self.stop)
