"""The memory that there is: that of the machine, or less in a container or a unit."""

import contextlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import psutil

_MIN_CACHE_BYTES = 256 * 1024**2
_MAX_CACHE_BYTES = 1024**3
_SHARE = 4


def default_cache_bytes(memory_bytes: int) -> int:
    """Return the part of the memory that the cache of the private MongoDB takes."""
    return max(_MIN_CACHE_BYTES, min(memory_bytes // _SHARE, _MAX_CACHE_BYTES))


def usable_memory_bytes(root: Path = Path('/')) -> int:
    """Return the memory of the machine, or the lowest limit that control groups set.

    Args:
        root: where ``proc`` and ``sys`` are. Their files are described in the Linux
            kernel's documentation of cgroup v1 and v2; other systems have none.
    """
    return min([psutil.virtual_memory().total, *_limits(root)])


def _limits(root: Path) -> Iterator[int]:
    for folder in _groups(root):
        for name in ('memory.max', 'memory.limit_in_bytes'):
            # No limit is "max" in version 2, and a huge number in version 1.
            with contextlib.suppress(OSError, ValueError):
                yield int((folder / name).read_text())


def _groups(root: Path) -> Iterator[Path]:
    """Yield the folders of the groups of this process, and those above them."""
    try:
        lines = (root / 'proc/self/cgroup').read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, group = line.split(':', 2)
        if controllers and 'memory' not in controllers.split(','):
            continue
        mount = root / 'sys/fs/cgroup' / ('memory' if controllers else '')
        path = PurePosixPath(group)
        for each in (path, *path.parents):
            yield mount / str(each).lstrip('/')
