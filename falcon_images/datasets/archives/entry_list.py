"""The list of an archive's entries, in a file: memory does not grow with it."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from falcon_images.datasets.archives.list_database import list_database, list_errors

_AT_ONCE = 1000
_CACHE_KIB = 32 * 1024
_TABLES = """
CREATE TABLE entries (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL, size INTEGER NOT NULL,
    packed_size INTEGER NOT NULL, place INTEGER NOT NULL, crc INTEGER NOT NULL,
    method INTEGER NOT NULL, raw_name BLOB NOT NULL, refusal TEXT NOT NULL,
    image_id TEXT, sha256 TEXT, used INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX by_name ON entries (name, number);
CREATE INDEX by_place ON entries (place, packed_size);
CREATE INDEX by_size ON entries (size);
CREATE INDEX by_image_id ON entries (image_id) WHERE image_id IS NOT NULL;
CREATE TABLE other_names (name TEXT PRIMARY KEY, entry TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX by_sha256 ON entries (sha256, number) WHERE sha256 IS NOT NULL;
"""
_FIELDS = 'name, size, packed_size, place, crc, method, raw_name, refusal'
# Of several entries with one name, the first stands for all.
_IS_FIRST = (
    'NOT EXISTS (SELECT 1 FROM entries AS other '
    'WHERE other.name = entries.name AND other.number < entries.number)'
)


class ArchiveEntry(NamedTuple):
    """One entry: where its bytes are, and why they are not taken, if they are not.

    Args:
        place: where its header begins, or its bytes if these are stored as they are.
        raw_name: the name as it is in the archive.
        refusal: a sentence; empty if it is taken.
    """

    name: str
    size: int
    packed_size: int
    place: int
    crc: int
    method: int
    raw_name: bytes
    refusal: str = ''


class ListedEntry(NamedTuple):
    """An entry, what else its name may be read as, and the id that is in its name."""

    entry: ArchiveEntry
    other_names: tuple[str, ...] = ()
    image_id: str | None = None


class EntryList:
    """The entries of one archive, found by name, by size and by id.

    Args:
        path: of an empty file that nobody else uses.
    """

    def __init__(self, path: str) -> None:
        self._database = list_database(path, _TABLES, _CACHE_KIB)

    def close(self) -> None:
        """Let the file go."""
        self._database.close()

    def add(self, listed: Iterable[ListedEntry]) -> None:
        """Add entries in the order of the archive."""
        with list_errors():
            for each in listed:
                self._add(each)

    def names(self) -> Iterator[str]:
        """Yield each name once, in the order of the archive."""
        return self._names(_IS_FIRST)

    def unused(self) -> Iterator[str]:
        """Yield the names that are not used when their turn comes."""
        return self._names(f'used = 0 AND {_IS_FIRST}')

    def use(self, name: str) -> int:
        """Note that an entry is used; return how many times it was before."""
        before = self._all('SELECT used FROM entries WHERE name = ? LIMIT 1', name)
        self._all('UPDATE entries SET used = used + 1 WHERE name = ?', name)
        return int(before[0][0])

    def of_name(self, name: str) -> list[ArchiveEntry]:
        """Return the entries of a name, of which there should be one."""
        query = f'SELECT {_FIELDS} FROM entries WHERE name = ? LIMIT 2'  # noqa: S608
        return [ArchiveEntry(*row) for row in self._all(query, name)]

    def known_as(self, name: str) -> str | None:
        """Return the listed name of an entry; None if there is none."""
        if self._all('SELECT 1 FROM entries WHERE name = ? LIMIT 1', name):
            return name
        return self._first('SELECT entry FROM other_names WHERE name = ?', name)

    def ending_with(self, name: str) -> list[str]:
        """Return where files of a name are, in whatever folders; some at most."""
        query = (
            f'SELECT name FROM entries WHERE (name = ? OR name LIKE ?) AND {_IS_FIRST} '  # noqa: S608
            'ORDER BY number LIMIT ?'
        )
        found = self._all(query, name, f'%/{name}', _AT_ONCE)
        return [row[0] for row in found if row[0].rpartition('/')[2] == name]

    def in_folder(self, folder: str, start: str, end: str) -> list[str]:
        """Return files of a folder, wherever that is, by how their names start and end.

        Those are some at most.
        """
        query = (
            f'SELECT name FROM entries WHERE name GLOB ? AND {_IS_FIRST} '  # noqa: S608
            'ORDER BY number LIMIT ?'
        )
        found = self._all(query, f'*{folder}/{start}*{end}', _AT_ONCE)
        names = (str(row[0]) for row in found)
        beginning = [folder, start]
        return [n for n in names if _folder_and_start(n, start) == beginning]

    def of_image(self, image_id: str) -> str | None:
        """Return the name that has an id at its end."""
        query = (
            'SELECT name FROM entries WHERE image_id = ? ORDER BY number DESC LIMIT 1'
        )
        return self._first(query, image_id)

    def not_hashed(self, size: int) -> str | None:
        """Return the name of an entry of a size whose SHA-256 is not known."""
        query = 'SELECT name FROM entries WHERE size = ? AND sha256 IS NULL LIMIT 1'
        return self._first(query, size)

    def keep_hash(self, name: str, sha256: str) -> None:
        """Keep the SHA-256 of an entry; an empty one if it cannot be read."""
        with list_errors():
            self._database.execute(
                'UPDATE entries SET sha256 = ? WHERE name = ?', (sha256, name)
            )

    def of_hash(self, sha256: str) -> str | None:
        """Return the name of the first entry that is known to have a SHA-256."""
        query = 'SELECT name FROM entries WHERE sha256 = ? ORDER BY number LIMIT 1'
        return self._first(query, sha256)

    def unpacked_size(self) -> int:
        """Return the bytes of all entries together."""
        # Not as a whole number of 64 bits, which the sizes of a bomb exceed.
        return int(self._all('SELECT TOTAL(size) FROM entries')[0][0])

    def places(self) -> Iterator[tuple[int, int]]:
        """Yield where entries begin, and their packed sizes, in the order of places."""
        with list_errors():
            yield from self._database.execute(
                'SELECT place, packed_size FROM entries ORDER BY place, packed_size'
            )

    def _names(self, condition: str) -> Iterator[str]:
        query = (
            f'SELECT number, name FROM entries WHERE number > ? AND {condition} '  # noqa: S608
            'ORDER BY number LIMIT ?'
        )
        last = -1
        while rows := self._all(query, last, _AT_ONCE):
            yield from (name for _, name in rows)
            last = rows[-1][0]

    def _add(self, listed: ListedEntry) -> None:
        self._database.execute(
            f'INSERT INTO entries ({_FIELDS}, image_id) '  # noqa: S608
            'VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
            (*listed.entry, listed.image_id),
        )
        for name in listed.other_names:
            self._database.execute(
                'INSERT OR IGNORE INTO other_names VALUES (?, ?)',
                (name, listed.entry.name),
            )

    def _first(self, query: str, *values: str | int) -> str | None:
        found = self._all(query, *values)
        return str(found[0][0]) if found else None

    def _all(self, query: str, *values: str | int) -> list[tuple[Any, ...]]:
        with list_errors():
            return self._database.execute(query, values).fetchall()


def _folder_and_start(name: str, start: str) -> list[str]:
    """Return the folder of a file, and as much of its name as another text has."""
    *folders, last = name.split('/')
    return [*folders[-1:], last[: len(start)]]
