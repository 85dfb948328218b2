"""The supervisor of a private MongoDB: a small process between it and the service.

It restarts `mongod` when that fails, and ends it at EOF on its own standard input: the
one sign of the service's end, by a kill too, that every system gives. Run as a
program, by path, it imports nothing of ours and so stays small.
"""

import contextlib
import logging
import logging.handlers
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

from filelock import FileLock

_MAX_LOG_BYTES = 5 * 1024**2
_LOCK_SECONDS = 60.0
_RESTART_SECONDS = 1.0
_READY = b'Waiting for connections'
# What Windows says of a program whose libraries it does not find.
_DLL_NOT_FOUND = 0xC0000135
LIBRARY_MISSING = 2


class Supervisor:
    """Keeps one program running, its output in a log of bounded size."""

    def __init__(self, command: Sequence[str], log_path: str) -> None:
        self._command = command
        self._log = logging.handlers.RotatingFileHandler(
            log_path, maxBytes=_MAX_LOG_BYTES, backupCount=1, encoding='utf-8'
        )
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        """Run until `end`; give up at once if the program has never been ready.

        Returns:
            0 after `end`, `LIBRARY_MISSING` where Windows lacks one, or else 1.
        """
        was_ready = False
        while not self._ended.is_set():
            was_ready = self._run_once() or was_ready
            if not was_ready:
                return LIBRARY_MISSING if self._lacks_library() else 1
            self._ended.wait(_RESTART_SECONDS)
        return 0

    def end(self) -> None:
        """Stop the program cleanly, where the system knows how."""
        with self._lock:
            self._ended.set()
            if self._process:
                self._process.terminate()

    def _run_once(self) -> bool:
        with self._lock:
            if self._ended.is_set():
                return True
            self._process = subprocess.Popen(  # noqa: S603 - the command is ours
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        was_ready = False
        for line in self._process.stdout or ():
            was_ready = was_ready or _READY in line
            self._write(line)
        self._process.wait()
        return was_ready

    def _lacks_library(self) -> bool:
        return bool(self._process and self._process.returncode == _DLL_NOT_FOUND)

    def _write(self, line: bytes) -> None:
        text = line.decode(errors='replace').rstrip()
        record = logging.LogRecord('mongod', logging.INFO, '', 0, text, None, None)
        # A full disk must not stop the database; its log can wait.
        with contextlib.suppress(OSError):
            self._log.emit(record)


def _fail_without_window() -> None:
    """Have Windows end a program that cannot start, and not wait for a click."""
    if sys.platform == 'win32':
        import msvcrt  # noqa: PLC0415 - other systems have none

        msvcrt.SetErrorMode(msvcrt.SEM_FAILCRITICALERRORS)


def main(lock_path: str, log_path: str, *command: str) -> int:
    """Supervise until EOF on standard input, after any supervisor that still ends."""
    logging.raiseExceptions = False
    for ignored in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_IGN)
    _fail_without_window()
    supervisor = Supervisor(command, log_path)

    def watch() -> None:
        # Not by a Python file, whose lock would abort the exit of this process.
        with contextlib.suppress(OSError):
            while os.read(sys.stdin.fileno(), 1024):
                pass
        supervisor.end()

    threading.Thread(target=watch, daemon=True).start()
    with FileLock(lock_path, timeout=_LOCK_SECONDS):
        return supervisor.run()


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
