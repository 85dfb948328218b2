"""Ages of files, which may be on another machine with another clock."""

import functools
import os
import tempfile
import time
from pathlib import Path


class FileAges:
    """How old the files on one file system are, at least.

    By our clock and by that of the file system, whichever makes them younger.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, path: Path) -> float | None:
        """Return for how many seconds a file has not changed; None without a file."""
        try:
            status = path.lstat()
        except FileNotFoundError:
            return None
        now = time.time()
        return min(now, now + self._difference) - status.st_mtime

    @functools.cached_property
    def _difference(self) -> float:
        """By how many seconds the file system's clock is before ours.

        A new file shows it; where none can be made, nothing can be moved either.
        """
        try:
            with tempfile.TemporaryFile(dir=self._folder) as file:
                file.write(b'now')
                file.flush()
                return os.fstat(file.fileno()).st_mtime - time.time()
        except OSError:
            return 0.0
