"""What was sent before, so that a run that was ended goes on where it was.

It saves time alone: which image is stored is what the service says.
"""

import contextlib
import hashlib
import sqlite3
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from falcon_images.cli.sending.files import Found, identity
from falcon_images.cli.sending.outcomes import Result

_WAIT_SECONDS = 10
_MOST_SECONDS = 1
_MOST_UNSAVED = 200
_TABLE = """
    CREATE TABLE IF NOT EXISTS sent (
        scope TEXT, path TEXT, size INTEGER, changed_ns INTEGER,
        properties TEXT, image_id TEXT, PRIMARY KEY (scope, path)
    ) WITHOUT ROWID
"""


class Entry(NamedTuple):
    """An image that a file was sent as.

    Args:
        image_id: of the image.
        properties: the digest of those that it was sent with.
    """

    image_id: str
    properties: str


class Journal:
    """A file that knows what was sent to a collection of a service.

    Args:
        file: of the database; a folder that lacks is made.
        scope: what is the same for runs that know of each other.
    """

    def __init__(self, file: Path | None, scope: Iterable[str]) -> None:
        text = '\0'.join(scope)
        self._scope = hashlib.sha256(text.encode()).hexdigest()
        self._unsaved: list[tuple[str | int, ...]] = []
        self._saved = time.monotonic()
        if file:
            file.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(file or ':memory:', timeout=_WAIT_SECONDS)
        self._database.execute(_TABLE)

    def known(self, files: Iterable[Found]) -> dict[Path, Entry]:
        """Return the entries of files that are as they were when they were sent."""
        found: dict[Path, Entry] = {}
        for each in files:
            row = self._database.execute(
                'SELECT image_id, properties FROM sent WHERE scope = ? AND path = ? '
                'AND size = ? AND changed_ns = ?',
                (self._scope, _path(each), each.size, each.changed_ns),
            ).fetchone()
            if row:
                found[each.path] = Entry(*row)
        return found

    def add(self, result: Result) -> None:
        """Note an image that is stored; it is saved within a second or so.

        Raises:
            sqlite3.Error: what was noted cannot be saved.
        """
        if not result.image_id:
            return
        found = result.found
        self._unsaved.append(
            (
                *(self._scope, _path(found), found.size, found.changed_ns),
                *(result.properties, result.image_id),
            )
        )
        is_due = time.monotonic() - self._saved > _MOST_SECONDS
        if is_due or len(self._unsaved) >= _MOST_UNSAVED:
            self.save()

    def save(self) -> None:
        """Save what was noted; others may write to the file before and after.

        Raises:
            sqlite3.Error: it cannot be saved, and is forgotten.
        """
        rows, self._unsaved = self._unsaved, []
        with self._database:
            statement = 'INSERT OR REPLACE INTO sent VALUES (?, ?, ?, ?, ?, ?)'
            self._database.executemany(statement, rows)
        self._saved = time.monotonic()

    def close(self) -> None:
        """Save what can be saved, and close the file."""
        with contextlib.suppress(sqlite3.Error):
            self.save()
        self._database.close()


@contextlib.contextmanager
def opened_journal(file: Path, scope: Iterable[str]) -> Iterator[tuple[Journal, str]]:
    """Yield a journal, and why it lasts for this run alone if its file is unusable."""
    reason = ''
    try:
        journal = Journal(file, scope)
    except (OSError, sqlite3.Error) as ex:
        journal, reason = Journal(None, scope), str(ex)
    try:
        yield journal, reason
    finally:
        journal.close()


def _path(found: Found) -> str:
    return identity(found.path).encode('utf-8', 'backslashreplace').decode()
