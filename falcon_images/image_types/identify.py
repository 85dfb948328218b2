"""What an image is, found from its bytes and never believed from its sender."""

import contextlib
import os
import re
import struct
import xml.parsers.expat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

# Those that are here Pillow does not look for: it would import all that it has.
from PIL import (
    AvifImagePlugin,  # noqa: F401
    Image,
    Jpeg2KImagePlugin,  # noqa: F401
    PngImagePlugin,  # noqa: F401
    TiffImagePlugin,  # noqa: F401
    UnidentifiedImageError,
    WebPImagePlugin,  # noqa: F401
)

from falcon_images.errors import NotAnImageError
from falcon_images.image_types.bounded_file import BoundedFile, TooMuchReadError
from falcon_images.image_types.internals import TOO_MUCH_TEXT

SVG = 'image/svg+xml'
_TYPES = {
    'AVIF': 'image/avif',
    'BMP': 'image/bmp',
    'GIF': 'image/gif',
    'JPEG': 'image/jpeg',
    'JPEG2000': 'image/jp2',
    'PNG': 'image/png',
    'PPM': 'image/x-portable-anymap',
    'TIFF': 'image/tiff',
    'WEBP': 'image/webp',
}
FORMATS = tuple(_TYPES)
# The reader of JPEG calls a file of several pictures by another name.
_TYPES_FOUND = _TYPES | {'MPO': 'image/jpeg'}
# Pillow reads some formats whole, and of others a header of any size, a byte at a time
# where it likes: beyond these, only the type is found, by how the file begins.
_MAX_HEADER_BYTES = 32 * 1024**2
_MAX_READS = 20_000
# Boxes of AVIF and JPEG 2000 are read at once. To read those about items takes a time
# that grows with the square of their number: each is looked for among all others.
_MAX_ITEM_BYTES = 32 * 1024
_MAX_PROPERTY_BYTES = 2 * 1024**2
_OF_PROPERTIES = (b'ipco', b'jp2h')
_OF_DATA = (b'ftyp', b'mdat', b'idat', b'free', b'skip', b'uuid')
# What is before the boxes that are in these, in bytes.
_INTRODUCTIONS = {b'meta': 4, b'iprp': 0}
_BEGINNINGS = {
    'image/gif': re.compile(rb'GIF8[79]a'),
    'image/x-portable-anymap': re.compile(rb'P[1-6][\s#]'),
    'image/avif': re.compile(rb'.{4}ftypavi[fs]', re.DOTALL),
    'image/jp2': re.compile(rb'\xff\x4f\xff\x51|.{4}jP {2}\r\n\x87\n', re.DOTALL),
    'image/jpeg': re.compile(rb'\xff\xd8\xff'),
    'image/png': re.compile(rb'\x89PNG\r\n\x1a\n'),
    'image/tiff': re.compile(rb'II[*+]\0|MM\0[*+]'),
    'image/webp': re.compile(rb'RIFF.{4}WEBP', re.DOTALL),
}
_GIF_BEGINNINGS = (b'GIF87a', b'GIF89a')
_HAS_COLORS = 0x80
_SVG_ROOTS = ('http://www.w3.org/2000/svg svg', 'svg')
_SVG_PROLOGUE_BYTES = 65536


@dataclass(frozen=True)
class ImageFacts:
    """The media type of an image, and its size in pixels where it was found."""

    type: str
    width: int | None = None
    height: int | None = None


def identify(file: BinaryIO) -> ImageFacts:
    """Find out what image a file holds; pixels are not decoded.

    Raises:
        NotAnImageError: it is none of the known formats.
        OSError: the file could not be read.
    """
    header = cast(BinaryIO, BoundedFile(file, _MAX_HEADER_BYTES, _MAX_READS))
    try:
        if size := _gif_size(header):
            return ImageFacts(_TYPES['GIF'], *size)
        header.seek(0)
        if _has_costly_boxes(header):
            return _by_beginning(file)
        header.seek(0)
        with Image.open(header, formats=FORMATS) as image:
            return ImageFacts(_TYPES_FOUND[image.format or ''], *image.size)
    except TooMuchReadError:
        return _by_beginning(file)
    except UnidentifiedImageError as ex:
        if _is_svg(file):
            return ImageFacts(SVG)
        raise _not_an_image() from ex
    except OSError as ex:
        if ex.errno is not None:
            raise
        raise _not_an_image() from ex
    # Broken headers make Pillow's readers raise almost anything, and each of them
    # means the same: these bytes are no image.
    except Exception as ex:
        if TOO_MUCH_TEXT in str(ex):
            return _by_beginning(file)
        raise _not_an_image() from ex


