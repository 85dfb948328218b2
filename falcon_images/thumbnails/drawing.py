"""Drawing: what the pixels of an image become in its thumbnail."""

import contextlib
import io
from collections.abc import Iterator
from typing import BinaryIO, cast

from PIL import Image, JpegImagePlugin

from falcon_images.errors import NotAnImageError, TooLargeError
from falcon_images.image_types.bounded_file import BoundedFile
from falcon_images.image_types.boxes import jp2_bits
from falcon_images.image_types.headers import is_usual_jpeg
from falcon_images.image_types.identify import FORMATS, ImageFacts, identify
from falcon_images.image_types.reading import NotThisFormatError
from falcon_images.image_types.tiff import TiffLayout, read_tiff
from falcon_images.thumbnails import deep, tiff_modes
from falcon_images.thumbnails.color_profiles import in_srgb
from falcon_images.thumbnails.needs import has_many_scans, needed_bytes
from falcon_images.thumbnails.pixels import (
    SQUEEZE,
    of_8_bits,
    on_ground,
    opaque,
    resized,
)
from falcon_images.thumbnails.windowing import (
    levels,
    windowed_channels,
    windowed_color,
)

# What one drawing may take, and from where on it is one of a large image.
_MAX_BYTES = 600 * 1024**2
_LARGE_BYTES = 100 * 1024**2
_QUALITY = 80
_METHOD = 2
# With fewer steps of brightness than these, the lower bits of colors are read too.
_FEW_LEVELS = 64
_BITS_OF_A_BYTE = 8
_OF_COLORS = ('RGB', 'RGBA', 'LA', 'CMYK')
# What a PNG of fewer bits counts as clear is not scaled as its pixels are.
_SCALES = {'L;2': 85, 'L;4': 17}
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# What is taken for each pixel when the header is read, before more is known.
_OPEN_BYTES = {'image/gif': 1, 'image/webp': 8}
_DAMAGE = (
    *('truncated', 'broken data', 'unrecognized data', 'decoding error'),
    'decoder error -2',
)


class UndrawableError(Exception):
    """Nothing here can draw this image; `is_damaged` tells that its data ends early."""

    def __init__(self, is_damaged: bool = False) -> None:
        super().__init__()
        self.is_damaged = is_damaged


class LargeImageError(Exception):
    """To draw this image takes much memory, and that is not allowed."""


class Drawing:
    """Draws thumbnails.

    Args:
        allows_large: what takes more than 100 MiB of memory is drawn.
    """

    def __init__(self, max_pixels: int, allows_large: bool = True) -> None:
        self._max_pixels = max_pixels
        self._allows_large = allows_large

    def draw(self, file: BinaryIO, longest_side: int) -> bytes:
        """Make a WebP of the first picture in a file, turned upright, never enlarged.

        Args:
            longest_side: in pixels.

        Raises:
            LargeImageError: it takes much memory, which is not allowed.
            OSError: the file could not be read; it has an error number.
            TooLargeError: it has more pixels, or needs more memory, than is allowed.
            UndrawableError: it is of a kind that is not known, or damaged.
        """
        try:
            facts = identify(file)
        except NotAnImageError as ex:
            raise UndrawableError from ex
        if facts.width is None or facts.height is None:
            raise UndrawableError
        pixels = facts.width * facts.height
        if pixels > self._max_pixels:
            raise TooLargeError('The image has too many pixels to be drawn.')
        self._check(pixels * _OPEN_BYTES.get(facts.type, 0))
        picture = _Picture(cast(BinaryIO, BoundedFile(file)), facts)
        with _failures(picture), picture.opened() as image:
            return self._drawn(picture, image, longest_side)

    def _check(self, needed: int) -> None:
        if needed > _MAX_BYTES:
            raise TooLargeError('The image needs too much memory to be drawn.')
        if needed > _LARGE_BYTES and not self._allows_large:
            raise LargeImageError

    def _drawn(
        self, picture: '_Picture', image: Image.Image, longest_side: int
    ) -> bytes:
        # A reader of JPEG can leave out detail, in much less time and memory.
        image.draft(image.mode, (SQUEEZE * longest_side,) * 2)
        self._check(needed_bytes(image, picture.pixels))
        if isinstance(image, JpegImagePlugin.JpegImageFile) and has_many_scans(image):
            raise TooLargeError('The image has too many scans to be drawn.')
        is_deep = picture.is_deep(image)
        picture.prepare(image)
        image.load()
        small = resized(picture.with_signs(image), longest_side)
        if is_deep and small.mode in _OF_COLORS:
            shown = self._shown_deep(picture, image, small)
        else:
            shown = of_8_bits(small, _profile(image), picture.is_negative(image))
        return _saved(_upright(shown, _orientation(image)))

    def _shown_deep(
        self, picture: '_Picture', image: Image.Image, small: Image.Image
    ) -> Image.Image:
        """Return colors of 16 bits in the window that they use."""
        color = opaque(small).convert('RGB')
        if levels(color) >= _FEW_LEVELS:
            shown = windowed_color(color)
        else:
            shown = self._finer(picture, image, max(small.size)) or color
        return on_ground(in_srgb(shown, _profile(image)), small)

    def _finer(
        self, picture: '_Picture', image: Image.Image, longest_side: int
    ) -> Image.Image | None:
        """Return colors with their lower bits; None if all are the same."""
        self._check(image.width * image.height * deep.PIXEL_BYTES)
        with picture.opened() as again:
            lower = deep.lower_half(again)
            # Of planes, Pillow reads the upper half whichever is asked for.
            if lower is None or picture.is_planar:
                raise UndrawableError
            channels = deep.joined(image, lower)
        return windowed_channels([resized(one, longest_side) for one in channels])


