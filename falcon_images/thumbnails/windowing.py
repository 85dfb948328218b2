"""Windowing: the range of values that a picture has, made the range that is shown."""

import math
from array import array

from PIL import Image

# What lies outside, in parts of all pixels, may become plain black or white: single
# bright or dead pixels of a camera would else decide how all others look.
_DARKEST = 0.005
_BRIGHTEST = 0.995
_SAMPLE_PIXELS = 256
_WHITE = 255
_MID_GREY = 128


def windowed(picture: Image.Image, is_negative: bool = False) -> Image.Image:
    """Make a picture of integers or floats one of 8 bits; a constant one is grey.

    What is not a number is black. Whoever calls makes it small first.

    Args:
        is_negative: the largest values are black.
    """
    values = _floats(picture)
    scale, offset = _line(*_bounds(_finite(_sample(values))))
    if scale == 0:
        return Image.new('L', picture.size, _MID_GREY)
    if is_negative:
        scale, offset = -scale, _WHITE - offset
    return _stretched(values, scale, offset)


def windowed_channels(channels: list[Image.Image]) -> Image.Image | None:
    """Make channels of integers one picture of colors; None if all are the same."""
    values = [_floats(channel) for channel in channels]
    samples = [value for channel in values for value in _finite(_sample(channel))]
    scale, offset = _line(*_bounds(sorted(samples)))
    if scale == 0:
        return None
    return Image.merge('RGB', [_stretched(one, scale, offset) for one in values])


def _floats(picture: Image.Image) -> Image.Image:
    return picture if picture.mode == 'F' else picture.convert('I').convert('F')


def _stretched(values: Image.Image, scale: float, offset: float) -> Image.Image:
    stretched = values.point(lambda value: value * scale + offset)
    return _without_nan(stretched).convert('L')


def windowed_color(picture: Image.Image) -> Image.Image:
    """Stretch a picture of 8 bits that were the upper half of 16."""
    scale, offset = _line(*_color_bounds(picture))
    if scale == 0:
        return picture
    table = [round(value * scale + offset) for value in range(_WHITE + 1)]
    table = [min(max(value, 0), _WHITE) for value in table]
    return picture.point(table * len(picture.getbands()))


def levels(picture: Image.Image) -> int:
    """Return how many steps lie between the darkest and the brightest of its window."""
    low, high = _color_bounds(picture)
    return round(high - low)


def _color_bounds(picture: Image.Image) -> tuple[float, float]:
    counts = picture.histogram()
    values: list[float] = []
    for value in range(_WHITE + 1):
        of_all_channels = sum(counts[value :: _WHITE + 1])
        # Rounded up, so that a value that is there is not lost.
        values += [value] * math.ceil(of_all_channels * _SAMPLE_PIXELS**2 / sum(counts))
    return _bounds(values)


def has_nan(picture: Image.Image) -> bool:
    """Return whether a picture of floats has values that are not finite."""
    mean = picture.resize((1, 1), Image.Resampling.BOX)
    return not math.isfinite(array('f', mean.tobytes())[0])


def _sample(picture: Image.Image) -> Image.Image:
    size = min(picture.width, _SAMPLE_PIXELS), min(picture.height, _SAMPLE_PIXELS)
    return picture.resize(size, Image.Resampling.NEAREST)


def _finite(picture: Image.Image) -> list[float]:
    return sorted(filter(math.isfinite, array('f', picture.tobytes())))


def _bounds(values: list[float]) -> tuple[float, float]:
    """Return the window for sorted values; all of them if most are the same."""
    if not values:
        return 0, 0
    last = len(values) - 1
    low = values[math.floor(last * _DARKEST)]
    high = values[math.ceil(last * _BRIGHTEST)]
    return (low, high) if low < high else (values[0], values[-1])


def _line(low: float, high: float) -> tuple[float, float]:
    """Return the factor and the summand that make a window 0 to 255."""
    if not low < high or math.isinf(scale := _WHITE / (high - low)):
        return 0, 0
    return scale, -low * scale


def _without_nan(picture: Image.Image) -> Image.Image:
    if not has_nan(picture):
        return picture
    values = array('f', picture.tobytes())
    # As 8 bits, infinity would be white, and what no number is depends on the machine.
    numbers = array('f', (v if math.isfinite(v) else 0 for v in values))
    return Image.frombytes('F', picture.size, numbers.tobytes())
