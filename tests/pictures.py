"""Pictures for tests, made with Pillow in the formats that cameras write."""

import functools
import io
from typing import Any

from PIL import Image


@functools.cache
def jpeg(width: int = 64, height: int = 48, color: str = 'red') -> bytes:
    return _saved(Image.new('RGB', (width, height), color), 'JPEG')


@functools.cache
def every_format() -> dict[str, tuple[bytes, str]]:
    """For each format: a picture of 40 x 30 pixels, and the type it is to be given."""
    rgb = Image.radial_gradient('L').resize((40, 30)).convert('RGB')
    grey16 = Image.new('I;16', (40, 30), 3000)
    return {
        'jpeg': (_saved(rgb, 'JPEG'), 'image/jpeg'),
        'png': (_saved(rgb, 'PNG'), 'image/png'),
        'png16': (_saved(grey16, 'PNG'), 'image/png'),
        'tiff': (_saved(rgb, 'TIFF'), 'image/tiff'),
        'tiff16': (_saved(grey16, 'TIFF'), 'image/tiff'),
        'tifffloat': (_saved(rgb.convert('F'), 'TIFF'), 'image/tiff'),
        'bmp': (_saved(rgb, 'BMP'), 'image/bmp'),
        'webp': (_saved(rgb, 'WEBP'), 'image/webp'),
        'avif': (_saved(rgb, 'AVIF'), 'image/avif'),
        'gif': (_saved(rgb.convert('P'), 'GIF'), 'image/gif'),
        'jp2': (_saved(rgb, 'JPEG2000'), 'image/jp2'),
        'pgm': (_saved(rgb.convert('L'), 'PPM'), 'image/x-portable-anymap'),
        'mpo': (
            _saved(rgb, 'MPO', save_all=True, append_images=[rgb]),
            'image/jpeg',
        ),
    }


SVG = (
    b'<?xml version="1.0"?><!-- a drawing --><svg xmlns="http://www.w3.org/2000/svg">'
    b'<script>alert(1)</script></svg>'
)


def _saved(image: Image.Image, format_: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()
