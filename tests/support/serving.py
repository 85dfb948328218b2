"""The real `serve.py` as a process, talked to over real sockets."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.wine import PATIENCE, is_wine

ROOT = Path(__file__).parent.parent.parent
_LISTENS = re.compile(r'listens on port (\d+)')
_START_SECONDS = 90
_IS_WINE = is_wine()
_WINE_PROGRAM = (str(ROOT / 'tests/support/wine.py'),) if _IS_WINE else ()
_PROGRAM = (*_WINE_PROGRAM, str(ROOT / 'serve.py'))
_DISK_BYTES = 3 * 1024**2
_INHERITED = (
    *('PATH', 'SYSTEMROOT', 'USERPROFILE', 'TEMP', 'TMP', 'TMPDIR', 'HOME'),
    'APP_WORKERS',
)


def eventually(check: Callable[[], object], seconds: float = 45) -> None:
    """Wait until a check holds, and fail when it does not in time."""
    deadline = time.monotonic() + seconds * PATIENCE
    while not check():
        assert time.monotonic() < deadline, 'it did not happen in time'
        time.sleep(0.02)


class Serving:
    """A service in a folder of its own, with what it logs."""

    def __init__(self, folder: Path, *arguments: str, **environ: str) -> None:
        self.folder = folder
        self.lines: list[str] = []
        inherited = {
            name: value for name, value in os.environ.items() if name in _INHERITED
        }
        self.process = subprocess.Popen(
            [sys.executable, *_PROGRAM, '--port', '0', *arguments],
            cwd=folder,
            env=inherited | environ,
            stdin=subprocess.PIPE if _IS_WINE else None,
            stderr=subprocess.PIPE,
            text=True,
            creationflags=getattr(subprocess, 'CREATE_NEW_PROCESS_GROUP', 0),
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.session = requests.Session()

    def _read(self) -> None:
        for line in self.process.stderr or ():
            self.lines.append(line)

    @property
    def log(self) -> str:
        return ''.join(self.lines)

    def ready(self) -> 'Serving':
        eventually(
            lambda: _LISTENS.search(self.log) or self.process.poll() is not None,
            _START_SECONDS,
        )
        found = _LISTENS.search(self.log)
        assert found, self.log
        self.port = int(found[1])
        self.url = f'http://127.0.0.1:{self.port}'
        return self

    @property
    def workers(self) -> list[int]:
        """The process ids of its workers; the guardian of its MongoDB is none."""
        command = ('ps', '-o', 'pid=,args=', '--ppid', str(self.process.pid))
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = [line.split(maxsplit=1) for line in found.stdout.splitlines()]
        return [int(pid) for pid, program in lines if 'serve.py' in program]

    @property
    def pids(self) -> list[int]:
        """The process ids of those that answer requests."""
        return self.workers or [self.process.pid]

    def upload(
        self, image: bytes, collection_name: str = 'c', **fields: str
    ) -> dict[str, Any]:
        response = self.session.post(
            f'{self.url}/collections/{collection_name}/images',
            data=fields,
            files={'image': ('a.jpg', image)},
            timeout=60,
        )
        assert response.status_code == 200, response.text
        document: dict[str, Any] = response.json()
        return document

    def get(self, path: str, **kwargs: Any) -> requests.Response:
        return self.session.get(f'{self.url}{path}', timeout=60, **kwargs)

    def interrupt(self) -> None:
        """Ask it to stop, in the way of the system."""
        if _IS_WINE and self.process.stdin:
            self.process.stdin.write('break\n')
            self.process.stdin.flush()
            return
        self.process.send_signal(getattr(signal, 'CTRL_BREAK_EVENT', signal.SIGTERM))

    def stop(self) -> int:
        self.interrupt()
        return self.ended()

    def kill(self) -> None:
        self.process.kill()
        self.ended()

    def ended(self, seconds: float = 45) -> int:
        status = self.process.wait(seconds * PATIENCE)
        self._reader.join(5)
        return status


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Serving]]:
    """Start services; those that still run at the end are ended."""
    started: list[Serving] = []

    def make(*arguments: str, folder: Path = tmp_path, **environ: str) -> Serving:
        started.append(Serving(folder, *arguments, **environ))
        return started[-1]

    yield make
    for serving in started:
        with contextlib.suppress(OSError):
            serving.process.kill()
        serving.ended()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / 'disk'
    disk.mkdir()
    if os.name == 'nt' or os.geteuid() != 0:
        reason = 'only root can mount a file system'
        (pytest.fail if os.environ.get('CI') else pytest.skip)(reason)
    options = f'size={_DISK_BYTES}'
    subprocess.run(['mount', '-t', 'tmpfs', '-o', options, 'none', disk], check=True)
    yield disk
    subprocess.run(['umount', '-l', disk], check=True)
