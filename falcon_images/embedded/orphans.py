"""Orphans: a `mongod` that runs on because its service and supervisor were killed.

It is known by the lock that it holds in its data folder, and by what it was started
with, never by its process id alone: another program may have that now. For POSIX
systems.
"""

import contextlib
import os
import re
import signal
import subprocess
import time
from pathlib import Path

_LOCK = 'mongod.lock'
_POLL_SECONDS = 0.05
# After this time it is killed; ended cleanly, its data needs no repair.
_CLEAN_SECONDS = 30.0
_KILLED_SECONDS = 5.0


def end_orphan(folder: Path) -> None:
    """End the private `mongod` that uses a data folder, if there is one."""
    for name, seconds in (('SIGTERM', _CLEAN_SECONDS), ('SIGKILL', _KILLED_SECONDS)):
        pid = _orphan(folder)
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, getattr(signal, name))
        deadline = time.monotonic() + seconds
        while _is_locked(folder) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)


def _orphan(folder: Path) -> int | None:
    """Return the process id of a `mongod` that we started for this folder, or None."""
    with contextlib.suppress(OSError, ValueError):
        pid = int((folder / _LOCK).read_text())
        if pid > 1 and _is_locked(folder) and _is_ours(pid, folder):
            return pid
    return None


def _is_locked(folder: Path) -> bool:
    import fcntl  # noqa: PLC0415 - Windows has none

    try:
        with (folder / _LOCK).open('rb') as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _is_ours(pid: int, folder: Path) -> bool:
    command, end = _command(pid)
    # The order of options is that of `EmbeddedMongo`; others start `mongod` otherwise.
    pattern = (
        f'mongod{end}--dbpath{end}(.+?){end}--bind_ip{end}[^{end}].*?/mongo.sock{end}'
    )
    found = re.search(pattern, command, re.DOTALL)
    if not found:
        return False
    used = Path(found[1])
    # If the folder was moved meanwhile, the lock alone has to do.
    return not used.exists() or used.samefile(folder)


def _command(pid: int) -> tuple[str, str]:
    """Return the command line of a process, and the separator of its words."""
    with contextlib.suppress(OSError):
        return os.fsdecode(Path(f'/proc/{pid}/cmdline').read_bytes()), '\0'
    found = subprocess.run(  # noqa: S603 - the number is one
        ['/bin/ps', '-ww', '-o', 'args=', '-p', str(pid)],
        capture_output=True,
        check=False,
    )
    return os.fsdecode(found.stdout), ' '
