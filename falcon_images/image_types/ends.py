"""Ends of files: whether an image is there as far as its format says it goes.

Only sizes in the header and the last bytes are looked at; pixels are not decoded, so a
file that is damaged within is taken for whole.
"""

import os
import re
import struct
from collections.abc import Callable
from typing import BinaryIO, cast

from falcon_images.image_types.bounded_file import BoundedFile, TooMuchReadError
from falcon_images.image_types.headers import jpeg_scan
from falcon_images.image_types.reading import NotThisFormatError, exactly, fields
from falcon_images.image_types.tiff_ends import is_whole_tiff

_TAIL_BYTES = 64 * 1024
_MAX_BYTES = 4 * 1024**2
_MAX_READS = 10_000
_MAX_PIECES = 2000
_JPEG_END = b'\xff\xd9'
# ITU T.81, B.1.1.5: what stands in a scan, or between two; anything else is of a file
# that was put behind the picture, such as the film of a phone.
_NOT_OF_SCAN = re.compile(rb'\xff[^\x00\xff\xc4\xd0-\xd7\xd9\xda-\xdd\xe0-\xef\xfe]')
_PNG_END = b'\0\0\0\0IEND\xaeB`\x82'
_GIF_END = b'\0;'
_SVG_END = re.compile(rb'</(?:[\w.-]+:)?svg\s*>')
_STREAM = b'\xff\x4f\xff\x51'
_LARGE, _TO_THE_END = 1, 0
_BOX_BYTES, _LARGE_BOX_BYTES = 8, 16
_OLD_BMP = 12
_PLAIN_BMP = (0, 3, 6)
_BLANK = rb'(?:\s|#[^\n\r]*[\n\r])+'
_NUMBER = rb'(\d{1,10})'
_BITMAP = re.compile(_BLANK.join((rb'P4', _NUMBER, _NUMBER)) + rb'\s')
_PIXMAP = re.compile(_BLANK.join((rb'P([56])', _NUMBER, _NUMBER, _NUMBER)) + rb'\s')
_ONE_BYTE = 256


def is_whole(file: BinaryIO, media_type: str) -> bool | None:
    """Return whether a file ends as its format says; None if it says nothing.

    Raises:
        OSError: the file could not be read.
    """
    look = _LOOKS.get(media_type)
    size = file.seek(0, os.SEEK_END)
    bounded = cast(BinaryIO, BoundedFile(file, _MAX_BYTES, _MAX_READS))
    try:
        return look(bounded, size) if look else None
    except (NotThisFormatError, TooMuchReadError, ValueError, struct.error):
        return None


def _tail(file: BinaryIO, size: int, first: int = 0) -> bytes:
    file.seek(max(size - _TAIL_BYTES, first, 0))
    return file.read(_TAIL_BYTES)


def _ends_with(file: BinaryIO, size: int, end: bytes) -> bool:
    """Return whether a file ends so, zeros behind it apart."""
    file.seek(max(size - len(end), 0))
    return file.read(len(end)) == end or _tail(file, size).rstrip(b'\0').endswith(end)


def _jpeg(file: BinaryIO, size: int) -> bool | None:
    if _ends_with(file, size, _JPEG_END):
        return True
    file.seek(0)
    try:
        first = jpeg_scan(file)
    except NotThisFormatError:
        return False
    tail = _tail(file, size, first)
    if _JPEG_END in tail:
        return True
    if _NOT_OF_SCAN.search(tail) or not tail.strip(b'\0'):
        return None
    return False


def _png(file: BinaryIO, size: int) -> bool:
    if _PNG_END in _tail(file, size):
        return True
    at = _BOX_BYTES
    for _ in range(_MAX_PIECES):
        if at + _BOX_BYTES > size:
            return False
        file.seek(at)
        length, name = fields(file, '>I4s')
        at += length + 12
        if name == b'IEND':
            return bool(at <= size)
    return False


def _gif(file: BinaryIO, size: int) -> bool:
    return _ends_with(file, size, _GIF_END)


def _webp(file: BinaryIO, size: int) -> bool:
    mark, length = fields(file, '<4sI')
    return bool(mark == b'RIFF' and length + 8 <= size)


def _boxes(file: BinaryIO, size: int) -> bool | None:
    """Look at the boxes of ISO 14496-12, 4.2: one may reach to the end of the file."""
    at = 0
    for _ in range(_MAX_PIECES):
        if at == size:
            return True
        if at + _BOX_BYTES > size:
            return False
        file.seek(at)
        (length,), header = fields(file, '>I4x'), _BOX_BYTES
        if length == _LARGE:
            (length,), header = fields(file, '>Q'), _LARGE_BOX_BYTES
        if length == _TO_THE_END or length < header:
            return None
        at += length
    return None


def _jp2(file: BinaryIO, size: int) -> bool | None:
    is_stream = exactly(file, len(_STREAM)) == _STREAM
    found = None if is_stream else _boxes(file, size)
    return _ends_with(file, size, _JPEG_END) if found is None else found


def _bmp(file: BinaryIO, size: int) -> bool | None:
    pixels, header = fields(file, '<10xII')
    if header == _OLD_BMP:
        width, height, bits = fields(file, '<HH2xH')
        packing = length = 0
    else:
        width, height, bits, packing, length = fields(file, '<ii2xHII')
    if packing in _PLAIN_BMP:
        length = (width * bits + 31) // 32 * 4 * abs(height)
    return pixels + length <= size if length > 0 else None


def _pnm(file: BinaryIO, size: int) -> bool | None:
    beginning = file.read(4096)
    if match := _BITMAP.match(beginning):
        width, height = int(match[1]), int(match[2])
        return match.end() + (width + 7) // 8 * height <= size
    if match := _PIXMAP.match(beginning):
        samples = int(match[2]) * int(match[3]) * (1 if match[1] == b'5' else 3)
        return match.end() + samples * (1 + (int(match[4]) >= _ONE_BYTE)) <= size
    return None


def _svg(file: BinaryIO, size: int) -> bool | None:
    tail = _tail(file, size)
    if _SVG_END.search(tail):
        return True
    # In UTF-16, packed, or one element that is closed at once.
    is_known = b'\0' not in tail and not tail.rstrip().endswith(b'/>')
    return False if is_known else None


_LOOKS: dict[str, Callable[[BinaryIO, int], bool | None]] = {
    'image/avif': _boxes,
    'image/bmp': _bmp,
    'image/gif': _gif,
    'image/jp2': _jp2,
    'image/jpeg': _jpeg,
    'image/png': _png,
    'image/svg+xml': _svg,
    'image/tiff': is_whole_tiff,
    'image/webp': _webp,
    'image/x-portable-anymap': _pnm,
}
