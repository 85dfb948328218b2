"""Zip archives: the directory is read entry by entry, and each entry checked itself.

Python's reader keeps an object for each entry, and believes more of what is written.
"""

import stat
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from falcon_images.datasets.archive_names import (
    is_of_system,
    leads_elsewhere,
    names_of_zip,
)
from falcon_images.datasets.archives.damages import DAMAGED, LEADS_OUT, damaged
from falcon_images.datasets.archives.entry_list import ArchiveEntry

_END = struct.Struct('<4s4H2LH')
_END_64 = struct.Struct('<4sQ2H2L4Q')
_LOCATOR = struct.Struct('<4sLQL')
_DIRECTORY = struct.Struct('<4s6H3L5H2L')
_LOCAL = struct.Struct('<4s5H3L2H')
_FIELD = struct.Struct('<HH')
_MAX_COMMENT = 65535
_MAX_16, _MAX_32, _MAX_63 = 0xFFFF, 0xFFFFFFFF, 2**63 - 1
_ZIP64 = 1
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _PATCHED, _HIDDEN = 0x1, 0x20, 0x2040
_CHUNK_BYTES = 65536
LOCAL_HEADER_BYTES = _LOCAL.size


class ZipDirectory(NamedTuple):
    """Where the directory of an archive is.

    Args:
        shift: how many bytes are before the archive, as in programs that unpack
            themselves; all places are so much further.
    """

    place: int
    size: int
    entries: int
    shift: int


def find_directory(file: BinaryIO, size: int) -> ZipDirectory | None:
    """Find the directory by the record at the end; None if there is none.

    Raises:
        InvalidRequestError: the record says what cannot be.
    """
    start = max(0, size - _END.size - _MAX_COMMENT)
    file.seek(start)
    tail = file.read(size - start)
    places = list(_last_records(tail))
    # A comment may have the same four bytes; the record ends where the file does, if
    # nothing was added to it.
    exact = [at for at, end in places if end == len(tail)] + [at for at, _ in places]
    if not exact:
        return None
    at = exact[0]
    return _directory(file, start + at, tail[at : at + _END.size])


def directory_entries(
    file: BinaryIO, directory: ZipDirectory
) -> Iterator[tuple[ArchiveEntry, list[str]]]:
    """Yield the entries, each with what else its name may be read as.

    Raises:
        InvalidRequestError: the directory is damaged.
    """
    file.seek(directory.place)
    left, count = directory.size, 0
    while left:
        count += 1
        fixed = file.read(_DIRECTORY.size)
        if len(fixed) < _DIRECTORY.size or fixed[:4] != b'PK\1\2':
            raise damaged()
        lengths = _DIRECTORY.unpack(fixed)[10:13]
        rest = file.read(sum(lengths))
        left -= len(fixed) + len(rest)
        if len(rest) < sum(lengths) or left < 0:
            raise damaged()
        name, extra = rest[: lengths[0]], rest[lengths[0] :][: lengths[1]]
        entry, others = _entry(fixed, name, extra, directory.shift)
        if not is_of_system(entry.name):
            yield entry, others
    # Some programs count no further than 65,535, and then from 0 again.
    if (count - directory.entries) % (_MAX_16 + 1):
        raise damaged()


def unpacked(file: BinaryIO, entry: ArchiveEntry) -> Iterator[bytes]:
    """Yield the bytes of an entry, none of them more than it says; whole at the end.

    Raises:
        InvalidRequestError: it is damaged.
    """
    _go_to_content(file, entry)
    size = crc = 0
    inflate = _Stored() if entry.method == _STORED else _Inflating()
    for chunk in inflate.chunks(file, entry.packed_size):
        size += len(chunk)
        crc = zlib.crc32(chunk, crc)
        if size > entry.size:
            break
        yield chunk
    if size != entry.size or crc != entry.crc:
        raise damaged(DAMAGED)


def _last_records(tail: bytes) -> Iterator[tuple[int, int]]:
    """Yield where records begin and end with their comments, the last first."""
    at = len(tail) - _END.size + 4
    while (at := tail.rfind(b'PK\5\6', 0, at)) >= 0:
        end = at + _END.size + _END.unpack_from(tail, at)[-1]
        if end <= len(tail):
            yield at, end
        at += 3


class _Stored:
    def chunks(self, file: BinaryIO, packed_size: int) -> Iterator[bytes]:
        while packed_size and (chunk := file.read(min(packed_size, _CHUNK_BYTES))):
            packed_size -= len(chunk)
            yield chunk


