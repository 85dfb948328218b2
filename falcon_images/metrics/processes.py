"""Metrics of several processes, of which any one can tell the sum."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, ProcessCollector, multiprocess, values
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.samples import Sample

_FOLDER = 'PROMETHEUS_MULTIPROC_DIR'
_LIVE = re.compile(r'gauge_livesum_(\d+)\.db')
_SINCE = 'process_start_time_seconds'
_MEMORY = Path('/dev/shm')  # noqa: S108 - only the parent of a folder of our own
_FIRST_BYTES = 64 * 1024
_VALUE_BYTES = 64


def folder_to_share() -> Path | None:
    """Tell where a folder for `share_between_processes` belongs; None: anywhere.

    In memory where that can be: then a disk that is full is nothing to them.
    """
    return _MEMORY if os.access(_MEMORY, os.W_OK) else None


def share_between_processes(folder: Path) -> None:
    """Count in files of a folder, so that the processes of a service can be summed.

    To be called before the first `Metrics` is made, in each of the processes or, once,
    in the one that they are forked from. The folder begins empty, and whoever made it
    removes it when all of them have ended.
    """
    # The library has no other way to be told than its environment variable.
    os.environ[_FOLDER] = str(folder)
    values.MmapedDict = _ReservedFile  # type: ignore[attr-defined]
    values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]


def forget_process(pid: int) -> None:
    """Leave out what a process that has ended was doing; what it did stays counted."""
    multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]


def collected(registry: CollectorRegistry) -> Iterator[Metric]:
    """Collect what was counted, in all processes if they share it."""
    folder = os.environ.get(_FOLDER)
    if folder:
        counted = multiprocess.MultiProcessCollector(None)  # type: ignore[no-untyped-call]
        yield from counted.collect()  # type: ignore[no-untyped-call]
        yield from _processes(Path(folder))
    else:
        yield from registry.collect()
        yield from _process('self')


class _ReservedFile(MmapedDict):
    """A file that has its room on the disk before it is written as memory.

    When a disk is full, a write raises `OSError`; writing as memory ends the process.
    """

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        _reserve(filename, _FIRST_BYTES)
        super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]

    def _init_value(self, key: str) -> None:
        if self._used + len(key.encode()) + _VALUE_BYTES > self._capacity:
            _reserve(self._fname, 2 * self._capacity)
        super()._init_value(key)  # type: ignore[no-untyped-call]


def _reserve(name: str, size: int) -> None:
    path = Path(name)
    if path.exists():
        with path.open('ab') as file:
            file.write(bytes(max(0, size - file.tell())))
    else:
        # It is never empty: another process may read it at any moment.
        new = path.with_suffix('.new')
        new.write_bytes(bytes(size))
        new.replace(path)


def _processes(folder: Path) -> Iterator[Metric]:
    """Sum up what the system tells of each process; of their starts, take the first."""
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
