"""Pictures for tests, made with Pillow in the formats that cameras write."""

import functools
import io
import struct
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


def gif_header(width: int, height: int, disposal: int, left: int = 0) -> bytes:
    """A GIF of 50 bytes: all that comes before its first picture, and its first 2."""
    screen = struct.pack('<HHBBB', width, height, 0x80, 0, 0) + b'\0\0\0\xff\xff\xff'
    control = b'!\xf9\x04' + bytes([disposal << 2]) + b'\0\0\0\0'
    picture = b',' + struct.pack('<HHHHB', left, 0, width, height, 0)
    return b'GIF89a' + screen + control + picture + b'\x02'


SVG = (
    b'<?xml version="1.0"?><!-- a drawing --><svg xmlns="http://www.w3.org/2000/svg">'
    b'<script>alert(1)</script></svg>'
)


def _saved(image: Image.Image, format_: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()
