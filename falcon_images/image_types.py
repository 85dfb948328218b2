"""What an image is, found from its bytes and never believed from its sender."""

import contextlib
import xml.parsers.expat
from dataclasses import dataclass
from typing import BinaryIO

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
# The reader of JPEG calls a file of several pictures by another name.
_TYPES_FOUND = _TYPES | {'MPO': 'image/jpeg'}
_SVG_ROOTS = ('http://www.w3.org/2000/svg svg', 'svg')
_SVG_PROLOGUE_BYTES = 65536


@dataclass(frozen=True)
class ImageFacts:
    """The media type of an image, and its width and height in pixels if known."""

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
        with Image.open(file, formats=tuple(_TYPES)) as image:
            return ImageFacts(_TYPES_FOUND[image.format or ''], *image.size)
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
