"""The quarantine: where files are set aside, and come back from; nothing is deleted."""

import contextlib
import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

from falcon_images.errors import StorageUnavailableError
from falcon_images.files.durable import copy_file

_MAX_NUMBER = 100
_MOVE_ATTEMPTS = 10
_PIECE_BYTES = 1024**2


class QuarantineError(Exception):
    """Files cannot be set aside; the text says why."""


class Quarantine:
    """Files of ``images/`` under ``quarantine/``, with the same keys.

    A key that is taken gets a number behind it.
    """

    def __init__(self, root: Path) -> None:
        self._images = root.absolute() / 'images'
        self._folder = root.absolute() / 'quarantine'
        self._lock = FileLock(f'{self._folder}.lock', timeout=0)

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Keep others from it: of two moves to one name, one would lose its file."""
        try:
            self._lock.acquire()
        except Timeout as ex:
            raise QuarantineError(
                'Another check repairs this store; wait until it has ended.'
            ) from ex
        except OSError as ex:
            raise QuarantineError(
                f'The uploads directory cannot be written ({ex.strerror}).'
            ) from ex
        try:
            yield
        finally:
            self._lock.release()

    def set_aside(self, key: str) -> str | None:
        """Move a file out of ``images/``.

        Returns:
            Its new key; None if it is not there any more.

        Raises:
            StorageUnavailableError: it stays where it is.
        """
        for candidate in _numbered(key):
            target = self._folder / candidate
            if not os.path.lexists(target):
                return candidate if _moved(self._images / key, target) else None
        raise StorageUnavailableError('The quarantine has too many files of this name.')

    def put_back(self, key: str, fits: Callable[[BinaryIO], bool] | None) -> bool:
        """Move a file back into ``images/``; tell whether there was one.

        Args:
            fits: tells of an open file whether it is the right one; without it, the
                only one of its name is.
        """
        target = self._images / key
        found = [path for path in self._paths(key) if fits is None or _is(path, fits)]
        if not found or (fits is None and len(found) > 1) or os.path.lexists(target):
            return False
        return _moved(found[0], target)

    def prune(self, folder: str) -> None:
        """Remove a folder of ``images/``, and those above it, as far as all is empty.

        Uploads know that folders go, and make them again.
        """
        path = self._images / folder
        with contextlib.suppress(OSError):
            while path != self._images:
                path.rmdir()
                path = path.parent

    def _paths(self, key: str) -> list[Path]:
        paths = [self._folder / candidate for candidate in _numbered(key)]
        return [path for path in paths if path.is_file() and not path.is_symlink()]


def sha256_of(file: BinaryIO) -> str:
    """Read an open file to its end, in small pieces."""
    digest = hashlib.sha256()
    while piece := file.read(_PIECE_BYTES):
        digest.update(piece)
    return digest.hexdigest()


def _numbered(key: str) -> Iterator[str]:
    yield key
    for number in range(2, _MAX_NUMBER):
        yield f'{key}.{number}'


def _is(path: Path, fits: Callable[[BinaryIO], bool]) -> bool:
    try:
        with path.open('rb') as file:
            return fits(file)
    except OSError:
        return False


def _moved(source: Path, target: Path) -> bool:
    """Move a file; False if it is not there, an error if it stays."""
    try:
        for _ in range(_MOVE_ATTEMPTS):
            # A folder that is empty may be removed at any time by a request.
            with contextlib.suppress(FileNotFoundError):
                target.parent.mkdir(parents=True, exist_ok=True)
                _rename(source, target)
                return True
            if not os.path.lexists(source):
                return False
    except OSError as ex:
        raise StorageUnavailableError(f'It cannot be moved ({ex.strerror}).') from ex
    raise StorageUnavailableError('It cannot be moved.')


def _rename(source: Path, target: Path) -> None:
    try:
        source.rename(target)
        _sync(target.parent)
    except OSError as ex:
        # A link would lead the copy elsewhere.
        if ex.errno != errno.EXDEV or source.is_symlink():
            raise
        copy_file(source, target)
        _sync(target.parent)
        source.unlink()


def _sync(folder: Path) -> None:
    """Make a move outlive a loss of power; where that cannot be, it is undone whole."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
