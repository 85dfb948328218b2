"""Drawing: what the pixels of an image become in its thumbnail."""

import contextlib
import io
from collections.abc import Iterator
from typing import BinaryIO, cast

from PIL import Image, ImageFile, JpegImagePlugin, TiffImagePlugin

from falcon_images.errors import NotAnImageError, TooLargeError
from falcon_images.image_types.bounded_file import BoundedFile
from falcon_images.image_types.identify import FORMATS, identify
from falcon_images.thumbnails.windowing import has_nan, windowed, windowed_color

# What one drawing may take, and from where on it is one of a large image.
_MAX_BYTES = 600 * 1024**2
_LARGE_BYTES = 100 * 1024**2
_QUALITY = 80
_METHOD = 2
# Bright and dark drawings are both seen on it, whatever the page around is.
_GROUND = (128, 128, 128)
_SQUEEZE = 2
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
_OF_INTEGERS = ('I', 'I;16')
# Bytes of a pixel as it is decoded, with the copies that drawing makes of it.
_PIXEL_BYTES = {'1': 2, 'L': 1, 'I;16': 2, 'P': 9, 'PA': 12, 'LA': 8, 'RGBA': 8}
_OTHER_PIXEL_BYTES = 4
# What is taken for each pixel when the header is read, before more is known.
_OPEN_BYTES = {'image/gif': 1, 'image/webp': 8}
# What the decoders of some formats keep of all pixels beside that.
_DECODER_BYTES = {'AVIF': 12, 'JPEG2000': 16, 'WEBP': 12}
_COEFFICIENT_BYTES = 2
# Each takes as long as all of a picture; programs make some ten.
_MAX_SCANS = 300
_SCAN = b'\xff\xda'
_PIECE_BYTES = 1024**2
# Tags of TIFF 6.0.
_ROWS_PER_STRIP = 278
_TILE_WIDTH = 322
_TILE_LENGTH = 323
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
        bounded = cast(BinaryIO, BoundedFile(file))
        with _failures(), Image.open(bounded, formats=FORMATS) as image:
            return self._drawn(image, pixels, longest_side)

    def _check(self, needed: int) -> None:
        if needed > _MAX_BYTES:
            raise TooLargeError('The image needs too much memory to be drawn.')
        if needed > _LARGE_BYTES and not self._allows_large:
            raise LargeImageError

    def _drawn(self, image: Image.Image, pixels: int, longest_side: int) -> bytes:
        # A reader of JPEG can leave out detail, in much less time and memory.
        image.draft(image.mode, (_SQUEEZE * longest_side,) * 2)
        self._check(_needed_bytes(image, pixels))
        if isinstance(image, JpegImagePlugin.JpegImageFile) and _has_many_scans(image):
            raise TooLargeError('The image has too many scans to be drawn.')
        is_deep = _is_deep(image)
        image.load()
        small = _small(image, is_deep, longest_side)
        return _saved(_upright(small, _orientation(image)))


@contextlib.contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except (TooLargeError, LargeImageError):
        raise
    except OSError as ex:
        if ex.errno is not None:
            raise
        raise UndrawableError(is_damaged=_tells_damage(ex)) from ex
    # Readers raise almost anything for what they do not expect.
    except Exception as ex:
        raise UndrawableError(is_damaged=_tells_damage(ex)) from ex


def _tells_damage(ex: Exception) -> bool:
    text = str(ex).lower()
    return isinstance(ex, EOFError) or any(word in text for word in _DAMAGE)


def _needed_bytes(image: Image.Image, pixels: int) -> int:
    """Return the bytes that decoding needs; `pixels` are those before a draft."""
    pixel_bytes = _PIXEL_BYTES.get(image.mode, _OTHER_PIXEL_BYTES)
    decoded = image.width * image.height * pixel_bytes
    return decoded + pixels * _decoder_bytes(image) + _strip_bytes(image)


