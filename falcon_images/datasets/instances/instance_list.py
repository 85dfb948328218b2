"""The images and annotations of COCO's files, in a file: memory does not grow."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from falcon_images.datasets.archives.list_database import list_database, list_errors
from falcon_images.formats.json import dumps

_AT_ONCE = 1000
_CACHE_KIB = 8 * 1024
_TABLES = """
CREATE TABLE images (
    number INTEGER PRIMARY KEY, path TEXT NOT NULL, id TEXT NOT NULL, row TEXT NOT NULL
);
CREATE INDEX by_id ON images (path, id);
CREATE TABLE shapes (
    number INTEGER PRIMARY KEY, path TEXT NOT NULL, image TEXT NOT NULL,
    category TEXT NOT NULL, kind TEXT NOT NULL, member TEXT NOT NULL
);
CREATE INDEX by_image ON shapes (path, image, number);
CREATE TABLE categories (
    path TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (path, id)
) WITHOUT ROWID;
"""


class ListedImage(NamedTuple):
    """An image: the file that lists it, its id there, and what is said of it."""

    path: str
    id: str
    row: str


class InstanceList:
    """Images, their annotations and the categories of these.

    Args:
        path: of an empty file that nobody else uses.
    """

    def __init__(self, path: str) -> None:
        self._database = list_database(path, _TABLES, _CACHE_KIB)

    def close(self) -> None:
        """Let the file go."""
        self._database.close()

    def add_image(self, image: ListedImage) -> None:
        """Add an image."""
        self._run('INSERT INTO images (path, id, row) VALUES (?, ?, ?)', *image)

    def add_category(self, path: str, category: str, name: str) -> None:
        """Add a category; of several with one id, the last is it."""
        query = 'INSERT OR REPLACE INTO categories VALUES (?, ?, ?)'
        self._run(query, path, category, name)

    def add_shape(
        self, path: str, image: str, category: str, kind: str, member: dict[str, Any]
    ) -> None:
        """Add a box, a polygon or a point."""
        query = (
            'INSERT INTO shapes (path, image, category, kind, member) '
            'VALUES (?, ?, ?, ?, ?)'
        )
        self._run(query, path, image, category, kind, dumps(member).decode())

    def images(self) -> Iterator[ListedImage]:
        """Yield the images in the order of their files."""
        query = (
            'SELECT number, path, id, row FROM images WHERE number > ? '
            'ORDER BY number LIMIT ?'
        )
        last = 0
        while rows := self._run(query, last, _AT_ONCE):
            yield from (ListedImage(*row[1:]) for row in rows)
            last = rows[-1][0]

    def shapes(self, image: ListedImage) -> Iterator[tuple[str, dict[str, Any], int]]:
        """Yield the kind of each annotation of an image, it, and its bytes."""
        query = (
            'SELECT shapes.number, kind, member, name FROM shapes '
            'LEFT JOIN categories ON categories.path = shapes.path AND id = category '
            'WHERE shapes.path = ? AND image = ? AND shapes.number > ? '
            'ORDER BY shapes.number LIMIT ?'
        )
        last = 0
        while rows := self._run(query, image.path, image.id, last, _AT_ONCE):
            for _, kind, text, name in rows:
                label = {} if name is None else {'label': name}
                yield kind, {**json.loads(text), **label}, len(text) + len(name or '')
            last = rows[-1][0]

    def strays(self) -> Iterator[tuple[str, str]]:
        """Yield the file and the id of each image that has annotations alone."""
        query = (
            'SELECT DISTINCT path, image FROM shapes WHERE NOT EXISTS (SELECT 1 FROM '
            'images WHERE images.path = shapes.path AND id = image)'
        )
        with list_errors():
            yield from self._database.execute(query)

    def _run(self, query: str, *values: str | int) -> list[tuple[Any, ...]]:
        with list_errors():
            return self._database.execute(query, values).fetchall()
