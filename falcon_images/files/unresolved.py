"""Unresolved writes: files of which nobody knows whether they have documents."""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from falcon_images.files.durable import move_file
from falcon_images.files.errors import disk_errors
from falcon_images.files.keys import image_key
from falcon_images.files.known_folder import KnownFolder
from falcon_images.files.spool import UploadSpool, entries

_ENDING = '.json'


@dataclass(frozen=True)
class UnresolvedWrite:
    """A file of which nobody knows whether it has a document in its database."""

    database_name: str
    collection_name: str
    image_id: str
    media_type: str

    @property
    def key(self) -> str:
        """The key of the file."""
        return image_key(self.collection_name, self.image_id, self.media_type)


class UnresolvedWrites:
    """The folder ``doubts/``: a note for each file that may lack its document.

    A write that is under way has an entry in the spool. When its process dies, that
    becomes a note here.
    """

    def __init__(self, folder: Path, spool: UploadSpool) -> None:
        self.folder = folder
        self._known = KnownFolder(folder)
        self._spool = spool

    def make_anew(self) -> None:
        """Make the folder again if it is gone; raise `OSError` if that fails."""
        self._known.make_anew()

    def announce(self, unresolved_write: UnresolvedWrite) -> str:
        """Write an entry for a write that begins; return what `withdraw` takes."""
        with disk_errors():
            return self._spool.new_entry(
                unresolved_write.image_id, _text(unresolved_write)
            )

    def withdraw(self, entry: str) -> None:
        """Remove the entry of a write that has ended."""
        # One that stays is looked into when this process has ended, which is harmless.
        with contextlib.suppress(OSError):
            os.unlink(entry)  # noqa: PTH108 - quicker, for each upload

    def take_over(self, process_folder: Path) -> None:
        """Make a note of each entry of a process that is no more.

        Raises:
            OSError: one could not be moved.
        """
        for path in list(entries(process_folder)):
            # One that is empty was cut off before its write began.
            if found := _read(path):
                move_file(path, self._path(found.image_id))

    def note(self, unresolved_write: UnresolvedWrite) -> None:
        """Remember that somebody must find out whether a file has a document."""
        with self._spool.new_file() as file, disk_errors():
            file.write(_text(unresolved_write))
            file.close()
            self.make_anew()
            move_file(file.name, self._path(unresolved_write.image_id))

    def all(self) -> list[UnresolvedWrite]:
        """Return all that was noted."""
        return list(self._noted())

    def has(self, image_id: str) -> bool:
        """Return whether there is a note about an image, one that is damaged too."""
        return self._path(image_id).exists()

    def is_announced(self, image_id: str) -> bool:
        """Return whether any process has an entry about an image."""
        with disk_errors():
            return self._spool.has_entry(image_id)

    def resolve(self, unresolved_write: UnresolvedWrite) -> None:
        """Forget an unresolved write."""
        with disk_errors():
            self._path(unresolved_write.image_id).unlink(missing_ok=True)

    def _noted(self) -> Iterator[UnresolvedWrite]:
        for path in self.folder.glob(f'*{_ENDING}'):
            if found := _read(path):
                yield found

    def _path(self, image_id: str) -> Path:
        return self.folder / f'{image_id}{_ENDING}'


def _text(unresolved_write: UnresolvedWrite) -> bytes:
    return json.dumps(vars(unresolved_write)).encode()


def _read(path: Path) -> UnresolvedWrite | None:
    # Resolved by another process meanwhile, or still being written.
    with contextlib.suppress(OSError, ValueError, TypeError):
        return UnresolvedWrite(**json.loads(path.read_text(encoding='utf-8')))
    return None
