"""Metrics of several processes: any one of them can answer with the sum.

Each process counts in files of its own, in one folder. When it has ended, its files are
added to one file for all that have ended, so that the folder does not grow with time.
"""

import contextlib
import functools
import logging
import os
import re
import struct
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from prometheus_client import CollectorRegistry, ProcessCollector, multiprocess
from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Sample

from falcon_images.telemetry.internals import MmapedDict, values
from falcon_images.telemetry.process_folders import ProcessFolder

_FOLDER = 'PROMETHEUS_MULTIPROC_DIR'
_LIVE = re.compile(r'gauge_livesum_(\d+)\.db')
_SINCE = 'process_start_time_seconds'
_MEMORY = '/dev/shm'  # noqa: S108 - only the parent of a folder of our own
_FIRST_BYTES = 64 * 1024
_VALUE_BYTES = 64
# The kinds of metrics whose values are added up when a process has ended.
_SUMMED = ('counter', 'histogram')
_ENDED = 'ended'
_LOCK_SECONDS = 1.0
_POLL_SECONDS = 0.002
# What reading or adding up raises for files that were removed or damaged.
_UNUSABLE = (OSError, ValueError, RuntimeError, struct.error)

logger = logging.getLogger(__name__)

# The files that this process counts in, and processes whose files are not added yet.
_own_files: list[Path] = []
_ended: set[int] = set()
_is_unshared = False


@contextlib.contextmanager
def shared_counters() -> Iterator[None]:
    """Let the processes that are forked from this one share what they count.

    The files are in memory where that can be: then a disk that is full is nothing to
    them. Where no folder can be made, each process answers with its own counts.
    """
    with contextlib.ExitStack() as stack:
        if folder := _new_folder():
            stack.callback(folder.close)
            share_between_processes(folder.path)
        else:
            _warn_of_unshared('there is no folder for them')
        yield


def share_between_processes(folder: Path) -> None:
    """Count in files of a folder, so that the processes of a service can be summed.

    To be called before the first `Metrics` is made, in each of the processes or, once,
    in the one that they are forked from. The folder begins empty, and whoever made it
    removes it when all of them have ended. What does not fit on its disk is counted in
    this process alone.
    """
    # The library reads this environment variable, and nothing else.
    os.environ[_FOLDER] = str(folder)
    _own_files.clear()
    values.MmapedDict = _ReservedFile  # type: ignore[attr-defined]
    shared = values.MultiProcessValue()  # type: ignore[no-untyped-call]
    values.ValueClass = functools.partial(_value, shared)


def share_as_told() -> None:
    """Count in the folder that PROMETHEUS_MULTIPROC_DIR names, if it is set.

    Other servers than ours give their processes a common folder this way.
    """
    if _FOLDER in os.environ:
        share_between_processes(Path(os.environ[_FOLDER]))


def forget_process(pid: int) -> None:
    """Drop the gauges of a process that has ended; what it counted stays.

    Its files are gone then, or, where that cannot be now, when the next process ends.
    """
    folder = os.environ.get(_FOLDER)
    if not folder:
        return
    with contextlib.suppress(OSError):
        multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]
    _ended.add(pid)
    with contextlib.suppress(Timeout, *_UNUSABLE), _lock(Path(folder)):
        for each in sorted(_ended):
            _add_ended(Path(folder), each)
            _ended.discard(each)


def collected(registry: CollectorRegistry) -> Iterator[Metric]:
    """Collect what was counted, in all processes if they share it."""
    folder = os.environ.get(_FOLDER)
    found = _collected_of_all(Path(folder)) if folder else None
    if found is None:
        yield from registry.collect()
        yield from _process('self')
    else:
        yield from found


def _new_folder() -> ProcessFolder | None:
    for parent in (_MEMORY, ''):
        with contextlib.suppress(OSError):
            return ProcessFolder(Path(parent or tempfile.gettempdir()))
    return None


def _collected_of_all(folder: Path) -> list[Metric] | None:
    """Collect from the files of all; None if they are not there any more."""
    reason = ''
    # A second time, in case files were added up while they were read.
    for _ in range(2):
        try:
            return _collected_from(folder)
        except _UNUSABLE as ex:
            reason = f'{type(ex).__name__}: {ex}'
    _warn_of_unshared(reason)
    return None


