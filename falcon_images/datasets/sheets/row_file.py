"""Rows that are read and checked: they wait in a file until they are compared."""

import datetime
import hashlib
import json
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from falcon_images.datasets.sheets.rows import wrong_row
from falcon_images.files.errors import disk_errors
from falcon_images.formats.json import dumps

_BATCH_ROWS = 500
# What is set goes to the database in one document, in which small numbers take much
# more than they do in text.
_BATCH_BYTES = 2 * 1024**2
_TIME = 'time'
_SHARES = 16
_SHARE_SHIFT = 60


@dataclass(frozen=True)
class ImageRow:
    """A row of an image: its number, the id, the tag, and cells that are not empty."""

    number: int
    image_id: str
    tag: str
    cells: dict[str, Any]


class RowFile:
    """Rows in the order of the sheet; `count` is how many there are.

    Args:
        file: an empty file.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        # Eight bytes of each, as a million ids would take a hundred megabytes.
        self._hashes = array('Q')
        self.count = 0

    def add(self, number: int, image_id: str, tag: str, cells: Sequence[Any]) -> None:
        """Add a row.

        Args:
            cells: those of each column that is read.
        """
        self.count += 1
        self._hashes.append(_hash(image_id))
        line = dumps([number, image_id, tag, [_written(cell) for cell in cells]])
        with disk_errors():
            self._file.write(line + b'\n')

    def check_ids(self) -> None:
        """Raise `InvalidRequestError` if two rows have the same id."""
        repeated = set(self._repeated())
        if not repeated:
            return
        seen: dict[str, int] = {}
        for row in self._lines():
            number, image_id = row[:2]
            if _hash(image_id) in repeated:
                if image_id in seen:
                    raise wrong_row(
                        number,
                        f'It has the _id {image_id}, as row {seen[image_id]} has; '
                        'leave one of them.',
                    )
                seen[image_id] = number

    def batches(self, columns: Sequence[str]) -> Iterator[list[ImageRow]]:
        """Yield the rows, as many at once as may be in memory."""
        batch: list[ImageRow] = []
        size = 0
        with disk_errors():
            self._file.seek(0)
        for line in self._texts():
            if batch and (len(batch) == _BATCH_ROWS or size + len(line) > _BATCH_BYTES):
                yield batch
                batch, size = [], 0
            number, image_id, tag, cells = json.loads(line)
            given = zip(columns, map(_read, cells), strict=True)
            batch.append(
                ImageRow(number, image_id, tag, {n: c for n, c in given if c != ''})
            )
            size += len(line)
        if batch:
            yield batch

    def _repeated(self) -> Iterator[int]:
        """Yield the hashes that come twice, a share at a time."""
        for share in range(_SHARES):
            seen: set[int] = set()
            for each in self._hashes:
                if each >> _SHARE_SHIFT == share:
                    if each in seen:
                        yield each
                    seen.add(each)

    def _lines(self) -> Iterator[Any]:
        with disk_errors():
            self._file.seek(0)
        yield from map(json.loads, self._texts())

    def _texts(self) -> Iterator[bytes]:
        while True:
            with disk_errors():
                line = self._file.readline()
            if not line:
                return
            yield line


def _hash(image_id: str) -> int:
    digest = hashlib.blake2b(image_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest)


def _written(cell: Any) -> Any:
    """Return a cell as JSON has it; an empty text for an empty one."""
    if isinstance(cell, datetime.datetime):
        return {_TIME: cell.isoformat()}
    return '' if cell is None else cell


def _read(cell: Any) -> Any:
    if isinstance(cell, dict):
        return datetime.datetime.fromisoformat(cell[_TIME])
    return cell
