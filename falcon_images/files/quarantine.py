"""The quarantine: where files are set aside, and come back from; nothing is deleted."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

from falcon_images.errors import StorageUnavailableError
from falcon_images.files.durable import move_file, sync_folder

_MAX_NUMBER = 100


class QuarantineError(Exception):
    """Files cannot be set aside; the text says why."""


class Quarantine:
    """Files of ``images/`` under ``quarantine/``, with the same keys.

    A key that is taken gets a number behind it.
    """

    def __init__(self, images: Path, folder: Path) -> None:
        self._images = images
        self._folder = folder
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
        """Move a file back into ``images/``; return whether there was one.

        Args:
            fits: returns whether an open file is the right one; without it, the only
                one of its name is.
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
    if not os.path.lexists(source):
        return False
    try:
        _move(source, target)
    except OSError as ex:
        if not os.path.lexists(source):
            return False
        raise StorageUnavailableError(f'It cannot be moved ({ex.strerror}).') from ex
    return True


def _move(source: Path, target: Path) -> None:
    is_copied = move_file(source, target) is not None
    # Where a move cannot be made to outlive a loss of power, it is undone whole.
    with contextlib.suppress(OSError):
        sync_folder(target.parent)
    if is_copied:
        source.unlink()
