"""Recorded exports: how snapshots were exported, a file for each way."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from falcon_images.files.durable import sync_folder
from falcon_images.files.errors import disk_errors
from falcon_images.files.spool import finish_file

_ID_DIGITS = 24
_ENDING = '.export'


class RecordedExports:
    """The folder ``snapshots/``: a folder for each snapshot, by its id.

    Every method raises `StorageError` when the disk does not work.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self, snapshot_id: str, name: str) -> BinaryIO | None:
        """Open a file for reading; return None if there is none."""
        with disk_errors(), contextlib.suppress(FileNotFoundError):
            return self._path(snapshot_id, name).open('rb')
        return None

    def save(self, file: BinaryIO, snapshot_id: str, name: str) -> None:
        """Move a file of the spool into place, unless there is one; close it."""
        path = self._path(snapshot_id, name)
        with disk_errors():
            part, _ = finish_file(file)
            path.parent.mkdir(parents=True, exist_ok=True)
            _link(Path(part), path)
            sync_folder(path.parent)

    def count(self, snapshot_id: str) -> int:
        """Count the files of a snapshot."""
        with disk_errors():
            return sum(1 for _ in (self.folder / snapshot_id).glob(f'*{_ENDING}'))

    def forget(self, snapshot_id: str) -> None:
        """Remove the files of a snapshot; none is no error."""
        with disk_errors(), contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.folder / snapshot_id)

    def names(self) -> Iterator[str]:
        """List the ids of the snapshots that have files."""
        with disk_errors():
            for path in self.folder.glob('[0-9a-f]' * _ID_DIGITS):
                yield path.name

    def _path(self, snapshot_id: str, name: str) -> Path:
        return self.folder / snapshot_id / f'{name}{_ENDING}'


def _link(part: Path, path: Path) -> None:
    """Give a file its name, unless another has it: the first one is what counts."""
    try:
        path.hardlink_to(part)
    except FileExistsError:
        return
    except OSError:
        # A file system without links, or another volume.
        if not path.exists():
            _move(part, path)


def _move(part: Path, path: Path) -> None:
    beside = path.with_name(part.name)
    try:
        shutil.copyfile(part, beside)
        with beside.open('rb+') as copied:
            os.fsync(copied.fileno())
        if not path.exists():
            beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