def _decoder_bytes(image: Image.Image) -> int:
    if isinstance(image, JpegImagePlugin.JpegImageFile) and not _is_one_scan(image):
        # Those that follow refine or complete it, so all coefficients are kept.
        return _COEFFICIENT_BYTES * image.layers
    return _DECODER_BYTES.get(image.format or '', 0)


def _is_one_scan(image: JpegImagePlugin.JpegImageFile) -> bool:
    """Return whether the first scan of a JPEG, the last thing read, is its only one."""
    if 'progressive' in image.info or image.fp is None:
        return False
    # The header of a scan of all components (ITU T.81, B.2.3).
    scan = b'\xff\xda\0' + bytes((6 + 2 * image.layers, image.layers))
    end = image.fp.tell()
    image.fp.seek(max(end - scan[3] - 2, 0))
    found = image.fp.read(len(scan))
    image.fp.seek(end)
    return found == scan


def _has_many_scans(image: JpegImagePlugin.JpegImageFile) -> bool:
    """Find whether a JPEG has more scans than programs make."""
    if image.fp is None or _is_one_scan(image):
        return False
    end, scans, last = image.fp.tell(), 0, b''
    image.fp.seek(0)
    # These two bytes are nowhere in the data of a scan (ITU T.81, B.1.1.5).
    while scans <= _MAX_SCANS and (piece := image.fp.read(_PIECE_BYTES)):
        scans += (last + piece).count(_SCAN)
        last = piece[-1:]
    image.fp.seek(end)
    return scans > _MAX_SCANS


def _strip_bytes(image: Image.Image) -> int:
    """Return how many bytes a reader of TIFF unpacks at once, which may be all."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile) or not image.tile:
        return 0
    if image.tile[0].codec_name != 'libtiff':
        return 0
    rows = image.tag_v2.get(_ROWS_PER_STRIP, image.tag_v2.get(_TILE_LENGTH, 0))
    width = image.tag_v2.get(_TILE_WIDTH, image.width)
    return int(width) * min(int(rows), image.height) * _OTHER_PIXEL_BYTES


def _is_deep(image: Image.Image) -> bool:
    """Return whether colors have 16 bits, of which Pillow keeps the upper 8."""
    return isinstance(image, ImageFile.ImageFile) and ';16' in str(image.tile)


def _small(image: Image.Image, is_deep: bool, longest_side: int) -> Image.Image:
    """Make it small, and then one of 8 bits."""
    size = _fitting(image.size, longest_side)
    if image.mode == 'F':
        return windowed(_small_floats(image, size))
    small = _resized(_resizable(image), size)
    if small.mode in _OF_INTEGERS:
        return windowed(small)
    color = small.convert('RGB')
    if is_deep:
        color = windowed_color(color)
    return _on_ground(color, small) if small.mode in ('LA', 'RGBA') else color


def _fitting(size: tuple[int, int], longest_side: int) -> tuple[int, int]:
    scale = min(longest_side / max(size), 1)
    width, height = (max(round(side * scale), 1) for side in size)
    return width, height


def _resizable(image: Image.Image) -> Image.Image:
    if image.mode.startswith('I'):
        return image if image.mode in _OF_INTEGERS else image.convert('I')
    if image.mode == 'PA' or 'transparency' in image.info:
        return image.convert('RGBA')
    if image.mode in ('1', 'P'):
        return image.convert('L' if image.mode == '1' else 'RGB')
    return image


def _resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    if image.mode == 'I;16':
        # Pillow does not squeeze pixels of 16 bits itself.
        width, height = (side * _SQUEEZE for side in size)
        if width < image.width or height < image.height:
            image = image.resize((width, height), Image.Resampling.BOX)
        return image.resize(size, Image.Resampling.LANCZOS)
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=_SQUEEZE)


def _small_floats(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    small = _resized(image, size)
    if not has_nan(small):
        return small
    # One that is not a number takes all around it along when pixels are mixed.
    return image.resize(size, Image.Resampling.NEAREST)


def _on_ground(color: Image.Image, clear: Image.Image) -> Image.Image:
    ground = Image.new('RGB', color.size, _GROUND)
    ground.paste(color, mask=clear.getchannel('A'))
    return ground


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
