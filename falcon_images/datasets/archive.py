"""Zip archives, written entry by entry in memory that does not grow with them.

Entries are stored as they are: images are compressed already. Each has its size and
CRC-32 in front of its bytes, so that every program can read it; nothing is patched
afterwards. The directory at the end waits in a file.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

# The year, month, day, hour, minute and second of an entry.
Moment = tuple[int, int, int, int, int, int]

# Each entry begins so, and every archive of ours has one.
ZIP_BEGINNING = b'PK\3\4'
EARLIEST: Moment = (1980, 1, 1, 0, 0, 0)
_LATEST: Moment = (2107, 12, 31, 23, 59, 58)
_MAX_32 = 0xFFFFFFFF
_MAX_16 = 0xFFFF
# Version 2.0 of the format, and the one that knows sizes of 64 bits.
_PLAIN, _ZIP64 = 20, 45
_UNIX = 3 << 8
_UTF8 = 0x800
# A plain file that everybody may read.
_ATTRIBUTES = 0o100644 << 16
_READ_BYTES = 256 * 1024


class ZipArchive:
    """The frame of a zip archive: whoever calls sends the bytes between the headers.

    Args:
        directory: an empty file for what comes at the end.
    """

    def __init__(self, directory: BinaryIO) -> None:
        self._directory = directory
        self._position = 0
        self._count = 0

    def begin_entry(self, name: str, time: Moment, size: int, crc: int) -> bytes:
        """Return the header of an entry; exactly `size` bytes must follow it."""
        encoded = name.encode()
        version, extra, sizes = _PLAIN, b'', (size, size)
        if size >= _MAX_32:
            version, sizes = _ZIP64, (_MAX_32, _MAX_32)
            extra = struct.pack('<HHQQ', 1, 16, size, size)
        what = (version, _UTF8, 0, *_dos_time(time), crc, *sizes)
        header = struct.pack(
            '<4s5H3L2H', ZIP_BEGINNING, *what, len(encoded), len(extra)
        )
        header += encoded + extra
        self._note(encoded, time, size, crc)
        self._position += len(header) + size
        return header

    def end(self) -> Iterator[bytes]:
        """Yield what comes after the last entry."""
        size = self._directory.tell()
        self._directory.seek(0)
        while chunk := self._directory.read(_READ_BYTES):
            yield chunk
        yield self._last_record(size)

    def _note(self, name: bytes, time: Moment, size: int, crc: int) -> None:
        """Add an entry to the directory."""
        large = [number for number in (size, size, self._position) if number >= _MAX_32]
        version = _ZIP64 if large else _PLAIN
        extra = struct.pack('<HH', 1, 8 * len(large)) if large else b''
        extra += struct.pack(f'<{len(large)}Q', *large)
        sizes = (min(size, _MAX_32),) * 2
        what = (_UNIX | version, version, _UTF8, 0, *_dos_time(time), crc, *sizes)
        record = struct.pack('<4s6H3L', b'PK\1\2', *what)
        position = min(self._position, _MAX_32)
        record += struct.pack(
            '<5H2L', len(name), len(extra), 0, 0, 0, _ATTRIBUTES, position
        )
        self._directory.write(record + name + extra)
        self._count += 1

    def _last_record(self, size: int) -> bytes:
        count, position = self._count, self._position
        record = b''
        if count >= _MAX_16 or size >= _MAX_32 or position >= _MAX_32:
            versions = (_UNIX | _ZIP64, _ZIP64)
            place = (count, count, size, position)
            record += struct.pack('<4sQ2H2L4Q', b'PK\6\6', 44, *versions, 0, 0, *place)
            record += struct.pack('<4sLQL', b'PK\6\7', 0, position + size, 1)
        counts = (min(count, _MAX_16),) * 2
        where = (min(size, _MAX_32), min(position, _MAX_32))
        return record + struct.pack('<4s4H2LH', b'PK\5\6', 0, 0, *counts, *where, 0)


def _dos_time(moment: Moment) -> tuple[int, int]:
    """Return the time and the date of an entry; zips know the years from 1980 on."""
    moment = min(max(moment, EARLIEST), _LATEST)
    year, month, day, hour, minute, second = moment
    return (
        hour << 11 | minute << 5 | second // 2,
        year - 1980 << 9 | month << 5 | day,
    )
