"""Tar archives: each entry behind a header of its own, and no directory.

Python's reader takes extended headers of any size into memory.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from falcon_images.datasets.archive_names import (
    is_of_system,
    leads_elsewhere,
    names_of_tar,
)
from falcon_images.datasets.archives.damages import DAMAGED, LEADS_OUT, damaged
from falcon_images.datasets.archives.entry_list import ArchiveEntry
from falcon_images.errors import InvalidRequestError

_BLOCK = 512
_CHUNK_BYTES = 65536
_FILES = b'0\x007'
_DIRECTORY, _GLOBAL, _EXTENDED, _LONG_NAME, _LONG_LINK = b'5gxLK'
_CHECKSUM = slice(148, 156)
_MAX_HEADER_BYTES = 1024**2
_MAX_SIZE = 2**62
_MAX_DIGITS = 19
# Numbers that are too large for digits begin so.
_IN_BYTES = 0x80


def is_tar(file: BinaryIO) -> bool:
    """Return whether a file begins with the header of an entry."""
    file.seek(0)
    header = file.read(_BLOCK)
    return len(header) == _BLOCK and any(header) and _is_header(header)


def tar_entries(file: BinaryIO, size: int) -> Iterator[tuple[ArchiveEntry, list[str]]]:
    """Yield the entries, each with what else its name may be read as.

    Raises:
        InvalidRequestError: the archive is damaged or cut off.
    """
    place, extended = 0, _Extended()
    while any(header := _block(file, place)):
        if not _is_header(header):
            raise damaged()
        kind = header[156]
        length = _number(header[124:136])
        if kind in (_GLOBAL, _EXTENDED, _LONG_NAME, _LONG_LINK):
            extended.add(kind, _content(file, place, length))
        else:
            if extended.size is not None:
                length = extended.size
            raw_name = extended.name or _name(header)
            entry, others = _entry(raw_name, kind, place + _BLOCK, length, extended)
            if kind != _DIRECTORY and not is_of_system(entry.name):
                yield entry, others
            if entry.size == 0 and kind not in _FILES:
                # Links have the size of what they lead to, and no bytes.
                length = 0
            extended = _Extended()
        place += _BLOCK + -(-length // _BLOCK) * _BLOCK
        if place > size:
            raise damaged()


def stored(file: BinaryIO, entry: ArchiveEntry) -> Iterator[bytes]:
    """Yield the bytes of an entry; raise `InvalidRequestError` if some are missing."""
    file.seek(entry.place)
    left = entry.size
    while left:
        chunk = file.read(min(left, _CHUNK_BYTES))
        if not chunk:
            raise damaged(DAMAGED)
        left -= len(chunk)
        yield chunk


class _Extended:
    """What the headers before an entry say of it."""

    def __init__(self) -> None:
        self.name = b''
        self.size: int | None = None
        self.is_sparse = False

    def add(self, kind: int, content: bytes) -> None:
        if kind == _LONG_NAME:
            self.name = content.rstrip(b'\0')
        elif kind == _EXTENDED:
            for key, value in _records(content):
                self._set(key, value)

    def _set(self, key: bytes, value: bytes) -> None:
        if key == b'path':
            self.name = value
        elif key == b'size':
            if (
                not value.isdigit()
                or len(value) > _MAX_DIGITS
                or int(value) > _MAX_SIZE
            ):
                raise damaged()
            self.size = int(value)
        elif key.startswith(b'GNU.sparse'):
            self.is_sparse = True


def _entry(
    raw_name: bytes, kind: int, place: int, length: int, extended: _Extended
) -> tuple[ArchiveEntry, list[str]]:
    name, *others = names_of_tar(raw_name)
    refusal = ''
    if leads_elsewhere(name):
        refusal = LEADS_OUT
    elif kind not in _FILES:
        refusal = 'It is a link, or no file.'
    elif extended.is_sparse:
        refusal = 'It is written with holes (sparse); make the archive without them.'
    size = 0 if kind in b'123456' else length
    return ArchiveEntry(name, size, size, place, 0, 0, raw_name, refusal), others


def _block(file: BinaryIO, place: int) -> bytes:
    file.seek(place)
    header = file.read(_BLOCK)
    # Whole archives end with blocks of zeros.
    if len(header) < _BLOCK:
        raise damaged()
    return header


def _content(file: BinaryIO, place: int, length: int) -> bytes:
    if length > _MAX_HEADER_BYTES:
        raise InvalidRequestError(
            'The archive has a header that is too long; make it anew.'
        )
    file.seek(place + _BLOCK)
    content = file.read(length)
    if len(content) < length:
        raise damaged()
    return content


def _records(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield what an extended header has: ``LENGTH KEY=VALUE`` in lines."""
    while content:
        digits, blank, _ = content.partition(b' ')
        if not blank or not digits.isdigit() or len(digits) > _MAX_DIGITS:
            raise damaged()
        if int(digits) > len(content):
            raise damaged()
        record, content = content[: int(digits)], content[int(digits) :]
        key, equals, value = record[len(digits) + 1 :].partition(b'=')
        if not equals or not value.endswith(b'\n'):
            raise damaged()
        yield key, value[:-1]


def _is_header(header: bytes) -> bool:
    """Return whether the sum of the bytes is what the header says."""
    try:
        said = _number(header[_CHECKSUM])
    except InvalidRequestError:
        return False
    blank = header[:148] + b' ' * 8 + header[156:]
    # Some old programs added bytes with signs.
    return said == sum(blank) or said == sum(struct.unpack('512b', blank))


def _number(field: bytes) -> int:
    if field[0] == _IN_BYTES:
        number = int.from_bytes(field[1:])
    else:
        digits = field.strip(b'\0 ')
        if digits.translate(None, b'01234567'):
            raise damaged()
        number = int(digits or b'0', 8)
    if number > _MAX_SIZE:
        raise damaged()
    return number


def _name(header: bytes) -> bytes:
    name = header[:100].partition(b'\0')[0]
    # What GNU's tar has in this place is no beginning of a name.
    if header[257:263] == b'ustar\0':
        prefix = header[345:500].partition(b'\0')[0]
        name = prefix + b'/' + name if prefix else name
    return name