class _Inflating:
    def chunks(self, file: BinaryIO, packed_size: int) -> Iterator[bytes]:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            for packed in _Stored().chunks(file, packed_size):
                yield inflater.decompress(packed, _CHUNK_BYTES)
                while inflater.unconsumed_tail:
                    yield inflater.decompress(inflater.unconsumed_tail, _CHUNK_BYTES)
            yield inflater.flush()
        except zlib.error as ex:
            raise damaged(DAMAGED) from ex
        if not inflater.eof or inflater.unused_data:
            raise damaged(DAMAGED)


def _directory(file: BinaryIO, place: int, record: bytes) -> ZipDirectory:
    _, disk, first_disk, here, count, size, start, _ = _END.unpack(record)
    end = place
    if _MAX_16 in (here, count) or _MAX_32 in (size, start):
        locator = _read_at(file, place - _LOCATOR.size, _LOCATOR.size)
        if locator[:4] == b'PK\6\7':
            # It says where the record is, but not how many bytes are before all.
            end = place - _LOCATOR.size - _END_64.size
            record = _read_at(file, end, _END_64.size)
            if record[:4] != b'PK\6\6':
                raise damaged()
            *_, disk, first_disk, here, count, size, start = _END_64.unpack(record)
    shift = end - size - start
    if disk or first_disk or here != count or shift < 0 or end - size < 0:
        raise damaged()
    return ZipDirectory(end - size, size, count, shift)


def _entry(
    fixed: bytes, raw_name: bytes, extra: bytes, shift: int
) -> tuple[ArchiveEntry, list[str]]:
    numbers = _DIRECTORY.unpack(fixed)
    version_by, _, flags, method = numbers[1:5]
    crc, packed_size, size, *_, attributes, start = numbers[7:]
    size, packed_size, start = _sizes(extra, size, packed_size, start)
    name, *others = names_of_zip(raw_name, flags, extra)
    # The upper half is a mode where a system that has modes wrote it, or nothing.
    mode = attributes >> 16 if version_by >> 8 != 0 or attributes >> 16 else 0
    refusal = _refusal(name, flags, method, mode)
    return (
        ArchiveEntry(
            name, size, packed_size, start + shift, crc, method, raw_name, refusal
        ),
        others,
    )


def _refusal(name: str, flags: int, method: int, mode: int) -> str:
    if leads_elsewhere(name):
        return LEADS_OUT
    if flags & (_ENCRYPTED | _HIDDEN):
        return 'It is encrypted.'
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return 'It is a link, or no file.'
    if flags & _PATCHED or method not in (_STORED, _DEFLATED):
        return 'It is compressed in a way that is not taken; use Deflate.'
    return ''


def _sizes(
    extra: bytes, size: int, packed_size: int, start: int
) -> tuple[int, int, int]:
    """Return the sizes and the place, which are elsewhere if they are large."""
    numbers = [size, packed_size, start]
    large = [at for at, number in enumerate(numbers) if number == _MAX_32]
    if large:
        field = _field(extra, _ZIP64)
        if len(field) < 8 * len(large):
            raise damaged()
        values = struct.unpack_from(f'<{len(large)}Q', field)
        for at, value in zip(large, values, strict=True):
            numbers[at] = value
    if max(numbers) > _MAX_63 // 2:
        raise damaged()
    return numbers[0], numbers[1], numbers[2]


def _field(extra: bytes, wanted: int) -> bytes:
    while len(extra) >= _FIELD.size:
        kind, length = _FIELD.unpack_from(extra)
        if kind == wanted:
            return extra[_FIELD.size :][:length]
        extra = extra[_FIELD.size + length :]
    return b''


def _go_to_content(file: BinaryIO, entry: ArchiveEntry) -> None:
    """Go to the bytes of an entry, whose own header must be that of the directory."""
    header = _read_at(file, entry.place, _LOCAL.size)
    if len(header) < _LOCAL.size or header[:4] != b'PK\3\4':
        raise damaged(DAMAGED)
    *_, name_length, extra_length = _LOCAL.unpack(header)
    if file.read(name_length) != entry.raw_name:
        raise damaged(DAMAGED)
    file.seek(extra_length, 1)


def _read_at(file: BinaryIO, place: int, size: int) -> bytes:
    if place < 0:
        raise damaged()
    file.seek(place)
    return file.read(size)
