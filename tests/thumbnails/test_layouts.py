"""Every layout of pixels that a format allows: right, or not drawn; never wrong."""

import io
import itertools
import struct
import zlib
from collections.abc import Callable, Sequence

import pytest
from PIL import Image, ImageChops, ImageStat

from falcon_images.thumbnails.drawing import Drawing, UndrawableError
from tests.support.odd_pictures import Tags, png, tiff
from tests.support.pictures import png_chunk, saved

SIZE = WIDTH, HEIGHT = 64, 48
GROWING = [(16,) * 3, (130,) * 3, (240,) * 3]
COLORS = [(16, 240, 130), (130, 130, 130), (240, 16, 130)]
CODES = {8: 'B', 16: 'H', 32: 'I'}
Sample = Callable[[float, int], float]


def seen(content: bytes) -> list[tuple[int, ...]]:
    """The colors at the left, in the middle and at the right."""
    drawn = Drawing(10**8).draw(io.BytesIO(content), WIDTH)
    image = Image.open(io.BytesIO(drawn)).convert('RGB')
    return [image.getpixel((x, HEIGHT // 2)) for x in (4, 32, 60)]  # type: ignore[misc]


def check(content: bytes, expected: Sequence[tuple[int, ...]], may_fail: bool) -> None:
    try:
        found = seen(content)
    except UndrawableError as ex:
        assert may_fail
        assert not ex.is_damaged
        return
    for a, b in zip(itertools.chain(*found), itertools.chain(*expected), strict=True):
        assert abs(a - b) < 40, (found, expected)


def value(part: float, bits: int, sample_format: int) -> float:
    if sample_format == 3:
        return part * 10 - 3
    lowest = 2 ** (bits - 1) if sample_format == 2 else 0
    return float(round(part * (2**bits - 1)) - lowest)


def packed(values: Sequence[float], bits: int, sample_format: int, order: str) -> bytes:
    if sample_format == 3:
        return struct.pack(f'{order}{len(values)}{"e" if bits == 16 else "f"}', *values)
    numbers = [int(number) % 2**bits for number in values]
    if bits in CODES:
        return struct.pack(f'{order}{len(numbers)}{CODES[bits]}', *numbers)
    text = ''.join(format(number, f'0{bits}b') for number in numbers)
    return int(text, 2).to_bytes(len(text) // 8, 'big')


def ramp(
    sample: Sample, samples: Sequence[int], bits: int, kind: int = 1, order: str = '<'
) -> bytes:
    parts = [sample(x / (WIDTH - 1), s) for x in range(WIDTH) for s in samples]
    return packed([value(part, bits, kind) for part in parts], bits, kind, order)


def growing(part: float, sample: int) -> float:
    return part


def colors(part: float, sample: int) -> float:
    return (part, 1 - part, 0.5, 1, 1)[sample]


def inks(part: float, sample: int) -> float:
    return (1 - part, part, 0.5, 0)[sample]


@pytest.mark.parametrize('packing', [1, 8])
@pytest.mark.parametrize('order', '<>')
@pytest.mark.parametrize('kind', [1, 2, 3])
@pytest.mark.parametrize('bits', [4, 8, 12, 16, 32])
@pytest.mark.parametrize('photometric', [0, 1])
def test_grey_of_a_tiff(
    photometric: int, bits: int, kind: int, order: str, packing: int
) -> None:
    if (kind == 2 and bits not in CODES) or (kind == 3 and bits not in (16, 32)):
        return
    rows = ramp(growing, [0], bits, kind, order) * HEIGHT
    content = tiff(
        SIZE,
        [zlib.compress(rows) if packing == 8 else rows],
        bits=bits,
        photometric=photometric,
        sample_format=kind,
        order=order,
        more={259: (3, [packing])},
    )
    is_usual = kind == 1 and bits in (4, 8, 16)
    check(content, GROWING if photometric else GROWING[::-1], may_fail=not is_usual)


@pytest.mark.parametrize('packing', [1, 8])
@pytest.mark.parametrize('order', '<>')
@pytest.mark.parametrize('is_planar', [False, True])
@pytest.mark.parametrize('extra', [[], [0], [1], [2]])
@pytest.mark.parametrize('bits', [4, 8, 16, 32])
def test_colors_of_a_tiff(
    bits: int, extra: list[int], is_planar: bool, order: str, packing: int
) -> None:
    samples = range(3 + len(extra))
    planes = [[sample] for sample in samples] if is_planar else [samples]
    rows = [ramp(colors, plane, bits, 1, order) * HEIGHT for plane in planes]
    content = tiff(
        SIZE,
        [zlib.compress(plane) if packing == 8 else plane for plane in rows],
        bits=bits,
        samples=len(samples),
        photometric=2,
        order=order,
        more={259: (3, [packing]), **({338: (3, extra)} if extra else {})},
    )
    check(content, COLORS, may_fail=is_planar or bits in (4, 32))


@pytest.mark.parametrize('is_planar', [False, True])
@pytest.mark.parametrize('bits', [8, 16])
def test_inks_of_a_tiff(bits: int, is_planar: bool) -> None:
    planes = [[0], [1], [2], [3]] if is_planar else [range(4)]
    rows = [ramp(inks, plane, bits) * HEIGHT for plane in planes]
    content = tiff(SIZE, rows, bits=bits, samples=4, photometric=5)
    check(content, COLORS, may_fail=is_planar)


@pytest.mark.parametrize('photometric', [6, 8])
@pytest.mark.parametrize('subsampling', [None, [1, 1], [2, 2]])
def test_brightness_and_color_of_a_tiff(
    photometric: int, subsampling: list[int] | None
) -> None:
    even = 0.5 if photometric == 6 else 0
    rows = ramp(lambda part, sample: even if sample else part, range(3), 8) * HEIGHT
    more: Tags = {530: (3, subsampling)} if subsampling else {}
    content = tiff(SIZE, [rows], samples=3, photometric=photometric, more=more)
    check(content, GROWING, may_fail=True)


@pytest.mark.parametrize('order', '<>')
@pytest.mark.parametrize('bits', [4, 8])
def test_a_palette_of_a_tiff(bits: int, order: str) -> None:
    steps = [i * 65535 // (2**bits - 1) for i in range(2**bits)]
    palette = [*steps, *steps[::-1], *[32768] * 2**bits]
    rows = ramp(growing, [0], bits) * HEIGHT
    more: Tags = {320: (3, palette)}
    content = tiff(SIZE, [rows], bits=bits, photometric=3, order=order, more=more)
    check(content, COLORS, may_fail=False)


def low(sample: Sample, most: int = 255) -> Sample:
    return lambda part, number: sample(part, number) * most / 65535


@pytest.mark.parametrize('most', [100, 255, 1023, 4095])
@pytest.mark.parametrize('is_tiff', [False, True])
def test_colors_of_16_bits_that_use_few_of_them(is_tiff: bool, most: int) -> None:
    row = ramp(low(colors, most), range(3), 16, 1, '>')
    if is_tiff:
        content = tiff(
            SIZE, [row * HEIGHT], bits=16, samples=3, photometric=2, order='>'
        )
    else:
        content = png(SIZE, [row] * HEIGHT, depth=16, color=2)
    check(content, COLORS, may_fail=False)


@pytest.mark.parametrize('packing', [1, 8])
@pytest.mark.parametrize('is_planar', [False, True])
@pytest.mark.parametrize('order', '<>')
def test_few_bits_of_a_tiff_in_any_packing(
    order: str, is_planar: bool, packing: int
) -> None:
    planes = [[0], [1], [2]] if is_planar else [range(3)]
    rows = [ramp(low(colors), plane, 16, 1, order) * HEIGHT for plane in planes]
    content = tiff(
        SIZE,
        [zlib.compress(plane) if packing == 8 else plane for plane in rows],
        bits=16,
        samples=3,
        photometric=2,
        order=order,
        more={259: (3, [packing])},
    )
    check(content, COLORS, may_fail=is_planar)


@pytest.mark.parametrize('color', [4, 6])
def test_few_bits_of_a_png_that_can_be_clear(color: int) -> None:
    def sample(part: float, number: int) -> float:
        if number == (1 if color == 4 else 3):
            return 1
        return low(growing if color == 4 else colors)(part, number)

    row = ramp(sample, range(2 if color == 4 else 4), 16, 1, '>')
    content = png(SIZE, [row] * HEIGHT, depth=16, color=color)
    check(content, GROWING if color == 4 else COLORS, may_fail=False)


@pytest.mark.parametrize('most', [255, 1023, 65535])
@pytest.mark.parametrize('is_text', [False, True])
def test_colors_of_16_bits_of_a_pnm(is_text: bool, most: int) -> None:
    row = ramp(low(colors, most), range(3), 16, 1, '>')
    head = b'%s %d %d 65535\n' % (b'P3' if is_text else b'P6', *SIZE)
    numbers = struct.unpack(f'>{len(row) // 2}H', row)
    text = ' '.join(map(str, numbers)).encode() + b'\n'
    content = head + (text if is_text else row) * HEIGHT
    check(content, COLORS, may_fail=is_text)


@pytest.mark.parametrize('most', [100, 255, 1000])
def test_colors_of_a_pnm_are_parts_of_its_largest_value(most: int) -> None:
    head = b'P3 %d %d %d\n' % (*SIZE, most)
    numbers = [round(colors(x / 63, s) * most) for x in range(WIDTH) for s in range(3)]
    content = head + ' '.join(map(str, numbers * HEIGHT)).encode()
    check(content, COLORS, may_fail=False)


def test_an_even_picture_of_16_bits_stays_one() -> None:
    for number in (0, 200, 65535):
        row = struct.pack('>H', number) * 3 * WIDTH
        content = png(SIZE, [row] * HEIGHT, depth=16, color=2)
        assert len(set(seen(content))) == 1


@pytest.mark.parametrize('depth', [1, 2, 4, 8])
def test_grey_of_a_png_that_counts_as_clear(depth: int) -> None:
    row = ramp(lambda part, sample: float(part > 0.5), [0], depth)
    clear = png_chunk(b'tRNS', struct.pack('>H', 2**depth - 1))
    content = png(SIZE, [row] * HEIGHT, depth=depth, extra=clear)
    check(content, [(0,) * 3, (128,) * 3, (128,) * 3], may_fail=False)


def test_a_color_of_16_bits_that_counts_as_clear_is_not_drawn_wrong() -> None:
    row = ramp(colors, range(3), 16, 1, '>')
    clear = png_chunk(b'tRNS', row[:6])
    content = png(SIZE, [row] * HEIGHT, depth=16, color=2, extra=clear)
    check(content, COLORS, may_fail=True)


@pytest.mark.parametrize('marker', [0xC3, 0xC5, 0xC7, 0xCB])
def test_a_jpeg_that_readers_do_not_know_is_not_called_damaged(marker: int) -> None:
    content = saved(Image.radial_gradient('L'), 'JPEG')
    at = content.index(b'\xff\xc0')
    with pytest.raises(UndrawableError) as caught:
        seen(content[: at + 1] + bytes([marker]) + content[at + 2 :])
    assert not caught.value.is_damaged


def swapped_profile(space: bytes = b'RGB ') -> bytes:
    """A profile (ICC) whose red is blue, and the other way round."""

    def xyz(*numbers: float) -> bytes:
        parts = (struct.pack('>i', round(number * 65536)) for number in numbers)
        return b'XYZ \0\0\0\0' + b''.join(parts)

    curve = b'curv\0\0\0\0' + struct.pack('>IH', 1, round(2.2 * 256))
    tags = {
        b'desc': b'desc\0\0\0\0\0\0\0\5swap\0' + bytes(78),
        b'cprt': b'text\0\0\0\0x\0',
        b'wtpt': xyz(0.9642, 1, 0.8249),
        b'rXYZ': xyz(0.1430, 0.0606, 0.7139),
        b'gXYZ': xyz(0.3851, 0.7169, 0.0971),
        b'bXYZ': xyz(0.4361, 0.2225, 0.0139),
        **dict.fromkeys((b'rTRC', b'gTRC', b'bTRC', b'kTRC'), curve),
    }
    table, body = struct.pack('>I', len(tags)), b''
    for name, data in tags.items():
        place = 132 + 12 * len(tags) + len(body)
        table += name + struct.pack('>II', place, len(data))
        body += data + bytes(-len(data) % 4)
    size = 128 + len(table) + len(body)
    head = struct.pack('>I4sI4s4s4s', size, b'lcms', 0x2400000, b'mntr', space, b'XYZ ')
    head += struct.pack('>6H', 2026, 1, 1, 0, 0, 0) + b'acsp' + bytes(28)
    return (head + xyz(0.9642, 1, 0.8249)[8:]).ljust(128, b'\0') + table + body


RED = Image.new('RGB', SIZE, (200, 40, 40))
BLUE = [(40, 40, 200)] * 3


@pytest.mark.parametrize('format_', ['JPEG', 'PNG', 'TIFF', 'WEBP', 'AVIF'])
@pytest.mark.parametrize('mode', ['RGB', 'RGBA'])
def test_colors_are_those_that_the_profile_means(mode: str, format_: str) -> None:
    if (mode, format_) == ('RGBA', 'JPEG'):
        return
    content = saved(RED.convert(mode), format_, icc_profile=swapped_profile())
    check(content, BLUE, may_fail=False)


def test_colors_of_16_bits_and_of_a_palette_have_profiles_too() -> None:
    palette = RED.convert('P', palette=Image.Palette.ADAPTIVE)
    content = saved(palette, 'PNG', icc_profile=swapped_profile())
    check(content, BLUE, may_fail=False)
    row = ramp(colors, range(3), 16, 1, '>')
    profile = png_chunk(b'iCCP', b'x\0\0' + zlib.compress(swapped_profile()))
    content = png(SIZE, [row] * HEIGHT, depth=16, color=2, extra=profile)
    left, _, right = seen(content)
    assert left[2] < 60
    assert right[2] > 180


@pytest.mark.parametrize(
    'profile',
    [
        b'x',
        swapped_profile()[:200],
        swapped_profile(b'GRAY'),
        swapped_profile(b'CMYK'),
        swapped_profile() + bytes(9 * 1024**2),
    ],
)
def test_a_profile_that_does_not_fit_changes_nothing(profile: bytes) -> None:
    content = saved(RED, 'TIFF', icc_profile=profile)
    check(content, [(200, 40, 40)] * 3, may_fail=False)


def test_without_a_profile_colors_are_not_touched() -> None:
    picture = Image.radial_gradient('L').resize(SIZE).convert('RGB')
    drawn = Drawing(10**8).draw(io.BytesIO(saved(picture, 'PNG')), WIDTH)
    found = Image.open(io.BytesIO(drawn)).convert('RGB')
    assert max(ImageStat.Stat(ImageChops.difference(found, picture)).mean) < 3
