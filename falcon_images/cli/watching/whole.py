"""Whether a file is written to its end: by its format, and by who has it open."""

import os
import re
import signal
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

_PNG_END = b'\0\0\0\0IEND\xaeB`\x82'
_JPEG_END = b'\xff\xd9'
_MARKER, _SCAN = 0xFF, 0xDA
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))
_OFFSETS, _COUNTS = (273, 324), (279, 325)
_EXTENDED_BOX, _BOX_TO_END = 1, 0
_PICTURE_BOXES = (b'mdat', b'jp2c')
_PNM = re.compile(
    rb'P([456])(?:\s+|#[^\n]*\n)+(\d+)(?:\s+|#[^\n]*\n)+(\d+)(?:(?:\s+|#[^\n]*\n)+(\d+))?\s'
)
_BYTE = 255


def is_whole(path: Path) -> bool:
    """Return whether a file ends as its format demands.

    Of formats whose end cannot be told it is false: only time tells there.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open('rb') as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        head = file.read(16)
        for beginning, ends_well in _ENDS:
            if re.match(beginning, head, re.DOTALL):
                try:
                    return ends_well(file, size)
                # Fields of a part of a file may say anything.
                except (ValueError, IndexError, struct.error, EOFError, TypeError):
                    return False
    return False


def is_open_for_writing(path: Path) -> bool:
    """Return whether another program writes to a file, as far as the system tells.

    Raises:
        OSError: the file cannot be opened.
    """
    if os.name == 'nt':
        return _is_locked(path)
    try:
        # Imported here as Windows has no such module.
        import fcntl  # noqa: PLC0415

        lease, read, none = fcntl.F_SETLEASE, fcntl.F_RDLCK, fcntl.F_UNLCK
        news = fcntl.F_SETSIG
    except (ImportError, AttributeError):
        return False
    descriptor = os.open(path, os.O_RDONLY)
    try:
        # Linux gives a lease for reading only when nobody has the file open to write.
        # Who opens it then waits for the end of the lease, which a signal tells us of:
        # this one does nothing, the usual one would end the process.
        fcntl.fcntl(descriptor, news, signal.SIGURG)
        fcntl.fcntl(descriptor, lease, read)
        fcntl.fcntl(descriptor, lease, none)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _is_locked(path: Path) -> bool:
    """Return whether Windows refuses a new name, even the same, as it is in use."""
    try:
        path.rename(path)
    except PermissionError:
        return True
    return False


def _ends_with(end: bytes) -> Callable[[BinaryIO, int], bool]:
    def ends_well(file: BinaryIO, size: int) -> bool:
        file.seek(max(0, size - len(end)))
        return file.read() == end

    return ends_well


def _jpeg(file: BinaryIO, size: int) -> bool:
    """Return whether the end is there, and is not that of a preview in the header."""
    file.seek(2)
    while True:
        mark, kind = file.read(2)
        if mark != _MARKER:
            return False
        if kind == _SCAN:
            return _ends_with(_JPEG_END)(file, size)
        if kind not in _ALONE:
            (length,) = struct.unpack('>H', file.read(2))
            if file.seek(length - 2, os.SEEK_CUR) >= size:
                return False


def _sized(layout: str, place: int, more: int) -> Callable[[BinaryIO, int], bool]:
    """Return what compares a size in the header with that of the file."""

    def ends_well(file: BinaryIO, size: int) -> bool:
        file.seek(place)
        (told,) = struct.unpack(layout, file.read(struct.calcsize(layout)))
        return bool(told) and size in (told + more, told + more + told % 2)

    return ends_well


def _boxes(file: BinaryIO, size: int) -> bool:
    """Return whether boxes fill the file, and one of them is the picture."""
    place, has_picture = 0, False
    while place < size:
        file.seek(place)
        length, kind = struct.unpack('>I4s', file.read(8))
        if length == _EXTENDED_BOX:
            (length,) = struct.unpack('>Q', file.read(8))
        if length == _BOX_TO_END:
            return False
        has_picture = has_picture or kind in _PICTURE_BOXES
        place += length
    return place == size and has_picture


def _pnm(file: BinaryIO, size: int) -> bool:
    file.seek(0)
    match = _PNM.match(file.read(1024))
    if match is None:
        return False
    kind, width, height = match[1], int(match[2]), int(match[3])
    if kind == b'4':
        # It has no highest value, so that its header ends before.
        return False
    samples = width * height * (3 if kind == b'6' else 1)
    return size == match.end() + samples * (1 if int(match[4]) <= _BYTE else 2)


def _tiff(file: BinaryIO, size: int) -> bool:
    """Return whether all that its directories name is there."""
    file.seek(0)
    try:
        with Image.open(file, formats=('TIFF',)) as image:
            tiff: Any = image
            return all(_is_there(tiff, page, size) for page in range(tiff.n_frames))
    # Pillow's readers raise almost anything for a part of a file.
    except Exception:
        return False


def _is_there(tiff: Any, page: int, size: int) -> bool:
    tiff.seek(page)
    tags = tiff.tag_v2
    offsets = next((tags[tag] for tag in _OFFSETS if tag in tags), ())
    counts = next((tags[tag] for tag in _COUNTS if tag in tags), ())
    ends = [sum(each) for each in zip(offsets, counts, strict=True)]
    return bool(ends) and max(ends) <= size


def _svg(file: BinaryIO, size: int) -> bool:
    file.seek(max(0, size - 64))
    return file.read().rstrip().endswith(b'</svg>')


_ENDS: tuple[tuple[bytes, Callable[[BinaryIO, int], bool]], ...] = (
    (rb'\xff\xd8\xff', _jpeg),
    (rb'\x89PNG\r\n\x1a\n', _ends_with(_PNG_END)),
    (rb'GIF8', _ends_with(b'\0;')),
    (rb'BM', _sized('<I', 2, 0)),
    (rb'RIFF.{4}WEBP', _sized('<I', 4, 8)),
    (rb'II[*+]|MM\0[*+]', _tiff),
    (rb'.{4}(ftyp|jP  )', _boxes),
    (rb'\xff\x4f\xff\x51', _ends_with(_JPEG_END)),
    (rb'P[456]\s', _pnm),
    (rb'\s*<', _svg),
)
