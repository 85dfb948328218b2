"""Whether a file is there as far as its format says it goes."""

import io
import struct

import pytest
from PIL import Image

from falcon_images.image_types.ends import is_whole
from falcon_images.image_types.identify import identify
from tests.support.pictures import every_format, png_chunk, saved

GRADIENT = Image.radial_gradient('L').resize((40, 30))
FORMATS = every_format()
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="4"><g></g></svg>\n'
EXTRA = {
    'bigtiff': (saved(GRADIENT, 'TIFF', big_tiff=True), 'image/tiff'),
    'pages': (
        saved(GRADIENT, 'TIFF', save_all=True, append_images=[GRADIENT] * 2),
        'image/tiff',
    ),
    'tiles': (saved(GRADIENT, 'TIFF', compression='tiff_lzw'), 'image/tiff'),
    'progressive': (saved(GRADIENT, 'JPEG', progressive=True), 'image/jpeg'),
    'codes': (saved(GRADIENT, 'JPEG2000', no_jp2=True), 'image/jp2'),
    'pbm': (saved(GRADIENT.convert('1'), 'PPM'), 'image/x-portable-anymap'),
    'ppm16': (b'P6 2 2 65535\n' + bytes(24), 'image/x-portable-anymap'),
    'svg': (SVG, 'image/svg+xml'),
    'lossless': (saved(GRADIENT.convert('RGB'), 'WEBP', lossless=True), 'image/webp'),
}
ALL = FORMATS | EXTRA


def looked_at(content: bytes, media_type: str) -> bool | None:
    return is_whole(io.BytesIO(content), media_type)


@pytest.mark.parametrize('name', ALL)
def test_what_is_whole_is_whole(name: str) -> None:
    content, media_type = ALL[name]
    assert looked_at(content, media_type) is True
    assert identify(io.BytesIO(content)).whole is True


# Of a file of several pictures, it is enough that one ends.
@pytest.mark.parametrize('name', sorted(ALL.keys() - {'mpo'}))
@pytest.mark.parametrize('share', [0.6, 0.9])
def test_what_is_cut_is_not(name: str, share: float) -> None:
    content, media_type = ALL[name]
    cut = content[: int(len(content) * share)]
    assert looked_at(cut, media_type) is False


@pytest.mark.parametrize('name', sorted(ALL.keys() - {'svg', 'mpo', 'pages'}))
def test_the_last_byte_counts(name: str) -> None:
    content, media_type = ALL[name]
    assert looked_at(content[:-1], media_type) is not True


@pytest.mark.parametrize('name', ['jpeg', 'png', 'bmp', 'webp', 'pgm', 'tiff', 'gif'])
@pytest.mark.parametrize('count', [1, 3, 100_000])
def test_zeros_behind_it_do_not_count(name: str, count: int) -> None:
    content, media_type = ALL[name]
    expected = None if name == 'jpeg' and count > 3 else True
    if name == 'gif' and count > 3:
        expected = False
    assert looked_at(content + bytes(count), media_type) is expected


def test_a_film_behind_a_jpeg_says_nothing() -> None:
    content, media_type = ALL['jpeg']
    film = b'\xff\x10moov' * 20_000
    assert looked_at(content + film, media_type) is None
    assert looked_at(content + film[:1000], media_type) is True


def test_the_end_of_a_thumbnail_in_a_jpeg_is_not_its_own() -> None:
    content, media_type = ALL['jpeg']
    small = saved(GRADIENT.resize((8, 8)), 'JPEG')
    segment = b'\xff\xe1' + struct.pack('>H', len(small) + 2) + small
    whole = content[:2] + segment + content[2:]
    assert looked_at(whole, media_type) is True
    for cut in (len(small) + 10, len(whole) - 40):
        assert looked_at(whole[:cut], media_type) is False


def test_a_png_may_have_much_behind_it() -> None:
    content, media_type = ALL['png']
    assert looked_at(content + b'x' * 100_000, media_type) is True
    many = content[:-12] + png_chunk(b'teXt', b'x' * 100_000)
    assert looked_at(many, media_type) is False


@pytest.mark.parametrize(
    ('content', 'media_type'),
    [
        (b'P2 2 2 255\n1 2 3 4\n', 'image/x-portable-anymap'),
        (b'<svg/>', 'image/svg+xml'),
        (SVG.decode().encode('utf-16'), 'image/svg+xml'),
        (b'II*\0' + struct.pack('<I', 8) + bytes(6), 'image/tiff'),
        (b'\0\0\0\0ftypavif' + bytes(100), 'image/avif'),
        (b'x', 'image/unknown'),
    ],
)
def test_what_has_no_end_says_nothing(content: bytes, media_type: str) -> None:
    assert looked_at(content, media_type) is None


@pytest.mark.parametrize('media_type', sorted({kind for _, kind in ALL.values()}))
@pytest.mark.parametrize(
    'content', [b'', b'x', bytes(40), b'\xff' * 5000, b'II+\0' + b'\xff' * 80]
)
def test_no_bytes_make_it_fail(content: bytes, media_type: str) -> None:
    assert looked_at(content, media_type) in (True, False, None)


@pytest.mark.parametrize('name', ALL)
def test_no_cut_makes_it_fail(name: str) -> None:
    content, media_type = ALL[name]
    for length in range(0, len(content), max(len(content) // 300, 1)):
        assert looked_at(content[:length], media_type) in (True, False, None)
