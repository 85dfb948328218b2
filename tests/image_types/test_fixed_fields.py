"""What is whole is an image, whether or not a reader here can open it."""

import io
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from falcon_images.errors import NotAnImageError
from falcon_images.image_types.identify import ImageFacts, identify
from tests.support import pictures
from tests.support.costly_headers import box
from tests.support.facts import type_and_size
from tests.support.odd_pictures import png, tiff
from tests.support.pictures import png_chunk, saved

SIZE = (4, 3)
GREY = [b'\x80' * 4] * 3
RGB = Image.new('RGB', SIZE, 'red')


def broken(chunk: bytes) -> bytes:
    return chunk[:-1] + bytes([chunk[-1] ^ 1])


def packed_text(name: bytes, size: int) -> bytes:
    keyword = b'Comment\0' + (b'\0' if name == b'zTXt' else b'\1\0\0\0')
    return png_chunk(name, keyword + zlib.compress(b'x' * size))


def bmp(header: bytes, rest: bytes = bytes(64)) -> bytes:
    at = 14 + len(header)
    return b'BM' + struct.pack('<IHHI', at + len(rest), 0, 0, at) + header + rest


def bmp_header(
    size: int, *, height: int = 3, bits: int = 24, packing: int = 0
) -> bytes:
    begin = struct.pack('<IiiHHI', size, 4, height, 1, bits, packing)
    return begin.ljust(size, b'\0')[:size]


def jpeg(frame: int, precision: int = 8, height: int = 3) -> bytes:
    content = saved(RGB.convert('L'), 'JPEG')
    at = content.index(b'\xff\xc0')
    fields = struct.pack('>HBHH', 11, precision, height, 4)
    return content[:at] + bytes((0xFF, frame)) + fields + content[at + 9 :]


def webp_of(kind: bytes, data: bytes) -> bytes:
    chunk = kind + struct.pack('<I', len(data)) + data
    return b'RIFF' + struct.pack('<I', 4 + len(chunk)) + b'WEBP' + chunk


def jp2(components: int) -> bytes:
    content = saved(RGB, 'JPEG2000', no_jp2=True)
    return content[:40] + struct.pack('>H', components) + content[42:]


