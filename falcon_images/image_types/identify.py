"""What an image is, found from its bytes and never believed from its sender."""

import contextlib
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import BinaryIO, cast

# Those that are here Pillow does not look for: it would import all that it has.
from PIL import (
    AvifImagePlugin,  # noqa: F401
    Image,
    Jpeg2KImagePlugin,  # noqa: F401
    PngImagePlugin,  # noqa: F401
    TiffImagePlugin,  # noqa: F401
    WebPImagePlugin,  # noqa: F401
)

from falcon_images.errors import NotAnImageError
from falcon_images.image_types.bounded_file import BoundedFile, TooMuchReadError
from falcon_images.image_types.boxes import avif_size, has_costly_boxes, jp2_size
from falcon_images.image_types.ends import is_whole
from falcon_images.image_types.gif import gif_size
from falcon_images.image_types.headers import (
    bmp_size,
    jpeg_size,
    png_size,
    pnm_size,
    webp_size,
)
from falcon_images.image_types.reading import NotThisFormatError
from falcon_images.image_types.svg import is_svg
from falcon_images.image_types.tiff import tiff_size

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
# What reads the fixed fields of a format where Pillow cannot open the file.
_SIZES: dict[str, Callable[[BinaryIO], tuple[int, int] | None]] = {
    'image/avif': avif_size,
    'image/bmp': bmp_size,
    'image/jp2': jp2_size,
    'image/jpeg': jpeg_size,
    'image/png': png_size,
    'image/tiff': tiff_size,
    'image/webp': webp_size,
    'image/x-portable-anymap': pnm_size,
}


@dataclass(frozen=True)
class ImageFacts:
    """The media type of an image, and its size in pixels where it was found.

    `whole` is whether its file ends as the format says; None if that says nothing.
    """

    type: str
    width: int | None = None
    height: int | None = None
    whole: bool | None = None


def identify(file: BinaryIO) -> ImageFacts:
    """Find out what image a file holds; pixels are not decoded.

    A file is an image if its signature, and the fixed fields behind it, are those of a
    format, whether or not anything here can draw it.

    Raises:
        NotAnImageError: it is none of the known formats.
        OSError: the file could not be read.
    """
    try:
        facts = _by_pillow(_bounded(file)) or _by_fixed_fields(file)
    except TooMuchReadError:
        facts = _by_beginning(file)
    return replace(facts, whole=is_whole(file, facts.type))


def is_image(file: BinaryIO) -> bool:
    """Return whether a file is one of the known formats."""
    try:
        identify(file)
    except NotAnImageError:
        return False
    return True


def _bounded(file: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, BoundedFile(file, _MAX_HEADER_BYTES, _MAX_READS))


def _by_pillow(header: BinaryIO) -> ImageFacts | None:
    """Return what Pillow finds; None if it cannot open the file."""
    try:
        if size := gif_size(header):
            return ImageFacts(_TYPES['GIF'], *size)
        if _has_costly_boxes(header):
            raise TooMuchReadError
        header.seek(0)
        with Image.open(header, formats=FORMATS) as image:
            facts = ImageFacts(_TYPES_FOUND[image.format or ''], *image.size)
        return _as_stored(header, facts)
    except TooMuchReadError:
        raise
    except OSError as ex:
        if ex.errno is not None:
            raise
        return None
    # Broken headers make Pillow's readers raise almost anything, and each of them
    # means the same: it cannot open this.
    except Exception:
        return None


def _as_stored(header: BinaryIO, facts: ImageFacts) -> ImageFacts:
    """Return facts with the size as it is stored: Pillow turns that of a TIFF."""
    if facts.type == _TYPES['TIFF']:
        header.seek(0)
        with contextlib.suppress(NotThisFormatError):
            return ImageFacts(facts.type, *tiff_size(header))
    return facts


def _by_fixed_fields(file: BinaryIO) -> ImageFacts:
    for media_type, read_size in _SIZES.items():
        header = _bounded(file)
        with contextlib.suppress(NotThisFormatError, ValueError, struct.error):
            width, height = read_size(header) or (None, None)
            return ImageFacts(media_type, width, height)
    if is_svg(file):
        return ImageFacts(SVG)
    raise _not_an_image()


def _by_beginning(file: BinaryIO) -> ImageFacts:
    file.seek(0)
    beginning = file.read(16)
    for media_type, expected in _BEGINNINGS.items():
        if expected.match(beginning):
            return ImageFacts(media_type)
    raise _not_an_image()


def _has_costly_boxes(header: BinaryIO) -> bool:
    header.seek(0)
    beginning = header.read(16)
    is_avif = _BEGINNINGS['image/avif'].match(beginning) is not None
    if not is_avif and not _BEGINNINGS['image/jp2'].match(beginning):
        return False
    return has_costly_boxes(header, is_avif)


def _not_an_image() -> NotAnImageError:
    return NotAnImageError(
        'The file is not an image of a known format: send AVIF, BMP, GIF, JPEG, '
        'JPEG 2000, PNG, PNM, SVG, TIFF or WebP.'
    )
