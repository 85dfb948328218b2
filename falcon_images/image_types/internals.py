"""What this service relies on inside Pillow, and does not find in its documentation.

`tests/test_internals.py` asserts each of these by name, and the version.
"""

from types import ModuleType
from typing import Any

from PIL import Image, ImageFile, JpegImagePlugin, PngImagePlugin

PACKAGE = 'Pillow'
VERSION = '13.0.0'

_core: Any = Image.core  # type: ignore[attr-defined]

NAMES: dict[type | ModuleType, tuple[str, ...]] = {
    Image: ('core',),
    _core: ('set_block_size',),
    # The parts of a picture, by which a decoder, and 16 bits for a color, are known.
    ImageFile.ImageFile: ('fp', 'tile'),
    ImageFile._Tile: ('codec_name',),
    # How many components a pixel has.
    JpegImagePlugin: ('layers',),
    PngImagePlugin: ('MAX_TEXT_MEMORY',),
}

_MAX_TEXT_BYTES = 8 * 1024**2
_BLOCK_BYTES = 1024**3


def set_limits() -> None:
    """Set the limits of Pillow as this service needs them, for the whole process."""
    # The limit is for those who decode pixels: the service only reads headers, what
    # draws has a limit of its own, and line-scan cameras do make 200 megapixels.
    Image.MAX_IMAGE_PIXELS = None
    # Texts packed in a PNG are unpacked, a thousandfold, and kept while it is open.
    PngImagePlugin.MAX_TEXT_MEMORY = _MAX_TEXT_BYTES
    # In one piece, large pictures come from the system and go back to it at once; in
    # the smaller ones that Pillow makes by itself, glibc keeps them for the thread.
    _core.set_block_size(_BLOCK_BYTES)
