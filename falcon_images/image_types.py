"""What an image is, found from its bytes and never believed from its sender."""

import contextlib
import re
import struct
import xml.parsers.expat
from dataclasses import dataclass
from typing import BinaryIO, cast

from PIL import Image, UnidentifiedImageError

from falcon_images.errors import NotAnImageError

# The limit is for those who decode pixels. Here only headers are read, and line-scan
# cameras do make images of 200 megapixels.
Image.MAX_IMAGE_PIXELS = None

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
# Pillow reads some formats whole, and of others a header of any size: beyond this,
# only the type is told, by how the file begins.
_MAX_HEADER_BYTES = 32 * 1024**2
_BEGINNINGS = {
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
    file.seek(0)
    try:
        header = cast(BinaryIO, _Header(file))
        if size := _gif_size(header):
            return ImageFacts(_TYPES['GIF'], *size)
        header.seek(0)
        with Image.open(header, formats=FORMATS) as image:
            return ImageFacts(_TYPES_FOUND[image.format or ''], *image.size)
    except _HeaderTooLargeError as ex:
        file.seek(0)
        beginning = file.read(16)
        for media_type, expected in _BEGINNINGS.items():
            if expected.match(beginning):
                return ImageFacts(media_type)
        raise _not_an_image() from ex
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
        raise _not_an_image() from ex


def _not_an_image() -> NotAnImageError:
    return NotAnImageError(
        'The file is not an image of a known format: send AVIF, BMP, GIF, JPEG, '
        'JPEG 2000, PNG, PNM, SVG, TIFF or WebP.'
    )


class _HeaderTooLargeError(Exception):
    pass


class _Header:
    """A file of which only so much may be read."""

    def __init__(self, file: BinaryIO) -> None:
        self._left = _MAX_HEADER_BYTES
        self._file = file
        self.seek = file.seek
        self.tell = file.tell

    def read(self, size: int = -1) -> bytes:
        most = self._left + 1
        data = self._file.read(most if size < 0 else min(size, most))
        self._left -= len(data)
        if self._left < 0:
            raise _HeaderTooLargeError
        return data


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
