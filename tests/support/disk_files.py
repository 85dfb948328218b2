"""Files in a store on a disk: saved, read, listed, and their syncs."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from falcon_images.files.folder import UploadsFolder

ID = '6565f0c2a1b2c3d4e5f60718'


def save(folder: UploadsFolder, key: str, content: bytes = b'content') -> None:
    with folder.spool.new_file() as file:
        file.write(content)
        folder.images.save(file, key)


def read(folder: UploadsFolder, key: str) -> bytes | None:
    file = folder.images.open(key)
    if file is None:
        return None
    with file:
        return file.read()


def all_files(root: Path) -> set[str]:
    return {
        path.relative_to(root).as_posix()
        for path in root.rglob('*')
        if path.is_file() and path.suffix != '.lock'
    }


@contextlib.contextmanager
def recorded_syncs() -> Iterator[list[str]]:
    """What is synced meanwhile; a file that is not whole yet is called so."""
    if sys.platform != 'linux':
        pytest.skip('no /proc on this system')
    sync, synced = os.fsync, []

    def record(descriptor: int) -> None:
        path = str(Path(f'/proc/self/fd/{descriptor}').readlink())
        synced.append('part' if path.endswith('.part') else path)
        sync(descriptor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, 'fsync', record)
        yield synced
