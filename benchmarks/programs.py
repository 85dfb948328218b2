"""Servers as processes: started, measured with all their children, and stopped."""

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import psutil

from benchmarks.clients import ROOT

_LISTENS = re.compile(r'(?:listens on port |Listening at: http://127\.0\.0\.1:)(\d+)')
_START_SECONDS = 60.0
_STOP_SECONDS = 45.0
_POLL_SECONDS = 0.005
_SAMPLE_SECONDS = 0.01
_INHERITED = ('PATH', 'SYSTEMROOT', 'TEMP', 'TMP', 'TMPDIR', 'HOME')
_PYTHON_PATH = os.pathsep.join(
    (str(ROOT), *filter(None, [os.environ.get('PYTHONPATH')]))
)


class ProgramError(Exception):
    """A server that does not start; the text has the end of its log."""


class Program:
    """A server that logs on which port it listens.

    Args:
        command: the program, and its arguments.
        folder: its working directory, for its log too.
        environ: its settings.
    """

    def __init__(
        self, command: Sequence[str], folder: Path, environ: Mapping[str, str]
    ) -> None:
        self._log_path = folder / f'{time.monotonic_ns()}.log'
        inherited = {
            name: os.environ[name] for name in _INHERITED if name in os.environ
        }
        self.started_at = time.monotonic()
        with self._log_path.open('wb') as log:
            self._process = subprocess.Popen(
                [*command],
                cwd=folder,
                env=inherited | {'PYTHONPATH': _PYTHON_PATH} | dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                creationflags=getattr(subprocess, 'CREATE_NEW_PROCESS_GROUP', 0),
            )
        self.port = self._wait_for_port()
        self.url = f'http://127.0.0.1:{self.port}'
        self._tree: list[psutil.Process] = []

    def find_processes(self) -> None:
        """Look which processes it consists of now."""
        top = psutil.Process(self._process.pid)
        self._tree = [top, *top.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """Return how much CPU time its processes have used, user and system."""
        used = 0.0
        for process in self._tree:
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                used += times.user + times.system
        return used

    def memory_bytes(self) -> int:
        """Return the resident memory of its processes."""
        used = 0
        for process in self._tree:
            with contextlib.suppress(psutil.NoSuchProcess):
                used += int(process.memory_info().rss)
        return used

    def stop(self) -> None:
        """Ask it to stop in the way of the system, and insist after a while."""
        self._process.send_signal(getattr(signal, 'CTRL_BREAK_EVENT', signal.SIGTERM))
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _wait_for_port(self) -> int:
        deadline = self.started_at + _START_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            if found := _LISTENS.search(self._log()):
                return int(found[1])
            time.sleep(_POLL_SECONDS)
        self._process.kill()
        self._process.wait()
        raise ProgramError(f'A server did not start:\n{self._log()[-2000:]}')

    def _log(self) -> str:
        return self._log_path.read_text(encoding='utf-8', errors='replace')


class MemoryWatch:
    """Looks at a program's memory all the time; `peak_bytes` is the most it saw."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.peak_bytes = 0

    def __enter__(self) -> 'MemoryWatch':
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        ex: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.peak_bytes = max(self.peak_bytes, self._program.memory_bytes())
            if self._ended.wait(_SAMPLE_SECONDS):
                return