def big_tiff(order: str, bits: int) -> Callable[[], bytes]:
    planes = [bytes(12 * bits // 8)]
    return lambda: tiff(SIZE, planes, bits=bits, order=order, is_big=True)


def png_with_long_text(name: str) -> Callable[[], bytes]:
    return lambda: png(SIZE, GREY, extra=packed_text(name.encode(), 2 * 1024**2))


def png_with_bad_sum(name: str) -> Callable[[], bytes]:
    return lambda: png(SIZE, GREY, extra=broken(png_chunk(name.encode(), bytes(9))))


WHOLE: dict[str, tuple[str, Callable[[], bytes]]] = {
    'tiff of doubles': (
        'image/tiff',
        lambda: tiff(SIZE, [bytes(96)], bits=64, sample_format=3),
    ),
    'tiff of doubles, big endian': (
        'image/tiff',
        lambda: tiff(SIZE, [bytes(96)], bits=64, sample_format=3, order='>'),
    ),
    'tiff of complex numbers': (
        'image/tiff',
        lambda: tiff(SIZE, [bytes(96)], bits=64, sample_format=6),
    ),
    'tiff of halves': (
        'image/tiff',
        lambda: tiff(SIZE, [bytes(24)], bits=16, sample_format=3),
    ),
    'tiff of 5 bands': ('image/tiff', lambda: tiff(SIZE, [bytes(60)], samples=5)),
    'tiff of 200 bands': (
        'image/tiff',
        lambda: tiff(SIZE, [bytes(12)] * 200, samples=200),
    ),
    'tiff of 3 floats': (
        'image/tiff',
        lambda: tiff(
            SIZE, [bytes(144)], bits=32, samples=3, photometric=2, sample_format=3
        ),
    ),
    'tiff of 10 bits': ('image/tiff', lambda: tiff(SIZE, [bytes(15)], bits=10)),
    'tiff of an unknown packing': (
        'image/tiff',
        lambda: tiff(SIZE, [bytes(12)], more={259: (3, [34_999])}),
    ),
    'tiff of a color filter': (
        'image/tiff',
        lambda: tiff(SIZE, [bytes(24)], bits=16, photometric=32_803),
    ),
    **{
        f'bigtiff {order}{bits}': ('image/tiff', big_tiff(order, bits))
        for order in '<>'
        for bits in (8, 16, 64)
    },
    **{
        f'png with a long {name}': ('image/png', png_with_long_text(name))
        for name in ('zTXt', 'iTXt')
    },
    **{
        f'png with a bad {name}': ('image/png', png_with_bad_sum(name))
        for name in ('tEXt', 'pHYs', 'tIME', 'iCCP', 'eXIf', 'gAMA')
    },
    'png with a short pHYs': (
        'image/png',
        lambda: png(SIZE, GREY, extra=png_chunk(b'pHYs', b'\0')),
    ),
    'bmp of OS/2, 16': ('image/bmp', lambda: bmp(bmp_header(16))),
    'bmp of OS/2, packed': ('image/bmp', lambda: bmp(bmp_header(64, packing=4))),
    'bmp of 2 bits': ('image/bmp', lambda: bmp(bmp_header(40, bits=2))),
    'bmp of a jpeg': ('image/bmp', lambda: bmp(bmp_header(40, bits=0, packing=4))),
    'bmp of a png': ('image/bmp', lambda: bmp(bmp_header(124, bits=0, packing=5))),
    'bmp from the top': ('image/bmp', lambda: bmp(bmp_header(40, height=-3, bits=2))),
    'bmp of odd masks': (
        'image/bmp',
        lambda: bmp(
            bmp_header(40, bits=32, packing=3), struct.pack('<III', 1, 2, 4) * 9
        ),
    ),
    'jpeg of 12 bits': ('image/jpeg', lambda: jpeg(0xC1, precision=12)),
    'jpeg without loss': ('image/jpeg', lambda: jpeg(0xC3)),
    'jpeg of 16 bits': ('image/jpeg', lambda: jpeg(0xC3, precision=16)),
    'jpeg, hierarchical': ('image/jpeg', lambda: jpeg(0xC5)),
    'webp without frames': (
        'image/webp',
        lambda: webp_of(b'VP8X', b'\2\0\0\0\3\0\0\2\0\0'),
    ),
    'webp of broken data': (
        'image/webp',
        lambda: webp_of(b'VP8L', b'\x2f' + struct.pack('<I', 3 | 2 << 14) + bytes(9)),
    ),
    'jp2 of 9 bands': ('image/jp2', lambda: jp2(9)),
    'avif without a codec': (
        'image/avif',
        lambda: saved(RGB, 'AVIF').replace(b'av01', b'av09').replace(b'av1C', b'av9C'),
    ),
    'pnm with comments': (
        'image/x-portable-anymap',
        lambda: b'P5#a\n 4 # b\n3\n#c\n65535\n' + bytes(24),
    ),
}


@pytest.mark.parametrize('name', WHOLE)
def test_what_is_whole_is_an_image(name: str) -> None:
    media_type, make = WHOLE[name]
    assert type_and_size(io.BytesIO(make())) == ImageFacts(media_type, *SIZE)


def test_a_jpeg_whose_end_tells_its_height_has_no_size() -> None:
    found = type_and_size(io.BytesIO(jpeg(0xC3, height=0)))
    assert found == ImageFacts('image/jpeg')


@pytest.mark.parametrize(
    'content',
    [
        tiff(SIZE, [bytes(12)])[:40],
        tiff(SIZE, [bytes(12)], is_big=True)[:12],
        tiff(SIZE, [bytes(12)], more={256: (4, [0])}),
        b'II*\0\x08\0\0\0\0\0' + bytes(40),
        b'II+\0\x04\0\0\0' + bytes(40),
        png(SIZE, GREY, depth=3),
        png(SIZE, GREY, color=5),
        png((0, 3), GREY),
        png(SIZE, GREY)[:33],
        bmp(bmp_header(41)),
        bmp(bmp_header(40, bits=5)),
        b'BM' + b'x' * 60,
        b'BMW is no picture, and this is a text of some length about cars.',
        jpeg(0xC3)[:30],
        b'\xff\xd8\xff\xd9',
        webp_of(b'VP8 ', bytes(20)),
        webp_of(b'abcd', bytes(20)),
        webp_of(b'VP8X', b'\2\0\0\0\3\0\0\2\0\0')[:-4],
        b'\0\0\0\x14ftypavif\0\0\0\0mif1' + box(b'mdat', b'x'),
        b'\0\0\0\x14ftypheic\0\0\0\0mif1' + box(b'mdat', b'x'),
        b'\0\0\0\x0cjP  \r\n\x87\n' + box(b'jp2c', b'x' * 40),
        b'P5 4 3 65536\n' + bytes(24),
        b'P5 4 3 0\n' + bytes(24),
        b'P5 0 3 255\n' + bytes(24),
        b'P9 4 3 255\n' + bytes(24),
    ],
)
def test_what_lacks_its_fixed_fields_is_no_image(content: bytes) -> None:
    with pytest.raises(NotAnImageError):
        identify(io.BytesIO(content))


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('format_', ['JPEG', 'PNG', 'TIFF', 'WEBP', 'AVIF'])
def test_the_size_is_that_of_the_array_before_it_is_turned(
    format_: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {'tiffinfo': {274: orientation}} if format_ == 'TIFF' else {'exif': exif}
    content = saved(Image.new('RGB', (40, 30)), format_, **options)
    assert type_and_size(io.BytesIO(content)) == ImageFacts(
        pictures.every_format()[format_.lower()][1], 40, 30
    )
