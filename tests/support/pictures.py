"""Pictures for tests, made with Pillow in the formats that cameras write."""

import functools
import io
import struct
import zlib
from typing import Any

from PIL import Image


@functools.cache
def jpeg(width: int = 64, height: int = 48, color: str = 'red') -> bytes:
    return saved(Image.new('RGB', (width, height), color), 'JPEG')


@functools.cache
def every_format() -> dict[str, tuple[bytes, str]]:
    """For each format: a picture of 40 x 30 pixels, and the type it is to be given."""
    rgb = Image.radial_gradient('L').resize((40, 30)).convert('RGB')
    grey16 = Image.new('I;16', (40, 30), 3000)
    return {
        'jpeg': (saved(rgb, 'JPEG'), 'image/jpeg'),
        'png': (saved(rgb, 'PNG'), 'image/png'),
        'png16': (saved(grey16, 'PNG'), 'image/png'),
        'tiff': (saved(rgb, 'TIFF'), 'image/tiff'),
        'tiff16': (saved(grey16, 'TIFF'), 'image/tiff'),
        'tifffloat': (saved(rgb.convert('F'), 'TIFF'), 'image/tiff'),
        'bmp': (saved(rgb, 'BMP'), 'image/bmp'),
        'webp': (saved(rgb, 'WEBP'), 'image/webp'),
        'avif': (saved(rgb, 'AVIF'), 'image/avif'),
        'gif': (saved(rgb.convert('P'), 'GIF'), 'image/gif'),
        'jp2': (saved(rgb, 'JPEG2000'), 'image/jp2'),
        'pgm': (saved(rgb.convert('L'), 'PPM'), 'image/x-portable-anymap'),
        'mpo': (
            saved(rgb, 'MPO', save_all=True, append_images=[rgb]),
            'image/jpeg',
        ),
    }


@functools.cache
def large() -> bytes:
    """A picture that takes more than 100 MiB to be drawn."""
    return saved(Image.new('L', (10_500, 10_500)), 'PNG', compress_level=1)


def many_scans(width: int, height: int, scans: int) -> bytes:
    """A grey progressive JPEG; each scan is some bytes, and goes through all of it."""
    frame = b'\xff\xc2\0\x0b' + struct.pack('>BHHB', 8, height, width, 1) + b'\1\x11\0'
    # One code of one bit, for the end of 16,384 blocks and more (ITU T.81, G.1.2.2).
    codes = b'\xff\xc4\0\x14\x10\1' + bytes(15) + b'\xe0'
    ends = width * height // 64 // 16384 + 2
    scan = b'\xff\xda\0\x08\1\1\0\1\x3f\0' + bytes(ends * 15 // 8 + 1)
    tables = b'\xff\xdb\0\x43\0' + b'\1' * 64 + codes
    return b'\xff\xd8' + tables + frame + scan * scans + b'\xff\xd9'


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


def png_chunk(name: bytes, data: bytes) -> bytes:
    check = struct.pack('>I', zlib.crc32(name + data))
    return struct.pack('>I', len(data)) + name + data + check


def png_header(width: int, height: int, color_type: int = 2) -> bytes:
    """A PNG that says how large it is, and has next to no pixels."""
    header = struct.pack('>IIBBBBB', width, height, 8, color_type, 0, 0, 0)
    chunks = [(b'IHDR', header), (b'IDAT', zlib.compress(b'\0')), (b'IEND', b'')]
    return b'\x89PNG\r\n\x1a\n' + b''.join(png_chunk(*chunk) for chunk in chunks)


def jpeg_header(width: int, height: int, is_progressive: bool = False) -> bytes:
    """A JPEG that says it is larger than it is."""
    content = saved(Image.new('RGB', (64, 48)), 'JPEG', progressive=is_progressive)
    size = struct.pack('>HH', 48, 64)
    return content.replace(size, struct.pack('>HH', height, width), 1)


def jpeg_in_scans(width: int, height: int) -> bytes:
    """A JPEG of 8 bits whose colors come one after the other, in scans of their own."""
    grey = saved(Image.linear_gradient('L').resize((width, height)), 'JPEG')
    frame, scan = grey.index(b'\xff\xc0'), grey.index(b'\xff\xda')
    size = struct.pack('>BHH', 8, height, width)
    components = b''.join(bytes((number, 0x11, 0)) for number in (1, 2, 3))
    new_frame = b'\xff\xc0\0\x11' + size + b'\3' + components
    scans = (
        b'\xff\xda\0\x08\1' + bytes((number, 0)) + b'\0\x3f\0' + grey[scan + 10 : -2]
        for number in (1, 2, 3)
    )
    content = grey[:frame] + new_frame + grey[frame + 13 : scan]
    return content + b''.join(scans) + b'\xff\xd9'


def tiff_header(width: int, height: int, rows_per_strip: int = 48) -> bytes:
    """A compressed TIFF that says it is larger than it is."""
    image = Image.new('RGB', (64, 48))
    content = saved(image, 'TIFF', compression='tiff_lzw')
    for tag, value in ((256, width), (257, height), (278, rows_per_strip)):
        entry = content.index(struct.pack('<H', tag), 8)
        # Type 4 (LONG), one of them.
        new = struct.pack('<HHII', tag, 4, 1, value)
        content = content[:entry] + new + content[entry + 12 :]
    return content


def webp_header(width: int, height: int) -> bytes:
    """A WebP whose small pictures are on a canvas of this size."""
    frames = [Image.new('RGB', (64, 48), color) for color in ('red', 'blue')]
    content = saved(frames[0], 'WEBP', save_all=True, append_images=frames[1:])
    canvas = (width - 1).to_bytes(3, 'little') + (height - 1).to_bytes(3, 'little')
    return content[:24] + canvas + content[30:]


def saved(image: Image.Image, format_: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()
