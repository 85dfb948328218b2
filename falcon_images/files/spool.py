"""The spool: files that are not whole yet, in a folder of each process that serves."""

import contextlib
import errno
import glob
import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from falcon_images.files.errors import disk_errors
from falcon_images.files.spool_folder import (
    Rescue,
    SpoolFolder,
    machine,
    remove_dead,
)

# Without a sign of life for so long, a process that cannot be asked is no more.
_QUIET_SECONDS = 3600.0
_ATTEMPTS = 3
_PART = '.part'
_ENTRY = '.json'
# `O_EXCL`: no link that somebody made leads elsewhere.
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, 'O_BINARY', 0)
_MODE = 0o666


def finish_file(file: BinaryIO) -> tuple[str, os.stat_result]:
    """Sync and close a file of the spool.

    Returns:
        Where it is, to be moved from there, and its status in the file system.

    Raises:
        OSError: the disk refuses, or another file is there now.
    """
    file.flush()
    # A sync that failed may report success when repeated: it never is.
    os.fsync(file.fileno())
    name = os.fspath(file.name)
    status = os.lstat(name)
    # Windows lets nobody replace what is open, and numbers files in two ways.
    is_own = os.name == 'nt' or os.path.samestat(os.fstat(file.fileno()), status)
    file.close()
    if not is_own:
        raise OSError(errno.ESTALE, 'another file has its name')
    return name, status


def reopened(file: BinaryIO) -> BinaryIO:
    """Open a file of the spool that was closed once more; raise `StorageError`."""
    with disk_errors():
        return Path(file.name).open('r+b')


class UploadSpool:
    """The folder ``incoming/``, which processes of several machines may share.

    Each has a folder of its own, beside a file that it keeps locked as long as it
    lives: so the others can tell whose leftovers nobody will ever finish. A process
    that was forked has its own too; what is gone is made anew when it is needed.

    Beside files that are not whole, it has entries: small notes that are removed soon,
    or outlive their process.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._by_process: dict[int, SpoolFolder] = {}
        self._signs: dict[str, tuple[object, float]] = {}

    def make(self) -> None:
        """Make what is not there, and show that this process lives.

        Raises:
            OSError: it cannot be made.
        """
        self._own().make()

    def close(self, rescue: Rescue) -> None:
        """Give up the folder of this process."""
        if own := self._by_process.pop(os.getpid(), None):
            own.close(rescue)

    @contextlib.contextmanager
    def new_file(self) -> Iterator[BinaryIO]:
        """Open a new file that is gone afterwards, if it was not moved away."""
        with disk_errors():
            file, maker = self._open_new(), os.getpid()
        try:
            yield file
        finally:
            # A process that was forked in between comes here, too.
            if os.getpid() == maker:
                _discard(file)

    def open_unnamed(self) -> BinaryIO:
        """Open a file that is gone when it is closed; raise `OSError` if it cannot be.

        Where a system knows no files without a name, it has one that `sweep` finds.
        """
        own = self._own()
        if not own.folder.is_dir():
            own.make()
        return cast(BinaryIO, tempfile.TemporaryFile(dir=own.folder))

    def new_entry(self, name: str, content: bytes) -> str:
        """Write an entry, and return its path; raise `OSError` if it cannot be.

        It is not synced: it is there for those who come after a process that was
        killed, not after a loss of power.
        """
        # Each upload comes here, and a Path costs more than the call.
        beginning = f'{name}.{secrets.token_hex(4)}'
        descriptor, path = self._open_entry(f'{beginning}{_ENTRY}')
        try:
            _write(descriptor, content)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(path)  # noqa: PTH108
            raise
        return path

    def has_entry(self, name: str) -> bool:
        """Return whether a process has an entry of a name; raise `OSError`."""
        return any(self._folder.glob(f'*/{glob.escape(name)}.*{_ENTRY}'))

    def sweep(self, rescue: Rescue) -> None:
        """Remove what processes that are no more have left; raise `OSError`.

        Args:
            rescue: is called with each of their folders before it goes.
        """
        own = self._own()
        names = {
            path.name.removesuffix('.lock')
            for path in self._folder.iterdir()
            if path.suffix == '.lock' or path.is_dir()
        } - {own.folder.name}
        self._signs = {n: sign for n, sign in self._signs.items() if n in names}
        for name in names:
            # Some file systems have locks that only this machine knows of, or none.
            locks_count = own.is_locked and name.startswith(machine())
            if locks_count or self._is_quiet(name):
                remove_dead(self._folder / name, rescue)

    def _own(self) -> SpoolFolder:
        pid = os.getpid()
        found = self._by_process.get(pid)
        return found or self._by_process.setdefault(pid, SpoolFolder(self._folder))

    def _open_new(self) -> BinaryIO:
        """Open a file of a name that no other gets; raise `OSError` if it cannot be."""
        own = self._own()
        for _ in range(_ATTEMPTS):
            with contextlib.suppress(FileNotFoundError):
                return _new_path(own).open('x+b')
            own.make()
        return _new_path(own).open('x+b')

    def _open_entry(self, name: str) -> tuple[int, str]:
        own = self._own()
        path = f'{own.folder}{os.sep}{name}'
        try:
            return os.open(path, _NEW, _MODE), path
        except FileNotFoundError:
            own.make()
        return os.open(path, _NEW, _MODE), path

    def _is_quiet(self, name: str) -> bool:
        """Return whether a process has given no sign for long, by our own clock."""
        sign = [_changed(self._folder / part) for part in (name, f'{name}.lock')]
        now = time.monotonic()
        known, since = self._signs.get(name, (None, now))
        if sign != known:
            since = now
        self._signs[name] = (sign, since)
        return now - since >= _QUIET_SECONDS


def entries(folder: Path) -> Iterator[Path]:
    """Yield the entries that are in the folder of a process."""
    yield from folder.glob(f'*{_ENTRY}')


def _write(descriptor: int, content: bytes) -> None:
    """Write a file whole and close it; raise `OSError`."""
    try:
        if os.write(descriptor, content) < len(content):
            raise OSError(errno.ENOSPC, 'only a part was written')
    finally:
        # Windows removes only what is closed.
        os.close(descriptor)


def _new_path(own: SpoolFolder) -> Path:
    return own.folder / f'{secrets.token_hex(16)}{_PART}'


def _discard(file: BinaryIO) -> None:
    """Close a file of the spool and remove it, if it was not moved."""
    # Windows removes only what is closed; closing a full disk's file fails.
    with contextlib.suppress(OSError):
        file.close()
    with contextlib.suppress(OSError):
        os.unlink(file.name)  # noqa: PTH108 - quicker, for each upload


def _changed(path: Path) -> int | None:
    with contextlib.suppress(OSError):
        return path.lstat().st_mtime_ns
    return None