def _by_beginning(file: BinaryIO) -> ImageFacts:
    file.seek(0)
    beginning = file.read(16)
    for media_type, expected in _BEGINNINGS.items():
        if expected.match(beginning):
            return ImageFacts(media_type)
    raise _not_an_image()


def _not_an_image() -> NotAnImageError:
    return NotAnImageError(
        'The file is not an image of a known format: send AVIF, BMP, GIF, JPEG, '
        'JPEG 2000, PNG, PNM, SVG, TIFF or WebP.'
    )


def _gif_size(file: BinaryIO) -> tuple[int, int] | None:
    """Read the size of a GIF, as far as its first picture reaches; None of others.

    Pillow's reader would fill all of it already, which takes gigabytes for a file of
    50 bytes that says so.
    """
    if file.read(6) not in _GIF_BEGINNINGS:
        return None
    width, height, flags = struct.unpack('<HHBxx', _read(file, 7))
    if flags & _HAS_COLORS:
        _read(file, 3 << (flags & 7) + 1)
    while kind := _read(file, 1):
        if kind == b',':
            left, top, wide, high = struct.unpack('<HHHH', _read(file, 8))
            return max(width, left + wide), max(height, top + high)
        if kind == b';':
            break
        if kind == b'!':
            _read(file, 1)
            while length := _read(file, 1)[0]:
                _read(file, length)
    raise _not_an_image()


def _read(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise _not_an_image()
    return data


def _has_costly_boxes(file: BinaryIO) -> bool:
    """Find whether this is AVIF or JPEG 2000 whose boxes would take long to read."""
    beginning = file.read(16)
    is_avif = _BEGINNINGS['image/avif'].match(beginning) is not None
    if not is_avif and not _BEGINNINGS['image/jp2'].match(beginning):
        return False
    item_bytes = property_bytes = 0
    for name, size in _boxes(file, 0, file.seek(0, os.SEEK_END)):
        if name in _OF_PROPERTIES:
            property_bytes += size
        elif is_avif and name not in _OF_DATA:
            item_bytes += size
    return item_bytes > _MAX_ITEM_BYTES or property_bytes > _MAX_PROPERTY_BYTES


def _boxes(file: BinaryIO, first: int, end: int) -> Iterator[tuple[bytes, int]]:
    """Yield name and size of boxes (ISO 14496-12, 4.2), and of those that are in some.

    Args:
        first: where the first box begins, in bytes.
        end: where the last one ends at the latest.
    """
    while first + 8 <= end:
        file.seek(first)
        size, name = struct.unpack('>I4s', _read(file, 8))
        inside = 8
        if size == 1:
            (size,), inside = struct.unpack('>Q', _read(file, 8)), 16
        size = min(size or end, end - first)
        if size < inside:
            return
        if name in _INTRODUCTIONS:
            inside += _INTRODUCTIONS[name]
            yield from _boxes(file, first + inside, first + size)
        else:
            yield name, size
        first += size


class _RootFoundError(Exception):
    pass


def _is_svg(file: BinaryIO) -> bool:
    roots: list[str] = []

    def on_start(name: str, attributes: dict[str, str]) -> None:
        roots.append(name)
        raise _RootFoundError

    parser = xml.parsers.expat.ParserCreate(namespace_separator=' ')
    parser.StartElementHandler = on_start
    file.seek(0)
    no_more = (_RootFoundError, xml.parsers.expat.ExpatError, ValueError, LookupError)
    with contextlib.suppress(*no_more):
        parser.Parse(file.read(_SVG_PROLOGUE_BYTES), False)
    return bool(roots) and roots[0] in _SVG_ROOTS
