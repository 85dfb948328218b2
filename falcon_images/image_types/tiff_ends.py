"""The end of a TIFF: behind all of its directories, and the strips or tiles they name.

TIFF 6.0, section 2, and BigTIFF.
"""

import os
import struct
from typing import Any, BinaryIO

from falcon_images.image_types.reading import NotThisFormatError, exactly, fields

_ORDERS = {b'II': '<', b'MM': '>'}
_CLASSIC, _BIG = 42, 43
_TYPES = {3: 'H', 4: 'I', 16: 'Q'}
# Of strips and of tiles: where they are, and how many bytes they have.
_PLACES = {273: 279, 324: 325}
_MAX_DIRECTORIES = 200
_MAX_ENTRIES = 4096
_MAX_VALUES = 100_000


def is_whole_tiff(file: BinaryIO, size: int) -> bool | None:
    """Return whether all that a TIFF names is in it; None if that cannot be read."""
    layout = _layout(file)
    if layout is None:
        return None
    at, has_pixels = layout.number(file), False
    for _ in range(_MAX_DIRECTORIES):
        if at == 0:
            return True if has_pixels else None
        try:
            places, at = layout.directory(file, at)
        except NotThisFormatError:
            return False
        if any(place + length > size for place, length in places):
            return False
        has_pixels = has_pixels or bool(places)
    return None


def _layout(file: BinaryIO) -> '_Layout | None':
    """Read how numbers are written, up to the place of the first directory."""
    order = _ORDERS.get(exactly(file, 2))
    version = fields(file, f'{order}H')[0] if order else None
    if order is None or version not in (_CLASSIC, _BIG):
        return None
    is_big = version == _BIG
    file.seek(8 if is_big else 4)
    return _Layout(order, is_big=is_big)


class _Layout:
    """How numbers are written: of which order, and of which size."""

    def __init__(self, order: str, *, is_big: bool) -> None:
        self.is_big = is_big
        self._order = order
        self._place = f'{order}Q' if is_big else f'{order}I'
        self._entry = struct.Struct(order + ('HHQ8s' if is_big else 'HHI4s'))

    def number(self, file: BinaryIO) -> int:
        """Read a place in the file."""
        (found,) = fields(file, self._place)
        return int(found)

    def directory(self, file: BinaryIO, at: int) -> tuple[list[tuple[int, int]], int]:
        """Return what a directory names, each with its length, and the next one."""
        file.seek(at)
        (count,) = fields(file, self._order + ('Q' if self.is_big else 'H'))
        if count > _MAX_ENTRIES:
            raise ValueError('That many entries are in no directory.')
        text = exactly(file, self._entry.size * count)
        entries = {each[0]: each[1:] for each in self._entry.iter_unpack(text)}
        following = self.number(file)
        found: list[tuple[int, int]] = []
        for places, lengths in _PLACES.items():
            if places in entries and lengths in entries:
                found += zip(
                    self._values(file, entries[places]),
                    self._values(file, entries[lengths]),
                    strict=False,
                )
        return found, following

    def _values(self, file: BinaryIO, entry: tuple[Any, ...]) -> tuple[int, ...]:
        kind, number, place = entry
        if kind not in _TYPES or number > _MAX_VALUES:
            raise ValueError('Nothing is said of this.')
        layout = f'{self._order}{number}{_TYPES[kind]}'
        size = struct.calcsize(layout)
        if size <= len(place):
            return struct.unpack(layout, place[:size])
        (at,) = struct.unpack(self._place, place)
        if at + size > file.seek(0, os.SEEK_END):
            raise NotThisFormatError
        file.seek(at)
        return fields(file, layout)
