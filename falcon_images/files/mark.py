"""The mark of an uploads folder: which store it belongs to."""

import contextlib
import json
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path

from falcon_images.files.durable import when_free, write_new, write_over
from falcon_images.files.errors import disk_errors

_ID_BYTES = 16
_ATTEMPTS = 20
_PAUSE_SECONDS = 0.05


class DamagedMarkError(Exception):
    """The mark cannot be read; the text says what to do."""


@dataclass(frozen=True)
class Mark:
    """The id of a store, and the databases that have used the folder with it.

    Each of these has a random key, because several servers may have databases of one
    name.
    """

    id: str
    databases: dict[str, str] = field(default_factory=dict)


class StoreMark:
    """The file ``store.json`` in the uploads folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Mark | None:
        """Return what the file says; None if there is none.

        Raises:
            DamagedMarkError: it cannot be understood.
            StorageError: it cannot be read.
        """
        with disk_errors(), contextlib.suppress(FileNotFoundError):
            for _ in range(_ATTEMPTS):
                # On a file system without links, it may just be written.
                with contextlib.suppress(ValueError, TypeError):
                    return Mark(**json.loads(when_free(self.path.read_bytes)))
                time.sleep(_PAUSE_SECONDS)
            raise DamagedMarkError(
                f'{self.path} is damaged; remove it, and start the service again.'
            )
        return None

    def make(self, store_id: str) -> Mark:
        """Make the file if there is none, in one step; return what is there then."""
        with disk_errors():
            write_new(self.path, _text(Mark(store_id)))
        return self.read() or Mark(store_id)

    def replace(self, mark: Mark) -> None:
        """Write the file anew, whatever was there."""
        with disk_errors():
            write_over(self.path, _text(mark))


def new_store_id() -> str:
    """Return an id that no other store has."""
    return secrets.token_hex(_ID_BYTES)


def _text(mark: Mark) -> bytes:
    return json.dumps(vars(mark)).encode()
