"""Placeholders: pictures for images of which no thumbnail can be drawn."""

import io

from PIL import Image, ImageDraw

_SIZE = (160, 120)
_GROUND = '#8c8c8c'
_LINES = '#d0d0d0'
_DAMAGED_GROUND = '#5e5e5e'
_DAMAGED_LINES = '#e08a7a'
_FRAME = (40, 28, 120, 92)
_MOUNTAINS = ((46, 86), (66, 56), (82, 76), (92, 64), (114, 86))
_SUN = (92, 38, 104, 50)
_CRACK = ((88, 20), (72, 46), (90, 60), (70, 80), (84, 102))
_WIDTH = 4


def unavailable_picture() -> bytes:
    """Draw a picture in a frame: there is one, and it cannot be shown."""
    return _saved(_framed(_GROUND, _LINES))


def damaged_picture() -> bytes:
    """Draw the same with a crack through it."""
    image = _framed(_DAMAGED_GROUND, _DAMAGED_LINES)
    draw = ImageDraw.Draw(image)
    draw.line(_CRACK, _DAMAGED_GROUND, 4 * _WIDTH)
    draw.line(_CRACK, _DAMAGED_LINES, _WIDTH)
    return _saved(image)


def _framed(ground: str, lines: str) -> Image.Image:
    image = Image.new('RGB', _SIZE, ground)
    draw = ImageDraw.Draw(image)
    draw.rectangle(_FRAME, outline=lines, width=_WIDTH)
    draw.polygon(_MOUNTAINS, lines)
    draw.ellipse(_SUN, lines)
    return image


def _saved(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, 'WEBP', lossless=True)
    return file.getvalue()
