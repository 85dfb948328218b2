"""What the pixels of an image become in its thumbnail."""

import contextlib
import io
import math
import struct
import subprocess
import sys
import zlib
from array import array
from pathlib import Path
from typing import Any, ClassVar

import pytest
from PIL import Image, ImageDraw

from falcon_images.errors import TooLargeError
from falcon_images.thumbnails.drawing import Drawing, LargeImageError, UndrawableError
from tests.support import pictures
from tests.support.mutations import Requests
from tests.support.pictures import saved

MAX_PIXELS = 250_000_000
RAMP = Image.linear_gradient('L').resize((300, 200))
SCENE = Image.merge(
    'RGB', [RAMP, RAMP.transpose(Image.Transpose.FLIP_TOP_BOTTOM), RAMP]
)


def draw(content: bytes, side: int = 160, max_pixels: int = MAX_PIXELS) -> Image.Image:
    thumbnail = Drawing(max_pixels).draw(io.BytesIO(content), side)
    assert thumbnail[:4] + thumbnail[8:12] == b'RIFFWEBP'
    image = Image.open(io.BytesIO(thumbnail), formats=('WEBP',))
    image.load()
    return image


def extrema(image: Image.Image) -> tuple[int, int]:
    low, high = image.convert('L').getextrema()
    assert isinstance(low, int)
    assert isinstance(high, int)
    return low, high


def color(image: Image.Image, x: float, y: float) -> tuple[int, ...]:
    """The color at a place, as a part of width and height."""
    at = int(x * (image.width - 1)), int(y * (image.height - 1))
    found = image.convert('RGB').getpixel(at)
    assert isinstance(found, tuple)
    return found


def is_close(found: tuple[int, ...], expected: tuple[int, ...]) -> bool:
    return all(abs(a - b) <= 24 for a, b in zip(found, expected, strict=True))


def grey(value: float) -> tuple[int, ...]:
    return (round(value),) * 3


class TestSize:
    @pytest.mark.parametrize('name', pictures.every_format())
    def test_each_format_is_drawn_and_none_enlarged(self, name: str) -> None:
        assert draw(pictures.every_format()[name][0]).size == (40, 30)

    @pytest.mark.parametrize(
        ('size', 'side', 'expected'),
        [
            ((640, 480), 160, (160, 120)),
            ((480, 640), 320, (240, 320)),
            ((1500, 1000), 1024, (1024, 683)),
            ((2000, 3), 160, (160, 1)),
            ((1, 5000), 160, (1, 160)),
            ((1, 1), 1024, (1, 1)),
            ((161, 160), 160, (160, 159)),
        ],
    )
    def test_the_longest_side_is_the_one_asked_for(
        self, size: tuple[int, int], side: int, expected: tuple[int, int]
    ) -> None:
        for format_ in ('PNG', 'JPEG'):
            assert draw(saved(SCENE.resize(size), format_), side).size == expected


class TestOrientation:
    """The tag Orientation of EXIF 2.3: what the camera did is undone."""

    # What makes an upright picture the one that is stored.
    STORED: ClassVar = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }

    @pytest.mark.parametrize('format_', ['JPEG', 'PNG', 'TIFF', 'WEBP', 'AVIF'])
    @pytest.mark.parametrize('orientation', STORED)
    def test_a_picture_is_turned_upright(self, orientation: int, format_: str) -> None:
        upright = Image.new('RGB', (300, 200), 'white')
        upright.paste('red', (0, 0, 150, 100))
        upright.paste('blue', (150, 100, 300, 200))
        turn = self.STORED[orientation]
        stored = upright if turn is None else upright.transpose(turn)
        exif = Image.Exif()
        exif[0x0112] = orientation
        thumbnail = draw(saved(stored, format_, exif=exif))
        assert thumbnail.size == (160, 107)
        corners = [color(thumbnail, x, y) for y in (0.2, 0.8) for x in (0.2, 0.8)]
        white = (255, 255, 255)
        expected = [(255, 0, 0), white, white, (0, 0, 255)]
        assert all(map(is_close, corners, expected)), corners

    @pytest.mark.parametrize('exif', [b'Exif\0\0', b'Exif\0\0nonsense', b'\xff' * 60])
    def test_an_exif_that_makes_no_sense_is_left(self, exif: bytes) -> None:
        assert draw(saved(SCENE, 'JPEG', exif=exif)).size == (160, 107)

    def test_nothing_of_exif_is_in_the_thumbnail(self) -> None:
        exif = Image.Exif()
        exif[0x010F] = 'A camera'
        exif[0x0112] = 6
        thumbnail = draw(saved(SCENE, 'JPEG', exif=exif))
        assert dict(thumbnail.getexif()) == {}


