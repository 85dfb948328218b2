"""Pixels: a picture made small, and then one of 8 bits and the colors of sRGB."""

from PIL import Image

from falcon_images.thumbnails.color_profiles import in_srgb
from falcon_images.thumbnails.windowing import has_nan, windowed

# Bright and dark drawings are both seen on it, whatever the page around is.
_GROUND = (128, 128, 128)
SQUEEZE = 2
_OF_INTEGERS = ('I', 'I;16')
_WITH_ALPHA = {'LA': 'L', 'RGBA': 'RGB'}


def resized(image: Image.Image, longest_side: int) -> Image.Image:
    """Return a picture made small, never enlarged."""
    size = fitting(image.size, longest_side)
    if image.mode == 'F':
        return _small_floats(image, size)
    return _resized(_resizable(image), size)


def of_8_bits(
    small: Image.Image, profile: bytes | None, is_negative: bool
) -> Image.Image:
    """Return numbers in the window that they use, and colors in sRGB, on their ground.

    Args:
        profile: that of the colors (ICC).
        is_negative: the largest numbers are black.
    """
    if small.mode == 'F' or small.mode in _OF_INTEGERS:
        return windowed(small, is_negative)
    return on_ground(in_srgb(opaque(small), profile), small)


def opaque(small: Image.Image) -> Image.Image:
    """Return the colors of a picture without what is clear."""
    mode = _WITH_ALPHA.get(small.mode)
    return small.convert(mode) if mode else small


def on_ground(color: Image.Image, clear: Image.Image) -> Image.Image:
    """Return colors on a ground, which is seen where a picture is clear."""
    if clear.mode not in _WITH_ALPHA:
        return color
    ground = Image.new('RGB', color.size, _GROUND)
    ground.paste(color, mask=clear.getchannel('A'))
    return ground


def fitting(size: tuple[int, int], longest_side: int) -> tuple[int, int]:
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
        width, height = (side * SQUEEZE for side in size)
        if width < image.width or height < image.height:
            image = image.resize((width, height), Image.Resampling.BOX)
        return image.resize(size, Image.Resampling.LANCZOS)
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=SQUEEZE)


def _small_floats(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    small = _resized(image, size)
    if not has_nan(small):
        return small
    # One that is not a number takes all around it along when pixels are mixed.
    return image.resize(size, Image.Resampling.NEAREST)