class _Picture:
    """The picture of a file, and what its header says beside what Pillow reads."""

    def __init__(self, file: BinaryIO, facts: ImageFacts) -> None:
        self._file = file
        self._type = facts.type
        self.pixels = (facts.width or 0) * (facts.height or 0)
        self._layout = self._tiff_layout()

    def opened(self) -> Image.Image:
        return Image.open(self._file, formats=FORMATS)

    def _tiff_layout(self) -> TiffLayout | None:
        if self._type != 'image/tiff':
            return None
        self._file.seek(0)
        with contextlib.suppress(NotThisFormatError):
            return read_tiff(self._file)
        return None

    def prepare(self, image: Image.Image) -> None:
        """Let pixels be read as they are meant; raise `UndrawableError`."""
        deep.read_as_bytes(image)
        tiff_modes.put_in_order(image)
        if self._layout and not tiff_modes.can_be_read(self._layout, image):
            raise UndrawableError
        clear = image.info.get('transparency')
        if isinstance(clear, int):
            image.info['transparency'] = clear * _SCALES.get(_raw_mode(image), 1)

    def is_deep(self, image: Image.Image) -> bool:
        """Return whether colors have more than the 8 bits that Pillow keeps."""
        if deep.is_deep(image) or deep.has_large_values(image):
            if 'transparency' in image.info and image.mode == 'RGB':
                # It is one color of 16 bits, and cannot be found among those of 8.
                raise UndrawableError
            return True
        if self._type != 'image/jp2':
            return False
        self._file.seek(0)
        return jp2_bits(self._file) > _BITS_OF_A_BYTE

    @property
    def is_planar(self) -> bool:
        return self._layout is not None and self._layout.is_planar

    def with_signs(self, image: Image.Image) -> Image.Image:
        return tiff_modes.with_signs(self._layout, image) if self._layout else image

    def is_negative(self, image: Image.Image) -> bool:
        """Return whether the largest numbers are black."""
        if self._layout is None:
            return False
        return tiff_modes.is_negative(self._layout, image)

    def is_usual(self) -> bool:
        """Return whether readers know such files, so that it must be damaged."""
        self._file.seek(0)
        return self._type != 'image/jpeg' or is_usual_jpeg(self._file)


@contextlib.contextmanager
def _failures(picture: _Picture) -> Iterator[None]:
    try:
        yield
    except (TooLargeError, LargeImageError, UndrawableError):
        raise
    except OSError as ex:
        if ex.errno is not None:
            raise
        raise UndrawableError(_tells_damage(ex) and picture.is_usual()) from ex
    # Readers raise almost anything for what they do not expect.
    except Exception as ex:
        raise UndrawableError(_tells_damage(ex) and picture.is_usual()) from ex


def _tells_damage(ex: Exception) -> bool:
    text = str(ex).lower()
    return isinstance(ex, EOFError) or any(word in text for word in _DAMAGE)


def _raw_mode(image: Image.Image) -> str:
    tiles = getattr(image, 'tile', None)
    args = tiles[0].args if tiles else ''
    return str(args[0] if isinstance(args, tuple) and args else args)


def _profile(image: Image.Image) -> bytes | None:
    profile = image.info.get('icc_profile')
    return profile if isinstance(profile, bytes) else None


def _orientation(image: Image.Image) -> int:
    # What a camera noted badly keeps no picture from being shown.
    with contextlib.suppress(Exception):
        return int(image.getexif()[_ORIENTATION])
    return 1


def _upright(small: Image.Image, orientation: int) -> Image.Image:
    turn = _TURNS.get(orientation)
    return small if turn is None else small.transpose(turn)


def _saved(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, 'WEBP', quality=_QUALITY, method=_METHOD)
    return file.getvalue()