def floats(function: Any, size: tuple[int, int] = (300, 200)) -> bytes:
    """A TIFF of floats, each made from its number in the order of rows."""
    values = array('f', (function(i) for i in range(size[0] * size[1])))
    return saved(Image.frombytes('F', size, values.tobytes()), 'TIFF')


def integers(mode: str, format_: str, low: int, step: int) -> bytes:
    picture = RAMP.convert('I').point(lambda value: value * step + low)
    return saved(picture.convert(mode), format_)


def png16(channel_values: list[int], color_type: int, size: tuple[int, int]) -> bytes:
    """A PNG of 16 bits and several channels, which Pillow reads and does not write."""
    row_length = len(channel_values) // size[1]
    rows = (
        b'\0' + struct.pack(f'>{row_length}H', *channel_values[i : i + row_length])
        for i in range(0, len(channel_values), row_length)
    )
    header = struct.pack('>IIBBBBB', *size, 16, color_type, 0, 0, 0)
    chunks = [
        (b'IHDR', header),
        (b'IDAT', zlib.compress(b''.join(rows))),
        (b'IEND', b''),
    ]
    return b'\x89PNG\r\n\x1a\n' + b''.join(
        pictures.png_chunk(*chunk) for chunk in chunks
    )


class TestWindow:
    """Values of more than 8 bits, of any range, are shown from black to white."""

    @pytest.mark.parametrize(
        'content',
        [
            integers('I;16', 'PNG', 0, 1),
            integers('I;16', 'PNG', 0, 16),
            integers('I;16', 'TIFF', 60_000, 20),
            integers('I;16B', 'TIFF', 100, 1),
            integers('I', 'TIFF', -5_000_000, 9000),
            integers('I', 'TIFF', 2_000_000_000, 100),
            integers('I', 'PPM', 0, 16),
            floats(lambda i: i),
            floats(lambda i: i * 1e-9),
            floats(lambda i: -1e30 + i * 1e26),
            floats(lambda i: 0.5 + i * 1e-6),
        ],
    )
    @pytest.mark.parametrize('side', [160, 1024])
    def test_it_is_neither_black_nor_white(self, content: bytes, side: int) -> None:
        thumbnail = draw(content, side)
        low, high = extrema(thumbnail)
        assert low < 12
        assert high > 243
        assert 100 < color(thumbnail, 0.5, 0.5)[0] < 156

    @pytest.mark.parametrize('color_type', [2, 4, 6])
    def test_color_of_16_bits_too(self, color_type: int) -> None:
        channels = {2: 3, 4: 2, 6: 4}[color_type]
        values = []
        for i in range(200):
            pixel = [i * 20] * channels
            if channels in (2, 4):
                pixel[-1] = 65535
            values += pixel
        low, high = extrema(draw(png16(values, color_type, (200, 1))))
        assert low < 30
        assert high > 225

    @pytest.mark.parametrize(
        'content',
        [
            saved(Image.new('I;16', (300, 200), 3000), 'PNG'),
            saved(Image.new('I;16', (300, 200), 0), 'TIFF'),
            saved(Image.new('I', (300, 200), -7), 'TIFF'),
            saved(Image.new('F', (300, 200), 0.25), 'TIFF'),
            floats(lambda i: math.nan),
            floats(lambda i: math.inf),
        ],
    )
    def test_a_constant_picture_is_grey(self, content: bytes) -> None:
        low, high = extrema(draw(content))
        assert (low, high) in ((127, 127), (128, 128))

    def test_hot_and_dead_pixels_do_not_darken_all_others(self) -> None:
        picture = RAMP.convert('I').point(lambda value: value + 1000)
        for x in range(3):
            picture.putpixel((x * 9, 50), 65535)
            picture.putpixel((x * 9, 90), 0)
        thumbnail = draw(saved(picture.convert('I;16'), 'TIFF'), 1024)
        assert color(thumbnail, 0.9, 0.1)[0] < 40
        assert color(thumbnail, 0.9, 0.9)[0] > 215

    def test_a_small_bright_thing_on_an_even_ground_is_seen(self) -> None:
        picture = Image.new('I', (300, 200), 100)
        ImageDraw.Draw(picture).rectangle((140, 90, 150, 96), fill=4000)
        low, high = extrema(draw(saved(picture.convert('I;16'), 'PNG')))
        assert (low, high > 200) == (0, True)

    @pytest.mark.parametrize('value', [math.nan, math.inf, -math.inf])
    def test_values_that_are_no_numbers_spoil_no_others(self, value: float) -> None:
        content = floats(lambda i: value if i % 7 == 0 else i // 300, (301, 200))
        thumbnail = draw(content)
        pixels = sorted(thumbnail.convert('L').tobytes())
        # Numbers are in most places, from dark to bright.
        assert pixels[len(pixels) // 4] > 10
        assert pixels[-len(pixels) // 20] > 200

    def test_a_picture_of_8_bits_is_left_as_it_is(self) -> None:
        picture = RAMP.point(lambda value: 100 + value // 10)
        low, high = extrema(draw(saved(picture, 'PNG')))
        assert low >= 97
        assert high <= 129


class TestColor:
    @pytest.mark.parametrize(
        ('mode', 'format_'),
        [
            *(('CMYK', 'JPEG'), ('CMYK', 'TIFF'), ('P', 'PNG'), ('P', 'GIF')),
            *(('YCbCr', 'JPEG'), ('RGBA', 'PNG'), ('RGBA', 'WEBP'), ('RGBX', 'TIFF')),
        ],
    )
    def test_colors_stay(self, mode: str, format_: str) -> None:
        thumbnail = draw(saved(SCENE.convert(mode), format_))
        for y in (0.1, 0.5, 0.9):
            found, expected = color(thumbnail, 0.5, y), color(SCENE, 0.5, y)
            assert is_close(found, expected), (found, expected)

    @pytest.mark.parametrize(('mode', 'format_'), [('L', 'JPEG'), ('LA', 'PNG')])
    def test_grey_stays(self, mode: str, format_: str) -> None:
        thumbnail = draw(saved(RAMP.convert(mode), format_))
        assert is_close(color(thumbnail, 0.5, 0.25), grey(255 * 0.25))

    @pytest.mark.parametrize('format_', ['PNG', 'TIFF'])
    def test_black_and_white_become_grey_where_they_mix(self, format_: str) -> None:
        thumbnail = draw(saved(RAMP.resize((1600, 1200)).convert('1'), format_))
        assert is_close(color(thumbnail, 0.5, 0.5), grey(127))

    @pytest.mark.parametrize('format_', ['PNG', 'WEBP', 'AVIF', 'TIFF', 'JPEG2000'])
    def test_what_is_clear_has_a_grey_ground(self, format_: str) -> None:
        picture = Image.new('RGBA', (300, 200), (255, 255, 255, 0))
        picture.paste((255, 0, 0, 255), (0, 0, 150, 200))
        thumbnail = draw(saved(picture, format_))
        assert thumbnail.mode == 'RGB'
        assert is_close(color(thumbnail, 0.2, 0.5), (255, 0, 0))
        assert is_close(color(thumbnail, 0.9, 0.5), grey(128))

    @pytest.mark.parametrize('mode', ['P', 'L', 'RGB', '1'])
    def test_a_color_that_counts_as_clear_has_it_too(self, mode: str) -> None:
        picture = Image.new(mode, (300, 200), 0)
        transparency = (0, 0, 0) if mode == 'RGB' else 0
        thumbnail = draw(saved(picture, 'PNG', transparency=transparency))
        assert is_close(color(thumbnail, 0.5, 0.5), grey(128))


@pytest.mark.parametrize('format_', ['GIF', 'WEBP', 'PNG', 'TIFF', 'AVIF', 'MPO'])
def test_of_several_pictures_the_first_is_drawn(format_: str) -> None:
    first, *others = (Image.new('RGB', (200, 150), c) for c in ('red', 'lime', 'blue'))
    content = saved(first, format_, save_all=True, append_images=others)
    assert is_close(color(draw(content), 0.5, 0.5), (255, 0, 0))


BOMBS = {
    'pnm': b'P5 50000 50000 255\n',
    'png': pictures.png_header(50000, 50000),
    'png without end': pictures.png_header(2**31 - 1, 2**31 - 1),
    'gif': pictures.gif_header(65535, 65535, 2),
    'jpeg': pictures.jpeg_header(65535, 65535),
    'tiff': pictures.tiff_header(2**31 - 1, 2**31 - 1),
    'webp': pictures.webp_header(16383, 16383),
    # Within the limit of pixels, and not within what drawing may take.
    'png of colors': pictures.png_header(15800, 15800),
    'png with clear parts': pictures.png_header(10000, 10000, color_type=6),
    'tiff in one strip': pictures.tiff_header(12000, 12000, rows_per_strip=2**31 - 1),
    'webp within the limit': pictures.webp_header(15000, 15000),
    'progressive jpeg': pictures.jpeg_header(15000, 15000, is_progressive=True),
}


@pytest.mark.parametrize('name', BOMBS)
def test_what_is_too_large_is_not_decoded(name: str) -> None:
    with pytest.raises(TooLargeError):
        draw(BOMBS[name])


@pytest.mark.skipif(sys.platform != 'linux', reason='reads /proc')
def test_what_is_too_large_takes_no_memory(tmp_path: Path) -> None:
    for number, content in enumerate(BOMBS.values()):
        (tmp_path / str(number)).write_bytes(content)
    program = """
import pathlib, re, sys
from falcon_images.errors import TooLargeError
from falcon_images.image_types.internals import set_limits
from falcon_images.thumbnails.drawing import Drawing
set_limits()
for path in pathlib.Path(sys.argv[1]).iterdir():
    with path.open('rb') as file:
        try:
            Drawing(250_000_000).draw(file, 160)
        except TooLargeError:
            print('too large')
status = pathlib.Path('/proc/self/status').read_text()
print(re.search('VmHWM:[^0-9]*([0-9]+)', status)[1])
"""
    done = subprocess.run(
        [sys.executable, '-c', program, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd=Path(__file__).parent.parent.parent,
    )
    *answers, kilobytes = done.stdout.split('\n')[:-1]
    assert answers == ['too large'] * len(BOMBS)
    assert int(kilobytes) < 100_000


def test_a_jpeg_in_several_scans_is_drawn() -> None:
    content = pictures.jpeg_in_scans(320, 240)
    assert extrema(draw(content))[0] < 140


def test_a_jpeg_in_several_scans_is_kept_whole_so_it_counts() -> None:
    content = pictures.jpeg_in_scans(64, 48)
    size = struct.pack('>BHH3s', 8, 48, 64, b'\3\1\x11')
    huge = struct.pack('>BHH3s', 8, 15000, 15000, b'\3\1\x11')
    assert content.count(size) == 1
    with pytest.raises(TooLargeError):
        draw(content.replace(size, huge))


def test_scans_beyond_what_programs_make_are_not_drawn() -> None:
    assert draw(pictures.many_scans(64, 48, 300)).size == (64, 48)
    with pytest.raises(TooLargeError):
        draw(pictures.many_scans(64, 48, 301))


@pytest.mark.parametrize('disposal', [0, 1, 2, 3])
def test_a_gif_that_is_large_is_not_even_opened(
    disposal: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pillow would fill it when it is opened."""
    monkeypatch.setattr(Image, 'open', None)
    content = pictures.gif_header(15_800, 15_800, disposal)
    with pytest.raises(LargeImageError):
        Drawing(MAX_PIXELS, allows_large=False).draw(io.BytesIO(content), 160)


def test_what_takes_much_memory_is_drawn_only_where_it_may() -> None:
    content = pictures.large()
    with pytest.raises(LargeImageError):
        Drawing(MAX_PIXELS, allows_large=False).draw(io.BytesIO(content), 160)
    assert draw(content).size == (160, 160)


def _tiff(place: int, compression: int, is_big: bool) -> bytes:
    """A TIFF of 64 x 48 pixels that are at some place."""
    tags = {256: 64, 257: 48, 258: 8, 259: compression, 262: 1, 273: place}
    tags |= {277: 1, 278: 48, 279: 64 * 48}
    entry, begin, end = (
        ('<HHQQ', b'II+\0\x08\0\0\0' + struct.pack('<QQ', 16, len(tags)), bytes(8))
        if is_big
        else ('<HHII', b'II*\0\x08\0\0\0' + struct.pack('<H', len(tags)), bytes(4))
    )
    # Of the type LONG8, or LONG.
    kind = 16 if is_big else 4
    return (
        begin
        + b''.join(struct.pack(entry, tag, kind, 1, tags[tag]) for tag in tags)
        + end
    )


@pytest.mark.parametrize('compression', [1, 5, 7, 8, 32773])
@pytest.mark.parametrize('place', [2**31, 2**44, 2**62, 2**63 - 1, 2**63, 2**64 - 1])
def test_pixels_that_are_nowhere_are_no_fault_of_the_disk(
    compression: int, place: int, tmp_path: Path
) -> None:
    for is_big in (False, True):
        path = tmp_path / f'image{is_big}'
        where = place if is_big else place % 2**32
        path.write_bytes(_tiff(where, compression, is_big))
        with path.open('rb') as file, pytest.raises(UndrawableError):
            Drawing(MAX_PIXELS).draw(file, 160)


_FAR = (2**31, 2**32 - 1, 2**44, 2**62, 2**63 - 1, 2**63, 2**64 - 1)


@pytest.mark.parametrize('name', pictures.every_format())
def test_damages_are_no_fault_of_the_disk(name: str, tmp_path: Path) -> None:
    requests, path = Requests(seed=10), tmp_path / 'image'
    for _ in range(60):
        content = requests.damage(pictures.every_format()[name][0])
        at = requests.chance.randrange(len(content) + 1)
        far = requests.chance.choice(_FAR).to_bytes(8, 'little')
        if requests.chance.random() < 0.5:
            far = far[::-1]
        path.write_bytes(content[:at] + far + content[at + 8 :])
        # Any other error would be the disk's, and be tried again for ever.
        undrawable = contextlib.suppress(UndrawableError, TooLargeError)
        with path.open('rb') as file, undrawable:
            Drawing(MAX_PIXELS).draw(file, 160)


def test_the_limit_of_pixels_is_that_of_the_setting() -> None:
    content = saved(SCENE, 'PNG')
    assert draw(content, max_pixels=300 * 200).size == (160, 107)
    with pytest.raises(TooLargeError):
        draw(content, max_pixels=300 * 200 - 1)


def test_a_large_jpeg_needs_little_because_it_is_read_small() -> None:
    content = saved(Image.new('L', (12000, 12000)), 'JPEG')
    assert draw(content).size == (160, 160)


@pytest.mark.parametrize(
    'format_', ['JPEG', 'PNG', 'TIFF', 'BMP', 'GIF', 'JPEG2000', 'PPM']
)
def test_a_picture_that_ends_early_is_damaged(format_: str) -> None:
    noise = Image.effect_noise((300, 200), 60).convert(
        'P' if format_ == 'GIF' else 'RGB'
    )
    content = saved(noise, format_)
    with pytest.raises(UndrawableError) as raised:
        draw(content[: len(content) // 2])
    assert raised.value.is_damaged


def test_a_picture_with_other_bytes_inside_is_damaged() -> None:
    content = bytearray(saved(Image.effect_noise((300, 200), 60), 'PNG'))
    content[20_000:20_200] = bytes(200)
    with pytest.raises(UndrawableError) as raised:
        draw(bytes(content))
    assert raised.value.is_damaged


@pytest.mark.parametrize(
    'content', [pictures.SVG, b'', b'text', b'%PDF-1.7', b'\xff\xd8']
)
def test_what_has_no_pixels_cannot_be_drawn(content: bytes) -> None:
    with pytest.raises(UndrawableError) as raised:
        draw(content)
    assert not raised.value.is_damaged


def test_a_disk_that_fails_is_no_fault_of_the_picture() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 5000:
                raise OSError(5, 'Input/output error')
            return super().read(size)

    content = saved(Image.effect_noise((600, 400), 60), 'PNG')
    with pytest.raises(OSError, match='Input/output error'):
        Drawing(MAX_PIXELS).draw(Failing(content), 160)