def _collected_from(folder: Path) -> list[Metric]:
    if not all(path.exists() for path in tuple(_own_files)):
        raise FileNotFoundError(f'{folder} was emptied')
    collector = multiprocess.MultiProcessCollector(None)  # type: ignore[no-untyped-call]
    with contextlib.ExitStack() as stack:
        # A process that holds the lock for so long is stopped: go on without it.
        with contextlib.suppress(Timeout):
            stack.enter_context(_lock(folder))
        found = list(collector.collect())  # type: ignore[no-untyped-call]
    return [*found, *_processes(folder)]


def _add_ended(folder: Path, pid: int) -> None:
    """Add what an ended process counted to what all before it did; lock the folder."""
    for path in folder.glob(f'*_{pid}.new'):
        path.unlink()
    for kind in _SUMMED:
        source, target = folder / f'{kind}_{pid}.db', folder / f'{kind}_{_ENDED}.db'
        if not source.exists():
            continue
        if not target.exists():
            # A rename works on a full disk too.
            source.replace(target)
            continue
        _add_values(source, target)
        source.unlink()


def _add_values(source: Path, target: Path) -> None:
    read = MmapedDict.read_all_values_from_file
    counted = [(key, value) for key, value, _, _ in read(str(source))]  # type: ignore[no-untyped-call]
    file = _ReservedFile(str(target))
    try:
        # All disk space first: then nothing is left that could fail half-way.
        before = [file.read_value(key)[0] for key, _ in counted]  # type: ignore[no-untyped-call]
        for (key, value), sum_before in zip(counted, before, strict=True):
            file.write_value(key, sum_before + value, 0.0)  # type: ignore[no-untyped-call]
    finally:
        file.close()  # type: ignore[no-untyped-call]


def _lock(folder: Path) -> FileLock:
    """Return the lock of adding up and reading: together, some would count twice."""
    if not folder.is_dir():
        raise FileNotFoundError(f'{folder} is gone')
    return FileLock(
        folder / 'adding.lock', timeout=_LOCK_SECONDS, poll_interval=_POLL_SECONDS
    )


def _value(shared: Any, *args: Any, **kwargs: Any) -> Any:
    """Make a value that all processes see; on a full disk, this process alone."""
    try:
        return shared(*args, **kwargs)
    except OSError as ex:
        _warn_of_unshared(ex.strerror or 'there is no room for them')
        return values.MutexValue(*args, **kwargs)  # type: ignore[no-untyped-call]


def _warn_of_unshared(reason: str) -> None:
    global _is_unshared  # noqa: PLW0603 - one line of the log for each process
    if not _is_unshared:
        logger.warning(
            'Some metrics are those of one worker process, not of all: %s', reason
        )
    _is_unshared = True


class _ReservedFile(MmapedDict):
    """A file whose disk space is reserved before it is written as memory.

    When a disk is full, a write raises `OSError`; writing as memory ends the process.
    """

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        path = Path(filename)
        if not path.exists():
            _make_reserved(path)
            _own_files.append(path)
        super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]

    def _init_value(self, key: str) -> None:
        if self._used + len(key.encode()) + _VALUE_BYTES > self._capacity:
            _grow(self._f.fileno(), 2 * self._capacity)
        super()._init_value(key)  # type: ignore[no-untyped-call]


def _make_reserved(path: Path) -> None:
    # It is never empty: another process may read it at any moment.
    new = path.with_suffix('.new')
    try:
        new.write_bytes(bytes(_FIRST_BYTES))
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _grow(descriptor: int, size: int) -> None:
    while (missing := size - os.fstat(descriptor).st_size) > 0:
        os.write(descriptor, bytes(missing))


def _processes(folder: Path) -> Iterator[Metric]:
    """Sum up the system's figures of all processes; of their starts, take the first."""
    sums: dict[str, Metric] = {}
    for pid in _live_pids(folder):
        for metric in _process(pid):
            known = sums.setdefault(metric.name, metric)
            if known is not metric:
                known.samples = [_added(known.samples[0], metric.samples[0])]
    yield from sums.values()


def _process(pid: str) -> Iterable[Metric]:
    collector = ProcessCollector(pid=lambda: pid, registry=None)
    return collector.collect()


def _live_pids(folder: Path) -> list[str]:
    found = (_LIVE.fullmatch(path.name) for path in folder.iterdir())
    return [match[1] for match in found if match]


def _added(one: Sample, other: Sample) -> Sample:
    if one.name == _SINCE:
        return min(one, other, key=lambda sample: sample.value)
    return one._replace(value=one.value + other.value)
