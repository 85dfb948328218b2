"""The fixed fields of JPEG, PNG, BMP, PNM and WebP, and the size that they give."""

import contextlib
import os
import re
from collections.abc import Iterator
from typing import BinaryIO

from falcon_images.image_types.reading import NotThisFormatError, exactly, fields

_MAX_PIECES = 4096
_MAX_SIDE = 2**31 - 1
# PNG, third edition, 11.2.1: of each color type, the depths.
_PNG_DEPTHS = {
    0: (1, 2, 4, 8, 16),
    2: (8, 16),
    3: (1, 2, 4, 8),
    4: (8, 16),
    6: (8, 16),
}
# ITU T.81, table B.1: frames, and markers without a length.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_USUAL_FRAMES = (0xC0, 0xC1, 0xC2)
_USUAL_BITS = 8
_SCAN = 0xDA
_BARE_MARKERS = frozenset((0x01, *range(0xD0, 0xD9)))
_FILL = 0xFF
_BMP_OLD_HEADERS = (12,)
_BMP_HEADERS = (16, 40, 52, 56, 64, 108, 124)
_BMP_BITS = (0, 1, 2, 4, 8, 16, 24, 32, 64)
_PNM_BEGINNING_BYTES = 4096
_BLANK = rb'(?:\s|#[^\n\r]*[\n\r])+'
_PNM = re.compile(
    rb'P(?:[14]|([2356]))%b(\d{1,10})%b(\d{1,10})(?:%b(\d{1,5}))?\s'
    % (_BLANK, _BLANK, _BLANK)
)
_MAX_PNM_VALUE = 65535
_WEBP_KEY = b'\x9d\x01\x2a'
_WEBP_LOSSLESS = 0x2F
_14_BITS = 0x3FFF


def png_size(file: BinaryIO) -> tuple[int, int]:
    """Return the size of a PNG that has pixels."""
    if exactly(file, 8) != b'\x89PNG\r\n\x1a\n':
        raise NotThisFormatError
    length, name, width, height, depth, color, packing, filtering, lacing = fields(
        file, '>I4sIIBBBBB'
    )
    if (length, name, packing, filtering) != (13, b'IHDR', 0, 0) or lacing > 1:
        raise NotThisFormatError
    if depth not in _PNG_DEPTHS.get(color, ()):
        raise NotThisFormatError
    file.seek(4, os.SEEK_CUR)
    for _ in range(_MAX_PIECES):
        length, name = fields(file, '>I4s')
        if name == b'IDAT':
            return _checked(width, height)
        file.seek(length + 4, os.SEEK_CUR)
    raise NotThisFormatError


def jpeg_size(file: BinaryIO) -> tuple[int, int] | None:
    """Return the size of a JPEG that has a scan; None if its end tells the height."""
    size = None
    for marker in _jpeg_markers(file):
        if marker == _SCAN and size:
            return size if size[1] else None
        if marker in _FRAMES:
            _, height, width = fields(file, '>BHH')
            size = (width, height) if width else None
    raise NotThisFormatError


def jpeg_scan(file: BinaryIO) -> int:
    """Return where the first scan of a JPEG begins; raise `NotThisFormatError`."""
    for marker in _jpeg_markers(file):
        if marker == _SCAN:
            return file.tell()
    raise NotThisFormatError


def is_usual_jpeg(file: BinaryIO) -> bool:
    """Return whether a JPEG is of the kind that all readers know."""
    with contextlib.suppress(NotThisFormatError):
        for marker in _jpeg_markers(file):
            if marker in _FRAMES:
                return marker in _USUAL_FRAMES and exactly(file, 1)[0] == _USUAL_BITS
    return True


def _jpeg_markers(file: BinaryIO) -> Iterator[int]:
    """Yield markers, the file at what is in their segments."""
    if exactly(file, 2) != b'\xff\xd8':
        raise NotThisFormatError
    for _ in range(_MAX_PIECES):
        marker = _marker(file)
        if marker not in _BARE_MARKERS:
            (length,) = fields(file, '>H')
            end = file.tell() + max(length - 2, 0)
            yield marker
            file.seek(end)


def _marker(file: BinaryIO) -> int:
    if exactly(file, 1)[0] != _FILL:
        raise NotThisFormatError
    for _ in range(_MAX_PIECES):
        if (marker := exactly(file, 1)[0]) != _FILL:
            return marker
    raise NotThisFormatError


def bmp_size(file: BinaryIO) -> tuple[int, int]:
    """Return the size of a BMP; rows from the top have a height below nought."""
    mark, pixels, header = fields(file, '<2s8xII')
    if mark != b'BM' or pixels > file.seek(0, os.SEEK_END):
        raise NotThisFormatError
    file.seek(18)
    if header in _BMP_OLD_HEADERS:
        width, height, planes, bits = fields(file, '<HHHH')
    elif header in _BMP_HEADERS:
        width, height, planes, bits = fields(file, '<iiHH')
    else:
        raise NotThisFormatError
    if planes != 1 or bits not in _BMP_BITS:
        raise NotThisFormatError
    return _checked(width, abs(height))


def pnm_size(file: BinaryIO) -> tuple[int, int]:
    """Return the size of a PNM, whose header is text."""
    match = _PNM.match(file.read(_PNM_BEGINNING_BYTES))
    if not match:
        raise NotThisFormatError
    is_grey, width, height, most = match[1], int(match[2]), int(match[3]), match[4]
    if is_grey and not 0 < int(most or 0) <= _MAX_PNM_VALUE:
        raise NotThisFormatError
    return _checked(width, height)


def webp_size(file: BinaryIO) -> tuple[int, int]:
    """Return the size of a WebP, that of its canvas if it has one."""
    mark, size, name, kind, _ = fields(file, '<4sI4s4sI')
    at = file.tell()
    if (mark, name) != (b'RIFF', b'WEBP') or size + 8 > file.seek(0, os.SEEK_END):
        raise NotThisFormatError
    file.seek(at)
    if kind == b'VP8X':
        low_wide, high_wide, low_high, high_high = fields(file, '<4xHBHB')
        width, height = low_wide | high_wide << 16, low_high | high_high << 16
        return width + 1, height + 1
    if kind == b'VP8L':
        mark, numbers = fields(file, '<BI')
        if mark != _WEBP_LOSSLESS:
            raise NotThisFormatError
        return (numbers & _14_BITS) + 1, (numbers >> 14 & _14_BITS) + 1
    key, width, height = fields(file, '<3x3sHH')
    if kind != b'VP8 ' or key != _WEBP_KEY:
        raise NotThisFormatError
    return _checked(width & _14_BITS, height & _14_BITS)


def _checked(width: int, height: int) -> tuple[int, int]:
    if not (0 < width <= _MAX_SIDE and 0 < height <= _MAX_SIDE):
        raise NotThisFormatError
    return width, height
