"""GIF: how large its first picture makes it."""

import struct
from typing import BinaryIO

from falcon_images.image_types.reading import NotThisFormatError, exactly

_BEGINNINGS = (b'GIF87a', b'GIF89a')
_HAS_COLORS = 0x80


def gif_size(file: BinaryIO) -> tuple[int, int] | None:
    """Read the size of a GIF, as far as its first picture reaches; None of others.

    Pillow's reader would fill all of it already, which takes gigabytes for a file of
    50 bytes that says so.
    """
    if file.read(6) not in _BEGINNINGS:
        return None
    width, height, flags = struct.unpack('<HHBxx', exactly(file, 7))
    if flags & _HAS_COLORS:
        exactly(file, 3 << (flags & 7) + 1)
    while kind := exactly(file, 1):
        if kind == b',':
            left, top, wide, high = struct.unpack('<HHHH', exactly(file, 8))
            return max(width, left + wide), max(height, top + high)
        if kind == b';':
            break
        if kind == b'!':
            _skip_extension(file)
    raise NotThisFormatError


def _skip_extension(file: BinaryIO) -> None:
    exactly(file, 1)
    while length := exactly(file, 1)[0]:
        exactly(file, length)
