"""Pictures that are whole, and stored in ways that few programs read."""

import struct
import zlib
from collections.abc import Sequence

from tests.support.pictures import png_chunk

_TYPES = {1: 'B', 3: 'H', 4: 'I', 7: 'B', 16: 'Q'}
Tags = dict[int, tuple[int, Sequence[int]]]


def tiff(
    size: tuple[int, int],
    planes: Sequence[bytes],
    *,
    bits: int = 8,
    samples: int = 1,
    photometric: int = 1,
    sample_format: int = 1,
    order: str = '<',
    is_big: bool = False,
    more: Tags | None = None,
) -> bytes:
    """An unpacked TIFF: one strip, or a plane for each sample."""
    long, long_type = ('Q', 16) if is_big else ('I', 4)
    tags: Tags = {
        256: (4, [size[0]]),
        257: (4, [size[1]]),
        258: (3, [bits] * samples),
        259: (3, [1]),
        262: (3, [photometric]),
        273: (long_type, [0] * len(planes)),
        277: (3, [samples]),
        278: (4, [size[1]]),
        279: (long_type, [len(plane) for plane in planes]),
        284: (3, [1 if len(planes) == 1 else 2]),
        339: (3, [sample_format] * samples),
        **(more or {}),
    }
    first = 16 if is_big else 8
    behind = first + len(_directory(tags, order, long, 0))
    place = behind
    tags[273] = (long_type, [])
    for plane in planes:
        tags[273] = (long_type, [*tags[273][1], place])
        place += len(plane)
    mark = b'II' if order == '<' else b'MM'
    version = (43, 8, 0, first) if is_big else (42, first)
    head = mark + struct.pack(order + ('HHHQ' if is_big else 'HI'), *version)
    return head + _directory(tags, order, long, first) + b''.join(planes)


def _directory(tags: Tags, order: str, long: str, first: int) -> bytes:
    room = struct.calcsize(order + long)
    count = struct.pack(order + ('Q' if long == 'Q' else 'H'), len(tags))
    values_at = first + len(count) + len(tags) * (room * 2 + 4) + room
    entries, values = b'', b''
    for tag, (kind, numbers) in sorted(tags.items()):
        data = struct.pack(f'{order}{len(numbers)}{_TYPES[kind]}', *numbers)
        if len(data) > room:
            place = struct.pack(order + long, values_at + len(values))
            values += data + b'\0' * (len(data) % 2)
        else:
            place = data.ljust(room, b'\0')
        entries += struct.pack(f'{order}HH{long}', tag, kind, len(numbers)) + place
    return count + entries + bytes(room) + values


def png(
    size: tuple[int, int],
    rows: Sequence[bytes],
    *,
    depth: int = 8,
    color: int = 0,
    extra: bytes = b'',
    behind: bytes = b'',
) -> bytes:
    """A PNG of rows that are not filtered; `extra` is before its pixels."""
    header = struct.pack('>IIBBBBB', *size, depth, color, 0, 0, 0)
    pixels = zlib.compress(b''.join(b'\0' + row for row in rows))
    return (
        b'\x89PNG\r\n\x1a\n'
        + png_chunk(b'IHDR', header)
        + extra
        + png_chunk(b'IDAT', pixels)
        + behind
        + png_chunk(b'IEND', b'')
    )
