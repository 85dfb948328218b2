"""Processes as the system sees them: children, open files, and whether they live."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pymongo
import pytest

DESCRIPTORS = Path('/proc')


def descriptors(*processes: int | str) -> int:
    """Count the open files of processes; 0 where the system does not tell.

    Folders are left out: those that are synced again and again stay open.
    """
    folders = [DESCRIPTORS / str(process) / 'fd' for process in processes]
    found = [link for folder in folders if folder.is_dir() for link in folder.iterdir()]
    return sum(not link.is_dir() for link in found)


KILL = getattr(signal, 'SIGKILL', signal.SIGTERM)


def stop_impatiently(process: 'subprocess.Popen[Any]') -> int:
    """Send SIGTERM until a process has ended; return its exit status."""
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        process.terminate()
        time.sleep(0.001)
    return process.wait(1)


def mongod_pid(folder: Path) -> int:
    socket_path = str(folder / 'data/mongodb/mongo.sock').replace('/', '%2F')
    url = f'mongodb://{socket_path}/?directConnection=true'
    with pymongo.MongoClient[dict[str, object]](
        url, serverSelectionTimeoutMS=10_000
    ) as client:
        return int(str(client.admin.command('serverStatus')['pid']))


linux = pytest.mark.skipif(sys.platform != 'linux', reason='reads /proc')


def children(parent: int | None = None) -> set[int]:
    """The process ids of those that draw for a process, this one if none is given."""
    command = ('ps', '-ww', '-o', 'pid=,args=', '--ppid', str(parent or os.getpid()))
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (line.split(maxsplit=1) for line in found.stdout.splitlines())
    return {int(pid) for pid, program in lines if 'thumbnails.child' in program}


def is_alive(pid: int) -> bool:
    path = Path(f'/proc/{pid}/stat')
    with contextlib.suppress(OSError):
        return path.read_text().rpartition(')')[2].split()[0] != 'Z'
    return False
