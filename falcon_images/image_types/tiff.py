"""TIFF and BigTIFF: what the first directory of a file says of its picture."""

import os
import struct
from dataclasses import dataclass
from typing import BinaryIO

from falcon_images.image_types.reading import NotThisFormatError, exactly, fields

_ORDERS = {b'II': '<', b'MM': '>'}
_CLASSIC = 42
_BIG = 43
# Some writers have the bytes of this number in the other order.
_SWAPPED_CLASSIC = _CLASSIC << 8
_MAX_ENTRIES = 65_535
# A picture of so many samples or more is none that is drawn.
_MAX_VALUES = 64
# Types of integers in TIFF 6.0 and BigTIFF.
_TYPES = {1: 'B', 3: 'H', 4: 'I', 16: 'Q'}
_WIDTH = 256
_HEIGHT = 257
_BITS = 258
_COMPRESSION = 259
_PHOTOMETRIC = 262
_SAMPLES = 277
_PLANAR = 284
_SAMPLE_FORMAT = 339
_SUBSAMPLING = 530
_WANTED = (
    *(_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _PLANAR),
    *(_SAMPLE_FORMAT, _SUBSAMPLING),
)


@dataclass(frozen=True)
class TiffLayout:
    """How the picture is stored, in the words and numbers of TIFF 6.0."""

    width: int
    height: int
    bits: tuple[int, ...]
    compression: int
    photometric: int
    samples: int
    is_planar: bool
    sample_formats: tuple[int, ...]
    subsampling: tuple[int, ...]


def read_tiff(file: BinaryIO) -> TiffLayout:
    """Read the first directory.

    Raises:
        NotThisFormatError: this is no TIFF, or has no picture.
    """
    tags = _tags(file)
    width, height = tags.get(_WIDTH, (0,))[0], tags.get(_HEIGHT, (0,))[0]
    if not width or not height:
        raise NotThisFormatError
    return TiffLayout(
        width,
        height,
        tags.get(_BITS, (1,)),
        tags.get(_COMPRESSION, (1,))[0],
        tags.get(_PHOTOMETRIC, (0,))[0],
        tags.get(_SAMPLES, (1,))[0],
        tags.get(_PLANAR, (1,))[0] == 2,  # noqa: PLR2004 - separate, in TIFF 6.0
        tags.get(_SAMPLE_FORMAT, (1,)),
        tags.get(_SUBSAMPLING, (2, 2)),
    )


def _tags(file: BinaryIO) -> dict[int, tuple[int, ...]]:
    order = _ORDERS.get(exactly(file, 2))
    if order is None:
        raise NotThisFormatError
    (version,) = fields(file, f'{order}H')
    is_big = version == _BIG
    if is_big:
        if fields(file, f'{order}HH') != (8, 0):
            raise NotThisFormatError
    elif version not in (_CLASSIC, _SWAPPED_CLASSIC):
        raise NotThisFormatError
    _go_to(file, *fields(file, f'{order}Q' if is_big else f'{order}I'))
    (count,) = fields(file, f'{order}Q' if is_big else f'{order}H')
    if not 0 < count <= _MAX_ENTRIES:
        raise NotThisFormatError
    entry = struct.Struct(order + ('HHQ8s' if is_big else 'HHI4s'))
    entries = list(entry.iter_unpack(exactly(file, entry.size * count)))
    return {
        tag: values
        for tag, kind, number, place in entries
        if tag in _WANTED and (values := _values(file, order, kind, number, place))
    }


def _values(
    file: BinaryIO, order: str, kind: int, number: int, place: bytes
) -> tuple[int, ...]:
    if kind not in _TYPES:
        return ()
    number = min(number, _MAX_VALUES)
    size = struct.calcsize(f'{order}{number}{_TYPES[kind]}')
    if size > len(place):
        is_big = len(place) == struct.calcsize('Q')
        _go_to(file, *struct.unpack(f'{order}Q' if is_big else f'{order}I', place))
        place = exactly(file, size)
    return struct.unpack(f'{order}{number}{_TYPES[kind]}', place[:size])


def _go_to(file: BinaryIO, place: int) -> None:
    if place >= file.seek(0, os.SEEK_END):
        raise NotThisFormatError
    file.seek(place)


def tiff_size(file: BinaryIO) -> tuple[int, int]:
    """Return the size of the first picture as it is stored, before it is turned."""
    layout = read_tiff(file)
    return layout.width, layout.height
