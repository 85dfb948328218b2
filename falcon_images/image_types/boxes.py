"""The boxes of AVIF and JPEG 2000 (ISO 14496-12, 4.2)."""

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from falcon_images.image_types.reading import NotThisFormatError, exactly, fields

# Boxes are read at once. To read those about items takes a time that grows with the
# square of their number: each is looked for among all others.
_MAX_ITEM_BYTES = 32 * 1024
_MAX_PROPERTY_BYTES = 2 * 1024**2
_OF_PROPERTIES = (b'ipco', b'jp2h')
_OF_DATA = (b'ftyp', b'mdat', b'idat', b'free', b'skip', b'uuid')
# What is before the boxes that are in these, in bytes.
_INTRODUCTIONS = {b'meta': 4, b'iprp': 0}
_AVIF_BRANDS = (b'avif', b'avis')
_MAX_BRANDS_BYTES = 256
_SIZ = b'\xff\x4f\xff\x51'
_DEPTH = 0x7F


class Box(NamedTuple):
    """A box: its name, where its content begins, and its size with its own header."""

    name: bytes
    content: int
    size: int


def has_costly_boxes(file: BinaryIO, is_avif: bool) -> bool:
    """Return whether the boxes of AVIF or JPEG 2000 would take long to read."""
    item_bytes = property_bytes = 0
    for box in boxes(file, 0, file.seek(0, os.SEEK_END)):
        if box.name in _OF_PROPERTIES:
            property_bytes += box.size
        elif is_avif and box.name not in _OF_DATA:
            item_bytes += box.size
    return item_bytes > _MAX_ITEM_BYTES or property_bytes > _MAX_PROPERTY_BYTES


def boxes(file: BinaryIO, first: int, end: int) -> Iterator[Box]:
    """Yield boxes, and those that are in some.

    Args:
        first: where the first box begins, in bytes.
        end: where the last one ends at the latest.
    """
    while first + 8 <= end:
        file.seek(first)
        size, name = struct.unpack('>I4s', exactly(file, 8))
        inside = 8
        if size == 1:
            (size,), inside = struct.unpack('>Q', exactly(file, 8)), 16
        size = min(size or end, end - first)
        if size < inside:
            return
        if name in _INTRODUCTIONS:
            inside += _INTRODUCTIONS[name]
            yield from boxes(file, first + inside, first + size)
        else:
            yield Box(name, first + inside, size)
        first += size


def avif_size(file: BinaryIO) -> tuple[int, int] | None:
    """Return the size of the only picture of an AVIF; None if there are several.

    Raises:
        NotThisFormatError: it is none, or lacks pictures or what describes them.
    """
    found = list(boxes(file, 0, file.seek(0, os.SEEK_END)))
    if not found or found[0].name != b'ftyp':
        raise NotThisFormatError
    file.seek(found[0].content)
    brands = exactly(file, min(found[0].size - 8, _MAX_BRANDS_BYTES))
    if not any(brand in brands for brand in _AVIF_BRANDS):
        raise NotThisFormatError
    names = {box.name for box in found}
    if (b'ipco' not in names and b'moov' not in names) or not names & {
        b'mdat',
        b'idat',
    }:
        raise NotThisFormatError
    sizes = {size for box in found if box.name == b'ipco' for size in _sizes(file, box)}
    return sizes.pop() if len(sizes) == 1 else None


def _sizes(file: BinaryIO, properties: Box) -> Iterator[tuple[int, int]]:
    end = properties.content + properties.size - 8
    for box in boxes(file, properties.content, end):
        if box.name == b'ispe':
            file.seek(box.content)
            _, width, height = fields(file, '>III')
            yield width, height


def jp2_size(file: BinaryIO) -> tuple[int, int]:
    """Return the size of a JPEG 2000, a file of boxes or a bare stream of codes.

    Raises:
        NotThisFormatError: it is none.
    """
    _go_to_stream(file)
    # ISO 15444-1, A.5.1.
    _, _, right, bottom, left, top = fields(file, '>HHIIII')
    if right <= left or bottom <= top:
        raise NotThisFormatError
    return right - left, bottom - top


def jp2_bits(file: BinaryIO) -> int:
    """Return how many bits the first samples of a JPEG 2000 have.

    Raises:
        NotThisFormatError: it is none.
    """
    _go_to_stream(file)
    (depth,) = fields(file, '>38xB')
    return int(depth & _DEPTH) + 1


def _go_to_stream(file: BinaryIO) -> None:
    if exactly(file, 4) == _SIZ:
        return
    for box in boxes(file, 0, file.seek(0, os.SEEK_END)):
        if box.name == b'jp2c':
            file.seek(box.content)
            if exactly(file, 4) == _SIZ:
                return
    raise NotThisFormatError
